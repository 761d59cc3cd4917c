//! The steps of breadth-first searches in memory. Each gives the same result as its counterpart in
//! [`sql_search`](crate::graphql::graph::sql_search).

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bit_set::BitSet;

use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::adjacency::arrays::LinkKind;
use crate::graphql::graph::adjacency::cancel::Cancellation;
use crate::graphql::graph::adjacency::version::Adjacency;
use crate::graphql::graph::hop::Step;

/// A search through links of some kinds. When it is canceled, its results are incomplete.
pub(in crate::graphql::graph) struct MemorySearch<'a> {
    adjacency: &'a Adjacency,
    via: &'a [ActorLinkKind],
    cancellation: &'a Cancellation,
}

/// The kind of a link as the API names it, if a hop may lead through it.
fn hop_kind(kind: LinkKind) -> Option<ActorLinkKind> {
    match kind {
        LinkKind::Event => Some(ActorLinkKind::Event),
        LinkKind::Series => None,
        LinkKind::Statement => Some(ActorLinkKind::Statement),
        LinkKind::Relation => Some(ActorLinkKind::Relation),
    }
}

/// The kind of a link as the API names it, for counting the links of an actor: series are events.
fn counted_kind(kind: LinkKind) -> ActorLinkKind {
    hop_kind(kind).unwrap_or(ActorLinkKind::Event)
}

/// Collects pairs by their first number.
fn grouped(pairs: &[(i64, i64)]) -> HashMap<i64, Vec<i64>> {
    let mut groups: HashMap<i64, Vec<i64>> = HashMap::new();
    for (group, item) in pairs {
        groups.entry(*group).or_default().push(*item);
    }
    groups
}

/// Returns the actors of a list in which equal ones are next to each other, each once.
fn distinct(actors: &[u32]) -> impl Iterator<Item = u32> {
    let mut last = None;
    actors.iter().copied().filter(move |actor| last.replace(*actor) != Some(*actor))
}

fn set(actors: &[u32]) -> BitSet {
    actors.iter().map(|actor| *actor as usize).collect()
}

impl<'a> MemorySearch<'a> {
    pub(crate) fn new(adjacency: &'a Adjacency, via: &'a [ActorLinkKind], cancellation: &'a Cancellation) -> Self {
        Self { adjacency, via, cancellation }
    }

    fn find_actors(&self, ids: &[i64]) -> Vec<u32> {
        ids.iter().filter_map(|id| self.adjacency.find_actor(*id)).collect()
    }

    /// Returns the set of the actors with these ids.
    fn actor_set(&self, ids: &[i64]) -> BitSet {
        set(&self.find_actors(ids))
    }

    fn actor_id(&self, actor: u32) -> i64 {
        self.adjacency.actor_id(actor).unwrap_or_default().into()
    }

    /// Returns the id and the kind of a link, if a hop may lead through it.
    fn hop_link(&self, link: u32) -> Option<(i64, ActorLinkKind)> {
        let (id, kind) = self.adjacency.link(link)?;
        let kind = hop_kind(kind).filter(|kind| self.via.contains(kind))?;
        Some((id.into(), kind))
    }

    /// Calls a function for each link of the actors through which a hop may lead, once.
    fn for_each_link(&self, actors: &[u32], mut function: impl FnMut(u32, i64, ActorLinkKind)) {
        let mut seen = BitSet::with_capacity(self.adjacency.link_count());
        for link in actors.iter().flat_map(|actor| self.adjacency.links(*actor)) {
            if self.cancellation.is_canceled() {
                return;
            }
            if seen.insert(link as usize)
                && let Some((id, kind)) = self.hop_link(link)
            {
                function(link, id, kind);
            }
        }
    }

    /// Returns the actors one hop further, by origin: those with most links first, and up to one more than `limit`.
    pub(crate) fn next_level(
        &self,
        frontier: &[(i64, i64)],
        visited: &[(i64, i64)],
        limit: usize,
    ) -> HashMap<i64, Vec<(i64, i64)>> {
        let visited = grouped(visited);
        let mut link_counts = vec![0_u32; self.adjacency.actor_count()];
        let mut level = HashMap::new();
        for (origin, frontier) in grouped(frontier) {
            let visited = self.actor_set(visited.get(&origin).map_or(&[], Vec::as_slice));
            let mut reached = Vec::new();
            self.for_each_link(&self.find_actors(&frontier), |link, _, _| {
                for actor in distinct(self.adjacency.actors(link)).filter(|actor| !visited.contains(*actor as usize)) {
                    if let Some(count) = link_counts.get_mut(actor as usize) {
                        if *count == 0 {
                            reached.push(actor);
                        }
                        *count += 1;
                    }
                }
            });
            let counted = reached.into_iter().map(|actor| {
                let count = link_counts.get_mut(actor as usize).map(std::mem::take).unwrap_or_default();
                (Reverse(i64::from(count)), self.actor_id(actor))
            });
            let mut counted: Vec<_> = counted.collect();
            counted.sort_unstable();
            counted.truncate(limit.saturating_add(1));
            if !counted.is_empty() {
                level.insert(origin, counted.into_iter().map(|(Reverse(count), actor)| (actor, count)).collect());
            }
        }
        level
    }

    /// Counts the links of some actors, up to `max`.
    pub(crate) fn count_links(&self, actors: &[i64], max: usize) -> usize {
        let links = self.find_actors(actors).into_iter().flat_map(|actor| self.adjacency.links(actor));
        let is_counted =
            |link: &u32| self.adjacency.link(*link).is_some_and(|(_, kind)| self.via.contains(&counted_kind(kind)));
        links.take_while(|_| !self.cancellation.is_canceled()).filter(is_counted).take(max).count()
    }

    /// Returns the actors that have more than `max` links.
    pub(crate) fn hubs(&self, actors: &[i64], max: usize) -> HashSet<i64> {
        actors.iter().copied().filter(|actor| self.count_links(&[*actor], max.saturating_add(1)) > max).collect()
    }

    /// Returns the first hops to each target from an actor that is nearer, with the origins. Both lists have pairs of origin and
    /// actor. The hops to one target are in the order of their links.
    pub(crate) fn hops_to(&self, targets: &[(i64, i64)], nearer: &[(i64, i64)], first: usize) -> Vec<(i64, Step)> {
        let nearer = grouped(nearer);
        let mut hops = Vec::new();
        for (origin, targets) in grouped(targets) {
            let nearer = self.find_actors(nearer.get(&origin).map_or(&[], Vec::as_slice));
            let targets = self.find_actors(&targets);
            let degree = |actors: &[u32]| actors.iter().map(|actor| self.adjacency.degree(*actor)).sum::<usize>();
            // Among the targets may be a hub, most of whose links lead elsewhere.
            let steps = if degree(&nearer) < degree(&targets) {
                self.hops_forward(&nearer, &targets, first)
            } else {
                self.hops_backward(&nearer, &targets, first)
            };
            hops.extend(steps.into_iter().map(|step| (origin, step)));
        }
        hops
    }

    /// Returns the hops of [`Self::hops_to`] from all links of the nearer actors.
    fn hops_forward(&self, nearer: &[u32], targets: &[u32], first: usize) -> Vec<Step> {
        let is_near = set(nearer);
        let mut counts: HashMap<u32, usize> = targets.iter().map(|target| (*target, 0)).collect();
        let mut links = Vec::new();
        self.for_each_link(nearer, |index, link, kind| links.push((link, kind, index)));
        links.sort_unstable_by_key(|(link, ..)| *link);
        let mut steps = Vec::new();
        for (link, kind, index) in links.into_iter().take_while(|_| !self.cancellation.is_canceled()) {
            for target in distinct(self.adjacency.actors(index)) {
                let Some(count) = counts.get_mut(&target).filter(|count| **count < first) else { continue };
                let to = self.actor_id(target);
                let found = self.members(index, &is_near, target).into_iter().take(first - *count);
                let before = steps.len();
                steps.extend(found.map(|from| Step { from, to, link, kind }));
                *count += steps.len() - before;
            }
        }
        steps
    }

    /// Returns the hops of [`Self::hops_to`] from the links of each target, up to the last one that is needed.
    fn hops_backward(&self, nearer: &[u32], targets: &[u32], first: usize) -> Vec<Step> {
        let is_near = set(nearer);
        let mut steps = Vec::new();
        for target in targets {
            let to = self.actor_id(*target);
            let links = self.adjacency.links_in_order(*target).take_while(|_| !self.cancellation.is_canceled());
            let found =
                links.filter_map(|index| Some((self.hop_link(index)?, index))).flat_map(|((link, kind), index)| {
                    let members = self.members(index, &is_near, *target);
                    members.into_iter().map(move |from| Step { from, to, link, kind })
                });
            steps.extend(found.take(first));
        }
        steps
    }

    /// Returns the ids of the actors of a link that are in a set, except one, in order.
    fn members(&self, link: u32, set: &BitSet, except: u32) -> Vec<i64> {
        let actors = distinct(self.adjacency.actors(link));
        let actors = actors.filter(|actor| *actor != except && set.contains(*actor as usize));
        let mut ids: Vec<i64> = actors.map(|actor| self.actor_id(actor)).collect();
        ids.sort_unstable();
        ids
    }

    /// Returns one hop to each actor that is one hop away, ordered by that actor: the hop with the first link, and the first
    /// actor of the frontier.
    pub(crate) fn hops_of_level(&self, frontier: &[i64]) -> Vec<Step> {
        let is_near = self.actor_set(frontier);
        let mut hops: HashMap<u32, Step> = HashMap::new();
        self.for_each_link(&self.find_actors(frontier), |index, link, kind| {
            let actors = || distinct(self.adjacency.actors(index));
            let mut near: Vec<i64> =
                actors().filter(|actor| is_near.contains(*actor as usize)).map(|actor| self.actor_id(actor)).collect();
            near.sort_unstable();
            for actor in actors() {
                let to = self.actor_id(actor);
                let Some(from) = near.iter().copied().find(|from| *from != to) else { continue };
                let hop = Step { from, to, link, kind };
                let known = hops.entry(actor).or_insert(hop);
                if link < known.link {
                    *known = hop;
                }
            }
        });
        let mut hops: Vec<Step> = hops.into_values().collect();
        hops.sort_unstable_by_key(|hop| hop.to);
        hops
    }

    /// Returns the first hop from one frontier to the other, if there is one.
    pub(crate) fn last_hop(&self, from: &[i64], to: &[i64]) -> Option<Step> {
        let (is_start, is_end) = (self.actor_set(from), self.actor_set(to));
        let mut first: Option<Step> = None;
        self.for_each_link(&self.find_actors(from), |index, link, kind| {
            if first.is_some_and(|first| first.link < link) {
                return;
            }
            let members = |set: &BitSet| {
                let actors = distinct(self.adjacency.actors(index)).filter(|actor| set.contains(*actor as usize));
                let mut ids: Vec<i64> = actors.map(|actor| self.actor_id(actor)).collect();
                ids.sort_unstable();
                ids
            };
            let ends = members(&is_end);
            let hop = members(&is_start).into_iter().find_map(|from| {
                let to = ends.iter().copied().find(|to| *to != from)?;
                Some(Step { from, to, link, kind })
            });
            first = hop.or(first);
        });
        first
    }
}

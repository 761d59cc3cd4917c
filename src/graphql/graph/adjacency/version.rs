//! The adjacency of one version of the graph: shared arrays, and an overlay with the links that were written since the arrays
//! were built.

use std::collections::HashMap;
use std::sync::Arc;

use bit_set::BitSet;

use crate::graphql::graph::adjacency::arrays::{Arrays, LinkKind, Occurrence};
use crate::graphql::version_stamp::VersionStamp;

/// The links of all actors at one version of the graph.
///
/// Indexes of actors and links beyond those of the arrays are of the overlay. Unlike in the arrays, they are in no order.
#[derive(Clone, Debug)]
pub(crate) struct Adjacency {
    /// The version of the graph.
    pub(super) stamp: VersionStamp,
    arrays: Arc<Arrays>,
    overlay: Overlay,
}

/// The changes of links since the arrays were built.
#[derive(Clone, Debug, Default)]
struct Overlay {
    /// The links of the arrays that are replaced by one of the overlay, or deleted.
    replaced: BitSet,
    links: Vec<OverlayLink>,
    /// The position of a link in `links`, by its id.
    positions: HashMap<u32, usize>,
    /// The ids of the actors that are not in the arrays, and the position of each.
    actor_ids: Vec<u32>,
    actor_positions: HashMap<u32, usize>,
    /// The links of the overlay by actor, both as indexes.
    links_of: HashMap<u32, Vec<u32>>,
    /// Number of occurrences of actors in the links.
    occurrence_count: usize,
}

/// A link of the overlay. It has no actors if it was deleted.
#[derive(Clone, Debug)]
struct OverlayLink {
    id: u32,
    kind: LinkKind,
    /// Indexes of actors, ascending, each as often as the actor occurs in the link.
    actors: Vec<u32>,
}

/// The new state of a link: its actors by id, as often as they occur. A link without actors was deleted.
#[derive(Clone, Debug)]
pub(super) struct ChangedLink {
    pub(super) id: u32,
    pub(super) kind: LinkKind,
    pub(super) actors: Vec<u32>,
}

impl Adjacency {
    pub(super) fn new(stamp: VersionStamp, arrays: Arrays) -> Self {
        Self { stamp, arrays: Arc::new(arrays), overlay: Overlay::default() }
    }

    /// Returns this adjacency with changed links, as a later version. Returns `None` if there are more links or actors than
    /// `u32` can count.
    pub(super) fn with_changes(&self, stamp: VersionStamp, changes: Vec<ChangedLink>) -> Option<Self> {
        let mut next = Self { stamp, ..self.clone() };
        for change in changes {
            next.change(change)?;
        }
        Some(next)
    }

    fn change(&mut self, ChangedLink { id, kind, actors }: ChangedLink) -> Option<()> {
        let mut actors = actors.into_iter().map(|actor| self.add_actor(actor)).collect::<Option<Vec<u32>>>()?;
        actors.sort_unstable();
        if let Some(link) = self.arrays.find_link(id) {
            self.overlay.replaced.insert(link as usize);
        }
        let overlay = &mut self.overlay;
        let position = *overlay.positions.entry(id).or_insert_with(|| {
            overlay.links.push(OverlayLink { id, kind, actors: Vec::new() });
            overlay.links.len() - 1
        });
        let link = u32::try_from(self.arrays.link_count() + position).ok()?;
        let old = overlay.links.get_mut(position)?;
        for actor in &old.actors {
            if let Some(links) = overlay.links_of.get_mut(actor) {
                links.retain(|one| *one != link);
            }
        }
        for actor in &actors {
            overlay.links_of.entry(*actor).or_default().push(link);
        }
        overlay.occurrence_count = overlay.occurrence_count + actors.len() - old.actors.len();
        (old.kind, old.actors) = (kind, actors);
        Some(())
    }

    /// Returns the index of an actor, after adding it to the overlay if it is new.
    fn add_actor(&mut self, id: u32) -> Option<u32> {
        if let Some(actor) = self.arrays.find_actor(id) {
            return Some(actor);
        }
        let overlay = &mut self.overlay;
        let position = *overlay.actor_positions.entry(id).or_insert_with(|| {
            overlay.actor_ids.push(id);
            overlay.actor_ids.len() - 1
        });
        u32::try_from(self.arrays.actor_count() + position).ok()
    }

    /// Returns the size of the overlay: the number of its links and of the occurrences of actors in them.
    pub(super) fn overlay_size(&self) -> usize {
        self.overlay.links.len() + self.overlay.occurrence_count
    }

    /// Returns all occurrences of actors in links, sorted.
    pub(super) fn occurrences(&self) -> impl Iterator<Item = Occurrence> {
        let mut written: Vec<u32> = (0..).zip(&self.overlay.links).map(|(at, _)| at).collect();
        written.sort_unstable_by_key(|at| self.overlay.links.get(*at as usize).map(|link| link.id));
        let first = u32::try_from(self.arrays.link_count()).unwrap_or(u32::MAX);
        let mut written = written.into_iter().filter_map(move |at| first.checked_add(at)).peekable();
        let mut arrays = (0..first).filter(|link| !self.overlay.replaced.contains(*link as usize)).peekable();
        let links = std::iter::from_fn(move || {
            let id = |link: Option<&u32>| link.and_then(|link| self.link(*link)).map(|(id, _)| id);
            match (id(arrays.peek()), id(written.peek())) {
                (Some(old), Some(new)) if old < new => arrays.next(),
                (Some(_), None) => arrays.next(),
                _ => written.next(),
            }
        });
        links.flat_map(|link| {
            let known = self.link(link);
            let mut actors: Vec<u32> = self.actors(link).iter().filter_map(|actor| self.actor_id(*actor)).collect();
            actors.sort_unstable();
            actors.into_iter().filter_map(move |actor| known.map(|(link, kind)| Occurrence { link, actor, kind }))
        })
    }

    /// Returns the size of the arrays in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.arrays.bytes()
    }

    /// Returns an upper bound of the indexes of actors.
    pub(super) fn actor_count(&self) -> usize {
        self.arrays.actor_count() + self.overlay.actor_ids.len()
    }

    /// Returns an upper bound of the indexes of links.
    pub(super) fn link_count(&self) -> usize {
        self.arrays.link_count() + self.overlay.links.len()
    }

    /// Returns the index of an actor; `None` if it has no link.
    pub(super) fn find_actor(&self, id: i64) -> Option<u32> {
        let id = u32::try_from(id).ok()?;
        self.arrays.find_actor(id).or_else(|| {
            let position = self.overlay.actor_positions.get(&id)?;
            u32::try_from(self.arrays.actor_count() + position).ok()
        })
    }

    /// Returns the id of an actor.
    pub(super) fn actor_id(&self, actor: u32) -> Option<u32> {
        let of_overlay = || {
            let position = (actor as usize).checked_sub(self.arrays.actor_count())?;
            self.overlay.actor_ids.get(position).copied()
        };
        self.arrays.actor_id(actor).or_else(of_overlay)
    }

    fn overlay_link(&self, link: u32) -> Option<&OverlayLink> {
        self.overlay.links.get((link as usize).checked_sub(self.arrays.link_count())?)
    }

    /// Returns the id and the kind of a link.
    pub(super) fn link(&self, link: u32) -> Option<(u32, LinkKind)> {
        self.arrays.link(link).or_else(|| self.overlay_link(link).map(|link| (link.id, link.kind)))
    }

    /// Returns the links of an actor, in no order. A link is returned as often as the actor occurs in it.
    pub(super) fn links(&self, actor: u32) -> impl Iterator<Item = u32> {
        let of_arrays = self.arrays.links(actor).iter();
        let of_arrays = of_arrays.filter(|link| !self.overlay.replaced.contains(**link as usize));
        of_arrays.chain(self.overlay.links_of.get(&actor).into_iter().flatten()).copied()
    }

    /// Returns the links of an actor in the order of their ids, each once.
    pub(super) fn links_in_order(&self, actor: u32) -> impl Iterator<Item = u32> {
        let id = |link: u32| self.link(link).map(|(id, _)| id);
        let of_arrays = self.arrays.links(actor).iter().copied();
        let mut of_arrays = of_arrays.filter(|link| !self.overlay.replaced.contains(*link as usize)).peekable();
        let mut of_overlay = self.overlay.links_of.get(&actor).cloned().unwrap_or_default();
        of_overlay.sort_unstable_by_key(|link| id(*link));
        let mut of_overlay = of_overlay.into_iter().peekable();
        let mut last = None;
        let links = std::iter::from_fn(move || match (of_arrays.peek(), of_overlay.peek()) {
            (Some(old), Some(new)) if id(*old) < id(*new) => of_arrays.next(),
            (Some(_), None) => of_arrays.next(),
            _ => of_overlay.next(),
        });
        links.filter(move |link| last.replace(*link) != Some(*link))
    }

    /// Returns the number of links of an actor or more: an upper bound that takes no time.
    pub(super) fn degree(&self, actor: u32) -> usize {
        self.arrays.links(actor).len() + self.overlay.links_of.get(&actor).map_or(0, Vec::len)
    }

    /// Returns the actors of a link. Equal ones are next to each other.
    pub(super) fn actors(&self, link: u32) -> &[u32] {
        match self.overlay_link(link) {
            Some(link) => &link.actors,
            None => self.arrays.actors(link),
        }
    }
}

//! Adjacency arrays (compressed sparse rows): for each actor its links, and for each link its actors, as `u32` indexes.

use bit_set::BitSet;

/// The kind of a link in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LinkKind {
    Event,
    /// An event whose occurrence is `SERIES`. No hop leads through it, but it counts as a link of its actors.
    Series,
    Statement,
    Relation,
}

/// A place of an actor in a link: as participant, speaker, addressee, subject or object. Ordered by link, then by actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Occurrence {
    pub(super) link: u32,
    pub(super) actor: u32,
    pub(super) kind: LinkKind,
}

/// The adjacency arrays. An actor or a link has an index, which is the position of its id; indexes are in the order of the ids.
///
/// An actor that occurs in a link more than once is in its arrays as often, because the limits of a search count rows.
#[derive(Debug)]
pub(super) struct Arrays {
    actor_ids: Vec<u32>,
    /// For each actor, the start of its links in `actor_links`; at the end, the length of it.
    actor_starts: Vec<u32>,
    /// Indexes of links, ascending for each actor.
    actor_links: Vec<u32>,
    link_ids: Vec<u32>,
    link_kinds: Vec<LinkKind>,
    /// For each link, the start of its actors in `link_actors`; at the end, the length of it.
    link_starts: Vec<u32>,
    /// Indexes of actors, ascending for each link.
    link_actors: Vec<u32>,
}

impl Arrays {
    /// Builds the arrays from occurrences, which must be sorted. Returns `None` when `is_canceled` returns true, or when there
    /// are more occurrences than `u32` can count.
    pub(super) fn build(occurrences: impl Iterator<Item = Occurrence>, is_canceled: impl Fn() -> bool) -> Option<Self> {
        let (mut link_ids, mut link_kinds, mut link_starts) = (Vec::new(), Vec::new(), Vec::new());
        // At first the ids of the actors.
        let mut link_actors: Vec<u32> = Vec::new();
        for Occurrence { link, actor, kind } in occurrences {
            if link_ids.last() != Some(&link) {
                if is_canceled() {
                    return None;
                }
                link_ids.push(link);
                link_kinds.push(kind);
                link_starts.push(u32::try_from(link_actors.len()).ok()?);
            }
            link_actors.push(actor);
        }
        link_starts.push(u32::try_from(link_actors.len()).ok()?);
        let is_actor: BitSet = link_actors.iter().map(|actor| *actor as usize).collect();
        let actor_ids: Vec<u32> = is_actor.iter().filter_map(|actor| u32::try_from(actor).ok()).collect();
        let mut actor_starts = vec![0_u32; actor_ids.len() + 1];
        for (at, actor) in link_actors.iter_mut().enumerate() {
            if at % 65_536 == 0 && is_canceled() {
                return None;
            }
            let index = actor_ids.binary_search(actor).ok()?;
            actor_starts[index + 1] += 1;
            *actor = u32::try_from(index).ok()?;
        }
        for at in 1..actor_starts.len() {
            actor_starts[at] += actor_starts[at - 1];
        }
        let mut ends = actor_starts.clone();
        let mut actor_links = vec![0; link_actors.len()];
        for (link, range) in (0..).zip(link_starts.windows(2)) {
            for actor in &link_actors[range[0] as usize..range[1] as usize] {
                let end = &mut ends[*actor as usize];
                actor_links[*end as usize] = link;
                *end += 1;
            }
        }
        let mut arrays = Self { actor_ids, actor_starts, actor_links, link_ids, link_kinds, link_starts, link_actors };
        arrays.link_ids.shrink_to_fit();
        arrays.link_kinds.shrink_to_fit();
        arrays.link_starts.shrink_to_fit();
        arrays.link_actors.shrink_to_fit();
        arrays.actor_ids.shrink_to_fit();
        Some(arrays)
    }

    /// Returns the number of actors.
    pub(super) fn actor_count(&self) -> usize {
        self.actor_ids.len()
    }

    /// Returns the number of links.
    pub(super) fn link_count(&self) -> usize {
        self.link_ids.len()
    }

    /// Returns the size in bytes.
    pub(super) fn bytes(&self) -> usize {
        let numbers = [&self.actor_ids, &self.actor_starts, &self.actor_links, &self.link_ids, &self.link_starts];
        let numbers: usize = numbers.iter().map(|list| list.len()).sum::<usize>() + self.link_actors.len();
        numbers * size_of::<u32>() + self.link_kinds.len() * size_of::<LinkKind>()
    }

    /// Returns the index of an actor.
    pub(super) fn find_actor(&self, id: u32) -> Option<u32> {
        self.actor_ids.binary_search(&id).ok().and_then(|index| u32::try_from(index).ok())
    }

    /// Returns the index of a link.
    pub(super) fn find_link(&self, id: u32) -> Option<u32> {
        self.link_ids.binary_search(&id).ok().and_then(|index| u32::try_from(index).ok())
    }

    /// Returns the id of an actor; `None` for an index beyond the arrays.
    pub(super) fn actor_id(&self, actor: u32) -> Option<u32> {
        self.actor_ids.get(actor as usize).copied()
    }

    /// Returns the id and the kind of a link; `None` for an index beyond the arrays.
    pub(super) fn link(&self, link: u32) -> Option<(u32, LinkKind)> {
        Some((*self.link_ids.get(link as usize)?, *self.link_kinds.get(link as usize)?))
    }

    /// Returns the links of an actor; none for an index beyond the arrays.
    pub(super) fn links(&self, actor: u32) -> &[u32] {
        slice(&self.actor_starts, &self.actor_links, actor)
    }

    /// Returns the actors of a link; none for an index beyond the arrays.
    pub(super) fn actors(&self, link: u32) -> &[u32] {
        slice(&self.link_starts, &self.link_actors, link)
    }
}

fn slice<'a>(starts: &[u32], items: &'a [u32], index: u32) -> &'a [u32] {
    let index = index as usize;
    let range = starts.get(index).zip(starts.get(index + 1));
    range.and_then(|(start, end)| items.get(*start as usize..*end as usize)).unwrap_or_default()
}

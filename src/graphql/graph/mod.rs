//! The actor graph: neighbors, shortest paths and timelines. A hop leads from one actor to another through one link,
//! which is an event, a statement or a relation.
//!
//! Places are not links, or everybody who was ever in Baghdad would be linked. Nor are events whose occurrence is
//! `SERIES`: they summarize many events, such as the killings of several years.

mod actor_link;
mod adjacency;
mod hop;
mod hop_query;
mod neighbors;
mod path;
mod search;
mod sql_search;
mod timeline;

use async_graphql::Enum;

use crate::error::{Error, Result};
use crate::graphql::types::node::NodeKind;

pub use crate::graphql::graph::actor_link::ActorLink;
pub(crate) use crate::graphql::graph::actor_link::sorted_unique;
pub use crate::graphql::graph::adjacency::{AdjacencyCache, Update};
pub use crate::graphql::graph::hop::{Hop, HopPart, HopSource};
pub use crate::graphql::graph::neighbors::{Neighbor, Neighborhood};
pub(crate) use crate::graphql::graph::neighbors::{appearances_of_actors, neighbors_of_actors};
pub use crate::graphql::graph::path::Path;
pub(crate) use crate::graphql::graph::path::{MAX_HOPS, root_fields};
pub(crate) use crate::graphql::graph::timeline::timelines_of_actors;
pub use crate::graphql::graph::timeline::{Timeline, TimelineEdge};

/// A kind of link between actors, and of entry in a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ActorLinkKind {
    /// An event in which actors participate, agreed or disputed. An event whose occurrence is `SERIES` is not a link.
    Event,
    /// A statement, for its speaker, its addressee and the actors it is about.
    Statement,
    /// A relation between two actors.
    Relation,
}

impl ActorLinkKind {
    /// All kinds, in the order of timeline entries of the same time.
    const ALL: &'static [Self] = &[Self::Event, Self::Statement, Self::Relation];

    /// Returns the kinds given by an argument without duplicates, or all kinds when it is omitted.
    fn selected(argument: &str, kinds: Option<&[Self]>) -> Result<Vec<Self>> {
        if kinds.is_some_and(<[Self]>::is_empty) {
            return Err(Error::BadInput(format!(
                "`{argument}` is empty: list at least one kind, or omit it for all kinds"
            )));
        }
        let is_selected = |kind: &&Self| kinds.is_none_or(|kinds| kinds.contains(kind));
        Ok(Self::ALL.iter().filter(is_selected).copied().collect())
    }

    /// The node type of the links.
    fn node_kind(self) -> NodeKind {
        match self {
            Self::Event => NodeKind::Event,
            Self::Statement => NodeKind::Statement,
            Self::Relation => NodeKind::Relation,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Event => "EVENT",
            Self::Statement => "STATEMENT",
            Self::Relation => "RELATION",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

//! The graph of actors: a hop leads from one actor to another through one event, statement or relation.
//!
//! Places tie nobody, or all who were ever in Baghdad would be tied; nor does a `SERIES`, such as the killings of years.

mod actor_link;
mod hop;
mod hop_query;
mod neighbors;
mod path;
mod timeline;

use async_graphql::Enum;

use crate::error::{Error, Result};

pub use crate::graphql::graph::actor_link::ActorLink;
pub use crate::graphql::graph::hop::{Hop, HopPart, HopSource};
pub use crate::graphql::graph::neighbors::{Neighbor, Neighborhood};
pub(crate) use crate::graphql::graph::neighbors::{NeighborArgs, neighbors};
pub use crate::graphql::graph::path::{Path, PathQuery};
pub(crate) use crate::graphql::graph::timeline::{Entries, timeline};
pub use crate::graphql::graph::timeline::{Timeline, TimelineEdge};

/// What ties actors, and what their time lines are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ActorLinkKind {
    /// An event, by parts in it, agreed or disputed. A `SERIES` ties nobody.
    Event,
    /// A statement, by making it, being told it or being what it is about.
    Statement,
    /// A relation of one actor to another.
    Relation,
}

impl ActorLinkKind {
    /// All, in the order in which they stand on a time line.
    const ALL: &'static [Self] = &[Self::Event, Self::Statement, Self::Relation];

    /// The kinds asked for by an argument, each once; all when it is left out.
    fn asked(argument: &str, kinds: Option<&[Self]>) -> Result<Vec<Self>> {
        if kinds.is_some_and(<[Self]>::is_empty) {
            return Err(Error::BadInput(format!("`{argument}` is empty: name a kind, or leave it out for all")));
        }
        let asked = |kind: &&Self| kinds.is_none_or(|kinds| kinds.contains(kind));
        Ok(Self::ALL.iter().filter(asked).copied().collect())
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

//! The graph of actors: a hop leads from one actor to another through one event, statement or relation.
//!
//! Places tie nobody, or all who were ever in Baghdad would be tied; nor does a `SERIES`, such as the killings of years.

mod hop;
mod neighbour;
mod path;
mod tie;

use async_graphql::Enum;

pub use hop::{Hop, HopPart, HopSource, HopVia};
pub use neighbour::{Neighbour, Neighbourhood};
pub(crate) use neighbour::{Neighbours, neighbours};
pub use path::{Path, PathQuery};

/// Through what a hop leads from one actor to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum HopKind {
    /// An event in which both have a part, agreed or disputed. A `SERIES` ties nobody.
    Event,
    /// A statement which one makes and the other is told or the subject of, or which is about both.
    Statement,
    /// A relation of one to the other.
    Relation,
}

impl HopKind {
    const ALL: &'static [Self] = &[Self::Event, Self::Statement, Self::Relation];

    /// The kinds asked for, each once; all when none is named.
    fn of(via: Option<&[Self]>) -> Vec<Self> {
        let asked = |kind: &&Self| via.is_none_or(|via| via.contains(kind));
        Self::ALL.iter().filter(asked).copied().collect()
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

//! The node types that are imported as records: the one list, and what is declared once per type.
//!
//! A new type is a row in [`for_each_record_kind!`](crate::for_each_record_kind). The compiler then names every place that
//! needs an answer for it, because all of them match [`RecordKind`] exhaustively.

use sea_orm::EntityName;

use crate::string_enum::string_enum;

/// Calls the macro `$call` with all node types that are imported as records, in the order of their foreign keys: rows of a later
/// type may refer to rows of an earlier one, not only the other way round.
///
/// Each row is `/// description`, then the variant of [`RecordKind`](crate::record_kind::RecordKind), which is also the name of
/// the GraphQL type, and the module of this crate, which is also the name of the table.
#[macro_export]
macro_rules! for_each_record_kind {
    ($call:ident) => {
        $call! {
            /// A published report or other work.
            Article article,
            /// A person, organization, group or anonymous source.
            Actor actor,
            /// A name of an actor or place.
            Name name,
            /// A place of any size.
            Place place,
            /// A lasting relation between two actors, or between an actor and a place.
            Relation relation,
            /// Something that happened, is planned, or is said to have happened.
            Event event,
            /// The part of an actor, place or article in an event.
            Participation participation,
            /// A link from one event to another.
            EventLink event_link,
            /// One version of a disputed event.
            Account account,
            /// One act of saying something.
            Statement statement,
            /// A proposition that statements assert or deny.
            Claim claim,
            /// The position of a statement on a claim.
            Stance stance,
            /// A number and what it counts.
            Figure figure,
            /// A span of article text that supports a fact.
            Evidence evidence,
            /// A name found in an article's text, linked to an entity or not.
            Mention mention,
            /// An identifier in another system.
            ExternalId external_id,
        }
    };
}

macro_rules! declare {
    ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
        string_enum! {
            /// The type of a record.
            RecordKind { $($(#[doc = $doc])+ $kind,)+ }
        }

        impl RecordKind {
            /// Returns the table that holds rows of this type.
            pub fn table(self) -> &'static str {
                match self { $(Self::$kind => $crate::$module::Entity.table_name(),)+ }
            }
        }
    };
}
for_each_record_kind!(declare);

/// How rows of a type are nested in records of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The list that holds them in the enclosing record, such as `names`.
    pub list: &'static str,
    /// The column that refers to the enclosing record, such as `target_id`.
    pub column: &'static str,
}

impl RecordKind {
    /// Returns the types that are nested in other records.
    pub fn parts() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| kind.part().is_some())
    }

    /// Returns where records of this type are nested; none for a type whose records always stand alone.
    pub fn part(self) -> Option<Part> {
        let part = |list, column| Some(Part { list, column });
        match self {
            Self::Name => part("names", "target_id"),
            Self::Participation => part("participations", "event_id"),
            Self::Account => part("accounts", "event_id"),
            Self::EventLink => part("links", "from_id"),
            Self::Stance => part("stances", "statement_id"),
            Self::ExternalId => part("externalIds", "target_id"),
            Self::Figure => part("figures", "target_id"),
            Self::Mention => part("mentions", "article_id"),
            Self::Evidence => part("evidence", "target_id"),
            Self::Article
            | Self::Actor
            | Self::Place
            | Self::Relation
            | Self::Event
            | Self::Statement
            | Self::Claim => None,
        }
    }

    /// Returns the SQL expression over the type's table that labels a row; none for a type whose rows have no text to show.
    pub fn label_sql(self) -> Option<&'static str> {
        match self {
            Self::Article => Some("COALESCE(headline, url)"),
            Self::Actor | Self::Place | Self::Account => Some("label"),
            Self::Event => Some("title"),
            Self::Statement => Some("summary"),
            Self::Claim | Self::Name | Self::Mention => Some("text"),
            Self::Figure => Some("counted"),
            Self::ExternalId => Some("value"),
            Self::Relation | Self::Participation | Self::EventLink | Self::Stance | Self::Evidence => None,
        }
    }

    /// Returns whether rows of this type can be merged into others. The row of a merged node is in `merged_<table>`, and its id
    /// refers to the node that was kept. Claims are merged along with their events.
    pub fn is_mergeable(self) -> bool {
        match self {
            Self::Actor | Self::Place | Self::Event | Self::Claim => true,
            Self::Article
            | Self::Name
            | Self::Relation
            | Self::Participation
            | Self::EventLink
            | Self::Account
            | Self::Statement
            | Self::Stance
            | Self::Figure
            | Self::Evidence
            | Self::Mention
            | Self::ExternalId => false,
        }
    }

    /// Returns the required column that is null in history rows which mark that a row did not exist yet; none for a type whose
    /// history has no such marks, because its rows are never merged.
    pub fn history_marker(self) -> Option<&'static str> {
        match self {
            Self::Actor | Self::Place => Some("label"),
            Self::Event => Some("type"),
            Self::Claim => Some("text"),
            Self::Article
            | Self::Name
            | Self::Relation
            | Self::Participation
            | Self::EventLink
            | Self::Account
            | Self::Statement
            | Self::Stance
            | Self::Figure
            | Self::Evidence
            | Self::Mention
            | Self::ExternalId => None,
        }
    }

    /// Returns whether evidence can support rows of this type.
    pub fn has_evidence(self) -> bool {
        match self {
            Self::Article
            | Self::Actor
            | Self::Name
            | Self::Place
            | Self::Relation
            | Self::Event
            | Self::Participation
            | Self::EventLink
            | Self::Account
            | Self::Statement
            | Self::Claim
            | Self::Stance
            | Self::Figure => true,
            Self::Evidence | Self::Mention | Self::ExternalId => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::record_kind::RecordKind;

    /// Rows of these types are deleted and inserted again, so their history needs marks.
    #[test]
    fn mergeable_types_have_a_history_marker() {
        for kind in RecordKind::ALL {
            assert_eq!(kind.is_mergeable(), kind.history_marker().is_some(), "{kind:?}");
        }
    }
}

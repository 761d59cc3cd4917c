//! The neutral record: one JSON object a line, one file per noun here.
//!
//! A record is a whole with its parts: an event carries its participations, anything carries its evidence. A part
//! may also stand on a line of its own; then it has a key and says what it belongs to. `Build::row` turns a
//! record into its row and, on the way, notes every mistake and every reference.

pub mod account;
pub mod actor;
pub mod article;
pub mod claim;
pub mod dataset;
pub mod event;
pub mod event_link;
pub mod evidence;
pub mod external_id;
pub mod figure;
pub mod mention;
pub mod name;
pub mod participation;
pub mod place;
pub mod relation;
pub mod stance;
pub mod statement;

pub use dataset::DatasetRecord;

use schemars::JsonSchema;
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};

use super::build::Builder;
use entity::record::Kind;

/// A reference to another record: its key (in the same dataset), its key in another dataset, or an id elsewhere.
/// What it names may stand anywhere in the same file or be stored already.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ref {
    /// The key of a record of the same dataset.
    Key(String),
    /// The key of a record of another dataset.
    Dataset(DatasetRef),
    /// An id elsewhere, such as `{"scheme": "wikidata", "value": "Q796"}`.
    External(ExternalRef),
}

/// A key in another dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetRef {
    /// The dataset's key.
    pub dataset: String,
    /// The record's key.
    pub key: String,
}

/// An id elsewhere. Of several things that have it, the one of the same dataset is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// Who gives such ids.
    pub scheme: String,
    /// The id.
    pub value: String,
}

/// A time: EDTF text (ISO 8601-2 Level 1) such as `2021-07-09`, `2021-05`, `2021-07-18?`, `2019-10/..`, or an object
/// with the raw words beside it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum When {
    /// EDTF text alone.
    Edtf(String),
    /// EDTF text with the words of the source.
    Worded(Worded),
}

/// A time with the words of the source.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worded {
    /// EDTF text; left out when the words cannot be resolved.
    pub edtf: Option<String>,
    /// The words, such as `on Friday evening`.
    pub raw: String,
}

/// Turns a record of one noun into its row and names its parts.
pub(crate) trait Build {
    /// The noun.
    const KIND: Kind;
    /// The caller's key.
    fn key(&self) -> Option<&str>;
    /// The row; mistakes and references go to the builder.
    fn row(&self, b: &mut Builder<'_>) -> Row;
    /// The parts, each with the name of its list.
    fn parts(&self) -> Vec<(&'static str, &dyn AnyBuild)> {
        Vec::new()
    }
}

/// [`Build`] for records of differing nouns.
pub(crate) trait AnyBuild: Send + Sync {
    /// See [`Build::KIND`].
    fn kind(&self) -> Kind;
    /// See [`Build::key`].
    fn key(&self) -> Option<&str>;
    /// See [`Build::row`].
    fn row(&self, b: &mut Builder<'_>) -> Row;
    /// See [`Build::parts`].
    fn parts(&self) -> Vec<(&'static str, &dyn AnyBuild)>;
}

impl<T: Build + Send + Sync> AnyBuild for T {
    fn kind(&self) -> Kind {
        T::KIND
    }
    fn key(&self) -> Option<&str> {
        Build::key(self)
    }
    fn row(&self, b: &mut Builder<'_>) -> Row {
        Build::row(self, b)
    }
    fn parts(&self) -> Vec<(&'static str, &dyn AnyBuild)> {
        Build::parts(self)
    }
}

/// Names the parts of a record: each list under the name it has in JSON.
macro_rules! parts {
    ($self:ident: $($name:literal $field:ident),+ $(,)?) => {{
        let mut parts: Vec<(&'static str, &dyn $crate::import::record::AnyBuild)> = Vec::new();
        $(parts.extend($self.$field.iter().map(|part| ($name, part as &dyn $crate::import::record::AnyBuild)));)+
        parts
    }};
}
use parts;

/// Declares the kinds of records: the word in `"kind"`, the type that reads it, and what a line of its own needs
/// beyond what the type requires of a part.
macro_rules! kinds {
    ($($word:literal $path:path, needs $needs:expr;)+) => {
        /// Every word for `"kind"` but `dataset`.
        pub const WORDS: &[&str] = &[$($word),+];

        /// Reads a record of the kind `word`; none when there is no such kind.
        pub(crate) fn read(word: &str, value: serde_json::Value) -> Option<Result<Box<dyn AnyBuild>, super::problem::Misfit>> {
            match word {
                $($word => Some(super::problem::fit::<$path>(value).map(|record| Box::new(record) as Box<dyn AnyBuild>)),)+
                _ => None,
            }
        }

        /// The JSON Schema of each kind and the fields that a line of its own needs.
        pub(crate) fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema, &'static [&'static str])> {
            vec![$(($word, <$path as JsonSchema>::json_schema(generator), $needs)),+]
        }
    };
}

kinds! {
    "article" article::ArticleRecord, needs &["key"];
    "person" actor::PersonRecord, needs &["key"];
    "organization" actor::OrganizationRecord, needs &["key"];
    "group" actor::GroupRecord, needs &["key"];
    "anonymousSource" actor::AnonymousSourceRecord, needs &["key"];
    "name" name::NameRecord, needs &["key", "target"];
    "place" place::PlaceRecord, needs &["key"];
    "relation" relation::RelationRecord, needs &["key"];
    "event" event::EventRecord, needs &["key"];
    "participation" participation::ParticipationRecord, needs &["key", "event"];
    "eventLink" event_link::EventLinkRecord, needs &["key", "from"];
    "account" account::AccountRecord, needs &["key", "event"];
    "statement" statement::StatementRecord, needs &["key"];
    "claim" claim::ClaimRecord, needs &["key"];
    "stance" stance::StanceRecord, needs &["key", "statement"];
    "figure" figure::FigureRecord, needs &["key", "target"];
    "evidence" evidence::EvidenceRecord, needs &["key", "target"];
    "mention" mention::MentionRecord, needs &["key", "article"];
    "externalId" external_id::ExternalIdRecord, needs &["key", "target"];
}

/// Declares [`Row`] and [`Rows`]: a row of any noun, and rows by noun.
macro_rules! rows {
    ($($name:ident $module:ident,)+) => {
        /// A row of any noun.
        pub(crate) enum Row {
            $(#[allow(missing_docs)] $name(<entity::$module::Entity as EntityTrait>::Model),)+
        }

        /// Rows of a batch, by noun.
        #[derive(Default)]
        pub(crate) struct Rows {
            $(pub(crate) $module: Vec<<entity::$module::Entity as EntityTrait>::Model>,)+
        }

        impl Rows {
            /// Adds a row to those of its noun.
            pub(crate) fn push(&mut self, row: Row) {
                match row { $(Row::$name(model) => self.$module.push(model),)+ }
            }
        }
    };
}

rows! {
    Article article, Actor actor, Name name, Place place, Relation relation, Event event,
    Participation participation, EventLink event_link, Account account, Statement statement, Claim claim,
    Stance stance, Figure figure, Evidence evidence, Mention mention, ExternalId external_id,
}

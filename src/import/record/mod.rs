//! The neutral record: one JSON object a line, one file per noun here.
//!
//! A record is a whole with its parts: an event carries its participations, anything carries its evidence. A part
//! may also stand on a line of its own; then it has a key and says what it belongs to. `Build::row` turns a
//! record into its row and, on the way, notes every mistake and every reference; `Restore::of` turns the row back into
//! the record.

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
pub mod merge;
pub mod name;
pub mod participation;
pub mod place;
pub mod relation;
pub mod stance;
pub mod statement;

pub use crate::import::record::dataset::DatasetRecord;
pub use crate::import::record::merge::MergeRecord;

use std::fmt;

use schemars::JsonSchema;
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};

use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;

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

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "`{key}`"),
            Self::Dataset(other) => write!(f, "`{}` of dataset `{}`", other.key, other.dataset),
            Self::External(external) => write!(f, "{} {}", external.scheme, external.value),
        }
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edtf: Option<String>,
    /// The words, such as `on Friday evening`.
    pub raw: String,
}

impl When {
    /// The time that columns hold.
    pub(crate) fn of(edtf: Option<&String>, raw: Option<&String>) -> Option<Self> {
        match raw {
            Some(raw) => Some(Self::Worded(Worded { edtf: edtf.cloned(), raw: raw.clone() })),
            None => edtf.cloned().map(Self::Edtf),
        }
    }
}

/// Turns a record of one noun into its row and names its parts.
pub(crate) trait Build {
    /// The noun.
    const KIND: RecordKind;
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
    fn kind(&self) -> RecordKind;
    /// See [`Build::key`].
    fn key(&self) -> Option<&str>;
    /// See [`Build::row`].
    fn row(&self, b: &mut Builder<'_>) -> Row;
    /// See [`Build::parts`].
    fn parts(&self) -> Vec<(&'static str, &dyn AnyBuild)>;
}

impl<T: Build + Send + Sync> AnyBuild for T {
    fn kind(&self) -> RecordKind {
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

/// Turns a row of one noun back into its record: the inverse of [`Build::row`].
pub(crate) trait Restore: Build + Serialize + Sized {
    /// The row.
    type Row: InRows;
    /// Whether rows of the type are written as this record: the actors of one table have several record types.
    fn is_for(_row: &Self::Row) -> bool {
        true
    }
    /// The record with its parts. What [`Build::row`] would fill in by itself is left out.
    fn of(row: &Self::Row, r: &Restorer) -> Self;
}

/// A value, unless it is the one that a record means by leaving it out.
pub(crate) fn unless<T: PartialEq + Copy>(value: T, usual: T) -> Option<T> {
    (value != usual).then_some(value)
}

/// A number as people write it: one without a fraction has none in JSON either.
fn number<S: serde::Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    /// Up to here every whole number is a floating-point number.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match value {
        Some(value) if value.fract() == 0.0 && value.abs() <= WHOLE => serializer.serialize_i64(*value as i64),
        Some(value) => serializer.serialize_f64(*value),
        None => serializer.serialize_none(),
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

/// How `"kind"` calls a record.
trait Word {
    const WORD: &'static str;
}

/// The kinds of lines that are in no noun: they are in no register, and have no parts.
pub(crate) const DATASET: &str = "dataset";
pub(crate) const MERGE: &str = "merge";

/// Declares the kinds of records: the word in `"kind"`, the type that reads it, and what a line of its own needs
/// beyond what the type requires of a part.
macro_rules! kinds {
    ($($word:literal $path:path, needs $needs:expr;)+) => {
        /// Every word for `"kind"`.
        pub const WORDS: &[&str] = &[DATASET, $($word,)+ MERGE];

        /// Reads a record of the kind `word`; none when there is no such kind.
        pub(crate) fn read(word: &str, value: serde_json::Value) -> Option<Result<Box<dyn AnyBuild>, crate::import::problem::Misfit>> {
            match word {
                $($word => Some(crate::import::problem::fit::<$path>(value).map(|record| Box::new(record) as Box<dyn AnyBuild>)),)+
                _ => None,
            }
        }

        $(impl Word for $path {
            const WORD: &'static str = $word;
        })+

        /// The JSON Schema of each kind and the fields that a line of its own needs.
        pub(crate) fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema, &'static [&'static str])> {
            vec![$(($word, <$path as JsonSchema>::json_schema(generator), $needs)),+]
        }

        /// Writes the row with this id as a JSON line; none when there is no such row.
        pub(crate) fn line(kind: RecordKind, id: i64, r: &Restorer) -> Option<serde_json::Result<String>> {
            $(if <$path as Build>::KIND == kind && <$path as Restore>::is_for(r.row(id)?) {
                return line_of::<$path>(id, r);
            })+
            None
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
    ($($(#[doc = $doc:literal])+ $name:ident $module:ident,)+) => {
        /// A row of any noun.
        pub(crate) enum Row {
            $(#[allow(missing_docs)] $name(<entity::$module::Entity as EntityTrait>::Model),)+
        }

        /// A row that has its list in [`Rows`].
        pub(crate) trait InRows: Sized {
            /// The rows of its noun.
            fn among(rows: &Rows) -> &[Self];
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

            /// The numbers of all rows, each with its place among those of its noun.
            pub(crate) fn places(&self) -> impl Iterator<Item = (i64, usize)> {
                std::iter::empty()$(.chain(self.$module.iter().enumerate().map(|(at, row)| (row.id.0, at))))+
            }
        }

        $(impl InRows for entity::$module::Model {
            fn among(rows: &Rows) -> &[Self] {
                &rows.$module
            }
        })+
    };
}

/// A record as a line: its kind first.
#[derive(Serialize)]
pub(crate) struct Line<T> {
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) record: T,
}

fn line_of<T: Restore + Word>(id: i64, r: &Restorer) -> Option<serde_json::Result<String>> {
    let record = T::of(r.row::<T::Row>(id)?, r);
    Some(serde_json::to_string(&Line { kind: T::WORD, record }))
}

entity::for_each_record_kind!(rows);

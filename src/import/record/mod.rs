//! Records: the import and export format, one JSON object per line. Each node type has its record struct in a file
//! here.
//!
//! A record includes its child records in lists: an event has its participations, and most records have evidence. A
//! child record may also be on a separate line. It then needs a key, and a reference to its parent. The lists are
//! called *parts* in the code.
//!
//! `Build::row` builds the row of a record. On the way the `Builder` collects all problems and references.
//! `Restore::of` is the inverse: it restores the record from the row. The doc comments of the structs and fields are
//! the descriptions in the JSON Schema (`newsgraph schema --records`).

pub mod account;
pub mod actor;
pub mod article;
pub mod claim;
pub mod dataset;
pub mod event;
pub mod event_link;
pub mod evidence;
pub mod external_id;
pub(crate) mod field_names;
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

use crate::import::problem::{self, TypeMismatch};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;

/// A reference to another record: its key in the same dataset, its key in another dataset, or an external id. The record may be anywhere in the same file or stored already.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ref {
    /// The key of a record of the same dataset.
    Key(String),
    /// The key of a record of another dataset.
    Dataset(DatasetRef),
    /// An external id, such as `{"scheme": "wikidata", "value": "Q796"}`.
    External(ExternalRef),
}

/// The key of a record of another dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetRef {
    /// The key of the dataset.
    pub dataset: String,
    /// The key of the record.
    pub key: String,
}

/// An external id. If several records have it, the reference is to the one in the same dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// The identifier scheme.
    pub scheme: String,
    /// The identifier.
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

/// A date: EDTF text (ISO 8601-2 Level 1) such as `2021-07-09`, `2021-05`, `2021-07-18?` or `2019-10/..`, or an object that also has the words of the source.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum When {
    /// A date in EDTF.
    Edtf(String),
    /// A date in EDTF and the words of the source.
    Worded(Worded),
}

/// A date with the words of the source.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worded {
    /// The date in EDTF. Omit it if the words cannot be resolved to a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edtf: Option<String>,
    /// The words of the source, such as `on Friday evening`.
    pub raw: String,
}

impl When {
    /// Returns the date that is stored in the two columns.
    pub(crate) fn of(edtf: Option<&String>, raw: Option<&String>) -> Option<Self> {
        match raw {
            Some(raw) => Some(Self::Worded(Worded { edtf: edtf.cloned(), raw: raw.clone() })),
            None => edtf.cloned().map(Self::Edtf),
        }
    }
}

/// Builds the row of a record and lists its child records.
pub(crate) trait Build {
    /// The node type of the row.
    const KIND: RecordKind;
    /// Returns the key, if the record has one.
    fn key(&self) -> Option<&str>;
    /// Builds the row. The builder collects problems and references.
    fn row(&self, b: &mut Builder<'_>) -> Row;
    /// Returns the child records, each with the name of the list that it is in.
    fn parts(&self) -> Vec<(&'static str, &dyn AnyBuild)> {
        Vec::new()
    }
}

/// The object-safe form of [`Build`], for records of mixed types.
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

/// Restores a record from its row: the inverse of [`Build`].
pub(crate) trait Restore: Build + Serialize + Sized {
    /// The row type.
    type Row: InRows;
    /// Returns whether a row has this record type. One table of actors has the rows of several record types.
    fn is_for(_row: &Self::Row) -> bool {
        true
    }
    /// Returns the record with its child records. Values that [`Build::row`] fills in by default are omitted.
    fn of(row: &Self::Row, r: &Restorer) -> Self;
}

/// Returns a value, or none if it is the default.
pub(crate) fn unless_default<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

/// Serializes a number without a fraction as an integer: `22`, not `22.0`.
fn number<S: serde::Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    /// The largest integer up to which every integer is exact as `f64`.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match value {
        Some(value) if value.fract() == 0.0 && value.abs() <= WHOLE => serializer.serialize_i64(*value as i64),
        Some(value) => serializer.serialize_f64(*value),
        None => serializer.serialize_none(),
    }
}

/// Lists the child records of a record, given the JSON name and the field of each list.
macro_rules! parts {
    ($self:ident: $($name:literal $field:ident),+ $(,)?) => {{
        let mut parts: Vec<(&'static str, &dyn $crate::import::record::AnyBuild)> = Vec::new();
        $(parts.extend($self.$field.iter().map(|part| ($name, part as &dyn $crate::import::record::AnyBuild)));)+
        parts
    }};
}
use parts;

/// The record type of a record struct.
trait RecordType {
    const NAME: &'static str;
}

/// The record types that are not node types. They have no entry in the `record` table and no child records.
pub(crate) const DATASET: &str = "dataset";
pub(crate) const MERGE: &str = "merge";

/// Declares the record types: the value of `record`, the struct, and the fields that are required on a separate line
/// even if they are optional in a nested record.
macro_rules! record_types {
    ($($name:literal $path:path, needs $needs:expr;)+) => {
        /// All record types, as in `record` in files.
        pub const RECORD_TYPES: &[&str] = &[DATASET, $($name,)+ MERGE];

        /// Converts a JSON object without its record type to the struct of the record type.
        pub(crate) fn read(record_type: &str, value: serde_json::Value) -> Result<Box<dyn AnyBuild>, TypeMismatch> {
            match record_type {
                $($name => problem::deserialize::<$path>(value).map(|record| Box::new(record) as Box<dyn AnyBuild>),)+
                _ => Err(TypeMismatch { pointer: String::new(), message: format!("`{record_type}` is not a record type") }),
            }
        }

        $(impl RecordType for $path {
            const NAME: &'static str = $name;
        })+

        /// Returns the JSON Schema of each record type, and the fields that are required on a separate line.
        pub(crate) fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema, &'static [&'static str])> {
            vec![$(($name, <$path as JsonSchema>::json_schema(generator), $needs)),+]
        }

        /// The node types of the record types.
        #[cfg(test)]
        const KINDS: &[RecordKind] = &[$(<$path as Build>::KIND),+];

        /// Returns the record of the row with an id as a JSON line; none if there is no such row.
        pub(crate) fn line(kind: RecordKind, id: i64, r: &Restorer) -> Option<serde_json::Result<String>> {
            $(if <$path as Build>::KIND == kind && <$path as Restore>::is_for(r.row(id)?) {
                return line_of::<$path>(id, r);
            })+
            None
        }
    };
}

record_types! {
    "article" article::ArticleRecord, needs &["key"];
    "person" actor::PersonRecord, needs &["key"];
    "organization" actor::OrganizationRecord, needs &["key"];
    "group" actor::GroupRecord, needs &["key"];
    "anonymousSource" actor::AnonymousSourceRecord, needs &["key"];
    "name" name::NameRecord, needs &["key", "bearer"];
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

/// Declares [`Row`], a row of any node type, and [`Rows`], rows by node type.
macro_rules! rows {
    ($($(#[doc = $doc:literal])+ $name:ident $module:ident,)+) => {
        /// A row of any node type.
        pub(crate) enum Row {
            $(#[allow(missing_docs)] $name(<entity::$module::Entity as EntityTrait>::Model),)+
        }

        /// A row type that has a list in [`Rows`].
        pub(crate) trait InRows: Sized {
            /// Returns the rows of this type.
            fn among(rows: &Rows) -> &[Self];
        }

        /// The rows of a batch, by node type.
        #[derive(Default)]
        pub(crate) struct Rows {
            $(pub(crate) $module: Vec<<entity::$module::Entity as EntityTrait>::Model>,)+
        }

        impl Rows {
            /// Adds a row to the list of its type.
            pub(crate) fn push(&mut self, row: Row) {
                match row { $(Row::$name(model) => self.$module.push(model),)+ }
            }

            /// Returns the ids of all rows, each with its index in the list of its type.
            pub(crate) fn indexes(&self) -> impl Iterator<Item = (i64, usize)> {
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

/// A record as a line of a file: its record type, then its fields.
#[derive(Serialize)]
pub(crate) struct Line<T> {
    #[serde(rename = "record")]
    pub(crate) record_type: &'static str,
    #[serde(flatten)]
    pub(crate) fields: T,
}

fn line_of<T: Restore + RecordType>(id: i64, r: &Restorer) -> Option<serde_json::Result<String>> {
    let fields = T::of(r.row::<T::Row>(id)?, r);
    Some(serde_json::to_string(&Line { record_type: T::NAME, fields }))
}

entity::for_each_record_kind!(rows);

#[cfg(test)]
mod tests {
    use entity::record::RecordKind;

    use crate::import::record::{KINDS, schemas};

    #[test]
    fn every_node_type_has_a_record_type() {
        let missing: Vec<_> = RecordKind::ALL.iter().filter(|kind| !KINDS.contains(kind)).collect();
        assert!(missing.is_empty(), "not in `record_types!`: {missing:?}");
    }

    #[test]
    fn every_nested_type_has_a_list_in_another_record() {
        let schemas = schemas(&mut schemars::SchemaGenerator::default());
        for part in RecordKind::parts().filter_map(RecordKind::part) {
            let has_list = |schema: &schemars::Schema| schema.pointer(&format!("/properties/{}", part.list)).is_some();
            assert!(schemas.iter().any(|(_, schema, _)| has_list(schema)), "no record has the list `{}`", part.list);
        }
    }
}

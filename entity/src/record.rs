//! The register of all records and child records: one row for each row of a node type.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{DatasetId, RecordId};
use crate::row::row_struct;

pub use crate::record_kind::RecordKind;

row_struct! {
    /// A record or child record: its key, its type and, for a child record, the record that contains it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "record")]
    pub struct Model {
        /// Row id, the same as in the table of the type.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RecordId,
        /// The dataset that the record belongs to.
        pub dataset_id: DatasetId,
        /// Key chosen by whoever writes the record; unique in its dataset across all types.
        pub key: String,
        /// Type, which determines the table that holds the row.
        pub kind: RecordKind,
        /// The record that contains this part; none for a record.
        pub owner_id: Option<RecordId>,
        /// SHA-256 of the record's JSON as it was last imported, in hexadecimal; none for a part.
        pub digest: Option<String>,
        /// Derived: the entity that this one was merged into, at the end of a chain of merges. Lookups return that one.
        pub same_as_id: Option<RecordId>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

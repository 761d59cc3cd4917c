//! The audit log.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ChangeId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// One change of a record and its child records.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "change")]
    pub struct Model {
        /// Sequence number in commit order, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ChangeId,
        /// Time of the commit, in seconds since 1970 UTC.
        pub at: i64,
        /// The writer: the name of an API key, or `command line`.
        pub by: String,
        /// The import or request that the change belongs to.
        pub batch: String,
        /// Type of the record.
        pub kind: RecordKind,
        /// The record. Not a foreign key, because the record may have been deleted.
        pub record_id: RecordId,
        /// Operation.
        pub operation: Operation,
        /// The changed rows before the change, as JSON; only for updates and deletes.
        pub before: Option<String>,
        /// The changed rows after the change, as JSON; only for updates.
        pub after: Option<String>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The operation of a change.
    Operation {
        /// The record was created.
        Create,
        /// The record or its child records were changed.
        Update,
        /// The record was deleted.
        Delete,
        /// The record was merged into another one.
        Merge,
        /// The merge of the record was undone.
        Unmerge,
    }
}

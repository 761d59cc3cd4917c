//! The log of writes.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ChangeId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// One write to one thing with its parts.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "change")]
    pub struct Model {
        /// Place in the order of commits, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ChangeId,
        /// When, seconds since 1970 UTC.
        pub at: i64,
        /// Who wrote: the name of a key, or `command line`.
        pub by: String,
        /// Which import or request it belongs to.
        pub batch: String,
        /// The noun of the thing.
        pub kind: RecordKind,
        /// The thing. It may be gone, so this is no foreign key.
        pub record_id: RecordId,
        /// What was done.
        pub operation: Operation,
        /// The row before, as JSON; only for updates and deletes.
        pub before: Option<String>,
        /// The row after, as JSON; only for updates.
        pub after: Option<String>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What a write did.
    Operation {
        /// Made it.
        Create,
        /// Changed it or its parts.
        Update,
        /// Took it away.
        Delete,
        /// Judged it to be another thing.
        Merge,
        /// Took that judgement back.
        Unmerge,
    }
}

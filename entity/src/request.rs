//! Writes that were answered, so that asking again writes nothing twice.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// One write and its answer.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "request")]
    pub struct Model {
        /// Who wrote: keys of two writers are no concern of each other.
        #[sea_orm(primary_key, auto_increment = false)]
        pub by: String,
        /// What the writer called the write.
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        /// When, seconds since 1970 UTC.
        pub at: i64,
        /// SHA-256 of what was to be written, in hexadecimal.
        pub digest: String,
        /// What was answered, as JSON.
        pub report: String,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

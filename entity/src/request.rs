//! Idempotency keys of writes, so that a repeated request writes nothing twice.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// An idempotent write and its report.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "request")]
    pub struct Model {
        /// The writer. Two writers may use the same idempotency key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub by: String,
        /// The idempotency key, chosen by the writer.
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        /// Time of the write, in seconds since 1970 UTC.
        pub at: i64,
        /// SHA-256 of the request, in hexadecimal.
        pub digest: String,
        /// The report that was returned, as JSON.
        pub report: String,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

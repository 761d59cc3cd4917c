//! Who may write.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// A key. Only its hash is stored.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "api_key")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        /// What it is called, unique.
        pub name: String,
        /// Hash of the key.
        pub hash: String,
        /// What it may do: `read`, `write`, `admin`, with spaces between.
        pub scopes: String,
        /// When it was made, seconds since 1970 UTC.
        pub created_at: i64,
        /// When it ends.
        pub expires_at: Option<i64>,
        /// When it was taken back.
        pub revoked_at: Option<i64>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

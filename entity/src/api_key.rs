//! API keys.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// An API key. Only its hash is stored.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "api_key")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        /// Unique name.
        pub name: String,
        /// Hash of the key.
        pub hash: String,
        /// Scopes, separated by spaces: `read`, `write`, `admin`.
        pub scopes: String,
        /// Time of creation, in seconds since 1970 UTC.
        pub created_at: i64,
        /// Time of expiry, in seconds since 1970 UTC; none if the key does not expire.
        pub expires_at: Option<i64>,
        /// Time of revocation, in seconds since 1970 UTC; none if the key is not revoked.
        pub revoked_at: Option<i64>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! The sequences that number rows and changes. One writer at a time draws from them.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// A sequence.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "counter")]
    pub struct Model {
        /// `id` or `change`.
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// The last number given.
        pub value: i64,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

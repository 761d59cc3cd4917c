//! Sequences and version numbers. Only one writer at a time changes them.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// A named counter.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "counter")]
    pub struct Model {
        /// `id` (rows), `change` (audit log), `version` (version of the graph) or `index` (version of the indexing rules).
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// The last value used.
        pub value: i64,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

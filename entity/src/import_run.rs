//! Imports that are written in parts and have not ended.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// An import under way.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "import_run")]
    pub struct Model {
        /// A number of its own.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        /// SHA-256 of the files and of how they are imported.
        pub digest: String,
        /// When its last part was written, seconds since 1970 UTC.
        pub at: i64,
        /// How far it is and what it has done, as JSON.
        pub state: String,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

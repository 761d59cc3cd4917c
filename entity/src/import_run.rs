//! Checkpoints of imports that commit in parts and have not finished.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::row::row_struct;

row_struct! {
    /// An unfinished import.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "import_run")]
    pub struct Model {
        /// Id of the import.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        /// SHA-256 of the files and of the import's options.
        pub digest: String,
        /// Time of the last commit, in seconds since 1970 UTC.
        pub at: i64,
        /// Progress and report so far, as JSON.
        pub state: String,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

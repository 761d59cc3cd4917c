//! What statements are about.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{RecordId, StatementId};
use crate::record::RecordKind;
use crate::row::row_struct;

row_struct! {
    /// One thing that one statement is about.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "statement_about")]
    pub struct Model {
        /// The statement.
        #[sea_orm(primary_key, auto_increment = false)]
        pub statement_id: StatementId,
        /// The actor, event or place.
        #[sea_orm(primary_key, auto_increment = false)]
        pub target_id: RecordId,
        /// Its noun.
        pub target_kind: RecordKind,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Subjects of statements.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{RecordId, StatementId};
use crate::record::RecordKind;
use crate::row::row_struct;

row_struct! {
    /// One subject of one statement.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "statement_about")]
    pub struct Model {
        /// The statement.
        #[sea_orm(primary_key, auto_increment = false)]
        pub statement_id: StatementId,
        /// The actor, event or place that the statement is about.
        #[sea_orm(primary_key, auto_increment = false)]
        pub target_id: RecordId,
        /// Type of that record.
        pub target_kind: RecordKind,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

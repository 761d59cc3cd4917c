//! Recorded judgements on two things being one.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{MergeId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A judgement on two actors, places or events.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "merge")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MergeId,
        /// The one that stays when they are the same.
        pub left_id: RecordId,
        /// The other.
        pub right_id: RecordId,
        /// The noun of both.
        pub kind: RecordKind,
        /// What was judged.
        pub judgement: MergeDecision,
        /// Who judged.
        pub judged_by: String,
        /// When, seconds since 1970 UTC.
        pub judged_at: i64,
        /// Why.
        pub reason: Option<String>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What was judged of two things.
    MergeDecision {
        /// They are one.
        Same,
        /// They are two.
        NotSame,
        /// It was looked at and left open.
        Unsure,
    }
}

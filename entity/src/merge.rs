//! Recorded judgements on two things being one.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{MergeId, RecordId};
use crate::record::Kind;
use crate::row::stored;
use crate::word::words;

stored! {
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
        pub kind: Kind,
        /// What was judged.
        pub judgement: Judgement,
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

words! {
    /// What was judged of two things.
    Judgement {
        /// They are one.
        Same,
        /// They are two.
        NotSame,
        /// It was looked at and left open.
        Unsure,
    }
}

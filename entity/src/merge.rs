//! Merge decisions of entity resolution.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{MergeId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A decision whether two actors, places or events are the same entity.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "merge")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MergeId,
        /// The entity that is kept, if the two are the same.
        pub left_id: RecordId,
        /// The other entity, which is merged into the kept one if they are the same.
        pub right_id: RecordId,
        /// Type of both entities.
        pub kind: RecordKind,
        /// The decision.
        pub judgement: MergeDecision,
        /// The person, API key or program that decided.
        pub judged_by: String,
        /// Time of the decision, in seconds since 1970 UTC.
        pub judged_at: i64,
        /// Reason for the decision.
        pub reason: Option<String>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The decision on whether two entities are the same.
    MergeDecision {
        /// The two are the same entity: one is kept, and the other is merged into it.
        Same,
        /// The two are different entities.
        NotSame,
        /// The pair was reviewed and left undecided.
        Unsure,
    }
}

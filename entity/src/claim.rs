//! Propositions that statements take sides on.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ClaimId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::standing::Standing;

row_struct! {
    /// A proposition, always worded affirmatively.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "claim")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ClaimId,
        /// The proposition, in our words.
        pub text: String,
        /// The event, account, participation, relation, figure or actor it is about.
        pub subject_id: Option<RecordId>,
        /// The subject's noun.
        pub subject_kind: Option<RecordKind>,
        /// Derived: how it stands between those for and those against it.
        pub standing: Standing,
        /// Derived: contested only because a rival account is asserted by another voice.
        pub implied: bool,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

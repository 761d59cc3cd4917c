//! Claims: propositions on which statements take a stance.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ClaimId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::standing::Standing;

row_struct! {
    /// A proposition on which statements take a stance, always worded affirmatively.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "claim")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ClaimId,
        /// The proposition, in the words of the dataset's authors.
        pub text: String,
        /// Subject: an event, account, participation, relation, figure or actor.
        pub subject_id: Option<RecordId>,
        /// Type of the subject.
        pub subject_kind: Option<RecordKind>,
        /// Derived: the standing, computed from the latest stance of each voice.
        pub standing: Standing,
        /// Derived: true if the claim is contested only because another voice supports a rival account.
        pub implied: bool,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Stances of statements on claims.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ClaimId, StanceId, StatementId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// The stance of a statement on a claim.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "stance")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: StanceId,
        /// The statement.
        pub statement_id: StatementId,
        /// The claim.
        pub claim_id: ClaimId,
        /// The stance.
        pub stance: StanceKind,
        /// Derived: true for the latest stance of its voice on the claim. Only these count for the standing.
        pub current: bool,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The stance of a statement on a claim.
    StanceKind {
        /// Says that the claim is true.
        Asserts,
        /// Confirms the claim, after another speaker made it.
        Confirms,
        /// Gives reasons for the claim.
        Supports,
        /// Doubts the claim.
        Questions,
        /// Says that the claim is false.
        Denies,
        /// Withdraws what the same voice said before.
        Retracts,
        /// Declines to comment on the claim.
        DeclinesComment,
    }
}

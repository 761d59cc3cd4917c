//! Which side statements take on claims.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ClaimId, StanceId, StatementId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// The side that one statement takes on one claim.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "stance")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: StanceId,
        /// The statement.
        pub statement_id: StatementId,
        /// The claim.
        pub claim_id: ClaimId,
        /// The side.
        pub stance: StanceKind,
        /// Derived: it is the last stance of its voice on the claim, so it counts.
        pub current: bool,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The side that a statement takes on a claim.
    StanceKind {
        /// Says that it is so.
        Asserts,
        /// Confirms what another said.
        Confirms,
        /// Says what speaks for it.
        Supports,
        /// Doubts it.
        Questions,
        /// Says that it is not so.
        Denies,
        /// Takes back what the same voice had said.
        Retracts,
        /// Says neither.
        DeclinesComment,
    }
}

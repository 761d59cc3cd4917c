//! Which side statements take on claims.

use async_graphql::{Context, ID, Object};

use super::batch::noun;
use super::claim::{Claim, ClaimFilter};
use super::connections;
use super::dataset::{Record, record};
use super::evidence::{Evidence, EvidenceFilter};
use super::facet::facet;
use super::filter::{BooleanFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, came_with, carrying, filter};
use super::node::Kind;
use super::order::order;
use super::page::by;
use super::reference::references;
use super::root::root;
use super::rows::One;
use super::session::{Fault, present};
use super::statement::{Statement, StatementFilter};
use entity::stance::StanceKind;

references! {
    stance {
        STATEMENT "statement": Statement = statement_id;
        CLAIM "claim": Claim = claim_id;
    }
}

noun!(Stance of stance, filter StanceFilter, order StanceOrderField, facet StanceFacet, refers REFERENCES);

/// The side that one statement takes on one claim.
#[Object]
impl Stance {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        Kind::Stance.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, Fault> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The side.
    async fn stance(&self) -> StanceKind {
        self.0.stance
    }
    /// Whether it counts: it is the last stance of its voice on the claim.
    async fn current(&self) -> bool {
        self.0.current
    }
    /// The statement.
    async fn statement(&self, ctx: &Context<'_>) -> Result<One<Statement>, Fault> {
        present(self.0.one(ctx, &STATEMENT).await)
    }
    /// The claim.
    async fn claim(&self, ctx: &Context<'_>) -> Result<One<Claim>, Fault> {
        present(self.0.one(ctx, &CLAIM).await)
    }
    #[graphql(flatten)]
    async fn lists(&self) -> StanceLists {
        StanceLists(self.0.clone())
    }
}

connections! {
    StanceLists of entity::stance::Entity, named "Stance" {
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Which stances.
    StanceFilter of stance {
        /// The id.
        id: IdFilter = id(Id of Stance);
        /// The record that it came with.
        record: RecordFilter = with(came_with::<entity::stance::Entity>);
        /// The side.
        stance: EnumFilter<StanceKind> = column(Stance);
        /// Whether it counts: it is the last stance of its voice on the claim.
        current: BooleanFilter = column(Current);
        /// The statement.
        statement: Box<StatementFilter> = one(StatementId);
        /// The claim.
        claim: Box<ClaimFilter> = one(ClaimId);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(carrying::<entity::stance::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what stances can be counted.
    StanceFacet of stance {
        /// The side it takes.
        Stance = Values::words(Column::Stance),
    }
}

order! {
    /// By what stances can be ordered.
    StanceOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root! {
    StanceQuery of Stance {
        lists {
            /// Which side statements take on claims.
            stances;
        }
    }
}

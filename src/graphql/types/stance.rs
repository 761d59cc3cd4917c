//! Which side statements take on claims.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::claim::{Claim, ClaimFilter};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::stance::StanceKind;

belongs_to! {
    stance {
        STATEMENT "statement": Statement = statement_id;
        CLAIM "claim": Claim = claim_id;
    }
}

node_type!(Stance of stance, filter StanceFilter, order StanceOrderField, facet StanceFacet, refers REFERENCES);

/// The side that one statement takes on one claim.
#[Object]
impl Stance {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Stance.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
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
    async fn statement(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Statement>, SharedError> {
        present(self.0.one(ctx, &STATEMENT).await)
    }
    /// The claim.
    async fn claim(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Claim>, SharedError> {
        present(self.0.one(ctx, &CLAIM).await)
    }
    #[graphql(flatten)]
    async fn lists(&self) -> StanceLists {
        StanceLists(self.0.clone())
    }
}

has_many! {
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
        record: RecordFilter = with(from_record::<entity::stance::Entity>);
        /// The side.
        stance: EnumFilter<StanceKind> = column(Stance);
        /// Whether it counts: it is the last stance of its voice on the claim.
        current: BooleanFilter = column(Current);
        /// The statement.
        statement: Box<StatementFilter> = one(StatementId);
        /// The claim.
        claim: Box<ClaimFilter> = one(ClaimId);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::stance::Entity, _>(entity::evidence::Column::TargetId));
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

root_fields! {
    StanceQuery of Stance {
        lists {
            /// Which side statements take on claims.
            stances;
        }
    }
}

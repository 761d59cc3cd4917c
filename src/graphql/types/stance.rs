//! Stances: the positions that statements take on claims.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
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

node_type!(Stance of stance, filter StanceFilter, order StanceOrderField, facet StanceFacet, belongs_to BELONGS_TO);

planned! {
    Stance of stance as Stance, lists [StanceLists] {
        "stance" Text Stance,
        "current" Bool Current,
    }
}

/// The position that one statement takes on one claim.
#[Object]
impl Stance {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Stance.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The position taken, such as ASSERTS or DENIES.
    async fn stance(&self) -> StanceKind {
        self.0.stance
    }
    /// True if the stance counts for the claim's standing: it is the latest stance of its voice on the claim.
    async fn current(&self) -> bool {
        self.0.current
    }
    /// The statement that takes the stance.
    async fn statement(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Statement>, SharedError> {
        required(self.0.belongs_to(ctx, &STATEMENT).await)
    }
    /// The claim on which the stance is taken.
    async fn claim(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Claim>, SharedError> {
        required(self.0.belongs_to(ctx, &CLAIM).await)
    }
    #[graphql(flatten)]
    async fn lists(&self) -> StanceLists {
        StanceLists(self.0.clone())
    }
}

has_many! {
    StanceLists of entity::stance::Entity, named "Stance" {
    /// Evidence: the spans of article text that support this stance.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Filter for stances.
    StanceFilter of stance {
        /// Global id.
        id: IdFilter = id(Id of Stance);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::stance::Entity>);
        /// The position taken.
        stance: EnumFilter<StanceKind> = column(Stance);
        /// True if the stance counts for the claim's standing: it is the latest stance of its voice on the claim.
        current: BooleanFilter = column(Current);
        /// The stance's statement.
        statement: Box<StatementFilter> = one(StatementId);
        /// The stance's claim.
        claim: Box<ClaimFilter> = one(ClaimId);
        /// The stance's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::stance::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of stances.
    StanceFacet of stance {
        /// The position taken.
        Stance = FacetValues::column(Column::Stance),
    }
}

order! {
    /// Sort keys for stances.
    StanceOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    StanceQuery of Stance {
        lists {
            /// Paginated list of stances: the positions that statements take on claims.
            stances;
        }
    }
}

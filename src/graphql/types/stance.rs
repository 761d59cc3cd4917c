//! Stances: the positions that statements take on claims.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::claim::{Claim, ClaimFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::stance::StanceKind;

node_type! {
    /// The position that one statement takes on one claim.
    Stance of stance as Stance, filter StanceFilter, order StanceOrderField, facet StanceFacet {
        /// The position taken, such as ASSERTS or DENIES.
        stance: StanceKind = column(Stance);
        /// True if the stance counts for the claim's standing: it is the latest stance of its voice on the claim.
        current: bool = column(Current);
        /// The statement that takes the stance.
        statement: Statement = one(StatementId);
        /// The claim on which the stance is taken.
        claim: Claim = one(ClaimId);
        /// Evidence: the spans of article text that support this stance.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
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
    root_fields {
        /// Paginated list of stances: the positions that statements take on claims.
        stances: Option<List<Stance>> = list;
    }
}

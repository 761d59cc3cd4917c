//! Merge decisions (entity resolution): whether two actors, places or events are the same.

use async_graphql::{Enum, ID};

use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::change::author;
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Node, NodeKind};
use entity::merge::{Column, MergeDecision};

node_type! {
    /// A recorded decision on whether two actors, places or events are the same.
    ///
    /// If they are the SAME, the other entity is merged into the kept one: its id and slug then return the kept entity,
    /// which has the names, external ids, relations, participations, statements and evidence of both. `unmerge` restores
    /// both exactly.
    Merge of merge as Merge, filter MergeFilter, order MergeOrderField, facet MergeFacet {
        /// The decision: SAME, NOT_SAME or UNSURE.
        decision: MergeDecision = column(Judgement);
        /// The entity that is kept when the two are merged.
        kept: Option<Node> = node(LeftId, Kind);
        /// Global id of `kept`.
        kept_id: Option<ID> = node_id(LeftId, Kind);
        /// The other entity; null while it is merged into `kept`.
        other: Option<Node> = node(RightId, Kind);
        /// Global id of the other entity; pass it to `unmerge`.
        other_id: Option<ID> = node_id(RightId, Kind);
        /// Time of the decision.
        at: DateTime = column(JudgedAt);
        /// Reason for the decision.
        reason: Option<String> = column(Reason);
        /// Author of the decision: the name of an API key, `command line`, or the author given in an imported `merge`
        /// record. Needs the scope ADMIN; others get null and the error `FORBIDDEN`, or `UNAUTHENTICATED` without a key.
        by: Option<String> = computed([judged_by], author);
    }
}

/// Returns the node type of a record kind whose entities can be merged; none for other kinds.
pub(crate) fn mergeable(kind: entity::record::RecordKind) -> Option<NodeKind> {
    NodeKind::of_stored(kind).filter(|kind| matches!(kind, NodeKind::Actor | NodeKind::Place | NodeKind::Event))
}

filter! {
    /// Filter for merge decisions.
    MergeFilter of merge {
        /// The decision.
        decision: EnumFilter<MergeDecision> = column(Judgement);
        /// Node type of the two entities.
        kind: EnumFilter<entity::record::RecordKind> = column(Kind);
    }
}

/// Facets of merge decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MergeFacet {
    /// The decision.
    Decision,
    /// Node type of the two entities.
    Kind,
}

impl NodeFacet for MergeFacet {
    fn values(self) -> FacetValues {
        match self {
            Self::Decision => FacetValues::column(Column::Judgement),
            Self::Kind => FacetValues::column(Column::Kind),
        }
    }
}

order! {
    /// Sort keys for merge decisions.
    MergeOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    root_fields {
        /// Paginated list of merge decisions: whether two entities are the same.
        merges: Option<List<Merge>> = list;
    }
}

//! Merge decisions (entity resolution): whether two actors, places or events are the same.

use async_graphql::{Context, Enum, ID, Object};

use crate::auth::Scope;
use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, caller};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::change::author;
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Node, NodeKind, target_if};
use entity::merge::{Column, MergeDecision};

node_type!(Merge of merge, filter MergeFilter, order MergeOrderField, facet MergeFacet);

planned! {
    Merge of merge as Merge, lists [] {
        "decision" Text Judgement,
        "at" Instant JudgedAt,
        "reason" Text Reason,
        nodes:
        "kept" [LeftId, Kind],
        "other" [RightId, Kind],
        node_ids:
        "keptId" ["left_id", "kind"],
        "otherId" ["right_id", "kind"],
        computed:
        "by" ["judged_by"] author,
    }
}

/// A recorded decision on whether two actors, places or events are the same.
///
/// If they are the SAME, the other entity is merged into the kept one: its id and slug then return the kept entity,
/// which has the names, external ids, relations, participations, statements and evidence of both. `unmerge` restores
/// both exactly.
#[Object]
impl Merge {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Merge.global(self.0.id.0)
    }
    /// The decision: SAME, NOT_SAME or UNSURE.
    async fn decision(&self) -> MergeDecision {
        self.0.judgement
    }
    /// The entity that is kept when the two are merged.
    async fn kept(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.left_id.0, Some(row.kind)))).await
    }
    /// Global id of `kept`.
    async fn kept_id(&self) -> Option<ID> {
        Some(mergeable(self.0.kind)?.global(self.0.left_id.0))
    }
    /// The other entity; null while it is merged into `kept`.
    async fn other(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.right_id.0, Some(row.kind)))).await
    }
    /// Global id of the other entity; pass it to `unmerge`.
    async fn other_id(&self) -> Option<ID> {
        Some(mergeable(self.0.kind)?.global(self.0.right_id.0))
    }
    /// Time of the decision.
    async fn at(&self) -> DateTime {
        DateTime(self.0.judged_at)
    }
    /// Reason for the decision.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }
    /// Author of the decision: the name of an API key, `command line`, or the author given in an imported `merge`
    /// record. Needs the scope ADMIN; others get null and the error `FORBIDDEN`, or `UNAUTHENTICATED` without a key.
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<&str, SharedError>> {
        Some(caller(ctx).require(Scope::Admin).map(|()| self.0.judged_by.as_str()).map_err(SharedError::from))
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
    MergeQuery of Merge {
        lists {
            /// Paginated list of merge decisions: whether two entities are the same.
            merges;
        }
    }
}

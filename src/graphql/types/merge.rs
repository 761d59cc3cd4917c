//! Judgements on two things being one: what was judged, and judging.

use async_graphql::{Context, Enum, ID, Object};

use crate::auth::Scope;
use crate::graphql::connection::facets::{NodeFacet, Values};
use crate::graphql::connection::keyset::order;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::session::{SharedError, caller};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Node, NodeKind, target_if};
use entity::merge::{Column, MergeDecision};

node_type!(Merge of merge, filter MergeFilter, order MergeOrderField, facet MergeFacet);

/// A recorded judgement on two actors, places or events being one. Judged the same, the other is no thing of its own any more:
/// its id and slug name the kept one, which has its names, ids elsewhere, relations, parts in events, statements and evidence
/// besides its own. `unmerge` undoes it to the letter.
#[Object]
impl Merge {
    /// Its id: opaque, unique over all types.
    async fn id(&self) -> ID {
        NodeKind::Merge.global(self.0.id.0)
    }
    /// What was judged.
    async fn decision(&self) -> MergeDecision {
        self.0.judgement
    }
    /// The one that is kept when they are the same.
    async fn kept(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.left_id.0, Some(row.kind)))).await
    }
    /// The id of the kept one.
    async fn kept_id(&self) -> Option<ID> {
        Some(mergeable(self.0.kind)?.global(self.0.left_id.0))
    }
    /// The other; null while it is judged to be the kept one.
    async fn other(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.right_id.0, Some(row.kind)))).await
    }
    /// The id of the other, for `unmerge`.
    async fn other_id(&self) -> Option<ID> {
        Some(mergeable(self.0.kind)?.global(self.0.right_id.0))
    }
    /// When it was judged.
    async fn at(&self) -> DateTime {
        DateTime(self.0.judged_at)
    }
    /// Why.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }
    /// Who judged: the name of a key. Needs the scope ADMIN; others get null and an error (`FORBIDDEN`, without a key
    /// `UNAUTHENTICATED`).
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<&str, SharedError>> {
        Some(caller(ctx).needs(Scope::Admin).map(|()| self.0.judged_by.as_str()).map_err(SharedError::from))
    }
}

/// The node type of a kind of record that can be merged.
pub(crate) fn mergeable(kind: entity::record::RecordKind) -> Option<NodeKind> {
    NodeKind::of_stored(kind).filter(|kind| matches!(kind, NodeKind::Actor | NodeKind::Place | NodeKind::Event))
}

filter! {
    /// Which judgements.
    MergeFilter of merge {
        /// What was judged.
        decision: EnumFilter<MergeDecision> = column(Judgement);
        /// The noun of both.
        kind: EnumFilter<entity::record::RecordKind> = column(Kind);
    }
}

/// By what judgements can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MergeFacet {
    /// The decision.
    Decision,
    /// The noun of both.
    Kind,
}

impl NodeFacet for MergeFacet {
    fn values(self) -> Values {
        match self {
            Self::Decision => Values::words(Column::Judgement),
            Self::Kind => Values::words(Column::Kind),
        }
    }
}

order! {
    /// By what judgements can be ordered.
    MergeOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root_fields! {
    MergeQuery of Merge {
        lists {
            /// What was judged of two things being one.
            merges;
        }
    }
}

//! The audit log: a list of changes, and a subscription to new ones.

use async_graphql::{Enum, ID};

use crate::auth::Scope;
use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::connection::{Edge, List};
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::changed_field::{ChangedField, changed_fields};
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::Node;
use entity::change::{Column, Operation};
use entity::record::RecordKind;

node_type! {
    /// An entry of the audit log: one change of one record and its child records. Changes are numbered in commit order,
    /// without gaps, across all processes that write.
    Change of change as Change, filter ChangeFilter, order ChangeOrderField, facet ChangeFacet {
        /// Time of the change.
        at: DateTime = column(At);
        /// Operation: create, update, delete, merge or unmerge.
        operation: Operation = column(Operation);
        /// Type of the changed node.
        kind: entity::record::RecordKind = column(Kind);
        /// The changed node as it is now; null if it was deleted or is merged into another.
        node: Option<Node> = node(RecordId, Kind);
        /// Global id of the changed node, even if it was deleted or is merged into another.
        node_id: Option<ID> = node_id(RecordId, Kind);
        /// Field-level diff of the node and its child records: changed values and removed child records. Empty for a creation;
        /// added child records are not listed.
        fields: Vec<ChangedField> = computed([before, after], changed_fields);
        /// Identifies the import or request that made the change: all its changes have the same value.
        batch: String = column(Batch);
        /// Author of the change: the name of an API key, or `command line`. Needs the scope ADMIN; others get null and the error
        /// `FORBIDDEN`, or `UNAUTHENTICATED` without a key.
        by: Option<String> = computed([by], author);
    }
}

/// Returns the author of a change or a decision, for callers with the scope ADMIN.
pub(super) fn author(call: &RowCall<'_>) -> Computed {
    call.caller.require(Scope::Admin).map(|()| call.text(0)).into()
}

filter! {
    /// Filter for changes.
    ChangeFilter of change {
        /// Operation: create, update, delete, merge or unmerge.
        operation: EnumFilter<Operation> = column(Operation);
        /// Type of the changed node.
        kind: EnumFilter<entity::record::RecordKind> = column(Kind);
    }
}

/// Facets of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeFacet {
    /// Operation: create, update, delete, merge or unmerge.
    Operation,
    /// Type of the changed node.
    Kind,
}

impl NodeFacet for ChangeFacet {
    fn values(self) -> FacetValues {
        match self {
            Self::Operation => FacetValues::column(Column::Operation),
            Self::Kind => FacetValues::column(Column::Kind),
        }
    }
}

order! {
    /// Sort keys for changes.
    ChangeOrderField {
        /// Commit order.
        Recorded = Recorded,
    }
}

root_fields! {
    root_fields {
        /// Paginated list of changes, the audit log, in commit order. To get newer changes later, pass the last cursor as
        /// `after`; to be notified of them, use the subscription of the same name.
        changes: Option<List<Change>> = list;
    }
}

root_fields! {
    subscription_fields {
        /// Streams changes as they are committed, by any process, in commit order. Each change is delivered exactly once.
        ///
        /// A disconnected client resumes with `after: <last cursor>`, here or in the list of the same name; both use the same
        /// cursors. Error: `BAD_INPUT` for a cursor of another list.
        changes(
            filter: Option<ChangeFilter>, "Streams only changes that match this filter.";
            after: Option<String>, "Starts after this cursor (default: with the next change).";
        ): Edge<Change> = given;
    }
}

impl ChangeFilter {
    /// Returns whether a change matches: what [`NodeFilter::condition`] tests in the database.
    ///
    /// [`NodeFilter::condition`]: crate::graphql::filter::NodeFilter::condition
    pub(crate) fn matches(&self, operation: Operation, kind: RecordKind) -> bool {
        self.and.iter().flatten().all(|filter| filter.matches(operation, kind))
            && self.or.as_ref().is_none_or(|filters| filters.iter().any(|filter| filter.matches(operation, kind)))
            && !self.not.as_ref().is_some_and(|filter| filter.matches(operation, kind))
            && self.operation.as_ref().is_none_or(|filter| filter.matches(operation))
            && self.kind.as_ref().is_none_or(|filter| filter.matches(kind))
    }
}

//! The audit log: a list of changes, and a subscription to new ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_graphql::{Context, Enum, ID, Object, Subscription};
use futures_util::Stream;
use sea_orm::sea_query::Expr;

use crate::auth::Scope;
use crate::db::{ChangeSet, SharedBatch};
use crate::graphql::connection::Edge;
use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::loader::{LoadedPages, ROOT_PARENT};
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::filter::{EnumFilter, FilterContext, NodeFilter, filter};
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{Session, SharedError, caller, session};
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::changed_field::{ChangedField, changed_fields, fields};
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Node, NodeKind, target_if};
use entity::change::{Column, Entity, Operation};
use entity::record::RecordKind;

node_type!(Change of change, filter ChangeFilter, order ChangeOrderField, facet ChangeFacet);

planned! {
    Change of change as Change, lists [] {
        "at" Instant At,
        "operation" Text Operation,
        "kind" Text Kind,
        "batch" Text Batch,
        nodes:
        "node" [RecordId, Kind],
        node_ids:
        "nodeId" ["record_id", "kind"],
        computed:
        "fields" ["before", "after"] changed_fields,
        "by" ["by"] author,
    }
}

/// An entry of the audit log: one change of one record and its child records. Changes are numbered in commit order,
/// without gaps, across all processes that write.
#[Object]
impl Change {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Change.global(self.0.id.0)
    }
    /// Time of the change.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
    /// Operation: create, update, delete, merge or unmerge.
    async fn operation(&self) -> Operation {
        self.0.operation
    }
    /// Type of the changed node.
    async fn kind(&self) -> entity::record::RecordKind {
        self.0.kind
    }
    /// The changed node as it is now; null if it was deleted or is merged into another.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.record_id.0, Some(row.kind)))).await
    }
    /// Global id of the changed node, even if it was deleted or is merged into another.
    async fn node_id(&self) -> Option<ID> {
        Some(NodeKind::of_stored(self.0.kind)?.global(self.0.record_id.0))
    }
    /// Field-level diff of the node and its child records: changed values and removed child records. Empty for a creation;
    /// added child records are not listed.
    async fn fields(&self) -> ResolvedList<ChangedField> {
        ResolvedList(fields(&self.0))
    }
    /// Identifies the import or request that made the change: all its changes have the same value.
    async fn batch(&self) -> &str {
        &self.0.batch
    }
    /// Author of the change: the name of an API key, or `command line`. Needs the scope ADMIN; others get null and the error
    /// `FORBIDDEN`, or `UNAUTHENTICATED` without a key.
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<&str, SharedError>> {
        Some(caller(ctx).require(Scope::Admin).map(|()| self.0.by.as_str()).map_err(SharedError::from))
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
    ChangeQuery of Change {
        lists {
            /// Paginated list of changes, the audit log, in commit order. To get newer changes later, pass the last cursor as
            /// `after`; to be notified of them, use the subscription of the same name.
            changes;
        }
    }
}

/// The subscription to changes.
#[derive(Default)]
pub struct ChangeSubscription;

/// The subscription to changes.
#[Subscription]
impl ChangeSubscription {
    /// Streams changes as they are committed, by any process, in commit order. Each change is delivered exactly once.
    ///
    /// A disconnected client resumes with `after: <last cursor>`, here or in the list of the same name; both use the same
    /// cursors. Error: `BAD_INPUT` for a cursor of another list.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Streams only changes that match this filter.")] filter: Option<Box<ChangeFilter>>,
        #[graphql(desc = "Starts after this cursor (default: with the next change).")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<Edge<Change>, SharedError>> + use<>, SharedError> {
        let session = session(ctx)?.clone();
        let position = ctx.data_opt::<Position>().cloned().unwrap_or_default();
        let last = match (position.get(), after) {
            (Some(last), _) => last,
            (None, Some(cursor)) => Keyset::new(LIST, Vec::new(), id()).parse_cursor(&cursor)?.id(),
            (None, None) => session.db().lookups().counter("change").await?,
        };
        position.set(last);
        if let Some(filter) = &filter {
            // Invalid filters are refused now.
            filter.condition(&mut FilterContext::new(session.dialect()))?;
        }
        let set =
            ChangeSet::new(|operation, kind| filter.as_ref().is_none_or(|filter| filter.matches(operation, kind)));
        let (latest, buffer) = (session.db().changes(), VecDeque::new());
        let stream =
            ChangeStream { latest, session, set, batch: None, last_read: last, buffer, position, last_sent: last };
        Ok(futures_util::stream::try_unfold(stream, |mut stream| async move {
            Ok(stream.next().await?.map(|edge| (edge, stream)))
        }))
    }
}

/// The list whose cursors the subscription uses.
const LIST: &str = "changes";

impl ChangeFilter {
    /// Returns whether a change matches: what [`NodeFilter::condition`] tests in the database.
    fn matches(&self, operation: Operation, kind: RecordKind) -> bool {
        self.and.iter().flatten().all(|filter| filter.matches(operation, kind))
            && self.or.as_ref().is_none_or(|filters| filters.iter().any(|filter| filter.matches(operation, kind)))
            && !self.not.as_ref().is_some_and(|filter| filter.matches(operation, kind))
            && self.operation.as_ref().is_none_or(|filter| filter.matches(operation))
            && self.kind.as_ref().is_none_or(|filter| filter.matches(kind))
    }
}

/// The last change that a subscription delivered. When the subscription is restarted on another connection to the database, it
/// continues there.
#[derive(Clone, Debug)]
pub(crate) struct Position(Arc<AtomicI64>);

impl Default for Position {
    fn default() -> Self {
        Self(Arc::new(Self::UNSET.into()))
    }
}

impl Position {
    const UNSET: i64 = -1;

    fn get(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|at| *at != Self::UNSET)
    }

    fn set(&self, at: i64) {
        self.0.store(at, Ordering::Relaxed);
    }
}

fn id() -> Expr {
    Expr::col((Entity, "id"))
}

/// The state of one subscription. It reads the next batch only after the client took the one before (backpressure), so nothing
/// piles up for a slow client.
struct ChangeStream {
    session: Session,
    latest: tokio::sync::watch::Receiver<i64>,
    set: ChangeSet,
    /// The batch in the buffer. As long as it is held, other subscriptions share it.
    batch: Option<SharedBatch>,
    /// The last change that was read.
    last_read: i64,
    buffer: VecDeque<Edge<Change>>,
    position: Position,
    /// The last change that was passed to the client.
    last_sent: i64,
}

impl ChangeStream {
    async fn next(&mut self) -> Result<Option<Edge<Change>>, SharedError> {
        // A request for the next change shows that the client took the one before.
        self.position.set(self.last_sent);
        loop {
            if let Some(edge) = self.buffer.pop_front() {
                self.last_sent = edge.row().0.id.0;
                return Ok(Some(edge));
            }
            let last = self.last_read;
            self.position.set(last);
            // Changes that are committed while it waits are not in a snapshot from before.
            self.session.end_snapshot().await;
            // The sender is dropped only when the program ends.
            let Ok(latest) = self.latest.wait_for(|latest| *latest > last).await.map(|latest| *latest) else {
                return Ok(None);
            };
            let shared = self.session.db().read_changes(&self.set, last, latest).await?;
            let Some(batch) = shared.get() else { continue };
            self.last_read = batch.last;
            let read = LoadedPages::of_rows(LIST, Arc::clone(&batch.rows));
            self.batch = Some(shared);
            self.buffer.extend(Edge::all(&read, ROOT_PARENT));
        }
    }
}

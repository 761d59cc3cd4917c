//! The subscription to changes: a stream of the rows of the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_graphql::{PathSegment, Pos, Response};
use entity::row::Rows;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use crate::auth::Caller;
use crate::db::{ChangeSet, SharedBatch};
use crate::error::Error;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::plan::{self, OwnedOperation, Plan};
use crate::graphql::schema::node_type::OfNodeType;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::change::{Change, ChangeFilter};

/// The list whose cursors the subscription uses.
const LIST: &str = "changes";

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

/// Executes a valid subscription by its plan, as a stream of responses.
pub(crate) fn responses<O: OwnedOperation>(
    plan: Arc<Plan>,
    operation: O,
    session: Session,
    caller: Caller,
    position: Position,
) -> BoxStream<'static, Response> {
    let subscription = Subscription { plan, operation, session, caller, position, rows: None };
    stream::unfold(Some(subscription), async |subscription| {
        let mut subscription = subscription?;
        match subscription.next().await {
            Ok(response) => Some((response?, Some(subscription))),
            // An error ends the subscription.
            Err(error) => Some((subscription.failed(error), None)),
        }
    })
    .boxed()
}

/// A subscription that is being executed.
struct Subscription<O> {
    plan: Arc<Plan>,
    operation: O,
    session: Session,
    caller: Caller,
    position: Position,
    rows: Option<BoxStream<'static, Result<Rows, SharedError>>>,
}

impl<O: OwnedOperation> Subscription<O> {
    async fn next(&mut self) -> Result<Option<Response>, SharedError> {
        let operation = self.operation.operation()?;
        let rows = match &mut self.rows {
            Some(rows) => rows,
            None => {
                let arguments = self.plan.subscribed().map(|(_, arguments)| arguments);
                let arguments = arguments.ok_or_else(|| Error::Internal("the operation is no subscription".into()))?;
                let arguments = operation.arguments().field(arguments);
                self.rows.insert(changes(&self.session, &arguments, &self.position).await?.boxed())
            }
        };
        let Some(row) = rows.next().await.transpose()? else { return Ok(None) };
        let executed = plan::execute(&self.plan, operation, &self.session, &self.caller, None, Some(&row)).await;
        Ok(Some(executed.into()))
    }

    /// The response to an error of the root field.
    fn failed(&self, error: SharedError) -> Response {
        let error = async_graphql::Error::from(error);
        let error = match self.plan.subscribed() {
            Some((root, _)) => {
                let mut error = error.into_server_error(root.key.position);
                error.path = vec![PathSegment::Field(root.key.name.to_string())];
                error
            }
            None => error.into_server_error(Pos::default()),
        };
        Response::from_errors(vec![error])
    }
}

/// Streams changes as they are committed, each as one row with all columns of the audit log. Error: `BAD_INPUT` for a cursor of
/// another list, and for an invalid filter.
async fn changes(
    session: &Session,
    arguments: &FieldArguments,
    position: &Position,
) -> Result<impl Stream<Item = Result<Rows, SharedError>> + use<>, SharedError> {
    let filter: Option<ChangeFilter> = arguments.get("filter")?;
    let last = match (position.get(), arguments.get::<Option<String>>("after")?) {
        (Some(last), _) => last,
        (None, Some(cursor)) => Keyset::new(LIST, Vec::new(), Change::node_type().id()).parse_cursor(&cursor)?.id(),
        (None, None) => session.db().lookups().counter("change").await?,
    };
    position.set(last);
    if let Some(filter) = &filter {
        // Invalid filters are refused now.
        filter.condition(&mut FilterContext::new(session.dialect()))?;
    }
    let set = ChangeSet::new(|operation, kind| filter.as_ref().is_none_or(|filter| filter.matches(operation, kind)));
    let changes = ChangeStream {
        latest: session.db().changes(),
        session: session.clone(),
        set,
        batch: None,
        last_read: last,
        position: position.clone(),
        last_sent: last,
    };
    Ok(stream::try_unfold(changes, |mut changes| async move { Ok(changes.next().await?.map(|row| (row, changes))) }))
}

/// The state of one subscription. It reads the next batch only after the client took the one before (backpressure), so nothing
/// piles up for a slow client.
struct ChangeStream {
    session: Session,
    latest: tokio::sync::watch::Receiver<i64>,
    set: ChangeSet,
    /// The batch that is being delivered, and the index of the next change in it. As long as it is held, other subscriptions
    /// share it.
    batch: Option<(SharedBatch, usize)>,
    /// The last change that was read.
    last_read: i64,
    position: Position,
    /// The last change that was given to the client.
    last_sent: i64,
}

impl ChangeStream {
    async fn next(&mut self) -> Result<Option<Rows>, SharedError> {
        // A request for the next change shows that the client took the one before.
        self.position.set(self.last_sent);
        loop {
            if let Some((shared, next)) = &mut self.batch
                && let Some(row) = shared.get().and_then(|batch| batch.rows.get(*next))
            {
                *next += 1;
                self.last_sent = row.at(0)?;
                return Ok(Some(row.to_rows()?));
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
            self.batch = Some((shared, 0));
        }
    }
}

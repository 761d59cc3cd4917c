//! A connection pool for reads, whose statements are canceled when their future is dropped.
//!
//! A request that times out, or whose client disconnects, drops the future of its statement. The database would continue to run
//! it. So the pool cancels the statement, and hands its connection to nobody else until the statement has ended.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use entity::row::Rows;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::sqlx::PgPool;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{DatabaseBackend, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

use crate::db::failure::ReadError;
use crate::db::pooled_connection::PooledConnection;
use crate::db::replica::ServerIncarnation;
use crate::db::shared_connections::SharedConnections;
use crate::db::sqlite_reader::{INLINE_TIME, KeyedRows, RepeatedStatement};

/// Number of clients above which those without requests are forgotten.
const MAX_IDLE_CLIENTS: usize = 1000;

/// A pool of read connections. Clones share the connections.
#[derive(Clone, Debug)]
pub struct ReadPool {
    inner: Arc<PoolInner>,
    /// Set to true when a statement fails only because it ran on a replica.
    replica_failed: Option<Arc<AtomicBool>>,
}

struct PoolInner {
    free: Mutex<Vec<PooledConnection>>,
    /// One permit per free connection. Waiters are served in order.
    permits: Arc<Semaphore>,
    size: usize,
    /// One permit per connection that a client may take, for the clients that have or wait for one.
    clients: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
    backend: DatabaseBackend,
    /// On a replica: the incarnation of the server that the connections lead to.
    incarnation: Option<ServerIncarnation>,
    /// Connections for short statements; `None` on SQLite.
    shared: Option<SharedConnections>,
}

impl fmt::Debug for PoolInner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ReadPool").field("backend", &self.backend).field("size", &self.size).finish_non_exhaustive()
    }
}

impl PoolInner {
    fn release(&self, connection: PooledConnection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// A connection taken out of the pool. Dropping it cancels its running statement and returns the connection.
pub(crate) struct ReservedConnection {
    connection: Option<PooledConnection>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<PoolInner>,
    /// True while the database runs a statement. If it is still true on drop, the statement has to be canceled.
    is_running: bool,
    transaction: Transaction,
    /// Lets a client take only a part of the connections.
    client_permit: Option<OwnedSemaphorePermit>,
    /// Time for which statements may still occupy the caller's thread.
    inline_time: Duration,
}

/// The transaction of a reserved connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// It begins with the next statement.
    Wanted,
    /// It may have begun.
    Begun,
}

impl ReservedConnection {
    /// Runs a statement and returns its rows. Dropping the future cancels the statement.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Rows, ReadError> {
        Ok(self.all_for_each(RepeatedStatement { statement, keys: None }).await?.0)
    }

    /// Runs a statement, for each key if it is repeated, and returns its rows with the key of each. Dropping the future cancels
    /// the statement.
    pub(crate) async fn all_for_each(&mut self, statement: RepeatedStatement) -> Result<KeyedRows, ReadError> {
        let connection = self.connection.as_mut().ok_or_else(ReadError::closed)?;
        if self.transaction == Transaction::Begun && !connection.is_connected() {
            // A new connection would see another state.
            return Err(ReadError::closed());
        }
        let begin = self.transaction == Transaction::Wanted;
        if begin {
            self.transaction = Transaction::Begun;
        }
        let shared = self.pool.shared.as_ref().map(|shared| (shared, shared.digest(&statement.statement.sql)));
        self.is_running = true;
        let started = Instant::now();
        let rows = connection.all(statement, begin, self.inline_time).await;
        let time = started.elapsed();
        self.inline_time = self.inline_time.saturating_sub(time);
        self.is_running = false;
        if let Some((shared, statement)) = shared {
            shared.note_time(statement, time);
        }
        rows
    }

    /// Begins a transaction, whose statements all see one state: the one at its first statement.
    pub(crate) fn begin(&mut self) {
        if self.transaction == Transaction::None {
            self.transaction = Transaction::Wanted;
        }
    }

    /// Ends the transaction. A connection on which that fails is closed.
    pub(crate) fn end(&mut self) {
        if let (Transaction::Begun, Some(connection)) = (self.transaction, &mut self.connection) {
            connection.end("COMMIT");
        }
        self.transaction = Transaction::None;
    }
}

impl Drop for ReservedConnection {
    fn drop(&mut self) {
        let (Some(mut connection), Some(permit)) = (self.connection.take(), self.permit.take()) else { return };
        let (is_running, in_transaction) = (self.is_running, self.transaction == Transaction::Begun);
        // A statement on a lost server cannot be canceled.
        if self.pool.incarnation.as_ref().is_some_and(ServerIncarnation::is_lost) {
            connection.disconnect();
        } else if is_running {
            // Without a runtime the process is ending, and its connections with it.
            let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
            let (pool, client_permit) = (Arc::clone(&self.pool), self.client_permit.take());
            runtime.spawn(async move {
                connection.cancel().await;
                if in_transaction {
                    connection.end("ROLLBACK");
                }
                pool.release(connection);
                drop((permit, client_permit));
            });
            return;
        } else if in_transaction {
            connection.end("ROLLBACK");
        }
        self.pool.release(connection);
    }
}

impl ReadPool {
    /// A pool of this many connections to a SQLite file.
    pub(crate) fn sqlite(file: &Path, size: usize) -> Self {
        Self::new(DatabaseBackend::Sqlite, (0..size).map(|_| PooledConnection::sqlite(file)).collect(), None, None)
    }

    /// A pool of this many connections to a PostgreSQL server, which cancels statements through `cancel_pool`. Connections to a
    /// replica are to one incarnation of it.
    pub(super) fn postgres(
        options: &Arc<PgConnectOptions>,
        cancel_pool: &PgPool,
        size: usize,
        incarnation: Option<&ServerIncarnation>,
    ) -> Self {
        let connections = (0..size).map(|_| PooledConnection::postgres(options, cancel_pool, incarnation)).collect();
        let shared = SharedConnections::new(options, incarnation);
        Self::new(DatabaseBackend::Postgres, connections, incarnation.cloned(), Some(shared))
    }

    fn new(
        backend: DatabaseBackend,
        free: Vec<PooledConnection>,
        incarnation: Option<ServerIncarnation>,
        shared: Option<SharedConnections>,
    ) -> Self {
        let size = free.len();
        let permits = Arc::new(Semaphore::new(size));
        let inner = PoolInner {
            free: Mutex::new(free),
            permits,
            size,
            clients: Mutex::default(),
            backend,
            incarnation,
            shared,
        };
        Self { inner: Arc::new(inner), replica_failed: None }
    }

    /// Returns the same connections for one request. The flag is set to true when a statement fails only because it ran on a
    /// replica.
    pub(crate) fn reporting_to(&self, replica_failed: Arc<AtomicBool>) -> Self {
        Self { replica_failed: Some(replica_failed), ..self.clone() }
    }

    /// Converts an error of a statement. On a replica, an error that the primary would not have becomes [`Error::Replica`].
    pub(crate) fn failed(&self, error: ReadError) -> Error {
        let Some(incarnation) = &self.inner.incarnation else { return error.into() };
        let error = incarnation.classify(error);
        if let (Error::Replica(_), Some(replica_failed)) = (&error, &self.replica_failed) {
            replica_failed.store(true, Ordering::Relaxed);
        }
        error
    }

    /// The kind of database.
    pub fn backend(&self) -> DatabaseBackend {
        self.inner.backend
    }

    /// Returns true if the connections are to a replica.
    pub(crate) fn is_replica(&self) -> bool {
        self.inner.incarnation.is_some()
    }

    /// The number of connections, and how many of them are in use.
    pub fn occupancy(&self) -> (usize, usize) {
        (self.inner.size, self.inner.size.saturating_sub(self.inner.permits.available_permits()))
    }

    /// Runs a statement and returns its rows. Dropping the future cancels the statement.
    pub async fn all(&self, statement: Statement) -> Result<Rows> {
        let rows = self.reserve().await?.all(statement).await;
        rows.map_err(|error| self.failed(error))
    }

    /// Runs a statement on a connection that others use at the same time, if it is short. `None` if it has to run on a connection
    /// of its own: always on SQLite, which has no such connections.
    pub(crate) async fn share(&self, statement: &Statement, is_look_up: bool) -> Result<Option<Rows>> {
        let Some(shared) = &self.inner.shared else { return Ok(None) };
        shared.all(statement, is_look_up).await.map_err(|error| self.failed(error))
    }

    /// The value of a row of the table `counter`.
    pub async fn counter(&self, name: &str) -> Result<i64> {
        let select = Query::select().column("value").from("counter").and_where(Expr::col("name").eq(name)).take();
        let rows = self.all(self.backend().build(&select)).await?;
        let row = rows.first().ok_or_else(|| Error::Internal(format!("there is no counter `{name}`")))?;
        Ok(row.get("value")?)
    }

    /// Waits for a free connection.
    pub(crate) async fn reserve(&self) -> Result<ReservedConnection> {
        let permit = Arc::clone(&self.inner.permits).acquire_owned().await.map_err(|_| ReadError::closed())?;
        Ok(self.pop(permit).ok_or_else(ReadError::closed)?)
    }

    /// Waits for a free connection for a client. One client gets at most three quarters of the connections at the same time, so that
    /// others do not wait for its requests.
    pub(crate) async fn reserve_for(&self, client: &Arc<str>) -> Result<ReservedConnection> {
        let permits = {
            let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if clients.len() > MAX_IDLE_CLIENTS {
                clients.retain(|_, permits| permits.strong_count() > 0);
            }
            let known = clients.get(client).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let permits = Arc::new(Semaphore::new(self.inner.size - self.inner.size / 4));
                clients.insert(Arc::clone(client), Arc::downgrade(&permits));
                permits
            })
        };
        let client_permit = permits.acquire_owned().await.map_err(|_| ReadError::closed())?;
        let mut connection = self.reserve().await?;
        connection.client_permit = Some(client_permit);
        Ok(connection)
    }

    /// Returns a connection if one is free.
    pub(crate) fn try_reserve(&self) -> Option<ReservedConnection> {
        Arc::clone(&self.inner.permits).try_acquire_owned().ok().and_then(|permit| self.pop(permit))
    }

    fn pop(&self, permit: OwnedSemaphorePermit) -> Option<ReservedConnection> {
        let mut connection = self.inner.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        connection.drop_if_idle();
        Some(ReservedConnection {
            connection: Some(connection),
            permit: Some(permit),
            pool: Arc::clone(&self.inner),
            is_running: false,
            transaction: Transaction::None,
            client_permit: None,
            inline_time: INLINE_TIME,
        })
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) -> Result<()> {
        let all = u32::try_from(self.inner.size).unwrap_or(u32::MAX);
        // The pool may be closed already.
        let Ok(permits) = self.inner.permits.acquire_many(all).await else { return Ok(()) };
        self.inner.permits.close();
        drop(permits);
        if let Some(shared) = &self.inner.shared {
            shared.close().await;
        }
        let connections = std::mem::take(&mut *self.inner.free.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in connections {
            connection.close().await;
        }
        Ok(())
    }
}

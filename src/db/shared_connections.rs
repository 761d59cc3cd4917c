//! Connections to PostgreSQL that all requests share, for short statements.
//!
//! A connection of the pool is reserved for one request until its statement has ended. Waiting for a connection, and then for the
//! result, takes more of the processor than a short statement. A shared connection gets the statements of several requests without
//! waiting for results (pipelining). It is not for longer statements: those after them would wait, and canceling one could cancel
//! another. Which statements are long shows when they run: the server cancels them after [`MAX_TIME`], and they run again on a
//! connection of the pool. As long as they take long there, they are not tried on a shared connection.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use entity::row::Rows;
use sea_orm::Statement;
use sea_orm::sqlx::postgres::PgConnectOptions;

use crate::db::failure::{Cause, ReadError};
use crate::db::pooled_connection::MAX_IDLE;
use crate::db::postgres_reader::PostgresConnection;
use crate::db::replica::ServerIncarnation;

/// Maximum number of connections. Another one is opened only when all others have statements.
const MAX_CONNECTIONS: usize = 8;

/// Maximum number of statements on a connection for which another one may wait, unless it looks up a single row.
const MAX_WAITING: usize = 4;

/// Maximum time of a statement.
const MAX_TIME: Duration = Duration::from_millis(50);

/// The time for which a statement that took longer is not tried again.
const SLOW_TIME: Duration = Duration::from_secs(60);
/// Maximum number of statements that are remembered as slow. Beyond it they are forgotten, and tried again.
const MAX_SLOW: usize = 1000;

/// A statement that was abandoned after this time shows that its connection may be broken: it is not used again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shared connections, which are opened when they are needed.
pub(super) struct SharedConnections {
    options: Arc<PgConnectOptions>,
    /// On a replica: the only incarnation of the server that the connections may use.
    incarnation: Option<ServerIncarnation>,
    slots: [Slot; MAX_CONNECTIONS],
    slow: SlowStatements,
}

/// The digest of a statement's SQL.
#[derive(Clone, Copy)]
pub(super) struct StatementDigest(u64);

/// The statements that took too long, by the digests of their SQL.
#[derive(Default)]
struct SlowStatements {
    since: Mutex<HashMap<u64, Instant>>,
    digest: RandomState,
}

impl SlowStatements {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contains(&self, statement: StatementDigest) -> bool {
        self.lock().get(&statement.0).is_some_and(|since| since.elapsed() < SLOW_TIME)
    }

    fn insert(&self, statement: StatementDigest) {
        let mut since = self.lock();
        if since.len() >= MAX_SLOW {
            since.clear();
        }
        since.insert(statement.0, Instant::now());
    }
}

#[derive(Default)]
struct Slot {
    /// Number of statements that have not ended.
    running: AtomicUsize,
    connection: Mutex<Option<OpenConnection>>,
    /// Held by the statement that opens the connection for all.
    opening: tokio::sync::Mutex<()>,
}

struct OpenConnection {
    connection: Arc<PostgresConnection>,
    last_used: Instant,
}

/// A statement that has not ended.
struct Running<'s> {
    slot: &'s Slot,
    /// Its connection, once that is open.
    connection: Option<Arc<PostgresConnection>>,
    started: Instant,
}

impl Running<'_> {
    fn end(mut self) {
        self.connection = None;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.slot.running.fetch_sub(1, Ordering::Relaxed);
        // Nobody waits any more. If the network dropped the connection silently, all later statements would wait on it in vain.
        if let Some(connection) = self.connection.take().filter(|_| self.started.elapsed() > PATIENCE) {
            let mut slot = self.slot.lock();
            if slot.as_ref().is_some_and(|open| Arc::ptr_eq(&open.connection, &connection)) {
                *slot = None;
            }
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<OpenConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Returns the connection if it is open.
    fn open(&self) -> Option<Arc<PostgresConnection>> {
        let mut slot = self.lock();
        let is_usable = |open: &OpenConnection| !open.connection.is_closed() && open.last_used.elapsed() < MAX_IDLE;
        if !slot.as_ref().is_some_and(is_usable) {
            *slot = None;
        }
        let open = slot.as_mut()?;
        open.last_used = Instant::now();
        Some(Arc::clone(&open.connection))
    }
}

impl SharedConnections {
    pub(super) fn new(options: &Arc<PgConnectOptions>, incarnation: Option<&ServerIncarnation>) -> Self {
        Self {
            options: Arc::clone(options),
            incarnation: incarnation.cloned(),
            slots: Default::default(),
            slow: SlowStatements::default(),
        }
    }

    pub(super) fn digest(&self, sql: &str) -> StatementDigest {
        StatementDigest(self.slow.digest.hash_one(sql))
    }

    /// Notes how long a statement took on a connection of its own.
    pub(super) fn note_time(&self, statement: StatementDigest, time: Duration) {
        if time > MAX_TIME {
            self.slow.insert(statement);
        }
    }

    /// Runs a statement and returns its rows; `None` if it is not short, or must wait for others. A look-up of a single row waits.
    /// Dropping the future does not cancel the statement.
    pub(super) async fn all(&self, statement: &Statement, is_look_up: bool) -> Result<Option<Rows>, ReadError> {
        // The first one without statements, or the one with the fewest.
        let slot = self.slots.iter().min_by_key(|slot| slot.running()).ok_or_else(ReadError::closed)?;
        let digest = self.digest(&statement.sql);
        if (!is_look_up && slot.running() >= MAX_WAITING) || self.slow.contains(digest) {
            return Ok(None);
        }
        slot.running.fetch_add(1, Ordering::Relaxed);
        let mut running = Running { slot, connection: None, started: Instant::now() };
        let connection = match slot.open() {
            Some(connection) => connection,
            None => Box::pin(self.connect(slot)).await?,
        };
        running.connection = Some(Arc::clone(&connection));
        let rows = connection.all(statement, false).await;
        running.end();
        match rows {
            Err(error) if error.cause == Cause::Canceled => {
                self.slow.insert(digest);
                Ok(None)
            }
            rows => rows.map(Some),
        }
    }

    async fn connect(&self, slot: &Slot) -> Result<Arc<PostgresConnection>, ReadError> {
        let _opening = slot.opening.lock().await;
        if let Some(connection) = slot.open() {
            return Ok(connection);
        }
        let connection = Arc::new(PostgresConnection::open(&self.options, self.incarnation.as_ref()).await?);
        connection.limit_time(MAX_TIME).await?;
        *slot.lock() = Some(OpenConnection { connection: Arc::clone(&connection), last_used: Instant::now() });
        Ok(connection)
    }

    /// Closes all connections and waits until they are closed, apart from those whose statements still run.
    pub(super) async fn close(&self) {
        for slot in &self.slots {
            let open = slot.lock().take();
            if let Some(connection) = open.and_then(|open| Arc::into_inner(open.connection)) {
                connection.close().await;
            }
        }
    }
}

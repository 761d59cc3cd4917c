//! Connections for reading, whose statements stop when nobody waits for them any more.
//!
//! A client that goes away, or whose time is up, drops the future of its statement. The database would go on with it: so each
//! connection knows how to stop what it runs, and is given to nobody else before that has stopped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::sqlx::PgPool;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{DatabaseBackend, DbErr, QueryResult, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

use crate::db::ACQUIRE_TIMEOUT;
use crate::db::pooled_connection::{PooledConnection, closed};
use crate::db::replica::ServerIncarnation;

/// Connections for reading.
#[derive(Clone, Debug)]
pub struct ReadPool {
    room: Arc<PoolInner>,
    /// Where it is said that a statement failed because it ran on a replica.
    let_down: Option<Arc<AtomicBool>>,
}

#[derive(Debug)]
struct PoolInner {
    free: Mutex<Vec<PooledConnection>>,
    /// As many as are free; who waits is served in turn.
    permits: Arc<Semaphore>,
    seats: usize,
    backend: DatabaseBackend,
    /// Of a replica: the run of the server that they lead to.
    run: Option<ServerIncarnation>,
}

impl PoolInner {
    fn give_back(&self, seat: PooledConnection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(seat);
    }
}

/// A seat while statements run on it.
pub(crate) struct Taken {
    seat: Option<PooledConnection>,
    permit: Option<OwnedSemaphorePermit>,
    room: Arc<PoolInner>,
    /// Whether the database works on a statement, which is to be stopped when nobody waits for it.
    is_running: bool,
    /// Whether a transaction was begun, which ends with the connection.
    has_begun: bool,
}

impl Taken {
    /// The rows of a statement. When the future is dropped the statement stops.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let seat = self.seat.as_mut().ok_or_else(closed)?;
        self.is_running = true;
        let rows = seat.all(statement).await;
        self.is_running = false;
        rows
    }

    /// Begins a transaction, with these words.
    pub(crate) async fn begin(&mut self, words: &str) -> Result<(), DbErr> {
        self.has_begun = true;
        self.all(Statement::from_string(self.room.backend, words)).await.map(|_| ())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (Some(mut seat), Some(permit)) = (self.seat.take(), self.permit.take()) else { return };
        let has_begun = self.has_begun;
        let give_back = move |mut seat: PooledConnection, room: &PoolInner| {
            if has_begun {
                seat.leave();
            }
            room.give_back(seat);
        };
        // What runs at a server that has gone cannot be stopped.
        if !self.is_running || self.room.run.as_ref().is_some_and(ServerIncarnation::is_lost) {
            give_back(seat, &self.room);
            return;
        }
        // Without a runtime the program is ending, and its connections with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let room = Arc::clone(&self.room);
            runtime.spawn(async move {
                seat.stop().await;
                give_back(seat, &room);
                drop(permit);
            });
        }
    }
}

impl ReadPool {
    /// Connections to a SQLite file.
    pub(crate) fn sqlite(options: &SqliteConnectOptions, seats: usize) -> Self {
        let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options.clone());
        Self::new(DatabaseBackend::Sqlite, (0..seats).map(|_| PooledConnection::sqlite(&pool)).collect(), None)
    }

    /// Connections to a PostgreSQL server; `others` carries the word to stop. Those to a replica are to one run of it.
    pub(super) fn postgres(
        options: &PgConnectOptions,
        others: &PgPool,
        seats: usize,
        run: Option<&ServerIncarnation>,
    ) -> Self {
        let pool = PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options.clone());
        let seats = (0..seats).map(|_| PooledConnection::postgres(&pool, others, run)).collect();
        Self::new(DatabaseBackend::Postgres, seats, run.cloned())
    }

    fn new(backend: DatabaseBackend, free: Vec<PooledConnection>, run: Option<ServerIncarnation>) -> Self {
        let seats = free.len();
        let permits = Arc::new(Semaphore::new(seats));
        let room = PoolInner { free: Mutex::new(free), permits, seats, backend, run };
        Self { room: Arc::new(room), let_down: None }
    }

    /// The same connections for one request, which says there whether a replica has let it down.
    pub(crate) fn telling(&self, let_down: Arc<AtomicBool>) -> Self {
        Self { let_down: Some(let_down), ..self.clone() }
    }

    /// What an error of a statement means.
    pub(crate) fn failed(&self, error: DbErr) -> Error {
        let Some(run) = &self.room.run else { return error.into() };
        let error = run.judge(error);
        if let (Error::Replica(_), Some(let_down)) = (&error, &self.let_down) {
            let_down.store(true, Ordering::Relaxed);
        }
        error
    }

    /// Which database it is.
    pub fn backend(&self) -> DatabaseBackend {
        self.room.backend
    }

    /// All connections, and how many of them work now.
    pub fn occupancy(&self) -> (usize, usize) {
        (self.room.seats, self.room.seats.saturating_sub(self.room.permits.available_permits()))
    }

    /// The rows of a statement. When the future is dropped the statement stops.
    pub async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let rows = self.take().await?.all(statement).await;
        rows.map_err(|error| self.failed(error))
    }

    /// How far a counter has come.
    pub async fn counter(&self, name: &str) -> Result<i64> {
        let select = Query::select().column("value").from("counter").and_where(Expr::col("name").eq(name)).take();
        let rows = self.all(self.backend().build(&select)).await?;
        let row = rows.first().ok_or_else(|| Error::Broken(format!("no counter `{name}`")))?;
        Ok(row.try_get("", "value")?)
    }

    async fn take(&self) -> Result<Taken> {
        let waiting = Arc::clone(&self.room.permits).acquire_owned();
        let permit = waiting.await.map_err(|_| closed())?;
        Ok(self.seat(permit).ok_or_else(closed)?)
    }

    /// A seat, if one is free.
    pub(crate) fn try_take(&self) -> Option<Taken> {
        Arc::clone(&self.room.permits).try_acquire_owned().ok().and_then(|permit| self.seat(permit))
    }

    fn seat(&self, permit: OwnedSemaphorePermit) -> Option<Taken> {
        let seat = self.room.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let room = Arc::clone(&self.room);
        Some(Taken { seat: Some(seat), permit: Some(permit), room, is_running: false, has_begun: false })
    }

    /// Waits for what runs and closes.
    pub(crate) async fn close(&self) -> Result<()> {
        let all = u32::try_from(self.room.seats).unwrap_or(u32::MAX);
        // Already closed, there is nothing to wait for.
        let Ok(permits) = self.room.permits.acquire_many(all).await else { return Ok(()) };
        self.room.permits.close();
        drop(permits);
        let seats = std::mem::take(&mut *self.room.free.lock().unwrap_or_else(PoisonError::into_inner));
        for seat in seats {
            seat.close().await?;
        }
        Ok(())
    }
}

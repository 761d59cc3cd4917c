//! Connections for reading, whose statements stop when nobody waits for them any more.
//!
//! A client that goes away, or whose time is up, drops the future of its statement. The database would go on with it: so each
//! connection knows how to stop what it runs, and is given to nobody else before that has stopped.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::sqlx::{self, Executor, PgPool, Row, SqlitePool};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, QueryResult, RuntimeErr, Statement};
use sea_orm::{DbErr, SqlxPostgresConnector, SqlxSqliteConnector};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

use super::ACQUIRE_TIMEOUT;
use super::replica::Run;

/// After how many of its steps SQLite looks whether to stop: well under a millisecond.
const STEPS: i32 = 10_000;

/// Connections for reading.
#[derive(Clone, Debug)]
pub struct Reader {
    room: Arc<Room>,
    backend: DatabaseBackend,
    /// Where it is said that a statement failed because it ran on a replica.
    let_down: Option<Arc<AtomicBool>>,
}

#[derive(Debug)]
struct Room {
    free: Mutex<Vec<Seat>>,
    /// As many as are free; who waits is served in turn.
    permits: Arc<Semaphore>,
    seats: usize,
    /// Of a replica: the run of the server that they lead to.
    run: Option<Run>,
}

impl Room {
    fn give_back(&self, seat: Seat) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(seat);
    }
}

/// One connection: a pool of one, which connects anew when the connection breaks.
#[derive(Debug)]
struct Seat {
    connection: DatabaseConnection,
    stop: Stop,
}

/// How a running statement is stopped.
#[derive(Debug)]
enum Stop {
    /// SQLite asks for this flag while it works.
    Flag(Arc<AtomicBool>),
    /// PostgreSQL is told through another connection to cancel what this server process works on.
    Process(Arc<AtomicI32>, PgPool),
}

impl Seat {
    async fn stop(&self) {
        match &self.stop {
            Stop::Flag(flag) => {
                flag.store(true, Ordering::Relaxed);
                self.settle().await;
                flag.store(false, Ordering::Relaxed);
            }
            Stop::Process(process, others) => {
                let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(process.load(Ordering::Relaxed));
                if let Err(error) = cancel.execute(others).await {
                    tracing::warn!(%error, "a statement could not be cancelled");
                }
                self.settle().await;
            }
        }
    }

    /// Waits until the connection is back in its pool.
    async fn settle(&self) {
        if let Err(error) = self.connection.ping().await {
            tracing::warn!(%error, "a connection for reading broke; the next statement connects anew");
        }
    }
}

/// A seat while statements run on it.
pub(super) struct Taken {
    seat: Option<Seat>,
    permit: Option<OwnedSemaphorePermit>,
    room: Arc<Room>,
    /// Whether the database works on a statement, which is to be stopped when nobody waits for it.
    pub(super) running: bool,
}

impl Taken {
    pub(super) fn connection(&self) -> Result<&DatabaseConnection> {
        let seat = self.seat.as_ref().ok_or_else(|| Error::Broken("a seat without a connection".into()))?;
        Ok(&seat.connection)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (Some(seat), Some(permit)) = (self.seat.take(), self.permit.take()) else { return };
        // What runs at a server that has gone cannot be stopped.
        if !self.running || self.room.run.as_ref().is_some_and(Run::is_lost) {
            self.room.give_back(seat);
            return;
        }
        // Without a runtime the program is ending, and its connections with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let room = Arc::clone(&self.room);
            runtime.spawn(async move {
                seat.stop().await;
                room.give_back(seat);
                drop(permit);
            });
        }
    }
}

impl Reader {
    /// Connections to a SQLite file.
    pub(super) fn sqlite(options: &SqliteConnectOptions, seats: usize) -> Self {
        let seat = || {
            let flag = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&flag);
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .test_before_acquire(false)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .after_connect(move |connection, _| {
                    let seen = Arc::clone(&seen);
                    Box::pin(async move {
                        let mut handle = connection.lock_handle().await?;
                        handle.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
                        Ok(())
                    })
                });
            let pool: SqlitePool = pool.connect_lazy_with(options.clone());
            Seat { connection: SqlxSqliteConnector::from_sqlx_sqlite_pool(pool), stop: Stop::Flag(flag) }
        };
        Self::new(DatabaseBackend::Sqlite, std::iter::repeat_with(seat).take(seats).collect(), None)
    }

    /// Connections to a PostgreSQL server; `others` carries the word to stop. Those to a replica are to one run of it.
    pub(super) fn postgres(options: &PgConnectOptions, others: &PgPool, seats: usize, run: Option<&Run>) -> Self {
        let seat = || {
            let run = run.cloned();
            let process = Arc::new(AtomicI32::new(0));
            let seen = Arc::clone(&process);
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .after_connect(move |connection, _| {
                    let (seen, run) = (Arc::clone(&seen), run.clone());
                    Box::pin(async move {
                        let row =
                            connection.fetch_one("SELECT pg_backend_pid(), pg_postmaster_start_time()::text").await?;
                        seen.store(row.try_get(0)?, Ordering::Relaxed);
                        let started: String = row.try_get(1)?;
                        if let Some(run) = run.filter(|run| started != *run.started) {
                            run.lose();
                            return Err(sqlx::Error::Protocol("the replica was started anew".into()));
                        }
                        Ok(())
                    })
                });
            let pool: PgPool = pool.connect_lazy_with(options.clone());
            let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
            Seat { connection, stop: Stop::Process(process, others.clone()) }
        };
        Self::new(DatabaseBackend::Postgres, std::iter::repeat_with(seat).take(seats).collect(), run.cloned())
    }

    fn new(backend: DatabaseBackend, free: Vec<Seat>, run: Option<Run>) -> Self {
        let seats = free.len();
        let permits = Arc::new(Semaphore::new(seats));
        let room = Room { free: Mutex::new(free), permits, seats, run };
        Self { room: Arc::new(room), backend, let_down: None }
    }

    /// The same connections for one request, which says there whether a replica has let it down.
    pub(super) fn telling(&self, let_down: Arc<AtomicBool>) -> Self {
        Self { let_down: Some(let_down), ..self.clone() }
    }

    /// What an error of a statement means.
    pub(super) fn failed(&self, error: DbErr) -> Error {
        let Some(run) = &self.room.run else { return error.into() };
        let error = run.judge(error);
        if let (Error::Replica(_), Some(let_down)) = (&error, &self.let_down) {
            let_down.store(true, Ordering::Relaxed);
        }
        error
    }

    /// Which database it is.
    pub fn backend(&self) -> DatabaseBackend {
        self.backend
    }

    /// All connections, and how many of them work now.
    pub fn occupancy(&self) -> (usize, usize) {
        (self.room.seats, self.room.seats.saturating_sub(self.room.permits.available_permits()))
    }

    /// The rows of a statement. When the future is dropped the statement stops.
    pub async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let mut taken = self.take().await?;
        let connection = taken.connection()?.clone();
        taken.running = true;
        let rows = connection.query_all_raw(statement).await;
        taken.running = false;
        rows.map_err(|error| self.failed(error))
    }

    /// How far a counter has come.
    pub async fn counter(&self, name: &str) -> Result<i64> {
        let select = Query::select().column("value").from("counter").and_where(Expr::col("name").eq(name)).take();
        let rows = self.all(self.backend.build(&select)).await?;
        let row = rows.first().ok_or_else(|| Error::Broken(format!("no counter `{name}`")))?;
        Ok(row.try_get("", "value")?)
    }

    async fn take(&self) -> Result<Taken> {
        let waiting = Arc::clone(&self.room.permits).acquire_owned();
        let closed = || DbErr::Conn(RuntimeErr::Internal("the database was closed".into()));
        let permit = waiting.await.map_err(|_| closed())?;
        Ok(self.seat(permit).ok_or_else(closed)?)
    }

    /// A seat, if one is free.
    pub(super) fn try_take(&self) -> Option<Taken> {
        Arc::clone(&self.room.permits).try_acquire_owned().ok().and_then(|permit| self.seat(permit))
    }

    fn seat(&self, permit: OwnedSemaphorePermit) -> Option<Taken> {
        let seat = self.room.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Taken { seat: Some(seat), permit: Some(permit), room: Arc::clone(&self.room), running: false })
    }

    /// Waits for what runs and closes.
    pub(super) async fn close(&self) -> Result<()> {
        let all = u32::try_from(self.room.seats).unwrap_or(u32::MAX);
        // Already closed, there is nothing to wait for.
        let Ok(permits) = self.room.permits.acquire_many(all).await else { return Ok(()) };
        self.room.permits.close();
        drop(permits);
        let seats = std::mem::take(&mut *self.room.free.lock().unwrap_or_else(PoisonError::into_inner));
        for seat in seats {
            seat.connection.close().await?;
        }
        Ok(())
    }
}

//! One connection for reading, kept from statement to statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::{
    self, AssertSqlSafe, Connection, Database, Executor, IntoArguments, PgConnection, PgPool, Postgres, Row, Sqlite,
    SqliteConnection, SqlitePool,
};
use sea_orm::{ConnAcquireErr, DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;

use crate::db::refused;
use crate::db::replica::ServerIncarnation;

/// After how many of its steps SQLite looks whether to stop: well under a millisecond.
const STEPS: i32 = 10_000;

/// How long a connection may lie idle: what stands between may forget it then, and say nothing.
const IDLE: Duration = Duration::from_secs(600);

/// What a connection to PostgreSQL starts with: which process it leads to and of which run of the server. Indexes lie in
/// memory, whose pages cost alike in any order: by the default, made for disks that turn, a page of twenty walks a whole table
/// rather than read what one actor did. A price that was set for this database stays.
const BEGIN: &str = "SELECT pg_backend_pid(), pg_postmaster_start_time()::text,
    CASE current_setting('random_page_cost') WHEN '4' THEN set_config('random_page_cost', '1.1', FALSE) END";

/// One connection, made anew when it broke.
#[derive(Debug)]
pub(crate) enum PooledConnection {
    Sqlite {
        line: PoolSlot<Sqlite>,
        /// SQLite asks for it while it works: whether to stop.
        flag: Arc<AtomicBool>,
    },
    Postgres {
        line: PoolSlot<Postgres>,
        /// The process of the server that it leads to.
        process: i32,
        /// They carry the word to stop.
        others: PgPool,
        /// Of a replica: the run of the server that it has to lead to.
        run: Option<ServerIncarnation>,
    },
}

/// A connection out of its pool, which makes it: back in there it would be asked after each statement whether it still works,
/// and that takes as long as a short statement.
#[derive(Debug)]
pub(crate) struct PoolSlot<DB: Database> {
    pool: sqlx::Pool<DB>,
    connection: Option<DB::Connection>,
    used: Instant,
}

impl<DB: Database> PoolSlot<DB> {
    fn new(pool: sqlx::Pool<DB>) -> Self {
        Self { pool, connection: None, used: Instant::now() }
    }

    /// Whether a statement needs a new connection.
    fn is_gone(&mut self) -> bool {
        if self.used.elapsed() > IDLE {
            self.connection = None;
        }
        self.used = Instant::now();
        self.connection.is_none()
    }

    /// A new connection. A server that is not there yet is waited for.
    async fn connect(&self) -> Result<DB::Connection, DbErr> {
        let made = self.pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            error => refused(error),
        });
        Ok(made?.detach())
    }

    async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr>
    where
        QueryResult: From<DB::Row>,
        SqlxValues: IntoArguments<DB>,
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        let values = statement.values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values));
        match query.fetch_all(connection).await {
            Ok(rows) => Ok(rows.into_iter().map(QueryResult::from).collect()),
            Err(error) => {
                self.settle().await;
                Err(failed(error))
            }
        }
    }

    /// Waits for what runs, and lets the connection go when it is of no use any more.
    async fn settle(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.ping().await
        {
            tracing::warn!(%error, "a connection for reading broke; the next statement connects anew");
            self.connection = None;
        }
    }

    async fn close(self) -> Result<(), DbErr> {
        if let Some(connection) = self.connection {
            connection.close().await.map_err(failed)?;
        }
        self.pool.close().await;
        Ok(())
    }
}

impl PooledConnection {
    pub(crate) fn sqlite(pool: &SqlitePool) -> Self {
        Self::Sqlite { line: PoolSlot::new(pool.clone()), flag: Arc::default() }
    }

    pub(crate) fn postgres(pool: &PgPool, others: &PgPool, run: Option<&ServerIncarnation>) -> Self {
        Self::Postgres { line: PoolSlot::new(pool.clone()), process: 0, others: others.clone(), run: run.cloned() }
    }

    /// The rows of a statement.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite { line, flag } => {
                if line.is_gone() {
                    line.connection = Some(started(line.connect().await?, flag).await.map_err(refused)?);
                }
                line.all(statement).await
            }
            Self::Postgres { line, process, run, .. } => {
                if line.is_gone() {
                    let (connection, server) = greeted(line.connect().await?, run.as_ref()).await.map_err(refused)?;
                    (line.connection, *process) = (Some(connection), server);
                }
                line.all(statement).await
            }
        }
    }

    /// Stops what runs, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        match self {
            Self::Sqlite { line, flag } => {
                flag.store(true, Ordering::Relaxed);
                line.settle().await;
                flag.store(false, Ordering::Relaxed);
            }
            // Without a connection nothing runs, and the process may be another's by now.
            Self::Postgres { line, .. } if line.connection.is_none() => {}
            Self::Postgres { line, process, others, .. } => {
                let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(*process);
                if let Err(error) = cancel.execute(&*others).await {
                    tracing::warn!(%error, "a statement could not be cancelled");
                }
                line.settle().await;
            }
        }
    }

    /// Lets the connection go, and with it what was begun there.
    pub(crate) fn leave(&mut self) {
        match self {
            Self::Sqlite { line, .. } => line.connection = None,
            Self::Postgres { line, .. } => line.connection = None,
        }
    }

    pub(crate) async fn close(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite { line, .. } => line.close().await,
            Self::Postgres { line, .. } => line.close().await,
        }
    }
}

/// A connection to SQLite that looks for word to stop.
async fn started(mut connection: SqliteConnection, flag: &Arc<AtomicBool>) -> Result<SqliteConnection, sqlx::Error> {
    let seen = Arc::clone(flag);
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
    Ok(connection)
}

/// A connection to PostgreSQL, and the process of the server that it leads to.
async fn greeted(
    mut connection: PgConnection,
    run: Option<&ServerIncarnation>,
) -> Result<(PgConnection, i32), sqlx::Error> {
    let row = connection.fetch_one(BEGIN).await?;
    let (process, started): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if let Some(run) = run.filter(|run| started != *run.started) {
        run.lose();
        return Err(sqlx::Error::Protocol("the replica was started anew".into()));
    }
    Ok((connection, process))
}

/// What is said when no connection is left.
pub(crate) fn closed() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database was closed".into()))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

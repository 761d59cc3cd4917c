//! A read connection that is kept between statements and can cancel the statement that it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{
    self, AssertSqlSafe, Connection, Database, Executor, IntoArguments, PgConnection, PgPool, Postgres, Row, Sqlite,
    SqliteConnection,
};
use sea_orm::{ConnAcquireErr, DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use tokio::time::timeout;

use crate::db::connect::connection_error;
use crate::db::replica::ServerIncarnation;

/// Virtual machine steps of SQLite between two checks for a cancellation; they take well under a millisecond.
const PROGRESS_STEPS: i32 = 10_000;

/// Maximum idle time of a connection. After that a firewall or proxy may have dropped it silently, so a new one is opened.
const MAX_IDLE: Duration = Duration::from_secs(600);

/// Maximum time in which a server accepts a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time in which a PostgreSQL server cancels a statement. After that the connection is closed.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// The first statement on a PostgreSQL connection. It returns the server process and the start time of the server, and lowers
/// `random_page_cost` to 1.1 if it has its default value.
///
/// The default of 4 is meant for spinning disks. Our indexes are in memory, where random reads cost no more than sequential
/// ones. With the default, the planner scans a whole table for a page of 20 rows instead of using the index of one actor. A
/// value that the operator has set for the database stays.
const SESSION_SETUP: &str = "SELECT pg_backend_pid(), pg_postmaster_start_time()::text,
    CASE current_setting('random_page_cost') WHEN '4' THEN set_config('random_page_cost', '1.1', FALSE) END";

/// A read connection to either database. It reconnects when the connection is broken or was idle for too long.
#[derive(Debug)]
pub(crate) enum PooledConnection {
    Sqlite {
        slot: PoolSlot<Sqlite>,
        /// SQLite checks this flag while a statement runs, and interrupts the statement when it is true.
        interrupt: Arc<AtomicBool>,
    },
    Postgres {
        slot: PoolSlot<Postgres>,
        /// The server process of this connection.
        process: i32,
        /// Connections that send cancellation requests.
        cancel_pool: PgPool,
        /// On a replica: the only incarnation of the server that this connection may use.
        incarnation: Option<ServerIncarnation>,
    },
}

/// A connection and how it is opened. It belongs to no pool of sqlx, which would check after each statement whether the connection
/// still works; that takes as long as a short statement.
#[derive(Debug)]
pub(crate) struct PoolSlot<DB: Database> {
    options: <DB::Connection as Connection>::Options,
    connection: Option<DB::Connection>,
    last_used: Instant,
}

impl<DB: Database> PoolSlot<DB> {
    fn new(options: <DB::Connection as Connection>::Options) -> Self {
        Self { options, connection: None, last_used: Instant::now() }
    }

    /// Drops a connection that was idle for too long. Returns true when the next statement needs a new one.
    fn needs_connection(&mut self) -> bool {
        if self.last_used.elapsed() > MAX_IDLE {
            self.connection = None;
        }
        self.last_used = Instant::now();
        self.connection.is_none()
    }

    /// Opens a connection. It fails at once when the server refuses.
    async fn connect(&self) -> Result<DB::Connection, DbErr> {
        match timeout(CONNECT_TIMEOUT, DB::Connection::connect_with(&self.options)).await {
            Ok(connection) => connection.map_err(connection_error),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
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
                Err(query_error(error))
            }
        }
    }

    /// Waits until the running statement has ended, and drops the connection if it is broken.
    async fn settle(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.ping().await
        {
            tracing::warn!(%error, "a read connection is broken; the next statement opens a new one");
            self.connection = None;
        }
    }

    async fn close(self) -> Result<(), DbErr> {
        if let Some(connection) = self.connection {
            connection.close().await.map_err(query_error)?;
        }
        Ok(())
    }
}

impl PooledConnection {
    pub(crate) fn sqlite(options: &SqliteConnectOptions) -> Self {
        Self::Sqlite { slot: PoolSlot::new(options.clone()), interrupt: Arc::default() }
    }

    pub(crate) fn postgres(
        options: &PgConnectOptions,
        cancel_pool: &PgPool,
        incarnation: Option<&ServerIncarnation>,
    ) -> Self {
        Self::Postgres {
            slot: PoolSlot::new(options.clone()),
            process: 0,
            cancel_pool: cancel_pool.clone(),
            incarnation: incarnation.cloned(),
        }
    }

    /// Runs a statement and returns its rows. Connects first if needed.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite { slot, interrupt } => {
                if slot.needs_connection() {
                    let connection = with_interrupt(slot.connect().await?, interrupt).await;
                    slot.connection = Some(connection.map_err(connection_error)?);
                }
                slot.all(statement).await
            }
            Self::Postgres { slot, process, incarnation, .. } => {
                if slot.needs_connection() {
                    let session = set_up_session(slot.connect().await?, incarnation.as_ref()).await;
                    let (connection, server_process) = session.map_err(connection_error)?;
                    (slot.connection, *process) = (Some(connection), server_process);
                }
                slot.all(statement).await
            }
        }
    }

    /// Returns whether the connection is open.
    pub(crate) fn is_connected(&self) -> bool {
        match self {
            Self::Sqlite { slot, .. } => slot.connection.is_some(),
            Self::Postgres { slot, .. } => slot.connection.is_some(),
        }
    }

    /// Cancels the running statement and waits until it has ended.
    pub(crate) async fn cancel(&mut self) {
        match self {
            Self::Sqlite { slot, interrupt } => {
                interrupt.store(true, Ordering::Relaxed);
                slot.settle().await;
                interrupt.store(false, Ordering::Relaxed);
            }
            // Without a connection no statement runs, and the server may have given its process number to another client.
            Self::Postgres { slot, .. } if slot.connection.is_none() => {}
            Self::Postgres { slot, process, cancel_pool, .. } => {
                let cancel = async {
                    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(*process);
                    if let Err(error) = cancel.execute(&*cancel_pool).await {
                        tracing::warn!(%error, "cannot cancel a statement");
                    }
                    slot.settle().await;
                };
                if timeout(CANCEL_TIMEOUT, cancel).await.is_err() {
                    tracing::warn!("a statement was not canceled in time; its connection is closed");
                    slot.connection = None;
                }
            }
        }
    }

    /// Drops the connection, which rolls back its transaction.
    pub(crate) fn disconnect(&mut self) {
        match self {
            Self::Sqlite { slot, .. } => slot.connection = None,
            Self::Postgres { slot, .. } => slot.connection = None,
        }
    }

    pub(crate) async fn close(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite { slot, .. } => slot.close().await,
            Self::Postgres { slot, .. } => slot.close().await,
        }
    }
}

/// Makes a connection to SQLite interrupt its statement when the flag is true.
async fn with_interrupt(
    mut connection: SqliteConnection,
    interrupt: &Arc<AtomicBool>,
) -> Result<SqliteConnection, sqlx::Error> {
    let interrupt = Arc::clone(interrupt);
    let may_continue = move || !interrupt.load(Ordering::Relaxed);
    connection.lock_handle().await?.set_progress_handler(PROGRESS_STEPS, may_continue);
    Ok(connection)
}

/// Sets up a connection to PostgreSQL; returns it with its server process. Fails when the server was restarted since the given
/// incarnation.
async fn set_up_session(
    mut connection: PgConnection,
    incarnation: Option<&ServerIncarnation>,
) -> Result<(PgConnection, i32), sqlx::Error> {
    let row = connection.fetch_one(SESSION_SETUP).await?;
    let (process, started): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if let Some(incarnation) = incarnation.filter(|incarnation| started != *incarnation.started) {
        incarnation.mark_lost();
        return Err(sqlx::Error::Protocol("the replica was restarted".into()));
    }
    Ok((connection, process))
}

/// The error of a statement after the pool was closed.
pub(crate) fn closed() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database was closed".into()))
}

/// Converts an error of sqlx, raised by a statement, to SeaORM's error type.
fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

//! A read connection that is kept between statements and can cancel the statement that it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::PgPool;
use sea_orm::sqlx::postgres::PgConnectOptions;

use crate::db::failure::ReadError;
use crate::db::postgres_reader::PostgresReader;
use crate::db::replica::ServerIncarnation;
use crate::db::sqlite_reader::{KeyedRows, RepeatedStatement, SqliteReader};

/// Maximum idle time of a connection to a server. After that a firewall or proxy may have dropped it silently, so a new one is
/// opened.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(600);

/// A read connection to either database. It reconnects when the connection is broken or was idle for too long.
pub(crate) struct PooledConnection {
    database: Database,
    last_used: Instant,
}

enum Database {
    Sqlite(Box<SqliteReader>),
    Postgres(Box<PostgresReader>),
}

impl PooledConnection {
    pub(crate) fn sqlite(file: &Path) -> Self {
        Self { database: Database::Sqlite(Box::new(SqliteReader::new(file))), last_used: Instant::now() }
    }

    pub(crate) fn postgres(
        options: &Arc<PgConnectOptions>,
        cancel_pool: &PgPool,
        incarnation: Option<&ServerIncarnation>,
    ) -> Self {
        let reader = PostgresReader::new(options, cancel_pool, incarnation);
        Self { database: Database::Postgres(Box::new(reader)), last_used: Instant::now() }
    }

    /// Runs a statement and returns its rows. Connects first if needed. With `begin`, the statement is the first of a transaction
    /// whose statements all see one state. On SQLite it runs on the caller's thread for up to `inline_time`.
    pub(crate) async fn all(
        &mut self,
        statement: RepeatedStatement,
        begin: bool,
        inline_time: Duration,
    ) -> Result<KeyedRows, ReadError> {
        self.last_used = Instant::now();
        match &mut self.database {
            Database::Sqlite(reader) => reader.all(statement, begin, inline_time).await,
            Database::Postgres(reader) => Ok((reader.all(&statement.statement, begin).await?, Vec::new())),
        }
    }

    /// Ends the transaction with this statement. If that fails, drops the connection, which rolls the transaction back.
    pub(crate) fn end(&mut self, sql: &'static str) {
        match &mut self.database {
            Database::Sqlite(reader) => reader.end(sql),
            Database::Postgres(reader) => reader.end(sql),
        }
    }

    /// Returns whether the connection is open.
    pub(crate) fn is_connected(&self) -> bool {
        match &self.database {
            Database::Sqlite(reader) => reader.is_connected(),
            Database::Postgres(reader) => reader.is_connected(),
        }
    }

    /// Cancels the running statement and waits until it has ended.
    pub(crate) async fn cancel(&mut self) {
        match &mut self.database {
            Database::Sqlite(reader) => reader.cancel().await,
            Database::Postgres(reader) => reader.cancel().await,
        }
    }

    /// Drops a connection to a server that was idle for too long.
    pub(crate) fn drop_if_idle(&mut self) {
        if let Database::Postgres(reader) = &mut self.database
            && self.last_used.elapsed() > MAX_IDLE
        {
            reader.disconnect();
        }
    }

    /// Drops the connection, which rolls back its transaction.
    pub(crate) fn disconnect(&mut self) {
        match &mut self.database {
            Database::Sqlite(reader) => reader.close(),
            Database::Postgres(reader) => reader.disconnect(),
        }
    }

    /// Closes the connection and waits until it is closed.
    pub(crate) async fn close(self) {
        match self.database {
            Database::Sqlite(mut reader) => reader.close(),
            Database::Postgres(reader) => reader.close().await,
        }
    }
}

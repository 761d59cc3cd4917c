//! A read connection that is kept between statements and can cancel the statement that it runs.

use std::path::Path;
use std::time::{Duration, Instant};

use entity::row::{CellValue, Rows};
use futures_util::TryStreamExt;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgTypeInfo, PgValueRef};
use sea_orm::sqlx::{self, AssertSqlSafe, Column, Connection, Executor, PgConnection, PgPool, Row, TypeInfo, ValueRef};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use tokio::time::timeout;

use crate::db::connect::connection_error;
use crate::db::replica::ServerIncarnation;
use crate::db::sqlite_reader::{KeyedRows, RepeatedStatement, SqliteReader};

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
    Sqlite(Box<SqliteReader>),
    Postgres(Box<PostgresReader>),
}

/// A connection to PostgreSQL and how it is opened. It belongs to no pool of sqlx, which would check after each statement whether
/// the connection still works; that takes as long as a short statement.
#[derive(Debug)]
pub(crate) struct PostgresReader {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    last_used: Instant,
    /// The server process of the connection.
    process: i32,
    /// Connections that send cancellation requests.
    cancel_pool: PgPool,
    /// On a replica: the only incarnation of the server that this connection may use.
    incarnation: Option<ServerIncarnation>,
}

impl PostgresReader {
    /// Opens a connection if there is none, or if it was idle for too long. It fails at once when the server refuses. Opening is
    /// boxed, as is [`Self::settle`] below, to keep small the futures of all requests, which contain this one.
    async fn connect(&mut self) -> Result<&mut PgConnection, DbErr> {
        if self.last_used.elapsed() > MAX_IDLE {
            self.connection = None;
        }
        self.last_used = Instant::now();
        if self.connection.is_none() {
            let connection = match timeout(CONNECT_TIMEOUT, Box::pin(PgConnection::connect_with(&self.options))).await {
                Ok(connection) => connection.map_err(connection_error)?,
                Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            };
            let session = Box::pin(set_up_session(connection, self.incarnation.as_ref())).await;
            let (connection, process) = session.map_err(connection_error)?;
            (self.connection, self.process) = (Some(connection), process);
        }
        self.connection.as_mut().ok_or_else(closed)
    }

    async fn all(&mut self, statement: Statement) -> Result<Rows, DbErr> {
        let connection = self.connect().await?;
        let values = statement.values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values));
        let mut results = query.fetch(connection);
        let read = async {
            let mut rows = None;
            while let Some(row) = results.try_next().await? {
                let (rows, types) = rows.get_or_insert_with(|| {
                    let columns = row.columns();
                    let types: Vec<CellType> = columns.iter().map(|column| CellType::of(column.type_info())).collect();
                    (Rows::new(columns.iter().map(Column::name)), types)
                });
                for (column, cell_type) in types.iter().enumerate() {
                    let value = cell_type.decode(&row.try_get_raw(column)?).ok_or_else(|| {
                        sqlx::Error::ColumnDecode { index: column.to_string(), source: "unknown type".into() }
                    })?;
                    rows.push(value).map_err(|error| sqlx::Error::Decode(error.into()))?;
                }
            }
            Ok(rows.map(|(rows, _)| rows).unwrap_or_default())
        };
        let read: Result<Rows, sqlx::Error> = read.await;
        drop(results);
        if read.is_err() {
            Box::pin(self.settle()).await;
        }
        read.map_err(query_error)
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

    async fn cancel(&mut self) {
        // Without a connection no statement runs, and the server may have given its process number to another client.
        if self.connection.is_none() {
            return;
        }
        let cancel = async {
            let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(self.process);
            if let Err(error) = cancel.execute(&self.cancel_pool).await {
                tracing::warn!(%error, "cannot cancel a statement");
            }
            self.settle().await;
        };
        if timeout(CANCEL_TIMEOUT, cancel).await.is_err() {
            tracing::warn!("a statement was not canceled in time; its connection is closed");
            self.connection = None;
        }
    }
}

/// The type of a column's values in the binary format of PostgreSQL.
#[derive(Clone, Copy)]
enum CellType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Text,
    Unknown,
}

impl CellType {
    fn of(column: &PgTypeInfo) -> Self {
        match column.name() {
            "BOOL" => Self::Bool,
            "INT2" => Self::Int2,
            "INT4" => Self::Int4,
            "INT8" => Self::Int8,
            "FLOAT4" => Self::Float4,
            "FLOAT8" => Self::Float8,
            "TEXT" | "VARCHAR" | "NAME" | "CHAR" | "UNKNOWN" => Self::Text,
            _ => Self::Unknown,
        }
    }

    /// Decodes a value; `None` if it has another length, is not UTF-8, or is of an unknown type.
    fn decode<'r>(self, value: &PgValueRef<'r>) -> Option<CellValue<'r>> {
        if value.is_null() {
            return Some(CellValue::Null);
        }
        let bytes = value.as_bytes().ok()?;
        Some(match self {
            Self::Bool => CellValue::Integer(i64::from(*bytes.first()? != 0)),
            Self::Int2 => CellValue::Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int4 => CellValue::Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int8 => CellValue::Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
            Self::Float4 => CellValue::Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Float8 => CellValue::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
            Self::Text => CellValue::Text(std::str::from_utf8(bytes).ok()?),
            Self::Unknown => return None,
        })
    }
}

impl PooledConnection {
    pub(crate) fn sqlite(file: &Path) -> Self {
        Self::Sqlite(Box::new(SqliteReader::new(file)))
    }

    pub(crate) fn postgres(
        options: &PgConnectOptions,
        cancel_pool: &PgPool,
        incarnation: Option<&ServerIncarnation>,
    ) -> Self {
        Self::Postgres(Box::new(PostgresReader {
            options: options.clone(),
            connection: None,
            last_used: Instant::now(),
            process: 0,
            cancel_pool: cancel_pool.clone(),
            incarnation: incarnation.cloned(),
        }))
    }

    /// Runs a statement and returns its rows. Connects first if needed. On SQLite it may occupy the caller's thread for
    /// `inline_time`.
    pub(crate) async fn all(
        &mut self,
        statement: RepeatedStatement,
        inline_time: Duration,
    ) -> Result<KeyedRows, DbErr> {
        match self {
            Self::Sqlite(reader) => reader.all(statement, inline_time).await,
            Self::Postgres(reader) => Ok((reader.all(statement.statement).await?, Vec::new())),
        }
    }

    /// Returns whether the connection is open.
    pub(crate) fn is_connected(&self) -> bool {
        match self {
            Self::Sqlite(reader) => reader.is_connected(),
            Self::Postgres(reader) => reader.connection.is_some(),
        }
    }

    /// Cancels the running statement and waits until it has ended.
    pub(crate) async fn cancel(&mut self) {
        match self {
            Self::Sqlite(reader) => reader.cancel().await,
            Self::Postgres(reader) => reader.cancel().await,
        }
    }

    /// Drops the connection, which rolls back its transaction.
    pub(crate) fn disconnect(&mut self) {
        match self {
            Self::Sqlite(reader) => reader.close(),
            Self::Postgres(reader) => reader.connection = None,
        }
    }

    pub(crate) async fn close(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(mut reader) => reader.close(),
            Self::Postgres(reader) => {
                if let Some(connection) = reader.connection {
                    connection.close().await.map_err(query_error)?;
                }
            }
        }
        Ok(())
    }
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

//! A read connection to PostgreSQL.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::BytesMut;
use entity::row::{Rows, RowsBuilder};
use futures_util::TryStreamExt;
use quick_cache::unsync::Cache;
use sea_orm::sea_query::{ArrayType, Value};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, PgPool};
use sea_orm::{DbErr, Statement};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::db::failure::ReadError;
use crate::db::postgres_connect;
use crate::db::replica::ServerIncarnation;

/// Maximum time in which a server accepts a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time in which a server cancels a statement. After that the connection is closed.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps, as many as sqlx does.
const KEPT_STATEMENTS: usize = 100;

/// The first statements on a connection. They set the formats in which sqlx gets values too, lower `random_page_cost` to 1.1 if it
/// has its default value, and return the server process and the start time of the server.
///
/// The default of 4 is meant for spinning disks. Our indexes are in memory, where random reads cost no more than sequential
/// ones. With the default, the planner scans a whole table for a page of 20 rows instead of using the index of one actor. A
/// value that the operator has set for the database stays.
const SESSION_SETUP: &str = "SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC';
    SELECT CASE current_setting('random_page_cost') WHEN '4' THEN set_config('random_page_cost', '1.1', FALSE) END;
    SELECT pg_backend_pid(), pg_postmaster_start_time()::text";

/// A connection and how it is opened.
///
/// It is one of tokio-postgres, which sends a statement without waiting for those before it, and needs less time for each row than
/// sqlx.
pub(crate) struct PostgresReader {
    options: Arc<PgConnectOptions>,
    open: Option<PostgresConnection>,
    /// Connections that send cancellation requests.
    cancel_pool: PgPool,
    /// On a replica: the only incarnation of the server that this connection may use.
    incarnation: Option<ServerIncarnation>,
}

/// An open connection. Statements that are sent before others have ended run after those.
pub(super) struct PostgresConnection {
    client: Client,
    /// Sends and receives for the client.
    task: JoinHandle<()>,
    /// The number of the server process.
    process: i32,
    prepared: Mutex<Cache<String, tokio_postgres::Statement>>,
}

impl PostgresReader {
    pub(super) fn new(
        options: &Arc<PgConnectOptions>,
        cancel_pool: &PgPool,
        incarnation: Option<&ServerIncarnation>,
    ) -> Self {
        Self {
            options: Arc::clone(options),
            open: None,
            cancel_pool: cancel_pool.clone(),
            incarnation: incarnation.cloned(),
        }
    }

    /// Opens a connection if there is none. It fails at once when the server refuses.
    async fn connect(&mut self) -> Result<&PostgresConnection, ReadError> {
        if !self.is_connected() {
            // Boxed to keep small the futures of all requests, which contain this one.
            let opened = Box::pin(PostgresConnection::open(&self.options, self.incarnation.as_ref())).await?;
            self.open = Some(opened);
        }
        self.open.as_ref().ok_or_else(ReadError::closed)
    }

    /// Runs a statement and returns its rows. With `begin`, it is the first of a transaction whose statements all see one state.
    /// A caller that drops the future must call [`Self::cancel`].
    pub(super) async fn all(&mut self, statement: &Statement, begin: bool) -> Result<Rows, ReadError> {
        let connection = self.connect().await?;
        let rows = connection.all(statement, begin).await;
        if rows.is_err() {
            Box::pin(self.settle()).await;
        }
        rows
    }

    /// Ends the transaction. It does not wait for the server: statements that follow on this connection run afterwards.
    pub(super) fn end(&mut self, sql: &'static str) {
        let Some(connection) = &self.open else { return };
        // The first poll sends the statement. A connection that is closed meanwhile is noticed by the next statement.
        let mut context = Context::from_waker(Waker::noop());
        let _ = pin!(connection.client.batch_execute(sql)).poll(&mut context);
    }

    pub(super) fn is_connected(&self) -> bool {
        self.open.as_ref().is_some_and(|connection| !connection.is_closed())
    }

    /// Waits until the running statement has ended, and drops the connection if it is broken.
    async fn settle(&mut self) {
        if let Some(connection) = &self.open
            && let Err(error) = connection.client.check_connection().await
        {
            tracing::warn!(%error, "a read connection is broken; the next statement opens a new one");
            self.open = None;
        }
    }

    /// Cancels the running statement and waits until it has ended.
    pub(super) async fn cancel(&mut self) {
        // Without a connection no statement runs, and the server may have given its process number to another client.
        let Some(process) = self.open.as_ref().filter(|open| !open.is_closed()).map(|open| open.process) else {
            return;
        };
        let cancel = async {
            // The request to cancel of the protocol has no response, so it could cancel a later statement.
            let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(process);
            if let Err(error) = cancel.execute(&self.cancel_pool).await {
                tracing::warn!(%error, "cannot cancel a statement");
            }
            self.settle().await;
        };
        if timeout(CANCEL_TIMEOUT, cancel).await.is_err() {
            tracing::warn!("a statement was not canceled in time; its connection is closed");
            self.open = None;
        }
    }

    /// Drops the connection, which rolls back its transaction.
    pub(super) fn disconnect(&mut self) {
        self.open = None;
    }

    /// Closes the connection and waits until it is closed.
    pub(super) async fn close(self) {
        if let Some(connection) = self.open {
            connection.close().await;
        }
    }
}

impl PostgresConnection {
    /// Connects and sets up the session. Fails when the server does not accept the connection in time, or was restarted since the
    /// given incarnation.
    pub(super) async fn open(
        options: &PgConnectOptions,
        incarnation: Option<&ServerIncarnation>,
    ) -> Result<Self, ReadError> {
        let connection = timeout(CONNECT_TIMEOUT, Self::connect(options, incarnation));
        connection
            .await
            .unwrap_or_else(|_| Err(ReadError::connection("the server did not accept a connection in time")))
    }

    async fn connect(options: &PgConnectOptions, incarnation: Option<&ServerIncarnation>) -> Result<Self, ReadError> {
        let (client, task) = postgres_connect::connect(options).await?;
        let messages = client.simple_query(SESSION_SETUP).await?;
        let session = messages.iter().rev().find_map(|message| {
            let SimpleQueryMessage::Row(row) = message else { return None };
            Some((row.get(0)?.parse().ok()?, row.get(1)?))
        });
        let (process, started) = session.ok_or_else(|| ReadError::connection("the server did not name its process"))?;
        if let Some(incarnation) = incarnation.filter(|incarnation| started != &*incarnation.started) {
            incarnation.mark_lost();
            return Err(ReadError::connection("the replica was restarted"));
        }
        Ok(Self { client, task, process, prepared: Mutex::new(Cache::new(KEPT_STATEMENTS)) })
    }

    /// Lets the server cancel statements that take longer.
    pub(super) async fn limit_time(&self, limit: Duration) -> Result<(), ReadError> {
        Ok(self.client.batch_execute(&format!("SET statement_timeout = {}", limit.as_millis())).await?)
    }

    /// Returns true when the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Closes the connection and waits until it is closed.
    pub(super) async fn close(self) {
        drop(self.client);
        let _ = timeout(CONNECT_TIMEOUT, self.task).await;
    }

    /// Runs a statement and returns its rows. With `begin`, a transaction whose statements all see one state begins before it.
    pub(super) async fn all(&self, statement: &Statement, begin: bool) -> Result<Rows, ReadError> {
        let values = statement.values.as_ref().map(|values| values.0.as_slice()).unwrap_or_default();
        let prepared = self.prepare(&statement.sql, values).await?;
        let query = self.client.query_raw(&prepared, values.iter().map(Parameter));
        let results = if begin {
            // Both are sent at once. The transaction has begun before the statement runs.
            let begin = self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            let (begun, results) = futures_util::join!(begin, query);
            begun?;
            results?
        } else {
            query.await?
        };
        let mut results = pin!(results);
        let columns = prepared.columns();
        let mut rows = RowsBuilder::new(columns.iter().map(|column| column.name()));
        let invalid = |error: DbErr| ReadError::statement(error.to_string());
        while let Some(row) = results.try_next().await? {
            for column in 0..columns.len() {
                match row.try_get(column)? {
                    None => rows.push_null(),
                    Some(Cell::Integer(number)) => rows.push_integer(number),
                    Some(Cell::Real(number)) => rows.push_real(number),
                    Some(Cell::Text(text)) => rows.push_text(text).map_err(invalid)?,
                }
            }
        }
        rows.finish().map_err(invalid)
    }

    /// Prepares a statement unless that was done before.
    async fn prepare(&self, sql: &str, values: &[Value]) -> Result<tokio_postgres::Statement, ReadError> {
        let prepared = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = prepared().get(sql)
            && prepared.params().iter().eq(values.iter().map(type_of))
        {
            return Ok(prepared.clone());
        }
        let types: Vec<Type> = values.iter().map(|value| type_of(value).clone()).collect();
        let statement = Box::pin(self.client.prepare_typed(sql, &types)).await?;
        prepared().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A value of a row.
enum Cell<'r> {
    Integer(i64),
    Real(f64),
    Text(&'r [u8]),
}

impl<'r> FromSql<'r> for Cell<'r> {
    fn from_sql(cell_type: &Type, bytes: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *cell_type {
            Type::INT8 => Self::Integer(i64::from_be_bytes(bytes.try_into()?)),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => Self::Text(bytes),
            Type::INT4 => Self::Integer(i32::from_be_bytes(bytes.try_into()?).into()),
            Type::INT2 => Self::Integer(i16::from_be_bytes(bytes.try_into()?).into()),
            Type::BOOL => Self::Integer(i64::from(u8::from_be_bytes(bytes.try_into()?) != 0)),
            Type::FLOAT8 => Self::Real(f64::from_be_bytes(bytes.try_into()?)),
            Type::FLOAT4 => Self::Real(f32::from_be_bytes(bytes.try_into()?).into()),
            _ => return Err(format!("values of the type {cell_type} are not read").into()),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value of a statement.
#[derive(Debug)]
struct Parameter<'v>(&'v Value);

/// Returns the type of a value of a statement.
fn type_of(value: &Value) -> &'static Type {
    match value {
        Value::Bool(_) => &Type::BOOL,
        Value::Int(_) => &Type::INT4,
        // The number of a `LIMIT` is unsigned.
        Value::BigInt(_) | Value::BigUnsigned(_) => &Type::INT8,
        Value::Double(_) => &Type::FLOAT8,
        Value::Array(ArrayType::BigInt, _) => &Type::INT8_ARRAY,
        Value::Array(ArrayType::Int, _) => &Type::INT4_ARRAY,
        Value::Array(ArrayType::String, _) => &Type::TEXT_ARRAY,
        // Others are refused when they are sent.
        _ => &Type::TEXT,
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, to: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Bool(value) => value.to_sql(to, out),
            Value::Int(value) => value.to_sql(to, out),
            Value::BigInt(value) => value.to_sql(to, out),
            Value::BigUnsigned(value) => value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)).to_sql(to, out),
            Value::Double(value) => value.to_sql(to, out),
            Value::String(value) => value.as_deref().to_sql(to, out),
            Value::Array(ArrayType::BigInt | ArrayType::Int | ArrayType::String, values) => {
                let values: Option<Vec<Parameter<'_>>> =
                    values.as_ref().map(|values| values.iter().map(Parameter).collect());
                values.to_sql(to, out)
            }
            other => Err(format!("cannot bind {other:?}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

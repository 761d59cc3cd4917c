//! A read connection to SQLite. A short statement runs on the thread of its caller, a longer one on a thread of its own.
//!
//! Most statements take microseconds, which is less than passing them to another thread and back. So each statement begins on
//! the caller's thread. When it has used up its time there, it is interrupted and begins again on a thread for blocking work,
//! in the same transaction and therefore on the same state.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entity::row::{Rows, RowsBuilder};
use rusqlite::types::{ToSqlOutput, Value as OwnedValue, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement};
use sea_orm::Value;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::db::failure::ReadError;

/// Virtual machine steps of SQLite between two looks at the time; they take well under a millisecond.
const PROGRESS_STEPS: i32 = 10_000;

/// The time for which the statements of one request may occupy the thread of their caller.
pub(super) const INLINE_TIME: Duration = Duration::from_millis(2);

/// Maximum wait for a lock of the file, on a thread for blocking work. Readers wait only while the file is recovered.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Prepared statements that a connection keeps.
const KEPT_STATEMENTS: usize = 512;

/// Page cache of a connection, in KiB. The operating system caches the rest of the file.
const PAGE_CACHE: i32 = 8192;

/// The value that stands for the key of a statement that is repeated for several keys. No statement binds characters otherwise.
pub(crate) const PARENT_KEY: Value = Value::Char(Some('\u{f8ff}'));

/// A statement that is run once, or for each key, which is bound in place of [`PARENT_KEY`].
#[derive(Debug)]
pub(crate) struct RepeatedStatement {
    pub(crate) statement: sea_orm::Statement,
    pub(crate) keys: Option<Vec<i64>>,
}

/// Rows, and the key of each if the statement was repeated for keys.
pub(crate) type KeyedRows = (Rows, Vec<i64>);

/// The instant at which a statement has to stop.
#[derive(Debug)]
struct Deadline {
    start: Instant,
    /// Nanoseconds after `start`; `u64::MAX` for none.
    after: AtomicU64,
    /// True when nobody waits for the statement.
    is_canceled: AtomicBool,
}

impl Deadline {
    fn set(&self, after: Option<Duration>) {
        let at = after.map(|after| u64::try_from((self.start.elapsed() + after).as_nanos()).unwrap_or(u64::MAX));
        self.after.store(at.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let after = self.after.load(Ordering::Relaxed);
        self.is_canceled.load(Ordering::Relaxed)
            || after != u64::MAX && self.start.elapsed().as_nanos() > u128::from(after)
    }
}

/// A read connection to a SQLite file, opened when it is first used.
#[derive(Debug)]
pub(crate) struct SqliteReader {
    file: PathBuf,
    /// Locked by nobody: a [`Connection`] may not be referenced from two threads, which futures require of all they hold.
    connection: Option<Mutex<Connection>>,
    deadline: Arc<Deadline>,
    /// The statement that runs on another thread, which has the connection meanwhile.
    running: Option<JoinHandle<(Connection, rusqlite::Result<KeyedRows>)>>,
}

impl SqliteReader {
    pub(super) fn new(file: &Path) -> Self {
        let deadline =
            Deadline { start: Instant::now(), after: AtomicU64::new(u64::MAX), is_canceled: AtomicBool::new(false) };
        Self { file: file.to_owned(), connection: None, deadline: Arc::new(deadline), running: None }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.is_some() || self.running.is_some()
    }

    /// Runs a statement and returns its rows. It may occupy the caller's thread for `inline_time`. A caller that drops the
    /// future must call [`Self::cancel`].
    pub(super) async fn all(
        &mut self,
        statement: RepeatedStatement,
        begin: bool,
        inline_time: Duration,
    ) -> Result<KeyedRows, ReadError> {
        let connection = match self.connection.take() {
            Some(connection) => connection.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => self.open().map_err(|error| ReadError::connection(error.to_string()))?,
        };
        if begin {
            // It takes no lock before the first statement, so it is always short.
            connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).map_err(query_error)?;
        }
        if !inline_time.is_zero() {
            self.deadline.set(Some(inline_time));
            let rows = run(&connection, &statement);
            self.deadline.set(None);
            let takes_long = |error: &rusqlite::Error| {
                matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                )
            };
            if !rows.as_ref().is_err_and(takes_long) {
                self.connection = Some(Mutex::new(connection));
                return rows.map_err(query_error);
            }
        }
        let running = self.running.insert(spawn_blocking(move || {
            let rows = connection.busy_timeout(BUSY_TIMEOUT).and_then(|()| run(&connection, &statement));
            let _ = connection.busy_timeout(Duration::ZERO);
            (connection, rows)
        }));
        let ended = running.await;
        self.running = None;
        let (connection, rows) = ended.map_err(|error| ReadError::connection(error.to_string()))?;
        self.connection = Some(Mutex::new(connection));
        rows.map_err(query_error)
    }

    /// Ends the transaction with this statement, which for reads is always short. Closes the connection if that fails.
    pub(super) fn end(&mut self, sql: &'static str) {
        let Some(connection) = &mut self.connection else { return };
        let connection = connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ended = connection.prepare_cached(sql).and_then(|mut end| end.execute([]).map(|_| ()));
        if let Err(error) = ended {
            tracing::warn!(%error, "cannot end a transaction; its connection is closed");
            self.connection = None;
        }
    }

    /// Cancels the running statement and waits until it has ended.
    pub(super) async fn cancel(&mut self) {
        if let Some(running) = &mut self.running {
            self.deadline.is_canceled.store(true, Ordering::Relaxed);
            self.connection = running.await.ok().map(|(connection, _)| Mutex::new(connection));
            self.running = None;
            self.deadline.is_canceled.store(false, Ordering::Relaxed);
        }
    }

    /// Closes the connection, which ends its transaction.
    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "cache_size", -PAGE_CACHE)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
        let deadline = Arc::clone(&self.deadline);
        connection.progress_handler(PROGRESS_STEPS, Some(move || deadline.is_over()))?;
        Ok(connection)
    }
}

fn run(connection: &Connection, repeated: &RepeatedStatement) -> rusqlite::Result<KeyedRows> {
    let RepeatedStatement { statement, keys } = repeated;
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let mut key_parameters = Vec::new();
    for (index, value) in statement.values.iter().flat_map(|values| &values.0).enumerate() {
        if *value == PARENT_KEY {
            key_parameters.push(index + 1);
        } else {
            prepared.raw_bind_parameter(index + 1, bound(value)?)?;
        }
    }
    let mut rows =
        RowsBuilder::new((0..prepared.column_count()).map(|column| prepared.column_name(column).unwrap_or_default()));
    let width = prepared.column_count();
    let Some(keys) = keys else {
        read_rows(&mut prepared, width, &mut rows)?;
        return Ok((finish(rows)?, Vec::new()));
    };
    let mut owners = Vec::new();
    for key in keys {
        for parameter in &key_parameters {
            prepared.raw_bind_parameter(*parameter, key)?;
        }
        read_rows(&mut prepared, width, &mut rows)?;
        owners.resize(rows.len(), *key);
    }
    Ok((finish(rows)?, owners))
}

fn finish(rows: RowsBuilder) -> rusqlite::Result<Rows> {
    rows.finish().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Runs a statement whose values are bound, and adds its rows.
fn read_rows(prepared: &mut Statement<'_>, width: usize, rows: &mut RowsBuilder) -> rusqlite::Result<()> {
    let mut results = prepared.raw_query();
    while let Some(row) = results.next()? {
        for column in 0..width {
            match row.get_ref(column)? {
                ValueRef::Null => rows.push_null(),
                ValueRef::Integer(number) => rows.push_integer(number),
                ValueRef::Real(number) => rows.push_real(number),
                ValueRef::Text(text) => {
                    rows.push_text(text).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                }
                ValueRef::Blob(_) => {
                    let name = row.as_ref().column_name(column).unwrap_or_default().to_owned();
                    return Err(rusqlite::Error::InvalidColumnType(column, name, rusqlite::types::Type::Blob));
                }
            }
        }
    }
    Ok(())
}

/// Converts a value of a statement. Errors: for types that no statement of the program has.
fn bound(value: &Value) -> rusqlite::Result<ToSqlOutput<'_>> {
    let owned = |value: OwnedValue| Ok(ToSqlOutput::Owned(value));
    match value {
        Value::Bool(value) => owned(value.map_or(OwnedValue::Null, |value| OwnedValue::Integer(value.into()))),
        Value::Int(value) => owned(value.map_or(OwnedValue::Null, |value| OwnedValue::Integer(value.into()))),
        Value::BigInt(value) => owned(value.map_or(OwnedValue::Null, OwnedValue::Integer)),
        // The number of a `LIMIT`.
        Value::BigUnsigned(value) => {
            owned(value.map_or(OwnedValue::Null, |value| OwnedValue::Integer(i64::try_from(value).unwrap_or(i64::MAX))))
        }
        Value::Double(value) => owned(value.map_or(OwnedValue::Null, OwnedValue::Real)),
        Value::String(value) => Ok(match value {
            Some(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            None => ToSqlOutput::Owned(OwnedValue::Null),
        }),
        other => Err(rusqlite::Error::ToSqlConversionFailure(format!("cannot bind {other:?}").into())),
    }
}

fn query_error(error: rusqlite::Error) -> ReadError {
    ReadError::statement(error.to_string())
}

//! Tells errors of a connection from errors of a statement.

use std::fmt;

use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr};

use crate::error::Error;

/// Why a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The statement itself; on a replica, it would fail on the primary too.
    Statement,
    /// On a replica, a recovery conflict: it canceled the statement to replay a write of the primary.
    RecoveryConflict,
    /// The statement was canceled: it took too long, or somebody wanted so.
    Canceled,
    /// The server has stopped, is stopping, or cannot be reached.
    Connection,
}

/// Returns why a statement failed.
pub(super) fn cause(error: &DbErr) -> Cause {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        let is_connection = matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
        return if is_connection { Cause::Connection } else { Cause::Statement };
    };
    match error.as_ref() {
        sqlx::Error::Database(error) => cause_of_code(error.code().as_deref().unwrap_or_default()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed => Cause::Connection,
        _ => Cause::Statement,
    }
}

/// Returns why a statement failed, by the SQLSTATE that PostgreSQL gives.
fn cause_of_code(code: &str) -> Cause {
    match code {
        // Serialization failure and deadlock. Nobody writes on a standby, so these are recovery conflicts.
        "40001" | "40P01" => Cause::RecoveryConflict,
        "57014" => Cause::Canceled,
        // Shut down, crashed, starting up, database dropped, too many connections.
        "57P01" | "57P02" | "57P03" | "57P04" | "53300" => Cause::Connection,
        _ => Cause::Statement,
    }
}

/// A failed read, of either database.
#[derive(Debug)]
pub(crate) struct ReadError {
    pub(super) cause: Cause,
    message: String,
}

impl ReadError {
    /// The connection is broken, or none can be opened.
    pub(super) fn connection(message: impl Into<String>) -> Self {
        Self { cause: Cause::Connection, message: message.into() }
    }

    /// The statement itself is wrong, or its rows cannot be read.
    pub(super) fn statement(message: impl Into<String>) -> Self {
        Self { cause: Cause::Statement, message: message.into() }
    }

    /// The error of a statement after the pool was closed.
    pub(super) fn closed() -> Self {
        Self::connection("the database was closed")
    }
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self { cause: cause_of_code(error.code().code()), message: error.to_string() };
        }
        let reason = std::error::Error::source(&error);
        let message = reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"));
        let is_broken = error.is_closed() || reason.is_some_and(|reason| reason.is::<std::io::Error>());
        Self { cause: if is_broken { Cause::Connection } else { Cause::Statement }, message }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

/// What databases say about a statement whose conditions are nested too deeply: SQLite, whose limit also depends on how many
/// conditions there are at each level, and PostgreSQL.
const TOO_DEEP: &[&str] = &["Expression tree is too large", "parser stack overflow", "stack depth limit exceeded"];

/// The error of a request whose filter the database refuses.
fn too_deep() -> Error {
    Error::Limit("The filter is too deeply nested for the database: make it flatter, or split the query".into())
}

impl From<DbErr> for Error {
    /// Converts an error of a statement. One that shows that the database is gone becomes [`Error::Unavailable`].
    fn from(error: DbErr) -> Self {
        match cause(&error) {
            Cause::Connection => Self::Unavailable(error.to_string()),
            Cause::Statement if TOO_DEEP.iter().any(|words| error.to_string().contains(words)) => too_deep(),
            Cause::Statement | Cause::Canceled | Cause::RecoveryConflict => Self::Database(error),
        }
    }
}

impl From<ReadError> for Error {
    /// Converts like an error of a write.
    fn from(error: ReadError) -> Self {
        match error.cause {
            Cause::Connection => Self::Unavailable(error.message),
            Cause::Statement if TOO_DEEP.iter().any(|words| error.message.contains(words)) => too_deep(),
            Cause::Statement | Cause::Canceled | Cause::RecoveryConflict => {
                Self::Database(DbErr::Query(RuntimeErr::Internal(error.message)))
            }
        }
    }
}

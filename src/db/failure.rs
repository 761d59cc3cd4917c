//! Tells errors of a connection from errors of a statement.

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
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // Serialization failure and deadlock. Nobody writes on a standby, so these are recovery conflicts.
            Some("40001" | "40P01") => Cause::RecoveryConflict,
            // Shut down, crashed, starting up, database dropped, too many connections.
            Some("57P01" | "57P02" | "57P03" | "57P04" | "53300") => Cause::Connection,
            _ => Cause::Statement,
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed => Cause::Connection,
        _ => Cause::Statement,
    }
}

/// What databases say about a statement whose conditions are nested too deeply: SQLite, whose limit also depends on how many
/// conditions there are at each level, and PostgreSQL.
const TOO_DEEP: &[&str] = &["Expression tree is too large", "parser stack overflow", "stack depth limit exceeded"];

impl From<DbErr> for Error {
    /// Converts an error of a statement. One that shows that the database is gone becomes [`Error::Unavailable`].
    fn from(error: DbErr) -> Self {
        match cause(&error) {
            Cause::Connection => Self::Unavailable(error.to_string()),
            Cause::Statement if TOO_DEEP.iter().any(|words| error.to_string().contains(words)) => Self::Limit(
                "The filter is too deeply nested for the database: make it flatter, or split the query".into(),
            ),
            Cause::Statement | Cause::RecoveryConflict => Self::Database(error),
        }
    }
}

//! Opens the connections of a [`Db`], with the settings that each database needs.

use std::fs::OpenOptions;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, Connection, PgConnection};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};

use crate::db::{Db, POSTGRES_CONNECTIONS, ReadPool, SQLITE_CONNECTIONS, migrations};
use crate::error::{Error, Result};

/// Maximum wait for a free connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

impl Db {
    /// Connects to an existing graph. Unlike [`Db::connect`] it never creates a SQLite file.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] when there is no such SQLite file, and as for [`Db::connect`].
    pub async fn open(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") && !url.contains(":memory:") {
            let options = SqliteConnectOptions::from_str(url).map_err(connection_error)?;
            let file = options.get_filename();
            // SQLite itself handles `file:` URIs, and files that cannot be inspected.
            if !file.to_string_lossy().starts_with("file:") && file.try_exists().is_ok_and(|exists| !exists) {
                let file = file.display();
                return Err(Error::BadInput(format!(
                    "There is no database {file}: name an existing one with --database-url, or create it with \
                     `newsgraph migrate up`"
                )));
            }
        }
        Self::connect(url).await
    }

    /// Connects to a database and creates a missing SQLite file. It does not migrate the schema.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] for a URL that is neither SQLite nor PostgreSQL, an in-memory database, a file that is not a SQLite
    /// database, a SQLite database of another program, or one written by a newer newsgraph. Such a file is not changed.
    /// [`Error::Database`] when the connection fails.
    pub async fn connect(url: &str) -> Result<Self> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            if rest.contains(":memory:") {
                return Err(Error::BadInput(
                    "Only one connection can see an in-memory database: name a file, such as sqlite://newsgraph.db"
                        .into(),
                ));
            }
            return connect_sqlite(url).await;
        }
        if is_postgres(url) {
            return connect_postgres(url).await;
        }
        // The URL itself is not repeated: it may have a password.
        let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| scheme.len() <= 20);
        let given = scheme.map_or_else(String::new, |scheme| format!(": it starts with `{scheme}:`"));
        Err(Error::BadInput(format!(
            "The database URL is invalid{given}; write sqlite://FILE or postgres://USER@HOST/NAME"
        )))
    }
}

async fn connect_sqlite(url: &str) -> Result<Db> {
    let url = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
    let file = SqliteConnectOptions::from_str(&url).map_err(connection_error)?;
    // Connecting to write turns the journal of a file to WAL, even of a file that is not ours.
    migrations::check_sqlite_file(&file).await?;
    if url.contains("mode=rwc") && !file.get_filename().to_string_lossy().starts_with("file:") {
        create_private_file(file.get_filename());
    }
    // The writer connects first, because it creates the file.
    let mut options = connect_options(&url);
    // The temporary tables of an import grow with its files, so they go to disk.
    let writer_options = |options| sqlite(options).pragma("temp_store", "FILE").pragma("cache_size", "-65536");
    options.max_connections(1).map_sqlx_sqlite_opts(writer_options);
    let writer = connect_when_not_busy(options).await?;
    Ok(Db::new(writer, SQLITE_CONNECTIONS, |connections| ReadPool::sqlite(file.get_filename(), connections)))
}

/// Creates a missing database file so that only its owner can read it. SQLite gives the files beside it the same permissions. An
/// error is left to SQLite, which reports it better.
fn create_private_file(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

async fn connect_postgres(url: &str) -> Result<Db> {
    // A pool retries a refused connection for 30 seconds and then names no reason, so a single connection tries first.
    PgConnection::connect(url).await.map_err(connection_error)?.close().await.ok();
    let writer = Database::connect(connect_options(url)).await?;
    let options = Arc::new(PgConnectOptions::from_str(url).map_err(connection_error)?);
    let cancel_pool = writer.get_postgres_connection_pool().clone();
    let pool = |connections| ReadPool::postgres(&options, &cancel_pool, connections, None);
    Ok(Db::new(writer, POSTGRES_CONNECTIONS, pool))
}

/// Connects to a SQLite file that other processes may be creating. While one of them switches the journal to WAL, SQLite
/// answers "busy" to the others at once, without its busy timeout; so this function retries.
async fn connect_when_not_busy(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let until = Instant::now() + ACQUIRE_TIMEOUT;
    loop {
        match Database::connect(options.clone()).await {
            Err(error) if Instant::now() < until && sqlite_code(&error) == Some(SQLITE_BUSY) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            connected => return connected,
        }
    }
}

const SQLITE_BUSY: u32 = 5;

/// The primary result code of an error of SQLite.
pub(super) fn sqlite_code(error: &DbErr) -> Option<u32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    // The lower byte of an extended result code is the primary one.
    Some(code & 0xff)
}

/// Returns true for a URL of PostgreSQL.
pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// An error of sqlx while it connects, as SeaORM's error type.
pub(super) fn connection_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

fn connect_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(10))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The extra round trip takes a third of the time of a short read; a statement on a broken connection fails anyway.
        .test_before_acquire(false);
    options
}

fn sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(60))
        .pragma("journal_mode", "WAL")
        // A committed write survives a power failure.
        .pragma("synchronous", "FULL")
        // The thread of the connection sends rows in batches; with a short queue both sides wait for each other.
        .row_buffer_size(1024)
        .statement_cache_capacity(512)
}

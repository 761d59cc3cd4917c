//! The database: the one room that knows which one it is.

mod as_of;
pub(crate) mod bulk_insert;
mod change_notifier;
mod data_version;
mod dialect;
pub mod full_text;
mod pooled_connection;
mod read_pool;
mod replica;
mod select_sql;
mod snapshot;

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use migration::Migrator;
use sea_orm::sea_query::Query;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{Connection, PgConnection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait};
use tokio::sync::watch::Receiver;

use crate::error::{Error, Result};

pub use crate::db::as_of::AsOf;
use crate::db::change_notifier::ChangeNotifier;
use crate::db::data_version::DataVersion;
pub use crate::db::dialect::{Dialect, LIST};
pub use crate::db::read_pool::ReadPool;
use crate::db::replica::Replica;
pub use crate::db::replica::{Reading, ReplicaFigures};
pub(crate) use crate::db::select_sql::build;
pub use crate::db::snapshot::Snapshot;

/// All writers of one graph take the same lock: a PostgreSQL database may hold a graph in each of its schemas.
const WRITER_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('newsgraph'), hashtext(current_schema()))";

const ANALYZE_ALL: &str = "DO $$
DECLARE one name;
BEGIN
    -- Words wait in a list before they come into the index; as long as it is long, reading all rows seems cheaper.
    PERFORM gin_clean_pending_list('search_words');
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('ANALYZE %I', one);
    END LOOP;
END $$";

/// Connections for reading: more than the cores of a machine have little to do.
const READERS: usize = 8;

/// Connections that each keep one state of the graph while it is exported. They are opened when they are needed.
const EXPORTS: usize = 4;

/// In what time a database answers that is ready.
const READY: Duration = Duration::from_secs(3);

/// How long a statement waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections to the graph.
#[derive(Clone, Debug)]
pub struct Db {
    reader: ReadPool,
    exports: ReadPool,
    writer: DatabaseConnection,
    version: Arc<DataVersion>,
    watch: Arc<ChangeNotifier>,
    /// What is read in place of all this, where it can be.
    replica: Option<Replica>,
}

impl Db {
    /// Connects to a graph that is there. Error: `BAD_INPUT` when there is no such SQLite file.
    pub async fn open(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") && !url.contains(":memory:") {
            let options = SqliteConnectOptions::from_str(url).map_err(refused)?;
            let file = options.get_filename();
            // What names a file in another way, or cannot be looked at, is left to SQLite.
            if !file.to_string_lossy().starts_with("file:") && file.try_exists().is_ok_and(|exists| !exists) {
                let file = file.display();
                return Err(Error::BadInput(format!(
                    "There is no database {file}: name it with --database-url, or make it with `newsgraph migrate up`"
                )));
            }
        }
        Self::connect(url).await
    }

    /// Connects; a SQLite file is made when it is missing. Nothing is migrated.
    pub async fn connect(url: &str) -> Result<Self> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            if rest.contains(":memory:") {
                return Err(Error::BadInput(
                    "A database in memory is seen by one connection only; name a file: sqlite://newsgraph.db".into(),
                ));
            }
            let url = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
            // The writer comes first: it makes the file.
            let mut options = options(&url);
            // What an import keeps on the side grows with the file, so it goes to disk.
            let writes = |options| sqlite(options).pragma("temp_store", "FILE").pragma("cache_size", "-65536");
            options.max_connections(1).map_sqlx_sqlite_opts(writes);
            let writer = connect_in_turn(options).await?;
            let options = SqliteConnectOptions::from_str(&url).map_err(refused)?;
            // Each of those that read has pages of its own; what they do not keep the system does.
            let options = sqlite(options).pragma("temp_store", "MEMORY").pragma("cache_size", "-8192");
            return Ok(Self::new(writer, |seats| ReadPool::sqlite(&options, seats)));
        }
        if is_postgres(url) {
            // A pool asks a server that refuses again and again for half a minute, and then names no reason.
            PgConnection::connect(url).await.map_err(refused)?.close().await.ok();
            let writer = Database::connect(options(url)).await?;
            let options = PgConnectOptions::from_str(url).map_err(refused)?;
            let others = writer.get_postgres_connection_pool().clone();
            return Ok(Self::new(writer, |seats| ReadPool::postgres(&options, &others, seats, None)));
        }
        Err(Error::BadInput(format!("`{url}` is no database: write sqlite://FILE or postgres://USER@HOST/NAME")))
    }

    fn new(writer: DatabaseConnection, reader: impl Fn(usize) -> ReadPool) -> Self {
        let version = Arc::new(DataVersion::new(reader(1)));
        let (reader, exports) = (reader(READERS), reader(EXPORTS));
        Self { reader, exports, writer, version, watch: ChangeNotifier::new(), replica: None }
    }

    /// The version of the graph: it grows with everything that is written. All that was written before this was called is in it.
    pub async fn version(&self) -> Result<i64> {
        self.version.now().await
    }

    /// For reading what a request asks.
    pub fn reader(&self) -> &ReadPool {
        &self.reader
    }

    /// The graph as it is now, to be read for as long as it takes. Queries keep their own connections.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::take(&self.exports).await
    }

    /// For single statements that nothing interrupts.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        Dialect(self.reader.backend())
    }

    /// Brings storage up to date: all changes or, when it is interrupted, none. Processes that start together wait for the
    /// first of them.
    pub async fn migrate(&self) -> Result<()> {
        // Who has nothing to do need not wait for a writer.
        if self.is_ready().await.is_ok() {
            return Ok(());
        }
        let transaction = self.write().await?;
        Migrator::up(&transaction, None).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether storage is as this program needs it; says what is wrong when it is not. It waits for no writer.
    pub async fn is_ready(&self) -> std::result::Result<(), &'static str> {
        let select = Query::select().column("version").from("seaql_migrations").take();
        let asked = self.reader.all(self.reader.backend().build(&select));
        let rows = match tokio::time::timeout(READY, asked).await {
            Ok(Ok(rows)) => rows,
            _ => return Err("the database does not answer"),
        };
        let made: HashSet<String> = rows.iter().filter_map(|row| row.try_get("", "version").ok()).collect();
        let known: HashSet<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        if !made.is_superset(&known) {
            return Err("the database lacks changes: run `newsgraph migrate up`");
        }
        if made != known {
            return Err("the database is newer than this program: install the newer one");
        }
        Ok(())
    }

    /// The name of each change to storage and whether it was made here.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>> {
        let all = Migrator::get_migration_with_status(&self.writer).await?;
        Ok(all.iter().map(|one| (one.name().to_owned(), one.status() == MigrationStatus::Applied)).collect())
    }

    /// Begins writing: there is one writer at a time, in this process and any other.
    pub async fn write(&self) -> Result<DatabaseTransaction> {
        let transaction = self
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await?;
        if transaction.get_database_backend() == DatabaseBackend::Postgres {
            transaction.execute_unprepared(WRITER_LOCK).await?;
            // A plan that is kept while an import fills the tables stays the one for empty tables: it scans them.
            transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_custom_plan").await?;
            // What a writer looks up it or its index has just written: it lies in memory. Else thousands of keys seem to be worth
            // reading a whole table.
            transaction.execute_unprepared("SET LOCAL random_page_cost = 1.1").await?;
        }
        Ok(transaction)
    }

    /// Ends writing. Who asks again gets a new answer, and who waits for changes is told.
    pub async fn commit(&self, transaction: DatabaseTransaction) -> Result<()> {
        transaction.execute_unprepared("UPDATE counter SET value = value + 1 WHERE name = 'version'").await?;
        let moment = format!(
            "INSERT INTO moment (version, at, last_id, last_change)
             SELECT value, {}, (SELECT value FROM counter WHERE name = 'id'), (SELECT value FROM counter WHERE name = 'change')
             FROM counter WHERE name = 'version'",
            now()
        );
        transaction.execute_unprepared(&moment).await?;
        if transaction.get_database_backend() == DatabaseBackend::Postgres {
            // Foreign keys are checked now, each by a small statement that was planned anew for every row otherwise: most of
            // the time of a commit. The tables have their size, so a plan may be kept.
            transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await?;
        }
        transaction.commit().await?;
        self.watch.wrote();
        Ok(())
    }

    /// The number of the last change, now and whenever it has grown, whoever wrote.
    pub fn changes(&self) -> Receiver<i64> {
        self.watch.follow(&self.reader)
    }

    /// Tells PostgreSQL how much a transaction has written, for its own look at the tables may have come when they were still
    /// empty to all others: then it reads each as if it had one row, and a count takes hours. SQLite plans without figures.
    pub async fn analyze(transaction: &DatabaseTransaction) -> Result<()> {
        if transaction.get_database_backend() == DatabaseBackend::Postgres {
            transaction.execute_unprepared(ANALYZE_ALL).await?;
        }
        Ok(())
    }

    /// Waits for what runs and closes.
    pub async fn close(self) -> Result<()> {
        self.close_replica().await?;
        self.reader.close().await?;
        self.exports.close().await?;
        self.version.close().await?;
        Ok(self.writer.close().await?)
    }
}

/// Seconds since 1970 UTC.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Connects to a SQLite file that others may be making at this moment: while one of them turns its journal to WAL, SQLite refuses
/// the others and does not let them wait.
async fn connect_in_turn(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    // The lower byte of a code is what it is at large.
    let is_busy = |code: &str| code.parse().is_ok_and(|code: u32| code & 0xff == 5);
    let until = Instant::now() + ACQUIRE_TIMEOUT;
    loop {
        match Database::connect(options.clone()).await {
            Err(DbErr::Conn(RuntimeErr::SqlxError(error)))
                if Instant::now() < until
                    && error.as_database_error().and_then(|error| error.code()).is_some_and(|code| is_busy(&code)) =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            connected => return connected,
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn refused(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

fn options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(10))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The extra round trip costs a third of a short read; a broken connection shows itself soon enough.
        .test_before_acquire(false);
    options
}

fn sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(60))
        .pragma("journal_mode", "WAL")
        // What was acknowledged survives a power cut.
        .pragma("synchronous", "FULL")
        // Rows cross from the database's thread in batches; a short queue makes both sides wait.
        .row_buffer_size(1024)
        .statement_cache_capacity(512)
}

//! The database layer: connections, reads, the writer's transaction, and all SQL that differs between SQLite and PostgreSQL.
//!
//! - [`Db`] opens a graph (`connect`), migrates it (`migrations`) and has one writer at a time.
//! - Reads go through a [`ReadPool`], whose statements are canceled when nobody waits for them. Its connections
//!   (`pooled_connection`) are those of rusqlite (`sqlite_reader`) or tokio-postgres (`postgres_reader`, `postgres_connect`);
//!   look-ups on PostgreSQL share some (`shared_connections`). Writes go through SeaORM, whose connections are those of sqlx.
//! - A [`Snapshot`] is one state of the graph for an export, and [`AsOf`] rewrites statements for point-in-time queries.
//! - A [`ReadRoute`] sends the statements of a request to the primary database or to a streaming replica (`replica`).
//! - `availability` notices that the database no longer responds, so that requests fail at once; `failure` classifies errors.
//! - `table_sizes` counts rows for estimates.
//! - `data_version` and `change_notifier` tell caches and subscriptions that something was written; `change_batches` reads it.
//! - [`Dialect`], [`full_text`] and `bulk_insert` build the SQL that differs.

mod as_of;
mod availability;
pub(crate) mod bulk_insert;
mod change_batches;
mod change_notifier;
mod connect;
mod data_version;
mod dialect;
mod failure;
pub mod full_text;
mod migrations;
mod pooled_connection;
mod postgres_connect;
mod postgres_reader;
mod read_pool;
mod replica;
mod select_sql;
mod shared_connections;
mod snapshot;
mod sqlite_reader;
mod table_sizes;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::watch::Receiver;

use crate::error::Result;

pub use crate::db::as_of::AsOf;
use crate::db::availability::Availability;
use crate::db::change_batches::ChangeBatches;
pub(crate) use crate::db::change_batches::{ChangeSet, SharedBatch};
use crate::db::change_notifier::ChangeNotifier;
use crate::db::data_version::DataVersion;
pub(crate) use crate::db::dialect::List;
pub use crate::db::dialect::{Dialect, LIST};
pub use crate::db::read_pool::ReadPool;
pub(crate) use crate::db::read_pool::ReservedConnection;
use crate::db::replica::Replica;
pub use crate::db::replica::{ReadRoute, ReplicaStats};
pub(crate) use crate::db::select_sql::{CONDITION_MARKER, StatementTemplate, all_columns, build};
pub use crate::db::snapshot::Snapshot;
pub(crate) use crate::db::sqlite_reader::{KeyedRows, PARENT_KEY, RepeatedStatement};

/// Serializes the writers of one graph. The lock is per schema, because a PostgreSQL database can have a graph in each.
const WRITER_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('newsgraph'), hashtext(current_schema()))";

const ANALYZE_ALL: &str = "DO $$
DECLARE one name;
BEGIN
    -- New words wait in a pending list before they are in the index. While the list is long, the planner prefers to scan all rows.
    PERFORM gin_clean_pending_list('search_words');
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('ANALYZE %I', one);
    END LOOP;
END $$";

/// Read connections to a SQLite file. More than a machine has cores bring little, and each caches pages.
const SQLITE_CONNECTIONS: usize = 8;

/// Read connections to a PostgreSQL server. While some wait for the server, others keep it busy.
const POSTGRES_CONNECTIONS: usize = 16;

/// Connections for exports, each of which keeps one snapshot. They are opened when needed.
const EXPORT_CONNECTIONS: usize = 4;

/// Maximum time in which a healthy database answers.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

/// The connections to a graph. Cloning is cheap: clones share the connections.
#[derive(Clone, Debug)]
pub struct Db {
    inner: Arc<Connections>,
}

/// The connections to a graph, by purpose.
#[derive(Clone, Debug)]
struct Connections {
    reader: ReadPool,
    exports: ReadPool,
    writer: DatabaseConnection,
    /// For single short reads that must not wait for queries: API keys, the last change.
    lookups: ReadPool,
    /// For snapshots of tasks of the server, which must not take the connections of queries or exports.
    background: ReadPool,
    version: Arc<DataVersion>,
    notifier: Arc<ChangeNotifier>,
    change_batches: Arc<ChangeBatches>,
    /// `None` for a file, which has no server that could be gone, and for a replica, which has a health monitor.
    availability: Option<Arc<Availability>>,
    /// The replica that serves reads while it is healthy.
    replica: Option<Replica>,
}

impl Db {
    fn new(writer: DatabaseConnection, connections: usize, pool: impl Fn(usize) -> ReadPool) -> Self {
        let connections = Connections {
            reader: pool(connections),
            exports: pool(EXPORT_CONNECTIONS),
            lookups: pool(1),
            background: pool(1),
            writer,
            version: Arc::new(DataVersion::new(pool(1))),
            notifier: ChangeNotifier::new(),
            change_batches: Arc::default(),
            availability: Availability::new(pool(1)),
            replica: None,
        };
        Self { inner: Arc::new(connections) }
    }

    /// The data version: a number that grows with every commit. It includes all writes that committed before this call.
    pub async fn version(&self) -> Result<i64> {
        // Pinned here: moved into further futures, it would take its size in each of them.
        self.while_available(pin!(self.inner.version.current())).await?
    }

    /// The pool for the reads of requests.
    pub fn reader(&self) -> &ReadPool {
        &self.inner.reader
    }

    /// The pool for single short reads, which never wait for the reads of requests.
    pub(crate) fn lookups(&self) -> &ReadPool {
        &self.inner.lookups
    }

    /// Runs something that needs the database. It fails as soon as the database no longer responds.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]. A write may have been done nevertheless.
    pub(crate) async fn while_available<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        match &self.inner.availability {
            Some(availability) => availability.run(work).await,
            None => Ok(work.await),
        }
    }

    /// Like [`Self::while_available`], but returns `None` when it takes longer than this. With no time at all it does not begin.
    pub(crate) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Result<Option<T>> {
        // Timers poll the work before they look at the time.
        if limit.is_zero() {
            return Ok(None);
        }
        match &self.inner.availability {
            Some(availability) => availability.run_within(limit, work).await,
            None => Ok(tokio::time::timeout(limit, work).await.ok()),
        }
    }

    /// Takes a snapshot of the graph for a long read, such as an export. Snapshots have connections of their own, so they do
    /// not block queries.
    ///
    /// # Errors
    ///
    /// `Error::Busy` when the maximum number of snapshots is open.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::take(&self.inner.exports).await
    }

    /// Takes a snapshot of the primary database for a task of the server. Only one task can have such a snapshot; others wait.
    pub(crate) async fn background_snapshot(&self) -> Result<Snapshot> {
        Snapshot::wait(&self.inner.background).await
    }

    /// The writer's connection, for single statements that are never canceled.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    /// The SQL dialect of this database.
    pub fn dialect(&self) -> Dialect {
        Dialect(self.inner.reader.backend())
    }

    /// Begins a write transaction. There is one writer at a time, in this process and all others; later ones wait.
    pub async fn write(&self) -> Result<DatabaseTransaction> {
        let transaction = self
            .inner
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await?;
        if transaction.get_database_backend() == DatabaseBackend::Postgres {
            transaction.execute_unprepared(WRITER_LOCK).await?;
            // A plan cached while an import fills the tables stays the plan for empty tables, which is a scan.
            transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_custom_plan").await?;
            // A writer looks up what it or its index has just written, so the pages are in memory. With the default cost, the
            // planner reads a whole table rather than look up thousands of keys.
            transaction.execute_unprepared("SET LOCAL random_page_cost = 1.1").await?;
        }
        Ok(transaction)
    }

    /// Commits a write transaction as a new data version. Cached responses become invalid and subscriptions are notified.
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
            // The commit checks the deferred foreign keys, each with a small statement. Planning it again for every row would
            // take most of the commit's time. The tables have their final size now, so a cached plan is safe.
            transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await?;
        }
        transaction.commit().await?;
        self.inner.notifier.notify();
        Ok(())
    }

    /// The sequence number of the last change, and each later one, whichever process wrote it.
    pub fn changes(&self) -> Receiver<i64> {
        self.inner.notifier.subscribe(&self.inner.lookups)
    }

    /// Reads the next changes of a set after `last`, up to `latest`, at most 100; once for all callers that need the same ones.
    pub(crate) async fn read_changes(&self, set: &ChangeSet, last: i64, latest: i64) -> Result<SharedBatch> {
        self.inner.change_batches.read(&self.inner.reader, set, last, latest).await
    }

    /// Updates the planner statistics of PostgreSQL after a large write. Autovacuum may have looked at the tables when they
    /// were still empty to other transactions. The planner would then expect one row in each, and a count could take hours.
    /// SQLite plans without statistics.
    pub async fn analyze(transaction: &DatabaseTransaction) -> Result<()> {
        if transaction.get_database_backend() == DatabaseBackend::Postgres {
            transaction.execute_unprepared(ANALYZE_ALL).await?;
        }
        Ok(())
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(self) -> Result<()> {
        self.close_replica().await?;
        self.inner.reader.close().await?;
        self.inner.exports.close().await?;
        self.inner.lookups.close().await?;
        self.inner.background.close().await?;
        if let Some(availability) = &self.inner.availability {
            availability.close().await?;
        }
        self.inner.version.close().await?;
        Ok(self.inner.writer.clone().close().await?)
    }
}

/// The current time in seconds since 1970-01-01 UTC.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

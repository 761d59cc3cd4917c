//! The state of one request: the database, its statements and their snapshot, point-in-time reads and the caller.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::ErrorExtensions;
use entity::row::Rows;
use sea_orm::Statement;
use sea_orm::sea_query::{SelectStatement, Value};
use tokio::sync::{Mutex, OnceCell};

use crate::db;
use crate::db::{AsOf, Db, Dialect, KeyedRows, PARENT_KEY, RepeatedStatement, ReservedConnection};
use crate::error::Error;
use crate::graphql::aggregate_cache::AggregateCache;
use crate::graphql::graph::AdjacencyCache;
use crate::graphql::response_budget::ResponseBudget;
use crate::graphql::types::date::DateTime;
use crate::graphql::version_stamp::VersionStamp;

/// The state of one request: all its steps share it.
#[derive(Clone)]
pub struct Session {
    db: Db,
    reads: Arc<Reads>,
    recorded: Option<Arc<std::sync::Mutex<Vec<Statement>>>>,
    as_of: Option<Arc<AsOfInstant>>,
    budget: Option<Arc<ResponseBudget>>,
    adjacency: Option<Arc<AdjacencyCache>>,
    aggregates: Option<Arc<AggregateCache>>,
}

/// The statements of a request. They run on one connection, one after the other, and see one state of the graph.
struct Reads {
    connection: Mutex<Option<ReservedConnection>>,
    /// The client that the connection is reserved for; none for reads outside of a client's request.
    client: Option<Arc<str>>,
    /// True when one statement is expected, which needs no transaction to see one state.
    expects_one_statement: bool,
    statements: AtomicUsize,
    /// Time that statements and searches in memory took, in microseconds.
    microseconds: AtomicU64,
    /// The version of the graph that the transaction reads, once it is known.
    stamp: std::sync::Mutex<Option<VersionStamp>>,
}

/// The instant of a point-in-time query, and the version of the graph at that instant once it is known.
struct AsOfInstant {
    /// Seconds since 1970 UTC.
    instant: i64,
    version: OnceCell<AsOf>,
}

impl Session {
    /// Creates the session of a request to this database.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            reads: Arc::new(Reads {
                connection: Mutex::default(),
                client: None,
                expects_one_statement: false,
                statements: AtomicUsize::new(0),
                microseconds: AtomicU64::new(0),
                stamp: std::sync::Mutex::default(),
            }),
            recorded: None,
            as_of: None,
            budget: None,
            adjacency: None,
            aggregates: None,
        }
    }

    /// Creates the session of a client's request, which gets a fair part of the connections. When one statement is expected, it
    /// runs without a transaction; a second one then stops the request, which must be repeated.
    pub(crate) fn of_client(db: Db, client: Arc<str>, expects_one_statement: bool) -> Self {
        let reads = Reads {
            connection: Mutex::default(),
            client: Some(client),
            expects_one_statement,
            statements: AtomicUsize::new(0),
            microseconds: AtomicU64::new(0),
            stamp: std::sync::Mutex::default(),
        };
        Self { reads: Arc::new(reads), ..Self::new(db) }
    }

    /// Limits the size of the response, and of the texts that are read for it.
    pub(crate) fn with_budget(self, budget: Arc<ResponseBudget>) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Searches the actor graph in memory where that is possible.
    pub fn with_adjacency(self, adjacency: Option<Arc<AdjacencyCache>>) -> Self {
        Self { adjacency, ..self }
    }

    /// Keeps the results of slow statements over whole lists.
    pub fn with_aggregates(self, aggregates: Option<Arc<AggregateCache>>) -> Self {
        Self { aggregates, ..self }
    }

    /// Returns the actor graph in memory; `None` for a request that cannot use it: a point-in-time query, whose state is not in
    /// memory, and one that reads a replica.
    pub(crate) fn adjacency(&self) -> Option<&AdjacencyCache> {
        self.adjacency.as_deref().filter(|_| self.as_of.is_none() && !self.db.reader().is_replica())
    }

    /// Counts time of a search in memory like that of a statement.
    pub(crate) fn add_database_time(&self, elapsed: Duration) {
        let elapsed = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.reads.microseconds.fetch_add(elapsed, Ordering::Relaxed);
    }

    pub(crate) fn budget(&self) -> Option<&Arc<ResponseBudget>> {
        self.budget.as_ref()
    }

    /// Creates a session that also records its statements, so that tests can inspect their query plans.
    pub fn recording(db: Db) -> Self {
        Self { recorded: Some(Arc::default()), ..Self::new(db) }
    }

    /// Returns the statements recorded so far; none unless the session was created by [`Self::recording`].
    pub fn recorded(&self) -> Vec<Statement> {
        let recorded = self.recorded.as_ref();
        recorded.map(|list| lock(list).clone()).unwrap_or_default()
    }

    /// Number of SQL statements run so far.
    pub fn statements(&self) -> usize {
        self.reads.statements.load(Ordering::Relaxed)
    }

    /// Time that statements and searches in memory took so far.
    pub(crate) fn database_time(&self) -> Duration {
        Duration::from_micros(self.reads.microseconds.load(Ordering::Relaxed))
    }

    /// Ends the transaction and returns the connection to the pool; the next statement begins a new one. Called when a request is
    /// finished, and after a mutation has written, so that its result shows what was written.
    pub(crate) async fn end_snapshot(&self) {
        *lock(&self.reads.stamp) = None;
        if let Some(mut connection) = self.reads.connection.lock().await.take() {
            connection.end();
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// Returns true if a list may be read by a [scan](crate::graphql::connection::sqlite_scan): not for point-in-time queries, whose
    /// tables have no index.
    pub(crate) fn can_scan(&self) -> bool {
        self.as_of.is_none()
    }

    /// Returns a session that reads the graph as it was known at an instant.
    pub(crate) fn at(&self, instant: DateTime) -> Self {
        let as_of = AsOfInstant { instant: instant.0, version: OnceCell::new() };
        Self { as_of: Some(Arc::new(as_of)), ..self.clone() }
    }

    async fn version<'a>(&self, as_of: &'a AsOfInstant) -> Result<&'a AsOf, SharedError> {
        let version = as_of.version.get_or_try_init(async || {
            AsOf::new(&self.run(AsOf::find(self.db.reader().backend(), as_of.instant)).await?)
        });
        Ok(version.await?)
    }

    /// Runs a select and returns all its rows.
    pub(crate) async fn all(&self, select: &SelectStatement) -> Result<Rows, SharedError> {
        let mut statement = db::build(self.db.reader().backend(), select);
        if let Some(as_of) = &self.as_of {
            // Boxed to keep the future small: few queries use `asOf`.
            statement = Box::pin(self.version(as_of)).await?.rewrite(statement)?;
        }
        if let Some(recorded) = &self.recorded {
            lock(recorded).push(statement.clone());
        }
        tracing::trace!(sql = %statement.sql, "run a SQL query");
        Ok(Box::pin(self.run(statement)).await?)
    }

    /// Returns the version of the graph that the request reads; `None` before the first write.
    pub(crate) async fn version_stamp(&self) -> Result<Option<VersionStamp>, SharedError> {
        if let Some(stamp) = *lock(&self.reads.stamp) {
            return Ok(Some(stamp));
        }
        let stamp = VersionStamp::from_rows(&self.all(&VersionStamp::select(None)).await?)?;
        *lock(&self.reads.stamp) = stamp;
        Ok(stamp)
    }

    /// Runs a statement over whole lists, or returns its cached result. Results of point-in-time queries are not cached.
    pub(crate) async fn aggregate(&self, statement: Statement) -> Result<Arc<Rows>, SharedError> {
        match self.aggregates.as_ref().filter(|_| self.as_of.is_none()) {
            Some(aggregates) => aggregates.rows(self, statement).await,
            None => Ok(Arc::new(self.rows(statement).await?)),
        }
    }

    /// Runs a statement and returns all its rows.
    pub(crate) async fn rows(&self, statement: Statement) -> Result<Rows, SharedError> {
        self.rows_of(statement, false).await
    }

    /// Runs a statement that looks up a single row, like [`Self::rows`].
    pub(crate) async fn look_up(&self, statement: Statement) -> Result<Rows, SharedError> {
        self.rows_of(statement, true).await
    }

    async fn rows_of(&self, statement: Statement, is_look_up: bool) -> Result<Rows, SharedError> {
        let (reads, reader) = (&self.reads, self.db.reader());
        // The only statement of a request needs no transaction.
        if reads.expects_one_statement && self.as_of.is_none() && self.recorded.is_none() && self.statements() == 0 {
            let started = Instant::now();
            let rows = reader.share(&statement, is_look_up).await?;
            self.add_database_time(started.elapsed());
            if let Some(rows) = rows {
                tracing::trace!(sql = %statement.sql, "run a SQL query");
                self.count_statement().await;
                return Ok(rows);
            }
        }
        Ok(self.rows_for_each(statement, None).await?.0)
    }

    /// Counts a statement. Stops the request if it is the second one and only one was expected.
    async fn count_statement(&self) {
        if self.reads.statements.fetch_add(1, Ordering::Relaxed) > 0
            && self.reads.expects_one_statement
            && let Some(budget) = &self.budget
        {
            budget.need_snapshot().await;
        }
    }

    /// Runs a statement for each key, which is bound in place of [`PARENT_KEY`]. Returns the rows of all keys, and
    /// the key of each row. Only SQLite repeats statements quickly.
    pub(crate) async fn rows_for_each(
        &self,
        statement: Statement,
        keys: Option<Vec<i64>>,
    ) -> Result<KeyedRows, SharedError> {
        let mut statement = statement;
        if let Some(as_of) = &self.as_of {
            // Boxed to keep the future small: few queries use `asOf`.
            statement = Box::pin(self.version(as_of)).await?.rewrite(statement)?;
        }
        if let Some(recorded) = &self.recorded {
            // Recorded with the first key, as a statement that can be run.
            let key = keys.iter().flatten().next().map(|key| Value::from(*key));
            let mut statement = statement.clone();
            for value in statement.values.iter_mut().flat_map(|values| &mut values.0) {
                if *value == PARENT_KEY {
                    *value = key.clone().unwrap_or(Value::BigInt(None));
                }
            }
            lock(recorded).push(statement);
        }
        tracing::trace!(sql = %statement.sql, "run a SQL query");
        Ok(self.run_with(RepeatedStatement { statement, keys }).await?)
    }

    /// Runs a statement on the connection of the request.
    async fn run(&self, statement: Statement) -> Result<Rows, Error> {
        Ok(self.run_with(RepeatedStatement { statement, keys: None }).await?.0)
    }

    async fn run_with(&self, statement: RepeatedStatement) -> Result<KeyedRows, Error> {
        let (reads, reader) = (&self.reads, self.db.reader());
        let mut slot = reads.connection.lock().await;
        self.count_statement().await;
        if slot.is_none() {
            *slot = Some(match &reads.client {
                Some(client) => reader.reserve_for(client).await?,
                None => reader.reserve().await?,
            });
        }
        let Some(connection) = slot.as_mut() else { return Err(Error::Internal("no connection".into())) };
        let started = Instant::now();
        if !reads.expects_one_statement {
            connection.begin();
        }
        let rows = connection.all_for_each(statement).await.map_err(|error| reader.failed(error));
        self.add_database_time(started.elapsed());
        if reads.expects_one_statement {
            *slot = None;
        }
        rows
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An [`Error`] that can be cloned, because the fields of all rows of a level report the error of one step.
#[derive(Clone, Debug)]
pub struct SharedError(Arc<Error>);

impl SharedError {
    /// Returns whether it is no error of the request: a statement failed, or the program.
    pub(crate) fn is_internal(&self) -> bool {
        ["INTERNAL", "UNAVAILABLE"].contains(&self.0.code())
    }

    /// Returns the error itself if nothing else holds it, and otherwise an internal error with its message.
    pub(crate) fn into_error(self) -> Error {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Error::Internal(shared.to_string()))
    }
}

impl<E: Into<Error>> From<E> for SharedError {
    fn from(error: E) -> Self {
        let error = error.into();
        // A query that fails on a replica is retried elsewhere, so it is not logged as an error.
        match &error {
            Error::Unavailable(_) => tracing::warn!(%error, "a query failed"),
            Error::Replica(_) => {}
            _ if error.code() == "INTERNAL" => tracing::error!(%error, "a query failed"),
            _ => {}
        }
        Self(Arc::new(error))
    }
}

impl From<SharedError> for async_graphql::Error {
    fn from(error: SharedError) -> Self {
        Self::new(error.0.public_message()).extend_with(|_, extensions| extensions.set("code", error.0.code()))
    }
}

//! Read routing: a streaming replica serves reads in place of the primary database.
//!
//! All statements of one request read from one of the two. The replica lags behind the primary, so a request that needs a data
//! version which the replica is not known to have reads from the primary. While the replica is lost, all requests do.

mod monitor;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sea_orm::sqlx::PgPool;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::db::change_batches::ChangeBatches;
use crate::db::change_notifier::ChangeNotifier;
use crate::db::connect::ACQUIRE_TIMEOUT;
use crate::db::data_version::DataVersion;
use crate::db::failure::{Cause, ReadError};
use crate::db::{Connections, Db, EXPORT_CONNECTIONS, POSTGRES_CONNECTIONS, ReadPool};
use crate::error::{Error, Result};

use crate::db::replica::monitor::HealthMonitor;

/// Connections that send cancellation requests.
const CANCEL_CONNECTIONS: u32 = 2;

/// A replica and its state, as its health monitor reports it.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    state: watch::Sender<State>,
    awaited: Arc<AwaitedVersion>,
    /// The task of the health monitor. Dropping the last clone ends it.
    _monitor: Arc<JoinSet<()>>,
}

/// The health of a replica.
#[derive(Clone, Debug)]
enum State {
    /// The replica serves reads.
    Healthy(Arc<ReplicaPool>),
    /// The replica serves no reads, for this reason.
    Unavailable { reason: String, was_healthy: bool },
}

/// The newest data version that a request waits for. Until the replica has it, the monitor asks the replica often.
#[derive(Debug, Default)]
struct AwaitedVersion {
    version: AtomicI64,
    grown: Notify,
}

/// Connections to a replica, from the time it is found healthy until it is lost. After that, new connections may reach a server
/// in another state, so a new pool starts without any knowledge of it.
#[derive(Debug)]
struct ReplicaPool {
    reader: ReadPool,
    exports: ReadPool,
    lookups: ReadPool,
    notifier: Arc<ChangeNotifier>,
    change_batches: Arc<ChangeBatches>,
    /// Reads the data version of the replica.
    current_version: Arc<DataVersion>,
    /// The replica has at least this data version. It only grows: a server that may have gone back gets a new pool.
    version: AtomicI64,
    incarnation: ServerIncarnation,
}

impl ReplicaPool {
    fn new(options: &Arc<PgConnectOptions>, incarnation: ServerIncarnation, version: i64) -> Arc<Self> {
        let cancel_pool = PgPoolOptions::new().max_connections(CANCEL_CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
        let cancel_pool: PgPool = cancel_pool.connect_lazy_with(PgConnectOptions::clone(options));
        let pool = |size| ReadPool::postgres(options, &cancel_pool, size, Some(&incarnation));
        Arc::new(Self {
            reader: pool(POSTGRES_CONNECTIONS),
            exports: pool(EXPORT_CONNECTIONS),
            lookups: pool(1),
            notifier: ChangeNotifier::new(),
            change_batches: Arc::default(),
            current_version: Arc::new(DataVersion::new(pool(1))),
            version: version.into(),
            incarnation,
        })
    }

    /// The newest data version that the replica is known to have.
    fn known_version(&self) -> i64 {
        self.version.load(Ordering::Acquire)
    }
}

/// One run of a replica's server process, from start to stop.
#[derive(Clone, Debug)]
pub(super) struct ServerIncarnation {
    /// The start time that the server reports. After a crash and restart a replica may show an older state for a while, so
    /// connections to different incarnations must not be mixed.
    pub(super) started: Arc<str>,
    lost: watch::Sender<bool>,
}

impl ServerIncarnation {
    fn new(started: &str) -> Self {
        Self { started: started.into(), lost: watch::Sender::new(false) }
    }

    /// Ends all reads from this incarnation.
    pub(super) fn mark_lost(&self) {
        self.lost.send_replace(true);
    }

    /// Returns true after [`Self::mark_lost`].
    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until this incarnation is lost.
    async fn wait_lost(&self) {
        let mut lost = self.lost.subscribe();
        // Mapping the result drops its guard, which would block `mark_lost`.
        let _ = lost.wait_for(|lost| *lost).await.map(|_| ());
    }

    /// Converts an error of a statement. One that the primary would not have becomes [`Error::Replica`]; one that shows that the
    /// server is gone also marks this incarnation as lost.
    pub(super) fn classify(&self, error: ReadError) -> Error {
        match error.cause {
            Cause::Statement | Cause::Canceled if !self.is_lost() => return error.into(),
            Cause::Statement | Cause::Canceled => {}
            Cause::Connection => self.mark_lost(),
            Cause::RecoveryConflict => {}
        }
        Error::Replica(error.to_string())
    }
}

/// The database from which one request reads, for all of its statements: the primary or the replica.
#[derive(Debug)]
pub struct ReadRoute {
    db: Db,
    /// The pool of the replica, and whether a statement failed only because it ran there; `None` when the request reads from the
    /// primary.
    replica: Option<(Arc<ReplicaPool>, Arc<AtomicBool>)>,
}

impl ReadRoute {
    /// The database to read from.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Returns true when the request reads from the replica.
    pub fn is_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// Returns true when a statement failed only because it ran on the replica. The request can be run again on the primary.
    pub fn failed_on_replica(&self) -> bool {
        self.replica.as_ref().is_some_and(|(_, failed)| failed.load(Ordering::Relaxed))
    }

    /// Waits until the replica is lost. On the primary it waits forever.
    pub async fn replica_lost(&self) {
        match &self.replica {
            Some((pool, _)) => pool.incarnation.wait_lost().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until a long-running read, such as a subscription, should change its route: the replica is lost, or healthy again.
    pub async fn route_changed(&self) {
        let (None, Some(replica)) = (&self.replica, &self.db.inner.replica) else { return self.replica_lost().await };
        let mut state = replica.state.subscribe();
        let healthy = state.wait_for(|state| matches!(state, State::Healthy(pool) if !pool.incarnation.is_lost()));
        if healthy.await.map(|_| ()).is_err() {
            // The monitor has ended, because the process is ending.
            std::future::pending::<()>().await;
        }
    }
}

/// The state of a replica, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaStats {
    /// True while the replica serves reads.
    pub is_read: bool,
    /// The newest data version that the replica is known to have.
    pub version: Option<i64>,
    /// Read connections in use.
    pub busy: usize,
}

impl Db {
    /// Adds a streaming replica, which serves reads while it is healthy.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] when the URL does not lead to a replica of this database. A replica that does not answer yet is no
    /// error: it is used as soon as it does.
    pub async fn with_replica(self, url: &str) -> Result<Self> {
        let (monitor, first_check) = HealthMonitor::new(self.inner.reader.clone(), url).await?;
        let (state, awaited) = monitor.shared();
        let mut first_state = state.subscribe();
        let mut task = JoinSet::new();
        task.spawn(monitor.run(first_check));
        // The first request can be routed only when the state is known.
        let _ = first_state.changed().await;
        let replica = Some(Replica { state, awaited, _monitor: Arc::new(task) });
        Ok(Self { inner: Arc::new(Connections { replica, ..Connections::clone(&self.inner) }) })
    }

    /// Returns true when a replica is configured, healthy or not.
    pub fn has_replica(&self) -> bool {
        self.inner.replica.is_some()
    }

    /// Returns the route of a request that needs at least this data version: the replica when it is known to have it, else the
    /// primary.
    pub fn route_read(&self, version: i64) -> ReadRoute {
        let Some(pool) = self.replica_pool() else { return self.route_to_primary() };
        if pool.known_version() < version {
            self.expect_on_replica(version);
            return self.route_to_primary();
        }
        let failed_on_replica = Arc::new(AtomicBool::new(false));
        let reporting = |reader: &ReadPool| reader.reporting_to(Arc::clone(&failed_on_replica));
        let connections = Connections {
            reader: reporting(&pool.reader),
            exports: reporting(&pool.exports),
            lookups: reporting(&pool.lookups),
            version: Arc::clone(&pool.current_version),
            notifier: Arc::clone(&pool.notifier),
            change_batches: Arc::clone(&pool.change_batches),
            availability: None,
            ..Connections::clone(&self.inner)
        };
        let db = Self { inner: Arc::new(connections) };
        ReadRoute { db, replica: Some((pool, failed_on_replica)) }
    }

    /// Returns the route to the primary.
    pub fn route_to_primary(&self) -> ReadRoute {
        ReadRoute { db: self.clone(), replica: None }
    }

    /// Announces that requests will need this data version, so that the monitor asks the replica for it often.
    pub fn expect_on_replica(&self, version: i64) {
        let Some(replica) = &self.inner.replica else { return };
        if replica.awaited.version.fetch_max(version, Ordering::AcqRel) < version {
            replica.awaited.grown.notify_one();
        }
    }

    /// Returns true when every route has this data version: there is no replica, or it is healthy and known to have it.
    pub fn is_replicated(&self, version: i64) -> bool {
        !self.has_replica() || self.replica_pool().is_some_and(|pool| pool.known_version() >= version)
    }

    /// The connections to the replica while it is healthy.
    fn replica_pool(&self) -> Option<Arc<ReplicaPool>> {
        match &*self.inner.replica.as_ref()?.state.borrow() {
            State::Healthy(pool) if !pool.incarnation.is_lost() => Some(Arc::clone(pool)),
            _ => None,
        }
    }

    /// Checks the replica for `/health/ready`. An error says why it does not serve reads yet; a text says why it no longer does.
    ///
    /// A replica that was healthy once may be lost: all requests then read from the primary, so a load balancer would gain
    /// nothing by removing this process.
    pub fn replica_is_ready(&self) -> std::result::Result<Option<String>, String> {
        match self.inner.replica.as_ref().map(|replica| replica.state.borrow().clone()) {
            Some(State::Unavailable { reason, was_healthy: false }) => {
                Err(format!("the replica does not serve reads yet: {reason}"))
            }
            Some(State::Unavailable { reason, was_healthy: true }) => {
                Ok(Some(format!("without the replica: {reason}")))
            }
            _ => Ok(None),
        }
    }

    /// The state of the replica for metrics; `None` when there is none.
    pub fn replica_stats(&self) -> Option<ReplicaStats> {
        self.inner.replica.as_ref()?;
        let pool = self.replica_pool();
        Some(ReplicaStats {
            is_read: pool.is_some(),
            version: pool.as_ref().map(|pool| pool.known_version()),
            busy: pool.map_or(0, |pool| pool.reader.occupancy().1),
        })
    }

    /// Waits for running statements on the replica and closes its connections.
    pub(super) async fn close_replica(&self) -> Result<()> {
        let Some(pool) = self.replica_pool() else { return Ok(()) };
        pool.reader.close().await?;
        pool.current_version.close().await?;
        pool.exports.close().await
    }
}

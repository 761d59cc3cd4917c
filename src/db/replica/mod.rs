//! A streaming replica that is read in place of the database written to.
//!
//! A request reads one of the two, for all of its statements. The replica lags: who needs a version of the graph that it is not
//! known to have reads the database written to. While the replica is lost that is read by all.

mod monitor;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{self, PgPool};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::db::change_notifier::ChangeNotifier;
use crate::db::data_version::DataVersion;
use crate::db::{ACQUIRE_TIMEOUT, Db, EXPORTS, READERS, ReadPool};
use crate::error::{Error, Result};

use crate::db::replica::monitor::HealthMonitor;

/// Connections that carry the word to stop.
const OTHERS: u32 = 2;

/// A replica, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    state: watch::Sender<State>,
    wanted: Arc<Wanted>,
    /// Looks after it until the last of those who read goes.
    _keeper: Arc<JoinSet<()>>,
}

#[derive(Clone, Debug)]
enum State {
    /// It is read.
    Here(Arc<ReplicaPool>),
    /// It is not, for this reason.
    Away { why: String, was_here: bool },
}

/// The newest version that somebody needs: as long as the replica is not known to have it, it is asked often.
#[derive(Debug, Default)]
struct Wanted {
    version: AtomicI64,
    grown: Notify,
}

/// Connections to a replica from when it was found fit until it is lost: then the next ones are other connections, and nothing
/// is known of what lies behind them.
#[derive(Debug)]
struct ReplicaPool {
    reader: ReadPool,
    exports: ReadPool,
    watch: Arc<ChangeNotifier>,
    /// Asks for its version.
    now: Arc<DataVersion>,
    /// It has this version at least. It only grows: a server that may have gone back is another place.
    version: AtomicI64,
    run: ServerIncarnation,
}

impl ReplicaPool {
    fn new(options: &PgConnectOptions, run: ServerIncarnation, version: i64) -> Arc<Self> {
        let others = PgPoolOptions::new().max_connections(OTHERS).acquire_timeout(ACQUIRE_TIMEOUT);
        let others: PgPool = others.connect_lazy_with(options.clone());
        let reader = |seats| ReadPool::postgres(options, &others, seats, Some(&run));
        let now = Arc::new(DataVersion::new(reader(1)));
        let (reader, exports) = (reader(READERS), reader(EXPORTS));
        Arc::new(Self { reader, exports, watch: ChangeNotifier::new(), now, version: version.into(), run })
    }
}

/// One run of a replica's server, from its start to its end.
#[derive(Clone, Debug)]
pub(super) struct ServerIncarnation {
    /// When the server started, in its own words. After a crash it may show an older state for a while.
    pub(super) started: Arc<str>,
    lost: watch::Sender<bool>,
}

impl ServerIncarnation {
    fn new(started: &str) -> Self {
        Self { started: started.into(), lost: watch::Sender::new(false) }
    }

    /// Nobody is to read it any more.
    pub(super) fn lose(&self) {
        self.lost.send_replace(true);
    }

    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until it is lost.
    async fn ends(&self) {
        let mut lost = self.lost.subscribe();
        // The guard of the value must not be held on.
        let _ = lost.wait_for(|lost| *lost).await.map(|_| ());
    }

    /// What an error of a statement means: one that the database written to would not have is told apart.
    pub(super) fn judge(&self, error: DbErr) -> Error {
        match cause(&error) {
            Cause::Statement if !self.is_lost() => return error.into(),
            Cause::Statement => {}
            Cause::Connection => self.lose(),
            Cause::Replay => {}
        }
        Error::Replica(error)
    }
}

/// Why a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It would fail elsewhere too.
    Statement,
    /// What the replica had to replay stood against it.
    Replay,
    /// The server is gone, or going.
    Connection,
}

fn cause(error: &DbErr) -> Cause {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        return if matches!(error, DbErr::ConnectionAcquire(_)) { Cause::Connection } else { Cause::Statement };
    };
    match error.as_ref() {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // Nobody writes at a standby: such conflicts are those with its recovery.
            Some("40001" | "40P01") => Cause::Replay,
            // Shut down, crashed, starting, full, its database dropped.
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

/// Where one request reads, for all of its statements.
#[derive(Debug)]
pub struct Reading {
    db: Db,
    /// The replica, where it is read.
    place: Option<Arc<ReplicaPool>>,
    let_down: Arc<AtomicBool>,
}

impl Reading {
    /// The database to read.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whether that is the replica.
    pub fn is_replica(&self) -> bool {
        self.place.is_some()
    }

    /// Whether a statement failed that would not have failed on the database written to.
    pub fn was_let_down(&self) -> bool {
        self.let_down.load(Ordering::Relaxed)
    }

    /// Waits until the replica is lost: for ever where it is not read.
    pub async fn lost(&self) {
        match &self.place {
            Some(place) => place.run.ends().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until who reads for long has to read elsewhere: the replica is lost, or back.
    pub async fn moves(&self) {
        let (None, Some(replica)) = (&self.place, &self.db.replica) else { return self.lost().await };
        let mut state = replica.state.subscribe();
        let back = state.wait_for(|state| matches!(state, State::Here(place) if !place.run.is_lost()));
        if back.await.map(|_| ()).is_err() {
            // Nobody looks after it any more: the program ends.
            std::future::pending::<()>().await;
        }
    }
}

/// A replica in figures.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaFigures {
    /// Whether it is read.
    pub is_read: bool,
    /// The newest version that it is known to have.
    pub version: Option<i64>,
    /// Connections for reading that work now.
    pub busy: usize,
}

impl Db {
    /// Reads at this streaming replica from now on, while it answers. Error: `BAD_INPUT` when it is no replica of this database.
    pub async fn with_replica(self, url: &str) -> Result<Self> {
        let (keeper, first) = HealthMonitor::new(self.reader.clone(), url).await?;
        let (state, wanted) = keeper.shared();
        let mut seen = state.subscribe();
        let mut task = JoinSet::new();
        task.spawn(keeper.keep(first));
        // From the first request on it is known where to read.
        let _ = seen.changed().await;
        Ok(Self { replica: Some(Replica { state, wanted, _keeper: Arc::new(task) }), ..self })
    }

    /// Whether a replica is read where it answers.
    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// Where a request reads that needs this version of the graph, or a newer one.
    pub fn reading(&self, version: i64) -> Reading {
        let Some(place) = self.place() else { return self.reading_here() };
        if place.version.load(Ordering::Acquire) < version {
            self.want(version);
            return self.reading_here();
        }
        let let_down = Arc::new(AtomicBool::new(false));
        let tied = |reader: &ReadPool| reader.telling(Arc::clone(&let_down));
        let db = Self {
            reader: tied(&place.reader),
            exports: tied(&place.exports),
            version: Arc::clone(&place.now),
            watch: Arc::clone(&place.watch),
            ..self.clone()
        };
        Reading { db, place: Some(place), let_down }
    }

    /// Reading the database written to.
    pub fn reading_here(&self) -> Reading {
        Reading { db: self.clone(), place: None, let_down: Arc::default() }
    }

    /// Somebody will read this version: it is looked often whether the replica has it.
    pub fn want(&self, version: i64) {
        let Some(replica) = &self.replica else { return };
        if replica.wanted.version.fetch_max(version, Ordering::AcqRel) < version {
            replica.wanted.grown.notify_one();
        }
    }

    /// Whether all who wrote up to this version read it wherever they read.
    pub fn is_everywhere(&self, version: i64) -> bool {
        !self.has_replica() || self.place().is_some_and(|place| place.version.load(Ordering::Acquire) >= version)
    }

    fn place(&self) -> Option<Arc<ReplicaPool>> {
        match &*self.replica.as_ref()?.state.borrow() {
            State::Here(place) if !place.run.is_lost() => Some(Arc::clone(place)),
            _ => None,
        }
    }

    /// Whether the replica is as it has to be before anybody reads; what is to be said of it. Once it was read it may go:
    /// then all read the database written to, and a balancer has nothing to gain by leaving this process out.
    pub fn replica_is_ready(&self) -> std::result::Result<Option<String>, String> {
        match self.replica.as_ref().map(|replica| replica.state.borrow().clone()) {
            Some(State::Away { why, was_here: false }) => Err(format!("the replica is not read yet: {why}")),
            Some(State::Away { why, was_here: true }) => Ok(Some(format!("without the replica: {why}"))),
            _ => Ok(None),
        }
    }

    /// The replica in figures, if there is one.
    pub fn replica_figures(&self) -> Option<ReplicaFigures> {
        self.replica.as_ref()?;
        let place = self.place();
        Some(ReplicaFigures {
            is_read: place.is_some(),
            version: place.as_ref().map(|place| place.version.load(Ordering::Acquire)),
            busy: place.map_or(0, |place| place.reader.occupancy().1),
        })
    }

    /// Waits for what runs at the replica and closes its connections.
    pub(super) async fn close_replica(&self) -> Result<()> {
        let Some(place) = self.place() else { return Ok(()) };
        place.reader.close().await?;
        place.now.close().await?;
        place.exports.close().await
    }
}

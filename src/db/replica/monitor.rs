//! The health monitor of a replica: checks that it replicates our database, that it answers, and which data version it has.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgRow};
use sea_orm::sqlx::{self, ConnectOptions, PgConnection, Row};
use sea_orm::{DatabaseBackend, Statement};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::db::connect::{connection_error, is_postgres};
use crate::db::replica::{AwaitedVersion, ReplicaPool, ServerIncarnation, State};
use crate::db::{READY_TIMEOUT, ReadPool};
use crate::error::{Error, Result};

/// Interval of the health check. A replica is lost when it then does not answer within [`READY_TIMEOUT`]. Requests do not check.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// First interval of version checks while a request needs a data version that the replica is not known to have. It doubles with
/// each check, up to [`CHECK_INTERVAL`].
const FIRST_CATCH_UP_INTERVAL: Duration = Duration::from_millis(20);

/// The identity of a database: a streaming replica has the same one as its primary, any other database has another one, even a
/// copy.
const IDENTITY: &str =
    "concat_ws('/', (SELECT system_identifier FROM pg_control_system()), current_database(), current_schema())";

/// The applied schema migrations.
const MIGRATIONS: &str = "(SELECT string_agg(version, ' ' ORDER BY version) FROM seaql_migrations)";

/// Returns whether the server is a standby, and its data version.
const HEARTBEAT: &str = "SELECT pg_is_in_recovery(), value FROM counter WHERE name = 'version'";

/// Why a replica cannot serve reads.
pub(crate) struct Unhealthy {
    reason: String,
    /// True when waiting does not help, because the URL or the credentials are wrong.
    is_permanent: bool,
}

impl Unhealthy {
    fn temporary(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), is_permanent: false }
    }

    fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: true }
    }
}

impl From<sqlx::Error> for Unhealthy {
    fn from(error: sqlx::Error) -> Self {
        // A missing role, password or database (classes 28 and 3D) is not caused by replica lag.
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        let is_permanent = code.is_some_and(|code| code.starts_with("28") || code.starts_with("3D"));
        Self { reason: error.to_string(), is_permanent }
    }
}

/// A replica that passed the health check: the monitor's connection, and the pool for requests.
pub(crate) struct HealthyReplica {
    connection: PgConnection,
    pool: Arc<ReplicaPool>,
}

/// Checks a replica for as long as the process runs, and publishes its state.
pub(crate) struct HealthMonitor {
    options: Arc<PgConnectOptions>,
    primary: ReadPool,
    /// The [`IDENTITY`] of the primary.
    identity: String,
    state: watch::Sender<State>,
    awaited: Arc<AwaitedVersion>,
    /// The data version that a lost replica has to reach before it serves reads again. Clients may have read newer states from
    /// the primary meanwhile, and must not see an older one afterward.
    min_version: Option<i64>,
}

impl HealthMonitor {
    /// Creates the monitor and checks the replica for the first time. A replica that does not answer yet is checked again later.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] when the replica can never serve reads: a wrong URL, wrong credentials, or another database.
    pub(crate) async fn new(primary: ReadPool, url: &str) -> Result<(Self, Result<HealthyReplica, Unhealthy>)> {
        // The messages do not show the URLs, which can hold passwords.
        if primary.backend() != DatabaseBackend::Postgres {
            let message = "`--read-database-url` needs PostgreSQL, but `--database-url` is a SQLite file, which has no replicas: \
                           leave it out";
            return Err(Error::BadInput(message.into()));
        }
        if !is_postgres(url) {
            let message = "`--read-database-url` is not a URL of PostgreSQL: write postgres://USER@HOST/NAME";
            return Err(Error::BadInput(message.into()));
        }
        let identity = select_text(&primary, IDENTITY).await?;
        let options = PgConnectOptions::from_str(url).map_err(connection_error)?.disable_statement_logging();
        let unchecked = State::Unavailable { reason: "it was not checked yet".into(), was_healthy: false };
        let state = watch::Sender::new(unchecked);
        let mut monitor =
            Self { options: Arc::new(options), primary, identity, state, awaited: Arc::default(), min_version: None };
        let checked = monitor.check(false).await;
        if let Err(Unhealthy { reason, is_permanent: true }) = checked {
            return Err(Error::BadInput(format!("`--read-database-url`: {reason}")));
        }
        Ok((monitor, checked))
    }

    /// The state that this monitor publishes, and the data version that requests wait for.
    pub(crate) fn shared(&self) -> (watch::Sender<State>, Arc<AwaitedVersion>) {
        (self.state.clone(), Arc::clone(&self.awaited))
    }

    /// Monitors the replica until the task is dropped.
    pub(crate) async fn run(mut self, first_check: Result<HealthyReplica, Unhealthy>) {
        let (mut checked, mut was_healthy, mut logged) = (first_check, false, String::new());
        loop {
            let reason = match checked {
                Ok(HealthyReplica { connection, pool }) => {
                    tracing::info!(version = pool.known_version(), "the replica serves reads");
                    self.state.send_replace(State::Healthy(Arc::clone(&pool)));
                    (was_healthy, self.min_version, logged) = (true, None, String::new());
                    let reason = self.watch(connection, &pool).await;
                    pool.incarnation.mark_lost();
                    reason
                }
                Err(unhealthy) => unhealthy.reason,
            };
            self.state.send_replace(State::Unavailable { reason: reason.clone(), was_healthy });
            if logged != reason {
                tracing::warn!(reason, "the replica does not serve reads; the primary database serves them instead");
                logged = reason;
            }
            sleep(CHECK_INTERVAL).await;
            checked = self.check(was_healthy).await;
        }
    }

    /// Checks that the server is a replica of the primary and can serve reads.
    async fn check(&mut self, was_healthy: bool) -> Result<HealthyReplica, Unhealthy> {
        match timeout(READY_TIMEOUT, self.check_without_timeout(was_healthy)).await {
            Ok(checked) => checked,
            Err(_) => Err(Unhealthy::temporary("it does not answer")),
        }
    }

    async fn check_without_timeout(&mut self, was_healthy: bool) -> Result<HealthyReplica, Unhealthy> {
        let mut connection = self.options.connect().await?;
        let sql = format!("SELECT pg_is_in_recovery(), {IDENTITY}, pg_postmaster_start_time()::text");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
        let (is_standby, identity, started): (bool, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if identity != self.identity {
            return Err(Unhealthy::permanent(format!(
                "it is not a replica of `--database-url`: it is {identity}, but the primary is {} (system, database, schema)",
                self.identity
            )));
        }
        if !is_standby {
            return Err(Unhealthy::permanent("it is a primary, because it accepts writes: name a standby"));
        }
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {MIGRATIONS}"))).fetch_one(&mut connection).await;
        // A standby that lags may not even have the tables.
        let migrations: Option<String> = row.and_then(|row| row.try_get(0)).unwrap_or_default();
        // When the primary does not answer, the comparison is skipped: reads from the replica are all the more useful then.
        let expected = select_text(&self.primary, MIGRATIONS).await.ok();
        if migrations.is_none() || expected.is_some() && migrations != expected {
            return Err(Unhealthy::temporary("it does not have all schema migrations yet"));
        }
        let (_, version) = heartbeat(&mut connection).await?;
        // Read after the replica's version, so a primary cannot have a smaller one.
        let primary_version = self.primary.counter("version").await.ok();
        if let Some(primary_version) = primary_version.filter(|primary_version| *primary_version < version) {
            return Err(Unhealthy::permanent(format!(
                "it is ahead of `--database-url`: it has data version {version}, but the primary has {primary_version}"
            )));
        }
        if was_healthy {
            self.min_version = self.min_version.or(primary_version);
        }
        if self.min_version.is_some_and(|min_version| version < min_version) {
            return Err(Unhealthy::temporary("it has not caught up yet"));
        }
        let incarnation = ServerIncarnation::new(&started);
        Ok(HealthyReplica { connection, pool: ReplicaPool::new(&self.options, incarnation, version) })
    }

    /// Updates the data version of the replica while it answers. Returns the reason when the replica is lost.
    async fn watch(&self, mut connection: PgConnection, pool: &ReplicaPool) -> String {
        let mut interval = FIRST_CATCH_UP_INTERVAL;
        loop {
            let is_behind = pool.known_version() < self.awaited.version.load(Ordering::Acquire);
            // A replica may stay behind for minutes, so it is not asked 50 times per second all the time.
            interval = if is_behind { (interval * 2).min(CHECK_INTERVAL) } else { FIRST_CATCH_UP_INTERVAL };
            tokio::select! {
                () = pool.incarnation.wait_lost() => return "a connection to it broke".into(),
                () = sleep(if is_behind { interval } else { CHECK_INTERVAL }) => {}
                () = self.awaited.grown.notified(), if !is_behind => {}
            }
            match timeout(READY_TIMEOUT, heartbeat(&mut connection)).await {
                Err(_) => return "it does not answer".into(),
                Ok(Err(error)) => return error.to_string(),
                Ok(Ok((false, _))) => return "it was promoted to a primary".into(),
                Ok(Ok((true, version))) => pool.version.store(version, Ordering::Release),
            }
        }
    }
}

/// Returns whether the server is a standby, and its data version.
async fn heartbeat(connection: &mut PgConnection) -> Result<(bool, i64), sqlx::Error> {
    let row: PgRow = sqlx::query(HEARTBEAT).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The value of an SQL expression as text.
async fn select_text(reader: &ReadPool, expression: &str) -> Result<String> {
    let sql = format!("SELECT {expression} AS value");
    let rows = reader.all(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    let row = rows.first().ok_or_else(|| Error::Internal(format!("no row for {expression}")))?;
    Ok(row.get("value")?)
}

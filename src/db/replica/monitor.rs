//! Looks after a replica: whether it is one, whether it answers, and which version it has.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgRow};
use sea_orm::sqlx::{self, ConnectOptions, PgConnection, Row};
use sea_orm::{DatabaseBackend, Statement};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::db::replica::{ReplicaPool, ServerIncarnation, State, Wanted};
use crate::db::{READY, ReadPool, is_postgres, refused};
use crate::error::{Error, Result};

/// How often it is looked whether it answers: it is lost when it is silent for [`READY`] besides. Requests ask nothing.
const EVERY: Duration = Duration::from_secs(1);

/// How soon it is asked for its version when somebody needs one that it is not known to have; while it has not come there, half as
/// often each time.
const SOON: Duration = Duration::from_millis(20);

/// What tells one database from all others, their copies included: streaming replicas have it in common.
const IDENTITY: &str =
    "concat_ws('/', (SELECT system_identifier FROM pg_control_system()), current_database(), current_schema())";

/// All changes to storage.
const CHANGES: &str = "(SELECT string_agg(version, ' ' ORDER BY version) FROM seaql_migrations)";

const BEAT: &str = "SELECT pg_is_in_recovery(), value FROM counter WHERE name = 'version'";

/// Why a replica is not read.
pub(crate) struct Unfit {
    why: String,
    /// Whether it never will be: its address is wrong.
    for_good: bool,
}

impl Unfit {
    fn for_now(why: impl ToString) -> Self {
        Self { why: why.to_string(), for_good: false }
    }

    fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), for_good: true }
    }
}

impl From<sqlx::Error> for Unfit {
    fn from(error: sqlx::Error) -> Self {
        // A role, a password or a database that is not there comes from no lag.
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        let for_good = code.is_some_and(|code| code.starts_with("28") || code.starts_with("3D"));
        Self { why: error.to_string(), for_good }
    }
}

/// A replica that is fit to be read.
pub(crate) struct Found {
    connection: PgConnection,
    place: Arc<ReplicaPool>,
}

/// Looks after a replica.
pub(crate) struct HealthMonitor {
    options: PgConnectOptions,
    written_to: ReadPool,
    identity: String,
    state: watch::Sender<State>,
    wanted: Arc<Wanted>,
    /// Where it has to have come to be read again: who has read newer states meanwhile is not sent back behind them.
    goal: Option<i64>,
}

impl HealthMonitor {
    /// Looks at it for the first time. One that does not answer yet may come later.
    pub(crate) async fn new(written_to: ReadPool, url: &str) -> Result<(Self, Result<Found, Unfit>)> {
        // Addresses hold passwords: none is shown.
        if written_to.backend() != DatabaseBackend::Postgres {
            let message = "`--read-database-url` is for PostgreSQL, and `--database-url` is a SQLite file, which has no replicas: leave it out";
            return Err(Error::BadInput(message.into()));
        }
        if !is_postgres(url) {
            let message = "`--read-database-url` is no address of PostgreSQL: write postgres://USER@HOST/NAME";
            return Err(Error::BadInput(message.into()));
        }
        let identity = text(&written_to, IDENTITY).await?;
        let options = PgConnectOptions::from_str(url).map_err(refused)?.disable_statement_logging();
        let state = watch::Sender::new(State::Away { why: "it was not looked at".into(), was_here: false });
        let mut new = Self { options, written_to, identity, state, wanted: Arc::default(), goal: None };
        let found = new.look(false).await;
        if let Err(Unfit { why, for_good: true }) = found {
            return Err(Error::BadInput(format!("`--read-database-url`: {why}")));
        }
        Ok((new, found))
    }

    /// What those who read see of it.
    pub(crate) fn shared(&self) -> (watch::Sender<State>, Arc<Wanted>) {
        (self.state.clone(), Arc::clone(&self.wanted))
    }

    /// Looks after it for ever.
    pub(crate) async fn keep(mut self, first: Result<Found, Unfit>) {
        let (mut found, mut was_here, mut told) = (first, false, String::new());
        loop {
            let why = match found {
                Ok(Found { connection, place }) => {
                    tracing::info!(version = place.version.load(Ordering::Acquire), "the replica is read");
                    self.state.send_replace(State::Here(Arc::clone(&place)));
                    (was_here, self.goal, told) = (true, None, String::new());
                    let why = self.beat(connection, &place).await;
                    place.run.lose();
                    why
                }
                Err(unfit) => unfit.why,
            };
            self.state.send_replace(State::Away { why: why.clone(), was_here });
            if told != why {
                tracing::warn!(why, "the replica is not read, the database written to is read in its place");
                told = why;
            }
            sleep(EVERY).await;
            found = self.look(was_here).await;
        }
    }

    /// Whether it is a replica of the database written to, and fit to be read.
    async fn look(&mut self, was_here: bool) -> Result<Found, Unfit> {
        match timeout(READY, self.look_at_leisure(was_here)).await {
            Ok(found) => found,
            Err(_) => Err(Unfit::for_now("it does not answer")),
        }
    }

    async fn look_at_leisure(&mut self, was_here: bool) -> Result<Found, Unfit> {
        let mut connection = self.options.connect().await?;
        let sql = format!("SELECT pg_is_in_recovery(), {IDENTITY}, pg_postmaster_start_time()::text");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
        let (is_standby, identity, started): (bool, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if identity != self.identity {
            return Err(Unfit::for_good(format!(
                "it is no replica of `--database-url`: it is {identity}, and that is {} (system, database, schema)",
                self.identity
            )));
        }
        if !is_standby {
            return Err(Unfit::for_good("it takes writes itself and follows nobody: name a standby"));
        }
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {CHANGES}"))).fetch_one(&mut connection).await;
        // A standby that lags may not even have the tables.
        let changes: Option<String> = row.and_then(|row| row.try_get(0)).unwrap_or_default();
        // What the database written to says when it answers; when it does not, there is all the more reason to read here.
        let expected = text(&self.written_to, CHANGES).await.ok();
        if changes.is_none() || expected.is_some() && changes != expected {
            return Err(Unfit::for_now("it has not all changes to storage yet"));
        }
        let (_, version) = beat(&mut connection).await?;
        // Asked after the replica, it cannot be older.
        let written = self.written_to.counter("version").await.ok();
        if let Some(written) = written.filter(|written| *written < version) {
            return Err(Unfit::for_good(format!(
                "it is ahead of `--database-url`: it has version {version}, and that has {written}"
            )));
        }
        if was_here {
            self.goal = self.goal.or(written);
        }
        if self.goal.is_some_and(|goal| version < goal) {
            return Err(Unfit::for_now("it has not caught up yet"));
        }
        Ok(Found { connection, place: ReplicaPool::new(&self.options, ServerIncarnation::new(&started), version) })
    }

    /// Asks it for its version as long as it answers; says why it is lost.
    async fn beat(&self, mut connection: PgConnection, place: &ReplicaPool) -> String {
        let mut soon = SOON;
        loop {
            let is_behind = place.version.load(Ordering::Acquire) < self.wanted.version.load(Ordering::Acquire);
            // One that stays behind, for minutes perhaps, is not asked for it twenty times a second.
            soon = if is_behind { (soon * 2).min(EVERY) } else { SOON };
            tokio::select! {
                () = place.run.ends() => return "a connection to it broke".into(),
                () = sleep(if is_behind { soon } else { EVERY }) => {}
                () = self.wanted.grown.notified(), if !is_behind => {}
            }
            match timeout(READY, beat(&mut connection)).await {
                Err(_) => return "it does not answer".into(),
                Ok(Err(error)) => return error.to_string(),
                Ok(Ok((false, _))) => return "it takes writes itself now".into(),
                Ok(Ok((true, version))) => place.version.store(version, Ordering::Release),
            }
        }
    }
}

/// Whether it is a standby, and its version.
async fn beat(connection: &mut PgConnection) -> Result<(bool, i64), sqlx::Error> {
    let row: PgRow = sqlx::query(BEAT).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn text(reader: &ReadPool, expression: &str) -> Result<String> {
    let sql = format!("SELECT {expression} AS said");
    let rows = reader.all(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    let row = rows.first().ok_or_else(|| Error::Broken(format!("nothing is said to {expression}")))?;
    Ok(row.try_get("", "said")?)
}

//! Which state of the graph a request reads. A replica lags: who wrote reads what they wrote all the same.
//!
//! This process remembers what each caller wrote through it. Who writes here and reads at another process passes on the version
//! that the answer to a write names.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, HeaderName};
use tokio::runtime::Handle;

use crate::auth::Scope;
use crate::db::{Db, Reading};
use crate::graphql::Session;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{Outcome, RequestContext};
use crate::http::graphql::operation::PreparedOperation;
use crate::http::state::AppState;

/// The header of a version of the graph: in the answer to a write, the one that has it; in a request, the oldest that will do.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("newsgraph-version");

/// How many writers are remembered before it is looked which of them the replica has caught up with.
const WRITERS: usize = 1000;

/// How long it is waited until it is tried again to learn what was written.
const AGAIN: Duration = Duration::from_secs(1);

/// The oldest version of the graph that will do for a request, by its headers.
pub(crate) fn least(headers: &HeaderMap) -> Result<i64, RequestError> {
    let Some(value) = headers.get(HEADER) else { return Ok(0) };
    let version = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    version.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = "`Newsgraph-Version` is no version of the graph: send the number that the answer to a write had there, or leave it out";
        RequestError::unreadable(message)
    })
}

/// What this process knows of versions of the graph.
#[derive(Default)]
pub(crate) struct WrittenVersions {
    /// The database written to has come this far at least.
    seen: AtomicI64,
    writers: Mutex<HashMap<String, Writer>>,
}

/// What a caller wrote.
#[derive(Clone, Copy, Default)]
struct Writer {
    /// All of it is in this version.
    version: i64,
    /// Writes under way, and such of which it is not known yet what became of them.
    writing: usize,
}

impl WrittenVersions {
    fn writers(&self) -> MutexGuard<'_, HashMap<String, Writer>> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, caller: Option<&str>) -> Writer {
        caller.and_then(|name| self.writers().get(name).copied()).unwrap_or_default()
    }

    fn begins(&self, name: &str) {
        self.writers().entry(name.to_owned()).or_default().writing += 1;
    }

    fn ended(&self, name: &str, version: i64, db: &Db) {
        let mut writers = self.writers();
        let writer = writers.entry(name.to_owned()).or_default();
        writer.writing = writer.writing.saturating_sub(1);
        writer.version = writer.version.max(version);
        if writers.len() > WRITERS {
            writers.retain(|_, writer| writer.writing > 0 || !db.is_everywhere(writer.version));
        }
    }
}

impl RequestContext {
    /// Where a request reads, for all of its statements. Refused when it needs a version that the graph does not have.
    pub(crate) async fn reading(&self, operation: Option<&PreparedOperation>) -> Result<Reading, RequestError> {
        let (db, versions) = (&self.app.db, &self.app.versions);
        let least = self.client.least.max(operation.map_or(0, |operation| operation.least));
        let writer = versions.of(self.client.caller.name.as_deref());
        let writes = operation.is_some_and(|operation| operation.kind == OperationType::Mutation);
        let reading =
            if writes || writer.writing > 0 { db.reading_here() } else { db.reading(least.max(writer.version)) };
        if !reading.is_replica() {
            self.reach(least).await?;
        }
        if !writes {
            self.app.metrics.reads(reading.is_replica());
        }
        Ok(reading)
    }

    /// Refuses a version that nobody has written yet.
    async fn reach(&self, version: i64) -> Result<(), RequestError> {
        let seen = &self.app.versions.seen;
        if version <= seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let written = self.app.db.version().await.map_err(|error| {
            tracing::error!(%error, "the version of the graph cannot be read");
            RequestError::internal(&self.id)
        })?;
        if version <= seen.fetch_max(written, Ordering::Relaxed).max(written) {
            return Ok(());
        }
        Err(RequestError::unreadable(format!(
            "The graph has come to version {written}, and {version} is asked for: it is of another graph, or of before a restore; leave it out"
        )))
    }

    /// Makes an answer where it is to be read, or of the database written to when the replica is lost meanwhile or stops a
    /// statement; and says how many statements it took.
    pub(crate) async fn execute_there(
        &self,
        reading: &Reading,
        operation: PreparedOperation,
        started: Instant,
    ) -> (Outcome, usize) {
        let session = Session::new(reading.db().clone());
        if !reading.is_replica() {
            return (self.execute(operation, &session, started).await, session.statements());
        }
        let outcome = tokio::select! {
            outcome = self.execute(operation.clone(), &session, started) => Some(outcome),
            () = reading.lost() => None,
        };
        if let Some(outcome) = outcome.filter(|_| !reading.was_let_down()) {
            return (outcome, session.statements());
        }
        self.app.metrics.asked_again();
        let session = Session::new(self.app.db.clone());
        (self.execute(operation, &session, started).await, session.statements())
    }

    /// Remembers from now on that the caller writes; nothing for who does not, or may not.
    pub(crate) fn writing(&self, operation: &PreparedOperation) -> Option<Writing> {
        let name = self.client.caller.name.clone()?;
        let writes = operation.kind == OperationType::Mutation && self.client.caller.scopes.contains(&Scope::Write);
        writes.then(|| {
            self.app.versions.begins(&name);
            Writing { app: self.app.clone(), name, is_known: false }
        })
    }
}

/// A write under way.
pub(crate) struct Writing {
    app: Arc<AppState>,
    name: String,
    /// Whether it is known what became of it.
    is_known: bool,
}

impl Writing {
    /// The version of the graph that has all that was written.
    pub(crate) async fn ended(mut self) -> Option<i64> {
        let version = self.app.db.version().await.ok()?;
        self.is_known = true;
        self.app.versions.seen.fetch_max(version, Ordering::Relaxed);
        self.app.versions.ended(&self.name, version, &self.app.db);
        self.app.db.want(version);
        Some(version)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.is_known {
            return;
        }
        let (app, name) = (self.app.clone(), std::mem::take(&mut self.name));
        // Without a runtime the program is ending.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let version = loop {
                match app.db.version().await {
                    Ok(version) => break version,
                    Err(error) => tracing::warn!(%error, "it is not known what a write that was cut off has become"),
                }
                tokio::time::sleep(AGAIN).await;
            };
            // If its commit is still on its way it is the next: there is one writer at a time.
            app.versions.ended(&name, version + 1, &app.db);
        });
    }
}

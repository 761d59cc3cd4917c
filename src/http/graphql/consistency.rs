//! Read-your-writes consistency: decides whether a request reads the primary or the replica, which lags behind.
//!
//! This process remembers which data version each caller wrote through it, and reads the primary for that caller until the
//! replica has that version. A client that writes here and reads from another process passes on the version itself: the response
//! to a write names it, and a later request requires it in the header [`HEADER`] or in `extensions.newsgraphVersion`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use tokio::runtime::Handle;

use crate::db::{Db, ReadRoute};
use crate::http::graphql::error::RequestError;
use crate::http::middleware::request_id::RequestId;

/// The header with a data version. In the response to a write: the version that contains it. In a request: the minimum version
/// to read.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("newsgraph-version");

/// Above this number of remembered callers, those whose writes the replica has are forgotten.
const MAX_WRITERS: usize = 1000;

/// Pause between attempts to read the data version after a write whose outcome is unknown.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Returns the minimum data version that the headers of a request require; 0 for none.
pub(crate) fn minimum_version(headers: &HeaderMap) -> Result<i64, RequestError> {
    let Some(value) = headers.get(HEADER) else { return Ok(0) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = "`Newsgraph-Version` is not a data version: send the number that the response to a write has in this header, or leave it out";
        RequestError::bad_request(message)
    })
}

/// The data versions that callers wrote through this process.
pub(crate) struct WrittenVersions {
    db: Db,
    /// A version that the primary is known to have.
    newest_seen: AtomicI64,
    writers: Mutex<HashMap<String, Writer>>,
}

/// The writes of one caller.
#[derive(Clone, Copy, Default)]
struct Writer {
    /// The version that contains all finished writes.
    version: i64,
    /// Number of writes that are running or whose outcome is not known yet.
    pending: usize,
}

impl WrittenVersions {
    /// Starts with no writes known.
    pub(crate) fn new(db: Db) -> Self {
        Self { db, newest_seen: AtomicI64::new(0), writers: Mutex::default() }
    }

    /// Returns the database that a request reads with all its statements. `minimum` is the version that it requires.
    /// Error: `BAD_INPUT` when the graph does not have that version.
    pub(crate) async fn route_read(
        &self,
        caller: Option<&str>,
        minimum: i64,
        is_write: bool,
        id: &RequestId,
    ) -> Result<ReadRoute, RequestError> {
        let writer = caller.and_then(|name| self.writers().get(name).copied()).unwrap_or_default();
        let route = if is_write || writer.pending > 0 {
            self.db.route_to_primary()
        } else {
            self.db.route_read(minimum.max(writer.version))
        };
        if !route.is_replica() {
            self.require(minimum, id).await?;
        }
        Ok(route)
    }

    /// Rejects a version that nobody has written yet.
    async fn require(&self, version: i64, id: &RequestId) -> Result<(), RequestError> {
        if version <= self.newest_seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let current = self.db.version().await.map_err(|error| {
            tracing::error!(%error, "cannot read the data version of the primary");
            if error.code() == "INTERNAL" { RequestError::internal(id) } else { error.into() }
        })?;
        if version <= self.newest_seen.fetch_max(current, Ordering::Relaxed).max(current) {
            return Ok(());
        }
        Err(RequestError::bad_request(format!(
            "The request requires data version {version}, but the graph is at {current}: the version is from another graph or from before a restore; leave it out"
        )))
    }

    /// Records that a caller is writing, until the returned value is finished or dropped.
    pub(crate) fn begin_write(self: &Arc<Self>, caller: String) -> PendingWrite {
        self.writers().entry(caller.clone()).or_default().pending += 1;
        PendingWrite { versions: Arc::clone(self), caller, is_settled: false }
    }

    fn end_write(&self, caller: &str, version: i64) {
        let mut writers = self.writers();
        let writer = writers.entry(caller.to_owned()).or_default();
        writer.pending = writer.pending.saturating_sub(1);
        writer.version = writer.version.max(version);
        if writers.len() > MAX_WRITERS {
            writers.retain(|_, writer| writer.pending > 0 || !self.db.is_replicated(writer.version));
        }
    }

    fn writers(&self) -> MutexGuard<'_, HashMap<String, Writer>> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write that is running. Dropped before it is finished, its outcome is unknown: the caller reads the primary until the data
/// version can be read again.
pub(crate) struct PendingWrite {
    versions: Arc<WrittenVersions>,
    caller: String,
    /// Whether the outcome of the write is known.
    is_settled: bool,
}

impl PendingWrite {
    /// Ends the write and returns the data version that contains it; `None` when the version cannot be read now.
    pub(crate) async fn finish(mut self) -> Option<i64> {
        let version = self.versions.db.version().await.ok()?;
        self.is_settled = true;
        self.versions.newest_seen.fetch_max(version, Ordering::Relaxed);
        self.versions.end_write(&self.caller, version);
        self.versions.db.expect_on_replica(version);
        Some(version)
    }
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let (versions, caller) = (Arc::clone(&self.versions), std::mem::take(&mut self.caller));
        // Without a runtime the program is ending.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let version = loop {
                match versions.db.version().await {
                    Ok(version) => break version,
                    Err(error) => tracing::warn!(%error, "the outcome of an interrupted write is unknown; retrying"),
                }
                tokio::time::sleep(RETRY_INTERVAL).await;
            };
            // A commit that is still on its way gets the next version: there is one writer at a time.
            versions.end_write(&caller, version + 1);
        });
    }
}

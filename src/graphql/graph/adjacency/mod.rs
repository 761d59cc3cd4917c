//! The actor graph in memory: the links of each actor and the actors of each link, for the searches of neighbors and paths.
//!
//! An [`AdjacencyCache`] holds the [`Adjacency`] of one version of the graph, and a task keeps it current: `load` reads the links
//! from a snapshot, `arrays` are compact, and `version` has an overlay of what was written since. A request uses it only if the
//! version is that of the state that the request itself reads; otherwise it searches with SQL, which gives the same result
//! (`sql_search`). Searches run on threads for such work, and end when the request does (`cancel`).

mod arrays;
pub(super) mod cancel;
mod load;
mod search;
mod version;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::db::Db;
use crate::error::Result;
use crate::graphql::graph::adjacency::arrays::{Arrays, Occurrence};
use crate::graphql::graph::adjacency::load::Loaded;
pub(super) use crate::graphql::graph::adjacency::search::MemorySearch;
pub(super) use crate::graphql::graph::adjacency::version::Adjacency;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::version_stamp::VersionStamp;

/// Interval at which the version of the graph is compared, in case another process has written.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum time that a search waits for the adjacency of a version that was just written. A search with SQL can take longer.
const MAX_WAIT: Duration = Duration::from_millis(200);

/// Maximum size of the overlay, in links and occurrences of actors in them: some megabytes. The arrays of a larger one are built
/// again, and a write that is larger by itself is not applied: everything is loaded again.
const MAX_OVERLAY: usize = 100_000;

/// Bytes that building the arrays takes for each occurrence: the list of occurrences and one array.
const BYTES_PER_OCCURRENCE: usize = size_of::<Occurrence>() + size_of::<u32>();

/// Factor by which building new arrays exceeds their size: the old ones are still used meanwhile.
const BUILD_FACTOR: usize = 2;

/// The adjacency of the newest version that was loaded.
pub struct AdjacencyCache {
    db: Db,
    /// Maximum memory in bytes.
    max_bytes: usize,
    /// Maximum size of the overlay.
    max_overlay: usize,
    /// `None` before the first load, while all links are loaded again, and when they need too much memory.
    current: watch::Sender<Option<Arc<Adjacency>>>,
    /// Notified when a request needs a later version.
    is_stale: Notify,
}

/// The result of comparing the adjacency with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The adjacency is that of the current version.
    Current,
    /// The adjacency needs more memory than allowed. It is not loaded.
    TooLarge,
}

impl AdjacencyCache {
    /// Creates an empty cache that takes at most this memory, in bytes. [`Self::keep_current`] fills it.
    pub fn new(db: Db, max_bytes: usize) -> Self {
        Self { db, max_bytes, max_overlay: MAX_OVERLAY, current: watch::Sender::new(None), is_stale: Notify::new() }
    }

    /// Sets how much may be written before the arrays are built again, in links and occurrences of actors in them.
    pub fn with_max_overlay(self, max_overlay: usize) -> Self {
        Self { max_overlay, ..self }
    }

    /// Loads the adjacency, and applies what any process writes, until the future is dropped.
    pub async fn keep_current(self: Arc<Self>) {
        let mut failed = false;
        loop {
            match self.update().await {
                Ok(Update::Current) => failed = false,
                Ok(Update::TooLarge) => {
                    let max = self.max_bytes;
                    tracing::warn!(
                        "the actor graph needs more memory than --graph-memory {max}; it is searched with SQL"
                    );
                    return;
                }
                Err(error) if !failed => {
                    tracing::warn!(%error, "cannot load the actor graph into memory; trying again");
                    failed = true;
                }
                Err(_) => {}
            }
            let poll = tokio::time::sleep(POLL_INTERVAL);
            if failed {
                poll.await;
                continue;
            }
            tokio::select! {
                () = poll => {}
                () = self.is_stale.notified() => {}
            }
        }
    }

    /// Loads the current version if it is not loaded yet.
    ///
    /// # Errors
    ///
    /// When a statement fails.
    pub async fn update(&self) -> Result<Update> {
        let mut snapshot = self.db.background_snapshot().await?;
        let Some(stamp) = VersionStamp::read(&mut snapshot, None).await? else { return Ok(Update::Current) };
        let current = self.current.borrow().clone();
        if let Some(adjacency) = current {
            if adjacency.stamp == stamp {
                return Ok(Update::Current);
            }
            // The database may have been restored meanwhile: then its history is another one.
            let is_known =
                VersionStamp::read(&mut snapshot, Some(adjacency.stamp.version)).await? == Some(adjacency.stamp);
            if is_known
                && let Loaded::Complete(changes) =
                    load::changes(&mut snapshot, adjacency.stamp, self.max_overlay).await?
            {
                drop(snapshot);
                return self.apply(adjacency, stamp, changes).await;
            }
        }
        // Not two at the same time: that would take twice the memory.
        self.current.send_replace(None);
        let started = Instant::now();
        let max = self.max_bytes / BYTES_PER_OCCURRENCE;
        let Loaded::Complete(mut occurrences) = load::all(&mut snapshot, max).await? else {
            return Ok(Update::TooLarge);
        };
        drop(snapshot);
        let build = move |cancellation: &cancel::Cancellation| {
            occurrences.sort_unstable();
            Arrays::build(occurrences.into_iter(), || cancellation.is_canceled())
        };
        let Some(arrays) = cancel::run(build).await? else { return Ok(Update::TooLarge) };
        let adjacency = Adjacency::new(stamp, arrays);
        let (actors, links, bytes) = (adjacency.actor_count(), adjacency.link_count(), adjacency.bytes());
        let update = self.set(adjacency);
        if update == Update::Current {
            let elapsed = started.elapsed();
            tracing::info!(actors, links, bytes, ?elapsed, "the actor graph is in memory");
        }
        Ok(update)
    }

    /// Applies changed links. If there have been many, builds the arrays again.
    async fn apply(
        &self,
        adjacency: Arc<Adjacency>,
        stamp: VersionStamp,
        changes: Vec<version::ChangedLink>,
    ) -> Result<Update> {
        let max = self.max_overlay;
        let next = cancel::run(move |cancellation| {
            let next = adjacency.with_changes(stamp, changes)?;
            if next.overlay_size() <= max {
                return Some(next);
            }
            let arrays = Arrays::build(next.occurrences(), || cancellation.is_canceled())?;
            Some(Adjacency::new(stamp, arrays))
        });
        match next.await? {
            Some(next) => Ok(self.set(next)),
            None => {
                self.current.send_replace(None);
                Ok(Update::TooLarge)
            }
        }
    }

    /// Makes an adjacency the current one, unless it is too large.
    fn set(&self, adjacency: Adjacency) -> Update {
        let fits = adjacency.bytes().saturating_mul(BUILD_FACTOR) <= self.max_bytes;
        self.current.send_replace(fits.then(|| Arc::new(adjacency)));
        if fits { Update::Current } else { Update::TooLarge }
    }

    /// Returns the adjacency of the state that a request reads; `None` if it is not in memory.
    pub(super) async fn get(&self, session: &Session) -> Result<Option<Arc<Adjacency>>, SharedError> {
        // Nothing is read when there is nothing to compare with.
        if self.current.borrow().is_none() {
            return Ok(None);
        }
        let Some(stamp) = VersionStamp::from_rows(&session.all(&VersionStamp::select(None)).await?)? else {
            return Ok(None);
        };
        let mut current = self.current.subscribe();
        let is_late = |current: &Option<Arc<Adjacency>>| {
            current.as_ref().is_none_or(|adjacency| adjacency.stamp.version >= stamp.version)
        };
        if !is_late(&current.borrow()) {
            self.is_stale.notify_one();
            // What comes after the wait is compared in any case. The `map` drops the guard of the value, which is not `Send`.
            let wait = async { current.wait_for(is_late).await.map(|_| ()) };
            let _ = tokio::time::timeout(MAX_WAIT, wait).await;
        }
        let adjacency = current.borrow().clone();
        Ok(adjacency.filter(|adjacency| adjacency.stamp == stamp))
    }
}

//! A cache of query responses, valid as long as nothing is written to the graph.
//!
//! Each entry carries the data version that was read before its response was computed, and is served only at exactly that
//! version. A response is therefore never older than a write that had committed before the query arrived, whichever process
//! wrote it. Concurrent lookups share one query for the current version.

use std::time::Duration;

use axum::body::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::db::Db;
use crate::http::graphql::persisted_queries::Digest;

/// Memory of an entry besides its response, in bytes.
const ENTRY_OVERHEAD: u64 = 128;

/// The largest cacheable response is this fraction of the capacity: `1 / MAX_RESPONSE_FRACTION`.
const MAX_RESPONSE_FRACTION: u64 = 32;

/// Maximum wait for the current data version. After that the response is computed without the cache.
const VERSION_TIMEOUT: Duration = Duration::from_secs(1);

/// Cached responses by the digest of their operation.
pub(crate) struct ResponseCache {
    entries: Cache<Digest, Entry, EntryWeight>,
    /// Maximum size of a cacheable response, in bytes.
    max_response: u64,
}

#[derive(Clone)]
enum Entry {
    /// The operation was seen once. Only one that repeats is worth a query for the data version.
    SeenOnce,
    /// A response and the data version it belongs to.
    Cached { version: i64, body: Bytes },
}

#[derive(Clone)]
struct EntryWeight;

impl Weighter<Digest, Entry> for EntryWeight {
    fn weight(&self, _: &Digest, entry: &Entry) -> u64 {
        match entry {
            Entry::SeenOnce => ENTRY_OVERHEAD,
            Entry::Cached { body, .. } => ENTRY_OVERHEAD + body.len() as u64,
        }
    }
}

/// The result of a cache lookup.
pub(crate) enum CacheLookup {
    /// The cached response.
    Hit(Bytes),
    /// No response; the computed one may be cached for this version.
    Miss { version: i64 },
    /// No response, and the computed one must not be cached.
    Bypass,
}

impl ResponseCache {
    /// Creates a cache with this capacity in bytes; `None` for 0, which turns it off.
    pub(crate) fn new(capacity: u64) -> Option<Self> {
        let expected_entries = usize::try_from(capacity / 4096).unwrap_or(usize::MAX);
        let entries = || Cache::with_weighter(expected_entries, capacity, EntryWeight);
        (capacity > 0).then(|| Self { entries: entries(), max_response: capacity / MAX_RESPONSE_FRACTION })
    }

    /// Looks up the response to an operation at the current version of the database.
    pub(crate) async fn get(&self, digest: &Digest, db: &Db) -> CacheLookup {
        let Some(entry) = self.entries.get(digest) else {
            self.entries.insert(*digest, Entry::SeenOnce);
            return CacheLookup::Bypass;
        };
        match (tokio::time::timeout(VERSION_TIMEOUT, db.version()).await, entry) {
            (Ok(Ok(now)), Entry::Cached { version, body }) if now == version => CacheLookup::Hit(body),
            (Ok(Ok(now)), _) => CacheLookup::Miss { version: now },
            _ => CacheLookup::Bypass,
        }
    }

    /// Stores a response that was computed after the graph had this version. Responses that are too large are not stored.
    pub(crate) fn insert(&self, digest: Digest, version: i64, body: &Bytes) {
        if body.len() as u64 <= self.max_response {
            // Copied: the buffer of a response has up to twice the capacity that it needs.
            self.entries.insert(digest, Entry::Cached { version, body: Bytes::copy_from_slice(body) });
        }
    }
}

//! Answers that were made before, given again as long as nothing was written.
//!
//! Each is kept with the version of the graph that was read before it was made, and given only to who asks at that version: so
//! nobody is given an answer that is older than a write that had ended when it was asked for, in this process or another. The
//! version is asked for once for all who ask at the same time.

use std::time::Duration;

use axum::body::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::db::Db;
use crate::http::graphql::persisted_queries::Digest;

/// The memory of an entry besides its answer, in bytes.
const ENTRY: u64 = 128;

/// The largest answer that is kept is this part of all room.
const LARGEST: u64 = 32;

/// How long it may take to know the version. An answer can be made without.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers, by the digests of their questions.
pub(crate) struct ResponseCache {
    /// None when nothing is to be kept.
    known: Option<Cache<Digest, Entry, Size>>,
    largest: u64,
}

#[derive(Clone)]
enum Entry {
    /// Asked for once: only what is asked for again is worth knowing the version for.
    SeenOnce,
    Made {
        version: i64,
        body: Bytes,
    },
}

#[derive(Clone)]
struct Size;

impl Weighter<Digest, Entry> for Size {
    fn weight(&self, _: &Digest, entry: &Entry) -> u64 {
        match entry {
            Entry::SeenOnce => ENTRY,
            Entry::Made { body, .. } => ENTRY + body.len() as u64,
        }
    }
}

/// What is known of an answer.
pub(crate) enum CacheLookup {
    /// The answer.
    Hit(Bytes),
    /// It has to be made, and may be kept for this version.
    Version(i64),
    /// It has to be made.
    Nothing,
}

impl ResponseCache {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / 4096).unwrap_or(usize::MAX);
        let known = (bytes > 0).then(|| Cache::with_weighter(entries, bytes, Size));
        Self { known, largest: bytes / LARGEST }
    }

    /// The answer to a question that is asked now.
    pub(crate) async fn find(&self, digest: &Digest, db: &Db) -> CacheLookup {
        let Some(known) = &self.known else { return CacheLookup::Nothing };
        let Some(entry) = known.get(digest) else {
            known.insert(*digest, Entry::SeenOnce);
            return CacheLookup::Nothing;
        };
        match (tokio::time::timeout(PATIENCE, db.version()).await, entry) {
            (Ok(Ok(now)), Entry::Made { version, body }) if now == version => CacheLookup::Hit(body),
            (Ok(Ok(now)), _) => CacheLookup::Version(now),
            _ => CacheLookup::Nothing,
        }
    }

    /// Keeps an answer that was made after the graph had this version.
    pub(crate) fn keep(&self, digest: Digest, version: i64, body: &Bytes) {
        if let Some(known) = &self.known
            && body.len() as u64 <= self.largest
        {
            // Copied: what an answer was made in has up to twice the room that it takes.
            known.insert(digest, Entry::Made { version, body: Bytes::copy_from_slice(body) });
        }
    }
}

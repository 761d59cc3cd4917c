//! A cache of the results of slow statements over whole lists: counts, facets, histograms and sums.
//!
//! The pages of one list have the same count, and different documents ask for the same facets. The response cache does not help
//! there. A result is found by its statement, its values, and the version that the request itself reads in its snapshot, so it is
//! exactly what the statement would return.

use std::sync::Arc;
use std::time::Duration;

use entity::row::Rows;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sea_orm::Statement;
use sha2::{Digest as _, Sha256};

use crate::graphql::session::{Session, SharedError};
use crate::graphql::version_stamp::VersionStamp;

/// Time of a statement above which its result is worth caching. Reading the version takes a statement too.
const SLOW: Duration = Duration::from_millis(1);

/// Number of slow statements that are known.
const KNOWN_STATEMENTS: usize = 10_000;

type StatementDigest = [u8; 32];

/// The results of slow statements, as many as fit into a given memory.
pub struct AggregateCache {
    results: Cache<(StatementDigest, VersionStamp), Arc<Rows>, RowsWeight>,
    /// The statements that were slow when they ran.
    slow: Cache<StatementDigest, ()>,
    /// Time above which the result of a statement is cached.
    threshold: Duration,
}

#[derive(Clone)]
struct RowsWeight;

impl Weighter<(StatementDigest, VersionStamp), Arc<Rows>> for RowsWeight {
    fn weight(&self, key: &(StatementDigest, VersionStamp), rows: &Arc<Rows>) -> u64 {
        (size_of_val(key) + size_of::<Rows>() + rows.memory()) as u64
    }
}

impl AggregateCache {
    /// Creates a cache that takes at most this memory, in bytes.
    pub fn new(capacity: u64) -> Self {
        let expected_entries = usize::try_from(capacity / 500).unwrap_or(usize::MAX).max(1);
        Self {
            results: Cache::with_weighter(expected_entries, capacity, RowsWeight),
            slow: Cache::new(KNOWN_STATEMENTS),
            threshold: SLOW,
        }
    }

    /// Sets the time above which the result of a statement is cached.
    pub fn with_threshold(self, threshold: Duration) -> Self {
        Self { threshold, ..self }
    }

    /// Returns the cached rows of a statement, or runs it. A statement that was slow once is looked up.
    pub(super) async fn rows(&self, session: &Session, statement: Statement) -> Result<Arc<Rows>, SharedError> {
        let digest = digest(&statement);
        let mut key = None;
        if self.slow.get(&digest).is_some() {
            key = session.version_stamp().await?.map(|stamp| (digest, stamp));
            if let Some(rows) = key.as_ref().and_then(|key| self.results.get(key)) {
                return Ok(rows);
            }
        }
        let before = session.database_time();
        let rows = Arc::new(session.rows(statement).await?);
        if session.database_time().saturating_sub(before) > self.threshold {
            match key {
                Some(key) => self.results.insert(key, Arc::clone(&rows)),
                None => self.slow.insert(digest, ()),
            }
        }
        Ok(rows)
    }
}

fn digest(statement: &Statement) -> StatementDigest {
    let mut digest = Sha256::new();
    digest.update(statement.sql.as_bytes());
    for value in statement.values.iter().flat_map(|values| &values.0) {
        digest.update(format!("\0{value:?}"));
    }
    digest.finalize().into()
}

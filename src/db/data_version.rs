//! The data version, read once for all concurrent callers.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::db::ReadPool;
use crate::error::Result;

/// Reads the data version through its own connection, so that it never waits for queries.
#[derive(Debug)]
pub(crate) struct DataVersion {
    reader: ReadPool,
    /// Number of reads started so far.
    started: AtomicU64,
    /// The number of the last finished read, and the version that it returned.
    last: Mutex<(u64, i64)>,
}

impl DataVersion {
    pub(crate) fn new(reader: ReadPool) -> Self {
        Self { reader, started: AtomicU64::new(0), last: Mutex::default() }
    }

    /// The current data version. It includes all writes that committed before this call.
    pub(crate) async fn current(&self) -> Result<i64> {
        // A read that had already started may miss a write that committed before this call, so only a later one counts.
        let wanted = self.started.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.0 < wanted {
            let read = self.started.fetch_add(1, Ordering::SeqCst) + 1;
            *last = (read, self.reader.counter("version").await?);
        }
        Ok(last.1)
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.reader.close().await
    }
}

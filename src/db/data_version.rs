//! The version of the graph, read once for all who ask for it at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::db::ReadPool;
use crate::error::Result;

/// Asks for the version, through a connection of its own: who has to know it does not wait for what others read.
#[derive(Debug)]
pub(crate) struct DataVersion {
    reader: ReadPool,
    /// How many looks have begun.
    begun: AtomicU64,
    /// The number of the last look, and what it saw.
    last: Mutex<(u64, i64)>,
}

impl DataVersion {
    pub(crate) fn new(reader: ReadPool) -> Self {
        Self { reader, begun: AtomicU64::new(0), last: Mutex::default() }
    }

    /// The version now: all that was written before this was called is in it.
    pub(crate) async fn now(&self) -> Result<i64> {
        // A look that has begun already may have seen what was before.
        let wanted = self.begun.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.0 < wanted {
            let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = (look, self.reader.counter("version").await?);
        }
        Ok(last.1)
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.reader.close().await
    }
}

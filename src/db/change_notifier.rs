//! Notifies subscriptions of new changes, written by this process or by another one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::db::ReadPool;

/// Poll interval while there are subscribers. Neither database can notify all processes by itself, and one short read for all
/// subscribers costs next to nothing.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Polls the database for the sequence number of the last change while there are subscribers.
#[derive(Debug)]
pub(crate) struct ChangeNotifier {
    last_change: watch::Sender<i64>,
    is_polling: Mutex<bool>,
    written: Notify,
}

impl ChangeNotifier {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { last_change: watch::Sender::new(0), is_polling: Mutex::new(false), written: Notify::new() })
    }

    /// Polls at once, because this process has just committed a write.
    pub(crate) fn notify(&self) {
        self.written.notify_one();
    }

    /// Returns a receiver of the sequence number of the last change.
    pub(crate) fn subscribe(self: &Arc<Self>, reader: &ReadPool) -> watch::Receiver<i64> {
        let receiver = self.last_change.subscribe();
        let mut is_polling = self.is_polling.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_polling {
            *is_polling = true;
            tokio::spawn(Arc::clone(self).poll(reader.clone()));
        }
        receiver
    }

    /// Polls until there are no subscribers.
    async fn poll(self: Arc<Self>, reader: ReadPool) {
        loop {
            {
                let mut is_polling = self.is_polling.lock().unwrap_or_else(PoisonError::into_inner);
                if self.last_change.receiver_count() == 0 {
                    *is_polling = false;
                    return;
                }
            }
            match reader.counter("change").await {
                Ok(now) => {
                    self.last_change.send_if_modified(|last| std::mem::replace(last, now) != now);
                }
                Err(error) => tracing::warn!(%error, "cannot read the last change; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = self.written.notified() => {}
            }
        }
    }
}

//! Tells those who wait when something was written, by this process or by another one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::db::ReadPool;

/// How often the database is asked for the last change while anybody waits. Neither database can tell all processes by
/// itself; one short read for all who wait costs next to nothing.
const EVERY: Duration = Duration::from_millis(200);

/// The number of the last change, as far as this process knows.
#[derive(Debug)]
pub(crate) struct ChangeNotifier {
    last: watch::Sender<i64>,
    asking: Mutex<bool>,
    written: Notify,
}

impl ChangeNotifier {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { last: watch::Sender::new(0), asking: Mutex::new(false), written: Notify::new() })
    }

    /// This process wrote: who waits need not wait for the next look.
    pub(crate) fn wrote(&self) {
        self.written.notify_one();
    }

    /// The number of the last change, now and whenever it has grown.
    pub(crate) fn follow(self: &Arc<Self>, reader: &ReadPool) -> watch::Receiver<i64> {
        let receiver = self.last.subscribe();
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !*asking {
            *asking = true;
            tokio::spawn(Arc::clone(self).ask(reader.clone()));
        }
        receiver
    }

    /// Asks for as long as anybody waits.
    async fn ask(self: Arc<Self>, reader: ReadPool) {
        loop {
            {
                let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
                if self.last.receiver_count() == 0 {
                    *asking = false;
                    return;
                }
            }
            match reader.counter("change").await {
                Ok(now) => {
                    self.last.send_if_modified(|last| std::mem::replace(last, now) != now);
                }
                Err(error) => tracing::warn!(%error, "the last change cannot be read; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.written.notified() => {}
            }
        }
    }
}

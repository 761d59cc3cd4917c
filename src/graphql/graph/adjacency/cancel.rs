//! Work on a thread of its own that stops when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Tells work on another thread that nobody waits for its result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Returns true after the future that waits was dropped.
    pub(crate) fn is_canceled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels the work when it is dropped.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work that takes processor time on a thread for it, so that it does not delay requests. Dropping the future cancels the
/// work: it must check the cancellation regularly.
///
/// # Errors
///
/// [`Error::Internal`] when the work panicked.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce(&Cancellation) -> T + Send + 'static) -> Result<T> {
    let guard = CancelOnDrop(Cancellation::default());
    let cancellation = guard.0.clone();
    let result = tokio::task::spawn_blocking(move || work(&cancellation)).await;
    result.map_err(|error| Error::Internal(format!("work in the background failed: {error}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use crate::graphql::graph::adjacency::cancel::run;

    #[tokio::test]
    async fn dropping_the_future_ends_the_work() {
        let (ended, has_ended) = oneshot::channel();
        let work = run(move |cancellation| {
            while !cancellation.is_canceled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        assert!(timeout(Duration::from_millis(20), work).await.is_err());
        timeout(Duration::from_secs(10), has_ended).await.unwrap().unwrap();
    }
}

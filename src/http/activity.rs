//! Watches what a connection does, and gives up on requests and connections that make no progress.
//!
//! The write timeout of the socket ends a connection whose client reads nothing. Two cases pass it by: a connection on which
//! nothing is sent because no request arrives, and a response over HTTP/2 for which the client opens no window while it reads
//! other frames.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, sleep};

/// Maximum time without a request on a connection of HTTP/2. HTTP/1 has the timeout for headers.
const IDLE_TIMEOUT: Duration = Duration::from_secs(180);

/// Size of the pieces in which a body is sent over HTTP/2, in bytes. The library takes each piece at once, however small the
/// client's window is.
const PIECE: usize = 16 << 10;

/// The requests of one connection.
#[derive(Default)]
pub(super) struct Activity {
    requests: AtomicUsize,
    /// Responses of HTTP/2 that are being made or sent.
    bodies: Mutex<Vec<Weak<Mutex<BodyState>>>>,
}

impl Activity {
    /// Counts a request.
    pub(super) fn request_arrived(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Watches a response over HTTP/2.
    pub(super) fn watch(&self, body: Body) -> WatchedBody {
        let state = Arc::new(Mutex::new(BodyState { body: Some(body), taken: None }));
        let mut bodies = lock(&self.bodies);
        bodies.retain(|body| body.strong_count() > 0);
        bodies.push(Arc::downgrade(&state));
        WatchedBody { state, piece: Bytes::new() }
    }

    /// Completes when the connection should be closed: its first request did not arrive within `header_timeout`, or there was none
    /// for too long. Meanwhile, drops responses that the client has not taken on for `timeout`.
    pub(super) async fn should_close(&self, header_timeout: Duration, timeout: Duration) {
        sleep(header_timeout).await;
        if self.requests.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut last_active = (self.requests.load(Ordering::Relaxed), Instant::now());
        loop {
            sleep((timeout / 4).max(Duration::from_millis(100))).await;
            let open: Vec<_> = lock(&self.bodies).iter().filter_map(Weak::upgrade).collect();
            for body in &open {
                lock(body).drop_if_stalled(timeout);
            }
            let requests = self.requests.load(Ordering::Relaxed);
            if requests != last_active.0 || !open.is_empty() {
                last_active = (requests, Instant::now());
            } else if last_active.1.elapsed() > IDLE_TIMEOUT {
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A response that is being sent.
struct BodyState {
    /// The body; `None` after it was dropped because the client did not take it on.
    body: Option<Body>,
    /// When the last piece was handed over, if the connection has not asked for another one since.
    taken: Option<Instant>,
}

impl BodyState {
    fn drop_if_stalled(&mut self, timeout: Duration) {
        if self.taken.is_some_and(|taken| taken.elapsed() > timeout) {
            // Gives back what the response holds: memory, a snapshot of the database.
            self.body = None;
        }
    }
}

/// A body that can be dropped while the client does not take it on. The stream is then reset.
pub(super) struct WatchedBody {
    state: Arc<Mutex<BodyState>>,
    /// What is left of the last frame.
    piece: Bytes,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let mut state = lock(&this.state);
        state.taken = None;
        let Some(body) = &mut state.body else {
            return Poll::Ready(Some(Err(axum::Error::new("the client did not take the response on"))));
        };
        if this.piece.is_empty() {
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.piece = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        state.taken = Some(Instant::now());
        let length = this.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(this.piece.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && lock(&self.state).body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let rest = lock(&self.state).body.as_ref().map(HttpBody::size_hint).unwrap_or_default();
        rest.exact().map_or(rest, |exact| SizeHint::with_exact(exact + self.piece.len() as u64))
    }
}

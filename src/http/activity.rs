//! Idle and stalled connections: closes connections without requests, and drops HTTP/2 responses that the client does not receive.
//!
//! The write timeout of the socket ends a connection whose client reads nothing. It does not cover a connection on which nothing
//! is sent because no request arrives, and an HTTP/2 response whose flow-control window the client leaves at zero while it reads
//! other frames.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, sleep};

/// Maximum idle time of an HTTP/2 connection, in header timeouts. HTTP/1 has the header timeout between requests too.
const IDLE_HEADER_TIMEOUTS: u32 = 6;

/// Size of the pieces in which a body is sent over HTTP/2, in bytes. The library takes each piece at once, however small the
/// client's window is.
const PIECE: usize = 16 << 10;

/// The requests of one connection.
#[derive(Default)]
pub(super) struct Activity {
    /// The number of requests so far.
    requests: AtomicUsize,
    /// The number of HTTP/2 requests whose responses were not completely sent.
    running: AtomicUsize,
    is_http2: AtomicBool,
    /// Responses of HTTP/2 that are being made or sent.
    bodies: Mutex<Vec<Weak<Mutex<BodyState>>>>,
}

impl Activity {
    /// Counts a request. The returned value of an HTTP/2 request counts as running until it is dropped.
    pub(super) fn request_arrived(self: &Arc<Self>, is_http2: bool) -> Option<RunningRequest> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !is_http2 {
            return None;
        }
        self.is_http2.store(true, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Some(RunningRequest(Arc::clone(self)))
    }

    /// Completes when the connection should be closed: its first request did not arrive within `header_timeout`, or it is an HTTP/2
    /// connection that has been idle for too long. Meanwhile, drops responses of which the client has received nothing for
    /// `timeout`.
    pub(super) async fn should_close(&self, header_timeout: Duration, timeout: Duration) {
        sleep(header_timeout).await;
        if self.requests.load(Ordering::Relaxed) == 0 {
            return;
        }
        let (mut requests_before, mut idle_since) = (0, Instant::now());
        loop {
            sleep((timeout / 4).max(Duration::from_millis(100))).await;
            let open: Vec<_> = lock(&self.bodies).iter().filter_map(Weak::upgrade).collect();
            for body in &open {
                lock(body).drop_if_stalled(timeout);
            }
            let requests = self.requests.load(Ordering::Relaxed);
            let is_idle = self.is_http2.load(Ordering::Relaxed) && self.running.load(Ordering::Relaxed) == 0;
            if !is_idle || requests != requests_before {
                (requests_before, idle_since) = (requests, Instant::now());
            } else if idle_since.elapsed() > header_timeout * IDLE_HEADER_TIMEOUTS {
                return;
            }
        }
    }
}

/// An HTTP/2 request whose response was not completely sent.
pub(super) struct RunningRequest(Arc<Activity>);

impl RunningRequest {
    /// Watches the body of the response.
    pub(super) fn watch(self, body: Body) -> WatchedBody {
        let state = Arc::new(Mutex::new(BodyState { body: Some(body), handed_over: None }));
        let mut bodies = lock(&self.0.bodies);
        bodies.retain(|body| body.strong_count() > 0);
        bodies.push(Arc::downgrade(&state));
        drop(bodies);
        WatchedBody { state, rest: Bytes::new(), _running: self }
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A response that is being sent.
struct BodyState {
    /// The body; `None` after it was dropped because the client did not receive it.
    body: Option<Body>,
    /// When the connection got the last piece, if it has not asked for another one since.
    handed_over: Option<Instant>,
}

impl BodyState {
    fn drop_if_stalled(&mut self, timeout: Duration) {
        if self.handed_over.is_some_and(|at| at.elapsed() > timeout) {
            // Gives back what the response holds: memory, a snapshot of the database.
            self.body = None;
        }
    }
}

/// A body that is dropped when the client does not receive it. The stream is then reset.
pub(super) struct WatchedBody {
    state: Arc<Mutex<BodyState>>,
    /// The part of the last frame that was not handed over.
    rest: Bytes,
    _running: RunningRequest,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let mut state = lock(&this.state);
        state.handed_over = None;
        let Some(body) = &mut state.body else {
            return Poll::Ready(Some(Err(axum::Error::new("the client did not receive the response in time"))));
        };
        if this.rest.is_empty() {
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        state.handed_over = Some(Instant::now());
        let length = this.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(this.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && lock(&self.state).body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = lock(&self.state).body.as_ref().map(HttpBody::size_hint).unwrap_or_default();
        body.exact().map_or(body, |exact| SizeHint::with_exact(exact + self.rest.len() as u64))
    }
}

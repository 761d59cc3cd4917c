//! Request ids: an id for each request in its response, its errors and its log lines, and the trace that the request belongs to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use data_encoding::HEXLOWER;
use futures_util::{Stream, StreamExt, stream};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_http::HeaderExtractor;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header with the request id, in requests and responses.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The header with the trace that a request belongs to.
const TRACE_HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Maximum length of an id that the client chooses, in bytes.
const MAX_LENGTH: usize = 64;

/// The id of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// Returns the id that the client sent, or a new one when it sent none or an invalid one.
    pub(super) fn from_request(request: &Request) -> Self {
        let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
        // Restricted characters keep a client from forging log lines.
        let is_valid = |text: &&str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            is_plain && !text.is_empty() && text.len() <= MAX_LENGTH
        };
        Self(given.filter(is_valid).map_or_else(generate, str::to_owned))
    }
}

/// Returns a new id. Ids must be unique, not secret: they start at a random number and count in large steps, so that ids which
/// follow each other look different.
fn generate() -> String {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    static START: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| {
        let mut bytes = [0; 8];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u64::from_be_bytes(bytes),
            Err(_) => std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64,
        }
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HEXLOWER.encode(&start.wrapping_add(count.wrapping_mul(STEP)).to_be_bytes())
}

/// Returns a stream that is polled in the span of the current request: it is read after the handler has returned, and its log lines
/// need the request id too.
pub(crate) fn in_request_span<S: Stream + Unpin>(mut stream: S) -> impl Stream<Item = S::Item> + use<S> {
    let span = Span::current();
    stream::poll_fn(move |context| span.in_scope(|| stream.poll_next_unpin(context)))
}

/// Returns the span of an operation on a connection of several operations, within the span of the current request.
pub(crate) fn operation_span() -> Span {
    tracing::info_span!("operation", operation = Empty, cost = Empty, statements = Empty)
}

/// Returns the span of a request. The request may belong to a trace of another service (W3C Trace Context, header `traceparent`).
pub(super) fn request_span(id: &RequestId, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!("request", id = id.0, operation = Empty, cost = Empty, statements = Empty);
    if headers.contains_key(TRACE_HEADER) {
        let extract = |propagator: &dyn TextMapPropagator| propagator.extract(&HeaderExtractor(headers));
        // Fails only when no traces are exported.
        let _ = span.set_parent(opentelemetry::global::get_text_map_propagator(extract));
    }
    span
}

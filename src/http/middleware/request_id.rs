//! The name of a request: in its answer, its errors and all lines that are logged about it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::HEXLOWER;
use opentelemetry::propagation::Extractor;
use tracing::Instrument;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header that carries it both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest that a client may give.
const LONGEST: usize = 64;

/// The name of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    fn of(request: &Request) -> Self {
        let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
        // Other letters could make a line of a log say something else.
        let plain = |text: &&str| {
            let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            letters && !text.is_empty() && text.len() <= LONGEST
        };
        Self(given.filter(plain).map_or_else(fresh, str::to_owned))
    }
}

fn fresh() -> String {
    let mut bytes = [0; 8];
    // It has to be new, not secret: without random bytes the clock will do.
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        bytes = (now.as_nanos() as u64).to_be_bytes();
    }
    HEXLOWER.encode(&bytes)
}

/// Headers as the propagator of contexts reads them.
struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Names each request.
pub(crate) async fn name(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    let span = tracing::info_span!("request", id = id.0, operation = Empty, cost = Empty, statements = Empty);
    // The request may be a part of what another service does (W3C Trace Context).
    let parent = opentelemetry::global::get_text_map_propagator(|known| known.extract(&Headers(request.headers())));
    // Where no traces are sent there is nothing to be part of.
    let _ = span.set_parent(parent);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

//! Rate limit: how much query cost one client may use per minute.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use governor::Quota;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;

use crate::http::graphql::error::{Headers, RequestError};
use crate::http::middleware::client::Client;

/// After this many requests, clients whose buckets are full again are forgotten.
const CLEANUP_INTERVAL: u32 = 10_000;

type Buckets =
    governor::RateLimiter<Arc<str>, DefaultKeyedStateStore<Arc<str>>, DefaultClock, StateInformationMiddleware>;

/// A token bucket per client. The tokens are query cost; an empty bucket fills within a minute.
pub(crate) struct RateLimiter {
    buckets: Option<(Buckets, NonZeroU32)>,
    requests: AtomicU32,
}

impl RateLimiter {
    /// Creates a limiter with this cost per minute and client; 0 means no limit.
    pub(crate) fn new(cost_per_minute: u32) -> Self {
        let buckets = NonZeroU32::new(cost_per_minute).map(|cost| {
            let buckets = governor::RateLimiter::keyed(Quota::per_minute(cost));
            (buckets.with_middleware::<StateInformationMiddleware>(), cost)
        });
        Self { buckets, requests: AtomicU32::new(0) }
    }

    /// Waits until the client's bucket holds this cost, and takes it. Used for data that was produced already: it is delayed, not
    /// rejected.
    pub(crate) async fn wait(&self, client: &Client, cost: usize) {
        let Some((buckets, max)) = &self.buckets else { return };
        let client = client.rate_limit_key();
        let mut left = u32::try_from(cost).unwrap_or(u32::MAX);
        while let Some(part) = NonZeroU32::new(left.min(max.get())) {
            match buckets.check_key_n(client, part) {
                Ok(Ok(_)) => left -= part.get(),
                Ok(Err(until)) => tokio::time::sleep(until.wait_time_from(DefaultClock::default().now())).await,
                // Cannot happen: a part is never larger than a bucket.
                Err(_) => return,
            }
        }
    }

    /// Takes what a request has used beyond the cost that was taken before it ran. The bucket may not hold as much; then it is
    /// emptied.
    pub(crate) fn charge(&self, client: &Client, cost: usize) {
        let Some((buckets, max)) = &self.buckets else { return };
        let client = client.rate_limit_key();
        let mut part = u32::try_from(cost).unwrap_or(u32::MAX).min(max.get());
        while let Some(some) = NonZeroU32::new(part) {
            if matches!(buckets.check_key_n(client, some), Ok(Ok(_))) {
                return;
            }
            part /= 2;
        }
    }

    /// Takes the cost of a request from the client's bucket. Returns the headers that report the limit and what is left
    /// (draft-ietf-httpapi-ratelimit-headers). Error: 429 with `Retry-After` when the bucket does not hold enough.
    pub(crate) fn take(&self, client: &Client, cost: usize) -> Result<Headers, RequestError> {
        let Some((buckets, max)) = &self.buckets else { return Ok(Vec::new()) };
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEANUP_INTERVAL) {
            buckets.retain_recent();
        }
        let wanted = u32::try_from(cost).unwrap_or(u32::MAX);
        let wanted = NonZeroU32::new(wanted).unwrap_or(NonZeroU32::MIN);
        let reject = |message, after| {
            let error = RequestError::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT", message);
            Err(error.retry_after(after).with_headers(rate_headers(*max, 0, after)))
        };
        match buckets.check_key_n(client.rate_limit_key(), wanted) {
            Ok(Ok(state)) => {
                let left = state.remaining_burst_capacity();
                let seconds = u64::from(max.get() - left.min(max.get())) * 60 / u64::from(max.get());
                Ok(rate_headers(*max, left, seconds))
            }
            Ok(Err(until)) => {
                let after = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                let message =
                    format!("Rate limit exceeded: the request costs {cost}, more than is left; retry after {after} s");
                reject(message, after)
            }
            Err(_) => {
                let message =
                    format!("The request costs {cost}; the rate limit per client is {max} a minute: select less");
                reject(message, 60)
            }
        }
    }
}

fn rate_headers(max: NonZeroU32, left: u32, seconds: u64) -> Headers {
    [("ratelimit-policy", format!("\"cost\";q={max};w=60")), ("ratelimit", format!("\"cost\";r={left};t={seconds}"))]
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
        .collect()
}

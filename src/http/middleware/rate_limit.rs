//! How much one client may ask for in a minute.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use governor::Quota;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;

use crate::http::graphql::error::RequestError;
use crate::http::middleware::authentication::Client;

/// After how many questions clients are forgotten whose buckets are full again.
const SWEEP: u32 = 10_000;

type Buckets = governor::RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// A bucket of cost for each client, which fills in a minute.
pub(crate) struct RateLimiter {
    buckets: Option<(Buckets, NonZeroU32)>,
    asked: AtomicU32,
}

/// What an answer says of the rate (draft-ietf-httpapi-ratelimit-headers).
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

impl RateLimiter {
    /// As much cost a minute, or any for 0.
    pub(crate) fn new(cost: u32) -> Self {
        let buckets = NonZeroU32::new(cost).map(|cost| {
            let buckets = governor::RateLimiter::keyed(Quota::per_minute(cost));
            (buckets.with_middleware::<StateInformationMiddleware>(), cost)
        });
        Self { buckets, asked: AtomicU32::new(0) }
    }

    /// Takes what was sent from its client's bucket, and waits until there was so much in it.
    pub(crate) async fn wait(&self, client: &Client, cost: usize) {
        let Some((buckets, most)) = &self.buckets else { return };
        let mut left = u32::try_from(cost).unwrap_or(u32::MAX);
        while let Some(part) = NonZeroU32::new(left.min(most.get())) {
            match buckets.check_key_n(&client.bucket(), part) {
                Ok(Ok(_)) => left -= part.get(),
                Ok(Err(until)) => tokio::time::sleep(until.wait_time_from(DefaultClock::default().now())).await,
                // A part is never more than a bucket holds.
                Err(_) => return,
            }
        }
    }

    /// Takes what a question costs from its client's bucket.
    pub(crate) fn take(&self, client: &Client, cost: usize) -> Result<Headers, RequestError> {
        let Some((buckets, most)) = &self.buckets else { return Ok(Vec::new()) };
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            buckets.retain_recent();
        }
        let wanted = u32::try_from(cost).unwrap_or(u32::MAX);
        let wanted = NonZeroU32::new(wanted).unwrap_or(NonZeroU32::MIN);
        let refuse = |message, after| {
            let refusal = RequestError::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT", message);
            Err(refusal.retry_after(after).with(headers(*most, 0, after)))
        };
        match buckets.check_key_n(&client.bucket(), wanted) {
            Ok(Ok(state)) => {
                let left = state.remaining_burst_capacity();
                let seconds = u64::from(most.get() - left.min(most.get())) * 60 / u64::from(most.get());
                Ok(headers(*most, left, seconds))
            }
            Ok(Err(until)) => {
                let after = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                refuse(format!("The query costs {cost}, more than you have left now: come again in {after} s"), after)
            }
            Err(_) => {
                let message = format!("The query costs {cost}, and a client may ask for {most} a minute: ask for less");
                refuse(message, 60)
            }
        }
    }
}

fn headers(most: NonZeroU32, left: u32, seconds: u64) -> Headers {
    [("ratelimit-policy", format!("\"cost\";q={most};w=60")), ("ratelimit", format!("\"cost\";r={left};t={seconds}"))]
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
        .collect()
}

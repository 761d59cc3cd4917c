//! What happens to every request before its handler: a request id, authentication, cross-origin checks, rate limits.

pub(crate) mod authentication;
pub(crate) mod cors;
pub(crate) mod rate_limit;
pub(crate) mod request_id;

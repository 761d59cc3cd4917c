//! Middleware: request ids, allowed hosts, authentication, cross-origin rules, CSRF protection and rate limits.

pub(crate) mod allowed_hosts;
pub(crate) mod authentication;
pub(crate) mod client;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod rate_limit;
pub(crate) mod request_id;

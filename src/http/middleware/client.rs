//! The client of a request: who calls, from where, and what data it requires.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::Caller;

/// The client of a request.
#[derive(Clone)]
pub(crate) struct Client {
    /// The caller's name and scopes.
    pub(crate) caller: Caller,
    /// The API key or token; checked again while a stream is open.
    pub(crate) credential: Option<Arc<str>>,
    /// The minimum data version to read, from the header `Newsgraph-Version`; 0 for none.
    pub(crate) minimum_version: i64,
    /// The key of the client's bucket in the rate limiter: its name or its address.
    rate_limit_key: Arc<str>,
}

impl Client {
    /// `address` is the IP address, from the connection or from the header of a proxy.
    pub(crate) fn new(
        caller: Caller,
        credential: Option<Arc<str>>,
        address: Option<IpAddr>,
        minimum_version: i64,
    ) -> Self {
        let rate_limit_key = rate_limit_key(&caller, address).into();
        Self { caller, credential, minimum_version, rate_limit_key }
    }

    /// Returns whether the client sent no key or token.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.caller.name.is_none()
    }

    /// Returns the scopes as text, a part of the key of the response cache.
    pub(crate) fn scopes(&self) -> String {
        self.caller.scopes.iter().map(|scope| format!("{} ", scope.as_str())).collect()
    }

    /// Returns the key of the client's bucket in the rate limiter.
    pub(crate) fn rate_limit_key(&self) -> &Arc<str> {
        &self.rate_limit_key
    }
}

/// Returns the name of the caller, else the address. IPv6 addresses share a bucket by their first 64 bits, since one client usually
/// has all addresses of such a network.
fn rate_limit_key(caller: &Caller, address: Option<IpAddr>) -> String {
    match (&caller.name, address) {
        (Some(name), _) => format!("key {name}"),
        (None, Some(IpAddr::V6(address))) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        (None, Some(IpAddr::V4(address))) => address.to_string(),
        (None, None) => String::new(),
    }
}

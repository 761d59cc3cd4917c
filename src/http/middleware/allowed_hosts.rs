//! The hosts under which the server is reached. A page of another site can let its own name resolve to this machine (DNS rebinding);
//! for the browser both are one site then, and no other check holds. But the request still names the other host.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};

use crate::config::Serve;
use crate::error::{Error, Result};
use crate::http::graphql::error::RequestError;

/// The value of `--allowed-host` that allows every host.
const ANY_HOST: &str = "*";

/// The hosts that requests may name.
pub(crate) struct AllowedHosts {
    /// Lower-case names without ports; `None` allows every host.
    names: Option<Vec<String>>,
}

impl AllowedHosts {
    /// Reads `--allowed-host`. Without it a server that only this machine can reach, with no proxy in front, is reached as
    /// `localhost` or by an IP address, and others under any host. Error: `BAD_INPUT` for a value that is no host.
    pub(crate) fn new(settings: &Serve) -> Result<Self> {
        let is_local = settings.listen.ip().is_loopback() && settings.address_header.is_none();
        if settings.allowed_host.iter().any(|host| host == ANY_HOST) || (settings.allowed_host.is_empty() && !is_local)
        {
            return Ok(Self { names: None });
        }
        let names = settings.allowed_host.iter().map(|host| match host.parse::<Authority>() {
            Ok(authority) if authority.host() == host && !host.is_empty() => Ok(host.to_ascii_lowercase()),
            _ => Err(Error::BadInput(format!(
                "--allowed-host {host}: write a host name without a port, such as example.org"
            ))),
        });
        Ok(Self { names: Some(names.collect::<Result<_>>()?) })
    }

    /// Rejects requests for a host that is not allowed (421). Requests without a host come from no browser.
    pub(super) fn check(&self, request: &Parts) -> Result<(), RequestError> {
        let host = || request.headers.get(header::HOST)?.to_str().ok();
        let named = match (request.uri.authority(), host()) {
            (Some(authority), _) => Ok(authority.clone()),
            (None, Some(host)) => host.parse(),
            (None, None) => return Ok(()),
        };
        let message = match named {
            Ok(authority) if self.allows(&authority) => return Ok(()),
            Ok(authority) => format!(
                "The server is not reached as `{:.100}`: use `localhost` or an IP address, or add the host to `--allowed-host`",
                authority.host()
            ),
            Err(_) => "The `Host` header is invalid: write HOST or HOST:PORT".into(),
        };
        Err(RequestError::new(StatusCode::MISDIRECTED_REQUEST, "FORBIDDEN", message))
    }

    /// Returns whether requests may name this host. Addresses and `localhost` cannot be taken over by another site.
    fn allows(&self, authority: &Authority) -> bool {
        let Some(names) = &self.names else { return true };
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || names.contains(&host)
    }
}

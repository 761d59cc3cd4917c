//! The HTTP client for outgoing requests: the keys of an identity provider and the collector of traces.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

/// Selects the TLS cryptography of the process, the same as for database connections. Must run before the first TLS connection.
/// Later calls change nothing.
pub fn choose_cryptography() {
    // Fails when a provider was installed before, which was this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Creates a client whose requests fail after `timeout`, and that follows no redirects: they could lead to addresses that the
/// operator has not named.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    choose_cryptography();
    Client::builder().timeout(timeout).redirect(Policy::none()).build()
}

//! Requests that this program makes itself: for the keys of an identity provider, and to a collector of traces.

use std::time::Duration;

use reqwest::Client;

/// Chooses the cryptography of connections: the same that the database's have. Has to come before the first of them.
pub fn choose_cryptography() {
    // It can be chosen once only, and was then chosen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client that gives up in time.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    choose_cryptography();
    Client::builder().timeout(timeout).build()
}

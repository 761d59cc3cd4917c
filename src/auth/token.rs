//! Tokens of an identity provider: JSON Web Tokens (RFC 7519), checked against its published keys (a JWK set, RFC 7517).

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::auth::{Caller, Scope};
use crate::config::{Access, TokenAlgorithm};
use crate::error::{Error, Result};
use crate::http_client::client;

/// After how long the provider's keys are read again: it may have withdrawn one.
const STALE: Duration = Duration::from_secs(600);

/// How often the keys are read at most, whatever tokens name.
const PAUSE: Duration = Duration::from_secs(30);

/// How far the clocks of the provider and of this machine may differ, in seconds.
const LEEWAY: u64 = 30;

/// Checks tokens.
pub(super) struct Tokens {
    keys: RwLock<Arc<JwkSet>>,
    /// Where to read the keys again, and when they were.
    address: Option<(Client, Url, Mutex<Instant>)>,
    issuer: Option<String>,
    audience: String,
    algorithms: Vec<Algorithm>,
}

/// What a token says.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    /// RFC 8693, section 4.2.
    scope: Option<String>,
}

impl Tokens {
    /// As the settings say, or nothing when no keys are named. Reads the keys.
    pub(super) async fn new(settings: &Access) -> Result<Option<Self>> {
        let Some(jwks) = &settings.jwks else { return Ok(None) };
        let Some(audience) = settings.jwt_audience.clone() else {
            let message = "--jwks needs --jwt-audience: or a token for any other service would open this one";
            return Err(Error::BadInput(message.into()));
        };
        let (keys, address) = match Url::parse(jwks) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                let client = client(Duration::from_secs(10)).map_err(|error| unreadable(jwks, error))?;
                let keys = fetch(&client, &url).await.map_err(|error| unreadable(jwks, error))?;
                (keys, Some((client, url, Mutex::new(Instant::now()))))
            }
            _ => {
                let text =
                    std::fs::read_to_string(jwks).map_err(|error| Error::Io(format!("cannot read {jwks}"), error))?;
                (serde_json::from_str(&text).map_err(|error| unreadable(jwks, error))?, None)
            }
        };
        Ok(Some(Self {
            keys: RwLock::new(Arc::new(keys)),
            address,
            issuer: settings.jwt_issuer.clone(),
            audience,
            algorithms: settings.jwt_algorithm.iter().copied().map(algorithm).collect(),
        }))
    }

    /// Who holds this token, if it is valid now.
    pub(super) async fn caller(&self, token: &str) -> Option<Caller> {
        let kid = decode_header(token).ok()?.kid;
        let known = |keys: &JwkSet| kid.as_ref().is_none_or(|kid| keys.find(kid).is_some());
        let mut keys = self.keys();
        let stale = match &self.address {
            Some((.., read)) => read.lock().await.elapsed() > STALE,
            None => false,
        };
        if stale || !known(&keys) {
            self.read_again().await;
            keys = self.keys();
        }
        // A set of one key need not be named.
        let key = match &kid {
            Some(kid) => keys.find(kid)?,
            None if keys.keys.len() == 1 => keys.keys.first()?,
            None => return None,
        };
        let key = DecodingKey::from_jwk(key).ok()?;
        // The kind of the key says which algorithms there may be, never the token alone; none of them has a shared secret.
        let mut validation = Validation::new_for_family(key.family());
        validation.algorithms.retain(|algorithm| self.algorithms.contains(algorithm));
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        }
        let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
        let scopes = claims.scope.as_deref().map_or_else(BTreeSet::new, Scope::parse);
        Some(Caller { name: Some(claims.sub.unwrap_or_else(|| "token".into())), scopes })
    }

    fn keys(&self) -> Arc<JwkSet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again; the old ones stay when that fails.
    async fn read_again(&self) {
        let Some((client, url, read)) = &self.address else { return };
        // Who comes meanwhile waits, and finds that it was just done.
        let mut read = read.lock().await;
        if read.elapsed() < PAUSE {
            return;
        }
        *read = Instant::now();
        match fetch(client, url).await {
            Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys),
            Err(error) => tracing::warn!(%error, "the identity provider's keys cannot be read; the old ones stay"),
        }
    }
}

async fn fetch(client: &Client, url: &Url) -> Result<JwkSet, reqwest::Error> {
    client.get(url.clone()).send().await?.error_for_status()?.json().await
}

fn unreadable(jwks: &str, error: impl std::fmt::Display) -> Error {
    Error::BadInput(format!("{jwks} is no JWK set that can be read: {error}"))
}

fn algorithm(named: TokenAlgorithm) -> Algorithm {
    match named {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Es384 => Algorithm::ES384,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

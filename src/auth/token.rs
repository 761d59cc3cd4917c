//! Tokens of an identity provider: JSON Web Tokens (RFC 7519), verified with the provider's public keys (a JWK set, RFC 7517).

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

/// Maximum age of the key set before it is fetched again: the provider may have withdrawn a key.
const MAX_KEY_SET_AGE: Duration = Duration::from_secs(600);

/// Minimum interval between fetches of the key set, however many tokens name unknown keys.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(30);

/// Time limit for fetching the key set.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Allowed difference between the clocks of the provider and this machine, in seconds.
const CLOCK_SKEW: u64 = 30;

/// Verifies tokens.
pub(super) struct TokenVerifier {
    key_set: RwLock<Arc<JwkSet>>,
    /// The source of the key set when it is a URL; `None` for a file, which is read once.
    source: Option<KeySetUrl>,
    issuer: Option<String>,
    audience: String,
    algorithms: Vec<Algorithm>,
}

/// The URL of a key set.
struct KeySetUrl {
    client: Client,
    url: Url,
    last_fetch: Mutex<Instant>,
}

/// The claims of a token that are used. The library checks `exp`, `nbf`, `aud` and `iss`.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    /// Scopes separated by spaces (RFC 8693, section 4.2).
    scope: Option<String>,
}

impl TokenVerifier {
    /// Creates the verifier that the settings describe and reads the key set; `None` when `--jwks` is not set.
    pub(super) async fn new(settings: &Access) -> Result<Option<Self>> {
        let Some(jwks) = &settings.jwks else { return Ok(None) };
        let Some(audience) = settings.jwt_audience.clone() else {
            let message = "--jwks needs --jwt-audience: without it, tokens for other services would be accepted";
            return Err(Error::BadInput(message.into()));
        };
        let (key_set, source) = match Url::parse(jwks) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                let client = client(FETCH_TIMEOUT).map_err(|error| invalid_key_set(jwks, error))?;
                let key_set = fetch(&client, &url).await.map_err(|error| invalid_key_set(jwks, error))?;
                (key_set, Some(KeySetUrl { client, url, last_fetch: Mutex::new(Instant::now()) }))
            }
            _ => {
                let text =
                    std::fs::read_to_string(jwks).map_err(|error| Error::Io(format!("cannot read {jwks}"), error))?;
                (serde_json::from_str(&text).map_err(|error| invalid_key_set(jwks, error))?, None)
            }
        };
        Ok(Some(Self {
            key_set: RwLock::new(Arc::new(key_set)),
            source,
            issuer: settings.jwt_issuer.clone(),
            audience,
            algorithms: settings.jwt_algorithm.iter().copied().map(to_algorithm).collect(),
        }))
    }

    /// Returns the caller that holds this token; `None` when the token is not valid now.
    pub(super) async fn authenticate(&self, token: &str) -> Option<Caller> {
        let kid = decode_header(token).ok()?.kid;
        let has_key = |key_set: &JwkSet| kid.as_ref().is_none_or(|kid| key_set.find(kid).is_some());
        let mut key_set = self.key_set();
        let is_stale = match &self.source {
            Some(source) => source.last_fetch.lock().await.elapsed() > MAX_KEY_SET_AGE,
            None => false,
        };
        if is_stale || !has_key(&key_set) {
            self.refresh().await;
            key_set = self.key_set();
        }
        // A token need not name its key (`kid`) when the set has only one.
        let key = match &kid {
            Some(kid) => key_set.find(kid)?,
            None if key_set.keys.len() == 1 => key_set.keys.first()?,
            None => return None,
        };
        let key = DecodingKey::from_jwk(key).ok()?;
        // The type of the key limits the algorithms; the token alone must never choose one. No algorithm with a shared secret is
        // allowed, or the public key could be used as the secret.
        let mut validation = Validation::new_for_family(key.family());
        validation.algorithms.retain(|algorithm| self.algorithms.contains(algorithm));
        validation.leeway = CLOCK_SKEW;
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

    fn key_set(&self) -> Arc<JwkSet> {
        Arc::clone(&self.key_set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the key set again. When that fails, the old keys stay in use.
    async fn refresh(&self) {
        let Some(source) = &self.source else { return };
        // Held during the fetch: concurrent callers wait, and then find that the set is fresh.
        let mut last_fetch = source.last_fetch.lock().await;
        if last_fetch.elapsed() < MIN_FETCH_INTERVAL {
            return;
        }
        *last_fetch = Instant::now();
        match fetch(&source.client, &source.url).await {
            Ok(key_set) => *self.key_set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key_set),
            Err(error) => {
                tracing::warn!(%error, "cannot fetch the identity provider's keys (--jwks); using the old ones");
            }
        }
    }
}

async fn fetch(client: &Client, url: &Url) -> Result<JwkSet, reqwest::Error> {
    client.get(url.clone()).send().await?.error_for_status()?.json().await
}

fn invalid_key_set(jwks: &str, error: impl std::fmt::Display) -> Error {
    Error::BadInput(format!("cannot read a JWK set from --jwks {jwks}: {error}"))
}

fn to_algorithm(setting: TokenAlgorithm) -> Algorithm {
    match setting {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Es384 => Algorithm::ES384,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

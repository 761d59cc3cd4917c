//! Tokens of an identity provider: JSON Web Tokens (RFC 7519), verified with the provider's public keys (a JWK set, RFC 7517).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use tokio::sync::Mutex as AsyncMutex;

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

/// Maximum size of a key set, in bytes.
const MAX_KEY_SET_BYTES: usize = 1 << 20;

/// Allowed difference between the clocks of the provider and this machine, in seconds.
const CLOCK_SKEW: u64 = 30;

/// Verifies tokens.
pub(super) struct TokenVerifier {
    key_set: Arc<RwLock<Arc<JwkSet>>>,
    /// The source of the key set when it is a URL; `None` for a file, which is read once.
    source: Option<Arc<KeySetUrl>>,
    issuer: Option<String>,
    audience: String,
    algorithms: Vec<Algorithm>,
}

/// The URL of a key set.
struct KeySetUrl {
    client: Client,
    url: Url,
    /// When the last fetch began.
    last_fetch: Mutex<Instant>,
    /// Held during a fetch: concurrent callers share one.
    fetching: AsyncMutex<()>,
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
                let last_fetch = Mutex::new(Instant::now());
                (key_set, Some(Arc::new(KeySetUrl { client, url, last_fetch, fetching: AsyncMutex::default() })))
            }
            _ => {
                let text =
                    std::fs::read_to_string(jwks).map_err(|error| Error::Io(format!("cannot read {jwks}"), error))?;
                (serde_json::from_str(&text).map_err(|error| invalid_key_set(jwks, error))?, None)
            }
        };
        Ok(Some(Self {
            key_set: Arc::new(RwLock::new(Arc::new(key_set))),
            source,
            issuer: settings.jwt_issuer.clone(),
            audience,
            algorithms: settings.jwt_algorithm.iter().copied().map(to_algorithm).collect(),
        }))
    }

    /// Returns the caller that holds this token; `None` when the token is not valid now.
    pub(super) async fn authenticate(&self, token: &str) -> Option<Caller> {
        if has_critical_extension(token) {
            return None;
        }
        let kid = decode_header(token).ok()?.kid;
        let has_key = |key_set: &JwkSet| kid.as_ref().is_none_or(|kid| key_set.find(kid).is_some());
        let mut key_set = self.key_set();
        if let Some(source) = &self.source {
            if !has_key(&key_set) {
                // Only tokens with an unknown key wait for the provider, which may be slow.
                source.refresh(&self.key_set).await;
                key_set = self.key_set();
            } else if source.age() > MAX_KEY_SET_AGE {
                let (source, key_set) = (Arc::clone(source), Arc::clone(&self.key_set));
                tokio::spawn(async move { source.refresh(&key_set).await });
            }
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
}

impl KeySetUrl {
    /// The time since the last fetch began.
    fn age(&self) -> Duration {
        self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Fetches the key set again. When that fails, the old keys stay in use.
    async fn refresh(&self, key_set: &RwLock<Arc<JwkSet>>) {
        let _fetching = self.fetching.lock().await;
        if self.age() < MIN_FETCH_INTERVAL {
            return;
        }
        *self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        match fetch(&self.client, &self.url).await {
            Ok(fetched) => *key_set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fetched),
            Err(error) => {
                tracing::warn!(%error, "cannot fetch the identity provider's keys (--jwks); using the old ones");
            }
        }
    }
}

/// Returns whether a token names extensions that a verifier must understand (`crit`, RFC 7515, section 4.1.11). We know none.
fn has_critical_extension(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap_or_default();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap_or_default();
    header.get("crit").is_some()
}

async fn fetch(client: &Client, url: &Url) -> Result<JwkSet, String> {
    // The URL is not repeated: it may have a password.
    let failed = |error: reqwest::Error| error.without_url().to_string();
    let mut response = client.get(url.clone()).send().await.and_then(Response::error_for_status).map_err(failed)?;
    if response.status().is_redirection() {
        return Err(format!("it redirects ({}): give the final URL", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_KEY_SET_BYTES {
            return Err(format!("it is larger than {MAX_KEY_SET_BYTES} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}

fn invalid_key_set(jwks: &str, error: impl std::fmt::Display) -> Error {
    let shown = match Url::parse(jwks) {
        Ok(mut url) if url.password().is_some() => {
            // Fails for URLs that cannot have a password.
            let _ = url.set_password(Some("..."));
            url.to_string()
        }
        _ => jwks.to_owned(),
    };
    Error::BadInput(format!("cannot read a JWK set from --jwks {shown}: {error}"))
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

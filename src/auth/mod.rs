//! Authentication and authorization: API keys of our own, and tokens of an identity provider (OpenID Connect).

pub mod key;
mod token;

use std::collections::BTreeSet;

use crate::auth::key::KeyStore;
use crate::auth::token::TokenVerifier;
use crate::config::Access;
use crate::db::Db;
use crate::error::{Error, Result};

/// The caller of a request: its name and what it may do.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The name of the API key or the subject of the token; `None` for anonymous callers.
    pub name: Option<String>,
    /// The scopes of the caller.
    pub scopes: BTreeSet<Scope>,
}

/// A permission of an API key or token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Scope {
    /// Run queries and subscriptions, download exports and read the metrics.
    Read,
    /// Import, delete and merge records.
    Write,
    /// See which caller made a change or a merge decision.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Returns the name of the scope in keys and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Parses scopes separated by spaces, as in OAuth 2.0 (RFC 6749, section 3.3). Unknown scopes are ignored.
    fn parse(text: &str) -> BTreeSet<Self> {
        let names: Vec<&str> = text.split_whitespace().collect();
        Self::ALL.into_iter().filter(|scope| names.contains(&scope.as_str())).collect()
    }
}

impl Caller {
    /// Requires that the caller has a scope.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] for anonymous callers, else [`Error::Forbidden`].
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let scope = scope.as_str();
        Err(match &self.name {
            None => Error::Unauthenticated(format!(
                "This requires an API key with the scope `{scope}`: send it as `Authorization: Bearer KEY`"
            )),
            Some(_) => Error::Forbidden(format!(
                "Your key or token lacks the scope `{scope}`: ask the operator of this server for one that has it"
            )),
        })
    }
}

/// Authenticates callers by API key or token.
pub struct Auth {
    keys: KeyStore,
    tokens: Option<TokenVerifier>,
    /// Whether every caller has the scope `read`.
    is_read_public: bool,
}

impl Auth {
    /// Creates the authentication that the settings describe. Reads the key set of the identity provider, if one is set.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] or [`Error::Io`] when the key set cannot be read, or when no audience is set for it.
    pub async fn new(db: &Db, settings: &Access) -> Result<Self> {
        let tokens = TokenVerifier::new(settings).await?;
        Ok(Self { keys: KeyStore::new(db.clone()), tokens, is_read_public: !settings.read_with_key })
    }

    /// Returns the caller that holds an API key or token; an anonymous caller for `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] for an invalid credential, with the same message whether it is unknown, expired or revoked, so
    /// that nothing can be learned by trying.
    pub async fn authenticate(&self, credential: Option<&str>) -> Result<Caller> {
        // Boxed to keep this future small: requests without a credential carry it too.
        let caller = match credential {
            None => Some(Caller::default()),
            Some(text) if text.starts_with(key::PREFIX) => Box::pin(self.keys.authenticate(text)).await?,
            Some(text) => match &self.tokens {
                Some(tokens) => Box::pin(tokens.authenticate(text)).await,
                None => None,
            },
        };
        let invalid =
            || Error::Unauthenticated("The API key or token is unknown, expired or revoked: send a valid one".into());
        let mut caller = caller.ok_or_else(invalid)?;
        if self.is_read_public {
            caller.scopes.insert(Scope::Read);
        }
        Ok(caller)
    }
}

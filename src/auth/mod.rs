//! Who asks, and what they may do: by a key of ours, or by a token of an identity provider.

pub mod key;
mod token;

use std::collections::BTreeSet;

use crate::config::Access;
use crate::db::Db;
use crate::error::{Error, Result};

use crate::auth::key::Keys;
use crate::auth::token::Tokens;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The name of the key, or the subject of the token; none for who has neither.
    pub name: Option<String>,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
}

/// What a key or a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Scope {
    /// To ask.
    Read,
    /// To write.
    Write,
    /// To see what concerns the server and its keys.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The scope as keys and tokens spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Scopes with spaces between, as OAuth 2.0 (RFC 6749, section 3.3) has them; words that mean nothing here are left out.
    fn parse(words: &str) -> BTreeSet<Self> {
        let words: Vec<&str> = words.split_whitespace().collect();
        Self::ALL.into_iter().filter(|scope| words.contains(&scope.word())).collect()
    }
}

impl Caller {
    /// Refuses who lacks a scope.
    pub fn needs(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let word = scope.word();
        Err(match &self.name {
            None => Error::Unauthenticated(format!(
                "This needs a key with the scope `{word}`: send it as `Authorization: Bearer KEY`"
            )),
            Some(_) => Error::Forbidden(format!(
                "Your key lacks the scope `{word}`: ask whoever looks after this server for one that has it"
            )),
        })
    }
}

/// Finds out who asks.
pub struct Auth {
    keys: Keys,
    tokens: Option<Tokens>,
    /// Whether reading takes no key.
    open: bool,
}

impl Auth {
    /// As the settings say; reads the keys of the identity provider.
    pub async fn new(db: &Db, settings: &Access) -> Result<Self> {
        let tokens = Tokens::new(settings).await?;
        Ok(Self { keys: Keys::new(db.clone()), tokens, open: !settings.read_with_key })
    }

    /// Who holds this credential; anybody when there is none. Refused when it is not, or no longer, valid: there is one
    /// message for all reasons, so that nothing can be learned by trying.
    pub async fn caller(&self, credential: Option<&str>) -> Result<Caller> {
        let caller = match credential {
            None => Some(Caller::default()),
            Some(text) if text.starts_with(key::PREFIX) => self.keys.caller(text).await?,
            Some(text) => match &self.tokens {
                Some(tokens) => tokens.caller(text).await,
                None => None,
            },
        };
        let refused =
            || Error::Unauthenticated("The key or token is unknown, expired or revoked: send a valid one".into());
        let mut caller = caller.ok_or_else(refused)?;
        if self.open {
            caller.scopes.insert(Scope::Read);
        }
        Ok(caller)
    }
}

//! API keys: creation, listing, revocation and verification. A key is shown once, when it is created; only its hash is stored.
//!
//! A key has 256 random bits, so a single SHA-256 protects it as well as a slow password hash: there is nothing to guess.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use entity::api_key::{self, Column, Entity};
use entity::row::{ColumnMask, FromRow};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::auth::{Caller, Scope};
use crate::db::{Db, all_columns, now};
use crate::error::{Error, Result};

/// The prefix of every key, by which secret scanners find leaked ones.
pub(super) const PREFIX: &str = "newsgraph_";

/// The time for which a key that was read from the database is cached. A revoked key stays valid for at most this long.
pub const CACHE_TTL: Duration = Duration::from_secs(2);

/// Creates a key and returns its text, which cannot be retrieved later. Without `days` the key does not expire.
///
/// # Errors
///
/// [`Error::BadInput`] when the name is empty, has control characters, or is taken.
pub async fn create(db: &Db, name: &str, scopes: &BTreeSet<Scope>, days: Option<u32>) -> Result<String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::BadInput("The key needs a name without line breaks or other control characters".into()));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    let secret = BASE64URL_NOPAD.encode(&secret);
    let transaction = db.write().await?;
    if Entity::find().filter(Column::Name.eq(name)).one(&transaction).await?.is_some() {
        return Err(Error::BadInput(format!("A key named `{name}` exists already: choose another name")));
    }
    let last = Entity::find().order_by_desc(Column::Id).one(&transaction).await?;
    let id = last.map_or(1, |last| last.id + 1);
    let key = api_key::Model {
        id,
        name: name.to_owned(),
        hash: hash(&secret),
        scopes: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        created_at: now(),
        expires_at: days.map(|days| now() + i64::from(days) * 24 * 60 * 60),
        revoked_at: None,
    };
    Entity::insert(key.into_active_model()).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(format!("{PREFIX}{id}_{secret}"))
}

/// Returns all keys, including expired and revoked ones, oldest first.
///
/// # Errors
///
/// [`Error::Database`].
pub async fn list(db: &Db) -> Result<Vec<api_key::Model>> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db.connection()).await?)
}

/// Revokes a key permanently; revoking it again changes nothing. On PostgreSQL this does not wait for a running import, since a
/// leaked key has to be revoked at once.
///
/// # Errors
///
/// [`Error::NotFound`] when there is no key of this name.
pub async fn revoke(db: &Db, name: &str) -> Result<()> {
    let Some(key) = Entity::find().filter(Column::Name.eq(name)).one(db.connection()).await? else {
        return Err(Error::NotFound(format!("There is no key `{name}`: `newsgraph key list` lists all keys")));
    };
    if key.revoked_at.is_none() {
        let mut key = key.into_active_model();
        key.revoked_at = Set(Some(now()));
        key.update(db.connection()).await?;
    }
    Ok(())
}

/// Verifies API keys.
pub(super) struct KeyStore {
    db: Db,
    /// Existing keys by id, with the time they were read. Unknown ids are not cached, so clients cannot fill it.
    cache: Mutex<HashMap<i64, (Instant, api_key::Model)>>,
}

impl KeyStore {
    pub(super) fn new(db: Db) -> Self {
        Self { db, cache: Mutex::default() }
    }

    /// Returns the caller that holds this key; `None` when the key is not valid now.
    pub(super) async fn authenticate(&self, text: &str) -> Result<Option<Caller>> {
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let (id, secret) = parts.unwrap_or_default();
        let key = match id.parse() {
            Ok(id) => self.find(id).await?,
            Err(_) => None,
        };
        // Compared in constant time, also when the key does not exist, so that the time reveals nothing.
        let stored = key.as_ref().map(|key| key.hash.as_str()).unwrap_or_default();
        let matches: bool = hash(secret).as_bytes().ct_eq(stored.as_bytes()).into();
        let is_active = |key: &api_key::Model| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now() < end);
        Ok(key
            .filter(|key| matches && is_active(key))
            .map(|key| Caller { scopes: Scope::parse(&key.scopes), name: Some(key.name) }))
    }

    async fn find(&self, id: i64) -> Result<Option<api_key::Model>> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, key)) = cache().get(&id)
            && at.elapsed() < CACHE_TTL
        {
            return Ok(Some(key.clone()));
        }
        let select = all_columns::<Entity>().and_where(Expr::col("id").eq(id)).take();
        let reader = self.db.lookups();
        let rows = self.db.while_available(reader.all(reader.backend().build(&select))).await??;
        let key = rows.first().map(|row| api_key::Model::read(row, 0, ColumnMask::default())).transpose()?;
        if let Some(key) = &key {
            cache().insert(id, (Instant::now(), key.clone()));
        }
        Ok(key)
    }
}

fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}

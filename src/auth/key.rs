//! Keys: made, listed, revoked and looked up. A key is shown once, when it is made; stored is its hash.
//!
//! A key has 256 random bits, so one SHA-256 is as good as a slow hash: there is nothing to guess.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use entity::api_key::{self, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, Set,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::auth::{Caller, Scope};
use crate::db::{Db, now};
use crate::error::{Error, Result};

/// What each key begins with, so that tools which look for secrets find it.
pub(super) const PREFIX: &str = "newsgraph_";

/// For how long a key that was looked up is taken as it was: so long may a revoked one still be used.
pub const LOOKED_UP: Duration = Duration::from_secs(2);

/// Makes a key, for so many days or for ever, and gives it; nobody can ever tell it again.
pub async fn create(db: &Db, name: &str, scopes: &BTreeSet<Scope>, days: Option<u32>) -> Result<String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::BadInput("A key has a name without line breaks: give it one".into()));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| Error::Broken(format!("no random bytes: {error}")))?;
    let secret = BASE64URL_NOPAD.encode(&secret);
    let transaction = db.write().await?;
    if Entity::find().filter(Column::Name.eq(name)).one(&transaction).await?.is_some() {
        return Err(Error::BadInput(format!("There is already a key `{name}`: give this one another name")));
    }
    let last = Entity::find().order_by_desc(Column::Id).one(&transaction).await?;
    let id = last.map_or(1, |last| last.id + 1);
    let key = api_key::Model {
        id,
        name: name.to_owned(),
        hash: hash(&secret),
        scopes: scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" "),
        created_at: now(),
        expires_at: days.map(|days| now() + i64::from(days) * 24 * 60 * 60),
        revoked_at: None,
    };
    Entity::insert(key.into_active_model()).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(format!("{PREFIX}{id}_{secret}"))
}

/// All keys that were ever made, oldest first.
pub async fn list(db: &Db) -> Result<Vec<api_key::Model>> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db.connection()).await?)
}

/// Takes a key back for ever. It waits for no import on PostgreSQL: a key may have to go at once.
pub async fn revoke(db: &Db, name: &str) -> Result<()> {
    let Some(key) = Entity::find().filter(Column::Name.eq(name)).one(db.connection()).await? else {
        return Err(Error::NotFound(format!("There is no key `{name}`: `newsgraph key list` shows all")));
    };
    if key.revoked_at.is_none() {
        let mut key = key.into_active_model();
        key.revoked_at = Set(Some(now()));
        key.update(db.connection()).await?;
    }
    Ok(())
}

/// Looks keys up.
pub(super) struct Keys {
    db: Db,
    /// Those that exist, as they were when they were last read; what does not exist cannot fill it.
    seen: Mutex<HashMap<i64, (Instant, api_key::Model)>>,
}

impl Keys {
    pub(super) fn new(db: Db) -> Self {
        Self { db, seen: Mutex::default() }
    }

    /// Who holds this key, if it is valid now.
    pub(super) async fn caller(&self, text: &str) -> Result<Option<Caller>> {
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let (id, secret) = parts.unwrap_or_default();
        let key = match id.parse() {
            Ok(id) => self.find(id).await?,
            Err(_) => None,
        };
        // All is compared, whether there is such a key or not.
        let stored = key.as_ref().map(|key| key.hash.as_str()).unwrap_or_default();
        let same: bool = hash(secret).as_bytes().ct_eq(stored.as_bytes()).into();
        let valid = |key: &api_key::Model| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now() < end);
        Ok(key
            .filter(|key| same && valid(key))
            .map(|key| Caller { scopes: Scope::parse(&key.scopes), name: Some(key.name) }))
    }

    async fn find(&self, id: i64) -> Result<Option<api_key::Model>> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, key)) = seen().get(&id)
            && at.elapsed() < LOOKED_UP
        {
            return Ok(Some(key.clone()));
        }
        let select =
            Query::select().column(sea_orm::sea_query::Asterisk).from(Entity).and_where(Expr::col("id").eq(id)).take();
        let reader = self.db.reader();
        let rows = reader.all(reader.backend().build(&select)).await?;
        let key = rows.first().map(|row| api_key::Model::from_query_result(row, "")).transpose()?;
        if let Some(key) = &key {
            seen().insert(id, (Instant::now(), key.clone()));
        }
        Ok(key)
    }
}

fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}

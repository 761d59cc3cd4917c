//! What one request works with: the database and the count of its statements.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ErrorExtensions};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{QueryResult, Statement};

use crate::auth::Caller;
use crate::db::{Db, Dialect};
use crate::error::Error;

/// One request.
#[derive(Clone)]
pub struct Session {
    db: Db,
    statements: Arc<AtomicUsize>,
    recorded: Option<Arc<Mutex<Vec<Statement>>>>,
}

impl Session {
    /// A request on this database.
    pub fn new(db: Db) -> Self {
        Self { db, statements: Arc::default(), recorded: None }
    }

    /// A request whose statements are kept, so that their plans can be looked at.
    pub fn recording(db: Db) -> Self {
        Self { db, statements: Arc::default(), recorded: Some(Arc::default()) }
    }

    /// The statements kept so far.
    pub fn recorded(&self) -> Vec<Statement> {
        let kept = self.recorded.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        kept.unwrap_or_default()
    }

    /// How many SQL statements were run so far.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::Relaxed)
    }

    /// The version of the graph: it grows with everything that is written.
    pub async fn version(&self) -> Result<i64, Fault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        Ok(self.db.reader().counter("version").await?)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    pub(crate) async fn all(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, Fault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let reader = self.db.reader();
        let statement = reader.backend().build(select);
        if let Some(recorded) = &self.recorded {
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
        }
        tracing::trace!(sql = %statement.sql, "reads");
        Ok(reader.all(statement).await?)
    }
}

/// The session of a field being resolved.
pub(crate) fn session<'a>(ctx: &Context<'a>) -> Result<&'a Session, Fault> {
    ctx.data::<Session>().map_err(|_| Error::Broken("no session".into()).into())
}

/// Who asks.
pub(crate) fn caller<'a>(ctx: &Context<'a>) -> &'a Caller {
    static ANYBODY: Caller = Caller { name: None, scopes: BTreeSet::new() };
    ctx.data::<Caller>().unwrap_or(&ANYBODY)
}

/// An [`Error`] that many fields of one batch meet at once.
#[derive(Clone, Debug)]
pub struct Fault(Arc<Error>);

impl Fault {
    /// The error, for who asked alone.
    pub(crate) fn into_error(self) -> Error {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Error::Broken(shared.to_string()))
    }
}

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        let error = error.into();
        if error.code() == "INTERNAL" {
            tracing::error!(%error, "a query failed");
        }
        Self(Arc::new(error))
    }
}

impl From<Fault> for async_graphql::Error {
    fn from(fault: Fault) -> Self {
        Self::new(fault.0.public()).extend_with(|_, extensions| extensions.set("code", fault.0.code()))
    }
}

/// What a foreign key that may not be null refers to.
pub(crate) fn present<T>(found: Option<Result<T, Fault>>) -> Result<T, Fault> {
    found.unwrap_or_else(|| Err(Error::Broken("a foreign key refers to nothing".into()).into()))
}

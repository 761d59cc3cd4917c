//! What one request works with: the database and the count of its statements.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::{Context, ErrorExtensions, QueryPathSegment};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{QueryResult, Statement};
use tokio::sync::OnceCell;

use crate::auth::Caller;
use crate::db;
use crate::db::{AsOf, Db, Dialect};
use crate::error::Error;
use crate::graphql::executor::resolve::not_speculative;
use crate::graphql::types::date::DateTime;

/// One request.
#[derive(Clone)]
pub struct Session {
    db: Db,
    statements: Arc<AtomicUsize>,
    recorded: Option<Arc<Mutex<Vec<Statement>>>>,
    past: Option<Arc<AsOfInstant>>,
    /// What fields of the root read of the past, and all below them.
    roots: Arc<AsOfSessions>,
}

/// An instant, and what was committed until then once that is known.
struct AsOfInstant {
    at: i64,
    moment: OnceCell<AsOf>,
}

impl Session {
    /// A request on this database.
    pub fn new(db: Db) -> Self {
        Self { db, statements: Arc::default(), recorded: None, past: None, roots: Arc::default() }
    }

    /// A request whose statements are kept, so that their plans can be looked at.
    pub fn recording(db: Db) -> Self {
        Self { recorded: Some(Arc::default()), ..Self::new(db) }
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

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// Whether rows are walked by in an order that an index has: not those of the past.
    pub(crate) fn has_walks(&self) -> bool {
        !self.dialect().has_lateral() && self.past.is_none()
    }

    /// Whether rows are read joined with what they refer to: a table of the past is put together for each
    /// statement, and SQLite gathers all of it to join it.
    pub(crate) fn has_joins(&self) -> bool {
        self.past.is_none()
    }

    async fn moment<'p>(&self, past: &'p AsOfInstant) -> Result<&'p AsOf, SharedError> {
        let moment = past.moment.get_or_try_init(async || {
            self.statements.fetch_add(1, Ordering::Relaxed);
            AsOf::at(self.db.reader(), past.at).await
        });
        Ok(moment.await?)
    }

    pub(crate) async fn all(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, SharedError> {
        not_speculative().await;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let reader = self.db.reader();
        let mut statement = db::build(reader.backend(), select);
        if let Some(past) = &self.past {
            // Boxed: hardly a question is of the past, and all would carry the weight.
            statement = Box::pin(self.moment(past)).await?.ask(statement)?;
        }
        if let Some(recorded) = &self.recorded {
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
        }
        tracing::trace!(sql = %statement.sql, "reads");
        Ok(Box::pin(reader.all(statement)).await?)
    }
}

/// Sessions of fields of the root, by their names in the answer. Fields are resolved at once, so it only grows.
#[derive(Default)]
struct AsOfSessions(OnceLock<Box<AsOfSession>>);

struct AsOfSession {
    name: String,
    session: Session,
    next: OnceLock<Box<AsOfSession>>,
}

impl AsOfSessions {
    fn find(&self, name: &str) -> Option<&Session> {
        let mut at = &self.0;
        while let Some(root_fields) = at.get() {
            if root_fields.name == name {
                return Some(&root_fields.session);
            }
            at = &root_fields.next;
        }
        None
    }

    fn add(&self, name: String, session: Session) {
        let mut at = &self.0;
        let mut root_fields = Box::new(AsOfSession { name, session, next: OnceLock::new() });
        while let Err(back) = at.set(root_fields) {
            // Another field was faster.
            let Some(taken) = at.get() else { return };
            (root_fields, at) = (back, &taken.next);
        }
    }
}

/// The field of the root at or above the field being resolved, by its name in the answer.
fn root_name<'a>(ctx: &Context<'a>) -> Option<&'a str> {
    let mut node = ctx.path_node.as_ref()?;
    while let Some(parent) = node.parent {
        node = parent;
    }
    match node.segment {
        QueryPathSegment::Name(name) => Some(name),
        QueryPathSegment::Index(_) => None,
    }
}

/// The session of a field being resolved.
pub(crate) fn session<'a>(ctx: &Context<'a>) -> Result<&'a Session, SharedError> {
    let session = ctx.data::<Session>().map_err(|_| Error::Broken("no session".into()))?;
    if session.roots.0.get().is_none() {
        return Ok(session);
    }
    Ok(root_name(ctx).and_then(|name| session.roots.find(name)).unwrap_or(session))
}

/// Lets a field of the root and all below it read the graph as it was known at an instant.
pub(crate) fn as_of(ctx: &Context<'_>, at: Option<DateTime>) -> Result<(), SharedError> {
    let (Some(at), Some(name)) = (at, root_name(ctx)) else { return Ok(()) };
    let session = ctx.data::<Session>().map_err(|_| Error::Broken("no session".into()))?;
    let past = AsOfInstant { at: at.0, moment: OnceCell::new() };
    let then = Session { past: Some(Arc::new(past)), roots: Arc::default(), ..session.clone() };
    session.roots.add(name.to_owned(), then);
    Ok(())
}

/// Who asks.
pub(crate) fn caller<'a>(ctx: &Context<'a>) -> &'a Caller {
    static ANYBODY: Caller = Caller { name: None, scopes: BTreeSet::new() };
    ctx.data::<Caller>().unwrap_or(&ANYBODY)
}

/// An [`Error`] that many fields of one batch meet at once.
#[derive(Clone, Debug)]
pub struct SharedError(Arc<Error>);

impl SharedError {
    /// The error, for who asked alone.
    pub(crate) fn into_error(self) -> Error {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Error::Broken(shared.to_string()))
    }
}

impl<E: Into<Error>> From<E> for SharedError {
    fn from(error: E) -> Self {
        let error = error.into();
        // What a replica cannot answer is asked again elsewhere.
        if error.code() == "INTERNAL" && !matches!(error, Error::Replica(_)) {
            tracing::error!(%error, "a query failed");
        }
        Self(Arc::new(error))
    }
}

impl From<SharedError> for async_graphql::Error {
    fn from(fault: SharedError) -> Self {
        Self::new(fault.0.public()).extend_with(|_, extensions| extensions.set("code", fault.0.code()))
    }
}

/// What a foreign key that may not be null refers to.
pub(crate) fn present<T>(found: Option<Result<T, SharedError>>) -> Result<T, SharedError> {
    found.unwrap_or_else(|| Err(Error::Broken("a foreign key refers to nothing".into()).into()))
}

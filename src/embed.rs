//! The API as an [`async_graphql::Executor`], for mounting it in an axum program of your own.
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::post_service;
//! use newsgraph::embed::EmbeddedApi;
//! use newsgraph::embed::async_graphql_axum::{GraphQL, GraphQLSubscription};
//!
//! # async fn mount() -> newsgraph::error::Result<Router> {
//! let api = EmbeddedApi::open("sqlite://newsgraph.db").await?;
//! let routes: Router = Router::new()
//!     .route("/graphql", post_service(GraphQL::new(api.clone())))
//!     .route_service("/graphql/subscriptions", GraphQLSubscription::new(api));
//! # Ok(routes)
//! # }
//! ```
//!
//! `examples/embed.rs` is a whole program. Documents are checked against the same limits and the same schema as by
//! `newsgraph serve`. Authentication, rate limits, the response cache, persisted queries, exports and metrics belong to the server and
//! are not included: the program that mounts the API decides who its caller is ([`EmbeddedApi::with_caller`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Request, Response, Value, Variables};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::auth::{Caller, Scope};
use crate::config::Limits;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::graphql::{
    Api, Operation, OwnedOperation, Plan, PlanCache, Position, ResponseBudget, Session, api_of, responses,
    within_budget,
};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits;
use crate::http::graphql::operation_rules::{OperationRules, check, select_operation};
use crate::http::graphql::persisted_queries::ParsedDocument;
use crate::{http, import};

/// The handlers that mount an [`EmbeddedApi`], in the version that fits it.
pub use async_graphql_axum;

/// The stack size that threads of the program need, in bytes. Nested selections are compiled and written within those around them,
/// so a query of the maximum depth takes some megabytes when the program is not optimized. Only what is used is allocated.
pub const THREAD_STACK_SIZE: usize = 32 << 20;

/// The API over a database. Clones share the database and its connection pools.
#[derive(Clone)]
pub struct EmbeddedApi {
    api: Api,
    db: Db,
    rules: Arc<OperationRules>,
    plans: Arc<PlanCache>,
    caller: Caller,
}

/// Size of the plan cache, in bytes.
const PLAN_CACHE: u64 = 16 << 20;

impl EmbeddedApi {
    /// Opens a database: a SQLite file, which is created when it is missing (`sqlite://FILE`), or PostgreSQL
    /// (`postgres://USER@HOST/NAME`). Pending migrations are applied. The limits are the defaults of `newsgraph serve`, and the caller
    /// is anonymous and may read.
    pub async fn open(database_url: &str) -> Result<Self> {
        let db = Db::connect(database_url).await?;
        import::migrate(&db).await?;
        Self::new(db, Limits::defaults()?)
    }

    /// Creates the API over an open and migrated database.
    pub fn new(db: Db, limits: Limits) -> Result<Self> {
        let api = api_of(false, false);
        let rules = Arc::new(OperationRules::new(&api.sdl(), limits, false)?);
        let caller = Caller { name: None, scopes: BTreeSet::from([Scope::Read]) };
        Ok(Self { api, db, rules, plans: Arc::new(PlanCache::new(PLAN_CACHE)), caller })
    }

    /// Runs all operations as this caller: its scopes decide what it may read and write, and its name is in the audit log.
    pub fn with_caller(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    /// Imports the bundled story, which changes nothing when it is there already.
    pub async fn load_example(&self) -> Result<()> {
        http::load_example(&self.db).await
    }

    /// Checks a request and plans its operation.
    fn prepare(&self, mut request: Request) -> Result<Prepared, RequestError> {
        let document = ParsedDocument::parse(std::mem::take(&mut request.query), &self.rules.limits)?;
        let (name, operation) = select_operation(&document, request.operation_name.as_deref())?;
        // As in the server: mutations need scopes of their own, and their variables hold records, as many as fit into the body.
        if operation.node.ty != OperationType::Mutation {
            self.caller.require(Scope::Read)?;
            let variables = serde_json::to_string(&request.variables).unwrap_or_default();
            limits::check_variables(&variables, &self.rules.limits)?;
        }
        check(&document, (name.as_deref(), &operation.node), &request.variables, &self.rules)?;
        let budget = Arc::new(ResponseBudget::new(self.rules.limits.max_response));
        let session = Session::new(self.db.clone()).with_budget(Arc::clone(&budget));
        let operation = PreparedOperation { document, name, variables: request.variables };
        let plan = self.plans.plan(operation.document.digest, operation.operation()?, self.rules.schema())?;
        Ok(Prepared { operation, plan, session, budget })
    }
}

/// An operation that is ready to run.
struct Prepared {
    operation: PreparedOperation,
    plan: Arc<Plan>,
    session: Session,
    budget: Arc<ResponseBudget>,
}

struct PreparedOperation {
    document: ParsedDocument,
    name: Option<String>,
    variables: Variables,
}

impl OwnedOperation for PreparedOperation {
    fn operation(&self) -> Result<Operation<'_>> {
        let name = self.name.as_deref();
        let selected = select_operation(&self.document, name);
        let (_, definition) = selected.map_err(|error| Error::Internal(error.message.into()))?;
        let (document, variables) = (&self.document.parsed, &self.variables);
        Ok(Operation { document, name, definition: &definition.node, variables })
    }
}

/// Converts the data of a response from JSON to plain values.
fn with_values(mut response: Response) -> Response {
    if let Value::Binary(data) = &response.data {
        response.data = serde_json::from_slice(data).unwrap_or_default();
    }
    response
}

fn failed(error: &RequestError) -> Response {
    Response::from_errors(error.to_server_errors())
}

impl Executor for EmbeddedApi {
    /// Executes a query or mutation. The data are plain values: objects are maps.
    async fn execute(&self, request: Request) -> Response {
        match self.prepare(request) {
            Ok(Prepared { plan, .. }) if plan.subscribed().is_some() => {
                let message = "Subscriptions need a WebSocket: mount `GraphQLSubscription`";
                failed(&RequestError::from(Error::BadInput(message.into())))
            }
            Ok(Prepared { operation, plan, session, budget }) => {
                let execution = async {
                    let operation = operation.operation()?;
                    Ok::<_, Error>(self.api.execute_operation(&plan, operation, &session, &self.caller).await)
                };
                let executed = within_budget(&budget, execution).await;
                session.end_snapshot().await;
                match executed {
                    Ok(Ok(response)) => with_values(response),
                    Ok(Err(error)) => failed(&RequestError::from(error)),
                    Err(stopped) => failed(&RequestError::from(stopped.into_error())),
                }
            }
            Err(error) => failed(&error),
        }
    }

    /// Executes a subscription, or a query or mutation as a stream of one response.
    fn execute_stream(&self, request: Request, _: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let Prepared { operation, plan, session, budget } = match self.prepare(request) {
            Ok(prepared) => prepared,
            Err(error) => return stream::iter([failed(&error)]).boxed(),
        };
        let responses = if plan.subscribed().is_some() {
            responses(plan, operation, session.clone(), self.caller.clone(), Position::default())
        } else {
            let (api, session, caller) = (self.api.clone(), session.clone(), self.caller.clone());
            let execution = async move {
                match operation.operation() {
                    Ok(operation) => api.execute_operation(&plan, operation, &session, &caller).await,
                    Err(error) => failed(&RequestError::from(error)),
                }
            };
            stream::once(execution).boxed()
        };
        stream::unfold((Some(responses), session, budget), async |(responses, session, budget)| {
            let mut responses = responses?;
            match within_budget(&budget, responses.next()).await {
                Ok(response) => {
                    budget.finish();
                    // The client may take long to read the response: no connection is kept for it.
                    session.end_snapshot().await;
                    Some((with_values(response?), (Some(responses), session, budget)))
                }
                Err(excess) => Some((failed(&RequestError::from(excess.into_error())), (None, session, budget))),
            }
        })
        .boxed()
    }
}

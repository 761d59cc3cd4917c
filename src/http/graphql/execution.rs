//! Runs queries and mutations: access, rate limit, response cache, choice of database, time limit, and metrics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderValue, StatusCode};
use futures_util::FutureExt;

use crate::auth::Scope;
use crate::db::{Db, ReadRoute};
use crate::error::Error;
use crate::graphql::{ResponseBudget, Session, Stopped, within_budget};
use crate::http::graphql::consistency::{HEADER, PendingWrite};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::response::{Cost, Extensions, GraphQlResponse, Outcome, is_unavailable};
use crate::http::graphql::response_cache::CacheLookup;
use crate::http::middleware::client::Client;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// Interval of checking whether the client of an open stream is still authorized.
pub(crate) const AUTH_CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// The cost of a refused operation in the rate limit, besides that of its document.
const REFUSED_COST: usize = 1;

/// Bytes of a refused document per unit of cost: parsing takes about as long as one value of a response.
const REFUSED_BYTES_PER_COST: usize = 20;

/// Downloads are cut this long before the shutdown grace period is over.
const SHUTDOWN_MARGIN: Duration = Duration::from_secs(1);

/// An operation has several statements, and its session has no transaction.
struct NeedsSnapshot;

/// What is known of a request while it is handled: the server, the client and the request id.
#[derive(Clone)]
pub(crate) struct RequestContext {
    /// The state of the server.
    pub(crate) app: Arc<AppState>,
    /// The client and its scopes.
    pub(crate) client: Client,
    /// The request id.
    pub(crate) id: RequestId,
}

impl RequestContext {
    /// Parses and checks an operation. Nothing is read from the database. A refused operation costs something in the rate limit too.
    pub(crate) fn prepare(&self, parameters: Parameters) -> Result<PreparedOperation, RequestError> {
        let length = parameters.query.as_ref().map_or(0, String::len);
        let prepare = || {
            let scopes = &self.client.caller.scopes;
            // Nothing is parsed for clients without any scope.
            if scopes.is_empty() {
                self.client.caller.require(Scope::Read)?;
            }
            let operation = PreparedOperation::prepare(&self.app, parameters)?;
            if operation.kind != OperationType::Mutation {
                self.client.caller.require(Scope::Read)?;
            } else if !scopes.contains(&Scope::Read) {
                // Each mutation requires a scope itself, and its result may lead to the whole graph.
                operation.require_unread_result(&self.app)?;
            }
            Ok(operation)
        };
        prepare().map_err(|error| {
            let taken = self.app.rate_limiter.take(&self.client, REFUSED_COST + length / REFUSED_BYTES_PER_COST);
            self.count_error(taken.err().unwrap_or(error))
        })
    }

    /// Counts an error in the metrics and returns it.
    pub(crate) fn count_error(&self, error: RequestError) -> RequestError {
        self.app.metrics.count_refusal(error.code);
        error
    }

    /// Returns the database that a request reads with all its statements. `operation` is `None` for exports. Error:
    /// `BAD_INPUT` when the request requires a data version that the graph does not have.
    pub(crate) async fn route_read(&self, operation: Option<&PreparedOperation>) -> Result<ReadRoute, RequestError> {
        let is_write = operation.is_some_and(|operation| operation.kind == OperationType::Mutation);
        let minimum = self.client.minimum_version.max(operation.map_or(0, |operation| operation.minimum_version));
        let caller = self.client.caller.name.as_deref();
        let route = self.app.written_versions.route_read(caller, minimum, is_write, &self.id).await?;
        if !is_write {
            self.app.metrics.count_read(route.is_replica());
        }
        Ok(route)
    }

    /// Runs a query or mutation.
    pub(crate) async fn run(&self, operation: PreparedOperation) -> Outcome {
        match self.route_read(Some(&operation)).await {
            Ok(route) => self.run_on(&route, operation).await,
            Err(error) => Outcome::failed(self.count_error(error)),
        }
    }

    /// Runs a query or mutation on a database that was selected before.
    pub(crate) async fn run_on(&self, route: &ReadRoute, operation: PreparedOperation) -> Outcome {
        let started = Instant::now();
        let (name, cost) = (operation.name.clone(), operation.cost);
        let (outcome, statements) = match self.app.rate_limiter.take(&self.client, cost.saturating_add(operation.work))
        {
            Ok(headers) => {
                let (mut outcome, statements) = self.run_cached(route, operation, started).await;
                outcome.headers.extend(headers);
                (outcome, statements)
            }
            Err(error) => (Outcome::failed(error), 0),
        };
        let elapsed = started.elapsed();
        let span = tracing::Span::current();
        span.record("operation", name.as_deref()).record("cost", cost).record("statements", statements);
        match &outcome.failure {
            Some(error) => self.app.metrics.count_refusal(error.code),
            None => {
                self.app.metrics.count_request(name.as_deref(), elapsed, cost, statements, outcome.errors.len());
            }
        }
        if elapsed.as_millis() >= u128::from(self.app.settings.slow) {
            tracing::warn!(operation = name, cost, statements, ?elapsed, "slow request");
        } else {
            tracing::debug!(operation = name, cost, statements, ?elapsed, "request finished");
        }
        outcome
    }

    /// Returns the cached response of a query, or executes the operation and caches the response. The second value is the number
    /// of SQL statements.
    async fn run_cached(&self, route: &ReadRoute, operation: PreparedOperation, started: Instant) -> (Outcome, usize) {
        if operation.kind != OperationType::Query {
            return Box::pin(self.execute_with_fallback(route, &operation, started)).await;
        }
        let Some(cache) = &self.app.response_cache else {
            self.app.metrics.count_executed_response();
            return Box::pin(self.execute_with_fallback(route, &operation, started)).await;
        };
        let digest = operation.digest(&self.client);
        let version = match cache.get(&digest, route.db()).await {
            CacheLookup::Hit(body) => {
                self.app.metrics.count_cached_response();
                return (Outcome::cached(body), 0);
            }
            CacheLookup::Miss { version } => Some(version),
            CacheLookup::Bypass => None,
        };
        self.app.metrics.count_executed_response();
        // Boxed to keep this future small: a cache hit would otherwise carry the whole execution through each layer.
        let (outcome, statements) = Box::pin(self.execute_with_fallback(route, &operation, started)).await;
        // Responses with errors are not cached: the next attempt may succeed.
        if let (Some(version), true, None) = (version, outcome.errors.is_empty(), &outcome.failure) {
            cache.insert(digest, version, &outcome.body);
        }
        (outcome, statements)
    }

    /// Executes an operation on the selected database, and again on the primary when the replica is lost meanwhile or cancels a
    /// statement. The second value is the number of SQL statements.
    async fn execute_with_fallback(
        &self,
        route: &ReadRoute,
        operation: &PreparedOperation,
        started: Instant,
    ) -> (Outcome, usize) {
        if !route.is_replica() {
            return self.execute_on(route.db(), operation, started).await;
        }
        let outcome = tokio::select! {
            outcome = self.execute_on(route.db(), operation, started) => Some(outcome),
            () = route.replica_lost() => None,
        };
        if let Some(outcome) = outcome.filter(|_| !route.failed_on_replica()) {
            return outcome;
        }
        self.app.metrics.count_replica_fallback();
        self.execute_on(&self.app.db, operation, started).await
    }

    /// Executes an operation on a database. One that turns out to have several statements is executed again in a transaction, so
    /// that all of them see one state of the graph. The second value is the number of SQL statements.
    async fn execute_on(&self, db: &Db, operation: &PreparedOperation, started: Instant) -> (Outcome, usize) {
        let client = Arc::clone(self.client.rate_limit_key());
        let document = &operation.document;
        let expects_one_statement = operation.kind == OperationType::Query && document.expects_one_statement();
        let mut budget = self.budget();
        let session_of = |budget: &Arc<ResponseBudget>, expects_one_statement| {
            self.session(db, Arc::clone(&client), expects_one_statement).with_budget(Arc::clone(budget))
        };
        let mut session = session_of(&budget, expects_one_statement);
        let mut executed = self.execute(operation, &session, &budget, started).await;
        if let (Err(NeedsSnapshot), true) = (&executed, expects_one_statement) {
            document.had_statements(2);
            budget = self.budget();
            session = session_of(&budget, false);
            executed = self.execute(operation, &session, &budget, started).await;
        }
        document.had_statements(session.statements());
        let used = usize::try_from(session.database_time().as_micros()).unwrap_or(usize::MAX);
        let estimated = operation.cost.saturating_add(operation.work);
        self.app.rate_limiter.charge(&self.client, used.saturating_sub(estimated));
        let outcome = executed.unwrap_or_else(|NeedsSnapshot| Outcome::failed(RequestError::internal(&self.id)));
        (outcome, session.statements())
    }

    /// Creates the session of an operation of this client.
    pub(crate) fn session(&self, db: &Db, client: Arc<str>, expects_one_statement: bool) -> Session {
        Session::of_client(db.clone(), client, expects_one_statement)
            .with_adjacency(self.app.adjacency.clone())
            .with_aggregates(self.app.aggregates.clone())
    }

    /// Executes an operation within what is left of its time limit.
    async fn execute(
        &self,
        operation: &PreparedOperation,
        session: &Session,
        budget: &ResponseBudget,
        started: Instant,
    ) -> Result<Outcome, NeedsSnapshot> {
        if operation.kind == OperationType::Subscription {
            let message = "Subscriptions need a WebSocket or server-sent events: send `Accept: text/event-stream`";
            return Ok(Outcome::failed(RequestError::new(StatusCode::NOT_ACCEPTABLE, "BAD_INPUT", message)));
        }
        let Ok(_permit) = self.app.requests.try_acquire() else {
            let message = "Too many concurrent requests; retry after 1 second";
            let error = RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message);
            return Ok(Outcome::failed(error.retry_after(1)));
        };
        let _running = self.app.metrics.request_running();
        // If this future is dropped or times out, the pending write is dropped unfinished: its outcome is unknown then.
        let pending_write = self.begin_write(operation);
        let reported_cost = operation.reports_cost.then_some((operation.cost, operation.work));
        let operation_kind = operation.kind;
        let limit = Duration::from_secs(self.app.settings.timeout);
        let left = limit.saturating_sub(started.elapsed());
        // Boxed: each layer around it would have a copy of its size.
        let execution = Box::pin(operation.execute(&self.app, session, &self.client.caller));
        // A panic fails its own request only.
        let execution = AssertUnwindSafe(within_budget(budget, execution)).catch_unwind();
        let response = match session.db().within(left, execution).await {
            Err(_) => return Ok(Outcome::failed(unavailable(operation_kind))),
            Ok(None) => {
                let seconds = limit.as_secs();
                let message = match operation_kind {
                    OperationType::Mutation => format!(
                        "The mutation took longer than {seconds} seconds, and may have been done: repeat it, or divide it"
                    ),
                    _ => format!("The query took longer than {seconds} seconds: select less, or filter more"),
                };
                return Ok(Outcome::failed(RequestError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message)));
            }
            Ok(Some(Err(_))) => {
                tracing::error!("the execution of an operation panicked");
                return Ok(Outcome::failed(RequestError::internal(&self.id)));
            }
            Ok(Some(Ok(Err(Stopped::NeedsSnapshot)))) => return Err(NeedsSnapshot),
            Ok(Some(Ok(Err(stopped)))) => return Ok(Outcome::failed(RequestError::from(stopped.into_error()))),
            Ok(Some(Ok(Ok(Err(error))))) => return Ok(Outcome::failed(error)),
            Ok(Some(Ok(Ok(Ok(response))))) => response,
        };
        session.end_snapshot().await;
        let (mut response, failure) = GraphQlResponse::from_execution(response, &self.id);
        // What a query has read before the database was lost is no answer; what a mutation has done must be reported.
        let is_lost = response.errors.iter().any(is_unavailable);
        if is_lost && (operation_kind == OperationType::Query || response.is_empty()) {
            return Ok(Outcome::failed(unavailable(operation_kind)));
        }
        if let Some((requested, work)) = reported_cost {
            let limits = &self.app.settings.limits;
            let cost = Cost { requested, limit: limits.max_cost, work, work_limit: limits.max_work };
            response.extensions = Some(Extensions { cost: Some(cost), ..Extensions::default() });
        }
        let version = match pending_write {
            Some(write) => write.finish().await,
            None => None,
        };
        if let Some(version) = version {
            response.extensions.get_or_insert_with(Extensions::default).version = Some(version);
        }
        let mut outcome = Outcome::new(response, failure, budget.finish());
        outcome.headers.extend(version.map(|version| (HEADER, HeaderValue::from(version))));
        Ok(outcome)
    }

    /// Returns a budget for the response to this client.
    pub(crate) fn budget(&self) -> Arc<ResponseBudget> {
        let max = self.app.settings.limits.max_response;
        Arc::new(ResponseBudget::from_pool(max, &self.app.response_pool, self.client.rate_limit_key()))
    }

    /// Records that the caller is writing. Returns `None` for other operations and for callers that may not write.
    fn begin_write(&self, operation: &PreparedOperation) -> Option<PendingWrite> {
        let caller = self.client.caller.name.clone()?;
        let is_write = operation.kind == OperationType::Mutation && self.client.caller.scopes.contains(&Scope::Write);
        is_write.then(|| self.app.written_versions.begin_write(caller))
    }

    /// Returns whether the client may still be served: its key may have been revoked, or its token may have expired.
    pub(crate) async fn is_still_authorized(&self) -> bool {
        let Some(credential) = &self.client.credential else { return true };
        // A database that does not respond takes nobody's rights away.
        !matches!(self.app.auth.authenticate(Some(credential)).await, Err(Error::Unauthenticated(_)))
    }

    /// Waits until a stream to the client must end: the client is no longer authorized, or the server shuts down.
    pub(crate) async fn stream_must_end(&self) {
        loop {
            tokio::select! {
                () = self.app.shutdown_started() => return,
                () = tokio::time::sleep(AUTH_CHECK_INTERVAL) => if !self.is_still_authorized().await { return },
            }
        }
    }

    /// Waits until a download must end: the client is no longer authorized, or the grace period of a shutdown is nearly over.
    pub(crate) async fn download_must_end(&self) {
        self.stream_must_end().await;
        if self.is_still_authorized().await {
            let grace = Duration::from_secs(self.app.settings.connections.grace);
            tokio::time::sleep(grace.saturating_sub(SHUTDOWN_MARGIN)).await;
        }
    }
}

/// The error of an operation during which the database was lost.
fn unavailable(kind: OperationType) -> RequestError {
    let message = Error::Unavailable(String::new()).public_message();
    RequestError::unavailable(match kind {
        OperationType::Mutation => format!("{message}. The mutation may have been done: repeat it"),
        _ => message,
    })
}

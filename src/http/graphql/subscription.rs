//! Runs subscriptions and keeps them going when the database that they read changes.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response;
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use crate::db::ReadRoute;
use crate::graphql::{Plan, Position, Reservation, ResponseBudget, Session, responses, within_budget};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::operation::PreparedOperation;
use crate::http::graphql::response::{GraphQlResponse, Outcome};
use crate::http::metrics::GaugeGuard;

/// Pause before a replica that canceled a statement is read again.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The library's responses, or the payload of a panic.
type ResponseStream = BoxStream<'static, Result<Response, Box<dyn Any + Send>>>;

/// An open subscription.
struct SubscriptionStream {
    context: RequestContext,
    plan: Arc<Plan>,
    operation: PreparedOperation,
    /// The position after the last change that was delivered, from which a new stream continues.
    position: Position,
    route: ReadRoute,
    responses: ResponseStream,
    /// The session of `responses`.
    session: Session,
    /// The budget of each response.
    budget: Arc<ResponseBudget>,
    /// The memory of its document and variables.
    _memory: Reservation,
    /// Counts the subscription in the metrics as long as it is open.
    _gauge: GaugeGuard,
}

impl RequestContext {
    /// Starts a subscription and returns the stream of its outcomes. Each one is computed when the previous one was taken.
    ///
    /// The stream reads the database that other callers without own writes read, so that whoever receives a change can also
    /// query it. When the replica is lost or comes back, the stream continues where it was.
    pub(crate) fn subscribe(
        &self,
        operation: PreparedOperation,
    ) -> Result<impl Stream<Item = Outcome> + Send + use<>, RequestError> {
        let taken = self.app.rate_limiter.take(&self.client, operation.cost.saturating_add(operation.work));
        taken.map_err(|error| self.count_error(error))?;
        let client = self.client.rate_limit_key();
        let memory = self.app.subscription_pool.reserve(client, operation.memory()).ok_or_else(|| {
            let message = "Open subscriptions take the memory that the server has for them (`--subscription-memory`): end others, or subscribe with a shorter filter";
            self.count_error(RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message).retry_after(10))
        })?;
        let position = Position::default();
        let route = self.app.db.route_read(0);
        self.app.metrics.count_read(route.is_replica());
        let budget = self.budget();
        let plan = operation.plan(&self.app).map_err(|error| self.count_error(error))?;
        let (responses, session) = self.response_stream(&plan, &operation, &route, &position, &budget);
        let subscription = SubscriptionStream {
            responses,
            session,
            budget,
            context: self.clone(),
            plan,
            operation,
            position,
            route,
            _memory: memory,
            _gauge: self.app.metrics.subscription_open(),
        };
        Ok(stream::unfold(subscription, async |mut subscription| Some((subscription.next().await?, subscription))))
    }

    fn response_stream(
        &self,
        plan: &Arc<Plan>,
        operation: &PreparedOperation,
        route: &ReadRoute,
        position: &Position,
        budget: &Arc<ResponseBudget>,
    ) -> (ResponseStream, Session) {
        let client = Arc::clone(self.client.rate_limit_key());
        let session = self.session(route.db(), client, false).with_budget(Arc::clone(budget));
        let caller = self.client.caller.clone();
        let responses = responses(Arc::clone(plan), operation.clone(), session.clone(), caller, position.clone());
        (AssertUnwindSafe(responses).catch_unwind().boxed(), session)
    }
}

impl SubscriptionStream {
    async fn next(&mut self) -> Option<Outcome> {
        loop {
            let response = tokio::select! {
                response = within_budget(&self.budget, self.responses.next()) => match response {
                    Ok(response) => Some(response),
                    Err(excess) => return Some(Outcome::failed(RequestError::from(excess.into_error()))),
                },
                () = self.route.route_changed() => None,
            };
            match response {
                Some(response) if !self.route.failed_on_replica() => {
                    // The client may take long to read the response: no connection is kept for it.
                    self.session.end_snapshot().await;
                    return Some(self.outcome(response?));
                }
                Some(_) => tokio::time::sleep(RETRY_INTERVAL).await,
                None => {}
            }
            if self.route.is_replica() {
                self.context.app.metrics.count_replica_fallback();
            }
            self.route = self.context.app.db.route_read(0);
            (self.responses, self.session) =
                self.context.response_stream(&self.plan, &self.operation, &self.route, &self.position, &self.budget);
        }
    }

    fn outcome(&self, response: Result<Response, Box<dyn Any + Send>>) -> Outcome {
        match response {
            Ok(response) => {
                let (response, failure) = GraphQlResponse::from_execution(response, &self.context.id);
                Outcome::new(response, failure, self.budget.finish())
            }
            Err(_) => {
                tracing::error!("the execution of a subscription panicked");
                Outcome::failed(RequestError::internal(&self.context.id))
            }
        }
    }
}

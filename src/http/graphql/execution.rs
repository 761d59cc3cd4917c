//! A request being answered: judged, admitted and run, by whichever way it came.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode};
use futures_util::FutureExt;

use crate::auth::Scope;
use crate::db::Reading;
use crate::error::Error;
use crate::graphql::Session;
use crate::http::graphql::consistency::HEADER;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::response::{Cost, Extensions, GraphQlResponse};
use crate::http::graphql::response_cache::CacheLookup;
use crate::http::middleware::authentication::Client;
use crate::http::middleware::rate_limit::Headers;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// How often it is looked whether who follows a stream still may.
pub(crate) const CHECK: Duration = Duration::from_secs(3);

/// How long before its time to stop in is over the server cuts off what it still sends.
const MARGIN: Duration = Duration::from_secs(1);

/// A request being answered.
#[derive(Clone)]
pub(crate) struct RequestContext {
    pub(crate) app: Arc<AppState>,
    pub(crate) client: Client,
    pub(crate) id: RequestId,
}

/// What came of a request.
pub(crate) struct Outcome {
    /// The answer as it leaves.
    pub(crate) body: Bytes,
    /// What is wrong, as the answer tells it.
    pub(crate) errors: Vec<ServerError>,
    /// Why there is no `data` in the answer.
    pub(crate) refusal: Option<RequestError>,
    /// What its headers say besides.
    pub(crate) headers: Headers,
}

impl Outcome {
    pub(crate) fn new(answer: GraphQlResponse, refusal: Option<RequestError>) -> Self {
        Self { body: answer.json().into(), errors: answer.errors, refusal, headers: Vec::new() }
    }

    fn kept(body: Bytes) -> Self {
        Self { body, errors: Vec::new(), refusal: None, headers: Vec::new() }
    }

    pub(crate) fn refused(refusal: RequestError) -> Self {
        Self::new(GraphQlResponse::refused(&refusal), Some(refusal))
    }
}

impl RequestContext {
    /// Reads and judges a request; nothing is done for it yet.
    pub(crate) fn prepare(&self, parameters: Parameters) -> Result<PreparedOperation, RequestError> {
        let judge = || {
            let question = PreparedOperation::prepare(&self.app, parameters)?;
            // Fields that need more than this say so themselves.
            if question.kind != OperationType::Mutation {
                self.client.caller.needs(Scope::Read)?;
            }
            Ok(question)
        };
        judge().map_err(|refusal| self.counted(refusal))
    }

    /// A refusal, counted.
    pub(crate) fn counted(&self, refusal: RequestError) -> RequestError {
        self.app.metrics.refused(refusal.code);
        refusal
    }

    /// Answers a question at once: one that is not a subscription.
    pub(crate) async fn run(&self, question: PreparedOperation) -> Outcome {
        match self.reading(Some(&question)).await {
            Ok(reading) => self.run_there(&reading, question).await,
            Err(refusal) => Outcome::refused(self.counted(refusal)),
        }
    }

    /// Answers a question for which it was decided where to read.
    pub(crate) async fn run_there(&self, reading: &Reading, question: PreparedOperation) -> Outcome {
        let started = Instant::now();
        let (name, cost) = (question.name.clone(), question.cost);
        let (outcome, statements) = match self.app.rates.take(&self.client, cost) {
            Ok(headers) => {
                let (mut outcome, statements) = self.answer(reading, question, started).await;
                outcome.headers.extend(headers);
                (outcome, statements)
            }
            Err(refusal) => (Outcome::refused(refusal), 0),
        };
        let elapsed = started.elapsed();
        let span = tracing::Span::current();
        span.record("operation", name.as_deref()).record("cost", cost).record("statements", statements);
        match &outcome.refusal {
            Some(refusal) => self.app.metrics.refused(refusal.code),
            None => self.app.metrics.answered(name.as_deref(), elapsed, cost, statements, outcome.errors.len()),
        }
        if elapsed.as_millis() >= u128::from(self.app.settings.slow) {
            tracing::warn!(operation = name, cost, statements, ?elapsed, "a slow request");
        } else {
            tracing::debug!(operation = name, cost, statements, ?elapsed, "answered");
        }
        outcome
    }

    /// An answer that was kept, or one that is made now and may be kept; and how many statements it took.
    async fn answer(&self, reading: &Reading, question: PreparedOperation, started: Instant) -> (Outcome, usize) {
        if question.kind != OperationType::Query {
            return Box::pin(self.execute_there(reading, question, started)).await;
        }
        let digest = question.digest(&self.client);
        let version = match self.app.answers.find(&digest, reading.db()).await {
            CacheLookup::Hit(body) => {
                self.app.metrics.answer("kept");
                return (Outcome::kept(body), 0);
            }
            CacheLookup::Version(version) => Some(version),
            CacheLookup::Nothing => None,
        };
        self.app.metrics.answer("made");
        // Boxed: an answer that was kept would carry the weight of all that makes one through each layer.
        let (outcome, statements) = Box::pin(self.execute_there(reading, question, started)).await;
        // What failed once may not fail again.
        if let (Some(version), true, None) = (version, outcome.errors.is_empty(), &outcome.refusal) {
            self.app.answers.keep(digest, version, &outcome.body);
        }
        (outcome, statements)
    }

    /// Runs a question, in what is left of its time.
    pub(crate) async fn execute(&self, question: PreparedOperation, session: &Session, started: Instant) -> Outcome {
        if question.kind == OperationType::Subscription {
            let message = "A subscription needs a web socket or `Accept: text/event-stream`";
            return Outcome::refused(RequestError::new(StatusCode::NOT_ACCEPTABLE, "BAD_INPUT", message));
        }
        let Ok(_permit) = self.app.requests.try_acquire() else {
            let message = "The server works on as many requests as it can: come again in a second";
            let refusal = RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message);
            return Outcome::refused(refusal.retry_after(1));
        };
        let _running = self.app.metrics.running();
        // Cut off on the way, it goes without a word: then it is not known what was written.
        let writing = self.writing(&question);
        let tells_cost = question.tells_cost.then_some(question.cost);
        let request = question.request().data(session.clone()).data(self.client.caller.clone());
        let limit = Duration::from_secs(self.app.settings.timeout);
        let left = limit.saturating_sub(started.elapsed());
        // A resolver that panics takes its own request with it, and no other.
        let run = AssertUnwindSafe(self.app.api.execute(request)).catch_unwind();
        // The timer looks at what it limits first: what has no time left must not begin.
        let run = async { if left.is_zero() { None } else { tokio::time::timeout(left, run).await.ok() } };
        let response = match run.await {
            None => {
                let message = format!("The query took longer than {} seconds: ask for less at once", limit.as_secs());
                return Outcome::refused(RequestError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message));
            }
            Some(Err(_)) => {
                tracing::error!("a resolver panicked");
                return Outcome::refused(RequestError::internal(&self.id));
            }
            Some(Ok(response)) => response,
        };
        let (mut answer, refusal) = GraphQlResponse::of(response, &self.id);
        if let Some(requested) = tells_cost {
            let cost = Cost { requested, limit: self.app.settings.limits.max_cost };
            answer.extensions = Some(Extensions { cost: Some(cost), ..Extensions::default() });
        }
        let version = match writing {
            Some(writing) => writing.ended().await,
            None => None,
        };
        if let Some(version) = version {
            answer.extensions.get_or_insert_with(Extensions::default).version = Some(version);
        }
        let mut outcome = Outcome::new(answer, refusal);
        outcome.headers.extend(version.map(|version| (HEADER, HeaderValue::from(version))));
        outcome
    }

    /// Whether a client that was let in may still be served: its key may have been revoked since.
    pub(crate) async fn may_go_on(&self) -> bool {
        let Some(credential) = &self.client.credential else { return true };
        // A database that does not answer takes nobody's rights.
        !matches!(self.app.auth.caller(Some(credential)).await, Err(Error::Unauthenticated(_)))
    }

    /// Waits until the client may no longer be served, or the server stops.
    pub(crate) async fn ended(&self) {
        loop {
            tokio::select! {
                () = self.app.stops() => return,
                () = tokio::time::sleep(CHECK) => if !self.may_go_on().await { return },
            }
        }
    }

    /// Waits until what the client is being sent has to be cut off: it may no longer have it, or the server has no more time to
    /// stop in.
    pub(crate) async fn cut_off(&self) {
        self.ended().await;
        if self.may_go_on().await {
            let grace = Duration::from_secs(self.app.settings.connections.grace);
            tokio::time::sleep(grace.saturating_sub(MARGIN)).await;
        }
    }
}

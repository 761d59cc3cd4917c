//! A subscription being followed, wherever its changes can be read.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_graphql::Response;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use crate::db::Reading;
use crate::graphql::{Position, Session};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{Outcome, RequestContext};
use crate::http::graphql::operation::PreparedOperation;
use crate::http::graphql::response::GraphQlResponse;
use crate::http::metrics::Counted;

/// How long it is waited before a replica is asked again that stopped a statement.
const AGAIN: Duration = Duration::from_millis(100);

type ResponseCache = BoxStream<'static, Result<Response, Box<dyn Any + Send>>>;

/// A subscription being followed.
struct SubscriptionStream {
    context: RequestContext,
    operation: PreparedOperation,
    position: Position,
    reading: Reading,
    answers: ResponseCache,
    _counted_as_long_as_it_lasts: Counted,
}

impl RequestContext {
    /// The answers of a subscription, each made when the one before was taken. They are read where others read who wrote nothing:
    /// who is told of a change can read it. When the replica is lost or comes back they go on where they stood.
    pub(crate) fn follow(
        &self,
        operation: PreparedOperation,
    ) -> Result<impl Stream<Item = Outcome> + Send + use<>, RequestError> {
        self.app.rates.take(&self.client, operation.cost).map_err(|refusal| self.counted(refusal))?;
        let position = Position::default();
        let reading = self.app.db.reading(0);
        self.app.metrics.reads(reading.is_replica());
        let following = SubscriptionStream {
            answers: self.answers(&operation, &reading, &position),
            context: self.clone(),
            operation,
            position,
            reading,
            _counted_as_long_as_it_lasts: self.app.metrics.following(),
        };
        Ok(stream::unfold(following, async |mut following| Some((following.next().await?, following))))
    }

    fn answers(&self, operation: &PreparedOperation, reading: &Reading, position: &Position) -> ResponseCache {
        let request = operation.clone().request().data(Session::new(reading.db().clone()));
        let request = request.data(self.client.caller.clone()).data(position.clone());
        AssertUnwindSafe(self.app.api.execute_stream(request)).catch_unwind().boxed()
    }
}

impl SubscriptionStream {
    async fn next(&mut self) -> Option<Outcome> {
        loop {
            let answer = tokio::select! {
                answer = self.answers.next() => Some(answer),
                () = self.reading.moves() => None,
            };
            match answer {
                Some(answer) if !self.reading.was_let_down() => return Some(self.outcome(answer?)),
                Some(_) => tokio::time::sleep(AGAIN).await,
                None => {}
            }
            if self.reading.is_replica() {
                self.context.app.metrics.asked_again();
            }
            self.reading = self.context.app.db.reading(0);
            self.answers = self.context.answers(&self.operation, &self.reading, &self.position);
        }
    }

    fn outcome(&self, answer: Result<Response, Box<dyn Any + Send>>) -> Outcome {
        match answer {
            Ok(response) => {
                let (answer, refusal) = GraphQlResponse::of(response, &self.context.id);
                Outcome::new(answer, refusal)
            }
            Err(_) => {
                tracing::error!("a resolver panicked");
                Outcome::refused(RequestError::internal(&self.context.id))
            }
        }
    }
}

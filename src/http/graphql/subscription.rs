//! A subscription being followed, wherever its changes can be read.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_graphql::Response;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};

use crate::db::Reading;
use crate::graphql::{Position, Session};
use crate::http::graphql::error::Refusal;
use crate::http::graphql::execution::{Asking, Outcome};
use crate::http::graphql::operation::Question;
use crate::http::graphql::response::Answer;
use crate::http::metrics::Counted;

/// How long it is waited before a replica is asked again that stopped a statement.
const AGAIN: Duration = Duration::from_millis(100);

type Answers = BoxStream<'static, Result<Response, Box<dyn Any + Send>>>;

/// A subscription being followed.
struct Following {
    asking: Asking,
    question: Question,
    position: Position,
    reading: Reading,
    answers: Answers,
    _counted_as_long_as_it_lasts: Counted,
}

impl Asking {
    /// The answers of a subscription, each made when the one before was taken. They are read where others read who wrote nothing:
    /// who is told of a change can read it. When the replica is lost or comes back they go on where they stood.
    pub(crate) fn follow(&self, question: Question) -> Result<impl Stream<Item = Outcome> + Send + use<>, Refusal> {
        self.app.rates.take(&self.client, question.cost).map_err(|refusal| self.counted(refusal))?;
        let position = Position::default();
        let reading = self.app.db.reading(0);
        self.app.metrics.reads(reading.is_replica());
        let following = Following {
            answers: self.answers(&question, &reading, &position),
            asking: self.clone(),
            question,
            position,
            reading,
            _counted_as_long_as_it_lasts: self.app.metrics.following(),
        };
        Ok(stream::unfold(following, async |mut following| Some((following.next().await?, following))))
    }

    fn answers(&self, question: &Question, reading: &Reading, position: &Position) -> Answers {
        let request = question.clone().request().data(Session::new(reading.db().clone()));
        let request = request.data(self.client.caller.clone()).data(position.clone());
        AssertUnwindSafe(self.app.api.execute_stream(request)).catch_unwind().boxed()
    }
}

impl Following {
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
                self.asking.app.metrics.asked_again();
            }
            self.reading = self.asking.app.db.reading(0);
            self.answers = self.asking.answers(&self.question, &self.reading, &self.position);
        }
    }

    fn outcome(&self, answer: Result<Response, Box<dyn Any + Send>>) -> Outcome {
        match answer {
            Ok(response) => {
                let (answer, refusal) = Answer::of(response, &self.asking.id);
                Outcome::new(answer, refusal)
            }
            Err(_) => {
                tracing::error!("a resolver panicked");
                Outcome::refused(Refusal::internal(&self.asking.id))
            }
        }
    }
}

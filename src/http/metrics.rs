//! Figures for Prometheus: what was asked, how long it took, what was refused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::time::timeout;

use crate::auth::Scope;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::handler::HttpReply;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::authentication::Client;
use crate::http::state::AppState;

/// Operations that have figures of their own: clients choose names, and each costs memory here and in Prometheus.
const MOST_OPERATIONS: usize = 100;

/// How long figures wait for the primary.
const ANSWERS: Duration = Duration::from_secs(1);

/// What stands for the names of all others.
const OTHER: &str = "other";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct From {
    from: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLookup {
    found: &'static str,
}

type Seconds = Family<Operation, Histogram, fn() -> Histogram>;

/// The figures of this process.
pub(crate) struct Metrics {
    registry: Registry,
    names: Mutex<HashSet<String>>,
    requests: Family<Answered, Counter>,
    seconds: Seconds,
    cost: Histogram,
    statements: Counter,
    refusals: Family<Refused, Counter>,
    documents: Family<CacheLookup, Counter>,
    answers: Family<CacheLookup, Counter>,
    running: Gauge,
    following: Gauge,
    sockets: Gauge,
    closed: Family<Closed, Counter>,
    connections: Gauge,
    busy: Gauge,
    reads: Family<From, Counter>,
    asked_again: Counter,
    replica: Gauge,
    replica_busy: Gauge,
    replica_behind: Gauge,
}

/// Counts as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    fn one_of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new(has_replica: bool) -> Self {
        // From half a millisecond to half a minute.
        let seconds: Seconds = Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 17)));
        let mut new = Self {
            registry: Registry::with_prefix("newsgraph"),
            names: Mutex::default(),
            requests: Family::default(),
            seconds,
            cost: Histogram::new(exponential_buckets(1.0, 4.0, 11)),
            statements: Counter::default(),
            refusals: Family::default(),
            documents: Family::default(),
            answers: Family::default(),
            running: Gauge::default(),
            following: Gauge::default(),
            sockets: Gauge::default(),
            closed: Family::default(),
            connections: Gauge::default(),
            busy: Gauge::default(),
            reads: Family::default(),
            asked_again: Counter::default(),
            replica: Gauge::default(),
            replica_busy: Gauge::default(),
            replica_behind: Gauge::default(),
        };
        macro_rules! register {
            ($($name:literal $help:literal $field:ident;)+) => {$(
                new.registry.register($name, $help, new.$field.clone());
            )+};
        }
        register! {
            "requests" "Requests that were run, by the name of their operation; outcome is ok, or errors when fields failed" requests;
            "request_seconds" "How long requests took that were run" seconds;
            "request_cost" "The values that the answers of requests have if all their pages are full" cost;
            "sql_statements" "SQL statements of requests" statements;
            "refusals" "Requests that were refused or failed as a whole, by their code" refusals;
            "documents" "Documents by where they were found: read before, or parsed" documents;
            "answers" "Answers to queries by where they were found: kept, as nothing was written since, or made" answers;
            "requests_running" "Requests that are being run" running;
            "subscriptions" "Subscriptions that are open" following;
            "sockets" "Web sockets that are open" sockets;
            "sockets_closed" "Web sockets that the server closed, by the code" closed;
            "database_connections" "Connections for reading" connections;
            "database_connections_busy" "Connections for reading that work now" busy;
        }
        if has_replica {
            register! {
                "reads" "Queries, subscriptions and exports that were begun, by what they read from: primary or replica" reads;
                "replica_asked_again" "Requests that the replica let down and the primary answered" asked_again;
                "replica_read" "1 while the replica is read, 0 while the primary is in its place" replica;
                "replica_connections_busy" "Connections for reading to the replica that work now" replica_busy;
                "replica_behind" "Versions of the graph that the replica is not known to have yet" replica_behind;
            }
        }
        new
    }

    /// A request was run.
    pub(crate) fn answered(
        &self,
        name: Option<&str>,
        elapsed: Duration,
        cost: usize,
        statements: usize,
        errors: usize,
    ) {
        let operation = self.label(name.unwrap_or_default());
        let outcome = if errors == 0 { "ok" } else { "errors" };
        self.seconds.get_or_create(&Operation { operation: operation.clone() }).observe(elapsed.as_secs_f64());
        self.requests.get_or_create(&Answered { operation, outcome }).inc();
        self.cost.observe(cost as f64);
        self.statements.inc_by(statements as u64);
    }

    /// The name of an operation, if it is one of those that came first.
    fn label(&self, name: &str) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.contains(name) {
            return name.to_owned();
        }
        if names.len() < MOST_OPERATIONS {
            names.insert(name.to_owned());
            return name.to_owned();
        }
        OTHER.to_owned()
    }

    /// A request was refused, or failed as a whole.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Refused { code }).inc();
    }

    /// Where a document was found.
    pub(crate) fn document(&self, found: &'static str) {
        self.documents.get_or_create(&CacheLookup { found }).inc();
    }

    /// Where an answer was found.
    pub(crate) fn answer(&self, found: &'static str) {
        self.answers.get_or_create(&CacheLookup { found }).inc();
    }

    /// The server closed a socket.
    pub(crate) fn closed(&self, code: u16) {
        self.closed.get_or_create(&Closed { code }).inc();
    }

    /// A request is read from the one database or the other.
    pub(crate) fn reads(&self, is_replica: bool) {
        let from = if is_replica { "replica" } else { "primary" };
        self.reads.get_or_create(&From { from }).inc();
    }

    /// A request that the replica let down is asked of the primary.
    pub(crate) fn asked_again(&self) {
        self.asked_again.inc();
    }

    pub(crate) fn running(&self) -> Counted {
        Counted::one_of(&self.running)
    }

    pub(crate) fn following(&self) -> Counted {
        Counted::one_of(&self.following)
    }

    pub(crate) fn socket(&self) -> Counted {
        Counted::one_of(&self.sockets)
    }
}

/// The figures as text, for who may read.
pub(crate) async fn show(State(app): State<Arc<AppState>>, Extension(client): Extension<Client>) -> Response {
    if let Err(error) = client.caller.needs(Scope::Read) {
        return HttpReply::refused(&RequestError::from(error), ResponseFormat::Json)
            .into_response(ResponseFormat::Json);
    }
    let (all, busy) = app.db.reader().occupancy();
    app.metrics.connections.set(all as i64);
    app.metrics.busy.set(busy as i64);
    if let Some(replica) = app.db.replica_figures() {
        app.metrics.replica.set(i64::from(replica.is_read));
        app.metrics.replica_busy.set(replica.busy as i64);
        // The primary may be away; then it is not known how far behind it is.
        if let (Some(version), Ok(Ok(written))) = (replica.version, timeout(ANSWERS, app.db.version()).await) {
            app.metrics.replica_behind.set(written.saturating_sub(version).max(0));
        }
    }
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = encode(&mut text, &app.metrics.registry);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

//! Metrics for Prometheus: requests, their duration and cost, rejections, caches and connections.

pub(crate) mod endpoint;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::db::ReplicaStats;

/// Maximum number of distinct operation names in labels. Clients choose the names, and each takes memory here and in Prometheus.
const MAX_OPERATION_NAMES: usize = 100;

/// Longest name of an operation that is a label, in bytes.
const MAX_OPERATION_NAME: usize = 100;

/// The label of all operations whose names came after the first [`MAX_OPERATION_NAMES`].
const OTHER_OPERATIONS: &str = "other";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    operation: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorCodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseCodeLabels {
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DatabaseLabels {
    from: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    found: &'static str,
}

/// The metrics of the operations with one name.
#[derive(Clone)]
struct OperationMetrics {
    seconds: Histogram,
    ok: Counter,
    errors: Counter,
}

type Durations = Family<OperationLabels, Histogram, fn() -> Histogram>;

/// The metrics of this process.
pub(crate) struct Metrics {
    registry: Registry,
    operations: Mutex<HashMap<String, OperationMetrics>>,
    requests: Family<OutcomeLabels, Counter>,
    request_seconds: Durations,
    request_cost: Histogram,
    sql_statements: Counter,
    refusals: Family<ErrorCodeLabels, Counter>,
    documents_known: Counter,
    documents_parsed: Counter,
    answers_cached: Counter,
    answers_executed: Counter,
    requests_running: Gauge,
    subscriptions: Gauge,
    sockets: Gauge,
    sockets_closed: Family<CloseCodeLabels, Counter>,
    response_memory_bytes: Gauge,
    database_connections: Gauge,
    database_connections_busy: Gauge,
    reads_primary: Counter,
    reads_replica: Counter,
    replica_asked_again: Counter,
    replica_read: Gauge,
    replica_connections_busy: Gauge,
    replica_behind: Gauge,
}

/// Counts one item in a gauge as long as this value lives.
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Registers the metrics; those about the replica only when there is one.
    pub(crate) fn new(has_replica: bool) -> Self {
        // 17 buckets from half a millisecond to half a minute.
        let request_seconds: Durations =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 17)));
        let documents: Family<CacheLabels, Counter> = Family::default();
        let answers: Family<CacheLabels, Counter> = Family::default();
        let reads: Family<DatabaseLabels, Counter> = Family::default();
        let mut new = Self {
            registry: Registry::with_prefix("newsgraph"),
            operations: Mutex::default(),
            requests: Family::default(),
            request_seconds,
            request_cost: Histogram::new(exponential_buckets(1.0, 4.0, 11)),
            sql_statements: Counter::default(),
            refusals: Family::default(),
            documents_known: documents.get_or_create_owned(&CacheLabels { found: "read before" }),
            documents_parsed: documents.get_or_create_owned(&CacheLabels { found: "parsed" }),
            answers_cached: answers.get_or_create_owned(&CacheLabels { found: "kept" }),
            answers_executed: answers.get_or_create_owned(&CacheLabels { found: "made" }),
            requests_running: Gauge::default(),
            subscriptions: Gauge::default(),
            sockets: Gauge::default(),
            sockets_closed: Family::default(),
            response_memory_bytes: Gauge::default(),
            database_connections: Gauge::default(),
            database_connections_busy: Gauge::default(),
            reads_primary: reads.get_or_create_owned(&DatabaseLabels { from: "primary" }),
            reads_replica: reads.get_or_create_owned(&DatabaseLabels { from: "replica" }),
            replica_asked_again: Counter::default(),
            replica_read: Gauge::default(),
            replica_connections_busy: Gauge::default(),
            replica_behind: Gauge::default(),
        };
        // The name of a metric is the name of its field.
        macro_rules! register {
            ($($field:ident $help:literal;)+) => {$(
                new.registry.register(stringify!($field), $help, new.$field.clone());
            )+};
        }
        register! {
            requests "Executed requests by operation name; outcome is ok, or errors when at least one field failed";
            request_seconds "Duration of executed requests in seconds, by operation name";
            request_cost "Cost of executed requests: values in the response if all pages are full";
            sql_statements "SQL statements of executed requests";
            refusals "Requests that failed as a whole, by error code";
        }
        let help = "GraphQL documents by source: read before (already parsed) or parsed";
        new.registry.register("documents", help, documents);
        let help = "Query responses by source: kept (served from the response cache) or made (executed)";
        new.registry.register("answers", help, answers);
        register! {
            requests_running "Requests that are executing now";
            subscriptions "Open subscriptions";
            sockets "Open WebSockets";
            response_memory_bytes "Memory of responses that are being made or sent, in bytes; --response-memory is the limit";
            sockets_closed "WebSockets closed by the server, by close code";
            database_connections "Size of the read connection pool";
            database_connections_busy "Connections of the read pool that are executing a statement now";
        }
        if has_replica {
            let help = "Queries, subscriptions and exports by the database they read: primary or replica";
            new.registry.register("reads", help, reads);
            register! {
                replica_asked_again "Requests repeated on the primary after the replica failed or canceled a statement";
                replica_read "1 while requests read the replica, 0 while all read the primary";
                replica_connections_busy "Connections of the replica's read pool that are executing a statement now";
                replica_behind "Replica lag in data versions: versions that the replica is not known to have yet";
            }
        }
        new
    }

    /// Records an executed request.
    pub(crate) fn count_request(
        &self,
        name: Option<&str>,
        elapsed: Duration,
        cost: usize,
        statements: usize,
        errors: usize,
    ) {
        let operation = self.operation_metrics(name.unwrap_or_default());
        operation.seconds.observe(elapsed.as_secs_f64());
        if errors == 0 {
            operation.ok.inc()
        } else {
            operation.errors.inc()
        };
        self.request_cost.observe(cost as f64);
        self.sql_statements.inc_by(statements as u64);
    }

    /// Returns the metrics of an operation: its own for the first names, those of [`OTHER_OPERATIONS`] for later names and for long
    /// ones.
    fn operation_metrics(&self, name: &str) -> OperationMetrics {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = operations.get(name) {
            return metrics.clone();
        }
        let is_known = operations.len() < MAX_OPERATION_NAMES && name.len() <= MAX_OPERATION_NAME;
        let operation = if is_known { name } else { OTHER_OPERATIONS };
        let outcome = |outcome| {
            let labels = OutcomeLabels { operation: operation.to_owned(), outcome };
            self.requests.get_or_create_owned(&labels)
        };
        let labels = OperationLabels { operation: operation.to_owned() };
        let metrics = OperationMetrics {
            seconds: self.request_seconds.get_or_create_owned(&labels),
            ok: outcome("ok"),
            errors: outcome("errors"),
        };
        if is_known {
            operations.insert(name.to_owned(), metrics.clone());
        }
        metrics
    }

    /// Counts a request that failed as a whole.
    pub(crate) fn count_refusal(&self, code: &'static str) {
        self.refusals.get_or_create(&ErrorCodeLabels { code }).inc();
    }

    /// Counts a document: one that was parsed before, or one that was parsed now.
    pub(crate) fn count_document(&self, is_known: bool) {
        if is_known {
            self.documents_known.inc()
        } else {
            self.documents_parsed.inc()
        };
    }

    /// Counts a query response from the response cache.
    pub(crate) fn count_cached_response(&self) {
        self.answers_cached.inc();
    }

    /// Counts a query that is executed.
    pub(crate) fn count_executed_response(&self) {
        self.answers_executed.inc();
    }

    /// Counts a WebSocket that the server closed.
    pub(crate) fn count_closed_socket(&self, code: u16) {
        self.sockets_closed.get_or_create(&CloseCodeLabels { code }).inc();
    }

    /// Counts a request by the database that it reads.
    pub(crate) fn count_read(&self, is_replica: bool) {
        if is_replica {
            self.reads_replica.inc()
        } else {
            self.reads_primary.inc()
        };
    }

    /// Counts a request that is repeated on the primary because the replica failed.
    pub(crate) fn count_replica_fallback(&self) {
        self.replica_asked_again.inc();
    }

    /// Counts a running request until the returned guard is dropped.
    pub(crate) fn request_running(&self) -> GaugeGuard {
        GaugeGuard::new(&self.requests_running)
    }

    /// Counts an open subscription until the returned guard is dropped.
    pub(crate) fn subscription_open(&self) -> GaugeGuard {
        GaugeGuard::new(&self.subscriptions)
    }

    /// Counts an open WebSocket until the returned guard is dropped.
    pub(crate) fn socket_open(&self) -> GaugeGuard {
        GaugeGuard::new(&self.sockets)
    }

    /// Updates the gauges of the read connection pool.
    fn set_connections(&self, total: usize, busy: usize) {
        self.database_connections.set(total as i64);
        self.database_connections_busy.set(busy as i64);
    }

    /// Updates the gauge of the memory of responses.
    fn set_response_memory(&self, bytes: usize) {
        self.response_memory_bytes.set(bytes as i64);
    }

    /// Updates the gauges of the replica. `current` is the data version of the primary, if it is known.
    fn set_replica(&self, replica: ReplicaStats, current: Option<i64>) {
        self.replica_read.set(i64::from(replica.is_read));
        self.replica_connections_busy.set(replica.busy as i64);
        if let (Some(version), Some(current)) = (replica.version, current) {
            self.replica_behind.set(current.saturating_sub(version).max(0));
        }
    }

    /// Encodes all metrics in the OpenMetrics text format.
    fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::http::metrics::Metrics;

    #[test]
    fn documentation_lists_all_metrics() {
        let documentation = include_str!("../../../docs/operations.md");
        let text = Metrics::new(true).to_text();
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        let missing: Vec<&str> = names.filter(|name| !documentation.contains(&format!("`{name}"))).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}

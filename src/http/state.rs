//! The state that all handlers share.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tower_http::cors::CorsLayer;

use crate::auth::Auth;
use crate::config::Serve;
use crate::db::Db;
use crate::error::Result;
use crate::graphql::{AdjacencyCache, AggregateCache, Api, PlanCache, ResponsePool, api_of};
use crate::http::graphql::consistency::WrittenVersions;
use crate::http::graphql::operation_rules::OperationRules;
use crate::http::graphql::persisted_queries::PersistedQueries;
use crate::http::graphql::response_cache::ResponseCache;
use crate::http::metrics::Metrics;
use crate::http::middleware::allowed_hosts::AllowedHosts;
use crate::http::middleware::cors;
use crate::http::middleware::rate_limit::RateLimiter;

/// The state that all handlers share.
pub(crate) struct AppState {
    /// The GraphQL schema.
    pub(crate) api: Api,
    /// The database.
    pub(crate) db: Db,
    /// The results of slow statements over whole lists; `None` if they are not kept.
    pub(crate) aggregates: Option<Arc<AggregateCache>>,
    /// The actor graph in memory, unless it is turned off.
    pub(crate) adjacency: Option<Arc<AdjacencyCache>>,
    /// The settings of `newsgraph serve`.
    pub(crate) settings: Serve,
    /// The limits and the schema that operations are checked against.
    pub(crate) operation_rules: OperationRules,
    /// Known and recently parsed documents.
    pub(crate) persisted_queries: PersistedQueries,
    /// The plans of operations.
    pub(crate) plans: PlanCache,
    /// Cached responses of queries; `None` when the cache is turned off.
    pub(crate) response_cache: Option<ResponseCache>,
    /// Tells browsers which other origins may read responses; `None` when no other origin may.
    pub(crate) cors: Option<CorsLayer>,
    /// The hosts that requests may name.
    pub(crate) allowed_hosts: AllowedHosts,
    /// The rate limit per client.
    pub(crate) rate_limiter: RateLimiter,
    /// API keys and tokens.
    pub(crate) auth: Auth,
    /// The metrics of this process.
    pub(crate) metrics: Metrics,
    /// The data versions that callers wrote through this process.
    pub(crate) written_versions: Arc<WrittenVersions>,
    /// Permits for requests: each holds one while it executes.
    pub(crate) requests: Arc<Semaphore>,
    /// The memory of responses.
    pub(crate) response_pool: Arc<ResponsePool>,
    /// The memory of open subscriptions.
    pub(crate) subscription_pool: Arc<ResponsePool>,
    /// Permits for WebSockets: each holds one while it is open.
    pub(crate) sockets: Arc<Semaphore>,
    /// Becomes true when the server starts to shut down.
    shutdown: watch::Receiver<bool>,
}

impl AppState {
    /// Builds the state from the settings. `shutdown` becomes true when the server starts to shut down.
    pub(crate) async fn new(db: Db, settings: Serve, shutdown: watch::Receiver<bool>) -> Result<Self> {
        let api = api_of(settings.federation, settings.hide_schema);
        Ok(Self {
            operation_rules: OperationRules::new(&api.sdl(), settings.limits.clone(), settings.hide_schema)?,
            api,
            persisted_queries: PersistedQueries::new(&settings)?,
            plans: PlanCache::new(settings.document_cache),
            response_cache: ResponseCache::new(settings.answer_cache),
            cors: cors::layer(&settings.cors_origin)?,
            allowed_hosts: AllowedHosts::new(&settings)?,
            rate_limiter: RateLimiter::new(settings.rate),
            auth: Auth::new(&db, &settings.access).await?,
            metrics: Metrics::new(db.has_replica()),
            written_versions: Arc::new(WrittenVersions::new(db.clone())),
            requests: Arc::new(Semaphore::new(settings.max_requests)),
            subscription_pool: ResponsePool::new(settings.subscription_memory),
            response_pool: ResponsePool::new(settings.response_memory),
            sockets: Arc::new(Semaphore::new(settings.max_sockets)),
            aggregates: (settings.aggregate_cache > 0).then(|| Arc::new(AggregateCache::new(settings.aggregate_cache))),
            adjacency: (settings.graph_memory > 0)
                .then(|| Arc::new(AdjacencyCache::new(db.clone(), settings.graph_memory))),
            db,
            settings,
            shutdown,
        })
    }

    /// Updates the sizes of the tables, which the work of queries is estimated from.
    pub(crate) async fn update_table_sizes(&self) {
        match self.db.table_sizes().await {
            Ok(sizes) => self.operation_rules.table_sizes.set(sizes),
            Err(error) => tracing::warn!(%error, "cannot count the rows of the tables; estimates are old"),
        }
    }

    /// Waits until the server starts to shut down.
    pub(crate) async fn shutdown_started(&self) {
        let mut shutdown = self.shutdown.clone();
        // The `map` drops the guard of the value, which is not `Send`.
        let _ = shutdown.wait_for(|started| *started).await.map(|_| ());
    }
}

//! The state that all handlers share.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::auth::Auth;
use crate::config::Serve;
use crate::db::Db;
use crate::error::Result;
use crate::graphql::{Api, api_of};
use crate::http::graphql::consistency::WrittenVersions;
use crate::http::graphql::limits::SchemaShape;
use crate::http::graphql::persisted_queries::PersistedQueries;
use crate::http::graphql::response_cache::ResponseCache;
use crate::http::metrics::Metrics;
use crate::http::middleware::rate_limit::RateLimiter;

/// The state that all handlers share.
pub(crate) struct AppState {
    pub(crate) api: Api,
    pub(crate) db: Db,
    pub(crate) settings: Serve,
    pub(crate) shape: SchemaShape,
    pub(crate) documents: PersistedQueries,
    pub(crate) answers: ResponseCache,
    pub(crate) rates: RateLimiter,
    pub(crate) auth: Auth,
    pub(crate) metrics: Metrics,
    pub(crate) versions: WrittenVersions,
    /// Permits for requests: one is held while a request runs.
    pub(crate) requests: Arc<Semaphore>,
    /// Permits for WebSockets: one is held while a socket is open.
    pub(crate) sockets: Arc<Semaphore>,
    /// Becomes true when the server shuts down.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl AppState {
    pub(crate) async fn new(db: Db, settings: Serve, stopping: watch::Receiver<bool>) -> Result<Self> {
        let api = api_of(settings.federation, settings.hide_schema);
        Ok(Self {
            shape: SchemaShape::read(&api.sdl())?,
            api,
            documents: PersistedQueries::new(&settings)?,
            answers: ResponseCache::new(settings.answer_cache),
            rates: RateLimiter::new(settings.rate),
            auth: Auth::new(&db, &settings.access).await?,
            metrics: Metrics::new(db.has_replica()),
            versions: WrittenVersions::default(),
            requests: Arc::new(Semaphore::new(settings.max_requests)),
            sockets: Arc::new(Semaphore::new(settings.max_sockets)),
            db,
            settings,
            stopping,
        })
    }

    /// Waits until the server shuts down.
    pub(crate) async fn stops(&self) {
        let mut stopping = self.stopping.clone();
        // The guard of the value must not be held on.
        let _ = stopping.wait_for(|stopping| *stopping).await.map(|_| ());
    }
}

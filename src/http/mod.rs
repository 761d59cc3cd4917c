//! The door: the router, what listens, and how it stops.

mod answer;
mod answers;
mod asking;
mod client;
mod document;
mod events;
mod export;
mod following;
mod graphql;
mod limit;
mod listen;
mod media;
mod metrics;
mod origin;
mod page;
mod question;
mod rate;
mod reading;
mod refusal;
mod request_id;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::auth::Auth;
use crate::config::Serve;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::graphql::{Api, api_of};
use crate::import::{self, Options, Source};
use crate::stop::told_to_stop;

/// What the pages may load: only what this server gives. GraphiQL's editor sets styles on elements.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What handlers share.
struct App {
    api: Api,
    db: Db,
    settings: Serve,
    shape: limit::Shape,
    documents: document::Documents,
    answers: answers::Answers,
    rates: rate::Rates,
    auth: Auth,
    metrics: metrics::Metrics,
    versions: reading::Versions,
    /// As many as may still be worked on.
    requests: Arc<Semaphore>,
    /// As many as may still be opened.
    sockets: Arc<Semaphore>,
    /// Becomes true when the server is told to stop.
    stopping: watch::Receiver<bool>,
}

/// What the first packets of an answer hold besides its headers, in bytes.
const PACKET: u64 = 1024;

/// In what time the next part of a body has to come.
const BODY: Duration = Duration::from_secs(15);

/// Migrates the database and serves until told to stop (SIGTERM or SIGINT); requests under way are finished.
pub async fn serve(settings: Serve) -> Result<()> {
    let db = Db::connect(&settings.database.database_url).await?;
    import::migrate(&db).await?;
    if settings.example {
        load_example(&db).await?;
    }
    let db = match &settings.read_database_url {
        Some(url) => db.with_replica(url).await?,
        None => db,
    };
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Error::Io(format!("cannot listen on {}", settings.listen), error))?;
    let address = listener.local_addr().map_err(|error| Error::Io("cannot tell the address".into(), error))?;
    let (stop, stopping) = watch::channel(false);
    let app = Arc::new(App::new(db.clone(), settings, stopping).await?);
    let router = router(Arc::clone(&app))?;
    tracing::info!("GraphiQL is at http://{address}/ and the API at http://{address}/graphql");
    let told = async {
        told_to_stop().await;
        tracing::info!("stopping: requests under way are finished");
        // Who follows a stream is sent on to another process.
        stop.send_replace(true);
    };
    let sockets_closed = async {
        let all = u32::try_from(app.settings.max_sockets).unwrap_or(u32::MAX);
        let _ = app.sockets.acquire_many(all).await;
    };
    listen::serve(listener, router, &app.settings.connections, told, sockets_closed).await;
    db.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Loads the bundled story; a second time nothing changes.
pub async fn load_example(db: &Db) -> Result<()> {
    let source = Source::embedded("mikdam", include_str!("../../examples/mikdam/records.jsonl"))?;
    let options = Options { by: "example".into(), ..Options::default() };
    let report = import::import(db, &[source], &options, &mut ()).await?;
    match report.problems.first() {
        Some(problem) => Err(Error::BadInput(format!("the example does not fit what is stored: {problem}"))),
        None => {
            let total = report.total();
            tracing::info!(
                "example: {} records created, {} updated, {} unchanged",
                total.created,
                total.updated,
                total.unchanged
            );
            Ok(())
        }
    }
}

impl App {
    async fn new(db: Db, settings: Serve, stopping: watch::Receiver<bool>) -> Result<Self> {
        let api = api_of(settings.federation, settings.hide_schema);
        Ok(Self {
            shape: limit::Shape::read(&api.sdl())?,
            api,
            documents: document::Documents::new(&settings)?,
            answers: answers::Answers::new(settings.answer_cache),
            rates: rate::Rates::new(settings.rate),
            auth: Auth::new(&db, &settings.access).await?,
            metrics: metrics::Metrics::new(db.has_replica()),
            versions: reading::Versions::default(),
            requests: Arc::new(Semaphore::new(settings.max_requests)),
            sockets: Arc::new(Semaphore::new(settings.max_sockets)),
            db,
            settings,
            stopping,
        })
    }

    /// Waits until the server is told to stop.
    async fn stops(&self) {
        let mut stopping = self.stopping.clone();
        // The guard of the value must not be held on.
        let _ = stopping.wait_for(|stopping| *stopping).await.map(|_| ());
    }
}

/// All routes.
fn router(app: Arc<App>) -> Result<Router> {
    let fixed = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    // As one: a layer that a router is given by itself is copied, with all below it, for each request.
    let layers = ServiceBuilder::new()
        .layer(from_fn(request_id::name))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .option_layer(origin::layer(&app.settings.cors_origin)?)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_compressing()))
        .layer(RequestBodyTimeoutLayer::new(BODY));
    Ok(Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::other_method))
        .route("/export/{file}", get(export::get))
        .route("/metrics", get(metrics::show))
        .layer(from_fn_with_state(Arc::clone(&app), client::know))
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .merge(page::routes(app.settings.hide_schema))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "There is nothing here: GraphiQL is at /, the API at /graphql, exports below /export/\n",
            )
        })
        .layer(layers)
        .with_state(app))
}

/// What fits into one packet travels no faster when it is smaller; streams of events are sent as they come.
fn worth_compressing() -> impl Predicate {
    SizeAbove::new(PACKET).and(NotForContentType::IMAGES).and(NotForContentType::SSE)
}

async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    let storage = app.db.is_ready().await.map_err(str::to_owned);
    match storage.and_then(|()| app.db.replica_is_ready()) {
        Ok(None) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Some(how)) => (StatusCode::OK, format!("ready, {how}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

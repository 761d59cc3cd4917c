//! The door: the router, what listens, and how it stops.

mod graphql;
mod limit;
mod page;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::set_header::SetResponseHeaderLayer;
use tracing_subscriber::EnvFilter;

use crate::config::Serve;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::graphql::{Api, api};
use crate::import::{self, Options, Source};

/// What the pages may load: only what this server gives. GraphiQL's editor sets styles on elements.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What handlers share.
#[derive(Clone)]
struct App {
    api: Api,
    db: Db,
    limits: Arc<limit::Limits>,
    timeout: Duration,
}

/// Migrates the database and serves until told to stop (SIGTERM or SIGINT); requests under way are finished.
pub async fn serve(settings: Serve) -> Result<()> {
    let filter = EnvFilter::try_from_env("NEWSGRAPH_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn"));
    tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let db = Db::connect(&settings.database.database_url).await?;
    import::migrate(&db).await?;
    if settings.example {
        load_example(&db).await?;
    }
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| Error::Io(format!("cannot listen on {}", settings.listen), error))?;
    let address = listener.local_addr().map_err(|error| Error::Io("cannot tell the address".into(), error))?;
    tracing::info!("GraphiQL is at http://{address}/ and the API at http://{address}/graphql");
    axum::serve(listener, router(db.clone(), &settings))
        .with_graceful_shutdown(stop())
        .await
        .map_err(|error| Error::Io("the server failed".into(), error))?;
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

/// All routes.
pub fn router(db: Db, settings: &Serve) -> Router {
    let app = App {
        api: api(),
        db,
        limits: Arc::new(limit::Limits {
            depth: settings.max_depth,
            fields: settings.max_fields,
            cost: settings.max_cost,
        }),
        timeout: Duration::from_secs(settings.timeout),
    };
    let fixed = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::other_method))
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .merge(page::routes())
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "There is nothing here: GraphiQL is at /, the API at /graphql\n")
        })
        .layer(DefaultBodyLimit::max(settings.max_body))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .with_state(app)
}

async fn ready(State(app): State<App>) -> impl IntoResponse {
    match app.db.migrations().await {
        Ok(changes) if changes.iter().all(|(_, made)| *made) => (StatusCode::OK, "ready\n"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database lacks changes: run `newsgraph migrate up`\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn stop() {
    let interrupted = async {
        // Without a handler the signal itself ends the program, which is as good.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
    tracing::info!("stopping: requests under way are finished");
}

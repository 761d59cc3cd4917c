//! The server: opens the database, serves, and shuts down gracefully.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Serve;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::http::listener;
use crate::http::router::router;
use crate::http::state::AppState;
use crate::import::{self, Options, Source};
use crate::shutdown::told_to_stop;

/// Migrates the database and serves until SIGTERM or SIGINT; requests in flight are finished first.
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
    let address = listener.local_addr().map_err(|error| Error::Io("cannot read the listen address".into(), error))?;
    let (stop, stopping) = watch::channel(false);
    let app = Arc::new(AppState::new(db.clone(), settings, stopping).await?);
    let router = router(Arc::clone(&app))?;
    tracing::info!("GraphiQL is at http://{address}/ and the API at http://{address}/graphql");
    let signal = async {
        told_to_stop().await;
        tracing::info!("shutting down: requests in flight are finished");
        // Ends subscriptions, so that their clients reconnect to another process.
        stop.send_replace(true);
    };
    let sockets_closed = async {
        let all = u32::try_from(app.settings.max_sockets).unwrap_or(u32::MAX);
        let _ = app.sockets.acquire_many(all).await;
    };
    listener::serve(listener, router, &app.settings.connections, signal, sockets_closed).await;
    db.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Imports the bundled story; a second import changes nothing.
pub async fn load_example(db: &Db) -> Result<()> {
    let source = Source::embedded("mikdam", include_str!("../../examples/mikdam/records.jsonl"))?;
    let options = Options { by: "example".into(), ..Options::default() };
    let report = import::import(db, &[source], &options, &mut ()).await?;
    match report.problems.first() {
        Some(problem) => Err(Error::BadInput(format!("the example contradicts what is stored: {problem}"))),
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

//! The server: opens the database, serves requests, and shuts down gracefully.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Serve;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::http::listener;
use crate::http::router::router;
use crate::http::state::AppState;
use crate::import::{self, Options, Source};
use crate::shutdown::shutdown_signal;

/// Interval at which the sizes of tables are counted again, if something was written.
const TABLE_SIZES_INTERVAL: Duration = Duration::from_secs(60);

/// Migrates the database, then serves until SIGTERM or SIGINT. Running requests are finished before it returns.
///
/// # Errors
///
/// When the database or the replica cannot be used, a setting is invalid, or the listen address is taken.
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
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| listen_error(&settings.listen, &error))?;
    let address = listener.local_addr().map_err(|error| Error::Io("cannot read the listen address".into(), error))?;
    let (shutdown, shutdown_started) = watch::channel(false);
    let app = Arc::new(AppState::new(db.clone(), settings, shutdown_started).await?);
    let router = router(Arc::clone(&app));
    app.update_table_sizes().await;
    let mut tasks = JoinSet::from_iter([keep_table_sizes_current(Arc::clone(&app))]);
    if let Some(adjacency) = &app.adjacency {
        tasks.spawn(Arc::clone(adjacency).keep_current());
    }
    tracing::info!("GraphiQL is at http://{address}/ and the API at http://{address}/graphql");
    let signal = async {
        shutdown_signal().await;
        tracing::info!("shutting down: finishing running requests");
        // Ends subscriptions, so that their clients reconnect to another process.
        shutdown.send_replace(true);
    };
    let sockets_closed = async {
        let all = u32::try_from(app.settings.max_sockets).unwrap_or(u32::MAX);
        let _ = app.sockets.acquire_many(all).await;
    };
    listener::serve(listener, router, &app.settings.connections, signal, sockets_closed).await;
    // A task may be reading, and the database is closed only when nobody does.
    tasks.shutdown().await;
    db.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Updates the sizes of the tables after writes, until it is aborted.
async fn keep_table_sizes_current(app: Arc<AppState>) {
    let mut counted = None;
    loop {
        tokio::time::sleep(TABLE_SIZES_INTERVAL).await;
        let version = app.db.version().await.ok();
        if version != counted {
            app.update_table_sizes().await;
            counted = version;
        }
    }
}

fn listen_error(address: &impl Display, error: &io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied (ports below 1024 need privileges)".to_owned(),
        _ => error.to_string(),
    };
    Error::BadInput(format!("cannot listen on {address}: {reason}. Choose another address with --listen"))
}

/// Imports the bundled example story. Importing it again changes nothing.
///
/// # Errors
///
/// [`Error::BadInput`] when the database holds records that contradict the example.
pub async fn load_example(db: &Db) -> Result<()> {
    let source = Source::embedded("mikdam", include_str!("../../examples/mikdam/records.jsonl"))?;
    let options = Options { by: "example".into(), ..Options::default() };
    let report = import::import(db, &[source], &options, &mut ()).await?;
    match report.problems.first() {
        Some(problem) => Err(Error::BadInput(format!("the example contradicts the stored records: {problem}"))),
        None => {
            let total = report.total();
            tracing::info!(
                "example imported: {} records created, {} updated, {} unchanged",
                total.created,
                total.updated,
                total.unchanged
            );
            Ok(())
        }
    }
}

//! Accepts connections: limits their number, disconnects stalled clients, and drains connections at shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::config::Connections;

/// Time that a client has for the headers of a request (HTTP/1), and the interval of keep-alive pings (HTTP/2).
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of concurrent requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// Maximum number of unsent bytes that the operating system buffers per connection. With its default of megabytes, the write
/// timeout would take a client that reads steadily but slowly for one that has stopped, until a third of the buffer is sent.
#[cfg(target_os = "linux")]
const MAX_UNSENT_BYTES: u32 = 128 << 10;

/// Pause after a failed accept.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Serves connections until `shutdown` completes. Then it accepts no more connections and waits until the open ones have finished
/// their requests and `sockets_closed` completes, at most for the grace period of the settings.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Connections,
    shutdown: impl Future<Output = ()>,
    sockets_closed: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    let write_timeout = Duration::from_secs(settings.write_timeout);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS).keep_alive_interval(HEADER_TIMEOUT);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut shutdown => break,
        };
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        // Sends short responses at once instead of waiting for more data.
        let _ = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(write_timeout));
        let builder = builder.clone();
        let watcher = graceful.watcher();
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
            // Logged at `debug` only: clients that disconnect are normal.
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%peer, error, "a connection failed");
            }
            drop(permit);
        });
    }
    drop(listener);
    tokio::select! {
        _ = async { tokio::join!(graceful.shutdown(), sockets_closed) } => {}
        () = tokio::time::sleep(Duration::from_secs(settings.grace)) => {
            connections.shutdown().await;
            tracing::warn!("shutdown: requests still running after {} s (`--grace`) were aborted", settings.grace);
        }
    }
}

/// Accepts the next connection, once the number of open ones allows it. Until then clients wait in the queue of the operating
/// system.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) => {
                // Usually the process is out of file descriptors: other connections have to end first.
                tracing::warn!(%error, "cannot accept a connection; retrying");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}

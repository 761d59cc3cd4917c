//! Connections: accepted, bounded in number, cut off when they stall, and finished when the server stops.

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

/// In what time a client has to send the headers of a request, and after what silence a connection is given up.
const HEADERS: Duration = Duration::from_secs(30);

/// Requests that one connection of HTTP/2 may have under way.
const STREAMS: u32 = 100;

/// So many bytes wait in the system for a client that is slow. With megabytes, as it has them by itself, one that reads steadily
/// would seem to have stopped until a third of them is gone.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 << 10;

/// Serves until `stop`; then no more connections are taken, those there are finish what they do, and so does what `left` waits
/// for.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Connections,
    stop: impl Future<Output = ()>,
    left: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let stalled = Duration::from_secs(settings.write_timeout);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS).keep_alive_interval(HEADERS);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut stop => break,
        };
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        // A short answer is not held back until more can be sent with it.
        let _ = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(stalled));
        let builder = builder.clone();
        let watcher = graceful.watcher();
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
            // A client that breaks off is no fault of ours.
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%peer, error, "a connection broke");
            }
            drop(permit);
        });
    }
    drop(listener);
    tokio::select! {
        _ = async { tokio::join!(graceful.shutdown(), left) } => {}
        () = tokio::time::sleep(Duration::from_secs(settings.grace)) => {
            connections.shutdown().await;
            tracing::warn!("requests still under way were cut off after {} s", settings.grace);
        }
    }
}

/// The next connection, when there is room for one: until then others wait in the queue of the system.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) => {
                // Out of file descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

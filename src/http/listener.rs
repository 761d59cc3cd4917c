//! Accepts connections: limits their number, disconnects stalled clients, and drains connections at shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::Version;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::config::Connections;
use crate::http::activity::Activity;

/// Interval of keep-alive pings (HTTP/2).
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Maximum number of concurrent requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// Maximum number of unsent bytes that the operating system buffers per connection. With its default of megabytes, the write
/// timeout would take a client that reads steadily but slowly for one that has stopped, until a third of the buffer is sent.
#[cfg(target_os = "linux")]
const MAX_UNSENT_BYTES: u32 = 128 << 10;

/// Time without a new connection after which the queue of the operating system is empty.
const DRAIN_INTERVAL: Duration = Duration::from_millis(20);

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
    let timeouts = Timeouts {
        header: Duration::from_secs(settings.header_timeout),
        write: Duration::from_secs(settings.write_timeout),
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(timeouts.header);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS).keep_alive_interval(PING_INTERVAL);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(serve_connection(accepted, router.clone(), builder.clone(), timeouts, graceful.watcher()));
    }
    // Clients whose connections wait in the queue of the operating system get their response too.
    while let Ok(accepted) = tokio::time::timeout(DRAIN_INTERVAL, accept(&listener, &permits)).await {
        connections.spawn(serve_connection(accepted, router.clone(), builder.clone(), timeouts, graceful.watcher()));
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

/// How long a connection waits for its client.
#[derive(Clone, Copy)]
struct Timeouts {
    /// For the headers of a request.
    header: Duration,
    /// For the client to read.
    write: Duration,
}

/// Serves one connection until it is closed.
async fn serve_connection(
    (stream, peer, permit): Accepted,
    router: Router,
    builder: Builder<TokioExecutor>,
    timeouts: Timeouts,
    watcher: Watcher,
) {
    // Sends short responses at once instead of waiting for more data.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(timeouts.write));
    let activity = Arc::new(Activity::default());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let running = activity.request_arrived(request.version() == Version::HTTP_2);
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            let response = router.oneshot(request).await;
            response.map(|response| match running {
                Some(running) => response.map(|body| Body::new(running.watch(body))),
                None => response,
            })
        }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
    tokio::select! {
        // Logged at `debug` only: clients that disconnect are normal.
        closed = watcher.watch(connection) => if let Err(error) = closed {
            tracing::debug!(%peer, error, "a connection failed");
        },
        () = activity.should_close(timeouts.header, timeouts.write) => tracing::debug!(%peer, "closed a connection without requests"),
    }
    drop(permit);
}

/// An accepted connection, the address of its client, and its permit.
type Accepted = (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>);

/// Accepts the next connection, once the number of open ones allows it. Until then clients wait in the queue of the operating
/// system.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> Accepted {
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

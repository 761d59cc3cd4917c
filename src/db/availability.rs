//! Notices that a PostgreSQL server no longer responds, so that requests fail at once instead of at their time limit.
//!
//! A server that has stopped refuses connections, and statements fail by themselves. One that hangs, or whose network is down, does
//! not: its connections stay open without a response. So a request that has waited for a while probes the server.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseBackend, Statement};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use crate::db::ReadPool;
use crate::error::{Error, Result};

/// Time after which a waiting request probes the server, and maximum time of a probe.
const PATIENCE: Duration = Duration::from_secs(2);

/// Failed probes in a row after which the database is lost.
const MAX_FAILED_PROBES: usize = 2;

/// Interval of probes while the database is lost.
const RECOVERY_INTERVAL: Duration = Duration::from_millis(500);

/// Whether the database responds, as far as requests have noticed.
#[derive(Debug)]
pub(super) struct Availability {
    /// A connection of its own, so that a probe never waits for statements.
    probes: ReadPool,
    is_lost: watch::Sender<bool>,
    /// Held by the request that probes for all.
    probing: Mutex<()>,
}

impl Availability {
    /// Returns `None` for SQLite.
    pub(super) fn new(probes: ReadPool) -> Option<Arc<Self>> {
        let is_server = probes.backend() != DatabaseBackend::Sqlite;
        is_server.then(|| Arc::new(Self { probes, is_lost: watch::Sender::new(false), probing: Mutex::new(()) }))
    }

    /// Runs something that needs the database until it is done, or until the database is lost.
    pub(super) async fn run<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> Result<T> {
        self.run_within(Duration::MAX, work).await?.ok_or_else(lost)
    }

    /// Like [`Self::run`], but returns `None` when the limit is over. It has one timer: most work is done before the first one ends.
    pub(super) async fn run_within<T>(
        self: &Arc<Self>,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        if *self.is_lost.borrow() {
            return Err(lost());
        }
        let mut work = pin!(work);
        if let Ok(done) = timeout(PATIENCE.min(limit), &mut work).await {
            return Ok(Some(done));
        }
        let rest = limit.saturating_sub(PATIENCE);
        if rest.is_zero() {
            return Ok(None);
        }
        // Boxed to keep this future small: few requests wait that long.
        Box::pin(async {
            tokio::select! {
                done = timeout(rest, work) => Ok(done.ok()),
                () = self.wait_until_lost() => Err(lost()),
            }
        })
        .await
    }

    async fn wait_until_lost(self: &Arc<Self>) {
        let mut is_lost = self.is_lost.subscribe();
        loop {
            let probing = self.probing.try_lock();
            if probing.is_ok() && !self.responds().await {
                self.mark_lost();
            }
            drop(probing);
            if timeout(PATIENCE, is_lost.wait_for(|lost| *lost)).await.is_ok() {
                return;
            }
        }
    }

    /// Returns false when several probes fail.
    async fn responds(&self) -> bool {
        for _ in 0..MAX_FAILED_PROBES {
            if self.probe().await {
                return true;
            }
            sleep(RECOVERY_INTERVAL).await;
        }
        false
    }

    async fn probe(&self) -> bool {
        let select = self.probes.all(Statement::from_string(self.probes.backend(), "SELECT 1"));
        matches!(timeout(PATIENCE, select).await, Ok(Ok(_)))
    }

    /// Lets requests fail until the database responds again.
    fn mark_lost(self: &Arc<Self>) {
        if self.is_lost.send_replace(true) {
            return;
        }
        tracing::error!("the database does not respond; requests fail until it does");
        let availability = Arc::clone(self);
        tokio::spawn(async move {
            while !availability.probe().await {
                sleep(RECOVERY_INTERVAL).await;
            }
            availability.is_lost.send_replace(false);
            tracing::warn!("the database responds again");
        });
    }

    pub(super) async fn close(&self) -> Result<()> {
        self.probes.close().await
    }
}

fn lost() -> Error {
    Error::Unavailable("it does not respond".into())
}

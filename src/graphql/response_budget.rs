//! The memory of responses: how large one response may become, and how much all of them may take together.
//!
//! The cost of a query counts values before it runs, and a value may be a text of megabytes. So the bytes are counted while the
//! response is made: those of rows and long texts when they are read, and those of the response when it is written, which ends
//! soon after it is too large. A request that exceeds its budget is stopped and fails as a whole.
//!
//! A [`ResponseBudget`] counts for one request. It takes what it needs from the [`ResponsePool`] of the server in blocks, and
//! gives it back when the [`Reservation`] is dropped, which is when the response has been sent.

use std::collections::HashMap;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use crate::error::Error;

/// Bytes that a budget takes from the pool at once.
const BLOCK: usize = 64 << 10;

/// A response up to this size takes nothing from the pool, so that small responses are made while large ones are being sent.
const FREE_BYTES: usize = 16 << 10;

/// The rows that are read for a response may take this many times its maximum size.
const ROWS_PER_RESPONSE: usize = 4;

/// Maximum number of errors of one response.
pub(crate) const MAX_ERRORS: usize = 1000;

/// The memory that one client may take, as a fraction of the pool: `1 / CLIENT_FRACTION`.
const CLIENT_FRACTION: usize = 2;

/// The memory of all responses that are being made or sent.
#[derive(Debug)]
pub(crate) struct ResponsePool {
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    by_client: HashMap<Arc<str>, usize>,
}

impl ResponsePool {
    /// A pool of this many bytes.
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, used: Mutex::default() })
    }

    /// The number of bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.lock().total
    }

    /// Takes a number of bytes for a client; `None` when there are not as many left.
    pub(crate) fn reserve(self: &Arc<Self>, client: &str, bytes: usize) -> Option<Reservation> {
        let mut reservation = Reservation { taken: Some((Arc::clone(self), client.into())), bytes: 0 };
        reservation.grow(bytes).then_some(reservation)
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a number of bytes for a client. Returns false when the pool, or the client's part of it, has not as many left.
    fn take(&self, client: &Arc<str>, bytes: usize) -> bool {
        let mut used = self.lock();
        let by_client = used.by_client.get(client).copied().unwrap_or_default();
        if used.total + bytes > self.capacity || by_client + bytes > self.capacity / CLIENT_FRACTION {
            return false;
        }
        used.total += bytes;
        used.by_client.insert(Arc::clone(client), by_client + bytes);
        true
    }

    fn give_back(&self, client: &Arc<str>, bytes: usize) {
        let mut used = self.lock();
        used.total = used.total.saturating_sub(bytes);
        if let Some(by_client) = used.by_client.get_mut(client) {
            *by_client = by_client.saturating_sub(bytes);
            if *by_client == 0 {
                used.by_client.remove(client);
            }
        }
    }
}

/// Memory taken from the pool. Dropping it gives the memory back.
#[derive(Debug, Default)]
pub(crate) struct Reservation {
    taken: Option<(Arc<ResponsePool>, Arc<str>)>,
    bytes: usize,
}

impl Reservation {
    /// Takes more bytes. Returns false when there are not as many left.
    fn grow(&mut self, bytes: usize) -> bool {
        let Some((pool, client)) = &self.taken else { return true };
        let taken = pool.take(client, bytes);
        self.bytes += if taken { bytes } else { 0 };
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some((pool, client)) = &self.taken
            && self.bytes > 0
        {
            pool.give_back(client, self.bytes);
        }
    }
}

/// Why a request was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excess {
    /// The response is too large.
    Response,
    /// The texts that were read are too large.
    Texts,
    /// Too many fields failed.
    Errors,
    /// Other responses take the memory.
    Pool,
    /// It has more than the one statement that was expected, so it has to be repeated in a transaction.
    Statements,
}

/// The end of a request that was stopped.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It exceeded its budget.
    Excess(Error),
    /// It must be repeated with a session that does not expect one statement only.
    NeedsSnapshot,
}

impl Stopped {
    /// The error for the client.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Excess(error) => error,
            Self::NeedsSnapshot => Error::Internal("a request without a transaction has several statements".into()),
        }
    }
}

/// The memory of one response while it is made. A subscription uses one for all its responses, one after the other.
#[derive(Debug)]
pub(crate) struct ResponseBudget {
    /// Maximum size of the response, and of the texts read for it, in bytes.
    max: usize,
    /// Bytes of values so far.
    values: AtomicUsize,
    /// Bytes of long texts read so far.
    texts: AtomicUsize,
    /// Bytes of rows read so far.
    rows: AtomicUsize,
    excess: OnceLock<Excess>,
    reservation: Mutex<Reservation>,
    /// Bytes that need no further reservation.
    reserved: AtomicUsize,
    pool: Option<(Arc<ResponsePool>, Arc<str>)>,
}

impl ResponseBudget {
    /// A budget of this many bytes that takes nothing from a pool.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            values: AtomicUsize::new(0),
            texts: AtomicUsize::new(0),
            rows: AtomicUsize::new(0),
            excess: OnceLock::new(),
            reservation: Mutex::default(),
            reserved: AtomicUsize::new(FREE_BYTES),
            pool: None,
        }
    }

    /// A budget of this many bytes for a client, taken from a pool.
    pub(crate) fn from_pool(max: usize, pool: &Arc<ResponsePool>, client: &Arc<str>) -> Self {
        Self { pool: Some((Arc::clone(pool), Arc::clone(client))), ..Self::new(max) }
    }

    /// Counts long texts of rows that were read. Never returns when the budget is exceeded.
    pub(crate) async fn add_texts(&self, bytes: usize) {
        let texts = self.texts.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let is_within = if texts > self.max {
            self.exceeded(Excess::Texts)
        } else {
            self.reserve(texts + self.values.load(Ordering::Relaxed))
        };
        if !is_within {
            pending::<()>().await;
        }
    }

    /// Counts the memory of rows that were read, which exist together until the response is written. Never returns when they
    /// take more than there is.
    pub(crate) async fn add_rows(&self, bytes: usize) {
        let rows = self.rows.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let is_within = if rows > self.max.saturating_mul(ROWS_PER_RESPONSE) {
            self.exceeded(Excess::Response)
        } else {
            self.reserve(rows + self.texts.load(Ordering::Relaxed) + self.values.load(Ordering::Relaxed))
        };
        if !is_within {
            pending::<()>().await;
        }
    }

    /// The size that the response may have, in bytes.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Counts a written response. Never returns when it is too large.
    pub(crate) async fn add_response(&self, bytes: usize) {
        let values = self.values.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let is_within = if values > self.max {
            self.exceeded(Excess::Response)
        } else {
            self.reserve(values + self.texts.load(Ordering::Relaxed) + self.rows.load(Ordering::Relaxed))
        };
        if !is_within {
            pending::<()>().await;
        }
    }

    /// Checks the number of errors of a response. Never returns when there are too many.
    pub(crate) async fn add_errors(&self, count: usize) {
        if count > MAX_ERRORS {
            self.exceeded(Excess::Errors);
            pending::<()>().await;
        }
    }

    /// The number of bytes of text that may still be read.
    pub(crate) fn texts_left(&self) -> usize {
        self.max.saturating_sub(self.texts.load(Ordering::Relaxed))
    }

    /// Takes memory for this many bytes in all. Returns false when there is none.
    fn reserve(&self, bytes: usize) -> bool {
        // Almost always enough is reserved already.
        if bytes <= self.reserved.load(Ordering::Relaxed) {
            return true;
        }
        let mut reservation = self.reservation.lock().unwrap_or_else(PoisonError::into_inner);
        if reservation.taken.is_none() {
            reservation.taken.clone_from(&self.pool);
        }
        let wanted = bytes.next_multiple_of(BLOCK);
        let more = wanted.saturating_sub(reservation.bytes);
        if more > 0 && !reservation.grow(more) {
            return self.exceeded(Excess::Pool);
        }
        self.reserved.store(wanted, Ordering::Relaxed);
        true
    }

    /// Stops a request that has a second statement but no transaction. Never returns.
    pub(crate) async fn need_snapshot(&self) {
        self.exceeded(Excess::Statements);
        pending::<()>().await;
    }

    /// Notes why the request is to be stopped. Always returns false.
    fn exceeded(&self, excess: Excess) -> bool {
        let _ = self.excess.set(excess);
        false
    }

    /// Ends the response: returns the memory that it takes until it is sent, and begins the next response.
    pub(crate) fn finish(&self) -> Reservation {
        self.values.store(0, Ordering::Relaxed);
        self.texts.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
        self.reserved.store(FREE_BYTES, Ordering::Relaxed);
        std::mem::take(&mut *self.reservation.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why a request was stopped.
    fn stopped(&self, excess: Excess) -> Stopped {
        let max = self.max;
        Stopped::Excess(match excess {
            Excess::Statements => return Stopped::NeedsSnapshot,
            Excess::Response => Error::Limit(format!(
                "The response is larger than {max} bytes (`--max-response`): request smaller pages (`first`) and continue with `after`, or select fewer long texts"
            )),
            Excess::Texts => Error::Limit(format!(
                "The texts to read are larger than {max} bytes (`--max-response`): request smaller pages (`first`) and continue with `after`"
            )),
            Excess::Errors => {
                Error::Limit(format!("More than {MAX_ERRORS} fields failed: correct the query, or request smaller pages"))
            }
            Excess::Pool => Error::Busy(
                "Other large responses take the memory of the server (`--response-memory`): retry after 1 second, or request smaller pages"
                    .into(),
            ),
        })
    }
}

/// Runs an execution until it ends or exceeds its budget.
///
/// # Errors
///
/// Why it was stopped: `LIMIT` when the response is too large, [`Error::Busy`] when other responses take the memory.
pub(crate) async fn within_budget<T>(
    budget: &ResponseBudget,
    execution: impl Future<Output = T>,
) -> Result<T, Stopped> {
    let mut execution = pin!(execution);
    poll_fn(|context| {
        let polled = execution.as_mut().poll(context);
        match (budget.excess.get(), polled) {
            (Some(excess), _) => Poll::Ready(Err(budget.stopped(*excess))),
            (None, Poll::Ready(done)) => Poll::Ready(Ok(done)),
            (None, Poll::Pending) => Poll::Pending,
        }
    })
    .await
}

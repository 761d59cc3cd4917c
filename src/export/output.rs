//! The channel through which an export hands on what it has written, and helpers for JSON.

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;

use crate::error::{Error, Result};

/// A piece of an export.
#[derive(Debug)]
pub struct Chunk {
    /// The next bytes of the file.
    pub bytes: Vec<u8>,
    /// The number of rows of the graph that were read for them.
    pub rows: usize,
}

/// The writing end of an export.
pub(crate) struct Output {
    chunks: Sender<Chunk>,
}

impl Output {
    pub(crate) fn new(chunks: Sender<Chunk>) -> Self {
        Self { chunks }
    }

    /// Sends the text of a batch of rows. Waits until the reader has taken earlier chunks (backpressure).
    ///
    /// # Errors
    ///
    /// The reader is gone.
    pub(crate) async fn send(&self, bytes: Vec<u8>, rows: usize) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let closed = |_| Error::Io("the reader closed the export".into(), std::io::ErrorKind::BrokenPipe.into());
        self.chunks.send(Chunk { bytes, rows }).await.map_err(closed)
    }
}

/// Returns a value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("a value cannot be written as JSON: {error}")))
}

/// Returns a JSON object of the fields that are not null.
pub(crate) fn object<'n>(fields: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let present = fields.into_iter().filter(|(_, value)| !value.is_null());
    present.map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Value>>().into()
}

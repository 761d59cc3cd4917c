//! What is written is handed on in pieces; who writes waits until the last one was taken.

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;

use crate::error::{Error, Result};

/// A piece of an export.
#[derive(Debug)]
pub struct Chunk {
    /// What is written.
    pub bytes: Vec<u8>,
    /// How many rows of the graph were read for it.
    pub rows: usize,
}

/// Where an export writes to.
pub(crate) struct Out {
    chunks: Sender<Chunk>,
}

impl Out {
    pub(crate) fn new(chunks: Sender<Chunk>) -> Self {
        Self { chunks }
    }

    /// Hands on what was made of some rows.
    pub(crate) async fn send(&self, bytes: Vec<u8>, rows: usize) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let gone = |_| Error::Io("nobody reads the export".into(), std::io::ErrorKind::BrokenPipe.into());
        self.chunks.send(Chunk { bytes, rows }).await.map_err(gone)
    }
}

/// A value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Broken(format!("a value cannot be written: {error}")))
}

/// An object of the values that there are.
pub(crate) fn fields<'n>(fields: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Value>>().into()
}

//! What is wrong with a record, where, and what to write instead.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One mistake in one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file, or `-` for standard input.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The key of the record, when it has one.
    pub key: Option<String>,
    /// JSON pointer (RFC 6901) to what is wrong; empty for the record as a whole.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(key) = &self.key {
            write!(f, " ({key})")?;
        }
        if !self.pointer.is_empty() {
            write!(f, " {}", self.pointer)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " -- {suggestion}"),
            None => Ok(()),
        }
    }
}

/// Where and why a JSON value does not fit a type.
pub(crate) struct Misfit {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Reads a value as a type.
pub(crate) fn fit<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                _ => {}
            }
        }
        Misfit { pointer, message: error.into_inner().to_string() }
    })
}

/// A key as a segment of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

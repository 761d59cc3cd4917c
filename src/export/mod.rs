//! Exports of the graph, or of a part of it. Each format has a file: [`records`](Format::Records) (`records.rs`),
//! CSV, JSON-LD, GeoJSON, GraphML and FollowTheMoney.
//!
//! 1. [`export`] checks the request and takes a snapshot: one read transaction, so the export is consistent whatever is
//!    written meanwhile.
//! 2. A task runs the writer of the format. It reads rows in batches through `snapshot_reader`. A batch continues
//!    after the last id of the one before (keyset pagination), and a fixed number of SQL statements loads what
//!    belongs to its rows.
//! 3. The writer sends the text of each batch through a channel that holds one chunk (`output`). A slow reader
//!    therefore slows the export down (backpressure), and memory holds a few batches, whatever the size of the graph.
//! 4. The reader takes the chunks: [`Export::next`] for HTTP, [`Export::write_to`] for the command line. Dropping
//!    [`Export`] stops the task and its SQL statement.
//!
//! To add a format, add a variant of [`Format`], a file with a function `write`, and a case in [`export`].

mod csv;
mod file;
mod ftm;
mod geojson;
mod graphml;
mod jsonld;
mod output;
mod records;
mod snapshot_reader;
mod unmerged;

use std::panic;

use clap::ValueEnum;
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::db::Db;
use crate::error::{Error, Result, did_you_mean};
use crate::graphql::Session;
use crate::graphql::filter::from_json;

pub use crate::export::output::Chunk;
use crate::export::output::Output;
use crate::export::snapshot_reader::{Selection, SnapshotReader};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Records (JSON Lines): a lossless dump, which imports to an equal graph
    Records,
    /// The rows of one node type as comma-separated values (RFC 4180)
    Csv,
    /// JSON-LD with the vocabularies schema.org, Simple Event Model, PROV and Web Annotation
    Jsonld,
    /// GeoJSON (RFC 7946): places, and events at their places, for maps
    Geojson,
    /// GraphML: nodes and edges, for programs that draw and analyze graphs
    Graphml,
    /// FollowTheMoney entities, one JSON object per line
    Ftm,
}

impl Format {
    /// Returns the file name extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Records => "jsonl",
            Self::Csv => "csv",
            Self::Jsonld => "jsonld",
            Self::Geojson => "geojson",
            Self::Graphml => "graphml",
            Self::Ftm => "ftm",
        }
    }

    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Records | Self::Ftm => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonld => "application/ld+json",
            Self::Geojson => "application/geo+json",
            Self::Graphml => "application/graphml+xml",
        }
    }

    /// Returns the format of a file name extension.
    pub fn from_extension(extension: &str) -> Result<Self> {
        Self::value_variants().iter().copied().find(|format| format.extension() == extension).ok_or_else(|| {
            let all: Vec<&str> = Self::value_variants().iter().map(|format| format.extension()).collect();
            Error::BadInput(format!("`.{extension}` is not an export format: use one of .{}", all.join(", .")))
        })
    }

    /// Returns whether the format can contain nodes of a type.
    fn can_contain(self, kind: RecordKind) -> bool {
        match self {
            Self::Records | Self::Csv | Self::Jsonld => true,
            Self::Geojson => geojson::can_contain(kind),
            Self::Graphml => graphml::can_contain(kind),
            Self::Ftm => ftm::can_contain(kind),
        }
    }
}

/// Returns the name of a node type on the command line and in URLs: its table name with hyphens, such as `event-link`.
pub fn node_type_name(kind: RecordKind) -> String {
    kind.to_value().to_lowercase().replace('_', "-")
}

/// Returns the node type with a name.
///
/// # Errors
///
/// There is none; the message suggests a similar name or lists all.
pub fn parse_node_type(name: &str) -> Result<RecordKind> {
    RecordKind::ALL.iter().copied().find(|kind| node_type_name(*kind) == name).ok_or_else(|| {
        let names: Vec<String> = RecordKind::ALL.iter().map(|kind| node_type_name(*kind)).collect();
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        Error::BadInput(format!(
            "`{name}` is not a node type: {}",
            hint.unwrap_or_else(|| format!("use one of {}", names.join(", ")))
        ))
    })
}

/// The format of an export, and the part of the graph to export.
#[derive(Clone, Debug)]
pub struct Request {
    /// The output format.
    pub format: Format,
    /// Export only nodes of this type, with their child records.
    pub kind: Option<RecordKind>,
    /// Export only nodes that match this filter: the API's filter input of the node type, as JSON. Requires `kind`.
    pub filter: Option<Value>,
    /// Export only the records of the dataset with this key.
    pub dataset: Option<String>,
    /// Suggest names of the schema in messages about the filter; false on a server that hides its schema.
    pub has_hints: bool,
    /// Include who decided each merge in merge records. That may be the name of an API key, which only administrators
    /// may read.
    pub include_deciders: bool,
}

/// A running export. Dropping it stops it.
pub struct Export {
    chunks: mpsc::Receiver<Chunk>,
    /// The task that writes the export. Dropping the set aborts it.
    task: JoinSet<Result<()>>,
}

/// Starts an export.
///
/// # Errors
///
/// The request is invalid, or no connection for exports is free. Nothing was written then.
pub async fn export(db: &Db, request: &Request) -> Result<Export> {
    let format = request.format;
    if let Some(kind) = request.kind
        && !format.can_contain(kind)
    {
        let possible = RecordKind::ALL.iter().copied().filter(|kind| format.can_contain(*kind));
        let names: Vec<String> = possible.map(node_type_name).collect();
        return Err(Error::BadInput(format!(
            "This format cannot contain nodes of the type {}, only {}",
            node_type_name(kind),
            names.join(", ")
        )));
    }
    if format == Format::Csv && request.kind.is_none() {
        return Err(Error::BadInput(
            "A CSV file contains the rows of one node type: name it (`--kind event`; over HTTP `/export/event.csv`)"
                .into(),
        ));
    }
    let (kind, include_deciders) = (request.kind, request.include_deciders);
    let condition = match (request.kind, &request.filter) {
        (_, None) => None,
        (Some(kind), Some(filter)) => {
            Some(from_json(kind, filter, request.has_hints, &Session::new(db.clone())).await?)
        }
        (None, Some(_)) => {
            return Err(Error::BadInput(
                "A filter belongs to a node type: name it (`--kind event`; over HTTP `/export/event.jsonl`)".into(),
            ));
        }
    };
    let mut reader =
        SnapshotReader::new(db.snapshot().await?, Selection { kind: request.kind, condition, dataset: None });
    if let Some(key) = &request.dataset {
        reader.select_dataset(key).await?;
    }
    let (sender, chunks) = mpsc::channel(1);
    let output = Output::new(sender);
    let mut task = JoinSet::new();
    let write = async move {
        match format {
            Format::Records => records::write(&mut reader, &output, include_deciders).await,
            Format::Csv => csv::write(&mut reader, &output, kind.unwrap_or(RecordKind::Event)).await,
            Format::Jsonld => jsonld::write(&mut reader, &output).await,
            Format::Geojson => geojson::write(&mut reader, &output).await,
            Format::Graphml => graphml::write(&mut reader, &output).await,
            Format::Ftm => ftm::write(&mut reader, &output).await,
        }
    };
    // In the span of the request, so that log lines of the task have its id.
    task.spawn(write.in_current_span());
    Ok(Export { chunks, task })
}

impl Export {
    /// Returns the next chunk; `None` at the end of the export.
    ///
    /// # Errors
    ///
    /// The export failed. There are no more chunks, and those before are not a complete file.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        match self.task.join_next().await {
            // The result was returned before.
            None => Ok(None),
            Some(Ok(result)) => result.map(|()| None),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panicked) => panic::resume_unwind(panicked),
                Err(error) => Err(Error::Internal(format!("the export was stopped: {error}"))),
            },
        }
    }
}

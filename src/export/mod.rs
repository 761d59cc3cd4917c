//! How it goes out: one file per format.
//!
//! An export reads one state of the graph, by batches of rows in the order of their numbers, and hands on what it has
//! written of each batch before it reads the next. So memory holds a batch or two, whatever the size of the graph, and who
//! reads slowly is waited for. Who reads no longer ends it: its statement is stopped.

mod csv;
mod file;
mod ftm;
mod geojson;
mod graphml;
mod jsonld;
mod output;
mod records;
mod source;
mod unmerged;

use std::panic;

use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::db::Db;
use crate::error::{Error, Result, did_you_mean};
use crate::graphql::Session;
use crate::graphql::filter::from_json;

pub use crate::export::output::Chunk;
use crate::export::output::Out;
use crate::export::source::{Chosen, Source};

/// What others read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Records (JSON Lines), which import again to an equal graph.
    Records,
    /// The rows of one noun as comma-separated text (RFC 4180).
    Csv,
    /// Linked data: schema.org, the Simple Event Model, PROV, Web Annotation.
    Jsonld,
    /// Places, and events where they happened, for maps (RFC 7946).
    Geojson,
    /// A graph for programs that draw and measure graphs.
    Graphml,
    /// FollowTheMoney entities, one a line.
    Ftm,
}

impl Format {
    const ALL: &'static [Self] = &[Self::Records, Self::Csv, Self::Jsonld, Self::Geojson, Self::Graphml, Self::Ftm];

    /// How names of such files end.
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

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Records | Self::Ftm => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonld => "application/ld+json",
            Self::Geojson => "application/geo+json",
            Self::Graphml => "application/graphml+xml",
        }
    }

    /// The format whose files end so.
    pub fn of_extension(extension: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|format| format.extension() == extension).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|format| format.extension()).collect();
            Error::BadInput(format!("`.{extension}` is no format here: ask for one of .{}", all.join(", .")))
        })
    }

    /// Which nouns it can hold.
    fn nouns(self) -> &'static [RecordKind] {
        match self {
            Self::Records | Self::Csv | Self::Jsonld => RecordKind::ALL,
            Self::Geojson => &[RecordKind::Place, RecordKind::Event],
            Self::Graphml => graphml::NOUNS,
            Self::Ftm => &[
                RecordKind::Place,
                RecordKind::Actor,
                RecordKind::Article,
                RecordKind::Event,
                RecordKind::Relation,
                RecordKind::Mention,
            ],
        }
    }
}

/// How nouns are called: as their tables, with hyphens.
pub fn word(kind: RecordKind) -> String {
    kind.to_value().to_lowercase().replace('_', "-")
}

/// The noun that is called so.
pub fn noun(name: &str) -> Result<RecordKind> {
    RecordKind::ALL.iter().copied().find(|kind| word(*kind) == name).ok_or_else(|| {
        let words: Vec<String> = RecordKind::ALL.iter().map(|kind| word(*kind)).collect();
        let hint = did_you_mean(name, words.iter().map(String::as_str));
        Error::BadInput(format!(
            "`{name}` is no noun of the graph: {}",
            hint.unwrap_or_else(|| format!("write one of {}", words.join(", ")))
        ))
    })
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Request {
    /// How it is written.
    pub format: Format,
    /// Only things of this noun, with what belongs to them.
    pub kind: Option<RecordKind>,
    /// Only those for which this holds: the filter of the noun as the API has it.
    pub filter: Option<Value>,
    /// Only what came with the dataset that has this key.
    pub dataset: Option<String>,
    /// Whether records of judgements say who judged: names of keys are for administrators.
    pub tells_judges: bool,
}

/// An export under way.
pub struct Export {
    chunks: mpsc::Receiver<Chunk>,
    /// Dropped, it is stopped.
    task: JoinSet<Result<()>>,
}

/// Begins an export. What is wrong with the request is said here, before anything is written.
pub async fn export(db: &Db, request: &Request) -> Result<Export> {
    let format = request.format;
    if let Some(kind) = request.kind
        && !format.nouns().contains(&kind)
    {
        let words: Vec<String> = format.nouns().iter().map(|kind| word(*kind)).collect();
        return Err(Error::BadInput(format!(
            "Things of the kind {} cannot be written so: this format holds {}",
            word(kind),
            words.join(", ")
        )));
    }
    if format == Format::Csv && request.kind.is_none() {
        return Err(Error::BadInput(
            "A table holds the rows of one noun: say which (`--kind event`; by HTTP `/export/event.csv`)".into(),
        ));
    }
    let (kind, tells_judges) = (request.kind, request.tells_judges);
    let condition = match (request.kind, &request.filter) {
        (_, None) => None,
        (Some(kind), Some(filter)) => Some(from_json(kind, filter, &Session::new(db.clone())).await?),
        (None, Some(_)) => {
            return Err(Error::BadInput(
                "A filter is one of a noun: say which (`--kind event`; by HTTP `/export/event.jsonl`)".into(),
            ));
        }
    };
    let mut source = Source::new(db.snapshot().await?, Chosen { kind: request.kind, condition, dataset: None });
    if let Some(key) = &request.dataset {
        source.choose_dataset(key).await?;
    }
    let (sender, chunks) = mpsc::channel(1);
    let out = Out::new(sender);
    let mut task = JoinSet::new();
    task.spawn(async move {
        match format {
            Format::Records => records::write(&mut source, &out, tells_judges).await,
            Format::Csv => csv::write(&mut source, &out, kind.unwrap_or(RecordKind::Event)).await,
            Format::Jsonld => jsonld::write(&mut source, &out).await,
            Format::Geojson => geojson::write(&mut source, &out).await,
            Format::Graphml => graphml::write(&mut source, &out).await,
            Format::Ftm => ftm::write(&mut source, &out).await,
        }
    });
    Ok(Export { chunks, task })
}

impl Export {
    /// What comes next; none when all was told. After an error there is no more, and what came is not whole.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        match self.task.join_next().await {
            // Told before.
            None => Ok(None),
            Some(Ok(done)) => done.map(|()| None),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panicked) => panic::resume_unwind(panicked),
                Err(error) => Err(Error::Broken(format!("an export was stopped: {error}"))),
            },
        }
    }
}

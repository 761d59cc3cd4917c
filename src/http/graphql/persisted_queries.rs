//! Documents that were read before, by the digests of their texts.
//!
//! A client may send the SHA-256 digest of a document instead of its text ("automatic persisted queries": the first time with
//! the text), or the id of one in the file of known documents. So one cache serves for parsing once and for sending less.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_graphql::Pos;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use data_encoding::HEXLOWER;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::config::{DocumentsMode, Limits, Serve};
use crate::error::{Error, Result};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits;
use crate::http::metrics::Metrics;

/// A SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// A document as it was read.
pub(crate) struct ParsedDocument {
    /// The digest of its text.
    pub(crate) digest: Digest,
    pub(crate) text: String,
    pub(crate) parsed: ExecutableDocument,
}

#[derive(Clone)]
struct Length;

impl Weighter<Digest, Arc<ParsedDocument>> for Length {
    fn weight(&self, _: &Digest, document: &Arc<ParsedDocument>) -> u64 {
        // A document that was parsed takes some times the space of its text, and that of any has some.
        document.text.len() as u64 + 200
    }
}

/// Documents that were read before.
pub(crate) struct PersistedQueries {
    read: Cache<Digest, Arc<ParsedDocument>, Length>,
    /// Those of the file, by id.
    known: HashMap<String, Arc<ParsedDocument>>,
    /// Those of the file, by digest.
    digests: HashMap<Digest, Arc<ParsedDocument>>,
    mode: DocumentsMode,
}

/// A file of known documents.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo { operations: Vec<Operation> },
    Plain(HashMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl PersistedQueries {
    /// Reads the file of known documents, all of which have to keep within the limits.
    pub(crate) fn new(settings: &Serve) -> Result<Self> {
        let mut known = HashMap::new();
        if let Some(path) = &settings.documents {
            for (id, text) in read(path)? {
                let document = ParsedDocument::read(text, &settings.limits).map_err(|refusal| {
                    Error::BadInput(format!("the document `{id}` in {}: {}", path.display(), refusal.message))
                })?;
                known.insert(id, Arc::new(document));
            }
        }
        let mode = if settings.documents.is_some() { settings.documents_mode } else { DocumentsMode::Off };
        let length = usize::try_from(settings.document_cache / 1000).unwrap_or(usize::MAX).max(1);
        let digests =
            known.values().map(|document: &Arc<ParsedDocument>| (document.digest, Arc::clone(document))).collect();
        Ok(Self { read: Cache::with_weighter(length, settings.document_cache, Length), known, digests, mode })
    }

    /// The document of a request, by its text, its id, or both.
    pub(crate) fn find(
        &self,
        text: Option<String>,
        id: Option<&str>,
        limits: &Limits,
        metrics: &Metrics,
    ) -> Result<Arc<ParsedDocument>, RequestError> {
        let mut found = "read before";
        let document = match (text, id) {
            (None, None) => {
                return Err(RequestError::unreadable("The request has no `query`: send a GraphQL document"));
            }
            (None, Some(id)) => self.by_id(id).ok_or_else(RequestError::unknown_document)?,
            (Some(text), id) => {
                let digest = Digest::from(Sha256::digest(&text));
                if id.is_some_and(|id| as_digest(id) != Some(digest) && !self.known.contains_key(id)) {
                    return Err(RequestError::unreadable(
                        "The digest given is not that of the `query`: send its SHA-256",
                    ));
                }
                match self.by_digest(&digest) {
                    Some(document) => document,
                    None if self.mode == DocumentsMode::Enforce => return Err(RequestError::forbidden_document()),
                    None => {
                        found = "parsed";
                        let document = Arc::new(ParsedDocument::read(text, limits)?);
                        self.read.insert(digest, Arc::clone(&document));
                        document
                    }
                }
            }
        };
        metrics.document(found);
        if self.mode == DocumentsMode::Log && !self.digests.contains_key(&document.digest) {
            tracing::warn!(
                digest = HEXLOWER.encode(&document.digest),
                "a document that is not in the file of known ones"
            );
        }
        Ok(document)
    }

    fn by_id(&self, id: &str) -> Option<Arc<ParsedDocument>> {
        self.known.get(id).cloned().or_else(|| self.by_digest(&as_digest(id)?))
    }

    fn by_digest(&self, digest: &Digest) -> Option<Arc<ParsedDocument>> {
        self.digests.get(digest).cloned().or_else(|| self.read.get(digest))
    }
}

impl ParsedDocument {
    fn read(text: String, limits: &Limits) -> Result<Self, RequestError> {
        limits::judge_text(&text, limits)?;
        let parsed = parse_query(&text).map_err(|error| misread(&error))?;
        Ok(Self { digest: Digest::from(Sha256::digest(&text)), text, parsed })
    }
}

fn read(path: &Path) -> Result<HashMap<String, String>> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Error::Io(format!("cannot read {}", path.display()), error))?;
    let manifest = serde_json::from_str(&text).map_err(|_| {
        let want = "write {\"ID\": \"DOCUMENT\", ...}, or the manifest of Apollo's tools";
        Error::BadInput(format!("{} is no file of documents: {want}", path.display()))
    })?;
    Ok(match manifest {
        Manifest::Plain(documents) => documents,
        Manifest::Apollo { operations } => operations.into_iter().map(|one| (one.id, one.body)).collect(),
    })
}

fn as_digest(id: &str) -> Option<Digest> {
    let hex = id.strip_prefix("sha256:").unwrap_or(id).to_ascii_lowercase();
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

/// The parser shows the whole line at fault, which may be the whole document: its last line says what is wrong.
fn misread(error: &async_graphql::parser::Error) -> RequestError {
    let text = error.to_string();
    let fault = text.trim().lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    let at: Option<Pos> = error.positions().next();
    let place = at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default();
    let message = format!("The query is not GraphQL{place}: {fault}");
    RequestError::document("GRAPHQL_PARSE_FAILED", message).at(at)
}

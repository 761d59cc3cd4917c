//! Persisted queries and the cache of parsed documents.
//!
//! A client may send the SHA-256 digest of a document instead of its text ("automatic persisted queries": the first time with
//! the text), or the id of a document in the `--documents` file. One cache therefore saves both parsing and bytes on the wire.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

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
use crate::graphql::validation::{
    Problem, SchemaIndex, duplicate_input_fields, first_cycle, normalized, validate_document,
};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits::{self, KnownSizes};
use crate::http::metrics::Metrics;

/// Maximum number of duplicate input fields that are reported.
const MAX_DUPLICATES: usize = 3;

/// A SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// A parsed document.
pub(crate) struct ParsedDocument {
    /// The digest of the text.
    pub(crate) digest: Digest,
    /// The text as the client sent it.
    pub(crate) text: String,
    /// The syntax tree.
    pub(crate) parsed: ExecutableDocument,
    /// The number of tokens.
    tokens: usize,
    /// The number of statements of its executions so far: [`UNKNOWN`], [`ONE`] or [`SEVERAL`].
    statements: AtomicU8,
    /// The problems of the document, found when it is first used.
    problems: OnceLock<Vec<Problem>>,
    /// The sizes of its operations.
    pub(crate) sizes: KnownSizes,
}

/// Approximate memory of a token in a syntax tree, in bytes: measured with documents of many short fields, the largest ones.
const TOKEN_MEMORY: u64 = 300;

#[derive(Clone)]
struct DocumentWeight;

impl Weighter<Digest, Arc<ParsedDocument>> for DocumentWeight {
    fn weight(&self, _: &Digest, document: &Arc<ParsedDocument>) -> u64 {
        document.memory()
    }
}

/// The documents that the server knows: those of the `--documents` file, and a cache of those parsed recently.
pub(crate) struct PersistedQueries {
    cache: Cache<Digest, Arc<ParsedDocument>, DocumentWeight>,
    /// Documents of the file, by id.
    by_id: HashMap<String, Arc<ParsedDocument>>,
    /// Documents of the file, by digest.
    by_digest: HashMap<Digest, Arc<ParsedDocument>>,
    mode: DocumentsMode,
}

/// A `--documents` file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// The manifest that Apollo's tools write.
    Apollo { operations: Vec<ManifestOperation> },
    /// A map from id to text.
    Plain(HashMap<String, String>),
}

#[derive(Deserialize)]
struct ManifestOperation {
    id: String,
    body: String,
}

impl PersistedQueries {
    /// Reads the `--documents` file. Every document in it must be valid GraphQL within the limits.
    pub(crate) fn new(settings: &Serve) -> Result<Self> {
        let mut by_id = HashMap::new();
        if let Some(path) = &settings.documents {
            for (id, text) in read_manifest(path)? {
                let document = ParsedDocument::parse(text, &settings.limits).map_err(|error| {
                    Error::BadInput(format!("the document `{id}` in {}: {}", path.display(), error.message))
                })?;
                by_id.insert(id, Arc::new(document));
            }
        }
        let mode = if settings.documents.is_some() { settings.documents_mode } else { DocumentsMode::Off };
        let expected_entries = usize::try_from(settings.document_cache / 50_000).unwrap_or(usize::MAX).max(1);
        let cache = Cache::with_weighter(expected_entries, settings.document_cache, DocumentWeight);
        let by_digest =
            by_id.values().map(|document: &Arc<ParsedDocument>| (document.digest, Arc::clone(document))).collect();
        Ok(Self { cache, by_id, by_digest, mode })
    }

    /// Returns the document of a request, given its text, its id or digest, or both.
    pub(crate) fn find(
        &self,
        text: Option<String>,
        id: Option<&str>,
        limits: &Limits,
        metrics: &Metrics,
    ) -> Result<Arc<ParsedDocument>, RequestError> {
        let mut is_known = true;
        let document = match (text, id) {
            (None, None) => {
                return Err(RequestError::bad_request("The request has no `query`: send a GraphQL document"));
            }
            (None, Some(id)) => self.find_by_id(id).ok_or_else(RequestError::persisted_query_not_found)?,
            (Some(text), id) => {
                let digest = Digest::from(Sha256::digest(&text));
                if id.is_some_and(|id| parse_digest(id) != Some(digest) && !self.by_id.contains_key(id)) {
                    return Err(RequestError::bad_request(
                        "The `documentId` or `sha256Hash` does not match the `query`: send the SHA-256 digest of exactly this text",
                    ));
                }
                match self.find_by_digest(&digest) {
                    Some(document) => document,
                    None if self.mode == DocumentsMode::Enforce => return Err(RequestError::document_not_allowed()),
                    None => {
                        is_known = false;
                        Arc::new(ParsedDocument::parse(text, limits)?)
                    }
                }
            }
        };
        metrics.count_document(is_known);
        if self.mode == DocumentsMode::Log && !self.by_digest.contains_key(&document.digest) {
            tracing::warn!(digest = HEXLOWER.encode(&document.digest), "the document is not in the `--documents` file");
        }
        Ok(document)
    }

    /// Keeps a document in the cache. It must be valid: other documents would push valid ones out of the cache.
    pub(crate) fn keep(&self, document: &Arc<ParsedDocument>) {
        if self.find_by_digest(&document.digest).is_none() {
            self.cache.insert(document.digest, Arc::clone(document));
        }
    }

    fn find_by_id(&self, id: &str) -> Option<Arc<ParsedDocument>> {
        self.by_id.get(id).cloned().or_else(|| self.find_by_digest(&parse_digest(id)?))
    }

    fn find_by_digest(&self, digest: &Digest) -> Option<Arc<ParsedDocument>> {
        self.by_digest.get(digest).cloned().or_else(|| self.cache.get(digest))
    }
}

/// The document was not executed yet.
const UNKNOWN: u8 = 0;
/// Each execution had at most one statement.
const ONE: u8 = 1;
/// An execution had several statements.
const SEVERAL: u8 = 2;

impl ParsedDocument {
    /// Returns whether an execution will probably have one statement only.
    pub(crate) fn expects_one_statement(&self) -> bool {
        self.statements.load(Ordering::Relaxed) == ONE
    }

    /// Learns from an execution how many statements the document has.
    pub(crate) fn had_statements(&self, number: usize) {
        let seen = if number <= 1 { ONE } else { SEVERAL };
        self.statements.fetch_max(seen, Ordering::Relaxed);
    }

    /// Returns what is wrong with the document in the schema. It is validated once, when it is first used.
    pub(crate) fn problems(&self, schema: &SchemaIndex) -> &[Problem] {
        self.problems.get_or_init(|| {
            let mut problems = validate_document(&self.parsed, schema);
            problems.extend(duplicate_input_fields(&self.text, MAX_DUPLICATES));
            problems
        })
    }

    /// Parses a document. Errors: `LIMIT` for a text that is too long, `GRAPHQL_PARSE_FAILED` for one that is not GraphQL,
    /// `GRAPHQL_VALIDATION_FAILED` when a fragment spreads itself.
    pub(crate) fn parse(text: String, limits: &Limits) -> Result<Self, RequestError> {
        let tokens = limits::check_text(&text, limits)?;
        let parsed = parse_query(normalized(&text)).map_err(|error| syntax_error(&error))?;
        // Checked here already, because the limits are measured by following the spreads of fragments.
        if let Some(Problem { position, message }) = first_cycle(&parsed) {
            let error = RequestError::invalid_document("GRAPHQL_VALIDATION_FAILED", message);
            return Err(error.at_position(Some(position)));
        }
        Ok(Self {
            digest: Digest::from(Sha256::digest(&text)),
            text,
            parsed,
            tokens,
            statements: AtomicU8::new(UNKNOWN),
            problems: OnceLock::new(),
            sizes: KnownSizes::default(),
        })
    }

    /// The approximate memory of the document, in bytes. The constant covers the empty document.
    pub(crate) fn memory(&self) -> u64 {
        self.text.len() as u64 + self.tokens as u64 * TOKEN_MEMORY + 500
    }
}

fn read_manifest(path: &Path) -> Result<HashMap<String, String>> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Error::Io(format!("cannot read {}", path.display()), error))?;
    let manifest = serde_json::from_str(&text).map_err(|_| {
        let expected = "write {\"ID\": \"DOCUMENT\", ...} or the manifest of Apollo's tools";
        Error::BadInput(format!("{} is not a `--documents` file: {expected}", path.display()))
    })?;
    Ok(match manifest {
        Manifest::Plain(documents) => documents,
        Manifest::Apollo { operations } => operations.into_iter().map(|one| (one.id, one.body)).collect(),
    })
}

/// Parses a digest: 64 hexadecimal digits, optionally after `sha256:`.
fn parse_digest(id: &str) -> Option<Digest> {
    let hex = id.strip_prefix("sha256:").unwrap_or(id).to_ascii_lowercase();
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

/// Converts a parser error. Its text quotes the whole line at fault, which may be the whole document, so only the last line
/// is used: it says what is wrong.
fn syntax_error(error: &async_graphql::parser::Error) -> RequestError {
    let text = error.to_string();
    let reason = text.trim().lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    let position: Option<Pos> = error.positions().next();
    let place = position.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default();
    let message = format!("Syntax error in the query{place}: {reason}");
    RequestError::invalid_document("GRAPHQL_PARSE_FAILED", message).at_position(position)
}

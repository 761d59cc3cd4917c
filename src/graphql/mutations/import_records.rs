//! The mutation `importRecords`. It uses the same import as the command line.

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::loading::session::{SharedError, caller, session};
use crate::graphql::types::node::NodeKind;
use crate::import;
use crate::import::{IdempotencyKey, Options, RecordVersion, Report, Source};

/// The mutation that imports records.
#[derive(Default)]
pub struct ImportMutation;

/// The mutation that imports records.
#[Object]
impl ImportMutation {
    /// Imports records by the same rules as `newsgraph import`: in one transaction, all or nothing, and idempotent by
    /// dataset and key.
    ///
    /// Invalid records are not errors of the request: they are reported in `problems`. Needs the scope WRITE. Errors:
    /// `UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope; `BAD_INPUT` for an empty `dataset` or a
    /// malformed `idempotencyKey`; `LIMIT` for too many `expectedVersions`; `CONFLICT` when one of the
    /// `expectedVersions` is outdated, or the `idempotencyKey` was used for another write.
    #[allow(clippy::too_many_arguments)]
    async fn import_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The records, each a JSON object as described by `newsgraph schema --records`. The first may be the dataset."
        )]
        records: Vec<Json<Value>>,
        #[graphql(desc = "Key of the records' dataset; required unless the first record is a dataset.")]
        dataset: Option<String>,
        #[graphql(desc = "Validate the records and report what would change, but write nothing.", default)]
        dry_run: bool,
        #[graphql(desc = "Skip invalid records and records that reference them, and import the others.", default)]
        keep_going: bool,
        #[graphql(
            desc = "Optimistic concurrency control: record versions on which this write is based. If one of the records was changed since, nothing is written (`CONFLICT`). At most 1,000.",
            default
        )]
        expected_versions: Vec<ExpectedVersion>,
        #[graphql(
            desc = "Idempotency key chosen by the client, 1 to 200 characters. Repeating the write with the same key within 7 days returns the first report and writes nothing, so a write can be retried after a lost response. The same key with other records is an error (`CONFLICT`). Ignored for dry runs."
        )]
        idempotency_key: Option<String>,
    ) -> Result<ImportReport, SharedError> {
        let caller = caller(ctx);
        caller.require(Scope::Write)?;
        if dataset.as_ref().is_some_and(|key| key.trim().is_empty()) {
            return Err(
                Error::BadInput("`dataset` is empty: give the key of a dataset, or omit the argument".into()).into()
            );
        }
        // JSON Lines, as the import reads them: serialized JSON contains no line breaks.
        let lines: String = records.iter().map(|record| format!("{}\n", record.0)).collect();
        let idempotency = idempotency_key
            .map(|key| idempotent(key, &[&lines, dataset.as_deref().unwrap_or_default(), &format!("{keep_going}")]));
        let idempotency = idempotency.transpose()?.filter(|_| !dry_run);
        let expected = read_expected_versions(expected_versions)?;
        let source = Source::embedded("records", &lines)?;
        let by = caller.name.clone().unwrap_or_default();
        let options = Options { dataset, dry_run, keep_going, by, idempotency, expected, commit_every: None };
        let report = import::import(session(ctx)?.db(), &[source], &options, &mut ()).await?;
        Ok(ImportReport::of(report))
    }
}

/// Maximum number of expected versions.
const MAX_EXPECTED_VERSIONS: usize = 1000;

/// Maximum length of an idempotency key, in code points.
const MAX_IDEMPOTENCY_KEY: usize = 200;

/// Reads the argument `expectedVersions`.
pub(crate) fn read_expected_versions(versions: Vec<ExpectedVersion>) -> Result<Vec<RecordVersion>, Error> {
    if versions.len() > MAX_EXPECTED_VERSIONS {
        return Err(Error::Limit(format!(
            "`expectedVersions` has more than {MAX_EXPECTED_VERSIONS} records: split the write"
        )));
    }
    versions.into_iter().map(ExpectedVersion::read).collect()
}

/// Returns an idempotency key with a digest of the request. Each part is hashed after its length.
pub(crate) fn idempotent(key: String, parts: &[&str]) -> Result<IdempotencyKey, Error> {
    if key.is_empty() || key.chars().count() > MAX_IDEMPOTENCY_KEY {
        return Err(Error::BadInput(format!("`idempotencyKey` must have 1 to {MAX_IDEMPOTENCY_KEY} characters")));
    }
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    Ok(IdempotencyKey { key, digest: HEXLOWER.encode(&digest.finalize()) })
}

/// The version of a record that a client has read.
#[derive(InputObject)]
pub struct ExpectedVersion {
    /// Key of the record, in the dataset that the mutation writes to.
    key: String,
    /// The record's `Provenance.version` as read; null if the record must not exist yet.
    version: Option<ID>,
}

impl ExpectedVersion {
    fn read(self) -> Result<RecordVersion, Error> {
        let version = self.version.map(|version| NodeKind::Change.number(&version)).transpose()?;
        Ok(RecordVersion { key: self.key, version })
    }
}

/// The result of a write, or with `dryRun` the result that it would have.
#[derive(SimpleObject)]
pub struct ImportReport {
    /// True if the write was committed; false for a dry run, and when a problem stopped the write.
    written: bool,
    /// Number of records by kind and outcome.
    counts: Vec<ImportCount>,
    /// Problems, first of stored records, then in the order of the request: all of them if there are at most 10,000, otherwise the first 10,000 found.
    problems: Vec<ImportProblem>,
    /// Number of further problems, which are not listed.
    more_problems: i32,
    /// Records that changed, with the changed columns; the first 1,000.
    updates: Vec<ImportUpdate>,
    /// Corrections that were made to the records during the import.
    notes: Vec<String>,
}

/// Number of records of one kind by outcome.
#[derive(SimpleObject)]
pub struct ImportCount {
    /// Kind of record, such as `event`; persons, organizations, groups and anonymous sources are `actor`. Also
    /// `dataset`, `merge`, `row` (of a feed) and `unreadable`.
    kind: String,
    /// New records.
    created: i32,
    /// Existing records that changed.
    updated: i32,
    /// Existing records that did not change.
    unchanged: i32,
    /// Invalid records.
    rejected: i32,
    /// Deleted records.
    deleted: i32,
}

/// A problem with one record of the request, or with a stored record that would become invalid.
#[derive(SimpleObject)]
pub struct ImportProblem {
    /// Position in the request, from 0: of the record in `records`, or of the key in `keys`. Null for a problem of a
    /// stored record, which is not in the request but would become invalid: `dataset` and `key` name it.
    index: Option<i32>,
    /// Dataset of a stored record that would become invalid; null for a record of the request.
    dataset: Option<String>,
    /// Key of the record; null if it has none.
    key: Option<String>,
    /// JSON Pointer (RFC 6901) to the invalid value; empty for the record as a whole.
    pointer: String,
    /// Description of the problem.
    message: String,
    /// Suggested correction.
    suggestion: Option<String>,
}

/// A record that changed.
#[derive(SimpleObject)]
pub struct ImportUpdate {
    /// Position of the record in `records`, from 0.
    index: i32,
    /// Key of the record; for a merge decision, a text that names the two entities.
    key: String,
    /// Changed columns. Columns of a child record follow its JSON Pointer; added and removed child records are listed
    /// by their pointer.
    fields: Vec<String>,
}

impl ImportReport {
    pub(crate) fn of(report: Report) -> Self {
        // Lines are counted from 1. The size limit of a request keeps them below the maximum of GraphQL's Int.
        let index = |line: u64| number(line.saturating_sub(1));
        let counts = report.kinds.into_iter().map(|(kind, counts)| ImportCount {
            kind,
            created: number(counts.created),
            updated: number(counts.updated),
            unchanged: number(counts.unchanged),
            rejected: number(counts.rejected),
            deleted: number(counts.deleted),
        });
        let problems = report.problems.into_iter().map(|problem| ImportProblem {
            index: problem.is_on_line().then(|| index(problem.line)),
            dataset: problem.dataset,
            key: problem.key,
            pointer: problem.pointer,
            message: problem.message,
            suggestion: problem.suggestion,
        });
        let updates = report.updates.into_iter().map(|updated| ImportUpdate {
            index: index(updated.line),
            key: updated.key,
            fields: updated.fields,
        });
        Self {
            written: report.written,
            counts: counts.collect(),
            problems: problems.collect(),
            more_problems: number(report.more_problems),
            updates: updates.collect(),
            notes: report.notes,
        }
    }
}

fn number(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

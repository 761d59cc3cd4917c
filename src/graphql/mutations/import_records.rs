//! The mutation `importRecords`. It uses the same import as the command line.

use async_graphql::{ID, InputObject, Json};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::node::NodeKind;
use crate::import;
use crate::import::{IdempotencyKey, Options, RecordVersion, Report, Source};

root_fields! {
    root_fields {
        /// Imports records by the same rules as `newsgraph import`: in one transaction, all or nothing, and idempotent by
        /// dataset and key.
        ///
        /// Invalid records are not errors of the request: they are reported in `problems`. Needs the scope WRITE. Errors:
        /// `UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope; `BAD_INPUT` for an empty `dataset` or a
        /// malformed `idempotencyKey`; `LIMIT` for too many `expectedVersions`; `CONFLICT` when one of the
        /// `expectedVersions` is outdated, or the `idempotencyKey` was used for another write.
        import_records(
            records: Vec<Json<Value>>, "The records, each a JSON object as described by `newsgraph schema --records`. The first may be the dataset.";
            dataset: Option<String>, "Key of the records' dataset; required unless the first record is a dataset.";
            dry_run: bool = false, "Validate the records and report what would change, but write nothing.";
            keep_going: bool = false, "Skip invalid records and records that reference them, and import the others.";
            expected_versions: Vec<ExpectedVersion> = Vec::new(), "Optimistic concurrency control: record versions on which this write is based. If one of the records was changed since, nothing is written (`CONFLICT`). At most 1,000.";
            idempotency_key: Option<String>, "Idempotency key chosen by the client, 1 to 200 characters. Repeating the write with the same key within 7 days returns the first report and writes nothing, so a write can be retried after a lost response. The same key with other records is an error (`CONFLICT`). Ignored for dry runs.";
        ): ImportReport = function(import_records);
    }
}

/// Imports records.
fn import_records<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        call.caller.require(Scope::Write)?;
        let dataset: Option<String> = call.argument("dataset")?;
        if dataset.as_ref().is_some_and(|key| key.trim().is_empty()) {
            return Err(
                Error::BadInput("`dataset` is empty: give the key of a dataset, or omit the argument".into()).into()
            );
        }
        let (dry_run, keep_going): (bool, bool) = (call.argument("dryRun")?, call.argument("keepGoing")?);
        // JSON Lines, as the import reads them: serialized JSON contains no line breaks.
        let records: Vec<Json<Value>> = call.argument("records")?;
        let lines: String = records.iter().map(|record| format!("{}\n", record.0)).collect();
        let idempotency = call
            .argument::<Option<String>>("idempotencyKey")?
            .map(|key| idempotent(key, &[&lines, dataset.as_deref().unwrap_or_default(), &format!("{keep_going}")]));
        let idempotency = idempotency.transpose()?.filter(|_| !dry_run);
        let expected = read_expected_versions(call.argument("expectedVersions")?)?;
        let source = Source::embedded("records", &lines)?;
        let by = call.caller.name.clone().unwrap_or_default();
        let options = Options { dataset, dry_run, keep_going, by, idempotency, expected, commit_every: None };
        let report = import::import(call.session.db(), &[source], &options, &mut ()).await?;
        Ok(call.at_root(import_report(report)))
    })
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

object! {
    /// The result of a write, or with `dryRun` the result that it would have.
    ImportReport {
        /// True if the write was committed; false for a dry run, and when a problem stopped the write.
        written: bool = own;
        /// Number of records by kind and outcome.
        counts: Vec<ImportCount> = own;
        /// Problems, first of stored records, then in the order of the request: all of them if there are at most 10,000, otherwise the first 10,000 found.
        problems: Vec<ImportProblem> = own;
        /// Number of further problems, which are not listed.
        more_problems: i32 = own;
        /// Records that changed, with the changed columns; the first 1,000.
        updates: Vec<ImportUpdate> = own;
        /// Corrections that were made to the records during the import.
        notes: Vec<String> = own;
    }
}

object! {
    /// Number of records of one kind by outcome.
    ImportCount {
        /// Kind of record, such as `event`; persons, organizations, groups and anonymous sources are `actor`. Also
        /// `dataset`, `merge`, `row` (of a feed) and `unreadable`.
        kind: String = own;
        /// New records.
        created: i32 = own;
        /// Existing records that changed.
        updated: i32 = own;
        /// Existing records that did not change.
        unchanged: i32 = own;
        /// Invalid records.
        rejected: i32 = own;
        /// Deleted records.
        deleted: i32 = own;
    }
}

object! {
    /// A problem with one record of the request, or with a stored record that would become invalid.
    ImportProblem {
        /// Position in the request, from 0: of the record in `records`, or of the key in `keys`. Null for a problem of a
        /// stored record, which is not in the request but would become invalid: `dataset` and `key` name it.
        index: Option<i32> = own;
        /// Dataset of a stored record that would become invalid; null for a record of the request.
        dataset: Option<String> = own;
        /// Key of the record; null if it has none.
        key: Option<String> = own;
        /// JSON Pointer (RFC 6901) to the invalid value; empty for the record as a whole.
        pointer: String = own;
        /// Description of the problem.
        message: String = own;
        /// Suggested correction.
        suggestion: Option<String> = own;
    }
}

object! {
    /// A record that changed.
    ImportUpdate {
        /// Position of the record in `records`, from 0.
        index: i32 = own;
        /// Key of the record; for a merge decision, a text that names the two entities.
        key: String = own;
        /// Changed columns. Columns of a child record follow its JSON Pointer; added and removed child records are listed
        /// by their pointer.
        fields: Vec<String> = own;
    }
}

/// Computes the report of a write.
pub(crate) fn import_report(report: Report) -> Computed {
    // Lines are counted from 1. The size limit of a request keeps them below the maximum of GraphQL's Int.
    let index = |line: u64| number(line.saturating_sub(1));
    let counts = report.kinds.into_iter().map(|(kind, counts)| {
        Computed::object(
            "ImportCount",
            [
                ("kind", kind.into()),
                ("created", number(counts.created)),
                ("updated", number(counts.updated)),
                ("unchanged", number(counts.unchanged)),
                ("rejected", number(counts.rejected)),
                ("deleted", number(counts.deleted)),
            ],
        )
    });
    let problems = report.problems.into_iter().map(|problem| {
        let position = if problem.is_on_line() { index(problem.line) } else { Computed::Null };
        Computed::object(
            "ImportProblem",
            [
                ("index", position),
                ("dataset", problem.dataset.into()),
                ("key", problem.key.into()),
                ("pointer", problem.pointer.into()),
                ("message", problem.message.into()),
                ("suggestion", problem.suggestion.into()),
            ],
        )
    });
    let updates = report.updates.into_iter().map(|updated| {
        let fields = [("index", index(updated.line)), ("key", updated.key.into()), ("fields", updated.fields.into())];
        Computed::object("ImportUpdate", fields)
    });
    Computed::object(
        "ImportReport",
        [
            ("written", report.written.into()),
            ("counts", Computed::List(counts.collect())),
            ("problems", Computed::List(problems.collect())),
            ("moreProblems", number(report.more_problems)),
            ("updates", Computed::List(updates.collect())),
            ("notes", report.notes.into()),
        ],
    )
}

fn number(number: u64) -> Computed {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

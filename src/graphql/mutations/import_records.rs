//! Records by the API: the same writer as the command line's.

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::loading::session::{SharedError, caller, session};
use crate::graphql::types::node::NodeKind;
use crate::import;
use crate::import::{Expected, Once, Options, Report, Source};

/// What can be written.
#[derive(Default)]
pub struct ImportMutation;

/// What can be written.
#[Object]
impl ImportMutation {
    /// Writes records, as `newsgraph import` does and by the same rules: in one transaction, all or nothing, and idempotent by
    /// dataset and key. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key, `FORBIDDEN` without the scope,
    /// `BAD_INPUT` for a dataset that has no key, `CONFLICT` when somebody else was faster. Mistakes in records are no errors of the request: they are in the answer.
    #[allow(clippy::too_many_arguments)]
    async fn import_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The records, each a JSON object as `newsgraph schema --records` describes it. The first may be the dataset."
        )]
        records: Vec<Json<Value>>,
        #[graphql(desc = "The key of their dataset, where the first of them is not one.")] dataset: Option<String>,
        #[graphql(desc = "Say what would be done and write nothing.", default)] dry_run: bool,
        #[graphql(desc = "Leave out records with mistakes and what refers to them, and write the others.", default)]
        keep_going: bool,
        #[graphql(
            desc = "The versions of records on which this is written: a record that was changed since refuses all of it (`CONFLICT`). At most 1,000.",
            default
        )]
        expected_versions: Vec<ExpectedVersion>,
        #[graphql(
            desc = "What the client calls this write, 1 to 200 letters: asked for again within 7 days it is answered again and not done again, so it can be repeated when an answer was lost. The same key for other records is an error (`CONFLICT`)."
        )]
        idempotency_key: Option<String>,
    ) -> Result<ImportReport, SharedError> {
        let caller = caller(ctx);
        caller.needs(Scope::Write)?;
        if dataset.as_ref().is_some_and(|key| key.trim().is_empty()) {
            return Err(Error::BadInput("`dataset` is empty: give its key, or leave it out".into()).into());
        }
        // JSON Lines, as the writer reads them: what a value holds has no line breaks in it.
        let lines: String = records.iter().map(|record| format!("{}\n", record.0)).collect();
        let once = idempotency_key
            .map(|key| once(key, &[&lines, dataset.as_deref().unwrap_or_default(), &format!("{keep_going}")]));
        let once = once.transpose()?.filter(|_| !dry_run);
        let expected = expected(expected_versions)?;
        let source = Source::embedded("records", &lines)?;
        let by = caller.name.clone().unwrap_or_default();
        let options = Options { dataset, dry_run, keep_going, by, once, expected, commit_every: None };
        let report = import::import(session(ctx)?.db(), &[source], &options, &mut ()).await?;
        Ok(ImportReport::of(report))
    }
}

/// The most records that can be expected to be unchanged.
const MOST_EXPECTED: usize = 1000;

/// The longest key of a write.
const LONGEST_KEY: usize = 200;

/// What a client expects to be unchanged.
pub(crate) fn expected(versions: Vec<ExpectedVersion>) -> Result<Vec<Expected>, Error> {
    if versions.len() > MOST_EXPECTED {
        return Err(Error::Limit(format!("`expectedVersions` has more than {MOST_EXPECTED} records: write in parts")));
    }
    versions.into_iter().map(ExpectedVersion::read).collect()
}

/// A write by the name that its client gives it, and a digest of what it says.
pub(crate) fn once(key: String, parts: &[&str]) -> Result<Once, Error> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        return Err(Error::BadInput(format!("`idempotencyKey` has 1 to {LONGEST_KEY} letters: give another")));
    }
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    Ok(Once { key, digest: HEXLOWER.encode(&digest.finalize()) })
}

/// A record as the client has seen it.
#[derive(InputObject)]
pub struct ExpectedVersion {
    /// The key of the record, in the dataset that is written.
    key: String,
    /// `Provenance.version` of it; null when there is to be no such record yet.
    version: Option<ID>,
}

impl ExpectedVersion {
    fn read(self) -> Result<Expected, Error> {
        let version = self.version.map(|version| NodeKind::Change.number(&version)).transpose()?;
        Ok(Expected { key: self.key, version })
    }
}

/// What a write did, or with `dryRun` would do.
#[derive(SimpleObject)]
pub struct ImportReport {
    /// Whether it was written: false for a dry run, and when a mistake stopped it.
    written: bool,
    /// How many records of each kind had which fate.
    counts: Vec<ImportCount>,
    /// The mistakes of records in the order of the records; all when there are at most 10,000, or else the first that were found.
    problems: Vec<ImportProblem>,
    /// How many mistakes there are besides.
    more_problems: i32,
    /// The records that changed and what in them, the first 1,000.
    updates: Vec<ImportUpdate>,
    /// What was put right on the way.
    notes: Vec<String>,
}

/// How many records of one kind had which fate.
#[derive(SimpleObject)]
pub struct ImportCount {
    /// The noun, such as `event`; persons, organizations, groups and anonymous sources are `actor`. Also `dataset`, `merge`,
    /// `row` (of a feed) and `unreadable`.
    kind: String,
    /// New.
    created: i32,
    /// Known, and other than before.
    updated: i32,
    /// Known, and as before.
    unchanged: i32,
    /// With a mistake, and left out.
    rejected: i32,
    /// Taken away.
    deleted: i32,
}

/// One mistake in one record.
#[derive(SimpleObject)]
pub struct ImportProblem {
    /// Which of the records it is, from 0.
    index: i32,
    /// The key of the record, when it has one.
    key: Option<String>,
    /// JSON pointer (RFC 6901) to what is wrong; empty for the record as a whole.
    pointer: String,
    /// What is wrong.
    message: String,
    /// What to write instead.
    suggestion: Option<String>,
}

/// A record that changed.
#[derive(SimpleObject)]
pub struct ImportUpdate {
    /// Which of the records it is, from 0.
    index: i32,
    /// The record's key; of a judgement the two that were judged, in words.
    key: String,
    /// The columns that changed, those of parts behind the part's pointer; parts that came or went by their pointer.
    fields: Vec<String>,
}

impl ImportReport {
    pub(crate) fn of(report: Report) -> Self {
        // Lines are counted from 1, and a request holds far fewer than GraphQL's Int.
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
            index: index(problem.line),
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

//! The passes of an import.
//!
//! Each attempt reads the files up to three times within one transaction:
//!
//! 1. [`pass1_register`] gives every key an id, so that references may be in any order.
//! 2. [`pass2_store`] resolves references and writes rows. Rows are then validated against each other.
//! 3. [`pass3_merges`] applies merge decisions, if the files have any.
//!
//! An attempt that finds invalid records writes nothing. With `keep_going`, [`run`](run::import) excludes their lines
//! and tries again, until an attempt finds no more problems: records that refer to an excluded record are excluded
//! next. With `commit_every`, [`chunks`] splits the files, and each chunk is a separate transaction.

mod batches;
mod chunks;
pub(crate) mod idempotency;
mod join_tables;
mod key_lookup;
mod pass1_register;
mod pass2_store;
mod pass3_merges;
mod prune_orphans;
mod rejections;
mod run;
mod shared;
mod slugs;

use std::collections::HashMap;

use entity::dataset;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};

use crate::db::{Dialect, now};
use crate::error::{Error, Result};
use crate::import::merge::redirect;
use crate::import::passes::batches::{BATCH, Pass};
use crate::import::passes::chunks::{FilePosition, ResumableImport, State};
pub use crate::import::passes::idempotency::{IdempotencyKey, RecordVersion};
use crate::import::passes::rejections::{LineSet, Rejections};
use crate::import::passes::run::AttemptResult;
pub use crate::import::passes::run::import;
use crate::import::problem::Problem;
use crate::import::report::{Counts, Report};
use crate::import::source::Source;
use crate::import::validate::builder::{FieldProblem, UNRESOLVED};
use crate::import::validate::cross_record;
use crate::import::{change_log, derive, index, temp_tables};

/// The number of records after which PostgreSQL's statistics are updated for the first time within an import, and then
/// whenever four times as many are handled. With statistics of empty tables PostgreSQL would look keys up by scanning.
const FIRST_ANALYZE: usize = 20_000;

/// Options of an import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The dataset of records in files that do not start with a dataset.
    pub dataset: Option<String>,
    /// Validate and report what would change, but write nothing.
    pub dry_run: bool,
    /// Skip invalid records and write the others.
    pub keep_going: bool,
    /// The author of the changes, for the audit log.
    pub by: String,
    /// Return the report of an earlier write with the same key instead of writing again.
    pub idempotency: Option<IdempotencyKey>,
    /// Write only if these records have the given versions.
    pub expected: Vec<RecordVersion>,
    /// Commit after this number of records. An interrupted import resumes there when it is started again. An invalid
    /// record then rejects its chunk and all later ones.
    pub commit_every: Option<u64>,
}

/// Receives the progress of an import.
pub trait Progress {
    /// A line of `bytes` bytes was read. Each line is read twice.
    fn read(&mut self, bytes: u64);
    /// All lines are read, and another stage begins.
    fn stage(&mut self, _name: &'static str) {}
    /// The import starts again, or resumes, after the first `bytes` bytes of the files.
    fn restart(&mut self, _bytes: u64) {}
}

impl Progress for () {
    fn read(&mut self, _bytes: u64) {}
}

/// A line of an input file.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct LinePosition {
    /// The index of the file.
    file: usize,
    /// From 1; 0 stands for a stored record, which is not in the files.
    line: u64,
}

/// One attempt to import the files, or a chunk of them, within one transaction.
struct ImportAttempt<'a> {
    transaction: &'a DatabaseTransaction,
    dialect: Dialect,
    sources: &'a [Source],
    options: &'a Options,
    /// The position where the chunk starts, and its maximum number of records.
    start: &'a FilePosition,
    max_records: u64,
    /// The id of the resumable import that the chunk is part of.
    run_id: Option<i64>,
    /// The position of the first merge decision, and the number of records of the chunk from there on.
    merges: Option<(FilePosition, u64)>,
    /// The pairs that this import has decided on, each with its line.
    decided: HashMap<(i64, i64), LinePosition>,
    /// Lines that earlier attempts excluded, and the problems that they found on them.
    excluded: &'a LineSet,
    earlier: &'a Rejections,
    progress: &'a mut (dyn Progress + Send + Sync),
    /// Ids from here on are assigned by this attempt.
    first_new_id: i64,
    next_id: i64,
    next_change: i64,
    /// The number of records that the current pass has handled, and the number after which statistics are updated.
    handled: usize,
    analyze_after: usize,
    started_at: i64,
    /// The batch id that the changes of this import share in the audit log.
    batch: String,
    /// Whether entities are merged: then references are redirected.
    has_merges: bool,
    dataset: Option<dataset::Model>,
    rejections: Rejections,
    /// Lines of feeds that are skipped without a problem: they add to an entity that is not stored.
    skipped: LineSet,
    /// Lines of feeds that are skipped because nothing that is stored refers to their records.
    orphans: LineSet,
    report: Report,
}

impl<'a> ImportAttempt<'a> {
    async fn new(
        transaction: &'a DatabaseTransaction,
        sources: &'a [Source],
        options: &'a Options,
        state: &'a State,
        run: Option<&ResumableImport>,
        progress: &'a mut (dyn Progress + Send + Sync),
    ) -> Result<Self> {
        temp_tables::create(transaction).await?;
        let (next_id, next_change) = change_log::next(transaction).await?;
        Ok(Self {
            transaction,
            dialect: Dialect(transaction.get_database_backend()),
            sources,
            options,
            start: &state.position,
            max_records: run.map_or(u64::MAX, |run| run.max_records),
            run_id: run.map(|run| run.id),
            merges: None,
            decided: HashMap::new(),
            excluded: &state.excluded,
            earlier: &state.rejections,
            progress,
            first_new_id: next_id,
            next_id,
            next_change,
            handled: 0,
            // Earlier chunks have updated the statistics.
            analyze_after: if state.chunks == 0 { FIRST_ANALYZE } else { usize::MAX },
            started_at: now(),
            batch: state.batch.clone().unwrap_or(next_change.to_string()),
            has_merges: redirect::is_needed(transaction).await?,
            dataset: None,
            rejections: Rejections::default(),
            skipped: LineSet::default(),
            orphans: LineSet::default(),
            report: Report::default(),
        })
    }

    /// Runs all passes. Returns the end of the chunk, unless it is the end of the files.
    async fn run(&mut self) -> Result<Option<FilePosition>> {
        let analyze_after = self.analyze_after;
        self.read_files(Pass::Register).await?;
        if self.rejections.is_empty()
            && let Some(dataset) = &self.dataset
        {
            idempotency::check_versions(self.transaction, dataset.id, &self.options.expected).await?;
        }
        (self.handled, self.analyze_after) = (0, analyze_after);
        let end = self.read_files(Pass::Store).await?;
        self.validate_rows().await?;
        if end.is_none() {
            // Later chunks may refer to records that nothing refers to yet.
            self.find_orphans().await?;
        }
        if let Some((first, left)) = self.merges.take() {
            self.progress.stage("merging");
            self.read_files_from(Pass::Merge, &first, left).await?;
        }
        if !self.rejections.is_empty() || !self.skipped.is_empty() || !self.orphans.is_empty() {
            // The attempt will be rolled back, and derived data needs valid rows.
            return Ok(end);
        }
        if end.is_none() {
            self.drop_older_records().await?;
        }
        self.progress.stage("deriving");
        derive::derive(self.transaction).await?;
        self.progress.stage("indexing");
        index::index(self.transaction, Some(self.first_new_id)).await?;
        change_log::save_counters(self.transaction, self.next_id, self.next_change).await?;
        self.progress.stage("committing");
        Ok(end)
    }

    /// Validates rows against each other. Rows of invalid records are not written: that may hide a problem, but never
    /// causes one.
    async fn validate_rows(&mut self) -> Result<()> {
        self.progress.stage("validating");
        temp_tables::analyze(self.transaction).await?;
        if self.has_merges {
            redirect::apply_to_import(self.transaction).await?;
        }
        let (mut problems, moved) = cross_record::check(self.transaction).await?;
        if self.has_merges {
            problems.extend(cross_record::links_between_merged(self.transaction).await?);
        }
        let max = cross_record::MAX_PROBLEMS;
        if problems.len() >= max {
            self.report.notes.push(format!("validation stopped after {max} problems"));
        }
        for problem in problems {
            self.row_problem(problem).await?;
        }
        for (id, what) in moved.notes {
            self.row_note(id, &what).await?;
        }
        if moved.more > 0 {
            self.report
                .notes
                .push(format!("{} more spans of evidence moved to the position of their quote", moved.more));
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<AttemptResult> {
        self.suggest_keys().await?;
        let Self { rejections, skipped, orphans, report, .. } = self;
        Ok(AttemptResult { rejections, skipped, orphans, report })
    }

    fn problem(&mut self, at: LinePosition, kind: Option<&str>, key: Option<&str>, problem: FieldProblem) {
        let source = &self.sources[at.file];
        if problem.message.ends_with(UNRESOLVED) {
            if source.feed.as_ref().is_some_and(|feed| feed.needs_target(at.line)) {
                self.skipped.insert(at.file, at.line);
                return;
            }
            self.rejections.has_unresolved = true;
        }
        let problem = Problem::new(&source.name, source.raw_line(at.line), key, problem);
        self.rejections.add(at, kind, key, problem, self.earlier);
    }

    /// Returns whether a line is rejected or skipped in this attempt.
    fn is_rejected(&self, at: LinePosition) -> bool {
        self.rejections.lines.contains(at.file, at.line) || self.skipped.contains(at.file, at.line)
    }

    fn dataset(&self) -> Result<&dataset::Model> {
        self.dataset.as_ref().ok_or_else(|| Error::Internal("no dataset is open".into()))
    }
}

/// The outcome of importing a record.
enum RecordOutcome {
    Created,
    Updated,
    Unchanged,
}

impl RecordOutcome {
    fn count(&self, counts: &mut Counts) {
        match self {
            Self::Created => counts.created += 1,
            Self::Updated => counts.updated += 1,
            Self::Unchanged => counts.unchanged += 1,
        }
    }
}

//! One import: one transaction or several, two readings of each line, a third one of judgements, one answer.

mod batches;
mod chunks;
pub(crate) mod idempotency;
mod key_lookup;
mod pass1_register;
mod pass2_store;
mod pass3_merges;
mod prune_orphans;
mod rejections;
mod run;

use std::collections::HashMap;

use entity::dataset;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};

use crate::db::{Dialect, now};
use crate::error::{Error, Result};
use crate::import::merge::redirect;
use crate::import::problem::Problem;
use crate::import::report::Report;
use crate::import::source::Source;
use crate::import::validate::builder::Mistake;
use crate::import::validate::cross_record;
use crate::import::{change_log, derive, index, temp_tables};

/// After so many lines PostgreSQL looks at its tables for the first time within an import, and then whenever they have become four
/// times as many: as long as it takes them for empty it looks keys up by reading all of them.
const FIRST_LOOK: usize = 20_000;

use crate::import::passes::batches::{BATCH, Pass};
use crate::import::passes::chunks::{FilePosition, ResumableImport, State};
pub use crate::import::passes::idempotency::{Expected, Once};
use crate::import::passes::rejections::{LineSet, Mistakes};
use crate::import::passes::run::Outcome;
pub use crate::import::passes::run::import;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The dataset of files whose first line is not one.
    pub dataset: Option<String>,
    /// Say what would be done and write nothing.
    pub dry_run: bool,
    /// Leave records with mistakes out and write the others.
    pub keep_going: bool,
    /// Who writes, for the log of changes.
    pub by: String,
    /// Answer again what was answered when this was written before.
    pub once: Option<Once>,
    /// Write only if these records are as they are said to be.
    pub expected: Vec<Expected>,
    /// Commit after so many records, so that an interrupted import goes on where it stopped when it is asked for again.
    /// A mistake then leaves out the part that it is in and what follows.
    pub commit_every: Option<u64>,
}

/// Is told how far an import is.
pub trait Progress {
    /// A line of so many bytes was read; each is read twice.
    fn read(&mut self, bytes: u64);
    /// All is read, and this is done with it now.
    fn stage(&mut self, _what: &'static str) {}
    /// The import reads on behind the first so many bytes of the files, of which nothing is left to do.
    fn restart(&mut self, _bytes: u64) {}
}

impl Progress for () {
    fn read(&mut self, _bytes: u64) {}
}

/// How the mistake ends that makes such a line a skipped one.
const DANGLING: &str = " is neither in the file nor stored";

/// Where a record stands.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct At {
    file: usize,
    line: u64,
}

/// One reading of all files inside of one transaction.
struct ImportAttempt<'a> {
    transaction: &'a DatabaseTransaction,
    dialect: Dialect,
    sources: &'a [Source],
    options: &'a Options,
    /// Where it begins, after how many records it ends, and the number of the import in parts that it belongs to.
    from: &'a FilePosition,
    most: u64,
    run: Option<i64>,
    /// Where the first judgement stands, and how many records may be read from there on.
    judgements: Option<(FilePosition, u64)>,
    /// By the two that were judged, where this import says so.
    judged: HashMap<(i64, i64), At>,
    /// Lines that an earlier reading left out, and the mistakes that it found on them.
    left_out: &'a LineSet,
    earlier: &'a Mistakes,
    progress: &'a mut (dyn Progress + Send + Sync),
    /// Ids from here on are given by this import.
    fresh: i64,
    next_id: i64,
    next_change: i64,
    /// Lines of this reading that were handled, and after how many PostgreSQL looks at its tables again.
    handled: usize,
    look_again: usize,
    at: i64,
    batch: String,
    /// Whether things were judged to be others: then rows are redirected.
    redirects: bool,
    dataset: Option<dataset::Model>,
    mistakes: Mistakes,
    /// Lines that are left out without a complaint: they tell more of something that is not known.
    needless: LineSet,
    /// Lines of feeds that are left out since nothing that is stored refers to them.
    unused: LineSet,
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
            from: &state.place,
            most: run.map_or(u64::MAX, |run| run.most),
            run: run.map(|run| run.id),
            judgements: None,
            judged: HashMap::new(),
            left_out: &state.left_out,
            earlier: &state.mistakes,
            progress,
            fresh: next_id,
            next_id,
            next_change,
            handled: 0,
            // What a part before has written was looked at.
            look_again: if state.parts == 0 { FIRST_LOOK } else { usize::MAX },
            at: now(),
            batch: state.batch.clone().unwrap_or(next_change.to_string()),
            redirects: redirect::is_needed(transaction).await?,
            dataset: None,
            mistakes: Mistakes::default(),
            needless: LineSet::default(),
            unused: LineSet::default(),
            report: Report::default(),
        })
    }

    /// Reads and writes; returns where it stopped before the end.
    async fn run(&mut self) -> Result<Option<FilePosition>> {
        let look_again = self.look_again;
        self.readings(Pass::Register).await?;
        if self.mistakes.is_empty()
            && let Some(dataset) = &self.dataset
        {
            idempotency::unchanged(self.transaction, dataset.id, &self.options.expected).await?;
        }
        (self.handled, self.look_again) = (0, look_again);
        let reached = self.readings(Pass::Write).await?;
        self.progress.stage("checking");
        temp_tables::measure(self.transaction).await?;
        if self.redirects {
            redirect::settle(self.transaction).await?;
        }
        // Rows of lines with mistakes are missing; that hides a mistake at most and makes none.
        let (mut all_late, moved) = cross_record::check(self.transaction).await?;
        if self.redirects {
            all_late.extend(cross_record::ties(self.transaction).await?);
        }
        if all_late.len() >= cross_record::MOST {
            self.report.notes.push(format!("beyond {} mistakes nothing was looked for", cross_record::MOST));
        }
        for late in all_late {
            self.late(late).await?;
        }
        for (id, what) in moved.told {
            self.note(id, &what).await?;
        }
        if moved.more > 0 {
            self.report.notes.push(format!("{} more were put right like these", moved.more));
        }
        if reached.is_none() {
            // What a part leaves unused a later one may use.
            self.find_unused().await?;
        }
        if let Some((first, left)) = self.judgements.take() {
            self.progress.stage("judging");
            self.read_all(Pass::Judge, &first, left).await?;
        }
        if !self.mistakes.is_empty() || !self.needless.is_empty() || !self.unused.is_empty() {
            // What is derived relies on what was checked.
            return Ok(reached);
        }
        self.progress.stage("deriving");
        derive::derive(self.transaction).await?;
        self.progress.stage("indexing");
        index::index(self.transaction, Some(self.fresh)).await?;
        change_log::keep(self.transaction, self.next_id, self.next_change).await?;
        self.progress.stage("committing");
        Ok(reached)
    }

    async fn end(mut self) -> Result<Outcome> {
        self.suggest_keys().await?;
        Ok(Outcome { found: self.mistakes, needless: self.needless, unused: self.unused, report: self.report })
    }

    fn problem(&mut self, at: At, kind: Option<&str>, key: Option<&str>, mistake: Mistake) {
        let source = &self.sources[at.file];
        if mistake.message.ends_with(DANGLING) {
            if source.feed.as_ref().is_some_and(|feed| feed.needs_target(at.line)) {
                self.needless.insert(at.file, at.line);
                return;
            }
            self.mistakes.dangling = true;
        }
        let problem = Problem::new(&source.name, source.raw_line(at.line), key, mistake);
        self.mistakes.add(at, kind, key, problem, self.earlier);
    }

    /// Whether a mistake was found on a line, be it told or not.
    fn is_wrong(&self, at: At) -> bool {
        self.mistakes.lines.contains(at.file, at.line) || self.needless.contains(at.file, at.line)
    }

    fn dataset(&self) -> Result<&dataset::Model> {
        self.dataset.as_ref().ok_or_else(|| Error::Broken("no dataset is open".into()))
    }
}

enum Fate {
    Created,
    Updated,
    Unchanged,
}

impl Fate {
    fn count(&self, counts: &mut crate::import::report::Counts) {
        match self {
            Self::Created => counts.created += 1,
            Self::Updated => counts.updated += 1,
            Self::Unchanged => counts.unchanged += 1,
        }
    }
}

//! One import: one transaction, two readings, one answer.

mod lookup;
mod outcome;
mod register;
pub(crate) mod retry;
mod store;
mod unused;

use std::collections::{HashMap, HashSet};

use entity::{counter, dataset};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};

use crate::db::{Db, Dialect, now};
use crate::error::{Error, Result};
use crate::import::build::Mistake;
use crate::import::problem::Problem;
use crate::import::read::{Parsed, Record, Source, parse, whole};
use crate::import::record::DatasetRecord;
use crate::import::report::Report;
use crate::import::{check, derive, index, redirect, scratch};

/// After so many lines PostgreSQL looks at its tables for the first time within an import, and then whenever they have become four
/// times as many: as long as it takes them for empty it looks keys up by reading all of them.
const FIRST_LOOK: usize = 20_000;

use outcome::{Outcome, tell};
pub use retry::{Expected, Once};

/// Lines that are resolved and written together.
const BATCH: usize = 1000;

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
}

/// Is told how far an import is.
pub trait Progress {
    /// `bytes` more of the files were read; each file is read twice.
    fn read(&mut self, bytes: u64);
    /// The import reads from the start once more, without the lines that had mistakes.
    fn restart(&mut self) {}
}

impl Progress for () {
    fn read(&mut self, _bytes: u64) {}
}

/// Imports records: all or nothing, or with `keep_going` all without mistakes.
pub async fn import(
    db: &Db,
    sources: &[Source],
    options: &Options,
    progress: &mut (dyn Progress + Send + Sync),
) -> Result<Report> {
    let mut rejected: HashSet<(usize, u64)> = HashSet::new();
    let mut rejected_keys: HashSet<String> = HashSet::new();
    let mut left_out = 0;
    let mut authors: HashMap<(usize, u64), u64> = HashMap::new();
    let mut problems: Vec<Found> = Vec::new();
    loop {
        let transaction = db.write().await?;
        if let Some(report) = retry::answered(&transaction, options).await? {
            return Ok(report);
        }
        let mut attempt =
            Attempt::new(&transaction, sources, options, &rejected, rejected_keys.clone(), progress).await?;
        attempt.run().await?;
        let Outcome { found, needless, unused, mere_names, mut report } = attempt.end().await?;
        authors.extend(mere_names);
        // A feed is never corrected by hand, so its other rows go in whatever was said of files of records.
        let goes_on = options.keep_going || found.iter().all(|(at, ..)| sources[at.file].feed.is_some());
        let clean = found.is_empty() && needless.is_empty() && unused.is_empty();
        problems.extend(found);
        if !clean && goes_on {
            transaction.rollback().await?;
            rejected_keys.extend(problems.iter().filter_map(|(_, problem, _)| problem.key.clone()));
            rejected.extend(problems.iter().map(|(at, ..)| (at.file, at.line)));
            rejected.extend(&needless);
            rejected.extend(&unused);
            left_out += needless.len() as u64;
            progress.restart();
            continue;
        }
        if clean && !options.dry_run {
            scratch::drop(&transaction).await?;
            let total = report.total();
            if total.created + total.updated >= BATCH as u64 {
                Db::analyze(&transaction).await?;
            }
            report.written = true;
            if total.created + total.updated > 0 {
                retry::remember(&transaction, options, &report).await?;
                db.commit(transaction).await?;
            } else {
                transaction.rollback().await?;
            }
        } else {
            transaction.rollback().await?;
        }
        tell(&mut report, sources, problems, left_out, authors.values().sum());
        return Ok(report);
    }
}

/// A mistake: where, what, and the kind of the record.
type Found = (At, Problem, Option<String>);

/// How the mistake ends that makes such a line a skipped one.
const DANGLING: &str = " is neither in the file nor stored";

/// Where a record stands.
#[derive(Clone, Copy)]
struct At {
    file: usize,
    line: u64,
}

/// One reading of all files inside of one transaction.
struct Attempt<'a> {
    transaction: &'a DatabaseTransaction,
    dialect: Dialect,
    sources: &'a [Source],
    options: &'a Options,
    /// Lines with mistakes that an earlier reading found.
    rejected: &'a HashSet<(usize, u64)>,
    /// The keys of those, and of lines that cannot be read at all.
    rejected_keys: HashSet<String>,
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
    problems: Vec<Found>,
    /// Lines that are left out without a complaint: they tell more of something that is not known.
    needless: HashSet<(usize, u64)>,
    /// Lines of feeds that are left out since nothing that is stored refers to them.
    unused: HashSet<(usize, u64)>,
    /// How many authors of the article on a line are no actors.
    mere_names: HashMap<(usize, u64), u64>,
    /// The lines that problems are on.
    wrong: HashSet<(usize, u64)>,
    report: Report,
}

impl<'a> Attempt<'a> {
    async fn new(
        transaction: &'a DatabaseTransaction,
        sources: &'a [Source],
        options: &'a Options,
        rejected: &'a HashSet<(usize, u64)>,
        rejected_keys: HashSet<String>,
        progress: &'a mut (dyn Progress + Send + Sync),
    ) -> Result<Self> {
        scratch::create(transaction).await?;
        let counters: HashMap<String, i64> = counter::Entity::find()
            .all(transaction)
            .await?
            .into_iter()
            .map(|counter| (counter.name, counter.value))
            .collect();
        let last =
            |name: &str| counters.get(name).copied().ok_or_else(|| Error::Broken(format!("no counter `{name}`")));
        Ok(Self {
            transaction,
            dialect: Dialect(transaction.get_database_backend()),
            sources,
            options,
            rejected,
            rejected_keys,
            progress,
            fresh: last("id")? + 1,
            next_id: last("id")? + 1,
            next_change: last("change")? + 1,
            handled: 0,
            look_again: FIRST_LOOK,
            at: now(),
            batch: (last("change")? + 1).to_string(),
            redirects: redirect::is_needed(transaction).await?,
            dataset: None,
            problems: Vec::new(),
            needless: HashSet::new(),
            unused: HashSet::new(),
            mere_names: HashMap::new(),
            wrong: HashSet::new(),
            report: Report::default(),
        })
    }

    async fn run(&mut self) -> Result<()> {
        for file in 0..self.sources.len() {
            self.read(file, Pass::Register).await?;
        }
        if self.problems.is_empty() {
            if let Some(dataset) = &self.dataset {
                retry::unchanged(self.transaction, dataset.id, &self.options.expected).await?;
            }
        }
        (self.handled, self.look_again) = (0, FIRST_LOOK);
        for file in 0..self.sources.len() {
            self.read(file, Pass::Write).await?;
        }
        scratch::measure(self.transaction).await?;
        if self.redirects {
            redirect::settle(self.transaction).await?;
        }
        // Rows of lines with mistakes are missing; that hides a mistake at most and makes none.
        let (late, moved) = check::check(self.transaction).await?;
        for late in late {
            self.late(late).await?;
        }
        for (id, what) in moved {
            self.note(id, &what).await?;
        }
        self.find_unused().await?;
        if !self.problems.is_empty() || !self.needless.is_empty() || !self.unused.is_empty() {
            // What is derived relies on what was checked.
            return Ok(());
        }
        derive::derive(self.transaction).await?;
        index::index(self.transaction, Some(self.fresh)).await?;
        for (name, next) in [("id", self.next_id), ("change", self.next_change)] {
            let counter = counter::Model { name: name.into(), value: next - 1 };
            counter::Entity::insert(counter.into_active_model())
                .on_conflict(OnConflict::column(counter::Column::Name).update_column(counter::Column::Value).to_owned())
                .exec_without_returning(self.transaction)
                .await?;
        }
        Ok(())
    }

    async fn end(mut self) -> Result<Outcome> {
        self.suggest_keys().await?;
        Ok(Outcome {
            found: self.problems,
            needless: self.needless,
            unused: self.unused,
            mere_names: self.mere_names,
            report: self.report,
        })
    }

    fn problem(&mut self, at: At, kind: Option<&str>, key: Option<&str>, mistake: Mistake) {
        let source = &self.sources[at.file];
        self.wrong.insert((at.file, at.line));
        if mistake.message.ends_with(DANGLING) && source.feed.as_ref().is_some_and(|feed| feed.needs_target(at.line)) {
            self.needless.insert((at.file, at.line));
            return;
        }
        let problem = Problem {
            file: source.name.clone(),
            line: source.raw_line(at.line),
            key: key.map(str::to_owned),
            pointer: mistake.pointer,
            message: mistake.message,
            suggestion: mistake.suggestion,
        };
        self.problems.push((at, problem, kind.map(str::to_owned)));
    }

    async fn read(&mut self, file: usize, pass: Pass) -> Result<()> {
        let mut lines = self.sources[file].lines()?;
        self.dataset = None;
        let mut batch: Vec<(At, Record)> = Vec::new();
        while let Some(line) = lines.next()? {
            self.progress.read(line.bytes);
            let at = At { file, line: line.number };
            let replaced = self.sources[file].feed.as_ref().is_some_and(|feed| feed.is_replaced(line.number));
            if replaced || self.rejected.contains(&(file, line.number)) {
                continue;
            }
            let parsed = match line.text {
                Ok(text) => parse(&text),
                Err(mistake) => Err((None, vec![mistake])),
            };
            match parsed {
                Ok(Parsed::Dataset(record)) => {
                    // A file may hold several datasets, as an export of the whole graph does.
                    self.flush(&mut batch, pass).await?;
                    self.open_dataset(&record, pass).await?;
                }
                Ok(Parsed::Record(record)) => {
                    if self.dataset.is_none() {
                        let Some(key) = self.options.dataset.clone() else {
                            let mistake = whole(
                                "belongs to no dataset",
                                "begin the file with {\"kind\": \"dataset\", \"key\": ...}, or say --dataset KEY",
                            );
                            self.once(pass, at, None, Some(&record.key), vec![mistake]);
                            return Ok(());
                        };
                        self.open_dataset(&DatasetRecord { key, title: None, licence: None, url: None }, Pass::Write)
                            .await?;
                    }
                    batch.push((at, record));
                    if batch.len() == BATCH {
                        self.flush(&mut batch, pass).await?;
                    }
                }
                Err((key, mistakes)) => self.once(pass, at, None, key.as_deref(), mistakes),
            }
        }
        self.flush(&mut batch, pass).await
    }

    /// Mistakes that both readings meet are noted in the first.
    fn once(&mut self, pass: Pass, at: At, kind: Option<&str>, key: Option<&str>, mistakes: Vec<Mistake>) {
        if pass == Pass::Register {
            self.rejected_keys.extend(key.map(str::to_owned));
            for mistake in mistakes {
                self.problem(at, kind, key, mistake);
            }
        }
    }

    async fn flush(&mut self, batch: &mut Vec<(At, Record)>, pass: Pass) -> Result<()> {
        let batch = std::mem::take(batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.handled += batch.len();
        match pass {
            Pass::Register => self.register(batch).await?,
            Pass::Write => self.write(batch).await?,
        }
        if self.handled > self.look_again {
            self.look_again = self.handled * 4;
            Db::analyze(self.transaction).await?;
        }
        Ok(())
    }

    fn dataset(&self) -> Result<&dataset::Model> {
        self.dataset.as_ref().ok_or_else(|| Error::Broken("no dataset is open".into()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Register,
    Write,
}

enum Fate {
    Created,
    Updated,
    Unchanged,
}

impl Fate {
    fn count(&self, counts: &mut super::report::Counts) {
        match self {
            Self::Created => counts.created += 1,
            Self::Updated => counts.updated += 1,
            Self::Unchanged => counts.unchanged += 1,
        }
    }
}

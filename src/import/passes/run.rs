//! Tries to write, part by part and without what has mistakes, until it is done, and says what was done.

use std::collections::BTreeMap;

use crate::db::Db;
use crate::error::Result;
use crate::import::passes::chunks::{ResumableImport, State};
use crate::import::passes::rejections::{LineSet, MOST, Mistakes};
use crate::import::passes::{BATCH, ImportAttempt, Options, Progress, idempotency};
use crate::import::report::Report;
use crate::import::source::Source;
use crate::import::temp_tables;

/// What a skipped line of a feed that tells more of known things is counted as.
const UNKNOWN: &str = "of an event or a place that is not stored";

/// What came of one reading.
pub(crate) struct Outcome {
    pub(crate) found: Mistakes,
    pub(crate) needless: LineSet,
    pub(crate) unused: LineSet,
    pub(crate) report: Report,
}

/// Imports records: all or nothing, or with `keep_going` all without mistakes.
pub async fn import(
    db: &Db,
    sources: &[Source],
    options: &Options,
    progress: &mut (dyn Progress + Send + Sync),
) -> Result<Report> {
    let (mut run, mut state) = match options.commit_every {
        Some(every) if !options.dry_run => {
            let (run, state) = ResumableImport::open(db, sources, options, every).await?;
            progress.restart(state.done);
            (Some(run), state)
        }
        _ => (None, State::default()),
    };
    loop {
        if let Some(run) = &mut run {
            run.look(sources, &state).await?;
        }
        let transaction = db.write().await?;
        if let Some(report) = idempotency::answered(&transaction, options).await? {
            return Ok(report);
        }
        let mut attempt = ImportAttempt::new(&transaction, sources, options, &state, run.as_ref(), progress).await?;
        let reached = attempt.run().await?;
        let batch = attempt.batch.clone();
        let Outcome { found, needless, unused, mut report } = attempt.end().await?;
        if let Some(run) = &mut run
            && reached.is_some()
            && ResumableImport::is_open(&found, &needless)
        {
            transaction.rollback().await?;
            run.grow(sources, &state).await?;
            progress.restart(state.done);
            continue;
        }
        // A feed is never corrected by hand, so its other rows go in whatever was said of files of records.
        let leaves_out = options.keep_going || found.lines.files().all(|file| sources[file].feed.is_some());
        let clean = found.is_empty() && needless.is_empty() && unused.is_empty();
        let too_many = state.mistakes.records() + found.records() > MOST;
        if !clean && leaves_out && !too_many && state.leave_out([&found.lines, &needless, &unused]) {
            transaction.rollback().await?;
            state.needless += needless.len();
            state.mistakes.extend(found.on_lines());
            progress.restart(state.done);
            continue;
        }
        let total = report.total();
        let many = total.created + total.updated >= BATCH as u64;
        if !clean || options.dry_run {
            transaction.rollback().await?;
            state.mistakes.extend(found);
            match &run {
                Some(run) => {
                    run.give_up(db).await?;
                    let at = format!("{}:{}", sources[state.place.file].name, state.place.lines + 1);
                    state.report.written = state.parts > 0;
                    state.report.stopped = Some(at).filter(|_| state.parts > 0);
                }
                None => state.report = report,
            }
            if leaves_out && too_many {
                let note = format!("more than {MOST} records have mistakes: with so many none are left out");
                state.report.notes.push(note);
            }
        } else if let Some(run) = &mut run {
            state.parts += 1;
            state.batch = Some(batch);
            state.report.add(report);
            if let Some(place) = &reached {
                state.done = sources[..place.file].iter().map(Source::size).sum::<u64>() + place.bytes;
                state.place = place.clone();
            }
            run.note(&transaction, &state, reached.is_none()).await?;
            temp_tables::drop(&transaction).await?;
            if many && (state.parts.is_power_of_two() || reached.is_none()) {
                Db::analyze(&transaction).await?;
            }
            db.commit(transaction).await?;
            if reached.is_some() {
                continue;
            }
            state.report.written = true;
        } else {
            temp_tables::drop(&transaction).await?;
            if many {
                Db::analyze(&transaction).await?;
            }
            report.written = true;
            if total.created + total.updated > 0 {
                idempotency::remember(&transaction, options, &report).await?;
                db.commit(transaction).await?;
            } else {
                transaction.rollback().await?;
            }
            state.report = report;
        }
        return Ok(told(state, sources));
    }
}

/// The report, with what was said of rows of feeds and every mistake in the order of the files.
fn told(state: State, sources: &[Source]) -> Report {
    let State { mut report, mistakes, needless, .. } = state;
    let Mistakes { told, untold, rejected, .. } = mistakes;
    let mut problems: Vec<_> = told.into_iter().map(|(at, problem)| (at.file, problem)).collect();
    report.more_problems += untold;
    for (kind, count) in rejected {
        report.count(&kind).rejected += count;
    }
    for (file, source) in sources.iter().enumerate() {
        let Some(feed) = &source.feed else { continue };
        report.rows += feed.rows;
        add(&mut report.skipped, &feed.skipped);
        add(&mut report.unmapped, &feed.unmapped);
        report.notes.extend(feed.notes.iter().cloned());
        problems.extend(feed.problems.iter().map(|problem| (file, problem.clone())));
        if feed.rejected > 0 {
            report.count("row").rejected += feed.rejected;
            report.more_problems += feed.rejected - feed.problems.len() as u64;
        }
    }
    if needless > 0 {
        *report.skipped.entry(UNKNOWN.to_owned()).or_default() += needless;
    }
    problems.sort_by(|(left_file, left), (right_file, right)| {
        (left_file, left.line, &left.pointer).cmp(&(right_file, right.line, &right.pointer))
    });
    for (_, problem) in problems {
        report.tell(problem);
    }
    report
}

/// Adds counts to counts.
fn add(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<&'static str, u64>) {
    for (reason, count) in more {
        *sum.entry((*reason).to_owned()).or_default() += count;
    }
}

//! The import: attempts, chunk by chunk and without the lines that are rejected, until everything is written or the
//! import fails.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::db::Db;
use crate::error::Result;
use crate::import::passes::chunks::{ResumableImport, State};
use crate::import::passes::rejections::{LineSet, MAX_REJECTED, Rejections};
use crate::import::passes::{BATCH, ImportAttempt, Options, Progress, idempotency};
use crate::import::report::Report;
use crate::import::source::Source;
use crate::import::temp_tables;

/// The reason in the report for skipped lines of feeds that add to an entity that is not stored.
const NOT_STORED: &str = "of an event or place that is not stored";

/// The result of one attempt.
pub(crate) struct AttemptResult {
    pub(crate) rejections: Rejections,
    pub(crate) skipped: LineSet,
    pub(crate) orphans: LineSet,
    pub(crate) report: Report,
}

/// Imports records: all or nothing, or with `keep_going` all valid ones. The only writer of records: the command line
/// and the API both call it. Records that are stored already are compared and, if they differ, updated.
///
/// Problems of records are in the report. Errors: the files or the database fail; `Conflict` for an idempotency key
/// that was used for another write, and for a record that has another version than expected.
pub async fn import(
    db: &Db,
    sources: &[Source],
    options: &Options,
    progress: &mut (dyn Progress + Send + Sync),
) -> Result<Report> {
    let (mut run, mut state) = match options.commit_every {
        Some(every) if !options.dry_run => {
            let (run, state) = ResumableImport::open(db, sources, options, every).await?;
            progress.restart(state.bytes_done);
            (Some(run), state)
        }
        _ => (None, State::default()),
    };
    loop {
        if let Some(run) = &mut run {
            run.find_end(sources, &state).await?;
        }
        let transaction = db.write().await?;
        if let Some(report) = idempotency::stored_report(&transaction, options).await? {
            return Ok(report);
        }
        let mut attempt = ImportAttempt::new(&transaction, sources, options, &state, run.as_ref(), progress).await?;
        let end = attempt.run().await?;
        let batch = attempt.batch.clone();
        let AttemptResult { rejections, skipped, orphans, mut report } = attempt.finish().await?;
        if let Some(run) = &mut run
            && end.is_some()
            && ResumableImport::needs_later_lines(&rejections, &skipped)
        {
            transaction.rollback().await?;
            run.grow(sources, &state).await?;
            progress.restart(state.bytes_done);
            continue;
        }
        // Nobody corrects a feed by hand, so invalid rows of feeds are always skipped.
        let excludes = options.keep_going || rejections.lines.files().all(|file| sources[file].feed.is_some());
        let clean = rejections.is_empty() && skipped.is_empty() && orphans.is_empty();
        let too_many = state.rejections.records() + rejections.records() > MAX_REJECTED;
        if !clean && excludes && !too_many && state.exclude([&rejections.lines, &skipped, &orphans]) {
            transaction.rollback().await?;
            state.skipped += skipped.len();
            state.rejections.extend(rejections.on_lines());
            progress.restart(state.bytes_done);
            continue;
        }
        let total = report.total();
        let many = total.created + total.updated >= BATCH as u64;
        if !clean || options.dry_run {
            transaction.rollback().await?;
            state.rejections.extend(rejections);
            match &run {
                Some(run) => {
                    run.abandon(db).await?;
                    let at = format!("{}:{}", sources[state.position.file].name, state.position.lines + 1);
                    state.report.written = state.chunks > 0;
                    state.report.stopped = Some(at).filter(|_| state.chunks > 0);
                }
                None => state.report = report,
            }
            if excludes && too_many {
                let note = format!(
                    "more than {MAX_REJECTED} records have problems, so no record is skipped and nothing more is imported"
                );
                state.report.notes.push(note);
            }
        } else if let Some(run) = &mut run {
            state.chunks += 1;
            state.batch = Some(batch);
            state.report.add(report);
            if let Some(end) = &end {
                state.bytes_done = sources[..end.file].iter().map(Source::size).sum::<u64>() + end.bytes;
                state.position = end.clone();
            }
            run.save_chunk(&transaction, &state, end.is_none()).await?;
            temp_tables::drop(&transaction).await?;
            if many && (state.chunks.is_power_of_two() || end.is_none()) {
                Db::analyze(&transaction).await?;
            }
            db.commit(transaction).await?;
            if end.is_some() {
                continue;
            }
            state.report.written = true;
        } else {
            temp_tables::drop(&transaction).await?;
            if many {
                Db::analyze(&transaction).await?;
            }
            report.written = true;
            if total.created + total.updated + total.deleted > 0 {
                idempotency::store_report(&transaction, options, &report).await?;
                db.commit(transaction).await?;
            } else {
                transaction.rollback().await?;
            }
            state.report = report;
        }
        return Ok(final_report(state, sources));
    }
}

/// Returns the report with the counts of feeds, and with all problems in the order of the files.
fn final_report(state: State, sources: &[Source]) -> Report {
    let State { mut report, rejections, skipped, .. } = state;
    let Rejections { problems, more_problems, rejected, .. } = rejections;
    let mut problems: Vec<_> = problems.into_iter().map(|(at, problem)| (at.file, problem)).collect();
    report.more_problems += more_problems;
    for (kind, count) in rejected {
        report.count(&kind).rejected += count;
    }
    for (file, source) in sources.iter().enumerate() {
        report.notes.extend(source.notes.iter().cloned());
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
    if skipped > 0 {
        *report.skipped.entry(NOT_STORED.to_owned()).or_default() += skipped;
    }
    problems.sort_by(|(left_file, left), (right_file, right)| {
        (left_file, left.line, &left.pointer).cmp(&(right_file, right.line, &right.pointer))
    });
    for (_, problem) in problems {
        report.add_problem(problem);
    }
    report
}

fn add(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<Cow<'static, str>, u64>) {
    for (reason, count) in more {
        *sum.entry(reason.clone().into_owned()).or_default() += count;
    }
}

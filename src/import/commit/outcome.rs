//! What came of the readings of an import, and how it is told.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{At, Found};
use crate::import::read::Source;
use crate::import::report::Report;

/// What a skipped line of a feed that tells more of known things is counted as.
const UNKNOWN: &str = "of an event or a place that is not stored";

/// What authors of articles of a feed are counted as that are no actors.
const MERE_NAMES: &str = "authors of articles that are names and no ids of actors";

/// What came of one reading.
pub(super) struct Outcome {
    pub(super) found: Vec<Found>,
    pub(super) needless: HashSet<(usize, u64)>,
    pub(super) unused: HashSet<(usize, u64)>,
    pub(super) mere_names: HashMap<(usize, u64), u64>,
    pub(super) report: Report,
}

/// Adds to a report what was counted on the way to records, and every mistake that any reading found.
pub(super) fn tell(report: &mut Report, sources: &[Source], mut problems: Vec<Found>, left_out: u64, mere_names: u64) {
    for (file, source) in sources.iter().enumerate() {
        let Some(feed) = &source.feed else { continue };
        report.rows += feed.rows;
        add(&mut report.skipped, &feed.skipped);
        add(&mut report.unmapped, &feed.unmapped);
        report.notes.extend(feed.notes.iter().cloned());
        problems.extend(feed.problems.iter().map(|problem| {
            let at = At { file, line: problem.line };
            (at, problem.clone(), Some("row".to_owned()))
        }));
    }
    if left_out > 0 {
        *report.skipped.entry(UNKNOWN.to_owned()).or_default() += left_out;
    }
    if mere_names > 0 {
        *report.unmapped.entry(MERE_NAMES.to_owned()).or_default() += mere_names;
    }
    let mut counted = HashSet::new();
    problems.sort_by(|left, right| {
        (left.0.file, left.1.line, &left.1.pointer).cmp(&(right.0.file, right.1.line, &right.1.pointer))
    });
    for (at, problem, kind) in problems {
        if counted.insert((at.file, problem.line)) {
            report.count(kind.as_deref().unwrap_or("unreadable")).rejected += 1;
        }
        report.problems.push(problem);
    }
}

/// Adds counts to counts.
fn add(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<&'static str, u64>) {
    for (reason, count) in more {
        *sum.entry((*reason).to_owned()).or_default() += count;
    }
}

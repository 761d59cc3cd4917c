//! The problems of an import, and the lines that are rejected for them.
//!
//! All problems are counted, but only the first 10,000 are stored. Lines are stored in compressed bitmaps, and keys of
//! rejected records as hashes, so that an import with many problems needs little memory.

use std::collections::{BTreeMap, HashSet};

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::import::hash;
use crate::import::passes::LinePosition;
use crate::import::problem::{MAX_REPORTED, Problem};

/// The maximum number of rejected records. With more, nothing is written even with `keep_going`: the file is probably
/// not what it was taken for. It also limits how many keys of rejected records are held in memory.
pub(crate) const MAX_REJECTED: u64 = 1_000_000;

/// A set of lines of the files of an import.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct LineSet(BTreeMap<usize, RoaringTreemap>);

impl LineSet {
    /// Adds a line. Returns whether it is new.
    pub(crate) fn insert(&mut self, file: usize, line: u64) -> bool {
        self.0.entry(file).or_default().insert(line)
    }

    pub(crate) fn contains(&self, file: usize, line: u64) -> bool {
        self.0.get(&file).is_some_and(|lines| lines.contains(line))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.values().map(RoaringTreemap::len).sum()
    }

    pub(crate) fn extend(&mut self, more: &Self) {
        for (file, lines) in &more.0 {
            *self.0.entry(*file).or_default() |= lines;
        }
    }

    /// Returns the indexes of the files that have lines in the set.
    pub(crate) fn files(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }
}

/// The problems of one attempt, or of all attempts so far. It is stored with the state of a resumable import, so the
/// names in JSON must not change.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rejections {
    /// The first problems, and the number of further ones.
    #[serde(rename = "told")]
    pub(crate) problems: Vec<(LinePosition, Problem)>,
    #[serde(rename = "untold")]
    pub(crate) more_problems: u64,
    /// The lines with problems.
    pub(crate) lines: LineSet,
    /// The same lines with their numbers in the original file: one row of a feed is converted to several lines.
    rows: LineSet,
    /// The number of rejected records by type.
    pub(crate) rejected: BTreeMap<String, u64>,
    /// Hashes of the keys of rejected records.
    keys: HashSet<u64>,
    /// Whether a problem is an unresolved reference, perhaps to a record on a later line.
    #[serde(rename = "dangling")]
    pub(crate) has_unresolved: bool,
}

impl Rejections {
    /// Adds a problem. Its record is counted unless `earlier` has counted it.
    pub(crate) fn add(
        &mut self,
        at: LinePosition,
        kind: Option<&str>,
        key: Option<&str>,
        problem: Problem,
        earlier: &Self,
    ) {
        self.lines.insert(at.file, at.line);
        if self.rows.insert(at.file, problem.line) && !earlier.rows.contains(at.file, problem.line) {
            *self.rejected.entry(kind.unwrap_or("unreadable").to_owned()).or_default() += 1;
        }
        if let Some(key) = key {
            self.reject_key(key);
        }
        self.report(at, problem);
    }

    /// Adds a problem of a stored record. It is on no line of the files, so no record is rejected for it.
    pub(crate) fn add_stored(&mut self, problem: Problem) {
        self.report(LinePosition { file: 0, line: 0 }, problem);
    }

    fn report(&mut self, at: LinePosition, problem: Problem) {
        if self.problems.len() < MAX_REPORTED {
            self.problems.push((at, problem));
        } else {
            self.more_problems += 1;
        }
    }

    fn reject_key(&mut self, key: &str) {
        if (self.keys.len() as u64) < MAX_REJECTED {
            self.keys.insert(hash(key));
        }
    }

    /// Returns whether the record with a key is rejected.
    pub(crate) fn have_key(&self, key: &str) -> bool {
        !self.keys.is_empty() && self.keys.contains(&hash(key))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns the number of rejected records.
    pub(crate) fn records(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Removes the problems of stored records. The next attempt finds them again, unless excluded lines caused them.
    pub(crate) fn on_lines(mut self) -> Self {
        self.problems.retain(|(at, _)| at.line > 0);
        self
    }

    /// Adds the problems of another attempt.
    pub(crate) fn extend(&mut self, more: Self) {
        for (at, problem) in more.problems {
            self.report(at, problem);
        }
        self.more_problems += more.more_problems;
        self.lines.extend(&more.lines);
        self.rows.extend(&more.rows);
        for (kind, count) in more.rejected {
            *self.rejected.entry(kind).or_default() += count;
        }
        let room = usize::try_from(MAX_REJECTED).unwrap_or(usize::MAX).saturating_sub(self.keys.len());
        self.keys.extend(more.keys.into_iter().take(room));
    }
}

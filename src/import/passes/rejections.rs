//! The mistakes of an import: all are counted, the first are told. Memory does not grow with them.

use std::collections::{BTreeMap, HashSet};

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::import::hash;
use crate::import::passes::At;
use crate::import::problem::{Problem, TOLD};

/// With more records that have mistakes nothing is written, whatever an import may leave out: this is another file than it
/// was taken for. So many keys are kept.
pub(crate) const MOST: u64 = 1_000_000;

/// Lines of the files of an import.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct LineSet(BTreeMap<usize, RoaringTreemap>);

impl LineSet {
    /// Whether the line is new in it.
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

    pub(crate) fn files(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }
}

/// Mistakes, of one reading or of all so far.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Mistakes {
    /// The first in words, and how many there are besides.
    pub(crate) told: Vec<(At, Problem)>,
    pub(crate) untold: u64,
    /// The lines that they are on.
    pub(crate) lines: LineSet,
    /// These lines as they were given, since one row of a feed makes several, and how many there are of each kind.
    rows: LineSet,
    pub(crate) rejected: BTreeMap<String, u64>,
    /// Hashes of the keys of their records.
    keys: HashSet<u64>,
    /// Whether one may be for what stands further below.
    pub(crate) dangling: bool,
}

impl Mistakes {
    /// Adds one; its record is counted unless it was `earlier`.
    pub(crate) fn add(&mut self, at: At, kind: Option<&str>, key: Option<&str>, problem: Problem, earlier: &Self) {
        // A stored row that no longer fits is on no line, and no record is left out for it.
        if at.line > 0 {
            self.lines.insert(at.file, at.line);
            if self.rows.insert(at.file, problem.line) && !earlier.rows.contains(at.file, problem.line) {
                *self.rejected.entry(kind.unwrap_or("unreadable").to_owned()).or_default() += 1;
            }
        }
        if let Some(key) = key {
            self.reject_key(key);
        }
        self.tell(at, problem);
    }

    fn tell(&mut self, at: At, problem: Problem) {
        if self.told.len() < TOLD {
            self.told.push((at, problem));
        } else {
            self.untold += 1;
        }
    }

    fn reject_key(&mut self, key: &str) {
        if (self.keys.len() as u64) < MOST {
            self.keys.insert(hash(key));
        }
    }

    /// Whether a record with this key has some.
    pub(crate) fn have_key(&self, key: &str) -> bool {
        !self.keys.is_empty() && self.keys.contains(&hash(key))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// How many records have some.
    pub(crate) fn records(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Leaves away what is on no line: it is found again as long as it holds.
    pub(crate) fn on_lines(mut self) -> Self {
        self.told.retain(|(at, _)| at.line > 0);
        self
    }

    /// Adds those of another reading.
    pub(crate) fn extend(&mut self, more: Self) {
        for (at, problem) in more.told {
            self.tell(at, problem);
        }
        self.untold += more.untold;
        self.lines.extend(&more.lines);
        self.rows.extend(&more.rows);
        for (kind, count) in more.rejected {
            *self.rejected.entry(kind).or_default() += count;
        }
        let room = usize::try_from(MOST).unwrap_or(usize::MAX).saturating_sub(self.keys.len());
        self.keys.extend(more.keys.into_iter().take(room));
    }
}

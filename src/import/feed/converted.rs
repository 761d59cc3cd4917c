//! What became of a feed's file on its way to records.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Deref;

use crate::import::problem::Problem;

/// Marks a line that is left out when what it belongs to is not known.
pub(super) const NEEDS_TARGET: u64 = 1 << 63;

/// Marks a line that many rows share: what is stored of it already stays, since two files seldom say quite the same.
pub(super) const SHARED: u64 = 1 << 62;

/// Marks a shared line that stays even if nothing refers to it.
pub(super) const KEPT: u64 = 1 << 61;

const MARKS: u64 = NEEDS_TARGET | SHARED | KEPT;

/// What is counted on the way.
#[derive(Default)]
pub(crate) struct Counted {
    /// Whether any of it belongs to what other files may hold.
    pub(super) adds: bool,
    /// The first mistakes of rows that cannot be read, and how many such rows there are.
    pub(crate) problems: Vec<Problem>,
    pub(crate) rejected: u64,
    /// Rows read.
    pub(crate) rows: u64,
    /// Rows left out, by the reason.
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    /// Values without a place in the graph.
    pub(crate) unmapped: BTreeMap<&'static str, u64>,
    /// What is to be said of the file as a whole.
    pub(crate) notes: Vec<String>,
}

/// Where the lines of records come from, and what was counted.
pub(crate) struct Converted {
    origins: File,
    counted: Counted,
    /// Lines whose place a later one takes.
    pub(super) replaced: HashSet<u64>,
    /// Shared lines that a later row wants kept.
    pub(super) kept: HashSet<u64>,
}

impl Deref for Converted {
    type Target = Counted;

    fn deref(&self) -> &Counted {
        &self.counted
    }
}

impl Converted {
    pub(super) fn new(origins: File, counted: Counted) -> Self {
        Self { origins, counted, replaced: HashSet::new(), kept: HashSet::new() }
    }

    /// The raw line from which a line of records was made.
    pub(crate) fn raw_line(&self, line: u64) -> u64 {
        self.origin(line).map_or(line, |origin| origin & !MARKS)
    }

    /// Whether a line of records is left out without a complaint when what it belongs to is not known.
    pub(crate) fn needs_target(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & NEEDS_TARGET != 0)
    }

    /// Whether what is stored under the key of a line of records already stays as it is.
    pub(crate) fn is_shared(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & SHARED != 0)
    }

    /// Whether a line of records is left out when nothing refers to it.
    pub(crate) fn needs_use(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & (SHARED | KEPT) == SHARED) && !self.kept.contains(&line)
    }

    /// Whether a later line takes the place of this one.
    pub(crate) fn is_replaced(&self, line: u64) -> bool {
        self.replaced.contains(&line)
    }

    /// Whether later lines take the places of some.
    pub(crate) fn has_replaced(&self) -> bool {
        !self.replaced.is_empty()
    }

    fn origin(&self, line: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let mut file = &self.origins;
        file.seek(SeekFrom::Start(line.checked_sub(1)? * 8)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

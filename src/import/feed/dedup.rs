//! Remembers which records the files of one import have given, across files.
//!
//! Records are known by hashes of their keys, and their content by half a hash, so that millions of them fit in memory.

use std::collections::{HashMap, HashSet};

use crate::import::problem::MAX_REPORTED;

/// A record that was written before.
#[derive(Clone, Copy)]
pub(crate) struct Earlier {
    /// Half of the hash of its JSON. It is 0 for shared records, of which the first one counts whatever later rows say,
    /// and 1 for places that a later row may complete.
    pub(crate) content: u32,
    file: u32,
    line: u64,
}

/// The records written so far, by the hash of dataset and key.
#[derive(Default)]
pub(crate) struct Seen {
    keys: HashMap<u64, Earlier>,
    /// The number of the file of places. That of the other records of the same input is one more.
    file: u32,
    /// A row replaced an earlier one.
    replaces_rows: bool,
    /// Lines that later lines replace, as file and line.
    replaced: HashSet<(u32, u64)>,
    /// Shared lines that are stored even if nothing refers to them, as file and line.
    keep_unreferenced: HashSet<(u32, u64)>,
    reported_problems: usize,
}

impl Seen {
    /// Sets the number of the file of places that is written next.
    pub(crate) fn set_file(&mut self, file: usize) {
        self.file = u32::try_from(file).unwrap_or(u32::MAX);
    }

    /// Counts a problem. Returns false if an import reports no more of them.
    pub(crate) fn may_report_problem(&mut self) -> bool {
        self.reported_problems += 1;
        self.reported_problems <= MAX_REPORTED
    }

    pub(crate) fn earlier(&self, key: u64) -> Option<Earlier> {
        self.keys.get(&key).copied()
    }

    /// Remembers what was written on a line of the current files: of the file of places, or of the other one.
    pub(crate) fn insert(&mut self, key: u64, content: u32, (is_place, line): (bool, u64)) {
        let file = if is_place { self.file } else { self.file.saturating_add(1) };
        self.keys.insert(key, Earlier { content, file, line });
    }

    /// Marks the record of a row that was written under a key as replaced, and forgets it.
    pub(crate) fn replace(&mut self, key: u64) {
        self.replaces_rows = true;
        self.complete(key);
    }

    /// Returns true if a row replaced an earlier one.
    pub(crate) fn replaces_rows(&self) -> bool {
        self.replaces_rows
    }

    /// Marks the place that was written under a key as replaced by a more complete record, and forgets it.
    pub(crate) fn complete(&mut self, key: u64) {
        if let Some(earlier) = self.keys.remove(&key) {
            self.replaced.insert((earlier.file, earlier.line));
        }
    }

    /// Marks a shared record to be stored even if nothing refers to it.
    pub(crate) fn keep_unreferenced(&mut self, key: u64) {
        if let Some(earlier) = self.keys.get(&key) {
            self.keep_unreferenced.insert((earlier.file, earlier.line));
        }
    }

    /// Returns the lines of a file that were replaced, and those that are stored even if nothing refers to them.
    pub(crate) fn lines(&self, file: usize) -> (HashSet<u64>, HashSet<u64>) {
        let of_file = |lines: &HashSet<(u32, u64)>| {
            lines.iter().filter(|(at, _)| usize::try_from(*at) == Ok(file)).map(|(_, line)| *line).collect()
        };
        (of_file(&self.replaced), of_file(&self.keep_unreferenced))
    }
}

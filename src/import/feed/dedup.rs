//! What the files of one import have given so far.

use std::collections::{HashMap, HashSet};

use crate::import::problem::TOLD;

/// A record that was written.
#[derive(Clone, Copy)]
pub(crate) struct Earlier {
    /// Half of the hash of its content, which keeps this small; of shared records the first counts, whatever later rows say.
    pub(crate) content: u32,
    file: u32,
    line: u64,
}

/// Records by the hashes of their keys, which keep this small.
#[derive(Default)]
pub(crate) struct Seen {
    keys: HashMap<u64, Earlier>,
    file: u32,
    /// Lines whose place later ones take, by file.
    replaced: HashSet<(u32, u64)>,
    /// Shared lines that stay even if nothing refers to them, by file.
    kept: HashSet<(u32, u64)>,
    /// How many mistakes were told.
    told: usize,
}

impl Seen {
    /// Turns to the file of this number.
    pub(crate) fn turn_to(&mut self, file: usize) {
        self.file = u32::try_from(file).unwrap_or(u32::MAX);
    }

    /// Whether one mistake more may be told.
    pub(crate) fn may_tell(&mut self) -> bool {
        self.told += 1;
        self.told <= TOLD
    }

    pub(crate) fn earlier(&self, key: u64) -> Option<Earlier> {
        self.keys.get(&key).copied()
    }

    /// Notes what was written on a line of the file at hand.
    pub(crate) fn note(&mut self, key: u64, content: u32, line: u64) {
        self.keys.insert(key, Earlier { content, file: self.file, line });
    }

    /// Takes back what was written under a key.
    pub(crate) fn replace(&mut self, key: u64) {
        if let Some(earlier) = self.keys.remove(&key) {
            self.replaced.insert((earlier.file, earlier.line));
        }
    }

    pub(crate) fn keep(&mut self, key: u64) {
        if let Some(earlier) = self.keys.get(&key) {
            self.kept.insert((earlier.file, earlier.line));
        }
    }

    /// The lines of a file that later ones replaced, and those that are kept.
    pub(crate) fn lines(&self, file: usize) -> (HashSet<u64>, HashSet<u64>) {
        let of = |lines: &HashSet<(u32, u64)>| {
            lines.iter().filter(|(at, _)| usize::try_from(*at) == Ok(file)).map(|(_, line)| *line).collect()
        };
        (of(&self.replaced), of(&self.kept))
    }
}

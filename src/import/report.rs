//! What an import did.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::import::problem::{Problem, TOLD, printable};

/// No more changed records, and notes of parts, are listed one by one; records are counted.
const LISTED: usize = 1000;

/// How many records of one kind had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New.
    pub created: u64,
    /// Known, and other than before.
    pub updated: u64,
    /// Known, and as before.
    pub unchanged: u64,
    /// With a mistake, and left out.
    pub rejected: u64,
    /// Taken away.
    #[serde(default)]
    pub deleted: u64,
}

impl Counts {
    fn and(&self, more: &Self) -> Self {
        Self {
            created: self.created + more.created,
            updated: self.updated + more.updated,
            unchanged: self.unchanged + more.unchanged,
            rejected: self.rejected + more.rejected,
            deleted: self.deleted + more.deleted,
        }
    }
}

/// A record that changed, and what in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updated {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The record's key; of a judgement the two that were judged.
    pub key: String,
    /// The columns that changed, those of parts behind the part's pointer; parts that came or went by their pointer.
    pub fields: Vec<String>,
}

/// What an import did, or with `dry_run` would do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Nothing was written: it was a dry run, or a mistake stopped the import.
    pub written: bool,
    /// By noun; also `dataset`, `merge`, `row` for rows of feeds that cannot be read, and `unreadable` for lines.
    pub kinds: BTreeMap<String, Counts>,
    /// The mistakes of records, at least the first 10,000 that were found.
    pub problems: Vec<Problem>,
    /// How many there are besides.
    #[serde(default)]
    pub more_problems: u64,
    /// The first records that changed.
    pub updates: Vec<Updated>,
    /// What was put right on the way.
    pub notes: Vec<String>,
    /// Rows of feeds that were read.
    pub rows: u64,
    /// Rows of feeds that were left out and are no mistakes, by the reason.
    pub skipped: BTreeMap<String, u64>,
    /// Values of feeds that the graph has no place for, or that could not be mapped for certain, by what they are.
    pub unmapped: BTreeMap<String, u64>,
    /// Where an import in parts was stopped by a mistake: what stands before this file and line is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Report {
    /// Adds what a part of an import did.
    pub(crate) fn add(&mut self, part: Self) {
        for (kind, counts) in part.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = sum.and(&counts);
        }
        part.updates.into_iter().for_each(|updated| self.update(updated));
        for (what, count) in part.unmapped {
            *self.unmapped.entry(what).or_default() += count;
        }
        let room = LISTED.saturating_sub(self.notes.len());
        self.notes.extend(part.notes.into_iter().take(room));
    }

    /// All kinds together.
    pub fn total(&self) -> Counts {
        self.kinds.values().fold(Counts::default(), |sum, one| sum.and(one))
    }

    pub(crate) fn count(&mut self, kind: &str) -> &mut Counts {
        self.kinds.entry(kind.to_owned()).or_default()
    }

    /// Adds a mistake to those told, or counts it.
    pub(crate) fn tell(&mut self, problem: Problem) {
        if self.problems.len() < TOLD {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    pub(crate) fn update(&mut self, updated: Updated) {
        if self.updates.len() < LISTED {
            self.updates.push(updated);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["created", "updated", "unchanged", "rejected", "deleted"];
        // What an import never does is no column of its table.
        let shown = if self.total().deleted > 0 { titles.len() } else { titles.len() - 1 };
        let row = |f: &mut fmt::Formatter<'_>, name: &str, cells: &[String]| {
            let cells: String = cells.iter().take(shown).map(|cell| format!("{cell:>10}")).collect();
            writeln!(f, "{name:<18}{cells}")
        };
        let line = |f: &mut fmt::Formatter<'_>, name: &str, counts: &Counts| {
            let Counts { created, updated, unchanged, rejected, deleted } = counts;
            row(f, name, &[created, updated, unchanged, rejected, deleted].map(u64::to_string))
        };
        row(f, "", &titles.map(str::to_owned))?;
        for (kind, counts) in &self.kinds {
            line(f, kind, counts)?;
        }
        line(f, "all", &self.total())?;
        if self.rows > 0 {
            writeln!(f, "rows read{:>19}", self.rows)?;
        }
        for (title, counts) in [("skipped", &self.skipped), ("not stored", &self.unmapped)] {
            for (what, count) in counts {
                writeln!(f, "{title:<18}{count:>10}  {what}")?;
            }
        }
        for updated in &self.updates {
            let (file, key) = (printable(&updated.file), printable(&updated.key));
            writeln!(f, "updated {file}:{} {key}: {}", updated.line, printable(&updated.fields.join(", ")))?;
        }
        for note in &self.notes {
            writeln!(f, "note: {}", printable(note))?;
        }
        Ok(())
    }
}

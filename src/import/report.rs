//! The report of an import or deletion. It is also stored and returned as JSON, so the field names must not change.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::import::problem::{MAX_REPORTED, Problem, printable};

/// The maximum number of changed records that a report lists, and of notes of a chunked import. All changed records are
/// counted.
const MAX_LISTED: usize = 1000;

/// The number of records of one type by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New records.
    pub created: u64,
    /// Stored records that changed.
    pub updated: u64,
    /// Stored records that did not change.
    pub unchanged: u64,
    /// Invalid records.
    pub rejected: u64,
    /// Deleted records.
    #[serde(default)]
    pub deleted: u64,
}

impl Counts {
    fn plus(&self, more: &Self) -> Self {
        Self {
            created: self.created + more.created,
            updated: self.updated + more.updated,
            unchanged: self.unchanged + more.unchanged,
            rejected: self.rejected + more.rejected,
            deleted: self.deleted + more.deleted,
        }
    }
}

/// A record that changed, with the changed fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updated {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The key of the record; for a merge decision, the two entities.
    pub key: String,
    /// The changed columns: those of child records after their pointer. Added and removed child records by their
    /// pointer.
    pub fields: Vec<String>,
}

/// The result of an import or deletion, or with `dry_run` the result that it would have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Whether anything was written. False for a dry run, and if a problem stopped the import.
    pub written: bool,
    /// Counts by record type, such as `event`; persons, organizations, groups and anonymous sources are `actor`. Also
    /// `dataset`, `merge`, `row` for rows of feeds that cannot be read, and `unreadable` for such lines.
    pub kinds: BTreeMap<String, Counts>,
    /// The problems of records in file order: all, or the first 10,000 that were found.
    pub problems: Vec<Problem>,
    /// The number of further problems.
    #[serde(default)]
    pub more_problems: u64,
    /// The first 1,000 records that changed.
    pub updates: Vec<Updated>,
    /// Corrections that the import made, and other remarks.
    pub notes: Vec<String>,
    /// The number of rows of feeds that were read.
    pub rows: u64,
    /// The number of valid rows of feeds that were skipped, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The number of values of feeds that are not supported or could not be mapped with certainty, by what they are.
    pub unmapped: BTreeMap<String, u64>,
    /// For a chunked import that a problem stopped: the file and line before which everything is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Report {
    /// Adds the report of a chunk.
    pub(crate) fn add(&mut self, chunk: Self) {
        for (kind, counts) in chunk.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = sum.plus(&counts);
        }
        chunk.updates.into_iter().for_each(|updated| self.update(updated));
        for (what, count) in chunk.unmapped {
            *self.unmapped.entry(what).or_default() += count;
        }
        let room = MAX_LISTED.saturating_sub(self.notes.len());
        self.notes.extend(chunk.notes.into_iter().take(room));
    }

    /// Returns the counts of all record types together.
    pub fn total(&self) -> Counts {
        self.kinds.values().fold(Counts::default(), |sum, one| sum.plus(one))
    }

    pub(crate) fn count(&mut self, kind: &str) -> &mut Counts {
        self.kinds.entry(kind.to_owned()).or_default()
    }

    /// Adds a problem, or only counts it if too many are listed.
    pub(crate) fn add_problem(&mut self, problem: Problem) {
        if self.problems.len() < MAX_REPORTED {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    pub(crate) fn update(&mut self, updated: Updated) {
        if self.updates.len() < MAX_LISTED {
            self.updates.push(updated);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["created", "updated", "unchanged", "rejected", "deleted"];
        // The column for deleted records is hidden in the reports of imports.
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

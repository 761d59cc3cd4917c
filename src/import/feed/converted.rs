//! The result of converting a feed's file: counts, and where each line of records came from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Deref;

use crate::import::problem::Problem;

/// Flag of a line that is skipped if the record it belongs to does not exist.
pub(super) const NEEDS_TARGET: u64 = 1 << 63;

/// Flag of a line that many rows share, such as an actor. A stored record with its key is not updated, since two files
/// seldom agree on every detail.
pub(super) const SHARED: u64 = 1 << 62;

/// Flag of a shared line that is stored even if nothing refers to it.
pub(super) const KEEP_UNREFERENCED: u64 = 1 << 61;

/// Flag of a shared line whose content depends on nothing but its key. A stored record that differs is updated.
pub(super) const DETERMINED: u64 = 1 << 60;

const FLAGS: u64 = NEEDS_TARGET | SHARED | KEEP_UNREFERENCED | DETERMINED;

/// Counts of a conversion.
#[derive(Default)]
pub(crate) struct Counted {
    /// Key of the dataset.
    pub(crate) dataset: String,
    /// Some lines belong to records that other files may contain.
    pub(super) needs_targets: bool,
    /// Problems of rows that cannot be read, as many as an import reports.
    pub(crate) problems: Vec<Problem>,
    /// The number of rows that cannot be read.
    pub(crate) rejected: u64,
    /// The number of rows that were read.
    pub(crate) rows: u64,
    /// The number of skipped rows, by reason.
    pub(crate) skipped: BTreeMap<Cow<'static, str>, u64>,
    /// The number of values that are not stored, by kind of value.
    pub(crate) unmapped: BTreeMap<Cow<'static, str>, u64>,
    /// Remarks about the file.
    pub(crate) notes: Vec<String>,
    /// Keys of records of older versions, which are deleted if nothing refers to them.
    pub(crate) dropped: BTreeSet<String>,
}

/// The origins and counts of a converted file, which the importer needs besides the lines of records.
pub(crate) struct Converted {
    /// Eight bytes for each line of records: the number of the raw line, and flags.
    origins: File,
    counted: Counted,
    /// Lines that a later line with the same key replaces.
    pub(super) replaced: HashSet<u64>,
    /// Some of those lines belong to rows that are replaced, so that records may have lost what referred to them.
    pub(super) replaces_rows: bool,
    /// Shared lines that are stored even if nothing refers to them.
    pub(super) keep_unreferenced: HashSet<u64>,
}

impl Deref for Converted {
    type Target = Counted;

    fn deref(&self) -> &Counted {
        &self.counted
    }
}

impl Converted {
    pub(super) fn new(origins: File, counted: Counted) -> Self {
        Self { origins, counted, replaced: HashSet::new(), replaces_rows: false, keep_unreferenced: HashSet::new() }
    }

    /// Returns the number of the raw line that a line of records was made from.
    pub(crate) fn raw_line(&self, line: u64) -> u64 {
        self.origin(line).map_or(line, |origin| origin & !FLAGS)
    }

    /// Returns true if a line of records is skipped, without a problem, when the record it belongs to does not exist.
    pub(crate) fn needs_target(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & NEEDS_TARGET != 0)
    }

    /// Returns true if a stored record with the key of this line is left as it is.
    pub(crate) fn is_shared(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & SHARED != 0)
    }

    /// Returns true if a line of records depends on nothing but its key.
    pub(crate) fn is_determined(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & DETERMINED != 0)
    }

    /// Returns true if a line of records is skipped when nothing refers to it.
    pub(crate) fn needs_use(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & (SHARED | KEEP_UNREFERENCED) == SHARED)
            && !self.keep_unreferenced.contains(&line)
    }

    /// Returns true if a later line replaces this one.
    pub(crate) fn is_replaced(&self, line: u64) -> bool {
        self.replaced.contains(&line)
    }

    /// Returns true if later rows replace any.
    pub(crate) fn has_replaced(&self) -> bool {
        self.replaces_rows
    }

    fn origin(&self, line: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let mut file = &self.origins;
        file.seek(SeekFrom::Start(line.checked_sub(1)? * 8)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

//! Where a feed's records go: a spooled file of lines, with the raw line of each beside it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use super::object::Object;
use super::row::Mistake;
use crate::error::{Error, Result};
use crate::import::problem::Problem;

/// Marks a line that is left out when what it belongs to is not known.
const NEEDS_TARGET: u64 = 1 << 63;

/// Marks a line that many rows share: what is stored of it already stays, since two files seldom say quite the same.
const SHARED: u64 = 1 << 62;

/// Hashes of the keys written so far, each with that of its record. 64 bits keep this small: among ten million keys two
/// would meet once in a hundred thousand imports.
pub(super) type Seen = HashMap<u64, u64>;

/// What became of a feed's file on its way to records.
pub(crate) struct Converted {
    origins: File,
    /// Whether any of it belongs to what other files may hold.
    pub(super) adds: bool,
    /// Rows that cannot be read.
    pub(crate) problems: Vec<Problem>,
    /// Rows read.
    pub(crate) rows: u64,
    /// Rows left out, by the reason.
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    /// Values without a place in the graph.
    pub(crate) unmapped: BTreeMap<&'static str, u64>,
}

impl Converted {
    /// The raw line from which a line of records was made.
    pub(crate) fn raw_line(&self, line: u64) -> u64 {
        self.origin(line).map_or(line, |origin| origin & !(NEEDS_TARGET | SHARED))
    }

    /// Whether a line of records is left out without a complaint when what it belongs to is not known.
    pub(crate) fn needs_target(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & NEEDS_TARGET != 0)
    }

    /// Whether what is stored under the key of a line of records already stays as it is.
    pub(crate) fn is_shared(&self, line: u64) -> bool {
        self.origin(line).is_some_and(|origin| origin & SHARED != 0)
    }

    fn origin(&self, line: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let mut file = &self.origins;
        file.seek(SeekFrom::Start(line.checked_sub(1)? * 8)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

/// Writes the records of one file.
pub(super) struct Out<'s> {
    name: String,
    dataset: u64,
    seen: &'s mut Seen,
    records: BufWriter<File>,
    origins: BufWriter<File>,
    line: u64,
    converted: Counted,
    /// What the row at hand has given so far; it counts only when the row has no mistake.
    pending: Pending,
}

#[derive(Default)]
struct Counted {
    adds: bool,
    problems: Vec<Problem>,
    rows: u64,
    skipped: BTreeMap<&'static str, u64>,
    unmapped: BTreeMap<&'static str, u64>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<(String, u64)>,
    keys: Vec<(u64, u64)>,
    known: HashSet<u64>,
    skipped: Option<&'static str>,
    unmapped: Vec<&'static str>,
}

/// A hash that is the same in every run.
pub(super) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<'s> Out<'s> {
    pub(super) fn new(name: &str, dataset: &str, seen: &'s mut Seen) -> Result<Self> {
        let failed = |error| Error::Io(format!("cannot keep the records of {name}"), error);
        Ok(Self {
            name: name.to_owned(),
            dataset: hash(dataset),
            seen,
            records: BufWriter::with_capacity(1 << 20, tempfile::tempfile().map_err(failed)?),
            origins: BufWriter::with_capacity(1 << 16, tempfile::tempfile().map_err(failed)?),
            line: 0,
            converted: Counted::default(),
            pending: Pending::default(),
        })
    }

    /// Writes the first line: what the records belong to.
    pub(super) fn dataset(&mut self, key: &str, title: &str, licence: Option<&str>, url: Option<&str>) -> Result<()> {
        let record = Object::record("dataset", key).set("title", title).set_if("licence", licence).set_if("url", url);
        self.spool(&record.text(), 0)
    }

    fn spool(&mut self, text: &str, mark: u64) -> Result<()> {
        let failed = |error| Error::Io(format!("cannot keep the records of {}", self.name), error);
        let origin = self.line | mark;
        self.converted.adds |= mark == NEEDS_TARGET;
        self.records.write_all(text.as_bytes()).map_err(failed)?;
        self.records.write_all(b"\n").map_err(failed)?;
        self.origins.write_all(&origin.to_le_bytes()).map_err(failed)
    }

    /// Takes what a row gives, or nothing of it when it has a mistake.
    pub(super) fn row(&mut self, line: u64, give: impl FnOnce(&mut Self) -> Result<(), Mistake>) -> Result<()> {
        self.line = line;
        self.pending = Pending::default();
        if let Err(mistake) = give(self) {
            self.reject(line, mistake);
            return Ok(());
        }
        self.converted.rows += 1;
        let pending = std::mem::take(&mut self.pending);
        if let Some(reason) = pending.skipped {
            *self.converted.skipped.entry(reason).or_default() += 1;
        }
        for what in pending.unmapped {
            *self.converted.unmapped.entry(what).or_default() += 1;
        }
        self.seen.extend(pending.keys);
        self.spool_all(pending.lines)
    }

    /// Takes what is left behind the last row.
    pub(super) fn last(&mut self, give: impl FnOnce(&mut Self)) -> Result<()> {
        self.pending = Pending::default();
        give(self);
        let pending = std::mem::take(&mut self.pending);
        self.seen.extend(pending.keys);
        self.spool_all(pending.lines)
    }

    fn spool_all(&mut self, lines: Vec<(String, u64)>) -> Result<()> {
        lines.iter().try_for_each(|(text, mark)| self.spool(text, *mark))
    }

    /// Notes a row that cannot be read.
    pub(super) fn reject(&mut self, line: u64, mistake: Mistake) {
        self.converted.rows += 1;
        self.converted.problems.push(Problem {
            file: self.name.clone(),
            line,
            key: None,
            pointer: mistake.pointer,
            message: mistake.message,
            suggestion: mistake.suggestion,
        });
    }

    /// Counts a row that holds no data.
    pub(super) fn passed_over(&mut self, reason: &'static str) {
        self.converted.rows += 1;
        *self.converted.skipped.entry(reason).or_default() += 1;
    }

    /// Counts the row at hand as left out.
    pub(super) fn skip(&mut self, reason: &'static str) {
        self.pending.skipped = Some(reason);
    }

    /// Counts a value that is not stored.
    pub(super) fn unmapped(&mut self, what: &'static str) {
        self.pending.unmapped.push(what);
    }

    /// Counts a value that is not stored, if there is one.
    pub(super) fn unmapped_if<T>(&mut self, what: &'static str, value: Option<T>) {
        if value.is_some() {
            self.unmapped(what);
        }
    }

    /// Writes a record that only this row gives. A row given twice is skipped; the same key with other values is a mistake.
    pub(super) fn write(&mut self, record: Object, column: &str) -> Result<(), Mistake> {
        let (key, text) = (hash(&(self.dataset, record.key())), record.key().to_owned());
        let record = record.text();
        let content = hash(&record);
        match self.seen.get(&key) {
            Some(earlier) if *earlier == content => {
                self.skip("the same row again");
                self.pending.lines.clear();
                self.pending.unmapped.clear();
                Ok(())
            }
            Some(_) => Err(Mistake {
                pointer: format!("/{column}"),
                message: format!("`{text}` is the id of an earlier row with other values"),
                suggestion: Some("import the newer row by itself, after the older".into()),
            }),
            None => {
                self.pending.keys.push((key, content));
                self.pending.lines.push((record, 0));
                Ok(())
            }
        }
    }

    /// Writes a record that many rows share, the first time.
    pub(super) fn share(&mut self, record: Object) {
        let key = hash(&(self.dataset, record.key()));
        if self.seen.contains_key(&key) || !self.pending.known.insert(key) {
            return;
        }
        self.pending.keys.push((key, 0));
        self.pending.lines.push((record.text(), SHARED));
    }

    /// Writes what is left out when what it belongs to is not known.
    pub(super) fn write_if_known(&mut self, record: Object) {
        let key = hash(&(self.dataset, record.key()));
        if self.seen.contains_key(&key) {
            self.skip("the same row again");
            return;
        }
        self.pending.keys.push((key, 0));
        self.pending.lines.push((record.text(), NEEDS_TARGET));
    }

    /// What was written, from its start.
    pub(super) fn end(self) -> Result<(File, Converted)> {
        let failed = |error| Error::Io(format!("cannot keep the records of {}", self.name), error);
        let records = self.records.into_inner().map_err(|error| failed(error.into_error()))?;
        let origins = self.origins.into_inner().map_err(|error| failed(error.into_error()))?;
        let Counted { adds, problems, rows, skipped, unmapped } = self.converted;
        Ok((records, Converted { origins, adds, problems, rows, skipped, unmapped }))
    }
}

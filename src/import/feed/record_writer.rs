//! Where a feed's records go: a spooled file of lines, with the raw line of each beside it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};

use crate::error::Result;
use crate::import::feed::converted::{Converted, Counted, KEPT, NEEDS_TARGET, SHARED};
use crate::import::feed::dedup::{Earlier, Seen};
use crate::import::feed::object::Object;
use crate::import::feed::row::Mistake;
use crate::import::problem::Problem;
use crate::import::source::whole;
use crate::import::{hash, spool};

/// The most records that a row gives, and the most bytes of them: all are held until it is known to have no mistake.
const MOST: usize = 50_000;
const MOST_BYTES: usize = 32 << 20;

/// Writes the records of one file.
pub(crate) struct Out<'s> {
    name: String,
    dataset: u64,
    seen: &'s mut Seen,
    records: BufWriter<File>,
    origins: BufWriter<File>,
    /// The line of the row at hand.
    line: u64,
    /// Lines written.
    written: u64,
    converted: Counted,
    /// What the row at hand has given so far; it counts only when the row has no mistake.
    pending: Pending,
}

#[derive(Default)]
struct Pending {
    lines: Vec<Line>,
    bytes: usize,
    known: HashSet<u64>,
    /// Keys whose earlier records no longer count.
    replaced: Vec<u64>,
    /// Keys of shared records that stay even if nothing refers to them.
    kept: Vec<u64>,
    skipped: BTreeMap<&'static str, u64>,
    unmapped: BTreeMap<&'static str, u64>,
    /// Whether the row gives more records than one does.
    overfull: bool,
}

/// A record to be written: its text, what it is marked as, and the hashes of its key and its content.
struct Line {
    text: String,
    mark: u64,
    key: u64,
    content: u32,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is the first with its key.
    New,
    /// An earlier row said the same.
    Again,
    /// An earlier row with its key said something else, and no longer counts.
    Instead,
}

impl<'s> Out<'s> {
    pub(crate) fn new(name: &str, dataset: &str, seen: &'s mut Seen) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            dataset: hash(dataset),
            seen,
            records: BufWriter::with_capacity(1 << 20, spool::file()?),
            origins: BufWriter::with_capacity(1 << 16, spool::file()?),
            line: 0,
            written: 0,
            converted: Counted::default(),
            pending: Pending::default(),
        })
    }

    /// Writes the first line: what the records belong to.
    pub(crate) fn dataset(&mut self, key: &str, title: &str, licence: Option<&str>, url: Option<&str>) -> Result<()> {
        let record = Object::record("dataset", key).set("title", title).set_if("licence", licence).set_if("url", url);
        self.spool(&record.text(), 0)
    }

    fn spool(&mut self, text: &str, mark: u64) -> Result<()> {
        let origin = self.line | mark;
        self.written += 1;
        self.converted.adds |= mark & NEEDS_TARGET != 0;
        self.records.write_all(text.as_bytes()).map_err(spool::failed)?;
        self.records.write_all(b"\n").map_err(spool::failed)?;
        self.origins.write_all(&origin.to_le_bytes()).map_err(spool::failed)
    }

    /// Takes what a row gives, or nothing of it when it has a mistake.
    pub(crate) fn row(&mut self, line: u64, give: impl FnOnce(&mut Self) -> Result<(), Mistake>) -> Result<()> {
        self.line = line;
        self.pending = Pending::default();
        let given = give(self);
        let overfull = || {
            let message = format!("gives more than {MOST} records or {MOST_BYTES} bytes of them, as no row does");
            Err(whole(message, "look for a line break that is missing, or for another format"))
        };
        if let Err(mistake) = given.and_then(|()| if self.pending.overfull { overfull() } else { Ok(()) }) {
            self.reject(line, mistake);
            return Ok(());
        }
        self.converted.rows += 1;
        self.settle()
    }

    /// Takes what is left behind the last row.
    pub(crate) fn last(&mut self, give: impl FnOnce(&mut Self)) -> Result<()> {
        self.pending = Pending::default();
        give(self);
        self.settle()
    }

    fn settle(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        for (reason, count) in pending.skipped {
            *self.converted.skipped.entry(reason).or_default() += count;
        }
        for (what, count) in pending.unmapped {
            *self.converted.unmapped.entry(what).or_default() += count;
        }
        pending.replaced.into_iter().for_each(|key| self.seen.replace(key));
        for Line { text, mark, key, content } in pending.lines {
            self.spool(&text, mark)?;
            self.seen.note(key, content, self.written);
        }
        pending.kept.into_iter().for_each(|key| self.seen.keep(key));
        Ok(())
    }

    /// Notes a row that cannot be read.
    pub(crate) fn reject(&mut self, line: u64, mistake: Mistake) {
        self.converted.rows += 1;
        self.converted.rejected += 1;
        if self.seen.may_tell() {
            self.converted.problems.push(Problem::new(&self.name, line, None, mistake));
        }
    }

    /// Counts a row that holds no data.
    pub(crate) fn passed_over(&mut self, reason: &'static str) {
        self.converted.rows += 1;
        *self.converted.skipped.entry(reason).or_default() += 1;
    }

    /// Counts the row at hand as left out.
    pub(crate) fn skip(&mut self, reason: &'static str) {
        *self.pending.skipped.entry(reason).or_default() += 1;
    }

    /// Counts a value that is not stored.
    pub(crate) fn unmapped(&mut self, what: &'static str) {
        *self.pending.unmapped.entry(what).or_default() += 1;
    }

    /// Counts a value that is not stored, if there is one.
    pub(crate) fn unmapped_if<T>(&mut self, what: &'static str, value: Option<T>) {
        if value.is_some() {
            self.unmapped(what);
        }
    }

    /// Writes a record that only this row gives. A row given twice is skipped; of rows with the same key and other values
    /// the last counts, as it does when they come in one import after the other.
    pub(crate) fn write(&mut self, record: Object) -> Written {
        let written = self.put(record, 0);
        if written == Written::Again {
            self.skip("the same row again");
            self.pending.lines.clear();
            self.pending.unmapped.clear();
        }
        written
    }

    /// Writes what is left out when what it belongs to is not known.
    pub(crate) fn write_if_known(&mut self, record: Object) {
        if self.put(record, NEEDS_TARGET) == Written::Again {
            self.skip("the same row again");
        }
    }

    /// Writes a record that several rows give in full; the last that says something else counts.
    pub(crate) fn put(&mut self, record: Object, mark: u64) -> Written {
        let key = self.key(record.key());
        let text = record.text();
        let content = (hash(&text) >> 32) as u32;
        let written = match self.seen.earlier(key) {
            None => Written::New,
            Some(Earlier { content: earlier, .. }) if earlier == content => return Written::Again,
            Some(_) => {
                self.pending.replaced.push(key);
                self.skip(REPLACED);
                Written::Instead
            }
        };
        self.give(Line { text, mark, key, content });
        written
    }

    /// Takes back what an earlier row wrote under a key.
    pub(crate) fn take_back(&mut self, key: &str) {
        let key = self.key(key);
        if self.seen.earlier(key).is_some() {
            self.pending.replaced.push(key);
            self.skip(REPLACED);
        }
    }

    /// Writes a record that many rows share, the first time. It is left out when nothing that is stored refers to it.
    pub(crate) fn share(&mut self, record: Object) {
        let key = self.key(record.key());
        if self.pending.overfull || self.seen.earlier(key).is_some() || !self.pending.known.insert(key) {
            return;
        }
        self.give(Line { text: record.text(), mark: SHARED, key, content: 0 });
    }

    fn give(&mut self, line: Line) {
        self.pending.bytes += line.text.len();
        if self.pending.lines.len() < MOST && self.pending.bytes < MOST_BYTES {
            self.pending.lines.push(line);
        } else {
            self.pending.overfull = true;
        }
    }

    /// Keeps a shared record even if nothing refers to it.
    pub(crate) fn keep(&mut self, key: &str) {
        let key = self.key(key);
        match self.pending.lines.iter_mut().find(|line| line.key == key) {
            Some(line) => line.mark |= KEPT,
            None => self.pending.kept.push(key),
        }
    }

    /// Whether the row at hand gives no record so far.
    pub(crate) fn adds_nothing(&self) -> bool {
        self.pending.lines.is_empty()
    }

    fn key(&self, key: &str) -> u64 {
        hash(&(self.dataset, key))
    }

    /// Says something of the file as a whole.
    pub(crate) fn note(&mut self, note: String) {
        self.converted.notes.push(note);
    }

    /// What was written, from its start.
    pub(crate) fn end(self) -> Result<(File, Converted)> {
        let records = self.records.into_inner().map_err(|error| spool::failed(error.into_error()))?;
        let origins = self.origins.into_inner().map_err(|error| spool::failed(error.into_error()))?;
        Ok((records, Converted::new(origins, self.converted)))
    }
}

/// What an earlier row is counted as whose place a later one takes.
const REPLACED: &str = "earlier rows with the id of a later one";

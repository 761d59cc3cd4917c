//! Writes the records that a feed's rows become: a spooled file of record lines, and beside it the raw line of each.
//!
//! The records of a row are held back until the whole row is known to be valid. A row with a problem writes nothing.
//!
//! Places go to a file of their own, which is imported before everything else. A later row can tell more of a place than
//! an earlier one, and its record then replaces the earlier one. In one file, all records between the two would refer
//! to a later line, and an import in chunks could not commit before that line.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;

use crate::error::Result;
use crate::import::feed::converted::{Converted, Counted, DETERMINED, KEEP_UNREFERENCED, NEEDS_TARGET, SHARED};
use crate::import::feed::dedup::{Earlier, Seen};
use crate::import::feed::object::Object;
use crate::import::feed::record_lines::RecordLines;
use crate::import::feed::row::FieldProblem;
use crate::import::hash;
use crate::import::problem::Problem;

/// The most records that one row may give, since they are held in memory until the row is known to be valid.
const MAX_ROW_RECORDS: usize = 50_000;

/// The most bytes of records that one row may give.
const MAX_ROW_BYTES: usize = 32 << 20;

/// Maximum number of different reasons and kinds of values that are counted by themselves: some contain words of the file.
const MAX_COUNTED: usize = 300;

/// The reason under which a row is counted that a later row replaces.
const REPLACED: &str = "rows replaced by a later row with the same id";

/// The reason under which a row is counted that adds nothing.
pub(super) const DUPLICATE: &str = "rows identical to an earlier row";

/// Writes the records of one file.
pub(crate) struct RecordWriter<'s> {
    file_name: String,
    /// Hash of the dataset's key.
    dataset: u64,
    seen: &'s mut Seen,
    places: RecordLines,
    others: RecordLines,
    /// The raw line of the current row.
    raw_line: u64,
    counted: Counted,
    /// The records and counts of the current row so far.
    pending: Pending,
}

/// A file of record lines, and what the importer needs to know of it.
type ConvertedFile = (File, Converted);

/// The effects of one row, applied only if the row has no problem.
#[derive(Default)]
struct Pending {
    lines: Vec<Line>,
    bytes: usize,
    /// Keys of the shared records among `lines`.
    shared: HashSet<u64>,
    /// Keys whose earlier records are replaced.
    replaced: Vec<u64>,
    /// Keys of places whose earlier records say less.
    completed: Vec<u64>,
    /// Keys of records of older versions that nothing refers to any more.
    dropped: Vec<String>,
    /// Keys of earlier shared records to be stored even if nothing refers to them.
    keep_unreferenced: Vec<u64>,
    skipped: BTreeMap<Cow<'static, str>, u64>,
    unmapped: BTreeMap<Cow<'static, str>, u64>,
    /// The line that the records come from, if it is not that of the row.
    line: Option<u64>,
    /// The row gives more than [`MAX_ROW_RECORDS`] or [`MAX_ROW_BYTES`].
    is_over_limit: bool,
}

/// A record to be written.
struct Line {
    text: String,
    flags: u64,
    /// Hash of dataset and key.
    key: u64,
    /// Half of the hash of `text`, or 0 for shared records.
    content: u32,
    is_place: bool,
}

/// The content of a place that a later row may complete. Other shared records have 0.
const INCOMPLETE: u32 = 1;

/// The effect of writing a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is the first record with its key.
    New,
    /// An earlier row gave the same record; this one is not written.
    Duplicate,
    /// It replaces a different record that an earlier row gave under its key.
    Replacement,
}

impl<'s> RecordWriter<'s> {
    pub(crate) fn new(file_name: &str, dataset: &str, seen: &'s mut Seen) -> Result<Self> {
        Ok(Self {
            file_name: file_name.to_owned(),
            dataset: hash(dataset),
            seen,
            places: RecordLines::new(1 << 18)?,
            others: RecordLines::new(1 << 20)?,
            raw_line: 0,
            counted: Counted { dataset: dataset.to_owned(), ..Counted::default() },
            pending: Pending::default(),
        })
    }

    /// Writes the first line: the dataset that the records belong to.
    pub(crate) fn write_dataset(
        &mut self,
        key: &str,
        title: &str,
        license: Option<&str>,
        url: Option<&str>,
    ) -> Result<()> {
        let record = Object::record("dataset", key).set("title", title).set_if("license", license).set_if("url", url);
        let text = record.into_json();
        self.places.write(&text, 0)?;
        self.others.write(&text, 0)
    }

    /// Runs the conversion of one row. Its records are written if it succeeds; otherwise the row is rejected.
    pub(crate) fn convert_row(
        &mut self,
        raw_line: u64,
        convert: impl FnOnce(&mut Self) -> Result<(), FieldProblem>,
    ) -> Result<()> {
        self.raw_line = raw_line;
        self.pending = Pending::default();
        let converted = convert(self);
        let check_limit = || {
            if !self.pending.is_over_limit {
                return Ok(());
            }
            let message = format!(
                "gives more than {MAX_ROW_RECORDS} records or {MAX_ROW_BYTES} bytes of records, which no valid row does"
            );
            Err(FieldProblem::of_record(message, "look for a missing line break, or choose another format"))
        };
        if let Err(problem) = converted.and_then(|()| check_limit()) {
            self.reject(raw_line, problem);
            return Ok(());
        }
        self.counted.rows += 1;
        self.write_pending()
    }

    /// Writes the records that a feed gives after its last row.
    pub(crate) fn convert_end(&mut self, convert: impl FnOnce(&mut Self) -> Result<(), FieldProblem>) -> Result<()> {
        self.pending = Pending::default();
        match convert(self) {
            Ok(()) => self.write_pending(),
            Err(problem) => {
                self.reject(self.pending.line.unwrap_or(self.raw_line), problem);
                Ok(())
            }
        }
    }

    /// The line of the current row.
    pub(crate) fn line(&self) -> u64 {
        self.raw_line
    }

    /// Attributes the records that are written now to an earlier line than that of the current row.
    pub(crate) fn at_line(&mut self, line: u64) {
        self.pending.line = Some(line);
    }

    fn write_pending(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        count(&mut self.counted.skipped, pending.skipped, "rows for further reasons");
        count(&mut self.counted.unmapped, pending.unmapped, "further kinds of values");
        self.raw_line = pending.line.unwrap_or(self.raw_line);
        pending.replaced.into_iter().for_each(|key| self.seen.replace(key));
        pending.completed.into_iter().for_each(|key| self.seen.complete(key));
        self.counted.dropped.extend(pending.dropped);
        for Line { text, flags, key, content, is_place } in pending.lines {
            let lines = if is_place { &mut self.places } else { &mut self.others };
            lines.write(&text, self.raw_line | flags)?;
            self.counted.needs_targets |= flags & NEEDS_TARGET != 0;
            self.seen.insert(key, content, (is_place, lines.count));
        }
        pending.keep_unreferenced.into_iter().for_each(|key| self.seen.keep_unreferenced(key));
        Ok(())
    }

    /// Counts a row that cannot be read, and reports why.
    pub(crate) fn reject(&mut self, raw_line: u64, problem: FieldProblem) {
        self.counted.rows += 1;
        self.counted.rejected += 1;
        if self.seen.may_report_problem() {
            self.counted.problems.push(Problem::new(&self.file_name, raw_line, None, problem));
        }
    }

    /// Counts a row without data as skipped.
    pub(crate) fn skip_row(&mut self, reason: &'static str) {
        self.counted.rows += 1;
        *self.counted.skipped.entry(reason.into()).or_default() += 1;
    }

    /// Counts the current row as skipped.
    pub(crate) fn skip(&mut self, reason: impl Into<Cow<'static, str>>) {
        *self.pending.skipped.entry(reason.into()).or_default() += 1;
    }

    /// Counts a value of the current row that is not stored.
    pub(crate) fn unmapped(&mut self, what: impl Into<Cow<'static, str>>) {
        *self.pending.unmapped.entry(what.into()).or_default() += 1;
    }

    /// Counts values of the current row that are not stored.
    pub(crate) fn unmapped_times(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.pending.unmapped.entry(what.into()).or_default() += count;
        }
    }

    /// Counts a value of the current row that is not stored, if there is one.
    pub(crate) fn unmapped_if<T>(&mut self, what: &'static str, value: Option<T>) {
        if value.is_some() {
            self.unmapped(what);
        }
    }

    /// Writes the record that the current row stands for. If an earlier row gave the same record, the whole row is
    /// skipped. If an earlier row gave a different record under the same key, this one replaces it, as it would in a
    /// later import.
    pub(crate) fn write(&mut self, record: Object) -> Written {
        let written = self.write_or_replace(record, 0);
        if written == Written::Duplicate {
            self.skip(DUPLICATE);
            self.pending.lines.clear();
            self.pending.completed.clear();
            self.pending.unmapped.clear();
        }
        written
    }

    /// Writes a record that is skipped if the record it belongs to does not exist.
    pub(crate) fn write_if_target_exists(&mut self, record: Object) {
        if self.write_or_replace(record, NEEDS_TARGET) == Written::Duplicate {
            self.skip(DUPLICATE);
        }
    }

    /// Writes a record that several rows may give in full. Of different records with one key the last one counts.
    pub(crate) fn write_or_replace(&mut self, record: Object, flags: u64) -> Written {
        let key = self.key_hash(record.key());
        let text = record.into_json();
        let content = (hash(&text) >> 32) as u32;
        let written = match self.seen.earlier(key) {
            None => Written::New,
            Some(Earlier { content: earlier, .. }) if earlier == content => return Written::Duplicate,
            Some(_) => {
                self.pending.replaced.push(key);
                self.skip(REPLACED);
                Written::Replacement
            }
        };
        self.push(Line { text, flags, key, content, is_place: false });
        written
    }

    /// Writes a record that belongs to the one that the current row stands for, or none. It replaces the one that an
    /// earlier row gave under its key.
    pub(crate) fn write_part(&mut self, key: &str, record: Option<Object>) {
        let key = self.key_hash(key);
        let text = record.map(Object::into_json).unwrap_or_default();
        let content = (hash(&text) >> 32) as u32;
        match self.seen.earlier(key) {
            Some(earlier) if earlier.content == content => return,
            Some(_) => self.pending.replaced.push(key),
            None => {}
        }
        if !text.is_empty() {
            self.push(Line { text, flags: 0, key, content, is_place: false });
        }
    }

    /// Discards the record that an earlier row of this import gave under a key, if any.
    pub(crate) fn discard(&mut self, key: &str) {
        let key = self.key_hash(key);
        if self.seen.earlier(key).is_some() {
            self.pending.replaced.push(key);
            self.skip(REPLACED);
        }
    }

    /// Writes a record that many rows share, such as an actor, unless it was written before. It is skipped if no stored
    /// record refers to it.
    pub(crate) fn write_shared(&mut self, record: Object) {
        self.write_shared_line(record, SHARED);
    }

    /// Writes a shared record whose content depends on nothing but its key. If it differs from a stored record with its
    /// key, an older version has written that one, and it is updated.
    pub(crate) fn write_determined(&mut self, record: Object) {
        self.write_shared_line(record, SHARED | DETERMINED);
    }

    fn write_shared_line(&mut self, record: Object, flags: u64) {
        let key = self.key_hash(record.key());
        if self.pending.is_over_limit || self.seen.earlier(key).is_some() || !self.pending.shared.insert(key) {
            return;
        }
        self.push(Line { text: record.into_json(), flags, key, content: 0, is_place: false });
    }

    /// Writes a place that many rows share. The first record counts, but one that `is_complete` replaces one that is not.
    pub(crate) fn write_place(&mut self, record: Object, is_complete: bool) {
        let key = self.key_hash(record.key());
        let earlier = self.seen.earlier(key);
        let completes = is_complete && earlier.is_some_and(|earlier| earlier.content == INCOMPLETE);
        if self.pending.is_over_limit || (earlier.is_some() && !completes) || !self.pending.shared.insert(key) {
            return;
        }
        if completes {
            self.pending.completed.push(key);
        }
        let content = if is_complete { 0 } else { INCOMPLETE };
        self.push(Line { text: record.into_json(), flags: SHARED, key, content, is_place: true });
    }

    /// Deletes the record that an older version wrote under a key, if nothing refers to it any more.
    pub(crate) fn drop_unreferenced(&mut self, key: String) {
        self.pending.dropped.push(key);
    }

    fn push(&mut self, line: Line) {
        self.pending.bytes += line.text.len();
        if self.pending.lines.len() < MAX_ROW_RECORDS && self.pending.bytes < MAX_ROW_BYTES {
            self.pending.lines.push(line);
        } else {
            self.pending.is_over_limit = true;
        }
    }

    /// Stores a shared record even if nothing refers to it.
    pub(crate) fn keep_unreferenced(&mut self, key: &str) {
        let key = self.key_hash(key);
        match self.pending.lines.iter_mut().find(|line| line.key == key) {
            Some(line) => line.flags |= KEEP_UNREFERENCED,
            None => self.pending.keep_unreferenced.push(key),
        }
    }

    /// Returns true if the current row has given no record so far.
    pub(crate) fn row_is_empty(&self) -> bool {
        self.pending.lines.is_empty()
    }

    fn key_hash(&self, key: &str) -> u64 {
        hash(&(self.dataset, key))
    }

    /// Adds a remark about the file to the report.
    pub(crate) fn add_note(&mut self, note: String) {
        self.counted.notes.push(note);
    }

    /// Returns the file of places, if there are any, and the file of all other records, each with what the importer
    /// needs to know of it.
    pub(crate) fn finish(self) -> Result<(Option<ConvertedFile>, ConvertedFile)> {
        // The first line of each file is the dataset.
        let places = if self.places.count > 1 {
            let (records, origins) = self.places.finish()?;
            Some((records, Converted::new(origins, Counted::default())))
        } else {
            None
        };
        let (records, origins) = self.others.finish()?;
        Ok((places, (records, Converted::new(origins, self.counted))))
    }
}

/// Adds counts to others, of which there are a limited number; the rest is added up under `rest`.
fn count(all: &mut BTreeMap<Cow<'static, str>, u64>, new: BTreeMap<Cow<'static, str>, u64>, rest: &'static str) {
    for (what, number) in new {
        let is_full = all.len() >= MAX_COUNTED && !all.contains_key(&what);
        *all.entry(if is_full { rest.into() } else { what }).or_default() += number;
    }
}

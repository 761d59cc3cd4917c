//! Rows of delimited text and of JSON lines: a damaged row is told with its line and takes no other with it.

use std::collections::VecDeque;
use std::io::BufRead;

use crate::error::{Error, Result};
use crate::import::feed::row::{Mistake, Names};
use crate::import::source::{Lines, whole};

/// A quoted cell does not go on for more lines or bytes than this; what seems to is a row whose quote was cut off.
const MOST_LINES: usize = 500;
const MOST_BYTES: usize = 1 << 20;

/// A text with more delimiters than this is no row of any feed, whatever its quotes say.
const MOST_CELLS: usize = 10_000;

/// How a file's lines become rows.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Tabs between columns that have these names, no header, no quotes.
    Bare(&'static [&'static str]),
    /// A header of which these columns are needed, commas between cells that may be quoted and hold line breaks.
    Commas(&'static [&'static str]),
    /// A header of which the first columns are needed and the others known, tabs between cells, no quotes. Lines that are
    /// not UTF-8 are ISO-8859-1.
    Tabs(&'static [&'static str], &'static [&'static str]),
    /// One JSON object a line, in the column `json`.
    Json,
}

/// What a file gives next.
pub(super) enum Read {
    /// A row: the line on which it begins, and its cells.
    Row(u64, Vec<String>),
    /// A row without data, and why it is skipped.
    Skipped(&'static str),
    /// A row that cannot be read.
    Wrong(u64, Mistake),
}

/// A line with its number, or why it cannot be read.
type Line = Result<(u64, String), (u64, Mistake)>;

/// A file as rows.
pub(super) struct Table<R> {
    lines: Lines<R>,
    layout: Layout,
    names: Names,
    header: Vec<String>,
    delimiter: u8,
    /// Whether a row was read.
    begun: bool,
    /// Lines read ahead of their row.
    ahead: VecDeque<Line>,
}

impl<R: BufRead> Table<R> {
    pub(super) fn open(name: &str, reader: R, layout: Layout) -> Result<Self> {
        let mut lines = Lines::new(name, reader);
        let fixed = |names: &[&str]| Names::new(names.iter().copied());
        let (mut header, mut delimiter) = (Vec::new(), b'\t');
        let names = match layout {
            Layout::Bare(names) => fixed(names),
            Layout::Json => fixed(&["json"]),
            Layout::Commas(needed) | Layout::Tabs(needed, _) => {
                if let Layout::Tabs(..) = layout {
                    lines = lines.or_latin();
                }
                let first = lines.next()?.and_then(|line| line.text.ok()).unwrap_or_default();
                if let Layout::Commas(_) = layout {
                    let semicolons = first.matches(';').count() > first.matches(',').count();
                    delimiter = if semicolons { b';' } else { b',' };
                }
                header = cells(&first, delimiter);
                // Some files have tabs behind their last column.
                header.truncate(header.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1));
                let names = Names::new(header.iter().map(String::as_str));
                let missing: Vec<_> = needed.iter().copied().filter(|column| !names.has(column)).collect();
                if !missing.is_empty() {
                    let missing = missing.join(", ");
                    return Err(Error::BadInput(format!(
                        "{name} lacks the columns {missing}: its first line must name them, or --format another feed"
                    )));
                }
                names
            }
        };
        Ok(Self { lines, layout, names, header, delimiter, begun: false, ahead: VecDeque::new() })
    }

    /// How many lines were not UTF-8 and read as ISO-8859-1.
    pub(super) fn recoded(&self) -> u64 {
        self.lines.recoded()
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Read>> {
        let (number, first) = match self.line()? {
            None => return Ok(None),
            Some(Err((number, mistake))) => return Ok(Some(Read::Wrong(number, mistake))),
            Some(Ok(line)) => line,
        };
        if let Layout::Json = self.layout {
            return Ok(Some(Read::Row(number, vec![first])));
        }
        self.drop_bare_headings(&first);
        if self.delimiter == b'\t' || !open(&first) {
            return Ok(Some(self.judge(number, &first)));
        }
        // The row goes on behind a line break in a quoted cell, unless its quote was cut off.
        let mut rest: Vec<Line> = Vec::new();
        let (mut text, mut quoted) = (first.clone(), true);
        while rest.len() < MOST_LINES && text.len() < MOST_BYTES {
            let (at, next) = match self.line()? {
                None => break,
                // A line that cannot be read is no part of a cell: the row before it was cut.
                Some(Err(wrong)) => {
                    rest.push(Err(wrong));
                    break;
                }
                Some(Ok(line)) => line,
            };
            let goes_on = open(&next);
            let fresh = !goes_on && cells(&next, self.delimiter).len() == self.names.count();
            quoted ^= goes_on;
            text.push_str(&next);
            rest.push(Ok((at, next)));
            if fresh {
                break;
            }
            if !quoted {
                if cells(&text, self.delimiter).len() == self.names.count() {
                    return Ok(Some(self.judge(number, &text)));
                }
                break;
            }
        }
        // The lines behind a cut row are rows of their own.
        for line in rest.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(Some(self.judge(number, &first)))
    }

    /// Some files head columns that no row has: when the first row has just the known ones, the others are no columns.
    fn drop_bare_headings(&mut self, first: &str) {
        let Layout::Tabs(needed, known) = self.layout else { return };
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let is_known = |name: &str| needed.contains(&name) || known.contains(&name);
        let rest: Vec<&str> = self.header.iter().map(|name| name.trim()).filter(|name| is_known(name)).collect();
        if rest.len() < self.names.count() && cells(first, self.delimiter).len() == rest.len() {
            self.names = Names::new(rest.into_iter());
        }
    }

    fn line(&mut self) -> Result<Option<Line>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let Some(line) = self.lines.next()? else { return Ok(None) };
        Ok(Some(match line.text {
            Ok(text) if text.contains('\0') => {
                Err((line.number, whole("holds a NUL, which is no character of text", "remove it")))
            }
            Ok(text) => Ok((line.number, text)),
            Err(mistake) => Err((line.number, mistake)),
        }))
    }

    fn judge(&self, number: u64, text: &str) -> Read {
        let mut cells = cells(text, self.delimiter);
        let (count, wanted) = (cells.len(), self.names.count());
        if cells.iter().skip(wanted).all(String::is_empty) {
            // Some files have tabs behind their last column.
            cells.truncate(wanted.max(1));
        }
        if cells.len() != wanted {
            return Read::Wrong(
                number,
                whole(
                    format!("has {count} columns and not {wanted}"),
                    "look for a cut line, a line break or a delimiter inside of a cell",
                ),
            );
        }
        if !self.header.is_empty() {
            if cells == self.header {
                return Read::Skipped("the header again");
            }
            let tags = cells.iter().filter(|cell| cell.starts_with('#')).count();
            if tags * 2 > wanted || (tags > 0 && cells.iter().all(|cell| cell.is_empty() || cell.starts_with('#'))) {
                return Read::Skipped("a row of HXL tags");
            }
        }
        Read::Row(number, cells)
    }
}

/// Whether a quoted cell goes on behind the end of the text.
fn open(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

/// The cells of a row; of one that has far too many, no more than show it.
fn cells(text: &str, delimiter: u8) -> Vec<String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let count = text.bytes().filter(|byte| *byte == delimiter).count();
    if count > MOST_CELLS {
        return vec!["...".to_owned(); MOST_CELLS];
    }
    if delimiter == b'\t' {
        return text.split('\t').map(str::to_owned).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(text.len().clamp(64, 1 << 16))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

//! Reads the rows of delimited text and of JSON Lines.
//!
//! A damaged row is reported with its line number and does not affect the rows around it. That is why the `csv` crate
//! parses one row at a time here: over a whole file, one missing quote would swallow all rows after it.

use std::collections::VecDeque;
use std::io::BufRead;

use crate::error::{Error, Result};
use crate::import::feed::row::{Columns, FieldProblem};
use crate::import::source::Lines;

/// The most lines that one quoted cell may span. A longer cell is a row whose closing quote is missing.
const MAX_CELL_LINES: usize = 500;

/// The most bytes of a row with a cell that spans lines.
const MAX_ROW_BYTES: usize = 1 << 20;

/// The most cells of a row. A line with more delimiters belongs to no feed, and splitting it would take memory.
const MAX_CELLS: usize = 10_000;

/// The layout of a file: how its lines become rows.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Tab-separated without quotes, and as published without a header. The columns have the given names; a row may lack
    /// the last `optional` ones. A header that somebody has added is recognized by its first cell.
    HeaderlessTsv { columns: &'static [&'static str], optional: usize },
    /// Separated by commas, semicolons, tabs or bars, with a header that must contain the given columns. Cells may be quoted and
    /// contain line breaks.
    Csv { required: &'static [&'static str] },
    /// Tab-separated with a header, without quotes. `known` lists further columns that the feed documents. A line
    /// that is not UTF-8 is read as ISO-8859-1.
    Tsv { required: &'static [&'static str], known: &'static [&'static str] },
    /// One JSON object per line, in a column named `json`.
    JsonLines,
}

/// The next item of a table.
pub(super) enum Item {
    /// A row: the number of its first line, and its cells.
    Row(u64, Vec<String>),
    /// A row without data, and the reason for skipping it.
    Skipped(&'static str),
    /// A row that cannot be read: the number of its first line, and why.
    Invalid(u64, FieldProblem),
}

/// A line with its number, or its number and why it cannot be read.
type Line = Result<(u64, String), (u64, FieldProblem)>;

/// A file read row by row.
pub(super) struct Table<R> {
    lines: Lines<R>,
    layout: Layout,
    columns: Columns,
    header: Vec<String>,
    delimiter: u8,
    /// Cells may be quoted.
    has_quotes: bool,
    /// A row was read already.
    started: bool,
    /// Lines that were read as part of a quoted cell but are rows of their own.
    pushed_back: VecDeque<Line>,
}

impl<R: BufRead> Table<R> {
    /// Reads the header if the layout has one. A header without the required columns refuses the file.
    pub(super) fn open(name: &str, reader: R, layout: Layout) -> Result<Self> {
        let mut lines = Lines::new(name, reader).or_carriage_return();
        let (mut header, mut delimiter, mut pushed_back) = (Vec::new(), b'\t', VecDeque::new());
        let columns = match layout {
            Layout::HeaderlessTsv { columns, .. } => {
                let first = next_line(&mut lines)?;
                let cells = match &first {
                    Some(Ok((_, first))) => split(first, b'\t', false),
                    _ => Vec::new(),
                };
                if is_header(&cells, columns) {
                    header = cells;
                } else {
                    pushed_back.extend(first);
                }
                let found = Columns::new(header.iter().map(String::as_str), &[columns]);
                // A header with other names than the documented ones says nothing about their order.
                let is_complete = columns.iter().all(|column| found.contains(column));
                if is_complete { found } else { Columns::new(columns.iter().copied(), &[columns]) }
            }
            Layout::JsonLines => Columns::new(["json"].into_iter(), &[]),
            Layout::Csv { required } | Layout::Tsv { required, .. } => {
                let known = if let Layout::Tsv { known, .. } = layout { known } else { &[] };
                if let Layout::Tsv { .. } = layout {
                    lines = lines.or_latin();
                }
                let mut first = lines.next()?.and_then(|line| line.text.ok()).unwrap_or_default();
                if let Layout::Csv { .. } = layout {
                    let count = |delimiter: u8| first.bytes().filter(|byte| *byte == delimiter).count();
                    delimiter =
                        [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|one| count(*one)).unwrap_or(b',');
                    if let Some(named) = named_delimiter(&first) {
                        delimiter = named;
                        first = lines.next()?.and_then(|line| line.text.ok()).unwrap_or_default();
                    }
                }
                header = split(&first, delimiter, matches!(layout, Layout::Csv { .. }));
                // Some files end their lines with tabs.
                header.truncate(header.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1));
                let columns = Columns::new(header.iter().map(String::as_str), &[required, known]);
                let missing: Vec<_> = required.iter().copied().filter(|column| !columns.contains(column)).collect();
                if !missing.is_empty() {
                    let missing = missing.join(", ");
                    return Err(Error::BadInput(format!(
                        "{name}: the first line lacks the columns {missing}. Add the header line, or name another feed \
                         with --format"
                    )));
                }
                columns
            }
        };
        let has_quotes = matches!(layout, Layout::Csv { .. });
        Ok(Self { lines, layout, columns, header, delimiter, has_quotes, started: false, pushed_back })
    }

    /// The number of lines that were not UTF-8 and were read as ISO-8859-1.
    pub(super) fn latin_lines(&self) -> u64 {
        self.lines.recoded()
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Reads the next row; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Item>> {
        let (number, first) = match self.next_line()? {
            None => return Ok(None),
            Some(Err((number, problem))) => return Ok(Some(Item::Invalid(number, problem))),
            Some(Ok(line)) => line,
        };
        if let Layout::JsonLines = self.layout {
            return Ok(Some(Item::Row(number, vec![first])));
        }
        self.drop_headings_without_column(&first);
        if !self.has_quotes || !ends_in_quotes(&first) {
            let whole = self.rejoin(first)?;
            return Ok(Some(self.row(number, &whole)));
        }
        // A quoted cell contains a line break, or its closing quote is missing.
        let mut following: Vec<Line> = Vec::new();
        let (mut text, mut quoted) = (first.clone(), true);
        while following.len() < MAX_CELL_LINES && text.len() < MAX_ROW_BYTES {
            let (at, next) = match self.next_line()? {
                None => break,
                // An unreadable line cannot belong to a cell, so the closing quote is missing.
                Some(Err(invalid)) => {
                    following.push(Err(invalid));
                    break;
                }
                Some(Ok(line)) => line,
            };
            let toggles_quotes = ends_in_quotes(&next);
            let is_row = !toggles_quotes && self.count_cells(&next) == self.columns.count();
            quoted ^= toggles_quotes;
            text.push_str(&next);
            following.push(Ok((at, next)));
            if is_row {
                break;
            }
            if !quoted {
                if self.count_cells(&text) == self.columns.count() {
                    return Ok(Some(self.row(number, &text)));
                }
                break;
            }
        }
        // The first line alone is a damaged row; the lines after it are rows of their own.
        for line in following.into_iter().rev() {
            self.pushed_back.push_front(line);
        }
        Ok(Some(self.row(number, &first)))
    }

    /// Removes headings that no row has a cell for, which occur in some files: if the first row has exactly as many
    /// cells as there are documented columns, undocumented headings are dropped.
    fn drop_headings_without_column(&mut self, first: &str) {
        let Layout::Tsv { required, known } = self.layout else { return };
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let is_documented = |name: &str| required.contains(&name) || known.contains(&name);
        let documented: Vec<&str> =
            self.header.iter().map(|name| name.trim()).filter(|name| is_documented(name)).collect();
        if documented.len() < self.columns.count() && self.count_cells(first) == documented.len() {
            self.columns = Columns::new(documented.into_iter(), &[required, known]);
        }
    }

    /// Joins the parts of a row that has a carriage return in a cell, which reads like the end of the row. Lines that have
    /// the right number of cells only together are one row.
    fn rejoin(&mut self, first: String) -> Result<String> {
        let expected = self.columns.count();
        let (first_length, mut whole, mut count) = (first.len(), first, 0);
        let mut following: Vec<Line> = Vec::new();
        while whole.ends_with('\r') && following.len() < MAX_CELL_LINES && whole.len() < MAX_ROW_BYTES {
            if following.is_empty() {
                count = self.count_cells(&whole);
            }
            if count >= expected {
                break;
            }
            let Some(next) = self.next_line()? else { break };
            let part = next.as_ref().ok().map(|(_, text)| text.clone());
            following.push(next);
            let Some(part) = part else { break };
            count += self.count_cells(&part) - 1;
            if count > expected {
                break;
            }
            whole.push_str(&part);
        }
        if count == expected || following.is_empty() {
            return Ok(whole);
        }
        // The first line is a damaged row, and those after it are rows of their own.
        whole.truncate(first_length);
        for line in following.into_iter().rev() {
            self.pushed_back.push_front(line);
        }
        Ok(whole)
    }

    fn count_cells(&self, text: &str) -> usize {
        split(text, self.delimiter, self.has_quotes).len().max(1)
    }

    fn next_line(&mut self) -> Result<Option<Line>> {
        match self.pushed_back.pop_front() {
            Some(line) => Ok(Some(line)),
            None => next_line(&mut self.lines),
        }
    }

    /// Splits a row and checks the number of its cells.
    fn row(&self, number: u64, text: &str) -> Item {
        let mut cells = split(text, self.delimiter, self.has_quotes);
        let (count, expected) = (cells.len(), self.columns.count());
        if cells.iter().skip(expected).all(String::is_empty) {
            // Some files end their lines with tabs.
            cells.truncate(expected.max(1));
        }
        let optional = if let Layout::HeaderlessTsv { optional, .. } = self.layout { optional } else { 0 };
        if cells.len() + optional == expected {
            cells.resize(expected, String::new());
        }
        if cells.len() != expected {
            return Item::Invalid(
                number,
                FieldProblem::of_record(
                    format!("has {count} columns instead of {expected}"),
                    "look for a cut line, or for a line break or delimiter inside a cell",
                ),
            );
        }
        if !self.header.is_empty() {
            if cells == self.header {
                return Item::Skipped("repeated header lines");
            }
            let tags = cells.iter().filter(|cell| cell.starts_with('#')).count();
            if tags * 2 > expected || (tags > 0 && cells.iter().all(|cell| cell.is_empty() || cell.starts_with('#'))) {
                return Item::Skipped("rows of HXL tags");
            }
        }
        Item::Row(number, cells)
    }
}

/// Returns true if a quoted cell is open at the end of a text that begins outside of quotes.
fn ends_in_quotes(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

/// Reads the next line that is not blank.
fn next_line<R: BufRead>(lines: &mut Lines<R>) -> Result<Option<Line>> {
    let Some(line) = lines.next()? else { return Ok(None) };
    Ok(Some(match line.text {
        Ok(text) if text.contains('\0') => {
            Err((line.number, FieldProblem::of_record("contains a NUL character, which is not text", "remove it")))
        }
        Ok(text) => Ok((line.number, text)),
        Err(problem) => Err((line.number, problem)),
    }))
}

/// Returns true if the cells are a header with the given columns.
pub(super) fn is_header<S: AsRef<str>>(cells: &[S], columns: &[&str]) -> bool {
    let first = cells.first().map(|cell| cell.as_ref().trim());
    cells.len() == columns.len()
        && first.zip(columns.first()).is_some_and(|(cell, name)| cell.eq_ignore_ascii_case(name))
}

/// Returns the delimiter of a line such as `sep=;`, which spreadsheets write in front of the header.
fn named_delimiter(line: &str) -> Option<u8> {
    let named = line.trim_end_matches(['\r', '\n']).trim_matches('"').strip_prefix("sep=")?;
    match named.as_bytes() {
        [delimiter] if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    }
}

/// Splits a row into cells. A row with far too many cells yields a placeholder of [`MAX_CELLS`] cells.
fn split(text: &str, delimiter: u8, has_quotes: bool) -> Vec<String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let count = text.bytes().filter(|byte| *byte == delimiter).count();
    if count > MAX_CELLS {
        return vec!["...".to_owned(); MAX_CELLS];
    }
    if !has_quotes {
        return text.split(char::from(delimiter)).map(str::to_owned).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        // A carriage return is part of a cell here: the row is complete.
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(text.len().clamp(64, 1 << 16))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

//! Writes the rows of a plan as JSON.

use std::io::{Cursor, Write};

use data_encoding::BASE64URL_NOPAD;
use entity::row::{CellValue, QueryRow};

use crate::graphql::plan::execute::{LevelRows, Page, ROOT_PARENT};
use crate::graphql::plan::level::{
    ACTOR_TYPES, EdgeShown, Entry, Level, LevelShown, ListShown, PageInfoShown, ParsedDateShown, Part, Plan, Shown,
};
use crate::graphql::plan::noun::Scalar;
use crate::graphql::plan::statement::first_key;
use crate::text::date::{Date, format_instant};

/// The rows of all levels, and the response that is written.
struct Writer<'p> {
    plan: &'p Plan,
    read: &'p [LevelRows],
    out: Vec<u8>,
    max: usize,
}

/// A level and its rows.
#[derive(Clone, Copy)]
struct Found<'p> {
    level: &'p Level,
    rows: &'p LevelRows,
}

/// Writes the data of a response. Stops soon after it has more than `max` bytes, which the caller must check.
pub(crate) fn write(plan: &Plan, read: &[LevelRows], max: usize) -> Vec<u8> {
    let mut writer = Writer { plan, read, out: Vec::with_capacity(4096), max };
    writer.out.push(b'{');
    for root in &plan.roots {
        writer.out.extend_from_slice(&root.key);
        writer.level(root.level, ROOT_PARENT);
    }
    writer.out.push(b'}');
    writer.out
}

impl<'p> Writer<'p> {
    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Writes what a level has for a parent: a connection, or a row.
    fn level(&mut self, level: usize, parent: i64) {
        let (Some(level), Some(rows)) = (self.plan.levels.get(level), self.read.get(level)) else {
            return self.null();
        };
        let (found, page) = (Found { level, rows }, rows.page(parent));
        match &level.shown {
            LevelShown::List(parts) => self.connection(found, parts, page, parent),
            LevelShown::Row(parts) => match rows.rows_of(page).next() {
                Some(row) => self.object(row, parts),
                None => self.null(),
            },
        }
    }

    fn connection(&mut self, found: Found<'p>, parts: &'p [Entry<ListShown>], page: Option<Page>, parent: i64) {
        self.out.push(b'{');
        for part in parts {
            self.out.extend_from_slice(&part.key);
            match &part.shown {
                ListShown::Typename(name) => self.out.extend_from_slice(name),
                ListShown::TotalCount => {
                    let count = i32::try_from(found.rows.count(parent)).unwrap_or(i32::MAX);
                    self.integer(count.into());
                }
                ListShown::PageInfo(parts) => self.page_info(found, parts, page),
                ListShown::Nodes(parts) => self.list(found, page, |writer, row| writer.object(row, parts)),
                ListShown::Edges(parts) => self.list(found, page, |writer, row| writer.edge(found, row, parts)),
            }
        }
        self.out.push(b'}');
    }

    fn list(&mut self, found: Found<'p>, page: Option<Page>, write: impl Fn(&mut Self, QueryRow<'p>)) {
        self.out.push(b'[');
        for (index, row) in found.rows.rows_of(page).enumerate() {
            if self.out.len() > self.max {
                return;
            }
            if index > 0 {
                self.out.push(b',');
            }
            write(self, row);
        }
        self.out.push(b']');
    }

    fn edge(&mut self, found: Found<'p>, row: QueryRow<'p>, parts: &'p [Entry<EdgeShown>]) {
        self.out.push(b'{');
        for part in parts {
            self.out.extend_from_slice(&part.key);
            match &part.shown {
                EdgeShown::Typename(name) => self.out.extend_from_slice(name),
                EdgeShown::Cursor => self.cursor(found, row),
                EdgeShown::Node(parts) => self.object(row, parts),
            }
        }
        self.out.push(b'}');
    }

    fn page_info(&mut self, found: Found<'p>, parts: &'p [Entry<PageInfoShown>], page: Option<Page>) {
        let Some((_, arguments)) = &found.rows.list else { return self.null() };
        let is_backward = arguments.last.is_some();
        let has_more = page.is_some_and(|page| page.has_more);
        self.out.push(b'{');
        for part in parts {
            self.out.extend_from_slice(&part.key);
            match part.shown {
                PageInfoShown::Typename => self.out.extend_from_slice(b"\"PageInfo\""),
                PageInfoShown::HasNextPage => {
                    self.truth(if is_backward { arguments.before.is_some() } else { has_more });
                }
                PageInfoShown::HasPreviousPage => {
                    self.truth(if is_backward { has_more } else { arguments.after.is_some() });
                }
                PageInfoShown::StartCursor | PageInfoShown::EndCursor => {
                    let mut rows = found.rows.rows_of(page);
                    let is_start = matches!(part.shown, PageInfoShown::StartCursor);
                    match if is_start { rows.next() } else { rows.next_back() } {
                        Some(row) => self.cursor(found, row),
                        None => self.null(),
                    }
                }
            }
        }
        self.out.push(b'}');
    }

    fn cursor(&mut self, found: Found<'p>, row: QueryRow<'p>) {
        let Some((keyset, _)) = &found.rows.list else { return self.null() };
        let CellValue::Integer(id) = row.value(0) else { return self.null() };
        match keyset.read_keys(row, first_key(found.level)) {
            // A cursor has no character that JSON escapes.
            Ok(keys) => {
                let cursor = keyset.encode_cursor(&keys, id);
                self.out.push(b'"');
                self.out.extend_from_slice(cursor.as_bytes());
                self.out.push(b'"');
            }
            Err(_) => self.null(),
        }
    }

    fn object(&mut self, row: QueryRow<'p>, parts: &'p [Part]) {
        self.out.push(b'{');
        let mut is_first = true;
        for part in parts {
            if part.only.is_some_and(|(column, word)| row.value(column) != CellValue::Text(word)) {
                continue;
            }
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.out.extend_from_slice(&part.key);
            self.value(row, &part.shown);
        }
        self.out.push(b'}');
    }

    fn value(&mut self, row: QueryRow<'p>, shown: &'p Shown) {
        match shown {
            Shown::Null => self.null(),
            Shown::Typename(name) => self.out.extend_from_slice(name),
            Shown::ActorTypename(column) => {
                let kind = row.value(*column);
                match ACTOR_TYPES.iter().find(|(_, word)| kind == CellValue::Text(word)) {
                    Some((name, _)) => self.text(name),
                    None => self.null(),
                }
            }
            Shown::Id(column, noun) => match row.value(*column) {
                CellValue::Integer(number) => self.id(noun.kind.table(), number),
                _ => self.null(),
            },
            Shown::Scalar(column, scalar) => self.scalar(row.value(*column), *scalar),
            Shown::Date { tests, fields } => {
                if tests.iter().all(|column| row.value(*column) == CellValue::Null) {
                    self.null();
                } else {
                    self.object(row, fields);
                }
            }
            Shown::Joined { id, fields } => match row.value(*id) {
                CellValue::Null => self.null(),
                _ => self.object(row, fields),
            },
            Shown::Node { id, kind, levels } => {
                let CellValue::Integer(id) = row.value(*id) else { return self.null() };
                let has_row = |level: usize| self.read.get(level).is_some_and(|rows| rows.page(id).is_some());
                let level = levels.iter().find(|(word, level)| match kind {
                    Some(kind) => row.value(*kind) == CellValue::Text(word),
                    None => has_row(*level),
                });
                match level {
                    Some((_, level)) => self.level(*level, id),
                    None => self.null(),
                }
            }
            Shown::ParsedDate { column, fields } => {
                let CellValue::Text(edtf) = row.value(*column) else { return self.null() };
                match Date::parse(edtf) {
                    Ok(date) => self.parsed_date(&date, fields),
                    Err(_) => self.null(),
                }
            }
            Shown::Referenced { column, level } | Shown::List { id: column, level } => match row.value(*column) {
                CellValue::Integer(id) => self.level(*level, id),
                _ => self.null(),
            },
        }
    }

    fn parsed_date(&mut self, date: &Date, parts: &[Entry<ParsedDateShown>]) {
        self.out.push(b'{');
        for part in parts {
            self.out.extend_from_slice(&part.key);
            let instant = match part.shown {
                ParsedDateShown::Typename => {
                    self.text("EdtfDate");
                    continue;
                }
                ParsedDateShown::Edtf => {
                    self.text(&date.edtf);
                    continue;
                }
                ParsedDateShown::Raw => None,
                ParsedDateShown::Earliest => date.earliest,
                ParsedDateShown::Latest => date.latest,
            };
            match instant {
                Some(second) => self.text(&format_instant(second)),
                None => self.null(),
            }
        }
        self.out.push(b'}');
    }

    fn scalar(&mut self, value: CellValue<'_>, scalar: Scalar) {
        match (value, scalar) {
            (CellValue::Null, _) => self.null(),
            (CellValue::Text(text), _) => self.text(text),
            (CellValue::Integer(number), Scalar::Bool) => self.truth(number != 0),
            (CellValue::Integer(second), Scalar::Instant) => self.text(&format_instant(second)),
            (CellValue::Integer(number), Scalar::Float) => self.real(number as f64),
            (CellValue::Integer(number), _) => self.integer(number),
            (CellValue::Real(number), _) => self.real(number),
        }
    }

    fn truth(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn integer(&mut self, number: i64) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    fn real(&mut self, number: f64) {
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    fn text(&mut self, text: &str) {
        let _ = serde_json::to_writer(&mut self.out, text);
    }

    /// Writes a global id. The table name and the number are at most 48 bytes.
    fn id(&mut self, table: &str, number: i64) {
        let mut plain = Cursor::new([0; 48]);
        let _ = write!(plain, "{table}:{number}");
        let length = usize::try_from(plain.position()).unwrap_or_default();
        let plain = plain.get_ref().get(..length).unwrap_or_default();
        self.out.push(b'"');
        let start = self.out.len();
        self.out.resize(start + BASE64URL_NOPAD.encode_len(length), 0);
        if let Some(encoded) = self.out.get_mut(start..) {
            BASE64URL_NOPAD.encode_mut(plain, encoded);
        }
        self.out.push(b'"');
    }
}

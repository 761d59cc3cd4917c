//! Writes connections: their rows, edges and positions.

use entity::row::{CellValue, QueryRow};

use super::{Found, Segment, Writer, Written};
use crate::graphql::plan::level::{EdgeShown, Key, ListShown, PageInfoShown, Part};
use crate::graphql::plan::rows::Page;
use crate::graphql::plan::statement::first_key;

impl<'p> Writer<'p> {
    pub(super) fn list_field(
        &mut self,
        key: &'p Key,
        found: Found<'p>,
        page: Option<Page>,
        parent: i64,
        shown: &'p ListShown,
    ) -> Written {
        match shown {
            ListShown::Typename(name) => self.out.extend_from_slice(name),
            ListShown::TotalCount => {
                let count = i32::try_from(found.rows.count(parent)).unwrap_or(i32::MAX);
                self.integer(count.into());
            }
            ListShown::PageInfo(parts) => {
                return self.object(None, parts, |writer, _, shown| {
                    writer.page_info(found, *shown, page);
                    Ok(())
                });
            }
            ListShown::Nodes(parts) => return self.list(key, found, page, |writer, row| writer.row(row, parts)),
            ListShown::Edges(parts) => {
                return self.list(key, found, page, |writer, row| writer.edge(found, row, parts));
            }
            ListShown::Function(step) => return self.step(key, *step, parent),
        }
        Ok(())
    }

    fn list(
        &mut self,
        key: &'p Key,
        found: Found<'p>,
        page: Option<Page>,
        write: impl Fn(&mut Self, QueryRow<'p>) -> Written,
    ) -> Written {
        self.rows(key, found.rows.rows_of(page), write)
    }

    /// Writes a list of rows.
    pub(super) fn rows(
        &mut self,
        key: &'p Key,
        rows: impl Iterator<Item = QueryRow<'p>>,
        write: impl Fn(&mut Self, QueryRow<'p>) -> Written,
    ) -> Written {
        self.within(Segment::Field(key), |writer| {
            writer.out.push(b'[');
            for (index, row) in rows.enumerate() {
                if writer.is_too_large() {
                    break;
                }
                if index > 0 {
                    writer.out.push(b',');
                }
                writer.within(Segment::Index(index), |writer| write(writer, row))?;
            }
            writer.out.push(b']');
            Ok(())
        })
    }

    pub(super) fn edge(&mut self, found: Found<'p>, row: QueryRow<'p>, parts: &'p [Part<EdgeShown>]) -> Written {
        self.object(None, parts, |writer, key, shown| match shown {
            EdgeShown::Typename(name) => {
                writer.out.extend_from_slice(name);
                Ok(())
            }
            EdgeShown::Cursor => {
                writer.cursor(found, row);
                Ok(())
            }
            EdgeShown::Node(parts) => writer.within(Segment::Field(key), |writer| writer.row(row, parts)),
        })
    }

    fn page_info(&mut self, found: Found<'p>, shown: PageInfoShown, page: Option<Page>) {
        let Some((_, arguments)) = &found.rows.list else { return self.null() };
        let has_more = page.is_some_and(|page| page.has_more);
        match shown {
            PageInfoShown::Typename => self.out.extend_from_slice(b"\"PageInfo\""),
            PageInfoShown::HasNextPage => self.truth(arguments.has_next(has_more)),
            PageInfoShown::HasPreviousPage => self.truth(arguments.has_previous(has_more)),
            PageInfoShown::StartCursor | PageInfoShown::EndCursor => {
                let mut rows = found.rows.rows_of(page);
                let is_start = matches!(shown, PageInfoShown::StartCursor);
                match if is_start { rows.next() } else { rows.next_back() } {
                    Some(row) => self.cursor(found, row),
                    None => self.null(),
                }
            }
        }
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
}

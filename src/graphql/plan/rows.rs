//! The rows of a level, in the pages of their parents.

use std::sync::Arc;

use entity::row::{CellValue, QueryRow, Rows};

use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::plan::list::ListQuery;

/// The rows of a level.
#[derive(Default)]
pub(crate) struct LevelRows {
    pub(crate) rows: Rows,
    /// The pages of all parents, sorted by parent; for referenced rows, one page per id.
    pub(super) pages: Vec<Page>,
    /// The rows of all pages, as indexes into `rows`.
    pub(super) order: Vec<u32>,
    /// The order of the list and its page arguments; none for single rows.
    pub(crate) list: Option<(Arc<Keyset>, PageArgs)>,
    /// The total counts by parent, sorted.
    pub(super) counts: Vec<(i64, i64)>,
    /// Which rows the lists have, regardless of their pages; none for single rows.
    pub(super) query: Option<Arc<ListQuery>>,
}

/// The rows of one parent: a range of `LevelRows::order`.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    parent: i64,
    start: usize,
    pub(super) length: usize,
    pub(crate) has_more: bool,
}

/// The parent of a list at the root.
pub(crate) const ROOT_PARENT: i64 = 0;

impl LevelRows {
    /// Returns the page of a parent; none if it has no rows.
    pub(crate) fn page(&self, parent: i64) -> Option<Page> {
        let index = self.pages.binary_search_by_key(&parent, |page| page.parent).ok()?;
        self.pages.get(index).copied()
    }

    /// Returns the rows of a page.
    pub(crate) fn rows_of(&self, page: Option<Page>) -> impl DoubleEndedIterator<Item = QueryRow<'_>> {
        let range = page.map_or(0..0, |page| page.start..page.start + page.length);
        self.order.get(range).unwrap_or_default().iter().filter_map(|index| self.rows.get(*index as usize))
    }

    /// Returns the only row of a parent.
    pub(crate) fn row(&self, parent: i64) -> Option<QueryRow<'_>> {
        self.rows_of(self.page(parent)).next()
    }

    /// Returns the total count of a parent's list.
    pub(crate) fn count(&self, parent: i64) -> i64 {
        let found = self.counts.binary_search_by_key(&parent, |(other, _)| *other).ok();
        found.and_then(|index| self.counts.get(index)).map_or(0, |(_, count)| *count)
    }

    /// Forms the pages from rows and the parent of each, in the order of the list.
    pub(super) fn form_pages(&mut self, parents: &[i64], size: usize, backward: bool) {
        let mut order: Vec<u32> = (0..u32::try_from(parents.len()).unwrap_or(u32::MAX)).collect();
        // Stable, so that the rows of one parent keep their order.
        if !parents.is_sorted() {
            order.sort_by_key(|index| parents.get(*index as usize));
        }
        for index in order {
            let Some(parent) = parents.get(index as usize).copied() else { continue };
            match self.pages.last_mut().filter(|page| page.parent == parent) {
                Some(page) if page.length == size => {
                    page.has_more = true;
                    continue;
                }
                Some(page) => page.length += 1,
                None if size == 0 => {
                    self.pages.push(Page { parent, start: self.order.len(), length: 0, has_more: true });
                    continue;
                }
                None => self.pages.push(Page { parent, start: self.order.len(), length: 1, has_more: false }),
            }
            self.order.push(index);
        }
        if backward {
            for page in &self.pages {
                if let Some(rows) = self.order.get_mut(page.start..page.start + page.length) {
                    rows.reverse();
                }
            }
        }
    }

    /// Keeps rows of which each belongs to the id in a column.
    pub(super) fn of_ids(rows: Rows, id_column: usize) -> Self {
        let mut found = Self { rows, ..Self::default() };
        let ids: Vec<i64> = found.rows.iter().map(|row| integer(row, id_column)).collect();
        found.form_pages(&ids, 1, false);
        found
    }
}

/// The value of an integer column; 0 for any other.
pub(super) fn integer(row: QueryRow<'_>, column: usize) -> i64 {
    if let CellValue::Integer(number) = row.value(column) { number } else { 0 }
}

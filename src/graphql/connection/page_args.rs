//! The pagination arguments of the Relay Cursor Connections Specification.

use crate::error::{Error, Result};

/// Page size when a query gives neither `first` nor `last`.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// Maximum page size.
pub const MAX_PAGE_SIZE: i32 = 500;

/// The arguments that select a page of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArgs {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArgs {
    /// Returns whether rows follow the page. `has_more` is true if rows follow in the direction of reading.
    pub(crate) fn has_next(&self, has_more: bool) -> bool {
        if self.last.is_some() { self.before.is_some() } else { has_more }
    }

    /// Returns whether rows precede the page, like [`Self::has_next`].
    pub(crate) fn has_previous(&self, has_more: bool) -> bool {
        if self.last.is_some() { has_more } else { self.after.is_some() }
    }

    /// Returns the page size, and true if it counts from the end of the list. Errors: `BAD_INPUT` if both `first` and `last` are
    /// given or the size is negative, `LIMIT` if it exceeds [`MAX_PAGE_SIZE`].
    pub(crate) fn size(&self) -> Result<(usize, bool)> {
        let (name, size, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::BadInput("`first` and `last` cannot be combined: give one of them".into()));
            }
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(DEFAULT_PAGE_SIZE), false),
        };
        if size > MAX_PAGE_SIZE {
            return Err(Error::Limit(format!(
                "`{name}: {size}` exceeds the maximum page size: give at most {MAX_PAGE_SIZE} and continue with a cursor"
            )));
        }
        match usize::try_from(size) {
            Ok(size) => Ok((size, backward)),
            Err(_) => Err(Error::BadInput(format!("`{name}: {size}` is negative: give 0 to {MAX_PAGE_SIZE}"))),
        }
    }
}

//! Which part of a list is asked for, as in the Relay Cursor Connections Specification.

use crate::error::{Error, Result};

/// The rows of a page when the query does not say.
pub const DEFAULT_PAGE: i32 = 20;
/// The most rows of a page.
pub const LONGEST_PAGE: i32 = 500;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArgs {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArgs {
    /// Whether it starts at an end of the list.
    pub(crate) fn is_at_end(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    /// How many rows, and whether from the end.
    pub(crate) fn size(&self) -> Result<(usize, bool)> {
        let (name, size, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::BadInput("`first` and `last` exclude each other: give one of them".into()));
            }
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(DEFAULT_PAGE), false),
        };
        if size > LONGEST_PAGE {
            return Err(Error::Limit(format!(
                "`{name}: {size}` is more than a page holds: ask for at most {LONGEST_PAGE} and go on with the cursor"
            )));
        }
        match usize::try_from(size) {
            Ok(size) => Ok((size, backward)),
            Err(_) => Err(Error::BadInput(format!("`{name}: {size}` is negative: write 0 to {LONGEST_PAGE}"))),
        }
    }
}

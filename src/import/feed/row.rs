//! One row of a feed, read by column name.
//!
//! A cell that is blank or whose column the file lacks counts as missing. The typed readers return a [`FieldProblem`]
//! whose pointer names the column.

use std::collections::HashMap;

use crate::import::problem::escape;
pub(super) use crate::import::validate::builder::FieldProblem;
use crate::text::date::Date;

/// The longest excerpt of a cell in an error message, in characters.
const MAX_EXCERPT_CHARS: usize = 60;

/// The column names of a file, in file order. Of two columns with one name the first counts.
pub(super) struct Columns {
    positions: HashMap<String, usize>,
    count: usize,
}

impl Columns {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut positions = HashMap::new();
        let mut count = 0;
        for name in names {
            positions.entry(name.trim().to_owned()).or_insert(count);
            count += 1;
        }
        Self { positions, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.positions.contains_key(name)
    }
}

/// A row.
pub(super) struct Row<'r> {
    columns: &'r Columns,
    cells: &'r [String],
}

impl<'r> Row<'r> {
    pub(super) fn new(columns: &'r Columns, cells: &'r [String]) -> Self {
        Self { columns, cells }
    }

    /// Returns the trimmed text of a cell; `None` if it is blank or the file has no such column.
    pub(super) fn text(&self, column: &str) -> Option<&'r str> {
        let cell = self.cells.get(*self.columns.positions.get(column)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// Returns the text of a cell that every row must have.
    pub(super) fn required(&self, column: &str) -> Result<&'r str, FieldProblem> {
        self.text(column)
            .ok_or_else(|| invalid(column, "is empty", "every row needs a value: check for missing or shifted columns"))
    }

    /// Returns a finite number.
    pub(super) fn number(&self, column: &str) -> Result<Option<f64>, FieldProblem> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(invalid(
                column,
                format!("`{}` is not a number", excerpt(text)),
                "check for missing or shifted columns",
            )),
        }
    }

    /// Returns a whole number. A trailing `.0`, which re-exports add, is accepted.
    pub(super) fn integer(&self, column: &str) -> Result<Option<i64>, FieldProblem> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let digits = text.strip_suffix(".0").unwrap_or(text);
        digits.parse().map(Some).map_err(|_| {
            invalid(
                column,
                format!("`{}` is not a whole number", excerpt(text)),
                "check for missing or shifted columns",
            )
        })
    }

    /// Returns a whole number that every row must have.
    pub(super) fn required_integer(&self, column: &str) -> Result<i64, FieldProblem> {
        self.required(column)?;
        self.integer(column)?.ok_or_else(|| invalid(column, "is empty", "every row needs a value"))
    }

    /// Returns a point as latitude and longitude; `None` if either is blank.
    pub(super) fn point(&self, latitude: &str, longitude: &str) -> Result<Option<(f64, f64)>, FieldProblem> {
        let (north, east) = (self.number(latitude)?, self.number(longitude)?);
        for (column, value, bound) in [(latitude, north, 90.0), (longitude, east, 180.0)] {
            if value.is_some_and(|value| !(-bound..=bound).contains(&value)) {
                return Err(invalid(
                    column,
                    format!("is not between -{bound} and {bound}"),
                    "write degrees in WGS 84; latitude and longitude may be swapped",
                ));
            }
        }
        Ok(north.zip(east))
    }

    /// Returns a day that is written as `20210709`, in EDTF (`2021-07-09`).
    pub(super) fn compact_day(&self, column: &str) -> Result<String, FieldProblem> {
        let text = self.required(column)?;
        let edtf = match (text.len(), text.get(..4), text.get(4..6), text.get(6..8)) {
            (8, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
            _ => text.to_owned(),
        };
        match Date::parse(&edtf) {
            Ok(_) if edtf.len() == 10 => Ok(edtf),
            _ => Err(invalid(column, format!("`{}` is not a day", excerpt(text)), "write YYYYMMDD")),
        }
    }

    /// Rejects a row whose time is not written as `20210709143000`.
    pub(super) fn check_compact_time(&self, column: &str) -> Result<(), FieldProblem> {
        let text = self.required(column)?;
        if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(column, format!("`{}` is not a time", excerpt(text)), "write YYYYMMDDHHMMSS"));
        }
        Ok(())
    }
}

/// A problem in one column of a row.
pub(super) fn invalid(column: &str, message: impl Into<String>, suggestion: &str) -> FieldProblem {
    FieldProblem {
        pointer: format!("/{}", escape(column)),
        message: message.into(),
        suggestion: Some(suggestion.to_owned()),
    }
}

/// The beginning of a text for a message, without control characters.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_EXCERPT_CHARS).collect()
}

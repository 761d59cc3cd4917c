//! One row of a feed, read by column name.
//!
//! A cell counts as missing if it is blank, if the file lacks its column, and if it contains one of the words by which
//! the feed marks missing values. The typed readers return a [`FieldProblem`] whose pointer names the column.

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
    /// Numbers the columns. A name that differs from a documented one in its case counts as that one: some programs
    /// write all names in upper case.
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>, documented: &[&[&'static str]]) -> Self {
        let mut positions = HashMap::new();
        let mut count = 0;
        for name in names {
            let name = name.trim();
            let known = documented.iter().copied().flatten().find(|known| known.eq_ignore_ascii_case(name));
            positions.entry(known.copied().map_or_else(|| name.to_owned(), str::to_owned)).or_insert(count);
            // Not all columns are documented, and those of conflict feeds are in lower case.
            positions.entry(name.to_lowercase()).or_insert(count);
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
    /// The word that stands for a missing value, if the feed has one.
    missing: Option<&'static str>,
}

impl<'r> Row<'r> {
    pub(super) fn new(columns: &'r Columns, cells: &'r [String], missing: Option<&'static str>) -> Self {
        Self { columns, cells, missing }
    }

    /// Returns the trimmed text of a cell; `None` if it is missing.
    pub(super) fn text(&self, column: &str) -> Option<&'r str> {
        self.written(column).filter(|cell| !self.is_missing(cell))
    }

    /// Returns the trimmed text of a cell as older versions read it: the word for a missing value is returned too.
    pub(super) fn written(&self, column: &str) -> Option<&'r str> {
        let cell = self.cells.get(*self.columns.positions.get(column)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// Returns true for the word that stands for a missing value.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        Some(text) == self.missing
    }

    /// Returns the number of cells that contain the word for a missing value.
    pub(super) fn missing_cells(&self) -> u64 {
        let Some(missing) = self.missing else { return 0 };
        self.cells.iter().filter(|cell| cell.trim() == missing).count() as u64
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
        without_fraction(text).parse().map(Some).map_err(|_| {
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
        let text = without_fraction(self.required(column)?);
        let edtf = match (text.len(), text.get(..4), text.get(4..6), text.get(6..8)) {
            (8, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
            _ => text.to_owned(),
        };
        match iso_day(&edtf) {
            Some(day) => Ok(day.to_owned()),
            None => Err(invalid(column, format!("`{}` is not a day", excerpt(text)), "write YYYYMMDD")),
        }
    }

    /// Rejects a row whose time is not written as `20210709143000`.
    pub(super) fn check_compact_time(&self, column: &str) -> Result<(), FieldProblem> {
        let text = without_fraction(self.required(column)?);
        if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(column, format!("`{}` is not a time", excerpt(text)), "write YYYYMMDDHHMMSS"));
        }
        Ok(())
    }
}

/// Returns the day of a text such as `2021-07-09`. Programs append the time of midnight, as in `2021-07-09 00:00:00` or
/// `2021-07-09T00:00:00.000Z`; another time is not a day.
pub(super) fn iso_day(text: &str) -> Option<&str> {
    let (day, time) = text.split_at_checked(10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let hours = time.trim_start_matches(['T', 't', ' ']).split(['Z', 'z', '+', '-']).next().unwrap_or_default();
    let is_midnight =
        time.is_empty() || (hours.starts_with("00") && hours.chars().all(|c| matches!(c, '0' | ':' | '.')));
    (is_day && is_midnight && Date::parse(day).is_ok()).then_some(day)
}

/// Returns a whole number without the `.0` that programs append which read a column as decimal numbers.
pub(super) fn without_fraction(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
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

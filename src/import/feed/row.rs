//! One row of a feed, read by the names of its columns.

use std::collections::HashMap;

use crate::import::problem::escape;
pub(super) use crate::import::validate::builder::Mistake;
use crate::text::date::Date;

/// The columns of a file, in the order in which they stand.
pub(super) struct Names {
    places: HashMap<String, usize>,
    count: usize,
}

impl Names {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut places = HashMap::new();
        let mut count = 0;
        for name in names {
            places.entry(name.trim().to_owned()).or_insert(count);
            count += 1;
        }
        Self { places, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }
}

/// A row.
pub(super) struct Row<'r> {
    names: &'r Names,
    cells: &'r [String],
}

impl<'r> Row<'r> {
    pub(super) fn new(names: &'r Names, cells: &'r [String]) -> Self {
        Self { names, cells }
    }

    /// What stands in a column; none when it is blank or the file has no such column.
    pub(super) fn text(&self, name: &str) -> Option<&'r str> {
        let cell = self.cells.get(*self.names.places.get(name)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// What must stand in a column.
    pub(super) fn need(&self, name: &str) -> Result<&'r str, Mistake> {
        self.text(name).ok_or_else(|| wrong(name, "is empty", "every row has it: look for a cut or shifted row"))
    }

    /// A finite number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Mistake> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(wrong(name, format!("`{}` is no number", short(text)), "look for a cut or shifted row")),
        }
    }

    /// A whole number; re-exports write them as `12.0`.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Mistake> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let whole = text.strip_suffix(".0").unwrap_or(text);
        whole
            .parse()
            .map(Some)
            .map_err(|_| wrong(name, format!("`{}` is no whole number", short(text)), "look for a cut or shifted row"))
    }

    /// A whole number that must stand there.
    pub(super) fn need_integer(&self, name: &str) -> Result<i64, Mistake> {
        self.need(name)?;
        self.integer(name)?.ok_or_else(|| wrong(name, "is empty", "every row has it"))
    }

    /// A point; none when either half is blank.
    pub(super) fn point(&self, latitude: &str, longitude: &str) -> Result<Option<(f64, f64)>, Mistake> {
        let (north, east) = (self.number(latitude)?, self.number(longitude)?);
        for (name, value, bound) in [(latitude, north, 90.0), (longitude, east, 180.0)] {
            if value.is_some_and(|value| !(-bound..=bound).contains(&value)) {
                return Err(wrong(
                    name,
                    format!("lies outside of -{bound} to {bound}"),
                    "write degrees in WGS 84; latitude and longitude may be exchanged",
                ));
            }
        }
        Ok(north.zip(east))
    }

    /// A day written as `20210709`, as EDTF.
    pub(super) fn compact_day(&self, name: &str) -> Result<String, Mistake> {
        let text = self.need(name)?;
        let edtf = match (text.len(), text.get(..4), text.get(4..6), text.get(6..8)) {
            (8, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
            _ => text.to_owned(),
        };
        match Date::parse(&edtf) {
            Ok(_) if edtf.len() == 10 => Ok(edtf),
            _ => Err(wrong(name, format!("`{}` is no day", short(text)), "write YYYYMMDD")),
        }
    }

    /// Refuses what is no time written as `20210709143000`.
    pub(super) fn compact_day_time(&self, name: &str) -> Result<(), Mistake> {
        let text = self.need(name)?;
        if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong(name, format!("`{}` is no time", short(text)), "write YYYYMMDDHHMMSS"));
        }
        Ok(())
    }
}

/// A mistake in a column.
pub(super) fn wrong(column: &str, message: impl Into<String>, suggestion: &str) -> Mistake {
    Mistake {
        pointer: format!("/{}", escape(column)),
        message: message.into(),
        suggestion: Some(suggestion.to_owned()),
    }
}

/// As much of a text as a message may quote.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

//! Filters on dates. A date is a span of time, from its earliest to its latest possible second.

use async_graphql::InputObject;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::{Error, Result};
use crate::graphql::filter::{all, null_test};
use crate::text::date::Date;

/// A range of time, from the start of `from` to the end of `to`. Give at least one of them (otherwise `BAD_INPUT`).
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateRange {
    /// Start of the range, inclusive, as an EDTF date (ISO 8601-2 Level 1): an instant, day, month or year such as `2021-07-09`
    /// or `2021`. If omitted, the range has no start. A date without a start, such as `../2021`, is an error.
    pub from: Option<String>,
    /// End of the range, inclusive, as an EDTF date: `2021` includes all of that year. If omitted, the range has no end. A date
    /// without an end, such as `2021/..`, is an error.
    pub to: Option<String>,
}

impl DateRange {
    /// Returns the first second of the range, and the first second after it.
    pub(crate) fn bounds(&self) -> Result<(Option<i64>, Option<i64>)> {
        let from = self.from.as_deref().map(|from| bound(from, "from", Bound::Start)).transpose()?;
        let to = self.to.as_deref().map(|to| bound(to, "to", Bound::End)).transpose()?;
        if self.from.is_none() && self.to.is_none() {
            return Err(Error::BadInput("The date range has neither `from` nor `to`: give at least one".into()));
        }
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Error::BadInput("The date range ends before it begins: swap `from` and `to`".into()));
        }
        Ok((from, to))
    }
}

/// Parses an EDTF date. Error: `BAD_INPUT`.
pub(crate) fn parse_date(text: &str) -> Result<Date> {
    Date::parse(text).map_err(|error| Error::BadInput(error.to_string()))
}

/// One end of a date.
#[derive(Clone, Copy)]
enum Bound {
    Start,
    End,
}

/// Returns the first second of a date, or the first second after it. Error: `BAD_INPUT` for a date that is open at this end.
fn bound(text: &str, field: &str, bound: Bound) -> Result<i64> {
    let date = parse_date(text)?;
    let (end, name) = match bound {
        Bound::Start => (date.earliest, "start"),
        Bound::End => (date.latest, "end"),
    };
    end.ok_or_else(|| {
        Error::BadInput(format!("`{field}: {text}` has no {name}: give a date that has one, or leave `{field}` out"))
    })
}

/// Filter on a date. A date may cover a span of time (`2021-07` covers a month), so a row can match a range possibly or
/// certainly. All given fields must match. Rows without a date match only `isNull: true`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateFilter {
    /// The date may be in this range: the span of time that the date covers overlaps the range.
    pub possibly_within: Option<DateRange>,
    /// The date is certainly in this range: the span of time that the date covers is inside the range.
    pub certainly_within: Option<DateRange>,
    /// The date ends before this EDTF date begins.
    pub before: Option<String>,
    /// The date begins after this EDTF date ends.
    pub after: Option<String>,
    /// `true` matches rows without a date, `false` rows with a date.
    pub is_null: Option<bool>,
}

/// The columns that store a date.
pub(crate) struct DateColumns {
    /// The EDTF text; null if there is no date.
    pub(crate) text: Expr,
    /// The first second of the span; null if the date has no start.
    pub(crate) earliest: Expr,
    /// The first second after the span; null if the date has no end.
    pub(crate) latest: Expr,
}

impl DateFilter {
    pub(crate) fn test(&self, columns: &DateColumns) -> Result<Expr> {
        let DateColumns { text, earliest, latest } = columns;
        // A date without the bound is unlimited on that side.
        let open = |bound: &Expr, test: Expr| text.clone().is_not_null().and(bound.clone().is_null().or(test));
        let mut tests = Vec::new();
        if let Some(range) = &self.possibly_within {
            let (from, to) = range.bounds()?;
            tests.extend(from.map(|from| open(latest, latest.clone().gt(from))));
            tests.extend(to.map(|to| open(earliest, earliest.clone().lt(to))));
        }
        if let Some(range) = &self.certainly_within {
            let (from, to) = range.bounds()?;
            tests.extend(from.map(|from| earliest.clone().gte(from)));
            tests.extend(to.map(|to| latest.clone().lte(to)));
        }
        if let Some(before) = &self.before {
            tests.push(latest.clone().lte(bound(before, "before", Bound::Start)?));
        }
        if let Some(after) = &self.after {
            tests.push(earliest.clone().gte(bound(after, "after", Bound::End)?));
        }
        tests.extend(null_test(text, self.is_null));
        Ok(all(tests))
    }
}

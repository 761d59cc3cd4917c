//! Filters of dates, which are spans of time.

use async_graphql::InputObject;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::{Error, Result};
use crate::graphql::filter::{all, null};
use crate::text::date::Date;

/// A span of time in EDTF (ISO 8601-2 Level 1): from the start of `from` to the end of `to`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateRange {
    /// The first day, month, year or instant, such as `2021-07-09`; open when left out.
    pub from: Option<String>,
    /// The last one, included; open when left out.
    pub to: Option<String>,
}

impl DateRange {
    pub(crate) fn bounds(&self) -> Result<(Option<i64>, Option<i64>)> {
        let from = self.from.as_deref().map(date).transpose()?.and_then(|date| date.earliest);
        let to = self.to.as_deref().map(date).transpose()?.and_then(|date| date.latest);
        if self.from.is_none() && self.to.is_none() {
            return Err(Error::BadInput("A span of time has neither `from` nor `to`: give at least one".into()));
        }
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Error::BadInput("A span of time ends before it begins: exchange `from` and `to`".into()));
        }
        Ok((from, to))
    }
}

pub(crate) fn date(text: &str) -> Result<Date> {
    Date::parse(text).map_err(|error| Error::BadInput(error.to_string()))
}

/// A filter of dates. Dates are spans of time, so two questions can be asked of them; what has no date passes neither.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateFilter {
    /// It may lie within: its span and this one overlap.
    pub possibly_within: Option<DateRange>,
    /// It lies within for certain: its whole span is inside of this one.
    pub certainly_within: Option<DateRange>,
    /// It ends before this date begins (EDTF).
    pub before: Option<String>,
    /// It begins after this date ends (EDTF).
    pub after: Option<String>,
    /// It has no date.
    pub is_null: Option<bool>,
}

/// The columns of a date.
pub(crate) struct DateColumns {
    /// EDTF text; null when there is no date.
    pub(crate) text: Expr,
    pub(crate) earliest: Expr,
    pub(crate) latest: Expr,
}

impl DateFilter {
    pub(crate) fn test(&self, columns: &DateColumns) -> Result<Expr> {
        let DateColumns { text, earliest, latest } = columns;
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
            let bound = date(before)?.earliest;
            let bound = bound
                .ok_or_else(|| Error::BadInput(format!("`before: {before}` has no beginning: give a date that has")))?;
            tests.push(latest.clone().lte(bound));
        }
        if let Some(after) = &self.after {
            let bound = date(after)?.latest;
            let bound =
                bound.ok_or_else(|| Error::BadInput(format!("`after: {after}` has no end: give a date that has")))?;
            tests.push(earliest.clone().gte(bound));
        }
        tests.extend(null(text, self.is_null));
        Ok(all(tests))
    }
}

//! The GraphQL types of dates and instants.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};

use crate::graphql::plan::computed::{Computed, RowCall};
use crate::text::date::{format_instant, instant};

/// An instant in RFC 3339 format, in UTC, such as `2021-07-11T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub i64);

/// An instant in RFC 3339 format, in UTC, such as `2021-07-11T00:00:00Z`.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => instant(text).map(Self).map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(format_instant(self.0))
    }
}

/// A date with the precision of its source: a day, a month, an open interval, or only words.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "EdtfDate")]
pub struct Date {
    /// The date in EDTF (ISO 8601-2 Level 1), such as `2021-07-09`, `2021-05`, `2019-10/..` or `2021-07-18?`. Null if only
    /// `raw` is known.
    pub edtf: Option<String>,
    /// The date in the words of the source, such as `on Friday evening`.
    pub raw: Option<String>,
    /// Earliest possible start; null if the start is open. Days begin at midnight UTC.
    pub earliest: Option<DateTime>,
    /// Latest possible end, exclusive; null if the end is open.
    pub latest: Option<DateTime>,
}

impl Date {
    /// Returns the date of a row from its columns; none if neither the date nor its wording is known.
    pub(crate) fn of(
        edtf: Option<&String>,
        raw: Option<&String>,
        earliest: Option<i64>,
        latest: Option<i64>,
    ) -> Option<Self> {
        (edtf.is_some() || raw.is_some()).then(|| Self {
            edtf: edtf.cloned(),
            raw: raw.cloned(),
            earliest: earliest.map(DateTime),
            latest: latest.map(DateTime),
        })
    }

    /// Returns the date of a row that stores only the EDTF text.
    pub(crate) fn parsed(edtf: Option<&String>) -> Option<Self> {
        let date = crate::text::date::Date::parse(edtf?).ok()?;
        Some(Self {
            edtf: Some(date.edtf),
            raw: None,
            earliest: date.earliest.map(DateTime),
            latest: date.latest.map(DateTime),
        })
    }
}

/// Computes a date of which only the EDTF text is stored.
pub(crate) fn parsed_date(call: &RowCall<'_>) -> Computed {
    let date = call.text(0).and_then(|edtf| crate::text::date::Date::parse(edtf).ok());
    let instant = |second: Option<i64>| Computed::from(second.map(format_instant));
    date.map(|date| {
        Computed::object(
            "EdtfDate",
            [
                ("edtf", date.edtf.into()),
                ("earliest", instant(date.earliest)),
                ("latest", instant(date.latest)),
            ],
        )
    })
    .into()
}

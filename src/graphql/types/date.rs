//! Dates and instants as GraphQL shows them.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};

use crate::text::date::{format_instant, instant};

/// An instant in RFC 3339, in UTC: `2021-07-11T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub i64);

/// An instant in RFC 3339, in UTC: `2021-07-11T00:00:00Z`.
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

/// A time as its source gives it: no more exact than it was told.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "EdtfDate")]
pub struct Date {
    /// The time in EDTF (ISO 8601-2 Level 1): `2021-07-09`, `2021-05`, `2019-10/..`, `2021-07-18?`. Null when only the
    /// words are known.
    pub edtf: Option<String>,
    /// The words of the source, such as `on Friday evening`.
    pub raw: Option<String>,
    /// The earliest it may begin; null when it is open. Days are those of UTC.
    pub earliest: Option<DateTime>,
    /// The latest it may end, exclusive; null when it is open.
    pub latest: Option<DateTime>,
}

impl Date {
    /// The date of a row; none when nothing is known of it.
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

    /// The date of a row that keeps the text only.
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

//! The GraphQL types of dates and instants.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::object::object;
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

object! {
    /// A date with the precision of its source: a day, a month, an open interval, or only words.
    EdtfDate {
        /// The date in EDTF (ISO 8601-2 Level 1), such as `2021-07-09`, `2021-05`, `2019-10/..` or `2021-07-18?`. Null if only
        /// `raw` is known.
        edtf: Option<String> = own;
        /// The date in the words of the source, such as `on Friday evening`.
        raw: Option<String> = own;
        /// Earliest possible start; null if the start is open. Days begin at midnight UTC.
        earliest: Option<DateTime> = own;
        /// Latest possible end, exclusive; null if the end is open.
        latest: Option<DateTime> = own;
    }
}

/// Computes a date of which only the EDTF text is stored.
pub(crate) fn parsed_date(call: &RowCall<'_>) -> Computed {
    let date = call.text(0).and_then(|edtf| crate::text::date::Date::parse(edtf).ok());
    let instant = |second: Option<i64>| Computed::from(second.map(format_instant));
    date.map(|date| {
        Computed::object(
            "EdtfDate",
            [("edtf", date.edtf.into()), ("earliest", instant(date.earliest)), ("latest", instant(date.latest))],
        )
    })
    .into()
}

//! Dates as sources give them: EDTF, the Extended Date/Time Format (ISO 8601-2:2019), levels 0 and 1.
//!
//! A date has two representations: the EDTF text, which says how much is known, and the span of time that it covers, which
//! filters and sort orders compare. Days, months and years are those of UTC and of the proleptic Gregorian calendar.
//!
//! The crate `edtf_core` implements the grammar and the calendar. This module adds three things:
//!
//! - A time of day narrows the span; the bounds of `edtf_core` are whole days.
//! - The ends of an interval can be date-times, as ISO 8601-1 allows and EDTF does not.
//! - Errors are sentences that say what to write instead.

use edtf_core::{Bound, BoundDate, Edtf, Precision, TimeShift};
use jiff::{Timestamp, ToSpan, civil};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Seconds per day.
const DAY: i128 = 86_400;

/// `0000-01-01T00:00:00Z`, the earliest instant that RFC 3339 can write.
const MIN_RFC3339: i64 = -62_167_219_200;
/// `9999-12-31T23:59:59Z`, the last one.
const MAX_RFC3339: i64 = 253_402_300_799;

const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date as its source gives it, and the span of time that it covers.
///
/// | EDTF | span |
/// |---|---|
/// | `2021`, `2021-07`, `2021-07-09` | that year, month or day |
/// | `2021-07-11T09:30:00Z`, `…+03:00` | that second; without a zone it is UTC; a leap second counts as the second before it, because Unix time has none |
/// | `2021-07-18?`, `~`, `%` | the same as without the sign: an uncertain date has no stated width |
/// | `202X`, `20XX`, `2021-XX`, `2021-07-XX`, `2021-XX-XX` | all dates that the unknown digits can stand for |
/// | `2021-21` … `2021-24` | spring from March, summer from June, autumn from September, winter from December to the next February. EDTF names no hemisphere, so the northern one is assumed |
/// | `A/B` | from the start of A to the end of B |
/// | `A/..`, `A/` and `../B`, `/B` | unbounded on that side: `..` is an open end; a missing end is unknown, and treated as open |
/// | `-0044`, `Y170000002`, `Y-170000002` | that year; bounds beyond 64-bit seconds are cut to the first or last such second |
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Date {
    /// The EDTF text in its canonical spelling. Parsing it again gives the same date.
    pub edtf: String,
    /// The first second of the span, in Unix seconds; `None` when unbounded.
    pub earliest: Option<i64>,
    /// The first second after the span, in Unix seconds, always later than `earliest`; `None` when unbounded.
    pub latest: Option<i64>,
}

/// Why a text is not a valid date. Each message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DateError {
    /// The text is empty, or an interval has no known end.
    #[error("`{0}` does not give a date; leave the date out")]
    Undated(String),
    /// The month does not have this day.
    #[error("`{text}` is not a date: {month} has {days} days")]
    NoSuchDay {
        /// The given text.
        text: String,
        /// The name of the month, and the year.
        month: String,
        /// The number of days of that month.
        days: u8,
    },
    /// An interval ends before it starts.
    #[error("`{0}` ends before it starts; write the earlier date first")]
    EndBeforeStart(String),
    /// A time of day that does not consist of hours, minutes and seconds.
    #[error("`{text}` has {problem}; write {instead}")]
    Time {
        /// The given text.
        text: String,
        /// The part that is missing, or that is not allowed.
        problem: &'static str,
        /// The same time in the right form.
        instead: String,
    },
    /// Valid EDTF of level 2, which is not supported.
    #[error(
        "`{0}` is EDTF of level 2, and only levels 0 and 1 are supported; write `A/B` for a choice or a list of \
         dates, `?`, `~` or `%` once at the end, and `X` only for last digits and not in an interval"
    )]
    Level2(String),
    /// The text is not EDTF.
    #[error(
        "`{text}` is not an EDTF date ({reason}); write 2021-07-09, 2021-07 or 2021 (`?` when uncertain, `A/B` for \
         an interval, `..` for an open end)"
    )]
    NotEdtf {
        /// The given text.
        text: String,
        /// The first rule that it breaks.
        reason: &'static str,
    },
    /// The text is neither an instant nor a day.
    #[error(
        "`{0}` is not an instant; write 2021-07-11T09:30:00Z, with `Z` or an offset such as +03:00, or a day, 2021-07-11"
    )]
    NotInstant(String),
}

impl Date {
    /// Parses an EDTF date and ignores white space around it.
    ///
    /// # Errors
    ///
    /// [`DateError`], whose message says what to write instead.
    pub fn parse(text: &str) -> Result<Date, DateError> {
        let text = text.trim();
        let Some((first, last)) = text.split_once('/') else {
            if text.is_empty() {
                return Err(DateError::Undated(String::new()));
            }
            let (edtf, span) = parse_single(text)?;
            return Ok(Date::new(edtf, Some(span.from), Some(span.to)));
        };
        // For 07/09/2021 the number of slashes is the helpful message, not the first part.
        if last.contains('/') {
            return Err(DateError::NotEdtf { text: shown(text), reason: "an interval has one `/`" });
        }
        let (first, start) = parse_end(first)?;
        let (last, stop) = parse_end(last)?;
        // Level 1 allows unknown digits in single dates, but not in the ends of intervals.
        if first.contains('X') || last.contains('X') {
            return Err(DateError::Level2(shown(text)));
        }
        match (start, stop) {
            (None, None) => return Err(DateError::Undated(shown(text))),
            (Some(start), Some(stop)) if start.from >= stop.to => {
                return Err(DateError::EndBeforeStart(shown(text)));
            }
            _ => {}
        }
        Ok(Date::new(format!("{first}/{last}"), start.map(|span| span.from), stop.map(|span| span.to)))
    }

    fn new(edtf: String, from: Option<i128>, to: Option<i128>) -> Date {
        // Spans beyond 64-bit seconds still have a length of one second.
        Date {
            edtf,
            earliest: from.map(|second| saturate(second.min(i128::from(i64::MAX) - 1))),
            latest: to.map(|second| saturate(second.max(i128::from(i64::MIN) + 1))),
        }
    }
}

/// Parses an instant: RFC 3339, or a day, which stands for its first second in UTC. Returns Unix seconds.
///
/// Fractions of a second are rounded down. Unlike [`Date::parse`], a time of day must have `Z` or an offset.
///
/// # Errors
///
/// [`DateError`], whose message says what to write instead.
pub fn instant(text: &str) -> Result<i64, DateError> {
    let text = text.trim();
    // `jiff` also accepts times without minutes, years of six digits and names of time zones.
    let has = |at: usize, sign: u8| text.as_bytes().get(at) == Some(&sign);
    let rfc3339 = has(4, b'-') && has(7, b'-') && has(13, b':') && has(16, b':') && !text.ends_with(']');
    if rfc3339 && let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_second() - i64::from(instant.subsec_nanosecond() < 0));
    }
    // The last hours of the year 9999 are no `Timestamp`, since they are in the year 10000 in some time zones.
    let last_hours = text.strip_suffix('Z').filter(|_| rfc3339).and_then(|time| time.parse::<civil::DateTime>().ok());
    if let Some(time) = last_hours {
        return Ok(time.duration_since(EPOCH).as_secs());
    }
    match Date::parse(text) {
        Ok(Date { edtf, earliest: Some(start), latest: Some(end) })
            if i128::from(end) - i128::from(start) == DAY && edtf.bytes().all(|b| b.is_ascii_digit() || b == b'-') =>
        {
            Ok(start)
        }
        Err(error @ DateError::NoSuchDay { .. }) => Err(error),
        _ => Err(DateError::NotInstant(shown(text))),
    }
}

/// Formats Unix seconds as RFC 3339 in UTC, such as `2021-07-11T09:30:00Z`.
///
/// Seconds before or after the years of RFC 3339 become the first or last instant that it can write.
pub fn format_instant(second: i64) -> String {
    let second = second.clamp(MIN_RFC3339, MAX_RFC3339);
    match Timestamp::from_second(second) {
        Ok(instant) => instant.to_string(),
        // As in `instant`.
        Err(_) => format!("{}Z", EPOCH.saturating_add(second.seconds())),
    }
}

/// Returns a date that programs without EDTF support understand, else `None`. Such a date is a year, month, day or instant that is
/// certain and has no unknown digits.
pub(crate) fn plain(edtf: &str) -> Option<&str> {
    let bytes = edtf.as_bytes();
    let digits = bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b':' | b'T' | b'Z'));
    // Seasons have month numbers above 12.
    let season = edtf.get(5..7).is_some_and(|month| month > "12");
    (digits && !season).then_some(edtf)
}

/// A span in Unix seconds, end exclusive, before it is cut to 64 bits.
#[derive(Clone, Copy)]
struct Span {
    from: i128,
    to: i128,
}

/// Parses one end of an interval. There is no span when the end is open or unknown.
fn parse_end(text: &str) -> Result<(String, Option<Span>), DateError> {
    if text.is_empty() || text == ".." {
        return Ok((text.to_owned(), None));
    }
    parse_single(text).map(|(edtf, span)| (edtf, Some(span)))
}

/// Parses a date or date-time that is not an interval. Returns its canonical spelling and its span.
fn parse_single(text: &str) -> Result<(String, Span), DateError> {
    let mut parsed = Edtf::parse(text).map_err(|error| explain(text, error.message))?;
    if parsed.level() > 1 {
        return Err(DateError::Level2(shown(text)));
    }
    let bounds = parsed.bounds();
    let (Bound::Date(first), Bound::Date(last)) = (bounds.earliest, bounds.latest) else {
        return Err(DateError::NotEdtf { text: shown(text), reason: "its year is out of range" });
    };
    let mut span = Span { from: midnight(first), to: midnight(last) + DAY };
    if let Edtf::DateTime(moment) = &mut parsed {
        let time = &mut moment.time;
        let clock = 3600 * i128::from(time.hour) + 60 * i128::from(time.minute) + i128::from(time.second.min(59));
        let shift = match &mut time.shift {
            // `+03` and `+03:00` mean the same, but only the longer one is valid in RFC 3339.
            Some(TimeShift::Offset { minutes, hours_only }) => {
                *hours_only = false;
                i128::from(*minutes) * 60
            }
            Some(TimeShift::Utc) | None => 0,
        };
        span.from += clock - shift;
        if time.second == 60 && span.from.rem_euclid(DAY) != DAY - 1 {
            return Err(DateError::NotEdtf {
                text: shown(text),
                reason: "second 60 is only valid at the end of a UTC day",
            });
        }
        span.to = span.from + 1;
    }
    Ok((parsed.to_string(), span))
}

/// The Unix second at which a UTC day starts.
///
/// The years of `jiff` end at 9999, so this function computes it. Its years start in March, so that the leap day is the last day of
/// a year. The calendar repeats every 400 years.
fn midnight(day: BoundDate) -> i128 {
    let month = i128::from(day.month);
    let year = i128::from(day.year) - i128::from(month < 3);
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i128::from(day.day) - 1;
    let day_of_cycle = year * 365 + year / 4 - year / 100 + day_of_year;
    (cycle * 146_097 + day_of_cycle - 719_468) * DAY
}

fn saturate(second: i128) -> i64 {
    i64::try_from(second).unwrap_or(if second < 0 { i64::MIN } else { i64::MAX })
}

/// The most helpful error for a text that the grammar rejects.
fn explain(text: &str, reason: &'static str) -> DateError {
    no_such_day(text).or_else(|| wrong_time(text)).unwrap_or_else(|| DateError::NotEdtf { text: shown(text), reason })
}

fn no_such_day(text: &str) -> Option<DateError> {
    let date = text.split('T').next()?.trim_end_matches(['?', '~', '%']);
    let (month, day) = date.rsplit_once('-')?;
    let Ok(Edtf::Date(parsed)) = Edtf::parse(month) else { return None };
    let Bound::Date(last) = Edtf::Date(parsed).bounds().latest else { return None };
    let known = parsed.precision() == Precision::Month && !parsed.has_unspecified();
    let beyond = day.len() == 2 && day.parse::<u8>().is_ok_and(|day| day > last.day);
    let name = MONTHS.get(usize::from(last.month).checked_sub(1)?)?;
    (known && beyond).then(|| DateError::NoSuchDay {
        text: shown(text),
        month: format!("{name} {}", month.rsplit_once('-').map_or(month, |(year, _)| year)),
        days: last.day,
    })
}

fn wrong_time(text: &str) -> Option<DateError> {
    let (date, time) = text.split_once('T')?;
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(zone)?;
    let (problem, clock) = match clock.split_once(['.', ',']) {
        Some((whole, _)) => ("a fraction of a second", whole.to_owned()),
        None => ("no seconds", format!("{clock}:00")),
    };
    let instead = format!("{date}T{clock}{zone}");
    Edtf::parse(&instead).is_ok().then(|| DateError::Time { text: shown(text), problem, instead })
}

/// A text for use in a message: on one line, and shortened to 60 characters.
fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut shown: String = text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

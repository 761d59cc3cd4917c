//! Dates as sources give them: EDTF, the Extended Date/Time Format (ISO 8601-2:2019), levels 0 and 1.
//!
//! A date is kept twice: as the text that says how much is known, and as the span of time it may lie in, which is
//! what filters compare. Days, months and years are those of UTC and of the proleptic Gregorian calendar.
//!
//! `edtf_core` knows the grammar and the calendar. Three things are our own: clock times narrow the span (its bounds
//! are whole days), an interval may have date-times for ends, as ISO 8601-1 allows and EDTF does not, and refusals
//! are sentences that say what to write instead.

use edtf_core::{Bound, BoundDate, Edtf, Precision, TimeShift};
use jiff::Timestamp;
use thiserror::Error;

#[cfg(test)]
mod tests;

const DAY: i128 = 86_400;

/// `0000-01-01T00:00:00Z`: RFC 3339 has no earlier year.
const FIRST_WRITABLE: i64 = -62_167_219_200;

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

/// A date as its source gives it and the span of time it may lie in.
///
/// What each form spans:
///
/// | text | span |
/// |---|---|
/// | `2021`, `2021-07`, `2021-07-09` | that year, month or day |
/// | `2021-07-11T09:30:00Z`, `…+03:00` | that second; without a zone it is taken as UTC; a leap second counts as the second before it, for Unix time has none |
/// | `2021-07-18?`, `~`, `%` | as without the sign: doubt is not given a width nobody stated |
/// | `202X`, `20XX`, `2021-XX`, `2021-07-XX`, `2021-XX-XX` | all that the unknown digits can be |
/// | `2021-21` … `2021-24` | spring from March, summer from June, autumn from September, winter from December into the next February: the months of the northern hemisphere, for the format names none |
/// | `A/B` | from the start of A to the end of B |
/// | `A/..`, `A/` and `../B`, `/B` | without an end, or a start: unbounded when open, and as good as unbounded when unknown |
/// | `-0044`, `Y170000002`, `Y-170000002` | that year; what lies beyond 64 bits of seconds stops at the last one |
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Date {
    /// The text, checked and in its canonical spelling: parsing it again gives the same date.
    pub edtf: String,
    /// The first second it may lie in, in Unix seconds; `None` is unbounded.
    pub earliest: Option<i64>,
    /// The first second after it, in Unix seconds, and always later than `earliest`; `None` is unbounded.
    pub latest: Option<i64>,
}

/// Why a text is not a date, as a sentence for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DateError {
    /// Neither side is known, or the text is empty.
    #[error("`{0}` says nothing about when; leave the date out")]
    Undated(String),
    /// The month does not have that day.
    #[error("`{text}` is not a date: {month} has {days} days")]
    NoSuchDay {
        /// What was written.
        text: String,
        /// The month and year, in words.
        month: String,
        /// How many days that month has.
        days: u8,
    },
    /// An interval is the wrong way round.
    #[error("`{0}` ends before it starts; write the earlier date first")]
    EndBeforeStart(String),
    /// A time of day that is more or less than hours, minutes and seconds.
    #[error("`{text}` has {fault}; write {instead}")]
    Time {
        /// What was written.
        text: String,
        /// What is missing or too much.
        fault: &'static str,
        /// The same time as it should be written.
        instead: String,
    },
    /// Valid EDTF that is richer than what is stored.
    #[error(
        "`{0}` is EDTF of level 2 and only levels 0 and 1 are understood; write `A/B` for a choice or a list of \
         dates, `?`, `~` or `%` once at the end, and `X` only for last digits and not within an interval"
    )]
    Level2(String),
    /// Not EDTF at all.
    #[error(
        "`{text}` is not an EDTF date ({reason}); write 2021-07-09, 2021-07 or 2021 (`?` when uncertain, `A/B` for \
         an interval, `..` for an open end)"
    )]
    NotEdtf {
        /// What was written.
        text: String,
        /// The first rule it breaks.
        reason: &'static str,
    },
    /// Neither an instant nor a day.
    #[error(
        "`{0}` is not an instant; write 2021-07-11T09:30:00Z, with `Z` or an offset such as +03:00, or a day, 2021-07-11"
    )]
    NotInstant(String),
}

impl Date {
    /// Reads a date; white space around it is ignored.
    ///
    /// # Errors
    ///
    /// [`DateError`], whose text says what to write instead.
    pub fn parse(text: &str) -> Result<Date, DateError> {
        let text = text.trim();
        let Some((first, last)) = text.split_once('/') else {
            if text.is_empty() {
                return Err(DateError::Undated(String::new()));
            }
            let (edtf, span) = side(text)?;
            return Ok(Date::new(edtf, Some(span.from), Some(span.to)));
        };
        // Found here, because what is wrong with 07/09/2021 is not its first side.
        if last.contains('/') {
            return Err(DateError::NotEdtf { text: shown(text), reason: "an interval has one `/`" });
        }
        let (first, start) = end(first)?;
        let (last, stop) = end(last)?;
        // Allowed at level 1 on their own, but not as ends.
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
        // One second is left on each side, so that a span beyond 64 bits still has a length.
        Date {
            edtf,
            earliest: from.map(|second| saturate(second.min(i128::from(i64::MAX) - 1))),
            latest: to.map(|second| saturate(second.max(i128::from(i64::MIN) + 1))),
        }
    }
}

/// The second that a text names: an instant as RFC 3339 writes it, or a day, which stands for its start.
///
/// Fractions of a second are cut off towards the past. Unlike [`Date::parse`] it does not guess a zone: a time of
/// day needs `Z` or an offset.
///
/// # Errors
///
/// [`DateError`], whose text says what to write instead.
pub fn instant(text: &str) -> Result<i64, DateError> {
    let text = text.trim();
    // `jiff` also reads hours alone, years of six digits and names of zones.
    let has = |at: usize, sign: u8| text.as_bytes().get(at) == Some(&sign);
    let rfc3339 = has(4, b'-') && has(7, b'-') && has(13, b':') && has(16, b':') && !text.ends_with(']');
    if rfc3339 && let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_second() - i64::from(instant.subsec_nanosecond() < 0));
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

/// Unix seconds as RFC 3339 in UTC, such as `2021-07-11T09:30:00Z`.
///
/// Seconds outside the years that RFC 3339 can write give the first or last instant that it can.
pub fn format_instant(second: i64) -> String {
    let last = Timestamp::MAX.as_second();
    let writable = Timestamp::from_second(second.clamp(FIRST_WRITABLE, last));
    writable.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// A date that a program without EDTF reads as it is meant: a year, month, day or instant that is certain and known to its
/// last digit.
pub(crate) fn plain(edtf: &str) -> Option<&str> {
    let bytes = edtf.as_bytes();
    let digits = bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b':' | b'T' | b'Z'));
    // Seasons are written like months beyond the twelfth.
    let season = edtf.get(5..7).is_some_and(|month| month > "12");
    (digits && !season).then_some(edtf)
}

/// Seconds before they are cut to 64 bits, end exclusive.
#[derive(Clone, Copy)]
struct Span {
    from: i128,
    to: i128,
}

/// One end of an interval; no span when it is open or unknown.
fn end(text: &str) -> Result<(String, Option<Span>), DateError> {
    if text.is_empty() || text == ".." {
        return Ok((text.to_owned(), None));
    }
    side(text).map(|(edtf, span)| (edtf, Some(span)))
}

/// A date or date-time that is not an interval.
fn side(text: &str) -> Result<(String, Span), DateError> {
    let mut parsed = Edtf::parse(text).map_err(|error| refusal(text, error.message))?;
    if parsed.level() > 1 {
        return Err(DateError::Level2(shown(text)));
    }
    let bounds = parsed.bounds();
    let (Bound::Date(first), Bound::Date(last)) = (bounds.earliest, bounds.latest) else {
        return Err(DateError::NotEdtf { text: shown(text), reason: "its year cannot be counted" });
    };
    let mut span = Span { from: midnight(first), to: midnight(last) + DAY };
    if let Edtf::DateTime(moment) = &mut parsed {
        let time = &mut moment.time;
        let clock = 3600 * i128::from(time.hour) + 60 * i128::from(time.minute) + i128::from(time.second.min(59));
        let shift = match &mut time.shift {
            // `+03` and `+03:00` are the same; only the longer one is RFC 3339 too.
            Some(TimeShift::Offset { minutes, hours_only }) => {
                *hours_only = false;
                i128::from(*minutes) * 60
            }
            Some(TimeShift::Utc) | None => 0,
        };
        span.from += clock - shift;
        if time.second == 60 && span.from.rem_euclid(DAY) != DAY - 1 {
            return Err(DateError::NotEdtf { text: shown(text), reason: "second 60 only ends a day of UTC" });
        }
        span.to = span.from + 1;
    }
    Ok((parsed.to_string(), span))
}

/// The Unix second at which a day of UTC starts.
///
/// Counted here and not by `jiff`, whose years end at 9999. Years start in March, so that the leap day is their
/// last, and repeat every 400 years.
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

/// The most helpful sentence for a text that the grammar refuses.
fn refusal(text: &str, reason: &'static str) -> DateError {
    missing_day(text).or_else(|| clock_fault(text)).unwrap_or_else(|| DateError::NotEdtf { text: shown(text), reason })
}

fn missing_day(text: &str) -> Option<DateError> {
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

fn clock_fault(text: &str) -> Option<DateError> {
    let (date, time) = text.split_once('T')?;
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(zone)?;
    let (fault, clock) = match clock.split_once(['.', ',']) {
        Some((whole, _)) => ("a fraction of a second", whole.to_owned()),
        None => ("no seconds", format!("{clock}:00")),
    };
    let instead = format!("{date}T{clock}{zone}");
    Edtf::parse(&instead).is_ok().then(|| DateError::Time { text: shown(text), fault, instead })
}

/// A text as it can be put into a sentence: on one line and not of any length.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

//! Dates and instants.

use crate::text::date::{Date, format_instant, instant, plain};

/// Reads the bytes as a date, and as an instant.
///
/// - A date covers at least a second, and has an end.
/// - Its text parses to the same date again.
/// - An instant that can be written is read again as the same second.
/// - Every error is one line of limited length.
pub fn dates(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Date::parse(text) {
        Ok(date) => {
            assert!(date.earliest.is_some() || date.latest.is_some(), "{date:?}");
            if let (Some(earliest), Some(latest)) = (date.earliest, date.latest) {
                assert!(earliest < latest, "{date:?}");
            }
            assert_eq!(Date::parse(&date.edtf).as_ref(), Ok(&date));
            assert!(date.edtf.len() <= text.trim().len() + 6, "{date:?} is longer than {text}");
            for second in [date.earliest, date.latest].into_iter().flatten() {
                check_instant(second);
            }
            if let Some(plain) = plain(&date.edtf) {
                assert!(date.earliest.is_some() && date.latest.is_some(), "{plain} has no bounds");
            }
        }
        Err(error) => check_error(&error.to_string()),
    }
    match instant(text) {
        Ok(second) => check_instant(second),
        Err(error) => check_error(&error.to_string()),
    }
}

fn check_instant(second: i64) {
    let written = format_instant(second);
    let again = instant(&written).unwrap();
    assert_eq!(format_instant(again), written);
    let is_writable = (-62_167_219_200..=253_402_300_799).contains(&second);
    assert!(!is_writable || again == second, "{second} is written as {written}");
}

fn check_error(message: &str) {
    assert!(!message.contains(char::is_control) && message.chars().count() < 700, "{message}");
}

use crate::text::date::{Date, DateError, MIN_RFC3339, format_instant, instant};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, prop_assume, proptest};

/// The bounds as instants, and `..` for none: nobody can check numbers of seconds by eye.
fn bounds(text: &str) -> Result<(String, String), DateError> {
    let date = Date::parse(text)?;
    let shown = |second: Option<i64>| second.map_or("..".to_owned(), format_instant).replace("T00:00:00Z", "");
    Ok((shown(date.earliest), shown(date.latest)))
}

#[test]
fn every_form_has_the_expected_span() {
    for (text, earliest, latest) in [
        ("2021", "2021-01-01", "2022-01-01"),
        ("0000", "0000-01-01", "0001-01-01"),
        ("9999-12-30", "9999-12-30", "9999-12-31"),
        ("9999-12-31", "9999-12-31", "9999-12-31T23:59:59Z"), // the last instant of RFC 3339
        ("2021-07", "2021-07-01", "2021-08-01"),
        ("2021-12", "2021-12-01", "2022-01-01"),
        ("2021-07-09", "2021-07-09", "2021-07-10"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2000-02-29", "2000-02-29", "2000-03-01"),
        // Times of day last a second.
        ("2021-07-11T09:30:00Z", "2021-07-11T09:30:00Z", "2021-07-11T09:30:01Z"),
        ("2021-07-11T09:30:00", "2021-07-11T09:30:00Z", "2021-07-11T09:30:01Z"),
        ("2021-07-11T01:30:00+03:00", "2021-07-10T22:30:00Z", "2021-07-10T22:30:01Z"),
        ("2021-07-11T23:30:00-04:30", "2021-07-12T04:00:00Z", "2021-07-12T04:00:01Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "2017-01-01"),
        ("2017-01-01T02:59:60+03:00", "2016-12-31T23:59:59Z", "2017-01-01"),
        // Uncertainty does not widen the span.
        ("2021-07-18?", "2021-07-18", "2021-07-19"),
        ("2021-07~", "2021-07-01", "2021-08-01"),
        ("2021%", "2021-01-01", "2022-01-01"),
        // Unknown digits.
        ("202X", "2020-01-01", "2030-01-01"),
        ("20XX", "2000-01-01", "2100-01-01"),
        ("20XX?", "2000-01-01", "2100-01-01"),
        ("2021-XX", "2021-01-01", "2022-01-01"),
        ("2021-02-XX", "2021-02-01", "2021-03-01"),
        ("2021-XX-XX", "2021-01-01", "2022-01-01"),
        // Seasons.
        ("2021-21", "2021-03-01", "2021-06-01"),
        ("2021-22", "2021-06-01", "2021-09-01"),
        ("2021-23", "2021-09-01", "2021-12-01"),
        ("2023-24", "2023-12-01", "2024-03-01"),
        // Intervals.
        ("2021-07-04/2021-07-11", "2021-07-04", "2021-07-12"),
        ("2020/2021-05", "2020-01-01", "2021-06-01"),
        ("2021-07/2021-07-09", "2021-07-01", "2021-07-10"),
        ("2021-07-09/2021-07-09", "2021-07-09", "2021-07-10"),
        ("2020?/2021~", "2020-01-01", "2022-01-01"),
        ("2021-21/2021-22", "2021-03-01", "2021-09-01"),
        ("2021-07-10T19:00:00Z/2021-07-11T00:00:00Z", "2021-07-10T19:00:00Z", "2021-07-11T00:00:01Z"),
        ("2021-07-10T19:00:00+03:00/2021-07-10", "2021-07-10T16:00:00Z", "2021-07-11"),
        ("2021-07-10T19:00:00Z/..", "2021-07-10T19:00:00Z", ".."),
        // Open and unknown ends.
        ("2019-10/..", "2019-10-01", ".."),
        ("2019-10/", "2019-10-01", ".."),
        ("../2019-10", "..", "2019-11-01"),
        ("/2019-10", "..", "2019-11-01"),
        ("  2021-07-09\n", "2021-07-09", "2021-07-10"),
    ] {
        assert_eq!(bounds(text), Ok((earliest.to_owned(), latest.to_owned())), "{text}");
    }
}

#[test]
fn years_beyond_four_digits_have_spans() {
    let first_second = |text| Date::parse(text).ok().and_then(|date| date.earliest);
    assert_eq!(first_second("-0001"), Some(MIN_RFC3339 - 365 * 86_400));
    assert_eq!(first_second("-0004"), Some(MIN_RFC3339 - (366 + 3 * 365) * 86_400));
    assert_eq!(first_second("Y12000"), Some(MIN_RFC3339 + 30 * 146_097 * 86_400));
    assert_eq!(first_second("Y-12000"), Some(MIN_RFC3339 - 30 * 146_097 * 86_400));
    for (text, earliest, latest) in
        [("Y9223372036854775807", i64::MAX - 1, i64::MAX), ("Y-9223372036854775807", i64::MIN, i64::MIN + 1)]
    {
        let edtf = text.to_owned();
        assert_eq!(Date::parse(text), Ok(Date { edtf, earliest: Some(earliest), latest: Some(latest) }));
    }
}

#[test]
fn dates_are_written_canonically() {
    for (text, edtf) in [
        ("2021-07-09", "2021-07-09"),
        (" 2021 ", "2021"),
        ("?2021-?07-?18", "2021-07-18?"),
        ("2021-07-11T09:30:00+03", "2021-07-11T09:30:00+03:00"),
        ("2021-07-11T09:30:00", "2021-07-11T09:30:00"),
        ("2021-07-10T19:00:00-04/..", "2021-07-10T19:00:00-04:00/.."),
        ("2019-10/", "2019-10/"),
        ("../2019-10%", "../2019-10%"),
    ] {
        assert_eq!(Date::parse(text).map(|date| date.edtf), Ok(edtf.to_owned()), "{text}");
    }
}

#[test]
fn errors_say_what_to_write() {
    let general = "write 2021-07-09, 2021-07 or 2021 (`?` when uncertain, `A/B` for an interval, `..` for an open end)";
    for (text, sentence) in [
        ("2021-02-30", "`2021-02-30` is not a date: February 2021 has 28 days"),
        ("1900-02-29?", "`1900-02-29?` is not a date: February 1900 has 28 days"),
        ("2021-06-31T10:00:00Z", "`2021-06-31T10:00:00Z` is not a date: June 2021 has 30 days"),
        ("2021/2022-02-29", "`2022-02-29` is not a date: February 2022 has 28 days"),
        ("-0044-02-30", "`-0044-02-30` is not a date: February -0044 has 29 days"),
        ("07/09/2021", "`07/09/2021` is not an EDTF date (an interval has one `/`); {general}"),
        ("20210709", "`20210709` is not an EDTF date (expected '-' before month); {general}"),
        ("2021-7-9", "`2021-7-9` is not an EDTF date (month must be two digits (or X)); {general}"),
        ("2021-07-00", "`2021-07-00` is not an EDTF date (day is out of range for the month); {general}"),
        ("2021-13", "`2021-13` is not an EDTF date (month must be 01-12 or a sub-year code 21-41); {general}"),
        ("last\nFriday", "`last Friday` is not an EDTF date (whitespace is not allowed); {general}"),
        ("٢٠٢١", "`٢٠٢١` is not an EDTF date (EDTF permits ASCII characters only); {general}"),
        ("2021-07-11T09:30Z", "`2021-07-11T09:30Z` has no seconds; write 2021-07-11T09:30:00Z"),
        ("2021-07-11T09:30+03:00", "`2021-07-11T09:30+03:00` has no seconds; write 2021-07-11T09:30:00+03:00"),
        ("2021-07-11T09:30", "`2021-07-11T09:30` has no seconds; write 2021-07-11T09:30:00"),
        (
            "2021-07-11T09:30:00.250Z",
            "`2021-07-11T09:30:00.250Z` has a fraction of a second; write 2021-07-11T09:30:00Z",
        ),
        ("", "`` does not give a date; leave the date out"),
        ("../..", "`../..` does not give a date; leave the date out"),
        ("/", "`/` does not give a date; leave the date out"),
        ("/..", "`/..` does not give a date; leave the date out"),
    ] {
        let message = Date::parse(text).map_err(|error| error.to_string());
        assert_eq!(message, Err(sentence.replace("{general}", general)), "{text}");
    }
}

#[test]
fn interval_that_ends_before_it_starts_is_rejected() {
    for text in [
        "2021/2020",
        "2021-08/2021-07-31",
        "2021-07-11T00:00:00Z/2021-07-10",
        "2021-07-10T02:00:00Z/2021-07-10T04:00:00+03:00",
    ] {
        assert_eq!(Date::parse(text), Err(DateError::EndBeforeStart(text.to_owned())));
    }
}

#[test]
fn edtf_level_2_gets_its_own_error() {
    for text in [
        "[2021..2022]",
        "{2021,2022}",
        "1950S2",
        "Y17E7",
        "XXXX",
        "2021?-07",
        "2021-XX-09",
        "2021-33",
        "2021-07-XX/2021-08",
        "../202X",
    ] {
        assert_eq!(Date::parse(text), Err(DateError::Level2(text.to_owned())));
    }
}

#[test]
fn invalid_dates_are_rejected() {
    for text in [
        "Y1985",
        "-0000",
        "+2021",
        "Y99999999999999999999",
        "2021-21-05",
        "2021-07-11T24:00:00Z",
        "2021-07-11T09:30:00+15:00",
        "2021-07-11T10:15:60Z",
        "2021-07-11T23:59:60+03:00",
        "2021-07-11t09:30:00z",
        "2021-07-11 09:30:00Z",
        "2021-07T09:30:00Z",
        "2021/2022/2023",
        "2021/..2022",
        "2021 / 2022",
        "é-é-é",
        "T",
        "-",
    ] {
        assert!(Date::parse(text).is_err(), "{text}");
    }
    let long = Date::parse(&"9".repeat(10_000)).map_err(|error| error.to_string().len());
    assert!(long.is_err_and(|length| length < 300));
}

#[test]
fn instants_are_parsed_and_formatted() {
    for (text, written) in [
        ("2021-07-11T09:30:00Z", "2021-07-11T09:30:00Z"),
        ("2021-07-11T09:30:00+03:00", "2021-07-11T06:30:00Z"),
        ("2021-07-11T09:30:00.999Z", "2021-07-11T09:30:00Z"),
        ("2021-07-11 09:30:00z", "2021-07-11T09:30:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
        (" 2021-07-11 ", "2021-07-11T00:00:00Z"),
        ("0000-01-01", "0000-01-01T00:00:00Z"),
    ] {
        assert_eq!(instant(text).map(format_instant), Ok(written.to_owned()), "{text}");
    }
    for text in [
        "2021-07-11T09:30:00",
        "2021-07-11T09Z",
        "20210711T093000Z",
        "2021-07-11T09:30:00+03:00[Asia/Baghdad]",
        "-000044-03-15T00:00:00Z",
        "2021-07",
        "2021",
        "2021-07-11?",
        "2021-07-11/2021-07-11",
        "Y12000",
        "20210711",
        "now",
        "",
    ] {
        assert_eq!(instant(text), Err(DateError::NotInstant(text.to_owned())));
    }
    assert!(matches!(instant("2021-02-30"), Err(DateError::NoSuchDay { .. })));
    assert_eq!(format_instant(i64::MIN), "0000-01-01T00:00:00Z");
    assert_eq!(format_instant(i64::MAX), "9999-12-31T23:59:59Z");
    assert_eq!(format_instant(253_402_207_200), "9999-12-30T22:00:00Z");
    assert_eq!(instant("9999-12-31T23:59:59.9Z"), Ok(253_402_300_799));
    assert_eq!(instant("9999-12-30T22:00:00Z"), Ok(253_402_207_200));
    assert!(instant("9999-12-32T00:00:00Z").is_err());
    assert_eq!(format_instant(253_402_214_400), "9999-12-31T00:00:00Z");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_date_or_a_one_line_error(text in any::<String>()) {
        if let Err(error) = Date::parse(&text) { prop_assert!(!error.to_string().contains('\n')); }
        let _ = instant(&text);
    }

    #[test]
    fn texts_like_dates_parse_to_themselves_or_fail(text in "(Y-?[0-9]{4,20}|-?[0-9X]{4}(-[0-9X]{2}(-[0-9X]{2})?)?[?~%]?|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-6][0-9])?(Z|[+-][01][0-9](:[0-5]0)?)?|(\\.\\.)?)(/(\\.\\.|[0-9]{4}(-[0-2][0-9](-[0-3][0-9])?)?[?~%]?)?)?") {
        let Ok(date) = Date::parse(&text) else { return Ok(()) };
        if let (Some(earliest), Some(latest)) = (date.earliest, date.latest) { prop_assert!(earliest < latest, "{}", text); }
        prop_assert!(date.earliest.is_some() || date.latest.is_some());
        prop_assert_eq!(Date::parse(&date.edtf), Ok(date.clone()));
    }

    /// Compares our day count with the calendar of `jiff`.
    #[test]
    fn days_agree_with_the_calendar_of_jiff(year in 0i16..=9998, month in 1i8..=12, day in 1i8..=31) {
        let Ok(date) = jiff::civil::Date::new(year, month, day) else { return Ok(()) };
        let start = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).map_err(|e| proptest::test_runner::TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(Date::parse(&date.to_string()).map(|date| date.earliest), Ok(Some(start.timestamp().as_second())));
    }

    #[test]
    fn formatted_instants_parse_to_themselves(second in MIN_RFC3339..=253_402_207_200i64) {
        prop_assert_eq!(instant(&format_instant(second)), Ok(second));
    }

    #[test]
    fn any_second_can_be_formatted(second in any::<i64>()) {
        prop_assume!(second != 0);
        prop_assert!(format_instant(second).ends_with('Z'));
    }
}

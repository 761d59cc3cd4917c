//! Validation of single values: dates, slugs, URLs, country codes, languages, coordinates, digests, text spans.
//!
//! Each function reports a problem and returns a value for the row in any case, so that validation goes on.

use crate::error::did_you_mean;
use crate::geo::Point;
use crate::import::record::When;
use crate::import::validate::builder::{Builder, DateColumns, sha256};
use crate::text::country;
use crate::text::date::Date;
use crate::text::fold::fold;
use crate::text::limits::MAX_SHORT_BYTES;

/// Maximum length of the key by which names and labels are compared and sorted, in bytes. A few characters become a whole phrase
/// in it.
const MAX_FOLDED_BYTES: usize = 2400;

impl Builder<'_> {
    /// Reads a date that may have the words of its source.
    pub(crate) fn time(&mut self, field: &str, when: Option<&When>) -> DateColumns {
        match when {
            None => DateColumns::default(),
            Some(When::Edtf(edtf)) => self.date(field, Some(edtf)),
            Some(When::Worded(worded)) => {
                let mut date = self.date(&format!("{field}/edtf"), worded.edtf.as_deref());
                date.raw = Some(worded.raw.clone());
                date
            }
        }
    }

    /// Reads a date in EDTF.
    pub(crate) fn date(&mut self, field: &str, edtf: Option<&str>) -> DateColumns {
        let Some(edtf) = edtf else { return DateColumns::default() };
        match Date::parse(edtf) {
            Ok(date) => DateColumns { edtf: Some(date.edtf), raw: None, earliest: date.earliest, latest: date.latest },
            Err(error) => {
                self.problem(
                    field,
                    error.to_string(),
                    Some("write EDTF: 2021-07-09, 2021-07, 2021, 2019-10/.., 2021-07-18?".into()),
                );
                DateColumns::default()
            }
        }
    }

    /// Checks that a period ends after it starts.
    pub(crate) fn check_order(&mut self, field: &str, start: Option<i64>, end: Option<i64>) {
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            self.problem(field, "ends before it starts", Some("swap the two".into()));
        }
    }

    /// Checks that a text is not empty, and that a name or label does not become too long when it is normalized.
    pub(crate) fn required_text(&mut self, field: &str, text: &str) -> String {
        if text.trim().is_empty() {
            self.problem(field, "is empty", Some("add a text, or leave the record out".into()));
        } else if text.len() <= MAX_SHORT_BYTES && fold(text).len() > MAX_FOLDED_BYTES {
            let message = format!("is longer than {MAX_FOLDED_BYTES} bytes when it is normalized");
            self.problem(field, message, Some("shorten it".into()));
        }
        text.to_owned()
    }

    pub(crate) fn slug(&mut self, slug: Option<&str>) -> Option<String> {
        let slug = slug?;
        let fits = !slug.is_empty()
            && slug.len() <= 200
            && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            let better: String = fold(slug).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            self.problem(
                "slug",
                format!("`{slug}` is not a slug: a slug has 1 to 200 lower-case letters a-z, digits and hyphens"),
                Some(format!("write `{better}`")),
            );
        }
        Some(slug.to_owned())
    }

    pub(crate) fn url(&mut self, field: &str, url: Option<&str>) -> Option<String> {
        let url = url?;
        if !url::Url::parse(url).is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https")) {
            self.problem(
                field,
                format!("`{url}` is not an absolute http or https URL"),
                Some("write https://...".into()),
            );
        }
        Some(url.to_owned())
    }

    pub(crate) fn country(&mut self, field: &str, code: Option<&str>) -> Option<String> {
        let code = code?;
        if country::alpha2(code).is_none() {
            let upper = code.to_uppercase();
            let better = country::alpha2(&upper)
                .or_else(|| rust_iso3166::from_alpha3(&upper).map(|country| country.alpha2))
                .map(|code| format!("write `{code}`"));
            self.problem(
                field,
                format!("`{code}` is not an ISO 3166-1 alpha-2 code"),
                better.or(Some("write a code such as IQ".into())),
            );
        }
        Some(code.to_owned())
    }

    /// Checks a PLOVER sector code: three capital letters.
    pub(crate) fn sector(&mut self, field: &str, code: Option<&str>) -> Option<String> {
        let code = code?;
        if code.len() != 3 || !code.chars().all(|c| c.is_ascii_uppercase()) {
            self.problem(
                field,
                format!("`{code}` is not a PLOVER sector code"),
                Some("write three capital letters such as GOV, MIL, CVL, JRN".into()),
            );
        }
        Some(code.to_owned())
    }

    pub(crate) fn language(&mut self, field: &str, tag: Option<&str>) -> Option<String> {
        let tag = tag?;
        match oxilangtag::LanguageTag::parse_and_normalize(tag) {
            Ok(tag) => Some(tag.into_inner()),
            Err(_) => {
                self.problem(
                    field,
                    format!("`{tag}` is not a BCP 47 language tag"),
                    Some("write a tag such as en, ar or ckb-Arab".into()),
                );
                None
            }
        }
    }

    pub(crate) fn time_zone(&mut self, field: &str, name: Option<&str>) -> Option<String> {
        let name = name?;
        if jiff::tz::TimeZone::get(name).is_err() {
            let near = did_you_mean(name, ["Asia/Baghdad", "Europe/London", "America/New_York", "UTC"]);
            self.problem(
                field,
                format!("`{name}` is not an IANA time zone"),
                near.or(Some("write a name such as Asia/Baghdad".into())),
            );
        }
        Some(name.to_owned())
    }

    pub(crate) fn point(&mut self, latitude: Option<f64>, longitude: Option<f64>) -> Option<Point> {
        if latitude.is_some() != longitude.is_some() {
            let missing = if latitude.is_some() { "longitude" } else { "latitude" };
            self.problem(
                missing,
                "is missing: coordinates need both latitude and longitude",
                Some(format!("add \"{missing}\"")),
            );
        }
        for (field, value, bound) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
            if value.is_some_and(|value| !(-bound..=bound).contains(&value)) {
                self.problem(
                    field,
                    format!("is not between -{bound} and {bound}"),
                    Some("write degrees in WGS 84".into()),
                );
            }
        }
        Some(Point { latitude: latitude?, longitude: longitude? })
    }

    /// Returns the digest and length of an article's text: computed from the text, if it is given.
    pub(crate) fn article_text(
        &mut self,
        text: Option<&str>,
        digest: Option<&str>,
        length: Option<i32>,
    ) -> (Option<String>, Option<i32>) {
        self.digest("textSha256", digest);
        self.check_minimum("textLength", length, 0);
        let Some(text) = text else { return (digest.map(str::to_owned), length) };
        let (actual, count) = (sha256(text), i32::try_from(text.chars().count()).unwrap_or(i32::MAX));
        if digest.is_some_and(|digest| digest != actual) {
            self.problem("textSha256", "does not match the text", Some(format!("write {actual}, or leave it out")));
        }
        if length.is_some_and(|length| length != count) {
            self.problem(
                "textLength",
                format!("is not the length of the text, which is {count}"),
                Some("leave it out".into()),
            );
        }
        (Some(actual), Some(count))
    }

    fn digest(&mut self, field: &str, digest: Option<&str>) {
        if let Some(digest) = digest
            && (digest.len() != 64 || !digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
        {
            self.problem(field, "is not a SHA-256 in hexadecimal", Some("write 64 digits 0-9 and a-f".into()));
        }
    }

    /// Returns a quote without blanks at its ends, and its digest. Without a quote, the digest is the given one.
    pub(crate) fn quote(&mut self, quote: Option<&str>, digest: Option<&str>) -> (Option<String>, Option<String>) {
        self.digest("quoteSha256", digest);
        let Some(given) = quote else { return (None, digest.map(str::to_owned)) };
        let quote = given.trim();
        if quote.is_empty() {
            self.problem("quote", "has no words", Some("write the words of the article, or leave it out".into()));
        }
        let actual = sha256(quote);
        if digest.is_some_and(|digest| digest != actual && digest != sha256(given)) {
            self.problem("quoteSha256", "does not match the quote", Some(format!("write {actual}, or leave it out")));
        }
        (Some(quote.to_owned()), Some(actual))
    }

    /// Checks that a text span has both ends or neither, and that they are in order.
    pub(crate) fn check_span(&mut self, start: Option<i32>, end: Option<i32>) {
        match (start, end) {
            (Some(start), Some(end)) if start < 0 || end <= start => {
                self.problem(
                    "end",
                    format!("{start} to {end} is not a text span"),
                    Some("start must be at least 0, and end greater than start".into()),
                );
            }
            (Some(_), None) => {
                self.problem("end", "is missing", Some("add \"end\", the position after the last code point".into()))
            }
            (None, Some(_)) => {
                self.problem("start", "is missing", Some("add \"start\", the position of the first code point".into()))
            }
            _ => {}
        }
    }

    pub(crate) fn check_minimum(&mut self, field: &str, value: Option<i32>, min: i32) {
        if value.is_some_and(|value| value < min) {
            self.problem(field, format!("is less than {min}"), None);
        }
    }

    /// Checks a number between 0 and 1.
    pub(crate) fn check_fraction(&mut self, field: &str, value: Option<f64>) {
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            self.problem(field, "is not between 0 and 1", Some("write a fraction such as 0.8".into()));
        }
    }

    /// Checks that a figure has a value or a bound, and that the bounds are in order.
    pub(crate) fn check_amounts(&mut self, value: Option<f64>, lower: Option<f64>, upper: Option<f64>) {
        if value.is_none() && lower.is_none() && upper.is_none() {
            self.problem(
                "value",
                "is missing, and so are \"lower\" and \"upper\"",
                Some("add at least one of the three".into()),
            );
        }
        if let (Some(lower), Some(upper)) = (lower, upper)
            && lower > upper
        {
            self.problem("upper", "is less than \"lower\"", Some("swap the two".into()));
        }
    }
}

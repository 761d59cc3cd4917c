//! The articles in the column `source_article` of UCDP GED.
//!
//! The column contains citations in one of two forms. Newer rows have `"Office,2013-01-03,Headline";"Office,..."`.
//! Older rows have `Office 1989-05-17 "Headline`, or several of those joined by ` AND ` or commas. A citation that
//! has neither form for certain, such as `r 23/1`, is not split and is no headline either: it becomes a note on the
//! evidence.

use crate::import::feed::object::{Object, clipped, name};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::Row;
use crate::import::validate::builder::sha256;
use crate::text::date::Date;

/// Writes the articles of a row. Returns their keys, each with the citation if it was not split.
pub(super) fn write(row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Vec<(String, Option<String>)> {
    let Some(text) = row.text("source_article") else {
        if let Some(word) = row.written("source_article") {
            // Older versions made an article of the word for a missing value.
            writer.drop_unreferenced(key("", "", word));
        }
        return Vec::new();
    };
    let mut articles: Vec<(String, Option<String>)> = Vec::new();
    for citation in parse_citations(text) {
        let office = citation.office.map(|office| {
            let key = format!("office/{office}");
            writer.write_shared(
                Object::record("organization", &key)
                    .set("label", clipped(office))
                    .set_children("names", vec![name(&clipped(office), "PREFERRED")]),
            );
            key
        });
        let day = citation.day.as_deref();
        // Some citations consist of a URL only.
        let url = Some(citation.headline).filter(|text| {
            let is_web = |url: url::Url| matches!(url.scheme(), "http" | "https");
            day.is_none() && !text.contains(char::is_whitespace) && url::Url::parse(text).is_ok_and(is_web)
        });
        let is_split = day.is_some() || url.is_some();
        if !is_split {
            writer.unmapped("source citations that cannot be split reliably (stored as a note on the evidence)");
        }
        let headline = Some(clipped(citation.headline)).filter(|headline| day.is_some() && !headline.is_empty());
        let key = key(citation.office.unwrap_or_default(), day.unwrap_or_default(), citation.headline);
        // Older versions made headlines of all citations.
        writer.write_determined(
            Object::record("article", &key)
                .set_if("publisher", office)
                .set_if("published", day)
                .set_if("url", url)
                .set_if("headline", headline),
        );
        if articles.iter().all(|(other, _)| *other != key) {
            articles.push((key, (!is_split).then(|| citation.headline.to_owned())));
        }
    }
    articles
}

/// Returns the key of an article, which depends on the whole citation.
fn key(office: &str, day: &str, headline: &str) -> String {
    format!("article/{}", sha256(&format!("{office}\n{day}\n{headline}")).get(..32).unwrap_or_default())
}

/// A citation of an article. Without a day, `headline` is the whole text.
struct Citation<'t> {
    /// The publisher.
    office: Option<&'t str>,
    day: Option<String>,
    headline: &'t str,
}

/// Splits the column into citations. Headlines contain semicolons, so only a semicolon between quotes separates.
fn parse_citations(text: &str) -> Vec<Citation<'_>> {
    let unsplit = |text| Citation { office: None, day: None, headline: text };
    if let Some(inner) = text.strip_prefix('"') {
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let citations = inner.split("\";\"").filter(|one| !one.trim().is_empty());
        return citations.map(|one| parse_quoted(one).unwrap_or_else(|| unsplit(one))).collect();
    }
    for separator in [" AND ", "\", ", "\"; ", "\" AND "] {
        let parts: Option<Vec<_>> = text.split(separator).map(parse_unquoted).collect();
        if let Some(parts) = parts {
            return parts;
        }
    }
    vec![unsplit(text)]
}

/// Parses `Office,2013-01-03,Headline`.
fn parse_quoted(text: &str) -> Option<Citation<'_>> {
    let at = text.match_indices(',').map(|(at, _)| at + 1).find(|at| day(text, *at).is_some())?;
    let day = day(text, at)?;
    let office = text.get(..at - 1)?.trim();
    let headline = text.get(at + 10..)?.trim_start_matches(',').trim();
    Some(Citation { office: Some(office).filter(|office| !office.is_empty()), day: Some(day.to_owned()), headline })
}

/// Parses `Office 1989-05-17 "Headline`. The publisher contains no digit. The day may also be written as `17 May
/// 1989` or `17 May 89`. A second date makes the citation ambiguous.
fn parse_unquoted(text: &str) -> Option<Citation<'_>> {
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let (office, rest) = text.split_at(at);
    let (day, after) = match day(rest, 0) {
        Some(day) => (day.to_owned(), rest.get(10..)?),
        None => day_in_words(rest)?,
    };
    let leading_marks = |text: &str| -> usize {
        text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || ",:)\"".contains(c)).len()
    };
    let headline = after.get(leading_marks(after)..)?;
    // A second date may belong to another citation or to the headline.
    let years = headline
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20")));
    if years.count() > 0 || headline.contains(" gmt ") {
        return None;
    }
    let office = office.trim_matches(|c: char| c.is_whitespace() || ",:(\"".contains(c));
    if office.is_empty() || office.contains('"') {
        return None;
    }
    let headline = headline.trim_end_matches(|c: char| c.is_whitespace() || ",\"".contains(c));
    Some(Citation { office: Some(office), day: Some(day), headline })
}

/// Parses `17 May 1989` at the start of a text, and returns the day and the rest of the text. UCDP GED begins in
/// 1989, so two digits are enough for a year.
fn day_in_words(text: &str) -> Option<(String, &str)> {
    const MONTHS: &[&str] = &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (day, rest) = text.split_once(' ')?;
    let (month, rest) = rest.split_once(' ')?;
    let month = month.to_lowercase();
    let at = MONTHS.iter().position(|name| *name == month || (month.len() == 3 && name.starts_with(&month)))? + 1;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (year, after) = rest.split_at(digits);
    let number: u16 = year.parse().ok()?;
    let year = match (year.len(), number) {
        (4, _) => number,
        (2, 89..) => 1900 + number,
        (2, _) => 2000 + number,
        _ => return None,
    };
    let edtf = format!("{year}-{at:02}-{:02}", day.parse::<u8>().ok()?);
    Date::parse(&edtf).is_ok().then_some((edtf, after))
}

/// Returns the day that is written as `1989-05-17` at a byte position of a text.
fn day(text: &str, at: usize) -> Option<&str> {
    let day = text.get(at..at + 10)?;
    let has_form = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (has_form && Date::parse(day).is_ok()).then_some(day)
}

#[cfg(test)]
mod tests {
    use crate::import::feed::ucdp_article::parse_citations;

    fn split(text: &str) -> Vec<(String, String, String)> {
        parse_citations(text)
            .into_iter()
            .map(|one| (one.office.unwrap_or_default().into(), one.day.unwrap_or_default(), one.headline.into()))
            .collect()
    }

    #[test]
    fn splits_citations_between_quotes_only() {
        let own = |office: &str, day: &str, headline: &str| (office.to_owned(), day.to_owned(), headline.to_owned());
        assert_eq!(
            split(r#""Desk A,2013-01-03,One; two, three";"Desk B,2013-01-04,""#),
            [own("Desk A", "2013-01-03", "One; two, three"), own("Desk B", "2013-01-04", "")]
        );
        assert_eq!(
            split("Wire 1989-05-17 \"REBELS BLOW UP LINES"),
            [own("Wire", "1989-05-17", "REBELS BLOW UP LINES")]
        );
        assert_eq!(
            split("Wire 2003-01-01 \"One; more\" AND Desk 2003-01-02 \"Two"),
            [own("Wire", "2003-01-01", "One; more"), own("Desk", "2003-01-02", "Two")]
        );
        assert_eq!(
            split("Wire, 2003-01-01, \"One\", Desk B, 2003-01-02, \"Two"),
            [own("Wire", "2003-01-01", "One"), own("Desk B", "2003-01-02", "Two")]
        );
        assert_eq!(split("Wire28 April 1989 \"ONE."), [own("Wire", "1989-04-28", "ONE.")]);
        assert_eq!(split("Wire (3 sep 07): \"One"), [own("Wire", "2007-09-03", "One")]);
        assert_eq!(split("Wire: 7 Nov 06"), [own("Wire", "2006-11-07", "")]);
    }

    #[test]
    fn keeps_ambiguous_citations_whole() {
        for text in [
            "Wire 4/6/1994 One",
            "A station, in Pashto 0940 gmt 21 Jun 10 /Wire 22 June 2010 \"One",
            "A web site 2000-07-31, reported by Wire 2000-08-04 \"One",
            "A report 2012. 2012-01-01 -2012-12-31",
            "A portal https://example.org/",
            "2003-01-01 \"One",
            "Wire 31 June 2003 \"One",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(split(text), [(String::new(), String::new(), text.to_owned())]);
        }
    }
}

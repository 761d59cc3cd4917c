//! The articles that a row of UCDP rests on, which are citations of two forms.

use super::object::{Object, clipped};
use super::out::Out;
use super::row::Row;
use crate::import::build::sha256;
use crate::text::date::Date;

/// Writes the articles of a row and gives their keys.
pub(super) fn share(row: &Row<'_>, out: &mut Out<'_>) -> Vec<String> {
    let Some(text) = row.text("source_article") else { return Vec::new() };
    let cited = cited(text);
    if cited.is_empty() {
        out.unmapped("citations of sources that cannot be split");
    }
    let mut keys = Vec::new();
    for citation in cited {
        let office = citation.office.map(|office| {
            let key = format!("office/{office}");
            out.share(
                Object::record("organization", &key)
                    .set("label", clipped(office))
                    .list("names", vec![super::object::name(&clipped(office), "PREFERRED")]),
            );
            key
        });
        let whole = format!("{}\n{}\n{}", citation.office.unwrap_or_default(), citation.day, citation.headline);
        let key = format!("article/{}", sha256(&whole).get(..32).unwrap_or_default());
        out.share(
            Object::record("article", &key)
                .set_if("publisher", office)
                .set("published", citation.day)
                .set_if("headline", Some(clipped(citation.headline)).filter(|headline| !headline.is_empty())),
        );
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

struct Citation<'t> {
    office: Option<&'t str>,
    day: &'t str,
    headline: &'t str,
}

/// `"Office,2013-01-03,Headline";"Office,..."`, or in old rows `Office 1989-05-17 "Headline`. Headlines hold
/// semicolons, so only those between quotes separate. What has neither form is not split by guess.
fn cited(text: &str) -> Vec<Citation<'_>> {
    if let Some(inner) = text.strip_prefix('"') {
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        return inner.split("\";\"").filter_map(listed).collect();
    }
    let days: Vec<usize> = text.char_indices().map(|(at, _)| at).filter(|at| day(text, *at).is_some()).collect();
    match days.as_slice() {
        [at] => {
            let Some(day) = day(text, *at) else { return Vec::new() };
            let (office, rest) = (text.get(..*at).unwrap_or_default(), text.get(at + 10..).unwrap_or_default());
            let office = office.trim_matches(|c: char| c.is_whitespace() || c == ',' || c == '"');
            let headline = rest.trim_matches(|c: char| c.is_whitespace() || c == ',' || c == '"');
            vec![Citation { office: Some(office).filter(|office| !office.is_empty()), day, headline }]
        }
        _ => Vec::new(),
    }
}

fn listed(text: &str) -> Option<Citation<'_>> {
    let at = text.match_indices(',').map(|(at, _)| at + 1).find(|at| day(text, *at).is_some())?;
    let day = day(text, at)?;
    let office = text.get(..at - 1)?.trim();
    let headline = text.get(at + 10..)?.trim_start_matches(',').trim();
    Some(Citation { office: Some(office).filter(|office| !office.is_empty()), day, headline })
}

/// The day that is written at a place of a text.
fn day(text: &str, at: usize) -> Option<&str> {
    let day = text.get(at..at + 10)?;
    let shaped = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (shaped && Date::parse(day).is_ok()).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::cited;

    fn split(text: &str) -> Vec<(String, String, String)> {
        cited(text)
            .into_iter()
            .map(|one| (one.office.unwrap_or_default().into(), one.day.into(), one.headline.into()))
            .collect()
    }

    #[test]
    fn citations_are_split_between_quotes_only() {
        let own = |office: &str, day: &str, headline: &str| (office.to_owned(), day.to_owned(), headline.to_owned());
        assert_eq!(
            split(r#""Desk A,2013-01-03,One; two, three";"Desk B,2013-01-04,""#),
            [own("Desk A", "2013-01-03", "One; two, three"), own("Desk B", "2013-01-04", "")]
        );
        assert_eq!(
            split("Wire 1989-05-17 \"REBELS BLOW UP LINES"),
            [own("Wire", "1989-05-17", "REBELS BLOW UP LINES")]
        );
        assert_eq!(split("Wire 2003-01-01 \"One\" AND Desk 2003-01-02 \"Two"), []);
        assert_eq!(split("Wire, 26 Sep 08"), []);
        assert_eq!(split("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"), []);
    }
}

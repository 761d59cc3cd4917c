//! Validation of external ids by their scheme.

use crate::error::did_you_mean;
use crate::import::validate::builder::Builder;

/// The name of a scheme, whether a text has the format of its ids, and an example.
type Scheme = (&'static str, fn(&str) -> bool, &'static str);

/// The known schemes. Others are written as `x-name`.
const SCHEMES: &[Scheme] = &[
    ("wikidata", |id| matches!(id.as_bytes(), [b'Q' | b'P' | b'L', rest @ ..] if number(rest)), "Q796"),
    ("geonames", |id| number(id.as_bytes()), "98182"),
    ("gdelt", |id| number(id.as_bytes()), "410412345"),
    ("gdelt-feature", |id| id.split(':').count() == 3, "4:IZ:-3103600"),
    ("gdelt-actor", |id| !id.is_empty(), "IRQGOV/BAGHDAD"),
    ("acled", |id| id.len() > 3 && id.chars().all(|c| c.is_ascii_alphanumeric()), "IRQ12345"),
    ("ucdp", |id| number(id.as_bytes()), "244657"),
    ("polecat", |id| !id.is_empty(), "20210711-0021-abc"),
    ("ftm", |id| !id.is_empty(), "NK-abc123"),
    ("wikipedia", |id| !id.is_empty(), "Mustafa_Al-Kadhimi"),
    (
        "twitter",
        |id| (1..=15).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
        "ali_almikdam",
    ),
    ("facebook", |id| !id.is_empty(), "rudawenglish"),
    ("telegram", |id| !id.is_empty() && !id.starts_with('@'), "channel"),
    ("doi", |id| id.starts_with("10."), "10.1000/182"),
    ("isbn", |id| matches!(id.chars().filter(char::is_ascii_digit).count(), 9 | 10 | 13), "9780306406157"),
    ("url", |id| url::Url::parse(id).is_ok(), "https://example.org/1"),
];

fn number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

impl Builder<'_> {
    /// Checks the scheme of an external id, and the format of its value.
    pub(crate) fn check_external_id(&mut self, scheme: &str, value: &str) {
        match SCHEMES.iter().find(|(name, ..)| *name == scheme) {
            Some((_, fits, example)) => {
                if !fits(value) {
                    self.problem(
                        "value",
                        format!("`{value}` is not a {scheme} id"),
                        Some(format!("write an id such as `{example}`")),
                    );
                }
            }
            None if scheme.strip_prefix("x-").is_some_and(|rest| !rest.is_empty()) => {}
            None => {
                let known = SCHEMES.iter().map(|(name, ..)| *name);
                let near = did_you_mean(scheme, known.clone());
                let suggestion = near.unwrap_or_else(|| {
                    format!(
                        "write one of {}, or `x-{scheme}` for a scheme of your own",
                        known.collect::<Vec<_>>().join(", ")
                    )
                });
                self.problem("scheme", format!("`{scheme}` is not a known id scheme"), Some(suggestion));
            }
        }
    }
}

//! Which form of an answer a client takes (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, HeaderName, header};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseFormat {
    /// The form of the GraphQL-over-HTTP specification: the status tells about the request.
    Response,
    /// The older form: whoever takes it may read nothing but an answer with the status 200.
    Json,
}

impl ResponseFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Response => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// What the client likes best, or nothing when it takes none. Who takes anything gets plain JSON, which all can read.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let ranges: Vec<Range> = values(headers, &header::ACCEPT).filter_map(Range::read).collect();
        let best = |media: Self, kind: &str| {
            let fit = ranges.iter().filter_map(|range| Some((range.fit(kind)?, range.weight)));
            // The nearest range counts, not the one with the greatest weight.
            let (fit, weight) = fit.max_by_key(|(fit, _)| *fit)?;
            let better = if fit == EXACT { media == Self::Response } else { media == Self::Json };
            (weight > 0).then_some(((weight, fit, better), media))
        };
        let both = [best(Self::Response, "application/graphql-response+json"), best(Self::Json, "application/json")];
        both.into_iter().flatten().max_by_key(|(rank, _)| *rank).map(|(_, media)| media)
    }
}

/// Whether the client names a form of an answer of GraphQL. A link or a picture of a page names none.
pub(crate) fn names_answers(headers: &HeaderMap) -> bool {
    let mut ranges = values(headers, &header::ACCEPT).filter_map(Range::read);
    let answers = ["application/json", "application/graphql-response+json", "text/event-stream"];
    ranges.any(|range| range.weight > 0 && answers.iter().any(|kind| range.fit(kind) == Some(EXACT)))
}

/// Whether the client takes an answer in events.
pub(crate) fn takes_events(headers: &HeaderMap) -> bool {
    let mut ranges = values(headers, &header::ACCEPT).filter_map(Range::read);
    ranges.any(|range| range.weight > 0 && range.fit("text/event-stream") == Some(EXACT))
}

/// Whether a body is JSON in UTF-8.
pub(crate) fn sends_json(headers: &HeaderMap) -> bool {
    let sent = values(headers, &header::CONTENT_TYPE).next().and_then(Range::read);
    sent.is_some_and(|sent| sent.fit("application/json") == Some(EXACT))
}

fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
}

const EXACT: u8 = 2;

/// A media range with its weight in thousandths.
struct Range<'h> {
    kind: &'h str,
    weight: u16,
}

impl<'h> Range<'h> {
    /// A range in another encoding than UTF-8 is none that fits.
    fn read(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next()?;
        let mut weight = 1000;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim_matches('"');
            if name.eq_ignore_ascii_case("q") {
                let number = value.parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number))?;
                weight = (number * 1000.0) as u16;
            } else if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
                return None;
            }
        }
        Some(Self { kind, weight })
    }

    fn fit(&self, kind: &str) -> Option<u8> {
        let family = kind.split('/').next().unwrap_or_default();
        if self.kind.eq_ignore_ascii_case(kind) {
            Some(EXACT)
        } else if self.kind.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(family)) {
            Some(1)
        } else {
            (self.kind == "*/*").then_some(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use crate::http::graphql::negotiation::ResponseFormat;

    #[test]
    fn the_best_of_what_is_accepted() {
        const RESPONSE: Option<ResponseFormat> = Some(ResponseFormat::Response);
        const JSON: Option<ResponseFormat> = Some(ResponseFormat::Json);
        for (accept, media) in [
            ("application/json", JSON),
            ("Application/JSON; charset=UTF-8", JSON),
            ("application/graphql-response+json", RESPONSE),
            ("application/json, application/graphql-response+json", RESPONSE),
            ("application/graphql-response+json; q=0.5, application/json", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/graphql-response+json, */*;q=0.1", RESPONSE),
            ("application/json;q=0, */*", RESPONSE),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;charset=utf-16", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(ResponseFormat::accepted(&headers), media, "{accept}");
        }
        assert_eq!(ResponseFormat::accepted(&HeaderMap::new()), JSON);
    }
}

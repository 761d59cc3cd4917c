//! Content negotiation: picks the media type of a response from the `Accept` header (RFC 9110, section 12.5.1).
//!
//! The parser is our own: the `headers` crate has no `Accept` header, and the rules for GraphQL differ from plain best match.

use axum::http::{HeaderMap, HeaderName, header};

/// The media type of a GraphQL response over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseFormat {
    /// `application/graphql-response+json`, the media type of the GraphQL-over-HTTP specification. The status code reports
    /// errors of the request.
    GraphQlResponse,
    /// `application/json`, the older media type. Its clients may ignore the body of any response whose status is not 200.
    Json,
}

impl ResponseFormat {
    /// Returns the value of the `Content-Type` header.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// Returns the format that the client prefers, or `None` when it accepts neither. Clients that accept anything get plain
    /// JSON, which every client can read.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let ranges: Vec<MediaRange> = list_items(headers, &header::ACCEPT).filter_map(MediaRange::parse).collect();
        let rank = |format: Self, media_type: &str| {
            let matching = ranges.iter().filter_map(|range| Some((range.specificity(media_type)?, range.weight)));
            // The most specific range decides, not the one with the greatest weight.
            let (specificity, weight) = matching.max_by_key(|(specificity, _)| *specificity)?;
            let wins_ties = if specificity == EXACT { format == Self::GraphQlResponse } else { format == Self::Json };
            (weight > 0).then_some(((weight, specificity, wins_ties), format))
        };
        let both =
            [rank(Self::GraphQlResponse, "application/graphql-response+json"), rank(Self::Json, "application/json")];
        both.into_iter().flatten().max_by_key(|(rank, _)| *rank).map(|(_, format)| format)
    }
}

/// Returns whether `Accept` names a media type of GraphQL responses exactly, not with a wildcard. Requests for the links and
/// images of a web page never do, so this protects against CSRF.
pub(crate) fn accepts_graphql_explicitly(headers: &HeaderMap) -> bool {
    let mut ranges = list_items(headers, &header::ACCEPT).filter_map(MediaRange::parse);
    let media_types = ["application/json", "application/graphql-response+json", "text/event-stream"];
    ranges.any(|range| range.weight > 0 && media_types.iter().any(|one| range.specificity(one) == Some(EXACT)))
}

/// Returns whether the client accepts server-sent events.
pub(crate) fn accepts_event_stream(headers: &HeaderMap) -> bool {
    let mut ranges = list_items(headers, &header::ACCEPT).filter_map(MediaRange::parse);
    ranges.any(|range| range.weight > 0 && range.specificity("text/event-stream") == Some(EXACT))
}

/// Returns whether `Content-Type` is JSON in UTF-8.
pub(crate) fn has_json_content_type(headers: &HeaderMap) -> bool {
    if headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json") {
        return true;
    }
    let content_type = list_items(headers, &header::CONTENT_TYPE).next().and_then(MediaRange::parse);
    content_type.is_some_and(|content_type| content_type.specificity("application/json") == Some(EXACT))
}

fn list_items<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
}

/// The specificity of a range that names the media type itself.
const EXACT: u8 = 2;

/// A media range of an `Accept` header, with its weight (`q`) in thousandths.
struct MediaRange<'h> {
    media_type: &'h str,
    weight: u16,
}

impl<'h> MediaRange<'h> {
    /// Parses a media range. Returns `None` for an invalid weight and for a charset other than UTF-8, which matches nothing
    /// that this server sends.
    fn parse(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next()?;
        let mut weight = 1000;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim_matches('"');
            if name.eq_ignore_ascii_case("q") {
                let number = value.parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number))?;
                weight = (number * 1000.0) as u16;
            } else if name.eq_ignore_ascii_case("charset")
                && !["utf-8", "utf8"].iter().any(|utf8| value.eq_ignore_ascii_case(utf8))
            {
                return None;
            }
        }
        Some(Self { media_type, weight })
    }

    /// Returns how precisely the range matches a media type: [`EXACT`], 1 for `type/*`, 0 for `*/*`, `None` for no match.
    fn specificity(&self, media_type: &str) -> Option<u8> {
        let top_level = media_type.split('/').next().unwrap_or_default();
        if self.media_type.eq_ignore_ascii_case(media_type) {
            Some(EXACT)
        } else if self.media_type.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(top_level)) {
            Some(1)
        } else {
            (self.media_type == "*/*").then_some(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use crate::http::graphql::negotiation::ResponseFormat;

    #[test]
    fn preferred_media_type_is_chosen() {
        const GRAPHQL: Option<ResponseFormat> = Some(ResponseFormat::GraphQlResponse);
        const JSON: Option<ResponseFormat> = Some(ResponseFormat::Json);
        for (accept, format) in [
            ("application/json", JSON),
            ("Application/JSON; charset=UTF-8", JSON),
            ("application/graphql-response+json", GRAPHQL),
            ("application/json, application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json; q=0.5, application/json", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/graphql-response+json, */*;q=0.1", GRAPHQL),
            ("application/json;q=0, */*", GRAPHQL),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;charset=utf-16", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(ResponseFormat::negotiate(&headers), format, "{accept}");
        }
        assert_eq!(ResponseFormat::negotiate(&HeaderMap::new()), JSON);
    }
}

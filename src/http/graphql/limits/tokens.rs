//! A document's tokens, counted before it is parsed: the parser goes down into brackets as deep as they are.

use crate::config::Limits;
use crate::error::Result;

use crate::http::graphql::limits::over;

/// Refuses a document with too many tokens, or with brackets too deep in each other. What is no GraphQL is left to the
/// parser to refuse.
pub(crate) fn judge(document: &str, limits: &Limits) -> Result<()> {
    let (tokens, deepest) = measure(document);
    over("tokens long", tokens, limits.max_tokens, "split the query, or give values as variables")?;
    // Each level of fields has a bracket, and its arguments have some of their own.
    let brackets = limits.max_depth.saturating_add(limits.max_value_depth);
    over("levels deep in brackets", deepest, brackets, "ask for less at once, or make the filter flatter")
}

/// How many tokens a text has, and how deep in brackets they stand. The words of JSON are words of GraphQL.
pub(crate) fn measure(text: &str) -> (usize, usize) {
    let mut rest = text.as_bytes();
    let (mut tokens, mut open, mut deepest) = (0_usize, 0_usize, 0_usize);
    while let Some((&first, after)) = rest.split_first() {
        rest = match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => {
                rest = after;
                continue;
            }
            b'#' => {
                rest = past(after, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => string(rest),
            b'.' => after.strip_prefix(b"..").unwrap_or(after),
            b'{' | b'[' | b'(' => {
                open += 1;
                deepest = deepest.max(open);
                after
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                after
            }
            byte if word(byte) => past(after, word),
            _ => after,
        };
        tokens += 1;
    }
    (tokens, deepest)
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.') || byte >= 0x80
}

fn past(bytes: &[u8], kept: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !kept(*byte)).unwrap_or(bytes.len());
    &bytes[end..]
}

/// What comes after a string, which begins here.
fn string(bytes: &[u8]) -> &[u8] {
    let (quote, mut rest): (&[u8], _) = match bytes.strip_prefix(b"\"\"\"") {
        Some(rest) => (b"\"\"\"", rest),
        None => (b"\"", &bytes[1..]),
    };
    let block = quote.len() == 3;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(quote) {
            return after;
        }
        rest = match first {
            b'\\' if block => after.strip_prefix(quote).unwrap_or(after),
            b'\\' => after.get(1..).unwrap_or_default(),
            // A string in one line ends with it.
            b'\n' | b'\r' if !block => return after,
            _ => after,
        };
    }
    rest
}

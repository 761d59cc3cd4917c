//! Counts the tokens of a document before it is parsed: the parser recurses as deep as brackets are nested.

use crate::config::Limits;
use crate::error::Result;
use crate::http::graphql::limits::check_limit;

/// Checks the number of tokens and the nesting of brackets, and returns the number of tokens. Text that is not GraphQL passes; the
/// parser rejects it.
pub(crate) fn check(document: &str, limits: &Limits) -> Result<usize> {
    let (tokens, depth) = measure(document);
    let advice = "split the query, or pass values as variables";
    check_limit("The number of tokens in the document", tokens, limits.max_tokens, advice)?;
    // Each level of fields has a bracket, and its arguments have some of their own.
    let max_brackets = limits.max_depth.saturating_add(limits.max_value_depth);
    check_limit(
        "The depth of nested brackets",
        depth,
        max_brackets,
        "select less at once, or make the filter flatter",
    )?;
    Ok(tokens)
}

/// Returns the number of tokens of a text and the depth of its nested brackets. JSON text works too: each of its tokens is also
/// a token of GraphQL.
pub(crate) fn measure(text: &str) -> (usize, usize) {
    let mut rest = text.as_bytes();
    let (mut tokens, mut open, mut max_open) = (0_usize, 0_usize, 0_usize);
    while let Some((&first, after)) = rest.split_first() {
        rest = match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => {
                rest = after;
                continue;
            }
            b'#' => {
                rest = skip_while(after, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => skip_string(rest),
            b'.' => after.strip_prefix(b"..").unwrap_or(after),
            b'{' | b'[' | b'(' => {
                open += 1;
                max_open = max_open.max(open);
                after
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                after
            }
            byte if is_word(byte) => skip_while(after, is_word),
            _ => after,
        };
        tokens += 1;
    }
    (tokens, max_open)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.') || byte >= 0x80
}

fn skip_while(bytes: &[u8], predicate: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !predicate(*byte)).unwrap_or(bytes.len());
    &bytes[end..]
}

/// Returns the bytes after the string literal at the start of `bytes`.
fn skip_string(bytes: &[u8]) -> &[u8] {
    let (quote, mut rest): (&[u8], _) = match bytes.strip_prefix(b"\"\"\"") {
        Some(rest) => (b"\"\"\"", rest),
        None => (b"\"", &bytes[1..]),
    };
    let is_block = quote.len() == 3;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(quote) {
            return after;
        }
        rest = match first {
            b'\\' if is_block => after.strip_prefix(quote).unwrap_or(after),
            b'\\' => after.get(1..).unwrap_or_default(),
            // A string that is not a block string ends with its line.
            b'\n' | b'\r' if !is_block => return after,
            _ => after,
        };
    }
    rest
}

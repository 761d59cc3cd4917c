//! What has to be read from the text of a document, because the parser loses it or gets it wrong.

use std::borrow::Cow;
use std::collections::HashSet;

use async_graphql::Pos;

use crate::graphql::validation::Problem;

/// A token of a document, as far as this module tells them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Number,
    /// A string that is not a block string.
    String,
    Other,
}

/// Splits a document into tokens with their positions in bytes. Text that is not GraphQL gives any tokens; the parser rejects it.
struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (Kind, usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.at += 1,
                b'#' => {
                    self.at += bytes[self.at..]
                        .iter()
                        .position(|byte| matches!(byte, b'\n' | b'\r'))
                        .unwrap_or(bytes.len() - self.at)
                }
                _ => break,
            }
        }
        let start = self.at;
        let rest = &bytes[start..];
        let run = |is_part: fn(&u8) -> bool| rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let (kind, length) = match rest[0] {
            b'"' if rest.starts_with(b"\"\"\"") => (Kind::Other, block_string(rest)),
            b'"' => (Kind::String, string(rest)),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                (Kind::Name, run(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
            }
            byte if byte.is_ascii_digit() || byte == b'-' => {
                (Kind::Number, 1 + rest[1..].iter().position(|byte| !is_number(*byte)).unwrap_or(rest.len() - 1))
            }
            byte if byte >= 0x80 => (Kind::Other, run(|byte| *byte >= 0x80)),
            _ => (Kind::Other, 1),
        };
        self.at += length;
        Some((kind, start, &self.text[start..self.at]))
    }
}

fn is_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

/// The length of the string at the start.
fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            // An escaped character may be longer than a byte; its other bytes are no quotation marks.
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length of the block string at the start.
fn block_string(bytes: &[u8]) -> usize {
    let mut at = 3;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if bytes[at..].starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Returns a document in which everything has the form that the parser reads correctly: characters beyond the basic plane that are
/// written as two escapes are written out, and `-0` is `0`.
pub(crate) fn normalized(text: &str) -> Cow<'_, str> {
    let has_surrogates = ["\\ud8", "\\ud9", "\\uda", "\\udb", "\\uD8", "\\uD9", "\\uDa", "\\uDA", "\\uDb", "\\uDB"];
    if !text.contains("-0") && !has_surrogates.iter().any(|escape| text.contains(escape)) {
        return Cow::Borrowed(text);
    }
    let (mut result, mut copied) = (String::with_capacity(text.len()), 0);
    for (kind, start, token) in (Tokens { text, at: 0 }) {
        let replaced = match kind {
            Kind::Number if token == "-0" => Some(" 0".to_owned()),
            Kind::String => without_surrogates(token),
            _ => None,
        };
        if let Some(replaced) = replaced {
            result.push_str(&text[copied..start]);
            result.push_str(&replaced);
            copied = start + token.len();
        }
    }
    result.push_str(&text[copied..]);
    Cow::Owned(result)
}

/// Returns a string literal with its surrogate pairs written out; `None` when it has none.
fn without_surrogates(literal: &str) -> Option<String> {
    let (mut result, mut rest, mut is_changed) = (String::new(), literal, false);
    while let Some(at) = rest.find('\\') {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = unit(rest).zip(rest.get(6..).and_then(unit));
        let decoded = pair.and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
        match (decoded, pair) {
            (Some(character), Some((high, _))) if (0xd800..0xdc00).contains(&high) => {
                result.push(character);
                rest = &rest[12..];
                is_changed = true;
            }
            _ => {
                // The escape and the character after it, which may be a backslash.
                let length = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                result.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
    }
    result.push_str(rest);
    is_changed.then_some(result)
}

/// The UTF-16 unit of the escape at the start.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Returns the fields that are given twice in one input object. The parser keeps the last one only.
pub(crate) fn duplicate_input_fields(text: &str, max: usize) -> Vec<Problem> {
    let (mut problems, mut parentheses, mut objects) = (Vec::new(), 0_usize, Vec::<Option<HashSet<&str>>>::new());
    let mut tokens = Tokens { text, at: 0 }.peekable();
    while let Some((kind, start, token)) = tokens.next() {
        match token {
            "(" => parentheses += 1,
            ")" => parentheses = parentheses.saturating_sub(1),
            // Braces outside of arguments are selections.
            "{" => objects.push((parentheses > 0).then(HashSet::new)),
            "}" => drop(objects.pop()),
            name if kind == Kind::Name && tokens.peek().is_some_and(|(.., next)| *next == ":") => {
                if let Some(Some(names)) = objects.last_mut()
                    && !names.insert(name)
                    && problems.len() < max
                {
                    let message = format!("The input object has the field `{name}` twice: leave one of them out");
                    problems.push(Problem { position: position(text, start), message });
                }
            }
            _ => {}
        }
    }
    problems
}

/// The line and column of a byte.
fn position(text: &str, at: usize) -> Pos {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use crate::graphql::validation::text::{duplicate_input_fields, normalized};

    #[test]
    fn surrogate_pairs_and_negative_zeros_are_normalized() {
        for (text, expected) in [
            (r#"{ a(b: "\uD83D\uDE00 \ud83d\ude00") }"#, "{ a(b: \"😀 😀\") }"),
            (r#"{ a(b: "\\uD83D\\uDE00") }"#, r#"{ a(b: "\\uD83D\\uDE00") }"#),
            (r#"{ a(b: "\uD83D") }"#, r#"{ a(b: "\uD83D") }"#),
            (r#"{ a(b: """\uD83D\uDE00""") }"#, r#"{ a(b: """\uD83D\uDE00""") }"#),
            (
                "{ a(first: -0, b: [-0, -0.5, 1e-0], c: \"-0\") # -0\n }",
                "{ a(first:  0, b: [ 0, -0.5, 1e-0], c: \"-0\") # -0\n }",
            ),
            ("{ a }", "{ a }"),
        ] {
            assert_eq!(normalized(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_that_are_given_twice_in_an_input_object_are_found() {
        let found = |text: &str| -> Vec<(usize, usize, String)> {
            let problems = duplicate_input_fields(text, 10).into_iter();
            problems.map(|one| (one.position.line, one.position.column, one.message)).collect()
        };
        for text in [
            "{ a: b a: b x(f: {a: {a: 1}, b: [{a: 1}, {a: 1}]}) { a: c a: c } }",
            "query($f: F = {a: 1, b: {a: 2}}) { x }",
            "{ x(text: \"{a: 1, a: 1}\") # {a: 1, a: 1}\n }",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        for (text, column) in [("{ x(f: {a: 1, a: 2}) }", 15), ("query($f: F = {b: {a: 1, a: 2}}) { x }", 26)] {
            let problems = found(text);
            assert_eq!((problems.len(), problems[0].0, problems[0].1), (1, 1, column), "{problems:?}");
        }
    }
}

//! What is wrong with a record, where, and what to write instead.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::import::validate::builder::Mistake;

/// So many mistakes of an import are told; all are counted.
pub(crate) const TOLD: usize = 10_000;

/// A mistake is told in about so many letters, whatever it quotes.
const LONGEST: usize = 400;

/// One mistake in one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file, or `-` for standard input.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The key of the record, when it has one.
    pub key: Option<String>,
    /// JSON pointer (RFC 6901) to what is wrong; empty for the record as a whole.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub suggestion: Option<String>,
}

impl Problem {
    pub(crate) fn new(file: &str, line: u64, key: Option<&str>, mistake: Mistake) -> Self {
        Self {
            file: file.to_owned(),
            line,
            key: key.map(|key| shortened(key.to_owned())),
            pointer: shortened(mistake.pointer),
            message: shortened(mistake.message),
            suggestion: mistake.suggestion.map(shortened),
        }
    }
}

/// The two ends of a long text.
fn shortened(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let (head, tail) = (text.floor_char_boundary(LONGEST / 2), text.ceil_char_boundary(text.len() - LONGEST / 2));
    format!("{} ... {}", &text[..head], &text[tail..])
}

/// A text for a terminal, in which nothing moves its cursor or turns the direction of what follows.
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(acts) {
        let shown = text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() });
        Cow::Owned(shown.collect())
    } else {
        Cow::Borrowed(text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", printable(&self.file), self.line)?;
        if let Some(key) = &self.key {
            write!(f, " ({})", printable(key))?;
        }
        if !self.pointer.is_empty() {
            write!(f, " {}", printable(&self.pointer))?;
        }
        write!(f, ": {}", printable(&self.message))?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " -- {}", printable(suggestion)),
            None => Ok(()),
        }
    }
}

/// Where and why a JSON value does not fit a type.
pub(crate) struct Misfit {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Reads a value as a type.
pub(crate) fn fit<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                _ => {}
            }
        }
        Misfit { pointer, message: error.into_inner().to_string() }
    })
}

/// A key as a segment of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use crate::import::problem::{LONGEST, printable, shortened};

    #[test]
    fn what_a_mistake_quotes_is_cut_between_characters_and_moves_no_cursor() {
        assert_eq!(shortened("ب".repeat(200)), "ب".repeat(200));
        let long = shortened(format!("a{}b", "ب".repeat(1 << 20)));
        assert!(long.starts_with("aب") && long.ends_with("بb") && long.len() < LONGEST + 10, "{long}");
        assert_eq!(printable("a\u{1b}[2Jب"), "a\\u{1b}[2Jب");
    }
}

//! Problems of records, as reports show them: what is wrong, where, and what to write instead.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::import::validate::builder::FieldProblem;

/// The maximum number of problems that a report lists. All are counted.
pub(crate) const MAX_REPORTED: usize = 10_000;

/// The approximate maximum length of each text of a problem, in bytes. Problems quote values of records, which may be
/// long.
const MAX_TEXT: usize = 400;

/// One problem of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file, or `-` for standard input; empty for a stored record.
    pub file: String,
    /// The line, from 1; 0 for a stored record, which is on no line of the files.
    pub line: u64,
    /// The dataset of a stored record that the import would make invalid; none for a record of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The key of the record, if it has one.
    pub key: Option<String>,
    /// The JSON pointer (RFC 6901) to the field; empty for the record as a whole.
    pub pointer: String,
    /// What is wrong: the predicate of a sentence whose subject is the field.
    pub message: String,
    /// What to write instead.
    pub suggestion: Option<String>,
}

impl Problem {
    pub(crate) fn new(file: &str, line: u64, key: Option<&str>, problem: FieldProblem) -> Self {
        Self {
            file: file.to_owned(),
            line,
            dataset: None,
            key: key.map(|key| shortened(key.to_owned())),
            pointer: shortened(problem.pointer),
            message: shortened(problem.message),
            suggestion: problem.suggestion.map(shortened),
        }
    }

    /// Returns a problem of a stored record that the import would make invalid.
    pub(crate) fn of_stored(dataset: &str, key: &str, problem: FieldProblem) -> Self {
        let suggestion = problem.suggestion.map(|one| format!("{one}, and import that record together with these"));
        let problem = FieldProblem { suggestion, ..problem };
        Self { dataset: Some(shortened(dataset.to_owned())), ..Self::new("", 0, Some(key), problem) }
    }

    /// Returns whether it is a problem of a record of the files, so that its line can be skipped.
    pub fn is_on_line(&self) -> bool {
        self.line > 0
    }
}

/// Cuts the middle out of a long text.
fn shortened(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let (head, tail) = (text.floor_char_boundary(MAX_TEXT / 2), text.ceil_char_boundary(text.len() - MAX_TEXT / 2));
    format!("{} ... {}", &text[..head], &text[tail..])
}

/// Escapes characters that a terminal would act on: control characters, and those that change the writing direction.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_active = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(is_active) {
        let shown = text.chars().map(|c| if is_active(c) { c.escape_default().to_string() } else { c.to_string() });
        Cow::Owned(shown.collect())
    } else {
        Cow::Borrowed(text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.dataset, self.key.as_deref()) {
            (Some(dataset), key) => {
                write!(f, "stored record {} of dataset {}", printable(key.unwrap_or_default()), printable(dataset))?;
            }
            (None, Some(key)) => write!(f, "{}:{} ({})", printable(&self.file), self.line, printable(key))?,
            (None, None) => write!(f, "{}:{}", printable(&self.file), self.line)?,
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

/// Why a JSON value cannot be converted to a type, and where.
pub(crate) struct TypeMismatch {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Converts a JSON value to a type.
pub(crate) fn deserialize<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, TypeMismatch> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                _ => {}
            }
        }
        TypeMismatch { pointer, message: error.into_inner().to_string() }
    })
}

/// Escapes a field name for a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use crate::import::problem::{MAX_TEXT, printable, shortened};

    #[test]
    fn long_texts_are_cut_and_control_characters_escaped() {
        assert_eq!(shortened("ب".repeat(200)), "ب".repeat(200));
        let long = shortened(format!("a{}b", "ب".repeat(1 << 20)));
        assert!(long.starts_with("aب") && long.ends_with("بb") && long.len() < MAX_TEXT + 10, "{long}");
        assert_eq!(printable("a\u{1b}[2Jب"), "a\\u{1b}[2Jب");
    }
}

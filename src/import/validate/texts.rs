//! Validation of all texts of a line: no NUL, and no text that is longer than its field allows.
//!
//! It runs on the parsed JSON, before anything is looked up by a key or stored, because PostgreSQL accepts such a text in no
//! statement.

use serde_json::{Map, Value};

use crate::import::problem::escape;
use crate::import::record::field_names::{OLD_RECORD_TYPE, RECORD_TYPE};
use crate::import::validate::builder::FieldProblem;
use crate::text::limits::{MAX_ARTICLE_BYTES, MAX_LONG_BYTES, long_text_problem, nul_problem, short_text_problem};

/// Maximum number of such problems reported for one line.
const MAX_PROBLEMS: usize = 20;

/// The fields whose texts may be long, wherever they are; except for the text of a name.
const LONG_FIELDS: &[&str] = &[
    "summary",
    "description",
    "text",
    "quote",
    "prefix",
    "suffix",
    "note",
    "reason",
    "raw",
    "attested",
    "placeNote",
    "placeCertaintyNote",
    "speakerText",
    "condition",
    "descriptor",
    "cue",
];

/// Returns the texts of a line, and the names of its fields, that cannot be stored.
pub(crate) fn problems(line: &Map<String, Value>) -> Vec<FieldProblem> {
    let record_type = line.get(RECORD_TYPE).or_else(|| line.get(OLD_RECORD_TYPE)).and_then(Value::as_str);
    let mut found = Vec::new();
    object(line, "", record_type.unwrap_or_default(), &mut found);
    found
}

/// `holder` is the record type of the line, or the name of the list that a nested object is in.
fn object(object: &Map<String, Value>, pointer: &str, holder: &str, found: &mut Vec<FieldProblem>) {
    for (name, value) in object {
        if found.len() >= MAX_PROBLEMS {
            return;
        }
        if let Some(problem) = short_text_problem(name) {
            report(found, pointer.to_owned(), format!("has a field whose name {problem}"), "leave that field out");
            continue;
        }
        visit(value, &|| format!("{pointer}/{}", escape(name)), name, holder, found);
    }
}

fn visit(value: &Value, pointer: &dyn Fn() -> String, name: &str, holder: &str, found: &mut Vec<FieldProblem>) {
    match value {
        Value::String(text) => {
            if let Some(problem) = text_problem(text, name, holder) {
                let advice = if nul_problem(text).is_some() { "remove that character" } else { "shorten it" };
                report(found, pointer(), problem, advice);
            }
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                visit(value, &|| format!("{}/{at}", pointer()), name, name, found);
            }
        }
        Value::Object(fields) => object(fields, &pointer(), name, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn text_problem(text: &str, name: &str, holder: &str) -> Option<String> {
    match (holder, name) {
        ("article", "text") => long_text_problem(text, MAX_ARTICLE_BYTES),
        ("name" | "names", "text") => short_text_problem(text),
        (_, name) if LONG_FIELDS.contains(&name) => long_text_problem(text, MAX_LONG_BYTES),
        _ => short_text_problem(text),
    }
}

fn report(found: &mut Vec<FieldProblem>, pointer: String, message: String, advice: &str) {
    if found.len() < MAX_PROBLEMS {
        found.push(FieldProblem { pointer, message, suggestion: Some(advice.to_owned()) });
    }
}

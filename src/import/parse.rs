//! Parses lines of records: JSON, record type, field names, the record struct, and its nested records.
//!
//! [`parse`] reports everything that is wrong with one record alone. References are only collected here; the passes of
//! the import resolve them for a whole batch of records at once.

use serde_json::{Map, Value};

use crate::import::json_schema;
use crate::import::problem::{self, TypeMismatch};
use crate::import::record::field_names::{OLD_RECORD_TYPE, Spelling, canonicalize, use_current_names};
use crate::import::record::{self, AnyBuild, DATASET, DatasetRecord, MERGE, MergeRecord, Ref, Row};
use crate::import::unique_json::Unique;
use crate::import::validate::builder::{Builder, FieldProblem, Known, sha256};
use crate::import::validate::texts;
use crate::text::limits::short_text_problem;
use entity::id::RecordId;
use entity::record::RecordKind;

/// The maximum number of JSON values on a line. A parsed value takes about a hundred times the memory of its text.
const MAX_VALUES: usize = 50_000;

/// A parsed line.
pub(crate) enum Parsed {
    /// The dataset of the records that follow.
    Dataset(DatasetRecord),
    /// A record.
    Record(Record),
    /// A merge decision.
    Merge(Merge),
}

/// A merge decision, checked as far as that is possible without looking up its references.
pub(crate) struct Merge {
    pub(crate) record: MergeRecord,
    pub(crate) spelling: Spelling,
    /// Problems of the record alone.
    pub(crate) problems: Vec<FieldProblem>,
    /// The references of the record.
    pub(crate) references: Vec<Ref>,
}

impl Merge {
    fn new(record: MergeRecord, spelling: Spelling) -> Self {
        let mut builder = Builder::new("", None, &spelling);
        record.read(&mut builder);
        let Builder { problems, references, .. } = builder;
        Self { record, spelling, problems, references }
    }
}

/// A record with its nested records, checked as far as that is possible without looking up its references.
pub(crate) struct Record {
    pub(crate) key: String,
    /// SHA-256 of the canonical JSON, in hexadecimal; empty for a record with problems.
    pub(crate) digest: String,
    pub(crate) spelling: Spelling,
    /// Problems of the record alone. A record that has any is registered and validated further, but never written.
    pub(crate) problems: Vec<FieldProblem>,
    /// The record, then its nested records, depth first.
    pub(crate) entries: Vec<Entry>,
    /// All references of the record and its nested records.
    pub(crate) references: Vec<Ref>,
    /// The external ids among the nested records: index in `entries`, scheme, value.
    pub(crate) external_ids: Vec<(usize, String, String)>,
    body: Box<dyn AnyBuild>,
}

/// A record or a nested record, as the `record` table registers it.
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The JSON pointer to it in the record; empty for the record itself.
    pub(crate) pointer: String,
    pub(crate) kind: RecordKind,
}

/// Parses a line as a JSON object. `suggestion` is given for a line that is not one.
pub(crate) fn object(text: &str, suggestion: &str) -> Result<Map<String, Value>, FieldProblem> {
    if max_values(text) > MAX_VALUES {
        return Err(FieldProblem::of_record(
            format!("has more than {MAX_VALUES} JSON values"),
            "split the record: its nested records may be on lines of their own",
        ));
    }
    match serde_json::from_str(text.trim()).map(|Unique(value)| value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(FieldProblem::of_record("is not a JSON object", suggestion)),
        Err(error) if error.is_data() => Err(FieldProblem::of_record(error.to_string(), "leave one of the two out")),
        Err(error) => Err(FieldProblem::of_record(format!("is not JSON: {error}"), suggestion)),
    }
}

/// Returns an upper bound of the number of values in a JSON text: each comma and opening bracket outside of strings
/// begins one.
fn max_values(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

const WRITE_OBJECT: &str = "write one JSON object per line: {\"record\": ..., \"key\": ...}";

/// Parses a line. On problems that leave no record to work with, returns them with the record's key, if it has one.
pub(crate) fn parse(text: &str) -> Result<Parsed, (Option<String>, Vec<FieldProblem>)> {
    let mut line = object(text, WRITE_OBJECT).map_err(|problem| (None, vec![problem]))?;
    let key = line.get("key").and_then(Value::as_str).map(str::to_owned);
    let unstorable = texts::problems(&line);
    if !unstorable.is_empty() {
        return Err((key.filter(|key| short_text_problem(key).is_none()), unstorable));
    }
    let (spelling, given_twice) = match canonicalize(&mut line) {
        Ok(read) => read,
        Err(problem) => return Err((key, vec![problem])),
    };
    let record_type = spelling.record_type;
    let mut body = Value::Object(line);
    // Stored digests are compared with this one, so the text that it is computed over must never change.
    let canonical = if [DATASET, MERGE].contains(&record_type) { String::new() } else { body.to_string() };
    if let Some(fields) = body.as_object_mut() {
        fields.remove(OLD_RECORD_TYPE);
    }
    let problems = |mismatch: Option<TypeMismatch>| explain(text, &spelling, given_twice.clone(), mismatch);
    if !given_twice.is_empty() {
        return parse_leniently(text, key, problems(None), spelling);
    }
    match record_type {
        DATASET => problem::deserialize(body).map(Parsed::Dataset).map_err(|mismatch| (key, problems(Some(mismatch)))),
        MERGE => match problem::deserialize(body) {
            Ok(record) => Ok(Parsed::Merge(Merge::new(record, spelling))),
            Err(mismatch) => Err((None, problems(Some(mismatch)))),
        },
        _ => match (record::read(record_type, body), key) {
            (Ok(body), Some(key)) if !key.trim().is_empty() => {
                Ok(Parsed::Record(Record::new(key, sha256(&canonical), spelling, Vec::new(), body)))
            }
            (Ok(_), key) => {
                let missing = FieldProblem {
                    pointer: "/key".into(),
                    message: "is missing or empty".into(),
                    suggestion: Some("add \"key\", unique in the dataset".into()),
                };
                Err((key, vec![missing]))
            }
            (Err(mismatch), key) => parse_leniently(text, key, problems(Some(mismatch)), spelling),
        },
    }
}

/// Reads the line again with the current field names. The conversion to the record struct consumes the line, and hardly
/// any line has problems, so the line is not cloned.
fn with_current_names(text: &str, record_type: &str) -> Value {
    let mut line = object(text, WRITE_OBJECT).unwrap_or_default();
    // It was read before, so neither fails.
    let _ = canonicalize(&mut line);
    use_current_names(&mut line, record_type);
    Value::Object(line)
}

/// Returns all problems of a line that does not fit its record type. The conversion to the record struct stops at the
/// first one, so the JSON Schema validates the whole line.
fn explain(
    text: &str,
    spelling: &Spelling,
    mut problems: Vec<FieldProblem>,
    mismatch: Option<TypeMismatch>,
) -> Vec<FieldProblem> {
    problems.extend(json_schema::problems(&with_current_names(text, spelling.record_type), spelling));
    if let (Some(mismatch), true) = (mismatch, problems.is_empty()) {
        problems.push(FieldProblem {
            pointer: mismatch.pointer,
            message: mismatch.message,
            suggestion: Some("see `newsgraph schema --records`".into()),
        });
    }
    problems.sort_by(|left, right| left.pointer.cmp(&right.pointer));
    problems
}

/// Parses a line with problems as far as possible: fields that do not fit are replaced or left out, so that the rest of
/// the record can be validated too. The record is never written.
fn parse_leniently(
    text: &str,
    key: Option<String>,
    problems: Vec<FieldProblem>,
    spelling: Spelling,
) -> Result<Parsed, (Option<String>, Vec<FieldProblem>)> {
    let mut line = with_current_names(text, spelling.record_type);
    let body = json_schema::replace_invalid(spelling.record_type, &mut line).and_then(|()| {
        line.as_object_mut()?.remove(record::field_names::RECORD_TYPE);
        record::read(spelling.record_type, line).ok()
    });
    match (key, body) {
        (Some(key), Some(body)) => Ok(Parsed::Record(Record::new(key, String::new(), spelling, problems, body))),
        (key, _) => Err((key, problems)),
    }
}

impl Record {
    /// Estimates how much memory the record takes until it is written, in bytes. Each entry is a row with a key and a
    /// pointer.
    pub(crate) fn weight(&self, length: u64) -> u64 {
        let (entries, others) = (self.entries.len() as u64, (self.references.len() + self.problems.len()) as u64);
        length + entries * 500 + others * 200
    }

    fn new(
        key: String,
        digest: String,
        spelling: Spelling,
        problems: Vec<FieldProblem>,
        body: Box<dyn AnyBuild>,
    ) -> Self {
        let (entries, references, external_ids) = (Vec::new(), Vec::new(), Vec::new());
        let mut record = Self { key, digest, spelling, problems, entries, references, external_ids, body };
        record.entries = record.entries();
        // No reference is looked up yet, so the dataset does not matter.
        let (rows, builder) = record.build("", None, &[]);
        let external_ids = rows.into_iter().enumerate().filter_map(|(at, row)| match row {
            Row::ExternalId(row) => Some((at, row.scheme, row.value)),
            _ => None,
        });
        let (external_ids, references, alone) = (external_ids.collect(), builder.references, builder.problems);
        record.external_ids = external_ids;
        record.references = references;
        record.problems.extend(alone);
        record
    }

    /// Returns the record and its nested records, depth first. A nested record without a key is identified by its
    /// position, as in `visit#/participations/0`.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.visit(self.body.as_ref(), String::new(), &mut |part, pointer| {
            let key = match (pointer.is_empty(), part.key()) {
                (true, _) => self.key.clone(),
                (false, Some(key)) => key.to_owned(),
                (false, None) => format!("{}#{pointer}", self.key),
            };
            entries.push(Entry { key, pointer: pointer.to_owned(), kind: part.kind() });
        });
        entries
    }

    fn visit<'r>(&'r self, part: &'r dyn AnyBuild, pointer: String, visitor: &mut dyn FnMut(&'r dyn AnyBuild, &str)) {
        visitor(part, &pointer);
        let (mut list, mut at) = ("", 0);
        for (name, nested) in part.parts() {
            at = if name == list { at + 1 } else { 0 };
            list = name;
            self.visit(nested, format!("{pointer}/{name}/{at}"), visitor);
        }
    }

    /// Builds the rows of the record and its nested records. `ids` are the ids of [`Self::entries`], or empty while
    /// references are only collected (`known` is none).
    pub(crate) fn build<'k>(
        &'k self,
        dataset: &'k str,
        known: Option<&'k Known>,
        ids: &[RecordId],
    ) -> (Vec<Row>, Builder<'k>) {
        let mut builder = Builder::new(dataset, known, &self.spelling);
        let mut rows = Vec::new();
        // The records that enclose the current one: their pointers are prefixes of its pointer.
        let mut enclosing: Vec<(String, RecordId, RecordKind)> = Vec::new();
        let mut at = 0;
        self.visit(self.body.as_ref(), String::new(), &mut |part, pointer| {
            enclosing.retain(|(outer, ..)| pointer.starts_with(&format!("{outer}/")));
            let id = ids.get(at).copied().unwrap_or(RecordId(0));
            at += 1;
            let outer: Vec<_> = enclosing.iter().map(|(_, id, kind)| (*id, *kind)).collect();
            builder.enter(pointer, id, &outer);
            rows.push(part.row(&mut builder));
            enclosing.push((pointer.to_owned(), id, part.kind()));
        });
        (rows, builder)
    }
}

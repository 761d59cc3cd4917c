//! The JSON Schema of records, generated from the record structs, and the explanation of records that do not match it.
//!
//! Records are converted to their structs directly, which is fast but stops at the first problem. Only a record that
//! fails is validated against the schema, to report all of its problems at once. The schema has the current field
//! names; problems are reported with the names that the line uses.

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::error::did_you_mean;
use crate::import::problem::escape;
use crate::import::record;
use crate::import::record::field_names::{RECORD_TYPE, Spelling};
use crate::import::record::{DATASET, DatasetRecord, MERGE, MergeRecord};
use crate::import::validate::builder::FieldProblem;

/// The JSON Schema (draft 2020-12) of one line of a file of records.
pub static RECORDS: LazyLock<Value> = LazyLock::new(|| {
    let (lines, definitions) = lines();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "newsgraph record",
        "description": "One line of a file of records (JSON Lines). `record` is the record type. References are keys of other records, which may be anywhere in the file or stored already, or external ids. Child records are nested in their parent or on lines of their own.",
        "oneOf": lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>(),
        "$defs": definitions,
    })
});

/// One validator per record type. A validator of all types would report how the record differs from each of them.
static VALIDATORS: LazyLock<Vec<(&'static str, Option<Validator>)>> = LazyLock::new(|| {
    let (lines, definitions) = lines();
    lines
        .into_iter()
        .map(|(record_type, mut line)| {
            line["$defs"] = definitions.clone();
            (record_type, jsonschema::validator_for(&line).ok())
        })
        .collect()
});

fn lines() -> (Vec<(&'static str, Value)>, Value) {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let dataset = generator.root_schema_for::<DatasetRecord>().to_value();
    let mut lines = vec![(DATASET, line(DATASET, dataset, &["key"]))];
    for (record_type, schema, required) in record::schemas(&mut generator) {
        lines.push((record_type, line(record_type, schema.to_value(), required)));
    }
    let merge = MergeRecord::json_schema(&mut generator).to_value();
    lines.push((MERGE, line(MERGE, merge, &[])));
    (lines, Value::Object(generator.take_definitions(true)))
}

/// Returns the schema of a record on a separate line: with its record type, and with the fields that are required
/// there but not in a nested record.
fn line(record_type: &str, mut schema: Value, required_fields: &[&str]) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    for meta in ["$schema", "$defs"] {
        object.remove(meta);
    }
    object.insert("title".into(), record_type.into());
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(RECORD_TYPE.into(), json!({ "const": record_type, "description": "The record type." }));
        for field in required_fields {
            // A field that is optional in a nested record may be null there. On a separate line it may not.
            if let Some(field) = properties.get_mut(*field).and_then(Value::as_object_mut)
                && field.get("type") == Some(&json!(["string", "null"]))
            {
                field.insert("type".into(), "string".into());
                field.insert("minLength".into(), 1.into());
            }
        }
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        for field in [RECORD_TYPE].iter().chain(required_fields) {
            if !required.iter().any(|given| given == field) {
                required.push((*field).into());
            }
        }
    }
    schema
}

/// The maximum number of problems that are reported for one record.
const MAX_PROBLEMS: usize = 100;

fn validator(record_type: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().find(|(name, _)| *name == record_type)?.1.as_ref()
}

/// Returns what is wrong with the structure of a line that has the current field names. The problems name the fields as
/// the line was written.
pub(crate) fn problems(line: &Value, spelling: &Spelling) -> Vec<FieldProblem> {
    let Some(validator) = validator(spelling.record_type) else { return Vec::new() };
    let mut explanation = Explanation { spelling, problems: Vec::new() };
    for error in validator.iter_errors(line) {
        if explanation.problems.len() >= MAX_PROBLEMS {
            break;
        }
        explanation.add(&error);
    }
    explanation.problems
}

/// Replaces invalid values of a line by valid ones, or removes them, so that the rest of the record can be validated
/// too. The result is never written. Returns none when that is not possible.
pub(crate) fn replace_invalid(record_type: &str, line: &mut Value) -> Option<()> {
    let invalid: Vec<(String, Option<Value>)> = validator(record_type)?
        .iter_errors(line)
        .flat_map(|error| {
            let pointer = error.instance_path().to_string();
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    unexpected.iter().map(|name| (format!("{pointer}/{}", escape(name)), None)).collect()
                }
                _ => vec![(pointer, allowed_value(&error))],
            }
        })
        .collect();
    for (pointer, replacement) in invalid {
        match replacement {
            Some(value) => *line.pointer_mut(&pointer)? = value,
            None => {
                let (object, name) = pointer.rsplit_once('/')?;
                // Elements of lists are never removed: the pointers to later elements would change.
                line.pointer_mut(object)?.as_object_mut()?.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
    Some(())
}

/// Returns one of the values that are allowed in place of an invalid one, if they are listed.
fn allowed_value(error: &ValidationError<'_>) -> Option<Value> {
    match error.kind() {
        ValidationErrorKind::Enum { options } => options.get(0).cloned(),
        ValidationErrorKind::Constant { expected_value } => Some(Value::clone(expected_value)),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }
            if error.instance().is_string() =>
        {
            context.iter().flatten().find_map(allowed_value)
        }
        _ => None,
    }
}

/// The problems of one line.
struct Explanation<'s> {
    spelling: &'s Spelling,
    problems: Vec<FieldProblem>,
}

impl Explanation<'_> {
    fn push(&mut self, pointer: &str, message: String, suggestion: Option<String>) {
        self.problems.push(FieldProblem { pointer: self.spelling.pointer(pointer), message, suggestion });
    }

    fn add(&mut self, error: &ValidationError<'_>) {
        let pointer = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let add = format!("add \"{}\"", self.spelling.field(&pointer, name));
                self.push(&format!("{pointer}/{}", escape(name)), "is missing".into(), Some(add));
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let empty = Map::new();
                let given = error.instance().as_object().unwrap_or(&empty);
                let known = fields(error.schema_path().as_str());
                let free: Vec<&str> = known
                    .iter()
                    .filter(|field| !given.contains_key(*field))
                    .map(|field| self.spelling.field(&pointer, field))
                    .collect();
                for name in unexpected.iter().take(MAX_PROBLEMS) {
                    let suggestion = did_you_mean(name, free.iter().copied()).unwrap_or_else(|| "leave it out".into());
                    let message = "is not a field of this record".into();
                    self.push(&format!("{pointer}/{}", escape(name)), message, Some(suggestion));
                }
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.add_alternatives(error, &pointer, context);
            }
            ValidationErrorKind::Enum { options } => {
                let allowed: Vec<String> =
                    options.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
                self.push_not_allowed(error, &pointer, &allowed);
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(one) => one.to_string(),
                    TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
                };
                let message = format!("{} is not of type {wanted}", shorten(error.instance()));
                self.push(&pointer, message, Some(format!("write {wanted}")));
            }
            ValidationErrorKind::MinLength { .. } => self.push(&pointer, "is empty".into(), Some("write it".into())),
            _ => self.push(&pointer, error.to_string(), Some("see `newsgraph schema --records`".into())),
        }
    }

    /// Explains a value that has none of several alternative forms. Optional references and times are "this form, or
    /// that, or null": the first alternative with a list of values or with structure explains most.
    fn add_alternatives(&mut self, error: &ValidationError<'_>, pointer: &str, context: &[Vec<ValidationError<'_>>]) {
        let all = || context.iter().flatten();
        let best = all().find(|inner| {
            matches!(
                inner.kind(),
                ValidationErrorKind::Enum { .. }
                    | ValidationErrorKind::Constant { .. }
                    | ValidationErrorKind::OneOfNotValid { .. }
            ) || inner.instance_path().as_str().len() > pointer.len()
        });
        match best {
            Some(_) if all().all(|inner| matches!(inner.kind(), ValidationErrorKind::Constant { .. })) => {
                let allowed: Vec<String> = all()
                    .filter_map(|inner| match inner.kind() {
                        ValidationErrorKind::Constant { expected_value } => expected_value.as_str().map(str::to_owned),
                        _ => None,
                    })
                    .collect();
                self.push_not_allowed(error, pointer, &allowed);
            }
            Some(inner) => self.add(inner),
            None => {
                let message = format!("{} has none of the allowed forms", shorten(error.instance()));
                self.push(pointer, message, Some("see `newsgraph schema --records`".into()));
            }
        }
    }

    fn push_not_allowed(&mut self, error: &ValidationError<'_>, pointer: &str, allowed: &[String]) {
        let given = error.instance();
        self.push(pointer, format!("{given} is not an allowed value"), one_of(given, allowed));
    }
}

fn one_of(given: &Value, allowed: &[String]) -> Option<String> {
    let given = given.as_str().unwrap_or_default();
    let near = did_you_mean(given, allowed.iter().map(String::as_str));
    Some(near.unwrap_or_else(|| {
        let shown = allowed.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        if allowed.len() > 12 {
            format!("one of {shown}, ... ({} values)", allowed.len())
        } else {
            format!("one of {shown}")
        }
    }))
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

/// Returns the fields of the object whose schema rejected an unknown one.
fn fields(schema_path: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let target = schema_path.trim_end_matches("/additionalProperties");
    let node = RECORDS.pointer(target).or_else(|| {
        // The path continues below the definitions after a reference.
        target.rfind("/$defs/").and_then(|at| RECORDS.pointer(&target[at..]))
    });
    let from = |node: &Value, fields: &mut Vec<String>| {
        fields.extend(node["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    };
    match node {
        Some(node) if node.get("properties").is_some() => from(node, &mut fields),
        // The record itself. Guessing from the fields of all record types is good enough.
        _ => RECORDS["oneOf"].as_array().into_iter().flatten().for_each(|line| from(line, &mut fields)),
    }
    fields.sort();
    fields.dedup();
    fields
}

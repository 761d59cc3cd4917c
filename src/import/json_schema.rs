//! The JSON Schema of records, and what it says of a record that does not fit.

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::error::did_you_mean;
use crate::import::problem::escape;
use crate::import::record;
use crate::import::record::{DATASET, DatasetRecord, MERGE, MergeRecord};
use crate::import::validate::builder::Mistake;

/// The JSON Schema (2020-12) of one line.
pub static RECORDS: LazyLock<Value> = LazyLock::new(|| {
    let (lines, definitions) = lines();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "newsgraph record",
        "description": "One line of a file of records (JSON Lines). References are keys of other records, in any order, or ids elsewhere. Parts stand inside of their whole or on a line of their own.",
        "oneOf": lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>(),
        "$defs": definitions,
    })
});

/// One validator a kind: what it says of a record is not blurred by the other kinds.
static VALIDATORS: LazyLock<Vec<(&'static str, Option<Validator>)>> = LazyLock::new(|| {
    let (lines, definitions) = lines();
    lines
        .into_iter()
        .map(|(kind, mut line)| {
            line["$defs"] = definitions.clone();
            (kind, jsonschema::validator_for(&line).ok())
        })
        .collect()
});

fn lines() -> (Vec<(&'static str, Value)>, Value) {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let dataset = generator.root_schema_for::<DatasetRecord>().to_value();
    let mut lines = vec![(DATASET, line(DATASET, dataset, &["key"]))];
    for (kind, schema, needs) in record::schemas(&mut generator) {
        lines.push((kind, line(kind, schema.to_value(), needs)));
    }
    let merge = MergeRecord::json_schema(&mut generator).to_value();
    lines.push((MERGE, line(MERGE, merge, &[])));
    (lines, Value::Object(generator.take_definitions(true)))
}

/// The schema of a part as a line of its own: with its kind and with what it belongs to.
fn line(kind: &str, mut schema: Value, needs: &[&str]) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    for meta in ["$schema", "$defs"] {
        object.remove(meta);
    }
    object.insert("title".into(), kind.into());
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("kind".into(), json!({ "const": kind, "description": "What the record is." }));
        for need in needs {
            // A field that may be left out in a part is read as null too; on a line of its own it may be neither.
            if let Some(field) = properties.get_mut(*need).and_then(Value::as_object_mut)
                && field.get("type") == Some(&json!(["string", "null"]))
            {
                field.insert("type".into(), "string".into());
                field.insert("minLength".into(), 1.into());
            }
        }
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        for need in ["kind"].iter().chain(needs) {
            if !required.iter().any(|given| given == need) {
                required.push((*need).into());
            }
        }
    }
    schema
}

/// So many mistakes of one record are told: one that has more is made for something else.
const MOST_MISTAKES: usize = 100;

/// What is wrong with the shape of a record of the kind `kind`.
pub(crate) fn mistakes(kind: &str, record: &Value) -> Vec<Mistake> {
    let Some((_, Some(validator))) = VALIDATORS.iter().find(|(name, _)| *name == kind) else { return Vec::new() };
    let mut found = Vec::new();
    for error in validator.iter_errors(record) {
        if found.len() >= MOST_MISTAKES {
            break;
        }
        explain(&error, &mut found);
    }
    found.sort_by(|left, right| left.pointer.cmp(&right.pointer));
    found
}

/// Puts something that fits in the place of what does not, or takes it out, so that the rest can be looked at too. Nothing of
/// it is ever written.
pub(crate) fn mend(kind: &str, record: &mut Value) -> Option<()> {
    let (_, validator) = VALIDATORS.iter().find(|(name, _)| *name == kind)?;
    let faults: Vec<(String, Option<Value>)> = validator
        .as_ref()?
        .iter_errors(record)
        .flat_map(|error| {
            let pointer = error.instance_path().to_string();
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    unexpected.iter().map(|name| (format!("{pointer}/{}", escape(name)), None)).collect()
                }
                _ => vec![(pointer, word_instead(&error))],
            }
        })
        .collect();
    for (pointer, instead) in faults {
        match instead {
            Some(word) => *record.pointer_mut(&pointer)? = word,
            None => {
                let (around, name) = pointer.rsplit_once('/')?;
                // Without an element of a list the others would be called by other numbers.
                record.pointer_mut(around)?.as_object_mut()?.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
    Some(())
}

/// A word of the list in which one was looked for.
fn word_instead(error: &ValidationError<'_>) -> Option<Value> {
    match error.kind() {
        ValidationErrorKind::Enum { options } => options.get(0).cloned(),
        ValidationErrorKind::Constant { expected_value } => Some(Value::clone(expected_value)),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }
            if error.instance().is_string() =>
        {
            context.iter().flatten().find_map(word_instead)
        }
        _ => None,
    }
}

fn explain(error: &ValidationError<'_>, found: &mut Vec<Mistake>) {
    let pointer = error.instance_path().to_string();
    let mut add = |pointer: String, message: String, suggestion: Option<String>| {
        found.push(Mistake { pointer, message, suggestion });
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            add(format!("{pointer}/{}", escape(name)), "is missing".into(), Some(format!("add \"{name}\"")));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let empty = Map::new();
            let given = error.instance().as_object().unwrap_or(&empty);
            let known = fields(error.schema_path().as_str());
            for name in unexpected.iter().take(MOST_MISTAKES) {
                let free = known.iter().map(String::as_str).filter(|field| !given.contains_key(*field));
                let suggestion = did_you_mean(name, free).unwrap_or_else(|| "leave it out".into());
                add(format!("{pointer}/{}", escape(name)), "is no field of this record".into(), Some(suggestion));
            }
        }
        // Optional references and times say "this shape, or that, or null": the first branch that gives a word list
        // or a shape tells most.
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let telling = context.iter().flatten().find(|inner| {
                matches!(
                    inner.kind(),
                    ValidationErrorKind::Enum { .. }
                        | ValidationErrorKind::Constant { .. }
                        | ValidationErrorKind::OneOfNotValid { .. }
                ) || inner.instance_path().as_str().len() > pointer.len()
            });
            match telling {
                Some(_)
                    if context
                        .iter()
                        .flatten()
                        .all(|inner| matches!(inner.kind(), ValidationErrorKind::Constant { .. })) =>
                {
                    let words: Vec<String> = context
                        .iter()
                        .flatten()
                        .filter_map(|inner| match inner.kind() {
                            ValidationErrorKind::Constant { expected_value } => {
                                expected_value.as_str().map(str::to_owned)
                            }
                            _ => None,
                        })
                        .collect();
                    add(
                        pointer,
                        format!("{} is not a word of its list", error.instance()),
                        one_of(error.instance(), &words),
                    );
                }
                Some(inner) => explain(inner, found),
                None => add(
                    pointer,
                    format!("{} has none of the allowed forms", shorten(error.instance())),
                    Some("see `newsgraph schema --records`".into()),
                ),
            }
        }
        ValidationErrorKind::Enum { options } => {
            let words: Vec<String> =
                options.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            add(pointer, format!("{} is not a word of its list", error.instance()), one_of(error.instance(), &words));
        }
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
            };
            add(
                pointer,
                format!("{} is not of type {wanted}", shorten(error.instance())),
                Some(format!("write {wanted}")),
            );
        }
        ValidationErrorKind::MinLength { .. } => add(pointer, "is empty".into(), Some("write it".into())),
        _ => add(pointer, error.to_string(), Some("see `newsgraph schema --records`".into())),
    }
}

fn one_of(given: &Value, words: &[String]) -> Option<String> {
    let given = given.as_str().unwrap_or_default();
    let near = did_you_mean(given, words.iter().map(String::as_str));
    Some(near.unwrap_or_else(|| {
        let shown = words.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        if words.len() > 12 {
            format!("one of {shown}, ... ({} words)", words.len())
        } else {
            format!("one of {shown}")
        }
    }))
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

/// The fields of the object whose schema refused an unknown one.
fn fields(schema_path: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let target = schema_path.trim_end_matches("/additionalProperties");
    let node = RECORDS.pointer(target).or_else(|| {
        // Behind a reference the path starts over below the definitions.
        target.rfind("/$defs/").and_then(|at| RECORDS.pointer(&target[at..]))
    });
    let from = |node: &Value, fields: &mut Vec<String>| {
        fields.extend(node["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    };
    match node {
        Some(node) if node.get("properties").is_some() => from(node, &mut fields),
        // The record itself: any kind's fields are near enough to guess from.
        _ => RECORDS["oneOf"].as_array().into_iter().flatten().for_each(|line| from(line, &mut fields)),
    }
    fields.sort();
    fields.dedup();
    fields
}

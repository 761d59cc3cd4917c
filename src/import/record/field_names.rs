//! Renamed fields of records: their old names, and which names one line uses.
//!
//! Records use the field names of the GraphQL API. Files that were written before the names became the same keep
//! working: every renamed field is also read under its old name, in any combination, but not under both names at once.
//! The record type of a line is in `record`. A line without `record` has the *old form*: its record type is in `kind`,
//! so the kind of a place or relation can only be in `type` there.
//!
//! The database stores a digest of each record, which decides whether the record changed. The digest is computed over
//! the old names ([`canonicalize`]). A record therefore has the same digest in both spellings, and in databases that
//! were imported before the renaming.
//!
//! Problems are reported with the names that the line uses ([`Spelling::pointer`]).

use serde_json::{Map, Value};

use crate::error::did_you_mean;
use crate::import::record::RECORD_TYPES;
use crate::import::validate::builder::FieldProblem;

/// The field that holds the record type of a line.
pub(crate) const RECORD_TYPE: &str = "record";

/// Its old name, which is also its name in the canonical form.
pub(crate) const OLD_RECORD_TYPE: &str = "kind";

/// A renamed field.
struct Renamed {
    name: &'static str,
    old: &'static str,
}

const KIND: Renamed = Renamed { name: "kind", old: "type" };
const BEARER: Renamed = Renamed { name: "bearer", old: "target" };
const SAID_AT: Renamed = Renamed { name: "saidAt", old: "said" };
const RESOLVED_TO: Renamed = Renamed { name: "resolvedTo", old: "judged" };
const LICENSE: Renamed = Renamed { name: "license", old: "licence" };
const DECISION: Renamed = Renamed { name: "decision", old: "judgement" };

/// Returns the renamed fields of a record type.
fn renamed_fields(record_type: &str) -> &'static [Renamed] {
    match record_type {
        "dataset" => &[LICENSE],
        "organization" | "place" | "relation" | "eventLink" => &[KIND],
        "name" => &[KIND, BEARER],
        "statement" => &[SAID_AT],
        "mention" => &[KIND, RESOLVED_TO],
        "merge" => &[DECISION],
        _ => &[],
    }
}

/// A kind of place whose word has another spelling now, and its old word. It is the only renamed value.
const NEIGHBORHOOD: &str = "NEIGHBORHOOD";
const OLD_NEIGHBORHOOD: &str = "NEIGHBOURHOOD";

/// The lists whose elements have renamed fields, each with the record type of its elements. They occur at the top level
/// only.
const LISTS: [(&str, &str); 3] = [("names", "name"), ("mentions", "mention"), ("links", "eventLink")];

/// Which of its two names each renamed field of a line has.
///
/// Hardly any line mixes old and new names, so the common cases take no memory.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    /// The record type, one of [`RECORD_TYPES`].
    pub(crate) record_type: &'static str,
    /// The record type is in `kind`.
    is_old_form: bool,
    /// Pointers, in new names, to fields with an old name in a line of the new form, and the other way round.
    exceptions: Vec<String>,
}

/// Gives every renamed field of a line its old name, and reads the record type. Returns the names that the line uses,
/// and the fields that are given under both names. Of those, the value under the old name is used.
///
/// # Errors
///
/// The record type is missing or unknown.
pub(crate) fn canonicalize(line: &mut Map<String, Value>) -> Result<(Spelling, Vec<FieldProblem>), FieldProblem> {
    let is_old_form = !line.contains_key(RECORD_TYPE);
    let record_type = record_type(line, is_old_form)?;
    let mut spelling = Spelling { record_type, is_old_form, exceptions: Vec::new() };
    let mut given_twice = Vec::new();
    for field in renamed_fields(record_type) {
        if !(is_old_form && field.name == OLD_RECORD_TYPE) {
            spelling.give_old_name(line, &String::new, field, &mut given_twice);
        }
    }
    for (list, of) in LISTS {
        let Some(Value::Array(elements)) = line.get_mut(list) else { continue };
        for (at, element) in elements.iter_mut().enumerate() {
            let Value::Object(element) = element else { continue };
            for field in renamed_fields(of) {
                spelling.give_old_name(element, &|| format!("/{list}/{at}"), field, &mut given_twice);
            }
        }
    }
    if record_type == "place" {
        replace_value(line, KIND.old, NEIGHBORHOOD, OLD_NEIGHBORHOOD);
    }
    if !is_old_form {
        line.remove(RECORD_TYPE);
        if line.insert(OLD_RECORD_TYPE.to_owned(), record_type.into()).is_some() {
            given_twice.push(given_under_both_names("", RECORD_TYPE, OLD_RECORD_TYPE));
        }
    }
    Ok((spelling, given_twice))
}

/// Gives every renamed field of a canonical line its current name.
pub(crate) fn use_current_names(line: &mut Map<String, Value>, record_type: &str) {
    fn rename(object: &mut Map<String, Value>, old: &str, name: &str) {
        if let Some(value) = object.remove(old) {
            object.insert(name.to_owned(), value);
        }
    }
    rename(line, OLD_RECORD_TYPE, RECORD_TYPE);
    if record_type == "place" {
        replace_value(line, KIND.old, OLD_NEIGHBORHOOD, NEIGHBORHOOD);
    }
    for field in renamed_fields(record_type) {
        rename(line, field.old, field.name);
    }
    for (list, of) in LISTS {
        let elements = line.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for element in elements.filter_map(Value::as_object_mut) {
            for field in renamed_fields(of) {
                rename(element, field.old, field.name);
            }
        }
    }
}

fn replace_value(object: &mut Map<String, Value>, field: &str, from: &str, to: &str) {
    if let Some(value) = object.get_mut(field)
        && value == from
    {
        *value = to.into();
    }
}

fn given_under_both_names(object: &str, name: &str, old: &str) -> FieldProblem {
    FieldProblem {
        pointer: format!("{object}/{old}"),
        message: format!("is the old name of `{name}`, which is given too"),
        suggestion: Some(format!("leave \"{old}\" out")),
    }
}

fn record_type(line: &Map<String, Value>, is_old_form: bool) -> Result<&'static str, FieldProblem> {
    let name = if is_old_form { OLD_RECORD_TYPE } else { RECORD_TYPE };
    let one_of = || format!("one of {}", RECORD_TYPES.join(", "));
    let problem = |name: &str, message: String, suggestion: String| FieldProblem {
        pointer: format!("/{name}"),
        message,
        suggestion: Some(suggestion),
    };
    match line.get(name) {
        None => Err(problem(RECORD_TYPE, "is missing".into(), format!("add \"{RECORD_TYPE}\": {}", one_of()))),
        Some(Value::String(given)) => {
            RECORD_TYPES.iter().find(|known| *known == given).copied().ok_or_else(|| {
                let suggestion = did_you_mean(given, RECORD_TYPES.iter().copied()).unwrap_or_else(|| {
                    // A line that forgot `record` is taken for one of the old form, in which `kind` has another
                    // meaning.
                    let add = if is_old_form { format!("add \"{RECORD_TYPE}\": ") } else { String::new() };
                    format!("{add}{}", one_of())
                });
                problem(name, format!("`{given}` is not a record type"), suggestion)
            })
        }
        Some(_) => Err(problem(name, "is not text".into(), one_of())),
    }
}

impl Spelling {
    fn give_old_name(
        &mut self,
        object: &mut Map<String, Value>,
        pointer: &dyn Fn() -> String,
        field: &Renamed,
        given_twice: &mut Vec<FieldProblem>,
    ) {
        let Renamed { name, old } = field;
        let is_old = object.contains_key(*old);
        let new = object.remove(*name);
        let is_new = new.is_some();
        if is_old && is_new {
            given_twice.push(given_under_both_names(&pointer(), name, old));
        } else if let Some(value) = new {
            object.insert((*old).to_owned(), value);
        }
        if (is_old || is_new) && is_old != self.is_old_form {
            self.exceptions.push(format!("{}/{name}", pointer()));
        }
    }

    /// Returns the name that a field has in the line, given its current name and the pointer to the object that it is
    /// in.
    pub(crate) fn field<'f>(&self, object: &str, name: &'f str) -> &'f str {
        let has_old_name = || {
            let pointer = format!("{object}/{name}");
            self.is_old_form != self.exceptions.contains(&pointer)
        };
        if object.is_empty() && name == RECORD_TYPE {
            return if self.is_old_form { OLD_RECORD_TYPE } else { name };
        }
        let list = object.strip_prefix('/').and_then(|rest| rest.split('/').next());
        let record_type = match list {
            None => Some(self.record_type),
            Some(list) => LISTS.iter().find(|(name, _)| *name == list).map(|(_, of)| *of),
        };
        let renamed = renamed_fields(record_type.unwrap_or_default()).iter().find(|field| field.name == name);
        match renamed {
            Some(field) if has_old_name() => field.old,
            _ => name,
        }
    }

    /// Returns the pointer with the names that fields have in the line, given one with their current names.
    pub(crate) fn pointer(&self, pointer: &str) -> String {
        let (object, rest) = split(pointer);
        let Some(rest) = rest.strip_prefix('/') else { return pointer.to_owned() };
        let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        format!("{object}/{}{rest}", self.field(object, name))
    }
}

/// Splits a pointer after the element of a list in [`LISTS`] that it leads into, or else before its first segment.
fn split(pointer: &str) -> (&str, &str) {
    let in_element = LISTS.iter().find_map(|(list, _)| {
        let rest = pointer.strip_prefix('/')?.strip_prefix(list)?.strip_prefix('/')?;
        let number = rest.find('/').unwrap_or(rest.len());
        Some(pointer.len() - rest.len() + number)
    });
    pointer.split_at(in_element.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::import::record::field_names::{Spelling, canonicalize, use_current_names};
    use crate::import::record::{RECORD_TYPES, schemas};

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    /// Returns the canonical form of a line, its spelling, and JSON Pointers to the fields that it gives twice.
    fn canonical(value: Value) -> (Value, Spelling, Vec<String>) {
        let mut line = object(value);
        let (spelling, given_twice) = canonicalize(&mut line).ok().unwrap();
        (line.into(), spelling, given_twice.into_iter().map(|problem| problem.pointer).collect())
    }

    #[test]
    fn old_and_new_names_have_one_canonical_form() {
        for (old, new) in [
            (
                json!({ "kind": "place", "type": "CITY", "names": [{ "text": "a", "type": "ALIAS" }, { "text": "b" }] }),
                json!({ "record": "place", "kind": "CITY", "names": [{ "text": "a", "kind": "ALIAS" }, { "text": "b" }] }),
            ),
            (json!({ "kind": "place", "type": "NEIGHBOURHOOD" }), json!({ "record": "place", "kind": "NEIGHBORHOOD" })),
            (json!({ "kind": "event", "type": "VISIT" }), json!({ "record": "event", "type": "VISIT" })),
            (
                json!({ "kind": "event", "type": "VISIT", "links": [{ "type": "CAUSES", "to": "e" }] }),
                json!({ "record": "event", "type": "VISIT", "links": [{ "kind": "CAUSES", "to": "e" }] }),
            ),
            (json!({ "kind": "statement", "said": "2021" }), json!({ "record": "statement", "saidAt": "2021" })),
            (
                json!({ "kind": "article", "mentions": [{ "type": "PERSON", "judged": "a" }] }),
                json!({ "record": "article", "mentions": [{ "kind": "PERSON", "resolvedTo": "a" }] }),
            ),
            (
                json!({ "kind": "name", "target": "a", "type": "ALIAS" }),
                json!({ "record": "name", "bearer": "a", "kind": "ALIAS" }),
            ),
            (json!({ "kind": "dataset", "licence": "MIT" }), json!({ "record": "dataset", "license": "MIT" })),
            (json!({ "kind": "merge", "judgement": "SAME" }), json!({ "record": "merge", "decision": "SAME" })),
        ] {
            for (line, is_old_form) in [(&old, true), (&new, false)] {
                let (form, spelling, given_twice) = canonical(line.clone());
                assert_eq!((&form, given_twice), (&old, vec![]));
                assert!(spelling.is_old_form == is_old_form && spelling.exceptions.is_empty(), "{spelling:?}");
            }
            let spelling = canonical(old.clone()).1;
            let mut line = object(old);
            use_current_names(&mut line, spelling.record_type);
            assert_eq!(Value::Object(line), new);
        }
    }

    #[test]
    fn pointers_use_the_field_names_of_the_line() {
        let names = json!([{ "text": "a", "type": "ALIAS" }, { "text": "b", "kind": "ALIAS" }, { "text": "c" }]);
        let (_, old, _) = canonical(json!({ "kind": "place", "type": "CITY", "names": names }));
        let (_, new, _) = canonical(json!({ "record": "place", "kind": "CITY", "names": names }));
        for (pointer, in_old, in_new) in [
            ("", "", ""),
            ("/record", "/kind", "/record"),
            ("/kind", "/type", "/kind"),
            ("/parent/scheme", "/parent/scheme", "/parent/scheme"),
            ("/names/0/kind", "/names/0/type", "/names/0/type"),
            ("/names/1/kind", "/names/1/kind", "/names/1/kind"),
            ("/names/2/kind", "/names/2/type", "/names/2/kind"),
            ("/names/0/evidence/0/kind", "/names/0/evidence/0/kind", "/names/0/evidence/0/kind"),
            ("/evidence/0/kind", "/evidence/0/kind", "/evidence/0/kind"),
        ] {
            assert_eq!((old.pointer(pointer), new.pointer(pointer)), (in_old.to_owned(), in_new.to_owned()));
        }
        let (_, spelling, _) = canonical(json!({ "record": "statement", "said": { "edtf": "2021" } }));
        assert_eq!(spelling.pointer("/saidAt/edtf"), "/said/edtf");
    }

    #[test]
    fn fields_given_by_both_names_are_reported() {
        for (line, pointers) in [
            (json!({ "record": "place", "kind": "CITY", "type": "CITY" }), vec!["/type"]),
            (json!({ "record": "event", "kind": "event", "type": "VISIT" }), vec!["/kind"]),
            (json!({ "kind": "statement", "said": "2021", "saidAt": "2021" }), vec!["/said"]),
            (json!({ "record": "person", "names": [{}, { "type": "ALIAS", "kind": "ALIAS" }] }), vec!["/names/1/type"]),
        ] {
            assert_eq!(canonical(line).2, pointers);
        }
    }

    #[test]
    fn missing_or_unknown_record_type_is_rejected() {
        for (line, pointer, message) in [
            (json!({ "key": "a" }), "/record", "is missing"),
            (json!({ "record": 1 }), "/record", "is not text"),
            (json!({ "kind": null }), "/kind", "is not text"),
            (json!({ "record": "persn" }), "/record", "`persn` is not a record type"),
            (json!({ "kind": "HOSPITAL", "key": "a" }), "/kind", "`HOSPITAL` is not a record type"),
        ] {
            let problem = canonicalize(&mut object(line)).err().unwrap();
            assert_eq!((problem.pointer.as_str(), problem.message.as_str()), (pointer, message));
        }
    }

    /// The schema has the current names, and no type has both names of a field.
    #[test]
    fn every_renamed_field_is_in_the_schema() {
        let mut generator = schemars::SchemaGenerator::default();
        for (record_type, schema, _) in schemas(&mut generator) {
            assert!(RECORD_TYPES.contains(&record_type));
            for field in super::renamed_fields(record_type) {
                let properties = &schema.as_value()["properties"];
                assert!(properties.get(field.name).is_some(), "{record_type}.{}", field.name);
                assert!(properties.get(field.old).is_none(), "{record_type}.{}", field.old);
            }
        }
    }
}

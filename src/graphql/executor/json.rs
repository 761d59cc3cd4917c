//! Encodes objects as JSON as soon as they are complete.
//!
//! async-graphql builds the whole response as a tree of values with a map per object, writes it and drops it. An object into
//! which nothing more is merged is better written at once. The tree then contains it as bytes ([`Value::Binary`]).

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Name, Value};

/// The representation of a response's objects until the response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectEncoding {
    /// As bytes of JSON.
    RawJson,
    /// As maps, into which selections of the same object from two places can be merged.
    Map,
}

/// Limits of the search for objects that are selected twice. Fragments that spread each other can expand to any number of
/// selections, so a document that exceeds these limits uses maps.
const MAX_SELECTIONS: usize = 5_000;
const MAX_DEPTH: usize = 100;

impl ObjectEncoding {
    /// Returns the encoding for a document: maps if it selects an object in two places under one response key.
    pub(crate) fn for_document(document: &ExecutableDocument) -> Self {
        let mut search = DuplicateSearch { document, selections_left: MAX_SELECTIONS };
        let mut operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        let has_duplicate = operations.any(|set| search.has_duplicate(set, &mut Vec::new(), 0));
        if has_duplicate { Self::Map } else { Self::RawJson }
    }

    /// Returns the encoding for the document that is being executed.
    pub(crate) fn from_context(ctx: &ContextSelectionSet<'_>) -> Self {
        ctx.data_opt::<Self>().copied().unwrap_or(Self::Map)
    }
}

/// A search of a document for objects that are selected in two places.
struct DuplicateSearch<'d> {
    document: &'d ExecutableDocument,
    selections_left: usize,
}

impl<'d> DuplicateSearch<'d> {
    /// Returns true if an object may be selected twice in this selection set, or if a limit is exceeded. Types are not looked
    /// at. `objects` are the response keys of the objects found so far.
    fn has_duplicate(&mut self, set: &'d SelectionSet, objects: &mut Vec<&'d Name>, depth: usize) -> bool {
        depth > MAX_DEPTH
            || set.items.iter().any(|selection| {
                let Some(left) = self.selections_left.checked_sub(1) else { return true };
                self.selections_left = left;
                match &selection.node {
                    Selection::Field(field) => {
                        let (name, below) = (&field.node.response_key().node, &field.node.selection_set.node);
                        if below.items.is_empty() {
                            return false;
                        }
                        if objects.contains(&name) {
                            return true;
                        }
                        objects.push(name);
                        self.has_duplicate(below, &mut Vec::new(), depth + 1)
                    }
                    Selection::InlineFragment(fragment) => {
                        self.has_duplicate(&fragment.node.selection_set.node, objects, depth + 1)
                    }
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                        fragment.is_some_and(|fragment| {
                            self.has_duplicate(&fragment.node.selection_set.node, objects, depth + 1)
                        })
                    }
                }
            })
    }
}

/// Writes a value of a response as JSON. Binary values are JSON already and are copied.
pub(crate) fn write_json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Enum(name) => write_text(name, out),
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(value, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write_json(value, out);
            }
            out.push(b'}');
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::{Value, value};

    use crate::graphql::executor::json::{ObjectEncoding, write_json};

    #[test]
    fn values_are_written_like_serde_json() {
        let value = value!({
            "a": null, "b": [true, false, 1, -2.5, 1e300], "ü\"\\\n": { "d": "x\u{0}\u{7f}\u{2028}😀", "e": [], "f": {} },
        });
        let mut out = Vec::new();
        write_json(&value, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn binary_values_are_written_as_raw_json() {
        let mut out = Vec::new();
        write_json(&Value::List(vec![Value::Binary(r#"{"a":1}"#.into()), Value::Null]), &mut out);
        assert_eq!(out, br#"[{"a":1},null]"#);
    }

    #[test]
    fn documents_that_select_an_object_twice_use_maps() {
        let encoding = |text: &str| ObjectEncoding::for_document(&parse_query(text).unwrap());
        for text in [
            "{ a { b } c { b { d } } }",
            "{ a { id } b: a { id } id id }",
            "{ a { ...F ...G } } fragment F on T { id } fragment G on T { id x { y } }",
            "query A { a { b } } query B { a { b } }",
        ] {
            assert_eq!(encoding(text), ObjectEncoding::RawJson, "{text}");
        }
        for text in [
            "{ a { b } a { c } }",
            "{ a { b { c } b { d } } }",
            "{ a { ...F x { z } } } fragment F on T { x { y } }",
            "{ a { ...F ...F } } fragment F on T { x { y } }",
            "{ a { ... on T { x { y } } ... on U { x { y } } } }",
            "{ ...F } fragment F on T { ...F }",
        ] {
            assert_eq!(encoding(text), ObjectEncoding::Map, "{text}");
        }
    }
}

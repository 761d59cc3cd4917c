//! Objects written as JSON as soon as they are made.
//!
//! The library makes a tree of values of a whole answer, with a map for each object, which is then written and taken down. An
//! object that nothing is put into any more is better written at once: it stands in the tree as bytes.

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Name, Value};

/// How the objects of an answer are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectEncoding {
    /// As bytes of JSON.
    RawJson,
    /// As maps, into which what was selected in two places can be put together.
    Map,
}

/// How many selections of a document are looked at, and how deep. One with more is answered in a tree: fragments that spread
/// each other stand for any number.
const MOST_SELECTIONS: usize = 5_000;
const MOST_LEVELS: usize = 100;

impl ObjectEncoding {
    /// The form for a document: a tree where an object is selected in two places under one name.
    pub(crate) fn of(document: &ExecutableDocument) -> Self {
        let mut look = Look { document, left: MOST_SELECTIONS };
        let mut operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        if operations.any(|set| look.has_parts(set, &mut Vec::new(), 0)) { Self::Map } else { Self::RawJson }
    }

    /// The form for the document being answered.
    pub(crate) fn asked(ctx: &ContextSelectionSet<'_>) -> Self {
        ctx.data_opt::<Self>().copied().unwrap_or(Self::Map)
    }
}

/// A look at a document.
struct Look<'d> {
    document: &'d ExecutableDocument,
    left: usize,
}

impl<'d> Look<'d> {
    /// Whether an object is selected in two places here, as far as can be told without types; `objects` are those seen.
    fn has_parts(&mut self, set: &'d SelectionSet, objects: &mut Vec<&'d Name>, level: usize) -> bool {
        level > MOST_LEVELS
            || set.items.iter().any(|selection| {
                let Some(left) = self.left.checked_sub(1) else { return true };
                self.left = left;
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
                        self.has_parts(below, &mut Vec::new(), level + 1)
                    }
                    Selection::InlineFragment(fragment) => {
                        self.has_parts(&fragment.node.selection_set.node, objects, level + 1)
                    }
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                        fragment.is_some_and(|fragment| {
                            self.has_parts(&fragment.node.selection_set.node, objects, level + 1)
                        })
                    }
                }
            })
    }
}

/// Writes a value of an answer as JSON. What was written before stands there as bytes.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Enum(name) => write_text(name, out),
        Value::Binary(written) => out.extend_from_slice(written),
        Value::List(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(value, out);
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

    use crate::graphql::executor::json::{ObjectEncoding, write};

    #[test]
    fn a_value_is_written_as_serde_writes_it() {
        let value = value!({
            "a": null, "b": [true, false, 1, -2.5, 1e300], "ü\"\\\n": { "d": "x\u{0}\u{7f}\u{2028}😀", "e": [], "f": {} },
        });
        let mut out = Vec::new();
        write(&value, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn bytes_are_written_as_they_are() {
        let mut out = Vec::new();
        write(&Value::List(vec![Value::Binary(r#"{"a":1}"#.into()), Value::Null]), &mut out);
        assert_eq!(out, br#"[{"a":1},null]"#);
    }

    #[test]
    fn a_document_that_selects_an_object_in_two_places_is_answered_in_a_tree() {
        let form = |text: &str| ObjectEncoding::of(&parse_query(text).unwrap());
        for text in [
            "{ a { b } c { b { d } } }",
            "{ a { id } b: a { id } id id }",
            "{ a { ...F ...G } } fragment F on T { id } fragment G on T { id x { y } }",
            "query A { a { b } } query B { a { b } }",
        ] {
            assert_eq!(form(text), ObjectEncoding::RawJson, "{text}");
        }
        for text in [
            "{ a { b } a { c } }",
            "{ a { b { c } b { d } } }",
            "{ a { ...F x { z } } } fragment F on T { x { y } }",
            "{ a { ...F ...F } } fragment F on T { x { y } }",
            "{ a { ... on T { x { y } } ... on U { x { y } } } }",
            "{ ...F } fragment F on T { ...F }",
        ] {
            assert_eq!(form(text), ObjectEncoding::Map, "{text}");
        }
    }
}

//! Builds the JSON of records that a feed is converted to. Fields without a value are omitted.

use serde_json::{Map, Value};

/// The longest label, name or headline in characters; longer texts are cut.
const MAX_LABEL_CHARS: usize = 1000;

/// A record, or a child object inside of one.
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Starts a child object.
    pub(super) fn child() -> Self {
        Self(Map::new())
    }

    /// Starts a record that is written on a separate line.
    pub(super) fn record(record_type: &str, key: &str) -> Self {
        Self::child().set("record", record_type).set("key", key)
    }

    /// Sets a field.
    pub(super) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a field if there is a value for it.
    pub(super) fn set_if(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Sets a field to a child object.
    pub(super) fn set_child(self, name: &str, child: Object) -> Self {
        self.set(name, Value::Object(child.0))
    }

    /// Sets a field to a list of child objects, unless the list is empty.
    pub(super) fn set_children(self, name: &str, children: Vec<Object>) -> Self {
        if children.is_empty() {
            return self;
        }
        self.set(name, children.into_iter().map(|child| Value::Object(child.0)).collect::<Vec<_>>())
    }

    /// Sets latitude and longitude if both are known.
    pub(super) fn set_point(self, point: Option<(f64, f64)>) -> Self {
        self.set_if("latitude", point.map(|point| point.0)).set_if("longitude", point.map(|point| point.1))
    }

    /// Returns the JSON on one line.
    pub(super) fn into_json(self) -> String {
        Value::Object(self.0).to_string()
    }

    /// Returns the record's key, or an empty string for a child object.
    pub(super) fn key(&self) -> &str {
        self.0.get("key").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A place record with its label as the preferred name.
pub(super) fn place(kind: &str, key: &str, label: &str, country: Option<&str>, parent: Option<&str>) -> Object {
    Object::record("place", key)
        .set("kind", kind)
        .set("label", clipped(label))
        .set_if("country", country)
        .set_if("parent", parent)
        .set_children("names", vec![name(&clipped(label), "PREFERRED")])
}

/// A name of an actor or place.
pub(super) fn name(text: &str, kind: &str) -> Object {
    Object::child().set("text", text).set("kind", kind)
}

/// An external id.
pub(super) fn external_id(scheme: &str, value: &str) -> Object {
    Object::child().set("scheme", scheme).set("value", value)
}

/// A participation of an actor in an event.
pub(super) fn participation(actor: &str, role: &str) -> Object {
    Object::child().set("actor", actor).set("role", role)
}

/// Evidence that names an article as the source of the record around it.
pub(super) fn evidence(article: &str) -> Object {
    Object::child().set("article", article)
}

/// Cuts a text to the length of a label, name or headline.
pub(super) fn clipped(text: &str) -> String {
    text.chars().take(MAX_LABEL_CHARS).collect()
}

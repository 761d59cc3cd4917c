//! Records as a feed writes them: JSON without what is empty.

use serde_json::{Map, Value};

/// A record or a part of one.
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// A part.
    pub(super) fn part() -> Self {
        Self(Map::new())
    }

    /// A record on a line of its own.
    pub(super) fn record(kind: &str, key: &str) -> Self {
        Self::part().set("kind", kind).set("key", key)
    }

    /// With a field.
    pub(super) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With a field if there is a value for it.
    pub(super) fn set_if(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// With an object in a field.
    pub(super) fn part_of(self, name: &str, part: Object) -> Self {
        self.set(name, Value::Object(part.0))
    }

    /// With a list of parts if there are any.
    pub(super) fn list(self, name: &str, parts: Vec<Object>) -> Self {
        if parts.is_empty() {
            return self;
        }
        self.set(name, parts.into_iter().map(|part| Value::Object(part.0)).collect::<Vec<_>>())
    }

    /// With latitude and longitude if both are known.
    pub(super) fn point(self, point: Option<(f64, f64)>) -> Self {
        self.set_if("latitude", point.map(|point| point.0)).set_if("longitude", point.map(|point| point.1))
    }

    pub(super) fn text(self) -> String {
        Value::Object(self.0).to_string()
    }

    pub(super) fn key(&self) -> &str {
        self.0.get("key").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A place that rows share, found by its label.
pub(super) fn place(kind: &str, key: &str, label: &str, country: Option<&str>, parent: Option<&str>) -> Object {
    Object::record("place", key)
        .set("type", kind)
        .set("label", clipped(label))
        .set_if("country", country)
        .set_if("parent", parent)
        .list("names", vec![name(&clipped(label), "PREFERRED")])
}

/// A name to find an actor or place by.
pub(super) fn name(text: &str, kind: &str) -> Object {
    Object::part().set("text", text).set("type", kind)
}

/// An id elsewhere.
pub(super) fn external_id(scheme: &str, value: &str) -> Object {
    Object::part().set("scheme", scheme).set("value", value)
}

/// A part of an actor in an event.
pub(super) fn participation(actor: &str, role: &str) -> Object {
    Object::part().set("actor", actor).set("role", role)
}

/// An article as the source of the record around it.
pub(super) fn evidence(article: &str) -> Object {
    Object::part().set("article", article)
}

/// As much of a text as a label or headline may hold.
pub(super) fn clipped(text: &str) -> String {
    text.chars().take(1000).collect()
}

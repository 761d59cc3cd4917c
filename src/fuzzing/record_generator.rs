//! Makes files of records from bytes, by the JSON Schema of records. Most of their references lead to a record of the right type.

use serde_json::{Map, Value, json};

use crate::fuzzing::bytes::Bytes;
use crate::import::json_schema::RECORDS;

/// Most records of a file.
const MAX_RECORDS: usize = 14;

/// Deepest nesting of a generated record.
const MAX_LEVELS: usize = 5;

/// The number of different keys for each record type.
const KEYS: usize = 3;

/// The record types that a field refers to.
const REFERENCES: &[(&str, &[&str])] = &[
    ("account", &["account"]),
    ("actor", &["person", "organization", "group"]),
    ("addressee", &["person"]),
    ("article", &["article"]),
    ("bearer", &["person", "place"]),
    ("capitalOf", &["place"]),
    ("claim", &["claim"]),
    ("closeTo", &["person"]),
    ("dateline", &["place"]),
    ("event", &["event"]),
    ("from", &["event"]),
    ("keep", &["person", "place", "event"]),
    ("other", &["person", "place", "event"]),
    ("object", &["organization", "person"]),
    ("partOf", &["figure"]),
    ("place", &["place"]),
    ("publisher", &["organization"]),
    ("relays", &["statement"]),
    ("resolvedTo", &["person", "place"]),
    ("speaker", &["person", "anonymousSource", "organization"]),
    ("statement", &["statement"]),
    ("subject", &["event", "person", "claim"]),
    ("target", &["event", "statement", "claim", "person"]),
    ("to", &["event"]),
    ("authors", &["person"]),
    ("about", &["person", "event"]),
];

const DATES: &[&str] =
    &["2021-07-09", "2021-07", "2019-10/..", "2021-07-18?", "202X", "2021-07-11T09:30:00+03:00", "/2021"];

/// Texts by field; other fields have one of the last row.
const TEXTS: &[(&str, &[&str])] = &[
    ("at", &["2021-07-11T09:30:00Z", "2021-07-11"]),
    ("country", &["IQ", "TR", "XX"]),
    ("language", &["ar", "en", "zh-Hant"]),
    ("scheme", &["wikidata", "geonames", "isni"]),
    ("timeZone", &["Asia/Baghdad", "Mars/Base"]),
    ("url", &["https://example.org/a", "https://example.org/b#c", "ftp://x"]),
    ("slug", &["one", "two", "three-3", "Not one"]),
    ("text", &["She said no. He said yes.", "مقدام 𝔐", "no"]),
    ("quote", &["said", "no", "She", "مقدام"]),
    ("", &["A", "B b", "Miqdam", "", " ", "x\ny", "Q1", "ẞ"]),
];

const NUMBERS: &[f64] = &[0.0, 1.0, 2.0, 3.0, 22.0, -1.0, 33.3, 90.0, 180.5, 1e15, 0.5];

/// Makes the lines of a file of records: a dataset, its records, and perhaps another dataset.
pub(super) fn record_lines(bytes: Bytes<'_>) -> String {
    let mut generator = Generator { bytes, record_type: "" };
    let mut text = String::from("{\"record\":\"dataset\",\"key\":\"d0\"}\n");
    let schemas = RECORDS["oneOf"].as_array().unwrap();
    for _ in 0..MAX_RECORDS {
        if generator.bytes.0.is_empty() {
            break;
        }
        let schema = &schemas[generator.bytes.below(schemas.len())];
        generator.record_type = schema["title"].as_str().unwrap();
        let record = generator.object(schema, 0);
        text.push_str(&record.to_string());
        text.push('\n');
    }
    text
}

struct Generator<'d> {
    bytes: Bytes<'d>,
    record_type: &'static str,
}

impl Generator<'_> {
    fn object(&mut self, schema: &'static Value, level: usize) -> Value {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut object = Map::new();
        for (name, schema) in fields {
            let is_required = required.iter().any(|one| one == name);
            // Optional fields are few, and fewer in nested records.
            if is_required || (level < MAX_LEVELS && self.bytes.one_in(5)) {
                object.insert(name.clone(), self.value(name, schema, level + 1));
            }
        }
        Value::Object(object)
    }

    fn value(&mut self, name: &str, schema: &'static Value, level: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            if reference.ends_with("/Ref") {
                return self.reference(name);
            }
            let pointer = reference.trim_start_matches('#');
            return self.value(name, RECORDS.pointer(pointer).unwrap(), level);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(forms) = schema[key].as_array() {
                let form = self.bytes.pick(forms);
                return self.value(name, form, level);
            }
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.bytes.pick(values).clone();
        }
        let of = match &schema["type"] {
            Value::Array(types) => types[0].as_str(),
            one => one.as_str(),
        };
        match of {
            Some("string") => self.text(name),
            Some("integer") => json!(self.bytes.below(30)),
            Some("number") => json!(*self.bytes.pick(NUMBERS)),
            Some("boolean") => json!(self.bytes.one_in(2)),
            Some("array") => {
                let length = if level > MAX_LEVELS { 0 } else { self.bytes.below(3) };
                Value::Array((0..length).map(|_| self.value(name, &schema["items"], level + 1)).collect())
            }
            Some("object") => self.object(schema, level),
            _ => Value::Null,
        }
    }

    fn text(&mut self, name: &str) -> Value {
        if name == "key" {
            return Value::from(format!("{}{}", self.record_type, self.bytes.below(KEYS)));
        }
        if name == "dataset" {
            return Value::from(["d0", "dataset0", "dataset1"][self.bytes.below(3)]);
        }
        let is_date = ["edtf", "when", "born", "died", "published", "saidAt", "attested", "period", "start", "end"];
        if is_date.contains(&name) {
            return Value::from(*self.bytes.pick(DATES));
        }
        let found = TEXTS.iter().find(|(field, _)| *field == name).or(TEXTS.last());
        let texts = found.map(|(_, texts)| *texts).unwrap_or_default();
        Value::from(*self.bytes.pick(texts))
    }

    fn reference(&mut self, name: &str) -> Value {
        let choice = self.bytes.byte();
        let number = usize::from(choice >> 4) % KEYS;
        let record_type = match REFERENCES.iter().find(|(field, _)| *field == name) {
            _ if name == "parent" => self.record_type,
            Some((_, types)) => types[usize::from(choice & 3) % types.len()],
            None => "event",
        };
        match choice & 15 {
            15 => json!({ "scheme": "wikidata", "value": "Q1" }),
            14 => json!({ "dataset": "d0", "key": format!("{record_type}{number}") }),
            _ => Value::from(format!("{record_type}{number}")),
        }
    }
}

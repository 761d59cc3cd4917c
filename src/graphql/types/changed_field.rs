//! Field-level diffs of changes in the audit log.

use async_graphql::Json;
use serde_json::{Map, Value};

use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::object::object;
use crate::graphql::types::node::NodeKind;
use crate::import::foreign_keys;
use crate::import::foreign_keys::To;
use crate::import::row_writer::DERIVED;
use sea_orm::ActiveEnum;

object! {
    /// An entry of a field-level diff: a field that was changed, or a child record that was removed.
    ChangedField {
        /// Type of the record or child record that has the field, spelled as in imported records.
        record_kind: String = own;
        /// Name of the field; null if a child record was removed.
        field: Option<String> = own;
        /// Stored value before the change; references are global ids. For a removed child record, its key.
        before: Option<Json<Value>> = own;
        /// Stored value after the change; null if the value or child record was removed.
        after: Option<Json<Value>> = own;
    }
}

/// Computes the diff of a change, from the rows that the log stores as JSON by type and column.
pub(crate) fn changed_fields(call: &RowCall<'_>) -> Computed {
    let read = |text: Option<&str>| -> Vec<Value> {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let (before, after) = (read(call.text(0)), read(call.text(1)));
    // Changed rows are in both lists, in the same order. Removed child records are only in `before`, by key.
    let mut after = after.iter();
    let mut fields = Vec::new();
    for entry in &before {
        let record_kind = entry["kind"].as_str().unwrap_or_default();
        let Some(old_row) = entry["row"].as_object() else {
            let key = entry["key"].as_str().map(Value::from);
            fields.push(changed_field(record_kind, None, key, None));
            continue;
        };
        let new_row = after.next().and_then(|entry| entry["row"].as_object());
        for (column, value) in old_row {
            let new_value = new_row.and_then(|row| row.get(column)).unwrap_or(&Value::Null);
            if column == "id" || DERIVED.contains(&column.as_str()) || column.ends_with("_key") || value == new_value {
                continue;
            }
            let to_json = |row: &Map<String, Value>, value: &Value| to_json(record_kind, column, row, value);
            let name = field_name(record_kind, column);
            let after = new_row.and_then(|row| to_json(row, new_value));
            fields.push(changed_field(record_kind, Some(name), to_json(old_row, value), after));
        }
    }
    Computed::List(fields)
}

fn changed_field(record_kind: &str, field: Option<String>, before: Option<Value>, after: Option<Value>) -> Computed {
    let json = |value: Option<Value>| value.map_or(Computed::Null, Computed::Json);
    let fields =
        [("recordKind", record_kind.into()), ("field", field.into()), ("before", json(before)), ("after", json(after))];
    Computed::object("ChangedField", fields)
}

/// Returns the name of a column's field in the API.
fn field_name(record_kind: &str, column: &str) -> String {
    if column == "kind" && matches!(record_kind, "event" | "account") {
        return "type".to_owned();
    }
    let mut name = String::new();
    let mut starts_word = false;
    for letter in column.strip_suffix("_id").unwrap_or(column).chars() {
        if letter == '_' {
            starts_word = true;
        } else {
            name.push(if starts_word { letter.to_ascii_uppercase() } else { letter });
            starts_word = false;
        }
    }
    name
}

/// Returns a stored value as clients see it: row ids become global ids.
fn to_json(record_kind: &str, column: &str, row: &Map<String, Value>, value: &Value) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    let table = record_kind.replace(' ', "_");
    let Some(reference) = foreign_keys::ALL.iter().find(|one| one.table == table && one.column == column) else {
        return Some(value.clone());
    };
    let kind = match reference.to {
        To::One(kind) => Some(kind),
        To::Any(_) | To::Evidenced => {
            let column = if table == "claim" { "subject_kind" } else { "target_kind" };
            row.get(column)?.as_str().and_then(|word| entity::record::RecordKind::try_from_value(&word.to_owned()).ok())
        }
    };
    let id = NodeKind::of_stored(kind?)?.global(value.as_i64()?);
    Some(Value::from(id.as_str()))
}

//! What a write changed, field by field.

use async_graphql::{Json, SimpleObject};
use serde_json::{Map, Value};

use crate::graphql::types::node::NodeKind;
use crate::import::foreign_keys;
use crate::import::foreign_keys::To;
use crate::import::row_writer::DERIVED;
use entity::change::Model;
use sea_orm::ActiveEnum;

/// A field that was changed or taken away.
#[derive(SimpleObject)]
pub struct ChangedField {
    /// The noun that has the field, as records spell it: of the thing itself, or of one of its parts.
    record_kind: String,
    /// The field; null where a part was taken out as a whole.
    field: Option<String>,
    /// What it was, as it is stored; a reference is a global id. Of a part that was taken out the key.
    before: Option<Json<Value>>,
    /// What it is now; null when it is gone.
    after: Option<Json<Value>>,
}

/// What the log has of a change, which names rows by noun and column.
pub(crate) fn fields(change: &Model) -> Vec<ChangedField> {
    let read = |text: &Option<String>| -> Vec<Value> {
        text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let (before, after) = (read(&change.before), read(&change.after));
    // Rows that were changed stand in both, in one order; a part that was taken out stands in the first only, by its key.
    let mut after = after.iter();
    let mut fields = Vec::new();
    for one in &before {
        let record_kind = one["kind"].as_str().unwrap_or_default();
        let Some(was) = one["row"].as_object() else {
            let key = one["key"].as_str().map(|key| Json(Value::from(key)));
            fields.push(ChangedField { record_kind: record_kind.to_owned(), field: None, before: key, after: None });
            continue;
        };
        let is = after.next().and_then(|one| one["row"].as_object());
        for (column, value) in was {
            let now = is.and_then(|row| row.get(column)).unwrap_or(&Value::Null);
            if column == "id" || DERIVED.contains(&column.as_str()) || column.ends_with("_key") || value == now {
                continue;
            }
            let shown = |row: &Map<String, Value>, value: &Value| shown(record_kind, column, row, value);
            fields.push(ChangedField {
                record_kind: record_kind.to_owned(),
                field: Some(name(record_kind, column)),
                before: shown(was, value),
                after: is.and_then(|row| shown(row, now)),
            });
        }
    }
    fields
}

/// The field of a column.
fn name(record_kind: &str, column: &str) -> String {
    if column == "kind" && matches!(record_kind, "event" | "account") {
        return "type".to_owned();
    }
    let mut name = String::new();
    let mut is_next = false;
    for letter in column.strip_suffix("_id").unwrap_or(column).chars() {
        if letter == '_' {
            is_next = true;
        } else {
            name.push(if is_next { letter.to_ascii_uppercase() } else { letter });
            is_next = false;
        }
    }
    name
}

/// A value as clients may see it: numbers of rows are global ids.
fn shown(record_kind: &str, column: &str, row: &Map<String, Value>, value: &Value) -> Option<Json<Value>> {
    if value.is_null() {
        return None;
    }
    let table = record_kind.replace(' ', "_");
    let Some(reference) = foreign_keys::ALL.iter().find(|one| one.table == table && one.column == column) else {
        return Some(Json(value.clone()));
    };
    let kind = match reference.to {
        To::One(kind) => Some(kind),
        To::Any(_) | To::Evidenced => {
            let column = if table == "claim" { "subject_kind" } else { "target_kind" };
            row.get(column)?.as_str().and_then(|word| entity::record::RecordKind::try_from_value(&word.to_owned()).ok())
        }
    };
    let id = NodeKind::of_stored(kind?)?.global(value.as_i64()?);
    Some(Json(Value::from(id.as_str())))
}

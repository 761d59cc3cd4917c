//! Cursors: the position of a row in a list, encoded as opaque text.
//!
//! A cursor is a JSON array in URL-safe base64 without padding: the tag of the list and its order, the sort keys of the row, and
//! its id. It is valid for every list with the same name and order, whatever the filter.

use data_encoding::BASE64URL_NOPAD;
use sea_orm::sea_query::Value as SqlValue;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::graphql::connection::keyset::{Keyset, ValueKind};

/// A decoded cursor.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(crate) keys: Vec<SqlValue>,
    pub(crate) id: SqlValue,
}

impl Cursor {
    /// The id of the row.
    pub(crate) fn id(&self) -> i64 {
        if let SqlValue::BigInt(Some(id)) = self.id { id } else { 0 }
    }
}

impl Keyset {
    /// Encodes the cursor of a row with these sort keys.
    pub(crate) fn encode_cursor(&self, keys: &[Value], id: i64) -> String {
        let tag = Value::from(self.tag.as_str());
        let parts: Vec<Value> = [tag].into_iter().chain(keys.iter().cloned()).chain([Value::from(id)]).collect();
        BASE64URL_NOPAD.encode(Value::from(parts).to_string().as_bytes())
    }

    /// Decodes a cursor. Error: `BAD_INPUT` if it was not made by this list with this order.
    pub(crate) fn parse_cursor(&self, text: &str) -> Result<Cursor> {
        let invalid = || {
            Error::BadInput(format!(
                "`{}` is not a cursor of this list in this order: pass a cursor that the same list returned with the same `orderBy`",
                text.chars().take(40).collect::<String>()
            ))
        };
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| invalid())?;
        let Ok(Value::Array(parts)) = serde_json::from_slice::<Value>(&bytes) else { return Err(invalid()) };
        let [tag, keys @ .., id] = parts.as_slice() else { return Err(invalid()) };
        if tag.as_str() != Some(&self.tag) || keys.len() != self.terms.len() {
            return Err(invalid());
        }
        let keys = self
            .terms
            .iter()
            .zip(keys)
            .map(|(term, key)| match term.kind {
                // No stored text contains NUL, and PostgreSQL accepts none in a statement.
                ValueKind::Text => key.as_str().filter(|text| !text.contains('\0')).map(SqlValue::from),
                ValueKind::Number => key.as_i64().map(SqlValue::from),
                ValueKind::Real => key.as_f64().map(SqlValue::from),
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(invalid)?;
        Ok(Cursor { keys, id: id.as_i64().ok_or_else(invalid)?.into() })
    }
}

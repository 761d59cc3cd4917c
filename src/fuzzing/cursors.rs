//! Cursors and global ids.

use async_graphql::ID;
use data_encoding::BASE64URL_NOPAD;
use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Expr, Query, Value as SqlValue};
use serde_json::Value;

use crate::db::{self, Dialect};
use crate::fuzzing::bytes::Bytes;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::order_by::{Direction, SortKey};
use crate::graphql::types::node;

fn column(name: &'static str) -> Expr {
    Expr::col(("event", name))
}

/// Lists with all kinds of sort keys.
fn lists() -> Vec<Keyset> {
    let (text, number) = (SortKey::Text(column("title")), SortKey::Number(column("earliest")));
    let real = SortKey::Real(column("latitude"));
    [
        vec![],
        vec![(SortKey::Recorded, Direction::Desc)],
        vec![(text.clone(), Direction::Asc)],
        vec![(number.clone(), Direction::Desc)],
        vec![(real.clone(), Direction::Asc)],
        vec![(text, Direction::Desc), (number, Direction::Asc), (real, Direction::Desc)],
    ]
    .into_iter()
    .map(|keys| Keyset::new("events", keys, column("id")))
    .collect()
}

/// Reads the bytes as a cursor of one of several lists: as it is sent, or the JSON in it. Also reads them as a global id.
///
/// - A cursor that is accepted is encoded to one that means the same, and which no other list accepts.
/// - The condition for the rows after it has a bound value for each key, on both databases.
/// - A global id that is accepted is encoded to one that means the same.
pub fn cursors(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (at, is_json) = (bytes.below(lists().len()), bytes.one_in(2));
    let Ok(text) = std::str::from_utf8(bytes.0) else { return };
    check_id(text);
    let (lists, mut sent) = (lists(), text.to_owned());
    let list = &lists[at];
    if is_json {
        sent = BASE64URL_NOPAD.encode(format!("[\"{}\",{text}]", list.tag).as_bytes());
        check_id(&BASE64URL_NOPAD.encode(text.as_bytes()));
    }
    let cursor = match list.parse_cursor(&sent) {
        Ok(cursor) => cursor,
        Err(error) => {
            assert!(error.code() == "BAD_INPUT" && error.to_string().chars().count() < 300, "{error}");
            return;
        }
    };
    let keys: Vec<Value> = cursor.keys.iter().map(value).collect();
    let encoded = list.encode_cursor(&keys, cursor.id());
    let again = list.parse_cursor(&encoded).unwrap();
    assert_eq!((again.id(), &again.keys), (cursor.id(), &cursor.keys), "{text}");
    assert_eq!(list.encode_cursor(&keys, again.id()), encoded);
    for other in lists.iter().filter(|other| other.tag != list.tag) {
        assert!(other.parse_cursor(&encoded).is_err(), "a cursor of two lists: {text}");
    }
    for (backend, before) in [(DatabaseBackend::Sqlite, false), (DatabaseBackend::Postgres, true)] {
        let select =
            Query::select().column("id").from("event").and_where(list.seek(Dialect(backend), &again, before)).take();
        let bound = db::build(backend, &select).values.map_or(0, |values| values.0.len());
        assert!(bound > keys.len(), "{bound} values are bound");
    }
}

/// The value of a sort key in a cursor.
fn value(key: &SqlValue) -> Value {
    match key {
        SqlValue::String(Some(text)) => Value::from(text.as_str()),
        SqlValue::BigInt(Some(number)) => Value::from(*number),
        SqlValue::Double(Some(number)) => {
            assert!(number.is_finite());
            Value::from(*number)
        }
        other => panic!("not a value of a sort key: {other:?}"),
    }
}

fn check_id(text: &str) {
    match node::parse(&ID::from(text)) {
        Ok((kind, number)) => {
            let id = kind.global(number);
            assert_eq!(node::parse(&id).unwrap(), (kind, number), "{text}");
            assert_eq!(kind.number(&id).unwrap(), number);
        }
        Err(error) => assert!(error.code() == "BAD_INPUT" && error.to_string().chars().count() < 300, "{error}"),
    }
}

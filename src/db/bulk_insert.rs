//! Many rows by few statements. Their texts do not change with the number of rows, so both databases keep them prepared.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement, Value};

use crate::error::{Error, Result};

/// Rows of one statement on SQLite: the largest number first, and what is left by the next smaller ones.
const ROWS: [usize; 5] = [64, 16, 4, 2, 1];

/// So much text goes to PostgreSQL at once.
const MOST_TEXT: usize = 8 << 20;

/// Where rows go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// Its columns, in the order of the values of a row.
    pub(crate) columns: &'a [&'a str],
    /// What follows the rows: nothing, or what becomes of those that are there.
    pub(crate) conflict: &'a str,
}

/// Inserts rows.
pub(crate) async fn insert(transaction: &DatabaseTransaction, target: Target<'_>, rows: Vec<Vec<Value>>) -> Result<()> {
    match transaction.get_database_backend() {
        DatabaseBackend::Postgres => columns(transaction, target, rows).await,
        backend => {
            let mut rows = rows.into_iter();
            for size in ROWS {
                while rows.len() >= size {
                    let values = rows.by_ref().take(size).flatten();
                    let statement = Statement::from_sql_and_values(backend, many(target, size), values);
                    transaction.execute_raw(statement).await?;
                }
            }
            Ok(())
        }
    }
}

/// The text of a statement for so many rows.
fn many(target: Target<'_>, rows: usize) -> String {
    let row = format!("({})", vec!["?"; target.columns.len()].join(", "));
    format!("{} VALUES {} {}", head(target), vec![row; rows].join(", "), target.conflict)
}

fn head(target: Target<'_>) -> String {
    format!("INSERT INTO \"{}\" (\"{}\")", target.table, target.columns.join("\", \""))
}

/// One array a column: PostgreSQL reads these nearly as fast as `COPY`, and they can be written within any transaction.
async fn columns(transaction: &DatabaseTransaction, target: Target<'_>, rows: Vec<Vec<Value>>) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let types = first.iter().map(array).collect::<Result<Vec<_>>>()?;
    let lists: Vec<_> = types.iter().enumerate().map(|(at, kind)| format!("${}::text::{kind}", at + 1)).collect();
    let sql = format!("{} SELECT * FROM unnest({}) {}", head(target), lists.join(", "), target.conflict);
    let mut arrays = vec![String::from("{"); types.len()];
    let mut length = 0;
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        for (array, value) in arrays.iter_mut().zip(&row) {
            if array.len() > 1 {
                array.push(',');
            }
            let before = array.len();
            element(array, value)?;
            length += array.len() - before;
        }
        if length > MOST_TEXT || rows.peek().is_none() {
            length = 0;
            let full = std::mem::replace(&mut arrays, vec![String::from("{"); types.len()]);
            let values = full.into_iter().map(|array| Value::from(array + "}"));
            let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, &sql, values);
            transaction.execute_raw(statement).await?;
        }
    }
    Ok(())
}

/// The type of an array of such values.
fn array(value: &Value) -> Result<&'static str> {
    Ok(match value {
        Value::Bool(_) => "boolean[]",
        Value::Int(_) => "integer[]",
        Value::BigInt(_) => "bigint[]",
        Value::Double(_) => "double precision[]",
        Value::String(_) => "text[]",
        other => return Err(Error::Broken(format!("no column holds {other:?}"))),
    })
}

/// Writes a value as an element of an array.
fn element(array: &mut String, value: &Value) -> Result<()> {
    let written = match value {
        Value::Bool(Some(value)) => write!(array, "{value}"),
        Value::Int(Some(value)) => write!(array, "{value}"),
        Value::BigInt(Some(value)) => write!(array, "{value}"),
        Value::Double(Some(value)) => write!(array, "{value}"),
        Value::String(Some(text)) => {
            array.push('"');
            let mut rest = text.as_str();
            while let Some(at) = rest.find(['"', '\\']) {
                array.push_str(&rest[..at]);
                array.push('\\');
                array.push_str(&rest[at..=at]);
                rest = &rest[at + 1..];
            }
            array.push_str(rest);
            array.push('"');
            Ok(())
        }
        _ => {
            array.push_str("NULL");
            Ok(())
        }
    };
    written.map_err(|error| Error::Broken(error.to_string()))
}

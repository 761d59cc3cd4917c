//! Bulk inserts: many rows with few statements. The SQL does not depend on the number of rows, so that both databases can reuse
//! prepared statements.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement, Value};

use crate::error::{Error, Result};

/// Rows per statement on SQLite. Rows are inserted in batches of the largest size, and the rest in smaller ones.
const BATCH_SIZES: [usize; 5] = [64, 16, 4, 2, 1];

/// Bytes of text after which a statement is sent to PostgreSQL.
const MAX_TEXT: usize = 8 << 20;

/// The table that rows are inserted into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    /// The name of the table.
    pub(crate) table: &'a str,
    /// The columns, in the order of the values of a row.
    pub(crate) columns: &'a [&'a str],
    /// The `ON CONFLICT` clause, which can be empty.
    pub(crate) conflict: &'a str,
}

/// Inserts rows; each has one value per column of the target.
pub(crate) async fn insert(transaction: &DatabaseTransaction, target: Target<'_>, rows: Vec<Vec<Value>>) -> Result<()> {
    match transaction.get_database_backend() {
        DatabaseBackend::Postgres => insert_arrays(transaction, target, rows).await,
        backend => {
            let mut rows = rows.into_iter();
            for size in BATCH_SIZES {
                while rows.len() >= size {
                    let values = rows.by_ref().take(size).flatten();
                    let statement = Statement::from_sql_and_values(backend, values_statement(target, size), values);
                    transaction.execute_raw(statement).await?;
                }
            }
            Ok(())
        }
    }
}

/// The SQL that inserts this many rows on SQLite.
fn values_statement(target: Target<'_>, rows: usize) -> String {
    let row = format!("({})", vec!["?"; target.columns.len()].join(", "));
    format!("{} VALUES {} {}", insert_into(target), vec![row; rows].join(", "), target.conflict)
}

fn insert_into(target: Target<'_>) -> String {
    format!("INSERT INTO \"{}\" (\"{}\")", target.table, target.columns.join("\", \""))
}

/// Inserts rows into PostgreSQL as one array per column. This is nearly as fast as `COPY` and works within any transaction.
async fn insert_arrays(transaction: &DatabaseTransaction, target: Target<'_>, rows: Vec<Vec<Value>>) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let types = first.iter().map(array_type).collect::<Result<Vec<_>>>()?;
    let lists: Vec<_> = types.iter().enumerate().map(|(at, kind)| format!("${}::text::{kind}", at + 1)).collect();
    let sql = format!("{} SELECT * FROM unnest({}) {}", insert_into(target), lists.join(", "), target.conflict);
    let mut arrays = vec![String::from("{"); types.len()];
    let mut length = 0;
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        for (array, value) in arrays.iter_mut().zip(&row) {
            if array.len() > 1 {
                array.push(',');
            }
            let before = array.len();
            push_element(array, value)?;
            length += array.len() - before;
        }
        if length > MAX_TEXT || rows.peek().is_none() {
            length = 0;
            let full = std::mem::replace(&mut arrays, vec![String::from("{"); types.len()]);
            let values = full.into_iter().map(|array| Value::from(array + "}"));
            let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, &sql, values);
            transaction.execute_raw(statement).await?;
        }
    }
    Ok(())
}

/// The PostgreSQL type of an array of such values.
fn array_type(value: &Value) -> Result<&'static str> {
    Ok(match value {
        Value::Bool(_) => "boolean[]",
        Value::Int(_) => "integer[]",
        Value::BigInt(_) => "bigint[]",
        Value::Double(_) => "double precision[]",
        Value::String(_) => "text[]",
        other => return Err(Error::Internal(format!("no column has the type of {other:?}"))),
    })
}

/// Appends a value to the text of a PostgreSQL array.
fn push_element(array: &mut String, value: &Value) -> Result<()> {
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
    written.map_err(|error| Error::Internal(error.to_string()))
}

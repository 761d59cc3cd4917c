//! The statements on SQLite, run in the thread of the request, because passing them to another thread costs more than most of
//! them.

use std::sync::{Mutex, PoisonError};

use rusqlite::types::{Value as Bound, ValueRef};
use rusqlite::{Connection, OpenFlags, Row as Stored, params_from_iter};
use serde_json::Value;

use crate::answer::{Answer, Row, Shape};
use crate::{Failure, Question};

pub struct Sqlite {
    file: String,
    idle: Mutex<Vec<Connection>>,
}

impl Row for Stored<'_> {
    fn is_null(&self, at: usize) -> bool {
        matches!(self.get_ref(at), Ok(ValueRef::Null))
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
        match self.get_ref(at)? {
            ValueRef::Integer(number) => serde_json::to_writer(out, &number)?,
            ValueRef::Real(number) => serde_json::to_writer(out, &number)?,
            // A text that begins like JSON is JSON: no other text of the generated graph begins like that.
            ValueRef::Text(text) if matches!(text.first(), Some(b'[' | b'{')) => out.extend_from_slice(text),
            ValueRef::Text(text) => serde_json::to_writer(out, std::str::from_utf8(text)?)?,
            ValueRef::Null | ValueRef::Blob(_) => out.extend_from_slice(b"null"),
        }
        Ok(())
    }
}

fn parameter(value: &Value) -> Bound {
    match value {
        Value::Number(number) => number.as_i64().map_or(Bound::Null, Bound::Integer),
        Value::String(text) => Bound::Text(text.clone()),
        // The statements read lists with json_each.
        Value::Array(_) => Bound::Text(value.to_string()),
        _ => Bound::Null,
    }
}

impl Sqlite {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), idle: Mutex::default() }
    }

    fn open(&self) -> Result<Connection, Failure> {
        let connection = Connection::open_with_flags(
            &self.file,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.execute_batch("PRAGMA mmap_size = 8589934592; PRAGMA cache_size = -64000;")?;
        Ok(connection)
    }

    pub fn answer(&self, question: &Question, parameters: &[Value]) -> Result<Vec<u8>, Failure> {
        tokio::task::block_in_place(|| {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => self.open()?,
            };
            let answer = read(&connection, question, parameters);
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            answer
        })
    }
}

fn read(connection: &Connection, question: &Question, parameters: &[Value]) -> Result<Vec<u8>, Failure> {
    let mut statement = connection.prepare_cached(&question.sql)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let shape = Shape::new(names.iter().map(String::as_str));
    let mut rows = statement.query(params_from_iter(parameters.iter().map(parameter)))?;
    let mut answer = Answer::new(question, &shape);
    while let Some(row) = rows.next()? {
        answer.add(row)?;
    }
    Ok(answer.end())
}

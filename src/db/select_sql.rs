//! How a select is worded.

use std::fmt::{self, Display, Write};

use sea_orm::sea_query::{
    PostgresQueryBuilder, QueryBuilder, SelectStatement, SqlWriter, SqliteQueryBuilder, Value, Values,
};
use sea_orm::{DatabaseBackend, Statement};

/// A select with its values bound, but for how many rows it is to find: a database that does not know that plans for a tenth of
/// them all, finds its plan too dear, and plans anew each time.
pub(crate) fn build(backend: DatabaseBackend, select: &SelectStatement) -> Statement {
    let mut words = Words { text: String::with_capacity(1024), values: Vec::new() };
    match backend {
        DatabaseBackend::Postgres => select.build_collect_into(PostgresQueryBuilder, &mut words),
        _ => select.build_collect_into(SqliteQueryBuilder, &mut words),
    }
    Statement { sql: words.text, values: Some(Values(words.values)), db_backend: backend }
}

struct Words {
    text: String,
    values: Vec<Value>,
}

impl Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        Ok(())
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl SqlWriter for Words {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, builder: &T) {
        // Only numbers of rows are of this type; writing to a text cannot fail.
        let _ = if let Value::BigUnsigned(Some(rows)) = value {
            write!(self.text, "{rows}")
        } else {
            self.values.push(value);
            let (placeholder, numbered) = builder.placeholder();
            if numbered {
                write!(self.text, "{placeholder}{}", self.values.len())
            } else {
                write!(self.text, "{placeholder}")
            }
        };
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        self
    }
}

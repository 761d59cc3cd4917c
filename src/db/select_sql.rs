//! Builds the SQL text and the bound values of a `SELECT`.

use std::fmt::{self, Display, Write};

use sea_orm::sea_query::{
    PostgresQueryBuilder, Query, QueryBuilder, SelectStatement, SqlWriter, SqliteQueryBuilder, Value, Values,
};
use sea_orm::{DatabaseBackend, EntityTrait, Iterable, Statement};

/// Builds a statement whose values are bound, except the numbers of `LIMIT` and `OFFSET`, which are written into the SQL.
///
/// A planner that does not know the limit assumes a tenth of all rows. It then finds the generic plan too expensive, and plans the
/// statement again for each execution.
pub(crate) fn build(backend: DatabaseBackend, select: &SelectStatement) -> Statement {
    let mut writer = StatementWriter { sql: String::with_capacity(1024), values: Vec::new() };
    match backend {
        DatabaseBackend::Postgres => select.build_collect_into(PostgresQueryBuilder, &mut writer),
        _ => select.build_collect_into(SqliteQueryBuilder, &mut writer),
    }
    Statement { sql: writer.sql, values: Some(Values(writer.values)), db_backend: backend }
}

/// Returns a query for all columns of a table.
pub(crate) fn all_columns<E: EntityTrait>() -> SelectStatement {
    let mut select = Query::select();
    for column in E::Column::iter() {
        select.column((E::default(), column));
    }
    select.from(E::default()).take()
}

struct StatementWriter {
    sql: String,
    values: Vec<Value>,
}

impl Write for StatementWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.sql.push_str(text);
        Ok(())
    }
}

impl Display for StatementWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl SqlWriter for StatementWriter {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, builder: &T) {
        // Only `LIMIT` and `OFFSET` have values of this type. Writing to a string cannot fail.
        let _ = if let Value::BigUnsigned(Some(rows)) = value {
            write!(self.sql, "{rows}")
        } else {
            self.values.push(value);
            let (placeholder, numbered) = builder.placeholder();
            if numbered {
                write!(self.sql, "{placeholder}{}", self.values.len())
            } else {
                write!(self.sql, "{placeholder}")
            }
        };
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        self
    }
}

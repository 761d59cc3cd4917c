//! Builds the SQL text and the bound values of a `SELECT`.

use std::fmt::{self, Display, Write};

use sea_orm::sea_query::{
    Expr, PostgresQueryBuilder, Query, QueryBuilder, SelectStatement, SqlWriter, SqliteQueryBuilder, Value, Values,
};
use sea_orm::{DatabaseBackend, EntityTrait, Iterable, Statement};

/// Builds a statement whose values are bound, except the numbers of `LIMIT` and `OFFSET`, which are written into the SQL.
///
/// A planner that does not know the limit assumes a tenth of all rows. It then finds the generic plan too expensive, and plans the
/// statement again for each execution.
pub(crate) fn build(backend: DatabaseBackend, select: &SelectStatement) -> Statement {
    let StatementWriter { sql, values, .. } = write(backend, select);
    Statement { sql, values: Some(Values(values)), db_backend: backend }
}

fn write(backend: DatabaseBackend, select: &SelectStatement) -> StatementWriter {
    let mut writer = StatementWriter { sql: String::with_capacity(1024), ..StatementWriter::default() };
    match backend {
        DatabaseBackend::Postgres => select.build_collect_into(PostgresQueryBuilder, &mut writer),
        _ => select.build_collect_into(SqliteQueryBuilder, &mut writer),
    }
    writer
}

/// The value that stands for a condition which each request of a [`StatementTemplate`] has its own. No statement binds characters
/// otherwise.
pub(crate) const CONDITION_MARKER: Value = Value::Char(Some('\u{f8fe}'));

/// A statement that is built once for many requests, with markers in place of the values that each of them has, and maybe with
/// [`CONDITION_MARKER`] in place of a condition.
#[derive(Debug)]
pub(crate) struct StatementTemplate {
    sql: String,
    values: Vec<Value>,
    /// The position of the condition in the SQL text, and the number of bound values before it; `None` without a condition.
    condition: Option<(usize, usize)>,
    backend: DatabaseBackend,
}

impl StatementTemplate {
    pub(crate) fn new(backend: DatabaseBackend, select: &SelectStatement) -> Self {
        let StatementWriter { sql, values, condition, .. } = write(backend, select);
        Self { sql, values, condition, backend }
    }

    /// Returns the statement of a request. `value` returns the value in place of a marker, and `None` for other values.
    pub(crate) fn fill(&self, value: impl Fn(&Value) -> Option<Value>, condition: Option<&Expr>) -> Statement {
        let values = self.values.iter().map(|marker| value(marker).unwrap_or_else(|| marker.clone()));
        let mut values: Vec<Value> = values.collect();
        let mut sql = String::with_capacity(self.sql.len() + 1024);
        match (self.condition, condition) {
            (Some((position, values_before)), Some(condition)) => {
                let (before, after) = self.sql.split_at_checked(position).unwrap_or((&self.sql, ""));
                sql.push_str(before);
                sql.push('(');
                let mut writer = StatementWriter { sql, bound_before: values.len(), ..StatementWriter::default() };
                match self.backend {
                    // Placeholders are numbered: those of the condition come last.
                    DatabaseBackend::Postgres => {
                        PostgresQueryBuilder.prepare_expr(condition, &mut writer);
                        values.append(&mut writer.values);
                    }
                    _ => {
                        SqliteQueryBuilder.prepare_expr(condition, &mut writer);
                        values.splice(values_before..values_before, writer.values);
                    }
                }
                sql = writer.sql;
                sql.push(')');
                sql.push_str(after);
            }
            _ => sql.push_str(&self.sql),
        }
        Statement { sql, values: Some(Values(values)), db_backend: self.backend }
    }
}

/// Returns a query for all columns of a table.
pub(crate) fn all_columns<E: EntityTrait>() -> SelectStatement {
    let mut select = Query::select();
    for column in E::Column::iter() {
        select.column((E::default(), column));
    }
    select.from(E::default()).take()
}

#[derive(Default)]
struct StatementWriter {
    sql: String,
    values: Vec<Value>,
    /// The number of values that the statement has besides.
    bound_before: usize,
    /// The position of [`CONDITION_MARKER`] in the SQL, and the number of values before it.
    condition: Option<(usize, usize)>,
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
        if value == CONDITION_MARKER {
            self.condition = Some((self.sql.len(), self.values.len()));
            return;
        }
        // Only `LIMIT` and `OFFSET` have values of this type. Writing to a string cannot fail.
        let _ = if let Value::BigUnsigned(Some(rows)) = value {
            write!(self.sql, "{rows}")
        } else {
            self.values.push(value);
            let (placeholder, numbered) = builder.placeholder();
            if numbered {
                write!(self.sql, "{placeholder}{}", self.bound_before + self.values.len())
            } else {
                write!(self.sql, "{placeholder}")
            }
        };
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        self
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseBackend;
    use sea_orm::sea_query::{Expr, ExprTrait, Query, Value, all};

    use crate::db::select_sql::{CONDITION_MARKER, StatementTemplate};

    #[test]
    fn condition_takes_the_place_of_its_marker() {
        const FIRST: Value = Value::Char(Some('1'));
        let select = Query::select()
            .column("id")
            .from("event")
            .and_where(Expr::col("type").eq(Expr::val(FIRST)))
            .and_where(Expr::val(CONDITION_MARKER))
            .and_where(Expr::col("id").gt(7))
            .limit(21)
            .take();
        let condition = Expr::col("title").eq("a").or(Expr::col("title").eq("b"));
        let value = |marker: &Value| (*marker == FIRST).then(|| "VISIT".into());
        for (backend, sql, values) in [
            (
                DatabaseBackend::Sqlite,
                r#"SELECT "id" FROM "event" WHERE "type" = ? AND ("title" = ? OR "title" = ?) AND "id" > ? LIMIT 21"#,
                ["VISIT".into(), "a".into(), "b".into(), Value::from(7)],
            ),
            (
                DatabaseBackend::Postgres,
                r#"SELECT "id" FROM "event" WHERE "type" = $1 AND ("title" = $3 OR "title" = $4) AND "id" > $2 LIMIT 21"#,
                ["VISIT".into(), Value::from(7), "a".into(), "b".into()],
            ),
        ] {
            let template = StatementTemplate::new(backend, &select);
            for _ in 0..2 {
                let statement = template.fill(value, Some(&condition));
                assert_eq!((statement.sql.as_str(), statement.values.unwrap().0), (sql, values.to_vec()));
            }
            // A condition without values.
            let always = Expr::from(all![]);
            let statement = template.fill(value, Some(&always));
            assert!(statement.sql.contains("AND (TRUE) AND"), "{}", statement.sql);
            assert_eq!(statement.values.unwrap().0, ["VISIT".into(), Value::from(7)]);
        }
    }
}

//! Runs the SQL of migrations, which is written once for both databases.

use sea_orm_migration::prelude::{DbErr, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

/// Runs SQL statements written in SQLite's dialect, adapted to the current database. They differ on PostgreSQL in three ways:
///
/// * `ID` is the type of a row id. It becomes `INTEGER` on SQLite, since only `INTEGER PRIMARY KEY` makes a column the table's
///   own key there, and `BIGINT` on PostgreSQL.
/// * `TEXT` gets the collation `C` on PostgreSQL. Texts then compare by code point in both databases, and not by the server's
///   locale.
/// * Foreign keys are declared with their column. PostgreSQL rejects a reference to a table that does not exist yet, and the
///   tables refer to each other in cycles. There the keys are added after all tables are created.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let (sql, keys) = match connection.get_database_backend() {
        DatabaseBackend::Sqlite => (sql.replace(" ID ", " INTEGER "), Vec::new()),
        _ => split_foreign_keys(&sql.replace(" ID ", " BIGINT ").replace(" TEXT", " TEXT COLLATE \"C\"")),
    };
    let statements = sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty());
    for statement in statements.map(str::to_owned).chain(keys) {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Splits SQL into statements without the foreign keys of columns, and statements that add these keys.
fn split_foreign_keys(sql: &str) -> (String, Vec<String>) {
    let (mut rest, mut keys, mut table) = (String::new(), Vec::new(), "");
    for line in sql.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            table = name.trim_end_matches(" (");
        }
        match line.split_once(" REFERENCES ") {
            Some((before, key)) => {
                let column = before.split_whitespace().next().unwrap_or_default();
                let (key, comma) = key.strip_suffix(',').map_or((key, ""), |key| (key, ","));
                keys.push(format!("ALTER TABLE {table} ADD FOREIGN KEY ({column}) REFERENCES {key}"));
                rest.push_str(&format!("{before}{comma}\n"));
            }
            None => rest.push_str(&format!("{line}\n")),
        }
    }
    (rest, keys)
}

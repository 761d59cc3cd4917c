//! One text of SQL for both databases.

use sea_orm_migration::prelude::{DbErr, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

/// Runs statements that are written once, for SQLite, and differ on PostgreSQL in three things only:
///
/// * `ID` is a row number. SQLite stores a table by it only when it is spelled `INTEGER`.
/// * `TEXT` compares by code point on both: PostgreSQL would take the locale of the server.
/// * A foreign key stands with its column. Tables refer to each other in circles, which PostgreSQL refuses while one of
///   them is missing, so there the keys are added when all tables are made.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let (sql, keys) = match connection.get_database_backend() {
        DatabaseBackend::Sqlite => (sql.replace(" ID ", " INTEGER "), Vec::new()),
        _ => take_out_keys(&sql.replace(" ID ", " BIGINT ").replace(" TEXT", " TEXT COLLATE \"C\"")),
    };
    let statements = sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty());
    for statement in statements.map(str::to_owned).chain(keys) {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// The text without the foreign keys of its columns, and statements that add them.
fn take_out_keys(sql: &str) -> (String, Vec<String>) {
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

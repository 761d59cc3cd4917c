//! Tables of what rows were, and the triggers that fill them.
//!
//! `<table>_history` has the columns of its table behind `replaced`, the version of the graph that replaced the row. A
//! migration that adds a column to a table adds it to its history and calls [`keep`] again.

use sea_orm_migration::prelude::{DbErr, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

/// The version of the graph that is being written.
const VERSION: &str = "(SELECT value + 1 FROM counter WHERE name = 'version')";
/// The last number that was given before.
const LAST: &str = "(SELECT value FROM counter WHERE name = 'id')";

/// How a table is kept.
#[derive(Clone, Copy)]
pub(crate) enum Kept {
    /// Each row by its `id`.
    Rows,
    /// Each row by its `id`; one may leave and come back, which leaves a mark with nothing but its `id`.
    Returning,
    /// Each row by its `id`, when one of these columns changes.
    RowsBy(&'static [&'static str]),
    /// All rows of an owner together, whenever one comes or goes: the owner's column.
    SetOf(&'static str),
    /// Rows made from a row of another table, when that one is replaced: the table and the column that refers to it.
    With(&'static str, &'static str),
}

impl Kept {
    fn owner(self) -> &'static str {
        match self {
            Self::Rows | Self::Returning | Self::RowsBy(_) => "id",
            Self::SetOf(owner) | Self::With(_, owner) => owner,
        }
    }
}

/// Makes the history of a table if it has none, and the triggers for its columns.
pub(crate) async fn keep(manager: &SchemaManager<'_>, table: &str, kept: Kept) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = connection.get_database_backend();
    let owner = kept.owner();
    if !manager.has_table(format!("{table}_history")).await? {
        let unique = if owner == "id" { "UNIQUE " } else { "" };
        for sql in [
            format!(
                "CREATE TABLE {table}_history AS SELECT CAST(0 AS BIGINT) AS replaced, {table}.* FROM {table} WHERE 1 = 0"
            ),
            format!("CREATE {unique}INDEX {table}_history_owner ON {table}_history ({owner}, replaced)"),
        ] {
            connection.execute_unprepared(&sql).await?;
        }
    }
    let columns = columns(connection, table).await?;
    let statements = match backend {
        DatabaseBackend::Sqlite => sqlite(table, kept, &columns),
        _ => postgres(table, kept),
    };
    for sql in statements {
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}

async fn columns<C: ConnectionTrait>(connection: &C, table: &str) -> Result<Vec<String>, DbErr> {
    let sql = match connection.get_database_backend() {
        DatabaseBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        _ => format!(
            "SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}

/// Before the row goes: what refers to it and goes with it comes after, in both databases.
fn sqlite(table: &str, kept: Kept, columns: &[String]) -> Vec<String> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let old: Vec<String> = quoted.iter().map(|column| format!("old.{column}")).collect();
    let (names, values) = (quoted.join(", "), old.join(", "));
    let trigger = |name: &str, event: &str, when: String, body: String| {
        [
            format!("DROP TRIGGER IF EXISTS {table}_{name}"),
            format!("CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {when} BEGIN {body}; END"),
        ]
    };
    let owner = kept.owner();
    match kept {
        Kept::Rows | Kept::Returning | Kept::RowsBy(_) => {
            let body = format!(
                "INSERT INTO {table}_history (replaced, {names}) SELECT {VERSION}, {values}
                 WHERE NOT EXISTS (SELECT 1 FROM {table}_history WHERE id = old.id AND replaced = {VERSION})"
            );
            let watched: Vec<String> = match kept {
                Kept::RowsBy(some) => some.iter().map(|column| format!("\"{column}\"")).collect(),
                _ => quoted,
            };
            let differs: Vec<String> =
                watched.iter().map(|column| format!("old.{column} IS NOT new.{column}")).collect();
            let update = format!("UPDATE OF {}", watched.join(", "));
            let mut all = Vec::new();
            all.extend(trigger(
                "replaced",
                &update,
                format!("old.id <= {LAST} AND ({})", differs.join(" OR ")),
                body.clone(),
            ));
            all.extend(trigger("deleted", "DELETE", format!("old.id <= {LAST}"), body));
            if matches!(kept, Kept::Returning) {
                let when = format!("new.id <= {LAST} AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = new.id)");
                let body = format!(
                    "INSERT INTO {table}_history (replaced, id) SELECT {VERSION}, new.id
                     WHERE NOT EXISTS (SELECT 1 FROM {table}_history WHERE id = new.id AND replaced = {VERSION})"
                );
                all.extend(trigger("returned", "INSERT", when, body));
            }
            all
        }
        Kept::SetOf(_) => {
            // The first change of a commit keeps the set as it was, with one row of nothing: an empty set is one too.
            let body = |row: &str| {
                format!(
                    "INSERT INTO {table}_history (replaced, {names}) SELECT {VERSION}, {names} FROM {table} WHERE {owner} = {row}.{owner};
                     INSERT INTO {table}_history (replaced, {owner}) VALUES ({VERSION}, {row}.{owner})"
                )
            };
            let when = |row: &str| {
                format!(
                    "{row}.{owner} <= {LAST} AND NOT EXISTS (SELECT 1 FROM {table}_history WHERE {owner} = {row}.{owner} AND replaced = {VERSION})"
                )
            };
            let mut all = Vec::new();
            all.extend(trigger("added", "INSERT", when("new"), body("new")));
            all.extend(trigger("replaced", "UPDATE", when("old"), body("old")));
            all.extend(trigger("deleted", "DELETE", when("old"), body("old")));
            all
        }
        Kept::With(other, _) => {
            let when =
                format!("EXISTS (SELECT 1 FROM {other}_history WHERE id = old.{owner} AND replaced = {VERSION})");
            let body = format!("INSERT INTO {table}_history (replaced, {names}) VALUES ({VERSION}, {values})");
            trigger("deleted", "DELETE", when, body).to_vec()
        }
    }
}

fn postgres(table: &str, kept: Kept) -> Vec<String> {
    let owner = kept.owner();
    let body = match kept {
        Kept::Returning => format!(
            "IF TG_OP = 'INSERT' THEN
                IF NEW.id <= {LAST} AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) THEN
                    INSERT INTO {table}_history (replaced, id) VALUES ({VERSION}, NEW.id) ON CONFLICT DO NOTHING;
                END IF;
             ELSIF OLD.id <= {LAST} THEN
                INSERT INTO {table}_history SELECT {VERSION}, OLD.* ON CONFLICT DO NOTHING;
             END IF;"
        ),
        Kept::Rows | Kept::RowsBy(_) => format!(
            "IF OLD.id <= {LAST} THEN
                INSERT INTO {table}_history SELECT {VERSION}, OLD.* ON CONFLICT DO NOTHING;
             END IF;"
        ),
        Kept::SetOf(_) => format!(
            "IF TG_OP = 'INSERT' THEN mine := NEW.{owner}; ELSE mine := OLD.{owner}; END IF;
             IF mine <= {LAST} AND NOT EXISTS (SELECT 1 FROM {table}_history WHERE {owner} = mine AND replaced = {VERSION}) THEN
                INSERT INTO {table}_history SELECT {VERSION}, {table}.* FROM {table} WHERE {owner} = mine;
                INSERT INTO {table}_history (replaced, {owner}) VALUES ({VERSION}, mine);
             END IF;"
        ),
        Kept::With(other, _) => format!(
            "IF EXISTS (SELECT 1 FROM {other}_history WHERE id = OLD.{owner} AND replaced = {VERSION}) THEN
                INSERT INTO {table}_history SELECT {VERSION}, OLD.*;
             END IF;"
        ),
    };
    let function = format!(
        "CREATE OR REPLACE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$
         DECLARE mine BIGINT;
         BEGIN
             {body}
             IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
             RETURN NEW;
         END $$"
    );
    let mut all = vec![function];
    let mut trigger = |name: &str, event: &str, when: &str| {
        all.push(format!("DROP TRIGGER IF EXISTS {table}_{name} ON {table}"));
        all.push(format!("CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {table}_keep()"));
    };
    match kept {
        Kept::Rows => trigger("replaced", "UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)"),
        Kept::Returning => {
            trigger("replaced", "UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)");
            trigger("returned", "INSERT", "");
        }
        Kept::RowsBy(columns) => {
            let (old, new): (Vec<String>, Vec<String>) =
                columns.iter().map(|column| (format!("OLD.{column}"), format!("NEW.{column}"))).unzip();
            let when = format!("WHEN (({}) IS DISTINCT FROM ({}))", old.join(", "), new.join(", "));
            trigger("replaced", &format!("UPDATE OF {}", columns.join(", ")), &when);
        }
        Kept::SetOf(_) => {
            trigger("added", "INSERT", "");
            trigger("replaced", "UPDATE", "");
        }
        Kept::With(..) => {}
    }
    trigger("deleted", "DELETE", "");
    all
}

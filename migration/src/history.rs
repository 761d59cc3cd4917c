//! History tables for point-in-time queries, and the database triggers that fill them.
//!
//! `<table>_history` stores old versions of rows. It has the column `replaced` (the version of the graph that replaced the row),
//! followed by the columns of its table. A migration that adds or renames a column does the same in the history table, and
//! then calls [`track`] again to recreate the triggers.

use sea_orm_migration::prelude::{DbErr, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

/// SQL: the version of the graph that the current transaction creates.
const VERSION: &str = "(SELECT value + 1 FROM counter WHERE name = 'version')";
/// SQL: the last row id assigned before the current transaction. Rows with larger ids are new and have no history.
const LAST_ID: &str = "(SELECT value FROM counter WHERE name = 'id')";

/// The way in which the history of a table is recorded.
#[derive(Clone, Copy)]
pub(crate) enum Tracking {
    /// Stores each row by its `id` when it is updated or deleted.
    Rows,
    /// Like [`Self::Rows`], for tables whose rows can be deleted and inserted again (merge and unmerge). An insert of an old
    /// `id` stores a marker row in which only `replaced` and `id` are set: until then there was no such row.
    ReturningRows,
    /// Like [`Self::Rows`], but only when one of these columns changes.
    RowsOnChangeOf(&'static [&'static str]),
    /// Stores all rows of an owner together before the first change to the set. The value is the column of the owner.
    SetPerOwner(&'static str),
    /// Stores rows that are derived from a row of another table when that row is replaced. The values are that table and the
    /// column that refers to it.
    WithParent(&'static str, &'static str),
}

impl Tracking {
    /// Returns the column by which history rows are found.
    fn owner(self) -> &'static str {
        match self {
            Self::Rows | Self::ReturningRows | Self::RowsOnChangeOf(_) => "id",
            Self::SetPerOwner(owner) | Self::WithParent(_, owner) => owner,
        }
    }
}

/// Creates the history table of `table` if it is missing, and recreates its triggers for the current columns.
pub(crate) async fn track(manager: &SchemaManager<'_>, table: &str, tracking: Tracking) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = connection.get_database_backend();
    let owner = tracking.owner();
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
        DatabaseBackend::Sqlite => sqlite(table, tracking, &columns),
        _ => postgres(table, tracking),
    };
    for sql in statements {
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Drops the history triggers of `table`, so that a migration can change its rows without recording history. Call [`track`]
/// afterwards.
pub(crate) async fn drop_triggers(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let on_table = match connection.get_database_backend() {
        DatabaseBackend::Sqlite => String::new(),
        _ => format!(" ON {table}"),
    };
    for name in ["added", "returned", "replaced", "deleted"] {
        connection.execute_unprepared(&format!("DROP TRIGGER IF EXISTS {table}_{name}{on_table}")).await?;
    }
    Ok(())
}

/// Returns the columns of a table in their order.
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

/// Returns the statements that create the triggers on SQLite.
///
/// The triggers run before the row changes, in both databases. Rows that are deleted by a cascade are therefore recorded after
/// the row that they depend on, which [`Tracking::WithParent`] relies on.
fn sqlite(table: &str, tracking: Tracking, columns: &[String]) -> Vec<String> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let old: Vec<String> = quoted.iter().map(|column| format!("old.{column}")).collect();
    let (names, values) = (quoted.join(", "), old.join(", "));
    let trigger = |name: &str, event: &str, when: String, body: String| {
        [
            format!("DROP TRIGGER IF EXISTS {table}_{name}"),
            format!("CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {when} BEGIN {body}; END"),
        ]
    };
    let owner = tracking.owner();
    match tracking {
        Tracking::Rows | Tracking::ReturningRows | Tracking::RowsOnChangeOf(_) => {
            let body = format!(
                "INSERT INTO {table}_history (replaced, {names}) SELECT {VERSION}, {values}
                 WHERE NOT EXISTS (SELECT 1 FROM {table}_history WHERE id = old.id AND replaced = {VERSION})"
            );
            let watched: Vec<String> = match tracking {
                Tracking::RowsOnChangeOf(columns) => columns.iter().map(|column| format!("\"{column}\"")).collect(),
                _ => quoted,
            };
            let differs: Vec<String> =
                watched.iter().map(|column| format!("old.{column} IS NOT new.{column}")).collect();
            let update = format!("UPDATE OF {}", watched.join(", "));
            let mut all = Vec::new();
            all.extend(trigger(
                "replaced",
                &update,
                format!("old.id <= {LAST_ID} AND ({})", differs.join(" OR ")),
                body.clone(),
            ));
            all.extend(trigger("deleted", "DELETE", format!("old.id <= {LAST_ID}"), body));
            if matches!(tracking, Tracking::ReturningRows) {
                let when = format!("new.id <= {LAST_ID} AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = new.id)");
                let body = format!(
                    "INSERT INTO {table}_history (replaced, id) SELECT {VERSION}, new.id
                     WHERE NOT EXISTS (SELECT 1 FROM {table}_history WHERE id = new.id AND replaced = {VERSION})"
                );
                all.extend(trigger("returned", "INSERT", when, body));
            }
            all
        }
        Tracking::SetPerOwner(_) => {
            // The first change in a transaction stores the old set and one marker row, so that an empty set is recorded too.
            let body = |row: &str| {
                format!(
                    "INSERT INTO {table}_history (replaced, {names}) SELECT {VERSION}, {names} FROM {table} WHERE {owner} = {row}.{owner};
                     INSERT INTO {table}_history (replaced, {owner}) VALUES ({VERSION}, {row}.{owner})"
                )
            };
            let when = |row: &str| {
                format!(
                    "{row}.{owner} <= {LAST_ID} AND NOT EXISTS (SELECT 1 FROM {table}_history WHERE {owner} = {row}.{owner} AND replaced = {VERSION})"
                )
            };
            let mut all = Vec::new();
            all.extend(trigger("added", "INSERT", when("new"), body("new")));
            all.extend(trigger("replaced", "UPDATE", when("old"), body("old")));
            all.extend(trigger("deleted", "DELETE", when("old"), body("old")));
            all
        }
        Tracking::WithParent(other, _) => {
            let when =
                format!("EXISTS (SELECT 1 FROM {other}_history WHERE id = old.{owner} AND replaced = {VERSION})");
            let body = format!("INSERT INTO {table}_history (replaced, {names}) VALUES ({VERSION}, {values})");
            trigger("deleted", "DELETE", when, body).to_vec()
        }
    }
}

/// Returns the statements that create the triggers on PostgreSQL.
fn postgres(table: &str, tracking: Tracking) -> Vec<String> {
    let owner = tracking.owner();
    let body = match tracking {
        Tracking::ReturningRows => format!(
            "IF TG_OP = 'INSERT' THEN
                IF NEW.id <= {LAST_ID} AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) THEN
                    INSERT INTO {table}_history (replaced, id) VALUES ({VERSION}, NEW.id) ON CONFLICT DO NOTHING;
                END IF;
             ELSIF OLD.id <= {LAST_ID} THEN
                INSERT INTO {table}_history SELECT {VERSION}, OLD.* ON CONFLICT DO NOTHING;
             END IF;"
        ),
        Tracking::Rows | Tracking::RowsOnChangeOf(_) => format!(
            "IF OLD.id <= {LAST_ID} THEN
                INSERT INTO {table}_history SELECT {VERSION}, OLD.* ON CONFLICT DO NOTHING;
             END IF;"
        ),
        Tracking::SetPerOwner(_) => format!(
            "IF TG_OP = 'INSERT' THEN mine := NEW.{owner}; ELSE mine := OLD.{owner}; END IF;
             IF mine <= {LAST_ID} AND NOT EXISTS (SELECT 1 FROM {table}_history WHERE {owner} = mine AND replaced = {VERSION}) THEN
                INSERT INTO {table}_history SELECT {VERSION}, {table}.* FROM {table} WHERE {owner} = mine;
                INSERT INTO {table}_history (replaced, {owner}) VALUES ({VERSION}, mine);
             END IF;"
        ),
        Tracking::WithParent(other, _) => format!(
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
    match tracking {
        Tracking::Rows => trigger("replaced", "UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)"),
        Tracking::ReturningRows => {
            trigger("replaced", "UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)");
            trigger("returned", "INSERT", "");
        }
        Tracking::RowsOnChangeOf(columns) => {
            let (old, new): (Vec<String>, Vec<String>) =
                columns.iter().map(|column| (format!("OLD.{column}"), format!("NEW.{column}"))).unzip();
            let when = format!("WHEN (({}) IS DISTINCT FROM ({}))", old.join(", "), new.join(", "));
            trigger("replaced", &format!("UPDATE OF {}", columns.join(", ")), &when);
        }
        Tracking::SetPerOwner(_) => {
            trigger("added", "INSERT", "");
            trigger("replaced", "UPDATE", "");
        }
        Tracking::WithParent(..) => {}
    }
    trigger("deleted", "DELETE", "");
    all
}

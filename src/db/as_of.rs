//! Point-in-time queries (`asOf`): the graph as it was after the last commit before an instant.
//!
//! When a row is replaced or deleted, a trigger copies the old row to the history table of its table, with the data version that
//! replaced it (see the migrations). The state of a row at data version V is the oldest copy that was replaced after V. If there
//! is no such copy, it is the present row. Rows whose id is greater than the last id at V did not exist yet.
//!
//! [`AsOf`] rewrites a statement by adding a common table expression (`WITH`) for each table that it mentions. The expression has
//! the name of the table and selects its past rows, so the rest of the statement stays unchanged.

use std::sync::LazyLock;

use entity::record::RecordKind;
use entity::row::Rows;
use entity::{actor, article_author, change, dataset, event, merge, name_key, place, record, statement_about};
use sea_orm::{DatabaseBackend, EntityTrait, IdenStatic, Iterable, Statement};

use crate::db::full_text::TABLE as SEARCH;
use crate::error::{Error, Result};

/// The state of the graph after one commit.
#[derive(Clone, Debug)]
pub struct AsOf {
    version: i64,
    last_id: i64,
    last_change: i64,
    /// The schema of the real tables. It tells them apart from the common table expressions, which have the same names.
    schema: String,
}

impl AsOf {
    /// The statement that finds the last commit at or before an instant, given in Unix seconds. Its rows are for [`Self::new`].
    pub fn find(backend: DatabaseBackend, at: i64) -> Statement {
        // The name of the schema tells the real tables of PostgreSQL apart; SQLite has `main`.
        let schema = match backend {
            DatabaseBackend::Postgres => "quote_ident(current_schema())",
            _ => "'main'",
        };
        // There is a row without numbers before the first commit.
        let sql = format!(
            "SELECT {schema} AS \"schema\", moment.version, moment.last_id, moment.last_change
             FROM (SELECT 1 AS one) AS one LEFT JOIN moment ON moment.version = (
                SELECT version FROM moment WHERE at <= {at} ORDER BY at DESC, version DESC LIMIT 1
             )"
        );
        Statement::from_string(backend, sql)
    }

    /// The state that [`Self::find`] found.
    pub fn new(rows: &Rows) -> Result<Self> {
        let row = rows.first().ok_or_else(|| Error::Internal("no schema".into()))?;
        let number = |column: &str| row.get::<Option<i64>>(column);
        // Before the first commit the graph was empty.
        Ok(Self {
            version: number("version")?.unwrap_or(-1),
            last_id: number("last_id")?.unwrap_or(0),
            last_change: number("last_change")?.unwrap_or(0),
            schema: row.get("schema")?,
        })
    }

    /// Rewrites a statement so that it reads this state.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] when the statement uses the full-text index, which has no history.
    pub fn rewrite(&self, mut statement: Statement) -> Result<Statement> {
        let mentions = |table: &str| statement.sql.contains(&format!("\"{table}\""));
        if mentions(SEARCH) {
            return Err(Error::BadInput(
                "`search` works only on the present state: leave out `search` or `asOf`, or filter by `name` and other fields"
                    .into(),
            ));
        }
        let tables: Vec<String> = TABLES
            .iter()
            .filter(|table| mentions(table.name))
            .map(|table| format!("\"{}\" AS NOT MATERIALIZED ({})", table.name, self.table(table)))
            .collect();
        if tables.is_empty() {
            return Ok(statement);
        }
        let tables = tables.join(", ");
        statement.sql = match statement.sql.strip_prefix("WITH RECURSIVE ") {
            Some(rest) => format!("WITH RECURSIVE {tables}, {rest}"),
            None => match statement.sql.strip_prefix("WITH ") {
                Some(rest) => format!("WITH {tables}, {rest}"),
                None => format!("WITH {tables} {}", statement.sql),
            },
        };
        Ok(statement)
    }

    /// A select of the rows of a table at this state.
    fn table(&self, table: &Table) -> String {
        let Table { name, owner, history_of, member, .. } = *table;
        let (Self { version, last_id, last_change, schema }, columns) = (self, (table.columns)().join(", "));
        if name == "change" {
            return format!("SELECT {columns} FROM {schema}.\"{name}\" AS present WHERE id <= {last_change}");
        }
        let later = |row: &str| {
            format!(
                "FROM {history_of}_history AS later WHERE later.{own} = {row}.{owner} AND later.replaced > {version}",
                own = if history_of == name { owner } else { "id" }
            )
        };
        let member = member.map(|column| format!(" AND {column} IS NOT NULL")).unwrap_or_default();
        format!(
            "SELECT {columns} FROM {schema}.\"{name}\" AS present
                WHERE {owner} <= {last_id} AND NOT EXISTS (SELECT 1 {present})
             UNION ALL SELECT {columns} FROM {name}_history AS past
                WHERE {owner} <= {last_id} AND replaced = (SELECT MIN(later.replaced) {past}){member}",
            present = later("present"),
            past = later("past"),
        )
    }
}

/// A table with a history.
struct Table {
    name: &'static str,
    columns: fn() -> Vec<String>,
    /// The column that identifies the rows that are replaced together: the id of a row, or the owner of a set of rows.
    owner: &'static str,
    /// The table whose history says when the rows were replaced.
    history_of: &'static str,
    /// A column that is null only in markers. A marker in the history says that there was no row, or that a set is complete.
    member: Option<&'static str>,
}

fn columns<E: EntityTrait>() -> Vec<String> {
    E::Column::iter().map(|column| format!("\"{}\"", column.as_str())).collect()
}

macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
        /// The tables of all node types, and those beside them.
        static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
            vec![
                $(Table {
                    member: RecordKind::$kind.history_marker(),
                    ..Table::of::<entity::$module::Entity>(RecordKind::$kind.table())
                },)+
                Table::of::<dataset::Entity>("dataset"),
                Table::of::<record::Entity>("record"),
                Table { member: Some("label"), ..Table::of::<actor::Entity>("merged_actor") },
                Table { member: Some("label"), ..Table::of::<place::Entity>("merged_place") },
                Table { member: Some("type"), ..Table::of::<event::Entity>("merged_event") },
                Table::of::<merge::Entity>("merge"),
                Table::of::<change::Entity>("change"),
                Table { owner: "article_id", member: Some("actor_id"), ..Table::of::<article_author::Entity>("article_author") },
                Table { owner: "statement_id", member: Some("target_id"), ..Table::of::<statement_about::Entity>("statement_about") },
                Table { owner: "name_id", history_of: "name", ..Table::of::<name_key::Entity>("name_key") },
            ]
        });
    };
}
entity::for_each_record_kind!(tables);

impl Table {
    /// A table whose rows are replaced one by one, by their ids.
    fn of<E: EntityTrait>(name: &'static str) -> Self {
        Self { name, columns: columns::<E>, owner: "id", history_of: name, member: None }
    }
}

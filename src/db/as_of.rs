//! The graph as it was known at an instant: every table stands for what its rows were then.
//!
//! A row that was replaced or deleted lies in the history of its table with the version that replaced it (see the
//! migrations). Of a row, the first version that was replaced later is what it was; if there is none, what it is. Rows with
//! later numbers were not there. A statement is asked of the past by putting such tables, under the names of the real ones, in
//! front of it.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{DatabaseBackend, EntityTrait, IdenStatic, Iterable, Statement};

use crate::db::ReadPool;
use crate::db::full_text::TABLE as SEARCH;
use crate::error::{Error, Result};

/// The graph after one commit.
#[derive(Clone, Debug)]
pub struct AsOf {
    version: i64,
    last_id: i64,
    last_change: i64,
    /// How the real tables are called.
    schema: String,
}

impl AsOf {
    /// The graph as it was known at an instant, seconds since 1970 UTC: after the last commit until then.
    pub async fn at(reader: &ReadPool, at: i64) -> Result<Self> {
        let mut select = Query::select();
        select
            .columns(["version", "last_id", "last_change"])
            .from("moment")
            .and_where(Expr::col("at").lte(at))
            .order_by("at", Order::Desc)
            .order_by("version", Order::Desc)
            .limit(1);
        let rows = reader.all(reader.backend().build(&select)).await?;
        // Before the first commit nothing was known.
        let (version, last_id, last_change) = match rows.first() {
            Some(row) => (row.try_get("", "version")?, row.try_get("", "last_id")?, row.try_get("", "last_change")?),
            None => (-1, 0, 0),
        };
        let schema = match reader.backend() {
            DatabaseBackend::Postgres => {
                let sql = "SELECT quote_ident(current_schema()) AS schema";
                let rows = reader.all(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
                let row = rows.first().ok_or_else(|| Error::Broken("no schema".into()))?;
                row.try_get("", "schema")?
            }
            _ => "main".to_owned(),
        };
        Ok(Self { version, last_id, last_change, schema })
    }

    /// The statement, asked of this moment. Error: `BAD_INPUT` when it asks the full-text index, which knows the present only.
    pub fn ask(&self, mut statement: Statement) -> Result<Statement> {
        let mentions = |table: &str| statement.sql.contains(&format!("\"{table}\""));
        if mentions(SEARCH) {
            return Err(Error::BadInput(
                "`search` finds what is written now and not what was: leave it or `asOf` out, or filter by `name` and other fields"
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

    fn table(&self, table: &Table) -> String {
        let Table { name, owner, kept_with, member, .. } = *table;
        let (Self { version, last_id, last_change, schema }, columns) = (self, (table.columns)().join(", "));
        if name == "change" {
            return format!("SELECT {columns} FROM {schema}.\"{name}\" AS present WHERE id <= {last_change}");
        }
        let later = |row: &str| {
            format!(
                "FROM {kept_with}_history AS later WHERE later.{own} = {row}.{owner} AND later.replaced > {version}",
                own = if kept_with == name { owner } else { "id" }
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

/// A table whose past is kept.
struct Table {
    name: &'static str,
    columns: fn() -> Vec<String>,
    /// The column by which its rows are replaced together.
    owner: &'static str,
    /// The table whose history says when rows were replaced.
    kept_with: &'static str,
    /// The column that is null in a mark: that there was no row, or that a set is whole.
    member: Option<&'static str>,
}

fn columns<E: EntityTrait>() -> Vec<String> {
    E::Column::iter().map(|column| format!("\"{}\"", column.as_str())).collect()
}

macro_rules! tables {
    ($($table:literal of $module:ident $(by $owner:literal)? $(with $other:literal)? $(marked $member:literal)?;)+) => {
        const TABLES: &[Table] = &[$(Table {
            name: $table,
            columns: columns::<entity::$module::Entity>,
            owner: tables!(@or "id" $(, $owner)?),
            kept_with: tables!(@or $table $(, $other)?),
            member: tables!(@some $($member)?),
        },)+];
    };
    (@or $usual:expr) => { $usual };
    (@or $usual:expr, $other:literal) => { $other };
    (@some) => { None };
    (@some $one:literal) => { Some($one) };
}

tables! {
    "dataset" of dataset;
    "record" of record;
    "article" of article;
    "actor" of actor marked "label";
    "name" of name;
    "place" of place marked "label";
    "relation" of relation;
    "event" of event marked "type";
    "participation" of participation;
    "event_link" of event_link;
    "account" of account;
    "statement" of statement;
    "claim" of claim marked "text";
    "stance" of stance;
    "figure" of figure;
    "evidence" of evidence;
    "mention" of mention;
    "external_id" of external_id;
    "merged_actor" of actor marked "label";
    "merged_place" of place marked "label";
    "merged_event" of event marked "type";
    "merge" of merge;
    "change" of change;
    "article_author" of article_author by "article_id" marked "actor_id";
    "statement_about" of statement_about by "statement_id" marked "target_id";
    "name_key" of name_key by "name_id" with "name";
}

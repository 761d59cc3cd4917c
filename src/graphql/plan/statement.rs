//! The SQL of a level.
//!
//! The SQL text of a level depends on the level only, apart from its filter and which cursors are given. It is built once, with a
//! marker in place of the filter and of each value that a request gives, and cached with the level.

use std::sync::{Arc, OnceLock};

use sea_orm::Statement;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, Value};

use crate::db::{Dialect, LIST, List, PARENT_KEY, StatementTemplate};
use crate::error::{Error, Result};
use crate::graphql::connection::cursor::Cursor;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::order_by::MAX_SORT_KEYS;
use crate::graphql::connection::parents::ParentCondition;
use crate::graphql::connection::sqlite_scan::{self, RowTest};
use crate::graphql::filter::operand::use_of_marker;
use crate::graphql::plan::arguments::ListValues;
use crate::graphql::plan::filter_template::FilterTemplates;
use crate::graphql::plan::level::{AllRows, Level};
use crate::graphql::schema::field::ListField;
use crate::graphql::schema::node_type::NodeType;

/// The alias of the rows of a level, when other tables are joined to them.
pub(super) const PAGE: &str = "page";
/// The column with the parent of a row.
pub(super) const PARENT: &str = "parent";

/// The order and the SQL of a level, cached for later requests.
#[derive(Default)]
pub(crate) struct SqlCache {
    /// The order of a list whose `orderBy` has no variables.
    keyset: OnceLock<Arc<Keyset>>,
    /// The translated filter of a list; `None` if it must be translated for each request.
    pub(super) filter: OnceLock<Option<FilterTemplates>>,
    pub(super) statements: Statements,
    /// The statements with a marker in place of the filter.
    pub(super) marked_statements: Statements,
}

/// Statements that were built for an earlier request, by their kind.
#[derive(Default)]
pub(crate) struct Statements([OnceLock<StatementTemplate>; StatementKind::COUNT]);

/// The statements that a level can have.
#[derive(Clone, Copy)]
pub(crate) enum StatementKind {
    /// The pages of a list, by whether there are cursors.
    Page { after: bool, before: bool },
    /// Like `Page`, read by a scan; by whether the filter tests columns of the row besides its id.
    Scan { after: bool, before: bool, tests_columns: bool },
    /// The total counts of a list.
    Count,
    /// The node with an id, or the node into which it was merged.
    Node { follow_merges: bool },
    /// The rows with some ids.
    Referenced,
}

impl StatementKind {
    const COUNT: usize = 16;

    fn index(self) -> usize {
        match self {
            Self::Page { after, before } => usize::from(after) + 2 * usize::from(before),
            Self::Count => 4,
            Self::Node { follow_merges } => 5 + usize::from(follow_merges),
            Self::Referenced => 7,
            Self::Scan { after, before, tests_columns } => {
                8 + usize::from(after) + 2 * usize::from(before) + 4 * usize::from(tests_columns)
            }
        }
    }
}

/// The values of a request, which replace the markers of a statement.
#[derive(Default)]
pub(crate) struct Bindings<'r> {
    /// The ids of the parents, of the node, or of the referenced rows.
    pub(crate) ids: Option<Value>,
    pub(crate) after: Option<&'r Cursor>,
    pub(crate) before: Option<&'r Cursor>,
    /// The values of the variables in the filter, in the order of their uses.
    pub(crate) operands: &'r [Value],
}

/// The first marker: a character that no statement binds.
const FIRST_MARKER: u32 = 0xe000;
/// Markers per cursor: its sort keys, and then its id.
const CURSOR_MARKERS: u32 = MAX_SORT_KEYS as u32 + 1;

fn marker(number: u32) -> Value {
    Value::Char(char::from_u32(FIRST_MARKER + number))
}

/// The marker of [`Bindings::ids`].
fn ids_marker() -> Value {
    marker(0)
}

/// A cursor with markers as its values.
fn marked_cursor(keyset: &Keyset, is_before: bool) -> Cursor {
    let first = 1 + if is_before { CURSOR_MARKERS } else { 0 };
    let keys = (0..u32::try_from(keyset.term_count()).unwrap_or_default()).map(|index| marker(first + index));
    Cursor { keys: keys.collect(), id: marker(first + CURSOR_MARKERS - 1) }
}

impl Bindings<'_> {
    fn value(&self, marker: &Value) -> Option<Value> {
        if let Some(index) = use_of_marker(marker) {
            return self.operands.get(index).cloned();
        }
        let Value::Char(Some(marker)) = marker else { return None };
        let number = u32::from(*marker).checked_sub(FIRST_MARKER)?;
        if number == 0 {
            return self.ids.clone();
        }
        let (cursor, index) = match number.checked_sub(1 + CURSOR_MARKERS) {
            Some(index) => (self.before?, index),
            None => (self.after?, number - 1),
        };
        if index == CURSOR_MARKERS - 1 { Some(cursor.id.clone()) } else { cursor.keys.get(index as usize).cloned() }
    }
}

/// Returns a statement of a level for a request. `build` builds it with markers; with `statements` it is built once and kept there.
/// `filter` is the condition in place of [`CONDITION_MARKER`](crate::db::CONDITION_MARKER).
pub(crate) fn prepare(
    statements: Option<&Statements>,
    dialect: Dialect,
    kind: StatementKind,
    bindings: &Bindings<'_>,
    filter: Option<&Expr>,
    build: impl Fn() -> SelectStatement,
) -> Statement {
    let template = || StatementTemplate::new(dialect.0, &build());
    let built;
    let template = match statements.and_then(|statements| statements.0.get(kind.index())) {
        Some(slot) => slot.get_or_init(template),
        None => {
            built = template();
            &built
        }
    };
    template.fill(|marker| bindings.value(marker), filter)
}

/// A list in one request: its order and the page to read.
pub(crate) struct ListPage {
    pub(crate) keyset: Arc<Keyset>,
    pub(crate) after: Option<Cursor>,
    pub(crate) before: Option<Cursor>,
    /// Number of rows of a full page.
    pub(crate) size: usize,
    /// True if the page counts from the end of the list.
    pub(crate) backward: bool,
}

impl ListPage {
    /// Errors: `BAD_INPUT` or `LIMIT` for invalid arguments.
    pub(crate) fn new(level: &Level, list: &ListField, values: &ListValues, has_fixed_order: bool) -> Result<Self> {
        let (size, backward) = values.page.size()?;
        let keyset = match level.sql.keyset.get().filter(|_| has_fixed_order) {
            Some(keyset) => Arc::clone(keyset),
            None => {
                let keys = match &values.order_by {
                    Some(order_by) => (level.node_type.order)(order_by.clone())?,
                    None => list.default_order.keys.clone(),
                };
                if keys.len() > MAX_SORT_KEYS {
                    let count = keys.len();
                    let message = format!("`orderBy` has {count} sort keys: give at most {MAX_SORT_KEYS}");
                    return Err(Error::Limit(message));
                }
                let keyset = Arc::new(Keyset::new(&list.name, keys, level.node_type.id()));
                if has_fixed_order {
                    let _ = level.sql.keyset.set(Arc::clone(&keyset));
                }
                keyset
            }
        };
        let cursor = |text: &Option<String>| text.as_deref().map(|text| keyset.parse_cursor(text)).transpose();
        let (after, before) = (cursor(&values.page.after)?, cursor(&values.page.before)?);
        Ok(Self { after, before, size, backward, keyset })
    }

    /// Sorts a select in the order of the list and restricts it to rows beyond the cursors.
    fn seek_and_order(&self, dialect: Dialect, select: &mut SelectStatement) {
        let seek = |cursor: &Option<Cursor>, is_before| {
            cursor.as_ref().map(|_| self.keyset.seek(dialect, &marked_cursor(&self.keyset, is_before), is_before))
        };
        select.and_where_option(seek(&self.after, false));
        select.and_where_option(seek(&self.before, true));
        self.keyset.order_by(select, self.backward);
    }

    /// One row more than the page shows whether more rows follow.
    fn limit(&self) -> u64 {
        self.size as u64 + 1
    }
}

/// The position of the first sort key in the rows of a level. The parent follows the sort keys.
pub(crate) fn first_key(level: &Level) -> usize {
    level.columns.len()
}

/// Selects the page of a list at the root.
pub(crate) fn root_list(level: &Level, dialect: Dialect, page: &ListPage, condition: Option<&Expr>) -> SelectStatement {
    let mut rows = rows(level, Some(&page.keyset));
    rows.and_where_option(condition.cloned());
    page.seek_and_order(dialect, &mut rows);
    rows.limit(page.limit());
    joined(level, dialect, rows, Some(page))
}

/// Selects the page of a list at the root by a scan.
pub(crate) fn scan(
    level: &Level,
    dialect: Dialect,
    page: &ListPage,
    test: &RowTest,
    condition: Option<&Expr>,
) -> SelectStatement {
    let seek_and_order = |select: &mut SelectStatement| page.seek_and_order(dialect, select);
    let mut rows = rows(level, Some(&page.keyset));
    sqlite_scan::restrict(&mut rows, level.node_type.table, test, condition, seek_and_order, page.limit());
    joined(level, dialect, rows, Some(page))
}

/// Selects the pages of the lists of all parents. On SQLite, the statement selects the page of one parent, whose id is bound as
/// [`PARENT_KEY`].
pub(crate) fn lists_of_parents(
    level: &Level,
    dialect: Dialect,
    parent: &ParentCondition,
    page: &ListPage,
    condition: Option<&Expr>,
) -> SelectStatement {
    let mut rows = rows(level, Some(&page.keyset));
    rows.and_where(parent(parent_key(dialect))).and_where_option(condition.cloned());
    page.seek_and_order(dialect, &mut rows);
    rows.limit(page.limit());
    if !dialect.has_lateral() {
        return joined(level, dialect, rows, Some(page));
    }
    let mut select = shown(level, Some(&page.keyset));
    select
        .expr_as(dialect.item(), PARENT)
        .from_function(dialect.keys_in(List::bound_as(ids_marker())), LIST)
        .join_lateral(JoinType::InnerJoin, rows, PAGE, Expr::cust("TRUE"));
    join(level, dialect, &mut select);
    page.keyset.order_by_aliases(&mut select, page.backward, PAGE);
    select
}

/// Counts the rows of lists. On SQLite, the statement counts those of one parent, as in [`lists_of_parents`].
pub(crate) fn count(
    node_type: &NodeType,
    dialect: Dialect,
    parent: Option<&ParentCondition>,
    condition: Option<&Expr>,
) -> SelectStatement {
    let mut count = Query::select();
    count.expr(Expr::cust("COUNT(*)")).from(node_type.table).and_where_option(condition.cloned());
    let Some(parent) = parent else { return count };
    count.and_where(parent(parent_key(dialect)));
    if !dialect.has_lateral() {
        return count;
    }
    Query::select()
        .expr(Expr::SubQuery(None, Box::new(count.into())))
        .expr_as(dialect.item(), PARENT)
        .from_function(dialect.keys_in(List::bound_as(ids_marker())), LIST)
        .take()
}

fn parent_key(dialect: Dialect) -> Expr {
    if dialect.has_lateral() { dialect.item() } else { Expr::val(PARENT_KEY) }
}

/// Selects the row with an id; with `follow_merges` the node into which it was merged.
pub(crate) fn node_by_id(level: &Level, dialect: Dialect, follow_merges: bool) -> SelectStatement {
    let id = match follow_merges {
        false => Expr::val(ids_marker()),
        true => {
            let merged_into =
                Query::select().column("same_as_id").from("record").and_where(Expr::col("id").eq(ids_marker())).take();
            Func::coalesce([Expr::SubQuery(None, Box::new(merged_into.into())), Expr::val(ids_marker())]).into()
        }
    };
    node(level, dialect, level.node_type.id().eq(id))
}

/// Selects the first row that satisfies a condition. Two datasets may give the same external id to nodes that have not been merged:
/// the older one is selected.
pub(crate) fn node(level: &Level, dialect: Dialect, condition: Expr) -> SelectStatement {
    let mut rows = rows(level, None);
    rows.and_where(condition).and_where_option(level.node_type.scope.clone());
    rows.order_by((level.node_type.table, "id"), Order::Asc).limit(1);
    joined(level, dialect, rows, None)
}

/// Selects the rows whose column `by` has one of the given values.
pub(crate) fn referenced(level: &Level, dialect: Dialect, by: &'static str) -> SelectStatement {
    let mut rows = rows(level, None);
    rows.and_where(dialect.has_key_in(Expr::col((level.node_type.table, by)), List::bound_as(ids_marker())))
        .and_where_option(level.node_type.scope.clone());
    joined(level, dialect, rows, None)
}

/// Selects all rows that belong to the given parents.
pub(crate) fn all_rows(level: &Level, dialect: Dialect, all: &AllRows) -> SelectStatement {
    let column = |column| Expr::col((level.node_type.table, column));
    let (group, words) = &all.group;
    // As an expression, so that SQLite does not look up the words in an index: it would read all rows that have them.
    let is_in_group = column(*group).binary(BinOper::Custom("||"), Expr::val("")).is_in(words.iter().copied());
    let mut rows = rows(level, None);
    rows.and_where(dialect.has_key_in(column(all.by), List::bound_as(ids_marker())))
        .and_where(column(all.only).eq(true))
        .and_where(is_in_group);
    let table = if level.joins.is_empty() { level.node_type.table } else { PAGE };
    joined(level, dialect, rows, None).order_by((table, all.order), Order::Asc).take()
}

/// Joins the tables of a level to a select of its rows, which is the result if there are none. A page keeps its order.
fn joined(level: &Level, dialect: Dialect, rows: SelectStatement, page: Option<&ListPage>) -> SelectStatement {
    if level.joins.is_empty() {
        return rows;
    }
    let mut select = shown(level, page.map(|page| &*page.keyset));
    select.from_subquery(rows, PAGE);
    join(level, dialect, &mut select);
    if let Some(page) = page {
        page.keyset.order_by_aliases(&mut select, page.backward, PAGE);
    }
    select
}

/// The columns of a table that a level needs: those that are shown, and foreign keys by which other tables are joined.
fn needed_columns(level: &Level, table: usize) -> Vec<&'static str> {
    let mut columns: Vec<&'static str> =
        level.columns.iter().filter(|(of, _)| *of == table).map(|(_, column)| *column).collect();
    for join in level.joins.iter().filter(|join| join.from == table) {
        if !columns.contains(&join.column) {
            columns.push(join.column);
        }
    }
    columns
}

/// Selects the needed columns and the sort keys from the table of a level.
fn rows(level: &Level, keyset: Option<&Keyset>) -> SelectStatement {
    let table = level.node_type.table;
    let mut select = Query::select();
    select.columns(needed_columns(level, 0).into_iter().map(|column| (table, column))).from(table);
    if let Some(keyset) = keyset {
        keyset.select_keys(&mut select);
    }
    select
}

/// The alias of a table of a level: for a joined table, its foreign key and its number.
fn alias(level: &Level, table: usize) -> String {
    let join = table.checked_sub(1).and_then(|index| level.joins.get(index));
    join.map_or_else(|| PAGE.to_owned(), |join| format!("{}_{table}", join.column))
}

/// Selects the columns of a level, and its sort keys, from its rows and the tables that are joined to them.
fn shown(level: &Level, keyset: Option<&Keyset>) -> SelectStatement {
    let mut select = Query::select();
    for (table, column) in &level.columns {
        select.column((alias(level, *table), *column));
    }
    for index in 0..keyset.map_or(0, Keyset::term_count) {
        select.column((PAGE, format!("order_{index}")));
    }
    select
}

/// Joins the tables of a level. PostgreSQL looks up row by row (LATERAL with a limit): it cannot tell how few rows there are, so it
/// may turn a plain join into a scan.
fn join(level: &Level, dialect: Dialect, select: &mut SelectStatement) {
    for (index, join) in level.joins.iter().enumerate() {
        let name = alias(level, index + 1);
        let is_referenced = Expr::col((name.clone(), "id")).eq(Expr::col((alias(level, join.from), join.column)));
        if dialect.has_lateral() {
            let mut one = Query::select();
            one.columns(needed_columns(level, index + 1).into_iter().map(|column| (name.clone(), column)))
                .from_as(join.node_type.table, name.clone())
                .and_where(is_referenced)
                .limit(1);
            select.join_lateral(JoinType::LeftJoin, one, name, Expr::cust("TRUE"));
        } else {
            select.join_as(JoinType::LeftJoin, join.node_type.table, name, is_referenced);
        }
    }
}

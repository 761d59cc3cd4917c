//! Pages of lists whose filter looks at related rows, on SQLite.
//!
//! SQLite evaluates `id IN (SELECT ...)` by materializing all matching rows before it sorts them. If many rows match, it is
//! faster to scan the list in its order and test each row with `EXISTS`; if few match, materializing is faster. Which it is
//! cannot be known in advance. A limited number of rows is therefore scanned first, and the matches are only materialized if the
//! scan does not fill the page. Both happen in one statement. PostgreSQL plans such lists well by itself.

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause};

use crate::graphql::filter::always_true;

/// Maximum number of rows scanned per requested row. To test them all takes a fraction of the time of materializing where
/// one row in this many matches.
const MAX_SCANNED_PER_ROW: u64 = 50;

const SCANNED: &str = "scanned";
const CANDIDATES: &str = "next";
const TOO_FEW: &str = "few";

/// A filter as a test of one row: related rows are matched by `EXISTS`.
#[derive(Clone, Debug)]
pub(crate) struct RowTest {
    pub(crate) condition: Expr,
    /// The condition tests columns of the row besides its id.
    pub(crate) tests_columns: bool,
}

/// Restricts a select of rows of a table to the rows of a page, in the order of the list. The filter is given as a test of one row and
/// as a set of rows. `seek_and_order` sorts a select in the order of the list and restricts it to rows beyond the cursor.
pub(crate) fn restrict(
    select: &mut SelectStatement,
    table: &'static str,
    test: &RowTest,
    set_condition: Option<&Expr>,
    seek_and_order: impl Fn(&mut SelectStatement),
    limit: u64,
) {
    let id = || Expr::col((table, "id"));
    let mut candidates = Query::select().expr(id()).from(table).take();
    seek_and_order(&mut candidates);
    candidates.limit(MAX_SCANNED_PER_ROW * limit);
    // SQLite keeps the order of a subquery, and that of the left side of a cross join: the first matches are the next of the list.
    let mut scanned = Query::select();
    scanned.expr(id()).and_where(test.condition.clone()).limit(limit);
    if test.tests_columns {
        scanned.from_subquery(candidates, CANDIDATES).cross_join(table).and_where(id().equals((CANDIDATES, "id")));
    } else {
        // An index has the ids in this order, so the rows themselves are not read.
        scanned.from_subquery(candidates, table);
    }
    let found = Expr::cust("(SELECT COUNT(*) FROM \"scanned\")");
    // A row to join with, only if the scan found too few. As a plain condition SQLite would test it after materializing.
    let too_few = Query::select().expr(always_true()).and_where(found.clone().lt(limit)).take();
    let mut materialized = Query::select().expr(id()).from_subquery(too_few, TOO_FEW).cross_join(table).take();
    materialized.and_where_option(set_condition.cloned());
    seek_and_order(&mut materialized);
    materialized.limit(limit);
    // In SQLite a part of a UNION may have an order and a limit only as a subquery.
    let materialized = Query::select().column("id").from_subquery(materialized, "all").take();
    let page = Query::select()
        .column("id")
        .from(SCANNED)
        .and_where(found.eq(limit))
        .union(UnionType::All, materialized)
        .take();
    let scanned = CommonTableExpression::new().table_name(SCANNED).query(scanned).materialized(true).to_owned();
    select
        .with_cte(WithClause::new().cte(scanned).to_owned())
        .from_clear()
        .from_subquery(page, CANDIDATES)
        .cross_join(table)
        .and_where(id().equals((CANDIDATES, "id")));
}

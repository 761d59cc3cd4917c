//! Pages of lists whose filter looks at related rows, on SQLite.
//!
//! SQLite evaluates `id IN (SELECT ...)` by materializing all matching rows before it sorts them. If many rows match, it is
//! faster to scan the list in its order and test each row with `EXISTS`; if few match, materializing is faster. Which it is
//! cannot be known in advance. A [`SqliteScan`] therefore scans a limited number of rows first, and only materializes the
//! matches if the scan does not fill the page. Both happen in one statement. PostgreSQL plans such lists well by itself.

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause};

use crate::graphql::filter::always_true;

/// Maximum number of rows scanned per requested row. To test them all takes a fraction of the time of materializing where
/// one row in this many matches.
const MAX_SCANNED_PER_ROW: u64 = 50;

const SCANNED: &str = "walked";
const CANDIDATES: &str = "next";
const TOO_FEW: &str = "few";

/// A page that is read by a scan, with materializing as the fallback.
pub(crate) struct SqliteScan<F: Fn(&mut SelectStatement)> {
    /// The filter as a test of one row (`EXISTS`).
    pub(crate) row_condition: Expr,
    /// The filter as a set of rows (`IN`).
    pub(crate) set_condition: Option<Expr>,
    /// Sorts a select in the order of the list and restricts it to rows beyond the cursor.
    pub(crate) seek_and_order: F,
    /// Number of rows requested.
    pub(crate) limit: u64,
}

impl<F: Fn(&mut SelectStatement)> SqliteScan<F> {
    /// Restricts a select of rows of a table to the rows of the page.
    pub(crate) fn restrict(&self, table: &'static str, select: &mut SelectStatement) {
        let id = || Expr::col((table, "id"));
        let mut candidates = Query::select().expr(id()).from(table).take();
        (self.seek_and_order)(&mut candidates);
        candidates.limit(MAX_SCANNED_PER_ROW * self.limit);
        // SQLite keeps the order of a cross join and that of its left side, so the first matches are the next of the list.
        let scanned = Query::select()
            .expr(id())
            .from_subquery(candidates, CANDIDATES)
            .cross_join(table)
            .and_where(id().equals((CANDIDATES, "id")))
            .and_where(self.row_condition.clone())
            .limit(self.limit)
            .take();
        let found = Expr::cust("(SELECT COUNT(*) FROM \"walked\")");
        // A row to join with, only if the scan found too few. As a plain condition SQLite would test it after materializing.
        let too_few = Query::select().expr(always_true()).and_where(found.clone().lt(self.limit)).take();
        let mut materialized = Query::select().expr(id()).from_subquery(too_few, TOO_FEW).cross_join(table).take();
        materialized.and_where_option(self.set_condition.clone());
        (self.seek_and_order)(&mut materialized);
        materialized.limit(self.limit);
        // In SQLite a part of a UNION may have an order and a limit only as a subquery.
        let materialized = Query::select().column("id").from_subquery(materialized, CANDIDATES).take();
        let page = Query::select()
            .column("id")
            .from(SCANNED)
            .and_where(found.eq(self.limit))
            .union(UnionType::All, materialized)
            .take();
        let scanned = CommonTableExpression::new().table_name(SCANNED).query(scanned).materialized(true).to_owned();
        select.with_cte(WithClause::new().cte(scanned).to_owned()).and_where(id().in_subquery(page));
    }
}

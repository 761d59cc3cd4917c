//! Pages of lists whose filter asks for related rows, on SQLite.
//!
//! It answers `id IN (SELECT ...)` by gathering all rows that pass before it orders the first of them. Where many pass, a page of
//! them comes sooner from asking each row in the order of the list; where few do, from gathering. Which it is shows on the way:
//! a number of rows is walked by, and only where they do not give a page are all gathered.

use sea_orm::EntityTrait;
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause};

use crate::graphql::filter::{id_of, truth};

/// The rows that are walked by for each one that is asked for. To ask them all takes a fraction of what gathering takes
/// where one in so many passes.
const BY: u64 = 50;

const WALKED: &str = "walked";
const NEXT: &str = "next";
const FEW: &str = "few";

/// What a list is read by.
pub(crate) struct SqliteScan<F: Fn(&mut SelectStatement)> {
    /// What is asked of each row.
    pub(crate) asked: Expr,
    /// What is true of all rows that pass.
    pub(crate) gathered: Option<Expr>,
    /// Puts a select into the order of the list, behind the cursor.
    pub(crate) place: F,
    /// How many rows are wanted.
    pub(crate) rows: u64,
}

impl<F: Fn(&mut SelectStatement)> SqliteScan<F> {
    /// Narrows a select of rows of `E` to those wanted.
    pub(crate) fn narrow<E: EntityTrait>(&self, select: &mut SelectStatement) {
        let id = || Expr::col(id_of::<E>());
        let ids = || Query::select().expr(id()).from(E::default()).take();
        let mut next = ids();
        (self.place)(&mut next);
        next.limit(BY * self.rows);
        // SQLite keeps the order of a cross join, and of what stands left in it: the first that pass are the next of the list.
        let walked = Query::select()
            .expr(id())
            .from_subquery(next, NEXT)
            .cross_join(E::default())
            .and_where(id().equals((NEXT, "id")))
            .and_where(self.asked.clone())
            .limit(self.rows)
            .take();
        let found = Expr::cust("(SELECT COUNT(*) FROM \"walked\")");
        // A condition beside the filter would be looked at after all are gathered; without a row to join, nothing is.
        let few = Query::select().expr(truth()).and_where(found.clone().lt(self.rows)).take();
        let mut gathered = Query::select().expr(id()).from_subquery(few, FEW).cross_join(E::default()).take();
        gathered.and_where_option(self.gathered.clone());
        (self.place)(&mut gathered);
        gathered.limit(self.rows);
        // A part of a union has an order and a limit only as a table.
        let gathered = Query::select().column("id").from_subquery(gathered, NEXT).take();
        let all = Query::select()
            .column("id")
            .from(WALKED)
            .and_where(found.eq(self.rows))
            .union(UnionType::All, gathered)
            .take();
        let walked = CommonTableExpression::new().table_name(WALKED).query(walked).materialized(true).to_owned();
        select.with_cte(WithClause::new().cte(walked).to_owned()).and_where(id().in_subquery(all));
    }
}

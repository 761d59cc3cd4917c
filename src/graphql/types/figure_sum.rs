//! Sums of figures by unit.
//!
//! One statement, whatever the number of figures. It selects the rows of the list once, and leaves out those that would be
//! added twice: parts of a figure of the list, and figures that another dataset gives for the same event.

use std::collections::HashMap;

use sea_orm::sea_query::{
    CaseStatement, CommonTableExpression, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, WithClause,
};

use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};
use crate::graphql::schema::object::object;
use crate::graphql::session::SharedError;
use entity::figure::{Column, Entity};
use entity::record::RecordKind;

object! {
    /// Sums of the figures that share one unit, rounded to 12 significant digits. A sum that is too large for a 64-bit number
    /// is null.
    FigureSum {
        /// The unit; null for figures without one. Figures with the same unit may count different things; the facet
        /// `COUNTED_TYPE` counts them by event type.
        unit: Option<String> = own;
        /// Number of figures that are added.
        count: i32 = own;
        /// Sum of `value`; null when no figure has one.
        value: Option<f64> = own;
        /// Sum of the lower bounds: `lower`, or `value` where there is no `lower`. Null when no figure has either.
        lower: Option<f64> = own;
        /// Sum of the upper bounds: `upper`, or `value` where there is no `upper`. Null when no figure has either.
        upper: Option<f64> = own;
    }
}

/// The common table expression with the rows of the list, and a second use of it.
const ROW: &str = "row";
const OTHER: &str = "other";

/// A figure's own record, and the record of its target.
const OWN: &str = "own";
const TARGET: &str = "target";

/// The scale of the numbers while they are added, so that the sum of large ones does not overflow, which is an error in
/// PostgreSQL. A power of two keeps all digits.
const SCALE: f64 = 1.0 / UNSCALE;
const UNSCALE: f64 = 18_446_744_073_709_551_616.0;

/// Adds up the figures of lists.
pub(super) fn list_sums<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let list = call.list()?;
        let rows = list.all_rows(columns(), join_records);
        let statement = statement(rows, list.parent_column());
        let rows = call.session.aggregate(crate::db::build(call.session.dialect().0, &statement)).await?;
        let mut all: HashMap<i64, Vec<Computed>> = HashMap::new();
        for row in rows.iter() {
            let sum = |name| Ok::<_, SharedError>(row.get::<Option<f64>>(name)?.and_then(unscaled).into());
            let fields = [
                ("unit", row.get::<Option<String>>("unit")?.into()),
                ("count", count(row.get("count")?)),
                ("value", sum("value")?),
                ("lower", sum("lower")?),
                ("upper", sum("upper")?),
            ];
            all.entry(list.parent_of(row)?).or_default().push(Computed::object("FigureSum", fields));
        }
        let sums_of = |parent: &i64| (*parent, Computed::List(all.remove(parent).unwrap_or_default()));
        Ok(list.parents().iter().map(sums_of).collect())
    })
}

/// Adds up the rows of lists by unit.
fn statement(rows: SelectStatement, parent: Option<&'static str>) -> SelectStatement {
    let row = |name: &'static str| Expr::col((ROW, name));
    let other = |name: &'static str| Expr::col((OTHER, name));
    let exists = |condition: Expr| {
        let mut others = Query::select().expr(Expr::val(1)).from_as(ROW, OTHER).and_where(condition).take();
        if let Some(parent) = parent {
            others.and_where(other(parent).eq(row(parent)));
        }
        Expr::exists(others)
    };
    let is_part = exists(other("id").eq(row("part_of")));
    let is_preferred = other("foreign").lt(row("foreign")).or(other("dataset").lt(row("dataset")));
    let is_repeated = exists(
        other("event")
            .eq(row("event"))
            .and(other("what").eq(row("what")))
            .and(other("measure").eq(row("measure")))
            .and(is_preferred),
    );
    let mut groups = Query::select();
    groups.columns(parent).column("unit").expr_as(Expr::cust("COUNT(*)"), "count");
    for name in ["value", "lower", "upper"] {
        groups.expr_as(Func::sum(row(name)), name);
    }
    groups
        .from(ROW)
        .and_where(row("part_of").is_null().or(is_part.not()))
        .and_where(row("foreign").eq(0).or(is_repeated.not()))
        .group_by_columns(parent)
        .group_by_col("unit")
        .order_by_expr(row("unit").is_null(), Order::Asc)
        .order_by("unit", Order::Asc);
    let rows = CommonTableExpression::new().table_name(ROW).query(rows).to_owned();
    groups.with_cte(WithClause::new().cte(rows).to_owned());
    groups
}

/// The scaled numbers of figures, and what tells that two of them are one number.
fn columns() -> [(Expr, &'static str); 11] {
    let column = |column| Expr::col((Entity, column));
    let or_value = |bound| Expr::from(Func::coalesce([column(bound), column(Column::Value)])).mul(SCALE);
    let dataset = |record| Expr::col((record, "dataset_id"));
    // A figure of another dataset than its event, because the event was merged or because the figure was added to it.
    let foreign = CaseStatement::new().case(dataset(OWN).ne(dataset(TARGET)), 1).finally(0);
    [
        (column(Column::Id), "id"),
        (column(Column::Unit), "unit"),
        (column(Column::Value).mul(SCALE), "value"),
        (or_value(Column::Lower), "lower"),
        (or_value(Column::Upper), "upper"),
        (column(Column::PartOfId), "part_of"),
        (column(Column::TargetId), "event"),
        (Func::coalesce([column(Column::CountedType), column(Column::Counted)]).into(), "what"),
        (Func::coalesce([column(Column::Unit), Expr::val("")]).into(), "measure"),
        (dataset(OWN), "dataset"),
        (foreign.into(), "foreign"),
    ]
}

/// Joins the records of figures and of the events that have them.
fn join_records(select: &mut SelectStatement) {
    let column = |column| Expr::col((Entity, column));
    let id = |record| Expr::col((record, "id"));
    let is_event = column(Column::TargetKind).eq(RecordKind::Event);
    let of_target = id(TARGET).eq(column(Column::TargetId)).and(is_event);
    select.join_as(JoinType::LeftJoin, "record", OWN, id(OWN).eq(column(Column::Id)));
    select.join_as(JoinType::LeftJoin, "record", TARGET, of_target);
}

/// Undoes the scale, and rounds to 12 significant digits: the databases add in different orders, which changes the last
/// digits. Returns `None` if the sum is too large for a number.
fn unscaled(sum: f64) -> Option<f64> {
    let sum = sum * UNSCALE;
    Some(format!("{sum:.11e}").parse().unwrap_or(sum)).filter(|sum: &f64| sum.is_finite())
}

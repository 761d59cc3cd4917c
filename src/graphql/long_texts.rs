//! Reads long texts, within the budget of the response.
//!
//! A page of articles can have more text than the memory of the server. The database adds up the lengths, which it knows without
//! reading the texts, and returns only texts that fit.

use std::collections::HashMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query};

use crate::graphql::session::{Session, SharedError};

/// The texts of one row: each column with its text.
pub(crate) type RowTexts = Vec<(&'static str, Option<String>)>;

/// Returns the texts of rows by id. `columns` are text columns of the table. When the texts are larger than the budget of the
/// response allows, the request is stopped.
pub(crate) async fn read_texts(
    session: &Session,
    table: &'static str,
    columns: &[&'static str],
    ids: &[i64],
) -> Result<HashMap<i64, RowTexts>, SharedError> {
    const BYTES_READ: &str = "bytes_read";
    let length = |column: &&str| format!("COALESCE(octet_length(\"{table}\".\"{column}\"), 0)");
    let lengths = columns.iter().map(length).collect::<Vec<_>>().join(" + ");
    let bytes_read = Expr::cust(format!("CAST(SUM({lengths}) OVER (ORDER BY \"{table}\".\"id\") AS BIGINT)"));
    let budget = session.budget();
    let left = budget.map_or(i64::MAX, |budget| i64::try_from(budget.texts_left()).unwrap_or(i64::MAX));
    let mut select = Query::select();
    select.column((table, "id")).expr_as(bytes_read.clone(), BYTES_READ);
    for column in columns {
        let fitting = CaseStatement::new().case(bytes_read.clone().lte(left), Expr::col((table, *column)));
        select.expr_as(fitting, *column);
    }
    let dialect = session.dialect();
    select.from(table).and_where(dialect.is_one_of(Expr::col((table, "id")), dialect.numbers(ids)));
    let (mut texts, mut total) = (HashMap::new(), 0_i64);
    for row in session.all(&select).await?.iter() {
        total = std::cmp::max(total, row.get(BYTES_READ)?);
        let read = columns.iter().map(|column| Ok((*column, row.get(column)?)));
        texts.insert(row.get("id")?, read.collect::<Result<RowTexts, sea_orm::DbErr>>()?);
    }
    if let Some(budget) = budget {
        budget.add_texts(usize::try_from(total).unwrap_or(usize::MAX)).await;
    }
    Ok(texts)
}

//! The coverage of an event: numbers of articles, statements, speakers and accounts.

use entity::{account, evidence, participation, statement, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::db::LIST;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, Values, count};
use crate::graphql::schema::object::object;
use crate::graphql::session::SharedError;

object! {
    /// The coverage of one event, as separate numbers of articles, statements, speakers and accounts.
    Coverage {
        /// Number of articles with evidence of the event, of a participation in it or of an account of it.
        articles: i32 = own;
        /// Number of statements about the event.
        statements: i32 = own;
        /// Number of actors that make statements about the event. Each actor is counted once. Statements without a
        /// speaker are ignored.
        speakers: i32 = own;
        /// Number of accounts: versions of the event that exclude each other.
        accounts: i32 = own;
    }
}

/// Computes the coverage of events.
pub(crate) fn coverages<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let dialect = call.session.dialect();
        let number = |aggregate: &'static str, select: &mut SelectStatement| {
            let number = select.expr(Expr::cust(aggregate)).take();
            Expr::SubQuery(None, Box::new(number.into()))
        };
        let statements = || {
            Query::select()
                .from(statement::Entity)
                .and_where(
                    Expr::col((statement::Entity, statement::Column::Id)).in_subquery(
                        Query::select()
                            .column((statement_about::Entity, statement_about::Column::StatementId))
                            .from(statement_about::Entity)
                            .and_where(
                                Expr::col((statement_about::Entity, statement_about::Column::TargetId))
                                    .eq(dialect.item()),
                            )
                            .take(),
                    ),
                )
                .take()
        };
        let parts = Query::select()
            .expr(dialect.item())
            .union(
                UnionType::All,
                ids_of_event(participation::Column::Id, participation::Column::EventId, dialect.item()),
            )
            .union(UnionType::All, ids_of_event(account::Column::Id, account::Column::EventId, dialect.item()))
            .take();
        let evidence = Query::select()
            .from(evidence::Entity)
            .and_where(Expr::col((evidence::Entity, evidence::Column::TargetId)).in_subquery(parts))
            .take();
        let mut accounts = Query::select();
        accounts
            .from(account::Entity)
            .and_where(Expr::col((account::Entity, account::Column::EventId)).eq(dialect.item()));
        let select = Query::select()
            .expr_as(dialect.item(), "event")
            .expr_as(number("COUNT(DISTINCT article_id)", &mut evidence.clone()), "articles")
            .expr_as(number("COUNT(*)", &mut statements()), "statements")
            .expr_as(number("COUNT(DISTINCT speaker_id)", &mut statements()), "speakers")
            .expr_as(number("COUNT(*)", &mut accounts), "accounts")
            .from_function(dialect.table(dialect.numbers(call.ids)), LIST)
            .take();
        let mut all = Values::new();
        for row in call.session.all(&select).await?.iter() {
            let names = ["articles", "statements", "speakers", "accounts"];
            let numbers = names.iter().map(|name| Ok((*name, count(row.get(name)?))));
            let fields = numbers.collect::<Result<Vec<_>, SharedError>>()?;
            all.insert(row.get("event")?, Computed::object("Coverage", fields));
        }
        Ok(all)
    })
}

/// Selects the ids of the rows that belong to an event.
fn ids_of_event<C: sea_orm::ColumnTrait>(id: C, event: C, event_id: Expr) -> SelectStatement {
    Query::select()
        .expr(Expr::col((id.entity_name(), id.as_str())))
        .from(id.entity_name())
        .and_where(Expr::col((event.entity_name(), event.as_str())).eq(event_id))
        .take()
}

//! The coverage of an event: numbers of articles, statements, speakers and accounts.

use std::collections::HashMap;

use async_graphql::{Context, SimpleObject};
use entity::{account, event, evidence, participation, statement, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::db::LIST;
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture};

/// The coverage of one event, as separate numbers of articles, statements, speakers and accounts.
#[derive(Clone, Default, SimpleObject)]
pub struct Coverage {
    /// Number of articles with evidence of the event, of a participation in it or of an account of it.
    articles: i32,
    /// Number of statements about the event.
    statements: i32,
    /// Number of actors that make statements about the event. Each actor is counted once. Statements without a
    /// speaker are ignored.
    speakers: i32,
    /// Number of accounts: versions of the event that exclude each other.
    accounts: i32,
}

/// Returns the coverage of an event; it is counted for the event's whole batch in one SQL statement.
pub(crate) async fn coverage(row: &Row<event::Entity>, ctx: &Context<'_>) -> Result<Coverage, SharedError> {
    let all = row.load_for_batch(ctx, async |rows| {
        let events: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        of_events(session(ctx)?, &events).await
    });
    Ok(all.await?.get(&row.id.0).cloned().unwrap_or_default())
}

/// Computes the coverage of events.
pub(crate) fn coverages<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let found = of_events(call.session, call.ids).await?;
        let value = |one: Coverage| {
            Computed::object(
                "Coverage",
                [
                    ("articles", one.articles.into()),
                    ("statements", one.statements.into()),
                    ("speakers", one.speakers.into()),
                    ("accounts", one.accounts.into()),
                ],
            )
        };
        Ok(found.into_iter().map(|(id, one)| (id, value(one))).collect())
    })
}

/// Counts the coverage of events in one statement.
async fn of_events(session: &Session, events: &[i64]) -> Result<HashMap<i64, Coverage>, SharedError> {
        let dialect = session.dialect();
        let count = |aggregate: &'static str, select: &mut SelectStatement| {
            let count = select.expr(Expr::cust(aggregate)).take();
            Expr::SubQuery(None, Box::new(count.into()))
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
            .expr_as(count("COUNT(DISTINCT article_id)", &mut evidence.clone()), "articles")
            .expr_as(count("COUNT(*)", &mut statements()), "statements")
            .expr_as(count("COUNT(DISTINCT speaker_id)", &mut statements()), "speakers")
            .expr_as(count("COUNT(*)", &mut accounts), "accounts")
            .from_function(dialect.table(dialect.numbers(events)), LIST)
            .take();
        let mut all: HashMap<i64, Coverage> = HashMap::new();
        for row in session.all(&select).await?.iter() {
            let number = |name| Ok::<_, SharedError>(i32::try_from(row.get::<i64>(name)?).unwrap_or(i32::MAX));
            let coverage = Coverage {
                articles: number("articles")?,
                statements: number("statements")?,
                speakers: number("speakers")?,
                accounts: number("accounts")?,
            };
            all.insert(row.get("event")?, coverage);
        }
        Ok(all)
}

/// Selects the ids of the rows that belong to an event.
fn ids_of_event<C: sea_orm::ColumnTrait>(id: C, event: C, event_id: Expr) -> SelectStatement {
    Query::select()
        .expr(Expr::col((id.entity_name(), id.as_str())))
        .from(id.entity_name())
        .and_where(Expr::col((event.entity_name(), event.as_str())).eq(event_id))
        .take()
}

//! What is asked of whole lists, whatever the page: how many rows they have, and what facets, histograms and sums go through.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};

use crate::db::LIST;
use crate::graphql::connection::loader::{ConnectionLoader, PAGE, PARENT};
use crate::graphql::loading::batch::NodeType;
use crate::graphql::loading::session::{Session, SharedError};

impl<T: NodeType> ConnectionLoader<T> {
    /// How many rows the list of each parent has.
    pub(crate) async fn counts(&self, session: &Session) -> Result<Arc<HashMap<i64, i64>>, SharedError> {
        let once = self.counts.get_or_init(|| {
            Box::pin(async {
                // A wrong page is an error although no row of it is read.
                self.list.window.size()?;
                let mut counts = HashMap::new();
                let mut uncounted = self.parents().to_vec();
                // A page that has the whole list has counted it.
                if self.is_read && self.list.window.is_at_end() {
                    let read = self.read(session).await?;
                    counts.extend(read.pages.iter().map(|(parent, page)| (*parent, page.rows.len() as i64)));
                    uncounted.retain(|parent| read.pages.get(parent).is_some_and(|page| page.more));
                }
                if uncounted.is_empty() {
                    return Ok(Arc::new(counts));
                }
                let dialect = session.dialect();
                let condition = self.condition(session).await?.test;
                let mut count = Query::select();
                count.expr(Expr::cust("COUNT(*)")).from(T::Entity::default()).and_where_option(condition);
                let select = match &self.list.link {
                    Some(link) => {
                        count.and_where(link(dialect.item()));
                        Query::select()
                            .expr_as(dialect.item(), PARENT)
                            .expr_as(Expr::SubQuery(None, Box::new(count.into())), "count")
                            .from_function(dialect.keys(&uncounted), LIST)
                            .take()
                    }
                    None => {
                        let mut select = count;
                        select.clear_selects();
                        select.expr_as(Expr::cust("COUNT(*)"), "count");
                        select
                    }
                };
                for row in session.all(&select).await? {
                    counts.insert(self.parent(&row)?, row.try_get("", "count")?);
                }
                Ok(Arc::new(counts))
            })
        });
        once.await.clone()
    }

    /// Selects `columns` of all rows of the list, whatever the page, and the parent of each row where there are parents.
    /// `narrow` adds joins, or tests that the filter does not have.
    pub(crate) async fn over_all(
        &self,
        session: &Session,
        columns: impl IntoIterator<Item = (Expr, &'static str)>,
        narrow: impl Fn(&mut SelectStatement),
    ) -> Result<SelectStatement, SharedError> {
        // A wrong page is an error although no row of it is read.
        self.list.window.size()?;
        let condition = self.condition(session).await?.test;
        let dialect = session.dialect();
        let mut select = Query::select();
        for (column, name) in columns {
            select.expr_as(column, name);
        }
        let (Some(parents), Some(link)) = (&self.parents, &self.list.link) else {
            select.from(T::Entity::default()).and_where_option(condition);
            narrow(&mut select);
            return Ok(select);
        };
        if dialect.has_lateral() {
            select.from(T::Entity::default()).and_where(link(dialect.item())).and_where_option(condition);
            narrow(&mut select);
            return Ok(Query::select()
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.keys(parents), LIST)
                .join_lateral(JoinType::InnerJoin, select, PAGE, Expr::cust("TRUE"))
                .take());
        }
        let inner = Query::select()
            .expr(self.id())
            .from(T::Entity::default())
            .and_where(link(dialect.item()))
            .and_where_option(condition)
            .take();
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.keys(parents), LIST)
            .cross_join(T::Entity::default())
            .and_where(self.id().in_subquery(inner));
        narrow(&mut select);
        Ok(select)
    }
}

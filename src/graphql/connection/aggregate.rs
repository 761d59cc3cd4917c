//! Queries over the whole list, regardless of the page: the total count, and the rows that facets, histograms and sums
//! aggregate.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};

use crate::db::LIST;
use crate::graphql::connection::loader::{ConnectionLoader, PAGE, PARENT};
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::session::{Session, SharedError};

impl<T: NodeType> ConnectionLoader<T> {
    /// Returns the number of rows in the list of each parent. A parent without rows may be missing.
    pub(crate) async fn counts(&self, session: &Session) -> Result<Arc<HashMap<i64, i64>>, SharedError> {
        let counts = self.counts.get_or_init(|| {
            Box::pin(async {
                // Invalid pagination arguments are an error even if the page is not read.
                self.args.page.size()?;
                let mut counts = HashMap::new();
                let mut uncounted = self.parents().to_vec();
                // A page that contains the whole list has been counted by reading it.
                if self.reads_page && self.args.page.is_at_end() {
                    let loaded = self.load(session).await?;
                    counts.extend(loaded.pages.iter().map(|(parent, page)| (*parent, page.rows.len() as i64)));
                    uncounted.retain(|parent| loaded.pages.get(parent).is_some_and(|page| page.has_more));
                }
                if uncounted.is_empty() {
                    return Ok(Arc::new(counts));
                }
                let dialect = session.dialect();
                let condition = self.condition(session).await?.set_condition;
                let mut count = Query::select();
                count.expr(Expr::cust("COUNT(*)")).from(T::Entity::default()).and_where_option(condition);
                let select = match &self.args.parent_condition {
                    Some(parent_condition) => {
                        count.and_where(parent_condition(dialect.item()));
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
                for row in session.all(&select).await?.iter() {
                    counts.insert(self.parent(row)?, row.get("count")?);
                }
                Ok(Arc::new(counts))
            })
        });
        counts.await.clone()
    }

    /// Builds a select of `columns` from all rows of the list, regardless of the page, with the parent of each row if the list
    /// has parents. `narrow` adds joins, or conditions that are not part of the filter.
    pub(crate) async fn select_all_rows(
        &self,
        session: &Session,
        columns: impl IntoIterator<Item = (Expr, &'static str)>,
        narrow: impl Fn(&mut SelectStatement),
    ) -> Result<SelectStatement, SharedError> {
        // Invalid pagination arguments are an error even if the page is not read.
        self.args.page.size()?;
        let condition = self.condition(session).await?.set_condition;
        let dialect = session.dialect();
        let mut select = Query::select();
        for (column, name) in columns {
            select.expr_as(column, name);
        }
        let (Some(parents), Some(parent_condition)) = (&self.parents, &self.args.parent_condition) else {
            select.from(T::Entity::default()).and_where_option(condition);
            narrow(&mut select);
            return Ok(select);
        };
        if dialect.has_lateral() {
            select.from(T::Entity::default()).and_where(parent_condition(dialect.item())).and_where_option(condition);
            narrow(&mut select);
            return Ok(Query::select()
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.keys(parents), LIST)
                .join_lateral(JoinType::InnerJoin, select, PAGE, Expr::cust("TRUE"))
                .take());
        }
        let ids = Query::select()
            .expr(self.id())
            .from(T::Entity::default())
            .and_where(parent_condition(dialect.item()))
            .and_where_option(condition)
            .take();
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.keys(parents), LIST)
            .cross_join(T::Entity::default())
            .and_where(self.id().in_subquery(ids));
        narrow(&mut select);
        Ok(select)
    }
}

//! Relay connections: the fields of a list, none of which reads or counts what is not selected.

pub(crate) mod aggregate;
pub mod facets;
pub mod histogram;
pub mod keyset;
pub mod loader;
pub(crate) mod page_args;
pub(crate) mod sqlite_scan;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject, TypeName};
use sea_orm::EntityTrait;

use crate::graphql::connection::facets::{Facet, facets};
use crate::graphql::connection::loader::{ConnectionArgs, ConnectionLoader, LoadedPages, ROOT};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::resolve::{ResolvedList, ResolvedObject};
use crate::graphql::loading::batch::{NodeType, Once, Row};
use crate::graphql::loading::projection::{Projection, below};
use crate::graphql::loading::session::{SharedError, session};

/// A page of a list, as in the Relay Cursor Connections Specification.
#[derive(Clone)]
pub struct Connection<T: NodeType> {
    pub(super) pages: Arc<ConnectionLoader<T>>,
    pub(super) parent: i64,
}

impl<T: NodeType> Connection<T> {
    /// A list at the root.
    pub(crate) fn root(ctx: &Context<'_>, list: ConnectionArgs<T>) -> ResolvedObject<Self> {
        ResolvedObject(Self { pages: Arc::new(Self::pages(ctx, list, None)), parent: ROOT })
    }

    /// A list of the rows that belong to this one, read for its whole batch at once.
    pub(crate) fn of<E>(
        row: &Row<E>,
        ctx: &Context<'_>,
        id: fn(&E::Model) -> i64,
        list: impl FnOnce() -> ConnectionArgs<T>,
    ) -> ResolvedObject<Self>
    where
        E: EntityTrait<Model: Send + Sync>,
    {
        let pages = row.batch().load((ctx.item.pos, "many"), || {
            let mut parents: Vec<i64> = row.siblings().iter().map(id).collect();
            parents.sort_unstable();
            parents.dedup();
            Self::pages(ctx, list(), Some(parents))
        });
        ResolvedObject(Self { pages, parent: id(row) })
    }

    /// The list that is being resolved, of which what is selected is read.
    fn pages(ctx: &Context<'_>, list: ConnectionArgs<T>, parents: Option<Vec<i64>>) -> ConnectionLoader<T> {
        let is_read =
            ["nodes", "edges", "pageInfo", "suggestions"].iter().any(|name| !below(&[ctx.field()], name).is_empty());
        ConnectionLoader::new(list, parents, Projection::list(ctx), is_read)
    }

    async fn page(&self, ctx: &Context<'_>) -> Result<Arc<LoadedPages<T>>, SharedError> {
        self.pages.read(session(ctx)?).await
    }
}

impl<T: NodeType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", <T as async_graphql::OutputType>::type_name()).into()
    }
}

/// A page of a list (Relay Cursor Connections Specification). Nothing is read or counted that is not selected.
#[Object(name_type)]
impl<T: NodeType> Connection<T> {
    /// The rows of the page with their cursors.
    async fn edges(&self, ctx: &Context<'_>) -> Result<ResolvedList<Edge<T>>, SharedError> {
        Ok(ResolvedList(Edge::all(&self.page(ctx).await?, self.parent)))
    }

    /// The rows of the page, without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<ResolvedList<T>, SharedError> {
        let read = self.page(ctx).await?;
        let Some(page) = read.pages.get(&self.parent) else { return Ok(ResolvedList::default()) };
        Ok(ResolvedList(page.rows.iter().map(|at| T::of(Row::new(&read.batch, *at))).collect()))
    }

    /// Where the page stands in the list.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, SharedError> {
        let read = self.page(ctx).await?;
        let page = read.pages.get(&self.parent);
        let ends = page.and_then(|page| Some((read.cursor(*page.rows.first()?), read.cursor(*page.rows.last()?))));
        Ok(PageInfo::new(&self.pages.list.window, ends, page.is_some_and(|page| page.more)))
    }

    /// How many rows the whole list has, whatever the page. Counted only when selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, SharedError> {
        let counts = self.pages.counts(session(ctx)?).await?;
        let count = counts.get(&self.parent).copied().unwrap_or(0);
        // GraphQL's Int ends there, and a list of two thousand million rows is not counted by reading it.
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// "Did you mean": names at hand that are near the names that the filter asks for, when the page is empty; at most 5 for
    /// each of the first 4 names. Looked for only when selected.
    async fn suggestions(&self, ctx: &Context<'_>) -> Result<Vec<String>, SharedError> {
        let read = self.page(ctx).await?;
        if read.pages.get(&self.parent).is_some_and(|page| !page.rows.is_empty()) {
            return Ok(Vec::new());
        }
        self.pages.suggestions(session(ctx)?).await
    }

    /// How many rows of the whole list, whatever the page, have each value: a facet for each name in `by`, in its order. Errors:
    /// `LIMIT` for more than 20 facets or 500 values.
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By what to count.")] by: Vec<T::Facet>,
        #[graphql(desc = "How many values of each, the most frequent; 0 to 500.", default = 10)] first: i32,
    ) -> Result<Vec<Facet>, SharedError> {
        let once = self.pages.loads.load::<Once<HashMap<i64, Vec<Facet>>>>((ctx.item.pos, "facets"), Once::new);
        let load = async || {
            let missing = !below(&[ctx.field()], "missing").is_empty();
            Box::pin(facets(&self.pages, session(ctx)?, &by, first, missing)).await
        };
        let all = once.get_or_init(load).await;
        all.as_ref().map(|all| all.get(&self.parent).cloned().unwrap_or_default()).map_err(Clone::clone)
    }

    #[graphql(flatten)]
    async fn chart(&self) -> T::Chart {
        self.clone().into()
    }
}

/// A row of a list with its cursor.
pub struct Edge<T: NodeType> {
    read: Arc<LoadedPages<T>>,
    at: usize,
    node: T,
}

impl<T: NodeType> Edge<T> {
    /// The rows of a parent with their cursors.
    pub(super) fn all(read: &Arc<LoadedPages<T>>, parent: i64) -> Vec<Self> {
        let Some(page) = read.pages.get(&parent) else { return Vec::new() };
        let edge = |at: &usize| Self { read: Arc::clone(read), at: *at, node: T::of(Row::new(&read.batch, *at)) };
        page.rows.iter().map(edge).collect()
    }

    pub(super) fn row(&self) -> &T {
        &self.node
    }
}

impl<T: NodeType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", <T as async_graphql::OutputType>::type_name()).into()
    }
}

/// A row of a list with its cursor.
#[Object(name_type)]
impl<T: NodeType> Edge<T> {
    /// Opaque; pass it to `after` or `before` of the same list in the same order.
    async fn cursor(&self) -> String {
        self.read.cursor(self.at)
    }

    /// The row.
    async fn node(&self) -> ResolvedObject<T> {
        ResolvedObject(self.node.clone())
    }
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Whether rows follow. Going backward: whether the page was asked for with `before`.
    has_next_page: bool,
    /// Whether rows come before. Going forward: whether the page was asked for with `after`.
    has_previous_page: bool,
    /// Cursor of the first row; null on an empty page.
    start_cursor: Option<String>,
    /// Cursor of the last row; null on an empty page.
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Of a page whose ends have these cursors; `more` rows follow in the direction in which it was read.
    pub(super) fn new(window: &PageArgs, ends: Option<(String, String)>, more: bool) -> Self {
        let (start_cursor, end_cursor) = ends.unzip();
        let backward = window.last.is_some();
        Self {
            has_next_page: if backward { window.before.is_some() } else { more },
            has_previous_page: if backward { more } else { window.after.is_some() },
            start_cursor,
            end_cursor,
        }
    }
}

/// Declares the connections of a noun: fields that take a filter, an order and a page.
macro_rules! has_many {
    ($lists:ident of $entity:ty, named $parent:literal { $($(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $link:expr $(, usually $($key:ident $way:ident $column:expr),+)? ;)+ }) => {
        /// Lists of what belongs to a row.
        pub struct $lists(pub(crate) $crate::graphql::loading::batch::Row<$entity>);

        /// Lists of what belongs to a row.
        #[async_graphql::Object]
        impl $lists {
            $(
                $(#[doc = $doc])+
                #[allow(clippy::too_many_arguments)]
                async fn $name(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Only rows for which this holds.")] filter: Option<Box<<$node_type as $crate::graphql::loading::batch::NodeType>::Filter>>,
                    #[graphql(desc = "In what order, always ended by the id; when left out by date, place in the text or label where the rows have one, else as recorded.")] order_by: Option<Vec<<$node_type as $crate::graphql::loading::batch::NodeType>::Order>>,
                    #[graphql(desc = "How many rows from the start, 0 to 500; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
                    #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
                    #[graphql(desc = "How many rows from the end, 0 to 500.")] last: Option<i32>,
                    #[graphql(desc = "Only rows in front of this cursor.")] before: Option<String>,
                ) -> $crate::graphql::executor::resolve::ResolvedObject<$crate::graphql::connection::Connection<$node_type>> {
                    $crate::graphql::connection::Connection::of(&self.0, ctx, |row| row.id.0, || $crate::graphql::connection::loader::ConnectionArgs {
                        name: concat!($parent, ".", stringify!($name)),
                        link: Some($link),
                        fixed: None,
                        filter,
                        order: order_by,
                        usual: vec![$($(($crate::graphql::connection::keyset::Key::$key(sea_orm::sea_query::Expr::col($column)), $crate::graphql::connection::keyset::Direction::$way)),+)?],
                        window: $crate::graphql::connection::page_args::PageArgs { first, after, last, before },
                    })
                }
            )+
        }
    };
}
pub(crate) use has_many;

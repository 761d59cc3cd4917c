//! Lists as Relay connections: pages, edges, counts, facets and histograms.
//!
//! - `page_args`: the arguments `first`, `after`, `last` and `before`.
//! - [`order_by`], `keyset`, `cursor`: the order of a list, its SQL, and the cursors of its rows.
//! - [`loader`]: loads the pages of a list for all parents of a batch at once. Start reading here.
//! - `sqlite_scan`: pages whose filter looks at related rows, on SQLite.
//! - `aggregate`: queries over the whole list; [`facets`] and [`histogram`] are built on it.
//!
//! Each field loads only what it shows: a connection of which only `totalCount` is selected reads no rows.
//!
//! The macro `has_many!` declares the connections of a node type, `root_fields!` those at the root. The texts of their
//! arguments must be literals, so they are repeated in both and in `Event.participations`; a test compares them.

pub(crate) mod aggregate;
pub(crate) mod cursor;
pub mod facets;
pub(crate) mod has_many;
pub mod histogram;
pub(crate) mod keyset;
pub mod loader;
pub mod order_by;
pub(crate) mod page_args;
pub(crate) mod sqlite_scan;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject, TypeName};
use sea_orm::EntityTrait;

use crate::graphql::connection::facets::{Facet, facets};
use crate::graphql::connection::loader::{ConnectionArgs, ConnectionLoader, LoadedPages, ROOT_PARENT};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::loading::batch::{LoadOnce, Row};
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::{Projection, subselections};
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::plan::computed::Computed;

/// The page of one parent in a list. The loader is shared by all parents of the batch.
#[derive(Clone)]
pub struct Connection<T: NodeType> {
    pub(super) loader: Arc<ConnectionLoader<T>>,
    pub(super) parent: i64,
}

impl<T: NodeType> Connection<T> {
    /// A list at the root.
    pub(crate) fn root(ctx: &Context<'_>, args: ConnectionArgs<T>) -> ResolvedObject<Self> {
        ResolvedObject(Self { loader: Arc::new(Self::new_loader(ctx, args, None)), parent: ROOT_PARENT })
    }

    /// The list of the rows that belong to `row`. It is loaded for all rows of the batch at once; `id` returns the id of one.
    pub(crate) fn for_row<E>(
        row: &Row<E>,
        ctx: &Context<'_>,
        id: fn(&E::Model) -> i64,
        args: impl FnOnce() -> ConnectionArgs<T>,
    ) -> ResolvedObject<Self>
    where
        E: EntityTrait<Model: Send + Sync>,
    {
        let loader = row.batch().get_or_insert_with((ctx.item.pos, "many"), || {
            let mut parents: Vec<i64> = row.siblings().iter().map(id).collect();
            parents.sort_unstable();
            parents.dedup();
            Self::new_loader(ctx, args(), Some(parents))
        });
        ResolvedObject(Self { loader, parent: id(row) })
    }

    /// Creates the loader of the connection that is being resolved.
    fn new_loader(ctx: &Context<'_>, args: ConnectionArgs<T>, parents: Option<Vec<i64>>) -> ConnectionLoader<T> {
        let reads_page = ["nodes", "edges", "pageInfo", "suggestions"]
            .iter()
            .any(|name| !subselections(&[ctx.field()], name).is_empty());
        ConnectionLoader::new(args, parents, Projection::for_connection(ctx), reads_page)
    }

    async fn load(&self, ctx: &Context<'_>) -> Result<Arc<LoadedPages<T>>, SharedError> {
        self.loader.load(session(ctx)?).await
    }
}

impl<T: NodeType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", <T as async_graphql::OutputType>::type_name()).into()
    }
}

/// A page of a list, as defined by the Relay Cursor Connections Specification. Only what is selected is read or counted.
#[Object(name_type)]
impl<T: NodeType> Connection<T> {
    /// Rows of the page, each with its cursor.
    async fn edges(&self, ctx: &Context<'_>) -> Result<ResolvedList<Edge<T>>, SharedError> {
        Ok(ResolvedList(Edge::all(&self.load(ctx).await?, self.parent)))
    }

    /// Rows of the page, without cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<ResolvedList<T>, SharedError> {
        let loaded = self.load(ctx).await?;
        let Some(page) = loaded.pages.get(&self.parent) else { return Ok(ResolvedList::default()) };
        Ok(ResolvedList(page.rows.iter().map(|index| T::from_row(Row::new(&loaded.batch, *index))).collect()))
    }

    /// Cursors of the page's first and last row, and whether there are rows before and after the page.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, SharedError> {
        let loaded = self.load(ctx).await?;
        let page = loaded.pages.get(&self.parent);
        let ends = page.and_then(|page| Some((loaded.cursor(*page.rows.first()?), loaded.cursor(*page.rows.last()?))));
        Ok(PageInfo::new(&self.loader.args.page, ends, page.is_some_and(|page| page.has_more)))
    }

    /// Number of rows in the whole list, regardless of the page. Counted only if selected; at most 2147483647.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, SharedError> {
        let counts = self.loader.counts(session(ctx)?).await?;
        let count = counts.get(&self.parent).copied().unwrap_or(0);
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// Spelling suggestions ("did you mean") if the page is empty: existing names similar to the names in the filter, at most 5
    /// for each of the first 4 names. Empty if the page has rows. Looked up only if selected.
    async fn suggestions(&self, ctx: &Context<'_>) -> Result<Vec<String>, SharedError> {
        let loaded = self.load(ctx).await?;
        if loaded.pages.get(&self.parent).is_some_and(|page| !page.rows.is_empty()) {
            return Ok(Vec::new());
        }
        self.loader.suggestions(session(ctx)?).await
    }

    /// Counts the rows of the whole list by value, regardless of the page. Returns one facet for each entry of `by`, in the same
    /// order. Errors: `LIMIT` for more than 20 facets or a `first` above 500, `BAD_INPUT` for a negative `first`.
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Properties to count by, at most 20.")] by: Vec<T::Facet>,
        #[graphql(desc = "Maximum number of values per facet, the most frequent first: 0 to 500.", default = 10)]
        first: i32,
    ) -> Result<ResolvedList<Facet>, SharedError> {
        let cache = &self.loader.cache;
        let all =
            cache.get_or_insert_with::<LoadOnce<HashMap<i64, Vec<Facet>>>>((ctx.item.pos, "facets"), LoadOnce::new);
        let load = async || {
            let with_missing = !subselections(&[ctx.field()], "missing").is_empty();
            Box::pin(facets(&self.loader, session(ctx)?, &by, first, with_missing)).await
        };
        let all = all.get_or_init(load).await;
        all.as_ref().map(|all| ResolvedList(all.get(&self.parent).cloned().unwrap_or_default())).map_err(Clone::clone)
    }

    #[graphql(flatten)]
    async fn connection_fields(&self) -> T::ConnectionFields {
        self.clone().into()
    }
}

/// A row of a page and its cursor.
pub struct Edge<T: NodeType> {
    loaded: Arc<LoadedPages<T>>,
    index: usize,
    node: T,
}

impl<T: NodeType> Edge<T> {
    /// Returns the rows of a parent's page.
    pub(super) fn all(loaded: &Arc<LoadedPages<T>>, parent: i64) -> Vec<Self> {
        let Some(page) = loaded.pages.get(&parent) else { return Vec::new() };
        let edge = |index: &usize| {
            let node = T::from_row(Row::new(&loaded.batch, *index));
            Self { loaded: Arc::clone(loaded), index: *index, node }
        };
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

/// A row of a page and its cursor.
#[Object(name_type)]
impl<T: NodeType> Edge<T> {
    /// Opaque cursor of the row. Pass it to `after` or `before` of the same list with the same `orderBy`.
    async fn cursor(&self) -> String {
        self.loaded.cursor(self.index)
    }

    /// The row.
    async fn node(&self) -> ResolvedObject<T> {
        ResolvedObject(self.node.clone())
    }
}

/// Position of a page in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// True if rows follow the page. When paginating backward (`last`): true if `before` was given.
    has_next_page: bool,
    /// True if rows precede the page. When paginating forward (`first`): true if `after` was given.
    has_previous_page: bool,
    /// Cursor of the first row; null if the page is empty.
    start_cursor: Option<String>,
    /// Cursor of the last row; null if the page is empty.
    end_cursor: Option<String>,
}

impl From<PageInfo> for Computed {
    fn from(page_info: PageInfo) -> Self {
        let fields = [
            ("hasNextPage", page_info.has_next_page.into()),
            ("hasPreviousPage", page_info.has_previous_page.into()),
            ("startCursor", page_info.start_cursor.into()),
            ("endCursor", page_info.end_cursor.into()),
        ];
        Self::object("PageInfo", fields)
    }
}

impl PageInfo {
    /// The position of a page whose first and last row have the cursors `ends`. `has_more` is true if rows follow in the
    /// direction of reading.
    pub(super) fn new(args: &PageArgs, ends: Option<(String, String)>, has_more: bool) -> Self {
        let (start_cursor, end_cursor) = ends.unzip();
        let backward = args.last.is_some();
        Self {
            has_next_page: if backward { args.before.is_some() } else { has_more },
            has_previous_page: if backward { has_more } else { args.after.is_some() },
            start_cursor,
            end_cursor,
        }
    }
}

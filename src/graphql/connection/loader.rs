//! Loads the pages of a list: for one list at the root, or for the lists of all parents of a batch, in one statement.
//!
//! How a list becomes one keyset query:
//!
//! 1. `ConnectionArgs` hold the filter, the order and the page, and how rows belong to a parent.
//! 2. The filter becomes a SQL condition ([`crate::graphql::filter`]). Ids and slugs that do not exist are reported before
//!    the list is read.
//! 3. The order becomes a `Keyset`, and the cursors become a condition on its keys. One row more than requested is read,
//!    which shows whether more rows follow.
//! 4. With parents, the query reads the first rows of each parent by a lateral join (PostgreSQL), or by a subquery for each
//!    parent (SQLite). At the root it is a plain select, or a `SqliteScan`.
//! 5. The rows that foreign keys reference are joined to the rows of the page only.
//!
//! A statement returns for each row: the columns of the node type, the sort keys, the parent if there are parents, and the
//! columns of joined rows.

use std::collections::HashMap;
use std::sync::Arc;

use entity::row::QueryRow;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{EntityName, EntityTrait};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::db::LIST;
use crate::error::{Error, Result};
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::order_by::{Direction, NodeOrder, SortKey};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::connection::sqlite_scan::SqliteScan;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::loading::batch::{Batch, LoadOnce, LoaderCache};
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::search::suggestions;

/// Maximum number of names in a filter for which spelling suggestions are looked up.
const MAX_SUGGESTED_NAMES: usize = 4;

/// Maximum number of sort keys in `orderBy`.
pub(crate) const MAX_SORT_KEYS: usize = 8;

/// Builds the condition for the rows that belong to a parent, from the parent's id.
pub(crate) type ParentCondition = Box<dyn Fn(Expr) -> Expr + Send + Sync>;

/// The arguments of a list.
pub(crate) struct ConnectionArgs<T: NodeType> {
    /// The name of the list in cursors.
    pub(crate) name: &'static str,
    /// The relation of the rows to their parent; `None` for a list at the root.
    pub(crate) parent_condition: Option<ParentCondition>,
    /// A condition on all rows of the list, in addition to the filter.
    pub(crate) base_condition: Option<Expr>,
    /// Boxed, because arguments are part of the future of their field, and one is made for each field of each row.
    pub(crate) filter: Option<Box<T::Filter>>,
    pub(crate) order_by: Option<Vec<T::Order>>,
    /// The order if the query gives none.
    pub(crate) default_order: Vec<(SortKey, Direction)>,
    pub(crate) page: PageArgs,
}

/// The pages of a list for all parents of a batch, each part loaded once on first use.
///
/// The futures of the loads are boxed to keep the resolver futures small: only one parent of the batch runs each load.
pub(crate) struct ConnectionLoader<T: NodeType> {
    pub(crate) args: ConnectionArgs<T>,
    /// The ids of the parents; `None` for a list at the root.
    pub(super) parents: Option<Vec<i64>>,
    projection: Projection<T>,
    /// True if the query selects a field that reads the page.
    pub(super) reads_page: bool,
    /// The results of the connection's fields that take arguments, such as `facets`.
    pub(crate) cache: LoaderCache,
    condition: LoadOnce<Condition>,
    suggestions: LoadOnce<Vec<String>>,
    loaded: LoadOnce<Arc<LoadedPages<T>>>,
    pub(super) counts: LoadOnce<Arc<HashMap<i64, i64>>>,
}

/// The pages of all parents.
pub(crate) struct LoadedPages<T: NodeType> {
    /// The rows of all pages.
    pub(crate) batch: Arc<Batch<T::Entity>>,
    /// The page of each parent that has rows.
    pub(crate) pages: HashMap<i64, Page>,
    keyset: Keyset,
    /// The sort keys of each row. Cursors are encoded when they are selected, which most are not.
    sort_keys: Vec<Vec<Value>>,
}

impl<T: NodeType> LoadedPages<T> {
    /// Creates the pages of a list at the root from rows in the order of their ids.
    pub(crate) fn of_rows(name: &'static str, rows: Arc<Vec<<T::Entity as EntityTrait>::Model>>) -> Arc<Self> {
        let page = Page { rows: (0..rows.len()).collect(), has_more: false };
        let keyset = Keyset::new(name, Vec::new(), Expr::col((T::Entity::default(), "id")));
        let sort_keys = vec![Vec::new(); rows.len()];
        let pages = HashMap::from([(ROOT_PARENT, page)]);
        Arc::new(Self { batch: Batch::of_shared(rows), pages, keyset, sort_keys })
    }

    /// Returns the cursor of the row at an index of the batch.
    pub(crate) fn cursor(&self, index: usize) -> String {
        self.keyset.encode_cursor(&self.sort_keys[index], T::id_of(&self.batch.rows()[index]))
    }
}

/// The condition of a list, and what its filter mentions.
#[derive(Clone, Default)]
pub(crate) struct Condition {
    /// The condition as a set of rows: related rows are matched by `IN`.
    pub(crate) set_condition: Option<Expr>,
    /// The condition as a test of one row: related rows are matched by `EXISTS`. Only present if a scan may be faster.
    pub(crate) row_condition: Option<Expr>,
    /// The names that the filter searches.
    pub(crate) names: Vec<String>,
}

/// The page of one parent.
#[derive(Default)]
pub(crate) struct Page {
    /// Indexes of its rows in the batch, in the order of the list.
    pub(crate) rows: Vec<usize>,
    /// True if more rows follow in the direction of reading.
    pub(crate) has_more: bool,
}

/// The parent of a list at the root.
pub(crate) const ROOT_PARENT: i64 = 0;
pub(super) const PARENT: &str = "parent";
pub(super) const PAGE: &str = "page";

impl<T: NodeType> ConnectionLoader<T> {
    pub(crate) fn new(
        args: ConnectionArgs<T>,
        parents: Option<Vec<i64>>,
        projection: Projection<T>,
        reads_page: bool,
    ) -> Self {
        let size = args.page.size().map_or(0, |(size, _)| size);
        Self {
            args,
            parents,
            projection: projection.for_page_size(size),
            reads_page,
            cache: LoaderCache::default(),
            condition: OnceCell::new(),
            suggestions: OnceCell::new(),
            loaded: OnceCell::new(),
            counts: OnceCell::new(),
        }
    }

    pub(super) fn id(&self) -> Expr {
        Expr::col((T::Entity::default(), "id"))
    }

    fn keyset(&self) -> Keyset {
        let keys = match &self.args.order_by {
            Some(order_by) => order_by.iter().map(|by| (by.key(), by.direction())).collect(),
            None => self.args.default_order.clone(),
        };
        Keyset::new(self.args.name, keys, self.id())
    }

    /// Returns the condition on the rows of any parent, after checking that the ids and slugs in the filter exist.
    pub(crate) async fn condition(&self, session: &Session) -> Result<Condition, SharedError> {
        let condition = self.condition.get_or_init(|| {
            Box::pin(async {
                let with_base = |test: Option<Expr>| {
                    let all = T::scope().into_iter().chain(self.args.base_condition.clone()).chain(test);
                    all.reduce(|left, right| left.and(right))
                };
                let Some(filter) = &self.args.filter else {
                    return Ok(Condition { set_condition: with_base(None), ..Condition::default() });
                };
                let mut context = FilterContext::new(session.dialect());
                let set_condition = with_base(Some(filter.condition(&mut context)?));
                context.check_references(session).await?;
                let mut row_condition = None;
                if self.parents.is_none() && session.can_scan() && context.may_scan() {
                    let mut context = FilterContext::for_scan(session.dialect());
                    row_condition = with_base(Some(filter.condition(&mut context)?));
                }
                Ok(Condition { set_condition, row_condition, names: context.names })
            })
        });
        condition.await.clone()
    }

    /// Loads the pages of all parents. Errors: `BAD_INPUT` or `LIMIT` for invalid arguments, `NOT_FOUND` for an id or slug in
    /// the filter that does not exist.
    pub(crate) async fn load(&self, session: &Session) -> Result<Arc<LoadedPages<T>>, SharedError> {
        let loaded = self.loaded.get_or_init(|| {
            Box::pin(async {
                let page_args = &self.args.page;
                let (size, backward) = page_args.size()?;
                if let Some(order_by) = self.args.order_by.as_ref().filter(|order_by| order_by.len() > MAX_SORT_KEYS) {
                    let count = order_by.len();
                    let message = format!("`orderBy` has {count} sort keys: give at most {MAX_SORT_KEYS}");
                    return Err(Error::Limit(message).into());
                }
                let keyset = self.keyset();
                let after = page_args.after.as_deref().map(|cursor| keyset.parse_cursor(cursor)).transpose()?;
                let before = page_args.before.as_deref().map(|cursor| keyset.parse_cursor(cursor)).transpose()?;
                let condition = self.condition(session).await?;
                // One row more than requested shows whether more rows follow.
                let limit = size as u64 + 1;
                let seek_and_order = |select: &mut SelectStatement| {
                    select.and_where_option(after.as_ref().map(|cursor| keyset.seek(cursor, false)));
                    select.and_where_option(before.as_ref().map(|cursor| keyset.seek(cursor, true)));
                    keyset.order_by(select, backward);
                };
                let restrict = |select: &mut SelectStatement| {
                    select.and_where_option(condition.set_condition.clone());
                    seek_and_order(select);
                    select.limit(limit);
                };
                let select = match (&self.parents, &self.args.parent_condition) {
                    (Some(parents), Some(parent_condition)) => {
                        self.select_by_parent(session, parents, parent_condition, &keyset, backward, restrict)
                    }
                    _ => {
                        let mut select = self.projection.select();
                        keyset.select_keys(&mut select);
                        match condition.row_condition.clone().filter(|_| keyset.is_indexed()) {
                            Some(row_condition) => {
                                let set_condition = condition.set_condition.clone();
                                let scan = SqliteScan { row_condition, set_condition, seek_and_order, limit };
                                scan.restrict(T::Entity::default().table_name(), &mut select);
                                keyset.order_by(&mut select, backward);
                            }
                            None => restrict(&mut select),
                        }
                        self.join_to_page(session, select, &keyset, backward)
                    }
                };
                let results = session.all(&select).await?;
                let (mut rows, mut sort_keys) = (Vec::with_capacity(results.len()), Vec::with_capacity(results.len()));
                let keys_offset = self.projection.column_count();
                let parent_offset = keys_offset + keyset.term_count();
                let joined_offset = parent_offset + usize::from(self.parents.is_some());
                let mut pages: HashMap<i64, Page> = HashMap::new();
                for result in results.iter() {
                    let parent = match self.parents {
                        Some(_) => result.at(parent_offset)?,
                        None => ROOT_PARENT,
                    };
                    let page = pages.entry(parent).or_default();
                    if page.rows.len() == size {
                        page.has_more = true;
                        continue;
                    }
                    page.rows.push(rows.len());
                    rows.push(result);
                    sort_keys.push(keyset.read_keys(result, keys_offset)?);
                }
                let batch = self.projection.read_batch(&rows, joined_offset)?;
                if backward {
                    for page in pages.values_mut() {
                        page.rows.reverse();
                    }
                }
                Ok(Arc::new(LoadedPages { batch, pages, keyset, sort_keys }))
            })
        });
        loaded.await.clone()
    }

    /// Joins the referenced rows to a page. The page is a subquery, so they are looked up for its rows only.
    fn join_to_page(
        &self,
        session: &Session,
        page: SelectStatement,
        keyset: &Keyset,
        backward: bool,
    ) -> SelectStatement {
        if !self.projection.has_joins() {
            return page;
        }
        let mut select = Query::select();
        select.expr(Expr::cust("\"page\".*")).from_subquery(page, PAGE);
        self.projection.join(&mut select, PAGE, session);
        keyset.order_by_aliases(&mut select, backward, PAGE);
        select
    }

    /// Selects the page of each parent. Each page is a short scan of an index, so the other children are not read.
    fn select_by_parent(
        &self,
        session: &Session,
        parents: &[i64],
        parent_condition: &ParentCondition,
        keyset: &Keyset,
        backward: bool,
        restrict: impl Fn(&mut SelectStatement),
    ) -> SelectStatement {
        let dialect = session.dialect();
        if dialect.has_lateral() {
            let mut page = self.projection.select();
            keyset.select_keys(&mut page);
            page.and_where(parent_condition(dialect.item()));
            restrict(&mut page);
            let mut select = Query::select();
            select
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.keys(parents), LIST)
                .join_lateral(JoinType::InnerJoin, page, PAGE, Expr::cust("TRUE"));
            self.projection.join(&mut select, PAGE, session);
            keyset.order_by_aliases(&mut select, backward, PAGE);
            return select;
        }
        let mut page = Query::select();
        page.expr(self.id()).from(T::Entity::default()).and_where(parent_condition(dialect.item()));
        restrict(&mut page);
        let mut select = self.projection.select();
        select.from_clear();
        keyset.select_keys(&mut select);
        // SQLite keeps the order of a cross join: it goes from the parents to their rows and never scans all rows.
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.keys(parents), LIST)
            .cross_join(T::Entity::default())
            .and_where(self.id().in_subquery(page));
        self.projection.join(&mut select, T::Entity::default().table_name(), session);
        keyset.order_by(&mut select, backward);
        select
    }

    /// Returns the parent of a row of a query that selects the column [`PARENT`] if there are parents.
    pub(crate) fn parent(&self, row: QueryRow<'_>) -> Result<i64, SharedError> {
        if self.parents.is_some() { Ok(row.get(PARENT)?) } else { Ok(ROOT_PARENT) }
    }

    /// The ids of all parents; [`ROOT_PARENT`] for a list at the root.
    pub(crate) fn parents(&self) -> &[i64] {
        self.parents.as_deref().unwrap_or(&[ROOT_PARENT])
    }

    /// The column of the parent in the queries of [`Self::select_all_rows`]; `None` for a list at the root.
    pub(crate) fn parent_column(&self) -> Option<&'static str> {
        self.parents.is_some().then_some(PARENT)
    }

    /// Returns existing names that are similar to the names in the filter.
    pub(crate) async fn suggestions(&self, session: &Session) -> Result<Vec<String>, SharedError> {
        let found = self.suggestions.get_or_init(|| {
            Box::pin(async {
                let mut all = Vec::new();
                for name in self.condition(session).await?.names.iter().take(MAX_SUGGESTED_NAMES) {
                    all.extend(suggestions(session, name).await?);
                }
                Ok(all)
            })
        });
        found.await.clone()
    }
}

/// Rows belong to the parent whose id is in their `column`.
pub(crate) fn foreign_key<C: sea_orm::ColumnTrait>(column: C) -> ParentCondition {
    Box::new(move |parent| Expr::col((column.entity_name(), column.as_str())).eq(parent))
}

/// Rows of `T` belong to a parent through the join table `E`, which has the parent's id in `parent_column` and the row's id in
/// `row_column`.
pub(crate) fn join_table<T: NodeType, E: EntityTrait>(
    parent_column: E::Column,
    row_column: E::Column,
) -> ParentCondition {
    Box::new(move |parent| {
        let rows = Query::select()
            .column((E::default(), row_column))
            .from(E::default())
            .and_where(Expr::col((E::default(), parent_column)).eq(parent))
            .take();
        Expr::col((T::Entity::default(), "id")).in_subquery(rows)
    })
}

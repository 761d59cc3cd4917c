//! Pages of lists: they come by key and never by offset, for one parent or for a whole batch of them in one statement.

use std::collections::HashMap;
use std::sync::Arc;

use entity::row::value;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{EntityName, EntityTrait, QueryResult};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::db::LIST;
use crate::error::{Error, Result};
use crate::graphql::connection::keyset::{Direction, Keyset, NodeOrder};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::connection::sqlite_scan::SqliteScan;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::loading::batch::{Batch, LoaderCache, NodeType};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::search::suggestions;

/// The names of a filter for which suggestions are looked for.
const MOST_SUGGESTED: usize = 4;

/// The most fields of an order.
const MOST_ORDER: usize = 8;

/// Which rows belong to a parent, given the parent's number.
pub(crate) type Link = Box<dyn Fn(Expr) -> Expr + Send + Sync>;

/// A list before it is read.
pub(crate) struct ConnectionArgs<T: NodeType> {
    /// What cursors call it.
    pub(crate) name: &'static str,
    /// How rows belong to parents; none for a list at the root.
    pub(crate) link: Option<Link>,
    /// What else holds for all rows of this list.
    pub(crate) fixed: Option<Expr>,
    /// On the heap, as what an argument holds is in the future of its field, and that is made for each field of each row.
    pub(crate) filter: Option<Box<T::Filter>>,
    pub(crate) order: Option<Vec<T::Order>>,
    /// The order when the query gives none.
    pub(crate) usual: Vec<(crate::graphql::connection::keyset::Key, Direction)>,
    pub(crate) window: PageArgs,
}

/// A list read once for all parents of a batch. What reads is boxed: one parent of the batch reads, and the futures of all would
/// carry the weight.
pub(crate) struct ConnectionLoader<T: NodeType> {
    pub(crate) list: ConnectionArgs<T>,
    pub(crate) parents: Option<Vec<i64>>,
    asked: Projection<T>,
    /// Whether something shows the page, and reads it.
    pub(crate) is_read: bool,
    /// What fields of the list that take arguments load.
    pub(crate) loads: LoaderCache,
    condition: OnceCell<Result<Condition, SharedError>>,
    suggestions: OnceCell<Result<Vec<String>, SharedError>>,
    read: OnceCell<Result<Arc<LoadedPages<T>>, SharedError>>,
    pub(crate) counts: OnceCell<Result<Arc<HashMap<i64, i64>>, SharedError>>,
}

pub(crate) struct LoadedPages<T: NodeType> {
    pub(crate) batch: Arc<Batch<T::Entity>>,
    pub(crate) pages: HashMap<i64, Page>,
    sequence: Keyset,
    /// What cursors are made of, for each row: hardly any of them is asked for.
    keys: Vec<Vec<Value>>,
}

impl<T: NodeType> LoadedPages<T> {
    /// The cursor of a row.
    pub(crate) fn cursor(&self, at: usize) -> String {
        self.sequence.cursor(&self.keys[at], T::id_of(&self.batch.rows()[at]))
    }
}

/// What holds for the rows of a list, and the names that its filter asks for.
#[derive(Clone, Default)]
pub(crate) struct Condition {
    pub(crate) test: Option<Expr>,
    /// The same, asked of each row that is walked by, where that may find a page soonest.
    walk: Option<Expr>,
    names: Vec<String>,
}

/// The rows of one parent.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<usize>,
    pub(crate) more: bool,
}

/// The number that stands for the parent of a list at the root.
pub(crate) const ROOT: i64 = 0;
pub(crate) const PARENT: &str = "parent";
pub(crate) const PAGE: &str = "page";

impl<T: NodeType> ConnectionLoader<T> {
    pub(crate) fn new(list: ConnectionArgs<T>, parents: Option<Vec<i64>>, asked: Projection<T>, is_read: bool) -> Self {
        let rows = list.window.size().map_or(0, |(size, _)| size);
        Self {
            list,
            parents,
            asked: asked.of_page(rows),
            is_read,
            loads: LoaderCache::default(),
            condition: OnceCell::new(),
            suggestions: OnceCell::new(),
            read: OnceCell::new(),
            counts: OnceCell::new(),
        }
    }

    pub(crate) fn id(&self) -> Expr {
        Expr::col((T::Entity::default(), "id"))
    }

    fn sequence(&self) -> Keyset {
        let keys = match &self.list.order {
            Some(order) => order.iter().map(|by| (by.key(), by.direction())).collect(),
            None => self.list.usual.clone(),
        };
        Keyset::new(self.list.name, keys, self.id())
    }

    /// What holds for the rows of any parent; references in the filter are looked up.
    pub(crate) async fn condition(&self, session: &Session) -> Result<Condition, SharedError> {
        let once = self.condition.get_or_init(|| {
            Box::pin(async {
                let with = |test: Option<Expr>| {
                    let all = T::scope().into_iter().chain(self.list.fixed.clone()).chain(test);
                    all.reduce(|left, right| left.and(right))
                };
                let Some(filter) = &self.list.filter else {
                    return Ok(Condition { test: with(None), ..Condition::default() });
                };
                let mut context = FilterContext::new(session.dialect());
                let test = with(Some(filter.condition(&mut context)?));
                context.look_up(session).await?;
                let mut walk = None;
                if self.parents.is_none() && session.has_walks() && context.may_walk() {
                    walk = with(Some(filter.condition(&mut FilterContext::walking(session.dialect()))?));
                }
                Ok(Condition { test, walk, names: context.names })
            })
        });
        once.await.clone()
    }

    pub(crate) async fn read(&self, session: &Session) -> Result<Arc<LoadedPages<T>>, SharedError> {
        let once = self.read.get_or_init(|| {
            Box::pin(async {
                let (size, backward) = self.list.window.size()?;
                if self.list.order.as_ref().is_some_and(|order| order.len() > MOST_ORDER) {
                    return Err(Error::Limit(format!(
                        "`orderBy` has more than {MOST_ORDER} fields: give at most so many"
                    ))
                    .into());
                }
                let sequence = self.sequence();
                let after = self.list.window.after.as_deref().map(|cursor| sequence.parse(cursor)).transpose()?;
                let before = self.list.window.before.as_deref().map(|cursor| sequence.parse(cursor)).transpose()?;
                let condition = self.condition(session).await?;
                // One more than asked for tells whether there are more.
                let wanted = size as u64 + 1;
                let place = |select: &mut SelectStatement| {
                    select.and_where_option(after.as_ref().map(|cursor| sequence.beyond(cursor, false)));
                    select.and_where_option(before.as_ref().map(|cursor| sequence.beyond(cursor, true)));
                    sequence.order(select, backward);
                };
                let narrow = |select: &mut SelectStatement| {
                    select.and_where_option(condition.test.clone());
                    place(select);
                    select.limit(wanted);
                };
                let select = match (&self.parents, &self.list.link) {
                    (Some(parents), Some(link)) => {
                        self.select_by_parent(session, parents, link, &sequence, backward, narrow)
                    }
                    _ => {
                        let mut select = self.asked.columns();
                        sequence.select(&mut select);
                        match condition.walk.clone().filter(|_| sequence.is_indexed()) {
                            Some(asked) => {
                                let walk = SqliteScan { asked, gathered: condition.test.clone(), place, rows: wanted };
                                walk.narrow::<T::Entity>(&mut select);
                                sequence.order(&mut select, backward);
                            }
                            None => narrow(&mut select),
                        }
                        self.select_by_page(session, select, &sequence, backward)
                    }
                };
                let results = session.all(&select).await?;
                let (mut rows, mut keys) = (Vec::with_capacity(results.len()), Vec::with_capacity(results.len()));
                // Behind the columns of the noun come the keys of the order, then the parent, then what rows refer to.
                let first_key = self.asked.count();
                let behind_keys = first_key + sequence.terms();
                let mut pages: HashMap<i64, Page> = HashMap::new();
                for result in &results {
                    let parent = match self.parents {
                        Some(_) => value(result, behind_keys)?,
                        None => ROOT,
                    };
                    let page = pages.entry(parent).or_default();
                    if page.rows.len() == size {
                        page.more = true;
                        continue;
                    }
                    page.rows.push(rows.len());
                    rows.push(result);
                    keys.push(sequence.keys(result, first_key)?);
                }
                let batch = self.asked.batch(&rows, behind_keys + usize::from(self.parents.is_some()))?;
                if backward {
                    for page in pages.values_mut() {
                        page.rows.reverse();
                    }
                }
                Ok(Arc::new(LoadedPages { batch, pages, sequence, keys }))
            })
        });
        once.await.clone()
    }

    /// The rows of a page with what they refer to, which is looked up for these rows only.
    fn select_by_page(
        &self,
        session: &Session,
        page: SelectStatement,
        sequence: &Keyset,
        backward: bool,
    ) -> SelectStatement {
        if !self.asked.refers() {
            return page;
        }
        let mut select = Query::select();
        select.expr(Expr::cust("\"page\".*")).from_subquery(page, PAGE);
        self.asked.join(&mut select, PAGE, session);
        sequence.order_by_name(&mut select, backward, PAGE);
        select
    }

    /// The first rows of each parent, each found by its own short walk along an index: all children are never read.
    fn select_by_parent(
        &self,
        session: &Session,
        parents: &[i64],
        link: &Link,
        sequence: &Keyset,
        backward: bool,
        narrow: impl Fn(&mut SelectStatement),
    ) -> SelectStatement {
        let dialect = session.dialect();
        if dialect.has_lateral() {
            let mut inner = self.asked.columns();
            sequence.select(&mut inner);
            inner.and_where(link(dialect.item()));
            narrow(&mut inner);
            let mut select = Query::select();
            select
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.keys(parents), LIST)
                .join_lateral(JoinType::InnerJoin, inner, PAGE, Expr::cust("TRUE"));
            self.asked.join(&mut select, PAGE, session);
            sequence.order_by_name(&mut select, backward, PAGE);
            return select;
        }
        let mut inner = Query::select();
        inner.expr(self.id()).from(T::Entity::default()).and_where(link(dialect.item()));
        narrow(&mut inner);
        let mut select = self.asked.columns();
        select.from_clear();
        sequence.select(&mut select);
        // SQLite keeps the order of a cross join: from the parents to their rows, never through all rows.
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.keys(parents), LIST)
            .cross_join(T::Entity::default())
            .and_where(self.id().in_subquery(inner));
        self.asked.join(&mut select, T::Entity::default().table_name(), session);
        sequence.order(&mut select, backward);
        select
    }

    /// The parent of a row that was read for all parents at once.
    pub(crate) fn parent(&self, row: &QueryResult) -> Result<i64, SharedError> {
        if self.parents.is_some() { Ok(row.try_get("", PARENT)?) } else { Ok(ROOT) }
    }

    /// The numbers of the parents.
    pub(crate) fn parents(&self) -> &[i64] {
        self.parents.as_deref().unwrap_or(&[ROOT])
    }

    /// The column of the parent, where there are parents.
    pub(crate) fn parent_column(&self) -> Option<&'static str> {
        self.parents.is_some().then_some(PARENT)
    }

    /// Names at hand that are near those that the filter asks for.
    pub(crate) async fn suggestions(&self, session: &Session) -> Result<Vec<String>, SharedError> {
        let once = self.suggestions.get_or_init(|| {
            Box::pin(async {
                let mut all = Vec::new();
                for name in self.condition(session).await?.names.iter().take(MOST_SUGGESTED) {
                    all.extend(suggestions(session, name).await?);
                }
                Ok(all)
            })
        });
        once.await.clone()
    }
}

/// The rows of `T` whose `column` is the parent's number.
pub(crate) fn by<C: sea_orm::ColumnTrait>(column: C) -> Link {
    Box::new(move |parent| Expr::col((column.entity_name(), column.as_str())).eq(parent))
}

/// The rows of `T` that a table ties to the parent: `mine` is the parent's column in it, `theirs` that of `T`.
pub(crate) fn through<T: NodeType, E: EntityTrait>(mine: E::Column, theirs: E::Column) -> Link {
    Box::new(move |parent| {
        let ties = Query::select()
            .column((E::default(), theirs))
            .from(E::default())
            .and_where(Expr::col((E::default(), mine)).eq(parent))
            .take();
        Expr::col((T::Entity::default(), "id")).in_subquery(ties)
    })
}

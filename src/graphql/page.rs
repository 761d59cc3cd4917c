//! Lists: Relay connections whose pages come by key and never by offset, for one parent or for a whole batch of them in
//! one statement.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject, TypeName};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{EntityTrait, FromQueryResult};
use tokio::sync::OnceCell;

use super::batch::{Batch, Noun, Row, columns};
use super::filter::{NounFilter, Sink};
use super::order::{Direction, NounOrder, Sequence};
use super::search::suggestions;
use super::session::{Fault, Session, session};
use crate::db::LIST;
use crate::error::{Error, Result};

/// The rows of a page when the query does not say.
pub const DEFAULT_PAGE: i32 = 20;
/// The most rows of a page.
pub const LONGEST_PAGE: i32 = 500;

/// The names of a filter for which suggestions are looked for.
const MOST_SUGGESTED: usize = 4;

/// The most fields of an order.
const MOST_ORDER: usize = 8;

/// Which rows belong to a parent, given the parent's number.
pub(crate) type Link = Box<dyn Fn(Expr) -> Expr + Send + Sync>;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl Window {
    /// How many rows, and whether from the end.
    fn size(&self) -> Result<(usize, bool)> {
        let (name, size, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::BadInput("`first` and `last` exclude each other: give one of them".into()));
            }
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(DEFAULT_PAGE), false),
        };
        if size > LONGEST_PAGE {
            return Err(Error::Limit(format!(
                "`{name}: {size}` is more than a page holds: ask for at most {LONGEST_PAGE} and go on with the cursor"
            )));
        }
        match usize::try_from(size) {
            Ok(size) => Ok((size, backward)),
            Err(_) => Err(Error::BadInput(format!("`{name}: {size}` is negative: write 0 to {LONGEST_PAGE}"))),
        }
    }
}

/// A list before it is read.
pub(crate) struct List<T: Noun> {
    /// What cursors call it.
    pub(crate) name: &'static str,
    /// How rows belong to parents; none for a list at the root.
    pub(crate) link: Option<Link>,
    /// What else holds for all rows of this list.
    pub(crate) fixed: Option<Expr>,
    pub(crate) filter: Option<T::Filter>,
    pub(crate) order: Option<Vec<T::Order>>,
    /// The order when the query gives none.
    pub(crate) usual: Vec<(super::order::Key, Direction)>,
    pub(crate) window: Window,
}

/// A list read once for all parents of a batch.
struct Pages<T: Noun> {
    list: List<T>,
    parents: Option<Vec<i64>>,
    condition: OnceCell<Result<Condition, Fault>>,
    suggestions: OnceCell<Result<Vec<String>, Fault>>,
    read: OnceCell<Result<Arc<Read<T>>, Fault>>,
    counts: OnceCell<Result<Arc<HashMap<i64, i64>>, Fault>>,
}

struct Read<T: Noun> {
    batch: Arc<Batch<T::Entity>>,
    pages: HashMap<i64, Page>,
}

/// What holds for the rows of a list, and the names that its filter asks for.
#[derive(Clone)]
struct Condition {
    test: Option<Expr>,
    names: Vec<String>,
}

/// The rows of one parent.
#[derive(Default)]
struct Page {
    rows: Vec<usize>,
    cursors: Vec<String>,
    more: bool,
}

/// The number that stands for the parent of a list at the root.
const ROOT: i64 = 0;
const PARENT: &str = "parent";
const PAGE: &str = "page";

impl<T: Noun> Pages<T> {
    fn new(list: List<T>, parents: Option<Vec<i64>>) -> Self {
        Self {
            list,
            parents,
            condition: OnceCell::new(),
            suggestions: OnceCell::new(),
            read: OnceCell::new(),
            counts: OnceCell::new(),
        }
    }

    fn id(&self) -> Expr {
        Expr::col((T::Entity::default(), "id"))
    }

    fn sequence(&self) -> Sequence {
        let keys = match &self.list.order {
            Some(order) => order.iter().map(|by| (by.key(), by.direction())).collect(),
            None => self.list.usual.clone(),
        };
        Sequence::new(self.list.name, keys, self.id())
    }

    /// What holds for the rows of any parent; references in the filter are looked up.
    async fn condition(&self, session: &Session) -> Result<Condition, Fault> {
        let once = self.condition.get_or_init(async || {
            let mut all = Vec::new();
            let mut names = Vec::new();
            all.extend(T::scope());
            all.extend(self.list.fixed.clone());
            if let Some(filter) = &self.list.filter {
                let mut sink = Sink::new(session.dialect());
                all.push(filter.condition(&mut sink)?);
                sink.look_up(session).await?;
                names = sink.names;
            }
            Ok(Condition { test: all.into_iter().reduce(|left, right| left.and(right)), names })
        });
        once.await.clone()
    }

    async fn read(&self, session: &Session) -> Result<Arc<Read<T>>, Fault> {
        let once = self.read.get_or_init(async || {
            let (size, backward) = self.list.window.size()?;
            if self.list.order.as_ref().is_some_and(|order| order.len() > MOST_ORDER) {
                return Err(
                    Error::Limit(format!("`orderBy` has more than {MOST_ORDER} fields: give at most so many")).into()
                );
            }
            let sequence = self.sequence();
            let after = self.list.window.after.as_deref().map(|cursor| sequence.parse(cursor)).transpose()?;
            let before = self.list.window.before.as_deref().map(|cursor| sequence.parse(cursor)).transpose()?;
            let condition = self.condition(session).await?.test;
            let narrow = |select: &mut SelectStatement| {
                select.and_where_option(condition.clone());
                select.and_where_option(after.as_ref().map(|cursor| sequence.beyond(cursor, false)));
                select.and_where_option(before.as_ref().map(|cursor| sequence.beyond(cursor, true)));
                // One more than asked for tells whether there are more.
                sequence.order(select, backward);
                select.limit(size as u64 + 1);
            };
            let select = match (&self.parents, &self.list.link) {
                (Some(parents), Some(link)) => {
                    self.select_by_parent(session, parents, link, &sequence, backward, narrow)
                }
                _ => {
                    let mut select = columns::<T>();
                    sequence.select(&mut select);
                    narrow(&mut select);
                    select
                }
            };
            let results = session.all(&select).await?;
            let mut rows = Vec::with_capacity(results.len());
            let mut pages: HashMap<i64, Page> = HashMap::new();
            for result in &results {
                let parent = if self.parents.is_some() { result.try_get("", PARENT)? } else { ROOT };
                let page = pages.entry(parent).or_default();
                if page.rows.len() == size {
                    page.more = true;
                    continue;
                }
                let model = <T::Entity as EntityTrait>::Model::from_query_result(result, "")?;
                page.cursors.push(sequence.cursor(result, T::id_of(&model))?);
                page.rows.push(rows.len());
                rows.push(model);
            }
            if backward {
                for page in pages.values_mut() {
                    page.rows.reverse();
                    page.cursors.reverse();
                }
            }
            Ok(Arc::new(Read { batch: Batch::new(rows), pages }))
        });
        once.await.clone()
    }

    /// The first rows of each parent, each found by its own short walk along an index: all children are never read.
    fn select_by_parent(
        &self,
        session: &Session,
        parents: &[i64],
        link: &Link,
        sequence: &Sequence,
        backward: bool,
        narrow: impl Fn(&mut SelectStatement),
    ) -> SelectStatement {
        let dialect = session.dialect();
        let list = dialect.numbers(parents);
        if dialect.has_lateral() {
            let mut inner = columns::<T>();
            sequence.select(&mut inner);
            inner.and_where(link(dialect.item()));
            narrow(&mut inner);
            let mut select = Query::select();
            select
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.table(list), LIST)
                .join_lateral(JoinType::InnerJoin, inner, PAGE, Expr::cust("TRUE"));
            sequence.order_by_name(&mut select, backward, PAGE);
            return select;
        }
        let mut inner = Query::select();
        inner.expr(self.id()).from(T::Entity::default()).and_where(link(dialect.item()));
        narrow(&mut inner);
        let mut select = columns::<T>();
        select.from_clear();
        sequence.select(&mut select);
        // SQLite keeps the order of a cross join: from the parents to their rows, never through all rows.
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.table(list), LIST)
            .cross_join(T::Entity::default())
            .and_where(self.id().in_subquery(inner));
        sequence.order(&mut select, backward);
        select
    }

    async fn counts(&self, session: &Session) -> Result<Arc<HashMap<i64, i64>>, Fault> {
        let once = self.counts.get_or_init(async || {
            // A wrong page is an error although no row of it is read.
            self.list.window.size()?;
            let dialect = session.dialect();
            let condition = self.condition(session).await?.test;
            let mut count = Query::select();
            count.expr(Expr::cust("COUNT(*)")).from(T::Entity::default()).and_where_option(condition);
            let select = match (&self.parents, &self.list.link) {
                (Some(parents), Some(link)) => {
                    count.and_where(link(dialect.item()));
                    Query::select()
                        .expr_as(dialect.item(), PARENT)
                        .expr_as(Expr::SubQuery(None, Box::new(count.into())), "count")
                        .from_function(dialect.table(dialect.numbers(parents)), LIST)
                        .take()
                }
                _ => {
                    let mut select = count;
                    select.clear_selects();
                    select.expr_as(Expr::cust("COUNT(*)"), "count");
                    select
                }
            };
            let mut counts = HashMap::new();
            for row in session.all(&select).await? {
                let parent = if self.parents.is_some() { row.try_get("", PARENT)? } else { ROOT };
                counts.insert(parent, row.try_get("", "count")?);
            }
            Ok(Arc::new(counts))
        });
        once.await.clone()
    }
}

impl<T: Noun> Pages<T> {
    /// Names at hand that are near those that the filter asks for.
    async fn suggestions(&self, session: &Session) -> Result<Vec<String>, Fault> {
        let once = self.suggestions.get_or_init(async || {
            let mut all = Vec::new();
            for name in self.condition(session).await?.names.iter().take(MOST_SUGGESTED) {
                all.extend(suggestions(session, name).await?);
            }
            Ok(all)
        });
        once.await.clone()
    }
}

/// A page of a list, as in the Relay Cursor Connections Specification.
#[derive(Clone)]
pub struct Connection<T: Noun> {
    pages: Arc<Pages<T>>,
    parent: i64,
}

impl<T: Noun> Connection<T> {
    /// A list at the root.
    pub(crate) fn root(list: List<T>) -> Self {
        Self { pages: Arc::new(Pages::new(list, None)), parent: ROOT }
    }

    /// A list of the rows that belong to this one, read for its whole batch at once.
    pub(crate) fn of<E>(
        row: &Row<E>,
        ctx: &Context<'_>,
        id: fn(&E::Model) -> i64,
        list: impl FnOnce() -> List<T>,
    ) -> Self
    where
        E: EntityTrait<Model: FromQueryResult + Send + Sync>,
    {
        let pages = row.batch().load((ctx.item.pos, "many"), || {
            let mut parents: Vec<i64> = row.siblings().iter().map(id).collect();
            parents.sort_unstable();
            parents.dedup();
            Pages::new(list(), Some(parents))
        });
        Self { pages, parent: id(row) }
    }

    async fn page(&self, ctx: &Context<'_>) -> Result<Arc<Read<T>>, Fault> {
        self.pages.read(session(ctx)?).await
    }
}

impl<T: Noun> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", <T as async_graphql::OutputType>::type_name()).into()
    }
}

/// A page of a list (Relay Cursor Connections Specification). Nothing is read or counted that is not selected.
#[Object(name_type)]
impl<T: Noun> Connection<T> {
    /// The rows of the page with their cursors.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<Edge<T>>, Fault> {
        let read = self.page(ctx).await?;
        let Some(page) = read.pages.get(&self.parent) else { return Ok(Vec::new()) };
        let edges = page.cursors.iter().zip(&page.rows);
        Ok(edges.map(|(cursor, at)| Edge { cursor: cursor.clone(), node: T::of(Row::new(&read.batch, *at)) }).collect())
    }

    /// The rows of the page, without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<T>, Fault> {
        let read = self.page(ctx).await?;
        let Some(page) = read.pages.get(&self.parent) else { return Ok(Vec::new()) };
        Ok(page.rows.iter().map(|at| T::of(Row::new(&read.batch, *at))).collect())
    }

    /// Where the page stands in the list.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, Fault> {
        let read = self.page(ctx).await?;
        let window = &self.pages.list.window;
        let page = read.pages.get(&self.parent);
        let more = page.is_some_and(|page| page.more);
        let backward = window.last.is_some();
        Ok(PageInfo {
            has_next_page: if backward { window.before.is_some() } else { more },
            has_previous_page: if backward { more } else { window.after.is_some() },
            start_cursor: page.and_then(|page| page.cursors.first().cloned()),
            end_cursor: page.and_then(|page| page.cursors.last().cloned()),
        })
    }

    /// How many rows the whole list has, whatever the page. Counted only when selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        let counts = self.pages.counts(session(ctx)?).await?;
        let count = counts.get(&self.parent).copied().unwrap_or(0);
        // GraphQL's Int ends there, and a list of two thousand million rows is not counted by reading it.
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// "Did you mean": names at hand that are near the names that the filter asks for, when the page is empty; at most 5 for
    /// each of the first 4 names. Looked for only when selected.
    async fn suggestions(&self, ctx: &Context<'_>) -> Result<Vec<String>, Fault> {
        let read = self.page(ctx).await?;
        if read.pages.get(&self.parent).is_some_and(|page| !page.rows.is_empty()) {
            return Ok(Vec::new());
        }
        self.pages.suggestions(session(ctx)?).await
    }
}

/// A row of a list with its cursor.
pub struct Edge<T: Noun> {
    cursor: String,
    node: T,
}

impl<T: Noun> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", <T as async_graphql::OutputType>::type_name()).into()
    }
}

/// A row of a list with its cursor.
#[Object(name_type)]
impl<T: Noun> Edge<T> {
    /// Opaque; pass it to `after` or `before` of the same list in the same order.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The row.
    async fn node(&self) -> &T {
        &self.node
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

/// The rows of `T` whose `column` is the parent's number.
pub(crate) fn by<C: sea_orm::ColumnTrait>(column: C) -> Link {
    Box::new(move |parent| Expr::col((column.entity_name(), column.as_str())).eq(parent))
}

/// The rows of `T` that a table ties to the parent: `mine` is the parent's column in it, `theirs` that of `T`.
pub(crate) fn through<T: Noun, E: EntityTrait>(mine: E::Column, theirs: E::Column) -> Link {
    Box::new(move |parent| {
        let ties = Query::select()
            .column((E::default(), theirs))
            .from(E::default())
            .and_where(Expr::col((E::default(), mine)).eq(parent))
            .take();
        Expr::col((T::Entity::default(), "id")).in_subquery(ties)
    })
}

/// Declares the connections of a noun: fields that take a filter, an order and a page.
macro_rules! connections {
    ($lists:ident of $entity:ty, named $parent:literal { $($(#[doc = $doc:literal])+ $name:ident: $noun:ty = $link:expr $(, usually $key:ident $column:expr)? ;)+ }) => {
        /// Lists of what belongs to a row.
        pub struct $lists(pub(crate) $crate::graphql::batch::Row<$entity>);

        /// Lists of what belongs to a row.
        #[async_graphql::Object]
        impl $lists {
            $(
                $(#[doc = $doc])+
                #[allow(clippy::too_many_arguments)]
                async fn $name(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Only rows for which this holds.")] filter: Option<<$noun as $crate::graphql::batch::Noun>::Filter>,
                    #[graphql(desc = "In what order, always ended by the id; when left out by date, place in the text or label where the rows have one, else as recorded.")] order_by: Option<Vec<<$noun as $crate::graphql::batch::Noun>::Order>>,
                    #[graphql(desc = "How many rows from the start, 0 to 500; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
                    #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
                    #[graphql(desc = "How many rows from the end, 0 to 500.")] last: Option<i32>,
                    #[graphql(desc = "Only rows in front of this cursor.")] before: Option<String>,
                ) -> $crate::graphql::page::Connection<$noun> {
                    $crate::graphql::page::Connection::of(&self.0, ctx, |row| row.id.0, || $crate::graphql::page::List {
                        name: concat!($parent, ".", stringify!($name)),
                        link: Some($link),
                        fixed: None,
                        filter,
                        order: order_by,
                        usual: vec![$(($crate::graphql::order::Key::$key(sea_orm::sea_query::Expr::col($column)), $crate::graphql::order::Direction::Asc))?],
                        window: $crate::graphql::page::Window { first, after, last, before },
                    })
                }
            )+
        }
    };
}
pub(crate) use connections;

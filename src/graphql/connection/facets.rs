//! Facets: how many rows of a list there are by each value of something, counted by the database over the whole list.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{ComplexObject, Context, InputType, SimpleObject, Value};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::connection::loader::ConnectionLoader;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::loading::batch::{NodeType, Once};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::node::{Node, NodeKind, load};

/// The most facets of one list at once.
const MOST_FACETS: usize = 20;

/// The name under which a table of values is joined.
const JOINED: &str = "joined";

/// By what the rows of a noun can be counted.
pub trait NodeFacet: InputType + Copy {
    /// Where the values stand.
    fn values(self) -> Values;
}

/// Where the values stand by which rows are counted.
#[derive(Clone)]
pub struct Values {
    value: Expr,
    /// A table that has them, and which of its rows belong to a row.
    joined: Option<(DynIden, Expr)>,
    /// A row may have several.
    many: bool,
    /// The noun of which they are numbers; none when they are words.
    kind: Option<NodeKind>,
}

impl Values {
    /// Words in a column of the row.
    pub(crate) fn words<C: ColumnTrait>(column: C) -> Self {
        Self { value: Expr::col((column.entity_name(), column.as_str())), joined: None, many: false, kind: None }
    }

    /// Things that a column of the row refers to.
    pub(crate) fn things<C: ColumnTrait>(column: C, kind: NodeKind) -> Self {
        Self { kind: Some(kind), ..Self::words(column) }
    }

    /// The values in column `value` of the one row whose column `link` is the row's column `own`.
    pub(crate) fn of<C: ColumnTrait, J: ColumnTrait>(own: C, link: J, value: J) -> Self {
        let own = Expr::col((own.entity_name(), own.as_str()));
        let value = Expr::col((JOINED, value.as_str()));
        // What has no value has none only when no other row has one for it.
        let linked = Expr::col((JOINED, link.as_str())).eq(own).and(value.clone().is_not_null());
        Self { value, joined: Some((link.entity_name(), linked)), many: false, kind: None }
    }

    /// [`Self::of`] when there may be several such rows.
    pub(crate) fn each<C: ColumnTrait, J: ColumnTrait>(own: C, link: J, value: J) -> Self {
        Self { many: true, ..Self::of(own, link, value) }
    }

    /// The values are numbers of things.
    pub(crate) fn naming(self, kind: NodeKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The dataset that the row came with.
    pub(crate) fn dataset<C: ColumnTrait>(id: C) -> Self {
        Self::of(id, entity::record::Column::Id, entity::record::Column::DatasetId).naming(NodeKind::Dataset)
    }

    fn join(&self, select: &mut SelectStatement) {
        if let Some((table, linked)) = &self.joined {
            select.join_as(JoinType::LeftJoin, table.clone(), JOINED, linked.clone());
        }
    }
}

/// The rows of a list by each value of something.
#[derive(Clone, SimpleObject)]
pub struct Facet {
    /// By what they are counted, as asked for.
    by: String,
    /// How many different values there are, whatever `first` is.
    distinct: i32,
    /// How many rows have no value.
    missing: i32,
    /// The values that most rows have, the most frequent first, equal ones in the order of the value. Where a row has one
    /// value, `totalCount` less `missing` less the counts here is how many rows the further values have.
    buckets: Vec<FacetBucket>,
}

/// The rows that have one value.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct FacetBucket {
    #[graphql(skip)]
    things: Option<Arc<Things>>,
    #[graphql(skip)]
    word: Word,
    /// How many rows have it; a row that has it twice counts once.
    count: i32,
}

#[derive(Clone)]
enum Word {
    Text(String),
    Number(i64),
}

/// The things that are values of one facet.
struct Things {
    kind: NodeKind,
    numbers: Vec<i64>,
    nodes: Once<HashMap<i64, Node>>,
}

impl Things {
    async fn node(&self, session: &Session, number: i64) -> Result<Option<Node>, SharedError> {
        let nodes =
            self.nodes.get_or_init(async || Ok(load(session, self.kind, &self.numbers).await?.into_iter().collect()));
        nodes.await.as_ref().map(|nodes| nodes.get(&number).cloned()).map_err(Clone::clone)
    }
}

impl FacetBucket {
    fn word(&self) -> String {
        match (&self.word, &self.things) {
            (Word::Number(number), Some(things)) => things.kind.global(*number).to_string(),
            (Word::Number(number), None) => number.to_string(),
            (Word::Text(text), _) => text.clone(),
        }
    }

    async fn thing(&self, ctx: &Context<'_>) -> Result<Option<Node>, SharedError> {
        match (&self.word, &self.things) {
            (Word::Number(number), Some(things)) => things.node(session(ctx)?, *number).await,
            _ => Ok(None),
        }
    }
}

/// The rows that have one value.
#[ComplexObject]
impl FacetBucket {
    /// The value as filters take it: a word of an enum, a code, a text, or the id of a thing.
    async fn value(&self) -> String {
        self.word()
    }

    /// What to show: the label, title or headline of a thing, else the value.
    async fn label(&self, ctx: &Context<'_>) -> Result<String, SharedError> {
        Ok(self.thing(ctx).await?.and_then(|thing| thing.label()).unwrap_or_else(|| self.word()))
    }

    /// The thing, where the value is one.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        self.thing(ctx).await.transpose()
    }
}

/// The facets asked for, of each parent: one statement a facet. Rows without a value are looked at only where `missing` is shown:
/// an index of values often has none of them.
pub(crate) async fn facets<T: NodeType>(
    pages: &ConnectionLoader<T>,
    session: &Session,
    by: &[T::Facet],
    first: i32,
    missing: bool,
) -> Result<HashMap<i64, Vec<Facet>>, SharedError> {
    let (first, _) = PageArgs { first: Some(first), ..PageArgs::default() }.size()?;
    if by.len() > MOST_FACETS {
        return Err(Error::Limit(format!("`by` names {} facets: name at most {MOST_FACETS}", by.len())).into());
    }
    let mut all: HashMap<i64, Vec<Facet>> = HashMap::new();
    for (at, by) in by.iter().enumerate() {
        let values = by.values();
        let statement = ranked(pages, session, &values, first, missing).await?;
        let rows = session.all(&statement).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let word = match values.kind {
                Some(_) => row.try_get::<Option<i64>>("", "value")?.map(Word::Number),
                None => row.try_get::<Option<String>>("", "value")?.map(Word::Text),
            };
            let (count, distinct): (i64, i64) = (row.try_get("", "count")?, row.try_get("", "distinct")?);
            found.push((pages.parent(row)?, word, count, distinct));
        }
        let things = values.kind.map(|kind| {
            let number = |word: &Option<Word>| if let Some(Word::Number(number)) = word { Some(*number) } else { None };
            let mut numbers: Vec<i64> = found.iter().filter_map(|(_, word, ..)| number(word)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            Arc::new(Things { kind, numbers, nodes: OnceCell::new() })
        });
        for &parent in pages.parents() {
            let Value::Enum(name) = by.to_value() else { continue };
            let empty = Facet { by: name.to_string(), distinct: 0, missing: 0, buckets: Vec::new() };
            all.entry(parent).or_default().push(empty);
        }
        for (parent, word, count, distinct) in found {
            let Some(facet) = all.get_mut(&parent).and_then(|facets| facets.get_mut(at)) else { continue };
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            facet.distinct = i32::try_from(distinct).unwrap_or(i32::MAX);
            match word {
                // One value is read even when none is wanted: it tells how many there are.
                Some(word) if facet.buckets.len() < first => {
                    facet.buckets.push(FacetBucket { things: things.clone(), word, count });
                }
                Some(_) => {}
                None => facet.missing = count,
            }
        }
    }
    Ok(all)
}

/// The most frequent values of each parent, how many there are, and how many rows have none.
async fn ranked<T: NodeType>(
    pages: &ConnectionLoader<T>,
    session: &Session,
    values: &Values,
    first: usize,
    missing: bool,
) -> Result<SelectStatement, SharedError> {
    let columns = [(Expr::col((T::Entity::default(), "id")), "id"), (values.value.clone(), "value")];
    let has_value = || (!missing).then(|| values.value.clone().is_not_null());
    let narrow = |select: &mut SelectStatement| {
        values.join(select);
        select.and_where_option(has_value());
    };
    let rows = pages.over_all(session, columns, narrow).await?;
    let parent = pages.parent_column();
    let mut groups = Query::select();
    groups
        .columns(parent)
        .column("value")
        .expr_as(Expr::cust(if values.many { "COUNT(DISTINCT \"id\")" } else { "COUNT(*)" }), "count")
        .from_subquery(rows, "row")
        .group_by_columns(parent)
        .group_by_col("value");
    let window =
        |of_parent: &'static str, of_all: &'static str| Expr::cust(if parent.is_some() { of_parent } else { of_all });
    let ranks = Query::select()
        .columns(parent)
        .columns(["value", "count"])
        .expr_as(window("COUNT(\"value\") OVER (PARTITION BY \"parent\")", "COUNT(\"value\") OVER ()"), "distinct")
        .expr_as(
            window(
                "ROW_NUMBER() OVER (PARTITION BY \"parent\" ORDER BY \"value\" IS NULL, \"count\" DESC, \"value\")",
                "ROW_NUMBER() OVER (ORDER BY \"value\" IS NULL, \"count\" DESC, \"value\")",
            ),
            "rank",
        )
        .from_subquery(groups, "group")
        .take();
    Ok(Query::select()
        .columns(parent)
        .columns(["value", "count", "distinct"])
        .from_subquery(ranks, "ranked")
        .and_where(Expr::col("rank").lte(first.max(1) as i64).or(Expr::col("value").is_null()))
        .order_by("rank", Order::Asc)
        .take())
}

/// Declares by what the rows of a noun can be counted; all can be by their dataset.
macro_rules! facet {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident { $($(#[doc = $line:literal])+ $word:ident = $values:expr,)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $name {
            $($(#[doc = $line])+ $word,)*
            /// The dataset that it came with.
            Dataset,
        }

        impl $crate::graphql::connection::facets::NodeFacet for $name {
            fn values(self) -> $crate::graphql::connection::facets::Values {
                #[allow(unused_imports, reason = "some nouns are counted by their dataset only")]
                use {$crate::graphql::connection::facets::Values, $crate::graphql::types::node::NodeKind, entity::$module::Column};
                match self {
                    $(Self::$word => $values,)*
                    Self::Dataset => Values::dataset(Column::Id),
                }
            }
        }
    };
}
pub(crate) use facet;

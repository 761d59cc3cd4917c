//! Facets: the number of rows of a list by value of a property, counted by the database over the whole list.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{ComplexObject, Context, InputType, SimpleObject, Value};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::connection::loader::ConnectionLoader;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::loading::batch::LoadOnce;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::graph::sorted_unique;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};
use crate::graphql::plan::list::ListQuery;
use crate::graphql::types::node::{Node, NodeKind, load};

/// Maximum number of facets per field.
const MAX_FACETS: usize = 20;

/// The alias of the table that is joined for its values.
const JOINED: &str = "joined";

/// An enum of the properties by which rows of a type can be counted.
pub trait NodeFacet: InputType + Copy {
    /// Returns the source of the property's values.
    fn values(self) -> FacetValues;
}

/// The source of a facet's values: a column of the row, or of a joined table.
#[derive(Clone)]
pub struct FacetValues {
    value: Expr,
    /// The table that has the values, and the condition that joins it to a row.
    join: Option<(DynIden, Expr)>,
    /// True if a row may have several values.
    is_multi_valued: bool,
    /// The type of the nodes whose ids are the values; `None` if the values are texts.
    kind: Option<NodeKind>,
}

impl FacetValues {
    /// The texts in a column of the row.
    pub(crate) fn column<C: ColumnTrait>(column: C) -> Self {
        Self {
            value: Expr::col((column.entity_name(), column.as_str())),
            join: None,
            is_multi_valued: false,
            kind: None,
        }
    }

    /// The nodes that a column of the row references.
    pub(crate) fn node<C: ColumnTrait>(column: C, kind: NodeKind) -> Self {
        Self { kind: Some(kind), ..Self::column(column) }
    }

    /// The value in the column `value` of the one row whose column `key` equals the column `own_key` of the row.
    pub(crate) fn joined<C: ColumnTrait, J: ColumnTrait>(own_key: C, key: J, value: J) -> Self {
        let own_key = Expr::col((own_key.entity_name(), own_key.as_str()));
        let value = Expr::col((JOINED, value.as_str()));
        // A row counts as missing only if none of its joined rows has a value.
        let on = Expr::col((JOINED, key.as_str())).eq(own_key).and(value.clone().is_not_null());
        Self { value, join: Some((key.entity_name(), on)), is_multi_valued: false, kind: None }
    }

    /// Like [`Self::joined`], if there may be several such rows.
    pub(crate) fn joined_many<C: ColumnTrait, J: ColumnTrait>(own_key: C, key: J, value: J) -> Self {
        Self { is_multi_valued: true, ..Self::joined(own_key, key, value) }
    }

    /// Declares that the values are ids of nodes.
    pub(crate) fn with_node_kind(self, kind: NodeKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The dataset of the row's record.
    pub(crate) fn dataset<C: ColumnTrait>(id: C) -> Self {
        Self::joined(id, entity::record::Column::Id, entity::record::Column::DatasetId)
            .with_node_kind(NodeKind::Dataset)
    }

    fn join(&self, select: &mut SelectStatement) {
        if let Some((table, on)) = &self.join {
            select.join_as(JoinType::LeftJoin, table.clone(), JOINED, on.clone());
        }
    }
}

/// Number of rows of a list by value of one property.
#[derive(Clone, SimpleObject)]
pub struct Facet {
    /// The property, as given in the argument `by`.
    by: String,
    /// Number of distinct values, regardless of `first`.
    distinct: i32,
    /// Number of rows without a value.
    missing: i32,
    /// The most frequent values, most frequent first; equally frequent ones are sorted by value. If each row has at most one
    /// value, the rows with values not listed number `totalCount` minus `missing` minus the counts listed.
    buckets: ResolvedList<FacetBucket>,
}

/// One value and the number of rows that have it.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct FacetBucket {
    #[graphql(skip)]
    nodes: Option<Arc<FacetNodes>>,
    #[graphql(skip)]
    value: BucketValue,
    /// Number of rows with the value. A row that has it twice counts once.
    count: i32,
}

#[derive(Clone)]
enum BucketValue {
    Text(String),
    Id(i64),
}

/// The nodes that are values of one facet, loaded once for all its buckets.
struct FacetNodes {
    kind: NodeKind,
    ids: Vec<i64>,
    loaded: LoadOnce<HashMap<i64, Node>>,
}

impl FacetNodes {
    async fn get(&self, session: &Session, id: i64) -> Result<Option<Node>, SharedError> {
        let loaded =
            self.loaded.get_or_init(async || Ok(load(session, self.kind, &self.ids).await?.into_iter().collect()));
        loaded.await.as_ref().map(|nodes| nodes.get(&id).cloned()).map_err(Clone::clone)
    }
}

impl FacetBucket {
    fn text(&self) -> String {
        match (&self.value, &self.nodes) {
            (BucketValue::Id(id), Some(nodes)) => nodes.kind.global(*id).to_string(),
            (BucketValue::Id(id), None) => id.to_string(),
            (BucketValue::Text(text), _) => text.clone(),
        }
    }

    async fn load_node(&self, ctx: &Context<'_>) -> Result<Option<Node>, SharedError> {
        match (&self.value, &self.nodes) {
            (BucketValue::Id(id), Some(nodes)) => nodes.get(session(ctx)?, *id).await,
            _ => Ok(None),
        }
    }
}

/// One value and the number of rows that have it.
#[ComplexObject]
impl FacetBucket {
    /// The value in the form that filters accept: an enum value, a code, a text, or the global id of a node.
    async fn value(&self) -> String {
        self.text()
    }

    /// Display text: the label, title or headline if the value is a node, otherwise the value itself.
    async fn label(&self, ctx: &Context<'_>) -> Result<String, SharedError> {
        Ok(self.load_node(ctx).await?.and_then(|node| node.label()).unwrap_or_else(|| self.text()))
    }

    /// The node, if the value is one; otherwise null.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        self.load_node(ctx).await.transpose()
    }
}

/// Loads facets for all parents of a list, with one statement for each facet. Rows without a value are counted only
/// if `with_missing`, because an index on the values often does not contain them.
pub(crate) async fn facets<T: NodeType>(
    loader: &ConnectionLoader<T>,
    session: &Session,
    by: &[T::Facet],
    first: i32,
    with_missing: bool,
) -> Result<HashMap<i64, Vec<Facet>>, SharedError> {
    let (first, _) = PageArgs { first: Some(first), ..PageArgs::default() }.size()?;
    if by.len() > MAX_FACETS {
        return Err(Error::Limit(format!("`by` has {} entries: give at most {MAX_FACETS}", by.len())).into());
    }
    let mut all: HashMap<i64, Vec<Facet>> = HashMap::new();
    for (index, by) in by.iter().enumerate() {
        let values = by.values();
        let statement = select_buckets(loader, session, &values, first, with_missing).await?;
        let rows = session.all(&statement).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let value = match values.kind {
                Some(_) => row.get::<Option<i64>>("value")?.map(BucketValue::Id),
                None => row.get::<Option<String>>("value")?.map(BucketValue::Text),
            };
            let (count, distinct): (i64, i64) = (row.get("count")?, row.get("distinct")?);
            found.push((loader.parent(row)?, value, count, distinct));
        }
        let nodes = values.kind.map(|kind| {
            let id = |value: &Option<BucketValue>| if let Some(BucketValue::Id(id)) = value { Some(*id) } else { None };
            let mut ids: Vec<i64> = found.iter().filter_map(|(_, value, ..)| id(value)).collect();
            ids.sort_unstable();
            ids.dedup();
            Arc::new(FacetNodes { kind, ids, loaded: OnceCell::new() })
        });
        for &parent in loader.parents() {
            let Value::Enum(name) = by.to_value() else { continue };
            let empty = Facet { by: name.to_string(), distinct: 0, missing: 0, buckets: ResolvedList::default() };
            all.entry(parent).or_default().push(empty);
        }
        for (parent, value, count, distinct) in found {
            let Some(facet) = all.get_mut(&parent).and_then(|facets| facets.get_mut(index)) else { continue };
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            facet.distinct = i32::try_from(distinct).unwrap_or(i32::MAX);
            match value {
                // With `first: 0` one value is read nevertheless, because its row has the number of distinct values.
                Some(value) if facet.buckets.0.len() < first => {
                    facet.buckets.0.push(FacetBucket { nodes: nodes.clone(), value, count });
                }
                Some(_) => {}
                None => facet.missing = count,
            }
        }
    }
    Ok(all)
}

/// Selects the most frequent values of each parent, with the number of distinct values and the row of the null value.
async fn select_buckets<T: NodeType>(
    loader: &ConnectionLoader<T>,
    session: &Session,
    values: &FacetValues,
    first: usize,
    with_missing: bool,
) -> Result<SelectStatement, SharedError> {
    let columns = [(Expr::col((T::Entity::default(), "id")), "id"), (values.value.clone(), "value")];
    let has_value = || (!with_missing).then(|| values.value.clone().is_not_null());
    let narrow = |select: &mut SelectStatement| {
        values.join(select);
        select.and_where_option(has_value());
    };
    let rows = loader.select_all_rows(session, columns, narrow).await?;
    Ok(ranked_buckets(rows, values, loader.parent_column(), first))
}

/// Counts rows by their value, and ranks the values of each parent.
fn ranked_buckets(
    rows: SelectStatement,
    values: &FacetValues,
    parent: Option<&'static str>,
    first: usize,
) -> SelectStatement {
    let mut groups = Query::select();
    groups
        .columns(parent)
        .column("value")
        .expr_as(Expr::cust(if values.is_multi_valued { "COUNT(DISTINCT \"id\")" } else { "COUNT(*)" }), "count")
        .from_subquery(rows, "row")
        .group_by_columns(parent)
        .group_by_col("value");
    let window =
        |by_parent: &'static str, whole: &'static str| Expr::cust(if parent.is_some() { by_parent } else { whole });
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
    Query::select()
        .columns(parent)
        .columns(["value", "count", "distinct"])
        .from_subquery(ranks, "ranked")
        .and_where(Expr::col("rank").lte(first.max(1) as i64).or(Expr::col("value").is_null()))
        .order_by("rank", Order::Asc)
        .take()
}

/// Declares the properties by which rows of a type can be counted, each with its [`FacetValues`]. `Dataset` is added to all.
macro_rules! facet {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident { $($(#[doc = $property_doc:literal])+ $property:ident = $values:expr,)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $name {
            $($(#[doc = $property_doc])+ $property,)*
            /// Dataset of the record.
            Dataset,
        }

        impl $crate::graphql::connection::facets::NodeFacet for $name {
            fn values(self) -> $crate::graphql::connection::facets::FacetValues {
                #[allow(unused_imports, reason = "some types can only be counted by dataset")]
                use {$crate::graphql::connection::facets::FacetValues, $crate::graphql::types::node::NodeKind, entity::$module::Column};
                match self {
                    $(Self::$property => $values,)*
                    Self::Dataset => FacetValues::dataset(Column::Id),
                }
            }
        }
    };
}
pub(crate) use facet;

/// Counts the rows of lists by value, with one statement for each facet.
pub(crate) fn list_facets<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let list = call.list()?;
        let by = (list.noun.facets)(call.arguments.value("by").cloned().unwrap_or_default())?;
        let (first, _) = PageArgs { first: Some(call.argument("first")?), ..PageArgs::default() }.size()?;
        if by.len() > MAX_FACETS {
            return Err(Error::Limit(format!("`by` has {} entries: give at most {MAX_FACETS}", by.len())).into());
        }
        let mut all: HashMap<i64, Vec<Computed>> = HashMap::new();
        for (name, values) in by {
            let mut buckets = buckets_of(call, list, &values, first).await?;
            for parent in list.parents() {
                let found = buckets.remove(parent).unwrap_or_default();
                let fields = [
                    ("by", Computed::from(name.as_str())),
                    ("distinct", count(found.distinct)),
                    ("missing", count(found.missing)),
                    ("buckets", Computed::List(found.buckets)),
                ];
                all.entry(*parent).or_default().push(Computed::object("Facet", fields));
            }
        }
        Ok(all.into_iter().map(|(parent, facets)| (parent, Computed::List(facets))).collect())
    })
}

/// The values of one facet of one list.
#[derive(Default)]
struct Found {
    distinct: i64,
    missing: i64,
    buckets: Vec<Computed>,
}

async fn buckets_of(
    call: &Call<'_>,
    list: &ListQuery,
    values: &FacetValues,
    first: usize,
) -> Result<HashMap<i64, Found>, SharedError> {
    // Rows without a value are counted only if that is shown, because an index on the values often does not contain them.
    let statement = bucket_statement(list, values, first, call.selects(&["missing"]));
    let rows = call.session.all(&statement).await?;
    let labels = match values.kind {
        Some(kind) if call.selects(&["buckets", "label"]) => {
            let ids = rows.iter().map(|row| row.get::<Option<i64>>("value")).collect::<Result<Vec<_>, _>>()?;
            kind.labels(call.session, &sorted_unique(ids.into_iter().flatten())).await?
        }
        _ => HashMap::new(),
    };
    let mut all: HashMap<i64, Found> = HashMap::new();
    for row in rows.iter() {
        let found = all.entry(list.parent_of(row)?).or_default();
        let rows = row.get("count")?;
        found.distinct = row.get("distinct")?;
        let (text, label, node) = match values.kind {
            Some(kind) => match row.get::<Option<i64>>("value")? {
                Some(id) => (kind.global(id).to_string(), labels.get(&id).cloned(), Computed::node(kind, id)),
                None => {
                    found.missing = rows;
                    continue;
                }
            },
            None => match row.get::<Option<String>>("value")? {
                Some(text) => (text, None, Computed::Null),
                None => {
                    found.missing = rows;
                    continue;
                }
            },
        };
        // With `first: 0` one value is read nevertheless, because its row has the number of distinct values.
        if found.buckets.len() < first {
            let label = label.unwrap_or_else(|| text.clone());
            let fields = [("value", text.into()), ("label", label.into()), ("node", node), ("count", count(rows))];
            found.buckets.push(Computed::object("FacetBucket", fields));
        }
    }
    Ok(all)
}

/// Selects the most frequent values of each parent, with the number of distinct values and the row of the null value.
fn bucket_statement(list: &ListQuery, values: &FacetValues, first: usize, with_missing: bool) -> SelectStatement {
    let columns = [(list.noun.id(), "id"), (values.value.clone(), "value")];
    let rows = list.all_rows(columns, |select: &mut SelectStatement| {
        values.join(select);
        select.and_where_option((!with_missing).then(|| values.value.clone().is_not_null()));
    });
    ranked_buckets(rows, values, list.parent_column(), first)
}

//! Facets: the number of rows of a list by value of a property, counted by the database over the whole list.

use std::collections::HashMap;

use async_graphql::InputType;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};

use crate::error::Error;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::graph::sorted_unique;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};
use crate::graphql::plan::list::ListQuery;
use crate::graphql::schema::object::object;
use crate::graphql::session::SharedError;
use crate::graphql::types::node::{Node, NodeKind};

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

object! {
    /// Number of rows of a list by value of one property.
    Facet {
        /// The property, as given in the argument `by`.
        by: String = own;
        /// Number of distinct values, regardless of `first`.
        distinct: i32 = own;
        /// Number of rows without a value.
        missing: i32 = own;
        /// The most frequent values, most frequent first; equally frequent ones are sorted by value. If each row has at most one
        /// value, the rows with values not listed number `totalCount` minus `missing` minus the counts listed.
        buckets: Vec<FacetBucket> = own;
    }
}

object! {
    /// One value and the number of rows that have it.
    FacetBucket {
        /// Number of rows with the value. A row that has it twice counts once.
        count: i32 = own;
        /// The value in the form that filters accept: an enum value, a code, a text, or the global id of a node.
        value: String = own;
        /// Display text: the label, title or headline if the value is a node, otherwise the value itself.
        label: String = own;
        /// The node, if the value is one; otherwise null.
        node: Option<Node> = own;
    }
}

/// Counts the rows of lists by value, with one statement for each facet.
pub(crate) fn list_facets<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let list = call.list()?;
        let by = (list.node_type.facets)(call.arguments.value("by").cloned().unwrap_or_default())?;
        let (first, _) = PageArgs { first: Some(call.argument("first")?), ..PageArgs::default() }.size()?;
        if by.len() > MAX_FACETS {
            return Err(Error::Limit(format!("`by` has {} entries: give at most {MAX_FACETS}", by.len())).into());
        }
        let mut all: HashMap<i64, Vec<Computed>> = list.parents().iter().map(|parent| (*parent, Vec::new())).collect();
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
    let rows = call.session.aggregate(crate::db::build(call.session.dialect().0, &statement)).await?;
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
    let columns = [(list.node_type.id(), "id"), (values.value.clone(), "value")];
    let rows = list.all_rows(columns, |select: &mut SelectStatement| {
        values.join(select);
        select.and_where_option((!with_missing).then(|| values.value.clone().is_not_null()));
    });
    ranked_buckets(rows, values, list.parent_column(), first)
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

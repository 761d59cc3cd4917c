//! Node types: the GraphQL types that are backed by a table, as data.

use std::borrow::Cow;

use async_graphql::registry::Registry;
use async_graphql::{InputType, OutputType, Value};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{EntityName, EntityTrait, IdenStatic, Iterable};

use crate::error::{Error, Result};
use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::NodeOrder;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::plan::arguments::decode;
use crate::graphql::schema::connection::connection_fields;
use crate::graphql::schema::field::{Field, FieldKind, SortOrder};
use crate::graphql::schema::object::{Declared, register_object};
use crate::graphql::types::dataset::Provenance;
use crate::graphql::types::node::NodeKind;

/// The properties to count rows by, with their names.
pub(crate) type NamedFacets = Vec<(String, FacetValues)>;

/// A GraphQL type that is backed by a table.
pub struct NodeType {
    /// The name of the type; of an interface if the rows have several types.
    pub(crate) name: Cow<'static, str>,
    pub(crate) description: String,
    /// The kind of node, which global ids contain.
    pub(crate) kind: NodeKind,
    pub(crate) table: &'static str,
    /// The condition that selects the rows of this type, where several types share the table.
    pub(crate) scope: Option<Expr>,
    pub(crate) fields: Vec<Field>,
    /// The fields of its connections.
    pub(crate) connection: Vec<Field>,
    /// Decodes a filter.
    pub(crate) filter: fn(Value) -> Result<Box<dyn AnyFilter>>,
    /// Decodes a sort order.
    pub(crate) order: fn(Value) -> Result<SortOrder>,
    /// Decodes the properties to count rows by, with their names.
    pub(crate) facets: fn(Value) -> Result<NamedFacets>,
    /// The columns of the first and of the last second of the date, if the rows have one.
    pub(crate) dated: Option<[&'static str; 2]>,
    /// Returns the columns of the table, in order.
    pub(crate) columns: fn() -> Vec<&'static str>,
}

/// A type that is backed by a table, such as `Event` or `Person`.
pub trait DeclaredNode: OutputType + OfNodeType + 'static {
    /// The table.
    type Entity: EntityTrait;
    /// The input type that filters lists of this type.
    type Filter: NodeFilter;
    /// The input type that sorts lists of this type.
    type Order: NodeOrder;
    /// The enum of properties by which lists of this type can be counted.
    type Facet: NodeFacet;

    /// The condition that selects the rows of this type, where several types share the table.
    fn scope() -> Option<Expr> {
        None
    }
    /// The columns of the date that histograms count, if the rows have one.
    fn dated() -> Option<[&'static str; 2]> {
        None
    }
    /// Fields that connections of this type have besides those of all connections.
    fn list_fields() -> Vec<Field> {
        Vec::new()
    }
}

/// A type whose values are rows of one node type: the node type itself, an optional one, or a list.
pub trait OfNodeType {
    /// Returns the node type.
    fn node_type() -> &'static NodeType;
}

impl<T: OfNodeType> OfNodeType for Option<T> {
    fn node_type() -> &'static NodeType {
        T::node_type()
    }
}

/// A [`NodeFilter`] of whatever type.
pub(crate) trait AnyFilter: Send {
    /// Translates the filter to a condition.
    fn condition(&self, context: &mut FilterContext) -> Result<Expr>;
}

impl<F: NodeFilter> AnyFilter for F {
    fn condition(&self, context: &mut FilterContext) -> Result<Expr> {
        NodeFilter::condition(self, context)
    }
}

impl NodeType {
    /// Describes a type, given its fields apart from its id and its record.
    pub(crate) fn of<T: DeclaredNode>(kind: NodeKind, description: &[&str], own: Vec<Field>) -> Self {
        let mut fields = vec![id()];
        if kind.stored().is_some() {
            fields.push(Field::new::<Provenance>(
                "record",
                &["The imported record this node was created from: its dataset and key."],
                Vec::new(),
                FieldKind::One { column: "id", node_type: Provenance::node_type },
            ));
        }
        fields.extend(own);
        Self {
            name: T::type_name(),
            description: super::field::joined(description),
            kind,
            table: T::Entity::default().table_name(),
            scope: T::scope(),
            fields,
            connection: connection_fields::<T>(),
            filter: |value| Ok(Box::new(decode::<T::Filter>(Some(value))?)),
            order: |value| {
                let all = decode::<Vec<T::Order>>(Some(value))?;
                Ok(all.iter().map(|by| (by.key(), by.direction())).collect())
            },
            facets: |value| {
                let name = |by: &T::Facet| match by.to_value() {
                    Value::Enum(name) => name.to_string(),
                    _ => String::new(),
                };
                Ok(decode::<Vec<T::Facet>>(Some(value))?.iter().map(|by| (name(by), by.values())).collect())
            },
            dated: T::dated(),
            columns: || <T::Entity as EntityTrait>::Column::iter().map(|column| column.as_str()).collect(),
        }
    }

    /// Describes a type of which there are no lists.
    pub(crate) fn unlisted(
        name: &'static str,
        description: &str,
        kind: NodeKind,
        table: &'static str,
        fields: Vec<Field>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.to_owned(),
            kind,
            table,
            scope: None,
            fields,
            connection: Vec::new(),
            filter: |_| Err(not_listed()),
            order: |_| Err(not_listed()),
            facets: |_| Err(not_listed()),
            dated: None,
            columns: Vec::new,
        }
    }

    /// Returns the field with a name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Returns the field of its connections with a name.
    pub(crate) fn connection_field(&self, name: &str) -> Option<&Field> {
        self.connection.iter().find(|field| field.name == name)
    }

    /// The id column.
    pub(crate) fn id(&self) -> Expr {
        Expr::col((self.table, "id"))
    }

    /// Restricts a condition to the rows of this type.
    pub(crate) fn with_scope(&self, conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
        self.scope.iter().cloned().chain(conditions).reduce(ExprTrait::and)
    }
}

fn not_listed() -> Error {
    Error::Internal("there are no lists of this type".into())
}

/// The field `id` of all nodes.
pub(crate) fn id() -> Field {
    let description = "Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.";
    Field::new::<async_graphql::ID>("id", &[description], Vec::new(), FieldKind::Id)
}

/// Registers a type that is backed by a table.
pub(crate) fn register<T: DeclaredNode + Declared>(registry: &mut Registry) -> String {
    let node_type = T::node_type();
    register_object::<T>(registry, &node_type.description, &node_type.fields)
}

/// Declares a GraphQL type over the rows of a table.
///
/// `Name of module` names the type and the module of its table in the crate `entity`, which is also the kind of node after `as`.
/// The types of `filter`, `order` and `facet` follow, and then, in this order and all optional:
///
/// - `dated [EARLIEST LATEST]`: the columns of the date that histograms count.
/// - `scope (CONDITION)`: the condition that selects the rows of this type.
/// - `list_fields FUNCTION`: returns further fields of its connections.
/// - `with FUNCTION`: returns fields that come before its own ones.
///
/// The fields are declared as in [`fields`](crate::graphql::schema::field::fields); `id` and `record` are added.
macro_rules! node_type {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident as $kind:ident, filter $filter:ty, order $order:ty, facet $facet:ty
        $(, dated [$earliest:ident $latest:ident])? $(, scope ($scope:expr))? $(, list_fields $list_fields:path)? $(, with $with:path)?
        { $($fields:tt)* }) => {
        $crate::graphql::schema::node_type::node_type! { @types $name of $module as $kind, filter $filter, order $order, facet $facet
            $(, dated [$earliest $latest])? $(, scope ($scope))? $(, list_fields $list_fields)?, docs [$($doc)+], fields {
                #[allow(unused_mut, reason = "not all types have common fields")]
                let mut fields: Vec<$crate::graphql::schema::field::Field> = Vec::new();
                $(fields.extend($with());)?
                let own: Vec<$crate::graphql::schema::field::Field> = $crate::graphql::schema::node_type::node_type!(@fields $name, $module { $($fields)* });
                fields.extend(own);
                fields
            }
        }
        $crate::graphql::schema::object::declared! { $(#[doc = $doc])+ $name, registered by $crate::graphql::schema::node_type::register::<$name> }
    };
    (@fields $name:ident, $module:ident { $($fields:tt)* }) => {
        $crate::graphql::schema::field::fields!(($name), $module { $($fields)* })
    };
    (@types $name:ident of $module:ident as $kind:ident, filter $filter:ty, order $order:ty, facet $facet:ty
        $(, dated [$earliest:ident $latest:ident])? $(, scope ($scope:expr))? $(, list_fields $list_fields:path)?, docs [$($doc:literal)+], fields $fields:block) => {
        impl $crate::graphql::schema::node_type::DeclaredNode for $name {
            type Entity = entity::$module::Entity;
            type Filter = $filter;
            type Order = $crate::graphql::connection::order_by::OrderBy<$order>;
            type Facet = $facet;
            $(fn dated() -> Option<[&'static str; 2]> {
                use sea_orm::IdenStatic;
                Some([entity::$module::Column::$earliest.as_str(), entity::$module::Column::$latest.as_str()])
            })?
            $(fn scope() -> Option<sea_orm::sea_query::Expr> {
                Some($scope)
            })?
            $(fn list_fields() -> Vec<$crate::graphql::schema::field::Field> {
                $list_fields()
            })?
        }

        impl $crate::graphql::schema::node_type::OfNodeType for $name {
            fn node_type() -> &'static $crate::graphql::schema::node_type::NodeType {
                static NODE_TYPE: std::sync::LazyLock<$crate::graphql::schema::node_type::NodeType> = std::sync::LazyLock::new(|| {
                    $crate::graphql::schema::node_type::NodeType::of::<$name>($crate::graphql::types::node::NodeKind::$kind, &[$($doc),+], $fields)
                });
                &NODE_TYPE
            }
        }
    };
}
pub(crate) use node_type;

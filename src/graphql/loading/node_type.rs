//! The trait of GraphQL types that are backed by a table, and the macro that declares one.

use async_graphql::{ContainerType, OutputType};
use entity::row::FromRow;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::NodeFacet;
use crate::graphql::connection::order_by::NodeOrder;
use crate::graphql::filter::NodeFilter;
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::belongs_to::AnyBelongsTo;

/// A GraphQL type whose objects are rows of a table, such as `Event` or `Person`.
pub trait NodeType: ContainerType + Clone + 'static {
    /// The table.
    type Entity: EntityTrait<Model: FromRow + Send + Sync>;
    /// The input type that filters lists of this type.
    type Filter: NodeFilter;
    /// The input type that sorts lists of this type.
    type Order: NodeOrder;
    /// The enum of properties by which lists of this type can be counted.
    type Facet: NodeFacet;
    /// Fields that connections of this type have in addition to those of every connection, such as `histogram`.
    type ConnectionFields: OutputType + ContainerType + From<Connection<Self>>;

    /// The primary key column.
    const ID: <Self::Entity as EntityTrait>::Column;

    /// Wraps a row.
    fn from_row(row: Row<Self::Entity>) -> Self;
    /// Returns the primary key of a row.
    fn id_of(model: &<Self::Entity as EntityTrait>::Model) -> i64;
    /// The condition that selects the rows of this type, where several types share the table.
    fn scope() -> Option<Expr> {
        None
    }
    /// Columns that are too large to be read with every row, such as the text of an article. The projection never selects
    /// them; the field that shows one loads it separately.
    fn large_columns() -> &'static [<Self::Entity as EntityTrait>::Column] {
        &[]
    }
    /// Columns that only the field of the same name shows (`place_note` is shown by `placeNote`). They are read only if that
    /// field is selected.
    fn lazy_columns() -> &'static [<Self::Entity as EntityTrait>::Column] {
        &[]
    }
    /// The columns of the date that histograms count, if the rows have one.
    fn dated() -> Option<[&'static str; 2]> {
        None
    }
    /// The foreign keys whose rows can be read by a join.
    fn belongs_to() -> &'static [&'static dyn AnyBelongsTo<Self::Entity>] {
        &[]
    }
}

/// Declares a GraphQL type over the rows of a table, with its [`NodeType`] implementation.
///
/// `Name of module` names the type and the module of its table in the crate `entity`. It is followed by the types of `filter`,
/// `order` and `facet`, and then, in this order and all optional:
///
/// - `connection_fields T`: additional fields of its connections; none by default.
/// - `dated [EARLIEST LATEST]`: the columns of the date that histograms count.
/// - `scope CONDITION`, `large_columns [...]`, `lazy_columns LIST`, `belongs_to LIST`: see the methods of [`NodeType`].
///   `belongs_to!` declares the list `BELONGS_TO`.
macro_rules! node_type {
    ($name:ident of $module:ident, filter $filter:ty, order $order:ty, facet $facet:ty $(, connection_fields $connection_fields:ty)? $(, dated [$earliest:ident $latest:ident])? $(, scope $scope:expr)? $(, large_columns [$($large_column:ident),+])? $(, lazy_columns $lazy_columns:expr)? $(, belongs_to $belongs_to:expr)?) => {
        #[allow(missing_docs, reason = "GraphQL takes the description from the block of its fields")]
        #[derive(Clone)]
        pub struct $name(pub(crate) $crate::graphql::loading::batch::Row<entity::$module::Entity>);

        impl $crate::graphql::loading::node_type::NodeType for $name {
            type Entity = entity::$module::Entity;
            type Filter = $filter;
            type Order = $crate::graphql::connection::order_by::OrderBy<$order>;
            type Facet = $facet;
            type ConnectionFields = $crate::graphql::loading::node_type::connection_fields!($($connection_fields)?);
            const ID: entity::$module::Column = entity::$module::Column::Id;

            fn from_row(row: $crate::graphql::loading::batch::Row<Self::Entity>) -> Self {
                Self(row)
            }
            fn id_of(model: &entity::$module::Model) -> i64 {
                model.id.0
            }
            $(fn dated() -> Option<[&'static str; 2]> {
                use sea_orm::IdenStatic;
                Some([entity::$module::Column::$earliest.as_str(), entity::$module::Column::$latest.as_str()])
            })?
            $(fn scope() -> Option<sea_orm::sea_query::Expr> {
                Some($scope)
            })?
            $(fn large_columns() -> &'static [entity::$module::Column] {
                &[$(entity::$module::Column::$large_column),+]
            })?
            $(fn lazy_columns() -> &'static [entity::$module::Column] {
                $lazy_columns
            })?
            $(fn belongs_to() -> &'static [&'static dyn $crate::graphql::loading::belongs_to::AnyBelongsTo<Self::Entity>] {
                $belongs_to
            })?
        }

        $(impl $crate::graphql::connection::histogram::Dated for $name {
            const EARLIEST: entity::$module::Column = entity::$module::Column::$earliest;
            const LATEST: entity::$module::Column = entity::$module::Column::$latest;
        })?
    };
}
pub(crate) use node_type;

macro_rules! connection_fields {
    () => {
        $crate::graphql::connection::histogram::NoConnectionFields
    };
    ($connection_fields:ty) => {
        $connection_fields
    };
}
pub(crate) use connection_fields;

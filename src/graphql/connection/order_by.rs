//! Sort orders: the `orderBy` inputs, the sort keys they stand for, and the macro that declares the sort fields of a type.

use std::borrow::Cow;

use async_graphql::{Enum, InputObject, InputType, TypeName};
use sea_orm::sea_query::Expr;

/// Maximum number of sort keys in `orderBy`.
pub(crate) const MAX_SORT_KEYS: usize = 8;

/// Sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Direction {
    /// Ascending: smallest, earliest or A first.
    Asc,
    /// Descending: largest, latest or Z first.
    Desc,
}

/// One entry of an `orderBy` argument.
pub trait NodeOrder: InputType {
    /// The key to sort by.
    fn key(&self) -> SortKey;
    /// The direction.
    fn direction(&self) -> Direction;
}

/// A sort key of a list: a field and a direction.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct OrderBy<F: InputType> {
    /// Field to sort by.
    pub field: F,
    /// Sort direction. Rows without a value come last in both directions. Default: `ASC`.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

impl<F: InputType> TypeName for OrderBy<F> {
    fn type_name() -> Cow<'static, str> {
        F::type_name().trim_end_matches("Field").to_owned().into()
    }
}

/// An enum of the fields that a type can be sorted by.
pub trait OrderField: InputType {
    /// The key to sort by.
    fn key(&self) -> SortKey;
}

impl<F: OrderField> NodeOrder for OrderBy<F> {
    fn key(&self) -> SortKey {
        self.field.key()
    }
    fn direction(&self) -> Direction {
        self.direction
    }
}

/// The SQL expression that is compared, by its kind.
#[derive(Clone, Debug)]
pub enum SortKey {
    /// A text that every row has.
    Text(Expr),
    /// A nullable integer.
    Number(Expr),
    /// A nullable integer that is a position within a larger object, such as the offset of evidence in its article. No index
    /// orders all rows of the table by it.
    Offset(Expr),
    /// A nullable floating-point number.
    Real(Expr),
    /// The id: import order. It is the last key of every order anyway.
    Recorded,
}

/// Declares the fields that a type can be sorted by: for each the variant, the kind of [`SortKey`] and, except for `Recorded`,
/// the table and column.
macro_rules! order {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $field_doc:literal])+ $field:ident = $key:ident $(($table:expr, $column:expr))?,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $name { $($(#[doc = $field_doc])+ $field,)+ }

        impl $crate::graphql::connection::order_by::OrderField for $name {
            fn key(&self) -> $crate::graphql::connection::order_by::SortKey {
                match self { $(Self::$field => $crate::graphql::connection::order_by::SortKey::$key $((sea_orm::sea_query::Expr::col(($table, $column))))?,)+ }
            }
        }
    };
}
pub(crate) use order;

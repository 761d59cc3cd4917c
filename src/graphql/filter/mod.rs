//! Filters: what a list may be narrowed by, as SQL that indexes can serve.
//!
//! A filter of related rows becomes `id IN (SELECT ...)`: the inner select stands on its own, so the database may start
//! from either side. A value that names nothing is an error, so references are gathered and looked up before the list
//! is read.

mod area;
mod date;
mod json;
mod list;
mod name;
mod reference;
mod scalar;
mod search;
mod sink;

use async_graphql::InputType;
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

pub use area::PointInput;
pub(crate) use area::{BoundingBoxInput, NearInput, in_box, near};
pub(crate) use date::{DateColumns, DateFilter, date};
pub(crate) use json::from_json;
pub(crate) use list::{ListFilter, carrying, tied};
pub(crate) use name::{Asked, NameMatch};
pub(crate) use reference::{IdFilter, RecordFilter, Selector, SlugFilter, came_with, with_slug};
pub(crate) use scalar::{BooleanFilter, EnumFilter, EventTypeFilter, FloatFilter, StringFilter};
pub(crate) use search::{found_or_named, name as asked_name, searched, searched_or_named, words as asked_words};
pub(crate) use sink::Sink;

use crate::error::{Error, Result};

/// The most values of one list in a filter.
const MOST_VALUES: usize = 1000;

/// The filter of a noun.
pub trait NounFilter: InputType {
    /// What holds for the rows that pass.
    fn condition(&self, sink: &mut Sink) -> Result<Expr>;
    /// Selects `column` of the rows that pass.
    fn select(&self, column: &'static str, sink: &mut Sink) -> Result<SelectStatement>;
    /// Selects `column` of the rows that fail.
    fn select_failing(&self, column: &'static str, sink: &mut Sink) -> Result<SelectStatement>;
}

/// What a filter of one column tests.
pub(crate) trait Test {
    fn test(&self, column: Expr, sink: &mut Sink) -> Result<Expr>;
}

pub(crate) fn all(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.and(right)).unwrap_or_else(truth)
}

pub(crate) fn any(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.or(right)).unwrap_or_else(|| truth().not())
}

pub(crate) fn truth() -> Expr {
    Expr::cust("1 = 1")
}

/// Not, where unknown counts as false: what has no value does not pass, so its opposite passes.
pub(crate) fn fails(condition: Expr) -> Expr {
    condition.is_not(Expr::Constant(true.into()))
}

fn few<T>(values: &[T]) -> Result<&[T]> {
    if values.len() > MOST_VALUES {
        return Err(Error::Limit(format!("A filter lists {} values; give at most {MOST_VALUES}", values.len())));
    }
    Ok(values)
}

fn null(column: &Expr, is_null: Option<bool>) -> Option<Expr> {
    is_null.map(|is_null| if is_null { column.clone().is_null() } else { column.clone().is_not_null() })
}

/// Declares the filter of a noun. Each field says how it tests:
///
/// * `column C`: the column itself
/// * `id C of K`, `slug_of C of K`: ids and slugs of a noun
/// * `one C`: the row that the column refers to
/// * `many T`: the rows that a [`Tie`] relates
/// * `with F`: a function of its own
macro_rules! filter {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident { $($(#[doc = $line:literal])+ $field:ident: $type:ty = $how:ident ($($argument:tt)+);)+ }) => {
        $(#[doc = $doc])+
        ///
        /// All fields that are given must hold; a field that is left out or null asks nothing. `field: {}` asks that there
        /// be such a thing: `not: {speaker: {}}` finds what has no speaker.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $name {
            /// All of these hold.
            pub and: Option<Vec<$name>>,
            /// At least one of these holds.
            pub or: Option<Vec<$name>>,
            /// This does not hold.
            pub not: Option<Box<$name>>,
            $($(#[doc = $line])+ pub $field: Option<$type>,)+
        }

        impl $crate::graphql::filter::NounFilter for $name {
            fn condition(&self, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::Expr> {
                #[allow(unused_imports)]
                use $crate::graphql::filter::Test;
                sink.enter()?;
                let mut tests = Vec::new();
                if let Some(filters) = &self.and {
                    for filter in filters {
                        tests.push(filter.condition(sink)?);
                    }
                }
                if let Some(filters) = &self.or {
                    let any = filters.iter().map(|filter| filter.condition(sink)).collect::<$crate::error::Result<Vec<_>>>()?;
                    tests.push($crate::graphql::filter::any(any));
                }
                if let Some(filter) = &self.not {
                    tests.push($crate::graphql::filter::fails(filter.condition(sink)?));
                }
                $(if let Some(value) = &self.$field {
                    tests.push($crate::graphql::filter::filter!(@$how value sink $module $($argument)+));
                })+
                Ok($crate::graphql::filter::all(tests))
            }

            fn select(&self, column: &'static str, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::SelectStatement> {
                let condition = self.condition(sink)?;
                Ok($crate::graphql::filter::select_where::<entity::$module::Entity>(column, condition))
            }

            fn select_failing(&self, column: &'static str, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::SelectStatement> {
                let condition = $crate::graphql::filter::fails(self.condition(sink)?);
                Ok($crate::graphql::filter::select_where::<entity::$module::Entity>(column, condition))
            }
        }
    };
    (@column $value:ident $sink:ident $module:ident $column:ident) => {
        $value.test($crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@id $value:ident $sink:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::node::Kind::$kind, $crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@slug_of $value:ident $sink:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::node::Kind::$kind, $crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@one $value:ident $sink:ident $module:ident $column:ident) => {
        sea_orm::sea_query::ExprTrait::in_subquery($crate::graphql::filter::filter!(@col $module $column), $crate::graphql::filter::NounFilter::select(&**$value, "id", $sink)?)
    };
    (@many $value:ident $sink:ident $module:ident $tie:expr) => { $value.test(&$tie, $sink)? };
    (@date $value:ident $sink:ident $module:ident $text:ident $earliest:ident $latest:ident) => {
        $value.test(&$crate::graphql::filter::DateColumns {
            text: $crate::graphql::filter::filter!(@col $module $text),
            earliest: $crate::graphql::filter::filter!(@col $module $earliest),
            latest: $crate::graphql::filter::filter!(@col $module $latest),
        })?
    };
    (@with $value:ident $sink:ident $module:ident $function:expr) => { $function($value, $sink)? };
    (@col $module:ident $column:ident) => {
        sea_orm::sea_query::Expr::col((entity::$module::Entity, entity::$module::Column::$column))
    };
}
pub(crate) use filter;

/// Selects `column` of the rows for which the condition holds.
pub(crate) fn select_where<E: EntityTrait>(column: &'static str, condition: Expr) -> SelectStatement {
    Query::select()
        .column((E::default(), column))
        .from(E::default())
        .and_where(condition)
        // A null among the values would make the answer to the whole question unknown.
        .and_where(Expr::col((E::default(), column)).is_not_null())
        .take()
}

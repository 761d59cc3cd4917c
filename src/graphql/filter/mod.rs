//! Filters: the inputs that restrict lists, and their translation to SQL that indexes can serve.
//!
//! - `scalar`, `date`, `area`, `name`, `search`, `reference`: filters by the kind of value.
//! - `list`: filters on lists of related rows (`some`, `none`, `every`).
//! - `operand`: the values that filters compare with. `context`: what is collected while a filter is translated.
//! - `json`: filters given as JSON, for exports.
//! - `filter!`: declares the filter of a node type.
//!
//! A filter on related rows becomes `id IN (SELECT ...)`. The inner select is independent of the outer row, so the database may
//! start from either side. If the list is scanned in its order, it becomes `EXISTS (SELECT ...)`, which tests one row at a time
//! (see `sqlite_scan`).
//!
//! An id or slug that does not exist is an error and not an empty list. The translation collects them in a `FilterContext`,
//! and they are looked up before the list is read.

mod area;
mod context;
mod date;
pub(crate) mod json;
mod list;
mod name;
pub(crate) mod operand;
mod reference;
mod scalar;
mod search;

use async_graphql::InputType;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityName, IdenStatic};

pub use crate::graphql::filter::area::PointInput;
pub(crate) use crate::graphql::filter::area::{BoundingBoxInput, NearInput, in_box, near};
use crate::graphql::filter::context::SubqueryForm;
pub(crate) use crate::graphql::filter::context::{FilterContext, References};
pub(crate) use crate::graphql::filter::date::{DateColumns, DateFilter, parse_date};
pub(crate) use crate::graphql::filter::json::from_json;
pub(crate) use crate::graphql::filter::list::{ListFilter, has_child, via_join_table};
pub(crate) use crate::graphql::filter::name::{NameMatch, NameQuery};
pub(crate) use crate::graphql::filter::operand::Operand;
pub(crate) use crate::graphql::filter::reference::{
    IdFilter, RecordFilter, Selector, SlugFilter, from_record, ids_with_slug,
};
pub(crate) use crate::graphql::filter::scalar::{
    BooleanFilter, EnumFilter, EventTypeFilter, FloatFilter, StringFilter,
};
pub(crate) use crate::graphql::filter::search::{
    full_text_match, full_text_or_name_ids, full_text_or_name_match, name_in_search, parse_search,
};

use crate::error::{Error, Result};

/// Maximum number of values in one list of a filter.
const MAX_LIST_LENGTH: usize = 1000;

/// The filter of a node type.
pub trait NodeFilter: InputType {
    /// The table.
    type Entity: EntityName;
    /// Translates the filter to a condition on the rows that match it. Errors: `BAD_INPUT` or `LIMIT` for invalid values.
    fn condition(&self, context: &mut FilterContext) -> Result<Expr>;
}

/// Filter on one column.
pub(crate) trait ColumnFilter {
    /// Translates the filter to a condition on the column.
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr>;
}

/// Combines conditions with AND; true if there are none.
pub(crate) fn all(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.and(right)).unwrap_or_else(always_true)
}

/// Combines conditions with OR; false if there are none.
pub(crate) fn any(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.or(right)).unwrap_or_else(|| always_true().not())
}

/// The condition `1 = 1`.
pub(crate) fn always_true() -> Expr {
    Expr::cust("1 = 1")
}

/// Negates a condition, where unknown (null) counts as false. A row without a value does not match a condition on the value, so it
/// matches the negation.
pub(crate) fn is_not_true(condition: Expr) -> Expr {
    condition.is_not(Expr::Constant(true.into()))
}

/// Returns the list. Error: `LIMIT` if it is too long.
fn check_list_length<T>(values: &[T]) -> Result<&[T]> {
    if values.len() > MAX_LIST_LENGTH {
        return Err(Error::Limit(format!("A filter lists {} values: give at most {MAX_LIST_LENGTH}", values.len())));
    }
    Ok(values)
}

/// Translates `isNull`.
fn null_test(column: &Expr, is_null: Option<bool>) -> Option<Expr> {
    is_null.map(|is_null| if is_null { column.clone().is_null() } else { column.clone().is_not_null() })
}

/// Declares the filter of a node type. Each field has a description, a name, an input type and one of these translations:
///
/// - `column(C)`: the input type tests the column `C` ([`ColumnFilter`]).
/// - `id(C of K)`, `slug_of(C of K)`: the column contains ids or slugs of the node type `K`.
/// - `one(C)`: the row that the foreign key `C` references. `node(C)`: the same for a column that has ids of several node types.
/// - `many(R)`: the related rows that a [`RelatedRows`](list::RelatedRows) describes.
/// - `date(TEXT EARLIEST LATEST)`: the columns of a date.
/// - `with(F)`: a function from the input and the [`FilterContext`] to a condition.
macro_rules! filter {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident { $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty = $translation:ident ($($argument:tt)+);)+ }) => {
        $(#[doc = $doc])+
        ///
        /// All given fields must match; fields that are omitted or null are ignored. An empty filter on a related row requires
        /// that the row exists. For example, `not: {speaker: {}}` matches statements without a speaker. At most 200 filters
        /// within one filter, nested at most 32 deep (`LIMIT`).
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $name {
            /// Matches rows that match all of these filters.
            pub and: Option<Vec<$name>>,
            /// Matches rows that match at least one of these filters. An empty list matches nothing.
            pub or: Option<Vec<$name>>,
            /// Matches rows that do not match this filter, including rows without the tested value.
            pub not: Option<Box<$name>>,
            $($(#[doc = $field_doc])+ pub $field: Option<$type>,)+
        }

        impl $crate::graphql::filter::NodeFilter for $name {
            type Entity = entity::$module::Entity;

            fn condition(&self, context: &mut $crate::graphql::filter::FilterContext) -> $crate::error::Result<sea_orm::sea_query::Expr> {
                #[allow(unused_imports)]
                use $crate::graphql::filter::ColumnFilter;
                context.begin_filter()?;
                let mut tests = Vec::new();
                if let Some(filters) = &self.and {
                    for filter in filters {
                        tests.push(filter.condition(context)?);
                    }
                }
                if let Some(filters) = &self.or {
                    let any = context.in_alternative(|context| {
                        filters.iter().map(|filter| filter.condition(context)).collect::<$crate::error::Result<Vec<_>>>()
                    })?;
                    tests.push($crate::graphql::filter::any(any));
                }
                if let Some(filter) = &self.not {
                    let condition = context.in_alternative(|context| filter.condition(context))?;
                    tests.push($crate::graphql::filter::is_not_true(condition));
                }
                $(if let Some(value) = &self.$field {
                    $crate::graphql::filter::filter!(@tests_columns $translation context);
                    tests.push($crate::graphql::filter::filter!(@$translation value context $module $($argument)+));
                })+
                context.end_filter();
                Ok($crate::graphql::filter::all(tests))
            }
        }
    };
    (@tests_columns many $context:ident) => {};
    (@tests_columns $translation:ident $context:ident) => { $context.test_columns(); };
    (@column $value:ident $context:ident $module:ident $column:ident) => {
        $value.test($crate::graphql::filter::filter!(@col $module $column), $context)?
    };
    (@id $value:ident $context:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::types::node::NodeKind::$kind, $crate::graphql::filter::filter!(@col $module $column), $context)?
    };
    (@slug_of $value:ident $context:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::types::node::NodeKind::$kind, $crate::graphql::filter::filter!(@col $module $column), $context)?
    };
    (@one $value:ident $context:ident $module:ident $column:ident) => {
        $crate::graphql::filter::refers_to(entity::$module::Column::$column, &**$value, $context)?
    };
    (@node $value:ident $context:ident $module:ident $column:ident) => {
        $crate::graphql::filter::refers_to_node(entity::$module::Column::$column, &**$value, $context)?
    };
    (@many $value:ident $context:ident $module:ident $related:expr) => { $value.test(&$related, $context)? };
    (@date $value:ident $context:ident $module:ident $text:ident $earliest:ident $latest:ident) => {
        $value.test(&$crate::graphql::filter::DateColumns {
            text: $crate::graphql::filter::filter!(@col $module $text),
            earliest: $crate::graphql::filter::filter!(@col $module $earliest),
            latest: $crate::graphql::filter::filter!(@col $module $latest),
        })?
    };
    (@with $value:ident $context:ident $module:ident $function:expr) => { $function($value, $context)? };
    (@col $module:ident $column:ident) => {
        sea_orm::sea_query::Expr::col((entity::$module::Entity, entity::$module::Column::$column))
    };
}
pub(crate) use filter;

/// Matches rows whose foreign key `column` references a row that matches the filter. It must reference rows of one table only.
pub(crate) fn refers_to<C: ColumnTrait, F: NodeFilter>(
    column: C,
    filter: &F,
    context: &mut FilterContext,
) -> Result<Expr> {
    referencing(column, filter, context, |own, referenced, condition, context| match condition {
        // The id of the row is in the column, so the row itself need not be read.
        Expr::Binary(id, BinOper::Equal, value) if *id == Expr::col(referenced) => Expr::col(own).eq(*value),
        condition => semi_join(own, referenced, condition, context),
    })
}

/// Matches rows whose column `column` has the id of a row that matches the filter. The column may also have ids of other node types.
pub(crate) fn refers_to_node<C: ColumnTrait, F: NodeFilter>(
    column: C,
    filter: &F,
    context: &mut FilterContext,
) -> Result<Expr> {
    referencing(column, filter, context, semi_join)
}

fn referencing<C: ColumnTrait, F: NodeFilter>(
    column: C,
    filter: &F,
    context: &mut FilterContext,
    join: impl FnOnce(ColumnName, ColumnName, Expr, &FilterContext) -> Expr,
) -> Result<Expr> {
    context.has_related = true;
    let (own, referenced) = (column_name(column), id_column::<F::Entity>());
    context.in_subquery(own.0, referenced.0, |context| Ok(join(own, referenced, filter.condition(context)?, context)))
}

/// A column: the names of its table and of the column.
pub(crate) type ColumnName = (&'static str, &'static str);

pub(crate) fn column_name<C: ColumnTrait>(column: C) -> ColumnName {
    (C::EntityName::default().table_name(), IdenStatic::as_str(&column))
}

/// The id column of a table.
pub(crate) fn id_column<E: EntityName>() -> ColumnName {
    (E::default().table_name(), "id")
}

/// Matches rows whose column `own` equals the column `other` of at least one row that fulfills the condition.
pub(crate) fn semi_join(own: ColumnName, other: ColumnName, condition: Expr, context: &FilterContext) -> Expr {
    let mut rows = Query::select().from(other.0).and_where(condition).take();
    if context.subquery_form == SubqueryForm::Exists {
        let is_equal = Expr::col(other).eq(Expr::col(own));
        // The limit keeps SQLite from merging several subqueries into one join, where a row that fails the second would be
        // searched once for each row that matches the first.
        return Expr::exists(rows.expr(always_true()).and_where(is_equal).limit(1).take());
    }
    // With a null among its values, NOT IN would be unknown for every row.
    Expr::col(own).in_subquery(rows.column(other).and_where(Expr::col(other).is_not_null()).take())
}

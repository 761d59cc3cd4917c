//! Filters: what a list may be narrowed by, as SQL that indexes can serve.
//!
//! A filter of related rows becomes `id IN (SELECT ...)`: the inner select stands on its own, so the database may start
//! from either side. Where rows are walked in their order it becomes `EXISTS (SELECT ...)`, which asks of one row at a time
//! (see `walk`). A value that names nothing is an error, so references are gathered and looked up before the list is read.

mod area;
mod context;
mod date;
mod json;
mod list;
mod name;
mod reference;
mod scalar;
mod search;

use async_graphql::InputType;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityName, IdenStatic};

pub use crate::graphql::filter::area::PointInput;
pub(crate) use crate::graphql::filter::area::{BoundingBoxInput, NearInput, in_box, near};
pub(crate) use crate::graphql::filter::context::FilterContext;
use crate::graphql::filter::context::SubqueryForm;
pub(crate) use crate::graphql::filter::date::{DateColumns, DateFilter, date};
pub(crate) use crate::graphql::filter::json::from_json;
pub(crate) use crate::graphql::filter::list::{ListFilter, has_child, via_join_table};
pub(crate) use crate::graphql::filter::name::{NameMatch, NameQuery};
pub(crate) use crate::graphql::filter::reference::{
    IdFilter, RecordFilter, Selector, SlugFilter, from_record, with_slug,
};
pub(crate) use crate::graphql::filter::scalar::{
    BooleanFilter, EnumFilter, EventTypeFilter, FloatFilter, StringFilter,
};
pub(crate) use crate::graphql::filter::search::{
    found_or_named, name as asked_name, searched, searched_or_named, words as asked_words,
};

use crate::error::{Error, Result};

/// The most values of one list in a filter.
const MOST_VALUES: usize = 1000;

/// The filter of a noun.
pub trait NodeFilter: InputType {
    /// The noun's table.
    type Entity: EntityName;
    /// What holds for the rows that pass.
    fn condition(&self, context: &mut FilterContext) -> Result<Expr>;
}

/// What a filter of one column tests.
pub(crate) trait ColumnFilter {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr>;
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
/// * `many T`: the rows that a [`ActorLink`] relates
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

        impl $crate::graphql::filter::NodeFilter for $name {
            type Entity = entity::$module::Entity;

            fn condition(&self, context: &mut $crate::graphql::filter::FilterContext) -> $crate::error::Result<sea_orm::sea_query::Expr> {
                #[allow(unused_imports)]
                use $crate::graphql::filter::ColumnFilter;
                context.enter()?;
                let mut tests = Vec::new();
                if let Some(filters) = &self.and {
                    for filter in filters {
                        tests.push(filter.condition(context)?);
                    }
                }
                if let Some(filters) = &self.or {
                    let any = filters.iter().map(|filter| filter.condition(context)).collect::<$crate::error::Result<Vec<_>>>()?;
                    tests.push($crate::graphql::filter::any(any));
                }
                if let Some(filter) = &self.not {
                    tests.push($crate::graphql::filter::fails(filter.condition(context)?));
                }
                $(if let Some(value) = &self.$field {
                    tests.push($crate::graphql::filter::filter!(@$how value context $module $($argument)+));
                })+
                Ok($crate::graphql::filter::all(tests))
            }
        }
    };
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
    (@many $value:ident $context:ident $module:ident $tie:expr) => { $value.test(&$tie, $context)? };
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

/// The column refers to a row that passes.
pub(crate) fn refers_to<C: ColumnTrait, F: NodeFilter>(
    column: C,
    filter: &F,
    context: &mut FilterContext,
) -> Result<Expr> {
    context.is_tied = true;
    let (mine, theirs) = (name_of(column), id_of::<F::Entity>());
    context.within(mine.0, theirs.0, |context| Ok(one_of(mine, theirs, filter.condition(context)?, context)))
}

/// A column: its table and its own name.
pub(crate) type Name = (&'static str, &'static str);

pub(crate) fn name_of<C: ColumnTrait>(column: C) -> Name {
    (C::EntityName::default().table_name(), IdenStatic::as_str(&column))
}

pub(crate) fn id_of<E: EntityName>() -> Name {
    (E::default().table_name(), "id")
}

/// A row has in `mine` what a row for which the condition holds has in `theirs`.
pub(crate) fn one_of(mine: Name, theirs: Name, condition: Expr, context: &FilterContext) -> Expr {
    let mut rows = Query::select().from(theirs.0).and_where(condition).take();
    if context.form == SubqueryForm::Exists {
        let is_that = Expr::col(theirs).eq(Expr::col(mine));
        // With a limit SQLite does not make joins of several: what fails by the second would be looked for once for each row
        // that passes by the first.
        return Expr::exists(rows.expr(truth()).and_where(is_that).limit(1).take());
    }
    // A null among the values would make the answer to the whole question unknown.
    Expr::col(mine).in_subquery(rows.column(theirs).and_where(Expr::col(theirs).is_not_null()).take())
}

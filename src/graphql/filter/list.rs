//! Filters of rows that are tied to a row.

use std::borrow::Cow;

use async_graphql::{InputObject, TypeName};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityName, EntityTrait};

use crate::error::Result;
use crate::graphql::filter::{FilterContext, Name, NodeFilter, all, fails, id_of, name_of, one_of};

/// A filter of rows that belong to a row.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct ListFilter<F: NodeFilter> {
    /// At least one passes.
    pub some: Option<Box<F>>,
    /// None passes.
    pub none: Option<Box<F>>,
    /// All pass, or there is none.
    pub every: Option<Box<F>>,
}

impl<F: NodeFilter> TypeName for ListFilter<F> {
    fn type_name() -> Cow<'static, str> {
        format!("{}ListFilter", F::type_name().trim_end_matches("Filter")).into()
    }
}

impl<F: NodeFilter> ListFilter<F> {
    pub(crate) fn test(&self, tie: &RelatedRows, context: &mut FilterContext) -> Result<Expr> {
        context.is_tied = true;
        context.is_wide |= HUBS.contains(&tie.id.0);
        context.within(tie.id.0, tie.mine.0, |context| {
            let mut tests = Vec::new();
            if let Some(filter) = &self.some {
                let passes = filter.condition(context)?;
                tests.push(tie.to_one::<F::Entity>(passes, context));
            }
            if let Some(filter) = &self.none {
                let passes = filter.condition(context)?;
                tests.push(fails(tie.to_one::<F::Entity>(passes, context)));
            }
            if let Some(filter) = &self.every {
                let passes = filter.condition(context)?;
                tests.push(fails(tie.to_one::<F::Entity>(fails(passes), context)));
            }
            Ok(all(tests))
        })
    }
}

/// Tables of which one row may be tied to most of the graph.
const HUBS: &[&str] = &["actor", "place"];

/// How rows of another noun are tied to a row.
pub(crate) struct RelatedRows {
    /// The row's number.
    id: Name,
    /// The column that has it.
    mine: Name,
    /// Where that is a table between them, its column of the other row's number.
    theirs: Option<Name>,
}

impl RelatedRows {
    /// The row is tied to a row of `R` for which the condition holds.
    fn to_one<R: EntityName>(&self, condition: Expr, context: &FilterContext) -> Expr {
        let holds = match self.theirs {
            Some(theirs) => one_of(theirs, id_of::<R>(), condition, context),
            None => condition,
        };
        one_of(self.id, self.mine, holds, context)
    }
}

/// The related rows carry this row's number in `column`.
pub(crate) fn has_child<E: EntityTrait, C: ColumnTrait>(column: C) -> RelatedRows {
    RelatedRows { id: id_of::<E>(), mine: name_of(column), theirs: None }
}

/// A table ties them: `mine` is this row's column in it, `theirs` that of the related rows.
pub(crate) fn via_join_table<E: EntityTrait, J: EntityTrait>(mine: J::Column, theirs: J::Column) -> RelatedRows {
    RelatedRows { id: id_of::<E>(), mine: name_of(mine), theirs: Some(name_of(theirs)) }
}

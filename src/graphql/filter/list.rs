//! Filters of rows that are tied to a row.

use std::borrow::Cow;

use async_graphql::{InputObject, TypeName};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic};

use super::{NounFilter, Sink, all, fails};
use crate::error::Result;

/// A filter of rows that belong to a row.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct ListFilter<F: NounFilter> {
    /// At least one passes.
    pub some: Option<Box<F>>,
    /// None passes.
    pub none: Option<Box<F>>,
    /// All pass, or there is none.
    pub every: Option<Box<F>>,
}

impl<F: NounFilter> TypeName for ListFilter<F> {
    fn type_name() -> Cow<'static, str> {
        format!("{}ListFilter", F::type_name().trim_end_matches("Filter")).into()
    }
}

impl<F: NounFilter> ListFilter<F> {
    /// `tie` turns a select of related rows into the condition that this row is tied to one of them; it is given the
    /// column of the related rows that it names.
    pub(crate) fn test(&self, tie: &Tie, sink: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        if let Some(filter) = &self.some {
            tests.push((tie.condition)(filter.select(tie.column, sink)?));
        }
        if let Some(filter) = &self.none {
            tests.push(fails((tie.condition)(filter.select(tie.column, sink)?)));
        }
        if let Some(filter) = &self.every {
            tests.push(fails((tie.condition)(filter.select_failing(tie.column, sink)?)));
        }
        Ok(all(tests))
    }
}

/// How rows of another noun are tied to a row.
pub(crate) struct Tie {
    column: &'static str,
    condition: Box<dyn Fn(SelectStatement) -> Expr>,
}

/// The related rows carry this row's number in `column`.
pub(crate) fn carrying<E: EntityTrait, C: ColumnTrait>(column: C) -> Tie {
    Tie {
        column: IdenStatic::as_str(&column),
        condition: Box::new(|select| {
            // A null among them would make the answer unknown.
            Expr::col((E::default(), "id")).in_subquery(select)
        }),
    }
}

/// A table ties them: `mine` is this row's column in it, `theirs` that of the related rows.
pub(crate) fn tied<E: EntityTrait, J: EntityTrait>(mine: J::Column, theirs: J::Column) -> Tie {
    Tie {
        column: "id",
        condition: Box::new(move |select| {
            let ties = Query::select()
                .column((J::default(), mine))
                .from(J::default())
                .and_where(Expr::col((J::default(), theirs)).in_subquery(select))
                .take();
            Expr::col((E::default(), "id")).in_subquery(ties)
        }),
    }
}

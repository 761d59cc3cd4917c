//! Filters on lists of related rows, such as the participations of an event.

use std::borrow::Cow;

use async_graphql::{InputObject, TypeName};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityName, EntityTrait};

use crate::error::Result;
use crate::graphql::filter::{
    ColumnName, FilterContext, NodeFilter, all, column_name, id_column, is_not_true, semi_join,
};

/// Filter on the related rows of a row. All given fields must match.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct ListFilter<F: NodeFilter> {
    /// At least one related row matches.
    pub some: Option<Box<F>>,
    /// No related row matches; true if there are no related rows.
    pub none: Option<Box<F>>,
    /// Every related row matches; true if there are no related rows.
    pub every: Option<Box<F>>,
}

impl<F: NodeFilter> TypeName for ListFilter<F> {
    fn type_name() -> Cow<'static, str> {
        format!("{}ListFilter", F::type_name().trim_end_matches("Filter")).into()
    }
}

impl<F: NodeFilter> ListFilter<F> {
    pub(crate) fn test(&self, related: &RelatedRows, context: &mut FilterContext) -> Result<Expr> {
        context.has_related = true;
        context.has_hub |= HUB_TABLES.contains(&related.id.0);
        context.in_subquery(related.id.0, related.own_column.0, |context| {
            let mut tests = Vec::new();
            if let Some(filter) = &self.some {
                let condition = filter.condition(context)?;
                tests.push(related.any::<F::Entity>(condition, context));
            }
            if let Some(filter) = &self.none {
                let condition = context.in_alternative(|context| filter.condition(context))?;
                tests.push(is_not_true(related.any::<F::Entity>(condition, context)));
            }
            if let Some(filter) = &self.every {
                let condition = context.in_alternative(|context| filter.condition(context))?;
                tests.push(is_not_true(related.any::<F::Entity>(is_not_true(condition), context)));
            }
            Ok(all(tests))
        })
    }
}

/// Tables of which one row may be related to most of the graph.
const HUB_TABLES: &[&str] = &["actor", "place"];

/// The relation between a row and the rows of another table.
pub(crate) struct RelatedRows {
    /// The id column of the row.
    id: ColumnName,
    /// The column that references it: a foreign key of the related rows, or a column of a join table.
    own_column: ColumnName,
    /// The column of the join table that references the related rows, if there is a join table.
    related_column: Option<ColumnName>,
}

impl RelatedRows {
    /// Matches rows of which at least one related row, of the table `R`, fulfills the condition.
    fn any<R: EntityName>(&self, condition: Expr, context: &FilterContext) -> Expr {
        let condition = match self.related_column {
            Some(related_column) => semi_join(related_column, id_column::<R>(), condition, context),
            None => condition,
        };
        semi_join(self.id, self.own_column, condition, context)
    }
}

/// The related rows reference this row by the foreign key `column`.
pub(crate) fn has_child<E: EntityTrait, C: ColumnTrait>(column: C) -> RelatedRows {
    RelatedRows { id: id_column::<E>(), own_column: column_name(column), related_column: None }
}

/// The related rows are related through the join table `J`: `own_column` references this row, `related_column` the related
/// row.
pub(crate) fn via_join_table<E: EntityTrait, J: EntityTrait>(
    own_column: J::Column,
    related_column: J::Column,
) -> RelatedRows {
    RelatedRows {
        id: id_column::<E>(),
        own_column: column_name(own_column),
        related_column: Some(column_name(related_column)),
    }
}

//! The filter of a list, translated once for all requests of its plan.
//!
//! Translating a filter and writing its SQL takes longer than finding 20 rows. If variables are only given as values to compare
//! with ([`Operand`](crate::graphql::filter::Operand)), the condition is the same for all requests, apart from the bound values.

use std::sync::Arc;

use async_graphql::{Name, Value as ConstValue};
use async_graphql_value::Value;
use sea_orm::sea_query;

use crate::db::Dialect;
use crate::error::{Error, Result};
use crate::graphql::filter::operand::{OperandUse, placeholder};
use crate::graphql::filter::{FilterContext, References};
use crate::graphql::plan::arguments::Arguments;
use crate::graphql::plan::list::Condition;
use crate::graphql::schema::field::ListField;
use crate::graphql::schema::node_type::NodeType;

/// A translated filter with markers in place of its variables.
pub(crate) struct FilterTemplate {
    pub(super) condition: Arc<Condition>,
    references: References,
    variables: Vec<Name>,
    operands: Vec<OperandUse>,
}

impl FilterTemplate {
    /// Translates a filter. `None` if that takes the value of a variable, or if the filter is invalid.
    pub(super) fn new(
        node_type: &NodeType,
        list: &ListField,
        filter: &Value,
        arguments: Arguments<'_>,
        dialect: Dialect,
    ) -> Option<Self> {
        if list.own_condition.is_some() {
            return None;
        }
        let mut variables: Vec<Name> = Vec::new();
        let filter = arguments.value_with(filter, &mut |name, value| match value {
            // Which variables are left out or null is part of the shape of a plan.
            ConstValue::Null => ConstValue::Null,
            _ => {
                let known = variables.iter().position(|known| known == name);
                placeholder(known.unwrap_or_else(|| {
                    variables.push(name.clone());
                    variables.len() - 1
                }))
            }
        })?;
        let mut context = FilterContext::new(dialect);
        let condition = Condition::of_filter(node_type, list, None, filter, &mut context).ok()?;
        Some(Self {
            condition: Arc::new(condition),
            references: context.references,
            variables,
            operands: context.operands,
        })
    }

    /// Returns the values of a request in place of the markers, in their order, and which ids and slugs the filter mentions. Errors:
    /// `BAD_INPUT` or `LIMIT` for invalid values.
    pub(super) fn bind(
        &self,
        arguments: Arguments<'_>,
        dialect: Dialect,
    ) -> Result<(Vec<sea_query::Value>, References)> {
        let mut context = FilterContext::new(dialect);
        context.references = self.references.clone();
        let mut values = Vec::with_capacity(self.operands.len());
        for operand in &self.operands {
            let name = self.variables.get(operand.variable);
            let value = name.and_then(|name| arguments.variable(name));
            let value = value.ok_or_else(|| Error::Internal("a variable of a filter is missing".into()))?;
            values.push(operand.value(value, &mut context)?);
        }
        Ok((values, context.references))
    }
}

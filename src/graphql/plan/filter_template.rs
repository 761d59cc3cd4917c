//! The filter of a list, translated once for all requests of its plan.
//!
//! Translating a filter and writing its SQL takes longer than finding 20 rows. If variables are only given as values to compare
//! with ([`Operand`](crate::graphql::filter::Operand)), the condition is the same for all requests, apart from the bound values. The
//! condition on a name depends on its words, so it is translated once for each kind of name.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::{Name, Value as ConstValue};
use async_graphql_value::Value;
use sea_orm::sea_query;

use crate::db::Dialect;
use crate::error::{Error, Result};
use crate::graphql::filter::operand::{OperandUse, Shape, ShapedOperand, placeholder};
use crate::graphql::filter::{FilterContext, References};
use crate::graphql::plan::arguments::Arguments;
use crate::graphql::plan::list::Condition;
use crate::graphql::plan::statement::Statements;
use crate::graphql::schema::field::ListField;
use crate::graphql::schema::node_type::NodeType;

/// Maximum number of translations of one filter that are kept. A name of a further kind is translated for its request only.
pub(super) const MAX_TRANSLATIONS: usize = 8;

/// The translations of a filter.
pub(crate) struct FilterTemplates {
    list: &'static ListField,
    node_type: &'static NodeType,
    /// The filter with placeholders in place of its variables.
    filter: ConstValue,
    variables: Vec<Name>,
    /// The variables on whose values the SQL depends.
    shaped: Vec<ShapedOperand>,
    /// The translations, by the keys of the shapes of those variables.
    translations: RwLock<HashMap<Vec<u8>, Arc<FilterTemplate>>>,
}

/// A translated filter with markers in place of its variables, and the statements with it.
pub(crate) struct FilterTemplate {
    pub(super) condition: Arc<Condition>,
    pub(super) statements: Statements,
    references: References,
    operands: Vec<OperandUse>,
}

/// A translated filter, and what one request gives for it.
pub(super) struct BoundFilter {
    pub(super) template: Arc<FilterTemplate>,
    /// The values in place of the markers, in their order.
    pub(super) operands: Vec<sea_query::Value>,
    pub(super) references: References,
}

/// Why a filter is translated for each request.
pub(super) enum Untranslatable {
    /// The filter is invalid, or its translation takes the value of a variable.
    Always,
    /// The value of a variable is invalid.
    ForThisRequest,
}

impl FilterTemplates {
    /// Prepares a filter.
    pub(super) fn new(
        node_type: &'static NodeType,
        list: &'static ListField,
        filter: &Value,
        arguments: Arguments<'_>,
        dialect: Dialect,
    ) -> Result<Self, Untranslatable> {
        if list.own_condition.is_some() {
            return Err(Untranslatable::Always);
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
        });
        let filter = filter.ok_or(Untranslatable::Always)?;
        let mut templates =
            Self { list, node_type, filter, variables, shaped: Vec::new(), translations: RwLock::default() };
        let mut context = FilterContext::new(dialect);
        let template = templates.translate(arguments, &mut context).map_err(|_| match context.has_invalid_sample {
            true => Untranslatable::ForThisRequest,
            false => Untranslatable::Always,
        })?;
        templates.shaped = context.shaped;
        let shapes = templates.shapes(arguments).map_err(|_| Untranslatable::ForThisRequest)?;
        templates.translations = RwLock::new(HashMap::from([(key_of(&shapes), Arc::new(template))]));
        Ok(templates)
    }

    /// Translates the filter for names of the kind that a request has.
    fn translate(&self, arguments: Arguments<'_>, context: &mut FilterContext) -> Result<FilterTemplate> {
        let samples = self.variables.iter().map(|name| Ok(self.value(arguments, name)?.clone()));
        context.samples = samples.collect::<Result<_>>()?;
        let condition = Condition::of_filter(self.node_type, self.list, None, self.filter.clone(), context)?;
        Ok(FilterTemplate {
            condition: Arc::new(condition),
            statements: Statements::default(),
            references: std::mem::take(&mut context.references),
            operands: std::mem::take(&mut context.operands),
        })
    }

    fn value<'a>(&self, arguments: Arguments<'a>, name: &Name) -> Result<&'a ConstValue> {
        arguments.variable(name).ok_or_else(|| Error::Internal("a variable of a filter is missing".into()))
    }

    fn value_of<'a>(&self, arguments: Arguments<'a>, variable: usize) -> Result<&'a ConstValue> {
        let name = self.variables.get(variable);
        self.value(arguments, name.ok_or_else(|| Error::Internal("a filter has no such variable".into()))?)
    }

    fn shapes(&self, arguments: Arguments<'_>) -> Result<Vec<Shape>> {
        let shape = |operand: &ShapedOperand| operand.shape(self.value_of(arguments, operand.variable)?);
        self.shaped.iter().map(shape).collect()
    }

    /// Returns the translation for the variables of a request, and what it gives for it. Errors: `BAD_INPUT` or `LIMIT` for invalid
    /// values.
    pub(super) fn bind(&self, arguments: Arguments<'_>, dialect: Dialect) -> Result<BoundFilter> {
        let shapes = self.shapes(arguments)?;
        let key = key_of(&shapes);
        let known = self.translations.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let template = match known {
            Some(template) => template,
            None => {
                let template = Arc::new(self.translate(arguments, &mut FilterContext::new(dialect))?);
                let mut translations = self.translations.write().unwrap_or_else(PoisonError::into_inner);
                if translations.len() < MAX_TRANSLATIONS {
                    translations.insert(key, Arc::clone(&template));
                }
                template
            }
        };
        let mut context = FilterContext::new(dialect);
        context.references = template.references.clone();
        let mut operands = Vec::with_capacity(template.operands.len());
        for operand in &template.operands {
            operands.push(match operand {
                OperandUse::Whole { variable, convert } => convert(self.value_of(arguments, *variable)?, &mut context)?,
                OperandUse::Part { shaped, index } => {
                    let value = shapes.get(*shaped).and_then(|shape| shape.values.get(*index)).cloned();
                    value.ok_or_else(|| Error::Internal("a filter has no such value".into()))?
                }
            });
        }
        Ok(BoundFilter { template, operands, references: context.references })
    }
}

/// Returns the key of the translation for values of these shapes.
fn key_of(shapes: &[Shape]) -> Vec<u8> {
    shapes.iter().flat_map(|shape| &shape.key).copied().collect()
}

//! The values that filters compare with.
//!
//! A document usually gives the structure of a filter, and variables for some values: `role: {in: $roles}`. Such a filter is
//! translated to SQL once for all requests, with placeholders in place of the variables. Each request then only converts the values
//! of its variables.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::registry::Registry;
use async_graphql::{InputType, InputValueError, InputValueResult, Value as GraphQlValue};
use sea_orm::sea_query::Value;

use crate::error::{Error, Result};
use crate::graphql::filter::FilterContext;
use crate::graphql::plan::arguments::decode;

/// A value that a filter compares with.
#[derive(Clone, Debug)]
pub enum Operand<T> {
    /// A value of the request.
    Given(T),
    /// A variable, whose value each request gives.
    Variable(usize),
}

/// A value that a marker stands for.
#[derive(Clone)]
pub(crate) enum OperandUse {
    /// The value of a variable, and how it is bound in SQL.
    Whole { variable: usize, convert: Arc<Convert> },
    /// One of the values that follow from a variable on whose value the SQL depends.
    Part { shaped: usize, index: usize },
}

type Convert = dyn Fn(&GraphQlValue, &mut FilterContext) -> Result<Value> + Send + Sync;

type FindShape = dyn Fn(&GraphQlValue) -> Result<Shape> + Send + Sync;

/// A variable on whose value the SQL depends: a name, whose words decide how it is searched.
#[derive(Clone)]
pub(crate) struct ShapedOperand {
    pub(crate) variable: usize,
    shape: Arc<FindShape>,
    /// Number of values that are bound so far.
    parts: usize,
}

/// How a value is searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// What the SQL depends on: values with the same key have the same SQL.
    pub(crate) key: Vec<u8>,
    /// The values that are bound, in their order.
    pub(crate) values: Vec<Value>,
}

impl ShapedOperand {
    /// Returns how a value of the variable is searched. Errors: as for the same value in a document.
    pub(crate) fn shape(&self, value: &GraphQlValue) -> Result<Shape> {
        (self.shape)(value)
    }
}

/// The marker in SQL of the first use of a variable. No statement binds characters otherwise.
const FIRST_MARKER: u32 = 0xe100;
/// Maximum number of uses in one filter.
const MAX_USES: u32 = 1000;

/// Returns the value that stands for a variable when a filter is parsed. Neither documents nor JSON can contain such a value.
pub(crate) fn placeholder(variable: usize) -> GraphQlValue {
    GraphQlValue::Binary(variable.to_le_bytes().to_vec().into())
}

/// Returns which use of a variable a bound value stands for.
pub(crate) fn use_of_marker(value: &Value) -> Option<usize> {
    let Value::Char(Some(marker)) = value else { return None };
    let number = u32::from(*marker).checked_sub(FIRST_MARKER).filter(|number| *number < MAX_USES)?;
    usize::try_from(number).ok()
}

impl FilterContext {
    /// Returns a marker for a value.
    fn mark(&mut self, operand: OperandUse) -> Result<Value> {
        let number = u32::try_from(self.operands.len()).unwrap_or(u32::MAX);
        let number = Some(number).filter(|number| *number < MAX_USES);
        let marker = number.and_then(|number| char::from_u32(FIRST_MARKER + number));
        let marker =
            marker.ok_or_else(|| Error::Limit(format!("A filter compares with more than {MAX_USES} variables")))?;
        self.operands.push(operand);
        Ok(Value::Char(Some(marker)))
    }

    /// Adds a variable on whose value the SQL depends, and returns its index.
    pub(super) fn add_shaped(
        &mut self,
        variable: usize,
        shape: impl Fn(&GraphQlValue) -> Result<Shape> + Send + Sync + 'static,
    ) -> usize {
        self.shaped.push(ShapedOperand { variable, shape: Arc::new(shape), parts: 0 });
        self.shaped.len() - 1
    }

    /// Returns a marker for the next value of such a variable.
    pub(super) fn bind_part(&mut self, shaped: usize) -> Result<Value> {
        let operand = self.shaped.get_mut(shaped).ok_or_else(|| Error::Internal("no such operand".into()))?;
        let index = operand.parts;
        operand.parts += 1;
        self.mark(OperandUse::Part { shaped, index })
    }
}

impl<T: InputType> Operand<T> {
    /// The value of the request; none for a variable.
    pub(crate) fn given(&self) -> Option<&T> {
        if let Self::Given(value) = self { Some(value) } else { None }
    }

    /// Returns the value to bind in SQL: the given value, converted, or a marker of the variable.
    pub(crate) fn bind(
        &self,
        context: &mut FilterContext,
        convert: impl Fn(&T, &mut FilterContext) -> Result<Value> + Send + Sync + 'static,
    ) -> Result<Value> {
        match self {
            Self::Given(value) => convert(value, context),
            Self::Variable(variable) => {
                let convert = move |value: &GraphQlValue, context: &mut FilterContext| {
                    convert(&decode::<T>(Some(value.clone()))?, context)
                };
                context.mark(OperandUse::Whole { variable: *variable, convert: Arc::new(convert) })
            }
        }
    }
}

impl<T: InputType> InputType for Operand<T> {
    type RawValueType = T::RawValueType;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<GraphQlValue>) -> InputValueResult<Self> {
        if let Some(GraphQlValue::Binary(bytes)) = &value
            && let Ok(variable) = <[u8; size_of::<usize>()]>::try_from(bytes.as_ref())
        {
            return Ok(Self::Variable(usize::from_le_bytes(variable)));
        }
        T::parse(value).map(Self::Given).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> GraphQlValue {
        match self {
            Self::Given(value) => value.to_value(),
            Self::Variable(variable) => placeholder(*variable),
        }
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.given().and_then(InputType::as_raw_value)
    }
}

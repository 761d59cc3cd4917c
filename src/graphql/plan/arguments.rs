//! The arguments of a field in a plan: values of the document, in which variables are replaced for each request.

use async_graphql::parser::types::{Field, OperationDefinition};
use async_graphql::{Name, Value as ConstValue, Variables};
use async_graphql_value::Value;

use crate::error::{Error, Result};
use crate::graphql::connection::page_args::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageArgs};

/// The arguments of a connection, as the document gives them.
#[derive(Clone, Default)]
pub(crate) struct ListArguments {
    filter: Option<Value>,
    order_by: Option<Value>,
    first: Option<Value>,
    after: Option<Value>,
    last: Option<Value>,
    before: Option<Value>,
}

impl ListArguments {
    /// Returns the arguments of a field. `None` if it has others.
    pub(crate) fn of(field: &Field) -> Option<Self> {
        let mut arguments = Self::default();
        for (name, value) in &field.arguments {
            let slot = match name.node.as_str() {
                "filter" => &mut arguments.filter,
                "orderBy" => &mut arguments.order_by,
                "first" => &mut arguments.first,
                "after" => &mut arguments.after,
                "last" => &mut arguments.last,
                "before" => &mut arguments.before,
                _ => return None,
            };
            *slot = Some(value.node.clone());
        }
        Some(arguments)
    }

    /// Returns true if the order does not depend on variables.
    pub(crate) fn has_fixed_order(&self) -> bool {
        self.order_by.as_ref().is_none_or(is_fixed)
    }
}

/// Returns true if a value contains no variable.
fn is_fixed(value: &Value) -> bool {
    match value {
        Value::Variable(_) => false,
        Value::List(values) => values.iter().all(is_fixed),
        Value::Object(fields) => fields.values().all(is_fixed),
        _ => true,
    }
}

/// The values of the variables of a request.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'r> {
    pub(crate) operation: &'r OperationDefinition,
    pub(crate) variables: &'r Variables,
}

/// The arguments of a connection in one request.
pub(crate) struct ListValues {
    pub(crate) filter: Option<ConstValue>,
    pub(crate) order_by: Option<ConstValue>,
    pub(crate) page: PageArgs,
}

impl Arguments<'_> {
    /// Returns a value with its variables replaced; `None` if it is null or a variable that was left out. Fields of input
    /// objects whose variable was left out are left out.
    pub(crate) fn value(&self, value: &Value) -> Option<ConstValue> {
        self.replace(value).filter(|value| *value != ConstValue::Null)
    }

    fn replace(&self, value: &Value) -> Option<ConstValue> {
        Some(match value {
            Value::Variable(name) => return self.variable(name).cloned(),
            Value::List(values) => {
                ConstValue::List(values.iter().map(|value| self.replace(value).unwrap_or(ConstValue::Null)).collect())
            }
            Value::Object(fields) => {
                let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), self.replace(value)?)));
                ConstValue::Object(fields.collect())
            }
            Value::Null => ConstValue::Null,
            Value::Number(number) => ConstValue::Number(number.clone()),
            Value::String(text) => ConstValue::String(text.clone()),
            Value::Boolean(value) => ConstValue::Boolean(*value),
            Value::Binary(bytes) => ConstValue::Binary(bytes.clone()),
            Value::Enum(name) => ConstValue::Enum(name.clone()),
        })
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.variables.get(name).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }

    /// Returns the values of a connection's arguments. Error: `BAD_INPUT` for a value of another type.
    pub(crate) fn list(&self, arguments: &ListArguments) -> Result<ListValues> {
        let value = |value: &Option<Value>| value.as_ref().and_then(|value| self.value(value));
        let wrong = |name: &str| Error::BadInput(format!("`{name}` has a value of another type"));
        let number = |name: &str, given: &Option<Value>| {
            let given = value(given).map(|value| match value {
                ConstValue::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
                _ => None,
            });
            given.map(|number| number.ok_or_else(|| wrong(name))).transpose()
        };
        let text = |name: &str, given: &Option<Value>| match value(given) {
            None => Ok(None),
            Some(ConstValue::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name)),
        };
        Ok(ListValues {
            filter: value(&arguments.filter),
            order_by: value(&arguments.order_by),
            page: PageArgs {
                first: number("first", &arguments.first)?,
                after: text("after", &arguments.after)?,
                last: number("last", &arguments.last)?,
                before: text("before", &arguments.before)?,
            },
        })
    }

    /// Returns the page size of a connection; `None` if it is invalid.
    pub(crate) fn page_size(&self, arguments: &ListArguments) -> Option<usize> {
        let number = |given: &Option<Value>| match given.as_ref().and_then(|value| self.value(value)) {
            None => Some(None),
            Some(ConstValue::Number(number)) => Some(Some(number.as_i64()?)),
            Some(_) => None,
        };
        let size = number(&arguments.first)?.or(number(&arguments.last)?).unwrap_or(DEFAULT_PAGE_SIZE.into());
        usize::try_from(size).ok().filter(|size| *size <= MAX_PAGE_SIZE as usize)
    }
}

//! The arguments of a field in a plan: values of the document, in which variables are replaced for each request.

use async_graphql::parser::types::{Field, OperationDefinition};
use async_graphql::{InputType, Name, Pos, Value as ConstValue, Variables};
use async_graphql_value::Value;

use crate::error::{Error, Result};
use crate::graphql::connection::page_args::{DEFAULT_PAGE_SIZE, PageArgs};
use crate::graphql::plan::filter_template::MAX_TRANSLATIONS;
use crate::graphql::validation::{FieldDefinition, InputDefinition};

/// The arguments of a field, as the document gives them.
#[derive(Clone, Default)]
pub(crate) struct ArgumentValues(Vec<ArgumentValue>);

#[derive(Clone)]
struct ArgumentValue {
    name: String,
    given: Option<Value>,
    /// The default value that the schema declares.
    default: Option<ConstValue>,
}

impl ArgumentValues {
    /// Returns the arguments of a field, by its definition in the schema.
    pub(crate) fn of(field: &Field, definition: &FieldDefinition) -> Self {
        let argument = |one: &InputDefinition| ArgumentValue {
            name: one.name.clone(),
            given: field.get_argument(&one.name).map(|value| value.node.clone()),
            default: one.default.clone(),
        };
        Self(definition.arguments.iter().map(argument).collect())
    }

    /// The approximate memory of the arguments, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.0.iter().map(|one| size_of::<ArgumentValue>() + one.name.len() + given_memory(&one.given)).sum()
    }

    /// Returns true if the field has no arguments.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value that the document gives for an argument.
    pub(crate) fn given(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|one| one.name == name)?.given.as_ref()
    }
}

/// The arguments of a field in one request. An argument that was left out has its default value.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldArguments(Vec<(String, ConstValue)>);

impl FieldArguments {
    /// Returns an argument. Error: `BAD_INPUT` for a value that its type refuses.
    pub(crate) fn get<T: InputType>(&self, name: &str) -> Result<T> {
        decode(self.value(name).cloned())
    }

    /// Returns an argument as it is.
    pub(crate) fn value(&self, name: &str) -> Option<&ConstValue> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// Decodes an argument. Documents and variables were validated, so an error is one that only decoding finds.
pub(crate) fn decode<T: InputType>(value: Option<ConstValue>) -> Result<T> {
    T::parse(value).map_err(|error| Error::BadInput(error.into_server_error(Pos::default()).message))
}

/// The arguments of a connection, as the document gives them.
#[derive(Clone, Default)]
pub(crate) struct ListArguments {
    pub(crate) filter: Option<Value>,
    order_by: Option<Value>,
    first: Option<Value>,
    after: Option<Value>,
    last: Option<Value>,
    before: Option<Value>,
    /// Those that only this connection has.
    own: ArgumentValues,
}

/// The arguments that all connections have, besides `asOf` at the root.
const LIST_ARGUMENTS: [&str; 6] = ["filter", "orderBy", "first", "after", "last", "before"];

impl ListArguments {
    /// Returns the arguments of a field, by its definition in the schema.
    pub(crate) fn of(field: &Field, definition: &FieldDefinition) -> Self {
        let given = |name| field.get_argument(name).map(|value| value.node.clone());
        let mut own = ArgumentValues::of(field, definition);
        own.0.retain(|one| !LIST_ARGUMENTS.contains(&one.name.as_str()) && one.name != "asOf");
        Self {
            filter: given("filter"),
            order_by: given("orderBy"),
            first: given("first"),
            after: given("after"),
            last: given("last"),
            before: given("before"),
            own,
        }
    }

    /// The approximate memory of the arguments, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let given = [&self.filter, &self.order_by, &self.first, &self.after, &self.last, &self.before];
        let own = size_of::<Self>() + given.into_iter().map(given_memory).sum::<usize>() + self.own.memory();
        own + self.filter.as_ref().map_or(0, translated_memory)
    }

    /// Returns true if the order does not depend on variables.
    pub(crate) fn has_fixed_order(&self) -> bool {
        self.order_by.as_ref().is_none_or(is_fixed)
    }
}

/// The approximate memory of a value of the document, in bytes.
fn given_memory(value: &Option<Value>) -> usize {
    value.as_ref().map_or(0, memory)
}

fn memory(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::List(values) => values.iter().map(memory).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| 64 + name.len() + memory(value)).sum(),
            _ => 0,
        }
}

/// The approximate memory of the translations of a filter, in bytes: its condition, and the SQL of two statements.
fn translated_memory(filter: &Value) -> usize {
    let one = 2_000 + 20 * memory(filter);
    if searches_name(filter) { MAX_TRANSLATIONS * (one + 15_000) } else { one }
}

/// Returns true if a filter may search a name, for which it has several translations.
fn searches_name(filter: &Value) -> bool {
    match filter {
        Value::List(values) => values.iter().any(searches_name),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == "matches" || searches_name(value)),
        _ => false,
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

/// The arguments of a connection in one request, except its filter.
pub(crate) struct ListValues {
    pub(crate) order_by: Option<ConstValue>,
    pub(crate) page: PageArgs,
    /// The arguments that only this connection has.
    pub(crate) own: FieldArguments,
}

impl<'r> Arguments<'r> {
    /// Returns a value with its variables replaced; `None` if it is null or a variable that was left out. Fields of input
    /// objects whose variable was left out are left out.
    pub(crate) fn value(&self, value: &Value) -> Option<ConstValue> {
        self.replace(value).filter(|value| *value != ConstValue::Null)
    }

    /// Returns the values of a field's arguments.
    pub(crate) fn field(&self, arguments: &ArgumentValues) -> FieldArguments {
        let value = |one: &ArgumentValue| {
            let value = one.given.as_ref().and_then(|given| self.replace(given)).or_else(|| one.default.clone())?;
            Some((one.name.clone(), value))
        };
        FieldArguments(arguments.0.iter().filter_map(value).collect())
    }

    fn replace(&self, value: &Value) -> Option<ConstValue> {
        self.value_with(value, &mut |_, value| value.clone())
    }

    /// Returns a value with its variables replaced by what `replace` returns for the name and the value of each.
    pub(crate) fn value_with(
        &self,
        value: &Value,
        replace: &mut impl FnMut(&Name, &ConstValue) -> ConstValue,
    ) -> Option<ConstValue> {
        Some(match value {
            Value::Variable(name) => replace(name, self.variable(name)?),
            Value::List(values) => {
                let values = values.iter().map(|value| self.value_with(value, replace).unwrap_or(ConstValue::Null));
                ConstValue::List(values.collect())
            }
            Value::Object(fields) => {
                let fields =
                    fields.iter().filter_map(|(name, value)| Some((name.clone(), self.value_with(value, replace)?)));
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

    /// Returns the value of a variable, or its default value.
    pub(crate) fn variable(&self, name: &Name) -> Option<&'r ConstValue> {
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
            order_by: value(&arguments.order_by),
            page: PageArgs {
                first: number("first", &arguments.first)?,
                after: text("after", &arguments.after)?,
                last: number("last", &arguments.last)?,
                before: text("before", &arguments.before)?,
            },
            own: self.field(&arguments.own),
        })
    }

    /// Returns the page size of a connection, for what depends on whether it is large; an invalid one counts as large.
    pub(crate) fn page_size(&self, arguments: &ListArguments) -> usize {
        let number = |given: &Option<Value>| match given.as_ref().and_then(|value| self.value(value)) {
            Some(ConstValue::Number(number)) => number.as_i64(),
            _ => None,
        };
        let size = number(&arguments.first).or(number(&arguments.last)).unwrap_or(DEFAULT_PAGE_SIZE.into());
        usize::try_from(size).unwrap_or(usize::MAX)
    }
}

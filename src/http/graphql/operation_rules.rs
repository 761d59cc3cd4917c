//! Selects the operation of a document and checks it: against the query limits, and its names and values against the schema.

use async_graphql::parser::types::OperationDefinition;
use async_graphql::{Name, Positioned, Value as ConstValue, Variables};

use crate::config::Limits;
use crate::error::Error;
use crate::graphql::validation::{Problem, SchemaIndex, validate_variables};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits::{self, DocumentSize, SchemaShape, TableSizes};
use crate::http::graphql::persisted_queries::ParsedDocument;

/// The rules that an operation is checked against before it runs.
pub(crate) struct OperationRules {
    /// The query limits.
    pub(crate) limits: Limits,
    /// The parts of the schema that the cost of a query depends on.
    schema_shape: SchemaShape,
    /// The sizes of the tables, which work depends on.
    pub(crate) table_sizes: TableSizes,
    /// The types that names and values are validated against.
    schema_index: SchemaIndex,
    /// Whether introspection is refused, and messages suggest nothing.
    hides_schema: bool,
}

impl OperationRules {
    /// Creates the rules for a schema in the schema definition language.
    pub(crate) fn new(sdl: &str, limits: Limits, hides_schema: bool) -> Result<Self, Error> {
        let (schema_shape, schema_index) = (SchemaShape::parse(sdl)?, SchemaIndex::of_schema(sdl, !hides_schema)?);
        Ok(Self { limits, schema_shape, table_sizes: TableSizes::default(), schema_index, hides_schema })
    }

    /// The types that names and values are validated against.
    pub(crate) fn schema(&self) -> &SchemaIndex {
        &self.schema_index
    }
}

/// Checks an operation against the limits, and its names and values against the schema. Returns its size.
pub(crate) fn check(
    document: &ParsedDocument,
    (name, operation): (Option<&str>, &OperationDefinition),
    variables: &Variables,
    rules: &OperationRules,
) -> Result<DocumentSize, RequestError> {
    let (shape, sizes) = (&rules.schema_shape, &rules.table_sizes);
    let size = document.sizes.size(&document.parsed, (name, operation), variables, shape, sizes)?;
    limits::check_size(&size, &rules.limits)?;
    if size.introspects && rules.hides_schema {
        let message = "Introspection is disabled on this server: ask its operator for the schema";
        return Err(RequestError::invalid_document("GRAPHQL_VALIDATION_FAILED", message));
    }
    reject_problems("GRAPHQL_VALIDATION_FAILED", document.problems(&rules.schema_index))?;
    require_variables(operation, variables)?;
    reject_problems("GRAPHQL_VALIDATION_FAILED", &validate_variables(operation, variables, &rules.schema_index))?;
    Ok(size)
}

/// An operation and its name.
type NamedOperation<'d> = (Option<String>, &'d Positioned<OperationDefinition>);

/// Returns the operation of this name, or the only operation of the document when no name is given.
pub(crate) fn select_operation<'d>(
    document: &'d ParsedDocument,
    name: Option<&str>,
) -> Result<NamedOperation<'d>, RequestError> {
    let mut all = document.parsed.operations.iter();
    let selected = match name {
        Some(wanted) => all.find(|(name, _)| name.is_some_and(|name| name == wanted)),
        None => all.next().filter(|_| all.next().is_none()),
    };
    selected.map(|(name, operation)| (name.map(Name::to_string), operation)).ok_or_else(|| {
        let names = document.parsed.operations.iter().filter_map(|(name, _)| name);
        let names: Vec<String> = names.take(10).map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let message = match name {
            Some(name) if names.is_empty() => {
                format!("The document has no operation `{name}`, only one without a name: leave `operationName` out")
            }
            Some(name) => format!("The document has no operation `{name}`: set `operationName` to one of {names}"),
            None if names.is_empty() => "The document has no operation: add a query".to_owned(),
            None => format!("The document has several operations: set `operationName` to one of {names}"),
        };
        RequestError::invalid_document("GRAPHQL_VALIDATION_FAILED", message)
    })
}

/// Rejects a document or variables that have problems, and reports all of them.
fn reject_problems(code: &'static str, problems: &[Problem]) -> Result<(), RequestError> {
    let Some((first, others)) = problems.split_first() else { return Ok(()) };
    let error = RequestError::invalid_document(code, first.message.as_str()).at_position(Some(first.position));
    Err(error.with_others(others.iter().map(|problem| (problem.message.clone(), problem.position)).collect()))
}

/// Rejects a request that leaves out a variable of a non-null type. The library would treat it like an argument that was left
/// out, and a filter that is left out matches everything.
fn require_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), RequestError> {
    for Positioned { node: variable, .. } in &operation.variable_definitions {
        let value = variables.get(&variable.name.node);
        let is_missing = match value {
            None => variable.default_value.is_none(),
            Some(value) => *value == ConstValue::Null,
        };
        if !variable.var_type.node.nullable && is_missing {
            let message = format!(
                "The variable `${}` of type `{}` is missing or null: add it to `variables`",
                variable.name.node, variable.var_type.node
            );
            return Err(RequestError::invalid_document("BAD_INPUT", message));
        }
    }
    Ok(())
}

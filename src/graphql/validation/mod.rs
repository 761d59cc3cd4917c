//! Validates documents, and the values of their variables, against the schema (GraphQL specification, section 5).
//!
//! The library's own validation is switched off: it accepts some invalid documents, refuses some valid ones, and runs for each
//! request. Here a document is validated once, when it is first used; the values of variables are validated for each request.
//! Every problem is an error of the request as a whole, with a position. Wrong names get a suggestion where one is near, and wrong
//! values the shape to write.
//!
//! Documents come from clients that may be hostile. All rules take time that grows with the number of tokens: each definition is
//! visited once, and what has to be known for each operation (variables, unused fragments, fields that are merged) is computed
//! from what was collected then.

mod directives;
mod fragments;
mod merging;
mod mutation_result;
mod schema_index;
mod selections;
mod subscription;
mod suggestion;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;

use async_graphql::parser::types::{
    BaseType, DirectiveLocation, ExecutableDocument, OperationDefinition, OperationType, Type,
};
use async_graphql::{Name, Pos, Positioned, Value as ConstValue, Variables};

pub(crate) use fragments::first_cycle;
use fragments::sorted_fragments;
use merging::Merging;
pub(crate) use mutation_result::first_node_field;
pub(crate) use schema_index::SchemaIndex;
#[cfg(any(test, fuzzing))]
pub(crate) use schema_index::TypeDefinition;
use schema_index::innermost;
pub(crate) use schema_index::{FieldDefinition, InputDefinition};
use selections::Validator;
pub(crate) use text::{duplicate_input_fields, normalized};
use value::ValueChecker;
use variables::{Usage, check_definitions, check_uses};

/// Maximum number of problems reported for one request.
const MAX_PROBLEMS: usize = 10;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The position in the document.
    pub(crate) position: Pos,
    /// What is wrong, where, and what to write instead.
    pub(crate) message: String,
}

/// Validates a whole document. Returns the first problems in document order.
pub(crate) fn validate_document(document: &ExecutableDocument, schema: &SchemaIndex) -> Vec<Problem> {
    // The other rules follow the spreads of fragments.
    if let Some(problem) = first_cycle(document) {
        return vec![problem];
    }
    let mut validator = Validator::new(document, schema);
    let fragments = sorted_fragments(document);
    for (name, fragment) in &fragments {
        validator.fragment_definition(name, fragment);
    }
    let mut operations: Vec<(Option<&Name>, &Positioned<OperationDefinition>)> = document.operations.iter().collect();
    operations.sort_by_key(|(_, operation)| operation.pos);
    let mut merging = Merging::new(document, schema);
    for (name, operation) in operations {
        let (type_name, location) = root(operation.node.ty);
        check_definitions(&mut validator, &operation.node);
        validator.directives(Some(location), &operation.node.directives);
        let set = &operation.node.selection_set.node;
        let usage = validator.definition(Some(type_name), set);
        check_uses(&mut validator, name, operation, &usage);
        if operation.node.ty == OperationType::Subscription {
            subscription::check_root(&mut validator, set);
        }
        merging.check(type_name, set);
    }
    for (name, fragment) in fragments {
        if !validator.is_used(name) {
            let message = format!("The fragment `{name}` is not used by any operation: spread it, or remove it");
            validator.report(fragment.pos, message);
        }
    }
    let mut problems = validator.into_problems();
    problems.extend(merging.problems);
    problems.sort_by_key(|problem| (problem.position.line, problem.position.column));
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// The root type of an operation, and the place of its directives.
fn root(operation: OperationType) -> (&'static str, DirectiveLocation) {
    match operation {
        OperationType::Query => ("Query", DirectiveLocation::Query),
        OperationType::Mutation => ("Mutation", DirectiveLocation::Mutation),
        OperationType::Subscription => ("Subscription", DirectiveLocation::Subscription),
    }
}

/// Validates the values that a request gives for the variables of an operation.
pub(crate) fn validate_variables(
    operation: &OperationDefinition,
    variables: &Variables,
    schema: &SchemaIndex,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for Positioned { node: definition, pos } in &operation.variable_definitions {
        // A missing value is the default, or reported before this runs.
        let Some(value) = variables.get(&definition.name.node) else { continue };
        // Records, which come as JSON, can be large.
        if schema.takes_any_value(innermost(&definition.var_type.node)) || *value == ConstValue::Null {
            continue;
        }
        let path = format!("${}", definition.name.node);
        let mut checker = ValueChecker::for_variables(schema, *pos, MAX_PROBLEMS - problems.len().min(MAX_PROBLEMS));
        checker.check(&definition.var_type.node, value.clone().into_value(), &path);
        problems.extend(checker.into_problems());
    }
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// Validates a JSON value for an input type.
pub(crate) fn validate_json(type_name: &str, value: &ConstValue, path: &str, schema: &SchemaIndex) -> Vec<Problem> {
    let expected = Type { base: BaseType::Named(Name::new(type_name)), nullable: false };
    let mut checker = ValueChecker::for_variables(schema, Pos::default(), MAX_PROBLEMS);
    checker.check(&expected, value.clone().into_value(), path);
    checker.into_problems()
}

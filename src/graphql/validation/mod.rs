//! Validates names and values in a document, and the values of its variables, against the schema.
//!
//! The library validates documents too, but reports some wrong input values only while it executes, as errors of single fields, and
//! suggests output fields only. This pass runs first: every wrong name gets a suggestion where one is near, every wrong value the
//! shape to write, and all of them are errors of the request with a position. A document is validated once, when it is first used;
//! variables are validated for each request. What this pass does not check (fragment types, variable types, ...) the library
//! still does.

mod merging;
mod mutation_result;
mod schema_index;
mod suggestion;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;

use std::collections::HashSet;

use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet, Type,
};
use async_graphql::{Name, Pos, Positioned, Value as ConstValue, Variables};
use async_graphql_value::Value;

use merging::Merging;
pub(crate) use mutation_result::first_node_field;
pub(crate) use schema_index::SchemaIndex;
use schema_index::{FieldDefinition, TypeDefinition, innermost};
pub(crate) use text::{duplicate_input_fields, normalized};
use value::ValueChecker;
use variables::Positions;

/// Maximum number of problems reported for one request.
const MAX_PROBLEMS: usize = 10;

/// Deepest selection that is validated; documents nested deeper are rejected by the limits on documents.
const MAX_LEVELS: usize = 200;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The position in the document.
    pub(crate) position: Pos,
    /// What is wrong, where, and what to write instead.
    pub(crate) message: String,
}

/// Validates the fields, arguments and literal values of a whole document. Returns the first problems in document order.
pub(crate) fn validate_document(document: &ExecutableDocument, schema: &SchemaIndex) -> Vec<Problem> {
    let mut validator = Validator { schema, problems: Vec::new() };
    for (_, operation) in document.operations.iter() {
        let type_name = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        for definition in operation.node.variable_definitions.iter().map(|definition| &definition.node) {
            if let Some(default) = &definition.default_value {
                let value = default.node.clone().into_value();
                validator.value(&definition.var_type.node, value, default.pos, &format!("${}", definition.name.node));
            }
        }
        let set = &operation.node.selection_set.node;
        validator.selections(type_name, set, 0);
        let room = MAX_PROBLEMS.saturating_sub(validator.problems.len());
        let mut merging = Merging::new(document, schema, room);
        merging.check(type_name, set);
        let mut positions = Positions::new(document, &operation.node, schema, room);
        positions.selections(type_name, set, 0);
        validator.problems.extend(merging.problems);
        validator.problems.extend(positions.problems);
        if operation.node.ty == OperationType::Subscription {
            validator.single_root_field(document, set);
        }
    }
    // Each fragment once, however often it is spread.
    let mut fragments: Vec<(&Name, &Positioned<FragmentDefinition>)> = document.fragments.iter().collect();
    fragments.sort_by_key(|(_, fragment)| fragment.pos);
    for (_, fragment) in fragments {
        let type_name = fragment.node.type_condition.node.on.node.as_str();
        validator.selections(type_name, &fragment.node.selection_set.node, 0);
    }
    validator.problems.truncate(MAX_PROBLEMS);
    validator.problems
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
        // Custom scalars are parsed by their own types; records, which come as JSON, can be large.
        let is_custom = matches!(schema.get(innermost(&definition.var_type.node)), Some(TypeDefinition::Other));
        if is_custom || *value == ConstValue::Null {
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

struct Validator<'s> {
    schema: &'s SchemaIndex,
    problems: Vec<Problem>,
}

impl Validator<'_> {
    fn selections(&mut self, type_name: &str, set: &SelectionSet, level: usize) {
        if level > MAX_LEVELS {
            return;
        }
        for selection in &set.items {
            if self.problems.len() >= MAX_PROBLEMS {
                return;
            }
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.field(type_name, &field.node, level),
                // Fragment definitions are validated separately.
                Selection::FragmentSpread(_) => {}
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(type_name, |condition| condition.node.on.node.as_str());
                    self.selections(on, &fragment.node.selection_set.node, level + 1);
                }
            }
        }
    }

    /// A subscription has one source of events (GraphQL specification, section 5.2.4).
    fn single_root_field(&mut self, document: &ExecutableDocument, set: &SelectionSet) {
        let (mut keys, mut sets, mut spread) = (Vec::new(), vec![set], HashSet::new());
        while let Some(set) = sets.pop() {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => keys.push((field.node.response_key().node.clone(), selection.pos)),
                    Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(one) => {
                        let name = &one.node.fragment_name.node;
                        if let Some(fragment) = document.fragments.get(name).filter(|_| spread.insert(name)) {
                            sets.push(&fragment.node.selection_set.node);
                        }
                    }
                }
            }
        }
        if let Some((_, position)) = keys.iter().find(|(key, _)| *key != keys[0].0) {
            let message = "A subscription has one root field: send one subscription for each".to_owned();
            self.report(*position, message);
        }
    }

    fn field(&mut self, type_name: &str, field: &Field, level: usize) {
        let name = field.name.node.as_str();
        // Introspection and federation have fields that the schema does not list.
        if name.starts_with('_') {
            return;
        }
        let Some(fields) = self.schema.get(type_name).and_then(TypeDefinition::fields) else { return };
        let Some(definition) = fields.iter().find(|one| one.name == name) else {
            let hint = self.schema.suggest(name, fields.iter().map(|one| one.name.as_str()));
            self.report(field.name.pos, format!("`{type_name}` has no field `{name}`{hint}"));
            return;
        };
        self.arguments(type_name, definition, field);
        self.selections(&definition.type_name, &field.selection_set.node, level + 1);
    }

    /// Reports a directive that is given twice at one place.
    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for (at, directive) in directives.iter().enumerate().take(MAX_PROBLEMS) {
            if directives[..at].iter().any(|other| other.node.name.node == directive.node.name.node) {
                let name = &directive.node.name.node;
                self.report(
                    directive.pos,
                    format!("The directive `@{name}` is given twice here: leave one of them out"),
                );
            }
        }
    }

    fn arguments(&mut self, type_name: &str, definition: &FieldDefinition, field: &Field) {
        let place = format!("{type_name}.{}", definition.name);
        let mut given = HashSet::new();
        for (name, value) in &field.arguments {
            let Some(argument) = definition.arguments.iter().find(|one| one.name == name.node.as_str()) else {
                let hint = self.schema.suggest(&name.node, definition.arguments.iter().map(|one| one.name.as_str()));
                self.report(name.pos, format!("`{place}` has no argument `{}`{hint}", name.node));
                continue;
            };
            given.insert(argument.name.as_str());
            self.value(&argument.value_type, value.node.clone(), value.pos, &argument.name);
        }
        for argument in
            definition.arguments.iter().filter(|one| one.is_required() && !given.contains(one.name.as_str()))
        {
            let shape = self.schema.shape(&argument.value_type);
            let name = &argument.name;
            self.report(field.name.pos, format!("`{place}` needs the argument `{name}`: write `{name}: {shape}`"));
        }
    }

    fn value(&mut self, expected: &Type, value: Value, position: Pos, path: &str) {
        let room = MAX_PROBLEMS - self.problems.len().min(MAX_PROBLEMS);
        let mut checker = ValueChecker::for_literals(self.schema, position, room);
        checker.check(expected, value, path);
        self.problems.extend(checker.into_problems());
    }

    fn report(&mut self, position: Pos, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { position, message });
        }
    }
}

//! A variable may stand only where its type allows it (GraphQL specification, section 5.8.5).

use std::collections::HashSet;

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos};
use async_graphql_value::{ConstValue, Value};

use crate::graphql::validation::Problem;
use crate::graphql::validation::schema_index::{InputDefinition, SchemaIndex, TypeDefinition};

/// Deepest selection and value that are looked at; limits on documents reject deeper ones.
const MAX_LEVELS: usize = 200;

/// Finds variables of one operation that stand where their type does not allow it.
pub(super) struct Positions<'d> {
    document: &'d ExecutableDocument,
    operation: &'d OperationDefinition,
    schema: &'d SchemaIndex,
    /// The fragments that were looked at.
    spread: HashSet<&'d Name>,
    pub(super) problems: Vec<Problem>,
    room: usize,
}

impl<'d> Positions<'d> {
    pub(super) fn new(
        document: &'d ExecutableDocument,
        operation: &'d OperationDefinition,
        schema: &'d SchemaIndex,
        room: usize,
    ) -> Self {
        Self { document, operation, schema, spread: HashSet::new(), problems: Vec::new(), room }
    }

    /// Checks the arguments of a selection set and of everything below it.
    pub(super) fn selections(&mut self, type_name: &str, set: &'d SelectionSet, level: usize) {
        if level > MAX_LEVELS {
            return;
        }
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let known = self.schema.get(type_name).and_then(TypeDefinition::fields).unwrap_or_default();
                    let Some(definition) = known.iter().find(|one| one.name == field.node.name.node.as_str()) else {
                        continue;
                    };
                    for (name, value) in &field.node.arguments {
                        if let Some(argument) = definition.arguments.iter().find(|one| one.name == name.node.as_str()) {
                            self.value(argument, &value.node, value.pos, 0);
                        }
                    }
                    self.selections(&definition.type_name, &field.node.selection_set.node, level + 1);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(type_name, |condition| condition.node.on.node.as_str());
                    self.selections(on, &fragment.node.selection_set.node, level + 1);
                }
                Selection::FragmentSpread(one) => {
                    let found = self.document.fragments.get_key_value(&one.node.fragment_name.node);
                    if let Some((name, fragment)) = found
                        && self.spread.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.selections(on, &fragment.node.selection_set.node, level + 1);
                    }
                }
            }
        }
    }

    fn value(&mut self, place: &InputDefinition, value: &Value, position: Pos, level: usize) {
        self.typed_value(&place.value_type, place.has_default, value, position, level);
    }

    fn typed_value(&mut self, expected: &Type, has_default: bool, value: &Value, position: Pos, level: usize) {
        if level > MAX_LEVELS {
            return;
        }
        match (value, &expected.base) {
            (Value::Variable(name), _) => self.variable(name, expected, has_default, position),
            (Value::List(values), BaseType::List(inner)) => {
                for value in values {
                    self.typed_value(inner, false, value, position, level + 1);
                }
            }
            // One value stands for a list of it.
            (value, BaseType::List(inner)) => self.typed_value(inner, false, value, position, level + 1),
            (Value::Object(given), BaseType::Named(type_name)) => {
                let Some(TypeDefinition::Input(fields)) = self.schema.get(type_name) else { return };
                for (name, value) in given {
                    if let Some(field) = fields.iter().find(|field| field.name == name.as_str()) {
                        self.value(field, value, position, level + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, name: &Name, expected: &Type, has_default: bool, position: Pos) {
        let definitions = self.operation.variable_definitions.iter().map(|definition| &definition.node);
        // The library reports variables that are not declared.
        let Some(definition) = definitions.into_iter().find(|one| one.name.node == *name) else { return };
        let given = &definition.var_type.node;
        let has_value = has_default
            || definition.default_value.as_ref().is_some_and(|value| !matches!(value.node, ConstValue::Null));
        let fits = if !expected.nullable && given.nullable {
            has_value && is_subtype(&given.base, &expected.base)
        } else {
            is_subtype(&given.base, &expected.base)
        };
        if !fits && self.problems.len() < self.room {
            let message = format!(
                "The variable `${name}` has the type `{given}`, but a value of type `{expected}` stands there: declare `${name}: {expected}`"
            );
            self.problems.push(Problem { position, message });
        }
    }
}

/// Returns whether a variable of one type may stand where the other is expected, apart from null at the outermost level.
fn is_subtype(given: &BaseType, expected: &BaseType) -> bool {
    match (given, expected) {
        (BaseType::Named(given), BaseType::Named(expected)) => given == expected,
        (BaseType::List(given), BaseType::List(expected)) => {
            (expected.nullable || !given.nullable) && is_subtype(&given.base, &expected.base)
        }
        _ => false,
    }
}

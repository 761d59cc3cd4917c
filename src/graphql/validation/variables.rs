//! Rules for variables: their definitions, that they are declared and used, and that each is used only where its type allows it
//! (GraphQL specification, section 5.8).

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{BaseType, OperationDefinition, Type, VariableDefinition};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::{ConstValue, Value};

use crate::graphql::validation::schema_index::{InputDefinition, SchemaIndex, TypeDefinition, innermost};
use crate::graphql::validation::selections::Validator;

/// Deepest value that is searched for variables; limits on documents reject deeper ones.
const MAX_LEVELS: usize = 200;

/// What an operation or fragment uses by itself.
#[derive(Default)]
pub(super) struct Usage<'d> {
    /// The fragments that it spreads.
    pub(super) spreads: HashSet<&'d Name>,
    variables: Vec<VariableUse<'d>>,
    /// Which uses of variables are in the list: a variable that is used again in the same way is checked once.
    seen: HashSet<(&'d str, Option<*const Type>, bool)>,
}

/// A variable where a value is expected.
struct VariableUse<'d> {
    name: &'d Name,
    /// The type that is expected; `None` where the place is unknown or takes any value.
    expected: Option<&'d Type>,
    /// Whether the schema declares a default value for the place.
    has_default: bool,
    position: Pos,
}

impl<'d> Usage<'d> {
    /// Adds the variables of a value. `expected` is the type of its place, and whether the place has a default value.
    pub(super) fn collect_variables(
        &mut self,
        schema: &'d SchemaIndex,
        expected: Option<(&'d Type, bool)>,
        value: &'d Value,
        position: Pos,
        level: usize,
    ) {
        if level > MAX_LEVELS {
            return;
        }
        match value {
            Value::Variable(name) => {
                let has_default = expected.is_some_and(|(_, has_default)| has_default);
                let expected = expected.map(|(expected, _)| expected);
                if self.seen.insert((name, expected.map(std::ptr::from_ref), has_default)) {
                    self.variables.push(VariableUse { name, expected, has_default, position });
                }
            }
            Value::List(values) => {
                let item = match expected {
                    Some((Type { base: BaseType::List(item), .. }, _)) => Some((&**item, false)),
                    _ => None,
                };
                for value in values {
                    self.collect_variables(schema, item, value, position, level + 1);
                }
            }
            Value::Object(given) => {
                let fields = match expected.and_then(|(expected, _)| schema.get(innermost(expected))) {
                    Some(TypeDefinition::Input(fields)) => fields.as_slice(),
                    _ => &[],
                };
                for (name, value) in given {
                    let field: Option<&InputDefinition> = fields.iter().find(|field| field.name == name.as_str());
                    let expected = field.map(|field| (&field.value_type, field.default.is_some()));
                    self.collect_variables(schema, expected, value, position, level + 1);
                }
            }
            _ => {}
        }
    }
}

/// Checks the definitions of an operation's variables.
pub(super) fn check_definitions<'d>(validator: &mut Validator<'d>, operation: &'d OperationDefinition) {
    let (mut names, schema) = (HashSet::new(), validator.schema);
    for Positioned { node: definition, pos } in &operation.variable_definitions {
        let (name, var_type) = (&definition.name.node, &definition.var_type.node);
        if !names.insert(name) {
            validator.report(*pos, format!("The variable `${name}` is declared twice: leave one of them out"));
        }
        validator.directives(None, &definition.directives);
        let type_name = innermost(var_type);
        if !schema.is_known(type_name) {
            let hint = schema.suggest(type_name, schema.input_names());
            validator.report(*pos, format!("There is no type `{type_name}` for the variable `${name}`{hint}"));
        } else if schema.is_composite(type_name) {
            let message = format!(
                "The variable `${name}` cannot have the type `{type_name}`, because such values are only returned: give it a scalar, an enum or an input type"
            );
            validator.report(*pos, message);
        } else if let Some(default) = &definition.default_value {
            let value = default.node.clone().into_value();
            validator.value(var_type, value, default.pos, &format!("${name}"));
        }
    }
}

/// Checks that an operation declares the variables that it and its fragments use, uses those that it declares, and uses each where
/// its type allows it. Notes which fragments it uses.
pub(super) fn check_uses<'d>(
    validator: &mut Validator<'d>,
    name: Option<&'d Name>,
    operation: &'d Positioned<OperationDefinition>,
    usage: &Usage<'d>,
) {
    let fragments = reachable(validator, usage);
    let definitions: HashMap<&str, &VariableDefinition> = operation
        .node
        .variable_definitions
        .iter()
        .map(|definition| (definition.node.name.node.as_str(), &definition.node))
        .collect();
    let of_operation = name.map_or_else(|| "this operation".to_owned(), |name| format!("the operation `{name}`"));
    let (mut used, mut undeclared, mut problems) = (HashSet::new(), HashSet::new(), Vec::new());
    let of_fragments = fragments.iter().filter_map(|name| validator.fragments.get(*name));
    for one in std::iter::once(usage).chain(of_fragments).flat_map(|usage| &usage.variables) {
        if validator.is_full() {
            return;
        }
        used.insert(one.name.as_str());
        let name = one.name;
        match definitions.get(name.as_str()) {
            Some(definition) => problems.extend(misplaced(validator.schema, definition, one)),
            None if undeclared.insert(name) => {
                let example =
                    one.expected.map_or_else(|| "with its type".to_owned(), |one| format!("as `${name}: {one}`"));
                let message = format!("The variable `${name}` is not declared by {of_operation}: declare it {example}");
                problems.push((one.position, message));
            }
            None => {}
        }
    }
    for Positioned { node: definition, pos } in &operation.node.variable_definitions {
        let name = &definition.name.node;
        if !used.contains(name.as_str()) {
            problems
                .push((*pos, format!("The variable `${name}` is not used by {of_operation}: use it, or remove it")));
        }
    }
    for (position, message) in problems {
        validator.report(position, message);
    }
    validator.used_fragments.extend(fragments);
}

/// Returns the fragments that a definition uses, itself and through other fragments.
fn reachable<'d>(validator: &Validator<'d>, usage: &Usage<'d>) -> HashSet<&'d Name> {
    let (mut found, mut next): (HashSet<&Name>, Vec<&Name>) = (HashSet::new(), usage.spreads.iter().copied().collect());
    while let Some(name) = next.pop() {
        if found.insert(name)
            && let Some(usage) = validator.fragments.get(name)
        {
            next.extend(usage.spreads.iter().filter(|name| !found.contains(*name)));
        }
    }
    found
}

/// Returns the problem of a variable that is used where its type does not allow it.
fn misplaced(schema: &SchemaIndex, definition: &VariableDefinition, one: &VariableUse<'_>) -> Option<(Pos, String)> {
    let (given, expected) = (&definition.var_type.node, one.expected?);
    let has_value = one.has_default
        || definition.default_value.as_ref().is_some_and(|value| !matches!(value.node, ConstValue::Null));
    let allows_null = expected.nullable || !given.nullable || has_value;
    // A type that does not exist was reported before.
    if (allows_null && is_subtype(&given.base, &expected.base)) || !schema.is_known(innermost(given)) {
        return None;
    }
    let name = &definition.name.node;
    let message = format!(
        "The variable `${name}` has the type `{given}`, but a value of type `{expected}` stands there: declare `${name}: {expected}`"
    );
    Some((one.position, message))
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

impl Validator<'_> {
    /// Returns whether an operation uses a fragment. When the search ended early, fragments count as used.
    pub(super) fn is_used(&self, name: &Name) -> bool {
        self.is_full() || self.used_fragments.contains(name)
    }
}

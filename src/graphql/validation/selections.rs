//! Visits the selections of each operation and fragment once: the rules for fields, their arguments and selections (GraphQL
//! specification, sections 5.3 and 5.4) and for values (5.6). What is used on the way is collected for other rules.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{DirectiveLocation, ExecutableDocument, Field, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use crate::graphql::validation::schema_index::{FieldDefinition, InputDefinition, SchemaIndex};
use crate::graphql::validation::{MAX_PROBLEMS, Problem, Usage, ValueChecker};

/// Deepest selection that is validated. The parser rejects documents that are nested deeper.
const MAX_LEVELS: usize = 200;

/// Maximum number of object types that a suggestion names.
const MAX_TYPES: usize = 3;

/// Validates the definitions of one document.
pub(super) struct Validator<'d> {
    pub(super) document: &'d ExecutableDocument,
    pub(super) schema: &'d SchemaIndex,
    problems: Vec<Problem>,
    /// What the definition that is being visited uses.
    pub(super) usage: Usage<'d>,
    /// What each fragment uses by itself.
    pub(super) fragments: HashMap<&'d Name, Usage<'d>>,
    /// The fragments that an operation uses.
    pub(super) used_fragments: HashSet<&'d Name>,
}

impl<'d> Validator<'d> {
    pub(super) fn new(document: &'d ExecutableDocument, schema: &'d SchemaIndex) -> Self {
        Self {
            document,
            schema,
            problems: Vec::new(),
            usage: Usage::default(),
            fragments: HashMap::new(),
            used_fragments: HashSet::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn report(&mut self, position: Pos, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { position, message });
        }
    }

    /// Returns whether as many problems were found as are reported.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    /// Validates the selections of an operation or fragment, and returns what they use.
    pub(super) fn definition(&mut self, type_name: Option<&'d str>, set: &'d SelectionSet) -> Usage<'d> {
        self.selections(type_name, set, 0);
        std::mem::take(&mut self.usage)
    }

    /// Validates selections. Without a type, which was reported before, only what does not depend on it is checked.
    pub(super) fn selections(&mut self, type_name: Option<&'d str>, set: &'d SelectionSet, level: usize) {
        if level > MAX_LEVELS {
            return;
        }
        for selection in &set.items {
            if self.is_full() {
                return;
            }
            match &selection.node {
                Selection::Field(field) => self.field(type_name, field, level),
                Selection::FragmentSpread(spread) => self.fragment_spread(type_name, spread),
                Selection::InlineFragment(fragment) => self.inline_fragment(type_name, fragment, level),
            }
        }
    }

    fn field(&mut self, type_name: Option<&'d str>, field: &'d Positioned<Field>, level: usize) {
        let schema = self.schema;
        let Field { name, arguments, directives, selection_set, .. } = &field.node;
        self.directives(Some(DirectiveLocation::Field), directives);
        let definition = type_name.and_then(|type_name| schema.field(type_name, &name.node));
        let (mut place, mut value_type) = (String::new(), None);
        match (type_name, definition) {
            (Some(type_name), Some(definition)) => {
                place = format!("{type_name}.{}", definition.name);
                value_type = self.selection(&place, definition, &selection_set.node, name.pos);
            }
            (Some(type_name), None) => {
                let hint = self.field_hint(type_name, &name.node);
                self.report(name.pos, format!("`{type_name}` has no field `{}`{hint}", name.node));
            }
            (None, _) => {}
        }
        self.arguments(&place, name.pos, definition.map(|definition| definition.arguments.as_slice()), arguments);
        self.selections(value_type, &selection_set.node, level + 1);
    }

    /// Checks that a field has a selection if and only if its values have fields. Returns the type of the selection.
    fn selection(
        &mut self,
        place: &str,
        definition: &'d FieldDefinition,
        set: &SelectionSet,
        position: Pos,
    ) -> Option<&'d str> {
        let type_name = definition.type_name.as_str();
        let is_composite = self.schema.is_composite(type_name);
        if is_composite && set.items.is_empty() {
            let message = format!(
                "`{place}` has values of the type `{type_name}`, whose fields have to be selected: write `{} {{ ... }}` with some of them",
                definition.name
            );
            self.report(position, message);
        } else if !is_composite && !set.items.is_empty() {
            let message = format!(
                "`{place}` has values of the type `{type_name}`, which has no fields: remove the selection after it"
            );
            self.report(position, message);
        }
        is_composite.then_some(type_name)
    }

    /// The end of a message about an unknown field: the types of an interface or union that have it, else a similar field.
    fn field_hint(&self, type_name: &str, field: &str) -> String {
        if self.schema.has_hints() {
            let mut types: Vec<&str> =
                self.schema.possible_types(type_name).filter(|one| self.schema.field(one, field).is_some()).collect();
            types.sort_unstable();
            if !types.is_empty() {
                let shown: Vec<String> =
                    types.iter().take(MAX_TYPES).map(|one| format!("`... on {one} {{ {field} }}`")).collect();
                return format!(": select it from a type that has it, with {}", shown.join(" or "));
            }
        }
        let known = self.schema.get(type_name).and_then(|definition| definition.fields()).unwrap_or_default();
        self.schema.suggest(field, known.iter().map(|one| one.name.as_str()))
    }

    /// Validates the arguments of a field or directive, and collects their variables. `known` is `None` for an unknown field or
    /// directive, which was reported before.
    pub(super) fn arguments(
        &mut self,
        place: &str,
        position: Pos,
        known: Option<&'d [InputDefinition]>,
        given: &'d [(Positioned<Name>, Positioned<Value>)],
    ) {
        let mut names = HashSet::new();
        for (name, value) in given {
            if !names.insert(name.node.as_str()) {
                let message = format!("The argument `{}` is given twice: leave one of them out", name.node);
                self.report(name.pos, message);
            }
            let argument = known.and_then(|known| known.iter().find(|one| one.name == name.node.as_str()));
            match (known, argument) {
                (_, Some(argument)) => {
                    self.value(&argument.value_type, value.node.clone(), value.pos, &argument.name);
                }
                (Some(known), None) => {
                    let hint = self.schema.suggest(&name.node, known.iter().map(|one| one.name.as_str()));
                    self.report(name.pos, format!("`{place}` has no argument `{}`{hint}", name.node));
                }
                (None, None) => {}
            }
            let expected = argument.map(|argument| (&argument.value_type, argument.default.is_some()));
            self.usage.collect_variables(self.schema, expected, &value.node, value.pos, 0);
        }
        for argument in known.unwrap_or_default() {
            if argument.is_required() && !names.contains(argument.name.as_str()) {
                let (name, shape) = (&argument.name, self.schema.shape(&argument.value_type));
                self.report(position, format!("`{place}` needs the argument `{name}`: write `{name}: {shape}`"));
            }
        }
    }

    /// Validates a value that is written in the document.
    pub(super) fn value(&mut self, expected: &Type, value: Value, position: Pos, path: &str) {
        let room = MAX_PROBLEMS - self.problems.len().min(MAX_PROBLEMS);
        let mut checker = ValueChecker::for_literals(self.schema, position, room);
        checker.check(expected, value, path);
        self.problems.extend(checker.into_problems());
    }
}

//! The selected fields of an object, as the specification collects them (GraphQL, section 6.3.2): fragments are expanded,
//! conditions of `@skip` and `@include` are applied, and selections with one response key are merged.

use std::cell::Cell;
use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value as ConstValue};

use crate::error::{Error, Result};
use crate::graphql::plan::arguments::Arguments;
use crate::graphql::validation::SchemaIndex;

/// Maximum number of selections that are visited for a plan, with fragments expanded.
const MAX_SELECTIONS: usize = 100_000;

/// Some of the object types that a value can have: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeSet(u8);

impl TypeSet {
    /// The set of the first types.
    pub(crate) fn all(count: usize) -> Self {
        Self((1_u16 << count.min(8)).wrapping_sub(1) as u8)
    }

    pub(crate) fn contains(self, index: usize) -> bool {
        self.0 & 1 << index != 0
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The selections of one response key.
pub(crate) struct SelectedField<'d> {
    /// The fields of the document that have the key. They have the same name and arguments.
    pub(crate) fields: Vec<&'d Positioned<Field>>,
    /// The types of objects that have the key.
    pub(crate) types: TypeSet,
}

impl<'d> SelectedField<'d> {
    pub(crate) fn first(&self) -> &'d Positioned<Field> {
        // There is always one: a field is added together with its first selection.
        self.fields[0]
    }

    pub(crate) fn key(&self) -> &'d Name {
        &self.first().node.response_key().node
    }

    pub(crate) fn name(&self) -> &'d str {
        self.first().node.name.node.as_str()
    }

    pub(crate) fn sets(&self) -> Vec<&'d SelectionSet> {
        self.fields.iter().map(|field| &field.node.selection_set.node).collect()
    }
}

/// Collects the fields of selection sets.
pub(crate) struct Collector<'d> {
    pub(crate) document: &'d ExecutableDocument,
    pub(crate) arguments: Arguments<'d>,
    pub(crate) schema: &'d SchemaIndex,
    selections: Cell<usize>,
}

/// The fields of one object that were collected so far.
struct Collecting<'c, 'd> {
    /// The object types that the value can have.
    types: &'c [&'c str],
    fields: Vec<SelectedField<'d>>,
    /// The indexes of the fields with a response key.
    by_key: HashMap<&'d str, Vec<usize>>,
    /// The fragments that were spread, with the types for which they were.
    spread: HashMap<&'d str, TypeSet>,
}

impl<'d> Collector<'d> {
    pub(crate) fn new(document: &'d ExecutableDocument, arguments: Arguments<'d>, schema: &'d SchemaIndex) -> Self {
        Self { document, arguments, schema, selections: Cell::new(0) }
    }

    /// Collects the fields that are selected of a value with one of these object types, in order. Error: `LIMIT` for a document
    /// that has too many selections.
    pub(crate) fn collect(&self, sets: &[&'d SelectionSet], types: &[&str]) -> Result<Vec<SelectedField<'d>>> {
        let mut collecting = Collecting { types, fields: Vec::new(), by_key: HashMap::new(), spread: HashMap::new() };
        for set in sets {
            self.collect_set(set, TypeSet::all(types.len()), &mut collecting)?;
        }
        Ok(collecting.fields)
    }

    fn collect_set(&self, set: &'d SelectionSet, of: TypeSet, all: &mut Collecting<'_, 'd>) -> Result<()> {
        for selection in &set.items {
            self.selections.set(self.selections.get() + 1);
            if self.selections.get() > MAX_SELECTIONS {
                let message = format!("The fragments of the document stand for more than {MAX_SELECTIONS} selections");
                return Err(Error::Limit(message));
            }
            match &selection.node {
                Selection::Field(field) => {
                    if self.is_included(&field.node.directives)? {
                        all.add(field, of);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let of = of.and(self.matching(condition.map(|one| one.node.on.node.as_str()), all.types));
                    if !of.is_empty() && self.is_included(&fragment.node.directives)? {
                        self.collect_set(&fragment.node.selection_set.node, of, all)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if !self.is_included(&spread.node.directives)? {
                        continue;
                    }
                    let of = of.and(self.matching(Some(&fragment.node.type_condition.node.on.node), all.types));
                    // A fragment that was spread for a type adds nothing more to it.
                    let spread = all.spread.entry(name).or_insert(TypeSet(0));
                    let of = of.without(*spread);
                    *spread = TypeSet(spread.0 | of.0);
                    if !of.is_empty() {
                        self.collect_set(&fragment.node.selection_set.node, of, all)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the types that satisfy a type condition.
    fn matching(&self, condition: Option<&str>, types: &[&str]) -> TypeSet {
        let Some(condition) = condition else { return TypeSet::all(types.len()) };
        let satisfies = |name: &str| name == condition || self.schema.is_possible(condition, name);
        TypeSet(types.iter().enumerate().filter(|(_, name)| satisfies(name)).map(|(at, _)| 1 << at).sum())
    }

    /// Returns whether `@skip` and `@include` let a selection in. Error: `BAD_INPUT` for a condition that is null.
    fn is_included(&self, directives: &[Positioned<Directive>]) -> Result<bool> {
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let is_included =
                match directive.node.get_argument("if").and_then(|value| self.arguments.value(&value.node)) {
                    Some(ConstValue::Boolean(condition)) => condition == (name == "include"),
                    _ => {
                        return Err(Error::BadInput(format!("The condition of `@{name}` is null: give true or false")));
                    }
                };
            if !is_included {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'d> Collecting<'_, 'd> {
    /// Adds a selection for some types. A key that some of them have already is divided, because from now on its selections
    /// differ between the types.
    fn add(&mut self, field: &'d Positioned<Field>, of: TypeSet) {
        let mut left = of;
        let known = self.by_key.entry(field.node.response_key().node.as_str()).or_default();
        let mut divided = Vec::new();
        for index in known.iter() {
            let Some(one) = self.fields.get_mut(*index) else { continue };
            let both = one.types.and(left);
            if both.is_empty() {
                continue;
            }
            left = left.without(both);
            // A leaf that is selected again is the same field.
            if field.node.selection_set.node.items.is_empty() {
                continue;
            }
            if both == one.types {
                one.fields.push(field);
            } else {
                one.types = one.types.without(both);
                let mut fields = one.fields.clone();
                fields.push(field);
                divided.push((*index + 1, SelectedField { fields, types: both }));
            }
        }
        if !left.is_empty() {
            known.push(self.fields.len());
            self.fields.push(SelectedField { fields: vec![field], types: left });
        }
        if divided.is_empty() {
            return;
        }
        for (shift, (at, one)) in divided.into_iter().enumerate() {
            self.fields.insert(at + shift, one);
        }
        self.by_key.clear();
        for (index, one) in self.fields.iter().enumerate() {
            self.by_key.entry(one.key().as_str()).or_default().push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;

    use crate::graphql::plan::arguments::Arguments;
    use crate::graphql::plan::selection::Collector;
    use crate::graphql::validation::SchemaIndex;

    /// Returns the response keys for each type of actor, with the number of their selections.
    fn collected(text: &str) -> [String; 4] {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let variables = Variables::from_json(serde_json::json!({ "yes": true, "no": false }));
        let schema = SchemaIndex::new(false).unwrap();
        let arguments = Arguments { operation: &operation.node, variables: &variables };
        let collector = Collector::new(&document, arguments, &schema);
        let types = ["Person", "Organization", "Group", "AnonymousSource"];
        let all = collector.collect(&[&operation.node.selection_set.node], &types).unwrap();
        std::array::from_fn(|index| {
            let keys = all.iter().filter(|one| one.types.contains(index));
            keys.map(|one| format!("{}{} ", one.key(), one.fields.len())).collect()
        })
    }

    #[test]
    fn selections_of_one_key_are_merged_for_each_type() {
        let merged =
            collected("{ a { x } ... on Person { a { y } b } a { z } ... on Group { c } c ... on Actor { a { w } } }");
        assert_eq!(merged, ["a4 b1 c1 ", "a3 c1 ", "a3 c1 ", "a3 c1 "]);
        let merged = collected("{ ... on Person { a { x } } b a { y } }");
        assert_eq!(merged, ["a2 b1 ", "b1 a1 ", "b1 a1 ", "b1 a1 "]);
        let merged =
            collected("{ a a ...F ...F } fragment F on Node { a b ...G } fragment G on Group { c { d } c { e } }");
        assert_eq!(merged, ["a1 b1 ", "a1 b1 ", "a1 b1 c2 ", "a1 b1 "]);
    }

    #[test]
    fn conditions_leave_selections_out() {
        let all = collected(
            "query($yes: Boolean!, $no: Boolean = true) { a @skip(if: $yes) b @include(if: $no) c @skip(if: false) @include(if: true)
                ... @include(if: $no) { d } ...F @skip(if: $no) ...F @skip(if: true) } fragment F on Node { e }",
        );
        assert_eq!(all, ["c1 e1 "; 4]);
    }
}

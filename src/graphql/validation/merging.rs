//! Fields that are selected twice under one response key must be the same field, so that their results can be merged
//! (GraphQL specification, section 5.3.2).
//!
//! All fields with one response key are compared with the first of them, and their selections are merged and compared likewise,
//! so the time grows with the size of the document and not with the number of pairs.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos, Positioned};

use crate::graphql::validation::Problem;
use crate::graphql::validation::schema_index::{SchemaIndex, TypeDefinition};

/// Maximum number of selections that are compared, fragments expanded. Limits on documents reject operations with more fields.
const MAX_SELECTIONS: usize = 50_000;

/// Deepest selection that is looked at.
const MAX_LEVELS: usize = 100;

/// A selected field with the type that it is selected from.
#[derive(Clone, Copy)]
struct Selected<'d> {
    field: &'d Positioned<Field>,
    parent: &'d str,
    /// The type of its value, if the field exists.
    value_type: Option<&'d Type>,
}

/// Finds conflicts in one operation.
pub(super) struct Merging<'d> {
    document: &'d ExecutableDocument,
    schema: &'d SchemaIndex,
    selections_left: usize,
    pub(super) problems: Vec<Problem>,
    room: usize,
}

impl<'d> Merging<'d> {
    pub(super) fn new(document: &'d ExecutableDocument, schema: &'d SchemaIndex, room: usize) -> Self {
        Self { document, schema, selections_left: MAX_SELECTIONS, problems: Vec::new(), room }
    }

    /// Checks a selection set and everything below it.
    pub(super) fn check(&mut self, type_name: &'d str, set: &'d SelectionSet) {
        let mut fields = Vec::new();
        self.collect(type_name, set, &mut HashSet::new(), &mut fields);
        self.check_fields(&fields, 0);
    }

    /// Adds the fields of a selection set, with those of its fragments.
    fn collect(
        &mut self,
        type_name: &'d str,
        set: &'d SelectionSet,
        spread: &mut HashSet<&'d Name>,
        fields: &mut Vec<Selected<'d>>,
    ) {
        for selection in &set.items {
            let Some(left) = self.selections_left.checked_sub(1) else { return };
            self.selections_left = left;
            match &selection.node {
                Selection::Field(field) => {
                    let known = self.schema.get(type_name).and_then(TypeDefinition::fields).unwrap_or_default();
                    let definition = known.iter().find(|one| one.name == field.node.name.node.as_str());
                    let value_type = definition.map(|one| &one.value_type);
                    fields.push(Selected { field, parent: type_name, value_type });
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(type_name, |condition| condition.node.on.node.as_str());
                    self.collect(on, &fragment.node.selection_set.node, spread, fields);
                }
                Selection::FragmentSpread(one) => {
                    let Some((name, fragment)) = self.document.fragments.get_key_value(&one.node.fragment_name.node)
                    else {
                        continue;
                    };
                    if spread.insert(name) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(on, &fragment.node.selection_set.node, spread, fields);
                    }
                }
            }
        }
    }

    fn check_fields(&mut self, fields: &[Selected<'d>], level: usize) {
        let mut by_key: IndexMap<&'d str, Vec<Selected<'d>>> = IndexMap::new();
        for selected in fields {
            by_key.entry(selected.field.node.response_key().node.as_str()).or_default().push(*selected);
        }
        for (key, group) in by_key {
            if self.problems.len() >= self.room || level > MAX_LEVELS {
                return;
            }
            if let Some((one, other, reason)) = self.conflict(&group) {
                self.report(key, one, other, &reason);
                continue;
            }
            let mut below = Vec::new();
            let mut spread = HashSet::new();
            for selected in &group {
                if let Some(value_type) = selected.value_type {
                    let type_name = crate::graphql::validation::schema_index::innermost(value_type);
                    self.collect(type_name, &selected.field.node.selection_set.node, &mut spread, &mut below);
                }
            }
            if !below.is_empty() {
                self.check_fields(&below, level + 1);
            }
        }
    }

    /// Returns two fields of a group that cannot be merged, and why.
    fn conflict(&self, group: &[Selected<'d>]) -> Option<(Selected<'d>, Selected<'d>, String)> {
        let (first, others) = group.split_first()?;
        // Whatever type an object has, its values under one key must have one shape.
        for other in others {
            if let (Some(one), Some(two)) = (first.value_type, other.value_type)
                && !self.have_same_shape(one, two)
            {
                return Some((*first, *other, format!("the first has the type `{one}`, the other `{two}`")));
            }
        }
        // Fields of the same object must be the same field. Those of different object types never meet.
        let objects: HashSet<&str> =
            group.iter().map(|one| one.parent).filter(|parent| !self.schema.is_abstract(parent)).collect();
        let meets = |selected: &&Selected<'d>, object: &str| {
            selected.parent == object || self.schema.is_abstract(selected.parent)
        };
        let sets: Vec<Vec<&Selected<'d>>> = if objects.is_empty() {
            vec![group.iter().collect()]
        } else {
            objects.into_iter().map(|object| group.iter().filter(|one| meets(one, object)).collect()).collect()
        };
        sets.iter().find_map(|set| {
            let (first, others) = set.split_first()?;
            others.iter().find_map(|other| {
                let (one, two) = (&first.field.node, &other.field.node);
                if one.name.node != two.name.node {
                    let reason = format!("the first is `{}`, the other `{}`", one.name.node, two.name.node);
                    return Some((**first, **other, reason));
                }
                (!have_same_arguments(one, two)).then(|| (**first, **other, "they have different arguments".to_owned()))
            })
        })
    }

    /// Returns whether values of two types look alike in a response: the same list and non-null types around the same scalar or
    /// enum, or around any types that have fields.
    fn have_same_shape(&self, one: &Type, two: &Type) -> bool {
        use async_graphql::parser::types::BaseType;
        one.nullable == two.nullable
            && match (&one.base, &two.base) {
                (BaseType::List(one), BaseType::List(two)) => self.have_same_shape(one, two),
                (BaseType::Named(one), BaseType::Named(two)) => {
                    one == two || (self.schema.is_composite(one) && self.schema.is_composite(two))
                }
                _ => false,
            }
    }

    fn report(&mut self, key: &str, one: Selected<'d>, other: Selected<'d>, reason: &str) {
        let position: Pos = other.field.pos;
        let message = format!(
            "Two fields have the response key `{key}` (the first at line {}, column {}) and cannot be merged, because {reason}: give one of them another alias",
            one.field.pos.line, one.field.pos.column
        );
        self.problems.push(Problem { position, message });
    }
}

fn have_same_arguments(one: &Field, two: &Field) -> bool {
    one.arguments.len() == two.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            two.arguments.iter().any(|(other, other_value)| name.node == other.node && value.node == other_value.node)
        })
}

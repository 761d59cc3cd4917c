//! Fields that are selected twice under one response key must be the same field, so that their results can be merged
//! (GraphQL specification, section 5.3.2).
//!
//! There are two conditions. Whatever type an object has, all values under one key must have the same shape. And where fields can
//! be of the same object, they must be the same field with the same arguments. Fields of different object types never meet, and
//! neither do the fields below them.
//!
//! Both conditions are checked for all fields with one response key together: each is compared with the first of them, and their
//! selections are merged and checked likewise. So the time grows with the size of the document and not with the number of pairs.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos, Positioned};

use crate::graphql::validation::schema_index::{SchemaIndex, innermost};
use crate::graphql::validation::{MAX_PROBLEMS, Problem};

/// Maximum number of selections of one document that are compared, fragments expanded. Limits on documents reject operations
/// with far fewer fields.
const MAX_SELECTIONS: usize = 100_000;

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

/// The condition that fields with one response key are checked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Values have the same shape.
    SameShape,
    /// Fields that can be of the same object are the same field.
    SameField,
}

/// Why two fields cannot be merged.
type Conflict<'d> = (Selected<'d>, Selected<'d>, String);

/// Finds conflicts in the operations of one document.
pub(super) struct Merging<'d> {
    document: &'d ExecutableDocument,
    schema: &'d SchemaIndex,
    selections_left: usize,
    pub(super) problems: Vec<Problem>,
}

impl<'d> Merging<'d> {
    pub(super) fn new(document: &'d ExecutableDocument, schema: &'d SchemaIndex) -> Self {
        Self { document, schema, selections_left: MAX_SELECTIONS, problems: Vec::new() }
    }

    /// Checks a selection set and everything below it.
    pub(super) fn check(&mut self, type_name: &'d str, set: &'d SelectionSet) {
        let mut fields = Vec::new();
        self.collect(type_name, set, &mut HashSet::new(), &mut fields);
        self.check_fields(Condition::SameShape, &fields, 0);
        if self.problems.is_empty() {
            self.check_fields(Condition::SameField, &fields, 0);
        }
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
                    let definition = self.schema.field(type_name, &field.node.name.node);
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

    fn check_fields(&mut self, condition: Condition, fields: &[Selected<'d>], level: usize) {
        let mut by_key: IndexMap<&'d str, Vec<Selected<'d>>> = IndexMap::new();
        for selected in fields {
            by_key.entry(selected.field.node.response_key().node.as_str()).or_default().push(*selected);
        }
        for (key, group) in by_key {
            let sets = match condition {
                Condition::SameShape => vec![group],
                Condition::SameField => self.meeting(group),
            };
            for set in sets {
                if self.problems.len() >= MAX_PROBLEMS || level > MAX_LEVELS {
                    return;
                }
                let conflict = match condition {
                    Condition::SameShape => self.shape_conflict(&set),
                    Condition::SameField => field_conflict(&set),
                };
                if let Some((one, other, reason)) = conflict {
                    self.report(key, one, other, &reason);
                    // The other sets have the same conflict.
                    break;
                }
                let below = self.below(&set);
                if !below.is_empty() {
                    self.check_fields(condition, &below, level + 1);
                }
            }
        }
    }

    /// Returns the fields that are selected from the values of these fields.
    fn below(&mut self, fields: &[Selected<'d>]) -> Vec<Selected<'d>> {
        let (mut below, mut spread) = (Vec::new(), HashSet::new());
        for selected in fields {
            if let Some(value_type) = selected.value_type {
                let set = &selected.field.node.selection_set.node;
                self.collect(innermost(value_type), set, &mut spread, &mut below);
            }
        }
        below
    }

    /// Returns the sets of fields that can be of the same object: for each object type its own fields and those of interfaces.
    fn meeting(&self, group: Vec<Selected<'d>>) -> Vec<Vec<Selected<'d>>> {
        let objects: HashSet<&str> =
            group.iter().map(|one| one.parent).filter(|parent| !self.schema.is_abstract(parent)).collect();
        if objects.len() < 2 {
            return vec![group];
        }
        let mut objects: Vec<&str> = objects.into_iter().collect();
        objects.sort_unstable();
        let of_object = |object: &str| {
            let meets = |one: &&Selected<'d>| one.parent == object || self.schema.is_abstract(one.parent);
            group.iter().filter(meets).copied().collect()
        };
        objects.into_iter().map(of_object).collect()
    }

    /// Returns two fields whose values have different shapes.
    fn shape_conflict(&self, group: &[Selected<'d>]) -> Option<Conflict<'d>> {
        let mut typed = group.iter().filter_map(|one| Some((*one, one.value_type?)));
        let (first, first_type) = typed.next()?;
        let (other, other_type) = typed.find(|(_, other_type)| !self.have_same_shape(first_type, other_type))?;
        Some((first, other, format!("the first has the type `{first_type}`, the other `{other_type}`")))
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

/// Returns two fields that can be of the same object and are different.
fn field_conflict<'d>(set: &[Selected<'d>]) -> Option<Conflict<'d>> {
    let (first, others) = set.split_first()?;
    others.iter().find_map(|other| {
        let (one, two) = (&first.field.node, &other.field.node);
        let reason = if one.name.node != two.name.node {
            format!("the first is `{}`, the other `{}`", one.name.node, two.name.node)
        } else if !have_same_arguments(one, two) {
            "they have different arguments".to_owned()
        } else {
            return None;
        };
        Some((*first, *other, reason))
    })
}

fn have_same_arguments(one: &Field, two: &Field) -> bool {
    one.arguments.len() == two.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            two.arguments.iter().any(|(other, other_value)| name.node == other.node && value.node == other_value.node)
        })
}

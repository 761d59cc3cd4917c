//! Rules for fragments: that they exist, are used, do not spread themselves, and can apply where they are spread (GraphQL
//! specification, section 5.5).

use std::collections::HashMap;

use async_graphql::parser::types::{
    DirectiveLocation, ExecutableDocument, FragmentDefinition, FragmentSpread, InlineFragment, Selection, SelectionSet,
    TypeCondition,
};
use async_graphql::{Name, Pos, Positioned};

use crate::graphql::validation::Problem;
use crate::graphql::validation::selections::Validator;

/// A fragment of a document and its name.
pub(super) type NamedFragment<'d> = (&'d Name, &'d Positioned<FragmentDefinition>);

/// Returns the fragments of a document in document order.
pub(super) fn sorted_fragments(document: &ExecutableDocument) -> Vec<NamedFragment<'_>> {
    let mut fragments: Vec<NamedFragment<'_>> = document.fragments.iter().collect();
    fragments.sort_by_key(|(_, fragment)| fragment.pos);
    fragments
}

/// Returns the first spread by which a fragment contains itself. Nothing that follows spreads may see such a document: it stands
/// for an endless one.
pub(crate) fn first_cycle(document: &ExecutableDocument) -> Option<Problem> {
    let fragments = sorted_fragments(document);
    let spreads: HashMap<&Name, Vec<(&Name, Pos)>> =
        fragments.iter().map(|(name, fragment)| (*name, spreads(&fragment.node.selection_set.node))).collect();
    // Whether the fragment is being searched (true) or was searched to its end (false).
    let mut is_open: HashMap<&Name, bool> = HashMap::new();
    for (name, _) in &fragments {
        if is_open.contains_key(name) {
            continue;
        }
        is_open.insert(name, true);
        // Not recursive: a chain of fragments can be as long as the document.
        let mut path = vec![(*name, 0)];
        while let Some((from, at)) = path.last_mut() {
            let Some((to, position)) = spreads.get(*from).and_then(|spreads| spreads.get(*at)) else {
                is_open.insert(*from, false);
                path.pop();
                continue;
            };
            *at += 1;
            match is_open.get(*to) {
                Some(true) => {
                    let message = format!("The fragment `{to}` spreads itself: remove that spread");
                    return Some(Problem { position: *position, message });
                }
                Some(false) => {}
                None if spreads.contains_key(*to) => {
                    is_open.insert(*to, true);
                    path.push((*to, 0));
                }
                None => {}
            }
        }
    }
    None
}

/// Returns the fragments that a selection spreads, at any level.
fn spreads(set: &SelectionSet) -> Vec<(&Name, Pos)> {
    let (mut spreads, mut sets) = (Vec::new(), vec![set]);
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => spreads.push((&spread.node.fragment_name.node, selection.pos)),
            }
        }
    }
    spreads
}

impl<'d> Validator<'d> {
    /// Validates the definition of a fragment.
    pub(super) fn fragment_definition(&mut self, name: &'d Name, fragment: &'d Positioned<FragmentDefinition>) {
        let type_name = self.condition(&fragment.node.type_condition);
        self.directives(Some(DirectiveLocation::FragmentDefinition), &fragment.node.directives);
        let usage = self.definition(type_name, &fragment.node.selection_set.node);
        self.fragments.insert(name, usage);
    }

    /// Validates the spread of a fragment in a selection of a type.
    pub(super) fn fragment_spread(&mut self, type_name: Option<&'d str>, spread: &'d Positioned<FragmentSpread>) {
        self.directives(Some(DirectiveLocation::FragmentSpread), &spread.node.directives);
        let name = &spread.node.fragment_name.node;
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            let hint = self.schema.suggest(name, self.document.fragments.keys().map(Name::as_str));
            self.report(spread.pos, format!("There is no fragment `{name}`: define it{hint}"));
            return;
        };
        self.usage.spreads.insert(name);
        let on = fragment.node.type_condition.node.on.node.as_str();
        if let Some(type_name) = type_name
            && self.schema.is_composite(on)
            && !self.schema.overlap(type_name, on)
        {
            self.report(spread.pos, never(&format!("The fragment `{name}`"), type_name, on));
        }
    }

    /// Validates an inline fragment in a selection of a type.
    pub(super) fn inline_fragment(
        &mut self,
        type_name: Option<&'d str>,
        fragment: &'d Positioned<InlineFragment>,
        level: usize,
    ) {
        self.directives(Some(DirectiveLocation::InlineFragment), &fragment.node.directives);
        let within = match &fragment.node.type_condition {
            None => type_name,
            Some(condition) => {
                let on = self.condition(condition);
                if let (Some(type_name), Some(on)) = (type_name, on)
                    && !self.schema.overlap(type_name, on)
                {
                    self.report(fragment.pos, never("This inline fragment", type_name, on));
                }
                on
            }
        };
        self.selections(within, &fragment.node.selection_set.node, level + 1);
    }

    /// Checks the type that a fragment is for. Returns it if it has fields.
    fn condition(&mut self, condition: &'d Positioned<TypeCondition>) -> Option<&'d str> {
        let Positioned { node: name, pos } = &condition.node.on;
        if self.schema.is_composite(name) {
            return Some(name.as_str());
        }
        let message = if self.schema.is_known(name) {
            format!("A fragment cannot be on `{name}`, which has no fields: name an object type, interface or union")
        } else {
            let hint = self.schema.suggest(name, self.schema.composite_names());
            format!("There is no type `{name}`{hint}")
        };
        self.report(*pos, message);
        None
    }
}

/// The message about a fragment that never applies.
fn never(fragment: &str, type_name: &str, on: &str) -> String {
    format!("{fragment} never applies here, because a value of the type `{type_name}` is never a `{on}`: remove it")
}

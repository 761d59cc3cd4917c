//! A subscription has one source of events (GraphQL specification, section 5.2.4).

use std::collections::HashSet;

use async_graphql::parser::types::{Selection, SelectionSet};

use crate::graphql::validation::selections::Validator;

/// Checks that a subscription has one root field, which no variable can leave out.
pub(super) fn check_root<'d>(validator: &mut Validator<'d>, set: &'d SelectionSet) {
    let (mut fields, mut sets, mut spread) = (Vec::new(), vec![set], HashSet::new());
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            let directives = selection.node.directives().iter();
            for directive in directives.filter(|one| matches!(one.node.name.node.as_str(), "skip" | "include")) {
                let message = format!(
                    "The directive `@{}` may not be used on the root field of a subscription: remove it",
                    directive.node.name.node
                );
                validator.report(directive.pos, message);
            }
            match &selection.node {
                Selection::Field(field) => fields.push((field.node.response_key().node.as_str(), selection.pos)),
                Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(one) => {
                    let name = &one.node.fragment_name.node;
                    if let Some(fragment) = validator.document.fragments.get(name).filter(|_| spread.insert(name)) {
                        sets.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    fields.sort_by_key(|(_, position)| *position);
    if let Some((_, position)) = fields.iter().find(|(key, _)| *key != fields[0].0) {
        let message = "A subscription has one root field: send one subscription for each".to_owned();
        validator.report(*position, message);
    }
}

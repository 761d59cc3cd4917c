//! Arguments whose variable was left out.

use std::collections::HashSet;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Variables};
use async_graphql_value::Value;

/// Removes the arguments whose variable has no value and no default, so that the default value of the argument applies (GraphQL
/// specification, section 6.4.1). The library takes such an argument for null, which not all arguments allow.
pub(crate) fn drop_omitted_arguments(
    document: &mut ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
) {
    let selected = document.operations.iter().find(|(name, _)| name.map(Name::as_str) == operation_name);
    let Some((_, operation)) = selected else { return };
    let definitions = operation.node.variable_definitions.iter().map(|definition| &definition.node);
    let omitted: HashSet<Name> = definitions
        .filter(|one| one.default_value.is_none() && !variables.contains_key(&one.name.node))
        .map(|one| one.name.node.clone())
        .collect();
    if omitted.is_empty() {
        return;
    }
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        in_selections(&mut operation.node.selection_set.node, &omitted);
    }
    for fragment in document.fragments.values_mut() {
        in_selections(&mut fragment.node.selection_set.node, &omitted);
    }
}

fn in_selections(set: &mut SelectionSet, omitted: &HashSet<Name>) {
    let mut sets = vec![set];
    while let Some(set) = sets.pop() {
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    field
                        .node
                        .arguments
                        .retain(|(_, value)| !matches!(&value.node, Value::Variable(name) if omitted.contains(name)));
                    sets.push(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => sets.push(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

//! Finds what the result of a mutation reads from the graph.

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Pos};

use crate::graphql::validation::SchemaIndex;
use crate::graphql::validation::schema_index::TypeDefinition;

/// Fields of a node that tell nothing but which node it is.
const IDENTIFYING: [&str; 2] = ["id", "__typename"];

/// Deepest selection that is searched; limits on documents reject deeper ones.
const MAX_LEVELS: usize = 200;

/// Returns the first field, with its position, that reads a node of the graph further than its id. A merge decision is not such a
/// node: the mutation itself made it.
pub(crate) fn first_node_field(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    schema: &SchemaIndex,
) -> Option<(Pos, String)> {
    let mut search = Search { document, schema, spread: Vec::new() };
    search.selections("Mutation", &operation.selection_set.node, 0)
}

struct Search<'d> {
    document: &'d ExecutableDocument,
    schema: &'d SchemaIndex,
    /// The fragments that were searched.
    spread: Vec<&'d Name>,
}

impl<'d> Search<'d> {
    fn selections(&mut self, type_name: &str, set: &'d SelectionSet, level: usize) -> Option<(Pos, String)> {
        set.items.iter().find_map(|selection| match &selection.node {
            _ if level > MAX_LEVELS => Some((selection.pos, "...".to_owned())),
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                if self.is_node(type_name) && !IDENTIFYING.contains(&name) {
                    return Some((field.pos, name.to_owned()));
                }
                let fields = self.schema.get(type_name).and_then(TypeDefinition::fields)?;
                let result = fields.iter().find(|one| one.name == name)?.type_name.clone();
                self.selections(&result, &field.node.selection_set.node, level + 1)
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                self.selections(condition.unwrap_or(type_name), &fragment.node.selection_set.node, level + 1)
            }
            Selection::FragmentSpread(spread) => {
                let (name, fragment) = self.document.fragments.get_key_value(&spread.node.fragment_name.node)?;
                if self.spread.contains(&name) {
                    return None;
                }
                self.spread.push(name);
                let on = fragment.node.type_condition.node.on.node.as_str();
                self.selections(on, &fragment.node.selection_set.node, level + 1)
            }
        })
    }

    fn is_node(&self, type_name: &str) -> bool {
        let fields = self.schema.get(type_name).and_then(TypeDefinition::fields).unwrap_or_default();
        type_name != "Merge" && fields.iter().any(|field| field.name == "id")
    }
}

//! The types of nodes, for values that can be nodes of several types.

use sea_orm::ActiveEnum;

use crate::graphql::plan::level::ACTOR_TYPES;
use crate::graphql::schema::node_type::{NodeType, OfNodeType};
use crate::graphql::types::{
    account, actor, article, change, claim, dataset, event, event_link, evidence, external_id, figure, mention, merge,
    name, participation, place, relation, stance, statement,
};
use crate::graphql::validation::SchemaIndex;

/// The types of nodes. Those of actors are one type here.
const NODES: [fn() -> &'static NodeType; 19] = [
    <dataset::Dataset as OfNodeType>::node_type,
    <article::Article as OfNodeType>::node_type,
    <actor::Actor as OfNodeType>::node_type,
    <name::Name as OfNodeType>::node_type,
    <place::Place as OfNodeType>::node_type,
    <relation::Relation as OfNodeType>::node_type,
    <event::Event as OfNodeType>::node_type,
    <participation::Participation as OfNodeType>::node_type,
    <event_link::EventLink as OfNodeType>::node_type,
    <account::Account as OfNodeType>::node_type,
    <statement::Statement as OfNodeType>::node_type,
    <claim::Claim as OfNodeType>::node_type,
    <stance::Stance as OfNodeType>::node_type,
    <figure::Figure as OfNodeType>::node_type,
    <evidence::Evidence as OfNodeType>::node_type,
    <mention::Mention as OfNodeType>::node_type,
    <external_id::ExternalId as OfNodeType>::node_type,
    <merge::Merge as OfNodeType>::node_type,
    <change::Change as OfNodeType>::node_type,
];

/// Returns the types of nodes that other rows refer to, each with the word for it in a column `kind`.
pub(crate) fn stored_node_types() -> Vec<(String, &'static NodeType)> {
    let node_types = NODES.iter().map(|node_type| node_type());
    node_types.filter_map(|node_type| Some((node_type.kind.stored()?.to_value(), node_type))).collect()
}

/// Returns the types of nodes that a value of a GraphQL type can be; none for types of other values.
pub(crate) fn node_types_of(type_name: &str, schema: &SchemaIndex) -> Vec<&'static NodeType> {
    let possible: Vec<&str> = match schema.is_abstract(type_name) {
        true => schema.possible_types(type_name).collect(),
        false => vec![type_name],
    };
    let is_actor = |name: &str| ACTOR_TYPES.iter().any(|(other, _)| *other == name);
    let has = |node_type: &NodeType| {
        possible.iter().any(|name| *name == node_type.name || node_type.name == "Actor" && is_actor(name))
    };
    let is_node = |name: &&str| is_actor(name) || NODES.iter().any(|node_type| node_type().name == **name);
    if !possible.iter().all(is_node) {
        return Vec::new();
    }
    NODES.iter().map(|node_type| node_type()).filter(|node_type| has(node_type)).collect()
}

/// Returns the type of actors with a kind.
pub(crate) fn actor_node_type(kind: &str) -> Option<&'static NodeType> {
    Some(match kind {
        "PERSON" => actor::Person::node_type(),
        "ORGANIZATION" => actor::Organization::node_type(),
        "GROUP" => actor::Group::node_type(),
        "ANONYMOUS_SOURCE" => actor::AnonymousSource::node_type(),
        _ => return None,
    })
}

//! The types of nodes, for values that can be nodes of several types.

use sea_orm::ActiveEnum;

use crate::graphql::plan::level::ACTOR_TYPES;
use crate::graphql::schema::noun::{Noun, OfNoun};
use crate::graphql::types::{
    account, actor, article, change, claim, dataset, event, event_link, evidence, external_id, figure, mention, merge,
    name, participation, place, relation, stance, statement,
};
use crate::graphql::validation::SchemaIndex;

/// The types of nodes. Those of actors are one type here.
const NODES: [fn() -> &'static Noun; 19] = [
    <dataset::Dataset as OfNoun>::noun,
    <article::Article as OfNoun>::noun,
    <actor::Actor as OfNoun>::noun,
    <name::Name as OfNoun>::noun,
    <place::Place as OfNoun>::noun,
    <relation::Relation as OfNoun>::noun,
    <event::Event as OfNoun>::noun,
    <participation::Participation as OfNoun>::noun,
    <event_link::EventLink as OfNoun>::noun,
    <account::Account as OfNoun>::noun,
    <statement::Statement as OfNoun>::noun,
    <claim::Claim as OfNoun>::noun,
    <stance::Stance as OfNoun>::noun,
    <figure::Figure as OfNoun>::noun,
    <evidence::Evidence as OfNoun>::noun,
    <mention::Mention as OfNoun>::noun,
    <external_id::ExternalId as OfNoun>::noun,
    <merge::Merge as OfNoun>::noun,
    <change::Change as OfNoun>::noun,
];

/// Returns the types of nodes that other rows refer to, each with the word for it in a column `kind`.
pub(crate) fn node_nouns() -> Vec<(String, &'static Noun)> {
    let nouns = NODES.iter().map(|noun| noun());
    nouns.filter_map(|noun| Some((noun.kind.stored()?.to_value(), noun))).collect()
}

/// Returns the types of nodes that a value of a GraphQL type can be; none for types of other values.
pub(crate) fn nouns_of(type_name: &str, schema: &SchemaIndex) -> Vec<&'static Noun> {
    let possible: Vec<&str> = match schema.is_abstract(type_name) {
        true => schema.possible_types(type_name).collect(),
        false => vec![type_name],
    };
    let is_actor = |name: &str| ACTOR_TYPES.iter().any(|(other, _)| *other == name);
    let has = |noun: &Noun| possible.iter().any(|name| *name == noun.name || noun.name == "Actor" && is_actor(name));
    let is_node = |name: &&str| is_actor(name) || NODES.iter().any(|noun| noun().name == **name);
    if !possible.iter().all(is_node) {
        return Vec::new();
    }
    NODES.iter().map(|noun| noun()).filter(|noun| has(noun)).collect()
}

/// Returns the type of actors with a kind.
pub(crate) fn actor_noun(kind: &str) -> Option<&'static Noun> {
    Some(match kind {
        "PERSON" => actor::Person::noun(),
        "ORGANIZATION" => actor::Organization::noun(),
        "GROUP" => actor::Group::noun(),
        "ANONYMOUS_SOURCE" => actor::AnonymousSource::noun(),
        _ => return None,
    })
}

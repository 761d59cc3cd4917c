//! The root fields of plans, and the types of nodes.

use std::collections::HashMap;
use std::sync::LazyLock;

use sea_orm::ActiveEnum;

use crate::graphql::plan::computed::Function;
use crate::graphql::plan::level::ACTOR_TYPES;
use crate::graphql::plan::noun::{ListField, Noun, PlannedType, camel_case};
use crate::graphql::types::{
    account, actor, article, change, claim, dataset, event, event_link, event_type, evidence, external_id, figure,
    mention, merge, merge_candidate, name, node_query, participation, place, relation, stance, statement,
};
use crate::graphql::validation::SchemaIndex;
use crate::graphql::{federation, graph, search};

/// A root field.
pub(crate) enum RootField {
    /// A list of all nodes of a type.
    List(ListField),
    /// One node, by an identifier.
    One(fn() -> &'static Noun),
    /// A value that is computed.
    Function(Function),
    /// The edge of a row that is given with the request.
    Given(ListField),
}

static QUERY: LazyLock<HashMap<String, RootField>> = LazyLock::new(|| {
    let functions: [(&'static str, Function); 8] = [
        ("node", node_query::node),
        ("nodes", node_query::nodes),
        ("event_types", event_type::event_types),
        ("search", search::search),
        ("path", graph::path),
        ("merge_candidates", merge_candidate::merge_candidates),
        ("_entities", federation::entities),
        ("_service", federation::service),
    ];
    [
        article::ArticleQuery::plan_roots(),
        actor::ActorQuery::plan_roots(),
        place::PlaceQuery::plan_roots(),
        event::EventQuery::plan_roots(),
        participation::ParticipationQuery::plan_roots(),
        account::AccountQuery::plan_roots(),
        statement::StatementQuery::plan_roots(),
        claim::ClaimQuery::plan_roots(),
        stance::StanceQuery::plan_roots(),
        relation::RelationQuery::plan_roots(),
        figure::FigureQuery::plan_roots(),
        evidence::EvidenceQuery::plan_roots(),
        mention::MentionQuery::plan_roots(),
        dataset::DatasetQuery::plan_roots(),
        merge::MergeQuery::plan_roots(),
        change::ChangeQuery::plan_roots(),
        functions.map(|(name, function)| (name, RootField::Function(function))).into(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, field)| (if name.starts_with('_') { name.to_owned() } else { camel_case(name) }, field))
    .collect()
});

/// Returns the root field with a name.
pub(crate) fn root_field(type_name: &str, name: &str) -> Option<&'static RootField> {
    match type_name {
        "Query" => QUERY.get(name),
        _ => None,
    }
}

/// The types of nodes. Those of actors are one type here.
const NODES: [fn() -> &'static Noun; 19] = [
    <dataset::Dataset as PlannedType>::noun,
    <article::Article as PlannedType>::noun,
    <actor::Actor as PlannedType>::noun,
    <name::Name as PlannedType>::noun,
    <place::Place as PlannedType>::noun,
    <relation::Relation as PlannedType>::noun,
    <event::Event as PlannedType>::noun,
    <participation::Participation as PlannedType>::noun,
    <event_link::EventLink as PlannedType>::noun,
    <account::Account as PlannedType>::noun,
    <statement::Statement as PlannedType>::noun,
    <claim::Claim as PlannedType>::noun,
    <stance::Stance as PlannedType>::noun,
    <figure::Figure as PlannedType>::noun,
    <evidence::Evidence as PlannedType>::noun,
    <mention::Mention as PlannedType>::noun,
    <external_id::ExternalId as PlannedType>::noun,
    <merge::Merge as PlannedType>::noun,
    <change::Change as PlannedType>::noun,
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

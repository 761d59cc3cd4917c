//! The root fields that plans know: lists of nouns, and single nodes by id.

use std::collections::HashMap;
use std::sync::LazyLock;

use sea_orm::ActiveEnum;

use crate::graphql::plan::noun::{ListField, Noun, PlannedType, camel_case};
use crate::graphql::types::{
    account, actor, article, change, claim, dataset, event, event_link, evidence, external_id, figure, mention, merge,
    name, participation, place, relation, stance, statement,
};

/// A root field.
pub(crate) enum RootField {
    /// A list of all nodes of a type.
    List(ListField),
    /// One node, by its id.
    One(fn() -> &'static Noun),
}

static ROOTS: LazyLock<HashMap<String, RootField>> = LazyLock::new(|| {
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
    ]
    .into_iter()
    .flatten()
    .map(|(name, field)| (camel_case(name), field))
    .collect()
});

/// Returns the root field with a name.
pub(crate) fn root_field(name: &str) -> Option<&'static RootField> {
    ROOTS.get(name)
}

/// Returns the types of nodes that other rows refer to, each with the word for it in a column `kind`.
pub(crate) fn node_nouns() -> Vec<(String, &'static Noun)> {
    let nouns: [fn() -> &'static Noun; 16] = [
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
    ];
    nouns
        .into_iter()
        .filter_map(|noun| {
            let noun = noun();
            Some((noun.kind.stored()?.to_value(), noun))
        })
        .collect()
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

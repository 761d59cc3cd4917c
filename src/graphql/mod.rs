//! What can be asked: one file per noun with its type, filter, order and root fields; the roots are lists of them.

pub mod account;
pub mod actor;
pub mod article;
pub mod batch;
pub mod change;
pub mod claim;
pub mod connection;
pub mod coverage;
pub mod dataset;
pub mod date;
pub mod delete;
pub mod event;
pub mod event_link;
pub mod event_type;
pub mod evidence;
pub mod external_id;
pub mod facet;
pub mod figure;
pub mod filter;
pub mod graph;
pub mod histogram;
pub mod import;
pub mod mention;
pub mod merge;
pub mod merge_candidate;
pub mod name;
pub mod node;
pub mod order;
pub mod page;
pub mod participation;
pub mod place;
pub mod relation;
pub mod root;
pub mod search;
pub mod session;
pub mod stance;
pub mod statement;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder};

pub(crate) use connection::connections;
pub use page::{DEFAULT_PAGE, LONGEST_PAGE};
pub use session::Session;

/// What can be asked. Lists are Relay connections; every page is bounded, every order is total.
#[derive(Default, MergedObject)]
pub struct Query(
    node::NodeQuery,
    article::ArticleQuery,
    actor::ActorQuery,
    place::PlaceQuery,
    event::EventQuery,
    participation::ParticipationQuery,
    account::AccountQuery,
    statement::StatementQuery,
    claim::ClaimQuery,
    stance::StanceQuery,
    relation::RelationQuery,
    figure::FigureQuery,
    evidence::EvidenceQuery,
    mention::MentionQuery,
    dataset::DatasetQuery,
    event_type::EventTypeQuery,
    search::SearchQuery,
    graph::PathQuery,
    merge::MergeQuery,
    merge_candidate::MergeCandidateQuery,
    change::ChangeQuery,
);

/// What can be written. Every write is one transaction, and takes a key with the scope `write`.
#[derive(Default, MergedObject)]
pub struct Mutation(import::ImportMutation, delete::DeleteMutation, merge::MergeMutation);

/// What can be waited for.
#[derive(Default, MergedSubscription)]
pub struct Subscription(change::ChangeSubscription);

/// The schema. Requests carry their [`Session`].
pub type Api = Schema<Query, Mutation, Subscription>;

/// Builds the schema.
pub fn api() -> Api {
    builder().finish()
}

/// The schema before it is finished. Limits are judged before the library sees a document; its own would count fragments by
/// spreading them.
pub(crate) fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
}

/// The schema in the schema definition language.
pub fn sdl() -> String {
    api().sdl_with_options(SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by())
}

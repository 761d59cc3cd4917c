//! The roots of the schema as lists, and the schema built from them.

use async_graphql::{
    MergedObject, MergedSubscription, ObjectType, Request, Response, SDLExportOptions, Schema, SchemaBuilder, Value,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::executor::json::{ObjectEncoding, write};
use super::federation;
use super::graph;
use super::mutations::{delete_records, import_records, merge as merges};
use super::search;
use super::types::{
    account, actor, article, change, claim, dataset, event, event_type, evidence, figure, mention, merge,
    merge_candidate, node_query, participation, place, relation, stance, statement,
};

/// Declares what can be asked: the same for whoever asks, and for a gateway with what it asks besides.
macro_rules! roots {
    ($($root_fields:path),+ $(,)?) => {
        /// What can be asked. Lists are Relay connections; every page is bounded, every order is total.
        #[derive(Default, MergedObject)]
        pub struct Query($($root_fields),+);

        /// What can be asked. Lists are Relay connections; every page is bounded, every order is total.
        #[derive(Default, MergedObject)]
        #[graphql(name = "Query")]
        pub struct FederatedQuery($($root_fields,)+ federation::SubgraphQuery);
    };
}

roots! {
    node_query::NodeQuery,
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
}

/// What can be written. Every write is one transaction, and takes a key with the scope `write`.
#[derive(Default, MergedObject)]
pub struct Mutation(import_records::ImportMutation, delete_records::DeleteMutation, merges::MergeMutation);

/// What can be waited for.
#[derive(Default, MergedSubscription)]
pub struct Subscription(change::ChangeSubscription);

/// The schema. Requests carry their [`Session`].
#[derive(Clone)]
pub enum Api {
    /// As it is committed.
    Whole(Schema<Query, Mutation, Subscription>),
    /// With what a gateway asks.
    Subgraph(Schema<FederatedQuery, Mutation, Subscription>),
}

impl Api {
    /// Answers a request. Objects among the data may be bytes of JSON: [`json`] writes all of it.
    pub async fn execute(&self, request: impl Into<Request>) -> Response {
        let request = formed(request.into());
        match self {
            Self::Whole(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
        }
    }

    /// Answers a request that may be a subscription, with data as [`Self::execute`] gives it.
    pub fn execute_stream(&self, request: impl Into<Request>) -> BoxStream<'static, Response> {
        let request = formed(request.into());
        match self {
            Self::Whole(schema) => schema.execute_stream(request).boxed(),
            Self::Subgraph(schema) => schema.execute_stream(request).boxed(),
        }
    }

    /// All its types, in the schema definition language.
    pub fn sdl(&self) -> String {
        let options = SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by();
        match self {
            Self::Whole(schema) => schema.sdl_with_options(options),
            Self::Subgraph(schema) => schema.sdl_with_options(options),
        }
    }
}

/// A request that knows how the objects of its answer are made. One that cannot be read is refused by the library.
fn formed(mut request: Request) -> Request {
    match request.parsed_query().map(ObjectEncoding::of) {
        Ok(form) => request.data(form),
        Err(_) => request,
    }
}

/// The data of an answer as JSON.
pub fn json(data: &Value) -> String {
    let mut out = Vec::new();
    write(data, &mut out);
    // All that is written was text.
    String::from_utf8(out).unwrap_or_default()
}

/// Builds the schema.
pub fn api() -> Api {
    Api::Whole(builder(Query::default()).finish())
}

/// Builds the schema as a server shows it: as a subgraph or not, with suggestions or not.
pub(crate) fn api_of(is_subgraph: bool, is_hidden: bool) -> Api {
    if is_subgraph {
        Api::Subgraph(shown(builder(FederatedQuery::default()), is_hidden))
    } else {
        Api::Whole(shown(builder(Query::default()), is_hidden))
    }
}

fn shown<Q: ObjectType + 'static>(
    builder: SchemaBuilder<Q, Mutation, Subscription>,
    is_hidden: bool,
) -> Schema<Q, Mutation, Subscription> {
    if is_hidden { builder.disable_suggestions().finish() } else { builder.finish() }
}

/// The schema before it is finished. Limits are judged before the library sees a document; its own would count fragments by
/// spreading them.
pub(crate) fn builder<Q: ObjectType + 'static>(query: Q) -> SchemaBuilder<Q, Mutation, Subscription> {
    Schema::build(query, Mutation::default(), Subscription::default())
}

/// The schema in the schema definition language.
pub fn sdl() -> String {
    api().sdl()
}

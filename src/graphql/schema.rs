//! The query, mutation and subscription roots as lists, and the schema built from them.

use std::sync::Arc;

use async_graphql::{
    Data, MergedObject, MergedSubscription, ObjectType, Request, Response, SDLExportOptions, Schema, SchemaBuilder,
    ValidationMode, Value,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::executor::json::{ObjectEncoding, write_json};
use super::federation;
use super::graph;
use super::loading::session::Session;
use super::mutations::{delete_records, import_records, merge as merges};
use super::plan::{self, Operation, Plan};
use super::search;
use super::validation::SchemaIndex;
use crate::auth::Caller;
use crate::error::{Error, Result};
use super::types::{
    account, actor, article, change, claim, dataset, event, event_type, evidence, figure, mention, merge,
    merge_candidate, node_query, participation, place, relation, stance, statement,
};

/// Declares the query root twice: for clients, and for a federation gateway, with the additional fields of a subgraph.
macro_rules! roots {
    ($($root_fields:path),+ $(,)?) => {
        /// The query root. Lists are paginated as Relay connections: page size is bounded, and sort orders are total.
        #[derive(Default, MergedObject)]
        pub struct Query($($root_fields),+);

        /// The query root. Lists are paginated as Relay connections: page size is bounded, and sort orders are total.
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

/// The mutation root. Every mutation is one transaction and needs an API key with the scope WRITE.
#[derive(Default, MergedObject)]
pub struct Mutation(import_records::ImportMutation, delete_records::DeleteMutation, merges::MergeMutation);

/// The subscription root.
#[derive(Default, MergedSubscription)]
pub struct Subscription(change::ChangeSubscription);

/// The schema. Requests carry their `Session`.
#[derive(Clone)]
pub enum Api {
    /// The schema for clients, as in the committed `schema.graphql`.
    Whole(Schema<Query, Mutation, Subscription>),
    /// The schema of a federation subgraph.
    Subgraph(Schema<FederatedQuery, Mutation, Subscription>),
}

impl Api {
    /// Executes a query or mutation. Objects in the data may be encoded as bytes of JSON; [`json`] serializes the data
    /// correctly.
    pub async fn execute(&self, request: impl Into<Request>) -> Response {
        let request = with_encoding(request.into());
        match self {
            Self::Whole(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
        }
    }

    /// Executes a valid query by its plan, without a cache of plans.
    pub async fn execute_plan(&self, request: Request, session: &Session, caller: &Caller) -> Result<Response> {
        let mut request = request;
        let (name, variables) = (request.operation_name.clone(), request.variables.clone());
        let invalid = |error: async_graphql::ServerError| Error::BadInput(error.message);
        let document = request.parsed_query().map_err(invalid)?;
        let mut operations = document.operations.iter();
        let found = operations.find(|(one, _)| name.is_none() || one.map(|one| one.as_str()) == name.as_deref());
        let (_, definition) = found.ok_or_else(|| Error::BadInput("the document has no such operation".into()))?;
        let operation =
            Operation { document, name: name.as_deref(), definition: &definition.node, variables: &variables };
        let schema = match self {
            Self::Whole(_) => SchemaIndex::new(true)?,
            Self::Subgraph(_) => SchemaIndex::of_schema(&self.sdl(), true)?,
        };
        let plan = operation.compile(&schema)?;
        Ok(self.execute_operation(&plan, operation, session, caller).await)
    }

    /// Executes an operation by its plan.
    pub(crate) async fn execute_operation(
        &self,
        plan: &Plan,
        operation: Operation<'_>,
        session: &Session,
        caller: &Caller,
    ) -> Response {
        let introspection = if plan.introspects() { Some(self.introspect(operation, session).await) } else { None };
        let executed = plan::execute(plan, operation, session, caller, introspection.as_ref()).await;
        let mut response = Response::new(Value::Binary(executed.data.into()));
        response.errors = executed.errors;
        response
    }

    /// Returns the values of the root fields that describe the schema.
    async fn introspect(&self, operation: Operation<'_>, session: &Session) -> Value {
        let mut request = Request::new(String::new()).variables(operation.variables.clone()).data(session.clone());
        request.set_parsed_query(operation.document.clone());
        if let Some(name) = operation.name {
            request = request.operation_name(name);
        }
        self.execute_as_values(request).await.data
    }

    /// Executes a query, mutation or subscription as a stream of responses, with data as in [`Self::execute`].
    pub fn execute_stream(&self, request: impl Into<Request>) -> BoxStream<'static, Response> {
        let request = with_encoding(request.into());
        match self {
            Self::Whole(schema) => schema.execute_stream(request).boxed(),
            Self::Subgraph(schema) => schema.execute_stream(request).boxed(),
        }
    }

    /// Executes a query or mutation, with data as plain values: objects are maps.
    pub(crate) async fn execute_as_values(&self, request: Request) -> Response {
        match self {
            Self::Whole(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
        }
    }

    /// Executes a query, mutation or subscription as a stream of responses, with data as in [`Self::execute_as_values`].
    pub(crate) fn execute_stream_as_values(
        &self,
        request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        let session_data = session_data.unwrap_or_default();
        match self {
            Self::Whole(schema) => schema.execute_stream_with_session_data(request, session_data),
            Self::Subgraph(schema) => schema.execute_stream_with_session_data(request, session_data),
        }
    }

    /// Returns the schema in the GraphQL schema definition language (SDL).
    pub fn sdl(&self) -> String {
        let options = SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by();
        match self {
            Self::Whole(schema) => schema.sdl_with_options(options),
            Self::Subgraph(schema) => schema.sdl_with_options(options),
        }
    }
}

/// Attaches the object encoding to a request. A document that does not parse is passed on: the library reports the
/// error.
fn with_encoding(mut request: Request) -> Request {
    match request.parsed_query().map(ObjectEncoding::for_document) {
        Ok(encoding) => request.data(encoding),
        Err(_) => request,
    }
}

/// Serializes the data of a response as JSON.
pub fn json(data: &Value) -> String {
    let mut out = Vec::new();
    write_json(data, &mut out);
    // Never fails: only valid UTF-8 is written.
    String::from_utf8(out).unwrap_or_default()
}

/// Builds the schema for clients.
pub fn api() -> Api {
    Api::Whole(builder(Query::default()).finish())
}

/// Builds the schema of a server: as a federation subgraph or not, and without "did you mean" suggestions if it is
/// hidden. It validates nothing: documents must have been validated before (`crate::graphql::validation`).
pub(crate) fn api_of(is_subgraph: bool, is_hidden: bool) -> Api {
    if is_subgraph {
        Api::Subgraph(finish(builder(FederatedQuery::default()), is_hidden))
    } else {
        Api::Whole(finish(builder(Query::default()), is_hidden))
    }
}

fn finish<Q: ObjectType + 'static>(
    builder: SchemaBuilder<Q, Mutation, Subscription>,
    is_hidden: bool,
) -> Schema<Q, Mutation, Subscription> {
    let builder = builder.validation_mode(ValidationMode::Fast);
    if is_hidden { builder.disable_suggestions().finish() } else { builder.finish() }
}

/// Returns the schema builder. It sets no query limits: they are checked before the library gets a document, because
/// the library's own limits count fragments by expanding them.
pub(crate) fn builder<Q: ObjectType + 'static>(query: Q) -> SchemaBuilder<Q, Mutation, Subscription> {
    Schema::build(query, Mutation::default(), Subscription::default())
}

/// Returns the schema for clients in the GraphQL schema definition language (SDL).
pub fn sdl() -> String {
    api().sdl()
}

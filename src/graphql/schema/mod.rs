//! The GraphQL schema: its types are declared as data, from which plans are compiled too.
//!
//! - [`field`]: fields and the sources of their values. [`node_type`]: types that are backed by a table. [`object`]: other objects,
//!   interfaces and unions. [`connection`]: the types of lists. [`root`]: the root types.
//! - [`Api`]: the schema, and how operations on it are executed. The library parses documents and answers introspection.

pub mod connection;
pub mod field;
pub mod node_type;
pub mod object;
pub mod root;

use std::any::TypeId;

use async_graphql::parser::types::OperationType;
use async_graphql::{
    ObjectType, Request, Response, SDLExportOptions, Schema, SchemaBuilder, ServerError, ValidationMode, Value,
};

pub use self::root::{Mutation, Query, SubgraphQuery, Subscription};
use crate::auth::Caller;
use crate::error::Error;
use crate::graphql::plan::{self, Operation, Plan};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::validation::{SchemaIndex, validate_document, validate_variables};

/// The schema, and how operations on it are executed.
#[derive(Clone)]
pub enum Api {
    /// The schema for clients, as in the committed `schema.graphql`.
    Whole(Schema<Query, Mutation, Subscription>),
    /// The schema of a federation subgraph.
    Subgraph(Schema<SubgraphQuery, Mutation, Subscription>),
}

impl Api {
    /// Validates and executes a query or mutation, whose data have a [`Session`], and a [`Caller`] unless it is anonymous. The data
    /// of the response are bytes of JSON: see [`json`].
    pub async fn execute(&self, mut request: Request) -> Response {
        static ANONYMOUS: Caller = Caller { name: None, scopes: std::collections::BTreeSet::new() };
        let (name, variables) = (request.operation_name.clone(), std::mem::take(&mut request.variables));
        let document = match request.parsed_query() {
            Ok(document) => document.clone(),
            Err(error) => return Response::from_errors(vec![error]),
        };
        let mut operations = document.operations.iter();
        let found = match &name {
            Some(name) => operations.find(|(one, _)| one.is_some_and(|one| one.as_str() == name)),
            None => operations.next().filter(|_| operations.next().is_none()),
        };
        let Some((_, definition)) = found else {
            return failed(Error::BadInput("Name one of the operations of the document".into()));
        };
        let Some(session) = request.data.get(&TypeId::of::<Session>()).and_then(|data| data.downcast_ref::<Session>())
        else {
            return failed(Error::Internal("the request has no session".into()));
        };
        let caller = request.data.get(&TypeId::of::<Caller>()).and_then(|data| data.downcast_ref::<Caller>());
        let schema = match self.index() {
            Ok(schema) => schema,
            Err(error) => return failed(error),
        };
        let mut problems = validate_document(&document, &schema);
        problems.extend(validate_variables(&definition.node, &variables, &schema));
        if !problems.is_empty() {
            let error = |problem: &crate::graphql::validation::Problem| {
                ServerError::new(problem.message.as_str(), Some(problem.position))
            };
            return Response::from_errors(problems.iter().map(error).collect());
        }
        if definition.node.ty == OperationType::Subscription {
            return failed(Error::BadInput("A subscription is executed as a stream".into()));
        }
        let operation = Operation {
            document: &document,
            name: name.as_deref(),
            definition: &definition.node,
            variables: &variables,
        };
        match operation.compile(&schema) {
            Ok(plan) => self.execute_operation(&plan, operation, session, caller.unwrap_or(&ANONYMOUS)).await,
            Err(error) => failed(error),
        }
    }

    fn index(&self) -> Result<SchemaIndex, Error> {
        match self {
            Self::Whole(_) => SchemaIndex::new(true),
            Self::Subgraph(_) => SchemaIndex::of_schema(&self.sdl(), true),
        }
    }

    /// Executes a valid query or mutation by its plan.
    pub(crate) async fn execute_operation(
        &self,
        plan: &Plan,
        operation: Operation<'_>,
        session: &Session,
        caller: &Caller,
    ) -> Response {
        if !plan.introspects() {
            return plan::execute(plan, operation, session, caller, None, None).await.into();
        }
        let introspection = self.introspect(operation).await;
        let executed = plan::execute(plan, operation, session, caller, Some(&introspection.data), None).await;
        let mut response = Response::from(executed);
        response.errors.extend(introspection.errors);
        response
    }

    /// Executes an operation by the library, which resolves only the root fields that describe the schema; all others are null.
    async fn introspect(&self, operation: Operation<'_>) -> Response {
        let mut request = Request::new(String::new()).variables(operation.variables.clone());
        request.set_parsed_query(operation.document.clone());
        if let Some(name) = operation.name {
            request = request.operation_name(name);
        }
        match self {
            Self::Whole(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
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

fn failed(error: Error) -> Response {
    Response::from_errors(vec![
        async_graphql::Error::from(SharedError::from(error)).into_server_error(Default::default()),
    ])
}

impl From<plan::Executed> for Response {
    fn from(executed: plan::Executed) -> Self {
        let is_null = executed.data == b"null";
        let mut response = Self::new(if is_null { Value::Null } else { Value::Binary(executed.data.into()) });
        response.errors = executed.errors;
        response
    }
}

/// Returns the data of a response as JSON.
pub fn json(data: &Value) -> String {
    match data {
        Value::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        data => data.to_string(),
    }
}

/// Builds the schema for clients.
pub fn api() -> Api {
    api_of(false, false)
}

/// Builds the schema of a server: as a federation subgraph or not, and without "did you mean" suggestions if it is
/// hidden. It validates nothing: documents must have been validated before (`crate::graphql::validation`).
pub(crate) fn api_of(is_subgraph: bool, is_hidden: bool) -> Api {
    if is_subgraph {
        Api::Subgraph(finish(Schema::build(SubgraphQuery, Mutation, Subscription), is_hidden))
    } else {
        Api::Whole(finish(Schema::build(Query, Mutation, Subscription), is_hidden))
    }
}

fn finish<Q: ObjectType + 'static>(
    builder: SchemaBuilder<Q, Mutation, Subscription>,
    is_hidden: bool,
) -> Schema<Q, Mutation, Subscription> {
    let builder = builder.validation_mode(ValidationMode::Fast);
    if is_hidden { builder.disable_suggestions().finish() } else { builder.finish() }
}

/// Returns the schema for clients in the GraphQL schema definition language (SDL).
pub fn sdl() -> String {
    api().sdl()
}

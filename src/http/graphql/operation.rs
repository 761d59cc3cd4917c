//! A request made ready to be run: read, priced and found allowed.

use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Name, Positioned, Request, Value as ConstValue, Variables};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits;
use crate::http::graphql::persisted_queries::{Digest, ParsedDocument};
use crate::http::graphql::response::json;
use crate::http::middleware::authentication::Client;
use crate::http::state::AppState;

/// The parameters of a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    pub(crate) query: Option<String>,
    pub(crate) document_id: Option<String>,
    pub(crate) operation_name: Option<String>,
    /// Read when it is known how much they may hold.
    pub(crate) variables: Option<Box<RawValue>>,
    pub(crate) extensions: Option<Map<String, Value>>,
}

impl Parameters {
    /// Whether they say which document is meant, and the variables are a map.
    pub(crate) fn are_well_formed(&self) -> bool {
        let document = self.query.is_some() || self.document_id.is_some() || self.extensions.is_some();
        document && self.variables.as_ref().is_none_or(|variables| variables.get().starts_with('{'))
    }
}

/// A request ready to be run.
#[derive(Clone)]
pub(crate) struct PreparedOperation {
    document: Arc<ParsedDocument>,
    variables: Variables,
    /// The name of its operation.
    pub(crate) name: Option<String>,
    pub(crate) kind: OperationType,
    /// How many values its answer has if all pages are full.
    pub(crate) cost: usize,
    /// Whether the client wants to know that.
    pub(crate) tells_cost: bool,
    /// The oldest version of the graph that will do.
    pub(crate) least: i64,
}

impl PreparedOperation {
    /// Makes a request ready; nothing is read for it before it was judged.
    pub(crate) fn prepare(app: &AppState, parameters: Parameters) -> Result<Self, RequestError> {
        let limits = &app.settings.limits;
        let extensions = parameters.extensions.unwrap_or_default();
        let persisted = extensions.get("persistedQuery").and_then(|one| one.get("sha256Hash")).and_then(Value::as_str);
        let id = parameters.document_id.as_deref().or(persisted);
        let text = parameters.query.filter(|text| !text.trim().is_empty());
        let document = app.documents.find(text, id, limits, &app.metrics)?;
        let (name, operation) =
            choose(&document, parameters.operation_name.filter(|name| !name.is_empty()).as_deref())?;
        let kind = operation.node.ty;
        let variables = match &parameters.variables {
            None => Variables::default(),
            Some(text) => {
                // Records come as variables of a mutation, as many as the body holds.
                if kind != OperationType::Mutation {
                    limits::judge_variables(text.get(), limits)?;
                }
                let unreadable = |error| RequestError::unreadable(format!("`variables` is no JSON object: {error}"));
                let map: Map<String, Value> = serde_json::from_str(text.get()).map_err(unreadable)?;
                Variables::from_json(Value::Object(map))
            }
        };
        let size = limits::judge(&document.parsed, &operation.node, &variables, &app.shape, limits)?;
        if size.introspects && app.settings.hide_schema {
            let message = "This server does not tell its schema: ask whoever looks after it";
            return Err(RequestError::document("GRAPHQL_VALIDATION_FAILED", message));
        }
        given(&operation.node, &variables)?;
        let least = match extensions.get("newsgraphVersion") {
            None | Some(Value::Null) => 0,
            Some(version) => version.as_i64().filter(|version| *version >= 0).ok_or_else(|| {
                let message = "`extensions.newsgraphVersion` is no version of the graph: send the number that the answer to a write had there, or leave it out";
                RequestError::unreadable(message)
            })?,
        };
        let tells_cost = extensions.get("cost").is_some_and(|wanted| *wanted == Value::Bool(true));
        Ok(Self { document, variables, name, kind, cost: size.cost, tells_cost, least })
    }

    /// The request as the library runs it.
    pub(crate) fn request(self) -> Request {
        let mut request = Request::new(String::new()).variables(self.variables);
        request.set_parsed_query(self.document.parsed.clone());
        match &self.name {
            Some(name) => request.operation_name(name),
            None => request,
        }
    }

    /// Says which answer it has, asked by a client in one state of the graph: all that the answer depends on.
    pub(crate) fn digest(&self, client: &Client) -> Digest {
        let mut digest = Sha256::new();
        digest.update(self.document.digest);
        for part in [
            json(&self.variables).as_bytes(),
            self.name.as_deref().unwrap_or_default().as_bytes(),
            &[u8::from(self.tells_cost)],
            client.scopes().as_bytes(),
        ] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }

    /// A mutation is not run by what may be a link, or be asked for again by a cache.
    pub(crate) fn only_reads(self) -> Result<Self, RequestError> {
        if self.kind == OperationType::Query {
            return Ok(self);
        }
        let message = "GET is for queries only: send this by POST";
        Err(RequestError::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_INPUT", message))
    }
}

/// An operation and its name.
type Named<'d> = (Option<String>, &'d Positioned<OperationDefinition>);

fn choose<'d>(document: &'d ParsedDocument, name: Option<&str>) -> Result<Named<'d>, RequestError> {
    let mut all = document.parsed.operations.iter();
    let found = match name {
        Some(wanted) => all.find(|(name, _)| name.is_some_and(|name| name == wanted)),
        None => all.next().filter(|_| all.next().is_none()),
    };
    found.map(|(name, operation)| (name.map(Name::to_string), operation)).ok_or_else(|| {
        let names = document.parsed.operations.iter().filter_map(|(name, _)| name);
        let names: Vec<String> = names.take(10).map(|name| format!("`{name}`")).collect();
        let message = match name {
            Some(name) => format!("There is no operation `{name}` in the document: it has {}", names.join(", ")),
            None => format!("Which operation? Name one with `operationName`: {}", names.join(", ")),
        };
        RequestError::document("GRAPHQL_VALIDATION_FAILED", message)
    })
}

/// Every variable that may not be null has a value. The library takes a missing one for an argument that was left out,
/// and a filter that was left out finds everything.
fn given(operation: &OperationDefinition, variables: &Variables) -> Result<(), RequestError> {
    for Positioned { node: variable, .. } in &operation.variable_definitions {
        let value = variables.get(&variable.name.node);
        if !variable.var_type.node.nullable
            && variable.default_value.is_none()
            && value.is_none_or(|value| *value == ConstValue::Null)
        {
            let message = format!(
                "The variable `${}` of type `{}` was not given: add it to `variables`",
                variable.name.node, variable.var_type.node
            );
            return Err(RequestError::document("BAD_INPUT", message));
        }
    }
    Ok(())
}

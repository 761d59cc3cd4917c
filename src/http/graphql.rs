//! GraphQL over HTTP: POST with JSON, GET for queries.

use std::time::Instant;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql::{Pos, Positioned, Request, Response, ServerError, Value as ConstValue, Variables};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::App;
use crate::error::Error;
use crate::graphql::Session;

const GRAPHQL_RESPONSE: &str = "application/graphql-response+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// The parameters of a request, in a body or an address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Value>,
}

/// A request that was refused before it was run.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// Where in the document.
    at: Option<Pos>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), at: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.code(), error.public())
    }
}

pub(super) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> axum::response::Response {
    let parameters = body
        .map_err(|rejection| {
            Refusal::new(rejection.status(), "LIMIT", "The body is too large or was cut off: send a shorter document")
        })
        .and_then(|body| read_body(&headers, &body));
    answer(&app, &headers, parameters, false).await
}

pub(super) async fn get(
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query<GetParameters>, QueryRejection>,
) -> axum::response::Response {
    let parameters = query
        .map_err(|rejection| {
            Refusal::new(StatusCode::BAD_REQUEST, "BAD_INPUT", format!("The address cannot be read: {rejection}"))
        })
        .and_then(|Query(given)| {
            let variables = given
                .variables
                .filter(|text| !text.is_empty())
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| {
                    Refusal::new(StatusCode::BAD_REQUEST, "BAD_INPUT", format!("`variables` is not JSON: {error}"))
                })?;
            Ok(Parameters {
                query: given.query,
                operation_name: given.operation_name.filter(|name| !name.is_empty()),
                variables,
            })
        });
    answer(&app, &headers, parameters, true).await
}

/// The parameters of a request in its address; variables are JSON text there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetParameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

pub(super) async fn other_method() -> impl IntoResponse {
    let body = refuse("BAD_INPUT", "Only GET and POST are answered here", None);
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, POST"), (header::CONTENT_TYPE, JSON)], json(&body))
}

fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.split(';').next().unwrap_or_default().trim() != "application/json" {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "BAD_INPUT",
            "The body has to be JSON: send `Content-Type: application/json`",
        ));
    }
    serde_json::from_slice(body).map_err(|error| {
        let message = format!(
            "The body is not the JSON of a request: {error}. Send {{\"query\": \"...\", \"variables\": {{...}}}}"
        );
        Refusal::new(StatusCode::BAD_REQUEST, "BAD_INPUT", message)
    })
}

async fn answer(
    app: &App,
    headers: &HeaderMap,
    parameters: Result<Parameters, Refusal>,
    reading: bool,
) -> axum::response::Response {
    let started = Instant::now();
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = if accepts.contains("application/graphql-response+json") { GRAPHQL_RESPONSE } else { JSON };
    let (status, body) = match parameters.and_then(|parameters| prepare(app, parameters, reading)) {
        Err(refusal) => (refusal.status, refuse(refusal.code, &refusal.message, refusal.at)),
        Ok(request) => {
            let session = Session::new(app.db.clone());
            let run = app.api.execute(request.data(session.clone()));
            match tokio::time::timeout(app.timeout, run).await {
                Err(_) => {
                    let message =
                        format!("The query took longer than {} seconds: ask for less at once", app.timeout.as_secs());
                    (StatusCode::GATEWAY_TIMEOUT, refuse("TIMEOUT", &message, None))
                }
                Ok(response) => {
                    tracing::debug!(statements = session.statements(), elapsed = ?started.elapsed(), "answered");
                    finish(response)
                }
            }
        }
    };
    // A client that knows only application/json takes any status but 200 for a broken connection, unless the request
    // itself was refused before it was run.
    let status = if media == JSON && body.data.is_some() { StatusCode::OK } else { status };
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(media))], json(&body)).into_response()
}

fn prepare(app: &App, parameters: Parameters, reading: bool) -> Result<Request, Refusal> {
    let Some(query) = parameters.query.filter(|query| !query.trim().is_empty()) else {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BAD_INPUT",
            "The request has no `query`: send a GraphQL document",
        ));
    };
    let variables = match parameters.variables {
        None | Some(Value::Null) => Variables::default(),
        Some(Value::Object(object)) => Variables::from_json(Value::Object(object)),
        Some(_) => {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "BAD_INPUT", "`variables` has to be a JSON object"));
        }
    };
    let document = parse_query(&query).map_err(|error| unreadable(&error))?;
    app.limits.judge(&document, &variables)?;
    given(&document, parameters.operation_name.as_deref(), &variables)?;
    if reading && !only_reads(&document, parameters.operation_name.as_deref()) {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "BAD_INPUT",
            "GET is for queries only: send this by POST",
        ));
    }
    let mut request = Request::new(query).variables(variables);
    request.set_parsed_query(document);
    if let Some(name) = parameters.operation_name {
        request = request.operation_name(name);
    }
    Ok(request)
}

/// Every variable that may not be null has a value. The library takes a missing one for an argument that was left out,
/// and a filter that was left out finds everything.
fn given(document: &ExecutableDocument, operation_name: Option<&str>, variables: &Variables) -> Result<(), Refusal> {
    let operation = document
        .operations
        .iter()
        .find(|(name, _)| operation_name.is_none_or(|wanted| name.is_some_and(|name| name.as_str() == wanted)));
    let Some((_, operation)) = operation else { return Ok(()) };
    for Positioned { node: variable, .. } in &operation.node.variable_definitions {
        let value = variables.get(&variable.name.node);
        if !variable.var_type.node.nullable
            && variable.default_value.is_none()
            && value.is_none_or(|value| *value == ConstValue::Null)
        {
            let message = format!(
                "The variable `${}` of type `{}` was not given: add it to `variables`",
                variable.name.node, variable.var_type.node
            );
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "BAD_INPUT", message));
        }
    }
    Ok(())
}

/// The parser shows the whole line at fault, which may be the whole document: its last line says what is wrong.
fn unreadable(error: &async_graphql::parser::Error) -> Refusal {
    let text = error.to_string();
    let fault = text.trim().lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    if fault == "stack limit reached" {
        return Error::Limit("The query is too many levels deep to be read: ask for less at once".into()).into();
    }
    let at = error.positions().next();
    let place = at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default();
    let message = format!("The query is not GraphQL{place}: {fault}");
    Refusal { at, ..Refusal::new(StatusCode::BAD_REQUEST, "GRAPHQL_PARSE_FAILED", message) }
}

fn only_reads(document: &ExecutableDocument, operation_name: Option<&str>) -> bool {
    match &document.operations {
        DocumentOperations::Single(operation) => operation.node.ty == OperationType::Query,
        DocumentOperations::Multiple(many) => many
            .iter()
            .filter(|(name, _)| operation_name.is_none_or(|wanted| name.as_str() == wanted))
            .all(|(_, operation)| operation.node.ty == OperationType::Query),
    }
}

/// An answer: `data` first and in the order of the query.
#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ConstValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
}

/// Gives every error a code, and leaves `data` out when the request itself was at fault.
fn finish(response: Response) -> (StatusCode, Body) {
    let refused = !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty());
    let errors = response.errors.into_iter().map(|mut error| {
        // The library's own errors have no code: without a path the document does not fit the schema, with one an
        // argument does not fit its type.
        let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_INPUT" };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code);
        }
        error
    });
    let body = Body { errors: errors.collect(), data: (!refused).then_some(response.data) };
    (if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK }, body)
}

/// The answer to a request that was not run.
fn refuse(code: &'static str, message: &str, at: Option<Pos>) -> Body {
    let mut error = ServerError::new(message, at);
    error.extensions.get_or_insert_default().set("code", code);
    Body { data: None, errors: vec![error] }
}

fn json(body: &Body) -> String {
    serde_json::to_string(body).unwrap_or_else(|_| {
        r#"{"errors":[{"message":"The answer could not be written","extensions":{"code":"INTERNAL"}}]}"#.into()
    })
}

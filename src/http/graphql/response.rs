//! Responses: the GraphQL response as JSON, the outcome of an operation, and the HTTP reply around it.

use std::collections::HashMap;

use async_graphql::{Response as ExecutionResponse, ServerError, Value};
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::graphql::Reservation;
use crate::http::graphql::error::{Headers, RequestError};
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::request_id::RequestId;

/// A GraphQL response, before it is encoded.
pub(crate) struct GraphQlResponse {
    /// The result; `None` when the request failed as a whole.
    pub(crate) data: Option<Value>,
    /// Errors of the request or of single fields.
    pub(crate) errors: Vec<ServerError>,
    /// The `extensions` of the response.
    pub(crate) extensions: Option<Extensions>,
}

/// The `extensions` of a response.
#[derive(Default, Serialize)]
pub(crate) struct Extensions {
    /// The cost of the operation, when the client asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<Cost>,
    /// The data version that contains everything the mutation wrote. Also a header, but a WebSocket has none.
    #[serde(rename = "newsgraphVersion", skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
}

/// The cost of an operation and the limit, both in values of the response.
#[derive(Serialize)]
pub(crate) struct Cost {
    /// Values in the response if all pages are full.
    pub(crate) requested: usize,
    /// Maximum cost of an operation.
    pub(crate) limit: usize,
    /// Rows that the database reads besides, for counts and searches.
    pub(crate) work: usize,
    /// Maximum work of an operation.
    #[serde(rename = "workLimit")]
    pub(crate) work_limit: usize,
}

impl GraphQlResponse {
    /// Converts the library's response: gives every error a code, and separates a request that failed as a whole from fields
    /// that failed. The former has no `data`, and the returned error decides its status.
    pub(crate) fn from_execution(response: ExecutionResponse, id: &RequestId) -> (Self, Option<RequestError>) {
        let failed = !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty());
        let errors: Vec<ServerError> = response.errors.into_iter().map(|error| with_code(error, id)).collect();
        if !failed {
            return (Self { data: Some(response.data), errors, extensions: None }, None);
        }
        // The response lists all errors; the first one decides the status.
        let first = errors.first();
        let internal = first.and_then(|error| error.extensions.as_ref()?.get("code")) == Some(&Value::from("INTERNAL"));
        let error = if internal {
            RequestError::internal(id)
        } else {
            RequestError::invalid_document("GRAPHQL_VALIDATION_FAILED", "")
        };
        (Self { data: None, errors, extensions: None }, Some(error))
    }

    /// Returns whether the data has no value: all root fields are null.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.data {
            Some(Value::Binary(json)) => serde_json::from_slice::<HashMap<&str, Option<&RawValue>>>(json)
                .is_ok_and(|fields| fields.values().all(Option::is_none)),
            data => data.as_ref().is_none_or(|data| *data == Value::Null),
        }
    }

    /// Creates the response to a request that failed as a whole.
    pub(crate) fn from_error(error: &RequestError) -> Self {
        Self { data: None, errors: error.to_server_errors(), extensions: None }
    }

    /// Encodes the response as JSON: `data` first, with its fields in the order of the query. The data are taken out.
    pub(crate) fn take_json(&mut self) -> Vec<u8> {
        let mut out = match self.data.take() {
            Some(data) => {
                let mut out = match data {
                    // Their buffer becomes that of the response.
                    Value::Binary(data) => Vec::from(data),
                    data => data.to_string().into_bytes(),
                };
                out.splice(..0, *b"{\"data\":");
                out
            }
            None => b"{".to_vec(),
        };
        let errors = (!self.errors.is_empty()).then(|| to_json(&self.errors));
        for (name, value) in [("errors", errors), ("extensions", self.extensions.as_ref().map(to_json))] {
            let Some(value) = value else { continue };
            out.extend_from_slice(if out.len() > 1 { b",\"" } else { b"\"" });
            out.extend_from_slice(format!("{name}\":{value}").as_bytes());
        }
        out.push(b'}');
        out
    }
}

/// Encodes a value of our own types as JSON. None of them has a map with non-string keys, so encoding cannot fail.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// Adds a code to an error that has none. The library's own errors have none: without a path, the document does not match the
/// schema; with a path, an argument does not match its type. Internal errors get the request id, by which the log is searched.
fn with_code(mut error: ServerError, id: &RequestId) -> ServerError {
    let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_INPUT" };
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    } else if extensions.get("code") == Some(&Value::from("INTERNAL")) {
        extensions.set("requestId", id.0.as_str());
    }
    error
}

/// Returns whether a field failed because the database does not respond.
pub(crate) fn is_unavailable(error: &ServerError) -> bool {
    error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == Some(&Value::from("UNAVAILABLE"))
}

/// JSON whose memory is reserved.
struct Reserved {
    json: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Reserved {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// The outcome of an operation, independent of how the client is connected.
pub(crate) struct Outcome {
    /// The response as JSON.
    pub(crate) body: Bytes,
    /// The `errors` of the response.
    pub(crate) errors: Vec<ServerError>,
    /// The reason why the operation failed as a whole; the response then has no `data`.
    pub(crate) failure: Option<RequestError>,
    /// Extra headers of the response.
    pub(crate) headers: Headers,
}

impl Outcome {
    /// Creates the outcome of an executed operation. Its body keeps the memory of the response reserved until it was sent.
    pub(crate) fn new(mut response: GraphQlResponse, failure: Option<RequestError>, reservation: Reservation) -> Self {
        let body = Bytes::from_owner(Reserved { json: response.take_json(), _reservation: reservation });
        Self { body, errors: response.errors, failure, headers: Vec::new() }
    }

    /// Creates the outcome from a cached response, which never has errors.
    pub(crate) fn cached(body: Bytes) -> Self {
        Self { body, errors: Vec::new(), failure: None, headers: Vec::new() }
    }

    /// Creates the outcome of an operation that failed as a whole.
    pub(crate) fn failed(error: RequestError) -> Self {
        Self::new(GraphQlResponse::from_error(&error), Some(error), Reservation::default())
    }
}

/// An HTTP reply with a GraphQL response as its body.
pub(crate) struct HttpReply {
    /// The status code.
    pub(crate) status: StatusCode,
    /// The response as JSON.
    pub(crate) body: Bytes,
    /// Extra headers; they override the default ones.
    pub(crate) headers: Headers,
}

impl HttpReply {
    /// Creates the reply to a request that failed as a whole.
    pub(crate) fn from_error(error: &RequestError, format: ResponseFormat) -> Self {
        Self {
            status: error.status(format),
            body: GraphQlResponse::from_error(error).take_json().into(),
            headers: error.headers(),
        }
    }

    /// Creates the reply for the outcome of an operation.
    pub(crate) fn from_outcome(outcome: Outcome, format: ResponseFormat) -> Self {
        let mut headers = outcome.headers;
        let status = match &outcome.failure {
            None => StatusCode::OK,
            Some(error) => {
                headers.extend(error.headers());
                error.status(format)
            }
        };
        Self { status, body: outcome.body, headers }
    }

    /// Converts the reply to axum's type and adds the headers that all GraphQL responses have.
    pub(crate) fn into_response(self, format: ResponseFormat) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Origin"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// Creates the response to a request that failed as a whole.
pub(crate) fn error_response(error: &RequestError, format: ResponseFormat) -> Response {
    HttpReply::from_error(error, format).into_response(format)
}

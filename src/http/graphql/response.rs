//! An answer as it leaves.

use async_graphql::{Response, ServerError, Value};
use serde::Serialize;

use crate::graphql::write;
use crate::http::graphql::error::RequestError;
use crate::http::middleware::request_id::RequestId;

/// An answer.
pub(crate) struct GraphQlResponse {
    pub(crate) data: Option<Value>,
    pub(crate) errors: Vec<ServerError>,
    pub(crate) extensions: Option<Extensions>,
}

/// What is told about an answer.
#[derive(Default, Serialize)]
pub(crate) struct Extensions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<Cost>,
    /// In which version of the graph all is that was written: a socket has no headers.
    #[serde(rename = "newsgraphVersion", skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
}

/// What a request asked for, and how much one may.
#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) requested: usize,
    pub(crate) limit: usize,
}

impl GraphQlResponse {
    /// Gives every error a code, and tells a request at fault from fields that failed: its answer has no `data`, and a status.
    pub(crate) fn of(response: Response, id: &RequestId) -> (Self, Option<RequestError>) {
        let refused = !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty());
        let errors: Vec<ServerError> = response.errors.into_iter().map(|error| coded(error, id)).collect();
        if !refused {
            return (Self { data: Some(response.data), errors, extensions: None }, None);
        }
        // All errors are told, and the first decides the status.
        let first = errors.first();
        let internal = first.and_then(|error| error.extensions.as_ref()?.get("code")) == Some(&Value::from("INTERNAL"));
        let refusal =
            if internal { RequestError::internal(id) } else { RequestError::document("GRAPHQL_VALIDATION_FAILED", "") };
        (Self { data: None, errors, extensions: None }, Some(refusal))
    }

    pub(crate) fn refused(refusal: &RequestError) -> Self {
        Self { data: None, errors: vec![refusal.error()], extensions: None }
    }

    /// `data` first and in the order of the query.
    pub(crate) fn json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        if let Some(data) = &self.data {
            out.extend_from_slice(b"\"data\":");
            write(data, &mut out);
        }
        let errors = (!self.errors.is_empty()).then(|| json(&self.errors));
        for (name, value) in [("errors", errors), ("extensions", self.extensions.as_ref().map(json))] {
            let Some(value) = value else { continue };
            out.extend_from_slice(if out.len() > 1 { b",\"" } else { b"\"" });
            out.extend_from_slice(format!("{name}\":{value}").as_bytes());
        }
        out.push(b'}');
        out
    }
}

/// What is ours as JSON: it has nothing that cannot be written.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// The library's own errors have no code: without a path the document does not fit the schema, with one an argument does not fit
/// its type. What is our fault can be found in the log by the name of the request.
fn coded(mut error: ServerError, id: &RequestId) -> ServerError {
    let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_INPUT" };
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    } else if extensions.get("code") == Some(&Value::from("INTERNAL")) {
        extensions.set("requestId", id.0.as_str());
    }
    error
}

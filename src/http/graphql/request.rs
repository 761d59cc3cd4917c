//! Reads the parameters of a GraphQL request from the body of a POST or the query string of a GET.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::config::Serve;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::negotiation;
use crate::http::graphql::operation::Parameters;

/// An oversized body is read and discarded up to this multiple of the limit, so that the client gets to read the error: it may
/// not listen before it has sent everything.
const DISCARDED_MULTIPLE: usize = 8;

/// Maximum pause between two chunks of a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The content of a POST body.
pub(crate) enum RequestBody {
    /// One request.
    Single(Box<Parameters>),
    /// A list of requests.
    Batch(Vec<Parameters>),
}

impl RequestBody {
    /// Reads and parses a body within the limits of the settings.
    pub(crate) async fn read(settings: &Serve, request: Request) -> Result<Self, RequestError> {
        let (Parts { headers, .. }, body) = request.into_parts();
        let body = collect(body, settings.limits.max_body).await?;
        if headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            let message = "Compressed bodies are not supported: send the body without `Content-Encoding`";
            let error = RequestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", message);
            return Err(error.with_headers([(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))]));
        }
        Self::parse(settings, &headers, &body)
    }

    fn parse(settings: &Serve, headers: &HeaderMap, body: &[u8]) -> Result<Self, RequestError> {
        // CSRF protection: browsers let any page send the simple content types without a preflight, but not JSON.
        if !negotiation::has_json_content_type(headers) {
            let message = "The body must be JSON in UTF-8: send `Content-Type: application/json`";
            return Err(RequestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", message));
        }
        let invalid = |error| {
            let expected = "send {\"query\": \"...\", \"variables\": {...}}";
            RequestError::bad_request(format!("The body is not a GraphQL request in JSON ({error}): {expected}"))
        };
        if body.trim_ascii_start().first() != Some(&b'[') {
            return serde_json::from_slice(body).map(|one| Self::Single(Box::new(one))).map_err(invalid);
        }
        let max = settings.max_batch;
        if max == 0 {
            let message = "Batching is disabled on this server: send one request per body, not a list";
            return Err(RequestError::bad_request(message));
        }
        let list: Vec<&RawValue> = serde_json::from_slice(body).map_err(invalid)?;
        if list.is_empty() || list.len() > max {
            let message = format!("A batch must have 1 to {max} requests, but this one has {}", list.len());
            return Err(RequestError::new(StatusCode::BAD_REQUEST, "LIMIT", message));
        }
        let list = list.into_iter().map(|one| serde_json::from_str(one.get()));
        let list = list.collect::<Result<_, _>>().map_err(invalid)?;
        Ok(Self::Batch(list))
    }
}

/// Collects a body of at most `max` bytes.
async fn collect(body: Body, max: usize) -> Result<Vec<u8>, RequestError> {
    let (mut stream, mut bytes, mut length) = (body.into_data_stream(), Vec::new(), 0_usize);
    loop {
        let Ok(Ok(next)) = timeout(BODY_TIMEOUT, stream.try_next()).await else {
            let message = "The body is incomplete or was sent too slowly: send it again, without long pauses";
            return Err(RequestError::new(StatusCode::REQUEST_TIMEOUT, "BAD_INPUT", message));
        };
        let Some(chunk) = next else { break };
        length = length.saturating_add(chunk.len());
        if length <= max {
            bytes.extend_from_slice(&chunk);
        } else if length > max.saturating_mul(DISCARDED_MULTIPLE) {
            break;
        }
    }
    if length > max {
        let message = format!("The body is larger than {max} bytes: send a smaller one");
        return Err(RequestError::new(StatusCode::PAYLOAD_TOO_LARGE, "LIMIT", message));
    }
    Ok(bytes)
}

/// The parameters of a GET in its query string, where maps are JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryString {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl QueryString {
    /// Parses the maps.
    pub(crate) fn into_parameters(self) -> Result<Parameters, RequestError> {
        Ok(Parameters {
            query: self.query,
            document_id: self.document_id,
            operation_name: self.operation_name,
            variables: parse_json(self.variables, "variables")?,
            extensions: parse_json(self.extensions, "extensions")?,
        })
    }
}

fn parse_json<T: DeserializeOwned>(text: Option<String>, name: &str) -> Result<Option<T>, RequestError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_str(&text)
        .map_err(|error| RequestError::bad_request(format!("`{name}` is not a JSON object: {error}")))
}

//! [`RequestError`]: the reason why a request fails as a whole, with its status code, error code and headers.

use async_graphql::{Pos, ServerError};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

use crate::error::Error;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::request_id::RequestId;

/// Extra headers of a response.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// The reason why a request fails as a whole: its response has no `data`. Boxed slices keep it small, since most functions here
/// return it in a `Result`.
#[derive(Debug)]
pub(crate) struct RequestError {
    /// The status code; [`RequestError::status`] adjusts it to the client.
    pub(crate) status: StatusCode,
    /// Whether the HTTP request was well-formed and its GraphQL document, operation or variables are at fault.
    is_document_error: bool,
    /// The error code in `extensions.code`.
    pub(crate) code: &'static str,
    /// The message for the client.
    pub(crate) message: Box<str>,
    /// The position in the document.
    position: Option<Pos>,
    /// Further errors of the same kind: their messages and positions.
    others: Box<[(String, Pos)]>,
    /// Extra headers of the response.
    headers: Headers,
    /// The request id under which the log has details.
    request_id: Option<Box<str>>,
}

impl RequestError {
    /// Creates an error of the HTTP request with any status and code.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self {
            status,
            is_document_error: false,
            code,
            message: message.into(),
            position: None,
            others: Box::default(),
            headers: Vec::new(),
            request_id: None,
        }
    }

    /// The request is not a GraphQL request (400, `BAD_INPUT`).
    pub(crate) fn bad_request(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_INPUT", message)
    }

    /// The document, operation or variables are invalid (400, or 200 for clients that accept plain JSON only).
    pub(crate) fn invalid_document(code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self { is_document_error: true, ..Self::new(StatusCode::BAD_REQUEST, code, message) }
    }

    /// The digest or id is unknown. Clients of automatic persisted queries look for exactly this message and then send the text.
    pub(crate) fn persisted_query_not_found() -> Self {
        Self::invalid_document("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    }

    /// The document is not on the list of allowed documents (403).
    pub(crate) fn document_not_allowed() -> Self {
        let message = "This server only runs documents from its `--documents` file: have yours added to it";
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// The resource does not support the method (405), only the allowed ones.
    pub(crate) fn method_not_allowed(allowed: &'static str, message: &str) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_INPUT", message);
        error.with_headers([(header::ALLOW, HeaderValue::from_static(allowed))])
    }

    /// The server is at fault (500). The message has no details; the log has them under the request id.
    pub(crate) fn internal(id: &RequestId) -> Self {
        let message = Error::Internal(String::new()).public_message();
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message);
        Self { request_id: Some(id.0.as_str().into()), ..error }
    }

    /// The database does not respond (503, `UNAVAILABLE`).
    pub(crate) fn unavailable(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).retry_after(2)
    }

    /// Adds the position in the document.
    pub(crate) fn at_position(self, position: Option<Pos>) -> Self {
        Self { position, ..self }
    }

    /// Adds a `Retry-After` header with a number of seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with_headers([(header::RETRY_AFTER, HeaderValue::from(seconds))])
    }

    /// Adds headers to the response.
    pub(crate) fn with_headers(mut self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Returns whether the operation is GraphQL that does not fit the schema.
    pub(crate) fn is_validation_error(&self) -> bool {
        self.code == "GRAPHQL_VALIDATION_FAILED"
    }

    /// Returns the status code for a response format. A client that accepts plain JSON only takes any status but 200 for a
    /// broken connection, so it gets 200 for errors of the document.
    pub(crate) fn status(&self, format: ResponseFormat) -> StatusCode {
        if self.is_document_error && format == ResponseFormat::Json { StatusCode::OK } else { self.status }
    }

    /// Returns the extra headers of the response, including those that its status requires.
    pub(crate) fn headers(&self) -> Headers {
        let mut headers = self.headers.clone();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"newsgraph\"")));
        }
        headers
    }

    /// Adds further errors of the same kind.
    pub(crate) fn with_others(self, others: Box<[(String, Pos)]>) -> Self {
        Self { others, ..self }
    }

    /// Returns the `errors` list of a GraphQL response.
    pub(crate) fn to_server_errors(&self) -> Vec<ServerError> {
        let others = self.others.iter().map(|(message, position)| self.to_server_error(message, Some(*position)));
        std::iter::once(self.to_server_error(&self.message, self.position)).chain(others).collect()
    }

    fn to_server_error(&self, message: &str, position: Option<Pos>) -> ServerError {
        let mut error = ServerError::new(message, position);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", self.code);
        if let Some(id) = &self.request_id {
            extensions.set("requestId", id.as_ref());
        }
        error
    }
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(message) => Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message),
            Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            Error::Busy(message) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message).retry_after(1),
            error @ Error::Unavailable(_) => Self::unavailable(error.public_message()),
            error => Self::invalid_document(error.code(), error.public_message()),
        }
    }
}

//! A request that was refused before it was run.

use async_graphql::{Pos, ServerError};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

use crate::error::Error;

use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::rate_limit::Headers;
use crate::http::middleware::request_id::RequestId;

/// Why a request is not run.
#[derive(Debug)]
pub(crate) struct RequestError {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// Whether the request itself was well formed, and its document at fault.
    document: bool,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Where in the document.
    at: Option<Pos>,
    /// What the headers of its answer say besides.
    headers: Headers,
    /// Under which name the log tells more.
    request_id: Option<String>,
}

impl RequestError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, document: false, code, message: message.into(), at: None, headers: Vec::new(), request_id: None }
    }

    /// The request is not one of GraphQL.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_INPUT", message)
    }

    /// The document is at fault.
    pub(crate) fn document(code: &'static str, message: impl Into<String>) -> Self {
        Self { document: true, ..Self::new(StatusCode::BAD_REQUEST, code, message) }
    }

    /// A client that gets this sends the text; the words are those that Apollo's clients look for.
    pub(crate) fn unknown_document() -> Self {
        Self::document("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    }

    pub(crate) fn forbidden_document() -> Self {
        let message = "This server runs known documents only: have yours added to its file";
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// The server is at fault.
    pub(crate) fn internal(id: &RequestId) -> Self {
        let message = Error::Broken(String::new()).public();
        let refusal = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message);
        Self { request_id: Some(id.0.clone()), ..refusal }
    }

    pub(crate) fn at(self, at: Option<Pos>) -> Self {
        Self { at, ..self }
    }

    /// After how many seconds to come again.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with([(header::RETRY_AFTER, HeaderValue::from(seconds))])
    }

    pub(crate) fn with(mut self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The status for a client that takes such answers: one that knows only plain JSON takes any but 200 for a broken
    /// connection.
    pub(crate) fn status(&self, media: ResponseFormat) -> StatusCode {
        if self.document && media == ResponseFormat::Json { StatusCode::OK } else { self.status }
    }

    /// What the headers of its answer say besides.
    pub(crate) fn headers(&self) -> Headers {
        let mut headers = self.headers.clone();
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => headers.push((header::ALLOW, HeaderValue::from_static("POST"))),
            StatusCode::UNAUTHORIZED => {
                headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"newsgraph\"")));
            }
            _ => {}
        }
        headers
    }

    pub(crate) fn error(&self) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), self.at);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", self.code);
        if let Some(id) = &self.request_id {
            extensions.set("requestId", id.as_str());
        }
        error
    }
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(message) => Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message),
            Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            error => Self::document(error.code(), error.public()),
        }
    }
}

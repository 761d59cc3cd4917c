//! Who asks, and from where.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::auth::Caller;
use crate::error::Error;
use crate::http::graphql::consistency;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::handler::HttpReply;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// Who asks, and from where.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) caller: Caller,
    /// By what it is known; looked at again while it follows a stream.
    pub(crate) credential: Option<Arc<str>>,
    address: Option<IpAddr>,
    /// The oldest version of the graph that it wants to read.
    pub(crate) least: i64,
}

impl Client {
    pub(crate) fn is_anonymous(&self) -> bool {
        self.caller.name.is_none()
    }

    /// What it may do, as text.
    pub(crate) fn scopes(&self) -> String {
        self.caller.scopes.iter().map(|scope| format!("{} ", scope.word())).collect()
    }

    /// Whose bucket its cost is taken from. Who has one address of IPv6 has all that begin alike.
    pub(crate) fn bucket(&self) -> String {
        match (&self.caller.name, self.address) {
            (Some(name), _) => format!("key {name}"),
            (None, Some(IpAddr::V6(address))) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            }
            (None, Some(IpAddr::V4(address))) => address.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// What a key may be called where it does not belong: in addresses, which are logged on their way and kept in histories.
const MISPLACED: &[&str] = &["key", "api_key", "apikey", "api-key", "access_token", "token", "authorization"];

/// Finds out who asks; refuses a key that is not valid.
pub(crate) async fn authenticate(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match client(&app, &parts).await {
        Ok(client) => {
            parts.extensions.insert(client);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => {
            app.metrics.refused(refusal.code);
            let media = ResponseFormat::accepted(&parts.headers).unwrap_or(ResponseFormat::Json);
            HttpReply::refused(&refusal, media).into_response(media)
        }
    }
}

async fn client(app: &AppState, request: &Parts) -> Result<Client, RequestError> {
    let names = request.uri.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or(pair));
    for name in names {
        if MISPLACED.iter().any(|misplaced| name.eq_ignore_ascii_case(misplaced)) {
            let message =
                "A key in an address is seen by others and was refused: send it as `Authorization: Bearer KEY`";
            return Err(RequestError::unreadable(message));
        }
    }
    let headers = &request.headers;
    let least = consistency::least(headers)?;
    let credential = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let known = value.to_str().ok().and_then(credential);
            let message = "`Authorization` is not understood: send `Authorization: Bearer KEY`";
            Some(known.ok_or_else(|| Error::Unauthenticated(message.into()))?.into())
        }
    };
    let caller = app.auth.caller(credential.as_deref()).await.map_err(|error| {
        if error.code() == "INTERNAL" {
            tracing::error!(%error, "a key cannot be looked up");
            return RequestError::internal(&request.extensions.get::<RequestId>().cloned().unwrap_or_default());
        }
        error.into()
    })?;
    let told = app.settings.address_header.as_deref().and_then(|name| last(headers, name));
    let seen = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    Ok(Client { caller, credential, address: told.or(seen).map(|address| address.to_canonical()), least })
}

/// The key or token of the scheme `Bearer` (RFC 6750).
pub(crate) fn credential(value: &str) -> Option<&str> {
    let (scheme, credential) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(credential.trim()).filter(|credential| !credential.is_empty())
}

/// A proxy adds what it saw at the end of what it was told.
fn last(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

//! Authentication: finds the caller of a request by its API key or token, and the address it comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use headers::Header;
use headers::authorization::{Authorization, Bearer};

use crate::error::Error;
use crate::http::graphql::consistency;
use crate::http::graphql::error::RequestError;
use crate::http::middleware::client::Client;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// Names of query parameters that usually hold a key. Keys in addresses are rejected: proxies log addresses, and browsers keep
/// them in their history.
const KEY_PARAMETERS: &[&str] = &["key", "api_key", "apikey", "api-key", "access_token", "token", "authorization"];

/// Finds the client of a request. Error: 401 for an invalid key or token.
pub(super) async fn identify(app: &AppState, request: &Parts, id: &RequestId) -> Result<Client, RequestError> {
    let names = request.uri.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or(pair));
    for name in names {
        if KEY_PARAMETERS.iter().any(|parameter| name.eq_ignore_ascii_case(parameter)) {
            let message =
                "Keys are not accepted in the URL, where others can see them: send `Authorization: Bearer KEY`";
            return Err(RequestError::bad_request(message));
        }
    }
    let headers = &request.headers;
    let minimum_version = consistency::minimum_version(headers)?;
    let credential = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let message = "The `Authorization` header is invalid: send `Authorization: Bearer KEY`";
            let token = bearer_token(value).ok_or_else(|| Error::Unauthenticated(message.into()))?;
            Some(token.into())
        }
    };
    let caller = app.auth.authenticate(credential.as_deref()).await.map_err(|error| {
        if error.code() == "INTERNAL" {
            tracing::error!(%error, "cannot look up an API key");
            return RequestError::internal(id);
        }
        error.into()
    })?;
    let forwarded = app.settings.address_header.as_deref().and_then(|name| forwarded_address(headers, name));
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = forwarded.or(peer).map(|address| address.to_canonical());
    Ok(Client::new(caller, credential, address, minimum_version))
}

/// Returns the key or token of an `Authorization` header with the scheme `Bearer` (RFC 6750).
pub(crate) fn bearer_token(value: &HeaderValue) -> Option<String> {
    let authorization = Authorization::<Bearer>::decode(&mut std::iter::once(value)).ok()?;
    Some(authorization.token().trim().to_owned()).filter(|token| !token.is_empty())
}

/// Returns the client's address from the header that a proxy sets. Only the last entry counts: a proxy appends the address that it
/// saw to what the client sent. `Forwarded` (RFC 7239) and its parsers are not used, since proxies name different headers.
fn forwarded_address(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

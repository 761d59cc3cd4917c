//! GraphiQL and what it reads: its files, the schema, the example queries. All of it is part of the binary.

use std::io::Read;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::http::state::AppState;

/// The built pages, each compressed with gzip.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Pages;

/// Example queries: a file each, its first line a comment with the title.
#[derive(RustEmbed)]
#[folder = "examples/mikdam/queries"]
#[include = "*.graphql"]
struct Queries;

/// An example query as GraphiQL offers it.
#[derive(Serialize)]
struct Example {
    name: String,
    title: String,
    query: String,
    variables: Option<serde_json::Value>,
}

static EXAMPLES: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Queries::iter().collect();
    names.sort();
    let examples: Vec<Example> = names
        .iter()
        .filter_map(|file| {
            let query = String::from_utf8(Queries::get(file)?.data.into_owned()).ok()?;
            let title = query.lines().next()?.trim_start_matches('#').trim().to_owned();
            let stem = file.trim_end_matches(".graphql");
            let name = stem.split_once('-').map_or(stem, |(_, name)| name).to_owned();
            Some(Example { name, title, query, variables: None })
        })
        .collect();
    serde_json::to_string(&examples).unwrap_or_else(|_| "[]".into())
});

static SCHEMA: LazyLock<String> = LazyLock::new(crate::graphql::sdl);

pub(crate) fn routes(hide_schema: bool) -> Router<Arc<AppState>> {
    let router = if hide_schema {
        Router::new()
    } else {
        Router::new().route("/schema.graphql", get(|| async { fresh("text/plain; charset=utf-8", SCHEMA.as_str()) }))
    };
    router
        .route("/", get(|headers: HeaderMap| async move { file(&headers, "index.html.gz", false) }))
        .route(
            "/assets/{name}",
            get(|headers: HeaderMap, Path(name): Path<String>| async move {
                file(&headers, &format!("assets/{name}.gz"), true)
            }),
        )
        .route("/examples.json", get(|| async { fresh("application/json", EXAMPLES.as_str()) }))
}

fn fresh(media: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "no-cache")], body)
}

/// A page's file. The names of assets hold their digests, so what such a name means never changes.
fn file(headers: &HeaderMap, path: &str, lasting: bool) -> Response {
    let Some(found) = Pages::get(path) else {
        return (StatusCode::NOT_FOUND, "There is no such file\n").into_response();
    };
    let media = match path.trim_end_matches(".gz").rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("ttf") => "font/ttf",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&found.metadata.sha256_hash()[..8]));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, etag),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("gzip") {
        return (common, [(header::CONTENT_ENCODING, "gzip")], found.data).into_response();
    }
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(found.data.as_ref()).read_to_end(&mut plain) {
        Ok(_) => (common, plain).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

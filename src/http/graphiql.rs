//! GraphiQL and the files it loads: its assets, the schema and the example queries. All are embedded in the binary.

use std::io::Read;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::http::etag;
use crate::http::state::AppState;

/// The built files of the page, each compressed with gzip.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct WebFiles;

/// Example queries, one per file. The first line of a file is a comment with the title.
#[derive(RustEmbed)]
#[folder = "examples/mikdam/queries"]
#[include = "*.graphql"]
struct ExampleQueries;

/// An entry of `/examples.json`, which GraphiQL lists in its Examples pane.
#[derive(Serialize)]
struct Example {
    name: String,
    title: String,
    query: String,
    variables: Option<serde_json::Value>,
}

static EXAMPLES: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = ExampleQueries::iter().collect();
    names.sort();
    let examples: Vec<Example> = names
        .iter()
        .filter_map(|file| {
            let query = String::from_utf8(ExampleQueries::get(file)?.data.into_owned()).ok()?;
            let title = query.lines().next()?.trim_start_matches('#').trim().to_owned();
            let stem = file.trim_end_matches(".graphql");
            let name = stem.split_once('-').map_or(stem, |(_, name)| name).to_owned();
            Some(Example { name, title, query, variables: None })
        })
        .collect();
    serde_json::to_string(&examples).unwrap_or_else(|_| "[]".into())
});

static SCHEMA: LazyLock<String> = LazyLock::new(crate::graphql::sdl);

/// Builds the routes of GraphiQL; without `/schema.graphql` when the schema is hidden.
pub(crate) fn routes(hide_schema: bool) -> Router<Arc<AppState>> {
    let router = if hide_schema {
        Router::new()
    } else {
        Router::new()
            .route("/schema.graphql", get(|| async { revalidated("text/plain; charset=utf-8", SCHEMA.as_str()) }))
    };
    router
        .route("/", get(|headers: HeaderMap| async move { file(&headers, "index.html.gz", false) }))
        .route(
            "/assets/{name}",
            get(|headers: HeaderMap, Path(name): Path<String>| async move {
                file(&headers, &format!("assets/{name}.gz"), true)
            }),
        )
        .route("/examples.json", get(|| async { revalidated("application/json", EXAMPLES.as_str()) }))
}

/// Returns a response that browsers must revalidate before they reuse it.
fn revalidated(media: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "no-cache")], body)
}

/// Returns an embedded file. An immutable file has a digest of its content in its name, so browsers may cache it for a year.
fn file(headers: &HeaderMap, path: &str, is_immutable: bool) -> Response {
    let Some(embedded) = WebFiles::get(path) else {
        return (StatusCode::NOT_FOUND, "File not found\n").into_response();
    };
    let media = match path.trim_end_matches(".gz").rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("ttf") => "font/ttf",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&embedded.metadata.sha256_hash()[..8]));
    let is_known = etag::is_known(headers, &etag);
    let cache = if is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, etag),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    // Not negotiated by the compression layer: the files are compressed once, at build time.
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("gzip") {
        return (common, [(header::CONTENT_ENCODING, "gzip")], embedded.data).into_response();
    }
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(embedded.data.as_ref()).read_to_end(&mut plain) {
        Ok(_) => (common, plain).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

//! Tests of what cannot be seen from outside: a function that panics, and the order of modules.

use std::path::Path;
use std::sync::Arc;

use async_graphql::Variables;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use clap::Parser;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::config::Serve;
use crate::db::Db;
use crate::graphql::Operation;
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::plan::level::Step;
use crate::http::graphql::operation_rules::select_operation;
use crate::http::graphql::persisted_queries::ParsedDocument;
use crate::http::router::router;
use crate::http::state::AppState;
use crate::import;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Serve,
}

/// A function of a plan that panics.
fn panicking<'a>(_: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async { panic!("injected") })
}

#[tokio::test]
async fn a_panicking_function_fails_only_its_own_request() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
    import::migrate(&db).await.unwrap();
    let (_shutdown, shutdown_started) = watch::channel(false);
    let app = AppState::new(db, Flags::parse_from(["test"]).settings, shutdown_started).await.unwrap();
    let panics_in = "{ events { facets(by: [TYPE]) { distinct } } }";
    let parsed = ParsedDocument::parse(panics_in.to_owned(), &app.operation_rules.limits).unwrap();
    let (_, definition) = select_operation(&parsed, None).unwrap();
    let variables = Variables::default();
    let operation =
        Operation { document: &parsed.parsed, name: None, definition: &definition.node, variables: &variables };
    let mut plan = operation.compile(app.operation_rules.schema()).unwrap();
    for step in &mut plan.steps {
        if let Step::Function(step) = step {
            step.function = panicking;
        }
    }
    app.plans.insert(parsed.digest, operation, plan);
    let router = router(Arc::new(app));
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        for (query, panics) in [(panics_in, true), ("{ articles { totalCount } }", false)] {
            let request = Request::post("/graphql")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::ACCEPT, accept)
                .header("x-request-id", "mine-7")
                .body(Body::from(serde_json::json!({ "query": query }).to_string()))
                .unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let events = accept == "text/event-stream";
            assert_eq!(response.status().as_u16(), if panics && !events { 500 } else { 200 });
            let body = to_bytes(response.into_body(), 100_000).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            for words in ["INTERNAL", "\"requestId\":\"mine-7\""] {
                assert_eq!(body.contains(words), panics, "{body}");
            }
            assert!(!body.contains("injected"), "{body}");
        }
    }
}

/// The modules of `http/graphql` from top to bottom, as its module documentation lists them.
const GRAPHQL_MODULES: [&str; 16] = [
    "handler",
    "conditional_get",
    "websocket",
    "sse",
    "subscription",
    "execution",
    "request",
    "operation",
    "operation_rules",
    "response_cache",
    "persisted_queries",
    "consistency",
    "limits",
    "response",
    "error",
    "negotiation",
];

#[test]
fn graphql_modules_import_only_from_modules_below_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/graphql");
    for (at, module) in GRAPHQL_MODULES.iter().enumerate() {
        let file = folder.join(format!("{module}.rs"));
        let text = std::fs::read_to_string(file).unwrap_or_else(|_| {
            let files = std::fs::read_dir(folder.join(module)).unwrap().map(|file| file.unwrap().path());
            files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
        });
        for above in &GRAPHQL_MODULES[..at] {
            let imports = [";", "::"].map(|end| format!("graphql::{above}{end}"));
            assert!(!imports.iter().any(|import| text.contains(import)), "`{module}` must not import `{above}`");
        }
    }
    let declared = std::fs::read_to_string(folder.join("mod.rs")).unwrap();
    for module in declared.lines().filter_map(|line| line.strip_suffix(';')?.rsplit_once("mod ")) {
        assert!(GRAPHQL_MODULES.contains(&module.1), "`{}` has no place in the order of modules", module.1);
    }
}

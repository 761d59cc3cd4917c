//! Tests of what cannot be seen from outside: a resolver that panics, and the order of modules.

use std::path::Path;
use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{ServerResult, Value, async_trait};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use clap::Parser;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::config::Serve;
use crate::db::Db;
use crate::graphql::{Api, Query, builder};
use crate::http::router::router;
use crate::http::state::AppState;
use crate::import;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Serve,
}

/// A schema extension that panics in the resolvers of fields of this name.
struct PanicsAt(&'static str);

impl ExtensionFactory for PanicsAt {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self(self.0))
    }
}

#[async_trait::async_trait]
impl Extension for PanicsAt {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        assert!(info.name != self.0, "injected");
        next.run(ctx, info).await
    }
}

#[tokio::test]
async fn a_panicking_resolver_fails_only_its_own_request() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
    import::migrate(&db).await.unwrap();
    let (_shutdown, shutdown_started) = watch::channel(false);
    let mut app = AppState::new(db, Flags::parse_from(["test"]).settings, shutdown_started).await.unwrap();
    app.api = Api::Whole(builder(Query::default()).extension(PanicsAt("events")).finish());
    let router = router(Arc::new(app));
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        for (query, panics) in
            [("{ events { facets(by: [TYPE]) { distinct } } }", true), ("{ articles { totalCount } }", false)]
        {
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

//! GraphQL over HTTP, tested on a running server.

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};
use sha2::Digest;

use crate::fixture::databases;
use crate::server::Server;

#[tokio::test]
async fn invalid_requests_get_an_error_code_and_a_message() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let deep = format!("{{ {} id {} }}", "events { nodes { ".repeat(400), "} }".repeat(400));
        let bomb = (0..30).fold("{ ...f0 } fragment f30 on Query { __typename }".to_owned(), |text, at| {
            format!("{text} fragment f{at} on Query {{ ...f{next} ...f{next} }}", next = at + 1)
        });
        let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        let query = |query: &str| json!({ "query": query }).to_string();
        let other = server.query("{ statements(first: 1) { pageInfo { endCursor } } }").await;
        let other = other["data"]["statements"]["pageInfo"]["endCursor"].as_str().unwrap();
        for (body, status, code, words) in [
            ("{".to_owned(), 400, "BAD_INPUT", "not a GraphQL request in JSON"),
            ("[]".to_owned(), 400, "BAD_INPUT", "Batching is disabled"),
            ("{}".to_owned(), 400, "BAD_INPUT", "no `query`"),
            (query("not a query"), 400, "GRAPHQL_PARSE_FAILED", "expected"),
            (query("{ evnts { nodes { id } } }"), 400, "GRAPHQL_VALIDATION_FAILED", "events"),
            (query("{ events(first: \"ten\") { nodes { id } } }"), 400, "GRAPHQL_VALIDATION_FAILED", "Int"),
            (
                query("{ events(filter: { type: { eq: VISITT } }) { nodes { id } } }"),
                400,
                "GRAPHQL_VALIDATION_FAILED",
                "VISITT",
            ),
            (query("{ event(id: \"nonsense\") { id } }"), 200, "BAD_INPUT", "is not a valid id"),
            (query("{ event { id } }"), 200, "BAD_INPUT", "exactly one argument"),
            (query("{ events(first: 10000) { nodes { id } } }"), 200, "LIMIT", "at most 500"),
            (query("{ events(first: -1) { nodes { id } } }"), 200, "BAD_INPUT", "negative"),
            (
                query(&format!("{{ events(after: \"{other}\") {{ nodes {{ id }} }} }}")),
                200,
                "BAD_INPUT",
                "not a cursor of this list",
            ),
            (
                query("{ events(filter: { slug: { eq: \"visit-of-kadhimi\" } }) { nodes { id } } }"),
                200,
                "NOT_FOUND",
                "visit-of-kadhimi-to-mikdam",
            ),
            (
                query("{ events(filter: { place: { within: { slug: \"bagdad\" } } }) { nodes { id } } }"),
                200,
                "NOT_FOUND",
                "baghdad",
            ),
            (
                query("{ events(filter: { when: { possiblyWithin: { from: \"yesterday\" } } }) { nodes { id } } }"),
                200,
                "BAD_INPUT",
                "EDTF",
            ),
            (query(&deep), 400, "LIMIT", "depth of nested"),
            (query(&bomb), 400, "LIMIT", "expanding fragments"),
            (
                query(
                    "{ events(first: 500) { nodes { participations(first: 500) { nodes { event { participations(first: 500) { nodes { id } } } } } } } }",
                ),
                400,
                "LIMIT",
                "pages are full",
            ),
            (
                query(
                    "{ people(first: 500) { nodes { events { facets(by: [TYPE, ACTOR], first: 500) { buckets { value count } } } } } }",
                ),
                400,
                "LIMIT",
                "pages are full",
            ),
            (query("{ events { facets(by: [TIPE]) { by } } }"), 400, "GRAPHQL_VALIDATION_FAILED", "TIPE"),
            (query("{ events { histogram(interval: DAY, every: 0) { undated } } }"), 200, "BAD_INPUT", "1 or more"),
            (query(cycle), 400, "GRAPHQL_VALIDATION_FAILED", "spreads itself"),
            (
                json!({ "query": "query($n: Int) { events(first: $n) { nodes { id } } }", "variables": { "n": "x" } })
                    .to_string(),
                400,
                "GRAPHQL_VALIDATION_FAILED",
                "n",
            ),
            (
                json!({ "query": "{ events { totalCount } }", "variables": 7 }).to_string(),
                400,
                "BAD_INPUT",
                "`variables`",
            ),
            (json!({ "query": "x".repeat(1_050_000) }).to_string(), 413, "LIMIT", "larger than 1048576 bytes"),
        ] {
            let response = server.post(body.clone()).await;
            let shown: String = body.chars().take(100).collect();
            assert_eq!(response.status(), status, "{shown}");
            let answer: Value = response.json().await.unwrap();
            let error = &answer["errors"][0];
            assert_eq!(error["extensions"]["code"], code, "{shown}: {answer}");
            assert!(error["message"].as_str().unwrap().contains(words), "{shown}: {answer}");
            if status != 200 {
                assert!(answer.get("data").is_none(), "{shown}: {answer}");
            }
        }
        assert_eq!(server.query("{ event(slug: \"nowhere\") { id } }").await, json!({ "data": { "event": null } }));
        let nodes = server.query("{ nodes(ids: [\"ZXZlbnQ6OTk5OTk5\"]) { id } }").await;
        assert_eq!(nodes, json!({ "data": { "nodes": [null] } }));
        let answer = server.query("{ events(filter: { type: { within: [VISIT] } }) { totalCount } }").await;
        assert_eq!(answer, json!({ "data": { "events": { "totalCount": 2 } } }));
    }
}

#[tokio::test]
async fn failing_field_does_not_affect_other_fields() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let answer = server.query("{ event(id: \"nonsense\") { id } place(slug: \"baghdad\") { label } }").await;
        assert_eq!(answer["data"], json!({ "event": null, "place": { "label": "Baghdad" } }));
        assert_eq!(answer["errors"][0]["path"], json!(["event"]));
    }
}

#[tokio::test]
async fn methods_media_types_and_cross_site_requests_are_checked() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let url = format!("{}/graphql", server.address);
        let address = format!("{url}?query=%7Bevents%7BtotalCount%7D%7D");
        let get = || server.client.get(&address);
        let accepting = || get().header(ACCEPT, "application/json");
        assert_eq!(accepting().send().await.unwrap().status(), 200);
        // A GET request without `Accept: application/json` may come from a link, image or script on another site.
        assert_eq!(get().send().await.unwrap().status(), 400);
        assert_eq!(accepting().header("sec-fetch-site", "cross-site").send().await.unwrap().status(), 400);
        let response = server.client.put(&url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "GET, POST"));
        for sent in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            // Browsers send these content types to other sites without a preflight request (CSRF).
            let response = server.client.post(&url).header(CONTENT_TYPE, sent).body("{}").send().await.unwrap();
            assert_eq!(response.status(), 415, "{sent}");
        }
        let response = server
            .client
            .post(&url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/graphql-response+json")
            .body("{\"query\":\"{ events { totalCount } }\"}")
            .send()
            .await
            .unwrap();
        assert!(response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("application/graphql-response+json"));
        // Fields are returned in the order of the query.
        let text = server
            .post("{\"query\":\"{ place(slug: \\\"baghdad\\\") { slug label country } }\"}")
            .await
            .text()
            .await
            .unwrap();
        assert_eq!(text, r#"{"data":{"place":{"slug":"baghdad","label":"Baghdad","country":"IQ"}}}"#);
    }
}

#[tokio::test]
async fn graphiql_examples_schema_and_health_are_served() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let page = server.get("/").await;
        assert_eq!(page.status(), 200);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
        let page = page.text().await.unwrap();
        let asset = page.split('"').find(|part| part.contains("assets/") && part.ends_with(".js")).unwrap();
        let asset = server.get(&format!("/{}", asset.trim_start_matches("./").trim_start_matches('/'))).await;
        assert_eq!(asset.status(), 200);
        assert!(asset.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        assert!(asset.bytes().await.unwrap().len() > 1_000_000, "clients that do not take gzip get the plain file");
        assert_eq!(server.get("/assets/nothing.js").await.status(), 404);
        assert_eq!(server.get("/nothing").await.status(), 404);
        let examples: Value = server.get("/examples.json").await.json().await.unwrap();
        assert_eq!(examples[0]["title"], "All visits to Mikdam in hospital");
        assert!(examples.as_array().unwrap().len() >= 10);
        for example in examples.as_array().unwrap() {
            let answer = server.query(example["query"].as_str().unwrap()).await;
            assert!(answer.get("errors").is_none(), "{}: {answer}", example["name"]);
        }
        assert!(server.get("/schema.graphql").await.text().await.unwrap().contains("type Event implements Node"));
        assert_eq!(server.get("/health/live").await.status(), 200);
        assert_eq!(server.get("/health/ready").await.status(), 200);
    }
}

/// The GraphQL over HTTP specification: status codes, batches, methods and operation names.
#[tokio::test]
async fn statuses_batches_and_operation_names_follow_graphql_over_http() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--example", "--max-batch", "2"]);
        let url = format!("{}/graphql", server.address);
        let post = async |accept: &str, body: &str| {
            let request = server.client.post(&url).header(CONTENT_TYPE, "application/json").header(ACCEPT, accept);
            request.body(body.to_owned()).send().await.unwrap()
        };
        let unknown = r#"{"query":"{ nope }"}"#;
        // Clients that accept plain JSON only treat any status other than 200 as a transport error.
        assert_eq!(post("application/json", unknown).await.status(), 200);
        assert_eq!(post("application/graphql-response+json", unknown).await.status(), 400);
        assert_eq!(post("text/html", unknown).await.status(), 406);
        let list = post("application/json", r#"[{"query":"{__typename}"},{"query":"{ nope }"}]"#).await;
        let list: Value = list.json().await.unwrap();
        assert_eq!(list[0]["data"]["__typename"], "Query");
        assert_eq!(list[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        let many = r#"[{"query":"{a}"},{"query":"{a}"},{"query":"{a}"}]"#;
        assert_eq!(post("application/json", many).await.status(), 400);
        let mutation = server.get("/graphql?query=mutation%7BimportRecords(records:%5B%5D)%7Bwritten%7D%7D").await;
        assert_eq!((mutation.status().as_u16(), mutation.headers()["allow"].to_str().unwrap()), (405, "POST"));
        let two = "query A { __typename } query B { event(slug: \"x\") { id } }";
        let named = post("application/json", &json!({ "query": two, "operationName": "B" }).to_string()).await;
        assert_eq!(named.json::<Value>().await.unwrap(), json!({ "data": { "event": null } }));
        let unnamed: Value = post("application/json", &json!({ "query": two }).to_string()).await.json().await.unwrap();
        assert!(unnamed["errors"][0]["message"].as_str().unwrap().contains("`operationName`"), "{unnamed}");
        let cost = json!({ "query": "{ events(first: 3) { nodes { id } } }", "extensions": { "cost": true } });
        let cost: Value = post("application/json", &cost.to_string()).await.json().await.unwrap();
        assert_eq!(
            cost["extensions"]["cost"],
            json!({ "requested": 7, "limit": 1_000_000, "work": 100, "workLimit": 20_000_000 })
        );
    }
}

/// The server returns 304 until something is written, then a new response with another ETag.
#[tokio::test]
async fn etag_is_valid_until_the_next_write() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let address = format!("{}/graphql?query=%7Bevents%7BtotalCount%7D%7D", server.address);
        let get = || server.client.get(&address).header(ACCEPT, "application/json");
        let first = get().send().await.unwrap();
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(first.headers()["cache-control"], "no-cache");
        let execute = async || get().header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(execute().await.status(), 304);
        // A write by another process changes the ETag too.
        let record = json!({ "kind": "event", "key": "new", "type": "OTHER" });
        assert_eq!(fixture.import_lines(&[record]).await.problems, []);
        let again = execute().await;
        assert_eq!(again.status(), 200);
        assert_ne!(again.headers()["etag"].to_str().unwrap(), etag);
        // So does a change of a dataset's title alone.
        let etag = again.headers()["etag"].to_str().unwrap().to_owned();
        fixture.import("{\"kind\":\"dataset\",\"key\":\"test\",\"title\":\"Another\"}").await;
        let again = get().header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(again.status(), 200);
    }
}

#[tokio::test]
async fn persisted_queries_run_by_hash_or_id() {
    for fixture in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("documents.json");
        std::fs::write(&file, json!({ "count": "{ events { totalCount } }" }).to_string()).unwrap();
        let query = "{ events(first: 1) { totalCount } }";
        let digest = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(query));
        let by_digest = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest } } });
        let mut with_text = by_digest.clone();
        with_text["query"] = query.into();
        let execute = async |server: &Server, body: &Value| -> Value {
            server.post(body.to_string()).await.json().await.unwrap()
        };
        let server = Server::start(&fixture);
        let unknown = execute(&server, &by_digest).await;
        assert_eq!(unknown["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(execute(&server, &with_text).await["data"]["events"]["totalCount"], 28);
        assert_eq!(execute(&server, &by_digest).await["data"]["events"]["totalCount"], 28);
        with_text["query"] = "{ __typename }".into();
        assert_eq!(execute(&server, &with_text).await["errors"][0]["extensions"]["code"], "BAD_INPUT");
        let file = file.to_str().unwrap();
        let server = Server::start_with(&fixture, &["--documents", file, "--documents-mode", "enforce"]);
        assert_eq!(execute(&server, &json!({ "documentId": "count" })).await["data"]["events"]["totalCount"], 28);
        let same = json!({ "query": "{ events { totalCount } }" });
        assert_eq!(execute(&server, &same).await["data"]["events"]["totalCount"], 28);
        let other = server.post(json!({ "query": query }).to_string()).await;
        assert_eq!(other.status(), 403);
    }
}

/// Large responses are compressed with an encoding that the client accepts. A client that refuses every encoding gets 406.
#[tokio::test]
async fn responses_are_compressed_by_size_and_accepted_encoding() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let (small, large) = ("/health/live", "/schema.graphql");
        for (path, accepted, status, encoding, varies) in [
            (small, "", 200, "", false),
            (small, "br, gzip", 200, "", false),
            (small, "identity;q=0", 406, "", true),
            (small, "*;q=0", 406, "", true),
            (large, "", 200, "", true),
            (large, "gzip", 200, "gzip", true),
            (large, "gzip;q=0.5, br", 200, "br", true),
            (large, "zstd", 200, "", true),
            (large, "identity;q=0", 406, "", true),
        ] {
            for method in [reqwest::Method::GET, reqwest::Method::HEAD] {
                let request = server.client.request(method.clone(), format!("{}{path}", server.address));
                let request = if accepted.is_empty() { request } else { request.header(ACCEPT_ENCODING, accepted) };
                let response = request.send().await.unwrap();
                let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
                let found = (response.status().as_u16(), header("content-encoding"), header("vary"));
                let expected = (status, encoding, if varies { "accept-encoding" } else { "" });
                assert_eq!(found, expected, "{method} {path} {accepted}");
            }
        }
    }
}

#[tokio::test]
async fn cors_and_websockets_allow_only_configured_origins() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--cors-origin", "https://known.example"]);
        let url = format!("{}/graphql", server.address);
        for (origin, may) in [("https://known.example", true), ("https://other.example", false)] {
            let preflight = server.client.request(reqwest::Method::OPTIONS, &url).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "POST");
            let preflight = preflight.header("access-control-request-headers", "content-type,authorization");
            let answer = preflight.send().await.unwrap();
            assert_eq!(answer.headers().get("access-control-allow-origin").is_some(), may, "{origin}");
            // Browsers open WebSockets to any server without a preflight request.
            let socket = server.client.get(&url).header("origin", origin).header("connection", "upgrade");
            let socket = socket.header("upgrade", "websocket").header("sec-websocket-version", "13");
            let socket = socket.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.unwrap();
            assert_eq!(socket.status().as_u16(), if may { 101 } else { 403 }, "{origin}");
        }
    }
}

#[tokio::test]
async fn hide_schema_disables_introspection_and_suggestions() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--example", "--hide-schema"]);
        assert_eq!(server.query("{ events { totalCount } }").await["data"]["events"]["totalCount"], 28);
        for query in [
            "{ __schema { queryType { name } } }",
            "{ __type(name: \"Event\") { name } }",
            "{ evnts { nodes { id } } }",
        ] {
            let answer = server.query(query).await.to_string();
            assert!(answer.contains("GRAPHQL_VALIDATION_FAILED") && !answer.contains("events"), "{answer}");
        }
        assert_eq!(server.get("/schema.graphql").await.status(), 404);
    }
}

/// The deepest allowed query does not overflow the stack, even in a debug build.
#[tokio::test]
async fn deepest_allowed_query_succeeds() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        // Two levels, and three for each participation with its actor: 23 levels, and the id is the 24th.
        let parts = (0..7).fold("{ id }".to_owned(), |query, _| {
            format!("{{ participations(first: 1) {{ nodes {{ actor {query} }} }} }}")
        });
        let answer = server.query(&format!("{{ actors(first: 1) {{ nodes {parts} }} }}")).await;
        assert!(answer["errors"].is_null() && answer["data"]["actors"].is_object(), "{answer}");
        let deeper = format!("{{ actors(first: 1) {{ nodes {{ participations {{ nodes {{ actor {parts} }} }} }} }} }}");
        assert_eq!(server.query(&deeper).await["errors"][0]["extensions"]["code"], "LIMIT");
    }
}

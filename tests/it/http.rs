//! A real server on a real port.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases};

struct Server {
    child: Child,
    address: String,
    client: Client,
}

impl Server {
    fn start(fixture: &Fixture) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
            .args(["serve", "--example", "--listen", "127.0.0.1:0", "--database-url", &fixture.url])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .find_map(|line| Some(line.unwrap().split_once("GraphiQL is at ")?.1.split_once("/ and")?.0.to_owned()))
            .expect("the server says where it listens");
        // Nobody reads on: the pipe is kept from filling by a thread of its own.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, client: Client::new() }
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        let url = format!("{}/graphql", self.address);
        self.client.post(url).header(CONTENT_TYPE, "application/json").body(body).send().await.unwrap()
    }

    async fn ask(&self, query: &str) -> Value {
        self.post(json!({ "query": query }).to_string()).await.json().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.address)).send().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn bad_input_gets_a_code_and_a_sentence_and_the_server_goes_on() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let deep = format!("{{ {} id {} }}", "events { nodes { ".repeat(400), "} }".repeat(400));
        let bomb = (0..30).fold("{ ...f0 } fragment f30 on Query { __typename }".to_owned(), |text, at| {
            format!("{text} fragment f{at} on Query {{ ...f{next} ...f{next} }}", next = at + 1)
        });
        let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        let query = |query: &str| json!({ "query": query }).to_string();
        let other = server.ask("{ statements(first: 1) { pageInfo { endCursor } } }").await;
        let other = other["data"]["statements"]["pageInfo"]["endCursor"].as_str().unwrap();
        for (body, status, code, words) in [
            ("{".to_owned(), 400, "BAD_INPUT", "not the JSON of a request"),
            ("[]".to_owned(), 400, "BAD_INPUT", "not the JSON of a request"),
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
            (query("{ event(id: \"nonsense\") { id } }"), 200, "BAD_INPUT", "is no id"),
            (query("{ event { id } }"), 200, "BAD_INPUT", "exactly one argument"),
            (query("{ events(first: 10000) { nodes { id } } }"), 200, "LIMIT", "at most 500"),
            (query("{ events(first: -1) { nodes { id } } }"), 200, "BAD_INPUT", "negative"),
            (
                query(&format!("{{ events(after: \"{other}\") {{ nodes {{ id }} }} }}")),
                200,
                "BAD_INPUT",
                "no cursor of this list",
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
            (query(&deep), 400, "LIMIT", "levels deep"),
            (query(&bomb), 400, "LIMIT", "fragments spread"),
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
            (query(cycle), 400, "BAD_INPUT", "spreads itself"),
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
            (json!({ "query": "x".repeat(1_050_000) }).to_string(), 413, "LIMIT", "too large"),
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
        assert_eq!(server.ask("{ event(slug: \"nowhere\") { id } }").await, json!({ "data": { "event": null } }));
        let nodes = server.ask("{ nodes(ids: [\"ZXZlbnQ6OTk5OTk5\"]) { id } }").await;
        assert_eq!(nodes, json!({ "data": { "nodes": [null] } }));
        let answer = server.ask("{ events(filter: { type: { within: [VISIT] } }) { totalCount } }").await;
        assert_eq!(answer, json!({ "data": { "events": { "totalCount": 2 } } }));
    }
}

#[tokio::test]
async fn one_bad_field_does_not_take_its_neighbours() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let answer = server.ask("{ event(id: \"nonsense\") { id } place(slug: \"baghdad\") { label } }").await;
        assert_eq!(answer["data"], json!({ "event": null, "place": { "label": "Baghdad" } }));
        assert_eq!(answer["errors"][0]["path"], json!(["event"]));
    }
}

#[tokio::test]
async fn the_protocol_is_kept() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let url = format!("{}/graphql", server.address);
        let response = server.get("/graphql?query=%7Bevents%7BtotalCount%7D%7D").await;
        assert_eq!(response.status(), 200);
        let response = server.client.put(&url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "GET, POST"));
        let response = server.client.post(&url).header(CONTENT_TYPE, "text/plain").body("{}").send().await.unwrap();
        assert_eq!(response.status(), 415);
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
        // Fields come in the order of the query.
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
async fn pages_and_health() {
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
            let answer = server.ask(example["query"].as_str().unwrap()).await;
            assert!(answer.get("errors").is_none(), "{}: {answer}", example["name"]);
        }
        assert!(server.get("/schema.graphql").await.text().await.unwrap().contains("type Event implements Node"));
        assert_eq!(server.get("/health/live").await.status(), 200);
        assert_eq!(server.get("/health/ready").await.status(), 200);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_stops_with_success() {
    for fixture in databases().await {
        let mut server = Server::start(&fixture);
        server.ask("{ events { totalCount } }").await;
        // An idle connection is no reason to stay.
        let stop = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
        assert!(stop.success());
        let status = tokio::task::block_in_place(|| server.child.wait());
        assert!(status.unwrap().success());
    }
}

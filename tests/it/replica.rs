//! Read routing with a real streaming replica: which reads go to the primary while the replica lags.

use std::time::{Duration, Instant};

use newsgraph::db::Db;
use reqwest::Response;
use serde_json::{Value, json};

use crate::access::create_key;
use crate::cluster::Cluster;
use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases, records};
use crate::server::Server;
use crate::websocket::Socket;

pub const COUNT: &str = "{ events { totalCount } actors { totalCount } }";

pub struct Replicated {
    pub cluster: Cluster,
    pub fixture: Fixture,
}

impl Replicated {
    pub async fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        let fixture = Fixture::at(cluster.primary.url()).await;
        cluster.wait_for_replica().await;
        Some(Self { cluster, fixture })
    }

    /// Starts a server that reads from the replica.
    pub fn serve(&self) -> Server {
        Server::start_with(&self.fixture, &["--read-database-url", &self.cluster.replica.url()])
    }
}

/// Returns the number of events in the response to [`COUNT`].
pub fn event_count(answer: &Value) -> i64 {
    answer["data"]["events"]["totalCount"].as_i64().unwrap_or_else(|| panic!("no count of events: {answer}"))
}

fn write_request(key: &str) -> String {
    let records = json!([{ "kind": "event", "key": key, "type": "OTHER", "title": key }]);
    json!({
        "query": "mutation($records: [JSON!]!) { importRecords(dataset: \"api\", records: $records) { written problems { message } } }",
        "variables": { "records": records },
    })
    .to_string()
}

async fn post_with_version(server: &Server, body: String, version: &str) -> Response {
    let request = server.client.post(format!("{}/graphql", server.address)).header("newsgraph-version", version);
    request.header("content-type", "application/json").body(body).send().await.unwrap()
}

async fn count_at(server: &Server, version: &str) -> Value {
    post_with_version(server, json!({ "query": COUNT }).to_string(), version).await.json().await.unwrap()
}

fn version_of(response: &Response) -> String {
    response.headers()["newsgraph-version"].to_str().unwrap().to_owned()
}

/// Waits until the condition is true; panics after twenty seconds.
pub async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub const FROM_REPLICA: &str = "newsgraph_reads_total{from=\"replica\"}";
pub const FROM_PRIMARY: &str = "newsgraph_reads_total{from=\"primary\"}";

/// While the replica lags, writers read their own writes from the primary: by their key on the same server, and by the version
/// on another. Other clients read the replica.
#[tokio::test(flavor = "multi_thread")]
async fn writer_reads_its_write_while_the_replica_lags() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = create_key(fixture, "feeds", "read,write");
    let other_key = create_key(fixture, "page", "read,write");
    cluster.wait_for_replica().await;
    let (anonymous, second) = (replicated.serve(), replicated.serve());
    assert_eq!(anonymous.get("/health/ready").await.text().await.unwrap(), "ready\n");
    // Three clients of the same server.
    let client_with_key = |key: &str| anonymous.other_client().with_key(key);
    let (writer, reader) = (client_with_key(&key), client_with_key(&other_key));
    assert_eq!(event_count(&anonymous.query(COUNT).await), 0);

    cluster.pause().await;
    let written = writer.post(write_request("one")).await;
    assert_eq!(written.status(), 200);
    let version = version_of(&written);
    let written: Value = written.json().await.unwrap();
    assert_eq!(written["data"]["importRecords"]["written"], true, "{written}");
    assert_eq!(written["extensions"]["newsgraphVersion"].to_string(), version);
    for _ in 0..20 {
        assert_eq!(event_count(&writer.query(COUNT).await), 1, "the writer reads what it wrote");
        assert_eq!(event_count(&reader.query(COUNT).await), 0, "another key reads the replica");
        assert_eq!(event_count(&anonymous.query(COUNT).await), 0, "an anonymous client reads the replica");
    }
    // A write that changes nothing still makes the record visible to its writer.
    let unchanged = reader.post(write_request("one")).await;
    assert_eq!(version_of(&unchanged), version);
    assert_eq!(event_count(&reader.query(COUNT).await), 1);

    // Another server does not know the writers, but it knows versions.
    let writer_there = second.other_client().with_key(&key);
    assert_eq!(event_count(&writer_there.query(COUNT).await), 0);
    assert_eq!(event_count(&count_at(&second, &version).await), 1);
    let extended = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version.parse::<i64>().unwrap() } });
    let extended: Value = second.post(extended.to_string()).await.json().await.unwrap();
    assert_eq!(
        event_count(&extended),
        1,
        "the version can be sent as an extension too, because WebSocket messages have no headers"
    );
    assert_eq!(event_count(&count_at(&second, "0").await), 0);

    // Responses of different versions have different ETags.
    let page = format!("/graphql?query={}", COUNT.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D"));
    let (old, new) = (anonymous.get(&page).await, writer.get(&page).await);
    assert_ne!(old.headers()["etag"], new.headers()["etag"]);
    assert_eq!((event_count(&old.json().await.unwrap()), event_count(&new.json().await.unwrap())), (0, 1));

    // Exports are routed in the same way.
    let export = async |server: &Server| server.get("/export/event.jsonl").await.text().await.unwrap();
    assert!(export(&writer).await.contains("\"one\"") && !export(&anonymous).await.contains("\"one\""));
    assert!(anonymous.metric("newsgraph_replica_behind").await >= 1.0);

    cluster.resume().await;
    wait_until("all clients read the write", async || event_count(&anonymous.query(COUNT).await) == 1).await;
    // Once the replica has caught up, it serves the writers too, and no read goes to the primary.
    wait_until("reads of the writer go to the replica", async || {
        let before = anonymous.metric(FROM_PRIMARY).await;
        assert_eq!(event_count(&writer.query(COUNT).await), 1);
        anonymous.metric(FROM_PRIMARY).await == before
    })
    .await;
    let (primary, replica) = (anonymous.metric(FROM_PRIMARY).await, anonymous.metric(FROM_REPLICA).await);
    for _ in 0..10 {
        assert_eq!(event_count(&writer.query(COUNT).await), 1);
        assert_eq!(event_count(&count_at(&anonymous, &version).await), 1);
    }
    assert_eq!((anonymous.metric(FROM_PRIMARY).await, anonymous.metric(FROM_REPLICA).await), (primary, replica + 20.0));
    assert_eq!(anonymous.metric("newsgraph_replica_behind").await, 0.0);
    // The replica's own statistics confirm that the statements ran there.
    let scans = "SELECT COALESCE(SUM(seq_scan + COALESCE(idx_scan, 0)), 0)::bigint AS said
                 FROM pg_stat_user_tables WHERE relname = 'event'";
    let mut counted = 0;
    for _ in 0..20 {
        // The server adds up its statistics about once a second.
        tokio::time::sleep(Duration::from_millis(500)).await;
        counted = cluster.replica.number(scans).await;
        if counted > 0 {
            break;
        }
    }
    assert!(counted > 0);
    // The export command can read from the replica too.
    let there = Fixture::at(cluster.replica.url()).await;
    let exported = newsgraph(&there, &["export"], "");
    assert!(exported.status.success() && text(&exported.stdout).contains("\"one\""), "{}", text(&exported.stderr));
}

/// Malformed versions, and versions that do not exist yet, are rejected with and without a replica.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_versions_are_rejected() {
    let check = async |server: &Server| {
        for version in ["x", "-1", "1.5", "", "1, 2", "99999999999999999999", "1000000"] {
            let refused = post_with_version(server, json!({ "query": COUNT }).to_string(), version).await;
            assert_eq!(refused.status(), 400, "{version}");
            let refused: Value = refused.json().await.unwrap();
            assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{refused}");
        }
        for version in [json!("1"), json!(-1), json!(1_000_000)] {
            let body = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version } });
            let refused: Value = server.post(body.to_string()).await.json().await.unwrap();
            assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{refused}");
        }
        assert_eq!(event_count(&count_at(server, "1").await), event_count(&server.query(COUNT).await));
    };
    for fixture in databases().await {
        let server = Server::start(&fixture);
        check(&server).await;
        let key = create_key(&fixture, "feeds", "write");
        let version = version_of(&server.other_client().with_key(&key).post(write_request("one")).await);
        assert!(event_count(&count_at(&server, &version).await) > 1);
    }
    if let Some(replicated) = Replicated::start().await {
        replicated.fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
        check(&replicated.serve()).await;
    }
}

/// A write that timed out may have been committed. Until its writer writes again, its reads go to the primary.
#[tokio::test(flavor = "multi_thread")]
async fn client_with_a_timed_out_write_reads_the_primary() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = create_key(fixture, "feeds", "read,write");
    cluster.wait_for_replica().await;
    let flags = ["--timeout", "1", "--read-database-url", &cluster.replica.url()];
    let server = Server::start_with(fixture, &flags);
    let writer = server.other_client().with_key(&key);
    assert_eq!(event_count(&writer.query(COUNT).await), 0);
    let (primary, replica) = (server.metric(FROM_PRIMARY).await, server.metric(FROM_REPLICA).await);
    assert_eq!((primary, replica), (0.0, 1.0));
    // Another transaction holds the write lock, so this write waits until its timeout.
    let other = fixture.db.write().await.unwrap();
    let late = writer.post(write_request("late")).await;
    assert_eq!(late.status(), 504);
    assert!(!late.headers().contains_key("newsgraph-version"));
    other.rollback().await.unwrap();
    assert_eq!(event_count(&writer.query(COUNT).await), 0);
    assert_eq!(event_count(&server.query(COUNT).await), 0);
    let (primary, replica) = (server.metric(FROM_PRIMARY).await, server.metric(FROM_REPLICA).await);
    assert_eq!((primary, replica), (1.0, 2.0));
    // The next successful write settles which version the writer needs.
    assert_eq!(writer.post(write_request("next")).await.status(), 200);
    wait_until("the writer reads the replica again", async || {
        let before = server.metric(FROM_REPLICA).await;
        assert_eq!(event_count(&writer.query(COUNT).await), 1);
        server.metric(FROM_REPLICA).await > before
    })
    .await;
}

/// WebSockets and event streams are routed like single requests.
#[tokio::test(flavor = "multi_thread")]
async fn write_over_a_websocket_is_visible_on_that_websocket() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = create_key(fixture, "feeds", "read,write");
    cluster.wait_for_replica().await;
    let server = replicated.serve();
    let (mut writer, mut reader) = (Socket::open(&server, Some(&key)).await, Socket::open(&server, None).await);
    cluster.pause().await;
    assert_eq!(event_count(&writer.query(&json!({ "query": COUNT })).await), 0);
    let written = writer.query(&serde_json::from_str(&write_request("one")).unwrap()).await;
    assert_eq!(written["data"]["importRecords"]["written"], true, "{written}");
    let version = &written["extensions"]["newsgraphVersion"];
    assert_eq!(event_count(&writer.query(&json!({ "query": COUNT })).await), 1);
    assert_eq!(event_count(&reader.query(&json!({ "query": COUNT })).await), 0);
    let passed_on = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version } });
    assert_eq!(event_count(&reader.query(&passed_on).await), 1);
    let in_events = async |key: Option<&str>| {
        let request = server.client.post(format!("{}/graphql", server.address)).header("accept", "text/event-stream");
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        request.json(&json!({ "query": COUNT })).send().await.unwrap().text().await.unwrap()
    };
    let count = |number: i64| format!(r#""events":{{"totalCount":{number}}}"#);
    assert!(in_events(Some(&key)).await.contains(&count(1)));
    assert!(in_events(None).await.contains(&count(0)));
}

/// At startup, a URL that is not a replica of the database is rejected with a message that names the flag.
#[tokio::test(flavor = "multi_thread")]
async fn read_url_that_is_not_a_replica_is_rejected() {
    let start = |fixture: &Fixture, url: &str| {
        let ended = newsgraph(fixture, &["serve", "--listen", "127.0.0.1:0", "--read-database-url", url], "");
        (ended.status.code(), text(&ended.stderr))
    };
    for fixture in databases().await {
        let (code, message) = start(&fixture, "sqlite://other.db");
        assert_eq!(code, Some(2), "{message}");
        let words = if fixture.url.starts_with("sqlite") { "no replicas" } else { "not a URL of PostgreSQL" };
        assert!(message.contains("--read-database-url") && message.contains(words), "{message}");
    }
    let Some(Replicated { cluster, fixture }) = Replicated::start().await else { return };
    let other = databases().await.pop().unwrap();
    cluster.primary.run("CREATE DATABASE other").await;
    for (url, words) in [
        (cluster.primary.url(), "accepts writes"),
        (cluster.primary.url_of("other"), "not a replica of `--database-url`"),
        (other.url.clone(), "not a replica of `--database-url`"),
        (cluster.replica.url_of("nowhere"), "does not exist"),
    ] {
        let (code, message) = start(&fixture, &url);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(words) && message.contains("--read-database-url"), "{message}");
    }
    // A primary that was restored from an older backup: the replica is ahead of it.
    fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
    cluster.wait_for_replica().await;
    cluster.pause().await;
    cluster.primary.run("UPDATE counter SET value = 0 WHERE name = 'version'").await;
    let (code, message) = start(&fixture, &cluster.replica.url());
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("is ahead"), "{message}");
}

/// A read is routed as a whole to the replica if that has the required version, and to the primary otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn read_is_routed_to_a_database_that_has_the_version() {
    let Some(Replicated { cluster, fixture }) = Replicated::start().await else { return };
    let db = Db::connect(&fixture.url).await.unwrap().with_replica(&cluster.replica.url()).await.unwrap();
    cluster.pause().await;
    fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
    let version = db.version().await.unwrap();
    let (old, new) = (db.route_read(version - 1), db.route_read(version));
    assert_eq!((old.is_replica(), new.is_replica()), (true, false));
    assert_eq!(old.db().version().await.unwrap(), version - 1);
    cluster.resume().await;
    wait_until("the replica has the version", async || db.route_read(version).is_replica()).await;
    assert_eq!(db.route_read(version).db().version().await.unwrap(), version);
    db.close().await.unwrap();
}

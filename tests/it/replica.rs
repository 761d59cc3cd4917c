//! Reading from a real streaming replica: what is read where while it lags, and what is none.

use std::time::{Duration, Instant};

use newsgraph::db::Db;
use reqwest::Response;
use serde_json::{Value, json};

use crate::access::make_key;
use crate::cluster::Cluster;
use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases, records};
use crate::server::Server;
use crate::socket::Socket;

pub const COUNT: &str = "{ events { totalCount } actors { totalCount } }";

pub struct Replicated {
    pub cluster: Cluster,
    pub fixture: Fixture,
}

impl Replicated {
    pub async fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        let fixture = Fixture::at(cluster.primary.url()).await;
        cluster.caught_up().await;
        Some(Self { cluster, fixture })
    }

    /// A server that reads the replica.
    pub fn serve(&self) -> Server {
        Server::start_with(&self.fixture, &["--read-database-url", &self.cluster.replica.url()])
    }
}

/// How many events somebody sees, by the answer to [`COUNT`].
pub fn events(answer: &Value) -> i64 {
    answer["data"]["events"]["totalCount"].as_i64().unwrap_or_else(|| panic!("no number of events: {answer}"))
}

fn write(key: &str) -> String {
    let records = json!([{ "kind": "event", "key": key, "type": "OTHER", "title": key }]);
    json!({
        "query": "mutation($records: [JSON!]!) { importRecords(dataset: \"api\", records: $records) { written problems { message } } }",
        "variables": { "records": records },
    })
    .to_string()
}

async fn with_version(server: &Server, body: String, version: &str) -> Response {
    let request = server.client.post(format!("{}/graphql", server.address)).header("newsgraph-version", version);
    request.header("content-type", "application/json").body(body).send().await.unwrap()
}

async fn count_at(server: &Server, version: &str) -> Value {
    with_version(server, json!({ "query": COUNT }).to_string(), version).await.json().await.unwrap()
}

fn version_of(response: &Response) -> String {
    response.headers()["newsgraph-version"].to_str().unwrap().to_owned()
}

/// Waits until something holds, for twenty seconds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub const FROM_REPLICA: &str = "newsgraph_reads_total{from=\"replica\"}";
pub const FROM_PRIMARY: &str = "newsgraph_reads_total{from=\"primary\"}";

/// While the replica lags, who wrote reads what they wrote, here and with the version at another process; others read the replica.
#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_reads_it_while_the_replica_lags() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = make_key(fixture, "feeds", "read,write");
    let other_key = make_key(fixture, "page", "read,write");
    cluster.caught_up().await;
    let (anybody, second) = (replicated.serve(), replicated.serve());
    assert_eq!(anybody.get("/health/ready").await.text().await.unwrap(), "ready\n");
    // The same process, asked by three callers.
    let of_process = |key: &str| anybody.caller().with_key(key);
    let (writer, reader) = (of_process(&key), of_process(&other_key));
    assert_eq!(events(&anybody.ask(COUNT).await), 0);

    cluster.pause().await;
    let written = writer.post(write("one")).await;
    assert_eq!(written.status(), 200);
    let version = version_of(&written);
    let written: Value = written.json().await.unwrap();
    assert_eq!(written["data"]["importRecords"]["written"], true, "{written}");
    assert_eq!(written["extensions"]["newsgraphVersion"].to_string(), version);
    for _ in 0..20 {
        assert_eq!(events(&writer.ask(COUNT).await), 1, "the writer reads what it wrote");
        assert_eq!(events(&reader.ask(COUNT).await), 0, "another key reads the replica");
        assert_eq!(events(&anybody.ask(COUNT).await), 0, "who has no key reads the replica");
    }
    // Written again it is as before: said to be there, it is there to be read.
    let unchanged = reader.post(write("one")).await;
    assert_eq!(version_of(&unchanged), version);
    assert_eq!(events(&reader.ask(COUNT).await), 1);

    // A second process knows of no writer, but of versions.
    let writer_there = second.caller().with_key(&key);
    assert_eq!(events(&writer_there.ask(COUNT).await), 0);
    assert_eq!(events(&count_at(&second, &version).await), 1);
    let extended = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version.parse::<i64>().unwrap() } });
    let extended: Value = second.post(extended.to_string()).await.json().await.unwrap();
    assert_eq!(events(&extended), 1, "a socket has no headers of a request");
    assert_eq!(events(&count_at(&second, "0").await), 0);

    // The ETag of the older state is not that of the newer one.
    let page = format!("/graphql?query={}", COUNT.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D"));
    let (old, new) = (anybody.get(&page).await, writer.get(&page).await);
    assert_ne!(old.headers()["etag"], new.headers()["etag"]);
    assert_eq!((events(&old.json().await.unwrap()), events(&new.json().await.unwrap())), (0, 1));

    // Exports too.
    let export = async |server: &Server| server.get("/export/event.jsonl").await.text().await.unwrap();
    assert!(export(&writer).await.contains("\"one\"") && !export(&anybody).await.contains("\"one\""));
    assert!(anybody.figure("newsgraph_replica_behind").await >= 1.0);

    cluster.resume().await;
    until("all read what was written", async || events(&anybody.ask(COUNT).await) == 1).await;
    // Known to have it, the replica serves the writers again, and nothing goes to the primary.
    until("the replica is known to have it", async || {
        let before = anybody.figure(FROM_PRIMARY).await;
        assert_eq!(events(&writer.ask(COUNT).await), 1);
        anybody.figure(FROM_PRIMARY).await == before
    })
    .await;
    let (primary, replica) = (anybody.figure(FROM_PRIMARY).await, anybody.figure(FROM_REPLICA).await);
    for _ in 0..10 {
        assert_eq!(events(&writer.ask(COUNT).await), 1);
        assert_eq!(events(&count_at(&anybody, &version).await), 1);
    }
    assert_eq!((anybody.figure(FROM_PRIMARY).await, anybody.figure(FROM_REPLICA).await), (primary, replica + 20.0));
    assert_eq!(anybody.figure("newsgraph_replica_behind").await, 0.0);
    // The servers themselves saw it so: the statements of these requests ran there.
    let ran =
        "SELECT COUNT(*) AS said FROM pg_stat_activity WHERE query LIKE '%\"event\"%' AND query NOT LIKE '%pg_stat%'";
    assert!(cluster.replica.number(ran).await > 0);
    // The command line exports from it too.
    let there = Fixture::at(cluster.replica.url()).await;
    let exported = newsgraph(&there, &["export"], "");
    assert!(exported.status.success() && text(&exported.stdout).contains("\"one\""), "{}", text(&exported.stderr));
}

/// Versions that are none are refused, and such as nobody has written yet, with a replica or without.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_be_is_refused() {
    let check = async |server: &Server| {
        for version in ["x", "-1", "1.5", "", "1, 2", "99999999999999999999", "1000000"] {
            let refused = with_version(server, json!({ "query": COUNT }).to_string(), version).await;
            assert_eq!(refused.status(), 400, "{version}");
            let refused: Value = refused.json().await.unwrap();
            assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{refused}");
        }
        for version in [json!("1"), json!(-1), json!(1_000_000)] {
            let body = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version } });
            let refused: Value = server.post(body.to_string()).await.json().await.unwrap();
            assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_INPUT", "{refused}");
        }
        assert_eq!(events(&count_at(server, "1").await), events(&server.ask(COUNT).await));
    };
    for fixture in databases().await {
        let server = Server::start(&fixture);
        check(&server).await;
        let key = make_key(&fixture, "feeds", "write");
        let version = version_of(&server.caller().with_key(&key).post(write("one")).await);
        assert!(events(&count_at(&server, &version).await) > 1);
    }
    if let Some(replicated) = Replicated::start().await {
        replicated.fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
        check(&replicated.serve()).await;
    }
}

/// A write that was cut off may be written all the same: until it is known, who sent it reads the primary.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_whether_it_wrote_reads_the_primary() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = make_key(fixture, "feeds", "read,write");
    cluster.caught_up().await;
    let flags = ["--timeout", "1", "--read-database-url", &cluster.replica.url()];
    let server = Server::start_with(fixture, &flags);
    let writer = server.caller().with_key(&key);
    assert_eq!(events(&writer.ask(COUNT).await), 0);
    let (primary, replica) = (server.figure(FROM_PRIMARY).await, server.figure(FROM_REPLICA).await);
    assert_eq!((primary, replica), (0.0, 1.0));
    // Somebody else writes: who comes waits, and is cut off.
    let other = fixture.db.write().await.unwrap();
    let late = writer.post(write("late")).await;
    assert_eq!(late.status(), 504);
    assert!(!late.headers().contains_key("newsgraph-version"));
    other.rollback().await.unwrap();
    assert_eq!(events(&writer.ask(COUNT).await), 0);
    assert_eq!(events(&server.ask(COUNT).await), 0);
    let (primary, replica) = (server.figure(FROM_PRIMARY).await, server.figure(FROM_REPLICA).await);
    assert_eq!((primary, replica), (1.0, 2.0));
    // What is written next settles it.
    assert_eq!(writer.post(write("next")).await.status(), 200);
    until("it reads the replica again", async || {
        let before = server.figure(FROM_REPLICA).await;
        assert_eq!(events(&writer.ask(COUNT).await), 1);
        server.figure(FROM_REPLICA).await > before
    })
    .await;
}

/// Over a socket and in events the same holds as for single requests.
#[tokio::test(flavor = "multi_thread")]
async fn who_writes_over_a_socket_reads_it_there() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let key = make_key(fixture, "feeds", "read,write");
    cluster.caught_up().await;
    let server = replicated.serve();
    let (mut writer, mut reader) = (Socket::open(&server, Some(&key)).await, Socket::open(&server, None).await);
    cluster.pause().await;
    assert_eq!(events(&writer.ask(&json!({ "query": COUNT })).await), 0);
    let written = writer.ask(&serde_json::from_str(&write("one")).unwrap()).await;
    assert_eq!(written["data"]["importRecords"]["written"], true, "{written}");
    let version = &written["extensions"]["newsgraphVersion"];
    assert_eq!(events(&writer.ask(&json!({ "query": COUNT })).await), 1);
    assert_eq!(events(&reader.ask(&json!({ "query": COUNT })).await), 0);
    let passed_on = json!({ "query": COUNT, "extensions": { "newsgraphVersion": version } });
    assert_eq!(events(&reader.ask(&passed_on).await), 1);
    let in_events = async |key: Option<&str>| {
        let request = server.client.post(format!("{}/graphql", server.address)).header("accept", "text/event-stream");
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        request.json(&json!({ "query": COUNT })).send().await.unwrap().text().await.unwrap()
    };
    let count = |number: i64| format!(r#""events":{{"totalCount":{number}}}"#);
    assert!(in_events(Some(&key)).await.contains(&count(1)));
    assert!(in_events(None).await.contains(&count(0)));
}

/// Addresses that are no replica are refused at the start, with words that say what to change.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_no_replica_is_refused() {
    let start = |fixture: &Fixture, url: &str| {
        let ended = newsgraph(fixture, &["serve", "--listen", "127.0.0.1:0", "--read-database-url", url], "");
        (ended.status.code(), text(&ended.stderr))
    };
    for fixture in databases().await {
        let (code, said) = start(&fixture, "sqlite://other.db");
        assert_eq!(code, Some(2), "{said}");
        let words = if fixture.url.starts_with("sqlite") { "no replicas" } else { "not a URL of PostgreSQL" };
        assert!(said.contains("--read-database-url") && said.contains(words), "{said}");
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
        let (code, said) = start(&fixture, &url);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(words) && said.contains("--read-database-url"), "{said}");
    }
    // The primary as it was: the replica has what that lost.
    fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
    cluster.caught_up().await;
    cluster.pause().await;
    cluster.primary.run("UPDATE counter SET value = 0 WHERE name = 'version'").await;
    let (code, said) = start(&fixture, &cluster.replica.url());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("is ahead"), "{said}");
}

/// A request reads one place for all of its statements, and its answers are those of one version.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_reads_one_place() {
    let Some(Replicated { cluster, fixture }) = Replicated::start().await else { return };
    let db = Db::connect(&fixture.url).await.unwrap().with_replica(&cluster.replica.url()).await.unwrap();
    cluster.pause().await;
    fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
    let version = db.version().await.unwrap();
    let (old, new) = (db.route_read(version - 1), db.route_read(version));
    assert_eq!((old.is_replica(), new.is_replica()), (true, false));
    assert_eq!(old.db().version().await.unwrap(), version - 1);
    cluster.resume().await;
    until("the replica is known to have it", async || db.route_read(version).is_replica()).await;
    assert_eq!(db.route_read(version).db().version().await.unwrap(), version);
    db.close().await.unwrap();
}

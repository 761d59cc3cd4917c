//! Reading from a real streaming replica: what is read where, while it lags, stops statements, goes and comes back.

use std::time::{Duration, Instant};

use newsgraph::db::Db;
use reqwest::Response;
use serde_json::{Value, json};

use crate::access::make_key;
use crate::cluster::Cluster;
use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases, records};
use crate::live::Events;
use crate::server::Server;
use crate::socket::Socket;

const COUNT: &str = "{ events { totalCount } actors { totalCount } }";

struct Replicated {
    cluster: Cluster,
    fixture: Fixture,
}

impl Replicated {
    async fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        let fixture = Fixture::at(cluster.primary.url()).await;
        cluster.caught_up().await;
        Some(Self { cluster, fixture })
    }

    /// A server that reads the replica.
    fn serve(&self) -> Server {
        Server::start_with(&self.fixture, &["--read-database-url", &self.cluster.replica.url()])
    }
}

/// How many events somebody sees, by the answer to [`COUNT`].
fn events(answer: &Value) -> i64 {
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

/// Waits until something holds, for ten seconds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const FROM_REPLICA: &str = "newsgraph_reads_total{from=\"replica\"}";
const FROM_PRIMARY: &str = "newsgraph_reads_total{from=\"primary\"}";

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

/// A replica that goes: nobody sees an error or waits long, streams go on without a gap, and it is read again when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_may_go_and_come_back() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let server = replicated.serve();
    let event = |key: &str| json!({ "kind": "event", "key": key, "type": "OTHER", "title": key });
    let mut stream = Events::open(&server, None, json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    cluster.pause().await;
    fixture.import_lines(&[event("one")]).await;
    // Who is told of a change can read it: so nobody is told yet.
    assert!(tokio::time::timeout(Duration::from_secs(1), stream.change()).await.is_err());
    cluster.resume().await;
    assert_eq!(stream.change().await["node"]["node"]["title"], "one");
    assert_eq!(events(&server.ask(COUNT).await), 1);

    // Asked all the time while it is killed.
    let asked = {
        let server = server.caller();
        tokio::spawn(async move {
            let (mut slowest, began) = (Duration::ZERO, Instant::now());
            while began.elapsed() < Duration::from_secs(4) {
                let asked = Instant::now();
                assert_eq!(events(&server.ask(COUNT).await), 1);
                slowest = slowest.max(asked.elapsed());
            }
            slowest
        })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::task::block_in_place(|| cluster.replica.kill());
    let slowest = asked.await.unwrap();
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert_eq!(server.figure("newsgraph_replica_read").await, 0.0);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    assert!(ready.text().await.unwrap().starts_with("ready, without the replica: "));
    let said = server.log().matches("the replica is not read").count();
    assert!((1..=4).contains(&said), "said {said} times: {}", server.log());

    // The stream goes on from the primary.
    fixture.import_lines(&[event("one"), event("two")]).await;
    assert_eq!(stream.change().await["node"]["node"]["title"], "two");
    assert_eq!(events(&server.ask(COUNT).await), 2);
    assert!(server.get("/export/event.jsonl").await.text().await.unwrap().contains("\"two\""));
    let primary = server.figure(FROM_PRIMARY).await;
    assert!(primary > 0.0);

    tokio::task::block_in_place(|| cluster.replica.start());
    until("it is read again", async || server.figure("newsgraph_replica_read").await == 1.0).await;
    let before = server.figure(FROM_REPLICA).await;
    assert_eq!(events(&server.ask(COUNT).await), 2, "nobody is sent back behind what they read");
    assert_eq!(server.figure(FROM_REPLICA).await, before + 1.0);
    fixture.import_lines(&[event("one"), event("two"), event("three")]).await;
    assert_eq!(stream.change().await["node"]["node"]["title"], "three", "nothing is skipped and nothing comes twice");
}

/// A replica that is silent, though its connections stay: requests on it are answered by the primary all the same.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_silent_holds_nobody_up() {
    let Some(replicated) = Replicated::start().await else { return };
    let replica = &replicated.cluster.replica;
    let server = replicated.serve();
    // All connections are open before they fall silent.
    let ask = async || futures_util::future::join_all((0..8).map(|_| server.ask(COUNT))).await;
    assert!(ask().await.iter().all(|answer| events(answer) == 0));
    assert_eq!(server.figure(FROM_PRIMARY).await, 0.0);
    replica.freeze(true);
    let asked = Instant::now();
    assert!(ask().await.iter().all(|answer| events(answer) == 0), "{}", server.log());
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert_eq!(server.figure("newsgraph_replica_asked_again_total").await, 8.0);
    let asked = Instant::now();
    assert!(ask().await.iter().all(|answer| events(answer) == 0));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert_eq!(server.figure(FROM_PRIMARY).await, 8.0);
    replica.freeze(false);
    until("it is read again", async || server.figure("newsgraph_replica_read").await == 1.0).await;
    let before = server.figure(FROM_REPLICA).await;
    assert!(ask().await.iter().all(|answer| events(answer) == 0));
    assert_eq!(server.figure(FROM_REPLICA).await, before + 8.0);
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

/// What the replica has to replay may stand against a statement: then the request is asked again of the primary.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_replay_stops_is_asked_of_the_primary() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    cluster.replica.run("ALTER SYSTEM SET max_standby_streaming_delay = '100ms'").await;
    cluster.replica.run("SELECT pg_reload_conf()").await;
    let place = json!({ "kind": "place", "key": "here", "label": "Here", "type": "CITY" });
    assert_eq!(fixture.import_lines(&[place]).await.problems, []);
    // Reading places takes long on the replica only.
    cluster.primary.run("ALTER TABLE place RENAME TO place_kept").await;
    cluster
        .primary
        .run("CREATE VIEW place AS SELECT * FROM place_kept WHERE CASE WHEN pg_is_in_recovery() THEN pg_sleep(4) IS NOT NULL ELSE true END")
        .await;
    let lsn = "SELECT CAST(pg_last_wal_replay_lsn() - '0/0' AS BIGINT) AS said";
    let written = cluster.primary.number("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT) AS said").await;
    until("the view is there", async || cluster.replica.number(lsn).await >= written).await;
    let server = replicated.serve();
    let asking = async { server.ask("{ datasets { totalCount } places { nodes { label } } }").await };
    let changing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.primary.run("ALTER TABLE place_kept ADD COLUMN more INT").await;
    };
    let (answer, ()) = tokio::join!(asking, changing);
    let expected = json!({ "datasets": { "totalCount": 1 }, "places": { "nodes": [{ "label": "Here" }] } });
    assert_eq!((&answer["data"], answer.get("errors")), (&expected, None), "{}", server.log());
    assert_eq!(server.figure("newsgraph_replica_asked_again_total").await, 1.0);
    // The replica itself is sound, and the next request is its.
    let before = server.figure(FROM_REPLICA).await;
    assert_eq!(events(&server.ask(COUNT).await), 0);
    assert_eq!(server.figure(FROM_REPLICA).await, before + 1.0);
    assert!(!server.log().contains("ERROR") && !server.log().contains("is not read"), "{}", server.log());
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
        let words = if fixture.url.starts_with("sqlite") { "no replicas" } else { "no address of PostgreSQL" };
        assert!(said.contains("--read-database-url") && said.contains(words), "{said}");
    }
    let Some(Replicated { cluster, fixture }) = Replicated::start().await else { return };
    let other = databases().await.pop().unwrap();
    cluster.primary.run("CREATE DATABASE other").await;
    for (url, words) in [
        (cluster.primary.url(), "takes writes itself"),
        (cluster.primary.url_of("other"), "no replica of `--database-url`"),
        (other.url.clone(), "no replica of `--database-url`"),
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

/// One that does not answer yet is waited for: all is served, but no balancer is told to send anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_may_come_after_the_server() {
    let Some(replicated) = Replicated::start().await else { return };
    tokio::task::block_in_place(|| replicated.cluster.replica.kill());
    let server = replicated.serve();
    assert_eq!(events(&server.ask(COUNT).await), 0);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().starts_with("the replica is not read yet: "));
    tokio::task::block_in_place(|| replicated.cluster.replica.start());
    until("it is ready", async || server.get("/health/ready").await.status() == 200).await;
    assert_eq!(server.figure("newsgraph_replica_read").await, 1.0);
}

/// A request reads one place for all of its statements, and its answers are those of one version.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_reads_one_place() {
    let Some(Replicated { cluster, fixture }) = Replicated::start().await else { return };
    let db = Db::connect(&fixture.url).await.unwrap().with_replica(&cluster.replica.url()).await.unwrap();
    cluster.pause().await;
    fixture.import(&records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })])).await;
    let version = db.version().await.unwrap();
    let (old, new) = (db.reading(version - 1), db.reading(version));
    assert_eq!((old.is_replica(), new.is_replica()), (true, false));
    assert_eq!(old.db().version().await.unwrap(), version - 1);
    cluster.resume().await;
    until("the replica is known to have it", async || db.reading(version).is_replica()).await;
    assert_eq!(db.reading(version).db().version().await.unwrap(), version);
    db.close().await.unwrap();
}

//! A real streaming replica that goes, falls silent, stops statements, and comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::live::Events;
use crate::replica::{COUNT, FROM_PRIMARY, FROM_REPLICA, Replicated, events, until};

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
    println!("the slowest answer while the replica was killed took {slowest:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert_eq!(server.figure("newsgraph_replica_read").await, 0.0);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    assert!(ready.text().await.unwrap().starts_with("ready, without the replica: "));
    let said = server.log().matches("the replica does not serve reads").count();
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
    println!("while the replica was silent an answer took {:?}", asked.elapsed());
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
    assert!(!server.log().contains("ERROR") && !server.log().contains("does not serve reads"), "{}", server.log());
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
    assert!(ready.text().await.unwrap().starts_with("the replica does not serve reads yet: "));
    tokio::task::block_in_place(|| replicated.cluster.replica.start());
    until("it is ready", async || server.get("/health/ready").await.status() == 200).await;
    assert_eq!(server.figure("newsgraph_replica_read").await, 1.0);
}

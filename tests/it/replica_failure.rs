//! Failures of a real streaming replica: crash, hang, recovery conflicts, late start.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::replica::{COUNT, FROM_PRIMARY, FROM_REPLICA, Replicated, event_count, wait_until};
use crate::subscriptions::EventStream;

/// When the replica crashes, no request fails or waits long, streams continue without a gap, and the replica is used again
/// after its restart.
#[tokio::test(flavor = "multi_thread")]
async fn reads_survive_loss_and_return_of_the_replica() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    let server = replicated.serve();
    let event = |key: &str| json!({ "kind": "event", "key": key, "type": "OTHER", "title": key });
    let mut stream = EventStream::open(&server, None, json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    cluster.pause().await;
    fixture.import_lines(&[event("one")]).await;
    // A client that receives a change must be able to read it, so the change is not sent before the replica has it.
    assert!(tokio::time::timeout(Duration::from_secs(1), stream.next_change()).await.is_err());
    cluster.resume().await;
    assert_eq!(stream.next_change().await["node"]["node"]["title"], "one");
    assert_eq!(event_count(&server.query(COUNT).await), 1);

    // Send queries continuously while the replica is killed.
    let queries = {
        let server = server.other_client();
        tokio::spawn(async move {
            let (mut slowest, began) = (Duration::ZERO, Instant::now());
            while began.elapsed() < Duration::from_secs(4) {
                let started = Instant::now();
                assert_eq!(event_count(&server.query(COUNT).await), 1);
                slowest = slowest.max(started.elapsed());
            }
            slowest
        })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::task::block_in_place(|| cluster.replica.kill());
    let slowest = queries.await.unwrap();
    println!("the slowest response while the replica was killed took {slowest:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert_eq!(server.metric("newsgraph_replica_read").await, 0.0);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    assert!(ready.text().await.unwrap().starts_with("ready, without the replica: "));
    let warnings = server.log().matches("the replica does not serve reads").count();
    assert!((1..=4).contains(&warnings), "logged {warnings} times: {}", server.log());

    // The stream continues from the primary.
    fixture.import_lines(&[event("one"), event("two")]).await;
    assert_eq!(stream.next_change().await["node"]["node"]["title"], "two");
    assert_eq!(event_count(&server.query(COUNT).await), 2);
    assert!(server.get("/export/event.jsonl").await.text().await.unwrap().contains("\"two\""));
    let primary = server.metric(FROM_PRIMARY).await;
    assert!(primary > 0.0);

    tokio::task::block_in_place(|| cluster.replica.start());
    wait_until("the replica is read again", async || server.metric("newsgraph_replica_read").await == 1.0).await;
    let before = server.metric(FROM_REPLICA).await;
    assert_eq!(event_count(&server.query(COUNT).await), 2, "a client must not see an older version than before");
    assert_eq!(server.metric(FROM_REPLICA).await, before + 1.0);
    fixture.import_lines(&[event("one"), event("two"), event("three")]).await;
    assert_eq!(stream.next_change().await["node"]["node"]["title"], "three", "no change is skipped or repeated");
}

/// If the replica hangs with open connections, its requests are retried on the primary.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn hanging_replica_does_not_block_requests() {
    let Some(replicated) = Replicated::start().await else { return };
    let replica = &replicated.cluster.replica;
    let server = replicated.serve();
    // Open all connections before the replica hangs.
    let execute = async || futures_util::future::join_all((0..8).map(|_| server.query(COUNT))).await;
    assert!(execute().await.iter().all(|answer| event_count(answer) == 0));
    assert_eq!(server.metric(FROM_PRIMARY).await, 0.0);
    replica.freeze(true);
    let started = Instant::now();
    assert!(execute().await.iter().all(|answer| event_count(answer) == 0), "{}", server.log());
    println!("while the replica hung, the responses took {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(server.metric("newsgraph_replica_asked_again_total").await, 8.0);
    let started = Instant::now();
    assert!(execute().await.iter().all(|answer| event_count(answer) == 0));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(server.metric(FROM_PRIMARY).await, 8.0);
    replica.freeze(false);
    wait_until("the replica is read again", async || server.metric("newsgraph_replica_read").await == 1.0).await;
    let before = server.metric(FROM_REPLICA).await;
    assert!(execute().await.iter().all(|answer| event_count(answer) == 0));
    assert_eq!(server.metric(FROM_REPLICA).await, before + 8.0);
}

/// Replaying a change may cancel a statement on the replica (recovery conflict). The request is retried on the primary.
#[tokio::test(flavor = "multi_thread")]
async fn recovery_conflict_is_retried_on_the_primary() {
    let Some(replicated) = Replicated::start().await else { return };
    let Replicated { cluster, fixture } = &replicated;
    cluster.replica.run("ALTER SYSTEM SET max_standby_streaming_delay = '100ms'").await;
    cluster.replica.run("SELECT pg_reload_conf()").await;
    let place = json!({ "kind": "place", "key": "here", "label": "Here", "type": "CITY" });
    assert_eq!(fixture.import_lines(&[place]).await.problems, []);
    // Make reading places slow on the replica only.
    cluster.primary.run("ALTER TABLE place RENAME TO place_kept").await;
    cluster
        .primary
        .run("CREATE VIEW place AS SELECT * FROM place_kept WHERE CASE WHEN pg_is_in_recovery() THEN pg_sleep(4) IS NOT NULL ELSE true END")
        .await;
    let lsn = "SELECT CAST(pg_last_wal_replay_lsn() - '0/0' AS BIGINT) AS said";
    let written = cluster.primary.number("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT) AS said").await;
    wait_until("the replica has the view", async || cluster.replica.number(lsn).await >= written).await;
    let server = replicated.serve();
    let querying = async { server.query("{ datasets { totalCount } places { nodes { label } } }").await };
    let changing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.primary.run("ALTER TABLE place_kept ADD COLUMN more INT").await;
    };
    let (answer, ()) = tokio::join!(querying, changing);
    let expected = json!({ "datasets": { "totalCount": 1 }, "places": { "nodes": [{ "label": "Here" }] } });
    assert_eq!((&answer["data"], answer.get("errors")), (&expected, None), "{}", server.log());
    assert_eq!(server.metric("newsgraph_replica_asked_again_total").await, 1.0);
    // The replica itself is healthy, so the next request goes to it.
    let before = server.metric(FROM_REPLICA).await;
    assert_eq!(event_count(&server.query(COUNT).await), 0);
    assert_eq!(server.metric(FROM_REPLICA).await, before + 1.0);
    assert!(!server.log().contains("ERROR") && !server.log().contains("does not serve reads"), "{}", server.log());
}

/// A replica may start after the server. Until then the primary serves all reads, and `/health/ready` returns 503.
#[tokio::test(flavor = "multi_thread")]
async fn server_starts_without_its_replica_and_uses_it_later() {
    let Some(replicated) = Replicated::start().await else { return };
    tokio::task::block_in_place(|| replicated.cluster.replica.kill());
    let server = replicated.serve();
    assert_eq!(event_count(&server.query(COUNT).await), 0);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().starts_with("the replica does not serve reads yet: "));
    tokio::task::block_in_place(|| replicated.cluster.replica.start());
    wait_until("the server is ready", async || server.get("/health/ready").await.status() == 200).await;
    assert_eq!(server.metric("newsgraph_replica_read").await, 1.0);
}

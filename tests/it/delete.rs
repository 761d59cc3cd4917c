//! Deleting records: only unreferenced records are deleted, with their child records, and derived data is updated.

use newsgraph::import::{self, Options};
use serde_json::{Value, json};

use crate::access::create_key;
use crate::fixture::{Fixture, STORY, databases, databases_with_story};
use crate::server::Server;

async fn delete(fixture: &Fixture, keys: &[&str], keep_going: bool) -> import::Report {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let options = Options { dataset: Some("mikdam".into()), keep_going, ..Options::default() };
    import::delete(&fixture.db, &keys, &options).await.unwrap()
}

/// After a deletion the graph equals one into which the records were never imported.
#[tokio::test]
async fn deleting_updates_derived_data_as_if_never_imported() {
    // Records that no other record refers to.
    let keys = ["statement/source-denies-fabrication", "statement/killed", "hospitalization", "accounts-suspended"];
    let is_gone = |record: &Value| keys.iter().any(|key| record["key"] == *key);
    let without: String = STORY
        .lines()
        .filter(|line| !is_gone(&serde_json::from_str(line).unwrap()))
        .map(|line| format!("{line}\n"))
        .collect();
    let (all, never_imported) = (databases_with_story().await, databases().await);
    for (fixture, never_imported) in all.iter().zip(&never_imported) {
        assert_eq!(never_imported.import(&without).await.problems, []);
        let query = "{ claims(first: 50) { nodes { text standing stances { totalCount } } } events(first: 100) { nodes { title standing accounts { nodes { standing } } } }
            statements { totalCount } evidence { totalCount } search(text: \"fabricated OR killed\") { totalCount } }";
        assert_ne!(fixture.query(query).await, never_imported.query(query).await);
        let report = delete(fixture, &keys, false).await;
        assert_eq!(report.problems, []);
        assert_eq!((report.kinds["statement"].deleted, report.kinds["event"].deleted), (2, 2));
        assert_eq!(fixture.query(query).await, never_imported.query(query).await);
        // The audit log keeps the deletion.
        let change = fixture.query("{ changes(last: 1) { nodes { operation kind node { id } } } }").await;
        assert_eq!(change["changes"]["nodes"][0], json!({ "operation": "DELETE", "kind": "EVENT", "node": null }));
        let again = fixture.import(STORY).await;
        assert_eq!(again.total().created, keys.len() as u64, "deleted records can be imported again");
    }
}

/// A referenced record is kept, and the message names a referencing record.
#[tokio::test]
async fn referenced_records_are_not_deleted() {
    for fixture in databases_with_story().await {
        let before = fixture.dump().await;
        let report = delete(&fixture, &["source", "nobody", "visit-pm#/participations/0"], false).await;
        assert!(!report.written);
        let messages: Vec<String> = report.problems.iter().map(|problem| problem.message.clone()).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(messages[0].starts_with("is referenced by `"), "{messages:?}");
        assert!(messages[0].contains("(as its speaker)"), "{messages:?}");
        assert_eq!(messages[1], "no record of the dataset has the key `nobody`");
        assert_eq!(messages[2], "`visit-pm#/participations/0` is nested in another record");
        assert_eq!(fixture.dump().await, before);
        // With `keep_going`, the records that can be deleted are deleted.
        let report = delete(&fixture, &["source", "travel-erbil"], true).await;
        assert_eq!(
            (report.total().deleted, report.total().rejected, report.written),
            (1, 1, true),
            "{:?}",
            report.problems
        );
    }
}

/// The mutation checks the scope, expected versions and the idempotency key.
#[tokio::test]
async fn delete_mutation_checks_scope_versions_and_idempotency() {
    const DELETE: &str =
        "mutation($keys: [String!]!, $dry: Boolean = false, $v: [ExpectedVersion!]! = [], $k: String) {
        deleteRecords(dataset: \"mikdam\", keys: $keys, dryRun: $dry, expectedVersions: $v, idempotencyKey: $k) {
            written counts { kind deleted rejected } problems { index key message } } }";
    for fixture in databases_with_story().await {
        let reader = Server::start_with(&fixture, &[]).with_key(&create_key(&fixture, "reader", "read"));
        let refused = reader.query_with(DELETE, json!({ "keys": ["hospitalization"] })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let server = Server::start_with(&fixture, &[]).with_key(&create_key(&fixture, "writer", "write"));
        let dry = server.query_with(DELETE, json!({ "keys": ["hospitalization"], "dry": true })).await;
        assert_eq!(dry["data"]["deleteRecords"]["written"], false, "{dry}");
        assert_eq!(dry["data"]["deleteRecords"]["counts"], json!([{ "kind": "event", "deleted": 1, "rejected": 0 }]));
        let old = json!({ "keys": ["hospitalization"], "v": [{ "key": "hospitalization", "version": null }] });
        assert_eq!(server.query_with(DELETE, old).await["errors"][0]["extensions"]["code"], "CONFLICT");
        let once = json!({ "keys": ["hospitalization"], "k": "once" });
        let first = server.query_with(DELETE, once.clone()).await;
        assert_eq!(first["data"]["deleteRecords"]["written"], true, "{first}");
        assert_eq!(server.query_with(DELETE, once).await, first);
        let again = server.query_with(DELETE, json!({ "keys": ["hospitalization"] })).await;
        assert_eq!(again["data"]["deleteRecords"]["problems"][0]["index"], 0, "{again}");
        let unknown = server.query("mutation { deleteRecords(dataset: \"nothing\", keys: []) { written } }").await;
        assert_eq!(unknown["errors"][0]["extensions"]["code"], "NOT_FOUND");
    }
}

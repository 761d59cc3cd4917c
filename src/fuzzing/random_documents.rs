//! Random documents: the response does not depend on the database, and is the same when the state is read later by `asOf`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::Request;
use proptest::prelude::{any, prop};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tempfile::TempDir;

use crate::auth::{Caller, Scope};
use crate::db::Db;
use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::generator::{AsOf, Document, Generator};
use crate::fuzzing::story::{Story, run};
use crate::graphql::{Session, json as to_json};
use crate::http::graphql::operation_rules::{check, select_operation};
use crate::http::graphql::persisted_queries::ParsedDocument;
use crate::import::{self, Options, Source};

const STORY: &str = include_str!("../../examples/mikdam/records.jsonl");

/// An instant between the import of the stories and the merges.
const BEFORE_MERGES: &str = "2020-01-01T00:00:00Z";

/// Documents that are compared.
const CASES: u32 = 300;

/// Responses of these documents must be equal.
struct Databases {
    /// Two copies of the story.
    unmerged: Story,
    /// The same where most nodes of the copies are merged: SQLite, and PostgreSQL if there is a server.
    merged: Vec<Story>,
    /// Number of responses that were compared.
    compared: AtomicU32,
    _folder: TempDir,
}

impl Databases {
    async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let mut merged = vec![create(&sqlite("merged.db"), true).await];
        if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
            let schema = format!("random_documents_{}", std::process::id());
            let admin = sea_orm::Database::connect(&server).await.unwrap();
            admin.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
            admin.close().await.unwrap();
            let mark = if server.contains('?') { '&' } else { '?' };
            merged.push(create(&format!("{server}{mark}options=-c%20search_path%3D{schema}"), true).await);
        }
        let unmerged = create(&sqlite("unmerged.db"), false).await;
        Self { unmerged, merged, compared: AtomicU32::new(0), _folder: folder }
    }
}

/// Creates a database with two copies of the story. The times of writing are fixed, so that responses can be compared.
async fn create(url: &str, with_merges: bool) -> Story {
    let db = Db::connect(url).await.unwrap();
    import::migrate(&db).await.unwrap();
    let copy = STORY.replacen(r#""key": "mikdam""#, r#""key": "copy""#, 1).replace(r#""slug": ""#, r#""slug": "copy-"#);
    import(&db, STORY).await;
    import(&db, &copy).await;
    for sql in ["UPDATE moment SET at = 1500000000", "UPDATE change SET at = 1500000000 + id"] {
        db.connection().execute_unprepared(sql).await.unwrap();
    }
    if with_merges {
        import(&db, &merges()).await;
        for sql in
            ["UPDATE moment SET at = 1700000000 WHERE at <> 1500000000", "UPDATE change SET at = 1500000000 + id"]
        {
            db.connection().execute_unprepared(sql).await.unwrap();
        }
    }
    Story::of(db).await
}

async fn import(db: &Db, records: &str) {
    let source = Source::embedded("records.jsonl", records).unwrap();
    let report = import::import(db, &[source], &Options::default(), &mut ()).await.unwrap();
    assert_eq!(report.problems, []);
}

/// Returns records that merge nodes of both copies. Every fifth node stays unmerged.
fn merges() -> String {
    let mut lines = vec![json!({ "record": "dataset", "key": "merges" }).to_string()];
    for (number, line) in STORY.lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind = record["record"].as_str().unwrap();
        if !["person", "organization", "group", "place", "event"].contains(&kind) || number % 5 == 0 {
            continue;
        }
        let reference = |dataset| json!({ "dataset": dataset, "key": record["key"] });
        let (keep, other) = if number % 2 == 0 { ("mikdam", "copy") } else { ("copy", "mikdam") };
        let merge = json!({
            "record": "merge", "keep": reference(keep), "other": reference(other), "decision": "SAME",
            "by": "test", "at": "2021-01-01T00:00:00Z",
        });
        lines.push(merge.to_string());
    }
    lines.join("\n")
}

/// Executes a document. Returns `None` if it is refused before execution, which depends on the size of the graph, and otherwise data
/// and errors as JSON.
async fn execute(story: &Story, document: &Document) -> Option<(String, String)> {
    let parsed = ParsedDocument::parse(document.text.clone(), &story.rules.limits).ok()?;
    let (_, operation) = select_operation(&parsed, None).ok()?;
    check(&parsed, (None, &operation.node), &document.variables, &story.rules).ok()?;
    let session = Session::new(story.db.clone());
    let mut request = Request::new(String::new()).variables(document.variables.clone());
    request.set_parsed_query(parsed.parsed.clone());
    let caller = Caller { name: None, scopes: [Scope::Read].into() };
    let mut response = story.api.execute(request.data(session.clone()).data(caller)).await;
    for error in &mut response.errors {
        // `asOf` moves what stands after it.
        error.locations.clear();
    }
    session.end_snapshot().await;
    Some((to_json(&response.data), serde_json::to_string(&response.errors).unwrap()))
}

async fn compare(databases: &Databases, bytes: &[u8]) {
    let document = |story, as_of| Generator::as_of(Bytes(bytes), story, as_of).document();
    let [first, others @ ..] = databases.merged.as_slice() else { return };
    let present = document(first, AsOf::Any);
    let expected = execute(first, &present).await;
    for story in others {
        assert_eq!(execute(story, &present).await, expected, "{} {:?}", present.text, present.variables);
    }
    let unmerged = &databases.unmerged;
    let before = execute(unmerged, &document(unmerged, AsOf::Never)).await;
    for story in &databases.merged {
        let past = document(unmerged, AsOf::Always(BEFORE_MERGES));
        let found = execute(story, &past).await;
        // A search reads the present state only.
        let is_refused = |errors: &str| errors.contains("works only on the present state");
        if let (Some(before), Some(found)) = (&before, found)
            && !is_refused(&found.1)
        {
            assert_eq!(&found, before, "{} {:?}", past.text, past.variables);
            databases.compared.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn random_documents_have_one_response() {
    let databases = Arc::new(run(Databases::create()));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let bytes = prop::collection::vec(any::<u8>(), 50..600);
    // The same documents in each run: `cargo fuzz` looks for new ones.
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        .run(&bytes, |bytes| {
            let databases = Arc::clone(&databases);
            run(async move { compare(&databases, &bytes).await });
            Ok(())
        })
        .unwrap();
    // Most of the others are refused before they are executed.
    let compared = databases.compared.load(Ordering::Relaxed);
    assert!(compared > CASES / 3, "only {compared} responses were compared");
}

//! The actor graph in memory: its searches give the same answers as SQL, after every write and in every process.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use entity::merge::MergeDecision;
use newsgraph::db::Db;
use newsgraph::graphql::{AdjacencyCache, Session, Update};
use newsgraph::import::{self, MergeRequest, Options};
use proptest::prelude::{Strategy, any, prop};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story, response_json};
use crate::merge::id_of;
use crate::replica::wait_until;
use crate::server::Server;

const ACTORS: usize = 8;
const EVENTS: usize = 5;
/// Statements, and relations.
const OTHERS: usize = 4;

/// A write. Some are rejected, for example because a record does not exist.
#[derive(Clone, Debug)]
enum Write {
    Event {
        event: usize,
        is_series: bool,
        participants: Vec<usize>,
        disputed: Vec<usize>,
    },
    Statement {
        statement: usize,
        speaker: Option<usize>,
        addressee: Option<usize>,
        about: Vec<usize>,
        event: Option<usize>,
    },
    Relation {
        relation: usize,
        subject: usize,
        object: Option<usize>,
    },
    Delete(Vec<String>),
    Decide {
        keep: String,
        other: String,
        is_same: bool,
    },
    Unmerge(String),
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..ACTORS).prop_map(|at| format!("a{at}")),
        (0..EVENTS).prop_map(|at| format!("e{at}")),
        (0..OTHERS).prop_map(|at| format!("s{at}")),
        (0..OTHERS).prop_map(|at| format!("r{at}")),
    ]
}

fn pair() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        2 => (0..ACTORS, 1..ACTORS).prop_map(|(one, far)| (format!("a{one}"), format!("a{}", (one + far) % ACTORS))),
        1 => (0..EVENTS, 1..EVENTS).prop_map(|(one, far)| (format!("e{one}"), format!("e{}", (one + far) % EVENTS))),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    let actors = |most| prop::collection::vec(0..ACTORS, 0..most);
    prop_oneof![
        6 => (0..EVENTS, prop::bool::weighted(0.2), actors(5), actors(3))
            .prop_map(|(event, is_series, participants, disputed)| Write::Event { event, is_series, participants, disputed }),
        3 => (0..OTHERS, prop::option::of(0..ACTORS), prop::option::of(0..ACTORS), actors(3), prop::option::of(0..EVENTS))
            .prop_map(|(statement, speaker, addressee, about, event)| Write::Statement { statement, speaker, addressee, about, event }),
        2 => (0..OTHERS, 0..ACTORS, prop::option::weighted(0.8, 1..ACTORS)).prop_map(|(relation, subject, far)| {
            Write::Relation { relation, subject, object: far.map(|far| (subject + far) % ACTORS) }
        }),
        1 => prop::collection::vec(key(), 1..3).prop_map(Write::Delete),
        3 => (pair(), prop::bool::weighted(0.8)).prop_map(|((keep, other), is_same)| Write::Decide { keep, other, is_same }),
        2 => pair().prop_map(|(key, _)| Write::Unmerge(key)),
    ]
}

fn actor(at: &usize) -> String {
    format!("a{at}")
}

impl Write {
    async fn apply(&self, fixture: &Fixture) {
        match self {
            Self::Event { event, is_series, participants, disputed } => {
                let occurrence = if *is_series { "SERIES" } else { "HAPPENED" };
                let roles = ["AGENT", "PARTICIPANT", "TARGET"].into_iter().cycle();
                let mut participations: Vec<Value> = participants
                    .iter()
                    .zip(roles)
                    .map(|(one, role)| json!({ "actor": actor(one), "role": role }))
                    .collect();
                participations.push(json!({ "thing": "a bomb", "role": "INSTRUMENT" }));
                let disputed: Vec<Value> =
                    disputed.iter().map(|one| json!({ "actor": actor(one), "role": "AGENT" })).collect();
                let key = format!("e{event}");
                let accounts =
                    [json!({ "key": format!("{key}/account"), "label": "One version", "participations": disputed })];
                let record = json!({ "kind": "event", "key": key, "slug": key, "type": "MEETING", "title": key,
                    "occurrence": occurrence, "participations": participations, "accounts": accounts });
                fixture.import_lines(&[record]).await;
            }
            Self::Statement { statement, speaker, addressee, about, event } => {
                let mut about: Vec<String> = about.iter().map(actor).collect();
                about.extend(event.map(|event| format!("e{event}")));
                about.sort();
                about.dedup();
                let attribution = if speaker.is_some() { "NAMED_PERSON" } else { "NOT_RECORDED" };
                let record = json!({ "kind": "statement", "key": format!("s{statement}"), "summary": "It is so.",
                    "speaker": speaker.as_ref().map(actor), "addressee": addressee.as_ref().map(actor), "attribution": attribution,
                    "quoteType": "INDIRECT", "medium": "UNKNOWN", "about": about });
                fixture.import_lines(&[record]).await;
            }
            Self::Relation { relation, subject, object } => {
                let key = format!("r{relation}");
                let record = match object {
                    Some(object) => json!({ "kind": "relation", "key": key, "type": "ASSOCIATE_OF",
                        "subject": actor(subject), "object": actor(object) }),
                    None => json!({ "kind": "relation", "key": key, "type": "RESIDENT_OF",
                        "subject": actor(subject), "place": "place" }),
                };
                fixture.import_lines(&[record]).await;
            }
            Self::Delete(keys) => {
                let options = Options { dataset: Some("test".into()), keep_going: true, ..Options::default() };
                import::delete(&fixture.db, keys, &options).await.unwrap();
            }
            Self::Decide { keep, other, is_same } => {
                if let (Some((keep, kind)), Some((other, _))) = (find(fixture, keep).await, find(fixture, other).await)
                {
                    let decision = if *is_same { MergeDecision::Same } else { MergeDecision::NotSame };
                    let request = MergeRequest { kind, keep, other, decision, by: "test".into(), reason: None };
                    let _ = import::record_merge(&fixture.db, &request).await;
                }
            }
            Self::Unmerge(key) => {
                if let Some((id, kind)) = find(fixture, key).await {
                    let _ = import::unmerge(&fixture.db, kind, id, "test").await;
                }
            }
        }
    }
}

/// Returns the id and the type of a record, if it exists.
async fn find(fixture: &Fixture, key: &str) -> Option<(i64, entity::record::RecordKind)> {
    let sql = format!("SELECT key AS said FROM record WHERE key = '{key}'");
    if fixture.text_column(&sql).await.is_empty() { None } else { Some(id_of(fixture, "test", key).await) }
}

/// Imports the actors, and a place that relations refer to.
async fn import_actors(fixture: &Fixture) {
    let mut lines: Vec<Value> = (0..ACTORS)
        .map(|at| json!({ "kind": "person", "key": actor(&at), "slug": actor(&at), "label": actor(&at) }))
        .collect();
    lines.push(json!({ "kind": "place", "key": "place", "label": "A place", "type": "CITY" }));
    assert_eq!(fixture.import_lines(&lines).await.problems, []);
}

const HOP: &str = "from { id } to { id } fromParts { role standing } toParts { role standing }
    via { ... on Event { id } ... on Statement { id } ... on Relation { id } }";

/// Returns a query for all neighbors and for many paths.
fn query(at: usize, slugs: &[String]) -> String {
    let (depth, first, hops) = (1 + at % 3, [500, 2, 500, 3][at % 4], [500, 1, 3][at % 3]);
    let paths = (0..slugs.len() * 2).map(|path| {
        let (from, to) = (&slugs[path % slugs.len()], &slugs[(path * 5 + at) % slugs.len()]);
        let most = [1, 2, 3, 6][(path + at) % 4];
        format!("p{path}: path(from: {{ slug: \"{from}\" }}, to: {{ slug: \"{to}\" }}, maxHops: {most}, via: $v) {{ length complete hops {{ {HOP} }} }}")
    });
    let paths: Vec<String> = paths.collect();
    format!(
        "query($v: [ActorLinkKind!]) {{ people(first: 500) {{ nodes {{ label
            neighbors(via: $v, depth: {depth}, first: {first}) {{ complete nodes {{ actor {{ id }} distance linkCount hops(first: {hops}) {{ {HOP} }} }} }}
            appearsWith {{ complete nodes {{ actor {{ id }} linkCount hops {{ {HOP} }} }} }}
        }} }} {} }}",
        paths.join(" ")
    )
}

fn via(at: usize) -> Value {
    [json!(null), json!(["EVENT"]), json!(["STATEMENT", "RELATION"]), json!(["RELATION", "EVENT"])][at % 4].clone()
}

async fn execute(fixture: &Fixture, query: &str, at: usize, session: Session) -> Value {
    let request = Request::new(query).variables(Variables::from_json(json!({ "v": via(at) }))).data(session);
    let answer = response_json(&fixture.api.execute(request).await);
    // An actor may be deleted.
    let errors = answer["errors"].as_array().into_iter().flatten();
    for error in errors {
        assert_eq!(error["extensions"]["code"], "NOT_FOUND", "{query}\n{answer:#}");
    }
    json!({ "data": answer["data"] })
}

/// Returns true if hops were searched with SQL.
fn used_sql(session: &Session) -> bool {
    session.recorded().iter().any(|statement| statement.sql.contains("\"hops\""))
}

/// Asserts that both searches give the same answer, and that the search in memory uses no SQL.
async fn compare(fixture: &Fixture, db: &Db, cache: &Arc<AdjacencyCache>, query: &str, at: usize, what: &str) {
    assert_eq!(cache.update().await.unwrap(), Update::Current);
    let session = Session::recording(db.clone()).with_adjacency(Some(Arc::clone(cache)));
    let in_memory = execute(fixture, query, at, session.clone()).await;
    assert!(!used_sql(&session), "{what}");
    let with_sql = execute(fixture, query, at, Session::new(fixture.db.clone())).await;
    assert_eq!(in_memory, with_sql, "{what} on {}\n{query} via {}", fixture.url, via(at));
}

#[test]
fn memory_and_sql_agree_after_every_write() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
    let cases = (prop::collection::vec(write(), 1..14), any::<u8>());
    runner
        .run(&cases, |(writes, start)| {
            runtime.block_on(async {
                for fixture in databases().await {
                    import_actors(&fixture).await;
                    // Other connections, as another process has. One cache builds its arrays again all the time.
                    let other = Db::connect(&fixture.url).await.unwrap();
                    let new = |db: &Db| AdjacencyCache::new(db.clone(), 1 << 20);
                    let caches = [
                        (fixture.db.clone(), Arc::new(new(&fixture.db))),
                        (other.clone(), Arc::new(new(&other).with_max_overlay(8))),
                    ];
                    let slugs: Vec<String> = (0..ACTORS).map(|at| actor(&at)).collect();
                    for (at, write) in writes.iter().enumerate() {
                        write.apply(&fixture).await;
                        let at = usize::from(start) + at;
                        for (db, cache) in &caches {
                            compare(&fixture, db, cache, &query(at, &slugs), at, &format!("{writes:?}")).await;
                        }
                    }
                    other.close().await.unwrap();
                }
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn hubs_are_the_same_in_memory() {
    for fixture in databases().await {
        import_actors(&fixture).await;
        let cache = Arc::new(AdjacencyCache::new(fixture.db.clone(), 64 << 20));
        let slugs: Vec<String> = (0..ACTORS).map(|at| actor(&at)).collect();
        for (at, count) in [10_000, 9_999].into_iter().enumerate() {
            // Each part counts as a link, also those of a series.
            let parts = vec![json!({ "actor": "a1", "role": "AGENT" }); count];
            let lines = [
                json!({ "kind": "event", "key": "series", "type": "MEETING", "title": "Series", "occurrence": "SERIES", "participations": parts }),
                json!({ "kind": "relation", "key": "r0", "type": "ASSOCIATE_OF", "subject": "a0", "object": "a1" }),
                json!({ "kind": "statement", "key": "s0", "summary": "It is so.", "speaker": "a1", "attribution": "NAMED_PERSON",
                    "quoteType": "INDIRECT", "medium": "UNKNOWN", "about": ["a2"] }),
            ];
            assert_eq!(fixture.import_lines(&lines).await.problems, []);
            for at in [4 + at, 8 + at, 13 + at] {
                compare(&fixture, &fixture.db, &cache, &query(at, &slugs), at, &format!("{count} parts")).await;
            }
            let complete = "{ actor(slug: \"a0\") { ... on Person { neighbors(depth: 2, via: [EVENT, RELATION]) { complete } } } }";
            let session = Session::new(fixture.db.clone()).with_adjacency(Some(Arc::clone(&cache)));
            let answer = execute(&fixture, complete, 0, session).await;
            assert_eq!(answer["data"]["actor"]["neighbors"]["complete"], json!(count < 10_000), "{}", fixture.url);
        }
    }
}

/// A request whose state is not in memory searches with SQL: one that began before a write, and a point-in-time query.
#[tokio::test]
async fn only_the_same_state_is_searched_in_memory() {
    let meeting = |actors: [&str; 2]| {
        let parts = actors.map(|actor| json!({ "actor": actor, "role": "PARTICIPANT" }));
        json!({ "kind": "event", "key": "e0", "type": "MEETING", "title": "e0", "participations": parts })
    };
    let neighbors = "{ actor(slug: \"a0\") { neighbors { nodes { actor { label } } } } }";
    let labels = |answer: &Value| answer["data"]["actor"]["neighbors"]["nodes"][0]["actor"]["label"].clone();
    for fixture in databases().await {
        import_actors(&fixture).await;
        assert_eq!(fixture.import_lines(&[meeting(["a0", "a1"])]).await.problems, []);
        let cache = Arc::new(AdjacencyCache::new(fixture.db.clone(), 1 << 20));
        let session = || Session::recording(fixture.db.clone()).with_adjacency(Some(Arc::clone(&cache)));
        let nothing_loaded = session();
        assert_eq!(labels(&execute(&fixture, neighbors, 0, nothing_loaded.clone()).await), "a1");
        assert!(used_sql(&nothing_loaded));
        assert_eq!(cache.update().await.unwrap(), Update::Current);
        let (early, late) = (session(), session());
        // The first statement of a request fixes its state.
        execute(&fixture, "{ actors { totalCount } }", 0, early.clone()).await;
        assert_eq!(fixture.import_lines(&[meeting(["a0", "a2"])]).await.problems, []);
        // The adjacency is older than the state of this request.
        let stale = session();
        assert_eq!(labels(&execute(&fixture, neighbors, 0, stale.clone()).await), "a2");
        assert!(used_sql(&stale));
        assert_eq!(cache.update().await.unwrap(), Update::Current);
        // And now it is newer than the state of this one.
        assert_eq!(labels(&execute(&fixture, neighbors, 0, early.clone()).await), "a1", "{}", fixture.url);
        assert!(used_sql(&early));
        assert_eq!(labels(&execute(&fixture, neighbors, 0, late.clone()).await), "a2");
        assert!(!used_sql(&late));
        // A point-in-time query in the same request does not change the other one.
        let mixed = session();
        let both = "{ actor(slug: \"a0\") { neighbors { nodes { actor { label } } } }
            then: actor(slug: \"a0\", asOf: \"2999-01-01T00:00:00Z\") { neighbors { nodes { actor { label } } } } }";
        let answer = execute(&fixture, both, 0, mixed.clone()).await;
        assert_eq!((labels(&answer), &answer["data"]["then"]), (json!("a2"), &answer["data"]["actor"]));
        let searches = mixed.recorded().into_iter().filter(|statement| statement.sql.contains("\"hops\""));
        assert_eq!(searches.count(), 1, "{}", fixture.url);
    }
}

#[tokio::test]
async fn graph_that_needs_too_much_memory_is_searched_with_sql() {
    for story in databases_with_story().await {
        let cache = Arc::new(AdjacencyCache::new(story.db.clone(), 1_000));
        assert_eq!(cache.update().await.unwrap(), Update::TooLarge);
        let session = Session::recording(story.db.clone()).with_adjacency(Some(cache));
        let neighbors = "{ actor(slug: \"ali-al-mikdam\") { neighbors { nodes { distance } } } }";
        execute(&story, neighbors, 0, session.clone()).await;
        assert!(used_sql(&session));
    }
}

/// Servers load the graph after they have started, and stay exact while another process writes.
#[tokio::test(flavor = "multi_thread")]
async fn server_has_the_graph_in_memory_unless_it_is_turned_off() {
    const LOADED: &str = "the actor graph is in memory";
    let meeting = |with: &str| {
        let parts = ["a0", with].map(|actor| json!({ "actor": actor, "role": "PARTICIPANT" }));
        json!({ "kind": "event", "key": "e0", "type": "MEETING", "title": "e0", "participations": parts })
    };
    for fixture in databases().await {
        import_actors(&fixture).await;
        let (with, without) =
            (Server::start_with(&fixture, &[]), Server::start_with(&fixture, &["--graph-memory", "0"]));
        wait_until("the graph is loaded", async || with.log().contains(LOADED)).await;
        for round in 0..20 {
            let other = ["a1", "a2", "a3"][round % 3];
            assert_eq!(fixture.import_lines(&[meeting(other)]).await.problems, []);
            for server in [&with, &without] {
                let answer = server.query("{ actor(slug: \"a0\") { neighbors { nodes { actor { label } } } } }").await;
                let nodes = &answer["data"]["actor"]["neighbors"]["nodes"];
                assert_eq!(*nodes, json!([{ "actor": { "label": other } }]), "{}", fixture.url);
            }
        }
        assert!(!without.log().contains(LOADED));
    }
}

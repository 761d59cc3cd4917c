//! Plans: what a list of a large graph reads is found by index, and pages in order are walked and not sorted.

use async_graphql::{Request, Variables};
use newsgraph::graphql::Session;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, TransactionTrait};
use serde_json::{Value, json};

use crate::cost::steps;
use crate::fixture::{Fixture, copy_of_story, databases};

/// The plans of the statements of a query, a statement each.
pub async fn plans(fixture: &Fixture, query: &str, variables: Value) -> Vec<String> {
    let session = Session::recording(fixture.db.clone());
    let request = Request::new(query).variables(Variables::from_json(variables)).data(session.clone());
    let response = fixture.api.execute(request).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let reader = fixture.db.connection();
    let backend = reader.get_database_backend();
    let (explain, column) = match backend {
        DatabaseBackend::Postgres => ("EXPLAIN ", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN ", "detail"),
    };
    let mut plans = Vec::new();
    for statement in session.recorded() {
        let text = format!("{explain}{statement}");
        let rows = reader.query_all_raw(Statement::from_string(backend, text)).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        plans.push(lines.join("\n"));
    }
    plans
}

/// The plans that PostgreSQL keeps of the statements of a query, for whatever values come next. SQLite makes none such.
async fn kept_plans(fixture: &Fixture, query: &str) -> Vec<String> {
    let session = Session::recording(fixture.db.clone());
    let response = fixture.api.execute(Request::new(query).data(session.clone())).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let mut plans = Vec::new();
    if fixture.db.connection().get_database_backend() == DatabaseBackend::Sqlite {
        return plans;
    }
    let transaction = fixture.db.connection().begin().await.unwrap();
    transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await.unwrap();
    for statement in session.recorded() {
        let types: Vec<&str> = statement.values.iter().flat_map(|values| &values.0).map(type_of).collect();
        let listed =
            |words: Vec<&str>| if words.is_empty() { String::new() } else { format!("({})", words.join(", ")) };
        let values = listed(vec!["NULL"; types.len()]);
        let prepare = format!("PREPARE kept {} AS {}", listed(types), statement.sql);
        transaction.execute_unprepared(&prepare).await.unwrap();
        let explain = Statement::from_string(DatabaseBackend::Postgres, format!("EXPLAIN EXECUTE kept{values}"));
        let rows = transaction.query_all_raw(explain).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.try_get("", "QUERY PLAN").unwrap()).collect();
        plans.push(lines.join("\n"));
        transaction.execute_unprepared("DEALLOCATE kept").await.unwrap();
    }
    plans
}

/// The type as which PostgreSQL is told a value.
fn type_of(value: &sea_orm::Value) -> &'static str {
    use sea_orm::sea_query::{ArrayType, Value};
    match value {
        Value::Array(ArrayType::String, _) => "text[]",
        Value::Array(..) => "bigint[]",
        Value::String(_) => "text",
        Value::Double(_) => "double precision",
        Value::Bool(_) => "boolean",
        _ => "bigint",
    }
}

const LARGE: &[&str] = &["event", "participation", "statement", "evidence", "name", "name_key", "record", "actor"];

/// Reads a large table from end to end.
fn scans(plan: &str) -> bool {
    scans_one(LARGE, plan)
}

fn scans_one(tables: &[&str], plan: &str) -> bool {
    plan.lines().any(|line| {
        let line = line.trim_start_matches([' ', '-', '>']);
        tables.iter().any(|table| {
            line.starts_with(&format!("Seq Scan on {table} "))
                || line == format!("SCAN {table}")
                || line == format!("SCAN {table} LEFT-JOIN")
        })
    })
}

/// Sorts a table instead of walking it in order.
fn sorts(plan: &str) -> bool {
    plan.contains("USE TEMP B-TREE FOR ORDER BY")
        || plan.lines().any(|line| line.trim_start_matches([' ', '-', '>']).starts_with("Sort "))
}

#[tokio::test]
async fn lists_read_indexes() {
    for fixture in databases().await {
        for copy in 0..60 {
            assert_eq!(fixture.import(&copy_of_story(copy)).await.problems, []);
        }
        fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
        let cursor = fixture.ask("{ events(orderBy: [{ field: WHEN }], first: 500) { pageInfo { endCursor } } }").await;
        let cursor = cursor["events"]["pageInfo"]["endCursor"].clone();
        for (query, may_sort) in [
            ("{ events(orderBy: [{ field: WHEN }]) { nodes { title } } }", false),
            ("{ events(orderBy: [{ field: WHEN, direction: DESC }]) { nodes { title } } }", false),
            (
                "query($cursor: String) { events(orderBy: [{ field: WHEN }], after: $cursor) { nodes { title } } }",
                false,
            ),
            ("{ statements(orderBy: [{ field: SAID_AT }]) { nodes { summary } } }", false),
            ("{ people(orderBy: [{ field: LABEL }]) { nodes { label } } }", false),
            (
                "{ events(filter: { slug: { eq: \"copy-3-visit-of-kadhimi-to-mikdam\" } }) { nodes { title participations { nodes { role actor { label } } } } } }",
                true,
            ),
            (
                "{ event(slug: \"copy-7-visit-of-kadhimi-to-mikdam\") { evidence { totalCount nodes { start } } record { key } } }",
                true,
            ),
            (
                "{ events(filter: { participations: { some: { actor: { slug: { eq: \"copy-3-mustafa-al-kadhimi\" } } } } }) { totalCount nodes { title } } }",
                true,
            ),
            (
                "{ article(slug: \"copy-5-rudaw-2021-07-11-mikdam\") { annotations(first: 10) { nodes { start } } } }",
                true,
            ),
            (
                "{ actor(slug: \"copy-3-ali-al-mikdam\") { timeline { totalCount nodes { __typename } } events { facets(by: [TYPE, ACTOR]) { distinct } histogram(interval: DAY) { undated } } } }",
                true,
            ),
            (
                "{ event(slug: \"copy-3-visit-of-kadhimi-to-mikdam\") { coverage { articles statements speakers } } }",
                true,
            ),
            (
                "{ actor(slug: \"copy-3-ali-al-mikdam\") { neighbors { nodes { linkCount } } appearsWith { nodes { linkCount } } } }",
                true,
            ),
            (
                "{ path(from: { slug: \"copy-3-mustafa-al-kadhimi\" }, to: { slug: \"copy-3-jeanine-hennis-plasschaert\" }) { length hops { via { __typename } } } }",
                true,
            ),
        ] {
            for plan in plans(&fixture, query, json!({ "cursor": cursor })).await {
                assert!(!scans(&plan), "{query} on {}\n{plan}", fixture.url);
                assert!(may_sort || !sorts(&plan), "{query} on {}\n{plan}", fixture.url);
            }
        }
        // Values that an index has are counted by it. PostgreSQL may well prefer the table, of which no row is put in order.
        if fixture.url.starts_with("sqlite:") {
            let query = "{ events(first: 0) { facets(by: [TYPE, PLACE, STANDING]) { buckets { value count } } } }";
            for plan in plans(&fixture, query, json!({})).await {
                assert!(!scans(&plan), "{query} on {}\n{plan}", fixture.url);
            }
        }
        // What rows refer to is looked up for the rows of a page: it stands there under the name of its field.
        for (query, names) in [
            (
                "{ events(orderBy: [{ field: WHEN }]) { nodes { place { label } parent { title } } } }",
                ["place", "parent"],
            ),
            (
                "{ event(slug: \"copy-3-visit-of-kadhimi-to-mikdam\") { place { label } parent { title } } }",
                ["place", "parent"],
            ),
            (
                "{ statements(first: 100, orderBy: [{ field: SAID_AT }]) { nodes { speaker { label } voice { label } } } }",
                ["speaker", "voice"],
            ),
            (
                "{ events(first: 10, orderBy: [{ field: WHEN }]) { nodes { participations { nodes { actor { label } event { title } } } } } }",
                ["actor", "event"],
            ),
        ] {
            let all = plans(&fixture, query, json!({})).await;
            assert_eq!(all.len(), 1 + query.matches("participations").count(), "{query} on {}", fixture.url);
            for plan in &all {
                assert!(!scans(plan) && !scans_one(&names, plan), "{query} on {}\n{plan}", fixture.url);
            }
            assert!(names.iter().all(|name| all.last().unwrap().contains(name)), "{query}\n{all:#?}");
        }
    }
}

/// Where most rows pass a filter through relations, a page does not take the reading of all that pass.
#[tokio::test]
async fn a_page_of_many_that_pass_walks_by_few() {
    let mut records = vec![json!({ "kind": "person", "key": "p", "label": "One", "country": "IQ" })];
    for number in 0..20_000 {
        let parts = json!([{ "actor": "p", "role": "VISITOR" }]);
        let key = format!("event/{number}");
        let when = format!("{}", 1900 + number / 200);
        records.push(json!({ "kind": "event", "key": key, "type": "VISIT", "when": when, "participations": parts }));
    }
    for fixture in databases().await {
        // PostgreSQL chooses by its statistics.
        if fixture.db.dialect().0 != DatabaseBackend::Sqlite {
            continue;
        }
        assert_eq!(fixture.import_lines(&records).await.problems, []);
        fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
        let steps = async |first: usize| {
            let filter = "{ participations: { some: { role: { eq: VISITOR }, actor: { country: { eq: \"IQ\" } } } } }";
            steps(
                &fixture,
                &format!(
                    "{{ events(orderBy: [{{ field: WHEN }}], first: {first}, filter: {filter}) {{ nodes {{ id }} }} }}"
                ),
            )
            .await
        };
        let (few, many) = (steps(10).await, steps(100).await);
        assert!(many < 20_000 && few < many / 5, "{few} and {many} steps");
        // What nothing passes is not looked for again and again, not once for each row of another table, and not in all that is
        // tied to a hub.
        for query in [
            "{ events(orderBy: [{ field: WHEN }], filter: { participations: { some: { role: { eq: VISITOR } } }, figures: { some: { unit: { eq: \"x\" } } } }) { nodes { id } } }",
            "{ events(orderBy: [{ field: WHEN }], filter: { parent: { participations: { some: { role: { eq: VICTIM } } } } }) { nodes { id } } }",
            "{ people(filter: { participations: { some: { event: { type: { eq: KILLING } } } } }) { nodes { id } } }",
        ] {
            for plan in plans(&fixture, query, json!({})).await {
                assert!(!plan.contains("EXISTS USING") && !scans_one(&["event"], &plan), "{query}\n{plan}");
                assert!(query.contains("events(") == plan.contains("walked"), "{query}\n{plan}");
            }
        }
    }
}

/// A name is looked up by index, whatever the rule: of the tables of names nothing is read from end to end.
#[tokio::test]
async fn names_are_found_by_index() {
    const SYLLABLES: &[&str] = &["ka", "lim", "dar", "so", "neb", "ru", "fat", "hag", "mir", "zu", "tan", "bo"];
    let person = |number: usize| {
        let syllable = |by: usize| SYLLABLES[number / by % SYLLABLES.len()];
        let name = format!("{}{} {}{}{number}", syllable(1), syllable(12), syllable(144), syllable(1728));
        json!({ "kind": "person", "key": format!("p{number}"), "label": name, "names": [{ "text": name }] })
    };
    for fixture in databases().await {
        let people: Vec<Value> = (0..20_000).map(person).collect();
        assert_eq!(fixture.import_lines(&people).await.problems, []);
        fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
        // A kept plan does not know how rare the words are that will be asked for.
        for query in [
            "{ search(text: \"Qalimdar Sonebb\", kinds: [ACTOR]) { totalCount hits { node { id } } } }",
            "{ people(filter: { search: \"Qalimdar\" }) { totalCount nodes { id } } }",
        ] {
            let plans = kept_plans(&fixture, query).await;
            let searches: Vec<&String> = plans.iter().filter(|plan| plan.contains(" on search")).collect();
            assert!(searches.is_empty() == (fixture.db.dialect().0 == DatabaseBackend::Sqlite), "{plans:#?}");
            for plan in searches {
                let whole = plan.contains("search_pkey") || scans_one(&["search", "name_key"], plan);
                assert!(plan.contains("search_words") && !whole, "{query}: {plan}");
            }
        }
        for rule in ["EXACT", "FOLDED", "TRANSLITERATED", "PHONETIC"] {
            for name in ["Qalimdar Sonebb", "Quarkless"] {
                for query in [
                    format!(
                        "{{ people(filter: {{ name: {{ matches: \"{name}\", modes: [{rule}] }} }}) {{ totalCount nodes {{ label }} }} }}"
                    ),
                    format!(
                        "{{ search(text: \"{name}\", modes: [{rule}]) {{ totalCount suggestions hits {{ node {{ id }} }} }} }}"
                    ),
                ] {
                    let plans = plans(&fixture, &query, json!({})).await;
                    // What was found may then be joined to a small table by reading that.
                    let scan = plans.iter().find(|plan| scans_one(&["name_key"], plan));
                    assert_eq!(scan, None, "{query} on {}", fixture.url);
                    let indexes = ["name_text", "name_key_pkey", "sqlite_autoindex_name_key_1"];
                    let index = if rule == "EXACT" { &indexes[..1] } else { &indexes[1..] };
                    let enters = |plan: &String| index.iter().any(|index| plan.contains(index));
                    assert!(plans.iter().any(enters), "{query} on {}: {plans:#?}", fixture.url);
                }
            }
        }
    }
}

/// PostgreSQL knows how much an import wrote as soon as it has written it: its own look at the tables may come in the middle of the
/// import, when they are empty to all others, and then a count of 100,000 events took more than half an hour.
#[tokio::test]
async fn planners_know_what_was_imported() {
    for fixture in databases().await {
        let events: Vec<Value> =
            (0..2_000).map(|at| json!({ "kind": "event", "key": at.to_string(), "type": "OTHER" })).collect();
        assert_eq!(fixture.import_lines(&events).await.problems, []);
        let reader = fixture.db.connection();
        if reader.get_database_backend() == DatabaseBackend::Postgres {
            let sql = "SELECT reltuples FROM pg_class WHERE oid = 'event'::regclass";
            let statement = Statement::from_string(DatabaseBackend::Postgres, sql);
            let row = reader.query_one_raw(statement).await.unwrap().unwrap();
            assert_eq!(row.try_get::<f32>("", "reltuples").unwrap(), 2_000.0);
        }
    }
}

//! Query plans: lists use indexes, and ordered pages are read in index order instead of being sorted.

use newsgraph::graphql::Session;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, TransactionTrait};
use serde_json::{Value, json};

use crate::cost::steps;
use crate::fixture::{Fixture, copy_of_story, databases};

/// Returns the query plan of each SQL statement of a GraphQL query.
pub async fn plans(fixture: &Fixture, query: &str, variables: Value) -> Vec<String> {
    let session = Session::recording(fixture.db.clone());
    fixture.execute(query, variables, &session).await;
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

/// Returns PostgreSQL's generic plans, which prepared statements reuse for other values. Empty on SQLite, which has none.
async fn generic_plans(fixture: &Fixture, query: &str) -> Vec<String> {
    let session = Session::recording(fixture.db.clone());
    fixture.execute(query, json!({}), &session).await;
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

/// Returns the PostgreSQL type of a bound value.
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

/// Returns whether the plan reads a large table completely.
fn has_full_scan(plan: &str) -> bool {
    has_full_scan_of(LARGE, plan)
}

fn has_full_scan_of(tables: &[&str], plan: &str) -> bool {
    let lines = || plan.lines().map(|line| line.trim_start_matches([' ', '-', '>']));
    tables.iter().any(|table| {
        let is_scan = |line: &str| {
            line.starts_with(&format!("Seq Scan on {table} "))
                || line == format!("SCAN {table}")
                || line == format!("SCAN {table} LEFT-JOIN")
        };
        // A limited subquery that has the name of the table.
        let is_subquery = |line: &str| line == format!("CO-ROUTINE {table}");
        lines().filter(|line| is_scan(line)).count() > lines().filter(|line| is_subquery(line)).count()
    })
}

/// Returns whether the plan sorts rows instead of reading them in index order.
fn has_sort(plan: &str) -> bool {
    plan.contains("USE TEMP B-TREE FOR ORDER BY")
        || plan.lines().any(|line| line.trim_start_matches([' ', '-', '>']).starts_with("Sort "))
}

#[tokio::test]
async fn lists_use_indexes() {
    for fixture in databases().await {
        for copy in 0..60 {
            assert_eq!(fixture.import(&copy_of_story(copy)).await.problems, []);
        }
        fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
        let cursor =
            fixture.query("{ events(orderBy: [{ field: WHEN }], first: 500) { pageInfo { endCursor } } }").await;
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
                assert!(!has_full_scan(&plan), "{query} on {}\n{plan}", fixture.url);
                assert!(may_sort || !has_sort(&plan), "{query} on {}\n{plan}", fixture.url);
            }
        }
        // Facets of indexed columns are counted in the index. PostgreSQL may prefer to scan the table, which needs no order.
        if fixture.url.starts_with("sqlite:") {
            let query = "{ events(first: 0) { facets(by: [TYPE, PLACE, STANDING]) { buckets { value count } } } }";
            for plan in plans(&fixture, query, json!({})).await {
                assert!(!has_full_scan(&plan), "{query} on {}\n{plan}", fixture.url);
            }
        }
        // References are joined for the rows of the page only, under the name of their field.
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
                assert!(!has_full_scan(plan) && !has_full_scan_of(&names, plan), "{query} on {}\n{plan}", fixture.url);
            }
            assert!(names.iter().all(|name| all.last().unwrap().contains(name)), "{query}\n{all:#?}");
        }
    }
}

/// If most rows pass a filter through relations, a page does not read all of them.
#[tokio::test]
async fn page_of_a_broad_filter_reads_few_rows() {
    let mut records = vec![json!({ "kind": "person", "key": "p", "label": "One", "country": "IQ" })];
    for number in 0..20_000 {
        let parts = json!([{ "actor": "p", "role": "VISITOR" }]);
        let key = format!("event/{number}");
        let when = format!("{}", 1900 + number / 200);
        records.push(json!({ "kind": "event", "key": key, "type": "VISIT", "when": when, "participations": parts }));
    }
    for fixture in databases().await {
        // PostgreSQL chooses the plan by its statistics.
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
        // A filter that no row passes is not evaluated repeatedly, once per row of another table, or for all rows of a highly
        // connected entity.
        for query in [
            "{ events(orderBy: [{ field: WHEN }], filter: { participations: { some: { role: { eq: VISITOR } } }, figures: { some: { unit: { eq: \"x\" } } } }) { nodes { id } } }",
            "{ events(orderBy: [{ field: WHEN }], filter: { parent: { participations: { some: { role: { eq: VICTIM } } } } }) { nodes { id } } }",
            "{ people(filter: { participations: { some: { event: { type: { eq: KILLING } } } } }) { nodes { id } } }",
        ] {
            for plan in plans(&fixture, query, json!({})).await {
                assert!(!plan.contains("EXISTS USING") && !has_full_scan_of(&["event"], &plan), "{query}\n{plan}");
                assert!(query.contains("events(") == plan.contains("scanned"), "{query}\n{plan}");
            }
        }
        // A page after a cursor starts at the row of the cursor.
        for filter in [
            "{}",
            "{ participations: { some: { role: { eq: VISITOR } } } }",
            "{ not: { title: { eq: \"x\" } }, participations: { some: {} } }",
        ] {
            for order in ["{ field: WHEN }", "{ field: WHEN, direction: DESC }"] {
                let query = format!(
                    "query($after: String) {{ events(orderBy: [{order}], first: 10, after: $after, filter: {filter}) {{ nodes {{ id }} }} }}"
                );
                let first = format!("{{ events(orderBy: [{order}], first: 10) {{ pageInfo {{ endCursor }} }} }}");
                let cursor = fixture.query(&first).await["events"]["pageInfo"]["endCursor"].clone();
                for plan in plans(&fixture, &query, json!({ "after": cursor })).await {
                    let enters = plan.contains("SEARCH event USING INDEX event_when")
                        || plan.contains("SEARCH event USING COVERING INDEX event_when");
                    assert!(enters && !plan.contains("SCAN event USING"), "{query}\n{plan}");
                }
            }
        }
    }
}

/// Name searches use an index for every rule, and never read the tables of names completely.
#[tokio::test]
async fn name_searches_use_indexes() {
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
        // A generic plan does not know how rare the searched words are.
        for query in [
            "{ search(text: \"Qalimdar Sonebb\", kinds: [ACTOR]) { totalCount hits { node { id } } } }",
            "{ people(filter: { search: \"Qalimdar\" }) { totalCount nodes { id } } }",
        ] {
            let plans = generic_plans(&fixture, query).await;
            let searches: Vec<&String> = plans.iter().filter(|plan| plan.contains(" on search")).collect();
            assert!(searches.is_empty() == (fixture.db.dialect().0 == DatabaseBackend::Sqlite), "{plans:#?}");
            for plan in searches {
                let whole = plan.contains("search_pkey") || has_full_scan_of(&["search", "name_key"], plan);
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
                    // Joining the matches to a small table may scan that table.
                    let scan = plans.iter().find(|plan| has_full_scan_of(&["name_key"], plan));
                    assert_eq!(scan, None, "{query} on {}", fixture.url);
                    let indexes = ["name_text", "name_key_pkey", "sqlite_autoindex_name_key_1"];
                    let index = if rule == "EXACT" { &indexes[..1] } else { &indexes[1..] };
                    let uses_index = |plan: &String| index.iter().any(|index| plan.contains(index));
                    assert!(plans.iter().any(uses_index), "{query} on {}: {plans:#?}", fixture.url);
                }
            }
        }
    }
}

/// An import updates PostgreSQL's statistics. Otherwise autovacuum may analyze the tables during the import, when other
/// transactions see them empty; then counting 100,000 events took more than half an hour.
#[tokio::test]
async fn import_updates_planner_statistics() {
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

//! Answers of plans: recorded ones, the same on both databases. Review changed ones with `cargo insta review`.

use async_graphql::{Executor, Request, Variables};
use newsgraph::auth::{Caller, Scope};
use newsgraph::config::Limits;
use newsgraph::embed::EmbeddedApi;
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases_with_story};

/// Executes a document and returns its data.
async fn execute(fixture: &Fixture, query: &str, variables: &Value) -> Value {
    fixture.query_with(query, variables.clone()).await
}

/// Compares the answers to documents with the recorded ones.
async fn compare(name: &str, documents: &[&str]) {
    for fixture in databases_with_story().await {
        let mut answers = String::new();
        for document in documents {
            let (answer, _) = fixture.query_counting_statements(document, json!({})).await;
            answers.push_str(&format!("{document}\n{answer}\n\n"));
        }
        insta::assert_snapshot!(name, answers);
    }
}

/// The columns, dates and foreign keys of all types, and lists below rows, with fragments, aliases and repeated fields.
const DOCUMENTS: &[&str] = &[
    "{ events(first: 50) { nodes { __typename id slug type sourceType title titleSource summary when { __typename edtf raw earliest latest }
        place { id label parent { label parent { label } } } placeNote placeCertainty placePrecision occurrence standing
        parent { id title place { label } } record { key dataset { key title } } claim { text standing } } } }",
    "{ articles { nodes { id headline url timeZone language textLength published { edtf raw earliest } publisher { __typename id label } dateline { label }
        statements(first: 5, orderBy: [{ field: RECORDED }]) { totalCount nodes { id summary speaker { id label } } } } } }",
    "{ events(first: 50) { nodes { id participations(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { role actor { id label } account { label event { id } } } }
        evidence(first: 3, orderBy: [{ field: RECORDED, direction: DESC }]) { edges { cursor node { start end quote target { __typename id ... on Event { title } ... on Participation { role } } article { headline } } } } } } }",
    "{ actors(first: 100) { nodes { __typename id label ...P ... on Organization { kind place { label } names { nodes { text bearer { id } } } } ... on AnonymousSource { reason closeTo { label } }
        ... on Actor { slug sector } ... on Node { id } } } } fragment P on Person { occupation born { edtf earliest raw } died { edtf } statements { nodes { summary text } } }",
    "{ people { nodes { label occupation relations { nodes { kind from { __typename edtf latest } to { edtf } object { label } } } } } }",
    "{ a: statements(first: 3) { totalCount } statements(last: 3) { totalCount pageInfo { __typename startCursor endCursor hasNextPage hasPreviousPage } nodes { summary stances { nodes { stance current claim { text standing subject { __typename } } } } } }
        a: statements(first: 3) { nodes { id } } }",
    "{ statements(filter: { attribution: { in: [ANONYMOUS] }, stances: { some: {} } }) { totalCount nodes { summary saidAt { raw } article { publisher { label } } } } }",
    "{ events(first: 500) { nodes { place { label } parent { title place { label } } participations(first: 200) { nodes { actor { label } } } } } }",
    "{ events(filter: { participations: { some: { role: { eq: VISITOR } } } }, orderBy: [{ field: WHEN }]) { edges { cursor node { title } } } }",
    "{ figures { nodes { counted value lower upper unit qualifier period { edtf } target { id } partOf { counted } } } mentions { nodes { text kind start resolvedTo { __typename ... on Place { label } } } } }",
    "{ datasets { nodes { id key title } } relations { totalCount nodes { title } } claims(first: 2) { pageInfo { hasNextPage } edges { node { implied } } } }",
    "{ events(first: 0) { totalCount nodes { id } pageInfo { hasNextPage startCursor } } changes(first: 4) { nodes { operation kind batch } } }",
];

#[tokio::test]
async fn answers_are_those_recorded() {
    compare("answers", DOCUMENTS).await;
}

#[tokio::test]
async fn plans_page_by_cursor_in_both_directions() {
    let forward = "query($first: Int!, $after: String, $order: [EventOrder!]) { events(first: $first, after: $after, orderBy: $order) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id title place { label } } } } }";
    let backward = "query($last: Int!, $before: String, $order: [EventOrder!]) { events(last: $last, before: $before, orderBy: $order) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } } }";
    for fixture in databases_with_story().await {
        for order in [json!(null), json!([{ "field": "WHEN" }]), json!([{ "field": "WHEN", "direction": "DESC" }])] {
            let (mut after, mut seen) = (Value::Null, Vec::new());
            loop {
                let variables = json!({ "first": 4, "after": after, "order": order });
                let page = execute(&fixture, forward, &variables).await["events"].take();
                let ids = page["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["id"].clone());
                seen.extend(ids);
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = page["pageInfo"]["endCursor"].clone();
            }
            let (mut before, mut back) = (Value::Null, Vec::new());
            loop {
                let variables = json!({ "last": 3, "before": before, "order": order });
                let page = execute(&fixture, backward, &variables).await["events"].take();
                let ids = page["edges"].as_array().unwrap().iter().rev().map(|edge| edge["node"]["id"].clone());
                back.extend(ids);
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
                before = page["pageInfo"]["startCursor"].clone();
            }
            back.reverse();
            assert!(seen.len() > 8 && seen == back, "{order}");
        }
    }
}

#[tokio::test]
async fn plans_find_nodes_by_id_and_follow_merges() {
    let records = [
        json!({ "record": "dataset", "key": "d" }),
        json!({ "record": "person", "key": "a", "label": "A", "names": [{ "text": "A" }] }),
        json!({ "record": "person", "key": "b", "label": "B", "names": [{ "text": "B" }] }),
    ];
    let merge = [
        json!({ "record": "merge", "keep": { "dataset": "test", "key": "a" }, "other": { "dataset": "test", "key": "b" }, "decision": "SAME" }),
    ];
    let query = "query($id: ID!) { actor(id: $id) { id label ... on Person { occupation names { nodes { text } } } } }";
    for fixture in crate::fixture::databases().await {
        fixture.import_lines(&records[1..]).await;
        let all = execute(&fixture, "{ people { nodes { id label } } }", &json!({})).await;
        let ids: Vec<Value> = all["people"]["nodes"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        for person in all["people"]["nodes"].as_array().unwrap() {
            let found = execute(&fixture, query, &json!({ "id": person["id"] })).await;
            assert_eq!((&found["actor"]["id"], &found["actor"]["label"]), (&person["id"], &person["label"]));
        }
        fixture.import_lines(&merge).await;
        for id in &ids {
            let found = execute(&fixture, query, &json!({ "id": id })).await;
            assert_eq!(found["actor"]["label"], "A");
        }
        let missing = execute(&fixture, query, &json!({ "id": "YWN0b3I6OTk5OTk5" })).await;
        assert_eq!(missing, json!({ "actor": null }));
    }
}

/// One response key that is selected for all types and for one type, in either order.
#[tokio::test]
async fn repeated_selections_of_a_key_are_written_once() {
    let documents = [
        "{ actors(first: 100) { nodes { ... on Person { label } label } } }",
        "{ actors(first: 100) { nodes { label ... on Person { label } ... on Group { label } } } }",
        "{ actors(first: 100) { nodes { ... on Person { names { nodes { text } } } names { nodes { id } } } } }",
        "{ actors(first: 100) { nodes { names { nodes { id } } ... on Person { names { nodes { text } } } } } }",
    ];
    compare("repeated-selections", &documents).await;
}

/// Fragments that spread the next one twice stand for a billion selections. They are not expanded.
#[tokio::test]
async fn fragments_that_stand_for_many_selections_are_visited_once() {
    let mut document = "{ events { nodes { ...F0 } } } fragment F30 on Event { id }".to_owned();
    for number in 0..30 {
        let next = number + 1;
        document += &format!(" fragment F{number} on Event {{ ...F{next} ...F{next} }}");
    }
    for fixture in databases_with_story().await {
        let started = std::time::Instant::now();
        let answer = fixture.query(&document).await;
        assert!(started.elapsed().as_secs() < 1, "{:?}", started.elapsed());
        assert_eq!(answer, fixture.query("{ events { nodes { id } } }").await);
    }
}

/// Documents whose answers have errors, or values that are computed.
#[tokio::test]
async fn plans_report_errors_at_their_paths() {
    let documents = [
        "{ search(text: \"Mikdam\") { hits { rule node { id ... on Event { title } } highlights { marked } } totalCount suggestions } }",
        "{ search(text: \"-x\") { totalCount } events { nodes { id } } }",
        "{ events { facets(by: [TYPE, PLACE], first: 3) { by distinct missing buckets { value label count node { id __typename } } } } }",
        "{ events(first: 501) { nodes { id } } }",
        "{ a: events(first: 501) { __typename totalCount } events(after: \"x\") { nodes { id } } }",
        "{ events(first: 5) { nodes { id @include(if: true) title @skip(if: true) participations(first: 900) { nodes { id } } } } }",
        "{ events(first: 5) { nodes { id participations(first: 3, after: \"x\") { totalCount } } } }",
        "{ events(first: 2) { facets(by: []) { by } nodes { participations { facets(by: []) { by } } } } }",
        "{ __schema { queryType { name } } __typename events(first: 1) { nodes { __typename } } __type(name: \"Event\") { name } }",
        "{ event(id: \"x\") { id } events(first: 1) { nodes { id } } }",
        "{ event { id } actor(slug: \"ali-al-mikdam\", id: \"x\") { id } }",
        "{ events(asOf: \"2030-01-01T00:00:00Z\") { nodes { id title place { label parent { label } } participations { nodes { actor { label } } } } } }",
        "{ events(asOf: \"2000-01-01T00:00:00Z\") { totalCount nodes { id } } }",
        "{ events(asOf: \"2030-01-01T00:00:00Z\", filter: { search: \"x\" }) { totalCount nodes { id } } }",
        "{ places(first: 3) { nodes { label distanceKm(from: { latitude: 100, longitude: 0 }) } } }",
        "{ places(first: 9) { nodes { label a: distanceKm(from: { latitude: 1, longitude: 2.5 }) b: distanceKm(from: { latitude: 33, longitude: 44 }) } } }",
        "{ changes(first: 2) { nodes { by fields { field before after } nodeId node { id __typename } } } }",
        "{ node(id: \"x\") { id } }",
        "{ nodes(ids: [\"YWN0b3I6OTk5OTk5\", \"x\"]) { id } }",
        "{ nodes(ids: [\"YWN0b3I6OTk5OTk5\"]) { id } node(id: \"YWN0b3I6OTk5OTk5\") { __typename } }",
        "{ path(from: { slug: \"nobody\" }, to: { slug: \"ali-al-mikdam\" }) { length } }",
        "{ actor(slug: \"ali-al-mikdam\") { neighbors(depth: 9) { complete } label } }",
        "{ actor(slug: \"ali-al-mikdam\") { neighbors(first: 4) { nodes { distance linkCount a: hops(first: 1) { from { label } via { __typename } } hops(first: 501) { to { id } } } } } }",
        "{ actor(slug: \"ali-al-mikdam\") { neighbors(first: 4, depth: 2) { complete nodes { actor { __typename id label } distance hops { from { label } to { label } via { ... on Event { title } ... on Statement { summary } } fromParts { role standing source { __typename ... on Statement { cue } ... on Participation { note } } } toParts { role } } } } } }",
        "{ actor(slug: \"ali-al-mikdam\") { appearsWith { nodes { linkCount actor { label } } } timeline(first: 3) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { __typename ... on Event { id title } } } nodes { ... on Statement { summary speaker { label } } } } } }",
        "{ claims(first: 30) { nodes { text sides { __typename implied asserts { count voices { label actor { id } } statements { id summary speaker { label } } } denies { count voices { label } } } } } }",
        "{ figures { sums { unit count value lower upper } histogram(interval: MONTH, every: 2, empty: true) { undated buckets { from to count } } } events { h: histogram(interval: YEAR, uncertain: SPREAD) { buckets { from count } } histogram(interval: DAY, every: 0) { undated } } }",
        "{ actors(filter: { name: { search: \"Mikdan\" } }) { suggestions nodes { id } } people { suggestions } }",
        "{ mergeCandidates(of: \"x\") { node { id } } eventTypes { type parent plover acled cameo } }",
        "{ events(first: 3) { nodes { coverage { articles statements speakers accounts } record { key version dataset { key } } participations(role: [VISITOR, VICTIM], accounts: AGREED) { totalCount nodes { role } } } } }",
        "{ articles { nodes { text headline record { version } } } anonymousSources { nodes { descriptor article { text } } } }",
        "{ events(filter: { id: { eq: \"x\" } }) { nodes { id } } statements(filter: { article: { slug: { eq: \"nothing\" } } }) { totalCount } }",
        "{ merges { nodes { id by kept { id } keptId } } datasets { facets(by: [LICENSE]) { buckets { value } } } }",
        "{ events(first: 4) { nodes { title place { label events(first: 501) { totalCount } } } } }",
        "{ nodes(ids: [\"YWN0b3I6MTEz\", \"ZXZlbnQ6MTkw\", \"YWN0b3I6OTk5OTk5\"]) { id ... on Actor { timeline(first: 501) { totalCount } } } events(first: 1) { nodes { id } } }",
        "{ actor(slug: \"ali-al-mikdam\") { neighbors(first: 2) { a: nodes { hops(first: 1) { via { __typename } } } b: nodes { hops(first: 3) { fromParts { role } } } } } }",
        "{ article(record: { dataset: \"mikdam\", key: \"x\" }) { id } event(externalId: { scheme: \"a\", value: \"b\" }) { id } }",
    ];
    compare("errors-and-computed-values", &documents).await;
}

/// Plans are cached by document. A variable that is left out has its default value, and one that is null has not.
#[tokio::test]
async fn a_variable_that_is_null_is_not_one_that_is_left_out() {
    for fixture in databases_with_story().await {
        let api = EmbeddedApi::new(fixture.db.clone(), Limits::defaults().unwrap()).unwrap();
        let execute = async |document: &str, variables: Value| {
            let response = api.execute(Request::new(document).variables(Variables::from_json(variables))).await;
            let codes = response.errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>();
            (response.data.into_json().unwrap(), codes)
        };
        let sized = "query($n: Int = 5) { events(first: $n) { totalCount nodes { id } pageInfo { hasNextPage } } }";
        for (variables, expected) in
            [(json!({}), 5), (json!({ "n": null }), 20), (json!({ "n": 2 }), 2), (json!({}), 5)]
        {
            let (data, errors) = execute(sized, variables.clone()).await;
            assert_eq!(errors, [""; 0]);
            assert_eq!(data["events"]["nodes"].as_array().unwrap().len(), expected, "{variables}");
            assert_eq!(data["events"]["totalCount"], 28, "{variables}");
            assert_eq!(data["events"]["pageInfo"]["hasNextPage"], true, "{variables}");
        }
        let conditional = "query($x: Boolean = false) { events(first: 1) { nodes { id title @include(if: $x) occurrence @skip(if: $x) } } }";
        for (variables, shown) in
            [(json!({}), "occurrence"), (json!({ "x": true }), "title"), (json!({}), "occurrence")]
        {
            let (data, errors) = execute(conditional, variables.clone()).await;
            assert_eq!(errors, [""; 0]);
            let node = data["events"]["nodes"][0].as_object().unwrap().clone();
            assert_eq!(node.keys().map(String::as_str).collect::<Vec<_>>(), ["id", shown], "{variables}");
        }
        let (_, errors) = execute(conditional, json!({ "x": null })).await;
        assert!(errors[0].contains("is null"), "{errors:?}");
        let (_, errors) =
            execute("query($n: Int! = 5) { events(first: $n) { totalCount } }", json!({ "n": null })).await;
        assert!(errors[0].contains("missing or null"), "{errors:?}");
    }
}

/// The response has no data after the first error, so what follows must not be written unseen.
#[tokio::test]
async fn a_mutation_ends_at_its_first_error() {
    let mutation = "mutation($records: [JSON!]!) { a: deleteRecords(dataset: \"nope\", keys: [\"x\"]) { written }
        b: importRecords(dataset: \"desk\", records: $records) { written } }";
    let records = json!({ "records": [{ "kind": "person", "key": "ann", "label": "Ann" }] });
    for fixture in crate::fixture::databases().await {
        let caller = Caller { name: Some("desk".into()), scopes: [Scope::Read, Scope::Write].into() };
        let api = EmbeddedApi::new(fixture.db.clone(), Limits::defaults().unwrap()).unwrap().with_caller(caller);
        let response = api.execute(Request::new(mutation).variables(Variables::from_json(records.clone()))).await;
        assert_eq!(response.errors.len(), 1);
        assert_eq!(response.data.into_json().unwrap(), Value::Null);
        assert_eq!(fixture.query("{ people { totalCount } }").await["people"]["totalCount"], 0);
    }
}

/// Values that are small in the document and large, or failing, in the response.
#[tokio::test]
async fn responses_and_their_errors_are_bounded_while_they_are_written() {
    let aliases = |count: usize, field: &str| -> String { (0..count).map(|at| format!(" a{at}: {field}")).collect() };
    for fixture in databases_with_story().await {
        let limits = Limits { max_response: 1 << 18, ..Limits::defaults().unwrap() };
        let api = EmbeddedApi::new(fixture.db.clone(), limits).unwrap();
        for document in [
            format!("{{ changes(first: 500) {{ nodes {{{} }} }} }}", aliases(100, "by")),
            format!("{{ statements(first: 500) {{ nodes {{{} }} }} }}", aliases(190, "summary")),
        ] {
            let started = std::time::Instant::now();
            let response = api.execute(Request::new(document)).await;
            let limited = response.errors.iter().any(|error| format!("{:?}", error.extensions).contains("LIMIT"));
            assert!(limited && response.errors.len() == 1, "{} errors", response.errors.len());
            assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
        }
        // More references than a statement can join.
        let places =
            format!("{{ events(first: 1) {{ nodes {{{} }} }} }}", aliases(64, "place { id parent { label } }"));
        let response = api.execute(Request::new(places)).await;
        assert_eq!(response.errors, []);
    }
}

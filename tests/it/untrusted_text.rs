//! Texts that no database can store or that would take unbounded work: refused in records, filters and cursors, each with a
//! message that says where.

use std::time::{Duration, Instant};

use newsgraph::import::{Options, Report};
use serde_json::{Value, json};

use crate::fixture::databases;
use crate::server::Server;

/// Longest time of a request that does bounded work. Generous: tests run in a debug build beside others.
const SOON: Duration = Duration::from_secs(10);

fn problems(report: &Report) -> Vec<(u64, String, String)> {
    report.problems.iter().map(|one| (one.line, one.pointer.clone(), one.message.clone())).collect()
}

#[tokio::test]
async fn records_with_unstorable_texts_are_named_and_the_rest_is_imported() {
    let long = "x".repeat(20_000);
    let nul = "x\u{0}y";
    let lines = [
        json!({ "record": "person", "key": "good", "label": "Good", "names": [{ "text": "Good" }] }),
        json!({ "record": "person", "key": "label", "label": nul }),
        json!({ "record": "person", "key": nul, "label": "Key" }),
        json!({ "record": "person", "key": "name", "label": "Name", "names": [{ "text": long }] }),
        json!({ "record": "person", "key": long, "label": "Long key" }),
        json!({ "record": "article", "key": "url", "url": format!("https://example.org/{long}"), "language": "en" }),
        json!({ "record": "person", "key": "external", "label": "External",
                "externalIds": [{ "scheme": "wikidata", "value": long }] }),
        json!({ "record": "event", "key": "summary", "type": "VISIT", "title": "T", "summary": nul, "place": nul }),
        json!({ "record": "person", "key": "slug", "label": "Slug", "slug": nul, "country": nul }),
        json!({ "record": "person", "key": "field", "label": "Field", nul: 1 }),
    ];
    for fixture in databases().await {
        let report = fixture.import_lines(&lines).await;
        let stored = fixture.query("{ people { totalCount } }").await;
        assert_eq!(stored["people"]["totalCount"], 0, "one invalid record rolls everything back on {}", fixture.url);
        let found = problems(&report);
        let expected = [
            (3, "/label", "NUL"),
            (4, "/key", "NUL"),
            (5, "/names/0/text", "is longer than"),
            (6, "/key", "is longer than"),
            (7, "/url", "is longer than"),
            (8, "/externalIds/0/value", "is longer than"),
            (9, "/summary", "NUL"),
            (9, "/place", "NUL"),
            (10, "/slug", "NUL"),
            (10, "/country", "NUL"),
            (11, "", "has a field whose name"),
        ];
        for (line, pointer, message) in expected {
            assert!(
                found.iter().any(|one| one.0 == line && one.1 == pointer && one.2.contains(message)),
                "line {line} {pointer} {message} is not in {found:#?} on {}",
                fixture.url
            );
        }
        let options = Options { keep_going: true, ..Options::default() };
        let records = crate::fixture::records(&lines);
        let report = fixture.import_with(&records, &options).await;
        assert_eq!(report.total().created, 2, "the person and its name: {report:?} on {}", fixture.url);
    }
}

#[tokio::test]
async fn names_that_become_too_long_for_an_index_are_refused() {
    // One character that is normalized to eighteen.
    let label = "\u{fdfa} ".repeat(400);
    for fixture in databases().await {
        let report = fixture.import_lines(&[json!({ "record": "person", "key": "p", "label": label })]).await;
        assert!(problems(&report)[0].2.contains("when it is normalized"), "{report:?} on {}", fixture.url);
    }
}

#[tokio::test]
async fn the_longest_texts_can_be_stored_on_both_databases() {
    // Different characters, so that no compression makes the index entry small.
    let text = |salt: u32, bytes: usize| -> String {
        let mut state = salt;
        let letters = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4e00 + (state >> 8) % 20_000).unwrap()
        });
        letters.take(bytes / 3).collect()
    };
    let short = text(1, 2000);
    for fixture in databases().await {
        let report = fixture
            .import_lines(&[
                json!({ "record": "person", "key": text(2, 2000), "label": short, "names": [{ "text": text(3, 2000) }] }),
                json!({ "record": "article", "key": "a", "language": "zh", "headline": text(4, 2000),
                        "url": format!("https://example.org/{}", "a".repeat(900)) }),
            ])
            .await;
        assert_eq!(report.problems, [], "{}", fixture.url);
        let found = fixture.query_with(
            "query($t: String!) { people(filter: { name: { matches: $t, modes: [EXACT] } }) { totalCount } }",
            json!({ "t": text(3, 2000) }),
        );
        assert_eq!(found.await["people"]["totalCount"], 1, "{}", fixture.url);
    }
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_a_problem() {
    for fixture in databases().await {
        let line = r#"{"record":"person","key":"p","label":"One","names":[{"text":"a","text":"b"}]}"#;
        let report = fixture.import(&format!("{{\"record\":\"dataset\",\"key\":\"d\"}}\n{line}\n")).await;
        let found = problems(&report);
        assert!(found[0].2.starts_with("has the field `text` twice"), "{found:?}");
        assert_eq!(found[0].0, 2);
    }
}

/// Queries with a text `$t` in each place where a text can be.
const FILTERS: &[&str] = &[
    "people(filter: { slug: { eq: $t } })",
    "people(filter: { label: { eq: $t } })",
    "people(filter: { country: { in: [$t] } })",
    "people(filter: { name: { matches: $t } })",
    "people(filter: { search: $t })",
    "articles(filter: { url: { eq: $t } })",
    "events(filter: { title: { eq: $t } })",
    "statements(filter: { search: $t })",
    "places(filter: { name: { matches: $t, modes: [EXACT] } })",
];

#[tokio::test]
async fn filters_with_unstorable_texts_are_refused_with_their_path() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        for filter in FILTERS {
            let query = format!("query($t: String!) {{ {filter} {{ totalCount nodes {{ id }} }} }}");
            let answer = server.query_with(&query, json!({ "t": "x\u{0}y" })).await;
            let error = &answer["errors"][0];
            // A field that the type does not have would be another error.
            let message = error["message"].as_str().unwrap_or_default();
            assert!(message.contains("`$t`") && message.contains("NUL"), "{filter}: {answer} on {}", fixture.url);
            assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{filter}: {answer}");
            let literal = query.replace("query($t: String!) ", "").replace("$t", "\"x\\u0000y\"");
            let answer = server.query(&literal).await;
            assert!(answer["errors"][0]["message"].as_str().unwrap_or_default().contains("NUL"), "{literal}: {answer}");
        }
        let cursor = data_encoding::BASE64URL_NOPAD.encode(b"[\"people LABEL\",\"x\\u0000y\",1]");
        let page = format!("{{ people(first: 2, after: \"{cursor}\") {{ nodes {{ id }} }} }}");
        assert_eq!(server.query(&page).await["errors"][0]["extensions"]["code"], "BAD_INPUT");
    }
}

#[tokio::test]
async fn long_names_take_bounded_time() {
    for fixture in databases().await {
        let lines: Vec<Value> = (0..200)
            .map(|at| {
                let name = format!("{}{at}", "bdfghjklmn".repeat(95));
                json!({ "record": "person", "key": format!("p{at}"), "label": "P", "names": [{ "text": name }] })
            })
            .collect();
        assert_eq!(fixture.import_lines(&lines).await.problems, [], "{}", fixture.url);
        let id = fixture.query("{ people(first: 1) { nodes { id } } }").await["people"]["nodes"][0]["id"].clone();
        let server = Server::start(&fixture);
        for length in [90, 900, 60_000] {
            let text = "bdfghjklmn".repeat(length / 10);
            for query in [
                "query($t: String!) { people(filter: { name: { matches: $t } }) { suggestions nodes { id } } }",
                "query($t: String!) { search(text: $t) { suggestions totalCount hits { rule } } }",
            ] {
                let started = Instant::now();
                let answer = server.query_with(query, json!({ "t": text })).await;
                assert!(started.elapsed() < SOON, "{:?} for {length}: {query}", started.elapsed());
                if length > 1000 {
                    assert_eq!(answer["errors"][0]["extensions"]["code"], "LIMIT", "{answer}");
                } else {
                    assert!(answer.get("errors").is_none(), "{answer}");
                }
            }
        }
        let started = Instant::now();
        let query = "query($id: ID!) { mergeCandidates(of: $id) { node { id } } }";
        assert!(server.query_with(query, json!({ "id": id })).await.get("errors").is_none());
        assert!(started.elapsed() < SOON, "{:?} for candidates", started.elapsed());
    }
}

//! Full-text search compared with a naive model, updates and rebuilds of the index, and name matching.

use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story};

/// Few words, so that random queries have results.
const WORDS: &[&str] = &["Mikdam", "freed", "الكاظمي", "security", "forces", "Straße", "zürich", "42"];

/// A statement of the model: summary and text, as indexes into [`WORDS`].
type Text = (Vec<usize>, Vec<usize>);

/// A search term: its words, whether it is a prefix, whether it is excluded.
type Term = (Vec<usize>, bool, bool);

fn text(words: &[usize]) -> String {
    words.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(" ")
}

/// Returns the folded form of a word, written out by hand.
fn folded(at: usize) -> &'static str {
    ["mikdam", "freed", "كاظمي", "security", "forces", "strasse", "zurich", "42"][at]
}

/// Returns the query syntax of a term. A prefix term lacks the last letter of its last word.
fn query_text((words, is_prefix, is_excluded): &Term) -> String {
    let mut text = text(words);
    if *is_prefix {
        text.pop();
    }
    let star = if *is_prefix { "*" } else { "" };
    let minus = if *is_excluded { "-" } else { "" };
    format!("{minus}\"{text}\"{star}")
}

fn contains_term((words, is_prefix, _): &Term, text: &[usize]) -> bool {
    let beginning = folded_beginning(words);
    text.windows(words.len()).any(|window| {
        let (last, rest) = (window[window.len() - 1], &window[..window.len() - 1]);
        let (wanted, wanted_rest) = (words[words.len() - 1], &words[..words.len() - 1]);
        rest == wanted_rest && (last == wanted || (*is_prefix && folded(last).starts_with(&beginning)))
    })
}

/// Returns the folded last word without its last letter. It is cut before folding, because `ß` becomes two letters.
fn folded_beginning(words: &[usize]) -> String {
    let word = WORDS[words[words.len() - 1]];
    let mut cut = word.to_owned();
    cut.pop();
    newsgraph::text::fold::fold(&cut)
}

fn passes(terms: &[Term], (summary, text): &Text) -> bool {
    terms.iter().all(|term| (contains_term(term, summary) || contains_term(term, text)) != term.2)
}

#[test]
fn search_results_match_a_naive_loop() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let words = |least| prop::collection::vec(0..WORDS.len(), least..6);
    let statements = prop::collection::vec((words(1), words(0)), 1..12);
    let term = (prop::collection::vec(0..WORDS.len(), 1..3), any::<bool>(), prop::bool::weighted(0.3));
    let queries = prop::collection::vec(prop::collection::vec(term, 1..4), 6);
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let cases = (statements, queries).prop_map(|(statements, queries)| {
        let with_wanted = |terms: &Vec<Term>| terms.iter().any(|term| !term.2);
        (statements, queries.into_iter().filter(with_wanted).collect::<Vec<_>>())
    });
    runner
        .run(&cases, |(statements, queries)| {
            runtime.block_on(async {
                for fixture in databases().await {
                    let lines: Vec<Value> = statements
                        .iter()
                        .enumerate()
                        .map(|(at, (summary, body))| {
                            json!({
                                "kind": "statement", "key": format!("s{at}"), "summary": text(summary),
                                "text": if body.is_empty() { Value::Null } else { text(body).into() },
                                "attribution": "NOT_RECORDED", "quoteType": "INDIRECT", "medium": "UNKNOWN",
                            })
                        })
                        .collect();
                    assert_eq!(fixture.import_lines(&lines).await.problems, []);
                    for terms in &queries {
                        let wanted = terms.iter().map(query_text).collect::<Vec<_>>().join(" ");
                        let expected: Vec<String> = statements
                            .iter()
                            .enumerate()
                            .filter(|(_, statement)| passes(terms, statement))
                            .map(|(at, _)| format!("s{at}"))
                            .collect();
                        let data = fixture
                            .query_with(
                                "query($t: String!) {
                                    statements(filter: { search: $t }) { totalCount nodes { record { key } } }
                                    search(text: $t) { totalCount hits { node { ... on Statement { record { key } } } } }
                                 }",
                                json!({ "t": wanted }),
                            )
                            .await;
                        let keys = |nodes: &Value, at: &str| -> Vec<String> {
                            let key = |node: &Value| node.pointer(at).unwrap().as_str().unwrap().to_owned();
                            nodes.as_array().unwrap().iter().map(key).collect()
                        };
                        assert_eq!(keys(&data["statements"]["nodes"], "/record/key"), expected, "{wanted} on {}", fixture.url);
                        let mut hits = keys(&data["search"]["hits"], "/node/record/key");
                        hits.sort_by_key(|key| key[1..].parse::<usize>().unwrap());
                        assert_eq!(hits, expected, "{wanted} on {}", fixture.url);
                        for list in ["statements", "search"] {
                            assert_eq!(data[list]["totalCount"], expected.len(), "{wanted} on {}", fixture.url);
                        }
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}

/// Runs several searches in the story and returns their responses.
async fn run_searches(fixture: &Fixture) -> Vec<Value> {
    let mut answers = Vec::new();
    for text in
        ["Mikdam", "Miqdam", "مقدام", "Kazemi", "security forces", "\"Special Representative\"", "tortur*", "Hashd"]
    {
        let query =
            "query($t: String!) { search(text: $t, first: 500) { totalCount hits { rule closeness node { id } } } }";
        answers.push(fixture.query_with(query, json!({ "t": text })).await);
    }
    answers
}

#[tokio::test]
async fn rebuilt_index_finds_the_same() {
    for story in databases_with_story().await {
        let before = run_searches(&story).await;
        let keys = story.dump().await.remove("name_key");
        newsgraph::import::rebuild(&story.db).await.unwrap();
        assert_eq!(run_searches(&story).await, before);
        assert_eq!(story.dump().await.remove("name_key"), keys);
    }
}

/// Migrating a database of an older version builds the index of this version.
#[tokio::test]
async fn older_database_is_indexed_on_migration() {
    use sea_orm::ConnectionTrait;
    for story in databases_with_story().await {
        let before = run_searches(&story).await;
        let emptied = story.db.write().await.unwrap();
        let clear = match emptied.get_database_backend() {
            sea_orm::DatabaseBackend::Postgres => "DELETE FROM search",
            _ => "INSERT INTO search (search) VALUES ('delete-all')",
        };
        for sql in
            [clear, "DELETE FROM name_key WHERE rule <> 'FOLDED'", "UPDATE counter SET value = 0 WHERE name = 'index'"]
        {
            emptied.execute_unprepared(sql).await.unwrap();
        }
        emptied.commit().await.unwrap();
        assert_ne!(run_searches(&story).await, before);
        newsgraph::import::migrate(&story.db).await.unwrap();
        assert_eq!(run_searches(&story).await, before);
    }
}

#[tokio::test]
async fn index_follows_imports() {
    for fixture in databases().await {
        let found = async |text: &str| {
            let data = fixture
                .query_with("query($t: String!) { search(text: $t) { totalCount } }", json!({ "t": text }))
                .await;
            data["search"]["totalCount"].as_i64().unwrap()
        };
        let event = |title: &str| json!({ "kind": "event", "key": "e", "type": "VISIT", "title": title });
        let person = json!({ "kind": "person", "key": "p", "label": "a man", "names": [{ "text": "Qasim" }] });
        assert_eq!(fixture.import_lines(&[event("One unicorn"), person.clone()]).await.problems, []);
        assert_eq!((found("unicorn").await, found("Kassem").await, found("Ghassan").await), (1, 1, 0));
        assert_eq!(fixture.import_lines(&[event("Two griffins"), person]).await.problems, []);
        assert_eq!((found("unicorn").await, found("griffins").await), (0, 1));
        // A name as a separate record adds a name to its bearer.
        let name = json!({ "kind": "name", "key": "n", "target": "p", "text": "Ghassan" });
        assert_eq!(fixture.import_lines(&[name]).await.problems, []);
        assert_eq!((found("Kassem").await, found("Gassan").await, found("\"ghassan\" man").await), (1, 1, 1));
        // A removed name is no longer found.
        let nameless = json!({ "kind": "person", "key": "p", "label": "a man" });
        assert_eq!(fixture.import_lines(&[nameless]).await.problems, []);
        assert_eq!((found("Kassem").await, found("Gassan").await), (0, 1));
    }
}

#[tokio::test]
async fn invalid_search_is_rejected_with_a_message() {
    for story in databases_with_story().await {
        for (arguments, code, words) in [
            ("text: \"\"", "BAD_INPUT", "no letter or digit"),
            ("text: \"-one -two\"", "BAD_INPUT", "only excluded words"),
            ("text: \"one\", first: -1", "BAD_INPUT", "negative"),
            ("text: \"one\", first: 501", "LIMIT", "at most 500"),
        ] {
            let (found, message) =
                story.query_error(&format!("{{ search({arguments}) {{ totalCount }} }}"), json!({})).await;
            assert_eq!(found, code, "{arguments}: {message}");
            assert!(message.contains(words), "{arguments}: {message}");
        }
        let long = "word ".repeat(33);
        for query in [
            "query($t: String!) { search(text: $t) { totalCount } }",
            "query($t: String!) { events(filter: { search: $t }) { totalCount } }",
        ] {
            assert_eq!(story.query_error(query, json!({ "t": long })).await.0, "LIMIT");
        }
    }
}

/// No text makes the generated SQL or full-text query invalid.
#[test]
fn any_text_can_be_searched() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stories = runtime.block_on(databases_with_story());
    let texts = proptest::prop_oneof![any::<String>(), "[a-zA-Z0-9'\"*:()&|!<>\\-\u{600}-\u{6ff} ]{0,40}"];
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    runner
        .run(&texts, |text| {
            for story in &stories {
                let query = "query($t: String!) {
                    search(text: $t) { totalCount suggestions hits { highlights { marked } } }
                    actors(filter: { search: $t }) { totalCount suggestions }
                 }";
                let (answer, _) = runtime.block_on(story.query_counting_statements(query, json!({ "t": text })));
                let code = answer["errors"][0]["extensions"]["code"].as_str();
                assert!(matches!(code, None | Some("BAD_INPUT" | "LIMIT")), "{text:?} on {}: {answer}", story.url);
            }
            Ok(())
        })
        .unwrap();
}

/// An initial matches only words that begin with it.
#[tokio::test]
async fn initials_must_match_a_word_of_the_name() {
    for fixture in databases_with_story().await {
        for (name, found) in [
            ("A. Mikdam", true),
            ("Ali M.", true),
            ("A. Miqdam", true),
            ("X. Mikdam", false),
            ("A. X. Mikdam", false),
            ("Ali X.", false),
        ] {
            let query = "query($n: String!) { people(filter: { name: { matches: $n } }) { nodes { label } } }";
            let people = fixture.query_with(query, json!({ "n": name })).await;
            let labels: Vec<&str> = people["people"]["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["label"].as_str().unwrap())
                .collect();
            assert_eq!(labels.contains(&"Ali al-Mikdam"), found, "{name}: {labels:?}");
        }
        let (code, message) = fixture
            .query_error("{ people(filter: { name: { matches: \"Ali\", modes: [] } }) { nodes { id } } }", json!({}))
            .await;
        assert_eq!(code, "BAD_INPUT", "{message}");
    }
}

/// Words in texts of each script and with each separator are found on both databases, in texts and in names.
#[tokio::test]
async fn every_word_of_a_text_is_found() {
    let texts = [
        (
            "La guerre de L'Irak, Iraq's army, d'aujourd'hui, Ankara'da, dell'Ucraina",
            &["Irak", "Iraq", "aujourd'hui", "Ankara", "Ucraina"][..],
        ),
        ("Mr O'Brien flew to Sana'a airport", &["OBrien", "Brien", "\"Sanaa airport\"", "\"flew to Sana a\""]),
        (
            "see rudaw.net of 10.07.2021: it ended.Protesters win…they say",
            &["rudaw", "07", "2021", "Protesters", "they"],
        ),
        ("3.5 million, 574.8 and 32.9% at No.10", &["3.5", "574", "32.9", "\"No. 10\""]),
        ("记者被绑架案件，习近平国家主席", &["绑架", "近平", "绑", "\"国家主席\""]),
        ("安倍晋三元首相が銃撃された", &["安倍", "首相"]),
        ("นายกรัฐมนตรีไทย", &["รัฐมนตรี", "ไทย"]),
        ("علی‌زاده می‌گوید ڕزگار", &["علی زاده", "علیزاده", "رزگار"]),
    ];
    for fixture in databases().await {
        let lines: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(at, (text, _))| json!({ "kind": "event", "key": format!("e{at}"), "type": "VISIT", "title": text }))
            .collect();
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let search = "query($t: String!) { search(text: $t, kinds: [EVENT]) {
            hits { node { ... on Event { record { key } } } highlights { marked } }
        } }";
        for (at, (_, queries)) in texts.iter().enumerate() {
            for query in *queries {
                let data = fixture.query_with(search, json!({ "t": query })).await;
                let hits = data["search"]["hits"].as_array().unwrap();
                assert_eq!(hits.len(), 1, "{query} on {}: {data}", fixture.url);
                assert_eq!(hits[0]["node"]["record"]["key"], format!("e{at}"), "{query} on {}", fixture.url);
                assert!(hits[0]["highlights"][0]["marked"].as_str().unwrap().contains("<mark>"), "{query}: {data}");
            }
        }
        for number in ["35", "329", "5748", "8", "9"] {
            let data = fixture.query_with(search, json!({ "t": number })).await;
            assert_eq!(data["search"]["hits"], json!([]), "{number} on {}", fixture.url);
        }
    }
}

#[tokio::test]
async fn parts_of_names_are_found() {
    let names =
        ["Valéry Giscard d'Estaing", "習近平", "安倍晋三", "Conan O'Brien", "Sana'a Nasser", "علی‌زاده", "ڕزگار دڵشاد"];
    for fixture in databases().await {
        let people: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(at, name)| json!({ "kind": "person", "key": format!("p{at}"), "label": name, "names": [{ "text": name }] }))
            .collect();
        assert_eq!(fixture.import_lines(&people).await.problems, []);
        for (query, name) in [
            ("Estaing", 0),
            ("d'Estaing", 0),
            ("Giscard d Estaing", 0),
            ("Giscard Destaing", 0),
            ("近平", 1),
            ("安倍", 2),
            ("安倍晋三", 2),
            ("Brien", 3),
            ("OBrien", 3),
            ("O’Brien", 3),
            ("Sanaa Nasser", 4),
            ("علی زاده", 5),
            ("علیزاده", 5),
            ("زاده", 5),
            ("رزگار دلشاد", 6),
        ] {
            let people = "query($t: String!) { people(filter: { name: { matches: $t } }) { nodes { label } } }";
            let data = fixture.query_with(people, json!({ "t": query })).await;
            let found = data["people"]["nodes"].as_array().unwrap();
            assert!(found.iter().any(|node| node["label"] == names[name]), "{query} on {}: {data}", fixture.url);
        }
    }
}

/// The closeness of a name decides before the rule that it matches by.
#[tokio::test]
async fn closer_names_come_before_stricter_rules() {
    let names = ["Hadi Karim Omar", "Omar Kareem", "Karim Omar Said", "Omar Hadi", "O. Karim"];
    for fixture in databases().await {
        let people: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(at, name)| json!({ "kind": "person", "key": format!("p{at}"), "label": name, "names": [{ "text": name }] }))
            .collect();
        assert_eq!(fixture.import_lines(&people).await.problems, []);
        let query = "query($n: Int!) { search(text: \"Omar Karim\", kinds: [ACTOR], first: $n) {
            totalCount hits { rule node { ... on Person { label } } }
        } }";
        let hit = |rule: &str, label: &str| json!({ "rule": rule, "node": { "label": label } });
        let all = [
            hit("PHONETIC", "Omar Kareem"),
            hit("FOLDED", "Hadi Karim Omar"),
            hit("FOLDED", "Karim Omar Said"),
            hit("PART", "O. Karim"),
            hit("PART", "Omar Hadi"),
        ];
        for first in [5, 3, 1] {
            let data = fixture.query_with(query, json!({ "n": first })).await;
            assert_eq!(data["search"]["hits"], json!(all[..first]), "{}", fixture.url);
            assert_eq!(data["search"]["totalCount"], 3, "{}", fixture.url);
        }
        // A filter holds the people that `totalCount` counts.
        let filter = "{ people(filter: { name: { matches: \"Omar Karim\" } }) { totalCount } }";
        assert_eq!(fixture.query_with(filter, json!({})).await["people"]["totalCount"], 3, "{}", fixture.url);
    }
}

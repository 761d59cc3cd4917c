//! Search against a naive model, the index as it is kept and rebuilt, and names in any spelling.

use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, stories};

/// Few words, so that random questions find something.
const WORDS: &[&str] = &["Mikdam", "freed", "الكاظمي", "security", "forces", "Straße", "zürich", "42"];

/// A statement of the model: summary and text, as places in the list of words.
type Text = (Vec<usize>, Vec<usize>);

/// A term: its words, whether it is a beginning, whether it is excluded.
type Term = (Vec<usize>, bool, bool);

fn text(words: &[usize]) -> String {
    words.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(" ")
}

/// What is left of a word of the list: a letter for letter reckoning of what folding means for them.
fn folded(at: usize) -> &'static str {
    ["mikdam", "freed", "كاظمي", "security", "forces", "strasse", "zurich", "42"][at]
}

/// A term as it is written; a beginning is all but the last letter of a word, where a word is long enough.
fn written((words, is_prefix, is_excluded): &Term) -> String {
    let mut text = text(words);
    if *is_prefix {
        text.pop();
    }
    let star = if *is_prefix { "*" } else { "" };
    let minus = if *is_excluded { "-" } else { "" };
    format!("{minus}\"{text}\"{star}")
}

fn holds((words, is_prefix, _): &Term, text: &[usize]) -> bool {
    let beginning = folded_beginning(words);
    text.windows(words.len()).any(|window| {
        let (last, rest) = (window[window.len() - 1], &window[..window.len() - 1]);
        let (asked, asked_rest) = (words[words.len() - 1], &words[..words.len() - 1]);
        rest == asked_rest && (last == asked || (*is_prefix && folded(last).starts_with(&beginning)))
    })
}

/// The last word without its last letter, which of `Straße` is one of two.
fn folded_beginning(words: &[usize]) -> String {
    let word = WORDS[words[words.len() - 1]];
    let mut cut = word.to_owned();
    cut.pop();
    newsgraph::text::fold::fold(&cut)
}

fn passes(terms: &[Term], (summary, text): &Text) -> bool {
    terms.iter().all(|term| (holds(term, summary) || holds(term, text)) != term.2)
}

#[test]
fn what_is_found_is_what_a_loop_finds() {
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
                        .map(|(at, (summary, said))| {
                            json!({
                                "kind": "statement", "key": format!("s{at}"), "summary": text(summary),
                                "text": if said.is_empty() { Value::Null } else { text(said).into() },
                                "attribution": "NOT_RECORDED", "quoteType": "INDIRECT", "medium": "UNKNOWN",
                            })
                        })
                        .collect();
                    assert_eq!(fixture.import_lines(&lines).await.problems, []);
                    for terms in &queries {
                        let asked = terms.iter().map(written).collect::<Vec<_>>().join(" ");
                        let expected: Vec<String> = statements
                            .iter()
                            .enumerate()
                            .filter(|(_, statement)| passes(terms, statement))
                            .map(|(at, _)| format!("s{at}"))
                            .collect();
                        let data = fixture
                            .ask_with(
                                "query($t: String!) {
                                    statements(filter: { search: $t }) { totalCount nodes { record { key } } }
                                    search(text: $t) { totalCount hits { node { ... on Statement { record { key } } } } }
                                 }",
                                json!({ "t": asked }),
                            )
                            .await;
                        let keys = |nodes: &Value, at: &str| -> Vec<String> {
                            let key = |node: &Value| node.pointer(at).unwrap().as_str().unwrap().to_owned();
                            nodes.as_array().unwrap().iter().map(key).collect()
                        };
                        assert_eq!(keys(&data["statements"]["nodes"], "/record/key"), expected, "{asked} on {}", fixture.url);
                        let mut hits = keys(&data["search"]["hits"], "/node/record/key");
                        hits.sort_by_key(|key| key[1..].parse::<usize>().unwrap());
                        assert_eq!(hits, expected, "{asked} on {}", fixture.url);
                        for list in ["statements", "search"] {
                            assert_eq!(data[list]["totalCount"], expected.len(), "{asked} on {}", fixture.url);
                        }
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}

/// What finds everything in the story, as a list of answers.
async fn everything(fixture: &Fixture) -> Vec<Value> {
    let mut answers = Vec::new();
    for text in
        ["Mikdam", "Miqdam", "مقدام", "Kazemi", "security forces", "\"Special Representative\"", "tortur*", "Hashd"]
    {
        let query =
            "query($t: String!) { search(text: $t, first: 500) { totalCount hits { rule closeness node { id } } } }";
        answers.push(fixture.ask_with(query, json!({ "t": text })).await);
    }
    answers
}

#[tokio::test]
async fn a_rebuilt_index_finds_the_same() {
    for story in stories().await {
        let before = everything(&story).await;
        let keys = story.dump().await.remove("name_key");
        newsgraph::import::rebuild(&story.db).await.unwrap();
        assert_eq!(everything(&story).await, before);
        assert_eq!(story.dump().await.remove("name_key"), keys);
    }
}

/// A graph that an older version wrote has no index of this one: it gets it when it is opened.
#[tokio::test]
async fn an_older_graph_is_indexed_when_it_is_opened() {
    use sea_orm::ConnectionTrait;
    for story in stories().await {
        let before = everything(&story).await;
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
        assert_ne!(everything(&story).await, before);
        newsgraph::import::migrate(&story.db).await.unwrap();
        assert_eq!(everything(&story).await, before);
    }
}

#[tokio::test]
async fn the_index_follows_what_is_written() {
    for fixture in databases().await {
        let found = async |text: &str| {
            let data =
                fixture.ask_with("query($t: String!) { search(text: $t) { totalCount } }", json!({ "t": text })).await;
            data["search"]["totalCount"].as_i64().unwrap()
        };
        let event = |title: &str| json!({ "kind": "event", "key": "e", "type": "VISIT", "title": title });
        let person = json!({ "kind": "person", "key": "p", "label": "a man", "names": [{ "text": "Qasim" }] });
        assert_eq!(fixture.import_lines(&[event("One unicorn"), person.clone()]).await.problems, []);
        assert_eq!((found("unicorn").await, found("Kassem").await, found("Ghassan").await), (1, 1, 0));
        assert_eq!(fixture.import_lines(&[event("Two griffins"), person]).await.problems, []);
        assert_eq!((found("unicorn").await, found("griffins").await), (0, 1));
        // A name of its own, which makes its bearer be called otherwise.
        let name = json!({ "kind": "name", "key": "n", "target": "p", "text": "Ghassan" });
        assert_eq!(fixture.import_lines(&[name]).await.problems, []);
        assert_eq!((found("Kassem").await, found("Gassan").await, found("\"ghassan\" man").await), (1, 1, 1));
        // A name that is taken out is no longer found.
        let nameless = json!({ "kind": "person", "key": "p", "label": "a man" });
        assert_eq!(fixture.import_lines(&[nameless]).await.problems, []);
        assert_eq!((found("Kassem").await, found("Gassan").await), (0, 1));
    }
}

#[tokio::test]
async fn a_search_that_cannot_be_asked_says_why() {
    for story in stories().await {
        for (arguments, code, words) in [
            ("text: \"\"", "BAD_INPUT", "no letter or digit"),
            ("text: \"-one -two\"", "BAD_INPUT", "only excluded words"),
            ("text: \"one\", first: -1", "BAD_INPUT", "negative"),
            ("text: \"one\", first: 501", "LIMIT", "at most 500"),
        ] {
            let (found, message) =
                story.refused(&format!("{{ search({arguments}) {{ totalCount }} }}"), json!({})).await;
            assert_eq!(found, code, "{arguments}: {message}");
            assert!(message.contains(words), "{arguments}: {message}");
        }
        let long = "word ".repeat(33);
        for query in [
            "query($t: String!) { search(text: $t) { totalCount } }",
            "query($t: String!) { events(filter: { search: $t }) { totalCount } }",
        ] {
            assert_eq!(story.refused(query, json!({ "t": long })).await.0, "LIMIT");
        }
    }
}

/// No text brings the database to refuse what was made of it.
#[test]
fn any_text_can_be_asked() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stories = runtime.block_on(stories());
    let texts = proptest::prop_oneof![any::<String>(), "[a-zA-Z0-9'\"*:()&|!<>\\-\u{600}-\u{6ff} ]{0,40}"];
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    runner
        .run(&texts, |text| {
            for story in &stories {
                let query = "query($t: String!) {
                    search(text: $t) { totalCount suggestions hits { highlights { marked } } }
                    actors(filter: { search: $t }) { totalCount suggestions }
                 }";
                let (answer, _) = runtime.block_on(story.ask_counted(query, json!({ "t": text })));
                let code = answer["errors"][0]["extensions"]["code"].as_str();
                assert!(matches!(code, None | Some("BAD_INPUT" | "LIMIT")), "{text:?} on {}: {answer}", story.url);
            }
            Ok(())
        })
        .unwrap();
}

/// A letter stands for a word that it begins, and for no other.
#[tokio::test]
async fn initials_have_to_begin_a_word_of_the_name() {
    for fixture in stories().await {
        for (name, found) in [
            ("A. Mikdam", true),
            ("Ali M.", true),
            ("A. Miqdam", true),
            ("X. Mikdam", false),
            ("A. X. Mikdam", false),
            ("Ali X.", false),
        ] {
            let query = "query($n: String!) { people(filter: { name: { matches: $n } }) { nodes { label } } }";
            let people = fixture.ask_with(query, json!({ "n": name })).await;
            let labels: Vec<&str> = people["people"]["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["label"].as_str().unwrap())
                .collect();
            assert_eq!(labels.contains(&"Ali al-Mikdam"), found, "{name}: {labels:?}");
        }
        let (code, message) = fixture
            .refused("{ people(filter: { name: { matches: \"Ali\", modes: [] } }) { nodes { id } } }", json!({}))
            .await;
        assert_eq!(code, "BAD_INPUT", "{message}");
    }
}

//! Imports of records: what is accepted, rejected, updated and unchanged.

use newsgraph::import::Options;
use serde_json::{Value, json};

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, STORY, databases, databases_with_story, records};

#[tokio::test]
async fn reimport_changes_nothing() {
    for story in databases_with_story().await {
        let before = story.dump().await;
        let report = story.import(STORY).await;
        let total = report.total();
        assert_eq!((total.created, total.updated, total.rejected), (0, 0, 0));
        assert_eq!(total.unchanged, STORY.lines().count() as u64);
        assert_eq!(story.dump().await, before);
    }
}

#[tokio::test]
async fn references_may_precede_their_targets() {
    for fixture in databases().await {
        let mut lines: Vec<&str> = STORY.lines().collect();
        let rest = lines.split_off(1);
        lines.extend(rest.into_iter().rev());
        let report = fixture.import(&lines.join("\n")).await;
        assert_eq!(report.problems, []);
        let data = fixture.query("{ events(filter: { type: { within: [VISIT] } }) { totalCount } }").await;
        assert_eq!(data["events"]["totalCount"], 2);
    }
}

/// Invalid records, each with the pointer and parts of the message and suggestion of the expected problem.
fn invalid_records() -> Vec<(Value, &'static str, &'static str, &'static str)> {
    let person = |key: &str| json!({ "kind": "person", "key": key, "label": key });
    let article = json!({ "kind": "article", "key": "article", "text": "Ann met Bob in Erbil." });
    let evidence = |start: i32, end: i32, quote: Option<&str>| {
        let mut evidence = json!({ "article": "article", "start": start, "end": end });
        if let Some(quote) = quote {
            evidence["quote"] = json!(quote);
        }
        evidence
    };
    let with = |mut record: Value, field: &str, value: Value| {
        record[field] = value;
        record
    };
    let place = |key: &str, parent: &str| json!({ "kind": "place", "key": key, "type": "CITY", "label": key, "parent": parent });
    vec![
        // Valid records that the others refer to.
        (person("ann"), "", "", ""),
        (article, "", "", ""),
        (json!("{\"kind\": \"person\", "), "", "is not JSON", "one JSON object per line"),
        (json!({ "kind": "persn", "key": "p" }), "/kind", "`persn` is not a record type", "did you mean \"person\"?"),
        (json!({ "kind": "person", "key": "nameless" }), "/label", "is missing", "add \"label\""),
        (
            json!({ "kind": "event", "key": "e1", "type": "VISITT" }),
            "/type",
            "is not an allowed value",
            "did you mean \"VISIT\"?",
        ),
        (
            json!({ "kind": "event", "key": "e2", "type": "VISIT", "participations": [{ "actor": "anm", "role": "VISITOR" }] }),
            "/participations/0/actor",
            "`anm` is neither in the file nor stored",
            "did you mean \"ann\"?",
        ),
        (person("ann"), "/key", "`ann` is already the key on line 2", "its own key"),
        (json!({ "kind": "event", "key": "e3", "type": "VISIT", "when": "2021-02-30" }), "/when", "2021-02-30", "EDTF"),
        (
            json!({ "kind": "event", "key": "e4", "type": "VISIT", "when": "2021-07-10/2021-07-01" }),
            "/when",
            "2021-07-10/2021-07-01",
            "EDTF",
        ),
        (
            with(person("out"), "evidence", json!([evidence(0, 900, None)])),
            "/evidence/0/end",
            "is past the end of the text, which has 21 code points",
            "count code points",
        ),
        (
            with(person("quoted"), "evidence", json!([evidence(0, 3, Some("Eve"))])),
            "/evidence/0/quote",
            "which is \"Ann\"",
            "correct the quote",
        ),
        (
            with(person("known"), "externalIds", json!([{ "scheme": "wikidta", "value": "Q1" }])),
            "/externalIds/0/scheme",
            "`wikidta` is not a known id scheme",
            "did you mean \"wikidata\"?",
        ),
        (place("inner", "outer"), "/parent", "creates a cycle", "refer to another record"),
        (place("outer", "inner"), "/parent", "creates a cycle", "refer to another record"),
        (place("itself", "itself"), "/parent", "refers to the record that it belongs to", "refer to another record"),
        (
            json!({ "kind": "event", "key": "e5", "type": "VISIT", "parent": "e5" }),
            "/parent",
            "refers to the record that it belongs to",
            "refer to another record",
        ),
        (
            json!({ "kind": "event", "key": "e6", "type": "VISIT", "links": [{ "to": "e6", "type": "CAUSES" }] }),
            "/links/0/to",
            "refers to the record that it belongs to",
            "refer to another record",
        ),
        (
            json!({ "kind": "relation", "key": "r", "type": "TOOK_PART_IN", "object": "ann",
                    "subject": { "dataset": "test", "key": "ann" } }),
            "/object",
            "is the same as the subject",
            "give another actor",
        ),
        (
            json!({ "kind": "statement", "key": "s", "attribution": "UNATTRIBUTED", "quoteType": "INDIRECT",
                    "medium": "UNKNOWN", "act": "INFORM", "summary": "S", "article": "article", "relays": "s",
                    "figures": [{ "key": "f", "counted": "x", "value": 1, "partOf": "f" }] }),
            "/relays",
            "refers to the record that it belongs to",
            "refer to another record",
        ),
    ]
}

#[tokio::test]
async fn every_problem_has_line_pointer_and_suggestion() {
    for fixture in databases().await {
        let before = fixture.dump().await;
        let mut text = json!({ "kind": "dataset", "key": "test" }).to_string();
        for (record, ..) in invalid_records() {
            text.push('\n');
            text.push_str(&record.as_str().map_or_else(|| record.to_string(), str::to_owned));
        }
        let report = fixture.import(&text).await;
        assert!(!report.written);
        let mut seen = 0;
        for (at, (_, pointer, message, suggestion)) in invalid_records().into_iter().enumerate() {
            if message.is_empty() {
                continue;
            }
            let line = at as u64 + 2;
            let found = report.problems.iter().find(|problem| problem.line == line && problem.pointer == pointer);
            let Some(found) = found else { panic!("line {line} {pointer} is not reported: {:#?}", report.problems) };
            assert!(found.message.contains(message), "{found}");
            assert!(found.suggestion.as_ref().is_some_and(|words| words.contains(suggestion)), "{found}");
            seen += 1;
        }
        // The cycle is reported at both records, and the figure of the statement refers to itself too.
        assert_eq!((seen, report.problems.len()), (18, 19), "{:#?}", report.problems);
        assert_eq!(fixture.dump().await, before, "a rejected file must not change the database");
    }
}

#[tokio::test]
async fn all_problems_of_a_record_are_reported() {
    for fixture in databases().await {
        let record = json!({ "kind": "event", "key": "e", "type": "VISTI", "slugg": "x", "occurrence": "MAYBE", "participations": [{ "role": "VISITR" }, { "actor": 7, "role": "AGENT" }] });
        let report = fixture.import_lines(&[record]).await;
        let pointers: Vec<&str> = report.problems.iter().map(|problem| problem.pointer.as_str()).collect();
        for pointer in ["/type", "/slugg", "/occurrence", "/participations/0/role", "/participations/1/actor"] {
            assert!(pointers.contains(&pointer), "{pointer} in {pointers:?}");
        }
        assert!(report.problems.iter().all(|problem| problem.suggestion.is_some()), "{:#?}", report.problems);

        let record = json!({ "kind": "place", "key": "p", "type": "CITY", "label": " ", "country": "IRQ", "latitude": 95, "longitude": 1, "slug": "A b" });
        let report = fixture.import_lines(&[record]).await;
        let pointers: Vec<&str> = report.problems.iter().map(|problem| problem.pointer.as_str()).collect();
        for pointer in ["/label", "/country", "/latitude", "/slug"] {
            assert!(pointers.contains(&pointer), "{pointer} in {pointers:?}");
        }
    }
}

/// An invalid enum value, an impossible date and an unresolved reference in one record are all reported.
#[tokio::test]
async fn problems_do_not_hide_each_other() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "event", "key": "a", "type": "VISITT", "when": "2021-13", "place": "nowhere", "slugg": "x" }),
            json!({ "kind": "event", "key": "b", "type": "VISIT", "parent": "a" }),
            json!({ "kind": "event", "key": "c" }),
            json!({ "kind": "event", "key": "d", "type": "VISIT", "parent": "c", "place": "nowhere" }),
        ];
        for (keep_going, more) in [(false, vec![]), (true, vec![(3, "/parent")])] {
            let options = Options { keep_going, dry_run: true, ..Options::default() };
            let report = fixture.import_with(&records(&lines), &options).await;
            let found: Vec<(u64, &str)> =
                report.problems.iter().map(|problem| (problem.line, problem.pointer.as_str())).collect();
            let mut wanted = vec![(2, "/place"), (2, "/slugg"), (2, "/type"), (2, "/when")];
            wanted.extend(more);
            wanted.extend([(4, "/type"), (5, "/parent"), (5, "/place")]);
            assert_eq!(found, wanted, "{:#?}", report.problems);
            let rejected = report
                .problems
                .iter()
                .filter(|problem| problem.message.contains("was rejected because of its own problems"));
            assert_eq!(rejected.count(), if keep_going { 2 } else { 1 }, "{:#?}", report.problems);
        }
    }
}

#[tokio::test]
async fn keep_going_rejects_records_that_refer_to_rejected_ones() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "place", "key": "a", "type": "CITY", "label": "A", "parent": "b" }),
            json!({ "kind": "place", "key": "b", "type": "REGION", "label": "B", "parent": "c" }),
            json!({ "kind": "place", "key": "c", "type": "REGION", "label": "C", "parent": "d" }),
            json!({ "kind": "place", "key": "d", "type": "COUNTRY", "label": "D", "country": "XX" }),
            json!({ "kind": "place", "key": "e", "type": "COUNTRY", "label": "E" }),
        ];
        let report = fixture.import_with(&records(&lines), &Options { keep_going: true, ..Options::default() }).await;
        let total = report.total();
        assert!(report.written);
        assert_eq!((total.created, total.rejected), (2, 4), "the dataset and E: {report}");
        let data = fixture.query("{ places { nodes { label } } }").await;
        assert_eq!(data["places"]["nodes"], json!([{ "label": "E" }]));
    }
}

#[tokio::test]
async fn dry_run_reports_the_same_and_writes_nothing() {
    for fixture in databases().await {
        let before = fixture.dump().await;
        let dry = fixture.import_with(STORY, &Options { dry_run: true, ..Options::default() }).await;
        assert!(!dry.written);
        assert_eq!(fixture.dump().await, before);
        let wet = fixture.import(STORY).await;
        assert_eq!(dry.kinds, wet.kinds);
    }
}

async fn updated_fields(fixture: &Fixture, record: Value) -> Vec<String> {
    let report = fixture.import_lines(&[record]).await;
    assert_eq!(report.problems, []);
    assert_eq!(report.total().updated, u64::from(!report.updates.is_empty()), "{report}");
    report.updates.first().map(|updated| updated.fields.clone()).unwrap_or_default()
}

#[tokio::test]
async fn update_reports_changed_fields_and_keeps_ids() {
    for fixture in databases().await {
        let record = |title: &str, parts: Value, names: Value| json!({ "kind": "event", "key": "e", "type": "VISIT", "title": title, "participations": parts, "externalIds": names });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "names": [{ "text": "Ann" }] });
        let id = json!([{ "scheme": "gdelt", "value": "1" }]);
        let part = |key: &str, role: &str| json!({ "key": key, "actor": "ann", "role": role });
        let first = record("one", json!([part("p1", "VISITOR"), part("p2", "HOST")]), id.clone());
        assert_eq!(fixture.import_lines(&[ann.clone(), first.clone()]).await.problems, []);
        let ids = fixture.query("{ events { nodes { id participations { nodes { id role } } } } }").await;

        assert_eq!(
            updated_fields(&fixture, record("two", json!([part("p1", "VISITOR"), part("p2", "HOST")]), id.clone()))
                .await,
            ["title"]
        );
        assert_eq!(
            updated_fields(&fixture, record("two", json!([part("p2", "WITNESS"), part("p1", "VISITOR")]), id.clone()))
                .await,
            ["/participations/0/role"]
        );
        let now = fixture.query("{ events { nodes { id participations { nodes { id role } } } } }").await;
        assert_eq!(now["events"]["nodes"][0]["id"], ids["events"]["nodes"][0]["id"]);
        let parts = |data: &Value| {
            data["events"]["nodes"][0]["participations"]["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part["id"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(parts(&now), parts(&ids));

        // One child record is removed, another is added.
        assert_eq!(updated_fields(&fixture, record("two", json!([part("p1", "VISITOR")]), id.clone())).await, ["p2"]);
        assert_eq!(
            updated_fields(&fixture, record("two", json!([part("p1", "VISITOR"), part("p3", "HOST")]), id.clone()))
                .await,
            ["/participations/1"]
        );
        let now = fixture.query("{ events { nodes { participations { totalCount nodes { role } } } } }").await;
        assert_eq!(
            now["events"]["nodes"][0]["participations"],
            json!({ "totalCount": 2, "nodes": [{ "role": "VISITOR" }, { "role": "HOST" }] })
        );

        // The order of fields does not matter, and a changed name is found by its new text only.
        assert_eq!(updated_fields(&fixture, serde_json::from_str(&first.to_string()).unwrap()).await.len(), 3);
        let renamed = json!({ "names": [{ "text": "Anna" }], "label": "Ann", "key": "ann", "kind": "person" });
        assert_eq!(updated_fields(&fixture, renamed).await, ["/names/0/text"]);
        let found = |name: &str| {
            format!(
                "{{ people(filter: {{ name: {{ matches: \"{name}\", modes: [FOLDED] }}, search: \"{name}\" }}) {{ totalCount }} }}"
            )
        };
        assert_eq!(fixture.query(&found("Ann")).await["people"]["totalCount"], 0);
        assert_eq!(fixture.query(&found("anna")).await["people"]["totalCount"], 1);
    }
}

#[tokio::test]
async fn references_by_external_id_and_to_other_datasets_are_resolved() {
    for fixture in databases().await {
        let iraq = json!({ "kind": "place", "key": "iraq", "type": "COUNTRY", "label": "Iraq", "externalIds": [{ "scheme": "wikidata", "value": "Q796" }] });
        let by_id = json!({ "scheme": "wikidata", "value": "Q796" });
        // The reference is in the same file, before the record that it refers to.
        let lines =
            [json!({ "kind": "place", "key": "baghdad", "type": "CITY", "label": "Baghdad", "parent": by_id }), iraq];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let other = [
            json!({ "kind": "dataset", "key": "other" }).to_string(),
            json!({ "kind": "place", "key": "mosul", "type": "CITY", "label": "Mosul", "parent": by_id }).to_string(),
            json!({ "kind": "place", "key": "dora", "type": "DISTRICT", "label": "Dora", "parent": { "dataset": "test", "key": "baghdad" } }).to_string(),
        ];
        assert_eq!(fixture.import(&other.join("\n")).await.problems, []);
        let data = fixture
            .query(
                "{ place(externalId: { scheme: \"wikidata\", value: \"Q796\" }) { label children { nodes { label } } }
            dora: place(record: { dataset: \"other\", key: \"dora\" }) { parent { label } } }",
            )
            .await;
        assert_eq!(
            data["place"],
            json!({ "label": "Iraq", "children": { "nodes": [{ "label": "Baghdad" }, { "label": "Mosul" }] } })
        );
        assert_eq!(data["dora"]["parent"]["label"], "Baghdad");
        // A second record with the same external id makes references by it ambiguous.
        let twin = json!({ "kind": "place", "key": "iraq-2", "type": "COUNTRY", "label": "Iraq", "externalIds": [{ "scheme": "wikidata", "value": "Q796" }] });
        assert_eq!(fixture.import_lines(&[twin]).await.problems, []);
        let report = fixture
            .import_lines(&[
                json!({ "kind": "place", "key": "basra", "type": "CITY", "label": "Basra", "parent": by_id }),
            ])
            .await;
        assert!(report.problems[0].message.contains("is the id of 2 records"), "{:?}", report.problems);
    }
}

#[tokio::test]
async fn evidence_follows_its_quote_when_the_text_changes() {
    for fixture in databases().await {
        let article = |text: &str| json!({ "kind": "article", "key": "article", "text": text });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": [{ "article": "article", "start": 0, "end": 11, "quote": "Ann met Bob" }] });
        assert_eq!(fixture.import_lines(&[article("Ann met Bob."), ann.clone()]).await.problems, []);
        // Positions are code points, not bytes: the inserted `É` has two bytes.
        let report = fixture.import_lines(&[article("É. Ann met Bob.")]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.notes.len(), 1, "{report}");
        let data = fixture.query("{ people { nodes { evidence { nodes { start end } } } } }").await;
        assert_eq!(data["people"]["nodes"][0]["evidence"]["nodes"], json!([{ "start": 3, "end": 14 }]));
    }
}

/// A span is moved only for a quote that is long enough, occurs once and is near. The text has `Ann met Bob` at 0 and at 500,
/// `the minister resigned` at 100, and `x` at 800.
#[tokio::test]
async fn spans_are_moved_only_if_the_position_is_certain() {
    let mut text = vec!['.'; 1000];
    for (at, words) in [(0, "Ann met Bob"), (100, "the minister resigned"), (500, "Ann met Bob"), (800, "x")] {
        text.splice(at..at + words.len(), words.chars());
    }
    let text: String = text.iter().collect();
    for fixture in databases().await {
        assert_eq!(
            fixture.import_lines(&[json!({ "kind": "article", "key": "article", "text": text })]).await.problems,
            []
        );
        let import = async |start: Option<i32>, end: Option<i32>, quote: &str| {
            let evidence = json!([{ "article": "article", "start": start, "end": end, "quote": quote }]);
            let report = fixture
                .import_lines(&[json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": evidence })])
                .await;
            if let [problem] = report.problems.as_slice() {
                return problem.to_string();
            }
            assert_eq!(report.problems, []);
            let data = fixture.query("{ people { nodes { evidence { nodes { start end quote } } } } }").await;
            let evidence = &data["people"]["nodes"][0]["evidence"]["nodes"][0];
            assert_eq!(evidence["quote"], quote.trim());
            format!("{}..{}", evidence["start"], evidence["end"])
        };
        // Exact, without a span, near, and with blanks around the quote or the span.
        for (start, end, quote, span) in [
            (Some(500), Some(511), "Ann met Bob", "500..511"),
            (None, None, "the minister resigned", "100..121"),
            (None, None, "x", "800..801"),
            (Some(110), Some(131), "the minister resigned", "100..121"),
            (Some(300), Some(321), "the minister resigned", "100..121"),
            (Some(100), Some(121), "the minister resigned ", "100..121"),
            (Some(104), Some(113), "minister", "104..112"),
            (Some(103), Some(113), "minister", "104..112"),
        ] {
            assert_eq!(import(start, end, quote).await, span, "{start:?} {quote}");
        }
        for (start, end, quote, message) in [
            (
                Some(89),
                Some(90),
                "x",
                "which is \".\"; the quote is at 800..801 -- correct the quote, or start and end",
            ),
            (Some(301), Some(322), "the minister resigned", "; the quote is at 100..121 --"),
            (Some(20), Some(31), "Ann met Bob", "; the quote is at 0..11, 500..511 --"),
            (Some(100), Some(108), "minister", "which is \"the mini\"; the quote is at 104..112 --"),
            (Some(100), Some(121), "the minister remained", "which is \"the minister resigned\" --"),
            (None, None, "Ann met Bob", "occurs 2 times in the text -- correct the quote, or add start and end"),
            (None, None, " ", "has no words"),
        ] {
            let problem = import(start, end, quote).await;
            assert!(problem.contains(message), "{problem}");
        }
    }
}

/// Another record's quote no longer fits the new text. It is on no line of the import, so no line can be skipped for it.
#[tokio::test]
async fn problem_of_a_stored_record_names_that_record() {
    for fixture in databases().await {
        let article = |text: &str| json!({ "kind": "article", "key": "article", "text": text });
        let quote = json!({ "article": "article", "start": 0, "end": 3, "quote": "Ann" });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": [quote] });
        let own_key = json!({ "kind": "evidence", "key": "own", "target": "bob", "article": "article", "start": 8, "end": 11, "quote": "Bob" });
        let bob = json!({ "kind": "person", "key": "bob", "label": "Bob" });
        assert_eq!(fixture.import_lines(&[article("Ann met Bob."), ann, bob, own_key]).await.problems, []);
        let suggestion = "correct the quote, or start and end, and import that record together with these";
        for keep_going in [false, true] {
            let options = Options { keep_going, ..Options::default() };
            let report = fixture.import_with(&records(&[article("Eve met Joe.")]), &options).await;
            let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
            let expected = |key: &str, pointer: &str, text: &str| {
                format!(
                    "stored record {key} of dataset test {pointer}: does not match the text of the span, which is \"{text}\" -- {suggestion}"
                )
            };
            assert!(!report.written);
            assert_eq!(problems, [expected("ann", "/evidence/0/quote", "Eve"), expected("own", "/quote", "Joe")]);
        }
        let done = newsgraph(&fixture, &["import", "-"], &records(&[article("Eve met Joe.")]));
        assert_eq!(done.status.code(), Some(1));
        assert!(
            text(&done.stderr).contains("stored record ann of dataset test /evidence/0/quote: "),
            "{}",
            text(&done.stderr)
        );
        assert!(text(&done.stdout).ends_with("nothing was written: correct the records\n"), "{}", text(&done.stdout));
        // Importing both together works.
        let report = fixture
            .import_lines(&[article("Eve met Bob."), json!({ "kind": "person", "key": "ann", "label": "Ann" })])
            .await;
        assert_eq!(report.problems, []);
    }
}

#[tokio::test]
async fn inconsistent_records_are_rejected() {
    for fixture in databases().await {
        let assert_rejected = async |lines: &[Value], words: &str| {
            let report = fixture.import_lines(lines).await;
            assert!(
                report.problems.iter().any(|problem| problem.to_string().contains(words)),
                "{words}: {:#?}",
                report.problems
            );
        };
        let event = |key: &str| json!({ "kind": "event", "key": key, "type": "VISIT", "accounts": [{ "key": format!("{key}/account"), "label": "so" }] });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann" });
        assert_rejected(&[ann.clone(), event("a"), event("b"), json!({ "kind": "participation", "key": "p", "event": "a", "account": "b/account", "actor": "ann", "role": "HOST" })], "another event").await;
        assert_rejected(
            &[json!({ "kind": "event", "key": "e", "type": "VISIT", "participations": [{ "role": "HOST" }] })],
            "exactly one of actor, article and thing",
        )
        .await;
        let claim = |key: &str| json!({ "kind": "claim", "key": key, "text": "it happened", "subject": "a" });
        assert_rejected(&[event("a"), claim("c1"), claim("c2")], "already has a claim").await;
        let statement = json!({ "kind": "statement", "key": "s", "summary": "so", "attribution": "ANONYMOUS", "speaker": "ann", "quoteType": "DIRECT" });
        assert_rejected(&[ann.clone(), statement], "must be ANONYMOUS if the speaker is an anonymous source").await;
        assert_rejected(&[json!({ "kind": "statement", "key": "s", "summary": "so", "attribution": "NAMED_PERSON", "quoteType": "DIRECT" })], "/speaker").await;
        assert_rejected(
            &[
                ann.clone(),
                json!({ "kind": "place", "key": "ann/home", "type": "CITY", "label": "x", "parent": "ann" }),
            ],
            "is of type actor; allowed here: place",
        )
        .await;
        assert_rejected(
            &[
                json!({ "kind": "event", "key": "e", "type": "VISIT", "slug": "one" }),
                json!({ "kind": "event", "key": "f", "type": "VISIT", "slug": "one" }),
            ],
            "already the slug",
        )
        .await;
        assert_rejected(&[json!({ "kind": "participation", "key": "p", "actor": "ann", "role": "HOST" })], "/event")
            .await;
        let report = fixture.import(&ann.to_string()).await;
        assert!(report.problems[0].message.contains("has no dataset"), "{:?}", report.problems);
        // A key cannot change its node type.
        assert_eq!(fixture.import_lines(std::slice::from_ref(&ann)).await.problems, []);
        assert_rejected(
            &[json!({ "kind": "place", "key": "ann", "type": "CITY", "label": "Ann" })],
            "already the key of a stored actor",
        )
        .await;
    }
}

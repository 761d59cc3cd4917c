//! Exports: they round-trip through an import, and other programs can read them.

use std::collections::{BTreeMap, HashSet};

use newsgraph::export::{Format, Request, export, parse_node_type};
use newsgraph::import::feed;
use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, STORY, databases, databases_with_story, records};

impl Fixture {
    async fn try_export(&self, request: &Request) -> Result<String, newsgraph::error::Error> {
        let mut running = export(&self.db, request).await?;
        let mut all = Vec::new();
        while let Some(chunk) = running.next().await? {
            all.extend(chunk.bytes);
        }
        Ok(String::from_utf8(all).unwrap())
    }

    pub async fn export_text(&self, format: Format, kind: Option<&str>, filter: Option<Value>) -> String {
        let kind = kind.map(|kind| parse_node_type(kind).unwrap());
        self.try_export(&Request { format, kind, filter, dataset: None, has_hints: true, include_deciders: true })
            .await
            .unwrap()
    }

    pub async fn export_records(&self) -> String {
        self.export_text(Format::Records, None, None).await
    }

    async fn export_error(&self, request: Request) -> (&'static str, String) {
        let error = self.try_export(&request).await.unwrap_err();
        (error.code(), error.to_string())
    }
}

/// Asserts that all databases export the same text, that importing it changes nothing, and that it creates an equal graph
/// in an empty database. Returns the export.
async fn assert_round_trip(all: Vec<Fixture>) -> String {
    let mut first: Option<String> = None;
    for (fixture, other) in all.into_iter().zip(databases().await) {
        let out = fixture.export_records().await;
        assert_eq!(*first.get_or_insert_with(|| out.clone()), out, "the databases differ");

        let again = fixture.import(&out).await;
        assert_eq!(again.problems, []);
        let total = again.total();
        assert_eq!((total.created, total.updated), (0, 0), "{:?}", again.updates);

        let created = other.import(&out).await;
        assert_eq!(created.problems, []);
        assert_eq!(created.total().created, total.unchanged);
        assert_eq!(other.export_records().await, out, "the export of a new database with these records differs");
    }
    first.unwrap()
}

#[tokio::test]
async fn story_round_trips() {
    let out = assert_round_trip(databases_with_story().await).await;
    assert_eq!(out.lines().count(), STORY.lines().count());
    assert!(out.starts_with(r#"{"record":"dataset","key":"mikdam","#), "{out}");
}

#[tokio::test]
async fn generated_records_round_trip() {
    let all = databases().await;
    let generated = text(&newsgraph(&all[0], &["generate", "--events", "700", "--seed", "3"], "").stdout);
    for fixture in &all {
        assert_eq!(fixture.import(&generated).await.problems, []);
    }
    assert_round_trip(all).await;
}

#[tokio::test]
async fn feeds_round_trip_with_all_datasets_in_one_file() {
    let all = databases().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/feeds/");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().display().to_string())
        .filter(|file| !file.ends_with("delta.ftm.json"))
        .collect();
    // The alternate names refer to places of another file, so they come last.
    files.sort_by_key(|file| (file.ends_with("alternateNames.txt"), file.clone()));
    for fixture in &all {
        for file in &files {
            let form = feed::Settings { format: feed::Format::Auto, dataset: None, mentions: true, quotations: true };
            let sources = feed::open(std::slice::from_ref(file), &form).unwrap();
            newsgraph::import::import(&fixture.db, &sources, &Default::default(), &mut ()).await.unwrap();
        }
    }
    let out = assert_round_trip(all).await;
    let datasets = out.lines().filter(|line| line.starts_with(r#"{"record":"dataset""#)).count();
    assert!(datasets > 3, "{datasets}");
}

/// Child records with and without keys, in separate lines, and moved between imports; references across datasets; numbers
/// with all digits.
#[tokio::test]
async fn unusual_records_round_trip() {
    let other = json!({ "kind": "dataset", "key": "other", "title": "Another" });
    let lines = |second: bool| {
        let keyed = json!({ "key": "visit/host", "actor": "ann", "role": "HOST",
            "evidence": [{ "article": "a", "start": 1, "end": 2 }] });
        let unkeyed = json!({ "thing": "flowers", "role": "OBJECT", "evidence": [{ "article": "a" }] });
        let of_account = json!({ "key": "of-account", "account": "visit/account", "actor": "ann", "role": "VISITOR" });
        let parts =
            if second { vec![of_account, unkeyed, keyed] } else { vec![keyed, unkeyed.clone(), of_account, unkeyed] };
        let lines = vec![
            json!({ "kind": "article", "key": "a", "text": "Ann was here.", "authors": ["bob", "ann"],
                "mentions": [{ "text": "Ann", "type": "PERSON", "start": 0, "judged": "ann" }] }),
            json!({ "kind": "person", "key": "ann", "label": "Ann", "born": "1999?",
                "names": [{ "text": "Ann", "type": "FULL", "evidence": [{ "article": "a", "quote": "Ann" }] }, { "text": "An#n/0" }] }),
            json!({ "kind": "person", "key": "bob", "label": "Bob \"\\ \u{1f41f}\u{7}" }),
            json!({ "kind": "place", "key": "p", "type": "CITY", "label": "P", "latitude": 0.1 + 0.2, "longitude": -122.123_456_789_012_34 }),
            json!({ "kind": "event", "key": "visit", "type": "VISIT", "place": "p", "participations": parts,
                "when": { "raw": "one evening" },
                "accounts": [{ "key": "visit/account", "label": "it was short", "when": { "edtf": "2021-07", "raw": "in July" },
                    "participations": [{ "actor": "bob", "role": "VISITED" }],
                    "figures": [{ "counted": "minutes", "value": 1e15 + 0.5, "upper": 2e22 }] }] }),
            json!({ "kind": "participation", "key": "own", "event": "visit", "account": "visit/account", "thing": "cake", "role": "OBJECT" }),
            json!({ "kind": "evidence", "key": "loose", "target": "visit#/participations/1", "article": "a", "confidence": 0.3 }),
            json!({ "kind": "statement", "key": "s", "summary": "They met.", "attribution": "NOT_RECORDED", "quoteType": "DIRECT",
                "about": ["visit", "p", "ann"], "stances": [{ "claim": "c", "stance": "ASSERTS" }] }),
            json!({ "kind": "claim", "key": "c", "text": "Ann brought flowers.", "subject": "visit#/participations/1" }),
            other.clone(),
            json!({ "kind": "person", "key": "ann", "label": "Another Ann" }),
            json!({ "kind": "relation", "key": "r", "type": "ASSOCIATE_OF", "subject": "ann", "object": { "dataset": "test", "key": "ann" }, "from": "2001/2002" }),
        ];
        records(&lines)
    };
    let all = databases().await;
    for fixture in &all {
        assert_eq!(fixture.import(&lines(false)).await.problems, []);
        assert_eq!(fixture.import(&lines(true)).await.problems, []);
    }
    let out = assert_round_trip(all).await;
    assert!(
        out.contains(r#""latitude":0.30000000000000004"#) && out.contains(r#""longitude":-122.12345678901234"#),
        "{out}"
    );
    assert!(out.contains(r#""object":{"dataset":"test","key":"ann"}"#), "{out}");
    assert!(out.contains(r#""subject":"visit#/participations/1""#), "{out}");
    assert!(out.contains(r#""when":{"raw":"one evening"}"#), "{out}");
}

#[tokio::test]
async fn export_filters_match_graphql_filters() {
    for fixture in databases_with_story().await {
        let filter = json!({ "type": { "within": ["VIOLENCE"] } });
        let exported = fixture.export_text(Format::Records, Some("event"), Some(filter.clone())).await;
        let query = "query ($filter: EventFilter) { events(filter: $filter, first: 100) { nodes { record { key } } } }";
        let data = fixture.query_with(query, json!({ "filter": filter })).await;
        let expected: Vec<&str> = data["events"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["record"]["key"].as_str().unwrap())
            .collect();
        let lines: Vec<Value> = exported.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!expected.is_empty());
        assert_eq!(lines.iter().map(|line| line["key"].as_str().unwrap()).collect::<Vec<_>>(), expected);

        // A child record is exported within its parent record.
        let parts = fixture
            .export_text(Format::Records, Some("participation"), Some(json!({ "role": { "eq": "VISITOR" } })))
            .await;
        assert!(parts.lines().skip(1).all(|line| line.starts_with(r#"{"record":"event""#)), "{parts}");

        let request = |kind: Option<&str>, filter: Value| Request {
            format: Format::Records,
            kind: kind.map(|kind| parse_node_type(kind).unwrap()),
            filter: Some(filter),
            dataset: None,
            has_hints: true,
            include_deciders: true,
        };
        let event = |filter| request(Some("event"), filter);
        let (code, message) = fixture.export_error(event(json!({ "typ": {} }))).await;
        assert_eq!(code, "BAD_INPUT");
        assert!(message.contains("`filter` has no field `typ` (`EventFilter`): did you mean `type`?"), "{message}");
        let nested = json!({ "or": [{ "place": { "not": { "lable": {} } } }] });
        let (_, message) = fixture.export_error(event(nested)).await;
        assert!(message.contains("`filter.or[0].place.not` has no field `lable`"), "{message}");
        let deep = |levels| (0..levels).fold(json!({}), |inner, _| json!({ "parent": inner }));
        fixture.export_text(Format::Records, Some("event"), Some(deep(20))).await;
        let (code, message) = fixture.export_error(event(deep(32))).await;
        assert!(code == "LIMIT" && message.contains("nested more than 32 filters deep"), "{message}");
        // SQLite accepts fewer, depending on the other conditions.
        if let Err(error) = fixture.try_export(&event(deep(31))).await {
            assert!(error.code() == "LIMIT" && error.to_string().contains("too deeply nested"), "{error}");
        }
        let wrong = json!({ "standing": "CONTESTED", "type": { "within": ["VISITS"] } });
        let (code, message) = fixture.export_error(event(wrong.clone())).await;
        assert_eq!(code, "BAD_INPUT");
        for advice in ["write `{\"eq\": \"CONTESTED\"}`", "did you mean `VISIT`?"] {
            assert!(message.contains(advice), "{message}");
        }
        let hidden = Request { has_hints: false, ..event(wrong) };
        let (_, message) = fixture.export_error(hidden).await;
        assert!(message.contains("`VISITS` is not a value") && !message.contains("VISIT`"), "{message}");
        let (code, message) = fixture.export_error(event(json!({ "slug": { "eq": "al-kadhimi-visit" } }))).await;
        assert_eq!(code, "NOT_FOUND", "{message}");
        assert_eq!(fixture.export_error(request(None, json!({}))).await.0, "BAD_INPUT");
        let mistaken = Request { dataset: Some("mikdan".into()), ..request(None, Value::Null) };
        let (code, message) = fixture.export_error(Request { filter: None, ..mistaken }).await;
        assert_eq!((code, message.contains("mikdam")), ("NOT_FOUND", true), "{message}");
        let (code, _) =
            fixture.export_error(Request { format: Format::Geojson, ..request(Some("claim"), json!({})) }).await;
        assert_eq!(code, "BAD_INPUT");
        let (code, _) =
            fixture.export_error(Request { format: Format::Csv, filter: None, ..request(None, Value::Null) }).await;
        assert_eq!(code, "BAD_INPUT");
    }
}

pub fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[tokio::test]
async fn csv_columns_match_graphql_fields() {
    let mut first: Option<String> = None;
    for fixture in databases_with_story().await {
        let out = fixture.export_text(Format::Csv, Some("event"), None).await;
        assert_eq!(*first.get_or_insert_with(|| out.clone()), out, "the databases differ");
        assert!(out.contains("\r\n"));
        let rows = table(&out);
        let release = rows.iter().find(|row| row["type"] == "END_OF_CAPTIVITY").unwrap();
        assert_eq!(release["standing"], "CONTESTED");
        let data = fixture
            .query_with(
                "query ($id: ID!) { node(id: $id) { id ... on Event { title } } }",
                json!({ "id": release["id"] }),
            )
            .await;
        assert_eq!(data["node"]["title"], release["title"]);
        assert!(rows.iter().any(|row| row["placeLabel"] == "Baghdad" && !row["place"].is_empty()), "{out}");
        // Each of these node types can be exported, with all rows.
        for (kind, field) in
            [("statement", "statements"), ("evidence", "evidences"), ("actor", "actors"), ("claim", "claims")]
        {
            let rows = table(&fixture.export_text(Format::Csv, Some(kind), None).await);
            if field != "evidences" {
                let data = fixture.query(&format!("{{ {field} {{ totalCount }} }}")).await;
                assert_eq!(json!(rows.len()), data[field]["totalCount"], "{kind}");
            }
            assert!(!rows.is_empty());
        }
        // Without rows the header line is still written.
        let none = fixture.export_text(Format::Csv, Some("event"), Some(json!({ "title": { "eq": "no such" } }))).await;
        assert!(none.starts_with("id,dataset,key,slug,type,") && none.lines().count() == 1, "{none}");
    }
}

#[tokio::test]
async fn csv_escapes_formulas() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "person", "key": "=x", "label": "=HYPERLINK(\"http://evil.example\",\"x\")", "description": "a,\"b\"\r\nc" }),
            json!({ "kind": "person", "key": "y", "label": "-12.5" }),
        ];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let rows = table(&fixture.export_text(Format::Csv, Some("actor"), None).await);
        assert_eq!(rows[0]["label"], "'=HYPERLINK(\"http://evil.example\",\"x\")");
        assert_eq!((rows[0]["key"].as_str(), rows[0]["description"].as_str()), ("'=x", "a,\"b\"\r\nc"));
        assert_eq!(rows[1]["label"], "-12.5");

        let lines = [
            json!({ "kind": "article", "key": "a", "headline": "A", "authors": ["y", "=x"] }),
            json!({ "kind": "article", "key": "b", "headline": "B" }),
            json!({ "kind": "statement", "key": "s", "summary": "They met.", "attribution": "NOT_RECORDED", "quoteType": "INDIRECT", "about": ["=x"] }),
        ];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let articles = table(&fixture.export_text(Format::Csv, Some("article"), None).await);
        let id = |at: usize| rows[at]["id"].as_str();
        assert_eq!(articles[0]["authors"], format!("{};{}", id(1), id(0)));
        assert_eq!(articles[0]["authorsLabel"], "'-12.5; =HYPERLINK(\"http://evil.example\",\"x\")");
        assert_eq!((articles[1]["authors"].as_str(), articles[1]["authorsLabel"].as_str()), ("", ""));
        let statements = table(&fixture.export_text(Format::Csv, Some("statement"), None).await);
        assert_eq!(statements[0]["about"], id(0));
        assert_eq!(statements[0]["aboutLabel"], "'=HYPERLINK(\"http://evil.example\",\"x\")");
    }
}

#[tokio::test]
async fn geojson_coordinates_have_longitude_first() {
    for fixture in databases_with_story().await {
        let map: Value = serde_json::from_str(&fixture.export_text(Format::Geojson, None, None).await).unwrap();
        let features = map["features"].as_array().unwrap();
        let baghdad = features.iter().find(|one| one["properties"]["label"] == "Baghdad").unwrap();
        let [longitude, latitude] = [0, 1].map(|at| baghdad["geometry"]["coordinates"][at].as_f64().unwrap());
        assert!((44.0..45.0).contains(&longitude) && (33.0..34.0).contains(&latitude), "{baghdad}");
        assert!(
            features.iter().any(|one| one["properties"]["nodeType"] == "event" && one["geometry"]["type"] == "Point")
        );
        let places: Value =
            serde_json::from_str(&fixture.export_text(Format::Geojson, Some("place"), None).await).unwrap();
        assert!(places["features"].as_array().unwrap().iter().all(|one| one["properties"]["nodeType"] == "place"));
    }
}

/// The disputed release has two views, each with its sources.
#[tokio::test]
async fn jsonld_lists_each_view_with_its_sources() {
    for fixture in databases_with_story().await {
        let document: Value = serde_json::from_str(&fixture.export_text(Format::Jsonld, None, None).await).unwrap();
        let nodes = document["@graph"].as_array().unwrap();
        let release = nodes.iter().find(|node| node["sem:eventType"]["@id"] == "ng:END_OF_CAPTIVITY").unwrap();
        let views: Vec<&Value> = nodes
            .iter()
            .filter(|node| node["@type"] == json!(["sem:View"]) && node["rdf:value"]["@id"] == release["@id"])
            .collect();
        assert_eq!(views.len(), 2, "{views:#?}");
        let holders = |view: &Value| -> HashSet<String> {
            let all = view["sem:accordingTo"].as_array().unwrap();
            all.iter().map(|one| one["schema:name"].as_str().unwrap().to_owned()).collect()
        };
        let [left, right] = [holders(views[0]), holders(views[1])];
        assert!(!left.is_empty() && !right.is_empty() && left.is_disjoint(&right), "{left:?} {right:?}");
        let kinds: HashSet<&str> = views.iter().map(|view| view["sem:eventType"]["@id"].as_str().unwrap()).collect();
        assert_eq!(kinds, HashSet::from(["ng:RESCUE", "ng:RELEASE"]));
    }
}

#[tokio::test]
async fn graphml_edges_refer_to_exported_nodes() {
    for fixture in databases_with_story().await {
        let some = Some(json!({ "type": { "eq": "VISIT" } }));
        for (kind, filter) in [(None, None), (Some("event"), some), (Some("claim"), None)] {
            let graph = fixture.export_text(Format::Graphml, kind, filter).await;
            let values = |mark: &str| -> Vec<String> {
                graph.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
            };
            let nodes = values("<node id=\"");
            let known: HashSet<&String> = nodes.iter().collect();
            assert_eq!(known.len(), nodes.len(), "a node is exported twice");
            let ends = [values(" source=\""), values(" target=\"")].concat();
            assert!(ends.len() > 4);
            assert!(ends.iter().all(|end| known.contains(end)), "an edge refers to a missing node");
            let edges = values("<edge id=\"");
            assert_eq!(edges.iter().collect::<HashSet<_>>().len(), edges.len());
        }
    }
}

/// An XML parser reads back what was exported, except for characters that XML cannot contain.
#[tokio::test]
async fn graphml_is_well_formed_for_any_text() {
    for fixture in databases().await {
        let label = "a <b> & \"c\" ]]> \u{7}\u{1f41f}\r\nd";
        let person = json!({ "kind": "person", "key": "ann", "label": label });
        assert_eq!(fixture.import_lines(&[person]).await.problems, []);
        let graph = fixture.export_text(Format::Graphml, None, None).await;
        let mut reader = quick_xml::Reader::from_str(&graph);
        let (mut open, mut text) = (Vec::new(), String::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(start) => {
                    let is_label = start.attributes().any(|attribute| attribute.unwrap().value == "label");
                    open.push(is_label);
                }
                Event::End(_) => {
                    open.pop().unwrap();
                }
                Event::Text(part) if open.last() == Some(&true) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) if open.last() == Some(&true) => {
                    let entity = quick_xml::escape::resolve_predefined_entity(&reference);
                    let character = reference.resolve_char_ref().unwrap().map(String::from);
                    text.push_str(&character.unwrap_or_else(|| entity.unwrap().to_owned()));
                }
                _ => {}
            }
        }
        assert!(open.is_empty());
        assert_eq!(text, label.replace('\u{7}', "\u{fffd}"));
    }
}

#[tokio::test]
async fn followthemoney_export_can_be_imported() {
    for fixture in databases_with_story().await {
        let out = fixture.export_text(Format::Ftm, None, None).await;
        let schemata: HashSet<String> = out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["schema"].as_str().unwrap().to_owned())
            .collect();
        for schema in ["Person", "PublicBody", "LegalEntity", "Address", "Article", "Event", "Family"] {
            assert!(schemata.contains(schema), "{schemata:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graph.ftm.json");
        std::fs::write(&file, &out).unwrap();
        let done = newsgraph(&fixture, &["import", "--format", "ftm", file.to_str().unwrap()], "");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
}

/// Exports do not contain later writes, and do not use the connections of queries.
#[tokio::test]
async fn export_reads_one_snapshot_and_releases_its_connection() {
    for fixture in databases().await {
        let people = |from: usize| -> Vec<Value> {
            (from..from + 1500).map(|at| json!({ "kind": "person", "key": format!("p{at}"), "label": "Ann" })).collect()
        };
        assert_eq!(fixture.import_lines(&people(0)).await.problems, []);
        let request = Request {
            format: Format::Records,
            kind: None,
            filter: None,
            dataset: None,
            has_hints: true,
            include_deciders: true,
        };
        let mut running = Vec::new();
        for _ in 0..4 {
            running.push(export(&fixture.db, &request).await.unwrap());
        }
        let mut lines = Vec::new();
        for export in &mut running {
            lines.push(export.next().await.unwrap().unwrap().bytes.iter().filter(|byte| **byte == b'\n').count());
        }
        assert_eq!(export(&fixture.db, &request).await.map(|_| ()).unwrap_err().code(), "LIMIT");
        assert_eq!(fixture.import_lines(&people(1500)).await.problems, []);
        assert_eq!(fixture.query("{ actors { totalCount } }").await["actors"]["totalCount"], 3000);
        for (export, lines) in running.iter_mut().zip(&mut lines) {
            while let Some(chunk) = export.next().await.unwrap() {
                *lines += chunk.bytes.iter().filter(|byte| **byte == b'\n').count();
            }
        }
        assert_eq!(lines, [1501; 4]);
        drop(running);
        // Each export releases its connection, also when it is dropped before its end.
        for _ in 0..10 {
            let mut left = export_when_free(&fixture, &request).await;
            left.next().await.unwrap();
        }
    }
}

async fn export_when_free(fixture: &Fixture, request: &Request) -> newsgraph::export::Export {
    for _ in 0..200 {
        match export(&fixture.db, request).await {
            Ok(running) => return running,
            Err(error) => assert_eq!(error.code(), "LIMIT"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no connection became free");
}

#[tokio::test]
async fn export_command_writes_complete_files_only() {
    for fixture in databases_with_story().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graph.jsonl");
        let path = file.to_str().unwrap();
        let done = newsgraph(&fixture, &["export", "--output", path], "");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), fixture.export_records().await);
        let wrong = newsgraph(&fixture, &["export", "--kind", "events", "--output", path], "");
        assert_eq!(wrong.status.code(), Some(2));
        assert!(text(&wrong.stderr).contains("did you mean \"event\"?"), "{}", text(&wrong.stderr));
        let wrong = newsgraph(&fixture, &["export", "--kind", "event", "--filter", "{", "--output", path], "");
        assert_eq!(wrong.status.code(), Some(2));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let out = newsgraph(&fixture, &["export", "--format", "csv", "--kind", "statement"], "");
        assert_eq!(table(&text(&out.stdout)).len(), 18);
    }
}

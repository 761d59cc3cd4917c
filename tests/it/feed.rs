//! Feeds by others: what becomes of a row, what is left out, and what a damaged row takes with it.

use std::io::Write;

use newsgraph::import::feed::{self, Format, Settings};
use newsgraph::import::{self, Options, Report};
use serde_json::{Value, json};

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases};

fn file(name: &str) -> String {
    format!("{}/tests/feeds/{name}", env!("CARGO_MANIFEST_DIR"))
}

async fn import(fixture: &Fixture, files: &[&str]) -> Report {
    let files: Vec<_> = files.iter().map(|name| file(name)).collect();
    import_as(fixture, Format::Auto, &files).await
}

async fn import_as(fixture: &Fixture, format: Format, files: &[String]) -> Report {
    let settings = Settings { format, dataset: None, mentions: true, quotations: true };
    let sources = feed::open(files, &settings).unwrap();
    import::import(&fixture.db, &sources, &Options::default(), &mut ()).await.unwrap()
}

/// The text as a file of its own.
fn written(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn raw(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

const ALL: &[&str] = &[
    "gdelt.export.CSV",
    "gdelt.mentions.CSV",
    "gdelt.gkg.csv",
    "ucdp.csv",
    "acled-api.csv",
    "acled-export.csv",
    "entities.ftm.json",
    "geonames.txt",
    "alternateNames.txt",
];

#[tokio::test]
async fn every_feed_is_recognised_and_a_second_import_changes_nothing() {
    for fixture in databases().await {
        let first = import(&fixture, ALL).await;
        assert_eq!(first.problems, []);
        assert!(first.written && first.total().created > 50, "{first}");
        let before = fixture.dump().await;
        let second = import(&fixture, ALL).await;
        let total = second.total();
        assert_eq!((total.created, total.updated, total.rejected), (0, 0, 0), "{second}");
        assert_eq!(fixture.dump().await, before);
        // One by one they are the same as together.
        for name in ALL {
            let total = import(&fixture, &[name]).await.total();
            assert_eq!((total.created, total.updated, total.rejected), (0, 0, 0), "{name}");
        }
        let data = fixture.ask("{ datasets { nodes { key licence } } }").await;
        let keys: Vec<_> = data["datasets"]["nodes"].as_array().unwrap().iter().map(|node| &node["key"]).collect();
        assert_eq!(keys.len(), 5, "{keys:?}");
    }
}

const EVENTS: &str = "{ events(first: 20) { nodes {
    type sourceType when { edtf } place { label kind country latitude parent { label } } placePrecision placeNote summary
    participations { nodes { role side actor { __typename label country sector } } }
    externalIds { nodes { scheme value } }
    figures { nodes { counted value lower upper qualifier } }
    evidence { nodes { confidence article { url headline published { edtf } publisher { label } } } }
} } }";

async fn events(fixture: &Fixture) -> Vec<Value> {
    let mut events = fixture.ask(EVENTS).await["events"]["nodes"].as_array().unwrap().clone();
    events.sort_by_key(|event| event["externalIds"]["nodes"].to_string());
    events
}

#[tokio::test]
async fn gdelt_rows_become_events_without_their_mirrors() {
    for fixture in databases().await {
        // Events stand behind mentions of them, and before.
        let report = import(&fixture, &["gdelt.mentions.CSV", "gdelt.export.CSV"]).await;
        assert_eq!(report.problems, []);
        let skipped: Vec<_> = report.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(
            skipped,
            [
                ("mirrors of an event with the actors exchanged", 1),
                ("of an event or a place that is not stored", 1),
                ("repeats of an event with the same article, actors, day and place", 1),
                ("works known by a citation that many share", 1),
            ]
        );
        assert_eq!(report.rows, 9);
        let all = events(&fixture).await;
        assert_eq!(all.len(), 3, "{all:#?}");
        insta::assert_json_snapshot!("gdelt_events", all);
    }
}

#[tokio::test]
async fn gdelt_knowledge_becomes_figures_mentions_and_quotations_without_a_speaker() {
    for fixture in databases().await {
        let report = import(&fixture, &["gdelt.gkg.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["counts that cannot be read"], 1);
        assert_eq!(report.unmapped["quotations that cannot be read"], 1);
        let data = fixture
            .ask(
                "{ articles { nodes { url figures { nodes { counted countedType value } }
                   mentions { nodes { text kind } } } }
                   statements { nodes { text cue attribution speaker { label } } } actors { totalCount } }",
            )
            .await;
        insta::assert_json_snapshot!("gdelt_gkg", data);
        // Unasked, neither names nor quotations come in.
        let settings =
            Settings { format: Format::GdeltGkg, dataset: Some("other".into()), mentions: false, quotations: false };
        let sources = feed::open(&[file("gdelt.gkg.csv")], &settings).unwrap();
        let report = import::import(&fixture.db, &sources, &Options::default(), &mut ()).await.unwrap();
        assert_eq!(report.kinds.keys().collect::<Vec<_>>(), ["article", "dataset", "figure"]);
        assert_eq!(report.unmapped["quotations, without --quotations"], 1);
    }
}

#[tokio::test]
async fn ucdp_rows_become_events_with_estimates() {
    for fixture in databases().await {
        let report = import(&fixture, &["ucdp.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["a row of HXL tags"], 1);
        insta::assert_json_snapshot!("ucdp_events", events(&fixture).await);
        let data = fixture.ask("{ statements { totalCount } }").await;
        assert_eq!(data["statements"]["totalCount"], 0);
    }
}

#[tokio::test]
async fn acled_rows_of_both_exports_become_events() {
    for fixture in databases().await {
        let report = import(&fixture, &["acled-api.csv", "acled-export.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["sources without a name"], 2);
        insta::assert_json_snapshot!("acled_events", events(&fixture).await);
    }
}

#[tokio::test]
async fn entities_become_actors_ties_and_events_and_deltas_change_them() {
    for fixture in databases().await {
        let report = import(&fixture, &["entities.ftm.json"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["addresses"], 1);
        let query =
            "{ actors { nodes { __typename label country names { nodes { text kind } } externalIds { nodes { value } }
            ... on Person { born { edtf } } } }
            relations { nodes { kind title from { edtf } subject { label } object { label } } }
            articles { nodes { headline url } } }";
        let mut data = fixture.ask(query).await;
        data["events"] = events(&fixture).await.into();
        insta::assert_json_snapshot!("ftm", data);
        let report = import(&fixture, &["delta.ftm.json"]).await;
        assert_eq!(report.kinds["actor"].updated, 1, "{report}");
        assert_eq!(report.skipped["deletions: an import takes nothing away"], 1);
    }
}

#[tokio::test]
async fn geonames_become_places_that_are_found_by_their_names() {
    for fixture in databases().await {
        let report = import(&fixture, &["alternateNames.txt", "geonames.txt"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["links, codes and spellings that are no names"], 1);
        assert_eq!(report.skipped["of an event or a place that is not stored"], 1);
        let data = fixture
            .ask(
                "{ places { nodes { kind label country latitude longitude parent { label }
                   names { nodes { text kind language script } } externalIds { nodes { scheme value } } } } }",
            )
            .await;
        insta::assert_json_snapshot!("geonames", data);
    }
}

/// Lines of a feed, one of them changed, and what is said of that one.
fn damaged() -> Vec<(&'static str, u64, Vec<u8>, &'static str, &'static str)> {
    let events = raw("gdelt.export.CSV");
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap().to_owned();
    let swap = |text: &str, first: usize, second: usize| {
        let mut cells: Vec<_> = text.split('\t').collect();
        cells.swap(first, second);
        cells.join("\t").into_bytes()
    };
    let fourth = line(&events, 3);
    vec![
        ("gdelt.export.CSV", 4, fourth.as_bytes()[..60].to_vec(), "", "columns and not 61"),
        ("gdelt.export.CSV", 4, [fourth.as_bytes(), b"\tmore"].concat(), "", "has 62 columns and not 61"),
        ("gdelt.export.CSV", 4, [b"\xff", fourth.as_bytes()].concat(), "", "is not UTF-8"),
        ("gdelt.export.CSV", 4, fourth.replace("AFRICA", "AFR\0ICA").into_bytes(), "", "holds a NUL"),
        ("gdelt.export.CSV", 4, swap(&fourth, 1, 6), "/SQLDATE", "`AFRICA` is no day"),
        ("gdelt.export.CSV", 4, swap(&fourth, 26, 52), "/EventCode", "is no CAMEO event code"),
        (
            "gdelt.export.CSV",
            4,
            fourth.replace("\t33\t", "\t333\t").into_bytes(),
            "/ActionGeo_Lat",
            "outside of -90 to 90",
        ),
        (
            "gdelt.mentions.CSV",
            1,
            swap(&line(&raw("gdelt.mentions.CSV"), 0), 0, 5),
            "/GLOBALEVENTID",
            "no whole number",
        ),
        ("entities.ftm.json", 3, b"{\"id\": \"m1\", \"schema\": \"Dire".to_vec(), "", "is not JSON"),
        (
            "geonames.txt",
            2,
            line(&raw("geonames.txt"), 1).replace("36.19", "x").into_bytes(),
            "/latitude",
            "`x` is no number",
        ),
        // The row goes on behind a line break, and is cut there: the last row must not be taken with it.
        ("ucdp.csv", 3, line(&raw("ucdp.csv"), 2).into_bytes(), "", "columns and not 34"),
    ]
}

#[tokio::test]
async fn a_damaged_row_is_told_and_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, number, bytes, pointer, words) in damaged() {
        for fixture in databases().await {
            let mut whole = Vec::new();
            let text = raw(name);
            let mut lines: Vec<&str> = text.lines().collect();
            if name == "ucdp.csv" {
                lines.remove(3);
            }
            for (at, line) in (1..).zip(&lines) {
                whole.extend_from_slice(if at == number { &bytes } else { line.as_bytes() });
                whole.push(b'\n');
            }
            let copy = written(&folder, name, &whole);
            let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
            assert!(report.written, "{name}: {report}");
            let [problem] = report.problems.as_slice() else { panic!("{name} {words}: {:#?}", report.problems) };
            assert_eq!((problem.line, problem.pointer.as_str()), (number, pointer), "{problem}");
            assert!(problem.message.contains(words) && problem.suggestion.is_some(), "{words}: {problem}");
            // Everything but that line came in as if it were not there.
            let rest: Vec<_> = (1..).zip(&lines).filter(|(at, _)| *at != number).map(|(_, line)| *line).collect();
            let rest = written(&folder, &format!("rest-{name}"), (rest.join("\n") + "\n").as_bytes());
            let again = import_as(&fixture, Format::Auto, &[rest]).await;
            assert_eq!(again.problems, []);
            assert_eq!((again.total().created, again.total().updated), (0, 0), "{name} {words}: {again}");
        }
    }
}

#[tokio::test]
async fn packed_files_are_read_as_they_are_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(raw("ucdp.csv").as_bytes()).unwrap();
    let gz = written(&folder, "ucdp.csv.gz", &gz.finish().unwrap());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.add_directory("folder", options).unwrap();
    for (name, inner) in
        [("../../../etc/gdelt", "gdelt.export.CSV"), ("folder/\u{1b}[31mmentions", "gdelt.mentions.CSV")]
    {
        zip.start_file(name, options).unwrap();
        zip.write_all(raw(inner).as_bytes()).unwrap();
    }
    zip.start_file("broken", options).unwrap();
    zip.write_all(raw("acled-api.csv").replace("2020-05-09", "2020-05-99").as_bytes()).unwrap();
    let zip = written(&folder, "feeds.zip", &zip.finish().unwrap().into_inner());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, &[gz.clone(), zip.clone()]).await;
        assert_eq!(report.kinds["event"].created, 3 + 2 + 1, "{report}");
        let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
        assert_eq!((problem.file.as_str(), problem.line), (format!("{zip}:broken").as_str(), 2));
        assert_eq!(problem.pointer, "/event_date");
    }
}

#[tokio::test]
async fn what_grows_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..300 {
        gz.write_all(&zeros).unwrap();
    }
    let inner = gz.finish().unwrap();
    let bomb = written(&folder, "bomb.gz", &inner);
    let settings = Settings { format: Format::GdeltEvents, dataset: None, mentions: false, quotations: false };
    let refused = feed::open(&[bomb], &settings).err().unwrap().to_string();
    assert!(refused.contains("unpacks to more than 1000 times"), "{refused}");
    // Half an archive, and no archive at all.
    let half = written(&folder, "half.gz", &inner[..inner.len() / 2]);
    assert!(feed::open(&[half], &settings).is_err());
    let no_zip = written(&folder, "no.zip", b"PK\x03\x04nothing");
    let refused = feed::open(&[no_zip], &settings).err().unwrap().to_string();
    assert!(refused.contains("pack it again"), "{refused}");
}

#[tokio::test]
async fn the_command_tells_what_it_left_out() {
    for fixture in databases().await {
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], &raw("gdelt.export.CSV"));
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let told = text(&done.stdout);
        assert!(told.contains("rows read                  5"), "{told}");
        assert!(told.contains("skipped                    1  mirrors of an event"), "{told}");
        assert!(told.contains("not stored                 3  average tone"), "{told}");
        let broken = raw("gdelt.export.CSV").replace("20200711\t202007", "2020071\t202007");
        let done = newsgraph(&fixture, &["import", "--format", "gdelt-events", "-"], &broken);
        assert_eq!(done.status.code(), Some(1));
        let told = text(&done.stderr);
        assert!(told.contains("-:4 /SQLDATE: `2020071` is no day -- write YYYYMMDD"), "{told}");
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], "what is this?\n");
        assert_eq!(done.status.code(), Some(2));
        assert!(text(&done.stderr).contains("say which it is with --format"), "{}", text(&done.stderr));
        let done = newsgraph(&fixture, &["import", "--format", "ucdp", "-"], "id,year\n1,2\n");
        assert_eq!(done.status.code(), Some(2));
        assert!(text(&done.stderr).contains("lacks the columns type_of_violence"), "{}", text(&done.stderr));
        let records = crate::fixture::records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], &records);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
}

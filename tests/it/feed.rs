//! Feeds of other projects: how rows become records, and what is skipped.

use clap::ValueEnum;
use newsgraph::import::feed::{self, Format, Settings};
use newsgraph::import::{self, Options, Report};
use serde_json::{Value, json};

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases};

pub fn feed_path(name: &str) -> String {
    format!("{}/tests/feeds/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub async fn import(fixture: &Fixture, files: &[&str]) -> Report {
    let files: Vec<_> = files.iter().map(|name| feed_path(name)).collect();
    import_as(fixture, Format::Auto, &files).await
}

pub async fn import_as(fixture: &Fixture, format: Format, files: &[String]) -> Report {
    let settings = Settings { format, dataset: None, mentions: true, quotations: true };
    let sources = feed::open(files, &settings).unwrap();
    import::import(&fixture.db, &sources, &Options::default(), &mut ()).await.unwrap()
}

/// Writes a file into the folder and returns its path.
pub fn write_file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

pub fn feed_text(name: &str) -> String {
    std::fs::read_to_string(feed_path(name)).unwrap()
}

/// Files of each feed, with their formats. A file comes after those that its rows refer to.
const FILES: &[(&str, Format)] = &[
    ("gdelt.export.CSV", Format::GdeltEvents),
    ("gdelt.mentions.CSV", Format::GdeltMentions),
    ("gdelt.gkg.csv", Format::GdeltGkg),
    ("ucdp.csv", Format::Ucdp),
    ("acled-api.csv", Format::Acled),
    ("acled-export.csv", Format::Acled),
    ("polecat.tsv", Format::Polecat),
    ("entities.ftm.json", Format::Ftm),
    ("statements.ftm.csv", Format::FtmStatements),
    ("geonames.txt", Format::Geonames),
    ("alternateNames.txt", Format::GeonamesNames),
];

/// Returns the formats that are feeds of others.
pub fn feed_formats() -> impl Iterator<Item = Format> {
    Format::value_variants().iter().copied().filter(|format| !matches!(format, Format::Auto | Format::Records))
}

#[test]
fn every_feed_has_a_file() {
    let missing: Vec<_> = feed_formats().filter(|format| FILES.iter().all(|(_, of)| of != format)).collect();
    assert!(missing.is_empty(), "not in FILES: {missing:?}");
}

#[tokio::test]
async fn every_feed_is_detected_and_reimport_changes_nothing() {
    let files: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    for fixture in databases().await {
        let first = import(&fixture, &files).await;
        assert_eq!(first.problems, []);
        assert!(first.written && first.total().created > 50, "{first}");
        let before = fixture.dump().await;
        let second = import(&fixture, &files).await;
        let total = second.total();
        assert_eq!((total.created, total.updated, total.rejected), (0, 0, 0), "{second}");
        assert_eq!(fixture.dump().await, before);
        // Each file alone changes nothing either.
        for (name, format) in FILES {
            let total = import_as(&fixture, *format, &[feed_path(name)]).await.total();
            assert_eq!((total.created, total.updated, total.rejected), (0, 0, 0), "{name}");
        }
        let data = fixture.query("{ datasets { nodes { key license } } }").await;
        let keys: Vec<_> = data["datasets"]["nodes"].as_array().unwrap().iter().map(|node| &node["key"]).collect();
        assert_eq!(keys.len(), 6, "{keys:?}");
    }
}

const EVENTS: &str = "{ events(first: 20) { nodes {
    title titleSource type sourceType when { edtf } place { label kind country latitude parent { label } } placePrecision placeNote summary
    participations { nodes { role side actor { __typename label country sector } } }
    externalIds { nodes { scheme value } }
    figures { nodes { counted value lower upper qualifier } }
    evidence { nodes { confidence note article { url headline published { edtf } publisher { label } } } }
} } }";

pub async fn events(fixture: &Fixture) -> Vec<Value> {
    let mut events = fixture.query(EVENTS).await["events"]["nodes"].as_array().unwrap().clone();
    events.sort_by_key(|event| event["externalIds"]["nodes"].to_string());
    events
}

#[tokio::test]
async fn gdelt_rows_become_events_without_mirrored_duplicates() {
    for fixture in databases().await {
        // The file of mentions comes before the events that it refers to.
        let report = import(&fixture, &["gdelt.mentions.CSV", "gdelt.export.CSV"]).await;
        assert_eq!(report.problems, []);
        let skipped: Vec<_> = report.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(
            skipped,
            [
                ("articles identified by a citation instead of a URL", 1),
                ("duplicate events (same article, actors, day and place)", 1),
                ("mirrored events (same event with the actors swapped)", 1),
                ("of an event or place that is not stored", 1),
            ]
        );
        assert_eq!(report.rows, 9);
        let all = events(&fixture).await;
        assert_eq!(all.len(), 3, "{all:#?}");
        insta::assert_json_snapshot!("gdelt_events", all);
    }
}

#[tokio::test]
async fn gdelt_gkg_becomes_figures_mentions_and_statements_without_speaker() {
    for fixture in databases().await {
        let report = import(&fixture, &["gdelt.gkg.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["malformed counts"], 1);
        assert_eq!(report.unmapped["malformed quotations"], 1);
        let data = fixture
            .query(
                "{ articles { nodes { url figures { nodes { counted countedType value } }
                   mentions { nodes { text kind } } } }
                   statements { nodes { text cue attribution speaker { label } } } actors { totalCount } }",
            )
            .await;
        insta::assert_json_snapshot!("gdelt_gkg", data);
        // Without the options, neither mentions nor quotations are imported.
        let settings =
            Settings { format: Format::GdeltGkg, dataset: Some("other".into()), mentions: false, quotations: false };
        let sources = feed::open(&[feed_path("gdelt.gkg.csv")], &settings).unwrap();
        let report = import::import(&fixture.db, &sources, &Options::default(), &mut ()).await.unwrap();
        assert_eq!(report.kinds.keys().collect::<Vec<_>>(), ["article", "dataset", "figure"]);
        assert_eq!(report.unmapped["quotations (to import them, use --quotations)"], 1);
    }
}

#[tokio::test]
async fn ucdp_rows_become_events_with_estimates() {
    for fixture in databases().await {
        let report = import(&fixture, &["ucdp.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["rows of HXL tags"], 1);
        insta::assert_json_snapshot!("ucdp_events", events(&fixture).await);
        let data = fixture.query("{ statements { nodes { speakerText attribution speaker { label } } } }").await;
        let police = json!({ "speakerText": "police", "attribution": "NOT_RECORDED", "speaker": null });
        assert_eq!(data["statements"]["nodes"], json!([police, police]));
    }
}

#[tokio::test]
async fn acled_api_and_export_rows_become_events() {
    for fixture in databases().await {
        let report = import(&fixture, &["acled-api.csv", "acled-export.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["unnamed sources"], 2);
        insta::assert_json_snapshot!("acled_events", events(&fixture).await);
    }
}

#[tokio::test]
async fn polecat_rows_become_events_with_all_their_actors() {
    for fixture in databases().await {
        let report = import(&fixture, &["polecat.tsv"]).await;
        assert_eq!(report.problems, []);
        // An event has one row for each pair of actors, and an article has several events.
        assert_eq!(
            (report.rows, report.kinds["event"].created, report.kinds["article"].created),
            (4, 3, 2),
            "{report}"
        );
        assert_eq!(report.unmapped["lists whose length differs from the list of actors"], 1, "{report}");
        assert_eq!(report.unmapped["countries and sectors of unnamed actors"], 1, "{report}");
        let mut data = fixture
            .query(
                "{ actors { nodes { __typename label country sector externalIds { nodes { scheme value } } } }
                   places { nodes { label kind country parent { label } externalIds { nodes { scheme value } } } }
                   articles { nodes { language published { edtf } publisher { label } mentions { nodes { text kind } } } } }",
            )
            .await;
        data["events"] = events(&fixture).await.into();
        insta::assert_json_snapshot!("polecat", data);
        let titles = fixture.query("{ participations { nodes { role note actor { label } } } }").await;
        assert!(titles.to_string().contains("Prime Minister"), "{titles}");
    }
}

#[tokio::test]
async fn polecat_columns_are_read_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Vec<String>> =
        feed_text("polecat.tsv").lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    let joined = |rows: &[Vec<String>]| rows.iter().map(|row| row.join("\t") + "\n").collect::<String>();
    let without = |column: &str| {
        let at = rows[0].iter().position(|name| name == column).unwrap();
        let cut = rows.iter().map(|row| [&row[..at], &row[at + 1..]].concat());
        cut.collect::<Vec<_>>()
    };
    let older = without("Intensity");
    let backwards: Vec<Vec<String>> = older.iter().map(|row| row.iter().rev().cloned().collect()).collect();
    let more: Vec<Vec<String>> = rows.iter().map(|row| [row.as_slice(), &["Extra".to_owned()]].concat()).collect();
    let tabs: Vec<Vec<String>> =
        rows.iter().map(|row| [row.as_slice(), &[String::new(), String::new()]].concat()).collect();
    // The header names a column that the rows do not have.
    let mut bare = rows.clone();
    bare[0].insert(3, "Headline".into());
    for (what, rows) in [("older", older), ("backwards", backwards), ("more", more), ("tabs", tabs), ("bare", bare)] {
        let copy = write_file(&folder, what, joined(&rows).as_bytes());
        for fixture in databases().await {
            let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
            assert_eq!(report.problems, [], "{what}");
            let again = import(&fixture, &["polecat.tsv"]).await.total();
            assert_eq!((again.created, again.updated), (0, 0), "{what}");
        }
    }
    let latin: Vec<u8> =
        feed_text("polecat.tsv").replace("Jane Example", "Jan\u{e9} Example").chars().map(|c| c as u8).collect();
    let latin = write_file(&folder, "latin", &latin);
    let mut raws = rows.clone();
    for (row, words) in raws.iter_mut().zip(["date_raw", "<No date detected--using publication date>", "on Saturday"]) {
        row.push(words.into());
    }
    raws[3].push("None".into());
    raws[4].push(String::new());
    let raws = write_file(&folder, "raws", joined(&raws).as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&latin)).await;
        assert_eq!((report.problems.len(), report.notes.len()), (0, 1), "{report}");
        assert!(report.notes[0].contains("2 lines are not UTF-8 and were read as ISO-8859-1"), "{report}");
        let found =
            fixture.query("{ actors(filter: { name: { matches: \"Jan\u{e9} Example\" } }) { nodes { label } } }").await;
        assert_eq!(found["actors"]["nodes"][0]["label"], "Jan\u{e9} Example");
        // The date is approximate only if the last row of the event says so.
        import_as(&fixture, Format::Auto, std::slice::from_ref(&raws)).await;
        let days = fixture.query("{ events { nodes { when { edtf raw } } } }").await.to_string();
        assert!(days.contains("\"edtf\":\"2021-07-10\",\"raw\":\"on Saturday\"") && !days.contains('?'), "{days}");
    }
}

#[tokio::test]
async fn followthemoney_entities_are_imported_and_updated_by_deltas() {
    for fixture in databases().await {
        let report = import(&fixture, &["entities.ftm.json"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["entities of the schema Address"], 1);
        let query =
            "{ actors { nodes { __typename label country names { nodes { text kind } } externalIds { nodes { value } }
            ... on Person { born { edtf } } } }
            relations { nodes { kind title from { edtf } subject { label } object { label } } }
            articles { nodes { headline url } } }";
        let mut data = fixture.query(query).await;
        data["events"] = events(&fixture).await.into();
        insta::assert_json_snapshot!("ftm", data);
        let report = import(&fixture, &["delta.ftm.json"]).await;
        assert_eq!(report.kinds["actor"].updated, 1, "{report}");
        assert_eq!(report.skipped["deletions (an import deletes nothing that is stored)"], 1);
    }
}

#[tokio::test]
async fn geonames_rows_become_places_with_names() {
    for fixture in databases().await {
        let report = import(&fixture, &["alternateNames.txt", "geonames.txt"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["links, codes and transcriptions instead of names"], 1);
        assert_eq!(report.skipped["of an event or place that is not stored"], 1);
        let data = fixture
            .query(
                "{ places { nodes { kind label country latitude longitude parent { label }
                   names { nodes { text kind language script } } externalIds { nodes { scheme value } } } } }",
            )
            .await;
        insta::assert_json_snapshot!("geonames", data);
    }
}

/// Older files of alternate names lack the last two columns.
#[tokio::test]
async fn alternate_names_may_have_eight_columns() {
    let folder = tempfile::tempdir().unwrap();
    let cut = |line: &str| line.split('\t').take(8).collect::<Vec<_>>().join("\t") + "\n";
    let older: String = feed_text("alternateNames.txt").lines().map(cut).collect();
    let older = write_file(&folder, "alternateNames.txt", older.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, &[feed_path("geonames.txt"), older.clone()]).await;
        assert_eq!(report.problems, []);
        let total = import(&fixture, &["geonames.txt", "alternateNames.txt"]).await.total();
        assert_eq!((total.created, total.updated), (0, 0));
    }
}

#[tokio::test]
async fn import_command_reports_skipped_rows_and_problems() {
    for fixture in databases().await {
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], &feed_text("gdelt.export.CSV"));
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let output = text(&done.stdout);
        assert!(output.contains("rows read                  5"), "{output}");
        assert!(output.contains("skipped                    1  mirrored events"), "{output}");
        assert!(output.contains("not stored                 3  average tone"), "{output}");
        let broken = feed_text("gdelt.export.CSV").replace("20200711\t202007", "2020071\t202007");
        let done = newsgraph(&fixture, &["import", "--format", "gdelt-events", "-"], &broken);
        assert_eq!(done.status.code(), Some(1));
        let output = text(&done.stderr);
        assert!(output.contains("-:4 /SQLDATE: `2020071` is not a day -- write YYYYMMDD"), "{output}");
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], "what is this?\n");
        assert_eq!(done.status.code(), Some(2));
        assert!(text(&done.stderr).contains("-: not a known format"), "{}", text(&done.stderr));
        let done = newsgraph(&fixture, &["import", "--format", "ucdp", "-"], "id,year\n1,2\n");
        assert_eq!(done.status.code(), Some(2));
        assert!(
            text(&done.stderr).contains("-: the first line lacks the columns type_of_violence"),
            "{}",
            text(&done.stderr)
        );
        let records = crate::fixture::records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
        let done = newsgraph(&fixture, &["import", "--format", "auto", "-"], &records);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
}

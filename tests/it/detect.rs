//! The format of a file: detected from its content, and refused in one message when it is not known.

use std::io::Write;

use newsgraph::import::feed::{self, Format, Settings};
use serde_json::json;

use crate::command::{newsgraph, text};
use crate::feed::{feed_path, feed_text, import_as, write_file};
use crate::fixture::{databases, records};

fn settings(format: Format) -> Settings {
    Settings { format, dataset: None, mentions: false, quotations: false }
}

/// Returns the message that rejects the file, without the path of its folder.
fn refusal(format: Format, folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = write_file(folder, name, bytes);
    let refused = feed::open(&[path], &settings(format)).err().unwrap_or_else(|| panic!("{name} was accepted"));
    assert_eq!(refused.code(), "BAD_INPUT", "{name}");
    let message = refused.to_string();
    let folder = folder.path().to_str().unwrap();
    assert_eq!(message.matches(folder).count(), 1, "{message}");
    message.replace(&format!("{folder}/"), "")
}

#[tokio::test]
async fn import_detects_the_format() {
    for fixture in databases().await {
        let person = records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
        let done = newsgraph(&fixture, &["import", "-"], &person);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let done = newsgraph(&fixture, &["import", "-"], &feed_text("ucdp.csv"));
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let counts = fixture.query("{ events { totalCount } }").await;
        assert_eq!(counts["events"]["totalCount"], 2);
    }
}

#[tokio::test]
async fn files_of_one_import_may_have_different_formats() {
    let folder = tempfile::tempdir().unwrap();
    let person = records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(feed_text("acled-api.csv").as_bytes()).unwrap();
    let packed = write_file(&folder, "acled.csv.gz", &gz.finish().unwrap());
    let people = write_file(&folder, "people.jsonl", person.as_bytes());
    for fixture in databases().await {
        let files = [feed_path("polecat.tsv"), people.clone(), packed.clone()];
        let arguments: Vec<&str> = ["import", "-"].into_iter().chain(files.iter().map(String::as_str)).collect();
        let done = newsgraph(&fixture, &arguments, &feed_text("gdelt.export.CSV"));
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let data = fixture.query("{ datasets { nodes { key } } }").await.to_string();
        for key in ["gdelt", "polecat", "acled", "test"] {
            assert!(data.contains(&format!("\"{key}\"")), "{key}: {data}");
        }
    }
}

#[tokio::test]
async fn unknown_format_is_rejected_with_one_message_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..200).map(|at| format!("{at},Ann,Baghdad,2021,1,2,3\n")).collect();
    let unknown = write_file(&folder, "data.csv", format!("id,name,city,year,a,b,c\n{rows}").as_bytes());
    for fixture in databases().await {
        // The files before it are not imported either.
        let done = newsgraph(&fixture, &["import", &feed_path("ucdp.csv"), &unknown], "");
        let message = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{message}");
        assert!(done.stdout.is_empty());
        assert_eq!(message.trim().lines().count(), 1, "{message}");
        let parts = [
            "data.csv: not a known format",
            "the first line, which has 7 comma-separated columns (id, name, city, year, a, b, c), and 4 more",
            "Known formats: records (JSON Lines), gdelt-events, gdelt-mentions, gdelt-gkg, ucdp, acled, polecat, ftm, \
             ftm-statements, geonames, geonames-names",
            "--format",
        ];
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        let counts = fixture.query("{ events { totalCount } datasets { nodes { key } } }").await;
        assert_eq!(counts, json!({ "events": { "totalCount": 0 }, "datasets": { "nodes": [] } }));
    }
}

#[tokio::test]
async fn unknown_content_is_rejected_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let lines = records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
    let values: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pretty = serde_json::to_vec_pretty(&values[1]).unwrap();
    let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let mut tar = vec![b'a'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let ucdp = feed_text("ucdp.csv");
    let commas = feed_text("polecat.tsv").lines().next().unwrap().replace('\t', ",");
    let fewer = ucdp.replacen("type_of_violence", "violence", 1);
    let older: String = (0..58).map(|at| format!("{at}\t")).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("array.json", serde_json::to_vec(&values).unwrap(), "array.json is a JSON array, not JSON Lines"),
        ("array.json", serde_json::to_vec_pretty(&values).unwrap(), "(for example `jq -c '.[]' FILE`)"),
        // One record on each line looks like JSON Lines.
        ("lines.json", format!("[\n{}\n]\n", lines.trim().replace('\n', ",\n")).into(), "is a JSON array"),
        ("pretty.json", pretty.clone(), "is JSON over several lines, not JSON Lines"),
        ("pretty.json", pretty, "(for example `jq -c . FILE`)"),
        ("large.json", format!("{{\n\"kind\": \"{}", "a".repeat(2 << 20)).into(), "is JSON over several lines"),
        ("page.csv", b"\n<!DOCTYPE html>\n<html><body>Log in</body></html>\n".into(), "page.csv is an HTML page"),
        ("empty.csv", Vec::new(), "empty.csv is empty"),
        ("blank.csv", b"\n \r\n".into(), "add --format records"),
        ("wide.csv", b"\xff\xfe\0\0a\0\0\0".to_vec(), "is UTF-32 text: save it as UTF-8"),
        ("bare.csv", utf_16(&ucdp), "is UTF-16 text"),
        ("data.tar", tar, "is a tar archive: unpack it"),
        ("data.lz4", b"\x04\x22\x4d\x18abc".into(), "is packed with LZ4"),
        ("data.parquet", b"PAR1\x15\x04".into(), "is a Parquet file"),
        ("graph.db", b"SQLite format 3\0\x10".into(), "is an SQLite database"),
        ("data.bin", (0..=255).cycle().take(9000).collect(), "is binary data, not text"),
        ("note.txt", b"what is this?\n".into(), "is text without tabs or commas: `what is this?`"),
        ("escape.txt", "a\u{1b}[2J\u{202e}b\n".into(), "`a[2J\\u{202e}b`"),
        (
            "other.jsonl",
            b"{\"id\": 1, \"name\": \"Ann\"}\n".into(),
            "a JSON object with the fields id, name. A record has",
        ),
        ("python.jsonl", b"{'kind': 'person'}\n".into(), "begins like a JSON object but is not JSON"),
        ("graph.xml", b"<?xml version=\"1.0\"?>\n<data/>\n".into(), "the first line, which is XML"),
        (
            "graph.graphml",
            b"<?xml version=\"1.0\"?>\n<graphml xmlns=\"\">\n".into(),
            "is GraphML, which newsgraph cannot import",
        ),
        ("map.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[\n]}\n".into(), "is GeoJSON, which"),
        ("graph.jsonld", b"{\"@context\":{\n},\"@graph\":[]}\n".into(), "is JSON-LD, which"),
        ("event.csv", b"id,dataset,key,slug\r\n".into(), "is a CSV export of newsgraph, which"),
        (
            "commas.csv",
            commas.into(),
            "It has the columns of polecat, but that format is tab-separated and not comma-separated",
        ),
        ("old-mac.jsonl", lines.replace('\n', "\r").into(), "ends its lines with CR alone"),
        ("fewer.csv", fewer.into(), "It comes closest to ucdp, but the columns type_of_violence are missing"),
        ("20130401.export.CSV", older.trim_end().into(), "It looks like GDELT 1.0 events"),
        ("20210711.gkg.csv", b"a\tb\n".into(), "The file name suggests gdelt-gkg, which has 27 tab-separated columns"),
    ];
    for (name, bytes, part) in cases {
        let message = refusal(Format::Auto, &folder, name, &bytes);
        assert!(message.starts_with(name) && message.contains(part), "{part}: {message}");
        assert!(message.len() < 700, "{message}");
    }
}

#[tokio::test]
async fn unknown_archive_entries_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let options = zip::write::SimpleFileOptions::default();
    let packed = |entries: &[(&str, &[u8])]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let places = feed_text("geonames.txt");
    // Files that are not data are passed over, if there are others; with a requested format, too.
    let mixed = packed(&[
        ("readme.txt", b"Readme for GeoNames\n"),
        ("IQ.txt", places.as_bytes()),
        ("__MACOSX/._IQ.txt", b"Mac OS X resources"),
        (".DS_Store", b"\0\0\0\x01Bud1"),
    ]);
    let mixed = write_file(&folder, "IQ.zip", &mixed);
    for format in [Format::Auto, Format::Geonames] {
        let fixture = databases().await.swap_remove(0);
        let report = import_as(&fixture, format, std::slice::from_ref(&mixed)).await;
        assert_eq!(report.problems, []);
        assert!(report.kinds["place"].created > 2, "{report}");
        let passed_over = ["readme.txt", "__MACOSX/._IQ.txt", ".DS_Store"]
            .map(|name| format!("{mixed}:{name} was passed over: it is not a data file of a known format"));
        assert_eq!(report.notes, passed_over);
    }
    let message = refusal(Format::Auto, &folder, "readme.zip", &packed(&[("readme.txt", b"Readme for GeoNames\n")]));
    assert!(message.starts_with("readme.zip:readme.txt: not a known format"), "{message}");
    let message = refusal(Format::Auto, &folder, "mac.zip", &packed(&[(".DS_Store", b"\0\0\0\x01Bud1")]));
    assert!(message.contains("mac.zip"), "{message}");
    let twice = packed(&[("data.csv.gz", b"\x1f\x8b\x08")]);
    assert!(refusal(Format::Auto, &folder, "twice.zip", &twice).contains("is packed twice"));
    let sheet = packed(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")]);
    assert!(refusal(Format::Auto, &folder, "sheet.xlsx", &sheet).contains("is an office document"));
}

/// With an explicit format, content that cannot have it in any line is refused in one message too.
#[tokio::test]
async fn explicit_format_that_no_line_matches_is_rejected_with_one_message() {
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Records, Format::Ftm] {
        let message = refusal(format, &folder, "data.csv", b"id,name\n1,Ann\n2,Bob\n");
        for part in ["not JSON Lines", "The first line has 2 comma-separated columns (id, name)", "Known formats: "] {
            assert!(message.contains(part), "{part}: {message}");
        }
        let message = refusal(format, &folder, "ucdp.csv", feed_text("ucdp.csv").as_bytes());
        assert!(message.contains("It looks like ucdp: use --format ucdp, or leave out --format"), "{message}");
        assert!(refusal(format, &folder, "array.json", b"[\n{}\n]\n").contains("is a JSON array"));
    }
    for format in [Format::GdeltEvents, Format::Acled, Format::Records] {
        assert!(refusal(format, &folder, "page.html", b"<html>\n").contains("is an HTML page"));
        assert!(refusal(format, &folder, "wide.csv", b"\xff\xfe\0\0a\0\0\0").contains("is UTF-32"));
    }
    for fixture in databases().await {
        let done = newsgraph(&fixture, &["import", "--format", "records", "-"], &"id,name\n".repeat(300));
        assert_eq!((done.status.code(), text(&done.stderr).trim().lines().count()), (Some(2), 1));
        // An empty file of records is a file of records.
        let done = newsgraph(&fixture, &["import", "--format", "records", "-"], "");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
}

/// Any one of the first lines may be damaged.
#[tokio::test]
async fn format_is_detected_despite_a_damaged_line() {
    let folder = tempfile::tempdir().unwrap();
    let person = json!({ "kind": "person", "key": "ann", "label": "Ann" });
    let dataset = json!({ "kind": "dataset", "key": "d", "title": "D" });
    for (name, text) in [
        ("cut.jsonl", format!("{{\"kind\": \"dataset\", \"key\"\n{dataset}\n{person}\n")),
        ("cut-behind-colon.jsonl", format!("{{\"kind\": \"dataset\", \"key\":\n{dataset}\n")),
        ("array.jsonl", format!("[{dataset}]\n{dataset}\n{person}\n")),
        ("one.jsonl", "{\"kind\": \"person\", \"key\": \"ann\"\n".to_owned()),
        ("mark.jsonl", format!("\u{feff}\n{dataset}\n{person}\n")),
        (
            "words.jsonl",
            format!("{}\n", json!({ "kind": "event", "key": "schema", "title": "id", "summary": "properties" })),
        ),
    ] {
        let path = write_file(&folder, name, text.as_bytes());
        assert!(feed::open(&[path], &settings(Format::Auto)).is_ok(), "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn format_is_detected_on_pipes() {
    for fixture in databases().await {
        let done = newsgraph(&fixture, &["import", "/dev/stdin"], &feed_text("geonames.txt"));
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let done = newsgraph(&fixture, &["import", "/dev/stdin"], "a,b\n1,2\n");
        assert_eq!(done.status.code(), Some(2));
        assert!(text(&done.stderr).contains("/dev/stdin: not a known format"), "{}", text(&done.stderr));
    }
}

//! Damaged feeds, malicious archives and random bytes: unreadable rows are reported, and all others are imported.

use std::io::Write;

use newsgraph::import::feed::{self, Format, Settings};
use newsgraph::import::{self, Options};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::feed::{feed_formats, feed_path, feed_text, import_as, write_file};
use crate::fixture::databases;

/// A feed of which one row is damaged.
struct Feed {
    name: &'static str,
    format: Format,
    /// Feeds that have to be imported first, because its rows refer to them.
    requires: &'static [&'static str],
    /// The line of the damaged row, from 0.
    row: usize,
    /// The delimiter; `None` for a JSON feed.
    delimiter: Option<char>,
    /// Two columns whose swapped values are invalid, and the pointer of the resulting problem.
    swap: (usize, usize),
    pointer: &'static str,
}

const FEEDS: &[Feed] = &[
    Feed {
        name: "gdelt.export.CSV",
        format: Format::GdeltEvents,
        requires: &[],
        row: 3,
        delimiter: Some('\t'),
        swap: (1, 6),
        pointer: "/SQLDATE",
    },
    Feed {
        name: "gdelt.mentions.CSV",
        format: Format::GdeltMentions,
        requires: &["gdelt.export.CSV"],
        row: 0,
        delimiter: Some('\t'),
        swap: (0, 5),
        pointer: "/GLOBALEVENTID",
    },
    Feed {
        name: "gdelt.gkg.csv",
        format: Format::GdeltGkg,
        requires: &[],
        row: 0,
        delimiter: Some('\t'),
        swap: (1, 4),
        pointer: "/DATE",
    },
    Feed {
        name: "ucdp.csv",
        format: Format::Ucdp,
        requires: &[],
        row: 4,
        delimiter: Some(','),
        swap: (0, 8),
        pointer: "/id",
    },
    Feed {
        name: "acled-api.csv",
        format: Format::Acled,
        requires: &[],
        row: 2,
        delimiter: Some(','),
        swap: (0, 1),
        pointer: "/event_id_cnty",
    },
    Feed {
        name: "polecat.tsv",
        format: Format::Polecat,
        requires: &[],
        row: 3,
        delimiter: Some('\t'),
        swap: (1, 2),
        pointer: "/Event Type",
    },
    Feed {
        name: "entities.ftm.json",
        format: Format::Ftm,
        requires: &[],
        row: 4,
        delimiter: None,
        swap: (0, 0),
        pointer: "",
    },
    Feed {
        name: "statements.ftm.csv",
        format: Format::FtmStatements,
        requires: &[],
        row: 9,
        delimiter: Some(','),
        swap: (0, 7),
        pointer: "/canonical_id",
    },
    Feed {
        name: "geonames.txt",
        format: Format::Geonames,
        requires: &[],
        row: 1,
        delimiter: Some('\t'),
        swap: (1, 4),
        pointer: "/latitude",
    },
    Feed {
        name: "alternateNames.txt",
        format: Format::GeonamesNames,
        requires: &["geonames.txt"],
        row: 3,
        delimiter: Some('\t'),
        swap: (0, 3),
        pointer: "/alternateNameId",
    },
];

#[test]
fn every_feed_is_damaged() {
    let missing: Vec<_> = feed_formats().filter(|format| FEEDS.iter().all(|feed| feed.format != *format)).collect();
    assert!(missing.is_empty(), "not in FEEDS: {missing:?}");
}

/// Returns the row damaged in several ways, each with the pointer and a part of the message of the expected problem.
fn damaged(feed: &Feed, row: &str) -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let half = row.char_indices().nth(row.chars().count() / 2).unwrap().0;
    let inside = |what: &[u8]| [&row.as_bytes()[..half], what, &row.as_bytes()[half..]].concat();
    let Some(delimiter) = feed.delimiter else {
        return vec![
            (row[..half].into(), "", "is not JSON"),
            (inside(b"\xff"), "", "is not UTF-8"),
            (inside(b"\0"), "", "contains a NUL"),
            (inside(b"\n"), "", "is not JSON"),
            (format!("[{row}]").into(), "", "is not a JSON object"),
            (row.replace("\"id\"", "\"ID\"").into(), "/id", "is missing"),
        ];
    };
    let mut cells: Vec<_> = row.split(delimiter).collect();
    cells.swap(feed.swap.0, feed.swap.1);
    let mut damaged = vec![
        (row[..half].into(), "", " columns instead of "),
        (format!("{row}{delimiter}more").into(), "", " columns instead of "),
        (inside(b"\0"), "", "contains a NUL"),
        // The row becomes two lines, neither of which is valid.
        (inside(b"\n"), "", " columns instead of "),
        (cells.join(&delimiter.to_string()).into(), feed.pointer, ""),
    ];
    // That feed contains ISO-8859-1, which is accepted.
    if feed.name != "polecat.tsv" {
        damaged.push((inside(b"\xff"), "", "is not UTF-8"));
    }
    damaged
}

#[tokio::test]
async fn damaged_row_is_reported_and_all_others_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    for feed in FEEDS {
        let text = feed_text(feed.name);
        let lines: Vec<&str> = text.lines().collect();
        let number = feed.row as u64 + 1;
        let rest: Vec<&str> = (0..).zip(&lines).filter(|(at, _)| *at != feed.row).map(|(_, line)| *line).collect();
        let rest = write_file(&folder, &format!("rest-{}", feed.name), (rest.join("\n") + "\n").as_bytes());
        for fixture in databases().await {
            let requires: Vec<_> = feed.requires.iter().map(|name| feed_path(name)).collect();
            import_as(&fixture, Format::Auto, &requires).await;
            let mut whole = None;
            for (bytes, pointer, words) in damaged(feed, lines[feed.row]) {
                let mut copy = Vec::new();
                for (at, line) in (0..).zip(&lines) {
                    copy.extend_from_slice(if at == feed.row { &bytes } else { line.as_bytes() });
                    copy.push(b'\n');
                }
                let copy = write_file(&folder, feed.name, &copy);
                let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
                assert!(!report.problems.is_empty(), "{} {words}", feed.name);
                for problem in &report.problems {
                    let broken = bytes.contains(&b'\n') && problem.line == number + 1;
                    assert!(problem.line == number || broken, "{words}: {problem}");
                    assert_eq!(problem.pointer, pointer, "{words}: {problem}");
                    assert!(problem.message.contains(words) && problem.suggestion.is_some(), "{words}: {problem}");
                }
                // All other lines were imported: importing them without the damaged line changes nothing.
                let again = import_as(&fixture, Format::Auto, std::slice::from_ref(&rest)).await;
                let total = again.total();
                assert_eq!(again.problems, []);
                assert_eq!((total.created, total.updated), (0, 0), "{} {words}: {again}", feed.name);
                let had = report.total();
                assert_eq!(had.created + had.unchanged, total.unchanged, "{} {words}: {report}", feed.name);
                assert_eq!(*whole.get_or_insert(total.unchanged), total.unchanged);
            }
        }
    }
}

#[tokio::test]
async fn unclosed_quote_affects_no_other_row() {
    let folder = tempfile::tempdir().unwrap();
    for fixture in databases().await {
        // The quoted value spans two lines, of which the second is removed.
        let text = feed_text("ucdp.csv");
        let lines: Vec<&str> = text.lines().collect();
        let cut = write_file(&folder, "ucdp.csv", [&lines[..3], &lines[4..]].concat().join("\n").as_bytes());
        let report = import_as(&fixture, Format::Auto, &[cut]).await;
        let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
        assert_eq!((problem.line, problem.message.as_str()), (3, "has 17 columns instead of 34"));
        assert_eq!((report.kinds["event"].created, report.rows), (1, 3));
    }
}

#[tokio::test]
async fn hxl_tag_rows_and_repeated_headers_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    for (name, delimiter) in [("acled-api.csv", ","), ("polecat.tsv", "\t"), ("ucdp.csv", ",")] {
        for fixture in databases().await {
            let text = feed_text(name);
            let header = text.lines().next().unwrap();
            let columns = header.split(delimiter).count();
            let tags = format!("#event+id{}", format!("{delimiter}#meta").repeat(columns - 1));
            let copy = text.replacen('\n', &format!("\n{tags}\n{header}\n"), 1);
            let report = import_as(&fixture, Format::Auto, &[write_file(&folder, name, copy.as_bytes())]).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.skipped["repeated header lines"], 1);
            assert!(report.skipped["rows of HXL tags"] >= 1, "{report}");
            let again = import_as(&fixture, Format::Auto, &[feed_path(name)]).await.total();
            assert_eq!((again.created, again.updated), (0, 0), "{name}");
        }
    }
}

#[tokio::test]
async fn xml_entities_in_gkg_extras_are_not_expanded() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><PAGE_TITLE>&b;&c;</PAGE_TITLE>";
    let copy = feed_text("gdelt.gkg.csv").replace("<PAGE_TITLE>&lol;</PAGE_TITLE>", bomb);
    assert!(copy.contains("DOCTYPE"));
    let copy = write_file(&folder, "gkg.csv", copy.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
        assert_eq!((report.problems.len(), report.unmapped["titles and links of pages"]), (0, 1));
        let again = import_as(&fixture, Format::Auto, &[feed_path("gdelt.gkg.csv")]).await.total();
        assert_eq!((again.created, again.updated), (0, 0));
    }
}

#[tokio::test]
async fn overlong_line_is_reported_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [("gdelt.export.CSV", Format::GdeltEvents), ("polecat.tsv", Format::Polecat)] {
        let text = feed_text(name);
        let (first, rest) = text.split_once('\n').unwrap();
        let long = vec![b'9'; (16 << 20) + 3];
        let copy = [first.as_bytes(), b"\n", &long, b"\n", rest.as_bytes()].concat();
        let copy = write_file(&folder, name, &copy);
        for fixture in databases().await {
            let report = import_as(&fixture, format, std::slice::from_ref(&copy)).await;
            let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
            assert_eq!((problem.line, problem.message.as_str()), (2, "is longer than 16777216 bytes"));
            let again = import_as(&fixture, format, &[feed_path(name)]).await.total();
            assert_eq!((again.created, again.updated), (0, 0));
        }
    }
}

#[tokio::test]
async fn gzip_and_zip_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(feed_text("ucdp.csv").as_bytes()).unwrap();
    let gz = write_file(&folder, "ucdp.csv.gz", &gz.finish().unwrap());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.add_directory("folder", options).unwrap();
    for (name, inner) in
        [("../../../etc/gdelt", "gdelt.export.CSV"), ("folder/\u{1b}[31mmentions", "gdelt.mentions.CSV")]
    {
        zip.start_file(name, options).unwrap();
        zip.write_all(feed_text(inner).as_bytes()).unwrap();
    }
    zip.start_file("broken", options).unwrap();
    zip.write_all(feed_text("acled-api.csv").replace("2020-05-09", "2020-05-99").as_bytes()).unwrap();
    let zip = write_file(&folder, "feeds.zip", &zip.finish().unwrap().into_inner());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, &[gz.clone(), zip.clone()]).await;
        assert_eq!(report.kinds["event"].created, 3 + 2 + 1, "{report}");
        let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
        assert_eq!((problem.file.as_str(), problem.line), (format!("{zip}:broken").as_str(), 2));
        assert_eq!(problem.pointer, "/event_date");
    }
}

#[tokio::test]
async fn decompression_bombs_and_broken_archives_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..300 {
        gz.write_all(&zeros).unwrap();
    }
    let inner = gz.finish().unwrap();
    let bomb = write_file(&folder, "bomb.gz", &inner);
    let settings = Settings { format: Format::GdeltEvents, dataset: None, mentions: false, quotations: false };
    let refused = feed::open(&[bomb], &settings).err().unwrap().to_string();
    assert!(refused.contains("unpacks to more than 100 times"), "{refused}");
    // The same in a ZIP archive.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("20210711120000.export.CSV", deflated.compression_level(Some(9))).unwrap();
    for _ in 0..300 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = write_file(&folder, "bomb.zip", &zip.finish().unwrap().into_inner());
    let refused = feed::open(&[bomb], &settings).err().unwrap().to_string();
    assert!(refused.contains("unpacks to more than 100 times"), "{refused}");
    // A truncated archive, and a file that is no archive.
    let half = write_file(&folder, "half.gz", &inner[..inner.len() / 2]);
    assert!(feed::open(&[half], &settings).is_err());
    let no_zip = write_file(&folder, "no.zip", b"PK\x03\x04nothing");
    let refused = feed::open(&[no_zip], &settings).err().unwrap().to_string();
    assert!(refused.contains("Pack it again"), "{refused}");
}

#[tokio::test]
async fn unsupported_archives_and_directories_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { format: Format::Auto, dataset: None, mentions: false, quotations: false };
    let refused = |file: String| feed::open(&[file], &settings).err().unwrap().to_string();
    for (begin, packer) in
        [(b"BZh91AY&SY".as_slice(), "bzip2"), (b"\xfd7zXZ\0\0", "xz"), (b"\x28\xb5\x2f\xfd\0", "zstd")]
    {
        let message = refused(write_file(&folder, packer, begin));
        assert!(message.contains(&format!("is packed with {packer}: unpack it")), "{message}");
    }
    let empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
    let message = refused(write_file(&folder, "empty.zip", &empty));
    assert!(message.contains("is an archive without files"), "{message}");
    let message = refused(folder.path().to_str().unwrap().to_owned());
    assert!(message.contains("is a directory"), "{message}");
}

/// Problems beyond a limit are counted but not listed. Valid records are imported nevertheless.
#[tokio::test]
async fn problems_beyond_the_limit_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"kind": "person", "key": "one", "label": "Ann"}"#;
    let feed = "no row\n".repeat(12_000);
    let feed = write_file(&folder, "bad.tsv", feed.as_bytes());
    for fixture in databases().await {
        let bad = format!("{{\"kind\": \"dataset\", \"key\": \"d\"}}\n{}{good}\n", "x\n".repeat(25_000));
        let options = Options { keep_going: true, ..Options::default() };
        let report = fixture.import_with(&bad, &options).await;
        assert_eq!((report.problems.len(), report.more_problems), (10_000, 15_000));
        assert_eq!(report.kinds["unreadable"].rejected, 25_000);
        assert_eq!(report.kinds["actor"].created, 1);
        let report = import_as(&fixture, Format::GdeltEvents, std::slice::from_ref(&feed)).await;
        assert_eq!(
            (report.problems.len(), report.more_problems, report.kinds["row"].rejected),
            (10_000, 2_000, 12_000)
        );
        // A line with too many JSON values is one problem, and a long value does not make the message long.
        let many = format!("{{\"kind\": \"event\", \"key\": \"e\", \"participations\": [{}0]}}\n", "0,".repeat(60_000));
        let report = fixture.import_with(&many, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert_eq!(report.problems[0].message, "has more than 50000 JSON values");
        let long = format!("{{\"kind\": \"nothing\", \"key\": \"{}\"}}\n", "k".repeat(100_000));
        let report = fixture.import_with(&long, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert!(report.problems[0].to_string().len() < 1500, "{}", report.problems[0]);
        // The number of problems for unknown fields of one record is limited too.
        let fields: String = (0..20_000).map(|at| format!(", \"f{at}\": 0")).collect();
        let unknown_fields = format!("{{\"kind\": \"person\", \"key\": \"p\"{fields}}}\n");
        let report =
            fixture.import_with(&unknown_fields, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert!((100..110).contains(&report.problems.len()), "{}", report.problems.len());
        // All records without a dataset are rejected in one pass, not one per pass.
        let without_dataset = format!("{good}\n").repeat(3_000);
        let report = fixture.import_with(&without_dataset, &Options { keep_going: true, ..Options::default() }).await;
        assert_eq!((report.problems.len(), report.total().rejected), (3_000, 3_000));
        // References to a rejected record are recognized by its complete key, however long it is.
        let key = "k".repeat(1_000);
        let refers = json!({ "kind": "place", "key": "b", "type": "CITY", "label": "B", "parent": key });
        let wrong = json!({ "kind": "place", "key": key, "type": "NOWHERE", "label": "A" });
        let records = format!("{{\"kind\": \"dataset\", \"key\": \"d\"}}\n{refers}\n{wrong}\n");
        let report = fixture.import_with(&records, &Options { keep_going: true, ..Options::default() }).await;
        let messages: Vec<&str> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert!(
            messages.iter().any(|message| message.ends_with("was rejected because of its own problems")),
            "{messages:?}"
        );
    }
}

/// Generates randomly damaged rows of a feed: bytes are inserted, removed, replaced and swapped, and cells are swapped.
fn randomly_damaged(text: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8, any::<u8>());
    prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(change, 1..4)), 1..20).prop_map(
        move |rows| {
            // The first line may be a header, so it is not damaged.
            let mut whole = lines[0].clone();
            for (line, changes) in rows {
                whole.push(b'\n');
                let mut row = line.get(&lines).clone();
                for (first, second, what, byte) in changes {
                    if row.is_empty() {
                        break;
                    }
                    let (low, high) = (first.index(row.len()), second.index(row.len()));
                    match what {
                        0 => row[low] = byte,
                        1 => row.insert(low, byte),
                        2 => drop(row.remove(low)),
                        3 => row.truncate(low),
                        4 => row.swap(low, high),
                        5 => drop(row.drain(low.min(high)..low.max(high))),
                        6 => row.splice(low..low, *b"9999999999999999999").for_each(drop),
                        _ => {
                            let mark = if row.contains(&b'\t') { b'\t' } else { b',' };
                            let mut cells: Vec<_> = row.split(|byte| *byte == mark).map(<[u8]>::to_vec).collect();
                            let count = cells.len();
                            cells.swap(first.index(count), second.index(count));
                            row = cells.join(&mark);
                        }
                    }
                }
                whole.extend(row);
            }
            whole
        },
    )
}

#[test]
fn random_damage_never_fails_the_whole_import() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for feed in FEEDS {
        for fixture in runtime.block_on(databases()) {
            let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
            let run = runner.run(&randomly_damaged(&feed_text(feed.name)), |bytes| {
                let copy = write_file(&folder, feed.name, &bytes);
                let settings = Settings { format: feed.format, dataset: None, mentions: true, quotations: true };
                let sources = feed::open(&[copy], &settings).unwrap();
                let options = Options::default();
                let report = runtime.block_on(import::import(&fixture.db, &sources, &options, &mut ())).unwrap();
                assert!(report.written && report.problems.iter().all(|problem| problem.line > 0), "{report}");
                Ok(())
            });
            run.unwrap();
        }
    }
}

//! Damaged copies of feeds, hostile archives and rows of noise: what cannot be read is told and takes nothing with it.

use std::io::Write;

use newsgraph::import::feed::{self, Format, Settings};
use newsgraph::import::{self, Options};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::feed::{file, import_as, raw, written};
use crate::fixture::databases;

/// A feed whose one row is damaged.
struct Feed {
    name: &'static str,
    /// What must be stored for its rows to go in.
    beside: &'static [&'static str],
    /// The line of the row, from 0.
    row: usize,
    /// Its delimiter; none where a row is JSON.
    delimiter: Option<char>,
    /// Two columns, the one of which cannot hold what the other holds, and what is said of it then.
    swap: (usize, usize),
    pointer: &'static str,
}

const FEEDS: &[Feed] = &[
    Feed { name: "gdelt.export.CSV", beside: &[], row: 3, delimiter: Some('\t'), swap: (1, 6), pointer: "/SQLDATE" },
    Feed {
        name: "gdelt.mentions.CSV",
        beside: &["gdelt.export.CSV"],
        row: 0,
        delimiter: Some('\t'),
        swap: (0, 5),
        pointer: "/GLOBALEVENTID",
    },
    Feed { name: "gdelt.gkg.csv", beside: &[], row: 0, delimiter: Some('\t'), swap: (1, 4), pointer: "/DATE" },
    Feed { name: "ucdp.csv", beside: &[], row: 4, delimiter: Some(','), swap: (0, 8), pointer: "/id" },
    Feed { name: "acled-api.csv", beside: &[], row: 2, delimiter: Some(','), swap: (0, 1), pointer: "/event_id_cnty" },
    Feed { name: "polecat.tsv", beside: &[], row: 3, delimiter: Some('\t'), swap: (1, 2), pointer: "/Event Type" },
    Feed { name: "entities.ftm.json", beside: &[], row: 4, delimiter: None, swap: (0, 0), pointer: "" },
    Feed { name: "geonames.txt", beside: &[], row: 1, delimiter: Some('\t'), swap: (1, 4), pointer: "/latitude" },
    Feed {
        name: "alternateNames.txt",
        beside: &["geonames.txt"],
        row: 3,
        delimiter: Some('\t'),
        swap: (0, 3),
        pointer: "/alternateNameId",
    },
];

/// The row damaged in every way, with where and in which words it is said.
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
        // The row is two lines now, neither of which is a row.
        (inside(b"\n"), "", " columns instead of "),
        (cells.join(&delimiter.to_string()).into(), feed.pointer, ""),
    ];
    // ISO-8859-1 occurs in that feed and is read.
    if feed.name != "polecat.tsv" {
        damaged.push((inside(b"\xff"), "", "is not UTF-8"));
    }
    damaged
}

#[tokio::test]
async fn a_damaged_row_is_told_and_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for feed in FEEDS {
        let text = raw(feed.name);
        let lines: Vec<&str> = text.lines().collect();
        let number = feed.row as u64 + 1;
        let rest: Vec<&str> = (0..).zip(&lines).filter(|(at, _)| *at != feed.row).map(|(_, line)| *line).collect();
        let rest = written(&folder, &format!("rest-{}", feed.name), (rest.join("\n") + "\n").as_bytes());
        for fixture in databases().await {
            let beside: Vec<_> = feed.beside.iter().map(|name| file(name)).collect();
            import_as(&fixture, Format::Auto, &beside).await;
            let mut whole = None;
            for (bytes, pointer, words) in damaged(feed, lines[feed.row]) {
                let mut copy = Vec::new();
                for (at, line) in (0..).zip(&lines) {
                    copy.extend_from_slice(if at == feed.row { &bytes } else { line.as_bytes() });
                    copy.push(b'\n');
                }
                let copy = written(&folder, feed.name, &copy);
                let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
                assert!(!report.problems.is_empty(), "{} {words}", feed.name);
                for problem in &report.problems {
                    let broken = bytes.contains(&b'\n') && problem.line == number + 1;
                    assert!(problem.line == number || broken, "{words}: {problem}");
                    assert_eq!(problem.pointer, pointer, "{words}: {problem}");
                    assert!(problem.message.contains(words) && problem.suggestion.is_some(), "{words}: {problem}");
                }
                // Everything but that line came in as if it were not there.
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
async fn a_quote_that_was_cut_off_takes_no_row_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for fixture in databases().await {
        // The row goes on behind a line break, and is cut there.
        let text = raw("ucdp.csv");
        let lines: Vec<&str> = text.lines().collect();
        let cut = written(&folder, "ucdp.csv", [&lines[..3], &lines[4..]].concat().join("\n").as_bytes());
        let report = import_as(&fixture, Format::Auto, &[cut]).await;
        let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
        assert_eq!((problem.line, problem.message.as_str()), (3, "has 17 columns instead of 34"));
        assert_eq!((report.kinds["event"].created, report.rows), (1, 3));
    }
}

#[tokio::test]
async fn a_row_of_tags_and_a_second_header_are_no_data() {
    let folder = tempfile::tempdir().unwrap();
    for (name, delimiter) in [("acled-api.csv", ","), ("polecat.tsv", "\t"), ("ucdp.csv", ",")] {
        for fixture in databases().await {
            let text = raw(name);
            let header = text.lines().next().unwrap();
            let columns = header.split(delimiter).count();
            let tags = format!("#event+id{}", format!("{delimiter}#meta").repeat(columns - 1));
            let copy = text.replacen('\n', &format!("\n{tags}\n{header}\n"), 1);
            let report = import_as(&fixture, Format::Auto, &[written(&folder, name, copy.as_bytes())]).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.skipped["repeated header lines"], 1);
            assert!(report.skipped["rows of HXL tags"] >= 1, "{report}");
            let again = import_as(&fixture, Format::Auto, &[file(name)]).await.total();
            assert_eq!((again.created, again.updated), (0, 0), "{name}");
        }
    }
}

#[tokio::test]
async fn extras_that_would_expand_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><PAGE_TITLE>&b;&c;</PAGE_TITLE>";
    let copy = raw("gdelt.gkg.csv").replace("<PAGE_TITLE>&lol;</PAGE_TITLE>", bomb);
    assert!(copy.contains("DOCTYPE"));
    let copy = written(&folder, "gkg.csv", copy.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&copy)).await;
        assert_eq!((report.problems.len(), report.unmapped["titles and links of pages"]), (0, 1));
        let again = import_as(&fixture, Format::Auto, &[file("gdelt.gkg.csv")]).await.total();
        assert_eq!((again.created, again.updated), (0, 0));
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [("gdelt.export.CSV", Format::GdeltEvents), ("polecat.tsv", Format::Polecat)] {
        let text = raw(name);
        let (first, rest) = text.split_once('\n').unwrap();
        let long = vec![b'9'; (16 << 20) + 3];
        let copy = [first.as_bytes(), b"\n", &long, b"\n", rest.as_bytes()].concat();
        let copy = written(&folder, name, &copy);
        for fixture in databases().await {
            let report = import_as(&fixture, format, std::slice::from_ref(&copy)).await;
            let [problem] = report.problems.as_slice() else { panic!("{:#?}", report.problems) };
            assert_eq!((problem.line, problem.message.as_str()), (2, "is longer than 16777216 bytes"));
            let again = import_as(&fixture, format, &[file(name)]).await.total();
            assert_eq!((again.created, again.updated), (0, 0));
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
    assert!(refused.contains("unpacks to more than 100 times"), "{refused}");
    // The same as the only file of a zip.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("20210711120000.export.CSV", deflated.compression_level(Some(9))).unwrap();
    for _ in 0..300 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = written(&folder, "bomb.zip", &zip.finish().unwrap().into_inner());
    let refused = feed::open(&[bomb], &settings).err().unwrap().to_string();
    assert!(refused.contains("unpacks to more than 100 times"), "{refused}");
    // Half an archive, and no archive at all.
    let half = written(&folder, "half.gz", &inner[..inner.len() / 2]);
    assert!(feed::open(&[half], &settings).is_err());
    let no_zip = written(&folder, "no.zip", b"PK\x03\x04nothing");
    let refused = feed::open(&[no_zip], &settings).err().unwrap().to_string();
    assert!(refused.contains("Pack it again"), "{refused}");
}

#[tokio::test]
async fn what_is_no_file_of_text_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { format: Format::Auto, dataset: None, mentions: false, quotations: false };
    let refused = |file: String| feed::open(&[file], &settings).err().unwrap().to_string();
    for (begin, packer) in
        [(b"BZh91AY&SY".as_slice(), "bzip2"), (b"\xfd7zXZ\0\0", "xz"), (b"\x28\xb5\x2f\xfd\0", "zstd")]
    {
        let told = refused(written(&folder, packer, begin));
        assert!(told.contains(&format!("is packed with {packer}: unpack it")), "{told}");
    }
    let empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
    let told = refused(written(&folder, "empty.zip", &empty));
    assert!(told.contains("is an archive without files"), "{told}");
    let told = refused(folder.path().to_str().unwrap().to_owned());
    assert!(told.contains("is a directory"), "{told}");
}

/// A million mistakes are counted, and told as far as anybody reads on. What is not wrong goes in all the same.
#[tokio::test]
async fn mistakes_without_end_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"kind": "person", "key": "one", "label": "Ann"}"#;
    let feed = "no row\n".repeat(12_000);
    let feed = written(&folder, "bad.tsv", feed.as_bytes());
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
        // A line of values without end is one mistake, and so is a row of a thousand columns.
        let many = format!("{{\"kind\": \"event\", \"key\": \"e\", \"participations\": [{}0]}}\n", "0,".repeat(60_000));
        let report = fixture.import_with(&many, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert_eq!(report.problems[0].message, "has more than 50000 JSON values");
        let long = format!("{{\"kind\": \"nothing\", \"key\": \"{}\"}}\n", "k".repeat(100_000));
        let report = fixture.import_with(&long, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert!(report.problems[0].to_string().len() < 1500, "{}", report.problems[0]);
        // Nor are all the fields told that a record does not have.
        let fields: String = (0..20_000).map(|at| format!(", \"f{at}\": 0")).collect();
        let strange = format!("{{\"kind\": \"person\", \"key\": \"p\"{fields}}}\n");
        let report = fixture.import_with(&strange, &Options { dataset: Some("d".into()), ..Options::default() }).await;
        assert!((100..110).contains(&report.problems.len()), "{}", report.problems.len());
        // Records without a dataset are left out in one reading, not each in one of its own.
        let homeless = format!("{good}\n").repeat(3_000);
        let report = fixture.import_with(&homeless, &Options { keep_going: true, ..Options::default() }).await;
        assert_eq!((report.problems.len(), report.total().rejected), (3_000, 3_000));
        // A record that was left out is known by its whole key, however long.
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

/// Rows of a feed to which noise was done: bytes put in, taken out and exchanged, cells exchanged and doubled.
fn noisy(text: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8, any::<u8>());
    prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(change, 1..4)), 1..20).prop_map(
        move |rows| {
            // The header, where there is one, stays.
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
fn no_noise_makes_an_import_fail_as_a_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        Format::GdeltEvents,
        Format::GdeltMentions,
        Format::GdeltGkg,
        Format::Ucdp,
        Format::Acled,
        Format::Polecat,
        Format::Ftm,
        Format::Geonames,
        Format::GeonamesNames,
    ];
    for (feed, format) in FEEDS.iter().zip(formats) {
        for fixture in runtime.block_on(databases()) {
            let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
            let run = runner.run(&noisy(&raw(feed.name)), |bytes| {
                let copy = written(&folder, feed.name, &bytes);
                let settings = Settings { format, dataset: None, mentions: true, quotations: true };
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

//! Tables as people have them: other line ends, delimiters, headers, encodings and number formats lose no row.

use newsgraph::import::feed::Format;

use crate::feed::{feed_path, feed_text, import_as, write_file};
use crate::fixture::databases;

/// Tables, each with the files that its rows refer to.
const TABLES: &[(&str, &[&str])] = &[
    ("gdelt.export.CSV", &[]),
    ("gdelt.mentions.CSV", &["gdelt.export.CSV"]),
    ("gdelt.gkg.csv", &[]),
    ("ucdp.csv", &[]),
    ("acled-api.csv", &[]),
    ("acled-export.csv", &[]),
    ("polecat.tsv", &[]),
    ("geonames.txt", &[]),
    ("alternateNames.txt", &["geonames.txt"]),
];

/// Imports a changed copy of a table, and then the table itself: both must have the same rows.
async fn assert_same_rows(name: &str, requires: &[&str], what: &str, copy: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let copy = write_file(&folder, "copy", copy);
    for fixture in databases().await {
        let mut files: Vec<String> = requires.iter().map(|file| feed_path(file)).collect();
        files.push(copy.clone());
        let report = import_as(&fixture, Format::Auto, &files).await;
        assert_eq!(report.problems, [], "{name}: {what}");
        assert!(report.total().created > 0, "{name}: {what}: {report}");
        files.pop();
        files.push(feed_path(name));
        let again = import_as(&fixture, Format::Auto, &files).await;
        let total = again.total();
        assert_eq!((total.created, total.updated), (0, 0), "{name}: {what}: {again}");
        assert_eq!(report.rows, again.rows, "{name}: {what}");
    }
}

/// Replaces the ends of lines. A line break in a quoted cell stays, or the cell would differ.
fn with_line_ends(text: &str, end: impl Fn(usize) -> &'static str) -> String {
    let (mut quotes, mut line, mut copy) = (false, 0, String::new());
    for character in text.chars() {
        quotes ^= character == '"';
        if character == '\n' && !quotes {
            copy.push_str(end(line));
            line += 1;
        } else {
            copy.push(character);
        }
    }
    copy
}

#[tokio::test]
async fn every_end_of_lines_keeps_all_rows() {
    for (name, requires) in TABLES {
        let text = feed_text(name);
        let carriage_returns = with_line_ends(&text, |_| "\r");
        assert_same_rows(name, requires, "CR", carriage_returns.trim_end_matches('\r').as_bytes()).await;
        let mixed = with_line_ends(&text, |line| ["\r", "\n", "\r\n"][line % 3]);
        assert_same_rows(name, requires, "mixed", mixed.as_bytes()).await;
    }
}

/// A carriage return in a cell is no end of a row.
#[tokio::test]
async fn carriage_return_in_a_cell_keeps_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let text = feed_text("acled-api.csv");
    let unquoted = text.replace("Somebody was taken.", "Somebody\rwas\rtaken.");
    let quoted = text.replace("Somebody was taken.", "\"Somebody\rwas\rtaken.\"");
    // A damaged row in front of it takes no cell of it.
    let damaged = unquoted.replace("IRQ1002", "IRQ1,2\rIRQ1002");
    for (text, problems) in [(unquoted, 0), (quoted, 0), (damaged, 1)] {
        let file = write_file(&folder, "acled.csv", text.as_bytes());
        for fixture in databases().await {
            let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&file)).await;
            assert_eq!(report.problems.len(), problems, "{:?}", report.problems);
            let data = fixture.query("{ event(record: { dataset: \"acled\", key: \"IRQ1002\" }) { summary } }").await;
            assert_eq!(data["event"]["summary"], "Somebody\rwas\rtaken.");
        }
    }
}

#[tokio::test]
async fn conflict_feeds_may_have_other_delimiters_and_headers() {
    for name in ["acled-api.csv", "acled-export.csv", "ucdp.csv"] {
        let text = feed_text(name);
        let with_delimiter = |delimiter: u8| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
            reader.records().for_each(|record| writer.write_record(&record.unwrap()).unwrap());
            writer.into_inner().unwrap()
        };
        for (what, delimiter) in [("tabs", b'\t'), ("semicolons", b';')] {
            assert_same_rows(name, &[], what, &with_delimiter(delimiter)).await;
        }
        assert_same_rows(name, &[], "sep=,", format!("sep=,\r\n{text}").as_bytes()).await;
        let bars = [b"sep=|\n".as_slice(), &with_delimiter(b'|')].concat();
        assert_same_rows(name, &[], "sep=|", &bars).await;
        let (header, rows) = text.split_once('\n').unwrap();
        assert_same_rows(name, &[], "upper case", format!("{}\n{rows}", header.to_uppercase()).as_bytes()).await;
    }
    let text = feed_text("polecat.tsv");
    let (header, rows) = text.split_once('\n').unwrap();
    assert_same_rows("polecat.tsv", &[], "upper case", format!("{}\n{rows}", header.to_uppercase()).as_bytes()).await;
}

#[tokio::test]
async fn utf_16_is_read() {
    for (at, (name, requires)) in TABLES.iter().enumerate() {
        let unit = if at % 2 == 0 { u16::to_le_bytes } else { u16::to_be_bytes };
        let text = format!("\u{feff}{}", feed_text(name));
        let wide: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
        assert_same_rows(name, requires, "UTF-16", &wide).await;
    }
}

#[tokio::test]
async fn feeds_without_a_header_may_have_one() {
    let columns = |name: &str| {
        let first = match name {
            "gdelt.export.CSV" => "GLOBALEVENTID",
            "gdelt.mentions.CSV" => "GlobalEventID",
            "gdelt.gkg.csv" => "GKGRECORDID",
            "geonames.txt" => "geonameid",
            _ => "alternateNameId",
        };
        let count = feed_text(name).lines().next().unwrap().split('\t').count();
        // Names that are not documented: the columns are then in the documented order.
        format!("{first}{}\n", (1..count).map(|at| format!("\tV{at}")).collect::<String>())
    };
    for (name, requires) in TABLES.iter().filter(|(name, _)| name.starts_with("gdelt") || name.ends_with(".txt")) {
        let text = format!("{}{}", columns(name), feed_text(name));
        assert_same_rows(name, requires, "header", text.as_bytes()).await;
    }
    // With the documented names, the columns may be in another order.
    let header = "geonameid\tname\tasciiname\talternatenames\tlatitude\tlongitude\tfeature class\tfeature code\tcountry code\tcc2\tadmin1 code\tadmin2 code\tadmin3 code\tadmin4 code\tpopulation\televation\tdem\ttimezone\tmodification date";
    let text = format!("{header}\n{}", feed_text("geonames.txt"));
    let moved = text.lines().map(|line| {
        let mut cells: Vec<&str> = line.split('\t').collect();
        cells[1..].rotate_left(3);
        cells.join("\t") + "\n"
    });
    assert_same_rows("geonames.txt", &[], "other order", moved.collect::<String>().as_bytes()).await;
}

#[tokio::test]
async fn times_of_midnight_and_decimal_numbers_are_accepted() {
    let acled = feed_text("acled-api.csv").replace("2020-05-09", "2020-05-09T00:00:00.000Z");
    assert_same_rows("acled-api.csv", &[], "T00:00:00.000Z", acled.as_bytes()).await;
    let acled = acled.replace("T00:00:00.000Z", " 00:00:00");
    assert_same_rows("acled-api.csv", &[], "00:00:00", acled.as_bytes()).await;
    let ucdp = feed_text("ucdp.csv").replace("2014-07-01,", "2014-07-01T00:00:00Z,");
    assert_same_rows("ucdp.csv", &[], "T00:00:00Z", ucdp.as_bytes()).await;
    // A program that reads all columns as numbers writes `20210711.0`. Codes of events stay texts: `042` has a meaning.
    let decimal = |name: &str, columns: &[usize]| {
        let row = |line: &str| {
            let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            for column in columns.iter().filter(|column| !cells[**column].is_empty()).collect::<Vec<_>>() {
                let is_integer = cells[*column].trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
                cells[*column] += if is_integer { ".0" } else { "" };
            }
            cells.join("\t") + "\n"
        };
        feed_text(name).lines().map(row).collect::<String>()
    };
    let events = decimal("gdelt.export.CSV", &[0, 1, 2, 3, 25, 29, 35, 43, 51, 58, 59]);
    assert!(events.contains("\t20210711.0\t") && events.contains("-3103600.0"));
    assert_same_rows("gdelt.export.CSV", &[], "decimal", events.as_bytes()).await;
    let mentions = decimal("gdelt.mentions.CSV", &[0, 1, 2, 3, 6, 7, 8, 9, 10, 11]);
    assert_same_rows("gdelt.mentions.CSV", &["gdelt.export.CSV"], "decimal", mentions.as_bytes()).await;
    assert_same_rows("gdelt.gkg.csv", &[], "decimal", decimal("gdelt.gkg.csv", &[1]).as_bytes()).await;
}

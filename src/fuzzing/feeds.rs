//! Files of other projects: detection of the format, unpacking and conversion.

use std::io::Write;

use clap::ValueEnum;

use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::imports::{MAX_BYTES, assert_unchanged, import_and_verify};
use crate::fuzzing::records::{check_line, check_problem};
use crate::fuzzing::story::{empty_database, prepare_empty_database, run};
use crate::import::Source;
use crate::import::feed::{self, Format, Settings};

/// Reads the bytes after the first as a file. The first chooses the format, and whether the records are imported too.
///
/// - A file is refused with a message, or each of its lines becomes records or a problem with a line number.
/// - The records are lines that the importer reads, and each names a line of the file.
/// - The import of them passes `newsgraph check`. Importing the file again gives the same problems, and changes nothing.
pub fn feeds(data: &[u8]) {
    let mut bytes = Bytes(data);
    let choice = bytes.byte();
    let formats = Format::value_variants();
    let format = formats[usize::from(choice & 0x7f) % formats.len()];
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes.0).unwrap();
    let name = file.path().to_str().unwrap().to_owned();
    let settings = Settings { format, dataset: None, mentions: true, quotations: true };
    let open = || match feed::open(std::slice::from_ref(&name), &settings) {
        Ok(sources) => Some(sources),
        Err(error) => {
            let is_io = matches!(&error, crate::error::Error::Io(..));
            assert!(is_io || error.code() == "BAD_INPUT", "{error}");
            assert!(error.to_string().len() < 3000, "{error}");
            None
        }
    };
    let Some(sources) = open() else { return };
    let mut is_small = bytes.0.len() <= MAX_BYTES;
    for source in &sources {
        is_small &= source.size() <= 10 * MAX_BYTES as u64;
        check_source(source);
    }
    if choice & 0x80 == 0 || !is_small || sources.iter().any(|source| source.feed.is_none()) {
        return;
    }
    prepare_empty_database();
    let again = open().expect("the file was opened before");
    run(async move {
        let (db, _folder) = empty_database().await;
        let report = import_and_verify(&db, &sources).await.expect("the records of a feed can be imported");
        let lines = |problems: &[crate::import::problem::Problem]| -> Vec<u64> {
            problems.iter().map(|problem| problem.line).collect()
        };
        assert!(!lines(&report.problems).contains(&0), "{:?}", report.problems);
        let repeated = import_and_verify(&db, &again).await.expect("the records were imported before");
        assert_unchanged(&repeated);
        assert_eq!(lines(&report.problems), lines(&repeated.problems));
        db.close().await.unwrap();
    });
}

/// Checks the records that a file was converted to.
fn check_source(source: &Source) {
    let Some(converted) = &source.feed else { return };
    assert!(converted.rejected >= converted.problems.len() as u64 && converted.rows >= converted.rejected);
    for problem in &converted.problems {
        assert!(problem.line > 0);
        check_problem(problem);
    }
    let mut lines = source.lines(0, 0).unwrap();
    while let Some(line) = lines.next().unwrap() {
        let Ok(text) = line.text else { panic!("a record of a feed cannot be read") };
        let is_valid = check_line(&text);
        // The first line is the dataset, which belongs to no line of the file.
        assert!(line.number > 1 || is_valid, "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        let _ = source.raw_line(line.number);
    }
}

//! Lines of records: parsing, and the validation of one record alone.

use serde_json::Value;

use crate::import::parse::{Parsed, Record, parse};
use crate::import::problem::Problem;
use crate::import::source::Lines;

/// Reads the bytes as a file of records.
///
/// - Every problem is one line of text of limited length.
/// - A line that gives no record has a problem.
/// - Each nested record has a row, and its pointer leads to it in the line.
/// - The digest does not depend on how the JSON is written.
pub fn records(data: &[u8]) {
    let mut lines = Lines::new("records.jsonl", data);
    let mut before = 0;
    while let Some(line) = lines.next().unwrap() {
        assert!(line.number > before && line.bytes > 0);
        before = line.number;
        match line.text {
            Ok(text) => {
                check_line(&text);
            }
            Err(problem) => check_problem(&Problem::new("records.jsonl", line.number, None, problem)),
        }
    }
    assert_eq!(lines.offset(), data.len() as u64);
}

/// Checks what a line of records becomes. Returns whether it can be imported, as far as it alone says.
pub(super) fn check_line(text: &str) -> bool {
    let (key, problems) = match parse(text) {
        Ok(Parsed::Dataset(_)) => return true,
        Ok(Parsed::Merge(merge)) => (None, merge.problems),
        Ok(Parsed::Record(record)) => {
            check_record(text, &record);
            (Some(record.key), record.problems)
        }
        Err((key, problems)) => {
            assert!(!problems.is_empty(), "no record, and no problem: {text}");
            (key, problems)
        }
    };
    let is_valid = problems.is_empty();
    for problem in problems {
        assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'), "{}", problem.pointer);
        check_problem(&Problem::new("records.jsonl", 1, key.as_deref(), problem));
    }
    is_valid
}

fn check_record(text: &str, record: &Record) {
    let (rows, builder) = record.build("", None, &[]);
    assert_eq!(rows.len(), record.entries.len());
    assert!(record.entries[0].pointer.is_empty() && record.entries[0].key == record.key);
    assert!(record.external_ids.iter().all(|(at, ..)| *at < rows.len()));
    if !record.problems.is_empty() {
        return;
    }
    assert!(builder.problems.is_empty());
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    for entry in &record.entries {
        let pointer = record.spelling.pointer(&entry.pointer);
        assert!(line.pointer(&pointer).is_some_and(|part| part.is_object()), "{pointer} is not in {text}");
    }
    assert_eq!(record.digest.len(), 64);
    match parse(&serde_json::to_string_pretty(&line).unwrap()) {
        Ok(Parsed::Record(again)) => assert_eq!((again.key, again.digest), (record.key.clone(), record.digest.clone())),
        _ => panic!("no record when it is written in another way: {text}"),
    }
}

pub(super) fn check_problem(problem: &Problem) {
    let shown = problem.to_string();
    assert!(!problem.message.is_empty());
    assert!(!shown.contains(char::is_control) && shown.len() < 10_000, "{shown}");
}

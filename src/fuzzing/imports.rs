//! Whole imports into a database, and exports of what was imported.

use crate::db::Db;
use crate::export::{self, Format, export};
use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::record_generator::record_lines;
use crate::fuzzing::records::check_problem;
use crate::fuzzing::story::{empty_database, prepare_empty_database, run};
use crate::import::{self, Options, Report, Source, verify};

/// Longer inputs are not imported: an import takes long beside the other targets.
pub(super) const MAX_BYTES: usize = 8 << 10;

/// Imports the bytes as a file of records if they begin with `{`, or else as choices of which such a file is made.
///
/// - No file makes newsgraph fail, other than by naming what is wrong.
/// - What was imported passes `newsgraph check`.
/// - Importing the file again changes nothing.
/// - The export has no problems, imports to an equal graph, and importing it here changes nothing.
pub fn imports(data: &[u8]) {
    if data.len() > MAX_BYTES {
        return;
    }
    let text = if data.first() == Some(&b'{') {
        let Ok(text) = std::str::from_utf8(data) else { return };
        text.to_owned()
    } else {
        record_lines(Bytes(data))
    };
    prepare_empty_database();
    run(async move {
        let (db, _folder) = empty_database().await;
        let source = [Source::embedded("records.jsonl", &text).unwrap()];
        let Some(report) = import_and_verify(&db, &source).await else { return };
        let again = import_and_verify(&db, &source).await.expect("the file was imported before");
        assert_unchanged(&again);
        if report.total().created == 0 {
            return;
        }
        let exported = export_records(&db).await;
        let source = [Source::embedded("export.jsonl", &exported).unwrap()];
        let report = import_and_verify(&db, &source).await.expect("an export can be imported");
        assert_eq!(report.problems, [], "{exported}");
        let (copy, _folder) = empty_database().await;
        let report = import_and_verify(&copy, &source).await.expect("an export can be imported");
        assert_eq!(report.problems, [], "{exported}");
        assert_eq!(export_records(&copy).await, exported);
        copy.close().await.unwrap();
        db.close().await.unwrap();
    });
}

/// Imports valid records, and checks the stored ones. Returns `None` if the files are refused as a whole.
pub(super) async fn import_and_verify(db: &Db, sources: &[Source]) -> Option<Report> {
    let options = Options { keep_going: true, ..Options::default() };
    let report = match import::import(db, sources, &options, &mut ()).await {
        Ok(report) => report,
        Err(error) => {
            assert!(error.code() != "INTERNAL", "{error}");
            return None;
        }
    };
    report.problems.iter().for_each(check_problem);
    assert!(report.written, "{report}");
    assert_eq!(verify(db, false).await.unwrap(), []);
    Some(report)
}

/// Asserts that an import changed nothing. Of several lines for one dataset the last counts, so they change it each time.
pub(super) fn assert_unchanged(report: &Report) {
    for (kind, counts) in report.kinds.iter().filter(|(kind, _)| *kind != "dataset") {
        assert_eq!(
            (counts.created, counts.updated, counts.deleted),
            (0, 0, 0),
            "{kind}: {report}\n{:?}",
            report.updates
        );
    }
}

/// Exports all records.
async fn export_records(db: &Db) -> String {
    let request = export::Request {
        format: Format::Records,
        kind: None,
        filter: None,
        dataset: None,
        has_hints: true,
        include_deciders: true,
    };
    let mut running = export(db, &request).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = running.next().await.unwrap() {
        bytes.extend(chunk.bytes);
    }
    String::from_utf8(bytes).unwrap()
}

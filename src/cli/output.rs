//! What the commands share: standard output, report files and the text of a report.

use std::fs::File;
use std::io::{ErrorKind, Write};

use newsgraph::error::{Error, Result};
use newsgraph::import::Report;
use newsgraph::import::problem::{Problem, printable};

/// Prints text to standard output. A broken pipe is not an error: the reader, for example `head`, closed standard output.
pub(super) fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Io("cannot write".into(), error)),
        _ => Ok(()),
    }
}

/// Creates the file that `--report` names. Call it before anything is written to the database: when the file cannot be
/// created afterward, what was written is not reported.
pub(super) fn create_report_file(path: Option<&str>) -> Result<Option<File>> {
    let create = |path| File::create(path).map_err(|error| Error::Io(format!("cannot write {path}"), error));
    path.map(create).transpose()
}

/// Writes the report of an import or deletion: as JSON to the file, its problems to standard error, and its counts and
/// outcome to standard output.
pub(super) fn print_report(report: &Report, file: Option<File>, dry_run: bool, keep_going: bool) -> Result<()> {
    if let Some(mut file) = file {
        let json = serde_json::to_string_pretty(report).map_err(|error| Error::Internal(error.to_string()))?;
        file.write_all((json + "\n").as_bytes()).map_err(|error| Error::Io("cannot write the report".into(), error))?;
    }
    let mut errors = std::io::stderr().lock();
    for problem in &report.problems {
        let _ = writeln!(errors, "{problem}");
    }
    if report.more_problems > 0 {
        let _ = writeln!(errors, "... and {} more problems, which are only counted", report.more_problems);
    }
    print(&format!("{report}{}\n", outcome(report, dry_run, keep_going)))
}

fn outcome(report: &Report, dry_run: bool, keep_going: bool) -> String {
    // Stored records that become invalid are on no line that could be skipped.
    let can_skip = !keep_going && report.problems.iter().any(Problem::is_on_line);
    let skip = if can_skip { ", or skip them with --keep-going" } else { "" };
    if let Some(position) = report.stopped.as_deref().map(printable) {
        return format!(
            "stopped: records before {position} were written; correct the records{skip}, and run the same import again"
        );
    }
    match (report.written, dry_run) {
        (true, _) => "written".into(),
        (false, true) => "dry run: nothing was written".into(),
        (false, false) => format!("nothing was written: correct the records{skip}"),
    }
}

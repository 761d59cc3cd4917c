//! Exit codes: one list for all commands.

use std::process::ExitCode;

use newsgraph::error::Error;

/// The exit codes as the help pages and the documentation list them.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  finished, but records were rejected, violations remain, or migrations are pending
  2  invalid usage, refused input, or a file or network error
  3  database error";

/// The exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// The command did all that it was asked to do.
    Success = 0,
    /// The command finished, but records were rejected (`import`, `delete`), violations remain (`check`), or migrations are
    /// pending (`migrate status`).
    Findings = 1,
    /// The usage is invalid, the input was refused, or a file or the network failed.
    Refused = 2,
    /// The database failed.
    Database = 3,
}

impl ExitStatus {
    /// [`ExitStatus::Success`] when there is nothing to report, else [`ExitStatus::Findings`].
    pub(super) fn success_if(has_no_findings: bool) -> Self {
        if has_no_findings { Self::Success } else { Self::Findings }
    }
}

impl From<&Error> for ExitStatus {
    fn from(error: &Error) -> Self {
        if matches!(error, Error::Database(_) | Error::Unavailable(_)) { Self::Database } else { Self::Refused }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// The end of a help page: the exit codes behind a command's examples.
pub(super) fn after_examples(examples: &str) -> String {
    format!("{examples}\n\n{EXIT_CODES}")
}

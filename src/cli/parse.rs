//! Parses the arguments, with the settings file when one is named.

use clap::{CommandFactory, FromArgMatches, Parser};
use newsgraph::config::file;
use newsgraph::error::Result;

use crate::cli::Cli;

/// The arguments of this process. Ends the process with a usage error (exit code 2) or after `--help` and `--version`.
pub(super) fn arguments() -> Result<Cli> {
    match Cli::parse() {
        Cli { config: Some(file), .. } => {
            let matches = file::with_file(Cli::command(), &file)?.get_matches();
            Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
        }
        cli => Ok(cli),
    }
}

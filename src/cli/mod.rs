//! The command line: the list of commands. Each command has a file with its arguments and what it does.

mod check;
mod delete;
pub(crate) mod exit_code;
mod export;
mod generate;
mod import;
mod index;
mod key;
mod migrate;
mod output;
mod parse;
mod progress;
mod schema;
mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use newsgraph::error::Result;

use crate::cli::exit_code::{EXIT_CODES, ExitStatus};

/// A knowledge graph of news events behind a GraphQL API.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    /// Settings file: TOML whose keys are the names of the flags, such as `listen = "0.0.0.0:8000"`.
    ///
    /// A flag overrides the environment variable, and that overrides the file. The file holds server settings only; switches
    /// of one command, such as `--dataset`, are flags only.
    #[arg(long, env = "NEWSGRAPH_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::ServeCommand>),
    Import(import::Import),
    Delete(delete::Delete),
    Export(export::Export),
    Generate(generate::GenerateCommand),
    Schema(schema::Schema),
    Key(key::Key),
    Index(index::Index),
    Check(check::Check),
    Migrate(migrate::Migrate),
}

/// Reads the arguments and runs the command that they name.
pub(crate) async fn run() -> Result<ExitStatus> {
    match parse::arguments()?.command {
        Command::Serve(command) => command.run().await,
        Command::Import(command) => command.run().await,
        Command::Delete(command) => command.run().await,
        Command::Export(command) => command.run().await,
        Command::Generate(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Key(command) => command.run().await,
        Command::Index(command) => command.run().await,
        Command::Check(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
    }
}

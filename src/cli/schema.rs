//! `newsgraph schema`.

use newsgraph::error::Result;
use newsgraph::graphql;
use newsgraph::import::json_schema;

use crate::cli::exit_code::ExitStatus;
use crate::cli::output::print;

/// Print the GraphQL schema, or the JSON Schema of records.
#[derive(clap::Args)]
#[command(after_help = "Example: newsgraph schema --records > records.schema.json")]
pub(super) struct Schema {
    /// Print the JSON Schema of records.
    #[arg(long)]
    records: bool,
    /// Print the GraphQL schema as a subgraph of Apollo Federation 2.
    #[arg(long)]
    federation: bool,
}

impl Schema {
    pub(super) fn run(self) -> Result<ExitStatus> {
        match self {
            Self { records: true, .. } => print(&format!("{:#}\n", *json_schema::RECORDS))?,
            Self { federation: true, .. } => print(graphql::federation::sdl())?,
            _ => print(&graphql::sdl())?,
        }
        Ok(ExitStatus::Success)
    }
}

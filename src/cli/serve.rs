//! `newsgraph serve`.

use newsgraph::config::Serve;
use newsgraph::error::Result;
use newsgraph::{http, telemetry};

use crate::cli::exit_code::ExitStatus;

/// Migrate the database, then serve the API and GraphiQL.
#[derive(clap::Args)]
#[command(after_help = "Example: newsgraph serve --example\nThen open http://127.0.0.1:8000/")]
pub(super) struct ServeCommand {
    #[command(flatten)]
    settings: Serve,
}

impl ServeCommand {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let _telemetry = telemetry::start(&self.settings.telemetry)?;
        http::serve(self.settings).await?;
        Ok(ExitStatus::Success)
    }
}

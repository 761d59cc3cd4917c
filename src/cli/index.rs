//! `newsgraph index`.

use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::Result;
use newsgraph::import;

use crate::cli::exit_code::ExitStatus;
use crate::cli::output::print;

/// Rebuild the name-matching keys and the full-text index.
#[derive(clap::Args)]
#[command(after_help = "Example: newsgraph index\nQueries use the old index until the new one is complete.")]
pub(super) struct Index {
    #[command(flatten)]
    database: Database,
}

impl Index {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let db = Db::open(&self.database.database_url).await?;
        db.migrate().await?;
        import::rebuild(&db).await?;
        print("indexes rebuilt\n")?;
        db.close().await?;
        Ok(ExitStatus::Success)
    }
}

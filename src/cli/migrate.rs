//! `newsgraph migrate`.

use clap::Subcommand;
use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::Result;
use newsgraph::import;

use crate::cli::exit_code::{ExitStatus, after_examples};
use crate::cli::output::print;

/// Apply pending schema migrations, or list them.
#[derive(clap::Args)]
#[command(after_help = after_examples("Example: newsgraph migrate status"))]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Apply pending migrations, all or none.
    Up(Database),
    /// List all migrations as applied or pending; exits with 1 when one is pending.
    #[command(after_help = after_examples("Example: newsgraph migrate status"))]
    Status(Database),
}

impl Migrate {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        match self.action {
            Action::Up(database) => up(&database).await,
            Action::Status(database) => status(&database).await,
        }
    }
}

async fn up(database: &Database) -> Result<ExitStatus> {
    let db = Db::connect(&database.database_url).await?;
    import::migrate(&db).await?;
    print("up to date\n")?;
    db.close().await?;
    Ok(ExitStatus::Success)
}

async fn status(database: &Database) -> Result<ExitStatus> {
    let db = Db::open(&database.database_url).await?;
    let migrations = db.migrations().await?;
    for (name, is_applied) in &migrations {
        print(&format!("{} {name}\n", if *is_applied { "applied" } else { "pending" }))?;
    }
    db.close().await?;
    Ok(ExitStatus::success_if(migrations.iter().all(|(_, is_applied)| *is_applied)))
}

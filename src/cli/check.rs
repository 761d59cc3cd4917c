//! `newsgraph check`.

use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::Result;
use newsgraph::import;

use crate::cli::exit_code::{ExitStatus, after_examples};
use crate::cli::output::print;

/// Verify data integrity and report violations.
///
/// First, `check` re-runs the validation across records: cycles of parents, quotes that are not in their article, second claims
/// about one subject, links between merged entities. If the records are valid, it recomputes derived data and reports
/// differences: standings, voices and text positions of statements, name-matching keys, the full-text index. A check takes as
/// long as an import of the whole graph, and as much disk space while it runs. Queries continue meanwhile; writes wait.
#[derive(clap::Args)]
#[command(after_help = after_examples("Example: newsgraph check --repair"))]
pub(super) struct Check {
    #[command(flatten)]
    database: Database,
    /// Write the recomputed derived data. Invalid records are never changed: correct and import them again.
    #[arg(long)]
    repair: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let db = Db::open(&self.database.database_url).await?;
        import::migrate(&db).await?;
        let findings = import::verify(&db, self.repair).await?;
        db.close().await?;
        for finding in &findings {
            print(&finding.to_string())?;
        }
        let only_derived = findings.iter().all(|finding| finding.is_derived);
        print(match (findings.is_empty(), only_derived, self.repair) {
            (true, ..) => "no violations found\n",
            (_, false, _) => {
                "correct these records and import them again; derived data was not checked, because it depends on them\n"
            }
            (_, true, false) => "nothing was written: run with --repair to write the recomputed data\n",
            (_, true, true) => "repaired: the recomputed data was written\n",
        })?;
        Ok(ExitStatus::success_if(findings.is_empty() || only_derived && self.repair))
    }
}

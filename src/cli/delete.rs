//! `newsgraph delete`.

use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::{Error, Result};
use newsgraph::import::{self, Options};

use crate::cli::exit_code::{ExitStatus, after_examples};
use crate::cli::output::{create_report_file, print_report};

/// Delete records and their child records, all or nothing.
///
/// Deletes never cascade: a record that another record still references is rejected, and the report lists what references it.
#[derive(clap::Args)]
#[command(after_help = after_examples("Example: newsgraph delete --dataset mikdam visit-un travel-erbil"))]
pub(super) struct Delete {
    #[command(flatten)]
    database: Database,
    /// Dataset of the records.
    #[arg(long, value_name = "KEY")]
    dataset: String,
    /// Report what would be deleted, and delete nothing.
    #[arg(long)]
    dry_run: bool,
    /// Skip records that cannot be deleted instead of rejecting the whole deletion.
    #[arg(long)]
    keep_going: bool,
    /// Write the report as JSON to this file.
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
    /// Keys of the records to delete; `-` reads them from standard input, one per line.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

impl Delete {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let report_file = create_report_file(self.report.as_deref())?;
        let keys = expand_standard_input(self.keys)?;
        let db = Db::open(&self.database.database_url).await?;
        import::migrate(&db).await?;
        let options = Options {
            dataset: Some(self.dataset),
            dry_run: self.dry_run,
            keep_going: self.keep_going,
            by: "command line".into(),
            ..Options::default()
        };
        let report = import::delete(&db, &keys, &options).await?;
        db.close().await?;
        print_report(&report, report_file, self.dry_run, self.keep_going)?;
        Ok(ExitStatus::success_if(report.problems.is_empty()))
    }
}

/// The keys, with each `-` replaced by the nonempty lines of standard input.
fn expand_standard_input(arguments: Vec<String>) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for argument in arguments {
        if argument == "-" {
            let lines = std::io::stdin().lines().collect::<std::io::Result<Vec<_>>>();
            let lines = lines.map_err(|error| Error::Io("cannot read standard input".into(), error))?;
            keys.extend(lines.into_iter().filter(|line| !line.trim().is_empty()));
        } else {
            keys.push(argument);
        }
    }
    Ok(keys)
}

//! `newsgraph import`.

use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::Result;
use newsgraph::import::feed::{self, Format};
use newsgraph::import::{self, Options, Source};

use crate::cli::exit_code::{ExitStatus, after_examples};
use crate::cli::output::{create_report_file, print_report};
use crate::cli::progress::ProgressDisplay;

/// Import records (JSON Lines) or feeds of other publishers; files may be compressed with gzip or zip.
///
/// An import of records is all or nothing: one invalid record, and nothing is written. Invalid rows of a feed are skipped and
/// reported, and its unsupported fields are counted. Records that are already stored and have not changed are left as they
/// are.
#[derive(clap::Args)]
#[command(after_help = after_examples(
    "Examples:\n  newsgraph import --dry-run examples/mikdam/records.jsonl\n  newsgraph import 20210711120000.export.CSV.zip"
))]
pub(super) struct Import {
    #[command(flatten)]
    database: Database,
    /// Format of the files. `auto` detects it for each file and refuses a file of an unknown format.
    #[arg(long, value_enum, default_value = "auto")]
    format: Format,
    /// Dataset for records of files that do not start with a `dataset` record. Each feed has its own default dataset.
    #[arg(long, value_name = "KEY")]
    dataset: Option<String>,
    /// Import the names that the GDELT knowledge graph and POLECAT found in articles, as unresolved mentions.
    #[arg(long)]
    mentions: bool,
    /// Import the quotations of the GDELT knowledge graph, as statements without a speaker.
    #[arg(long)]
    quotations: bool,
    /// Report what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Skip invalid records, and the records that reference them, instead of rejecting the whole import.
    #[arg(long)]
    keep_going: bool,
    /// Commit after this many records, so that an interrupted import resumes when the same command is run again. If a
    /// record is invalid, its chunk and all later chunks are rejected; without this flag nothing is written at all.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    commit_every: Option<u64>,
    /// Write the report as JSON to this file.
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
    /// Files to import; `-` reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Import {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let report_file = create_report_file(self.report.as_deref())?;
        let settings = feed::Settings {
            format: self.format,
            dataset: self.dataset.clone(),
            mentions: self.mentions,
            quotations: self.quotations,
        };
        let sources = feed::open(&self.files, &settings)?;
        let db = Db::connect(&self.database.database_url).await?;
        import::migrate(&db).await?;
        let options = Options {
            dataset: self.dataset,
            dry_run: self.dry_run,
            keep_going: self.keep_going,
            by: "command line".into(),
            commit_every: self.commit_every,
            ..Options::default()
        };
        let mut progress = ProgressDisplay::new(sources.iter().map(Source::size).sum());
        let report = import::import(&db, &sources, &options, &mut progress).await;
        progress.clear();
        let report = report?;
        db.close().await?;
        print_report(&report, report_file, self.dry_run, self.keep_going)?;
        Ok(ExitStatus::success_if(report.problems.is_empty()))
    }
}

//! `newsgraph export`.

use entity::record::RecordKind;
use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::{Error, Result};
use newsgraph::{export, import};

use crate::cli::exit_code::ExitStatus;

/// Export the graph, or a part of it, in a format that other programs read.
///
/// An export reads one snapshot of the graph: writes that commit meanwhile are not in it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  newsgraph export --output graph.jsonl\n  \
                  newsgraph export --kind event --filter '{\"type\": {\"within\": [\"VIOLENCE\"]}}'")]
pub(super) struct Export {
    #[command(flatten)]
    database: Database,
    /// Output format.
    #[arg(long, value_enum, default_value = "records")]
    format: export::Format,
    /// Export only nodes of this type (`event`, `actor`, `statement`, ...), with their child records.
    #[arg(long, value_name = "TYPE", value_parser = export::parse_node_type)]
    kind: Option<RecordKind>,
    /// Export only nodes that match this filter: the API's filter input of the node type, as JSON.
    #[arg(long, value_name = "JSON", requires = "kind")]
    filter: Option<String>,
    /// Export only the records of the dataset with this key.
    #[arg(long, value_name = "KEY")]
    dataset: Option<String>,
    /// Write to this file instead of standard output. The file is replaced when the export is complete.
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
}

impl Export {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let filter = self.filter.as_deref().map(serde_json::from_str).transpose();
        let filter = filter.map_err(|error| Error::BadInput(format!("`--filter` is not valid JSON: {error}")))?;
        let (format, kind, dataset) = (self.format, self.kind, self.dataset);
        let db = Db::open(&self.database.database_url).await?;
        import::migrate(&db).await?;
        let export = export::export(
            &db,
            &export::Request { format, kind, filter, dataset, has_hints: true, include_deciders: true },
        )
        .await?;
        export.write_to(self.output.as_deref()).await?;
        db.close().await?;
        Ok(ExitStatus::Success)
    }
}

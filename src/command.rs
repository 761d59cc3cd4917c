//! What the command line takes.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use entity::record::RecordKind;
use newsgraph::auth::Scope;
use newsgraph::config::{Database, Serve};
use newsgraph::export;
use newsgraph::import::feed::Format;

/// A knowledge graph of news events behind a GraphQL API.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(super) struct Cli {
    /// A file of settings: TOML with the names of the flags, such as `listen = "0.0.0.0:8000"`. Flags count before the
    /// environment, and that before the file.
    #[arg(long, env = "NEWSGRAPH_CONFIG", value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 some records were rejected or do not hold, 2 usage or refused input, 3 the database.";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Migrate the database and serve the API and GraphiQL.
    #[command(after_help = "Example: newsgraph serve --example\nThen open http://127.0.0.1:8000/")]
    Serve(Box<Serve>),
    /// Import files of records (JSON Lines), all or nothing, or feeds by others, packed with gzip or zip or not.
    ///
    /// Of a feed, rows with mistakes are left out and told, and what the graph has no place for is counted. What of
    /// it is stored already and as before stays untouched.
    #[command(after_help = "Examples:\n  newsgraph import --dry-run examples/mikdam/records.jsonl\n  \
                            newsgraph import --format auto 20210711120000.export.CSV.zip")]
    Import(Import),
    /// Delete records with their parts, all or nothing. What others refer to is not deleted, and said.
    #[command(after_help = "Example: newsgraph delete --dataset mikdam visit-un travel-erbil")]
    Delete(Delete),
    /// Write the graph, or a part of it, in a format that others read.
    ///
    /// All of it is one state of the graph, whatever is written meanwhile.
    #[command(after_help = "Examples:\n  newsgraph export --output graph.jsonl\n  \
                            newsgraph export --kind event --filter '{\"type\": {\"within\": [\"VIOLENCE\"]}}'")]
    Export(Export),
    /// Print synthetic records with the skew of real news, for trying things out at size.
    #[command(after_help = "Example: newsgraph generate --events 100000 --seed 7 | newsgraph import -")]
    Generate {
        /// How many events; actors, places, articles and statements come besides.
        #[arg(long, env = "NEWSGRAPH_EVENTS", value_name = "NUMBER")]
        events: u64,
        /// Another seed gives other records; the same gives the same.
        #[arg(long, env = "NEWSGRAPH_SEED", default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
    },
    /// Print the GraphQL schema, or the JSON Schema of records.
    #[command(after_help = "Example: newsgraph schema --records > records.schema.json")]
    Schema {
        /// The JSON Schema of records.
        #[arg(long, env = "NEWSGRAPH_RECORDS")]
        records: bool,
        /// The GraphQL schema as a subgraph of Apollo Federation 2.
        #[arg(long, env = "NEWSGRAPH_FEDERATION")]
        federation: bool,
    },
    /// Make, list and take back the keys by which services write, or read where that takes a key.
    Key {
        #[command(subcommand)]
        action: Key,
    },
    /// Make the keys of names and the full-text index anew from what is stored.
    #[command(after_help = "Example: newsgraph index\nReaders see the old index until the new one is whole.")]
    Index(Database),
    /// Look whether what is stored holds, and tell what does not. Exits with 1 when something does not hold and was not put right.
    ///
    /// Records are judged beside each other: parts that lie within themselves, quotes that do not stand in their article, a second
    /// claim about one thing, ties between what was judged to be one. Where they hold, standings, voices and places of statements,
    /// the keys of names and the search index are derived anew and compared. It takes as long as an import of the whole graph, and as
    /// much room while it runs; readers go on, writers wait.
    #[command(after_help = "Example: newsgraph check --repair")]
    Check {
        #[command(flatten)]
        database: Database,
        /// Write what was derived anew.
        #[arg(long, env = "NEWSGRAPH_REPAIR")]
        repair: bool,
    },
    /// Bring the database up to date, or tell whether it is.
    #[command(after_help = "Example: newsgraph migrate status")]
    Migrate {
        #[command(subcommand)]
        action: Migrate,
    },
}

#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key and print it. It cannot be shown again: only its hash is stored.
    #[command(after_help = "Example: newsgraph key create feeds --scope read,write --days 365")]
    Create {
        #[command(flatten)]
        database: Database,
        /// What it may do.
        #[arg(long, value_delimiter = ',', default_value = "read", value_name = "SCOPES")]
        scope: Vec<Scope>,
        /// For how many days; for ever when left out.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: Option<u32>,
        /// What to call it: each write is logged with this name.
        name: String,
    },
    /// List all keys that were ever made.
    #[command(after_help = "Example: newsgraph key list")]
    List(Database),
    /// Take a key back for ever; a server notices within seconds.
    #[command(after_help = "Example: newsgraph key revoke feeds")]
    Revoke {
        #[command(flatten)]
        database: Database,
        /// What it is called.
        name: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Make the changes that are missing.
    Up(Database),
    /// List all changes and which were made; exits with 1 when one is missing.
    Status(Database),
}

#[derive(clap::Args)]
pub(super) struct Import {
    #[command(flatten)]
    pub(super) database: Database,
    /// The form of the files.
    #[arg(long, env = "NEWSGRAPH_FORMAT", value_enum, default_value = "records")]
    pub(super) format: Format,
    /// The dataset of files that do not begin with one; feeds have one of their own by default.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    pub(super) dataset: Option<String>,
    /// Keep the names that GDELT's knowledge graph and POLECAT see in articles, as mentions that nobody has judged.
    #[arg(long, env = "NEWSGRAPH_MENTIONS")]
    pub(super) mentions: bool,
    /// Keep the quotations of GDELT's knowledge graph, as statements whose speaker is not recorded.
    #[arg(long, env = "NEWSGRAPH_QUOTATIONS")]
    pub(super) quotations: bool,
    /// Say what would be done and write nothing.
    #[arg(long, env = "NEWSGRAPH_DRY_RUN")]
    pub(super) dry_run: bool,
    /// Leave out records with mistakes and what refers to them, and write the others.
    #[arg(long, env = "NEWSGRAPH_KEEP_GOING")]
    pub(super) keep_going: bool,
    /// Commit after so many records, so that an import that is interrupted goes on where it stopped: give the same command
    /// again. A mistake then leaves out the part that it is in and what follows; without this nothing is written at all.
    #[arg(long, env = "NEWSGRAPH_COMMIT_EVERY", value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) commit_every: Option<u64>,
    /// Write the report as JSON.
    #[arg(long, env = "NEWSGRAPH_REPORT", value_name = "FILE")]
    pub(super) report: Option<String>,
    /// Files of that form; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct Delete {
    #[command(flatten)]
    pub(super) database: Database,
    /// The dataset of the records.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    pub(super) dataset: String,
    /// Say what would be done and delete nothing.
    #[arg(long, env = "NEWSGRAPH_DRY_RUN")]
    pub(super) dry_run: bool,
    /// Leave in place what cannot be deleted, and delete the others.
    #[arg(long, env = "NEWSGRAPH_KEEP_GOING")]
    pub(super) keep_going: bool,
    /// Write the report as JSON.
    #[arg(long, env = "NEWSGRAPH_REPORT", value_name = "FILE")]
    pub(super) report: Option<String>,
    /// Keys of records; `-` reads them from standard input, one a line.
    #[arg(required = true, value_name = "KEY")]
    pub(super) keys: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    pub(super) database: Database,
    /// How it is written.
    #[arg(long, env = "NEWSGRAPH_EXPORT_FORMAT", value_enum, default_value = "records")]
    pub(super) format: export::Format,
    /// Only things of this noun (`event`, `actor`, `statement`, ...), with what belongs to them.
    #[arg(long, env = "NEWSGRAPH_KIND", value_name = "NOUN", value_parser = export::noun)]
    pub(super) kind: Option<RecordKind>,
    /// Only those for which this holds: the filter of the noun as the API has it, as JSON.
    #[arg(long, env = "NEWSGRAPH_FILTER", value_name = "JSON", requires = "kind")]
    pub(super) filter: Option<String>,
    /// Only what came with the dataset that has this key.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    pub(super) dataset: Option<String>,
    /// Where to; standard output when left out.
    #[arg(long, env = "NEWSGRAPH_OUTPUT", value_name = "FILE")]
    pub(super) output: Option<String>,
}

//! The command line.

mod progress;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use entity::record::Kind;
use newsgraph::auth::{Scope, key};
use newsgraph::config::{Database, Serve};
use newsgraph::db::Db;
use newsgraph::error::{Error, Result};
use newsgraph::generate::{Generate, generate};
use newsgraph::import::feed::{self, Format};
use newsgraph::import::{self, Options, Report, Source, problem};
use newsgraph::text::date::format_instant;
use newsgraph::{export, settings, telemetry};
use progress::Bar;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A knowledge graph of news events behind a GraphQL API.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    /// A file of settings: TOML with the names of the flags, such as `listen = "0.0.0.0:8000"`. Flags count before the
    /// environment, and that before the file.
    #[arg(long, env = "NEWSGRAPH_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 some records were rejected, 2 usage or refused input, 3 the database.";

#[derive(Subcommand)]
enum Command {
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
    /// Bring the database up to date, or tell whether it is.
    #[command(after_help = "Example: newsgraph migrate status")]
    Migrate {
        #[command(subcommand)]
        action: Migrate,
    },
}

#[derive(Subcommand)]
enum Key {
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
enum Migrate {
    /// Make the changes that are missing.
    Up(Database),
    /// List all changes and which were made; exits with 1 when one is missing.
    Status(Database),
}

#[derive(clap::Args)]
struct Import {
    #[command(flatten)]
    database: Database,
    /// The form of the files.
    #[arg(long, env = "NEWSGRAPH_FORMAT", value_enum, default_value = "records")]
    format: Format,
    /// The dataset of files that do not begin with one; feeds have one of their own by default.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    dataset: Option<String>,
    /// Keep the names that GDELT's knowledge graph and POLECAT see in articles, as mentions that nobody has judged.
    #[arg(long, env = "NEWSGRAPH_MENTIONS")]
    mentions: bool,
    /// Keep the quotations of GDELT's knowledge graph, as statements whose speaker is not recorded.
    #[arg(long, env = "NEWSGRAPH_QUOTATIONS")]
    quotations: bool,
    /// Say what would be done and write nothing.
    #[arg(long, env = "NEWSGRAPH_DRY_RUN")]
    dry_run: bool,
    /// Leave out records with mistakes and what refers to them, and write the others.
    #[arg(long, env = "NEWSGRAPH_KEEP_GOING")]
    keep_going: bool,
    /// Commit after so many records, so that an import that is interrupted goes on where it stopped: give the same command
    /// again. A mistake then leaves out the part that it is in and what follows; without this nothing is written at all.
    #[arg(long, env = "NEWSGRAPH_COMMIT_EVERY", value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    commit_every: Option<u64>,
    /// Write the report as JSON.
    #[arg(long, env = "NEWSGRAPH_REPORT", value_name = "FILE")]
    report: Option<String>,
    /// Files of that form; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

#[derive(clap::Args)]
struct Delete {
    #[command(flatten)]
    database: Database,
    /// The dataset of the records.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    dataset: String,
    /// Say what would be done and delete nothing.
    #[arg(long, env = "NEWSGRAPH_DRY_RUN")]
    dry_run: bool,
    /// Leave in place what cannot be deleted, and delete the others.
    #[arg(long, env = "NEWSGRAPH_KEEP_GOING")]
    keep_going: bool,
    /// Write the report as JSON.
    #[arg(long, env = "NEWSGRAPH_REPORT", value_name = "FILE")]
    report: Option<String>,
    /// Keys of records; `-` reads them from standard input, one a line.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

#[derive(clap::Args)]
struct Export {
    #[command(flatten)]
    database: Database,
    /// How it is written.
    #[arg(long, env = "NEWSGRAPH_EXPORT_FORMAT", value_enum, default_value = "records")]
    format: export::Format,
    /// Only things of this noun (`event`, `actor`, `statement`, ...), with what belongs to them.
    #[arg(long, env = "NEWSGRAPH_KIND", value_name = "NOUN", value_parser = export::noun)]
    kind: Option<Kind>,
    /// Only those for which this holds: the filter of the noun as the API has it, as JSON.
    #[arg(long, env = "NEWSGRAPH_FILTER", value_name = "JSON", requires = "kind")]
    filter: Option<String>,
    /// Only what came with the dataset that has this key.
    #[arg(long, env = "NEWSGRAPH_DATASET", value_name = "KEY")]
    dataset: Option<String>,
    /// Where to; standard output when left out.
    #[arg(long, env = "NEWSGRAPH_OUTPUT", value_name = "FILE")]
    output: Option<String>,
}

/// What a thread's stack may hold. Fields are resolved within the fields above them, so a query as deep as is allowed takes
/// some megabytes where the program is not optimized. Only what is used is taken.
const STACK: usize = 32 << 20;

fn main() -> ExitCode {
    // An import keeps its files open, a server its connections, and the usual limit is meant for older programs. Where it cannot
    // be raised it counts as it is.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(begin()),
        Err(error) => Err(Error::Io("cannot start threads".into(), error)),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            // Standard error may be closed; there is nobody left to tell.
            let told: Vec<_> = format!("{error}").lines().map(|line| problem::printable(line).into_owned()).collect();
            let _ = writeln!(std::io::stderr(), "newsgraph: {}", told.join("\n"));
            ExitCode::from(if matches!(error, Error::Database(_)) { 3 } else { 2 })
        }
    }
}

async fn begin() -> Result<ExitCode> {
    let cli = match Cli::parse() {
        Cli { config: Some(file), .. } => {
            let matches = settings::with_file(Cli::command(), &file)?.get_matches();
            Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
        }
        cli => cli,
    };
    run(cli.command).await
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(settings) => {
            let _running = telemetry::start(&settings.telemetry)?;
            newsgraph::http::serve(*settings).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Key { action } => keys(action).await.map(|()| ExitCode::SUCCESS),
        Command::Import(settings) => import(settings).await,
        Command::Delete(settings) => delete(settings).await,
        Command::Export(settings) => export_to(settings).await.map(|()| ExitCode::SUCCESS),
        Command::Generate { events, seed } => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            let made = generate(Generate { events, seed }, &mut out);
            let flushed = out.flush().map_err(|error| Error::Io("cannot write".into(), error));
            match made.and(flushed) {
                // Who reads may have had enough.
                Err(Error::Io(_, error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
                done => done.map(|()| ExitCode::SUCCESS),
            }
        }
        Command::Schema { records: true, .. } => {
            print(&format!("{:#}\n", *import::schema::RECORDS)).map(|()| ExitCode::SUCCESS)
        }
        Command::Schema { federation: true, .. } => {
            print(newsgraph::graphql::federation::sdl()).map(|()| ExitCode::SUCCESS)
        }
        Command::Schema { .. } => print(&newsgraph::graphql::sdl()).map(|()| ExitCode::SUCCESS),
        Command::Index(database) => {
            let db = Db::connect(&database.database_url).await?;
            db.migrate().await?;
            import::rebuild(&db).await?;
            print("indexed\n")?;
            db.close().await.map(|()| ExitCode::SUCCESS)
        }
        Command::Migrate { action: Migrate::Up(database) } => {
            let db = Db::connect(&database.database_url).await?;
            import::migrate(&db).await?;
            print("up to date\n")?;
            db.close().await.map(|()| ExitCode::SUCCESS)
        }
        Command::Migrate { action: Migrate::Status(database) } => {
            let db = Db::connect(&database.database_url).await?;
            let changes = db.migrations().await?;
            for (name, made) in &changes {
                print(&format!("{} {name}\n", if *made { "made   " } else { "missing" }))?;
            }
            db.close().await?;
            Ok(ExitCode::from(u8::from(changes.iter().any(|(_, made)| !made))))
        }
    }
}

async fn keys(action: Key) -> Result<()> {
    let (Key::Create { database, .. } | Key::List(database) | Key::Revoke { database, .. }) = &action;
    let db = Db::connect(&database.database_url).await?;
    import::migrate(&db).await?;
    match action {
        Key::Create { name, scope, days, .. } => {
            let made = key::create(&db, name.trim(), &scope.into_iter().collect(), days).await?;
            print(&format!("{made}\n"))?;
        }
        Key::List(_) => {
            let when = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), format_instant);
            let mut table = format!("{:<24} {:<16} {:<20} {:<20} {}\n", "name", "scopes", "made", "ends", "revoked");
            for key in key::list(&db).await? {
                let (made, ends, revoked) = (when(Some(key.created_at)), when(key.expires_at), when(key.revoked_at));
                table.push_str(&format!("{:<24} {:<16} {made:<20} {ends:<20} {revoked}\n", key.name, key.scopes));
            }
            print(&table)?;
        }
        Key::Revoke { name, .. } => {
            key::revoke(&db, &name).await?;
            print("revoked\n")?;
        }
    }
    db.close().await
}

async fn import(settings: Import) -> Result<ExitCode> {
    // Told too late, nobody would know what was written.
    let report_to = settings.report.as_deref().map(create).transpose()?;
    let form = feed::Settings {
        format: settings.format,
        dataset: settings.dataset.clone(),
        mentions: settings.mentions,
        quotations: settings.quotations,
    };
    let sources = feed::open(&settings.files, &form)?;
    let db = Db::connect(&settings.database.database_url).await?;
    import::migrate(&db).await?;
    let options = Options {
        dataset: settings.dataset,
        dry_run: settings.dry_run,
        keep_going: settings.keep_going,
        by: "command line".into(),
        commit_every: settings.commit_every,
        ..Options::default()
    };
    let mut bar = Bar::new(sources.iter().map(Source::size).sum());
    let report = import::import(&db, &sources, &options, &mut bar).await;
    bar.clear();
    let report = report?;
    db.close().await?;
    tell(&report, report_to, settings.dry_run)?;
    Ok(ExitCode::from(u8::from(!report.problems.is_empty())))
}

async fn delete(settings: Delete) -> Result<ExitCode> {
    let report_to = settings.report.as_deref().map(create).transpose()?;
    let mut keys = Vec::new();
    for key in settings.keys {
        if key == "-" {
            let lines = std::io::stdin().lines().collect::<std::io::Result<Vec<_>>>();
            let lines = lines.map_err(|error| Error::Io("cannot read standard input".into(), error))?;
            keys.extend(lines.into_iter().filter(|line| !line.trim().is_empty()));
        } else {
            keys.push(key);
        }
    }
    let db = Db::connect(&settings.database.database_url).await?;
    import::migrate(&db).await?;
    let options = Options {
        dataset: Some(settings.dataset),
        dry_run: settings.dry_run,
        keep_going: settings.keep_going,
        by: "command line".into(),
        ..Options::default()
    };
    let report = import::delete(&db, &keys, &options).await?;
    db.close().await?;
    tell(&report, report_to, settings.dry_run)?;
    Ok(ExitCode::from(u8::from(!report.problems.is_empty())))
}

async fn export_to(settings: Export) -> Result<()> {
    let filter = settings.filter.as_deref().map(serde_json::from_str).transpose();
    let filter = filter.map_err(|error| Error::BadInput(format!("`--filter` is no JSON: {error}")))?;
    let (format, kind, dataset) = (settings.format, settings.kind, settings.dataset);
    let db = Db::connect(&settings.database.database_url).await?;
    import::migrate(&db).await?;
    let export = export::export(&db, &export::Request { format, kind, filter, dataset, tells_judges: true }).await?;
    export.write_to(settings.output.as_deref()).await?;
    db.close().await
}

fn create(file: &str) -> Result<File> {
    File::create(file).map_err(|error| Error::Io(format!("cannot write {file}"), error))
}

fn tell(report: &Report, file: Option<File>, dry_run: bool) -> Result<()> {
    if let Some(mut file) = file {
        let json = serde_json::to_string_pretty(report).map_err(|error| Error::Broken(error.to_string()))?;
        file.write_all((json + "\n").as_bytes()).map_err(|error| Error::Io("cannot write the report".into(), error))?;
    }
    let mut errors = std::io::stderr().lock();
    for problem in &report.problems {
        let _ = writeln!(errors, "{problem}");
    }
    if report.more_problems > 0 {
        let _ = writeln!(errors, "... and {} mistakes more, which are counted", report.more_problems);
    }
    if let Some(at) = report.stopped.as_deref().map(problem::printable) {
        let what = "correct the records, or leave them out with --keep-going, and import the file again";
        return print(&format!("{report}written is what stands before {at}: {what}\n"));
    }
    let outcome = match (report.written, dry_run) {
        (true, _) => "written",
        (false, true) => "dry run: nothing was written",
        (false, false) => "nothing was written: correct the records, or leave them out with --keep-going",
    };
    print(&format!("{report}{outcome}\n"))
}

/// Standard output may be a closed pipe, which is no fault.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Io("cannot write".into(), error)),
        _ => Ok(()),
    }
}

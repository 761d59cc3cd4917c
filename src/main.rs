//! The command line.

mod command;
mod progress;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use command::{Cli, Command, Delete, Export, Import, Key, Migrate};
use newsgraph::auth::key;
use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::{Error, Result};
use newsgraph::generate::{Generate, generate};
use newsgraph::import::feed;
use newsgraph::import::{self, Options, Report, Source, problem};
use newsgraph::text::date::format_instant;
use newsgraph::{config::file, export, telemetry};
use progress::Bar;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
            let matches = file::with_file(Cli::command(), &file)?.get_matches();
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
            print(&format!("{:#}\n", *import::json_schema::RECORDS)).map(|()| ExitCode::SUCCESS)
        }
        Command::Schema { federation: true, .. } => {
            print(newsgraph::graphql::federation::sdl()).map(|()| ExitCode::SUCCESS)
        }
        Command::Schema { .. } => print(&newsgraph::graphql::sdl()).map(|()| ExitCode::SUCCESS),
        Command::Index(database) => {
            let db = Db::open(&database.database_url).await?;
            db.migrate().await?;
            import::rebuild(&db).await?;
            print("indexed\n")?;
            db.close().await.map(|()| ExitCode::SUCCESS)
        }
        Command::Check { database, repair } => check(&database, repair).await,
        Command::Migrate { action: Migrate::Up(database) } => {
            let db = Db::connect(&database.database_url).await?;
            import::migrate(&db).await?;
            print("up to date\n")?;
            db.close().await.map(|()| ExitCode::SUCCESS)
        }
        Command::Migrate { action: Migrate::Status(database) } => {
            let db = Db::open(&database.database_url).await?;
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
    let db = match &action {
        Key::Create { .. } => Db::connect(&database.database_url).await?,
        _ => Db::open(&database.database_url).await?,
    };
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
    let db = Db::open(&settings.database.database_url).await?;
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

async fn check(database: &Database, repair: bool) -> Result<ExitCode> {
    let db = Db::open(&database.database_url).await?;
    import::migrate(&db).await?;
    let findings = import::verify(&db, repair).await?;
    db.close().await?;
    for finding in &findings {
        print(&finding.to_string())?;
    }
    let is_derived = findings.iter().all(|finding| finding.is_derived);
    print(match (findings.is_empty(), is_derived, repair) {
        (true, ..) => "all holds\n",
        (_, false, _) => "correct the records and import them again: what is derived from them was not looked at\n",
        (_, true, false) => "nothing was written: --repair writes what was derived anew\n",
        (_, true, true) => "what was derived anew is written\n",
    })?;
    let holds = findings.is_empty() || is_derived && repair;
    Ok(ExitCode::from(u8::from(!holds)))
}

async fn export_to(settings: Export) -> Result<()> {
    let filter = settings.filter.as_deref().map(serde_json::from_str).transpose();
    let filter = filter.map_err(|error| Error::BadInput(format!("`--filter` is no JSON: {error}")))?;
    let (format, kind, dataset) = (settings.format, settings.kind, settings.dataset);
    let db = Db::open(&settings.database.database_url).await?;
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

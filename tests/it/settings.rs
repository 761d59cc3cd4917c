//! Settings and databases that the program must refuse: what may come from the environment and the settings file, the shapes of
//! `--listen`, and databases of other programs or newer versions.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use newsgraph::db::Db;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{Connection, Executor, SqliteConnection};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;

use crate::command::{newsgraph, text};
use crate::fixture::{databases, databases_with_story, empty_databases, records};

/// Commands that open a database, with arguments that would succeed on an empty graph or with the story.
const COMMANDS: &[&[&str]] = &[
    &["serve", "--listen", "127.0.0.1:0"],
    &["import", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mikdam/records.jsonl")],
    &["delete", "--dataset", "mikdam", "visit-un"],
    &["export"],
    &["key", "create", "feeds"],
    &["key", "list"],
    &["key", "revoke", "feeds"],
    &["index"],
    &["check"],
    &["migrate", "up"],
    &["migrate", "status"],
];

fn run(url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_newsgraph"))
        .args(arguments)
        .args(["--database-url", url])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs every command and checks that it refuses the database with exit code 2 and a message that contains these parts.
fn assert_every_command_refuses(url: &str, parts: &[&str]) {
    for command in COMMANDS {
        let ended = run(url, command);
        let message = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{command:?} on {url}: {message}");
        for part in parts {
            assert!(message.contains(part), "{command:?} on {url}: {message}");
        }
        assert!(ended.stdout.is_empty(), "{command:?} on {url}");
    }
}

async fn create_sqlite(file: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(sea_orm::sqlx::AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// A dataset in the environment, meant for imports, once reduced every export to that dataset.
#[tokio::test]
async fn environment_variables_do_not_filter_exports() {
    for fixture in databases_with_story().await {
        let other = records(&[json!({ "kind": "person", "key": "ann", "label": "Ann" })]);
        assert_eq!(fixture.import(&other).await.problems, []);
        let everything = text(&newsgraph(&fixture, &["export"], "").stdout);
        assert!(everything.contains("\"mikdam\"") && everything.contains("\"ann\""), "{everything}");
        let export = |name: &str, value: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_newsgraph"));
            let command = command.args(["export", "--database-url", &fixture.url]).env(name, value);
            text(&command.output().unwrap().stdout)
        };
        for (name, value) in [
            ("NEWSGRAPH_DATASET", "test"),
            ("NEWSGRAPH_KIND", "place"),
            ("NEWSGRAPH_EXPORT_FORMAT", "csv"),
            ("NEWSGRAPH_FORMAT", "csv"),
            ("NEWSGRAPH_OUTPUT", "/nonexistent/graph.jsonl"),
        ] {
            assert_eq!(export(name, value), everything, "{name} on {}", fixture.url);
        }
        let only_one = text(&newsgraph(&fixture, &["export", "--dataset", "test"], "").stdout);
        assert!(!only_one.contains("\"mikdam\"") && only_one.contains("\"ann\""), "{only_one}");
    }
}

#[tokio::test]
async fn command_only_flags_are_rejected_in_the_settings_file() {
    let fixture = databases().await.swap_remove(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("newsgraph.toml");
    for line in [
        "dataset = \"mikdam\"",
        "dry-run = true",
        "keep-going = true",
        "repair = true",
        "filter = \"{}\"",
        "format = \"csv\"",
        "kind = \"event\"",
        "report = \"report.json\"",
        "output = \"graph.jsonl\"",
        "commit-every = 1000",
        "mentions = true",
        "quotations = true",
        "events = 5",
        "seed = 7",
        "records = true",
        "scope = \"write\"",
        "days = 5",
    ] {
        std::fs::write(&file, line).unwrap();
        let ended = newsgraph(&fixture, &["export", "--config", file.to_str().unwrap()], "");
        let message = text(&ended.stderr);
        let name = line.split(' ').next().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{line}: {message}");
        assert!(message.contains(&format!("`{name}` is not a setting")), "{line}: {message}");
        assert!(message.contains("command-line flag only"), "{line}: {message}");
    }
    // A setting of the server that one command has as a flag too does not change that command.
    std::fs::write(&file, "federation = true\nlisten = \"9000\"\n").unwrap();
    let schema = |arguments: &[&str]| text(&newsgraph(&fixture, arguments, "").stdout);
    assert_eq!(schema(&["schema", "--config", file.to_str().unwrap()]), schema(&["schema"]));
    assert_ne!(schema(&["schema", "--federation"]), schema(&["schema"]));
}

#[tokio::test]
async fn listen_accepts_a_port_or_a_host_name_with_port() {
    let fixture = databases().await.swap_remove(0);
    for listen in ["0", ":0", "localhost:0", "127.0.0.1:0"] {
        let mut server = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
            .args(["serve", "--listen", listen, "--database-url", &fixture.url])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Vec<String> =
            BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok).take(1).collect();
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(log.iter().any(|line| line.contains("GraphiQL is at http://127.0.0.1:")), "{listen}: {log:?}");
    }
    for listen in ["localhost", "127.0.0.1", "99999", "localhost:http", "http://localhost:9000"] {
        let ended = newsgraph(&fixture, &["serve", "--listen", listen], "");
        assert_eq!(ended.status.code(), Some(2), "{listen}");
        let message = text(&ended.stderr);
        assert!(message.contains("--listen") && message.contains("such as 9000, 0.0.0.0:9000"), "{listen}: {message}");
    }
}

#[tokio::test]
async fn database_of_a_newer_version_is_rejected() {
    for fixture in databases_with_story().await {
        let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9998_colors', 1), ('m9999_sounds', 1)";
        fixture.db.connection().execute_unprepared(sql).await.unwrap();
        let stored = fixture.dump().await;
        let parts = ["was written by a newer newsgraph", "`m9998_colors`, `m9999_sounds`", "install the newer version"];
        assert_every_command_refuses(&fixture.url, &parts);
        assert_eq!(fixture.dump().await, stored, "{}", fixture.url);
        assert_eq!(
            fixture.db.is_ready().await,
            Err("the database was written by a newer newsgraph: install the newer version")
        );
    }
}

/// Another program's file keeps every byte, its journal mode included.
#[tokio::test]
async fn sqlite_file_of_another_program_is_rejected_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let tables = "CREATE TABLE customer (id); CREATE TABLE invoice (id); INSERT INTO customer VALUES (1);";
    let migrations = "CREATE TABLE seaql_migrations (version TEXT PRIMARY KEY, applied_at INTEGER);
        INSERT INTO seaql_migrations VALUES ('m20220101_000001_create_table', 1);";
    for (name, sql, part) in [
        ("shop.db", tables, "tables `customer`, `invoice`"),
        ("other.db", migrations, "tables `seaql_migrations`"),
        ("both.db", &*format!("{tables}{migrations}"), "tables `customer`, `invoice`, `seaql_migrations`"),
    ] {
        let file = folder.path().join(name);
        create_sqlite(&file, sql).await;
        let before = std::fs::read(&file).unwrap();
        let parts = [name, "belongs to another program", part, "--database-url"];
        assert_every_command_refuses(&format!("sqlite://{}", file.display()), &parts);
        assert_eq!(std::fs::read(&file).unwrap(), before, "{name}");
    }
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "These are notes, and no database.\n".repeat(100)).unwrap();
    let before = std::fs::read(&file).unwrap();
    let parts = ["notes.txt is not a SQLite database", "--database-url"];
    assert_every_command_refuses(&format!("sqlite://{}", file.display()), &parts);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no file is left beside the databases");
}

#[tokio::test]
async fn postgresql_schema_of_another_program_is_rejected_unchanged() {
    for url in empty_databases().await {
        let db = Db::connect(&url).await.unwrap();
        assert_eq!(db.connection().get_database_backend(), DatabaseBackend::Postgres);
        db.connection().execute_unprepared("CREATE TABLE customer (id INTEGER)").await.unwrap();
        let parts = ["The schema test_", "belongs to another program", "tables `customer` ", "--database-url"];
        assert_every_command_refuses(&url, &parts);
        let count = "SELECT COUNT(*) AS tables FROM pg_tables WHERE schemaname = current_schema()";
        let statement = sea_orm::Statement::from_string(DatabaseBackend::Postgres, count);
        let row = db.connection().query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "tables").unwrap(), 1);
        db.close().await.unwrap();
    }
}

/// Commands that can end with 1 list all exit codes, as the root does.
#[test]
fn exit_codes_are_listed_in_the_help() {
    for command in [&[][..], &["import"], &["delete"], &["check"], &["migrate"], &["migrate", "status"]] {
        let help = Command::new(env!("CARGO_BIN_EXE_newsgraph")).args(command).arg("--help").output().unwrap();
        let help = text(&help.stdout);
        for line in ["Exit codes:", "  0  success", "  1  finished, but ", "  2  invalid usage", "  3  database error"]
        {
            assert!(help.contains(line), "{command:?}: {help}");
        }
    }
}

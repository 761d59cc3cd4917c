//! Databases to test on, and the story in them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::{Request, Response, Variables};
use newsgraph::db::Db;
use newsgraph::graphql::{self, Api, Session, api};
use newsgraph::import::{self, Options, Report, Source};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};

pub const STORY: &str = include_str!("../../examples/mikdam/records.jsonl");

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of its own, gone with the test.
pub struct Fixture {
    pub db: Db,
    pub url: String,
    pub api: Api,
    _folder: tempfile::TempDir,
}

/// One empty database of each kind at hand.
pub async fn databases() -> Vec<Fixture> {
    let mut all = Vec::new();
    for url in urls().await {
        let folder = tempfile::tempdir().unwrap();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", folder.path().join("graph.db").display()));
        all.push(Fixture { _folder: folder, ..Fixture::at(url).await });
    }
    all
}

/// The addresses of PostgreSQL databases that have nothing in them yet.
pub async fn empty_databases() -> Vec<String> {
    urls().await.into_iter().flatten().collect()
}

/// None stands for a SQLite file; PostgreSQL gets a schema of its own.
async fn urls() -> Vec<Option<String>> {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return vec![None] };
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = sea_orm::Database::connect(&server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    admin.close().await.unwrap();
    let mark = if server.contains('?') { '&' } else { '?' };
    vec![None, Some(format!("{server}{mark}options=-c%20search_path%3D{schema}"))]
}

/// The story in one database of each kind.
pub async fn stories() -> Vec<Fixture> {
    let all = databases().await;
    for fixture in &all {
        let report = fixture.import(STORY).await;
        assert_eq!(report.problems, []);
    }
    all
}

impl Fixture {
    /// A graph in this database, which is the test's own.
    pub async fn at(url: String) -> Self {
        let db = Db::connect(&url).await.unwrap();
        newsgraph::import::migrate(&db).await.unwrap();
        Self { db, url, api: api(), _folder: tempfile::tempdir().unwrap() }
    }

    pub async fn import(&self, records: &str) -> Report {
        self.import_with(records, &Options::default()).await
    }

    pub async fn import_with(&self, records: &str, options: &Options) -> Report {
        let source = Source::embedded("records.jsonl", records).unwrap();
        import::import(&self.db, &[source], options, &mut ()).await.unwrap()
    }

    /// Lines as JSON, below a dataset.
    pub async fn import_lines(&self, lines: &[Value]) -> Report {
        self.import(&records(lines)).await
    }

    /// The answer and the number of SQL statements.
    pub async fn ask_counted(&self, query: &str, variables: Value) -> (Value, usize) {
        let session = Session::new(self.db.clone());
        let request = Request::new(query).variables(Variables::from_json(variables)).data(session.clone());
        let response = self.api.execute(request).await;
        (answer(&response), session.statements())
    }

    /// The data of an answer that has no errors.
    pub async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    pub async fn ask_with(&self, query: &str, variables: Value) -> Value {
        let (answer, _) = self.ask_counted(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].clone()
    }

    /// The code and message of the first error.
    pub async fn refused(&self, query: &str, variables: Value) -> (String, String) {
        let (answer, _) = self.ask_counted(query, variables).await;
        let error = &answer["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// The column `said` of what SQL gives.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let reader = self.db.connection();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let rows = reader.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "said").unwrap()).collect()
    }

    /// Every row of every table, in no order of its own.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        const TABLES: &[&str] = &[
            "merged_actor",
            "merged_claim",
            "merged_event",
            "merged_place",
            "redirect",
            "account",
            "actor",
            "api_key",
            "article",
            "article_author",
            "change",
            "claim",
            "counter",
            "dataset",
            "event",
            "event_link",
            "evidence",
            "external_id",
            "figure",
            "import_run",
            "import_seen",
            "mention",
            "merge",
            "name",
            "name_key",
            "participation",
            "place",
            "record",
            "relation",
            "request",
            "stance",
            "statement",
            "statement_about",
        ];
        let reader = self.db.connection();
        let backend = reader.get_database_backend();
        let mut dump = BTreeMap::new();
        for table in TABLES {
            let sql = match backend {
                DatabaseBackend::Postgres => format!("SELECT CAST(to_jsonb({table}) AS TEXT) AS row FROM {table}"),
                _ => {
                    let columns = reader
                        .query_all_raw(Statement::from_string(
                            backend,
                            format!("SELECT name FROM pragma_table_info('{table}')"),
                        ))
                        .await
                        .unwrap()
                        .iter()
                        .map(|row| format!("quote(\"{}\")", row.try_get::<String>("", "name").unwrap()))
                        .collect::<Vec<_>>();
                    format!("SELECT {} AS row FROM {table}", columns.join(" || '|' || "))
                }
            };
            let mut rows: Vec<String> = reader
                .query_all_raw(Statement::from_string(backend, sql))
                .await
                .unwrap()
                .iter()
                .map(|row| row.try_get("", "row").unwrap())
                .collect();
            rows.sort();
            dump.insert((*table).to_owned(), rows);
        }
        dump
    }
}

/// An answer as a client reads it.
pub fn answer(response: &Response) -> Value {
    let data: Value = serde_json::from_str(&graphql::json(&response.data)).unwrap();
    let mut answer = json!({ "data": data });
    if !response.errors.is_empty() {
        answer["errors"] = serde_json::to_value(&response.errors).unwrap();
    }
    answer
}

/// Records below a dataset, as a file.
pub fn records(lines: &[Value]) -> String {
    let mut text = json!({ "kind": "dataset", "key": "test" }).to_string();
    for line in lines {
        text.push('\n');
        text.push_str(&line.to_string());
    }
    text
}

/// The story in a dataset of its own with slugs of its own.
pub fn copy_of_story(number: usize) -> String {
    STORY
        .replacen(r#""key": "mikdam""#, &format!(r#""key": "copy-{number}""#), 1)
        .replace(r#""slug": ""#, &format!(r#""slug": "copy-{number}-"#))
}

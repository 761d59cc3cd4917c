//! Test databases, empty or with the example story.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::{Request, Response, Variables};
use entity::record::RecordKind;
use newsgraph::db::Db;
use newsgraph::graphql::{self, Api, Session, api};
use newsgraph::import::{self, Options, Report, Source};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};

pub const STORY: &str = include_str!("../../examples/mikdam/records.jsonl");

/// The tables besides those of node types, without histories and indexes.
const OTHER_TABLES: [&str; 13] = [
    "api_key",
    "article_author",
    "change",
    "counter",
    "dataset",
    "import_run",
    "import_seen",
    "merge",
    "name_key",
    "record",
    "redirect",
    "request",
    "statement_about",
];

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A separate database for one test, dropped with the fixture.
pub struct Fixture {
    pub db: Db,
    pub url: String,
    pub api: Api,
    _folder: tempfile::TempDir,
}

/// Returns an empty SQLite database and, with `TEST_DATABASE_URL`, an empty PostgreSQL database.
pub async fn databases() -> Vec<Fixture> {
    let mut all = Vec::new();
    for url in urls().await {
        let folder = tempfile::tempdir().unwrap();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", folder.path().join("graph.db").display()));
        all.push(Fixture { _folder: folder, ..Fixture::at(url).await });
    }
    all
}

/// Returns the URLs of PostgreSQL databases without any tables; none without `TEST_DATABASE_URL`.
pub async fn empty_databases() -> Vec<String> {
    urls().await.into_iter().flatten().collect()
}

/// `None` stands for a new SQLite file. On PostgreSQL each call creates a separate schema.
async fn urls() -> Vec<Option<String>> {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return vec![None] };
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = sea_orm::Database::connect(&server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    admin.close().await.unwrap();
    let mark = if server.contains('?') { '&' } else { '?' };
    vec![None, Some(format!("{server}{mark}options=-c%20search_path%3D{schema}"))]
}

/// Returns the same databases as [`databases`], with the example story imported.
pub async fn databases_with_story() -> Vec<Fixture> {
    let all = databases().await;
    for fixture in &all {
        let report = fixture.import(STORY).await;
        assert_eq!(report.problems, []);
    }
    all
}

impl Fixture {
    /// Connects to the database and migrates it.
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

    /// Imports the records into the dataset `test`.
    pub async fn import_lines(&self, lines: &[Value]) -> Report {
        self.import(&records(lines)).await
    }

    /// Returns the response and the number of SQL statements.
    pub async fn query_counting_statements(&self, query: &str, variables: Value) -> (Value, usize) {
        let session = Session::new(self.db.clone());
        let request = Request::new(query).variables(Variables::from_json(variables)).data(session.clone());
        let response = self.api.execute(request).await;
        (response_json(&response), session.statements())
    }

    /// Executes a query. Panics if the response has errors.
    pub async fn execute(&self, query: &str, variables: Value, session: &Session) {
        let request = Request::new(query).variables(Variables::from_json(variables)).data(session.clone());
        let response = self.api.execute(request).await;
        assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
    }

    /// Returns the data of a response; panics if the response has errors.
    pub async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    pub async fn query_with(&self, query: &str, variables: Value) -> Value {
        let (answer, _) = self.query_counting_statements(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].clone()
    }

    /// Returns the code and the message of the first error.
    pub async fn query_error(&self, query: &str, variables: Value) -> (String, String) {
        let (answer, _) = self.query_counting_statements(query, variables).await;
        let error = &answer["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// Returns the values of the column `said` of an SQL query.
    pub async fn text_column(&self, sql: &str) -> Vec<String> {
        let reader = self.db.connection();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let rows = reader.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "said").unwrap()).collect()
    }

    /// Returns every row of every table as text, sorted.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let kinds = RecordKind::ALL.iter();
        let mut tables: Vec<String> = kinds.clone().map(|kind| kind.table().to_owned()).collect();
        tables.extend(kinds.filter(|kind| kind.is_mergeable()).map(|kind| format!("merged_{}", kind.table())));
        tables.extend(OTHER_TABLES.map(str::to_owned));
        let reader = self.db.connection();
        let backend = reader.get_database_backend();
        let mut dump = BTreeMap::new();
        for table in tables {
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
            dump.insert(table, rows);
        }
        dump
    }
}

/// Returns a response as the JSON that a client receives.
pub fn response_json(response: &Response) -> Value {
    let data: Value = serde_json::from_str(&graphql::json(&response.data)).unwrap();
    let mut answer = json!({ "data": data });
    if !response.errors.is_empty() {
        answer["errors"] = serde_json::to_value(&response.errors).unwrap();
    }
    answer
}

/// Returns the text of a JSON Lines file: the dataset `test`, then the records.
pub fn records(lines: &[Value]) -> String {
    let mut text = json!({ "kind": "dataset", "key": "test" }).to_string();
    for line in lines {
        text.push('\n');
        text.push_str(&line.to_string());
    }
    text
}

/// Returns the story in another dataset and with other slugs, so that it can be imported beside the original.
pub fn copy_of_story(number: usize) -> String {
    STORY
        .replacen(r#""key": "mikdam""#, &format!(r#""key": "copy-{number}""#), 1)
        .replace(r#""slug": ""#, &format!(r#""slug": "copy-{number}-"#))
}

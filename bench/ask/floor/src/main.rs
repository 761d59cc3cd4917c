//! An HTTP server that answers each query of the benchmark with one hand-written SQL statement, as a lower bound for the
//! time of a GraphQL server: `floor DATABASE_URL ADDRESS FOLDER_OF_STATEMENTS`.
//!
//! `POST /<question>` takes a JSON list of parameters and returns the rows as a list, or only the first row if the statement
//! begins with `-- one`. A column `place.id` becomes a field of an object `place`, which is null if all its fields are.
//! JSON columns are copied unchanged.

mod answer;
mod postgres;
mod sqlite;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A statement, and whether only its first row is returned.
pub struct Question {
    pub sql: String,
    pub one: bool,
}

enum Database {
    Postgres(postgres::Postgres),
    Sqlite(sqlite::Sqlite),
}

struct Floor {
    questions: HashMap<String, Question>,
    database: Database,
}

fn questions(folder: &str, dialect: &str) -> Result<HashMap<String, Question>, Failure> {
    let mut questions = HashMap::new();
    for folder in std::fs::read_dir(folder)? {
        let folder = folder?;
        let file = folder.path().join(format!("floor.{dialect}.sql"));
        if !file.exists() {
            continue;
        }
        let sql = std::fs::read_to_string(file)?;
        let one = sql.starts_with("-- one");
        questions.insert(folder.file_name().to_string_lossy().into_owned(), Question { sql, one });
    }
    Ok(questions)
}

async fn answer(State(floor): State<Arc<Floor>>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(question) = floor.questions.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let answer = async {
        let parameters: Vec<serde_json::Value> = serde_json::from_slice(&body)?;
        match &floor.database {
            Database::Postgres(postgres) => postgres.answer(question, &parameters).await,
            Database::Sqlite(sqlite) => sqlite.answer(question, &parameters),
        }
    };
    match answer.await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, address, folder] = arguments.as_slice() else {
        return Err("floor DATABASE_URL ADDRESS FOLDER_OF_STATEMENTS".into());
    };
    let (dialect, database) = match url.strip_prefix("sqlite://") {
        Some(file) => ("sqlite", Database::Sqlite(sqlite::Sqlite::new(file))),
        None => ("postgresql", Database::Postgres(postgres::Postgres::new(url)?)),
    };
    let floor = Floor { questions: questions(folder, dialect)?, database };
    let router = Router::new().route("/{question}", post(answer)).with_state(Arc::new(floor));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Disables Nagle's algorithm: a response must not wait for the acknowledgement of the previous one.
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await?;
    Ok(())
}

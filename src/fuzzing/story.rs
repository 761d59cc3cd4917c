//! The databases that targets use: one with the bundled story, which they only read, and empty ones to import into.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use sea_orm::sea_query::{Order, Query};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::config::Limits;
use crate::db::Db;
use crate::embed::THREAD_STACK_SIZE;
use crate::graphql::types::node;
use crate::graphql::{Api, Session, api};
use crate::http::graphql::operation_rules::OperationRules;
use crate::http::load_example;
use crate::import;

/// The folder of the databases. Statics are never dropped, so the replay removes it by [`remove_databases`].
static FOLDER: Mutex<Option<TempDir>> = Mutex::new(None);

/// Runs targets that use a database. Its threads have the stack that deep queries need.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_stack_size(THREAD_STACK_SIZE).enable_all().build().unwrap()
});

/// The database with the story, and what queries on it need.
pub(super) struct Story {
    pub(super) db: Db,
    pub(super) api: Api,
    pub(super) rules: OperationRules,
    /// Global ids and slugs of some nodes.
    pub(super) ids: Vec<String>,
    pub(super) slugs: Vec<String>,
}

/// The story; created when it is first used.
pub(super) static STORY: LazyLock<Story> = LazyLock::new(|| run(open_story()));

/// An empty database that is migrated, to be copied.
static EMPTY: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = folder().join("empty.db");
    let url = url(&path);
    run(async move {
        let db = Db::connect(&url).await.unwrap();
        import::migrate(&db).await.unwrap();
        db.close().await.unwrap();
    });
    path
});

/// Runs a future on a thread with a large stack.
pub(super) fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    match RUNTIME.block_on(RUNTIME.spawn(future)) {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn folder() -> PathBuf {
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    folder.get_or_insert_with(|| tempfile::tempdir().unwrap()).path().to_owned()
}

/// Removes the files of the databases.
#[cfg(test)]
pub(super) fn remove_databases() {
    drop(FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// An empty database of its own. Dropping the folder removes it.
pub(super) async fn empty_database() -> (Db, TempDir) {
    let empty = EMPTY.as_path();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.db");
    std::fs::copy(empty, &path).unwrap();
    (Db::connect(&url(&path)).await.unwrap(), folder)
}

/// Creates the empty database. It must be called outside of [`run`], which cannot be nested.
pub(super) fn prepare_empty_database() {
    LazyLock::force(&EMPTY);
}

async fn open_story() -> Story {
    let db = Db::connect(&url(&folder().join("story.db"))).await.unwrap();
    import::migrate(&db).await.unwrap();
    load_example(&db).await.unwrap();
    Story::of(db).await
}

impl Story {
    /// Reads what queries on a database need.
    pub(super) async fn of(db: Db) -> Self {
        let api = api();
        // Smaller than the defaults, so that queries end soon, and some exceed them.
        let limits =
            Limits { max_cost: 30_000, max_work: 1_000_000, max_response: 200_000, ..Limits::defaults().unwrap() };
        let rules = OperationRules::new(&api.sdl(), limits, false).unwrap();
        rules.table_sizes.set(db.table_sizes().await.unwrap());
        let session = Session::new(db.clone());
        let records = Query::select().columns(["id", "kind"]).from("record").order_by("id", Order::Asc).take();
        let mut ids = Vec::new();
        for row in session.all(&records).await.unwrap().iter().step_by(7) {
            ids.push(node::global(row.get("kind").unwrap(), row.get("id").unwrap()));
        }
        let mut slugs = Vec::new();
        for table in ["actor", "event", "place", "article"] {
            let mut select = Query::select();
            select.column("slug").from(table).and_where(is_given()).order_by("slug", Order::Asc).limit(3);
            for row in session.all(&select).await.unwrap().iter() {
                slugs.push(row.get("slug").unwrap());
            }
        }
        session.end_snapshot().await;
        Self { db, api, rules, ids, slugs }
    }
}

fn is_given() -> sea_orm::sea_query::Expr {
    use sea_orm::sea_query::{Expr, ExprTrait};
    Expr::col("slug").is_not_null()
}

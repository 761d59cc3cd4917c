//! The database schema: entities match tables, and migrations keep data.

use std::collections::BTreeSet;

use entity::record::RecordKind;
use sea_orm::{ConnectionTrait, DatabaseBackend, IdenStatic, Iterable, Statement};
use sea_orm_migration::MigratorTrait;

use crate::fixture::{Fixture, databases, empty_databases};

async fn columns(fixture: &Fixture, table: &str) -> BTreeSet<String> {
    let connection = fixture.db.connection();
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => format!(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}'"
        ),
        _ => format!("SELECT name FROM pragma_table_info('{table}')"),
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

async fn assert_table<E>(fixture: &Fixture)
where
    E: sea_orm::EntityTrait,
{
    let table = E::default().table_name().to_owned();
    let stored = columns(fixture, &table).await;
    let declared: BTreeSet<String> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    assert_eq!(declared, stored, "{table} on {}", fixture.url);
    // All columns can be read as the types of the entity.
    E::find().one(fixture.db.connection()).await.unwrap();
}

#[tokio::test]
async fn entities_match_their_tables() {
    for fixture in databases().await {
        macro_rules! tables {
            ($($module:ident)+) => {$(assert_table::<entity::$module::Entity>(&fixture).await;)+};
        }
        macro_rules! tables_of_node_types {
            ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => { tables! { $($module)+ } };
        }
        entity::for_each_record_kind!(tables_of_node_types);
        tables! {
            api_key article_author change counter dataset import_run merge name_key record request statement_about
        }
    }
}

/// History tables and tables of merged entities have the columns of the tables whose rows they hold.
#[tokio::test]
async fn merged_and_history_tables_have_the_columns_of_their_table() {
    for fixture in databases().await {
        let with_history = async |table: &str, history_of: &BTreeSet<String>| {
            let mut expected = history_of.clone();
            expected.insert("replaced".to_owned());
            assert_eq!(columns(&fixture, &format!("{table}_history")).await, expected, "{table}");
        };
        let others = ["article_author", "dataset", "merge", "name_key", "record", "statement_about"];
        for table in RecordKind::ALL.iter().map(|kind| kind.table()).chain(others) {
            with_history(table, &columns(&fixture, table).await).await;
        }
        for kind in RecordKind::ALL.iter().filter(|kind| kind.is_mergeable()) {
            let (merged, expected) = (format!("merged_{}", kind.table()), columns(&fixture, kind.table()).await);
            assert_eq!(columns(&fixture, &merged).await, expected, "{merged}");
            // Queries never return merged claims, so they have no history.
            if *kind != RecordKind::Claim {
                with_history(&merged, &expected).await;
            }
        }
    }
}

/// Processes that start at the same time on an empty database migrate it once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_processes_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", folder.path().join("graph.db").display());
    for url in empty_databases().await.into_iter().chain([file]) {
        let all = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let db = newsgraph::db::Db::connect(&url).await.unwrap();
                newsgraph::import::migrate(&db).await.unwrap();
                db.migrations().await.unwrap().iter().all(|(_, made)| *made)
            })
        });
        for one in all.collect::<Vec<_>>() {
            assert!(one.await.unwrap(), "{url}");
        }
    }
}

/// A database from before merges and history keeps its audit log, and as-of queries work from then on.
#[tokio::test]
async fn older_database_keeps_its_audit_log_after_migration() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("graph.db").display());
    for url in empty_databases().await.into_iter().chain([file]) {
        let old = sea_orm::Database::connect(&url).await.unwrap();
        migration::Migrator::up(&old, Some(6)).await.unwrap();
        for sql in [
            "INSERT INTO dataset (id, key) VALUES (1, 'old')",
            "INSERT INTO record (id, dataset_id, key, kind, digest) VALUES (2, 1, 'p', 'ACTOR', 'x')",
            "INSERT INTO actor (id, kind, label, label_key) VALUES (2, 'PERSON', 'Ann', 'ann')",
            "INSERT INTO change (id, at, \"by\", batch, kind, record_id, operation) VALUES (1, 1000, 'me', '1', 'ACTOR', 2, 'CREATE')",
            "UPDATE counter SET value = 2 WHERE name = 'id'",
            "UPDATE counter SET value = 1 WHERE name = 'change'",
        ] {
            old.execute_unprepared(sql).await.unwrap();
        }
        old.close().await.unwrap();
        let db = newsgraph::db::Db::connect(&url).await.unwrap();
        newsgraph::import::migrate(&db).await.unwrap();
        let session = newsgraph::graphql::Session::new(db.clone());
        let query =
            "{ changes { nodes { at operation kind } } then: people(asOf: \"1970-01-01T00:20:00Z\") { nodes { label } }
            before: people(asOf: \"1970-01-01T00:10:00Z\") { totalCount } }";
        let answer = newsgraph::graphql::api().execute(async_graphql::Request::new(query).data(session)).await;
        assert_eq!(
            crate::fixture::response_json(&answer)["data"],
            serde_json::json!({
                "changes": { "nodes": [{ "at": "1970-01-01T00:16:40Z", "operation": "CREATE", "kind": "ACTOR" }] },
                "then": { "nodes": [{ "label": "Ann" }] },
                "before": { "totalCount": 0 },
            }),
            "{answer:?}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn new_sqlite_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graph.db");
    let fixture = Fixture::at(format!("sqlite://{}", file.display())).await;
    assert_eq!(fixture.import_lines(&[]).await.problems, []);
    for name in ["graph.db", "graph.db-wal"] {
        let path = folder.path().join(name);
        if let Ok(metadata) = std::fs::metadata(&path) {
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
    assert!(file.exists());
}

//! What is stored: the entities say what the tables are.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseBackend, IdenStatic, Iterable, Statement};

use crate::fixture::{Fixture, databases, empty_databases};

async fn assert_table<E>(fixture: &Fixture)
where
    E: sea_orm::EntityTrait,
{
    let table = E::default().table_name().to_owned();
    let connection = fixture.db.connection();
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => format!(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}'"
        ),
        _ => format!("SELECT name FROM pragma_table_info('{table}')"),
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let stored: BTreeSet<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    let said: BTreeSet<String> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    assert_eq!(said, stored, "{table} on {}", fixture.url);
    // All columns can be read as the types that the entity gives them.
    E::find().one(connection).await.unwrap();
}

#[tokio::test]
async fn every_entity_is_its_table() {
    for fixture in databases().await {
        macro_rules! tables {
            ($($module:ident)+) => {$(assert_table::<entity::$module::Entity>(&fixture).await;)+};
        }
        tables! {
            account actor api_key article article_author change claim counter dataset event event_link evidence external_id
            figure mention merge name name_key participation place record relation request stance statement statement_about
        }
    }
}

/// Processes that start together on an empty database make it once.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_once() {
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

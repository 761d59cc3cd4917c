//! The full-text index. The importer fills it; an existing graph is indexed after this migration ran (`import::migrate`).

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements: &[&str] = match connection.get_database_backend() {
            DatabaseBackend::Sqlite => &[
                // `content = ''` stores no texts. The program splits texts into words itself and joins them by spaces, so the
                // simplest tokenizer is enough.
                "CREATE VIRTUAL TABLE search USING fts5(heading, body, content = '', contentless_delete = 1, tokenize = 'ascii')",
                // A virtual table cannot have foreign keys, so a trigger does the cascading delete.
                "CREATE TRIGGER search_forget AFTER DELETE ON record BEGIN DELETE FROM search WHERE rowid = old.id; END",
            ],
            _ => &[
                "CREATE TABLE search (
                    id BIGINT PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
                    words TSVECTOR NOT NULL
                )",
                "CREATE INDEX search_words ON search USING gin (words)",
            ],
        };
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        // The version of the indexing rules that built the name keys and the full-text index; 0 means not built yet.
        connection.execute_unprepared("INSERT INTO counter (name, value) VALUES ('index', 0)").await?;
        Ok(())
    }
}

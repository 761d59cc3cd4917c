//! The full-text index. The writer fills it; a graph of an older version is indexed when it is next opened.

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
                // No texts are kept, and words come parted by spaces: the tokenizer has nothing to decide.
                "CREATE VIRTUAL TABLE search USING fts5(heading, body, content = '', contentless_delete = 1, tokenize = 'ascii')",
                // A virtual table has no foreign keys.
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
        // Which version of the rules made the name keys and the index; 0 is none.
        connection.execute_unprepared("INSERT INTO counter (name, value) VALUES ('index', 0)").await?;
        Ok(())
    }
}

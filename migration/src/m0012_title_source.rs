//! The origin of event titles: `event.title_source`. All titles so far were given by the datasets.
//!
//! The history triggers are dropped meanwhile: the new column is not a change of a row.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::history::{self, Tracking};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["event", "merged_event"] {
            history::drop_triggers(manager, table).await?;
            for table in [table.to_owned(), format!("{table}_history")] {
                for sql in [
                    format!("ALTER TABLE {table} ADD COLUMN title_source TEXT"),
                    format!("UPDATE {table} SET title_source = 'GIVEN' WHERE title IS NOT NULL"),
                ] {
                    connection.execute_unprepared(&sql).await?;
                }
            }
            history::track(manager, table, Tracking::ReturningRows).await?;
        }
        Ok(())
    }
}

//! Adds indexes on the version at which a row of a history table was replaced. The actor graph in memory finds by them what was
//! written since a version.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["event", "participation", "statement", "statement_about", "relation"] {
            // Versions only grow, so an entry is always added at the end of the index.
            let sql = format!("CREATE INDEX {table}_history_replaced ON {table}_history (replaced)");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

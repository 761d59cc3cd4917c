//! Columns for geographic queries: each place's band of latitude and its point on the unit sphere. The columns of existing
//! places are filled after this migration ran (`import::migrate`).

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, include_str!("m0004_places.sql")).await
    }
}

//! Merges of entities. References to a merged entity are redirected to the surviving one; `redirect` remembers the originals.
//!
//! A merged row is moved to `merged_<table>` unchanged. A migration that adds a column to the table adds it there too.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, include_str!("m0007_merges.sql")).await
    }
}

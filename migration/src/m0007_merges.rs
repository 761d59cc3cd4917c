//! Judgements that two things are one: what refers to the one refers to the other, and remembers what it referred to.
//!
//! A row that is judged to be another lies in `merged_<noun>` as it was; whoever adds a column to the noun adds it there too.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, include_str!("m0007_merges.sql")).await
    }
}

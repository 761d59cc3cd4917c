//! History tables for point-in-time queries (`asOf`): old versions of rows, with the version of the graph that replaced each.
//!
//! Database triggers record them, so no writer can forget to: imports, derived columns and cascading deletes are all covered.
//! Rows that were inserted in the same transaction are not recorded. A bulk import therefore pays only for the check.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::history::{self, Tracking};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, include_str!("m0008_history.sql")).await?;
        for table in [
            "dataset",
            "article",
            "name",
            "relation",
            "participation",
            "event_link",
            "account",
            "statement",
            "stance",
            "figure",
            "evidence",
            "mention",
            "external_id",
            "merge",
        ] {
            history::track(manager, table, Tracking::Rows).await?;
        }
        // Merging moves rows out of these tables, and unmerging moves them back.
        for table in ["actor", "place", "event", "claim", "merged_actor", "merged_place", "merged_event"] {
            history::track(manager, table, Tracking::ReturningRows).await?;
        }
        // `digest` changes with every write and is not part of the graph's content.
        history::track(manager, "record", Tracking::RowsOnChangeOf(&["kind", "owner_id", "same_as_id"])).await?;
        history::track(manager, "article_author", Tracking::SetPerOwner("article_id")).await?;
        history::track(manager, "statement_about", Tracking::SetPerOwner("statement_id")).await?;
        history::track(manager, "name_key", Tracking::WithParent("name", "name_id")).await
    }
}

//! What rows were: whatever writes over a row or deletes it leaves the row as it was, with the version that replaced it.
//!
//! The database does it, so nothing that writes can forget it: what an import changes, what is derived, what goes with
//! what is deleted. Rows that are new in the same commit leave nothing, so a bulk import costs nothing but the look.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::history::{self, Kept};

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
            history::keep(manager, table, Kept::Rows).await?;
        }
        // What was judged to be another comes back when that is taken back.
        for table in ["actor", "place", "event", "claim", "merged_actor", "merged_place", "merged_event"] {
            history::keep(manager, table, Kept::Returning).await?;
        }
        // The digest is no part of what is known.
        history::keep(manager, "record", Kept::RowsBy(&["kind", "owner_id", "same_as_id"])).await?;
        history::keep(manager, "article_author", Kept::SetOf("article_id")).await?;
        history::keep(manager, "statement_about", Kept::SetOf("statement_id")).await?;
        history::keep(manager, "name_key", Kept::With("name", "name_id")).await
    }
}

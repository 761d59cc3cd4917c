//! American spelling in storage: renames `dataset.licence` to `license` and the place type `NEIGHBOURHOOD` to `NEIGHBORHOOD`.
//!
//! The history tables and the change log are respelled too, so that point-in-time queries and audit entries return the same
//! words as current rows. The history triggers are dropped meanwhile: a new spelling is not a change of a row, and the
//! version of the graph stays as it is.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::history::{self, Tracking};

/// The tables that hold places: current ones and those that were merged into another, each with its history.
const PLACES: [&str; 4] = ["place", "place_history", "merged_place", "merged_place_history"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["dataset", "place", "merged_place"] {
            history::drop_triggers(manager, table).await?;
        }
        for table in ["dataset", "dataset_history"] {
            let sql = format!("ALTER TABLE {table} RENAME COLUMN licence TO license");
            connection.execute_unprepared(&sql).await?;
        }
        for table in PLACES {
            let sql = format!("UPDATE {table} SET kind = 'NEIGHBORHOOD' WHERE kind = 'NEIGHBOURHOOD'");
            connection.execute_unprepared(&sql).await?;
        }
        // The log holds rows as compact JSON. Quotes inside of its texts are escaped, so only the field itself matches.
        let (old, new) = ("\"kind\":\"NEIGHBOURHOOD\"", "\"kind\":\"NEIGHBORHOOD\"");
        let sql = format!(
            "UPDATE change SET before = REPLACE(before, '{old}', '{new}'), after = REPLACE(after, '{old}', '{new}')
             WHERE kind = 'PLACE' AND (before LIKE '%{old}%' OR after LIKE '%{old}%')"
        );
        connection.execute_unprepared(&sql).await?;
        history::track(manager, "dataset", Tracking::Rows).await?;
        for table in ["place", "merged_place"] {
            history::track(manager, table, Tracking::ReturningRows).await?;
        }
        Ok(())
    }
}

//! The database migrations: one schema change per file, never edited once released.

mod dialect;
mod history;
mod m0001_graph;
mod m0002_writers;
mod m0003_search;
mod m0004_places;
mod m0005_changes;
mod m0006_requests;
mod m0007_merges;
mod m0008_history;
mod m0010_imports;
mod m0011_american_spelling;
mod m0012_title_source;
mod m0013_history_by_version;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};

/// Runs all migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_graph::Migration),
            Box::new(m0002_writers::Migration),
            Box::new(m0003_search::Migration),
            Box::new(m0004_places::Migration),
            Box::new(m0005_changes::Migration),
            Box::new(m0006_requests::Migration),
            Box::new(m0007_merges::Migration),
            Box::new(m0008_history::Migration),
            Box::new(m0010_imports::Migration),
            Box::new(m0011_american_spelling::Migration),
            Box::new(m0012_title_source::Migration),
            Box::new(m0013_history_by_version::Migration),
        ]
    }
}

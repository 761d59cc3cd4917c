//! Temporary tables of an import, deletion, merge or integrity check. They list the rows that it touches; in memory,
//! these lists would grow with the number of rows.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};

use crate::error::Result;

/// Every row that this import writes or has read (*touched* rows), with its line and the JSON pointer to it there.
pub(crate) const LINE: &str = "import_line";
/// The rows that this import has written.
pub(crate) const WRITTEN: &str = "import_written";
/// The articles whose texts are compared with quotes.
pub(crate) const ARTICLE: &str = "import_article";
/// The external ids in the files, so that references to them may be on earlier lines.
pub(crate) const EXTERNAL: &str = "import_external";
/// Rows of feeds that nothing refers to.
pub(crate) const ORPHAN: &str = "import_unused";
/// The statements whose voice is derived again.
pub(crate) const STATEMENT: &str = "import_statement";
/// The claims whose standing is derived again.
pub(crate) const CLAIM: &str = "import_claim";
/// The events whose standing is derived again.
pub(crate) const EVENT: &str = "import_event";

pub(crate) async fn create(transaction: &DatabaseTransaction) -> Result<()> {
    for sql in [
        format!(
            "CREATE TEMP TABLE {LINE} (id BIGINT PRIMARY KEY, file BIGINT NOT NULL, line BIGINT NOT NULL, pointer TEXT NOT NULL)"
        ),
        format!(
            "CREATE TEMP TABLE {EXTERNAL} (scheme TEXT NOT NULL, value TEXT NOT NULL, id BIGINT NOT NULL, kind TEXT NOT NULL)"
        ),
        format!("CREATE INDEX import_external_value ON {EXTERNAL} (scheme, value)"),
        format!("CREATE TEMP TABLE {WRITTEN} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {ARTICLE} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {ORPHAN} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {STATEMENT} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {CLAIM} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {EVENT} (id BIGINT PRIMARY KEY)"),
    ] {
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Updates PostgreSQL's statistics of the lists of rows. Without them it guesses the size of a new table, and plans
/// badly.
pub(crate) async fn analyze(transaction: &DatabaseTransaction) -> Result<()> {
    if transaction.get_database_backend() == DatabaseBackend::Postgres {
        transaction.execute_unprepared(&format!("ANALYZE {LINE}, {WRITTEN}")).await?;
    }
    Ok(())
}

pub(crate) async fn drop(transaction: &DatabaseTransaction) -> Result<()> {
    for table in [LINE, WRITTEN, ARTICLE, ORPHAN, EXTERNAL, STATEMENT, CLAIM, EVENT] {
        transaction.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}

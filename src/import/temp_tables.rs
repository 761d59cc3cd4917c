//! Tables that live as long as one import: they keep memory from growing with the file.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};

use crate::error::Result;

/// Every row that this import writes or has seen, with the line and the place in it.
pub(crate) const LINE: &str = "import_line";
/// Every row that this import writes.
pub(crate) const WRITTEN: &str = "import_written";
/// Articles whose texts are compared with the quotes from them.
pub(crate) const ARTICLE: &str = "import_article";
/// Ids elsewhere that this file gives, so that references to them may stand before them.
pub(crate) const EXTERNAL: &str = "import_external";
/// Rows of feeds to which nothing refers.
pub(crate) const UNUSED: &str = "import_unused";
/// Statements whose voice is to be found anew.
pub(crate) const STATEMENT: &str = "import_statement";
/// Claims whose standing is to be found anew.
pub(crate) const CLAIM: &str = "import_claim";
/// Events whose standing is to be found anew.
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
        format!("CREATE TEMP TABLE {UNUSED} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {STATEMENT} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {CLAIM} (id BIGINT PRIMARY KEY)"),
        format!("CREATE TEMP TABLE {EVENT} (id BIGINT PRIMARY KEY)"),
    ] {
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Tells PostgreSQL how large the lists of rows have become: it takes a new table for a small one, or for a huge one.
pub(crate) async fn measure(transaction: &DatabaseTransaction) -> Result<()> {
    if transaction.get_database_backend() == DatabaseBackend::Postgres {
        transaction.execute_unprepared(&format!("ANALYZE {LINE}, {WRITTEN}")).await?;
    }
    Ok(())
}

pub(crate) async fn drop(transaction: &DatabaseTransaction) -> Result<()> {
    for table in [LINE, WRITTEN, ARTICLE, UNUSED, EXTERNAL, STATEMENT, CLAIM, EVENT] {
        transaction.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}

//! Schema migrations: whether a database is one of newsgraph, which migrations it has, and applying the pending ones.
//!
//! SeaORM records the applied migrations in the table `seaql_migrations`. A database is refused, and not changed, when it has
//! tables of another program and no migration of newsgraph, or when it has migrations that this version does not know.

use std::collections::HashSet;
use std::time::Duration;

use migration::Migrator;
use sea_orm::sea_query::Query;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, SqlxSqliteConnector, Statement};
use sea_orm_migration::MigratorTrait;

use crate::db::connect::{connection_error, sqlite_code};
use crate::db::{Db, READY_TIMEOUT};
use crate::error::{Error, Result};

/// The table in which SeaORM records the applied migrations.
const MIGRATIONS_TABLE: &str = "seaql_migrations";

/// SQLite's result code for a file that is not a database.
const SQLITE_NOTADB: u32 = 26;

/// Tables named in the message about another program's database.
const MAX_NAMED_TABLES: usize = 3;

impl Db {
    /// Applies the pending migrations, all or none. Processes that start together wait for the first one.
    ///
    /// # Errors
    ///
    /// [`Error::BadInput`] for a database of another program, or one written by a newer newsgraph. It is not changed.
    pub async fn migrate(&self) -> Result<()> {
        // An up-to-date database is opened without waiting for a running import.
        if self.is_ready().await.is_ok() {
            return Ok(());
        }
        let transaction = self.write().await?;
        applied_migrations(&transaction).await?;
        Migrator::up(&transaction, None).await?;
        Ok(transaction.commit().await?)
    }

    /// Checks that the database answers and has exactly the migrations of this version; an error says what is wrong. It does
    /// not wait for a writer.
    pub async fn is_ready(&self) -> std::result::Result<(), &'static str> {
        let select = Query::select().column("version").from(MIGRATIONS_TABLE).take();
        let rows = self.inner.reader.all(self.inner.reader.backend().build(&select));
        let rows = match tokio::time::timeout(READY_TIMEOUT, rows).await {
            Ok(Ok(rows)) => rows,
            _ => return Err("the database does not answer"),
        };
        let applied: HashSet<String> = rows.iter().filter_map(|row| row.get("version").ok()).collect();
        let known: HashSet<String> = known_migrations().into_iter().collect();
        if !applied.is_superset(&known) {
            return Err("migrations are pending: run `newsgraph migrate up`");
        }
        if applied != known {
            return Err("the database was written by a newer newsgraph: install the newer version");
        }
        Ok(())
    }

    /// The migrations of this version, oldest first, and whether each is applied. The database is only read.
    ///
    /// # Errors
    ///
    /// As for [`Db::migrate`].
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>> {
        let applied = applied_migrations(&self.inner.writer).await?;
        Ok(known_migrations().into_iter().map(|name| (name.clone(), applied.contains(&name))).collect())
    }
}

/// The names of the migrations of this version, oldest first.
fn known_migrations() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The names of the migrations that a database has; none for an empty database.
///
/// # Errors
///
/// [`Error::BadInput`] when the database belongs to another program or was written by a newer newsgraph.
async fn applied_migrations<C: ConnectionTrait>(connection: &C) -> Result<HashSet<String>> {
    let tables = tables(connection).await?;
    let mut applied = HashSet::new();
    if tables.iter().any(|table| table == MIGRATIONS_TABLE) {
        let select = Query::select().column("version").from(MIGRATIONS_TABLE).take();
        for row in connection.query_all(&select).await? {
            applied.insert(row.try_get::<String>("", "version")?);
        }
    }
    let known: HashSet<String> = known_migrations().into_iter().collect();
    let mut unknown: Vec<&String> = applied.difference(&known).collect();
    let has_other_tables = tables.iter().any(|table| table != MIGRATIONS_TABLE);
    if applied.is_disjoint(&known) && (has_other_tables || !unknown.is_empty()) {
        let named: Vec<String> = tables.iter().take(MAX_NAMED_TABLES).map(|table| format!("`{table}`")).collect();
        let more = if tables.len() > MAX_NAMED_TABLES { ", ..." } else { "" };
        return Err(Error::BadInput(format!(
            "{} belongs to another program: it has the tables {}{more} and no migrations of newsgraph. It was not changed; \
             name another database with --database-url",
            location(connection).await?,
            named.join(", ")
        )));
    }
    if !unknown.is_empty() {
        unknown.sort();
        let unknown: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
        return Err(Error::BadInput(format!(
            "{} was written by a newer newsgraph: this version ({}) does not know its migrations {}. It was not changed; \
             install the newer version",
            location(connection).await?,
            env!("CARGO_PKG_VERSION"),
            unknown.join(", ")
        )));
    }
    Ok(applied)
}

/// The names of the tables of a SQLite file, or of the current schema of PostgreSQL, sorted. Tables of PostgreSQL extensions,
/// such as those of PostGIS, are left out.
async fn tables<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>, DbErr> {
    let sql = match connection.get_database_backend() {
        DatabaseBackend::Postgres => {
            "SELECT class.relname::text AS name FROM pg_class AS class
             JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
             WHERE namespace.nspname = current_schema() AND class.relkind IN ('r', 'p') AND NOT EXISTS (
                 SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype = 'e'
             ) ORDER BY name"
        }
        _ => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        }
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}

/// The place of a database for a message: its file, or its name and schema. A URL is not shown, because it can hold a password.
async fn location<C: ConnectionTrait>(connection: &C) -> Result<String, DbErr> {
    let sql = match connection.get_database_backend() {
        DatabaseBackend::Postgres => {
            "SELECT 'The schema ' || current_schema() || ' of the database ' || current_database() AS location"
        }
        _ => "SELECT 'The database ' || file AS location FROM pragma_database_list WHERE name = 'main'",
    };
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    row.map_or_else(|| Ok("The database".to_owned()), |row| row.try_get("", "location"))
}

/// Checks a SQLite file before anything can change it: its journal mode, its tables. A missing or empty file passes.
///
/// # Errors
///
/// [`Error::BadInput`] when the file is not a SQLite database, belongs to another program, or was written by a newer newsgraph.
pub(super) async fn check_sqlite_file(file: &SqliteConnectOptions) -> Result<()> {
    let options = file.clone().read_only(true).create_if_missing(false).busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let checked = match pool {
        Ok(pool) => {
            let checked = applied_migrations(&SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone())).await;
            pool.close().await;
            checked.map(|_| ())
        }
        Err(error) => Err(connection_error(error).into()),
    };
    match checked {
        Err(Error::Database(error)) if sqlite_code(&error) == Some(SQLITE_NOTADB) => Err(Error::BadInput(format!(
            "{} is not a SQLite database, or it is encrypted. It was not changed; name another file with --database-url",
            file.get_filename().display()
        ))),
        // There is no file yet, another process is creating it, or it cannot be opened: connecting to write reports what is
        // wrong, and `Db::migrate` checks again under the lock of the writer.
        Err(Error::Database(_)) => Ok(()),
        checked => checked,
    }
}

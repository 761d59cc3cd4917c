//! `newsgraph key`.

use clap::Subcommand;
use newsgraph::auth::{Scope, key};
use newsgraph::config::Database;
use newsgraph::db::Db;
use newsgraph::error::Result;
use newsgraph::import;
use newsgraph::text::date::format_instant;

use crate::cli::exit_code::ExitStatus;
use crate::cli::output::print;

/// Create, list and revoke API keys.
///
/// Writing always requires a key. Reading requires one when the server runs with `--read-with-key`.
#[derive(clap::Args)]
pub(super) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Create a key and print it. It cannot be shown again, because only its hash is stored.
    #[command(after_help = "Example: newsgraph key create feeds --scope read,write --days 365")]
    Create {
        #[command(flatten)]
        database: Database,
        /// Permissions of the key, separated by commas.
        #[arg(long, value_delimiter = ',', default_value = "read", value_name = "SCOPES")]
        scope: Vec<Scope>,
        /// Days until the key expires; without this flag it never expires.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: Option<u32>,
        /// Name of the key; the audit log records it with each write.
        name: String,
    },
    /// List all keys, including expired and revoked ones.
    #[command(after_help = "Example: newsgraph key list")]
    List(Database),
    /// Revoke a key permanently; running servers refuse it within 2 seconds.
    #[command(after_help = "Example: newsgraph key revoke feeds")]
    Revoke {
        #[command(flatten)]
        database: Database,
        /// Name of the key.
        name: String,
    },
}

impl Key {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let (Action::Create { database, .. } | Action::List(database) | Action::Revoke { database, .. }) = &self.action;
        let db = match &self.action {
            Action::Create { .. } => Db::connect(&database.database_url).await?,
            _ => Db::open(&database.database_url).await?,
        };
        import::migrate(&db).await?;
        match self.action {
            Action::Create { name, scope, days, .. } => {
                let secret = key::create(&db, name.trim(), &scope.into_iter().collect(), days).await?;
                print(&format!("{secret}\n"))?;
            }
            Action::List(_) => print(&table(&key::list(&db).await?))?,
            Action::Revoke { name, .. } => {
                key::revoke(&db, &name).await?;
                print("revoked\n")?;
            }
        }
        db.close().await?;
        Ok(ExitStatus::Success)
    }
}

fn table(keys: &[entity::api_key::Model]) -> String {
    let instant = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), format_instant);
    let mut table = format!("{:<24} {:<16} {:<20} {:<20} {}\n", "name", "scopes", "created", "expires", "revoked");
    for key in keys {
        let (created, expires) = (instant(Some(key.created_at)), instant(key.expires_at));
        let revoked = instant(key.revoked_at);
        table.push_str(&format!("{:<24} {:<16} {created:<20} {expires:<20} {revoked}\n", key.name, key.scopes));
    }
    table
}

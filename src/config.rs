//! Every setting: a flag, an environment variable of the same name, a default and its reason.

use std::net::SocketAddr;

/// Which database.
#[derive(Clone, Debug, clap::Args)]
pub struct Database {
    /// `sqlite://FILE` (embedded, made when missing) or `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(
        long,
        env = "NEWSGRAPH_DATABASE_URL",
        default_value = "sqlite://newsgraph.db",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: String,
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// Address and port. The default is reached from this machine only: who opens it to others decides so.
    #[arg(long, env = "NEWSGRAPH_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Load the bundled Mikdam story first; loading it again changes nothing.
    #[arg(long, env = "NEWSGRAPH_EXAMPLE")]
    pub example: bool,
    /// The largest body of a request, in bytes: room for a long document with its variables.
    #[arg(long, env = "NEWSGRAPH_MAX_BODY", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub max_body: usize,
    /// The deepest nesting of a document: GraphiQL's own introspection takes 13.
    #[arg(long, env = "NEWSGRAPH_MAX_DEPTH", default_value_t = 24, value_name = "LEVELS")]
    pub max_depth: usize,
    /// The most fields of a document with its fragments spread: a small document can spread to millions.
    #[arg(long, env = "NEWSGRAPH_MAX_FIELDS", default_value_t = 2000, value_name = "FIELDS")]
    pub max_fields: usize,
    /// The most values of an answer if all its pages were full: lists within lists multiply. A page of 500 events with 20
    /// parts each takes some 50,000.
    #[arg(long, env = "NEWSGRAPH_MAX_COST", default_value_t = 1_000_000, value_name = "VALUES")]
    pub max_cost: usize,
    /// The longest time for a request, in seconds.
    #[arg(long, env = "NEWSGRAPH_TIMEOUT", default_value_t = 30, value_name = "SECONDS")]
    pub timeout: u64,
}

//! The settings of the server: each is a flag, an environment variable, and a key of the settings file.

pub mod file;
mod listen;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Command, FromArgMatches};

use crate::error::{Error, Result};

/// The database of a command.
#[derive(Clone, Debug, clap::Args)]
pub struct Database {
    /// Database: `sqlite://FILE` (embedded) or `postgres://USER:PASSWORD@HOST/NAME`.
    ///
    /// `serve`, `import`, `key create` and `migrate up` create a missing SQLite file; other commands refuse it.
    #[arg(
        long,
        env = "NEWSGRAPH_DATABASE_URL",
        default_value = "sqlite://newsgraph.db",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: String,
}

/// Logs and traces.
#[derive(Clone, Debug, clap::Args)]
pub struct Telemetry {
    /// Log level (`error`, `warn`, `info`, `debug`, `trace`), or levels per module (`info,sqlx=warn`).
    #[arg(
        long,
        env = "NEWSGRAPH_LOG",
        default_value = "info,sqlx=warn,sea_orm_migration=warn,opentelemetry=warn,hyper_util=warn,reqwest=warn",
        value_name = "LEVELS"
    )]
    pub log: String,
    /// Format of the log, which is written to standard error.
    #[arg(long, env = "NEWSGRAPH_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// OpenTelemetry collector that receives request traces (OTLP over HTTP), such as `http://127.0.0.1:4318`; without it no
    /// traces are sent.
    #[arg(long, env = "NEWSGRAPH_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text for people; colored on a terminal.
    Text,
    /// One JSON object per line, for log collectors.
    Json,
}

/// The settings of `newsgraph serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The database to serve; when there is a replica, the primary.
    #[command(flatten)]
    pub database: Database,
    /// PostgreSQL streaming replica of the database: serves queries, subscriptions and exports while it is healthy.
    ///
    /// Writes and API keys always use the primary database. So do requests of a client whose own writes the replica does not
    /// have yet.
    #[arg(long, env = "NEWSGRAPH_READ_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub read_database_url: Option<String>,
    /// Address to listen on: PORT, ADDRESS:PORT or HOST:PORT. A port alone listens on 127.0.0.1, which only this machine can
    /// reach; `0.0.0.0:8000` opens the server to the network.
    #[arg(long, env = "NEWSGRAPH_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS", value_parser = listen::parse)]
    pub listen: SocketAddr,
    /// Load the bundled Mikdam story before serving; loading it again changes nothing.
    #[arg(long, env = "NEWSGRAPH_EXAMPLE")]
    pub example: bool,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: Telemetry,
    /// Authentication.
    #[command(flatten)]
    pub access: Access,
    /// Limits of a query.
    #[command(flatten)]
    pub limits: Limits,
    /// Limits of connections.
    #[command(flatten)]
    pub connections: Connections,
    /// Maximum duration of a request, in seconds; a request that exceeds it gets 504 and its SQL statement is canceled.
    #[arg(long, env = "NEWSGRAPH_TIMEOUT", default_value_t = 30, value_name = "SECONDS")]
    pub timeout: u64,
    /// Maximum concurrent requests; excess requests get 503 with `Retry-After`.
    #[arg(long, env = "NEWSGRAPH_MAX_REQUESTS", default_value_t = 256, value_name = "REQUESTS")]
    pub max_requests: usize,
    /// Maximum memory of all responses that are being made or sent, in bytes; one client may take half of it. Excess requests get
    /// 503 with `Retry-After`. Responses of less than 16 KiB are not counted.
    #[arg(long, env = "NEWSGRAPH_RESPONSE_MEMORY", default_value_t = 64 * 1024 * 1024, value_name = "BYTES")]
    pub response_memory: usize,
    /// Maximum memory of the documents and variables of all open subscriptions, in bytes; one client may take half of it. Excess
    /// subscriptions get an error. A small one takes about 30 kB.
    #[arg(long, env = "NEWSGRAPH_SUBSCRIPTION_MEMORY", default_value_t = 128 * 1024 * 1024, value_name = "BYTES")]
    pub subscription_memory: usize,
    /// Maximum open WebSockets; excess ones get 503 with `Retry-After`.
    #[arg(long, env = "NEWSGRAPH_MAX_SOCKETS", default_value_t = 4096, value_name = "SOCKETS")]
    pub max_sockets: usize,
    /// Maximum concurrent operations per WebSocket; excess operations get an error.
    #[arg(long, env = "NEWSGRAPH_MAX_OPERATIONS", default_value_t = 50, value_name = "OPERATIONS")]
    pub max_operations: usize,
    /// Log a request as slow, with its cost and number of SQL statements, if it takes at least this many milliseconds.
    #[arg(long, env = "NEWSGRAPH_SLOW", default_value_t = 1000, value_name = "MILLISECONDS")]
    pub slow: u64,
    /// Maximum operations in one HTTP request (batching: a JSON list of requests); 0 refuses batches.
    #[arg(long, env = "NEWSGRAPH_MAX_BATCH", default_value_t = 0, value_name = "REQUESTS")]
    pub max_batch: usize,
    /// Rate limit: cost and work of queries per client and minute; excess requests get 429 with `Retry-After`, and 0 turns the limit
    /// off. A unit is about a microsecond, also of the time that the database really took: 6,000,000 is a tenth of a processor. A
    /// client is identified by its key, or else by its IP address.
    #[arg(long, env = "NEWSGRAPH_RATE", default_value_t = 0, value_name = "COST")]
    pub rate: u32,
    /// Header in which a reverse proxy sends the client's IP address, such as `X-Forwarded-For`. Leave it out without a proxy,
    /// because clients can forge it.
    #[arg(long, env = "NEWSGRAPH_ADDRESS_HEADER", value_name = "NAME")]
    pub address_header: Option<String>,
    /// Hosts under which clients reach the server, separated by commas: `news.example.org`, or `*` for all. Requests that name
    /// another one get 421; `localhost` and IP addresses are always allowed. Default: none, if the server listens on this machine
    /// only and `--address-header` is not set; otherwise all.
    #[arg(long, env = "NEWSGRAPH_ALLOWED_HOST", value_name = "HOST", value_delimiter = ',')]
    pub allowed_host: Vec<String>,
    /// Origins of web pages that may call the API from a browser (CORS), separated by commas: `https://example.org`, or `*`
    /// for all.
    #[arg(long, env = "NEWSGRAPH_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<String>,
    /// Disable introspection, `/schema.graphql` and "did you mean" suggestions. GraphiQL then has no autocompletion.
    #[arg(long, env = "NEWSGRAPH_HIDE_SCHEMA")]
    pub hide_schema: bool,
    /// Serve as a subgraph of Apollo Federation 2: adds `_entities` (nodes by id) and `_service`, which returns the schema even
    /// when it is hidden.
    #[arg(long, env = "NEWSGRAPH_FEDERATION")]
    pub federation: bool,
    /// Persisted queries: a JSON file with the documents that clients send, by id, or a manifest written by Apollo's tools.
    #[arg(long, env = "NEWSGRAPH_DOCUMENTS", value_name = "FILE")]
    pub documents: Option<PathBuf>,
    /// Whether to run a query document that is not in the file given by `--documents`.
    #[arg(long, env = "NEWSGRAPH_DOCUMENTS_MODE", default_value = "log", value_name = "MODE")]
    pub documents_mode: DocumentsMode,
    /// Size of the cache of parsed documents, in bytes of memory: a document takes about 300 bytes for each of its tokens. Their
    /// compiled plans may take as much again. Clients can send the digest of a cached document instead of its text.
    #[arg(long, env = "NEWSGRAPH_DOCUMENT_CACHE", default_value_t = 32 * 1024 * 1024, value_name = "BYTES")]
    pub document_cache: u64,
    /// Size of the response cache, in bytes; 0 turns it off. Any write to the graph, by any process, invalidates it.
    #[arg(long, env = "NEWSGRAPH_ANSWER_CACHE", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub answer_cache: u64,
    /// Size of the cache of counts, facets, histograms and sums that took longer than a millisecond, in bytes; 0 turns it off. Any
    /// write to the graph, by any process, invalidates it. Pages of one list share its count.
    #[arg(long, env = "NEWSGRAPH_AGGREGATE_CACHE", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub aggregate_cache: u64,
    /// Maximum memory of the actor graph for the fields `neighbors`, `appearsWith` and `path`, in bytes; 0 turns it off. Without
    /// it, and if the graph needs more, they search with SQL, which takes seconds in a large graph. It is loaded after the start.
    #[arg(long, env = "NEWSGRAPH_GRAPH_MEMORY", default_value_t = 256 * 1024 * 1024, value_name = "BYTES")]
    pub graph_memory: usize,
}

/// Limits of connections.
#[derive(Clone, Debug, clap::Args)]
pub struct Connections {
    /// Maximum open connections; excess ones wait in the queue of the operating system. Each takes a file descriptor.
    #[arg(long, env = "NEWSGRAPH_MAX_CONNECTIONS", default_value_t = 8192, value_name = "CONNECTIONS")]
    pub max_connections: usize,
    /// Maximum time for the headers of a request, and for the first request of a connection, in seconds; then the connection is
    /// closed.
    #[arg(long, env = "NEWSGRAPH_HEADER_TIMEOUT", default_value_t = 30, value_name = "SECONDS")]
    pub header_timeout: u64,
    /// Maximum time that a client may stop reading its response, in seconds; then it is disconnected, because unsent data
    /// takes memory.
    #[arg(long, env = "NEWSGRAPH_WRITE_TIMEOUT", default_value_t = 20, value_name = "SECONDS")]
    pub write_timeout: u64,
    /// Maximum time to finish running requests at shutdown, in seconds. Keep it shorter than the supervisor waits before it
    /// kills the process.
    #[arg(long, env = "NEWSGRAPH_GRACE", default_value_t = 25, value_name = "SECONDS")]
    pub grace: u64,
}

/// Authentication and authorization. `newsgraph key create` creates API keys.
#[derive(Clone, Debug, clap::Args)]
pub struct Access {
    /// Require a key with the scope `read` for reading. Without this flag anyone can read, and only writing requires a key.
    #[arg(long, env = "NEWSGRAPH_READ_WITH_KEY")]
    pub read_with_key: bool,
    /// Accept JSON Web Tokens of an identity provider as keys: file or URL of its JWK set (RFC 7517). The claim `scope` of a
    /// token lists its scopes. Requires `--jwt-audience`.
    #[arg(long, env = "NEWSGRAPH_JWKS", value_name = "FILE|URL")]
    pub jwks: Option<String>,
    /// Required JWT audience (`aud`).
    #[arg(long, env = "NEWSGRAPH_JWT_AUDIENCE", value_name = "NAME")]
    pub jwt_audience: Option<String>,
    /// Required JWT issuer (`iss`); without it any issuer that holds the keys is accepted.
    #[arg(long, env = "NEWSGRAPH_JWT_ISSUER", value_name = "NAME")]
    pub jwt_issuer: Option<String>,
    /// Accepted JWT signature algorithms, separated by commas. Tokens with another one, or unsigned ones, are refused.
    #[arg(
        long,
        env = "NEWSGRAPH_JWT_ALGORITHM",
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "RS256,ES256,EdDSA",
        ignore_case = true
    )]
    pub jwt_algorithm: Vec<TokenAlgorithm>,
}

/// A signature algorithm of tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs, reason = "the names are those of the standard")]
pub enum TokenAlgorithm {
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "PS256")]
    Ps256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "ES384")]
    Es384,
    #[value(name = "EdDSA")]
    EdDsa,
}

/// What the server does with query documents that are not in the file given by `--documents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentsMode {
    /// Run them.
    Off,
    /// Run them and log each one.
    Log,
    /// Refuse them with 403.
    Enforce,
}

/// Limits of a query. A query that exceeds one is refused before it runs, or stopped.
#[derive(Clone, Debug, clap::Args)]
pub struct Limits {
    /// Maximum size of a request body, in bytes. It has to fit a long document with its variables.
    #[arg(long, env = "NEWSGRAPH_MAX_BODY", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub max_body: usize,
    /// Maximum length of a document, in bytes. The longest documents that tools generate for a page have about 30,000.
    #[arg(long, env = "NEWSGRAPH_MAX_DOCUMENT", default_value_t = 100_000, value_name = "BYTES")]
    pub max_document: usize,
    /// Maximum tokens in a document. Parsing takes time and memory for each.
    #[arg(long, env = "NEWSGRAPH_MAX_TOKENS", default_value_t = 10_000, value_name = "TOKENS")]
    pub max_tokens: usize,
    /// Maximum nesting depth of a document. The introspection query of GraphiQL has 13 levels.
    #[arg(long, env = "NEWSGRAPH_MAX_DEPTH", default_value_t = 24, value_name = "LEVELS")]
    pub max_depth: usize,
    /// Maximum fields in a document after its fragments are expanded: a small document can expand to millions of fields.
    #[arg(long, env = "NEWSGRAPH_MAX_FIELDS", default_value_t = 2000, value_name = "FIELDS")]
    pub max_fields: usize,
    /// Maximum root fields of an operation. Each is a separate query.
    #[arg(long, env = "NEWSGRAPH_MAX_ROOT_FIELDS", default_value_t = 50, value_name = "FIELDS")]
    pub max_root_fields: usize,
    /// Maximum aliases in a document. Aliases can repeat the same expensive field.
    #[arg(long, env = "NEWSGRAPH_MAX_ALIASES", default_value_t = 200, value_name = "ALIASES")]
    pub max_aliases: usize,
    /// Maximum directives in a document.
    #[arg(long, env = "NEWSGRAPH_MAX_DIRECTIVES", default_value_t = 200, value_name = "DIRECTIVES")]
    pub max_directives: usize,
    /// Maximum query cost: the number of values in the response if all its pages were full. Costs of nested lists multiply; a
    /// page of 500 events with 20 child records each costs about 50,000.
    #[arg(long, env = "NEWSGRAPH_MAX_COST", default_value_t = 1_000_000, value_name = "VALUES")]
    pub max_cost: usize,
    /// Maximum work of a query: the estimated number of rows that the database reads for counts, facets, histograms and searches in
    /// the graph. One unit takes about a microsecond.
    #[arg(long, env = "NEWSGRAPH_MAX_WORK", default_value_t = 20_000_000, value_name = "ROWS")]
    pub max_work: usize,
    /// Maximum size of a response, in bytes. A request that exceeds it is stopped while its response is made.
    #[arg(long, env = "NEWSGRAPH_MAX_RESPONSE", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub max_response: usize,
    /// Maximum size of the variables of a query, in units of four tokens: name, colon, value and bracket. Each value in a plain
    /// list, such as a list of ids, is one token.
    #[arg(long, env = "NEWSGRAPH_MAX_VALUES", default_value_t = 10_000, value_name = "VALUES")]
    pub max_values: usize,
    /// Maximum nesting depth of arguments and variables, for example of filters.
    #[arg(long, env = "NEWSGRAPH_MAX_VALUE_DEPTH", default_value_t = 32, value_name = "LEVELS")]
    pub max_value_depth: usize,
}

impl Limits {
    /// Returns the limits of `newsgraph serve` without flags, whatever the environment says.
    pub fn defaults() -> Result<Self> {
        let command = Self::augment_args(Command::new("limits")).mut_args(|argument| argument.env(None::<&str>));
        let limits = command.try_get_matches_from(["limits"]).and_then(|matches| Self::from_arg_matches(&matches));
        limits.map_err(|error| Error::Internal(format!("the limits have no defaults: {error}")))
    }
}

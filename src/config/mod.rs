//! Every setting: a flag, an environment variable of the same name, a default and its reason.

pub mod file;

use std::net::SocketAddr;
use std::path::PathBuf;

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

/// What the program tells about itself.
#[derive(Clone, Debug, clap::Args)]
pub struct Telemetry {
    /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by part of the program.
    #[arg(
        long,
        env = "NEWSGRAPH_LOG",
        default_value = "info,sqlx=warn,sea_orm_migration=warn,opentelemetry=warn,hyper_util=warn,reqwest=warn",
        value_name = "LEVELS"
    )]
    pub log: String,
    /// How lines of the log are written, to standard error.
    #[arg(long, env = "NEWSGRAPH_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Where traces of requests are sent, for OpenTelemetry (OTLP over HTTP, such as `http://127.0.0.1:4318`); nowhere when
    /// left out.
    #[arg(long, env = "NEWSGRAPH_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// A streaming replica of the database (PostgreSQL), which queries, subscriptions and exports read while it answers. Writing,
    /// keys, and who has written what the replica does not have yet stay at the database.
    #[arg(long, env = "NEWSGRAPH_READ_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub read_database_url: Option<String>,
    /// Address and port. The default is reached from this machine only: who opens it to others decides so.
    #[arg(long, env = "NEWSGRAPH_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Load the bundled Mikdam story first; loading it again changes nothing.
    #[arg(long, env = "NEWSGRAPH_EXAMPLE")]
    pub example: bool,
    /// What the program tells about itself.
    #[command(flatten)]
    pub telemetry: Telemetry,
    /// Who may do what.
    #[command(flatten)]
    pub access: Access,
    /// What a request may measure.
    #[command(flatten)]
    pub limits: Limits,
    /// How connections are kept.
    #[command(flatten)]
    pub connections: Connections,
    /// The longest time for a request, in seconds; what still runs in the database is stopped.
    #[arg(long, env = "NEWSGRAPH_TIMEOUT", default_value_t = 30, value_name = "SECONDS")]
    pub timeout: u64,
    /// The most requests worked on at once; further ones are told to come again (503). Each may hold as much memory as its
    /// answer.
    #[arg(long, env = "NEWSGRAPH_MAX_REQUESTS", default_value_t = 256, value_name = "REQUESTS")]
    pub max_requests: usize,
    /// The most web sockets open at once; further ones are told to come again (503).
    #[arg(long, env = "NEWSGRAPH_MAX_SOCKETS", default_value_t = 4096, value_name = "SOCKETS")]
    pub max_sockets: usize,
    /// The most operations that one web socket runs at once.
    #[arg(long, env = "NEWSGRAPH_MAX_OPERATIONS", default_value_t = 50, value_name = "OPERATIONS")]
    pub max_operations: usize,
    /// From how many milliseconds on a request is logged as slow, with its SQL statements and its cost.
    #[arg(long, env = "NEWSGRAPH_SLOW", default_value_t = 1000, value_name = "MILLISECONDS")]
    pub slow: u64,
    /// The most requests in one body (a JSON list of them); 0 turns lists off.
    #[arg(long, env = "NEWSGRAPH_MAX_BATCH", default_value_t = 0, value_name = "REQUESTS")]
    pub max_batch: usize,
    /// The cost that one client may ask for in a minute; 0 is any. A client is a key, or else an address.
    #[arg(long, env = "NEWSGRAPH_RATE", default_value_t = 0, value_name = "COST")]
    pub rate: u32,
    /// The header in which a proxy in front tells the client's address. Without a proxy leave it out: clients can lie in it.
    #[arg(long, env = "NEWSGRAPH_ADDRESS_HEADER", value_name = "NAME")]
    pub address_header: Option<String>,
    /// The web pages that may ask from a browser, by their origin (`https://example.org`), or `*` for all.
    #[arg(long, env = "NEWSGRAPH_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<String>,
    /// Neither tell the schema (introspection, `/schema.graphql`) nor suggest names in messages: who needs it has it elsewhere.
    /// GraphiQL then knows no fields.
    #[arg(long, env = "NEWSGRAPH_HIDE_SCHEMA")]
    pub hide_schema: bool,
    /// Be a subgraph of Apollo Federation 2: a gateway may ask for things by their ids (`_entities`) and what is known of them
    /// (`_service`, which tells the schema).
    #[arg(long, env = "NEWSGRAPH_FEDERATION")]
    pub federation: bool,
    /// A file of the documents that clients are known to send: JSON with the text of each by its id, or the manifest that
    /// Apollo's tools write.
    #[arg(long, env = "NEWSGRAPH_DOCUMENTS", value_name = "FILE")]
    pub documents: Option<PathBuf>,
    /// What is done about documents that are not in the file.
    #[arg(long, env = "NEWSGRAPH_DOCUMENTS_MODE", default_value = "log", value_name = "MODE")]
    pub documents_mode: DocumentsMode,
    /// Memory for documents that were read before, in bytes of their texts: a client may then send the digest alone.
    #[arg(long, env = "NEWSGRAPH_DOCUMENT_CACHE", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub document_cache: u64,
    /// Memory for answers that are given again as long as nothing is written to the graph, by whatever process, in bytes; 0 keeps
    /// none.
    #[arg(long, env = "NEWSGRAPH_ANSWER_CACHE", default_value_t = 32 * 1024 * 1024, value_name = "BYTES")]
    pub answer_cache: u64,
}

/// How connections are kept.
#[derive(Clone, Debug, clap::Args)]
pub struct Connections {
    /// The most connections open at once; others wait in the queue of the system. Each takes a file descriptor.
    #[arg(long, env = "NEWSGRAPH_MAX_CONNECTIONS", default_value_t = 8192, value_name = "CONNECTIONS")]
    pub max_connections: usize,
    /// After how many seconds a client that does not read what it is sent is cut off: what waits for it takes memory.
    #[arg(long, env = "NEWSGRAPH_WRITE_TIMEOUT", default_value_t = 20, value_name = "SECONDS")]
    pub write_timeout: u64,
    /// For how many seconds, told to stop, the server finishes what is under way: less than its supervisor waits before it
    /// kills.
    #[arg(long, env = "NEWSGRAPH_GRACE", default_value_t = 25, value_name = "SECONDS")]
    pub grace: u64,
}

/// Who may do what. Keys are made by `newsgraph key create`.
#[derive(Clone, Debug, clap::Args)]
pub struct Access {
    /// Reading takes a key with the scope `read`. When left out anybody may read, and only writing takes a key.
    #[arg(long, env = "NEWSGRAPH_READ_WITH_KEY")]
    pub read_with_key: bool,
    /// The keys of an identity provider whose tokens are taken as keys: a JWK set (RFC 7517), as a file or by its address. The
    /// claim `scope` of a token names its scopes.
    #[arg(long, env = "NEWSGRAPH_JWKS", value_name = "FILE|URL")]
    pub jwks: Option<String>,
    /// For whom tokens have to be made out (the claim `aud`).
    #[arg(long, env = "NEWSGRAPH_JWT_AUDIENCE", value_name = "NAME")]
    pub jwt_audience: Option<String>,
    /// By whom tokens have to be made out (the claim `iss`); by any holder of the keys when left out.
    #[arg(long, env = "NEWSGRAPH_JWT_ISSUER", value_name = "NAME")]
    pub jwt_issuer: Option<String>,
    /// How tokens may be signed. A token cannot choose another way, least of all none.
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

/// How a token is signed (RFC 7518, RFC 8037).
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

/// What is done about documents that are not in the file of known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentsMode {
    /// Nothing.
    Off,
    /// They are run, and a line is logged.
    Log,
    /// They are refused.
    Enforce,
}

/// What a request may measure; each is refused before any work is done.
#[derive(Clone, Debug, clap::Args)]
pub struct Limits {
    /// The largest body of a request, in bytes: room for a long document with its variables.
    #[arg(long, env = "NEWSGRAPH_MAX_BODY", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub max_body: usize,
    /// The longest document, in bytes: the longest that tools write for a page have some 30,000.
    #[arg(long, env = "NEWSGRAPH_MAX_DOCUMENT", default_value_t = 100_000, value_name = "BYTES")]
    pub max_document: usize,
    /// The most tokens of a document: parsing takes time and memory for each.
    #[arg(long, env = "NEWSGRAPH_MAX_TOKENS", default_value_t = 10_000, value_name = "TOKENS")]
    pub max_tokens: usize,
    /// The deepest nesting of a document: GraphiQL's own introspection takes 13.
    #[arg(long, env = "NEWSGRAPH_MAX_DEPTH", default_value_t = 24, value_name = "LEVELS")]
    pub max_depth: usize,
    /// The most fields of a document with its fragments spread: a small document can spread to millions.
    #[arg(long, env = "NEWSGRAPH_MAX_FIELDS", default_value_t = 2000, value_name = "FIELDS")]
    pub max_fields: usize,
    /// The most fields at the root: each is a question of its own.
    #[arg(long, env = "NEWSGRAPH_MAX_ROOT_FIELDS", default_value_t = 50, value_name = "FIELDS")]
    pub max_root_fields: usize,
    /// The most aliases: they ask the same again and again.
    #[arg(long, env = "NEWSGRAPH_MAX_ALIASES", default_value_t = 200, value_name = "ALIASES")]
    pub max_aliases: usize,
    /// The most directives.
    #[arg(long, env = "NEWSGRAPH_MAX_DIRECTIVES", default_value_t = 200, value_name = "DIRECTIVES")]
    pub max_directives: usize,
    /// The most values of an answer if all its pages were full: lists within lists multiply. A page of 500 events with 20
    /// parts each takes some 50,000.
    #[arg(long, env = "NEWSGRAPH_MAX_COST", default_value_t = 1_000_000, value_name = "VALUES")]
    pub max_cost: usize,
    /// The most values in the variables of a query: a filter may list many ids. They are counted by their tokens, four each.
    #[arg(long, env = "NEWSGRAPH_MAX_VALUES", default_value_t = 10_000, value_name = "VALUES")]
    pub max_values: usize,
    /// The deepest nesting of arguments and variables: filters nest.
    #[arg(long, env = "NEWSGRAPH_MAX_VALUE_DEPTH", default_value_t = 32, value_name = "LEVELS")]
    pub max_value_depth: usize,
}

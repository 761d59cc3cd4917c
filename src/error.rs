//! The error type of newsgraph, with its codes and messages for API clients, and suggestions for misspelled words.
//!
//! Errors of the HTTP request and of the GraphQL document have further codes: see `http::graphql::error`.

use sea_orm::DbErr;

/// An error. Messages for clients say what to change. Internal errors are logged, and clients get a general message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query, a record or an argument is invalid.
    #[error("{0}")]
    BadInput(String),
    /// A referenced object does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A query exceeds a limit.
    #[error("{0}")]
    Limit(String),
    /// All slots for this kind of work are taken; the client can retry later.
    #[error("{0}")]
    Busy(String),
    /// A concurrent write changed the same data first.
    #[error("{0}")]
    Conflict(String),
    /// The credentials are missing or invalid.
    #[error("{0}")]
    Unauthenticated(String),
    /// The caller lacks the permission.
    #[error("{0}")]
    Forbidden(String),
    /// A statement failed. An error of the connection is [`Error::Unavailable`]: see the conversion from [`DbErr`].
    #[error("database error: {0}")]
    Database(DbErr),
    /// The database cannot be reached or does not respond. The text is for the log.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A replica failed where the primary database would not have; the read can be repeated on the primary.
    #[error("replica error: {0}")]
    Replica(String),
    /// A file or a socket failed. The text says what was tried.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// A bug: an invariant of newsgraph does not hold.
    #[error("{0}")]
    Internal(String),
}

/// A result with newsgraph's error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The error code for API clients. Codes are stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadInput(_) => "BAD_INPUT",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Limit(_) | Self::Busy(_) => "LIMIT",
            Self::Conflict(_) => "CONFLICT",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Database(_) | Self::Replica(_) | Self::Io(..) | Self::Internal(_) => "INTERNAL",
        }
    }

    /// The message for API clients. It hides the details of internal errors.
    pub fn public_message(&self) -> String {
        if self.code() == "INTERNAL" {
            return "Internal server error. It was logged; try again later".into();
        }
        if matches!(self, Self::Unavailable(_)) {
            return "The database is unavailable: try again in a few seconds".into();
        }
        self.to_string()
    }
}

/// Maximum length of a word with suggestions, in bytes. Longer ones are no typing errors, and the comparison takes quadratic time.
const MAX_WORD_BYTES: usize = 200;

/// Minimum similarity of a suggested word, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.5;

/// Returns the most similar known word, or `None` when no word is similar enough. Case does not count.
pub fn most_similar<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > MAX_WORD_BYTES {
        return None;
    }
    let given = given.to_lowercase();
    known
        .into_iter()
        .filter(|word| word.len() <= MAX_WORD_BYTES)
        .map(|word| (strsim::normalized_damerau_levenshtein(&given, &word.to_lowercase()), word))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, word)| word)
}

/// Returns `did you mean "..."?` with the most similar known word, or `None` when no word is similar enough.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    most_similar(given, known).map(|word| format!("did you mean \"{word}\"?"))
}

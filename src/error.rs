//! One error type, its codes and its way out.

use sea_orm::DbErr;

/// What can go wrong. The client's fault says what to change; ours says nothing of the inside.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question or the record is malformed.
    #[error("{0}")]
    BadInput(String),
    /// Something referred to does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The question asks for more than is allowed.
    #[error("{0}")]
    Limit(String),
    /// There is no room for it now.
    #[error("{0}")]
    Busy(String),
    /// Somebody else was faster.
    #[error("{0}")]
    Conflict(String),
    /// Nobody knows who asks.
    #[error("{0}")]
    Unauthenticated(String),
    /// Who asks may not.
    #[error("{0}")]
    Forbidden(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// A replica failed where the database written to would not have: it is to be asked instead.
    #[error("the replica failed: {0}")]
    Replica(DbErr),
    /// A file or socket failed.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The program contradicts itself.
    #[error("{0}")]
    Broken(String),
}

/// What may fail in newsgraph.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The stable code that a client can act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadInput(_) => "BAD_INPUT",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Limit(_) | Self::Busy(_) => "LIMIT",
            Self::Conflict(_) => "CONFLICT",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Database(_) | Self::Replica(_) | Self::Io(..) | Self::Broken(_) => "INTERNAL",
        }
    }

    /// The sentence a client sees.
    pub fn public(&self) -> String {
        if self.code() == "INTERNAL" {
            return "The server could not answer this; the fault is its own and was logged. Try again later.".into();
        }
        self.to_string()
    }
}

/// A longer word is nobody's slip, and looking for those near it takes time by its square.
const LONGEST_WORD: usize = 200;

/// ` Did you mean ...?` with the nearest of the known words, or nothing when none is near.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if given.len() > LONGEST_WORD {
        return None;
    }
    known
        .into_iter()
        .filter(|word| word.len() <= LONGEST_WORD)
        .map(|word| (strsim::normalized_damerau_levenshtein(&given.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, word)| format!("did you mean \"{word}\"?"))
}

//! Full-text search: the words of texts, and the query language.
//!
//! Words are normalized by [`fold`], so that a search ignores case, accents, articles and variants of Arabic letters. Both
//! databases index these words instead of the text, so both find the same results.

use crate::text::fold;
use crate::text::phonetic::Sound;

#[cfg(test)]
mod tests;

/// Maximum characters of a word; longer words are cut.
const MAX_WORD_CHARS: usize = 64;
/// Maximum indexed occurrences of a word in a text. PostgreSQL stores no positions beyond these.
const MAX_OCCURRENCES: usize = 255;
/// Maximum indexed words of a text. PostgreSQL has no positions beyond 16,383.
pub const MAX_WORDS: usize = 12_000;
/// Maximum words of a query.
const MAX_QUERY_WORDS: usize = 32;

/// A placeholder for a word that is not indexed, and between two texts. No phrase matches across it, because no folded word
/// contains this character.
pub const GAP: &str = "\u{fffd}";

/// Returns the words of texts in order, at most `max`, with a [`GAP`] between texts.
pub fn words<'t>(texts: impl IntoIterator<Item = &'t str>, max: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut occurrences = std::collections::HashMap::new();
    for text in texts {
        if !all.is_empty() {
            all.push(GAP.to_owned());
        }
        for mut word in folded(text) {
            if all.len() >= max {
                return all;
            }
            let seen: &mut usize = occurrences.entry(word.clone()).or_default();
            *seen += 1;
            if *seen > MAX_OCCURRENCES {
                word = GAP.to_owned();
            }
            all.push(word);
        }
    }
    all
}

fn folded(text: &str) -> Vec<String> {
    let mut words = fold::words(text);
    for word in &mut words {
        if let Some((end, _)) = word.char_indices().nth(MAX_WORD_CHARS) {
            word.truncate(end);
        }
    }
    words
}

/// A parsed search query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The terms, of which at least one is required.
    pub terms: Vec<Term>,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The words, which must occur next to each other in this order. Never empty.
    pub words: Vec<String>,
    /// True when the last word is a prefix, so that longer words match it too.
    pub is_prefix: bool,
    /// True when the term must not occur.
    pub is_excluded: bool,
}

impl Query {
    /// Parses a query: words, `"phrases"`, `prefix*`, and `-` before a term that must not occur. Any other syntax is read as words,
    /// so that a query cannot have a syntax error.
    ///
    /// # Errors
    ///
    /// [`QueryError`] when no required word is left, or there are too many words.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let is_excluded = rest.starts_with('-');
            rest = rest.trim_start_matches('-');
            let (piece, after, is_prefix) = match rest.strip_prefix(is_quote) {
                Some(quoted) => {
                    let (phrase, after) = quoted.split_once(is_quote).unwrap_or((quoted, ""));
                    (phrase, after.trim_start_matches('*'), after.starts_with('*'))
                }
                None => {
                    let end = rest.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(rest.len());
                    let (word, after) = rest.split_at(end);
                    (word, after, word.ends_with('*'))
                }
            };
            let mut words = folded(piece);
            // The noun of a trailing article may follow after a space. The index has no article before a noun, so it is removed.
            while !is_prefix && words.len() > 1 && words.last().is_some_and(|word| fold::is_article(word)) {
                words.pop();
            }
            if !words.is_empty() {
                terms.push(Term { words, is_prefix, is_excluded });
            }
            rest = after.trim_start();
        }
        // The index has no articles before nouns, so an article would match nothing.
        let is_article = |term: &Term| !term.is_excluded && term.words.len() == 1 && fold::is_article(&term.words[0]);
        if terms.iter().any(|term| !term.is_excluded && !is_article(term)) {
            terms.retain(|term| !is_article(term));
        }
        match terms.iter().map(|term| term.words.len()).sum::<usize>() {
            0 => Err(QueryError::Empty),
            words if words > MAX_QUERY_WORDS => Err(QueryError::TooLong),
            _ if terms.iter().all(|term| term.is_excluded) => Err(QueryError::OnlyExcluded),
            _ => Ok(Self { terms }),
        }
    }

    /// The terms that must occur.
    pub fn required(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| !term.is_excluded)
    }

    /// Returns the query with all required words as one phrase, in their order.
    pub fn as_phrase(&self) -> Self {
        let words = self.required().flat_map(|term| term.words.clone()).collect();
        let is_prefix = self.required().last().is_some_and(|term| term.is_prefix);
        let excluded = self.terms.iter().filter(|term| term.is_excluded).cloned();
        Self { terms: std::iter::once(Term { words, is_prefix, is_excluded: false }).chain(excluded).collect() }
    }
}

/// Why a query is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The query has no word.
    #[error(
        "The search has no letter or digit: write words, \"a phrase\", a prefix with * (tortur*) or an excluded word with - (-word)"
    )]
    Empty,
    /// The query has only excluded terms.
    #[error("The search has only excluded words: add a word that must occur")]
    OnlyExcluded,
    /// The query has too many words.
    #[error("The search has more than 32 words: write fewer")]
    TooLong,
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Returns the spans of the required words in a text: start and end in code points, in order, without overlaps.
pub fn spans(text: &str, query: &Query) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (start, end, word) in segments(text) {
        let is_required = |folded: &String| {
            query.required().any(|term| {
                term.words.iter().enumerate().any(|(at, required)| {
                    folded == required || (term.is_prefix && at + 1 == term.words.len() && folded.starts_with(required))
                })
            })
        };
        if folded(word).iter().any(is_required) {
            found.push((start, end));
        }
    }
    found
}

/// Returns the spans of the words of a name that match a query by letters or by sound.
pub fn name_spans(name: &str, query: &Query, query_sound: &Sound) -> Vec<(usize, usize)> {
    let sounds_alike = |word: &str| {
        let sound = Sound::of(word);
        let mut keys = sound.words.iter().flat_map(|word| &word.keys);
        keys.any(|key| query_sound.words.iter().any(|word| word.keys.contains(key)))
    };
    let mut found = spans(name, query);
    found.extend(segments(name).filter(|(.., word)| sounds_alike(word)).map(|(start, end, _)| (start, end)));
    found.sort_unstable();
    found.dedup();
    found
}

/// The words of a text as they are written, with their start and end in code points.
fn segments(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    text.split_inclusive(fold::is_word_boundary).filter_map(move |piece| {
        let start = at;
        at += piece.chars().count();
        let word = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
        let start = start + piece.chars().count() - word.chars().count();
        let word = word.trim_end_matches(|c| fold::is_word_boundary(c) || c == '.');
        (!word.is_empty()).then(|| (start, start + word.chars().count(), word))
    })
}

//! Full-text search: the words of texts, and the query language.
//!
//! Words are normalized by [`fold`], so that a search ignores case, accents, articles and variants of Arabic letters. Both
//! databases index these words instead of the text, so both find the same results.
//!
//! A word with an apostrophe has two readings, as one word and as its parts. An index of words in order has no place for both at
//! once, so the second reading follows after the text: each stretch with apostrophes once more, with some words around it.

use std::collections::{HashMap, HashSet};

use crate::text::fold;
use crate::text::phonetic::Sound;
use crate::text::search::tokens::{Place, Token, places};

#[cfg(test)]
mod tests;
mod tokens;

/// Maximum indexed occurrences of a word in a text. PostgreSQL stores no positions beyond these.
const MAX_OCCURRENCES: usize = 255;
/// Maximum indexed words of a text. PostgreSQL has no positions beyond 16,383.
pub const MAX_WORDS: usize = 12_000;
/// The number of words before and after an apostrophe that are repeated with its second reading, so that phrases find them.
const CONTEXT: usize = 4;
/// Maximum words of a query.
const MAX_QUERY_WORDS: usize = 32;

/// A placeholder for a word that is not indexed, and between two texts. No phrase matches across it, because no folded word
/// contains this character.
pub const GAP: &str = "\u{fffd}";

/// The words of texts, as they are indexed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The words in order, with a [`GAP`] between texts and between stretches.
    pub in_order: Vec<String>,
    /// Words of second readings for which there is no place in the order.
    pub alone: Vec<String>,
}

/// Returns the words of texts: at most `max` of the first reading, then at most `max_repeated` of the second in order, and the
/// rest of the second alone.
pub fn words<'t>(texts: impl IntoIterator<Item = &'t str>, max: usize, max_repeated: usize) -> Words {
    let mut all = Words::default();
    let mut occurrences: HashMap<String, usize> = HashMap::new();
    let mut repeated: Vec<String> = Vec::new();
    for text in texts {
        if !all.in_order.is_empty() {
            all.in_order.push(GAP.to_owned());
        }
        let places = places(text);
        let mut indexed = 0;
        for place in &places {
            let room = max.saturating_sub(all.in_order.len());
            let words = place.joined.iter().take(room).map(|token| &token.word);
            all.in_order.extend(words.map(|word| counted(word, &mut occurrences)));
            if place.joined.len() > room {
                break;
            }
            indexed += 1;
        }
        stretches(&places[..indexed], &mut repeated);
    }
    let (ordered, rest) = repeated.split_at(repeated.len().min(max_repeated));
    all.in_order.extend(ordered.iter().map(|word| counted(word, &mut occurrences)));
    let mut seen: HashSet<&str> = HashSet::new();
    for word in rest {
        if word != GAP && !occurrences.contains_key(word) && seen.insert(word) {
            all.alone.push(word.clone());
        }
    }
    all
}

/// Returns a word, or a [`GAP`] if it has occurred too often.
fn counted(word: &str, occurrences: &mut HashMap<String, usize>) -> String {
    if word == GAP {
        return word.to_owned();
    }
    let seen = occurrences.entry(word.to_owned()).or_default();
    *seen += 1;
    if *seen > MAX_OCCURRENCES { GAP.to_owned() } else { word.to_owned() }
}

/// Adds the second reading of each stretch with apostrophes, after a [`GAP`].
fn stretches(places: &[Place], repeated: &mut Vec<String>) {
    let mut end = 0;
    for (at, _) in places.iter().enumerate().filter(|(_, place)| !place.parts.is_empty()) {
        let start = at.saturating_sub(CONTEXT);
        if end == 0 || start > end {
            repeated.push(GAP.to_owned());
            end = start;
        }
        let next = (at + CONTEXT + 1).min(places.len());
        let tokens = places[end..next].iter().flat_map(Place::split);
        repeated.extend(tokens.map(|token| token.word.clone()));
        end = next;
    }
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
    /// The readings of the term, of which one must occur. Never empty. There are two when a word has an apostrophe.
    pub readings: Vec<Phrase>,
    /// True when the query has a `*` after the term.
    pub is_prefix: bool,
    /// True when the term must not occur.
    pub is_excluded: bool,
}

/// Words that must occur next to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words in order. Never empty.
    pub words: Vec<String>,
    /// True when the last word is a prefix, so that longer words match it too.
    pub is_prefix: bool,
}

impl Phrase {
    fn of(mut tokens: Vec<&Token>, is_prefix: bool) -> Self {
        let mut is_prefix = is_prefix;
        if let [.., before, last] = tokens.as_slice()
            && last.is_last_letter
            && before.end == last.end
        {
            // The run may go on in the text, where the last letter has a pair with the next one.
            tokens.pop();
        } else if tokens.last().is_some_and(|last| last.is_last_letter) {
            is_prefix = true;
        }
        Self { words: tokens.into_iter().map(|token| token.word.clone()).collect(), is_prefix }
    }
}

impl Term {
    /// Returns the term of a piece of a query; `None` if it has no words.
    fn of(piece: &str, is_prefix: bool, is_excluded: bool) -> Option<Self> {
        let mut places = places(piece);
        // The noun of a trailing article may follow after a space. The index has no article before a noun, so it is removed.
        while !is_prefix && places.len() > 1 && places.last().is_some_and(Place::is_article) {
            places.pop();
        }
        let joined = Phrase::of(places.iter().flat_map(|place| &place.joined).collect(), is_prefix);
        let split = Phrase::of(places.iter().flat_map(Place::split).collect(), is_prefix);
        let mut readings = vec![joined, split];
        readings.retain(|reading| !reading.words.is_empty());
        readings.dedup();
        (!readings.is_empty()).then_some(Self { readings, is_prefix, is_excluded })
    }

    fn is_article(&self) -> bool {
        matches!(self.readings.as_slice(), [Phrase { words, .. }] if matches!(words.as_slice(), [word] if fold::is_article(word)))
    }

    /// The number of words of the longest reading.
    pub fn length(&self) -> usize {
        self.readings.iter().map(|reading| reading.words.len()).max().unwrap_or(0)
    }
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
            terms.extend(Term::of(piece, is_prefix, is_excluded));
            rest = after.trim_start();
        }
        // The index has no articles before nouns, so an article would match nothing.
        let is_article = |term: &Term| !term.is_excluded && term.is_article();
        if terms.iter().any(|term| !term.is_excluded && !is_article(term)) {
            terms.retain(|term| !is_article(term));
        }
        match terms.iter().map(Term::length).sum::<usize>() {
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
        let reading = |of: fn(&[Phrase]) -> Option<&Phrase>| {
            let all = self.required().filter_map(|term| of(&term.readings));
            let is_prefix =
                self.required().last().and_then(|term| of(&term.readings)).is_some_and(|last| last.is_prefix);
            Phrase { words: all.flat_map(|phrase| phrase.words.clone()).collect(), is_prefix }
        };
        let mut readings = vec![reading(<[Phrase]>::first), reading(<[Phrase]>::last)];
        readings.dedup();
        let is_prefix = self.required().last().is_some_and(|term| term.is_prefix);
        let phrase = Term { readings, is_prefix, is_excluded: false };
        let excluded = self.terms.iter().filter(|term| term.is_excluded).cloned();
        Self { terms: std::iter::once(phrase).chain(excluded).collect() }
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

/// Returns the spans of the required terms in a text: start and end in code points, in order, without overlaps.
pub fn spans(text: &str, query: &Query) -> Vec<(usize, usize)> {
    let places = places(text);
    let readings = [
        places.iter().flat_map(|place| &place.joined).collect::<Vec<_>>(),
        places.iter().flat_map(Place::split).collect(),
    ];
    let mut found = Vec::new();
    for tokens in &readings {
        for phrase in query.required().flat_map(|term| &term.readings) {
            for window in tokens.windows(phrase.words.len().max(1)) {
                if is_at(phrase, window) {
                    let spans = window.iter().zip(&phrase.words).map(|(token, word)| match token.middle {
                        // Only the first letter of the pair was searched.
                        Some(middle) if token.word != *word => (token.start, middle),
                        _ => (token.start, token.end),
                    });
                    found.extend(spans);
                }
            }
        }
    }
    merged(found)
}

/// Returns true for tokens that are the words of a phrase.
fn is_at(phrase: &Phrase, tokens: &[&Token]) -> bool {
    let last = phrase.words.len() - 1;
    phrase.words.iter().zip(tokens).enumerate().all(|(at, (word, token))| {
        token.word == *word || (at == last && phrase.is_prefix && token.word.starts_with(word))
    })
}

/// Sorts spans, and merges those that overlap.
fn merged(mut spans: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    spans.sort_unstable();
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        match all.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => all.push((start, end)),
        }
    }
    all
}

/// Returns the spans of the words of a name that match a query by letters or by sound.
pub fn name_spans(name: &str, query: &Query, query_sound: &Sound) -> Vec<(usize, usize)> {
    let sounds_alike = |word: &str| {
        let sound = Sound::of(word);
        let mut keys = sound.words.iter().flat_map(|word| &word.keys);
        keys.any(|key| query_sound.words.iter().any(|word| word.keys.contains(key)))
    };
    let mut found = spans(name, query);
    let letters: Vec<char> = name.chars().collect();
    let places = places(name);
    for token in places.iter().flat_map(|place| place.joined.iter().chain(&place.parts)) {
        let written: String = letters.get(token.start..token.end).unwrap_or_default().iter().collect();
        if sounds_alike(&written) {
            found.push((token.start, token.end));
        }
    }
    merged(found)
}

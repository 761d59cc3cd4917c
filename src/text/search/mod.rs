//! Full text: the words by which texts are found, and the language in which they are asked for.
//!
//! Words are those of [`fold`]: without case, accents, articles and variants of Arabic letters. Both databases
//! are given the words and not the text, so that both find the same.

use crate::text::fold;
use crate::text::phonetic::Sound;

#[cfg(test)]
mod tests;

/// Longer words are cut.
const LONGEST_WORD: usize = 64;
/// Of a word the first so many occurrences in a text are kept: PostgreSQL forgets the positions of more.
const MOST_OCCURRENCES: usize = 255;
/// Of a text the first so many words: PostgreSQL knows no positions beyond 16,383.
pub const MOST_WORDS: usize = 12_000;
/// The most words of a query.
const MOST_ASKED: usize = 32;

/// Stands where a word is not kept, or where one text ends and the next begins, so that no phrase reaches over it. No
/// folded word holds this sign.
pub const GAP: &str = "\u{fffd}";

/// The words of texts in their order, at most so many, with a [`GAP`] between texts.
pub fn words<'t>(texts: impl IntoIterator<Item = &'t str>, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut occurrences = std::collections::HashMap::new();
    for text in texts {
        if !all.is_empty() {
            all.push(GAP.to_owned());
        }
        for mut word in folded(text) {
            if all.len() >= most {
                return all;
            }
            let seen: &mut usize = occurrences.entry(word.clone()).or_default();
            *seen += 1;
            if *seen > MOST_OCCURRENCES {
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
        if let Some((end, _)) = word.char_indices().nth(LONGEST_WORD) {
            word.truncate(end);
        }
    }
    words
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What must be there, and what must not; at least one term is wanted.
    pub terms: Vec<Term>,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its words, side by side in this order; never empty.
    pub words: Vec<String>,
    /// Whether the last word may go on.
    pub is_prefix: bool,
    /// Whether it must not be there.
    pub is_excluded: bool,
}

impl Query {
    /// Reads a query: words, `"phrases"`, `prefix*`, and `-` in front of what must not be there. Whatever else is written
    /// is taken for words, as people do not write for parsers.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
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
            // What follows a space may be the article's noun, which leaves no article in a text.
            while !is_prefix && words.len() > 1 && words.last().is_some_and(|word| fold::is_article(word)) {
                words.pop();
            }
            if !words.is_empty() {
                terms.push(Term { words, is_prefix, is_excluded });
            }
            rest = after.trim_start();
        }
        // An article is in no text that has a noun after it.
        let is_article = |term: &Term| !term.is_excluded && term.words.len() == 1 && fold::is_article(&term.words[0]);
        if terms.iter().any(|term| !term.is_excluded && !is_article(term)) {
            terms.retain(|term| !is_article(term));
        }
        match terms.iter().map(|term| term.words.len()).sum::<usize>() {
            0 => Err(Mistake::Empty),
            words if words > MOST_ASKED => Err(Mistake::Long),
            _ if terms.iter().all(|term| term.is_excluded) => Err(Mistake::OnlyExcluded),
            _ => Ok(Self { terms }),
        }
    }

    /// The terms that must be there.
    pub fn wanted(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| !term.is_excluded)
    }

    /// The same with all wanted words side by side, in the order in which they were asked for.
    pub fn as_phrase(&self) -> Self {
        let words = self.wanted().flat_map(|term| term.words.clone()).collect();
        let is_prefix = self.wanted().last().is_some_and(|term| term.is_prefix);
        let excluded = self.terms.iter().filter(|term| term.is_excluded).cloned();
        Self { terms: std::iter::once(Term { words, is_prefix, is_excluded: false }).chain(excluded).collect() }
    }
}

/// Why a query cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It has no word.
    #[error(
        "The search has no letter or digit: write words, \"a phrase\", a beginning with * or -what must not be there"
    )]
    Empty,
    /// It says only what must not be there.
    #[error("The search says only what must not be there: add a word that must")]
    OnlyExcluded,
    /// It has too many words.
    #[error("The search has more than 32 words: write fewer")]
    Long,
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Where in a text the wanted words stand: spans in code points, in order, none within another.
pub fn spans(text: &str, query: &Query) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (start, end, word) in segments(text) {
        let is_wanted = |folded: &String| {
            query.wanted().any(|term| {
                term.words.iter().enumerate().any(|(at, wanted)| {
                    folded == wanted || (term.is_prefix && at + 1 == term.words.len() && folded.starts_with(wanted))
                })
            })
        };
        if folded(word).iter().any(is_wanted) {
            found.push((start, end));
        }
    }
    found
}

/// Where in a name the words stand that agree with those asked for, by their letters or by their sound.
pub fn named_spans(name: &str, query: &Query, asked: &Sound) -> Vec<(usize, usize)> {
    let agrees = |word: &str| {
        let sound = Sound::of(word);
        let mut keys = sound.words.iter().flat_map(|word| &word.keys);
        keys.any(|key| asked.words.iter().any(|asked| asked.keys.contains(key)))
    };
    let mut found = spans(name, query);
    found.extend(segments(name).filter(|(.., word)| agrees(word)).map(|(start, end, _)| (start, end)));
    found.sort_unstable();
    found.dedup();
    found
}

/// The words of a text as they are written, with their places in code points.
fn segments(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    text.split_inclusive(fold::parts_words).filter_map(move |piece| {
        let start = at;
        at += piece.chars().count();
        let is_sign = |c: char| !c.is_alphanumeric();
        let word = piece.trim_start_matches(is_sign);
        let start = start + piece.chars().count() - word.chars().count();
        let word = word.trim_end_matches(|c| fold::parts_words(c) || c == '.');
        (!word.is_empty()).then(|| (start, start + word.chars().count(), word))
    })
}

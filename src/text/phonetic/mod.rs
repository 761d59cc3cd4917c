//! Phonetic keys: keys of names that ignore spelling, vowels and script.
//!
//! Arabic is written without short vowels, and its names are transliterated in many ways: مقدام is Mikdam, Miqdam, Meqdam or
//! Muqdam. All of them have the same consonants in the same order, if consonants that are often exchanged count as one class. This
//! consonant skeleton is the key of a word. A letter that can stand for several sounds (th, dh, v, و) gives the word several keys.
//! Two words match when they share a key.
//!
//! | name | keys |
//! |---|---|
//! | Mikdam, Miqdam, Muqdam, مقدام | `mkdm` |
//! | Kadhimi | `kdm`, `kzm` |
//! | Kazemi, Khadimi | `kzm`; `kdm` |
//! | Abd al-Rahman, Abdurrahman, عبد الرحمن | `bdrhmn` |
//!
//! Articles are ignored. The particles for son and daughter (bin, ibn, bint) are optional. Two adjacent words also have a key as
//! one word, because spaces in names are as uncertain as vowels. `any_ascii` transliterates other scripts than Arabic and Latin
//! first.
//!
//! Two names with a common key *may* be the same name; [`closeness`](crate::text::similarity) says how similar they are.

use std::ops::Range;

use crate::text::fold::{to_latin, with_spaces, words_with_articles};

mod letter;
#[cfg(test)]
mod tests;

use crate::text::phonetic::letter::{SEAM, is_arabic};

/// Maximum skeletons of a word. Beyond that, only the most likely sound of each further letter is used.
const MAX_SKELETONS: usize = 8;

/// Minimum letters of a part before or after an apostrophe that has keys of its own. Shorter ones are mostly syllables, as in
/// `Ma'mun`.
const MIN_PART_LETTERS: usize = 4;

/// The Arabic article, in Latin and Arabic letters.
const ARTICLES: &[&str] = &["al", "el", "il", "ul", "ال"];
/// Consonants to which the `l` of a preceding article assimilates (`as-Sadr`).
const SUN_LETTERS: &[&str] = &["sh", "ch", "dh", "th", "l", "s", "z", "d", "t", "n", "r"];

/// Words for son and daughter, which are often left out.
const PARTICLES: &[&str] =
    &["bin", "ben", "ibn", "bint", "bent", "mint", "ould", "wuld", "بن", "ابن", "بنت", "منت", "ولد"];

/// Spellings of "servant", the first part of names such as Abd al-Rahman, also joined with the article.
const SERVANTS: &[&str] = &[
    "abd", "abdal", "abdel", "abdol", "abdul", "abdoul", "abdool", "abdu", "abdou", "abdur", "abder", "abdes", "abdus",
    "abden", "abdun", "عبد",
];

/// Spellings of "faith", the last part of names such as Nur al-Din.
const FAITH: &[&str] = &["din", "deen", "dine", "deene", "dien", "dyn"];

/// The sound of a name: the phonetic keys of its words and of its pairs of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// The words, without articles and particles.
    pub words: Vec<Word>,
    /// Adjacent words, each pair as one word.
    pub pairs: Vec<Pair>,
    /// The number of articles.
    pub articles: usize,
}

/// The sound of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word in Latin letters, as [`closeness`](crate::text::similarity) compares it.
    pub letters: String,
    /// The skeletons; empty only from [`Sound::letters_of`].
    pub keys: Vec<String>,
    /// True when its script leaves out short vowels (an abjad).
    pub is_abjad: bool,
}

/// The sound of two adjacent words as one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The indexes in [`Sound::words`] that the pair covers; a particle has none.
    pub words: Range<usize>,
    /// The skeletons, never empty.
    pub keys: Vec<String>,
}

/// A word or a particle, in Latin or Arabic letters.
struct Token {
    text: String,
    is_word: bool,
    is_abjad: bool,
}

impl Sound {
    /// Returns the sound of a name. A text without letters and digits has no words.
    pub fn of(text: &str) -> Self {
        let mut sound = Self::default();
        let tokens = tokens(text, &mut sound.articles);
        for (at, token) in tokens.iter().enumerate() {
            let here = sound.words.len();
            if token.is_word {
                sound.words.push(token.sound());
            }
            if let Some(next) = tokens.get(at + 1)
                && is_arabic(&token.text) == is_arabic(&next.text)
            {
                let words = here..here + usize::from(token.is_word) + usize::from(next.is_word);
                sound.pairs.push(Pair { words, keys: joined(&token.text, &next.text) });
            }
        }
        sound
    }

    /// Returns the words of a name with their letters but without keys, which is all that
    /// [`closeness`](crate::text::similarity::closeness) reads. It takes a fraction of the time of [`Sound::of`].
    pub fn letters_of(text: &str) -> Self {
        let mut sound = Self::default();
        let tokens = tokens(text, &mut sound.articles);
        let words = tokens.iter().filter(|token| token.is_word);
        sound.words =
            words.map(|token| Word { letters: token.letters(), keys: Vec::new(), is_abjad: token.is_abjad }).collect();
        sound
    }

    /// Returns the keys of all words and pairs, without duplicates.
    pub fn keys(&self) -> Vec<String> {
        let words = self.words.iter().flat_map(|word| &word.keys);
        let mut keys: Vec<String> = words.chain(self.pairs.iter().flat_map(|pair| &pair.keys)).cloned().collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

/// Returns the phonetic keys of a name, by which it is stored: those of its words and pairs, and of the longer parts of words with
/// apostrophes (Estaing in `d'Estaing`).
pub fn keys(text: &str) -> Vec<String> {
    let mut keys = Sound::of(text).keys();
    let apart = with_spaces(text);
    if apart != text {
        let parts = Sound::of(&apart).words.into_iter().filter(|word| word.letters.len() >= MIN_PART_LETTERS);
        keys.extend(parts.flat_map(|word| word.keys));
        keys.sort();
        keys.dedup();
    }
    keys
}

impl Token {
    fn sound(&self) -> Word {
        Word { letters: self.letters(), keys: word_keys(&self.text), is_abjad: self.is_abjad }
    }

    fn letters(&self) -> String {
        let plain = without_inner_article(&self.text);
        letter::romanized(plain.as_deref().unwrap_or(&self.text)).replace(SEAM, "")
    }
}

/// The words and particles of a name, in order. Articles are counted and removed.
fn tokens(text: &str, articles: &mut usize) -> Vec<Token> {
    let words = words_with_articles(&letter::replace_vowel_letters(text));
    let abjads: Vec<bool> = words.iter().map(|word| letter::is_abjad(word)).collect();
    let words: Vec<String> = words.into_iter().map(arabic_or_latin).collect();
    let is_article = |at: usize| {
        let word = words[at].as_str();
        // An article precedes a noun; otherwise the word is a name.
        words.get(at + 1).is_some_and(|next| {
            let sound = word.strip_prefix(['a', 'e', 'u']).unwrap_or_default();
            ARTICLES.contains(&word) || (SUN_LETTERS.contains(&sound) && next.starts_with(sound))
        })
    };
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let has_next = at + 1 < words.len();
        if is_article(at) {
            *articles += 1;
        } else if has_next && SERVANTS.contains(&word.as_str()) {
            // `Abd al-Rahman` becomes one word without its article.
            at += if is_article(at + 1) { 2 } else { 1 };
            let servant = if is_arabic(word) { "عبد" } else { "abd" };
            // The seam is a border: in `عبد الجليل` the letters d and j are no `dj`.
            let text = format!("{servant}{SEAM}{}", without_article(&words[at], 2));
            tokens.push(Token { text, is_word: true, is_abjad: abjads[at] });
        } else {
            let noun = without_article(word, 3);
            *articles += usize::from(noun != word);
            let is_word = !(has_next && PARTICLES.contains(&word.as_str()));
            tokens.push(Token { text: noun.to_owned(), is_word, is_abjad: abjads[at] });
        }
        at += 1;
    }
    tokens.retain(|token| !token.text.is_empty());
    tokens
}

/// Transliterates a word to Latin letters, unless it is in Arabic letters.
fn arabic_or_latin(word: String) -> String {
    if is_arabic(&word) {
        return word;
    }
    to_latin(&letter::replace_hebrew(&word))
}

/// Removes the article from an Arabic word, if at least this many letters remain. Arabic writes the article and the noun as one
/// word.
fn without_article(word: &str, min_letters: usize) -> &str {
    match word.strip_prefix("ال") {
        Some(noun) if noun.chars().count() >= min_letters => noun,
        _ => word,
    }
}

/// Removes the article inside a name with "servant", and marks the seam after it: `abdurrahman`, `abdelkarim`, `عبدالكريم`.
fn without_inner_article(word: &str) -> Option<String> {
    if let Some(noun) = word.strip_prefix("عبدال") {
        return (!noun.is_empty()).then(|| format!("عبد{SEAM}{noun}"));
    }
    let rest = word.strip_prefix("abd")?;
    let noun = ["a", "e", "i", "o", "u", "ou"].iter().find_map(|vowel| {
        let rest = rest.strip_prefix(vowel)?;
        let doubled = || {
            SUN_LETTERS.iter().find_map(|letter| {
                let noun = rest.strip_prefix(letter)?;
                noun.starts_with(letter).then_some(noun)
            })
        };
        let noun = rest.strip_prefix('l').or_else(doubled)?;
        (noun.len() >= 3 || matches!(noun, "la" | "le")).then_some(noun)
    })?;
    Some(format!("abd{SEAM}{noun}"))
}

/// Removes the article before "of the faith" at the end of a Latin word: `husamaldeen`, `noureldin`.
fn without_article_of_faith(word: &str) -> Option<String> {
    let (stem, faith) = FAITH.iter().find_map(|faith| Some((word.strip_suffix(faith)?, faith)))?;
    let name = ["al", "el", "ul", "il"].iter().find_map(|article| stem.strip_suffix(article))?;
    (name.len() >= 2).then(|| format!("{name}{SEAM}{faith}"))
}

/// The skeletons of a word.
fn word_keys(word: &str) -> Vec<String> {
    let plain = without_inner_article(word).or_else(|| without_article_of_faith(word));
    let word = plain.as_deref().unwrap_or(word);
    let mut keys = skeletons(word);
    // In `@ali_almikdam` the article is joined to the Latin word. In Albert it is not an article, so both readings count.
    if let Some(noun) = ["al", "el", "ul"].iter().find_map(|article| word.strip_prefix(article))
        && noun.len() >= 4
    {
        // The skeleton of a short noun would match too many names.
        let least = if noun.len() > 4 { 1 } else { 2 };
        keys.extend(skeletons(noun).into_iter().filter(|key| key.trim_start_matches('\'').len() >= least));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// The skeletons of two words as one word. A final `h` of the first word is silent only at the end of a word (فتح الله,
/// Fathallah), or becomes a `t` before the next word (هبة الله, Hibatallah).
fn joined(word: &str, next: &str) -> Vec<String> {
    let mut keys = word_keys(&format!("{word}{next}"));
    if let Some(stem) = word.strip_suffix('ه') {
        keys.extend(word_keys(&format!("{stem}ت{next}")));
        keys.sort();
        keys.dedup();
    }
    keys
}

/// All consonant skeletons of a word.
fn skeletons(word: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for options in letter::consonants(word) {
        let options = if all.len() * options.len() > MAX_SKELETONS { &options[..1] } else { options };
        all = all.iter().flat_map(|key| options.iter().map(move |option| format!("{key}{option}"))).collect();
    }
    let first = word.chars().next();
    for key in &mut all {
        if key.is_empty() {
            // The word has only vowels, so the first one is the key.
            key.push('\'');
            key.extend(first);
        } else if key.chars().count() <= 2 && letter::starts_with_vowel(word) {
            // A short key must show an initial vowel, or Ali and Lea would have the same key.
            key.insert(0, '\'');
        }
    }
    all
}

//! Names by their sound: what is left of a name when spelling, vowels and script no longer count.
//!
//! Arabic is written without short vowels and its names reach Latin letters by many roads: مقدام is Mikdam, Miqdam,
//! Meqdam, Muqdam. What all of them keep is the order of the consonants, in classes of those that are exchanged. That
//! skeleton is the key of a word; a letter that stands for more than one sound (th, dh, v, و) gives the word several keys,
//! and words agree when they share one.
//!
//! | name | keys |
//! |---|---|
//! | Mikdam, Miqdam, Muqdam, مقدام | `mkdm` |
//! | Kadhimi | `kdm`, `kzm` |
//! | Kazemi, Khadimi | `kzm`; `kdm` |
//! | Abd al-Rahman, Abdurrahman, عبد الرحمن | `bdrhmn` |
//!
//! Articles do not count, the son's and daughter's particles (bin, ibn, bint) need not be there, and two words that
//! stand side by side have the key of both as one word too, because where names part is as uncertain as their vowels.
//! Other scripts than Arabic and Latin are carried over to Latin by `any_ascii` first.
//!
//! Two names with a common key *may* be one name; [`closeness`](crate::text::similarity) says how near they are.

use std::ops::Range;

use crate::text::fold::{parts, to_latin};

mod letter;
#[cfg(test)]
mod tests;

use crate::text::phonetic::letter::is_arabic;

/// A word has at most so many keys: beyond that the likeliest reading of its letters counts alone.
const MOST_KEYS: usize = 8;

/// Articles of Arabic as Latin letters write them; before some consonants they sound like these (`as-Sadr`).
const ARTICLES: &[&str] = &["al", "el", "il", "ul", "ال"];
const SUN_LETTERS: &[&str] = &["sh", "ch", "dh", "th", "l", "s", "z", "d", "t", "n", "r"];

/// Son, daughter: some write them and some do not.
const PARTICLES: &[&str] = &["bin", "ben", "ibn", "bint", "ould", "wuld", "بن", "ابن", "بنت"];

/// Servant: the first half of names such as Abd al-Rahman, with the article grown onto it.
const SERVANTS: &[&str] = &[
    "abd", "abdal", "abdel", "abdol", "abdul", "abdoul", "abdool", "abdu", "abdou", "abdur", "abder", "abdes", "abdus",
    "abden", "abdun", "عبد",
];

/// A name as it sounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Its words, without articles and particles.
    pub words: Vec<Word>,
    /// Neighbours as one word.
    pub pairs: Vec<Pair>,
    /// How many articles it has.
    pub articles: usize,
}

/// A word as it sounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its letters in Latin, as they are compared in [`closeness`](crate::text::similarity).
    pub letters: String,
    /// Its skeletons, never empty.
    pub keys: Vec<String>,
    /// Whether its script leaves short vowels out.
    pub is_abjad: bool,
}

/// Two neighbours as one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The places in [`Sound::words`] that it covers; a particle has none.
    pub words: Range<usize>,
    /// Its skeletons, never empty.
    pub keys: Vec<String>,
}

/// A word or a particle, in Latin or Arabic letters.
struct Token {
    text: String,
    is_word: bool,
    is_abjad: bool,
}

impl Sound {
    /// How a name sounds. A text with no letter and no digit has no words.
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

    /// All keys of words and pairs, each once.
    pub fn keys(&self) -> Vec<String> {
        let words = self.words.iter().flat_map(|word| &word.keys);
        let mut keys: Vec<String> = words.chain(self.pairs.iter().flat_map(|pair| &pair.keys)).cloned().collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

impl Token {
    fn sound(&self) -> Word {
        let plain = without_inner_article(&self.text);
        let letters = letter::romanized(plain.as_deref().unwrap_or(&self.text));
        Word { letters, keys: keys(&self.text), is_abjad: self.is_abjad }
    }
}

/// The words and particles of a name in its order; articles are counted and left out.
fn tokens(text: &str, articles: &mut usize) -> Vec<Token> {
    let parts = parts(&letter::spelled(text));
    let abjads: Vec<bool> = parts.iter().map(|part| letter::is_abjad(part)).collect();
    let words: Vec<String> = parts.into_iter().map(latin).collect();
    let is_article = |at: usize| {
        let word = words[at].as_str();
        // Without a noun after it, it is a name.
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
            // `Abd al-Rahman` is one word, whose article does not count.
            at += if is_article(at + 1) { 2 } else { 1 };
            let servant = if is_arabic(word) { "عبد" } else { "abd" };
            let text = format!("{servant}{}", without_article(&words[at], 2));
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

/// A word in Arabic or Latin letters.
fn latin(word: String) -> String {
    if is_arabic(&word) {
        return word;
    }
    to_latin(&word)
}

/// Arabic writes its article and the noun as one word; so many letters must stay.
fn without_article(word: &str, stay: usize) -> &str {
    match word.strip_prefix("ال") {
        Some(noun) if noun.chars().count() >= stay => noun,
        _ => word,
    }
}

/// `abdurrahman`, `abdelkarim`, `عبدالكريم`: a servant without the article within.
fn without_inner_article(word: &str) -> Option<String> {
    if let Some(noun) = word.strip_prefix("عبدال") {
        return (!noun.is_empty()).then(|| format!("عبد{noun}"));
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
    Some(format!("abd{noun}"))
}

/// The skeletons of a word.
fn keys(word: &str) -> Vec<String> {
    let plain = without_inner_article(word);
    let word = plain.as_deref().unwrap_or(word);
    let mut keys = skeletons(word);
    // `@ali_almikdam`: the article may have grown onto a word in Latin letters too, which Albert shows not to be sure.
    if let Some(noun) = ["al", "el", "ul"].iter().find_map(|article| word.strip_prefix(article))
        && noun.len() >= 4
    {
        keys.extend(skeletons(noun).into_iter().filter(|key| key.trim_start_matches('\'').len() >= 2));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// The skeletons of two words as one. The last letter of the first is silent at the end of a word only (فتح الله, Fathallah)
/// or a t before the next (هبة الله, Hibatallah).
fn joined(word: &str, next: &str) -> Vec<String> {
    let mut keys = keys(&format!("{word}{next}"));
    if let Some(stem) = word.strip_suffix('ه') {
        keys.extend(self::keys(&format!("{stem}ت{next}")));
        keys.sort();
        keys.dedup();
    }
    keys
}

fn skeletons(word: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for options in letter::consonants(word) {
        let options = if all.len() * options.len() > MOST_KEYS { &options[..1] } else { options };
        all = all.iter().flat_map(|key| options.iter().map(move |option| format!("{key}{option}"))).collect();
    }
    let first = word.chars().next();
    for key in &mut all {
        if key.is_empty() {
            // Nothing but vowels: the first of them has to do.
            key.push('\'');
            key.extend(first);
        } else if key.chars().count() <= 2 && letter::starts_with_vowel(word) {
            // So short a key says too little to forget that there was a vowel in front: Ali is not Lea.
            key.insert(0, '\'');
        }
    }
    all
}

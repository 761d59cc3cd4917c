//! Folding: keys of names that ignore case, accents, variants of Arabic letters, articles and punctuation.
//!
//! Two names with the same key have the same *spelling*. They can still belong to different people or places.
//!
//! A name has two keys. Two names match when either key is equal:
//!
//! | name | [`fold`] | [`fold_joined`] |
//! |---|---|---|
//! | Ali al-Mikdam | `ali mikdam` | `alialmikdam` |
//! | `@ali_almikdam` | `ali almikdam` | `alialmikdam` |
//! | Kadhimi | `kadhimi` | `kadhimi` |
//! | al-Kadhimi | `kadhimi` | `alkadhimi` |
//! | Alkadhimi | `alkadhimi` | `alkadhimi` |
//! | عبد الله, عبدالله | `عبد الله`, `عبدالله` | `عبدالله` |
//!
//! The first ignores articles, the second ignores the spaces between words. Neither removes an article from the start of a longer
//! Latin word: that would turn Alan, Albert and Elena into An, Bert and Ena.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

pub(super) mod pieces;
#[cfg(test)]
mod tests;

use pieces::{Link, Piece, pieces};

/// The Arabic article in Latin letters, and in Arabic letters when it is a word of its own.
const ARTICLES: [&str; 4] = ["al", "el", "ul", ARABIC_ARTICLE];

const ARABIC_ARTICLE: &str = "ال";

/// Returns the key of a name that ignores case, accents, variants of Arabic letters, articles and punctuation.
///
/// Words are separated by one space. The key is empty only when the text has no letter and no digit.
pub fn fold(text: &str) -> String {
    words(text).join(" ")
}

/// Returns the key of a name that ignores the spaces between words.
///
/// It keeps articles: otherwise `al-Kadhimi` and `Alkadhimi` would differ. The key is empty only when the text has no letter and
/// no digit.
pub fn fold_joined(text: &str) -> String {
    // Joined words can form a composed character, so the key is normalized again.
    words_with_articles(text).concat().nfc().collect()
}

/// Returns the words of [`fold`], in order. A query matches a name by words when the name has all words of the query.
pub fn words(text: &str) -> Vec<String> {
    let mut words = words_with_articles(text);
    let last = words.len().saturating_sub(1);
    let mut position = 0..;
    // An article precedes a noun: `Al` alone, or at the end, is a name.
    words.retain(|word| position.next() == Some(last) || !is_article(word));
    for word in &mut words {
        cut_arabic_article(word);
    }
    words
}

/// Returns all keys of a name: each word, the parts of words with apostrophes, pieces of words of unspaced scripts, all words
/// joined, and all words joined with their articles. They are distinct and not empty.
pub fn forms(text: &str) -> Vec<String> {
    let mut forms = words(text);
    forms.push(forms.concat());
    forms.push(fold_joined(text));
    forms.extend(part_words(text));
    let text = &*with_apostrophes(text);
    let unspaced: Vec<String> = pieces(text).iter().filter(|piece| piece.is_unspaced).flat_map(grams).collect();
    forms.extend(unspaced);
    forms.retain(|form| !form.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

/// Returns the words of a name with apostrophes and half-spaces read as spaces: `Giscard d'Estaing` has the words giscard, d and
/// estaing. Other names have the same words as by [`words`].
pub fn part_words(text: &str) -> Vec<String> {
    words(&with_spaces(text))
}

/// Returns a text in which letters that stand for a letter with an apostrophe are two characters, as their capitals are.
fn with_apostrophes(text: &str) -> Cow<'_, str> {
    if text.contains(['ŉ', 'ẚ']) { text.replace('ŉ', "ʼn").replace('ẚ', "aʾ").into() } else { text.into() }
}

/// Returns a text with spaces instead of apostrophes and half-spaces.
pub(super) fn with_spaces(text: &str) -> String {
    with_apostrophes(text).chars().map(|c| if pieces::is_joiner(c) { ' ' } else { c }).collect()
}

/// Returns the words that a name must have to contain a part of a name in an unspaced script: its letters two by two, because
/// nothing says where its words end. A name that has all of them contains the part, with rare exceptions. Other words are
/// unchanged.
pub fn unspaced_parts(words: &[String]) -> Vec<String> {
    let mut parts = Vec::new();
    for word in words {
        match pieces(word).as_slice() {
            [piece] if piece.is_unspaced => {
                let pairs: Vec<String> = grams(piece).into_iter().skip(pieces::letters(piece.text).len()).collect();
                if pairs.is_empty() { parts.push(word.clone()) } else { parts.extend(pairs) }
            }
            _ => parts.push(word.clone()),
        }
    }
    parts
}

/// The single letters of a piece in an unspaced script, then its pairs of adjacent letters.
fn grams(piece: &Piece) -> Vec<String> {
    let letters = pieces::letters(piece.text);
    let ones = letters.iter().map(|(from, to)| joined_word(&piece.text[*from..*to]));
    let twos = letters.windows(2).map(|two| joined_word(&piece.text[two[0].0..two[1].1]));
    ones.chain(twos).collect()
}

/// Transliterates a key to ASCII letters and digits. The result can be empty.
pub fn to_latin(key: &str) -> String {
    any_ascii::any_ascii(key).to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Returns the ISO 15924 code of the script of most letters of a text; among equally frequent ones, the first.
///
/// Digits, punctuation and accents belong to no script, so a text without letters gives `None`.
pub fn script(text: &str) -> Option<&'static str> {
    let mut counts: Vec<(Script, usize)> = Vec::new();
    for script in text.chars().filter(|c| c.is_alphabetic()).map(|c| c.script()) {
        if matches!(script, Script::Common | Script::Inherited | Script::Unknown) {
            continue;
        }
        match counts.iter_mut().find(|(known, _)| *known == script) {
            Some((_, count)) => *count += 1,
            None => counts.push((script, 1)),
        }
    }
    // `max_by_key` returns the last of equal elements.
    counts.iter().rev().max_by_key(|(_, count)| *count).map(|(script, _)| script.short_name())
}

/// Returns the folded words of a text, articles included. There is at least one for a text with a letter or digit.
pub(super) fn words_with_articles(text: &str) -> Vec<String> {
    let text = &*with_apostrophes(text);
    let mut words = Vec::new();
    let mut word = String::new();
    let all = pieces(text);
    for (at, piece) in all.iter().enumerate() {
        let continues = match piece.before {
            // An article is a word of its own: `al'Mikdam`.
            Link::Joiner => !is_article(&joined_word(&word)),
            Link::Adjacent => true,
            Link::Dot => pieces::continues_acronym(&all, at),
            Link::Border | Link::Comma => false,
        };
        if !continues {
            words.extend(fold_piece(&word));
            word.clear();
        }
        word.push_str(piece.text);
    }
    words.extend(fold_piece(&word));
    if words.is_empty() {
        // The text has only letters that are normally ignored, such as a lone ʿ. They are better than an empty key.
        word.clear();
        let letters = text.chars().filter(|c| c.is_alphanumeric() && !is_accent(*c));
        word.extend(letters.flat_map(char::to_lowercase));
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

/// Returns the folded words of a run of letters and digits: one, but some signs decompose to several (`½`).
fn fold_piece(piece: &str) -> Vec<String> {
    if piece.is_ascii() {
        return if piece.is_empty() { Vec::new() } else { vec![piece.to_ascii_lowercase()] };
    }
    let (mut words, mut word) = (Vec::new(), String::new());
    for c in piece.nfkd().filter(|c| !is_apostrophe(*c) && !is_ignored(*c)) {
        for c in caseless(c) {
            if let Some(pair) = letter_pair(c) {
                word.push_str(pair);
            } else if c.is_alphanumeric() || is_combining_mark(c) {
                word.push(plain_letter(c));
            } else {
                end_word(&mut words, &mut word);
            }
        }
    }
    end_word(&mut words, &mut word);
    words
}

/// Returns the folded words of a run of letters and digits, without Arabic articles.
pub(super) fn fold_nouns(piece: &str) -> Vec<String> {
    let mut words = fold_piece(piece);
    words.iter_mut().for_each(cut_arabic_article);
    words
}

/// Returns the folded words of a run of letters and digits as one, without an Arabic article.
pub(super) fn joined_word(piece: &str) -> String {
    let mut word = fold_piece(piece).concat();
    cut_arabic_article(&mut word);
    word
}

/// Ends the current word. The word is composed again (NFC), so that keys of Hangul or kana stay short.
fn end_word(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(word.nfc().collect());
        word.clear();
    }
}

/// Removes the article from an Arabic word; Arabic writes the article and the noun as one word.
///
/// At least three letters must remain, which protects Allah (`الله`), Alaa (`آلاء`) and Alan (`آلان`). Some names that look the same
/// lose two letters (`إلياس`). Only their hamza tells them apart, and many writers leave it out.
///
/// A repeated article is removed as often as it occurs, so that `الألماني` and `ألماني` have one key, and folding a key does not
/// change it.
fn cut_arabic_article(word: &mut String) {
    while let Some(noun) = word.strip_prefix(ARABIC_ARTICLE)
        && noun.chars().nth(2).is_some()
    {
        *word = noun.to_owned();
    }
}

/// Full case folding: `ß`, `ẞ` and `SS` become equal, and so do all sigmas and all four Turkish i's.
fn caseless(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Returns true for a folded word that is the Arabic article.
pub(super) fn is_article(word: &str) -> bool {
    ARTICLES.contains(&word)
}

/// Returns true for apostrophes, and for the characters that represent hamza, ayn or a soft sign in transliterated names.
fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{2b9}'..='\u{2bf}' | '\u{2c8}' | '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{5f3}'
            | '\u{a78b}' | '\u{a78c}'
    )
}

/// Returns true for characters that are removed without splitting the word: accents, tatweel, invisible characters, and the dots
/// of signs that decompose to abbreviations.
fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{640}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}'
    ) || is_accent(c)
}

/// Returns true for marks that only modify a letter. In the scripts of India and Southeast Asia, marks are vowels, and on kana they
/// change the sound. Without those, the result would be another name, so they are not accents.
fn is_accent(c: char) -> bool {
    is_combining_mark(c)
        && !matches!(c, '\u{3099}' | '\u{309a}')
        && matches!(
            c.script(),
            Script::Inherited
                | Script::Latin
                | Script::Greek
                | Script::Cyrillic
                | Script::Arabic
                | Script::Hebrew
                | Script::Syriac
        )
}

/// Maps variants of a letter that Unicode does not decompose to the plain letter. Alef, waw and yeh with hamza need no mapping: the
/// hamza was already removed as an accent.
fn plain_letter(c: char) -> char {
    match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ٱ' => 'ا',
        'ى' | 'ی' | 'ێ' => 'ي',
        'ة' | 'ۃ' | 'ہ' | 'ھ' | 'ە' => 'ه',
        'ک' | 'ڪ' => 'ك',
        // Kurdish letters that other keyboards lack.
        'ڕ' => 'ر',
        'ڵ' => 'ل',
        'ۆ' => 'و',
        '٠'..='٩' => ascii_digit(c, '٠'),
        '۰'..='۹' => ascii_digit(c, '۰'),
        _ => c,
    }
}

/// Maps letters that are written as two letters elsewhere.
fn letter_pair(c: char) -> Option<&'static str> {
    match c {
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        'þ' => Some("th"),
        _ => None,
    }
}

/// The ASCII digit with the same value.
fn ascii_digit(digit: char, zero: char) -> char {
    char::from_digit(u32::from(digit) - u32::from(zero), 10).unwrap_or(digit)
}

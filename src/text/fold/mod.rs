//! Names as keys: what is left of a name when case, accents, variants of Arabic letters, articles and punctuation
//! no longer count. Two names with the same key are *written* alike; that they are the same is never implied.
//!
//! A name has two keys, and names are alike when either agrees:
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
//! The first forgets articles, the second forgets where words part. Neither cuts an article off a longer Latin word:
//! that would make Alan, Albert and Elena into An, Bert and Ena.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

#[cfg(test)]
mod tests;

/// The Arabic article as other scripts write it, and as Arabic does when it stands alone.
const ARTICLES: [&str; 4] = ["al", "el", "ul", ARABIC_ARTICLE];

const ARABIC_ARTICLE: &str = "ال";

/// The key of a name under which case, accents, variants of Arabic letters, articles and punctuation do not count.
///
/// Words are parted by one space. The key is empty only when the text has no letter and no digit.
pub fn fold(text: &str) -> String {
    words(text).join(" ")
}

/// The key of a name under which, besides, it does not count where its words part.
///
/// It keeps articles: `al-Kadhimi` and `Alkadhimi` are alike only so. The key is empty only when the text has no
/// letter and no digit.
pub fn fold_joined(text: &str) -> String {
    // Composed once more: what was parted may be two halves of one sign.
    parts(text).concat().nfc().collect()
}

/// The words of [`fold`], in their order: a query matches a name word-wise when the name has all its words.
pub fn words(text: &str) -> Vec<String> {
    let mut words = parts(text);
    let last = words.len().saturating_sub(1);
    let mut position = 0..;
    // An article needs a noun after it: `Al` alone, or at the end, is somebody's name.
    words.retain(|word| position.next() == Some(last) || !is_article(word));
    for word in &mut words {
        cut_arabic_article(word);
    }
    words
}

/// All keys of a name: each word, all words joined, and joined with their articles. Each once, none empty.
pub fn forms(text: &str) -> Vec<String> {
    let mut forms = words(text);
    forms.push(forms.concat());
    forms.push(fold_joined(text));
    forms.retain(|form| !form.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

/// A key carried over to Latin letters: letters and digits of ASCII, which may be none.
pub fn to_latin(key: &str) -> String {
    any_ascii::any_ascii(key).to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The ISO 15924 code of the script that most letters of a text are in; the first one wins a tie.
///
/// Digits, punctuation and accents are in no script of their own: a text of nothing else has none.
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
    // `max_by_key` gives the last of equals.
    counts.iter().rev().max_by_key(|(_, count)| *count).map(|(script, _)| script.short_name())
}

/// Words with their articles. Never empty for a text with a letter or digit.
pub(super) fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut word = String::new();
    // The decomposition of `´` is a space and an accent, which would part the word.
    for c in text.chars().map(|c| if c == '´' { '\'' } else { c }).nfkd() {
        if is_apostrophe(c) {
            if is_article(&word) {
                part(&mut parts, &mut word);
            }
        } else if !is_silent(c) {
            for c in caseless(c) {
                if let Some(pair) = letter_pair(c) {
                    word.push_str(pair);
                } else if c.is_alphanumeric() || is_combining_mark(c) {
                    word.push(plain_letter(c));
                } else {
                    part(&mut parts, &mut word);
                }
            }
        }
    }
    part(&mut parts, &mut word);
    if parts.is_empty() {
        // Nothing but letters that do not count elsewhere, such as a lone ʿ: here they are all there is.
        let signs = text.chars().filter(|c| c.is_alphanumeric() && !is_accent(*c));
        word.extend(signs.flat_map(char::to_lowercase));
        if !word.is_empty() {
            parts.push(word);
        }
    }
    parts
}

/// Ends a word. It is put together again, so that keys of Hangul or kana stay short.
fn part(parts: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        parts.push(word.nfc().collect());
        word.clear();
    }
}

/// Arabic writes its article and the noun as one word.
///
/// Three letters must stay, which spares Allah (`الله`), Alaa (`آلاء`) and Alan (`آلان`). Some nouns of the same look
/// lose two letters (`إلياس`): telling them apart by their hamza would fail the many writers who leave it out.
/// As often as it is there, so that `الألماني` and `ألماني` agree and a key is its own key.
fn cut_arabic_article(word: &mut String) {
    while let Some(noun) = word.strip_prefix(ARABIC_ARTICLE)
        && noun.chars().nth(2).is_some()
    {
        *word = noun.to_owned();
    }
}

/// Full case folding: `ß`, `ẞ` and `SS`, all sigmas, and all four Turkish i's agree.
fn caseless(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Whether a word ends at this sign.
pub(super) fn parts_words(c: char) -> bool {
    !(c.is_alphanumeric() || is_combining_mark(c) || is_apostrophe(c) || is_silent(c) || c == '´')
}

/// Whether a folded word is the Arabic article.
pub(super) fn is_article(word: &str) -> bool {
    ARTICLES.contains(&word)
}

/// Apostrophes, and the signs that stand for hamza, ayn or a soft sign where other scripts are written in Latin.
fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{2b9}'..='\u{2bf}' | '\u{2c8}' | '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{5f3}'
            | '\u{a78b}' | '\u{a78c}'
    )
}

/// What is dropped without parting a word: accents, the full stops of initials, tatweel, invisible signs.
fn is_silent(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{640}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}'
    ) || is_accent(c)
}

/// Marks that only colour a letter. In the scripts of India and South-East Asia marks are vowels, and on kana they
/// change the sound: without those other names would be left.
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

/// Letters that Unicode does not decompose though they are variants of one another. Alef, waw and yeh with hamza
/// have lost it as an accent before they come here.
fn plain_letter(c: char) -> char {
    match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ة' | 'ۃ' | 'ہ' | 'ھ' | 'ە' => 'ه',
        'ک' | 'ڪ' => 'ك',
        '٠'..='٩' => shift(c, '٠'),
        '۰'..='۹' => shift(c, '۰'),
        _ => c,
    }
}

/// Letters that are two elsewhere.
fn letter_pair(c: char) -> Option<&'static str> {
    match c {
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        'þ' => Some("th"),
        _ => None,
    }
}

/// The ASCII digit of the same value.
fn shift(digit: char, zero: char) -> char {
    char::from_digit(u32::from(digit) - u32::from(zero), 10).unwrap_or(digit)
}

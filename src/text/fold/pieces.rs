//! Splits texts into pieces, which are runs of letters and digits, and says what stands between two of them.
//!
//! Both keys of names and the words of full-text search are made of these pieces, so that a word of a text and the same word of a
//! query are always split in the same way.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

use super::{is_apostrophe, is_ignored};

/// What stands between a piece and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) enum Link {
    /// White space, punctuation, or the start of the text: two words.
    Border,
    /// An apostrophe or an invisible non-joiner: one word, or two (`O'Brien`, `L'Irak`).
    Joiner,
    /// One dot.
    Dot,
    /// One comma.
    Comma,
    /// Nothing: only the kind of script changes.
    Adjacent,
}

/// A run of letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) struct Piece<'t> {
    /// The text of the piece.
    pub(in crate::text) text: &'t str,
    /// Its start in the whole text, in code points.
    pub(in crate::text) start: usize,
    /// Its end in the whole text, in code points.
    pub(in crate::text) end: usize,
    /// What stands before it.
    pub(in crate::text) before: Link,
    /// True for a script that puts no spaces between words.
    pub(in crate::text) is_unspaced: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter {
        is_unspaced: bool,
    },
    /// A mark that is a vowel or changes a sound. It belongs to the letter before it.
    Mark,
    /// A character that is ignored within a word.
    Ignored,
    Between(Link),
}

/// Returns the pieces of a text, in order.
pub(in crate::text) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all: Vec<Piece> = Vec::new();
    // The start of the current piece, in bytes and in code points.
    let mut open: Option<(usize, usize, bool)> = None;
    let mut link = Link::Border;
    let mut count = 0;
    for (at, (byte, c)) in text.char_indices().enumerate() {
        count = at + 1;
        let class = class(c);
        if let Some((from, start, is_unspaced)) = open {
            let continues = match class {
                Class::Letter { is_unspaced: other } => other == is_unspaced,
                Class::Mark | Class::Ignored => true,
                Class::Between(_) => false,
            };
            if continues {
                continue;
            }
            all.push(Piece { text: &text[from..byte], start, end: at, before: link, is_unspaced });
            open = None;
            link = Link::Adjacent;
        }
        match class {
            Class::Letter { is_unspaced } => open = Some((byte, at, is_unspaced)),
            // Only a single character links two pieces: `''` and `...` separate them.
            Class::Between(between) => {
                link = if link == Link::Adjacent && !all.is_empty() { between } else { Link::Border };
            }
            Class::Mark => open = Some((byte, at, is_unspaced(c))),
            Class::Ignored => {}
        }
    }
    if let Some((from, start, is_unspaced)) = open {
        all.push(Piece { text: &text[from..], start, end: count, before: link, is_unspaced });
    }
    all
}

/// Returns true for a piece that is a single letter, as in an acronym or an initial.
pub(super) fn is_single_letter(piece: &Piece) -> bool {
    let mut letters = piece.text.chars().filter(|c| !is_ignored(*c));
    !piece.is_unspaced && letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

/// Returns whether each piece continues an acronym: a single letter after a dot after a single letter (`U.N.`).
pub(in crate::text) fn continues_acronym(all: &[Piece], at: usize) -> bool {
    let is_letter = |at: usize| all.get(at).is_some_and(is_single_letter);
    at > 0 && all.get(at).is_some_and(|piece| piece.before == Link::Dot) && is_letter(at) && is_letter(at - 1)
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Class::Letter { is_unspaced: false },
            '\'' | '`' => Class::Between(Link::Joiner),
            '.' => Class::Between(Link::Dot),
            ',' => Class::Between(Link::Comma),
            _ => Class::Between(Link::Border),
        };
    }
    match c {
        // The non-joiner separates parts of Persian words, and the space of zero width words of Thai and Khmer.
        '´' | '\u{200b}' | '\u{200c}' => Class::Between(Link::Joiner),
        '\u{66b}' => Class::Between(Link::Dot),
        '\u{66c}' => Class::Between(Link::Comma),
        _ if is_apostrophe(c) => Class::Between(Link::Joiner),
        _ if is_ignored(c) => Class::Ignored,
        _ if is_combining_mark(c) => Class::Mark,
        _ => decomposed_class(c),
    }
}

/// The class of a character that may be a variant of another one, such as a dot as wide as a Chinese character.
fn decomposed_class(c: char) -> Class {
    let mut decomposed = c.nfkd();
    match (decomposed.next(), decomposed.next()) {
        (Some(plain), None) if plain != c => class(plain),
        // Some signs decompose to letters: ㎏, №.
        _ if c.is_alphanumeric() || c.nfkd().any(char::is_alphanumeric) => {
            Class::Letter { is_unspaced: is_unspaced(c) }
        }
        _ => Class::Between(Link::Border),
    }
}

/// Returns true for a character that links two pieces to one word that can also be read as two.
pub(super) fn is_joiner(c: char) -> bool {
    class(c) == Class::Between(Link::Joiner)
}

/// Returns true for letters of scripts that write words without spaces between them. Korean has spaces, but joins particles to
/// names.
fn is_unspaced(c: char) -> bool {
    // The mark of a long vowel belongs to hiragana and katakana alike.
    matches!(c, 'ー' | 'ｰ')
        || matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Hangul
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

/// Returns the letters of a piece in an unspaced script, each with its marks: start and end in bytes of the piece.
pub(in crate::text) fn letters(piece: &str) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (at, c) in piece.char_indices() {
        let end = at + c.len_utf8();
        match all.last_mut() {
            Some(last) if matches!(class(c), Class::Mark | Class::Ignored) => last.1 = end,
            _ => all.push((at, end)),
        }
    }
    all
}

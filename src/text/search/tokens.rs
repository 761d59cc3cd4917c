//! Tokens: the words of a text with their positions.
//!
//! | text | tokens |
//! |---|---|
//! | `O'Brien`, `L'Irak` | as one word `obrien`, `lirak`; as parts `o brien`, `l irak` |
//! | `U.N.`, `rudaw.net`, `10.07.2021` | `un`; `rudaw net`; `10 07 2021` |
//! | `574.8`, `1,234` | `574 ·8`; `1 ·234`: the dot keeps 8 and 234 from finding a part of another number |
//! | `绑架案` | `绑架 架案 案`: letters two by two, and the last one alone, so that any part of the run is a phrase |

use crate::text::fold;
use crate::text::fold::pieces::{Link, Piece, continues_acronym, letters, pieces};

/// Maximum characters of a word; longer words are cut.
const MAX_WORD_CHARS: usize = 64;
/// Begins the digits after a decimal or thousands separator. No folded word contains it.
const FRACTION: char = '·';
/// Minimum digits of both sides of a comma that separates two numbers, such as years.
const YEAR_DIGITS: usize = 4;

/// A word with its position in the text, in code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) word: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// True for the last letter of a run in an unspaced script.
    pub(super) is_last_letter: bool,
    /// The end of the first letter of a pair in an unspaced script.
    pub(super) middle: Option<usize>,
}

/// One place of a text, whose tokens can have two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The tokens, with words that apostrophes join as one.
    pub(super) joined: Vec<Token>,
    /// The tokens, with words that apostrophes join as several; empty when there are none.
    pub(super) parts: Vec<Token>,
}

/// Splits a text into its tokens.
pub(super) fn places(text: &str) -> Vec<Place> {
    let all = pieces(text);
    let mut places: Vec<Place> = Vec::new();
    let mut at = 0;
    while let Some(piece) = all.get(at) {
        let numbers = number_length(&all[at..]);
        let place = if piece.is_unspaced {
            at += 1;
            Place { joined: unspaced(piece), parts: Vec::new() }
        } else if numbers > 1 {
            let number = &all[at..at + numbers];
            at += numbers;
            Place { joined: number_tokens(number), parts: Vec::new() }
        } else {
            let end = compound_end(&all, at);
            let compound = &all[at..end];
            at = end;
            compound_place(compound)
        };
        if !place.joined.is_empty() {
            places.push(place);
        }
    }
    if places.is_empty() {
        // A text of letters that are ignored within words, such as a lone ʿ.
        let end = text.chars().count();
        let joined = fold::words(text).into_iter().map(|word| token(word, 0, end)).collect::<Vec<_>>();
        places.extend((!joined.is_empty()).then_some(Place { joined, parts: Vec::new() }));
    }
    without_articles(&mut places);
    places
}

/// Removes articles before nouns. At the end of a text the word is a name (`Weird Al`).
fn without_articles(places: &mut Vec<Place>) {
    let last = places.len().saturating_sub(1);
    let mut position = 0..;
    places.retain(|place| position.next() == Some(last) || !place.is_article());
}

impl Place {
    /// The tokens of the second reading, which is the first where there is no other.
    pub(super) fn split(&self) -> &[Token] {
        if self.parts.is_empty() { &self.joined } else { &self.parts }
    }

    /// Returns true for the Arabic article as a word of its own.
    pub(super) fn is_article(&self) -> bool {
        self.parts.is_empty() && matches!(self.joined.as_slice(), [one] if fold::is_article(&one.word))
    }
}

fn token(mut word: String, start: usize, end: usize) -> Token {
    if let Some((cut, _)) = word.char_indices().nth(MAX_WORD_CHARS) {
        word.truncate(cut);
    }
    Token { word, start, end, is_last_letter: false, middle: None }
}

/// The tokens of one piece, or of several pieces as one word.
fn tokens_of(text: &str, start: usize, end: usize) -> impl Iterator<Item = Token> {
    fold::fold_nouns(text).into_iter().map(move |word| token(word, start, end))
}

/// Returns the end of the word that starts at a piece: after the pieces that apostrophes or the dots of an acronym join to it.
fn compound_end(all: &[Piece], at: usize) -> usize {
    let mut end = at + 1;
    let mut joined = all[at].text.to_owned();
    while let Some(piece) = all.get(end) {
        let is_joined =
            !piece.is_unspaced && piece.before == Link::Joiner && !fold::is_article(&fold::joined_word(&joined));
        if !is_joined && !continues_acronym(all, end) {
            break;
        }
        joined.push_str(piece.text);
        end += 1;
    }
    end
}

fn compound_place(pieces: &[Piece]) -> Place {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Place::default() };
    let text: String = pieces.iter().map(|piece| piece.text).collect();
    let joined: Vec<Token> = tokens_of(&text, first.start, last.end).collect();
    let mut parts = Vec::new();
    if pieces.iter().any(|piece| piece.before == Link::Joiner && piece.start != first.start) {
        let mut from = 0;
        for at in 1..=pieces.len() {
            // The letters of an acronym stay together: `U.N.'s`.
            if at == pieces.len() || pieces[at].before == Link::Joiner {
                let part = &pieces[from..at];
                let text: String = part.iter().map(|piece| piece.text).collect();
                parts.extend(tokens_of(&text, part[0].start, part[part.len() - 1].end));
                from = at;
            }
        }
    }
    Place { joined, parts }
}

/// The letters of a run in an unspaced script two by two, then the last one alone.
fn unspaced(piece: &Piece) -> Vec<Token> {
    let letters = letters(piece.text);
    let mut at = piece.start;
    let mut starts: Vec<usize> = Vec::with_capacity(letters.len() + 1);
    for (from, to) in &letters {
        starts.push(at);
        at += piece.text[*from..*to].chars().count();
    }
    starts.push(piece.end);
    let mut tokens: Vec<Token> = letters
        .windows(2)
        .enumerate()
        .map(|(at, two)| {
            let pair = token(fold::joined_word(&piece.text[two[0].0..two[1].1]), starts[at], starts[at + 2]);
            Token { middle: Some(starts[at + 1]), ..pair }
        })
        .collect();
    if let Some((from, to)) = letters.last() {
        let last = token(fold::joined_word(&piece.text[*from..*to]), starts[letters.len() - 1], piece.end);
        tokens.push(Token { is_last_letter: true, ..last });
    }
    tokens.retain(|token| !token.word.is_empty());
    tokens
}

/// Returns how many pieces at the start of a list are the digits of a number with separators.
fn number_length(all: &[Piece]) -> usize {
    let is_digits = |piece: &Piece| piece.text.chars().all(char::is_numeric);
    let starts_with_digit = |piece: &Piece| piece.text.starts_with(char::is_numeric);
    let mut length = 1;
    while let (Some(piece), Some(next)) = (all.get(length - 1), all.get(length)) {
        if !is_digits(piece) || !matches!(next.before, Link::Dot | Link::Comma) || !starts_with_digit(next) {
            break;
        }
        length += 1;
    }
    length
}

/// The tokens of digits with separators. The digits after a decimal or thousands separator are marked; those of a date, of an
/// address or of a list of years are numbers of their own.
fn number_tokens(pieces: &[Piece]) -> Vec<Token> {
    let digits = |piece: &Piece| piece.end - piece.start;
    let is_one_number = match pieces {
        [one, other] => digits(one) < YEAR_DIGITS || digits(other) < YEAR_DIGITS,
        [first, between @ .., last] => {
            let separator = between.first().map(|piece| piece.before);
            let is_group = |piece: &Piece| digits(piece) == 3 && Some(piece.before) == separator;
            digits(first) <= 3 && between.iter().all(is_group) && (is_group(last) || Some(last.before) != separator)
        }
        _ => false,
    };
    let mut tokens = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        for mut one in tokens_of(piece.text, piece.start, piece.end) {
            if is_one_number && at > 0 {
                one.word.insert(0, FRACTION);
            }
            tokens.push(one);
        }
    }
    tokens
}

//! How near two names are that sound alike: the cost of turning one into the other, where vowels are cheap, the more so
//! against a script that leaves them out, and consonants that are taken for each other cost half.

use crate::text::phonetic::{Sound, Word};

/// Letters that are exchanged for one another in names.
const EXCHANGED: &[&str] = &["kqgxc", "szc", "dtz", "bp", "fv", "jg"];

/// Words that are less alike are not taken for one word.
const LEAST: f64 = 0.4;

/// What an initial is worth against the word that it may stand for.
const INITIAL: f64 = 0.8;

/// A word that is missing, or in another place, counts a little against names that agree as a whole.
const BY_WORDS: f64 = 0.97;

/// What one article more or less counts.
const ARTICLE: f64 = 0.01;

/// From 0, nothing in common, to 1, the same letters.
pub fn closeness(one: &Sound, other: &Sound) -> f64 {
    let whole = |sound: &Sound| -> String { sound.words.iter().map(|word| word.letters.as_str()).collect() };
    let abjad = |sound: &Sound| sound.words.iter().any(|word| word.is_abjad);
    let as_whole = likeness(&whole(one), &whole(other), abjad(one), abjad(other));
    let articles = ARTICLE * one.articles.abs_diff(other.articles) as f64;
    (as_whole.max(BY_WORDS * by_words(&one.words, &other.words)) - articles).clamp(0.0, 1.0)
}

/// The likeness of the words that go together best, each used once, over all words.
fn by_words(ones: &[Word], others: &[Word]) -> f64 {
    let mut free: Vec<&Word> = others.iter().collect();
    let mut sum = 0.0;
    for one in ones {
        let likeness = free.iter().enumerate().map(|(at, other)| (at, of_words(one, other)));
        // The first of equals, so that the answer does not hang on the order of a sort.
        let best = likeness.fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
        if best.1 > LEAST {
            free.remove(best.0);
            sum += best.1;
        }
    }
    2.0 * sum / (ones.len() + others.len()).max(1) as f64
}

fn of_words(one: &Word, other: &Word) -> f64 {
    let is_initial = |short: &Word, long: &Word| short.letters.len() == 1 && long.letters.starts_with(&short.letters);
    if one.letters != other.letters && (is_initial(one, other) || is_initial(other, one)) {
        return INITIAL;
    }
    likeness(&one.letters, &other.letters, one.is_abjad, other.is_abjad)
}

fn likeness(one: &str, other: &str, one_is_abjad: bool, other_is_abjad: bool) -> f64 {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.is_empty() || other.is_empty() {
        // A lone hamza has no letter to compare.
        return 0.0;
    }
    let longest = one.len().max(other.len());
    (1.0 - distance(&one, &other, one_is_abjad, other_is_abjad) / longest as f64).max(0.0)
}

/// Levenshtein's distance with these weights.
fn distance(one: &[char], other: &[char], one_is_abjad: bool, other_is_abjad: bool) -> f64 {
    let missing = |c: char, from_abjad: bool, against_abjad: bool| match (is_vowel(c), from_abjad, against_abjad) {
        // Often no letter of its own: Kadhimi, Kazimi; Abdallah, Abdalla.
        (false, ..) if c == 'h' => 0.5,
        (false, ..) => 1.0,
        // A long vowel, which both scripts write.
        (true, true, _) => 0.5,
        (true, false, true) => 0.12,
        (true, false, false) => 0.35,
    };
    let mut above: Vec<f64> = std::iter::once(0.0)
        .chain(other.iter().scan(0.0, |sum, c| {
            *sum += missing(*c, other_is_abjad, one_is_abjad);
            Some(*sum)
        }))
        .collect();
    for c in one {
        let without = missing(*c, one_is_abjad, other_is_abjad);
        let mut row = Vec::with_capacity(above.len());
        row.push(above[0] + without);
        for (at, d) in other.iter().enumerate() {
            let exchanged = above[at] + exchange(*c, *d);
            let left_out = (above[at + 1] + without).min(row[at] + missing(*d, other_is_abjad, one_is_abjad));
            row.push(exchanged.min(left_out));
        }
        above = row;
    }
    above.last().copied().unwrap_or(0.0)
}

fn exchange(c: char, d: char) -> f64 {
    if c == d {
        0.0
    } else if is_vowel(c) && is_vowel(d) {
        0.2
    } else if EXCHANGED.iter().any(|letters| letters.contains(c) && letters.contains(d)) {
        0.4
    } else {
        1.0
    }
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'w')
}

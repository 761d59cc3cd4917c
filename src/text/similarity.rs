//! Similarity of names that share a phonetic key: a weighted edit distance.
//!
//! Changed vowels cost little, and even less against a script that leaves out vowels. Consonants that are often exchanged for each
//! other cost 0.4 instead of 1.

use crate::text::phonetic::{Sound, Word};

/// Minimum similarity of two words that are counted as a pair.
const MIN_WORD_SIMILARITY: f64 = 0.4;

/// Similarity of an initial and a word that starts with it.
const INITIAL_SIMILARITY: f64 = 0.8;

/// Factor of the similarity by words. It ranks names with missing or reordered words slightly below names that agree as a whole.
const BY_WORDS_FACTOR: f64 = 0.97;

/// Factor of the similarity of a name to a part of a longer one, and the penalty for each word that the longer one has besides.
const PART_FACTOR: f64 = 0.88;
const MISSING_PENALTY: f64 = 0.03;

/// Penalty for each article that only one of the names has.
const ARTICLE_PENALTY: f64 = 0.01;

/// Number of letters of a word or name that are compared. The time grows with the product of both lengths.
const MAX_LETTERS: usize = 100;

/// Number of words of a name that are compared one by one.
const MAX_WORDS: usize = 30;

/// Returns the similarity of two names, from 0 (nothing in common) to 1 (the same letters).
///
/// Only the first 100 letters of a name or word and the first 30 words are compared; what is longer counts as different, unless it
/// is equal.
pub fn closeness(one: &Sound, other: &Sound) -> f64 {
    let whole = |sound: &Sound| -> String { sound.words.iter().map(|word| word.letters.as_str()).collect() };
    let abjad = |sound: &Sound| sound.words.iter().any(|word| word.is_abjad);
    let as_whole = similarity(&whole(one), &whole(other), abjad(one), abjad(other));
    let articles = ARTICLE_PENALTY * one.articles.abs_diff(other.articles) as f64;
    let (pairs, all) = (pairs(&one.words, &other.words), one.words.len() + other.words.len());
    let by_words = BY_WORDS_FACTOR * 2.0 * pairs / all.max(1) as f64;
    // The words of the shorter name, relative to themselves.
    let shorter = one.words.len().min(other.words.len());
    let missing = all - 2 * shorter;
    let as_part = match (shorter, missing) {
        (0, _) | (_, 0) => 0.0,
        _ => PART_FACTOR * pairs / shorter as f64 - MISSING_PENALTY * missing as f64,
    };
    (as_whole.max(by_words).max(as_part) - articles).clamp(0.0, 1.0)
}

/// The sum of the similarities of the best pairs of words. Each word is in at most one pair.
fn pairs(ones: &[Word], others: &[Word]) -> f64 {
    let mut free: Vec<&Word> = others.iter().take(MAX_WORDS).collect();
    let mut sum = 0.0;
    for one in ones.iter().take(MAX_WORDS) {
        let similarity = free.iter().enumerate().map(|(at, other)| (at, word_similarity(one, other)));
        // Among equals the first is chosen, so that the result is deterministic.
        let best = similarity.fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
        if best.1 > MIN_WORD_SIMILARITY {
            free.remove(best.0);
            sum += best.1;
        }
    }
    sum
}

fn word_similarity(one: &Word, other: &Word) -> f64 {
    let is_initial = |short: &Word, long: &Word| short.letters.len() == 1 && long.letters.starts_with(&short.letters);
    if one.letters != other.letters && (is_initial(one, other) || is_initial(other, one)) {
        return INITIAL_SIMILARITY;
    }
    similarity(&one.letters, &other.letters, one.is_abjad, other.is_abjad)
}

fn similarity(one: &str, other: &str, one_is_abjad: bool, other_is_abjad: bool) -> f64 {
    if one == other && !one.is_empty() {
        return 1.0;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.is_empty() || other.is_empty() {
        // A lone hamza has no Latin letter to compare.
        return 0.0;
    }
    let longest = one.len().max(other.len());
    let (one, one_rest) = one.split_at(one.len().min(MAX_LETTERS));
    let (other, other_rest) = other.split_at(other.len().min(MAX_LETTERS));
    let rest = if one_rest == other_rest { 0 } else { one_rest.len().max(other_rest.len()) };
    (1.0 - (distance(one, other, one_is_abjad, other_is_abjad) + rest as f64) / longest as f64).max(0.0)
}

/// The Levenshtein distance with weights.
fn distance(one: &[char], other: &[char], one_is_abjad: bool, other_is_abjad: bool) -> f64 {
    let missing = |c: char, from_abjad: bool, against_abjad: bool| match (is_vowel(c), from_abjad, against_abjad) {
        // `h` is often part of a digraph, or silent: Kadhimi, Kazimi; Abdallah, Abdalla.
        (false, ..) if c == 'h' => 0.5,
        (false, ..) => 1.0,
        // A written vowel of an abjad is long, so the other script writes it too.
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
    let others: Vec<(char, u8, f64)> =
        other.iter().map(|d| (*d, groups(*d), missing(*d, other_is_abjad, one_is_abjad))).collect();
    let mut row = Vec::with_capacity(above.len());
    for c in one {
        let (deletion, own_groups) = (missing(*c, one_is_abjad, other_is_abjad), groups(*c));
        row.clear();
        row.push(above[0] + deletion);
        for (at, (d, their_groups, insertion)) in others.iter().enumerate() {
            let substituted = above[at] + substitution(*c, *d, own_groups & their_groups != 0);
            let inserted_or_deleted = (above[at + 1] + deletion).min(row[at] + insertion);
            row.push(substituted.min(inserted_or_deleted));
        }
        std::mem::swap(&mut above, &mut row);
    }
    above.last().copied().unwrap_or(0.0)
}

/// The cost of replacing one letter with another.
fn substitution(c: char, d: char, is_exchangeable: bool) -> f64 {
    if c == d {
        0.0
    } else if is_vowel(c) && is_vowel(d) {
        0.2
    } else if is_exchangeable {
        0.4
    } else {
        1.0
    }
}

/// The groups of letters that are often exchanged for one another in names, one bit each: kqgxc, szc, dtz, bp, fv, jg.
fn groups(c: char) -> u8 {
    match c {
        'k' | 'q' | 'x' => 1,
        'g' => 1 | 32,
        'c' => 1 | 2,
        's' => 2,
        'z' => 2 | 4,
        'd' | 't' => 4,
        'b' | 'p' => 8,
        'f' | 'v' => 16,
        'j' => 32,
        _ => 0,
    }
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'w')
}

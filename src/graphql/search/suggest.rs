//! Spelling suggestions ("did you mean"): names in the graph that are similar to one that was not found.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use tokio::task::coop::consume_budget;

use crate::graphql::filter::NameQuery;
use crate::graphql::session::{Session, SharedError};
use crate::text::fold;
use crate::text::phonetic::{Sound, Word};
use crate::text::similarity::closeness;

/// Maximum number of suggestions.
const MAX_SUGGESTIONS: usize = 5;
/// Minimum closeness of a suggestion.
const MIN_CLOSENESS: f64 = 0.55;
/// Maximum number of names read for each word.
const MAX_NAMES: u64 = 500;
/// Maximum number of words of the text for which misspellings are searched.
const MAX_WORDS: usize = 4;
/// Number of words of a stored name that are compared one by one.
const MAX_NAME_WORDS: usize = 30;
/// Maximum number of phonetic skeletons of each such word.
const MAX_KEYS: usize = 2;
/// Longest skeleton whose misspellings are searched, in consonants. Each consonant adds 35 misspellings to the statement.
const MAX_CONSONANTS: usize = 16;
/// The consonants of skeletons (see [`Sound`]).
const CONSONANTS: &str = "bdfhjklmnrstwyzS";

/// Returns names similar to a text: names that lack one of its words, and names with a word that differs in one
/// consonant. Names in the script of the text come first, then the closest. A text that cannot be a name has no
/// suggestions.
pub(crate) async fn suggestions(session: &Session, text: &str) -> Result<Vec<String>, SharedError> {
    const FOUND: &str = "found";
    let Ok(query) = NameQuery::new(text) else { return Ok(Vec::new()) };
    let mut ways = query.searches_but_one_word();
    for word in query.sound().words.iter().take(MAX_WORDS) {
        let near: BTreeSet<String> = word.keys.iter().take(MAX_KEYS).flat_map(|key| misspellings(key)).collect();
        ways.extend(NameQuery::search_phonetic_keys(near.into_iter().collect()));
    }
    let limited = |mut names: SelectStatement| {
        names.distinct().order_by("name_id", Order::Asc).limit(MAX_NAMES);
        Query::select().column((FOUND, "name_id")).from_subquery(names, FOUND).take()
    };
    let all = ways
        .iter()
        .map(|way| limited(way.select()))
        .reduce(|mut left, right| left.union(UnionType::Distinct, right).take());
    let Some(all) = all else { return Ok(Vec::new()) };
    let select = Query::select()
        .columns([("name", "target_id"), ("name", "text")])
        .from_subquery(all, FOUND)
        .join(JoinType::InnerJoin, "name", Expr::col(("name", "id")).equals((FOUND, "name_id")))
        .take();
    let mut similar = BTreeSet::new();
    for row in session.all(&select).await?.iter() {
        let (bearer, name): (i64, String) = (row.get("target_id")?, row.get("text")?);
        // Comparing names takes time: a request that is cancelled meanwhile ends here.
        consume_budget().await;
        let closeness = best_closeness(query.sound(), &Sound::letters_of(&name));
        if closeness >= MIN_CLOSENESS {
            // Names in the text's own script come first: in other scripts unwritten vowels match any vowel, so they
            // look closer than they are.
            let is_other_script = fold::script(&name) != fold::script(text);
            similar.insert((is_other_script, -(closeness * 1000.0).round() as i64, name, bearer));
        }
    }
    // One name per bearer, and each name once.
    let (mut bearers, mut names) = (BTreeSet::new(), Vec::new());
    for (.., name, bearer) in similar {
        if names.len() < MAX_SUGGESTIONS && bearers.insert(bearer) && !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Returns the closeness of a name to the text. For a text of one word, it is the closeness of the closest single word
/// if that is higher.
fn best_closeness(query: &Sound, name: &Sound) -> f64 {
    let whole = closeness(query, name);
    if query.words.len() > 1 {
        return whole;
    }
    let alone = |word: &Word| Sound { words: vec![word.clone()], ..Sound::default() };
    name.words.iter().take(MAX_NAME_WORDS).map(|word| closeness(query, &alone(word))).fold(whole, f64::max)
}

/// Returns the skeletons that differ from one by a single edit of a consonant: removed, inserted, replaced, or swapped
/// with the next; none for a skeleton that is longer than [`MAX_CONSONANTS`].
fn misspellings(key: &str) -> Vec<String> {
    if key.len() > MAX_CONSONANTS {
        return Vec::new();
    }
    let letters: Vec<char> = key.chars().collect();
    let mut all = Vec::new();
    let mut add = |letters: Vec<char>| all.push(letters.into_iter().collect::<String>());
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        if let [_, rest @ ..] = after {
            add([before, rest].concat());
        }
        if let [one, other, rest @ ..] = after {
            add([before, &[*other, *one], rest].concat());
        }
        for consonant in CONSONANTS.chars() {
            add([before, &[consonant], after].concat());
            if let [_, rest @ ..] = after {
                add([before, &[consonant], rest].concat());
            }
        }
    }
    all.retain(|key| !key.is_empty());
    all
}

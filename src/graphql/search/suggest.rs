//! "Did you mean": names at hand that are near one that nothing has.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};

use crate::graphql::filter::NameQuery;
use crate::graphql::loading::session::{Session, SharedError};
use crate::text::fold;
use crate::text::phonetic::{Sound, Word};
use crate::text::similarity::closeness;

/// Names that are suggested.
const MOST: usize = 5;
/// Names that are less near are no suggestion.
const LEAST: f64 = 0.55;
/// Names that are looked at for each word.
const MOST_NAMES: u64 = 500;
/// Words of a name that are looked for misspelt, and skeletons of each.
const MOST_WORDS: usize = 4;
const MOST_KEYS: usize = 2;
/// The consonants of skeletons (see [`Sound`]).
const CONSONANTS: &str = "bdfhjklmnrstwyzS";

/// Names near a text, those in its script first, then the nearest: those that lack one of its words, and those with a word whose consonants differ in
/// one place. A text that is no name has none.
pub(crate) async fn suggestions(session: &Session, text: &str) -> Result<Vec<String>, SharedError> {
    const FOUND: &str = "found";
    let Ok(asked) = NameQuery::new(text) else { return Ok(Vec::new()) };
    let mut ways = asked.but_one();
    for word in asked.sound.words.iter().take(MOST_WORDS) {
        let near: BTreeSet<String> = word.keys.iter().take(MOST_KEYS).flat_map(|key| misspelt(key)).collect();
        ways.extend(NameQuery::with_sound(near.into_iter().collect()));
    }
    let limited = |mut names: SelectStatement| {
        names.distinct().order_by("name_id", Order::Asc).limit(MOST_NAMES);
        Query::select().column((FOUND, "name_id")).from_subquery(names, FOUND).take()
    };
    let all = ways.into_iter().map(limited).reduce(|mut left, right| left.union(UnionType::Distinct, right).take());
    let Some(all) = all else { return Ok(Vec::new()) };
    let select = Query::select()
        .columns([("name", "target_id"), ("name", "text")])
        .from_subquery(all, FOUND)
        .join(JoinType::InnerJoin, "name", Expr::col(("name", "id")).equals((FOUND, "name_id")))
        .take();
    let mut near = BTreeSet::new();
    for row in session.all(&select).await? {
        let (bearer, name): (i64, String) = (row.try_get("", "target_id")?, row.try_get("", "text")?);
        let closeness = nearest(&asked.sound, &Sound::of(&name));
        if closeness >= LEAST {
            // Names in the script that was asked in come first: vowels that are not written always agree.
            let is_other_script = fold::script(&name) != fold::script(text);
            near.insert((is_other_script, -(closeness * 1000.0).round() as i64, name, bearer));
        }
    }
    // Of each bearer the first of its names, and each name once.
    let (mut bearers, mut names) = (BTreeSet::new(), Vec::new());
    for (.., name, bearer) in near {
        if names.len() < MOST && bearers.insert(bearer) && !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// How near a name is to the asked one, or a word of it where one word was asked for.
fn nearest(asked: &Sound, name: &Sound) -> f64 {
    let whole = closeness(asked, name);
    if asked.words.len() > 1 {
        return whole;
    }
    let alone = |word: &Word| Sound { words: vec![word.clone()], ..Sound::default() };
    name.words.iter().map(|word| closeness(asked, &alone(word))).fold(whole, f64::max)
}

/// Skeletons that differ in one consonant: left out, put in, exchanged, or changed for its neighbour.
fn misspelt(key: &str) -> Vec<String> {
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

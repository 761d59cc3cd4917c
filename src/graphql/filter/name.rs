//! Filters on names. Each rule for comparing names (`NameRule`) becomes a select that uses an index.

use std::collections::HashMap;
use std::sync::OnceLock;

use async_graphql::InputObject;
use entity::name_key::NameRule;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::db::{Dialect, LIST};
use crate::error::{Error, Result};
use crate::graphql::filter::{FilterContext, any};
use crate::text::fold;
use crate::text::limits::short_text_problem;
use crate::text::phonetic::Sound;

/// Maximum number of words in a searched name.
const MAX_WORDS: usize = 20;
/// Maximum number of names counted for each key.
const MAX_FREQUENCY: u64 = 5_000;

/// Filter on the names of an actor or place. A label that only describes ("the kidnappers") is not a name and does not match.
#[derive(Clone, Debug, InputObject)]
pub struct NameMatch {
    /// A whole name, or one or more of its words, in any script. At most 20 words and 1,000 code points (`LIMIT`), with at least one letter or digit
    /// (`BAD_INPUT`). With the mode `PHONETIC` a single letter beside a longer word is an initial: it matches a word that
    /// starts with it.
    pub matches: String,
    /// Rules for comparing names; a name matches if any of them matches. Default: all. An empty list is an error (`BAD_INPUT`).
    pub modes: Option<Vec<NameRule>>,
}

impl NameMatch {
    /// Matches rows whose id is in `column` and that have a matching name.
    pub(crate) fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_selective = true;
        context.names.push(self.matches.clone());
        let names = NameQuery::new(&self.matches)?;
        let rules = rules_or_all(self.modes.as_deref())?;
        // One select per rule, combined by UNION: each uses an index. No planner does that for an OR between them.
        let all = rules
            .iter()
            .flat_map(|rule| names.selects_by(*rule))
            .reduce(|mut left, right| left.union(UnionType::All, right).take());
        let Some(all) = all else { return Ok(any([])) };
        let bearers =
            Query::select().column("target_id").from("name").and_where(Expr::col("id").in_subquery(all)).take();
        Ok(column.in_subquery(bearers))
    }
}

/// Returns the given rules, or all if none are given. Error: `BAD_INPUT` for an empty list.
fn rules_or_all(modes: Option<&[NameRule]>) -> Result<&[NameRule]> {
    match modes {
        Some([]) => Err(Error::BadInput(
            "`modes` is empty, so no name can match: give at least one mode, or omit it for all".into(),
        )),
        modes => Ok(modes.unwrap_or(NameRule::ALL)),
    }
}

/// A name that is searched, in the forms by which names are compared.
#[derive(Clone)]
pub(crate) struct NameQuery {
    text: String,
    /// The folded words of the text, in one or two readings: apostrophes join words, or separate them.
    readings: Vec<Vec<String>>,
    /// The folded words as one.
    joined: String,
    /// The phonetic keys of the text, computed when they are first needed.
    sound: OnceLock<Sound>,
    /// The number of names that have each phonetic key, if they were counted.
    frequencies: HashMap<String, i64>,
}

/// Alternative keys: a name must have one of them.
type KeyGroup = Vec<String>;

impl NameQuery {
    /// Prepares a name. Errors: `BAD_INPUT` for a text without a letter or digit, `LIMIT` for more than 20 words or a text that
    /// is longer than any name.
    pub(crate) fn new(text: &str) -> Result<Self> {
        if let Some(problem) = short_text_problem(text) {
            return Err(Error::Limit(format!("`matches` {problem}: give a shorter name")));
        }
        let words = fold::words(text);
        if words.is_empty() {
            return Err(Error::BadInput("`matches` has no letter or digit: give a name or part of one".into()));
        }
        if words.len() > MAX_WORDS {
            return Err(Error::Limit(format!("`matches` has more than {MAX_WORDS} words: give a shorter name")));
        }
        let mut readings = vec![fold::unspaced_parts(&words), fold::unspaced_parts(&fold::part_words(text))];
        readings.dedup();
        Ok(Self {
            text: text.to_owned(),
            joined: words.concat(),
            readings,
            sound: OnceLock::new(),
            frequencies: HashMap::new(),
        })
    }

    /// Returns the phonetic keys of the text.
    pub(crate) fn sound(&self) -> &Sound {
        self.sound.get_or_init(|| Sound::of(&self.text))
    }

    /// Returns a select of the phonetic keys (`key`) and how many names have each (`names`, up to a maximum); `None` if there are
    /// not several words, whose order could matter.
    pub(crate) fn select_frequencies(&self, dialect: Dialect) -> Option<SelectStatement> {
        if self.sound().words.len() < 2 {
            return None;
        }
        let some = Query::select()
            .expr_as(Expr::cust("1"), "one")
            .from("name_key")
            .and_where(Expr::col(("name_key", "rule")).eq(NameRule::Phonetic.to_value()))
            .and_where(Expr::col(("name_key", "key")).eq(dialect.item()))
            .limit(MAX_FREQUENCY)
            .take();
        let names = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(some, Alias::new("some")).take();
        let keys = self.sound().keys();
        let keys = dialect.texts(keys.iter().map(String::as_str));
        let select = Query::select()
            .expr_as(dialect.item(), "key")
            .expr_as(Expr::SubQuery(None, Box::new(names.into())), "names")
            .from_function(dialect.table(keys), LIST)
            .take();
        Some(select)
    }

    /// Sets the result of [`Self::select_frequencies`]. Selects then start with the word that the fewest names have, which is
    /// several times as fast as starting with the longest.
    pub(crate) fn set_frequencies(&mut self, frequencies: HashMap<String, i64>) {
        self.frequencies = frequencies;
    }

    /// Returns selects of the ids (`name_id`) of the names that match by a rule. A name may be in several of them.
    pub(crate) fn selects_by(&self, rule: NameRule) -> Vec<SelectStatement> {
        match rule {
            NameRule::Exact => {
                let name = Expr::col(("name", "text")).eq(self.text.as_str());
                vec![Query::select().expr_as(Expr::col(("name", "id")), "name_id").from("name").and_where(name).take()]
            }
            NameRule::Folded => self.selects_by_words(&[NameRule::Folded], str::to_owned),
            // Either the stored or the searched name may be in another script.
            NameRule::Transliterated => {
                self.selects_by_words(&[NameRule::Folded, NameRule::Transliterated], fold::to_latin)
            }
            NameRule::Phonetic => {
                let words = self.required();
                let all = words.iter().map(|index| self.phonetic_keys(*index)).collect();
                let paired = self.sound().pairs.iter().map(|pair| {
                    let others = words.iter().filter(|index| !pair.words.contains(index));
                    let others = others.map(|index| self.phonetic_keys(*index));
                    std::iter::once(pair.keys.clone()).chain(others).collect()
                });
                let selects =
                    std::iter::once(all).chain(paired).filter_map(|groups| self.select_with_all(&[rule], groups));
                selects.map(|names| self.with_initials(&words, names)).collect()
            }
        }
    }

    /// Returns selects of the names that match phonetically in all words but one.
    pub(crate) fn selects_but_one_word(&self) -> Vec<SelectStatement> {
        let words = self.required();
        if words.len() < 2 {
            return Vec::new();
        }
        let without = |omitted: &usize| {
            words.iter().filter(|index| *index != omitted).map(|index| self.phonetic_keys(*index)).collect()
        };
        words.iter().filter_map(|omitted| self.select_with_all(&[NameRule::Phonetic], without(omitted))).collect()
    }

    /// Selects the names that have one of these phonetic keys.
    pub(crate) fn select_by_phonetic_keys(keys: Vec<String>) -> Option<SelectStatement> {
        select_with_all(&[NameRule::Phonetic], vec![keys])
    }

    /// Selects the names that have a key of each group; `None` if there is no group.
    fn select_with_all(&self, rules: &[NameRule], mut groups: Vec<KeyGroup>) -> Option<SelectStatement> {
        let frequency = |group: &KeyGroup| group.iter().filter_map(|key| self.frequencies.get(key)).sum::<i64>();
        // Starts with the key that the fewest names have. Without counts that is likely to be the longest.
        groups.sort_by_key(|group| (frequency(group), std::cmp::Reverse(group.iter().map(String::len).max())));
        select_with_all(rules, groups)
    }

    /// Returns selects of the names that contain all words, or the same words joined or split differently.
    fn selects_by_words(&self, rules: &[NameRule], form: fn(&str) -> String) -> Vec<SelectStatement> {
        let mut joined: KeyGroup = vec![form(&fold::fold_joined(&self.text)), form(&self.joined)];
        joined.retain(|form| !form.is_empty());
        joined.dedup();
        let mut alternatives = vec![vec![joined]];
        for words in &self.readings {
            let words: Vec<KeyGroup> =
                words.iter().map(|word| vec![form(word)]).filter(|key| !key[0].is_empty()).collect();
            // A single word is the same joined.
            if !alternatives.contains(&words) {
                alternatives.push(words);
            }
        }
        alternatives.into_iter().filter_map(|groups| self.select_with_all(rules, groups)).collect()
    }

    /// Restricts a select to names that have, for each initial in the searched name, a word that starts with it.
    fn with_initials(&self, required: &[usize], mut names: SelectStatement) -> SelectStatement {
        let all = self.sound().words.iter().enumerate();
        for (_, word) in all.filter(|(index, word)| !required.contains(index) && !word.letters.is_empty()) {
            // A range of keys: from the initial up to the next letter.
            let end: String = word.letters.chars().map(|letter| char::from(letter as u8 + 1)).collect();
            let key = || Expr::col(("begun", "key"));
            let with_initial = Query::select()
                .expr(Expr::cust("1"))
                .from_as("name_key", Alias::new("begun"))
                .and_where(Expr::col(("begun", "name_id")).equals(("name_key", "name_id")))
                .and_where(
                    Expr::col(("begun", "rule"))
                        .is_in([NameRule::Folded, NameRule::Transliterated].map(|rule| rule.to_value())),
                )
                .and_where(key().gte(word.letters.as_str()))
                .and_where(key().lt(end))
                .take();
            names.and_where(Expr::exists(with_initial));
        }
        names
    }

    /// The phonetic keys of the word at an index.
    fn phonetic_keys(&self, index: usize) -> KeyGroup {
        self.sound().words[index].keys.clone()
    }

    /// Returns the indexes of the words that a name must contain phonetically: all but initials, if there are other words.
    fn required(&self) -> Vec<usize> {
        let words = &self.sound().words;
        let long: Vec<usize> = (0..words.len()).filter(|index| words[*index].letters.len() > 1).collect();
        if long.is_empty() { (0..words.len()).collect() } else { long }
    }
}

/// Selects the names that have a key of each group, starting with the first; `None` if there is no group.
fn select_with_all(rules: &[NameRule], mut groups: Vec<KeyGroup>) -> Option<SelectStatement> {
    groups.retain(|group| !group.is_empty());
    let has = |table: &'static str, group: &KeyGroup| {
        let rules = rules.iter().map(ActiveEnum::to_value);
        Expr::col((table, "rule")).is_in(rules).and(Expr::col((table, "key")).is_in(group.iter().map(String::as_str)))
    };
    let mut groups = groups.iter();
    let mut names = Query::select()
        .column(("name_key", "name_id"))
        .from("name_key")
        .and_where(has("name_key", groups.next()?))
        .take();
    for group in groups {
        let also = Query::select()
            .expr(Expr::cust("1"))
            .from_as("name_key", Alias::new("also"))
            .and_where(has("also", group))
            .and_where(Expr::col(("also", "name_id")).equals(("name_key", "name_id")))
            .take();
        names.and_where(Expr::exists(also));
    }
    Some(names)
}

//! Filters on names. Each rule for comparing names (`NameRule`) becomes searches that use an index.

use std::collections::HashMap;
use std::sync::OnceLock;

use async_graphql::{InputObject, Value as GraphQlValue};
use entity::name_key::NameRule;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType, Value};

use crate::db::{Dialect, LIST};
use crate::error::{Error, Result};
use crate::graphql::filter::operand::Shape;
use crate::graphql::filter::{FilterContext, Operand, any};
use crate::graphql::plan::arguments::decode;
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
    pub matches: Operand<String>,
    /// Rules for comparing names; a name matches if any of them matches. Default: all. An empty list is an error (`BAD_INPUT`).
    pub modes: Option<Vec<NameRule>>,
}

impl NameMatch {
    /// Matches rows whose id is in `column` and that have a matching name.
    pub(crate) fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_selective = true;
        let rules = rules_or_all(self.modes.as_deref())?.to_vec();
        match &self.matches {
            Operand::Given(text) => {
                context.names.push(text.clone());
                Ok(borne_by(column, &NameQuery::new(text)?.searches(&rules), &mut |value| Expr::val(value)))
            }
            Operand::Variable(variable) => {
                let searches = move |value: &GraphQlValue| -> Result<Vec<NameSearch>> {
                    Ok(NameQuery::new(&decode::<String>(Some(value.clone()))?)?.searches(&rules))
                };
                let sample = context.samples.get(*variable);
                let sample = sample.ok_or_else(|| Error::Internal("a variable of a filter is missing".into()))?;
                let found = searches(sample).inspect_err(|_| context.has_invalid_sample = true)?;
                let shaped = context.add_shaped(*variable, move |value| Ok(shape_of(&searches(value)?)));
                let count = found.iter().flat_map(NameSearch::values).count();
                let markers: Result<Vec<Value>> = (0..count).map(|_| context.bind_part(shaped)).collect();
                let mut markers = markers?.into_iter();
                Ok(borne_by(column, &found, &mut |value| Expr::val(markers.next().unwrap_or_else(|| value.into()))))
            }
        }
    }
}

/// Matches rows whose id is in `column` and that have a name which one of the searches finds.
fn borne_by(column: Expr, searches: &[NameSearch], bind: &mut impl FnMut(&str) -> Expr) -> Expr {
    bearers(searches, bind).map_or_else(|| any([]), |bearers| column.in_subquery(bearers))
}

/// Selects the ids (`target_id`) of the rows with a name that one of the searches finds; `None` without searches. `bind` returns the
/// expression for a value, in the order of [`NameSearch::values`].
pub(super) fn bearers(searches: &[NameSearch], bind: &mut impl FnMut(&str) -> Expr) -> Option<SelectStatement> {
    // Combined by UNION, each uses an index. No planner does that for an OR between them.
    let selects = searches.iter().map(|search| search.select_with(bind));
    let names = selects.reduce(|mut left, right| left.union(UnionType::All, right).take())?;
    Some(Query::select().column("target_id").from("name").and_where(Expr::col("id").in_subquery(names)).take())
}

/// Returns what the SQL of [`bearers`] depends on, and the values that it binds.
fn shape_of(searches: &[NameSearch]) -> Shape {
    let mut shape = Shape::default();
    for search in searches {
        search.write_shape(&mut shape.key);
        shape.values.extend(search.values().map(Value::from));
    }
    shape
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

    /// Returns the searches for names that match by one of these rules.
    pub(super) fn searches(&self, rules: &[NameRule]) -> Vec<NameSearch> {
        rules.iter().flat_map(|rule| self.searches_by(*rule)).collect()
    }

    /// Returns the searches for names that match by a rule. A name may be found by several of them.
    pub(crate) fn searches_by(&self, rule: NameRule) -> Vec<NameSearch> {
        match rule {
            NameRule::Exact => vec![NameSearch::Exact(self.text.clone())],
            NameRule::Folded => self.searches_by_words(&[NameRule::Folded], str::to_owned),
            // Either the stored or the searched name may be in another script.
            NameRule::Transliterated => {
                self.searches_by_words(&[NameRule::Folded, NameRule::Transliterated], fold::to_latin)
            }
            NameRule::Phonetic => {
                let words = self.required();
                let all = words.iter().map(|index| self.phonetic_keys(*index)).collect();
                let paired = self.sound().pairs.iter().map(|pair| {
                    let others = words.iter().filter(|index| !pair.words.contains(index));
                    let others = others.map(|index| self.phonetic_keys(*index));
                    std::iter::once(pair.keys.clone()).chain(others).collect()
                });
                let initials = self.initials(&words);
                let search = |groups| self.search_with_all(&[NameRule::Phonetic], groups, initials.clone());
                std::iter::once(all).chain(paired).filter_map(search).collect()
            }
        }
    }

    /// Returns the searches for names that match phonetically in all words but one.
    pub(crate) fn searches_but_one_word(&self) -> Vec<NameSearch> {
        let words = self.required();
        if words.len() < 2 {
            return Vec::new();
        }
        let without = |omitted: &usize| {
            words.iter().filter(|index| *index != omitted).map(|index| self.phonetic_keys(*index)).collect()
        };
        let search = |omitted| self.search_with_all(&[NameRule::Phonetic], without(omitted), Vec::new());
        words.iter().filter_map(search).collect()
    }

    /// Searches the names that have one of these phonetic keys.
    pub(crate) fn search_phonetic_keys(keys: Vec<String>) -> Option<NameSearch> {
        NameSearch::with_all(&[NameRule::Phonetic], vec![keys], Vec::new())
    }

    /// Searches the names that have a key of each group; `None` if there is no group.
    fn search_with_all(
        &self,
        rules: &'static [NameRule],
        mut groups: Vec<KeyGroup>,
        initials: Vec<[String; 2]>,
    ) -> Option<NameSearch> {
        let frequency = |group: &KeyGroup| group.iter().filter_map(|key| self.frequencies.get(key)).sum::<i64>();
        // Starts with the key that the fewest names have. Without counts that is likely to be the longest.
        groups.sort_by_key(|group| (frequency(group), std::cmp::Reverse(group.iter().map(String::len).max())));
        NameSearch::with_all(rules, groups, initials)
    }

    /// Returns the searches for names that contain all words, or the same words joined or split differently.
    fn searches_by_words(&self, rules: &'static [NameRule], form: fn(&str) -> String) -> Vec<NameSearch> {
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
        alternatives.into_iter().filter_map(|groups| self.search_with_all(rules, groups, Vec::new())).collect()
    }

    /// Returns the initials in the searched name, each as a range of keys: from the initial up to the next letter.
    fn initials(&self, required: &[usize]) -> Vec<[String; 2]> {
        let all = self.sound().words.iter().enumerate();
        let initials = all.filter(|(index, word)| !required.contains(index) && !word.letters.is_empty());
        let range = |letters: &str| {
            let end = letters.chars().map(|letter| char::from(letter as u8 + 1)).collect();
            [letters.to_owned(), end]
        };
        initials.map(|(_, word)| range(&word.letters)).collect()
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

/// A search for names that uses an index.
pub(crate) enum NameSearch {
    /// The names with exactly this text.
    Exact(String),
    /// The names that have, by one of the rules, a key of each group, and a word that starts with each initial.
    Keys { rules: &'static [NameRule], groups: Vec<KeyGroup>, initials: Vec<[String; 2]> },
}

impl NameSearch {
    /// Returns `None` if there is no group.
    fn with_all(rules: &'static [NameRule], mut groups: Vec<KeyGroup>, initials: Vec<[String; 2]>) -> Option<Self> {
        groups.retain(|group| !group.is_empty());
        (!groups.is_empty()).then_some(Self::Keys { rules, groups, initials })
    }

    /// Selects the ids (`name_id`) of the names.
    pub(crate) fn select(&self) -> SelectStatement {
        self.select_with(&mut |value| Expr::val(value))
    }

    /// The values that the select binds, in their order.
    fn values(&self) -> impl Iterator<Item = &str> {
        let (text, groups, initials) = match self {
            Self::Exact(text) => (Some(text), [].as_slice(), [].as_slice()),
            Self::Keys { groups, initials, .. } => (None, groups.as_slice(), initials.as_slice()),
        };
        text.into_iter().chain(groups.iter().flatten()).chain(initials.iter().flatten()).map(String::as_str)
    }

    /// Writes what the SQL text of the select depends on.
    fn write_shape(&self, key: &mut Vec<u8>) {
        match self {
            Self::Exact(_) => key.push(0),
            Self::Keys { rules, groups, initials } => {
                key.push(1);
                key.extend(rules.iter().map(|rule| *rule as u8));
                let lengths = groups.iter().map(Vec::len);
                for length in [rules.len(), groups.len(), initials.len()].into_iter().chain(lengths) {
                    key.extend(length.to_le_bytes());
                }
            }
        }
    }

    fn select_with(&self, bind: &mut impl FnMut(&str) -> Expr) -> SelectStatement {
        let (rules, groups, initials) = match self {
            Self::Exact(text) => {
                let is_equal = Expr::col(("name", "text")).eq(bind(text));
                return Query::select()
                    .expr_as(Expr::col(("name", "id")), "name_id")
                    .from("name")
                    .and_where(is_equal)
                    .take();
            }
            Self::Keys { rules, groups, initials } => (rules, groups, initials),
        };
        let mut names = Query::select().column(("name_key", "name_id")).from("name_key").take();
        for (index, group) in groups.iter().enumerate() {
            let keys: Vec<Expr> = group.iter().map(|key| bind(key)).collect();
            if index == 0 {
                names.and_where(has_rule("name_key", rules)).and_where(Expr::col(("name_key", "key")).is_in(keys));
            } else {
                names.and_where(has_word("also", rules, |key| key.is_in(keys)));
            }
        }
        for [start, end] in initials {
            let (start, end) = (bind(start), bind(end));
            let rules = [NameRule::Folded, NameRule::Transliterated];
            names.and_where(has_word("begun", &rules, |key| key.clone().gte(start).and(key.lt(end))));
        }
        names
    }
}

/// Matches keys of one of the rules, which are written into the SQL: they are few, and planners know how frequent each is.
fn has_rule(table: &'static str, rules: &[NameRule]) -> Expr {
    Expr::col((table, "rule")).is_in(rules.iter().map(|rule| Expr::Constant(rule.to_value().into())))
}

/// Matches keys in `name_key` whose name has another key, under the alias `table`, that passes a test.
fn has_word(table: &'static str, rules: &[NameRule], test: impl FnOnce(Expr) -> Expr) -> Expr {
    let word = Query::select()
        .expr(Expr::cust("1"))
        .from_as("name_key", Alias::new(table))
        .and_where(has_rule(table, rules))
        .and_where(test(Expr::col((table, "key"))))
        .and_where(Expr::col((table, "name_id")).equals(("name_key", "name_id")))
        .take();
    Expr::exists(word)
}

//! Filters of names: each rule by which names are compared, as a select that enters an index.

use async_graphql::InputObject;
use entity::name_key::NameRule;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::error::{Error, Result};
use crate::graphql::filter::{FilterContext, any};
use crate::text::fold;
use crate::text::phonetic::Sound;

/// The most words of a name that is asked for.
const MOST_WORDS: usize = 20;

/// A filter of the names of an actor or place. A label that is a description is no name.
#[derive(Clone, Debug, InputObject)]
pub struct NameMatch {
    /// The name, whole or one or more of its words, in any script. A single letter stands for a word that it begins, where
    /// there is another word.
    pub matches: String,
    /// How names are compared; all ways when left out.
    pub modes: Option<Vec<NameRule>>,
}

impl NameMatch {
    /// The number of a row that bears a name that matches.
    pub(crate) fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_named = true;
        context.names.push(self.matches.clone());
        let names = NameQuery::new(&self.matches)?;
        let rules = some_rules(self.modes.as_deref())?;
        // One select a way, joined by UNION: each enters an index, which no planner does for an OR between them.
        let all = rules
            .iter()
            .flat_map(|rule| names.by(*rule))
            .reduce(|mut left, right| left.union(UnionType::All, right).take());
        let Some(all) = all else { return Ok(any([])) };
        let bearers =
            Query::select().column("target_id").from("name").and_where(Expr::col("id").in_subquery(all)).take();
        Ok(column.in_subquery(bearers))
    }
}

/// The rules that were asked for, or all.
pub(crate) fn some_rules(modes: Option<&[NameRule]>) -> Result<&[NameRule]> {
    match modes {
        Some([]) => {
            Err(Error::BadInput("`modes` is empty, so no name can match: name one, or leave it out for all".into()))
        }
        modes => Ok(modes.unwrap_or(NameRule::ALL)),
    }
}

/// What a name that is asked for is compared by.
pub(crate) struct NameQuery {
    text: String,
    /// Its folded words.
    words: Vec<String>,
    pub(crate) sound: Sound,
}

/// Keys of which a name must have one.
type OneOf = Vec<String>;

impl NameQuery {
    /// Errors: `BAD_INPUT` for a text without a letter or digit, `LIMIT` for more than 20 words.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let words = fold::words(text);
        if words.is_empty() {
            return Err(Error::BadInput("`matches` has no letter or digit: write a name or a part of one".into()));
        }
        if words.len() > MOST_WORDS {
            return Err(Error::Limit(format!("`matches` has more than {MOST_WORDS} words: write a name")));
        }
        Ok(Self { text: text.to_owned(), words, sound: Sound::of(text) })
    }

    /// Selects of the numbers of names, as `name_id`, that agree by a rule; a name may be in more than one.
    pub(crate) fn by(&self, rule: NameRule) -> Vec<SelectStatement> {
        match rule {
            NameRule::Exact => {
                let name = Expr::col(("name", "text")).eq(self.text.as_str());
                vec![Query::select().expr_as(Expr::col(("name", "id")), "name_id").from("name").and_where(name).take()]
            }
            NameRule::Folded => self.by_words(&[NameRule::Folded], str::to_owned),
            // Either side may be the one in other letters.
            NameRule::Transliterated => self.by_words(&[NameRule::Folded, NameRule::Transliterated], fold::to_latin),
            NameRule::Phonetic => {
                let words = self.required();
                let all = words.iter().map(|at| self.keys(*at)).collect();
                let paired = self.sound.pairs.iter().map(|pair| {
                    let others = words.iter().filter(|at| !pair.words.contains(at)).map(|at| self.keys(*at));
                    std::iter::once(pair.keys.clone()).chain(others).collect()
                });
                let selects = std::iter::once(all).chain(paired).filter_map(|groups| with_all(&[rule], groups));
                selects.map(|names| self.with_initials(&words, names)).collect()
            }
        }
    }

    /// Selects of names that lack one of the words by their sound.
    pub(crate) fn but_one(&self) -> Vec<SelectStatement> {
        let words = self.required();
        if words.len() < 2 {
            return Vec::new();
        }
        let without = |left_out: &usize| words.iter().filter(|at| *at != left_out).map(|at| self.keys(*at)).collect();
        words.iter().filter_map(|left_out| with_all(&[NameRule::Phonetic], without(left_out))).collect()
    }

    /// Selects names that have one of these skeletons.
    pub(crate) fn with_sound(keys: Vec<String>) -> Option<SelectStatement> {
        with_all(&[NameRule::Phonetic], vec![keys])
    }

    /// The words are all among the name's words, or they are its words joined or split otherwise.
    fn by_words(&self, rules: &[NameRule], form: fn(&str) -> String) -> Vec<SelectStatement> {
        let words: Vec<OneOf> =
            self.words.iter().map(|word| vec![form(word)]).filter(|key| !key[0].is_empty()).collect();
        let mut joined: OneOf = vec![form(&fold::fold_joined(&self.text)), form(&self.words.concat())];
        joined.retain(|form| !form.is_empty());
        joined.dedup();
        let joined = vec![joined];
        // One word is itself joined.
        let ways = if words == joined { vec![words] } else { vec![words, joined] };
        ways.into_iter().filter_map(|groups| with_all(rules, groups)).collect()
    }

    /// Only names that have, for each initial that is asked for, a word that it begins.
    fn with_initials(&self, required: &[usize], mut names: SelectStatement) -> SelectStatement {
        let all = self.sound.words.iter().enumerate();
        for (_, word) in all.filter(|(at, word)| !required.contains(at) && !word.letters.is_empty()) {
            // Keys from this letter on, up to those that begin with the next one.
            let behind: String = word.letters.chars().map(|letter| char::from(letter as u8 + 1)).collect();
            let key = || Expr::col(("begun", "key"));
            let begun = Query::select()
                .expr(Expr::cust("1"))
                .from_as("name_key", Alias::new("begun"))
                .and_where(Expr::col(("begun", "name_id")).equals(("name_key", "name_id")))
                .and_where(
                    Expr::col(("begun", "rule"))
                        .is_in([NameRule::Folded, NameRule::Transliterated].map(|rule| rule.to_value())),
                )
                .and_where(key().gte(word.letters.as_str()))
                .and_where(key().lt(behind))
                .take();
            names.and_where(Expr::exists(begun));
        }
        names
    }

    fn keys(&self, at: usize) -> OneOf {
        self.sound.words[at].keys.clone()
    }

    /// The words that a name must have by their sound: all but initials, where there are others.
    fn required(&self) -> Vec<usize> {
        let words = &self.sound.words;
        let long: Vec<usize> = (0..words.len()).filter(|at| words[*at].letters.len() > 1).collect();
        if long.is_empty() { (0..words.len()).collect() } else { long }
    }
}

/// Selects the names that have a key of each group.
fn with_all(rules: &[NameRule], mut groups: Vec<OneOf>) -> Option<SelectStatement> {
    groups.retain(|group| !group.is_empty());
    // From the longest key, which the fewest names have.
    groups.sort_by_key(|group| std::cmp::Reverse(group.iter().map(String::len).max()));
    let has = |table: &'static str, group: &OneOf| {
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

//! Ranked candidates for the hits of a search.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use entity::name_key::NameRule;
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use tokio::task::coop::consume_budget;

use crate::db::LIST;
use crate::db::full_text::Within;
use crate::graphql::filter::NameQuery;
use crate::graphql::search::{SearchKind, SearchRule, TextSearch};
use crate::graphql::session::{Session, SharedError};
use crate::text::phonetic::Sound;
use crate::text::similarity::closeness;

/// Maximum number of names read for each rule.
const MAX_NAMES: u64 = 2_000;
/// Maximum number of names read for each word that may be missing.
const MAX_PARTIAL_NAMES: u64 = 500;
/// Maximum number of hits by name whose uses are counted: those with the closest names.
const MAX_USE_COUNTED: usize = 200;
/// Maximum number of uses counted in each of the three tables.
const MAX_USES: u64 = 100;
/// Bonus on the closeness of a name whose bearer is used [`MAX_USES`] times. It is worth one letter's difference in a
/// long name.
const MAX_USE_BONUS: f64 = 0.05;

/// A node found by a search.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: i64,
    pub(super) kind: RecordKind,
    pub(super) rule: SearchRule,
    pub(super) name: Option<MatchedName>,
}

/// The name that matches.
#[derive(Clone, Debug)]
pub(super) struct MatchedName {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) closeness: f64,
}

/// The names that are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Those with all words.
    Whole,
    /// Those with all words but one.
    Part,
}

/// Returns the best hits, best first: by name, then by text, then by names with all words but one.
pub(super) async fn rank(search: &TextSearch, session: &Session) -> Result<Vec<Candidate>, SharedError> {
    let name = match &search.name {
        Some(name) => Some(with_frequencies(name, session).await?),
        None => None,
    };
    let mut all = match &name {
        Some(name) => by_name(search, name, Names::Whole, session).await?,
        None => Vec::new(),
    };
    let texts = by_text(search, session).await?;
    add(&mut all, texts);
    // These come last, and they take as long as all others.
    if let Some(name) = name.filter(|_| all.len() < search.first) {
        add(&mut all, by_name(search, &name, Names::Part, session).await?);
    }
    all.truncate(search.first);
    Ok(all)
}

/// Appends the candidates that are not in the list.
fn add(all: &mut Vec<Candidate>, more: Vec<Candidate>) {
    let known: HashSet<i64> = all.iter().map(|one| one.id).collect();
    all.extend(more.into_iter().filter(|one| !known.contains(&one.id)));
}

/// Returns a name query that knows how many names have its keys.
async fn with_frequencies(name: &NameQuery, session: &Session) -> Result<NameQuery, SharedError> {
    let mut name = name.clone();
    if let Some(select) = name.select_frequencies(session.dialect()) {
        let mut frequencies = HashMap::new();
        for row in session.all(&select).await?.iter() {
            frequencies.insert(row.get("key")?, row.get("names")?);
        }
        name.set_frequencies(frequencies);
    }
    Ok(name)
}

/// Returns the bearers of matching names, ordered by closeness with a bonus for how often the bearer is used, then by rule.
pub(super) async fn by_name(
    search: &TextSearch,
    query: &NameQuery,
    names_searched: Names,
    session: &Session,
) -> Result<Vec<Candidate>, SharedError> {
    let kinds: Vec<RecordKind> = search
        .kinds
        .iter()
        .filter(|kind| matches!(kind, SearchKind::Actor | SearchKind::Place))
        .map(|kind| kind.stored())
        .collect();
    let mut ways: Vec<(SearchRule, SelectStatement, u64)> = Vec::new();
    for mode in &search.modes {
        let rule = match mode {
            NameRule::Exact => SearchRule::Exact,
            NameRule::Folded => SearchRule::Folded,
            NameRule::Transliterated => SearchRule::Transliterated,
            NameRule::Phonetic => SearchRule::Phonetic,
        };
        match names_searched {
            Names::Whole => {
                ways.extend(query.searches_by(*mode).iter().map(|search| (rule, search.select(), MAX_NAMES)))
            }
            Names::Part if *mode == NameRule::Phonetic => {
                let searches = query.searches_but_one_word();
                ways.extend(searches.iter().map(|search| (SearchRule::Part, search.select(), MAX_PARTIAL_NAMES)));
            }
            Names::Part => {}
        }
    }
    if kinds.is_empty() || ways.is_empty() {
        return Ok(Vec::new());
    }
    let mut best: HashMap<i64, Candidate> = HashMap::new();
    // A name can match in several ways.
    let mut compared: HashMap<i64, f64> = HashMap::new();
    for row in session.all(&names(&ways, &kinds)).await?.iter() {
        let text: String = row.get("text")?;
        let at: i32 = row.get("way")?;
        let Some((rule, ..)) = usize::try_from(at).ok().and_then(|at| ways.get(at)) else { continue };
        // Comparing names takes time: a request that is cancelled meanwhile ends here.
        consume_budget().await;
        let id: i64 = row.get("id")?;
        // Rounded, so that differences in floating-point arithmetic do not decide the order.
        let compare = || (closeness(query.sound(), &Sound::letters_of(&text)) * 1000.0).round() / 1000.0;
        let closeness = *compared.entry(id).or_insert_with(compare);
        let matched = MatchedName { id, text, closeness };
        let one = Candidate { id: row.get("target_id")?, kind: row.get("kind")?, rule: *rule, name: Some(matched) };
        match best.entry(one.id) {
            Entry::Vacant(vacant) => {
                vacant.insert(one);
            }
            Entry::Occupied(mut occupied) if rank_key(&one, 0.0) < rank_key(occupied.get(), 0.0) => {
                occupied.insert(one);
            }
            Entry::Occupied(_) => {}
        }
    }
    let mut all: Vec<Candidate> = best.into_values().collect();
    all.sort_by_key(|one| rank_key(one, 0.0));
    all.truncate(MAX_USE_COUNTED.max(search.first));
    let uses = uses(session, &all).await?;
    all.sort_by_key(|one| rank_key(one, uses.get(&one.id).map_or(0.0, |uses| use_bonus(*uses))));
    Ok(all)
}

/// Returns the bonus for a number of uses, on a logarithmic scale.
fn use_bonus(uses: i64) -> f64 {
    MAX_USE_BONUS * (uses as f64).ln_1p() / (MAX_USES as f64).ln_1p()
}

/// Returns the sort key of a hit by name: the closeness plus the bonus for uses, then the rule, then ids. The closeness decides
/// before the rule, because a part of a longer name can match by a stricter rule than the right name in another spelling.
fn rank_key(candidate: &Candidate, use_bonus: f64) -> (i64, SearchRule, i64, Option<i64>) {
    let name = candidate.name.as_ref();
    let score = name.map_or(0.0, |name| name.closeness) + use_bonus;
    (-(score * 1000.0).round() as i64, candidate.rule, candidate.id, name.map(|name| name.id))
}

/// Builds the select of the names that match in any of the ways, each with the index of its way.
fn names(ways: &[(SearchRule, SelectStatement, u64)], kinds: &[RecordKind]) -> SelectStatement {
    const FOUND: &str = "found";
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_value()).collect();
    let of_kind = |names: SelectStatement| match kinds.as_slice() {
        // Only actors and places have names, so with both kinds there is nothing to filter.
        [_, _, ..] => names,
        _ => Query::select()
            .column((FOUND, "name_id"))
            .from_subquery(names, FOUND)
            .join(JoinType::InnerJoin, "name", Expr::col(("name", "id")).equals((FOUND, "name_id")))
            .join(JoinType::InnerJoin, "record", Expr::col(("record", "id")).equals(("name", "target_id")))
            .and_where(Expr::col(("record", "kind")).is_in(kinds.iter().map(String::as_str)))
            .take(),
    };
    let limited = |(way, (_, names, max)): (usize, &(SearchRule, SelectStatement, u64))| {
        let mut some = of_kind(names.clone());
        // Ordered, so that the limit always leaves the same names.
        some.distinct().order_by("name_id", Order::Asc).limit(*max);
        let way = i32::try_from(way).unwrap_or(i32::MAX);
        Query::select()
            .expr_as(Expr::cust(way.to_string()), "way")
            .column((FOUND, "name_id"))
            .from_subquery(some, FOUND)
            .take()
    };
    let all = ways.iter().enumerate().map(limited).reduce(|mut left, right| left.union(UnionType::All, right).take());
    Query::select()
        .column((FOUND, "way"))
        .columns([("name", "id"), ("name", "target_id"), ("name", "text")])
        .column(("record", "kind"))
        .from_subquery(all.unwrap_or_default(), FOUND)
        .join(JoinType::InnerJoin, "name", Expr::col(("name", "id")).equals((FOUND, "name_id")))
        .join(JoinType::InnerJoin, "record", Expr::col(("record", "id")).equals(("name", "target_id")))
        .take()
}

/// Counts how often actors and places are used: participations, statements by a speaker, events at a place.
async fn uses(session: &Session, all: &[Candidate]) -> Result<HashMap<i64, i64>, SharedError> {
    if all.is_empty() {
        return Ok(HashMap::new());
    }
    let dialect = session.dialect();
    let ids: Vec<i64> = all.iter().map(|one| one.id).collect();
    let count = |table: &'static str, column: &'static str| {
        let some = Query::select()
            .expr_as(Expr::cust("1"), "one")
            .from(table)
            .and_where(Expr::col((table, column)).eq(dialect.item()))
            .limit(MAX_USES)
            .take();
        let count = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(some, Alias::new("some")).take();
        Expr::SubQuery(None, Box::new(count.into()))
    };
    let uses = count("participation", "actor_id").add(count("statement", "speaker_id")).add(count("event", "place_id"));
    let select = Query::select()
        .expr_as(dialect.item(), "id")
        .expr_as(uses, "uses")
        .from_function(dialect.table(dialect.numbers(&ids)), LIST)
        .take();
    let mut found = HashMap::new();
    for row in session.all(&select).await?.iter() {
        found.insert(row.get("id")?, row.get("uses")?);
    }
    Ok(found)
}

/// Returns the nodes whose texts contain the words: matches in the heading first, then adjacent words before words in
/// any order, then the last imported first.
async fn by_text(search: &TextSearch, session: &Session) -> Result<Vec<Candidate>, SharedError> {
    const FOUND: &str = "found";
    let dialect = session.dialect();
    let phrase = search.words.as_phrase();
    let mut ways = Vec::new();
    for within in [Within::Heading, Within::All] {
        if phrase != search.words {
            ways.push(dialect.full_text_matches(&phrase, within));
        }
        ways.push(dialect.full_text_matches(&search.words, within));
    }
    let limited = |(way, found): (usize, SelectStatement)| {
        let some = Query::select()
            .expr_as(Expr::cust(way.to_string()), "way")
            .column((FOUND, "id"))
            .column(("record", "kind"))
            .from_subquery(found, FOUND)
            .join(JoinType::InnerJoin, "record", Expr::col(("record", "id")).equals((FOUND, "id")))
            .and_where(Expr::col(("record", "kind")).is_in(search.kind_words()))
            .order_by((FOUND, "id"), Order::Desc)
            .limit(search.first as u64)
            .take();
        Query::select().columns(["way", "id", "kind"]).from_subquery(some, Alias::new("some")).take()
    };
    let all =
        ways.into_iter().enumerate().map(limited).reduce(|mut left, right| left.union(UnionType::All, right).take());
    let mut found: Vec<(i32, i64, RecordKind)> = Vec::new();
    for row in session.all(&all.unwrap_or_default()).await?.iter() {
        found.push((row.get("way")?, row.get("id")?, row.get("kind")?));
    }
    found.sort_by_key(|(way, id, _)| (*way, -id));
    let mut candidates: Vec<Candidate> = Vec::new();
    for (_, id, kind) in found {
        if !candidates.iter().any(|known| known.id == id) {
            candidates.push(Candidate { id, kind, rule: SearchRule::Text, name: None });
        }
    }
    Ok(candidates)
}

//! What a search finds, ranked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use entity::name_key::NameRule;
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};

use crate::db::LIST;
use crate::db::full_text::Within;
use crate::graphql::filter::NameQuery;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::search::{Search, SearchKind, SearchRule};
use crate::text::phonetic::Sound;
use crate::text::similarity::closeness;

/// Names that are looked at by each rule.
const MOST_NAMES: u64 = 2_000;
/// Names that are looked at for each word that may be missing.
const MOST_PARTS: u64 = 500;
/// The nearest names of which it is asked how common they are.
const MOST_WEIGHED: usize = 200;
/// More uses of a name are not counted.
const MOST_USES: u64 = 100;
/// What the most used name gains on one that nobody uses: a letter's difference in a long name.
const BY_USE: f64 = 0.05;

/// Something found.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: i64,
    pub(super) kind: RecordKind,
    pub(super) rule: SearchRule,
    pub(super) name: Option<Near>,
}

/// The name that agrees.
#[derive(Clone, Debug)]
pub(super) struct Near {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) closeness: f64,
}

/// The best hits, best first.
pub(super) async fn rank(search: &Search, session: &Session) -> Result<Vec<Candidate>, SharedError> {
    let mut all = match &search.name {
        Some(name) => by_name(search, name, session).await?,
        None => Vec::new(),
    };
    let known: Vec<i64> = all.iter().filter(|one| one.rule != SearchRule::Part).map(|one| one.id).collect();
    let texts = by_text(search, session).await?;
    all.retain(|one| one.rule != SearchRule::Part || !texts.iter().any(|text| text.id == one.id));
    let parts = all.iter().position(|one| one.rule == SearchRule::Part).unwrap_or(all.len());
    all.splice(parts..parts, texts.into_iter().filter(|one| !known.contains(&one.id)));
    all.truncate(search.first);
    Ok(all)
}

/// Bearers of names that agree: by rule, then by how near and how common the name is.
pub(super) async fn by_name(
    search: &Search,
    asked: &NameQuery,
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
        ways.extend(asked.by(*mode).into_iter().map(|select| (rule, select, MOST_NAMES)));
        if *mode == NameRule::Phonetic {
            ways.extend(asked.but_one().into_iter().map(|select| (SearchRule::Part, select, MOST_PARTS)));
        }
    }
    if kinds.is_empty() || ways.is_empty() {
        return Ok(Vec::new());
    }
    let mut best: HashMap<i64, Candidate> = HashMap::new();
    for row in session.all(&names(&ways, &kinds)).await? {
        let text: String = row.try_get("", "text")?;
        let at: i32 = row.try_get("", "way")?;
        let Some((rule, ..)) = usize::try_from(at).ok().and_then(|at| ways.get(at)) else { continue };
        // Whole thousandths: equals by any reckoning are equals.
        let closeness = (closeness(&asked.sound, &Sound::of(&text)) * 1000.0).round() / 1000.0;
        let near = Near { id: row.try_get("", "id")?, text, closeness };
        let one = Candidate {
            id: row.try_get("", "target_id")?,
            kind: row.try_get("", "kind")?,
            rule: *rule,
            name: Some(near),
        };
        match best.entry(one.id) {
            Entry::Vacant(free) => {
                free.insert(one);
            }
            Entry::Occupied(mut taken) if place(&one, 0.0) < place(taken.get(), 0.0) => {
                taken.insert(one);
            }
            Entry::Occupied(_) => {}
        }
    }
    let mut all: Vec<Candidate> = best.into_values().collect();
    all.sort_by_key(|one| place(one, 0.0));
    all.truncate(MOST_WEIGHED.max(search.first));
    let uses = uses(session, &all).await?;
    all.sort_by_key(|one| place(one, uses.get(&one.id).map_or(0.0, |uses| gain(*uses))));
    Ok(all)
}

/// What the use of a name is worth.
fn gain(uses: i64) -> f64 {
    BY_USE * (uses as f64).ln_1p() / (MOST_USES as f64).ln_1p()
}

/// What hits by name are ordered by: the rule, how near the name is, with what it gains by its use.
fn place(candidate: &Candidate, gain: f64) -> (SearchRule, i64, i64, Option<i64>) {
    let name = candidate.name.as_ref();
    let worth = name.map_or(0.0, |name| name.closeness) + gain;
    (candidate.rule, -(worth * 1000.0).round() as i64, candidate.id, name.map(|name| name.id))
}

/// Selects the names that agree in any of the ways, each with the number of its way.
fn names(ways: &[(SearchRule, SelectStatement, u64)], kinds: &[RecordKind]) -> SelectStatement {
    const FOUND: &str = "found";
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_value()).collect();
    let of_kind = |names: SelectStatement| match kinds.as_slice() {
        // Only actors and places have names.
        [_, _, ..] => names,
        _ => Query::select()
            .column((FOUND, "name_id"))
            .from_subquery(names, FOUND)
            .join(JoinType::InnerJoin, "name", Expr::col(("name", "id")).equals((FOUND, "name_id")))
            .join(JoinType::InnerJoin, "record", Expr::col(("record", "id")).equals(("name", "target_id")))
            .and_where(Expr::col(("record", "kind")).is_in(kinds.iter().map(String::as_str)))
            .take(),
    };
    let limited = |(way, (_, names, most)): (usize, &(SearchRule, SelectStatement, u64))| {
        let mut some = of_kind(names.clone());
        // By number, so that the same names are looked at every time.
        some.distinct().order_by("name_id", Order::Asc).limit(*most);
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

/// How often things are used: parts in events, statements, events at a place.
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
            .limit(MOST_USES)
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
    for row in session.all(&select).await? {
        found.insert(row.try_get("", "id")?, row.try_get("", "uses")?);
    }
    Ok(found)
}

/// Things in whose texts the words are: in the title before elsewhere, side by side before in any order, the last recorded
/// first.
async fn by_text(search: &Search, session: &Session) -> Result<Vec<Candidate>, SharedError> {
    const FOUND: &str = "found";
    let dialect = session.dialect();
    let phrase = search.words.as_phrase();
    let mut ways = Vec::new();
    for within in [Within::Heading, Within::All] {
        if phrase != search.words {
            ways.push(dialect.found(&phrase, within));
        }
        ways.push(dialect.found(&search.words, within));
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
    for row in session.all(&all.unwrap_or_default()).await? {
        found.push((row.try_get("", "way")?, row.try_get("", "id")?, row.try_get("", "kind")?));
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

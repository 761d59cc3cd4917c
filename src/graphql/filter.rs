//! Filters: what a list may be narrowed by, as SQL that indexes can serve.
//!
//! A filter of related rows becomes `id IN (SELECT ...)`: the inner select stands on its own, so the database may start
//! from either side. A value that names nothing is an error, so references are gathered and looked up before the list
//! is read.

use std::borrow::Cow;

use async_graphql::{Enum, ID, InputObject, InputType, TypeName};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, IdenStatic, Value};

use super::node::Kind;
use super::session::{Fault, Session};
use crate::db::Dialect;
use crate::error::{Error, Result, did_you_mean};
use crate::text::date::Date;
use crate::text::fold;
use entity::event_type::EventType;
use entity::name_key::NameRule;

/// The most values of one list in a filter.
const MOST_VALUES: usize = 1000;

/// The most filters within one filter: databases bound the size of a condition.
const MOST_FILTERS: usize = 200;

/// The filter of a noun.
pub trait NounFilter: InputType {
    /// What holds for the rows that pass.
    fn condition(&self, sink: &mut Sink) -> Result<Expr>;
    /// Selects `column` of the rows that pass.
    fn select(&self, column: &'static str, sink: &mut Sink) -> Result<SelectStatement>;
    /// Selects `column` of the rows that fail.
    fn select_failing(&self, column: &'static str, sink: &mut Sink) -> Result<SelectStatement>;
}

/// Gathers, while a filter is read, what it refers to.
pub struct Sink {
    pub(crate) dialect: Dialect,
    ids: Vec<(Kind, i64)>,
    slugs: Vec<(Kind, String)>,
    filters: usize,
}

impl Sink {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, ids: Vec::new(), slugs: Vec::new(), filters: 0 }
    }

    /// Counts one more filter within the filter.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.filters += 1;
        if self.filters > MOST_FILTERS {
            return Err(Error::Limit(format!(
                "The filter holds more than {MOST_FILTERS} filters: list values with `in`, or split the query"
            )));
        }
        Ok(())
    }

    /// Refuses references to nothing: one statement for all ids and one for the slugs of each noun.
    pub(crate) async fn look_up(&self, session: &Session) -> Result<(), Fault> {
        if !self.ids.is_empty() {
            let ids: Vec<i64> = self.ids.iter().map(|(_, id)| *id).collect();
            let select = Query::select()
                .columns(["id", "kind"])
                .from("record")
                .and_where(self.dialect.is_one_of(Expr::col(("record", "id")), self.dialect.numbers(&ids)))
                .take();
            let mut found = Vec::new();
            for row in session.all(&select).await? {
                found.push((row.try_get::<i64>("", "id")?, row.try_get::<entity::record::Kind>("", "kind")?));
            }
            for (kind, id) in &self.ids {
                if !found.iter().any(|(known, stored)| known == id && kind.stored() == Some(*stored)) {
                    return Err(Error::NotFound(format!(
                        "No {} has the id {}",
                        kind.word(),
                        kind.global(*id).as_str()
                    ))
                    .into());
                }
            }
        }
        for table in [Kind::Actor, Kind::Place, Kind::Event, Kind::Article] {
            let slugs: Vec<&str> =
                self.slugs.iter().filter(|(kind, _)| *kind == table).map(|(_, slug)| slug.as_str()).collect();
            if !slugs.is_empty() {
                self.look_up_slugs(session, table, &slugs).await?;
            }
        }
        Ok(())
    }

    async fn look_up_slugs(&self, session: &Session, kind: Kind, slugs: &[&str]) -> Result<(), Fault> {
        let select = Query::select()
            .column("slug")
            .from(kind.table())
            .and_where(
                self.dialect.is_one_of(Expr::col((kind.table(), "slug")), self.dialect.texts(slugs.iter().copied())),
            )
            .take();
        let mut found = Vec::new();
        for row in session.all(&select).await? {
            found.push(row.try_get::<String>("", "slug")?);
        }
        for slug in slugs {
            if !found.iter().any(|known| known == slug) {
                let near = near_slug(session, kind, slug).await?;
                let hint = near.map(|hint| format!("; {hint}")).unwrap_or_default();
                return Err(Error::NotFound(format!("No {} has the slug `{slug}`{hint}", kind.word())).into());
            }
        }
        Ok(())
    }
}

/// The nearest slug of a noun. Only a mistake pays for the reading.
pub(crate) async fn near_slug(session: &Session, kind: Kind, slug: &str) -> Result<Option<String>, Fault> {
    let select = Query::select()
        .column("slug")
        .from(kind.table())
        .and_where(Expr::col("slug").is_not_null())
        .order_by("slug", sea_orm::sea_query::Order::Asc)
        .limit(5000)
        .take();
    let mut all = Vec::new();
    for row in session.all(&select).await? {
        all.push(row.try_get::<String>("", "slug")?);
    }
    // A slug that holds the words asked for is nearer than any likeness of letters.
    let holding = all.iter().find(|known| slug.len() > 2 && known.contains(slug));
    Ok(holding
        .map(|known| format!("did you mean \"{known}\"?"))
        .or_else(|| did_you_mean(slug, all.iter().map(String::as_str))))
}

/// What a filter of one column tests.
pub(crate) trait Test {
    fn test(&self, column: Expr, sink: &mut Sink) -> Result<Expr>;
}

pub(crate) fn all(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.and(right)).unwrap_or_else(truth)
}

pub(crate) fn any(conditions: impl IntoIterator<Item = Expr>) -> Expr {
    conditions.into_iter().reduce(|left, right| left.or(right)).unwrap_or_else(|| truth().not())
}

pub(crate) fn truth() -> Expr {
    Expr::cust("1 = 1")
}

/// Not, where unknown counts as false: what has no value does not pass, so its opposite passes.
pub(crate) fn fails(condition: Expr) -> Expr {
    condition.is_not(Expr::Constant(true.into()))
}

fn few<T>(values: &[T]) -> Result<&[T]> {
    if values.len() > MOST_VALUES {
        return Err(Error::Limit(format!("A filter lists {} values; give at most {MOST_VALUES}", values.len())));
    }
    Ok(values)
}

fn null(column: &Expr, is_null: Option<bool>) -> Option<Expr> {
    is_null.map(|is_null| if is_null { column.clone().is_null() } else { column.clone().is_not_null() })
}

/// A filter of texts, compared letter for letter.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Equal to.
    pub eq: Option<String>,
    /// One of; at most 1,000.
    pub r#in: Option<Vec<String>>,
    /// None of; at most 1,000.
    pub not_in: Option<Vec<String>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl Test for StringFilter {
    fn test(&self, column: Expr, sink: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.as_ref().map(|value| column.clone().eq(value.as_str())));
        if let Some(values) = &self.r#in {
            tests.push(
                sink.dialect.is_one_of(column.clone(), sink.dialect.texts(few(values)?.iter().map(String::as_str))),
            );
        }
        if let Some(values) = &self.not_in {
            tests.push(fails(
                sink.dialect.is_one_of(column.clone(), sink.dialect.texts(few(values)?.iter().map(String::as_str))),
            ));
        }
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of yes and no.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Equal to.
    pub eq: Option<bool>,
}

impl Test for BooleanFilter {
    fn test(&self, column: Expr, _: &mut Sink) -> Result<Expr> {
        Ok(all(self.eq.map(|value| column.eq(value))))
    }
}

/// A filter of numbers.
#[derive(Clone, Debug, Default, InputObject)]
pub struct FloatFilter {
    /// Equal to.
    pub eq: Option<f64>,
    /// Greater than.
    pub gt: Option<f64>,
    /// Greater than or equal to.
    pub gte: Option<f64>,
    /// Less than.
    pub lt: Option<f64>,
    /// Less than or equal to.
    pub lte: Option<f64>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl Test for FloatFilter {
    fn test(&self, column: Expr, _: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|value| column.clone().eq(value)));
        tests.extend(self.gt.map(|value| column.clone().gt(value)));
        tests.extend(self.gte.map(|value| column.clone().gte(value)));
        tests.extend(self.lt.map(|value| column.clone().lt(value)));
        tests.extend(self.lte.map(|value| column.clone().lte(value)));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of words of a closed list.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct EnumFilter<T: Enumeration> {
    /// Equal to.
    pub eq: Option<T>,
    /// One of.
    pub r#in: Option<Vec<T>>,
    /// None of.
    pub not_in: Option<Vec<T>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl<T: Enumeration> TypeName for EnumFilter<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Filter", <T as InputType>::type_name()).into()
    }
}

/// A closed list of words that columns hold as text.
pub trait Enumeration: InputType + ActiveEnum<Value = String> + Copy {}
impl<T: InputType + ActiveEnum<Value = String> + Copy> Enumeration for T {}

/// The word as columns hold it; GraphQL's input types have a method of the same name.
fn text<T: Enumeration>(word: T) -> String {
    ActiveEnum::to_value(&word)
}

fn words<T: Enumeration>(words: &[T]) -> Vec<Value> {
    words.iter().map(|word| Value::from(text(*word))).collect()
}

impl<T: Enumeration> Test for EnumFilter<T> {
    fn test(&self, column: Expr, _: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|word| column.clone().eq(text(word))));
        tests.extend(self.r#in.as_ref().map(|list| column.clone().is_in(words(list))));
        tests.extend(self.not_in.as_ref().map(|list| fails(column.clone().is_in(words(list)))));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of event types, which form a tree (see `eventTypes`).
#[derive(Clone, Debug, Default, InputObject)]
pub struct EventTypeFilter {
    /// Exactly this type.
    pub eq: Option<EventType>,
    /// Exactly one of these types.
    pub r#in: Option<Vec<EventType>>,
    /// One of these types or of those below them: `within: [VIOLENCE]` finds abductions too.
    pub within: Option<Vec<EventType>>,
    /// Neither one of these types nor of those below them.
    pub not_within: Option<Vec<EventType>>,
    /// Has no type: an account that does not say otherwise than its event.
    pub is_null: Option<bool>,
}

impl Test for EventTypeFilter {
    fn test(&self, column: Expr, _: &mut Sink) -> Result<Expr> {
        let below = |list: &Vec<EventType>| {
            let mut below: Vec<EventType> = list.iter().flat_map(|above| above.with_descendants()).collect();
            below.sort_unstable();
            below.dedup();
            words(&below)
        };
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|word| column.clone().eq(text(word))));
        tests.extend(self.r#in.as_ref().map(|list| column.clone().is_in(words(list))));
        tests.extend(self.within.as_ref().map(|list| column.clone().is_in(below(list))));
        tests.extend(self.not_within.as_ref().map(|list| fails(column.clone().is_in(below(list)))));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of ids. An id that nothing has is an error (`NOT_FOUND`), never an empty list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdFilter {
    /// This id.
    pub eq: Option<ID>,
    /// One of these ids; at most 1,000.
    pub r#in: Option<Vec<ID>>,
    /// None of these ids; at most 1,000.
    pub not_in: Option<Vec<ID>>,
}

impl IdFilter {
    pub(crate) fn test(&self, kind: Kind, column: Expr, sink: &mut Sink) -> Result<Expr> {
        let mut numbers = |list: &[ID]| -> Result<Vec<i64>> {
            few(list)?
                .iter()
                .map(|id| {
                    let number = kind.number(id)?;
                    sink.ids.push((kind, number));
                    Ok(number)
                })
                .collect()
        };
        let eq = self.eq.as_ref().map(|id| numbers(std::slice::from_ref(id))).transpose()?;
        let one_of = self.r#in.as_ref().map(|list| numbers(list)).transpose()?;
        let none_of = self.not_in.as_ref().map(|list| numbers(list)).transpose()?;
        let mut tests = Vec::new();
        for list in [eq, one_of].into_iter().flatten() {
            tests.push(sink.dialect.is_one_of(column.clone(), sink.dialect.numbers(&list)));
        }
        tests.extend(none_of.map(|list| fails(sink.dialect.is_one_of(column, sink.dialect.numbers(&list)))));
        Ok(all(tests))
    }
}

/// A filter of slugs. A slug that nothing has is an error (`NOT_FOUND`) with the nearest one, never an empty list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SlugFilter {
    /// This slug.
    pub eq: Option<String>,
    /// One of these slugs; at most 1,000.
    pub r#in: Option<Vec<String>>,
}

impl SlugFilter {
    pub(crate) fn test(&self, kind: Kind, column: Expr, sink: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        for list in [self.eq.as_ref().map(std::slice::from_ref), self.r#in.as_deref()].into_iter().flatten() {
            sink.slugs.extend(few(list)?.iter().map(|slug| (kind, slug.clone())));
            tests.push(sink.dialect.is_one_of(column.clone(), sink.dialect.texts(list.iter().map(String::as_str))));
        }
        Ok(all(tests))
    }
}

/// A span of time in EDTF (ISO 8601-2 Level 1): from the start of `from` to the end of `to`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateRange {
    /// The first day, month, year or instant, such as `2021-07-09`; open when left out.
    pub from: Option<String>,
    /// The last one, included; open when left out.
    pub to: Option<String>,
}

impl DateRange {
    pub(crate) fn bounds(&self) -> Result<(Option<i64>, Option<i64>)> {
        let from = self.from.as_deref().map(date).transpose()?.and_then(|date| date.earliest);
        let to = self.to.as_deref().map(date).transpose()?.and_then(|date| date.latest);
        if self.from.is_none() && self.to.is_none() {
            return Err(Error::BadInput("A span of time has neither `from` nor `to`: give at least one".into()));
        }
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Error::BadInput("A span of time ends before it begins: exchange `from` and `to`".into()));
        }
        Ok((from, to))
    }
}

pub(crate) fn date(text: &str) -> Result<Date> {
    Date::parse(text).map_err(|error| Error::BadInput(error.to_string()))
}

/// A filter of dates. Dates are spans of time, so two questions can be asked of them; what has no date passes neither.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateFilter {
    /// It may lie within: its span and this one overlap.
    pub possibly_within: Option<DateRange>,
    /// It lies within for certain: its whole span is inside of this one.
    pub certainly_within: Option<DateRange>,
    /// It ends before this date begins (EDTF).
    pub before: Option<String>,
    /// It begins after this date ends (EDTF).
    pub after: Option<String>,
    /// It has no date.
    pub is_null: Option<bool>,
}

/// The columns of a date.
pub(crate) struct DateColumns {
    /// EDTF text; null when there is no date.
    pub(crate) text: Expr,
    pub(crate) earliest: Expr,
    pub(crate) latest: Expr,
}

impl DateFilter {
    pub(crate) fn test(&self, columns: &DateColumns) -> Result<Expr> {
        let DateColumns { text, earliest, latest } = columns;
        let open = |bound: &Expr, test: Expr| text.clone().is_not_null().and(bound.clone().is_null().or(test));
        let mut tests = Vec::new();
        if let Some(range) = &self.possibly_within {
            let (from, to) = range.bounds()?;
            tests.extend(from.map(|from| open(latest, latest.clone().gt(from))));
            tests.extend(to.map(|to| open(earliest, earliest.clone().lt(to))));
        }
        if let Some(range) = &self.certainly_within {
            let (from, to) = range.bounds()?;
            tests.extend(from.map(|from| earliest.clone().gte(from)));
            tests.extend(to.map(|to| latest.clone().lte(to)));
        }
        if let Some(before) = &self.before {
            let bound = date(before)?.earliest;
            let bound = bound
                .ok_or_else(|| Error::BadInput(format!("`before: {before}` has no beginning: give a date that has")))?;
            tests.push(latest.clone().lte(bound));
        }
        if let Some(after) = &self.after {
            let bound = date(after)?.latest;
            let bound =
                bound.ok_or_else(|| Error::BadInput(format!("`after: {after}` has no end: give a date that has")))?;
            tests.push(earliest.clone().gte(bound));
        }
        tests.extend(null(text, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of the names of an actor or place. A label that is a description is no name.
#[derive(Clone, Debug, InputObject)]
pub struct NameMatch {
    /// The name, whole or one or more of its words.
    pub matches: String,
    /// How names are compared; all ways when left out.
    pub modes: Option<Vec<NameRule>>,
}

impl NameMatch {
    /// The number of a row that bears a name that matches.
    pub(crate) fn test(&self, column: Expr) -> Result<Expr> {
        let modes = self.modes.clone().unwrap_or_else(|| NameRule::ALL.to_vec());
        let folded = fold::words(&self.matches);
        if folded.is_empty() {
            return Err(Error::BadInput("`matches` has no letter or digit: write a name or a part of one".into()));
        }
        if folded.len() > 20 {
            return Err(Error::Limit("`matches` has more than 20 words: write a name".into()));
        }
        // One select a rule, joined by UNION: each enters an index, which no planner does for an OR between them.
        let mut found = Vec::new();
        if modes.contains(&NameRule::Exact) {
            found.push(bearers().and_where(Expr::col(("name", "text")).eq(self.matches.as_str())).take());
        }
        if modes.contains(&NameRule::Folded) {
            // The words are all among the name's words, or they are its parts joined or split otherwise.
            if let [first, rest @ ..] = folded.as_slice() {
                let mut names = bearers_by_key(std::slice::from_ref(first));
                for word in rest {
                    let with_word = Query::select()
                        .column("name_id")
                        .from("name_key")
                        .and_where(has_key(std::slice::from_ref(word)))
                        .take();
                    names.and_where(Expr::col(("name", "id")).in_subquery(with_word));
                }
                found.push(names);
            }
            let mut forms = vec![fold::fold_joined(&self.matches), folded.concat()];
            forms.dedup();
            found.push(bearers_by_key(&forms));
        }
        let all = found.into_iter().reduce(|mut left, right| left.union(UnionType::Distinct, right).take());
        Ok(all.map_or_else(|| any([]), |all| column.in_subquery(all)))
    }
}

/// Selects who bears a name.
fn bearers() -> SelectStatement {
    Query::select().column(("name", "target_id")).from("name").take()
}

/// Selects who bears a name with one of the folded keys.
fn bearers_by_key(keys: &[String]) -> SelectStatement {
    let same = Expr::col(("name_key", "name_id")).equals(("name", "id"));
    bearers().join(JoinType::InnerJoin, "name_key", same).and_where(has_key(keys)).take()
}

fn has_key(keys: &[String]) -> Expr {
    Expr::col(("name_key", "rule"))
        .eq(text(NameRule::Folded))
        .and(Expr::col(("name_key", "key")).is_in(keys.iter().map(String::as_str)))
}

/// A filter of rows that belong to a row.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct ListFilter<F: NounFilter> {
    /// At least one passes.
    pub some: Option<Box<F>>,
    /// None passes.
    pub none: Option<Box<F>>,
    /// All pass, or there is none.
    pub every: Option<Box<F>>,
}

impl<F: NounFilter> TypeName for ListFilter<F> {
    fn type_name() -> Cow<'static, str> {
        format!("{}ListFilter", F::type_name().trim_end_matches("Filter")).into()
    }
}

impl<F: NounFilter> ListFilter<F> {
    /// `tie` turns a select of related rows into the condition that this row is tied to one of them; it is given the
    /// column of the related rows that it names.
    pub(crate) fn test(&self, tie: &Tie, sink: &mut Sink) -> Result<Expr> {
        let mut tests = Vec::new();
        if let Some(filter) = &self.some {
            tests.push((tie.condition)(filter.select(tie.column, sink)?));
        }
        if let Some(filter) = &self.none {
            tests.push(fails((tie.condition)(filter.select(tie.column, sink)?)));
        }
        if let Some(filter) = &self.every {
            tests.push(fails((tie.condition)(filter.select_failing(tie.column, sink)?)));
        }
        Ok(all(tests))
    }
}

/// How rows of another noun are tied to a row.
pub(crate) struct Tie {
    column: &'static str,
    condition: Box<dyn Fn(SelectStatement) -> Expr>,
}

/// The related rows carry this row's number in `column`.
pub(crate) fn carrying<E: EntityTrait, C: ColumnTrait>(column: C) -> Tie {
    Tie {
        column: IdenStatic::as_str(&column),
        condition: Box::new(|select| {
            // A null among them would make the answer unknown.
            Expr::col((E::default(), "id")).in_subquery(select)
        }),
    }
}

/// A table ties them: `mine` is this row's column in it, `theirs` that of the related rows.
pub(crate) fn tied<E: EntityTrait, J: EntityTrait>(mine: J::Column, theirs: J::Column) -> Tie {
    Tie {
        column: "id",
        condition: Box::new(move |select| {
            let ties = Query::select()
                .column((J::default(), mine))
                .from(J::default())
                .and_where(Expr::col((J::default(), theirs)).in_subquery(select))
                .take();
            Expr::col((E::default(), "id")).in_subquery(ties)
        }),
    }
}

/// A row by id or slug: exactly one of the two.
#[derive(Clone, Debug, Default, InputObject)]
pub struct Selector {
    /// Its id.
    pub id: Option<ID>,
    /// Its slug.
    pub slug: Option<String>,
}

impl Selector {
    pub(crate) fn test(&self, kind: Kind, column: Expr, sink: &mut Sink) -> Result<Expr> {
        match (&self.id, &self.slug) {
            (Some(id), None) => IdFilter { eq: Some(id.clone()), ..IdFilter::default() }.test(kind, column, sink),
            (None, Some(slug)) => {
                sink.slugs.push((kind, slug.clone()));
                let row = Query::select()
                    .column("id")
                    .from(kind.table())
                    .and_where(Expr::col("slug").eq(slug.as_str()))
                    .take();
                Ok(column.in_subquery(row))
            }
            _ => Err(Error::BadInput("Give exactly one of `id` and `slug`".into())),
        }
    }
}

/// The record that a thing came with.
#[derive(Clone, Debug, Default, InputObject)]
pub struct RecordFilter {
    /// The dataset's key.
    pub dataset: Option<StringFilter>,
    /// The record's key, unique in its dataset.
    pub key: Option<StringFilter>,
}

pub(crate) fn came_with<E: EntityTrait>(filter: &RecordFilter, sink: &mut Sink) -> Result<Expr> {
    let mut records = Query::select().column(("record", "id")).from("record").take();
    if let Some(dataset) = &filter.dataset {
        let datasets = Query::select()
            .column("id")
            .from("dataset")
            .and_where(dataset.test(Expr::col(("dataset", "key")), sink)?)
            .take();
        records.and_where(Expr::col(("record", "dataset_id")).in_subquery(datasets));
    }
    if let Some(key) = &filter.key {
        records.and_where(key.test(Expr::col(("record", "key")), sink)?);
    }
    Ok(Expr::col((E::default(), "id")).in_subquery(records))
}

/// Which participations of an event are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Accounts {
    /// Those that all versions agree on and those that only one account tells.
    All,
    /// Only those that are agreed on.
    Agreed,
}

/// Declares the filter of a noun. Each field says how it tests:
///
/// * `column C`: the column itself
/// * `id C of K`, `slug_of C of K`: ids and slugs of a noun
/// * `one C`: the row that the column refers to
/// * `many T`: the rows that a [`Tie`] relates
/// * `with F`: a function of its own
macro_rules! filter {
    ($(#[doc = $doc:literal])+ $name:ident of $module:ident { $($(#[doc = $line:literal])+ $field:ident: $type:ty = $how:ident ($($argument:tt)+);)+ }) => {
        $(#[doc = $doc])+
        ///
        /// All fields that are given must hold; a field that is left out or null asks nothing. `field: {}` asks that there
        /// be such a thing: `not: {speaker: {}}` finds what has no speaker.
        #[derive(Clone, Debug, async_graphql::InputObject)]
        pub struct $name {
            /// All of these hold.
            pub and: Option<Vec<$name>>,
            /// At least one of these holds.
            pub or: Option<Vec<$name>>,
            /// This does not hold.
            pub not: Option<Box<$name>>,
            $($(#[doc = $line])+ pub $field: Option<$type>,)+
        }

        impl $crate::graphql::filter::NounFilter for $name {
            fn condition(&self, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::Expr> {
                #[allow(unused_imports)]
                use $crate::graphql::filter::Test;
                sink.enter()?;
                let mut tests = Vec::new();
                if let Some(filters) = &self.and {
                    for filter in filters {
                        tests.push(filter.condition(sink)?);
                    }
                }
                if let Some(filters) = &self.or {
                    let any = filters.iter().map(|filter| filter.condition(sink)).collect::<$crate::error::Result<Vec<_>>>()?;
                    tests.push($crate::graphql::filter::any(any));
                }
                if let Some(filter) = &self.not {
                    tests.push($crate::graphql::filter::fails(filter.condition(sink)?));
                }
                $(if let Some(value) = &self.$field {
                    tests.push($crate::graphql::filter::filter!(@$how value sink $module $($argument)+));
                })+
                Ok($crate::graphql::filter::all(tests))
            }

            fn select(&self, column: &'static str, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::SelectStatement> {
                let condition = self.condition(sink)?;
                Ok($crate::graphql::filter::select_where::<entity::$module::Entity>(column, condition))
            }

            fn select_failing(&self, column: &'static str, sink: &mut $crate::graphql::filter::Sink) -> $crate::error::Result<sea_orm::sea_query::SelectStatement> {
                let condition = $crate::graphql::filter::fails(self.condition(sink)?);
                Ok($crate::graphql::filter::select_where::<entity::$module::Entity>(column, condition))
            }
        }
    };
    (@column $value:ident $sink:ident $module:ident $column:ident) => {
        $value.test($crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@id $value:ident $sink:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::node::Kind::$kind, $crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@slug_of $value:ident $sink:ident $module:ident $column:ident of $kind:ident) => {
        $value.test($crate::graphql::node::Kind::$kind, $crate::graphql::filter::filter!(@col $module $column), $sink)?
    };
    (@one $value:ident $sink:ident $module:ident $column:ident) => {
        sea_orm::sea_query::ExprTrait::in_subquery($crate::graphql::filter::filter!(@col $module $column), $crate::graphql::filter::NounFilter::select(&**$value, "id", $sink)?)
    };
    (@many $value:ident $sink:ident $module:ident $tie:expr) => { $value.test(&$tie, $sink)? };
    (@date $value:ident $sink:ident $module:ident $text:ident $earliest:ident $latest:ident) => {
        $value.test(&$crate::graphql::filter::DateColumns {
            text: $crate::graphql::filter::filter!(@col $module $text),
            earliest: $crate::graphql::filter::filter!(@col $module $earliest),
            latest: $crate::graphql::filter::filter!(@col $module $latest),
        })?
    };
    (@with $value:ident $sink:ident $module:ident $function:expr) => { $function($value, $sink)? };
    (@col $module:ident $column:ident) => {
        sea_orm::sea_query::Expr::col((entity::$module::Entity, entity::$module::Column::$column))
    };
}
pub(crate) use filter;

/// Selects `column` of the rows for which the condition holds.
pub(crate) fn select_where<E: EntityTrait>(column: &'static str, condition: Expr) -> SelectStatement {
    Query::select()
        .column((E::default(), column))
        .from(E::default())
        .and_where(condition)
        // A null among the values would make the answer to the whole question unknown.
        .and_where(Expr::col((E::default(), column)).is_not_null())
        .take()
}

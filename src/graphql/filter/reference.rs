//! Filters that name rows: by id, slug or record.

use async_graphql::{ID, InputObject};
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, UnionType};

use crate::error::{Error, Result};
use crate::graphql::filter::scalar::StringFilter;
use crate::graphql::filter::{ColumnFilter, FilterContext, all, fails, few};
use crate::graphql::types::node::NodeKind;

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
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_named = true;
        let mut numbers = |list: &[ID]| -> Result<Vec<i64>> {
            few(list)?
                .iter()
                .map(|id| {
                    let number = kind.number(id)?;
                    context.ids.push((kind, number));
                    Ok(number)
                })
                .collect()
        };
        let eq = self.eq.as_ref().map(|id| numbers(std::slice::from_ref(id))).transpose()?;
        let one_of = self.r#in.as_ref().map(|list| numbers(list)).transpose()?;
        let none_of = self.not_in.as_ref().map(|list| numbers(list)).transpose()?;
        let mut tests = Vec::new();
        let dialect = context.dialect;
        let is_one_of = |column: Expr, list: Vec<i64>| {
            let list = dialect.numbers(&list);
            if kind.is_mergeable() { dialect.is_one_of_things(column, list) } else { dialect.is_one_of(column, list) }
        };
        for list in [eq, one_of].into_iter().flatten() {
            tests.push(is_one_of(column.clone(), list));
        }
        tests.extend(none_of.map(|list| fails(is_one_of(column, list))));
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
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_named = true;
        let mut tests = Vec::new();
        for list in [self.eq.as_ref().map(std::slice::from_ref), self.r#in.as_deref()].into_iter().flatten() {
            context.slugs.extend(few(list)?.iter().map(|slug| (kind, slug.clone())));
            let list = context.dialect.texts(list.iter().map(String::as_str));
            if kind.is_mergeable() {
                let things = with_slug(kind, |slug| context.dialect.is_one_of(slug, list.clone()));
                tests.push(Expr::col((kind.table(), "id")).in_subquery(things));
            } else {
                tests.push(context.dialect.is_one_of(column.clone(), list));
            }
        }
        Ok(all(tests))
    }
}

/// Selects the things whose slug passes a test, and what things with such a slug were judged to be.
pub(crate) fn with_slug(kind: NodeKind, test: impl Fn(Expr) -> Expr) -> SelectStatement {
    let table = kind.table();
    let mut select = Query::select();
    select.column((table, "id")).from(table).and_where(test(Expr::col((table, "slug"))));
    if kind.is_mergeable() {
        let merged = format!("merged_{table}");
        let judged = Query::select()
            .column(("record", "same_as_id"))
            .from(merged.clone())
            .inner_join("record", Expr::col(("record", "id")).equals((merged.clone(), "id")))
            .and_where(test(Expr::col((merged, "slug"))))
            .take();
        select.union(UnionType::All, judged);
    }
    select
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
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        match (&self.id, &self.slug) {
            (Some(id), None) => IdFilter { eq: Some(id.clone()), ..IdFilter::default() }.test(kind, column, context),
            (None, Some(slug)) => {
                context.is_named = true;
                context.slugs.push((kind, slug.clone()));
                Ok(column.in_subquery(with_slug(kind, |column| column.eq(slug.as_str()))))
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

pub(crate) fn from_record<E: EntityTrait>(filter: &RecordFilter, context: &mut FilterContext) -> Result<Expr> {
    let id = Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]);
    context.is_named = true;
    let mut records = Query::select().expr(id).from("record").take();
    if let Some(dataset) = &filter.dataset {
        let datasets = Query::select()
            .column("id")
            .from("dataset")
            .and_where(dataset.test(Expr::col(("dataset", "key")), context)?)
            .take();
        records.and_where(Expr::col(("record", "dataset_id")).in_subquery(datasets));
    }
    if let Some(key) = &filter.key {
        records.and_where(key.test(Expr::col(("record", "key")), context)?);
    }
    Ok(Expr::col((E::default(), "id")).in_subquery(records))
}

//! Filters that identify nodes: by id, slug or record.

use async_graphql::{ID, InputObject};
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, UnionType, Value};

use crate::db::List;
use crate::error::{Error, Result};
use crate::graphql::filter::scalar::StringFilter;
use crate::graphql::filter::{ColumnFilter, FilterContext, Operand, all, check_list_length, is_not_true};
use crate::graphql::types::node::NodeKind;

/// Filter on global ids. An id that does not exist is an error (`NOT_FOUND`) and not an empty list; an id of another type is
/// `BAD_INPUT`. The id of a merged node matches the node that it was merged into. All given fields must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdFilter {
    /// Equal to this id.
    pub eq: Option<Operand<ID>>,
    /// Equal to one of these ids, at most 1,000.
    pub r#in: Option<Operand<Vec<ID>>>,
    /// Equal to none of these ids, at most 1,000. Also matches rows without a value.
    pub not_in: Option<Operand<Vec<ID>>>,
}

impl IdFilter {
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_selective = true;
        let is_required = context.is_required();
        let numbers = move |list: &[ID], is_required: bool, context: &mut FilterContext| -> Result<Value> {
            let numbers = check_list_length(list)?.iter().map(|id| kind.number(id)).collect::<Result<Vec<i64>>>()?;
            context.references.add_ids(kind, &numbers, is_required);
            Ok(context.dialect.numbers(&numbers).into_value())
        };
        let dialect = context.dialect;
        let is_one_of = |column: Expr, list: Value| match kind.is_mergeable() {
            true => dialect.is_one_of_surviving(column, List::bound_as(list)),
            false => dialect.is_one_of(column, List::bound_as(list)),
        };
        let mut tests = Vec::new();
        if let Some(id) = &self.eq {
            let number = id.bind(context, move |id, context| {
                let number = kind.number(id)?;
                context.references.add_ids(kind, &[number], is_required);
                Ok(number.into())
            })?;
            tests.push(match kind.is_mergeable() {
                true => dialect.is_surviving(column.clone(), number),
                false => column.clone().eq(Expr::val(number)),
            });
        }
        if let Some(ids) = &self.r#in {
            let list = ids.bind(context, move |ids, context| numbers(ids, is_required, context))?;
            tests.push(is_one_of(column.clone(), list));
        }
        if let Some(ids) = &self.not_in {
            let list = ids.bind(context, move |ids, context| numbers(ids, false, context))?;
            tests.push(is_not_true(is_one_of(column, list)));
        }
        Ok(all(tests))
    }
}

/// Filter on slugs, the readable unique names of nodes. A slug that does not exist is an error (`NOT_FOUND`) that suggests the
/// closest one, and not an empty list. The slug of a merged node matches the node that it was merged into. All given fields
/// must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SlugFilter {
    /// Equal to this slug.
    pub eq: Option<Operand<String>>,
    /// Equal to one of these slugs, at most 1,000.
    pub r#in: Option<Operand<Vec<String>>>,
}

impl SlugFilter {
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        context.is_selective = true;
        let is_required = context.is_required();
        let texts = move |list: &[String], context: &mut FilterContext| -> Result<Value> {
            context.references.add_slugs(kind, check_list_length(list)?, is_required);
            Ok(context.dialect.texts(list.iter().map(String::as_str)).into_value())
        };
        let eq = self
            .eq
            .as_ref()
            .map(|slug| slug.bind(context, move |slug, context| texts(std::slice::from_ref(slug), context)));
        let one_of = self.r#in.as_ref().map(|slugs| slugs.bind(context, move |slugs, context| texts(slugs, context)));
        let mut tests = Vec::new();
        for list in [eq, one_of].into_iter().flatten() {
            let list = List::bound_as(list?);
            if kind.is_mergeable() {
                let ids = ids_with_slug(kind, |slug| context.dialect.is_one_of(slug, list.clone()));
                tests.push(Expr::col((kind.table(), "id")).in_subquery(ids));
            } else {
                tests.push(context.dialect.is_one_of(column.clone(), list));
            }
        }
        Ok(all(tests))
    }
}

/// Selects the ids of nodes whose slug passes a test, and of the nodes that such nodes were merged into.
pub(crate) fn ids_with_slug(kind: NodeKind, test: impl Fn(Expr) -> Expr) -> SelectStatement {
    let table = kind.table();
    let mut select = Query::select();
    select.column((table, "id")).from(table).and_where(test(Expr::col((table, "slug"))));
    if kind.is_mergeable() {
        let merged = format!("merged_{table}");
        let merged_into = Query::select()
            .column(("record", "same_as_id"))
            .from(merged.clone())
            .inner_join("record", Expr::col(("record", "id")).equals((merged.clone(), "id")))
            .and_where(test(Expr::col((merged, "slug"))))
            .take();
        select.union(UnionType::All, merged_into);
    }
    select
}

/// Identifies one node by id or by slug. Give exactly one of the two (otherwise `BAD_INPUT`). A node that does not exist is an
/// error (`NOT_FOUND`).
#[derive(Clone, Debug, Default, InputObject)]
pub struct Selector {
    /// Global id of the node.
    pub id: Option<ID>,
    /// Slug of the node.
    pub slug: Option<String>,
}

impl Selector {
    pub(crate) fn test(&self, kind: NodeKind, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        match (&self.id, &self.slug) {
            (Some(id), None) => {
                let eq = Some(Operand::Given(id.clone()));
                IdFilter { eq, ..IdFilter::default() }.test(kind, column, context)
            }
            (None, Some(slug)) => {
                context.is_selective = true;
                context.references.add_slugs(kind, std::slice::from_ref(slug), context.is_required());
                Ok(column.in_subquery(ids_with_slug(kind, |column| column.eq(slug.as_str()))))
            }
            _ => Err(Error::BadInput("Give exactly one of `id` and `slug`".into())),
        }
    }
}

/// Filter on the record that a node was imported from. All given fields must match. The record of a merged node matches the
/// node that it was merged into.
#[derive(Clone, Debug, Default, InputObject)]
pub struct RecordFilter {
    /// Key of the dataset.
    pub dataset: Option<StringFilter>,
    /// Key of the record, unique within its dataset.
    pub key: Option<StringFilter>,
}

/// Matches rows whose record, or the record of a node merged into them, passes the filter.
pub(crate) fn from_record<E: EntityTrait>(filter: &RecordFilter, context: &mut FilterContext) -> Result<Expr> {
    let id = Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]);
    context.is_selective = true;
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

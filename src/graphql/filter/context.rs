//! The state of a filter's translation to SQL: how related rows are matched, and which ids, slugs and names the filter mentions.
//!
//! Ids and slugs are collected first and then looked up together, so that a value that does not exist is an error.

use async_graphql::Value as GraphQlValue;
use sea_orm::sea_query::{Expr, ExprTrait, Query, UnionType};

use crate::db::Dialect;
use crate::error::{Error, Result, did_you_mean};
use crate::graphql::filter::operand::{OperandUse, ShapedOperand};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::node::NodeKind;

/// Maximum number of filters within one filter, because databases limit the size of a condition.
const MAX_FILTERS: usize = 200;

/// Maximum nesting of filters. It is the default of `--max-value-depth`, and for exports on the command line, which have no other
/// limit. SQLite refuses expressions that are nested 1,000 levels deep, and a filter becomes up to 20.
const MAX_NESTING: usize = 32;

/// Checks how deeply filters are nested. Error: `LIMIT`.
pub(super) fn check_nesting(nesting: usize) -> Result<()> {
    if nesting > MAX_NESTING {
        return Err(Error::Limit(format!(
            "The filter is nested more than {MAX_NESTING} filters deep: make it flatter; `and` and `or` take lists"
        )));
    }
    Ok(())
}

/// The form in which a filter matches rows by their related rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubqueryForm {
    /// `IN (SELECT ...)`: the row is in the set of rows that have a matching related row.
    In,
    /// `EXISTS (SELECT ...)`: tests one row at a time, for a scan of the list in its order.
    Exists,
}

/// The ids and slugs that a filter mentions.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    ids: Vec<(NodeKind, i64)>,
    slugs: Vec<(NodeKind, String)>,
    /// A row that matches the filter does not show that all of them exist.
    need_check: bool,
}

/// The state of a filter's translation to SQL.
pub struct FilterContext {
    pub(crate) dialect: Dialect,
    pub(crate) subquery_form: SubqueryForm,
    /// The filter matches rows by their related rows.
    pub(crate) has_related: bool,
    /// The filter contains ids, slugs, names, search words or an area. An index finds the rows for them, which is fastest.
    pub(crate) is_selective: bool,
    /// The filter matches actors or places by their related rows. One actor or place may be related to most of the graph, so
    /// testing it can be slow.
    pub(crate) has_hub: bool,
    /// The ids and slugs that must exist.
    pub(crate) references: References,
    /// The names that the filter searches. If the list is empty, they may be misspelled.
    pub(crate) names: Vec<String>,
    /// What the markers stand for, in their order.
    pub(crate) operands: Vec<OperandUse>,
    /// The variables on whose values the SQL depends.
    pub(crate) shaped: Vec<ShapedOperand>,
    /// The values of the variables in one request, by number.
    pub(crate) samples: Vec<GraphQlValue>,
    /// One of these values is invalid.
    pub(crate) has_invalid_sample: bool,
    /// The filter tests a column of the row itself other than its id.
    pub(crate) tests_columns: bool,
    filter_count: usize,
    nesting: usize,
    /// Nesting of filters that a matching row need not match.
    alternatives: usize,
    /// Nesting of filters on related rows.
    relations: usize,
}

impl References {
    /// Adds ids of which a row must have one. A row that has the only one shows that it exists; `is_required` is false if rows
    /// can match the filter without having one.
    pub(crate) fn add_ids(&mut self, kind: NodeKind, ids: &[i64], is_required: bool) {
        self.need_check |= !is_required || ids.len() > 1;
        self.ids.extend(ids.iter().map(|id| (kind, *id)));
    }

    /// Adds slugs, like [`Self::add_ids`].
    pub(crate) fn add_slugs(&mut self, kind: NodeKind, slugs: &[String], is_required: bool) {
        self.need_check |= !is_required || slugs.len() > 1;
        self.slugs.extend(slugs.iter().map(|slug| (kind, slug.clone())));
    }

    /// Checks that all ids and slugs exist, with one statement for all ids and one for the slugs of each node type. Error:
    /// `NOT_FOUND`, for a slug with the closest one that exists.
    pub(crate) async fn check(&self, session: &Session) -> Result<(), SharedError> {
        if !self.ids.is_empty() {
            let ids: Vec<i64> = self.ids.iter().map(|(_, id)| *id).collect();
            let select = Query::select()
                .columns(["id", "kind"])
                .from("record")
                .and_where(session.dialect().has_key(Expr::col(("record", "id")), &ids))
                .take();
            let mut found = Vec::new();
            for row in session.all(&select).await?.iter() {
                found.push((row.get::<i64>("id")?, row.get::<entity::record::RecordKind>("kind")?));
            }
            for (kind, id) in &self.ids {
                if !found.iter().any(|(known, stored)| known == id && kind.stored() == Some(*stored)) {
                    return Err(Error::NotFound(format!(
                        "No {} has the id {}",
                        kind.words(),
                        kind.global(*id).as_str()
                    ))
                    .into());
                }
            }
        }
        for table in [NodeKind::Actor, NodeKind::Place, NodeKind::Event, NodeKind::Article] {
            let slugs: Vec<&str> =
                self.slugs.iter().filter(|(kind, _)| *kind == table).map(|(_, slug)| slug.as_str()).collect();
            if !slugs.is_empty() {
                self.check_slugs(session, table, &slugs).await?;
            }
        }
        Ok(())
    }

    async fn check_slugs(&self, session: &Session, kind: NodeKind, slugs: &[&str]) -> Result<(), SharedError> {
        let tables = [kind.table().to_owned(), format!("merged_{}", kind.table())];
        let tables = tables.iter().take(if kind.is_mergeable() { 2 } else { 1 });
        let select_slugs = |table: &String| {
            let list = session.dialect().texts(slugs.iter().copied());
            let column = Expr::col((table.clone(), "slug"));
            Query::select()
                .column("slug")
                .from(table.clone())
                .and_where(session.dialect().is_one_of(column, list))
                .take()
        };
        let Some(select) = tables.map(select_slugs).reduce(|mut left, right| left.union(UnionType::All, right).take())
        else {
            return Ok(());
        };
        let mut found = Vec::new();
        for row in session.all(&select).await?.iter() {
            found.push(row.get::<String>("slug")?);
        }
        for slug in slugs {
            if !found.iter().any(|known| known == slug) {
                let hint = closest_slug(session, kind, slug).await?;
                let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                return Err(Error::NotFound(format!("No {} has the slug `{slug}`{hint}", kind.words())).into());
            }
        }
        Ok(())
    }

    /// Returns true if matching rows were found and show that all ids and slugs exist.
    pub(crate) fn are_shown(&self, has_rows: bool) -> bool {
        (self.ids.is_empty() && self.slugs.is_empty()) || (has_rows && !self.need_check)
    }
}

impl FilterContext {
    /// Creates a context in which related rows are matched by `IN`.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            subquery_form: SubqueryForm::In,
            has_related: false,
            is_selective: false,
            has_hub: false,
            references: References::default(),
            names: Vec::new(),
            operands: Vec::new(),
            shaped: Vec::new(),
            samples: Vec::new(),
            has_invalid_sample: false,
            tests_columns: false,
            filter_count: 0,
            nesting: 0,
            alternatives: 0,
            relations: 0,
        }
    }

    /// Creates a context in which related rows are matched by `EXISTS`, to translate the same filter again for a scan.
    pub(crate) fn for_scan(&mut self) -> Self {
        let operands = std::mem::take(&mut self.operands);
        let samples = self.samples.clone();
        Self { subquery_form: SubqueryForm::Exists, operands, samples, ..Self::new(self.dialect) }
    }

    /// Returns true if a scan of the list in its order may be faster than materializing the matching rows: on SQLite only.
    pub(crate) fn may_scan(&self) -> bool {
        !self.dialect.has_lateral() && self.has_related && !self.is_selective && !self.has_hub
    }

    /// Translates a filter on rows of the table `inner` that are related to rows of the table `outer`. If both are the same
    /// table, `EXISTS` could not name the outer row, so `IN` is used.
    pub(crate) fn in_subquery<T>(&mut self, outer: &str, inner: &str, translate: impl FnOnce(&mut Self) -> T) -> T {
        let outer_form = self.subquery_form;
        if outer == inner {
            self.subquery_form = SubqueryForm::In;
        }
        self.relations += 1;
        let translated = translate(self);
        self.relations -= 1;
        self.subquery_form = outer_form;
        translated
    }

    /// Translates filters that a matching row need not match, as below `or` and `not`.
    pub(crate) fn in_alternative<T>(&mut self, translate: impl FnOnce(&mut Self) -> T) -> T {
        self.alternatives += 1;
        let translated = translate(self);
        self.alternatives -= 1;
        translated
    }

    /// Returns true if each matching row, or a row related to it, must match the filter that is being translated.
    pub(crate) fn is_required(&self) -> bool {
        self.alternatives == 0
    }

    /// Notes that the filter that is being translated tests columns of its row.
    pub(crate) fn test_columns(&mut self) {
        self.tests_columns |= self.relations == 0;
    }

    /// Counts a filter within the filter, until [`Self::end_filter`]. Error: `LIMIT` if there are too many, or if they are nested too
    /// deeply.
    pub(crate) fn begin_filter(&mut self) -> Result<()> {
        self.nesting += 1;
        check_nesting(self.nesting)?;
        self.filter_count += 1;
        if self.filter_count > MAX_FILTERS {
            return Err(Error::Limit(format!(
                "The filter contains more than {MAX_FILTERS} filters: list values with `in`, or split the query"
            )));
        }
        Ok(())
    }

    /// Ends the filter that was begun last.
    pub(crate) fn end_filter(&mut self) {
        self.nesting -= 1;
    }
}

/// Returns a hint with the closest existing slug, searched among the first 5,000 in alphabetical order. It reads them all, but
/// only after a mistake.
async fn closest_slug(session: &Session, kind: NodeKind, slug: &str) -> Result<Option<String>, SharedError> {
    let select = Query::select()
        .column("slug")
        .from(kind.table())
        .and_where(Expr::col("slug").is_not_null())
        .order_by("slug", sea_orm::sea_query::Order::Asc)
        .limit(5000)
        .take();
    let mut all = Vec::new();
    for row in session.all(&select).await?.iter() {
        all.push(row.get::<String>("slug")?);
    }
    // A slug that contains the text is closer than one that is merely similar.
    let containing = all.iter().find(|known| slug.len() > 2 && known.contains(slug));
    Ok(containing
        .map(|known| format!("did you mean \"{known}\"?"))
        .or_else(|| did_you_mean(slug, all.iter().map(String::as_str))))
}

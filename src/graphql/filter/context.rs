//! What filters refer to is gathered while they are read, and looked up at once.

use sea_orm::sea_query::{Expr, ExprTrait, Query, UnionType};

use crate::db::Dialect;
use crate::error::{Error, Result, did_you_mean};
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::types::node::NodeKind;

/// The most filters within one filter: databases bound the size of a condition.
const MOST_FILTERS: usize = 200;

/// How a filter asks for rows that are tied to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubqueryForm {
    /// The row is one of those that they all are tied to.
    In,
    /// Asked of each row that is walked by.
    Exists,
}

/// Gathers, while a filter is read, what it refers to.
pub struct FilterContext {
    pub(crate) dialect: Dialect,
    pub(crate) form: SubqueryForm,
    /// The filter asks for rows that are tied to a row.
    pub(crate) is_tied: bool,
    /// The filter names things, words or an area, by which rows are found soonest.
    pub(crate) is_named: bool,
    /// The filter asks for rows that are tied to an actor or a place: one may have as many as there are.
    pub(crate) is_wide: bool,
    pub(crate) ids: Vec<(NodeKind, i64)>,
    pub(crate) slugs: Vec<(NodeKind, String)>,
    /// Names that rows are asked for: what finds nothing may be misspelt.
    pub(crate) names: Vec<String>,
    filters: usize,
}

impl FilterContext {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            form: SubqueryForm::In,
            is_tied: false,
            is_named: false,
            is_wide: false,
            ids: Vec::new(),
            slugs: Vec::new(),
            names: Vec::new(),
            filters: 0,
        }
    }

    /// Gathers the same again, for rows that are walked by.
    pub(crate) fn walking(dialect: Dialect) -> Self {
        Self { form: SubqueryForm::Exists, ..Self::new(dialect) }
    }

    /// Whether to walk by rows may find those that pass soonest.
    pub(crate) fn may_walk(&self) -> bool {
        self.is_tied && !self.is_named && !self.is_wide
    }

    /// Reads what is asked of rows of `inner` that are tied to rows of `outer`: rows of the outer table cannot be named where both
    /// are one, so that the inner rows are listed.
    pub(crate) fn within<T>(&mut self, outer: &str, inner: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let form = self.form;
        if outer == inner {
            self.form = SubqueryForm::In;
        }
        let found = read(self);
        self.form = form;
        found
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
    pub(crate) async fn look_up(&self, session: &Session) -> Result<(), SharedError> {
        if !self.ids.is_empty() {
            let ids: Vec<i64> = self.ids.iter().map(|(_, id)| *id).collect();
            let select = Query::select()
                .columns(["id", "kind"])
                .from("record")
                .and_where(self.dialect.has_key(Expr::col(("record", "id")), &ids))
                .take();
            let mut found = Vec::new();
            for row in session.all(&select).await? {
                found.push((row.try_get::<i64>("", "id")?, row.try_get::<entity::record::RecordKind>("", "kind")?));
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
                self.look_up_slugs(session, table, &slugs).await?;
            }
        }
        Ok(())
    }

    async fn look_up_slugs(&self, session: &Session, kind: NodeKind, slugs: &[&str]) -> Result<(), SharedError> {
        let tables = [kind.table().to_owned(), format!("merged_{}", kind.table())];
        let tables = tables.iter().take(if kind.is_mergeable() { 2 } else { 1 });
        let of = |table: &String| {
            let list = self.dialect.texts(slugs.iter().copied());
            let column = Expr::col((table.clone(), "slug"));
            Query::select().column("slug").from(table.clone()).and_where(self.dialect.is_one_of(column, list)).take()
        };
        let Some(select) = tables.map(of).reduce(|mut left, right| left.union(UnionType::All, right).take()) else {
            return Ok(());
        };
        let mut found = Vec::new();
        for row in session.all(&select).await? {
            found.push(row.try_get::<String>("", "slug")?);
        }
        for slug in slugs {
            if !found.iter().any(|known| known == slug) {
                let near = near_slug(session, kind, slug).await?;
                let hint = near.map(|hint| format!("; {hint}")).unwrap_or_default();
                return Err(Error::NotFound(format!("No {} has the slug `{slug}`{hint}", kind.words())).into());
            }
        }
        Ok(())
    }
}

/// The nearest slug of a noun. Only a mistake pays for the reading.
async fn near_slug(session: &Session, kind: NodeKind, slug: &str) -> Result<Option<String>, SharedError> {
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

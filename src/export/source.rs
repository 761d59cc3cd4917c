//! What an export reads: batches of rows of one state of the graph.

use std::collections::HashMap;

use entity::id::DatasetId;
use entity::record::Kind;
use entity::{dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{EntityName, EntityTrait, FromQueryResult, Iterable};

use crate::db::Snapshot;
use crate::error::{Error, Result, did_you_mean};

/// What to export of the graph.
pub(super) struct Chosen {
    pub(super) kind: Option<Kind>,
    pub(super) condition: Option<Expr>,
    pub(super) dataset: Option<DatasetId>,
}

/// One state of the graph, and what is wanted of it.
pub(super) struct Source {
    snapshot: Snapshot,
    pub(super) chosen: Chosen,
}

impl Source {
    pub(super) fn new(snapshot: Snapshot, chosen: Chosen) -> Self {
        Self { snapshot, chosen }
    }

    /// Leaves out what did not come with this dataset.
    pub(super) async fn choose_dataset(&mut self, key: &str) -> Result<()> {
        let all = self.datasets().await?;
        let Some(found) = all.iter().find(|dataset| dataset.key == key) else {
            let hint = did_you_mean(key, all.iter().map(|dataset| dataset.key.as_str()));
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(Error::NotFound(format!("No dataset has the key `{key}`{hint}")));
        };
        self.chosen.dataset = Some(found.id);
        Ok(())
    }

    /// The datasets that are wanted, in the order in which they were made.
    pub(super) async fn datasets(&mut self) -> Result<Vec<dataset::Model>> {
        let mut select = all_columns::<dataset::Entity>();
        select.order_by("id", Order::Asc);
        select.and_where_option(self.chosen.dataset.map(|id| Expr::col("id").eq(id.0)));
        self.models::<dataset::Entity>(&select).await
    }

    /// The rows of a statement.
    pub(super) async fn rows(&mut self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>> {
        self.snapshot.all(select).await
    }

    /// The rows of a statement that selects all columns of a noun.
    pub(super) async fn models<E>(&mut self, select: &SelectStatement) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromQueryResult>,
    {
        let rows = self.snapshot.all(select).await?;
        rows.iter().map(|row| Ok(E::Model::from_query_result(row, "")?)).collect()
    }

    /// The rows of a noun whose `column` has one of these numbers, in the order of their own.
    pub(super) async fn by<E>(&mut self, column: E::Column, numbers: &[i64]) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromQueryResult>,
    {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = all_columns::<E>();
        select.and_where(self.one_of(Expr::col((E::default(), column)), numbers));
        for key in E::PrimaryKey::iter() {
            select.order_by((E::default(), sea_orm::PrimaryKeyToColumn::into_column(key)), Order::Asc);
        }
        self.models::<E>(&select).await
    }

    /// `expression` is one of these numbers.
    pub(super) fn one_of(&self, expression: Expr, numbers: &[i64]) -> Expr {
        let dialect = self.snapshot.dialect();
        dialect.is_one_of(expression, dialect.numbers(numbers))
    }

    /// What things are called: their dataset, its key, and their key in it.
    pub(super) async fn called(&mut self, ids: &[i64]) -> Result<HashMap<i64, (DatasetId, String, String)>> {
        let id = Expr::col((record::Entity, record::Column::Id));
        let select = Query::select()
            .column((record::Entity, record::Column::Id))
            .column((record::Entity, record::Column::DatasetId))
            .column((record::Entity, record::Column::Key))
            .expr_as(Expr::col((dataset::Entity, dataset::Column::Key)), "dataset")
            .from(record::Entity)
            .inner_join(
                dataset::Entity,
                Expr::col((dataset::Entity, dataset::Column::Id))
                    .equals((record::Entity, record::Column::DatasetId)),
            )
            .and_where(self.one_of(id, ids))
            .take();
        let mut called = HashMap::new();
        for row in self.snapshot.all(&select).await? {
            let names = (row.try_get("", "dataset_id")?, row.try_get("", "dataset")?, row.try_get("", "key")?);
            called.insert(row.try_get("", "id")?, names);
        }
        Ok(called)
    }
}

/// A select of all columns of a noun from its table.
pub(super) fn all_columns<E: EntityTrait>() -> SelectStatement {
    let mut select = Query::select();
    for column in E::Column::iter() {
        select.column((E::default(), column));
    }
    select.from(E::default()).take()
}

/// The table of a noun.
pub(super) fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Article => entity::article::Entity.table_name(),
        Kind::Actor => entity::actor::Entity.table_name(),
        Kind::Name => entity::name::Entity.table_name(),
        Kind::Place => entity::place::Entity.table_name(),
        Kind::Relation => entity::relation::Entity.table_name(),
        Kind::Event => entity::event::Entity.table_name(),
        Kind::Participation => entity::participation::Entity.table_name(),
        Kind::EventLink => entity::event_link::Entity.table_name(),
        Kind::Account => entity::account::Entity.table_name(),
        Kind::Statement => entity::statement::Entity.table_name(),
        Kind::Claim => entity::claim::Entity.table_name(),
        Kind::Stance => entity::stance::Entity.table_name(),
        Kind::Figure => entity::figure::Entity.table_name(),
        Kind::Evidence => entity::evidence::Entity.table_name(),
        Kind::Mention => entity::mention::Entity.table_name(),
        Kind::ExternalId => entity::external_id::Entity.table_name(),
    }
}

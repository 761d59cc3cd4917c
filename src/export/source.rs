//! What an export reads: batches of rows of one state of the graph.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use entity::id::DatasetId;
use entity::record::RecordKind;
use entity::row::{ColumnMask, FromRow};
use entity::{article, dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{EntityTrait, Iterable};

use crate::db::Snapshot;
use crate::error::{Error, Result, did_you_mean};

/// What to export of the graph.
pub(super) struct Chosen {
    pub(super) kind: Option<RecordKind>,
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

    /// The rows of a statement that selects all columns of a noun, in their order.
    pub(super) async fn models<E>(&mut self, select: &SelectStatement) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
    {
        let rows = self.snapshot.all(select).await?;
        rows.iter().map(|row| Ok(E::Model::read(row, 0, ColumnMask::default())?)).collect()
    }

    /// The rows of a noun whose `column` has one of these numbers, in the order of their own.
    pub(super) async fn by<E>(&mut self, column: E::Column, numbers: &[i64]) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
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
                Expr::col((dataset::Entity, dataset::Column::Id)).equals((record::Entity, record::Column::DatasetId)),
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

/// The most rows that are read together.
const BATCH: usize = 500;

/// About how many characters they hold at most: a few of them may hold as much as all others.
pub(super) const HEAVY: i64 = 4_000_000;

/// How many numbers are read ahead. What narrows an export is judged once for so many, and not for each batch: a database may
/// have to look at all that pass to find the next.
const AHEAD: u64 = 50_000;

/// The numbers of the rows of a table, in their order.
pub(super) struct Ids {
    table: &'static str,
    condition: Option<Expr>,
    ahead: VecDeque<i64>,
    last: i64,
    ended: bool,
}

impl Ids {
    /// Those for which a condition holds.
    pub(super) fn new(table: &'static str, condition: Option<Expr>) -> Self {
        Self { table, condition, ahead: VecDeque::new(), last: 0, ended: false }
    }

    /// Gives back those behind the first `kept` of what was taken.
    pub(super) fn put_back(&mut self, taken: &mut Vec<i64>, kept: usize) {
        for id in taken.drain(kept.min(taken.len())..).rev() {
            self.ahead.push_front(id);
        }
    }
}

impl Source {
    /// The numbers of the chosen rows of a noun.
    pub(super) fn walk(&self, kind: RecordKind) -> Ids {
        let condition = self.chosen.condition_of(kind);
        Ids { ended: condition.is_none(), ..Ids::new(kind.table(), condition.flatten()) }
    }

    /// The next numbers, as many as are read together; none at the end.
    pub(super) async fn next_ids(&mut self, ids: &mut Ids) -> Result<Vec<i64>> {
        if ids.ahead.is_empty() && !ids.ended {
            let id = Expr::col((ids.table, "id"));
            let select = Query::select()
                .expr_as(id.clone(), "id")
                .from(ids.table)
                .and_where_option(ids.condition.clone())
                .and_where(id.clone().gt(ids.last))
                .order_by((ids.table, "id"), Order::Asc)
                .limit(AHEAD)
                .take();
            for row in self.snapshot.all(&select).await? {
                ids.ahead.push_back(row.try_get("", "id")?);
            }
            match ids.ahead.back() {
                Some(last) => ids.last = *last,
                None => ids.ended = true,
            }
        }
        let most = ids.ahead.len().min(BATCH);
        Ok(ids.ahead.drain(..most).collect())
    }

    /// The next rows of a walk; none at its end.
    pub(super) async fn step<E>(&mut self, walk: &mut Ids) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
    {
        let mut ids = self.next_ids(walk).await?;
        if walk.table == RecordKind::Article.table() {
            let lengths = self.lengths(&ids).await?;
            let mut length = 0;
            let light = ids.iter().take_while(|id| {
                length += lengths.get(id).copied().unwrap_or(0);
                length <= HEAVY
            });
            // One that is too long comes alone.
            let light = light.count().max(1);
            walk.put_back(&mut ids, light);
        }
        let Some(key) = E::PrimaryKey::iter().next().map(sea_orm::PrimaryKeyToColumn::into_column) else {
            return Ok(Vec::new());
        };
        self.by::<E>(key, &ids).await
    }

    /// How long the texts of articles are, where they are kept.
    pub(super) async fn lengths(&mut self, articles: &[i64]) -> Result<HashMap<i64, i64>> {
        let mut lengths = HashMap::new();
        if articles.is_empty() {
            return Ok(lengths);
        }
        let select = Query::select()
            .columns(["id", "text_length"])
            .from(article::Entity)
            .and_where(self.one_of(Expr::col("id"), articles))
            .and_where(Expr::col("text").is_not_null())
            .and_where(Expr::col("text_length").is_not_null())
            .take();
        for row in self.snapshot.all(&select).await? {
            lengths.insert(row.try_get("", "id")?, i64::from(row.try_get::<i32>("", "text_length")?));
        }
        Ok(lengths)
    }

    /// What to show for things in a line, with their nouns; a statement for each noun.
    pub(super) async fn labels(&mut self, ids: impl IntoIterator<Item = i64>) -> Result<Labels> {
        let ids: BTreeSet<i64> = ids.into_iter().collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut labels = Labels::default();
        if ids.is_empty() {
            return Ok(labels);
        }
        let mut by_kind: BTreeMap<RecordKind, Vec<i64>> = BTreeMap::new();
        let kinds = Query::select()
            .columns(["id", "kind"])
            .from(record::Entity)
            .and_where(self.one_of(Expr::col("id"), &ids))
            .take();
        for row in self.snapshot.all(&kinds).await? {
            by_kind.entry(row.try_get("", "kind")?).or_default().push(row.try_get("", "id")?);
        }
        for (kind, ids) in by_kind {
            labels.0.extend(ids.iter().map(|id| (*id, (kind, None))));
            let Some(label) = kind.label_sql() else { continue };
            let select = Query::select()
                .column("id")
                .expr_as(Expr::cust(label), "label")
                .from(kind.table())
                .and_where(self.one_of(Expr::col("id"), &ids))
                .take();
            for row in self.snapshot.all(&select).await? {
                labels.0.insert(row.try_get("", "id")?, (kind, row.try_get("", "label")?));
            }
        }
        Ok(labels)
    }
}

/// What things are and what to show for them.
#[derive(Default)]
pub(super) struct Labels(HashMap<i64, (RecordKind, Option<String>)>);

impl Labels {
    /// The noun of a thing.
    pub(super) fn kind(&self, id: i64) -> Option<RecordKind> {
        self.0.get(&id).map(|(kind, _)| *kind)
    }

    /// What to show for it.
    pub(super) fn text(&self, id: i64) -> Option<&str> {
        self.0.get(&id).and_then(|(_, text)| text.as_deref())
    }
}

impl Chosen {
    /// The chosen rows of the noun that was asked for, by their numbers; none when no noun was.
    pub(super) fn picked(&self) -> Option<SelectStatement> {
        let kind = self.kind?;
        let mut select = Query::select().column((kind.table(), "id")).from(kind.table()).take();
        select.and_where_option(self.condition.clone());
        Some(select)
    }

    /// What holds for the rows of a noun that are chosen: nothing has to, or none are (`None`).
    fn condition_of(&self, kind: RecordKind) -> Option<Option<Expr>> {
        let id = || Expr::col((kind.table(), "id"));
        let chosen = match (self.kind, self.picked()) {
            (Some(wanted), Some(_)) if wanted == kind => self.condition.clone(),
            (Some(_), Some(picked)) => {
                let whole = kind.part()?.column;
                let written_in = Query::select()
                    .column("id")
                    .from("record")
                    .and_where(Expr::col("owner_id").in_subquery(picked.clone()))
                    .take();
                Some(Expr::col((kind.table(), whole)).in_subquery(picked).or(id().in_subquery(written_in)))
            }
            _ => None,
        };
        let of_dataset = self.dataset.map(|dataset| {
            let of_dataset = Expr::col("dataset_id").eq(dataset.0);
            id().in_subquery(Query::select().column("id").from("record").and_where(of_dataset).take())
        });
        Some([chosen, of_dataset].into_iter().flatten().reduce(ExprTrait::and))
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

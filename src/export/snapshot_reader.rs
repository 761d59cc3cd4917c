//! Reads what an export needs from a snapshot of the graph: batches of rows, and what belongs to them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use entity::id::DatasetId;
use entity::record::RecordKind;
use entity::row::{ColumnMask, FromRow, Rows};
use entity::{article, dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{EntityTrait, Iterable};

use crate::db::{Snapshot, all_columns};
use crate::error::{Error, Result, did_you_mean};

/// The part of the graph to export.
pub(super) struct Selection {
    /// Only nodes of this type, with their child records.
    pub(super) kind: Option<RecordKind>,
    /// Only nodes of the type `kind` that match this condition.
    pub(super) condition: Option<Expr>,
    /// Only records of this dataset.
    pub(super) dataset: Option<DatasetId>,
}

/// A snapshot of the graph, and the part of it to export.
pub(super) struct SnapshotReader {
    snapshot: Snapshot,
    pub(super) selection: Selection,
}

impl SnapshotReader {
    pub(super) fn new(snapshot: Snapshot, selection: Selection) -> Self {
        Self { snapshot, selection }
    }

    /// Narrows the selection to the dataset with a key. Errors: there is no such dataset.
    pub(super) async fn select_dataset(&mut self, key: &str) -> Result<()> {
        let all = self.datasets().await?;
        let Some(found) = all.iter().find(|dataset| dataset.key == key) else {
            let hint = did_you_mean(key, all.iter().map(|dataset| dataset.key.as_str()));
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(Error::NotFound(format!("No dataset has the key `{key}`{hint}")));
        };
        self.selection.dataset = Some(found.id);
        Ok(())
    }

    /// Returns the selected datasets, in the order in which they were created.
    pub(super) async fn datasets(&mut self) -> Result<Vec<dataset::Model>> {
        let mut select = all_columns::<dataset::Entity>();
        select.order_by("id", Order::Asc);
        select.and_where_option(self.selection.dataset.map(|id| Expr::col("id").eq(id.0)));
        self.models::<dataset::Entity>(&select).await
    }

    /// Runs a query.
    pub(super) async fn rows(&mut self, select: &SelectStatement) -> Result<Rows> {
        self.snapshot.all(select).await
    }

    /// Runs a query that selects all columns of a table in their order.
    pub(super) async fn models<E>(&mut self, select: &SelectStatement) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
    {
        let rows = self.snapshot.all(select).await?;
        rows.iter().map(|row| Ok(E::Model::read(row, 0, ColumnMask::default())?)).collect()
    }

    /// Returns the rows of a table whose `column` is one of these ids, in the order of their primary keys.
    pub(super) async fn find_by<E>(&mut self, column: E::Column, ids: &[i64]) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
    {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = all_columns::<E>();
        select.and_where(self.is_one_of(Expr::col((E::default(), column)), ids));
        for key in E::PrimaryKey::iter() {
            select.order_by((E::default(), sea_orm::PrimaryKeyToColumn::into_column(key)), Order::Asc);
        }
        self.models::<E>(&select).await
    }

    /// Returns the condition that `expression` is one of these ids.
    pub(super) fn is_one_of(&self, expression: Expr, ids: &[i64]) -> Expr {
        let dialect = self.snapshot.dialect();
        dialect.is_one_of(expression, dialect.numbers(ids))
    }

    /// Returns by record id: the dataset's id, the dataset's key, and the record's key in it.
    pub(super) async fn keys_of(&mut self, ids: &[i64]) -> Result<HashMap<i64, (DatasetId, String, String)>> {
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
            .and_where(self.is_one_of(id, ids))
            .take();
        let mut keys = HashMap::new();
        for row in self.snapshot.all(&select).await?.iter() {
            let key = (row.get("dataset_id")?, row.get("dataset")?, row.get("key")?);
            keys.insert(row.get("id")?, key);
        }
        Ok(keys)
    }
}

/// The maximum number of rows of a batch.
const MAX_BATCH_ROWS: usize = 500;

/// About the maximum number of characters of a batch. A few long articles may have as many as hundreds of other rows.
pub(super) const MAX_BATCH_CHARS: i64 = 4_000_000;

/// The number of ids that a cursor reads at once. The database evaluates the filter of an export once for this
/// many rows and not for each batch, because it may have to find all matching rows to return the next ones.
const BUFFERED_IDS: u64 = 50_000;

/// Iterates over the ids of the rows of a table, in ascending order.
pub(super) struct IdCursor {
    table: &'static str,
    condition: Option<Expr>,
    /// Ids that were read and not yet returned.
    buffered: VecDeque<i64>,
    /// The last id that was read. The next query continues after it (keyset pagination).
    last: i64,
    ended: bool,
}

impl IdCursor {
    /// Creates a cursor over the rows that match a condition, or over all.
    pub(super) fn new(table: &'static str, condition: Option<Expr>) -> Self {
        Self { table, condition, buffered: VecDeque::new(), last: 0, ended: false }
    }

    /// Shortens a list of ids that the cursor returned, and returns the others again later.
    pub(super) fn put_back(&mut self, ids: &mut Vec<i64>, new_len: usize) {
        for id in ids.drain(new_len.min(ids.len())..).rev() {
            self.buffered.push_front(id);
        }
    }
}

impl SnapshotReader {
    /// Returns a cursor over the selected rows of a node type.
    pub(super) fn cursor(&self, kind: RecordKind) -> IdCursor {
        let condition = self.selection.condition_of(kind);
        IdCursor { ended: condition.is_none(), ..IdCursor::new(kind.table(), condition.flatten()) }
    }

    /// Returns the ids of the next batch; none at the end.
    pub(super) async fn next_ids(&mut self, cursor: &mut IdCursor) -> Result<Vec<i64>> {
        if cursor.buffered.is_empty() && !cursor.ended {
            let id = Expr::col((cursor.table, "id"));
            let select = Query::select()
                .expr_as(id.clone(), "id")
                .from(cursor.table)
                .and_where_option(cursor.condition.clone())
                .and_where(id.clone().gt(cursor.last))
                .order_by((cursor.table, "id"), Order::Asc)
                .limit(BUFFERED_IDS)
                .take();
            for row in self.snapshot.all(&select).await?.iter() {
                cursor.buffered.push_back(row.get("id")?);
            }
            match cursor.buffered.back() {
                Some(last) => cursor.last = *last,
                None => cursor.ended = true,
            }
        }
        let count = cursor.buffered.len().min(MAX_BATCH_ROWS);
        Ok(cursor.buffered.drain(..count).collect())
    }

    /// Returns the rows of the next batch; none at the end.
    pub(super) async fn next_rows<E>(&mut self, cursor: &mut IdCursor) -> Result<Vec<E::Model>>
    where
        E: EntityTrait<Model: FromRow>,
    {
        let mut ids = self.next_ids(cursor).await?;
        if cursor.table == RecordKind::Article.table() {
            let lengths = self.text_lengths(&ids).await?;
            let mut length = 0;
            let within_limit = ids.iter().take_while(|id| {
                length += lengths.get(id).copied().unwrap_or(0);
                length <= MAX_BATCH_CHARS
            });
            // An article that is longer than a batch is a batch by itself.
            let count = within_limit.count().max(1);
            cursor.put_back(&mut ids, count);
        }
        let Some(key) = E::PrimaryKey::iter().next().map(sea_orm::PrimaryKeyToColumn::into_column) else {
            return Ok(Vec::new());
        };
        self.find_by::<E>(key, &ids).await
    }

    /// Returns the lengths of the stored texts of articles, in characters.
    pub(super) async fn text_lengths(&mut self, articles: &[i64]) -> Result<HashMap<i64, i64>> {
        let mut lengths = HashMap::new();
        if articles.is_empty() {
            return Ok(lengths);
        }
        let select = Query::select()
            .columns(["id", "text_length"])
            .from(article::Entity)
            .and_where(self.is_one_of(Expr::col("id"), articles))
            .and_where(Expr::col("text").is_not_null())
            .and_where(Expr::col("text_length").is_not_null())
            .take();
        for row in self.snapshot.all(&select).await?.iter() {
            lengths.insert(row.get("id")?, i64::from(row.get::<i32>("text_length")?));
        }
        Ok(lengths)
    }

    /// Returns the node types and labels of nodes. Runs one query for all ids and one for each of their types.
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
            .and_where(self.is_one_of(Expr::col("id"), &ids))
            .take();
        for row in self.snapshot.all(&kinds).await?.iter() {
            by_kind.entry(row.get("kind")?).or_default().push(row.get("id")?);
        }
        for (kind, ids) in by_kind {
            labels.0.extend(ids.iter().map(|id| (*id, (kind, None))));
            let Some(label) = kind.label_sql() else { continue };
            let select = Query::select()
                .column("id")
                .expr_as(Expr::cust(label), "label")
                .from(kind.table())
                .and_where(self.is_one_of(Expr::col("id"), &ids))
                .take();
            for row in self.snapshot.all(&select).await?.iter() {
                labels.0.insert(row.get("id")?, (kind, row.get("label")?));
            }
        }
        Ok(labels)
    }
}

/// Node types and labels, by id.
#[derive(Default)]
pub(super) struct Labels(HashMap<i64, (RecordKind, Option<String>)>);

impl Labels {
    /// Returns the type of a node.
    pub(super) fn kind(&self, id: i64) -> Option<RecordKind> {
        self.0.get(&id).map(|(kind, _)| *kind)
    }

    /// Returns the label of a node; `None` if its type has no text to show.
    pub(super) fn text(&self, id: i64) -> Option<&str> {
        self.0.get(&id).and_then(|(_, text)| text.as_deref())
    }
}

impl Selection {
    /// Returns a query for the ids of the nodes that match `kind` and `condition`; `None` if nodes of all types are
    /// selected.
    pub(super) fn selected_ids(&self) -> Option<SelectStatement> {
        let kind = self.kind?;
        let mut select = Query::select().column((kind.table(), "id")).from(kind.table()).take();
        select.and_where_option(self.condition.clone());
        Some(select)
    }

    /// Returns the condition for the selected rows of a node type. `Some(None)` selects all of them, `None` selects
    /// none.
    fn condition_of(&self, kind: RecordKind) -> Option<Option<Expr>> {
        let id = || Expr::col((kind.table(), "id"));
        let by_kind = match (self.kind, self.selected_ids()) {
            (Some(selected), Some(_)) if selected == kind => self.condition.clone(),
            (Some(_), Some(selected)) => {
                // Child records: those whose parent is selected, and those in the records of selected nodes.
                let parent = kind.part()?.column;
                let owned = Query::select()
                    .column("id")
                    .from("record")
                    .and_where(Expr::col("owner_id").in_subquery(selected.clone()))
                    .take();
                Some(Expr::col((kind.table(), parent)).in_subquery(selected).or(id().in_subquery(owned)))
            }
            _ => None,
        };
        let by_dataset = self.dataset.map(|dataset| {
            let in_dataset = Expr::col("dataset_id").eq(dataset.0);
            id().in_subquery(Query::select().column("id").from("record").and_where(in_dataset).take())
        });
        Some([by_kind, by_dataset].into_iter().flatten().reduce(ExprTrait::and))
    }
}

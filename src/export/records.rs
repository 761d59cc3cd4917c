//! Exports records (JSON Lines) as the importer reads them: a lossless dump.
//!
//! There is a line for each dataset, followed by its records in import order, each with its child records. Merges are
//! not applied to the records; they follow at the end as `merge` records, which the importer applies again.

use std::collections::HashMap;

use entity::id::{DatasetId, RecordId};
use entity::record::RecordKind;
use entity::{article_author, dataset, merge, record, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use crate::error::{Error, Result};
use crate::export::output::{Output, to_json};
use crate::export::snapshot_reader::{IdCursor, MAX_BATCH_CHARS, SnapshotReader};
use crate::import::record::{DATASET, DatasetRecord, DatasetRef, Line, MERGE, MergeRecord, Ref, Rows};
use crate::import::to_record::Restorer;

/// About the number of characters of a row, besides the text of an article.
const ROW_CHARS: i64 = 200;

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output, include_deciders: bool) -> Result<()> {
    let mut last_dataset = None;
    for dataset in reader.datasets().await? {
        let (key, title, license, url) =
            (dataset.key.clone(), dataset.title.clone(), dataset.license.clone(), dataset.url.clone());
        let mut text = to_json(&Line { record_type: DATASET, fields: DatasetRecord { key, title, license, url } })?;
        text.push('\n');
        let mut cursor = record_cursor(reader, &dataset);
        // A dataset without selected records is omitted.
        let mut is_included = reader.selection.kind.is_none();
        loop {
            let roots = next_roots(reader, &mut cursor).await?;
            if roots.is_empty() {
                break;
            }
            is_included = true;
            let mut restorer = read(reader, &roots).await?;
            let keys = reader.keys_of(&restorer.references()).await?;
            for line in restorer.lines(dataset.id, keys)? {
                text.push_str(&line);
                text.push('\n');
            }
            output.send(std::mem::take(&mut text).into_bytes(), restorer.len()).await?;
        }
        if is_included {
            output.send(text.into_bytes(), 0).await?;
            last_dataset = Some(dataset.id);
        }
    }
    match last_dataset {
        Some(dataset) => write_merges(reader, output, dataset, include_deciders).await,
        None => Ok(()),
    }
}

/// Writes the merges of which both entities are selected, in the order in which they were decided. The lines follow
/// those of `dataset`, so references to records of other datasets name their dataset.
async fn write_merges(
    reader: &mut SnapshotReader,
    output: &Output,
    dataset: DatasetId,
    include_deciders: bool,
) -> Result<()> {
    let selected = |column: &'static str| {
        let mut condition = reader.selection.dataset.map(|dataset| Expr::col("dataset_id").eq(dataset.0));
        if let Some(records) = selected_records(reader) {
            let by_filter = Expr::col("id").in_subquery(records);
            condition = Some(condition.map_or(by_filter.clone(), |by_dataset| by_dataset.and(by_filter)));
        }
        let condition = condition?;
        let records = Query::select().column("id").from("record").and_where(condition).take();
        Some(Expr::col((merge::Entity, column)).in_subquery(records))
    };
    let condition = selected("left_id").zip(selected("right_id")).map(|(left, right)| left.and(right));
    let mut cursor = IdCursor::new("merge", condition);
    loop {
        let rows = reader.next_rows::<merge::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let entities: Vec<i64> = rows.iter().flat_map(|row| [row.left_id.0, row.right_id.0]).collect();
        let keys = reader.keys_of(&entities).await?;
        let count = rows.len();
        let mut text = String::new();
        for row in rows {
            let reference = |id: RecordId| {
                let (dataset_id, dataset_key, key) = keys.get(&id.0).cloned()?;
                let is_here = dataset_id == dataset;
                Some(if is_here { Ref::Key(key) } else { Ref::Dataset(DatasetRef { dataset: dataset_key, key }) })
            };
            let Some((keep, other)) = reference(row.left_id).zip(reference(row.right_id)) else {
                return Err(Error::Internal(format!("merge {} refers to an entity that is not registered", row.id.0)));
            };
            text.push_str(&to_json(&Line {
                record_type: MERGE,
                fields: MergeRecord::of(row, keep, other, include_deciders),
            })?);
            text.push('\n');
        }
        output.send(text.into_bytes(), count).await?;
    }
}

/// Returns a query for the ids of the records that contain the selected nodes; `None` if all records are selected.
fn selected_records(reader: &SnapshotReader) -> Option<SelectStatement> {
    let rows = reader.selection.selected_ids()?;
    // A child record is exported with the record that contains it.
    let records = Query::select()
        .expr(Func::coalesce([Expr::col("owner_id"), Expr::col("id")]))
        .from("record")
        .and_where(Expr::col("id").in_subquery(rows))
        .take();
    Some(records)
}

/// Returns a cursor over the selected records of a dataset.
fn record_cursor(reader: &SnapshotReader, dataset: &dataset::Model) -> IdCursor {
    let column = |column: record::Column| Expr::col((record::Entity, column));
    // The unary plus keeps SQLite from using the index on `dataset_id`, for which it would sort the whole dataset
    // each time.
    let in_dataset = Expr::cust("+\"record\".\"dataset_id\"").eq(dataset.id.0);
    let mut condition = in_dataset.and(column(record::Column::OwnerId).is_null());
    if let Some(records) = selected_records(reader) {
        condition = condition.and(column(record::Column::Id).in_subquery(records));
    }
    IdCursor::new("record", Some(condition))
}

/// Returns the next batch of records, without their child records.
async fn next_roots(reader: &mut SnapshotReader, cursor: &mut IdCursor) -> Result<Vec<record::Model>> {
    let mut ids = reader.next_ids(cursor).await?;
    let mut roots = reader.find_by::<record::Entity>(record::Column::Id, &ids).await?;
    let sizes = estimate_sizes(reader, &roots).await?;
    let mut size = 0;
    let within_limit = roots.iter().take_while(|root| {
        size += ROW_CHARS + sizes.get(&root.id.0).copied().unwrap_or(0);
        size <= MAX_BATCH_CHARS
    });
    // A record that is larger than a batch is a batch by itself.
    let count = within_limit.count().max(1);
    roots.truncate(count);
    cursor.put_back(&mut ids, count);
    Ok(roots)
}

/// Estimates the number of characters of records: their child records, and the texts of articles.
async fn estimate_sizes(reader: &mut SnapshotReader, roots: &[record::Model]) -> Result<HashMap<i64, i64>> {
    let mut sizes: HashMap<i64, i64> = HashMap::new();
    let ids: Vec<i64> = roots.iter().map(|root| root.id.0).collect();
    if ids.is_empty() {
        return Ok(sizes);
    }
    let child_counts = Query::select()
        .expr_as(Expr::col("owner_id"), "id")
        .expr_as(Expr::cust("COUNT(*)"), "count")
        .from("record")
        .and_where(reader.is_one_of(Expr::col("owner_id"), &ids))
        .group_by_col("owner_id")
        .take();
    for row in reader.rows(&child_counts).await?.iter() {
        sizes.insert(row.get("id")?, ROW_CHARS * row.get::<i64>("count")?);
    }
    let articles = roots.iter().filter(|root| root.kind == RecordKind::Article);
    let articles: Vec<i64> = articles.map(|root| root.id.0).collect();
    for (article, length) in reader.text_lengths(&articles).await? {
        *sizes.entry(article).or_default() += length;
    }
    Ok(sizes)
}

/// Reads all rows of a batch of records. The number of queries does not depend on the number of records.
async fn read(reader: &mut SnapshotReader, roots: &[record::Model]) -> Result<Restorer> {
    let ids: Vec<i64> = roots.iter().map(|root| root.id.0).collect();
    let children = reader.find_by::<record::Entity>(record::Column::OwnerId, &ids).await?;
    let mut ids_by_kind: HashMap<RecordKind, Vec<i64>> = HashMap::new();
    for entry in roots.iter().chain(&children) {
        ids_by_kind.entry(entry.kind).or_default().push(entry.id.0);
    }
    let all: Vec<i64> = ids_by_kind.values().flatten().copied().collect();
    let originals = reader.original_references(&all).await?;
    let mut rows = Rows::default();
    macro_rules! read {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {$(
            if let Some(ids) = ids_by_kind.get(&RecordKind::$kind) {
                rows.$module =
                    reader.unmerged_rows::<entity::$module::Entity>(RecordKind::$kind, ids, &originals).await?;
            }
        )+};
    }
    entity::for_each_record_kind!(read);
    let none = Vec::new();
    let of = |kind: RecordKind| ids_by_kind.get(&kind).unwrap_or(&none);
    let authors = article_author::Column::ArticleId;
    let authors = reader.find_by::<article_author::Entity>(authors, of(RecordKind::Article)).await?;
    let abouts = statement_about::Column::StatementId;
    let abouts = reader.find_by::<statement_about::Entity>(abouts, of(RecordKind::Statement)).await?;
    let (authors, abouts) = (originals.unmerged_authors(authors), originals.unmerged_abouts(abouts));
    Ok(Restorer::new(roots, &children, rows, authors, abouts))
}

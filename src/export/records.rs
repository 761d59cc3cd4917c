//! Records as the importer reads them: a line for each dataset, and below it its records, each with its parts; behind all, what
//! was judged of two of them.

use std::collections::HashMap;

use entity::id::{DatasetId, RecordId};
use entity::record::RecordKind;
use entity::{article_author, dataset, merge, record, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use crate::error::{Error, Result};
use crate::export::output::{Out, json};
use crate::export::source::{HEAVY, Ids, Source};
use crate::import::record::{DATASET, DatasetRecord, DatasetRef, Line, MERGE, MergeRecord, Ref, Rows};
use crate::import::to_record::Restorer;

/// About how many characters a row holds, but for the text of an article.
const ROW: i64 = 200;

pub(super) async fn write(source: &mut Source, out: &Out, tells_judges: bool) -> Result<()> {
    let mut last = None;
    for dataset in source.datasets().await? {
        let (key, title, licence, url) =
            (dataset.key.clone(), dataset.title.clone(), dataset.licence.clone(), dataset.url.clone());
        let mut text = json(&Line { kind: DATASET, record: DatasetRecord { key, title, licence, url } })?;
        text.push('\n');
        let mut ids = ids(source, &dataset);
        // A dataset of which nothing is chosen is not told.
        let mut told = source.chosen.kind.is_none();
        loop {
            let tops = tops(source, &mut ids).await?;
            if tops.is_empty() {
                break;
            }
            told = true;
            let mut restorer = read(source, &tops).await?;
            let called = source.called(&restorer.wanted()).await?;
            for line in restorer.lines(dataset.id, called)? {
                text.push_str(&line);
                text.push('\n');
            }
            out.send(std::mem::take(&mut text).into_bytes(), restorer.len()).await?;
        }
        if told {
            out.send(text.into_bytes(), 0).await?;
            last = Some(dataset.id);
        }
    }
    match last {
        Some(last) => judgements(source, out, last, tells_judges).await,
        None => Ok(()),
    }
}

/// What was judged of two chosen records, in the order in which it was judged. The lines stand below a dataset.
async fn judgements(source: &mut Source, out: &Out, below: DatasetId, tells_judges: bool) -> Result<()> {
    let chosen = |column: &'static str| {
        let mut condition = source.chosen.dataset.map(|dataset| Expr::col("dataset_id").eq(dataset.0));
        if let Some(records) = records(source) {
            let picked = Expr::col("id").in_subquery(records);
            condition = Some(condition.map_or(picked.clone(), |of_dataset| of_dataset.and(picked)));
        }
        let condition = condition?;
        let records = Query::select().column("id").from("record").and_where(condition).take();
        Some(Expr::col((merge::Entity, column)).in_subquery(records))
    };
    let condition = chosen("left_id").zip(chosen("right_id")).map(|(left, right)| left.and(right));
    let mut ids = Ids::new("merge", condition);
    loop {
        let rows = source.step::<merge::Entity>(&mut ids).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let things: Vec<i64> = rows.iter().flat_map(|row| [row.left_id.0, row.right_id.0]).collect();
        let called = source.called(&things).await?;
        let count = rows.len();
        let mut text = String::new();
        for row in rows {
            let reference = |id: RecordId| {
                let (of, dataset, key) = called.get(&id.0).cloned()?;
                Some(if of == below { Ref::Key(key) } else { Ref::Dataset(DatasetRef { dataset, key }) })
            };
            let Some((keep, other)) = reference(row.left_id).zip(reference(row.right_id)) else {
                return Err(Error::Broken(format!("judgement {} is on what is not registered", row.id.0)));
            };
            text.push_str(&json(&Line { kind: MERGE, record: MergeRecord::of(row, keep, other, tells_judges) })?);
            text.push('\n');
        }
        out.send(text.into_bytes(), count).await?;
    }
}

/// The numbers of the records in which what was picked was written; none when all is.
fn records(source: &Source) -> Option<SelectStatement> {
    let rows = source.chosen.picked()?;
    // What is a part comes with the record that it was written in.
    let records = Query::select()
        .expr(Func::coalesce([Expr::col("owner_id"), Expr::col("id")]))
        .from("record")
        .and_where(Expr::col("id").in_subquery(rows))
        .take();
    Some(records)
}

/// The numbers of the chosen records of a dataset.
fn ids(source: &Source, dataset: &dataset::Model) -> Ids {
    let own = |column: record::Column| Expr::col((record::Entity, column));
    // The plus keeps SQLite from sorting the whole dataset for each batch.
    let of_dataset = Expr::cust("+\"record\".\"dataset_id\"").eq(dataset.id.0);
    let mut condition = of_dataset.and(own(record::Column::OwnerId).is_null());
    if let Some(records) = records(source) {
        condition = condition.and(own(record::Column::Id).in_subquery(records));
    }
    Ids::new("record", Some(condition))
}

/// The next records.
async fn tops(source: &mut Source, ids: &mut Ids) -> Result<Vec<record::Model>> {
    let mut next = source.next_ids(ids).await?;
    let mut tops = source.by::<record::Entity>(record::Column::Id, &next).await?;
    let weights = weigh(source, &tops).await?;
    let mut weight = 0;
    let light = tops.iter().take_while(|top| {
        weight += ROW + weights.get(&top.id.0).copied().unwrap_or(0);
        weight <= HEAVY
    });
    // One that is too heavy comes alone.
    let light = light.count().max(1);
    tops.truncate(light);
    ids.put_back(&mut next, light);
    Ok(tops)
}

/// About how many characters the parts of records hold, and the texts of articles.
async fn weigh(source: &mut Source, tops: &[record::Model]) -> Result<HashMap<i64, i64>> {
    let mut weights: HashMap<i64, i64> = HashMap::new();
    let ids: Vec<i64> = tops.iter().map(|top| top.id.0).collect();
    if ids.is_empty() {
        return Ok(weights);
    }
    let parts = Query::select()
        .expr_as(Expr::col("owner_id"), "id")
        .expr_as(Expr::cust("COUNT(*)"), "count")
        .from("record")
        .and_where(source.one_of(Expr::col("owner_id"), &ids))
        .group_by_col("owner_id")
        .take();
    for row in source.rows(&parts).await? {
        weights.insert(row.try_get("", "id")?, ROW * row.try_get::<i64>("", "count")?);
    }
    let articles: Vec<i64> = tops.iter().filter(|top| top.kind == RecordKind::Article).map(|top| top.id.0).collect();
    for (article, length) in source.lengths(&articles).await? {
        *weights.entry(article).or_default() += length;
    }
    Ok(weights)
}

/// Reads records with all their rows: a fixed number of statements, however many they are.
async fn read(source: &mut Source, tops: &[record::Model]) -> Result<Restorer> {
    let ids: Vec<i64> = tops.iter().map(|top| top.id.0).collect();
    let parts = source.by::<record::Entity>(record::Column::OwnerId, &ids).await?;
    let mut numbers: HashMap<RecordKind, Vec<i64>> = HashMap::new();
    for entry in tops.iter().chain(&parts) {
        numbers.entry(entry.kind).or_default().push(entry.id.0);
    }
    let all: Vec<i64> = numbers.values().flatten().copied().collect();
    let originals = source.originals(&all).await?;
    let mut rows = Rows::default();
    macro_rules! read {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {$(
            if let Some(numbers) = numbers.get(&RecordKind::$kind) {
                rows.$module = source.written::<entity::$module::Entity>(RecordKind::$kind, numbers, &originals).await?;
            }
        )+};
    }
    entity::for_each_record_kind!(read);
    let none = Vec::new();
    let of = |kind: RecordKind| numbers.get(&kind).unwrap_or(&none);
    let authors = article_author::Column::ArticleId;
    let authors = source.by::<article_author::Entity>(authors, of(RecordKind::Article)).await?;
    let abouts = statement_about::Column::StatementId;
    let abouts = source.by::<statement_about::Entity>(abouts, of(RecordKind::Statement)).await?;
    Ok(Restorer::new(tops, &parts, rows, originals.authors(authors), originals.abouts(abouts)))
}

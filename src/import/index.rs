//! The indexes of names and words: match keys of names (folded, transliterated, phonetic) and the full-text index.
//!
//! An import updates them for the rows that it wrote. `newsgraph index` and the first start of a version with other
//! rules rebuild them.

use std::collections::HashMap;

use entity::id::NameId;
use entity::name_key::{self, NameRule};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::db::full_text;
use crate::db::full_text::{Document, INDEXED, Indexed};
use crate::db::{Db, Dialect};
use crate::error::Result;
use crate::geo;
use crate::geo::Point;
use crate::import::row_writer;
use crate::import::sql::execute;
use crate::import::temp_tables::WRITTEN;
use crate::text::fold;
use crate::text::phonetic;

/// The version of the rules for match keys and indexed words. Increase it when they change: then [`migrate`] rebuilds
/// the indexes.
const VERSION: i64 = 3;

/// The maximum number of rows that are read and indexed together, and the maximum bytes of their texts.
const BATCH: usize = 500;
const BATCH_BYTES: i64 = 8 << 20;

/// Rebuilds the name-matching and full-text indexes. Records are not changed.
pub async fn rebuild(db: &Db) -> Result<()> {
    let transaction = db.write().await?;
    rebuild_all(&transaction).await?;
    transaction.execute_unprepared(&format!("UPDATE counter SET value = {VERSION} WHERE name = 'index'")).await?;
    Db::analyze(&transaction).await?;
    db.commit(transaction).await
}

/// Rebuilds all indexes within a transaction.
pub(crate) async fn rebuild_all(transaction: &DatabaseTransaction) -> Result<()> {
    name_key::Entity::delete_many().exec(transaction).await?;
    full_text::clear(transaction).await?;
    index(transaction, None).await
}

/// Marks the entities that have the names among the rows in `ids` (a query or list of ids), as they are now. A name may
/// be a record on a separate line, so the full-text document of its bearer changes without the bearer being written.
pub(crate) async fn mark_bearers(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    let sql =
        format!("INSERT INTO {WRITTEN} SELECT DISTINCT target_id FROM name WHERE id IN ({ids}) ON CONFLICT DO NOTHING");
    execute(transaction, sql).await
}

/// Applies pending migrations, and rebuilds the indexes if an older version has built them.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate().await?;
    let backend = db.connection().get_database_backend();
    let sql = "SELECT value FROM counter WHERE name = 'index'";
    let stored = db.connection().query_one_raw(Statement::from_string(backend, sql)).await?;
    let version: i64 = stored.map(|row| row.try_get("", "value")).transpose()?.unwrap_or(0);
    if version == VERSION { Ok(()) } else { rebuild(db).await }
}

/// Indexes the rows that the transaction has written. Written rows with ids below `first_new_id` are updates, so their old
/// index entries are deleted first. `None` indexes all rows of the database.
pub(crate) async fn index(transaction: &DatabaseTransaction, first_new_id: Option<i64>) -> Result<()> {
    index_names(transaction, first_new_id).await?;
    if first_new_id.is_some() {
        mark_bearers(transaction, &format!("SELECT id FROM {WRITTEN}")).await?;
    } else {
        index_points(transaction).await?;
    }
    for table in INDEXED {
        index_documents(transaction, table, first_new_id).await?;
    }
    Ok(())
}

/// Reads the texts of a table in batches: of all rows, or of those that were written.
struct Batches<'a> {
    transaction: &'a DatabaseTransaction,
    /// The query for the lengths of the texts of the next rows, and the one for the texts up to a row.
    measure: String,
    select: String,
    last: i64,
}

impl<'a> Batches<'a> {
    fn new(
        transaction: &'a DatabaseTransaction,
        table: &str,
        texts: &[&str],
        more: &[&str],
        written_only: bool,
    ) -> Self {
        let from = if written_only { format!("{WRITTEN} JOIN {table} USING (id)") } else { table.to_owned() };
        // The condition is on both tables. With one, PostgreSQL would scan the other from its start for each batch.
        let next = format!("FROM {from} WHERE {table}.id > $1 AND id > $1");
        // `octet_length` reads only the header of a large text.
        let lengths = texts.iter().map(|column| format!("COALESCE(octet_length({column}), 0)"));
        let length = lengths.collect::<Vec<_>>().join(" + ");
        let measure = format!("SELECT id, CAST({length} AS BIGINT) {next} ORDER BY id LIMIT {BATCH}");
        let select =
            format!("SELECT id, {} {next} AND {table}.id <= $2 ORDER BY id", [texts, more].concat().join(", "));
        Self { transaction, measure, select, last: 0 }
    }

    /// Returns the last row of the next batch, or none if there are no more rows.
    async fn end(&self) -> Result<Option<i64>> {
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, &self.measure, [self.last.into()]);
        let (mut end, mut bytes) = (None, 0);
        for row in self.transaction.query_all_raw(statement).await? {
            bytes += row.try_get_by_index::<i64>(1)?;
            if end.is_some() && bytes > BATCH_BYTES {
                break;
            }
            end = Some(row.try_get_by_index(0)?);
        }
        Ok(end)
    }

    async fn next(&mut self) -> Result<Vec<(i64, Vec<String>)>> {
        let Some(end) = self.end().await? else { return Ok(Vec::new()) };
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, &self.select, [self.last.into(), end.into()]);
        let mut rows = Vec::new();
        for row in self.transaction.query_all_raw(statement).await? {
            let mut texts = Vec::new();
            for at in 1..row.column_names().len() {
                texts.push(row.try_get_by_index::<Option<String>>(at)?.unwrap_or_default());
            }
            self.last = row.try_get_by_index(0)?;
            rows.push((self.last, texts));
        }
        Ok(rows)
    }
}

/// The SQL for whether a name has no phonetic keys: alternative names of places. Gazetteers have a dozen for each
/// place, and would make everything sound like something.
const WITHOUT_SOUND: &str = "CASE WHEN kind IN ('ALIAS', 'SHORT', 'ACRONYM') AND EXISTS (SELECT 1 FROM place WHERE place.id = target_id) THEN 'y' END";

/// Writes the match keys of names.
async fn index_names(transaction: &DatabaseTransaction, first_new_id: Option<i64>) -> Result<()> {
    let mut batches = Batches::new(transaction, "name", &["text"], &[WITHOUT_SOUND], first_new_id.is_some());
    loop {
        let rows = batches.next().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let known: Vec<i64> =
            rows.iter().map(|(id, _)| *id).filter(|id| first_new_id.is_some_and(|first| *id < first)).collect();
        if !known.is_empty() {
            let dialect = Dialect(transaction.get_database_backend());
            let of_known =
                dialect.is_one_of(Expr::col((name_key::Entity, name_key::Column::NameId)), dialect.numbers(&known));
            name_key::Entity::delete_many().filter(of_known).exec(transaction).await?;
        }
        let keys = rows.iter().flat_map(|(id, texts)| match texts.as_slice() {
            [text, without_sound] => keys(NameId(*id), text, without_sound.is_empty()),
            _ => Vec::new(),
        });
        let keys = keys.collect();
        row_writer::insert::<name_key::Entity>(transaction, keys).await?;
    }
}

/// Writes the columns that index the coordinates of places which were imported by versions without these columns. An
/// import writes them with the place.
async fn index_points(transaction: &DatabaseTransaction) -> Result<()> {
    use entity::place::{Column, Entity};
    loop {
        let some = Entity::find()
            .filter(Column::Latitude.is_not_null())
            .filter(Column::Longitude.is_not_null())
            .filter(Column::Band.is_null())
            .limit(BATCH as u64)
            .all(transaction)
            .await?;
        if some.is_empty() {
            return Ok(());
        }
        for place in some {
            let point =
                Point { latitude: place.latitude.unwrap_or_default(), longitude: place.longitude.unwrap_or_default() };
            let [x, y, z] = point.vector();
            Entity::update_many()
                .col_expr(Column::Band, geo::band(point.latitude).into())
                .col_expr(Column::X, x.into())
                .col_expr(Column::Y, y.into())
                .col_expr(Column::Z, z.into())
                .filter(Column::Id.eq(place.id))
                .exec(transaction)
                .await?;
        }
    }
}

/// Returns the match keys of a name, by all rules except EXACT, which compares the name itself.
fn keys(name_id: NameId, text: &str, by_sound: bool) -> Vec<name_key::Model> {
    let folded = fold::forms(text);
    // Names in Latin letters are found by their folded form.
    let mut transliterated: Vec<String> = folded
        .iter()
        .map(|form| fold::to_latin(form))
        .filter(|form| !form.is_empty() && !folded.contains(form))
        .collect();
    transliterated.sort();
    transliterated.dedup();
    let of =
        |rule: NameRule, keys: Vec<String>| keys.into_iter().map(move |key| name_key::Model { name_id, rule, key });
    of(NameRule::Folded, folded)
        .chain(of(NameRule::Transliterated, transliterated))
        .chain(of(NameRule::Phonetic, if by_sound { phonetic::keys(text) } else { Vec::new() }))
        .collect()
}

/// Writes the full-text documents of a table.
async fn index_documents(
    transaction: &DatabaseTransaction,
    indexed: &Indexed,
    first_new_id: Option<i64>,
) -> Result<()> {
    let columns: Vec<&str> = indexed.heading.iter().chain(indexed.body).copied().collect();
    let mut batches = Batches::new(transaction, indexed.table, &columns, &[], first_new_id.is_some());
    loop {
        let rows = batches.next().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
        let names = if indexed.is_named { names_of(transaction, &ids).await? } else { HashMap::new() };
        let document = |(id, texts): &(i64, Vec<String>)| {
            let (heading, body) = texts.split_at(indexed.heading.len());
            let heading = heading.iter().chain(names.get(id).into_iter().flatten()).map(String::as_str);
            Document::new(*id, heading, body.iter().map(String::as_str))
        };
        let documents: Vec<Document> = rows.iter().map(document).collect();
        if let Some(first_new_id) = first_new_id {
            let known: Vec<i64> = ids.into_iter().filter(|id| *id < first_new_id).collect();
            full_text::remove(transaction, &known).await?;
        }
        full_text::index(transaction, &documents).await?;
    }
}

/// Returns the names of entities.
async fn names_of(transaction: &DatabaseTransaction, ids: &[i64]) -> Result<HashMap<i64, Vec<String>>> {
    use entity::name::{Column, Entity};
    let dialect = Dialect(transaction.get_database_backend());
    let of_these = dialect.is_one_of(Expr::col((Entity, Column::TargetId)), dialect.numbers(ids));
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    let found = Entity::find().filter(of_these).filter(Column::Text.ne("")).order_by_asc(Column::Id);
    for name in found.all(transaction).await? {
        names.entry(name.target_id.0).or_default().push(name.text);
    }
    Ok(names)
}

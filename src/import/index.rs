//! What is found by names and words: keys of names and the full-text index, made from the rows as they stand.

use std::collections::HashMap;

use entity::id::NameId;
use entity::name_key::{self, NameRule};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::db::full_text;
use crate::db::full_text::{Document, INDEXED, Indexed, LONGEST_HEADING};
use crate::db::{Db, Dialect};
use crate::error::Result;
use crate::geo;
use crate::geo::Point;
use crate::import::row_writer;
use crate::import::temp_tables::WRITTEN;
use crate::text::fold;
use crate::text::phonetic::Sound;
use crate::text::search::{MOST_WORDS, words};

/// Grows with the rules by which keys and words are made: what an older version made is made anew.
const VERSION: i64 = 2;

/// Rows that are read and indexed together, or less when their texts have more bytes.
const BATCH: usize = 500;
const LARGE: i64 = 8 << 20;

/// Makes all keys and the whole index anew; what they are made from does not change.
pub async fn rebuild(db: &Db) -> Result<()> {
    let transaction = db.write().await?;
    anew(&transaction).await?;
    transaction.execute_unprepared(&format!("UPDATE counter SET value = {VERSION} WHERE name = 'index'")).await?;
    Db::analyze(&transaction).await?;
    db.commit(transaction).await
}

/// Makes all keys and the whole index anew.
pub(crate) async fn anew(transaction: &DatabaseTransaction) -> Result<()> {
    name_key::Entity::delete_many().exec(transaction).await?;
    full_text::clear(transaction).await?;
    index(transaction, None).await
}

/// Notes whoever bears the names among the rows selected by `ids` (a select of ids, or a list), as they are now: a name may be a
/// record of its own, and its bearer is called otherwise without being written.
pub(crate) async fn note(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    let sql =
        format!("INSERT INTO {WRITTEN} SELECT DISTINCT target_id FROM name WHERE id IN ({ids}) ON CONFLICT DO NOTHING");
    transaction.execute_unprepared(&sql).await?;
    Ok(())
}

/// Brings storage up to date, and makes keys and index anew if an older version made them.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate().await?;
    let backend = db.connection().get_database_backend();
    let sql = "SELECT value FROM counter WHERE name = 'index'";
    let made = db.connection().query_one_raw(Statement::from_string(backend, sql)).await?;
    let version: i64 = made.map(|row| row.try_get("", "value")).transpose()?.unwrap_or(0);
    if version == VERSION { Ok(()) } else { rebuild(db).await }
}

/// Indexes what an import wrote, whose ids from `fresh` on are new; or all when none is given.
pub(crate) async fn index(transaction: &DatabaseTransaction, fresh: Option<i64>) -> Result<()> {
    names(transaction, fresh).await?;
    if fresh.is_none() {
        points(transaction).await?;
    }
    if fresh.is_some() {
        note(transaction, &format!("SELECT id FROM {WRITTEN}")).await?;
    }
    for noun in INDEXED {
        documents(transaction, noun, fresh).await?;
    }
    Ok(())
}

/// Reads texts of a table's rows, all or those written, batch by batch.
struct Batches<'a> {
    transaction: &'a DatabaseTransaction,
    /// The lengths of the texts of the next rows, and the texts up to one of them.
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
        // Said of both tables: PostgreSQL would read the larger one from its start for each batch.
        let behind = format!("FROM {from} WHERE {table}.id > $1 AND id > $1");
        // Told by the head of a row, without its text.
        let lengths = texts.iter().map(|column| format!("COALESCE(octet_length({column}), 0)"));
        let length = lengths.collect::<Vec<_>>().join(" + ");
        let measure = format!("SELECT id, CAST({length} AS BIGINT) {behind} ORDER BY id LIMIT {BATCH}");
        let select =
            format!("SELECT id, {} {behind} AND {table}.id <= $2 ORDER BY id", [texts, more].concat().join(", "));
        Self { transaction, measure, select, last: 0 }
    }

    /// The last of the next rows whose texts together are not too large; none when there are no more.
    async fn end(&self) -> Result<Option<i64>> {
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, &self.measure, [self.last.into()]);
        let (mut end, mut bytes) = (None, 0);
        for row in self.transaction.query_all_raw(statement).await? {
            bytes += row.try_get_by_index::<i64>(1)?;
            if end.is_some() && bytes > LARGE {
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

/// Other names of places have no keys by sound: gazetteers list a dozen for each place, in which everything sounds like something.
const SOUNDLESS: &str = "CASE WHEN kind IN ('ALIAS', 'SHORT', 'ACRONYM') AND EXISTS (SELECT 1 FROM place WHERE place.id = target_id) THEN 'y' END";

/// The keys of names.
async fn names(transaction: &DatabaseTransaction, fresh: Option<i64>) -> Result<()> {
    let mut batches = Batches::new(transaction, "name", &["text"], &[SOUNDLESS], fresh.is_some());
    loop {
        let rows = batches.next().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let known: Vec<i64> =
            rows.iter().map(|(id, _)| *id).filter(|id| fresh.is_some_and(|fresh| *id < fresh)).collect();
        if !known.is_empty() {
            let dialect = Dialect(transaction.get_database_backend());
            let of_known =
                dialect.is_one_of(Expr::col((name_key::Entity, name_key::Column::NameId)), dialect.numbers(&known));
            name_key::Entity::delete_many().filter(of_known).exec(transaction).await?;
        }
        let keys = rows.iter().flat_map(|(id, texts)| match texts.as_slice() {
            [text, soundless] => keys(NameId(*id), text, soundless.is_empty()),
            _ => Vec::new(),
        });
        let keys = keys.collect();
        row_writer::insert::<name_key::Entity>(transaction, keys).await?;
    }
}

/// Where places are, for those that were written before it was kept; otherwise it is written with the place.
async fn points(transaction: &DatabaseTransaction) -> Result<()> {
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

/// The keys of a name, by each rule but EXACT, for which the name itself is asked.
fn keys(name_id: NameId, text: &str, by_sound: bool) -> Vec<name_key::Model> {
    let folded = fold::forms(text);
    // What is in Latin letters already is found by its folded form.
    let mut carried: Vec<String> = folded
        .iter()
        .map(|form| fold::to_latin(form))
        .filter(|form| !form.is_empty() && !folded.contains(form))
        .collect();
    carried.sort();
    carried.dedup();
    let of =
        |rule: NameRule, keys: Vec<String>| keys.into_iter().map(move |key| name_key::Model { name_id, rule, key });
    of(NameRule::Folded, folded)
        .chain(of(NameRule::Transliterated, carried))
        .chain(of(NameRule::Phonetic, if by_sound { Sound::of(text).keys() } else { Vec::new() }))
        .collect()
}

/// The documents of a noun.
async fn documents(transaction: &DatabaseTransaction, noun: &Indexed, fresh: Option<i64>) -> Result<()> {
    let columns: Vec<&str> = noun.heading.iter().chain(noun.body).copied().collect();
    let mut batches = Batches::new(transaction, noun.table, &columns, &[], fresh.is_some());
    loop {
        let rows = batches.next().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
        let names = if noun.is_named { names_of(transaction, &ids).await? } else { HashMap::new() };
        let document = |(id, texts): &(i64, Vec<String>)| {
            let (heading, body) = texts.split_at(noun.heading.len());
            let heading = heading.iter().chain(names.get(id).into_iter().flatten()).map(String::as_str);
            Document {
                id: *id,
                heading: words(heading, LONGEST_HEADING),
                body: words(body.iter().map(String::as_str), MOST_WORDS),
            }
        };
        let documents: Vec<Document> = rows.iter().map(document).collect();
        if let Some(fresh) = fresh {
            let known: Vec<i64> = ids.into_iter().filter(|id| *id < fresh).collect();
            full_text::forget(transaction, &known).await?;
        }
        full_text::index(transaction, &documents).await?;
    }
}

/// What things are called.
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

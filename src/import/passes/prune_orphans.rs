//! Orphans of feeds: articles, actors and places that were converted from rows of feeds, and that no stored row refers
//! to.
//!
//! They appear when the rows that they belong to are skipped or replaced: the article of mentions whose events are not
//! stored, the actors and places of a row that a later row with the same id replaces. Only rows that are new in this
//! attempt are removed.

use entity::record::RecordKind;
use sea_orm::ConnectionTrait;

use crate::error::Result;
use crate::import::foreign_keys;
use crate::import::foreign_keys::Reference;
use crate::import::passes::ImportAttempt;
use crate::import::sql::statement;
use crate::import::temp_tables::{LINE, ORPHAN};

/// The node types of orphans, with their tables.
const TYPES: &[(RecordKind, &str)] =
    &[(RecordKind::Article, "article"), (RecordKind::Actor, "actor"), (RecordKind::Place, "place")];

/// The number of rows that are fetched together.
const ROWS_PER_QUERY: usize = 1000;

/// References from child records of a row, which do not keep it.
const FROM_CHILDREN: &[&str] = &["name.target_id", "external_id.target_id", "evidence.target_id"];

impl ImportAttempt<'_> {
    /// Finds orphans. Other orphans that refer to a row do not keep it, so the search repeats until it finds no more.
    pub(crate) async fn find_orphans(&mut self) -> Result<()> {
        let mut feeds = self.sources.iter().filter_map(|source| source.feed.as_ref());
        let rows_are_missing = !self.skipped.is_empty() || !self.rejections.is_empty();
        if !feeds.any(|feed| rows_are_missing || feed.has_replaced()) {
            return Ok(());
        }
        loop {
            let mut found = false;
            for (kind, table) in TYPES {
                let references = foreign_keys::ALL
                    .iter()
                    .filter(|one| one.may_be(*kind) && !FROM_CHILDREN.contains(&one.name().as_str()));
                let unreferenced: Vec<String> = references
                    .map(|Reference { table: from, column, .. }| {
                        let not_orphan = match *from {
                            "article" | "actor" | "place" => {
                                format!(" AND NOT EXISTS (SELECT 1 FROM {ORPHAN} WHERE {ORPHAN}.id = other.id)")
                            }
                            _ => String::new(),
                        };
                        format!(
                            "AND NOT EXISTS (SELECT 1 FROM {from} AS other WHERE other.{column} = line.id{not_orphan})"
                        )
                    })
                    .collect();
                let mut from = self.first_new_id;
                loop {
                    let sql = format!(
                        "SELECT line.id AS id, line.file AS file, line.line AS line FROM {LINE} AS line
                         JOIN {table} ON {table}.id = line.id
                         WHERE line.id >= {from} AND line.pointer = ''
                         AND NOT EXISTS (SELECT 1 FROM {ORPHAN} WHERE {ORPHAN}.id = line.id) {}
                         ORDER BY line.id LIMIT {ROWS_PER_QUERY}",
                        unreferenced.join(" "),
                    );
                    let rows = self.transaction.query_all_raw(statement(self.transaction, &sql)).await?;
                    let (last, mut ids) = (rows.len() < ROWS_PER_QUERY, Vec::new());
                    for row in rows {
                        let (id, file, line): (i64, i64, i64) =
                            (row.try_get("", "id")?, row.try_get("", "file")?, row.try_get("", "line")?);
                        let (file, line) = (usize::try_from(file).unwrap_or(0), u64::try_from(line).unwrap_or(0));
                        if self.sources[file].feed.as_ref().is_some_and(|feed| feed.needs_use(line)) {
                            self.orphans.insert(file, line);
                            ids.push(format!("({id})"));
                        }
                        from = id + 1;
                    }
                    if !ids.is_empty() {
                        found = true;
                        let sql = format!("INSERT INTO {ORPHAN} (id) VALUES {}", ids.join(", "));
                        self.transaction.execute_unprepared(&sql).await?;
                    }
                    if last {
                        break;
                    }
                }
            }
            if !found {
                return Ok(());
            }
        }
    }
}

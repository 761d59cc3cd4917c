//! What feeds shared among rows that came to nothing: an article of mentions whose events are not stored, the actors and
//! places of a row whose place a later one took.

use entity::record::RecordKind;
use sea_orm::ConnectionTrait;

use crate::error::Result;
use crate::import::foreign_keys;
use crate::import::foreign_keys::Reference;
use crate::import::passes::ImportAttempt;
use crate::import::temp_tables::{LINE, UNUSED};
use crate::import::validate::cross_record;

/// The nouns of such rows, with their tables.
const SHARED: &[(RecordKind, &str)] =
    &[(RecordKind::Article, "article"), (RecordKind::Actor, "actor"), (RecordKind::Place, "place")];

/// So many are found at once.
const TOGETHER: usize = 1000;

/// What a row says of itself does not use it.
const OWN: &[&str] = &["name.target_id", "external_id.target_id", "evidence.target_id"];

impl ImportAttempt<'_> {
    /// Finds new rows of shared lines to which nothing refers, but for others like them.
    pub(crate) async fn find_unused(&mut self) -> Result<()> {
        let mut feeds = self.sources.iter().filter_map(|source| source.feed.as_ref());
        let some_came_to_nothing = !self.needless.is_empty() || !self.mistakes.is_empty();
        if !feeds.any(|feed| some_came_to_nothing || feed.has_replaced()) {
            return Ok(());
        }
        loop {
            let mut found = false;
            for (kind, table) in SHARED {
                let used =
                    foreign_keys::ALL.iter().filter(|one| one.may_be(*kind) && !OWN.contains(&one.name().as_str()));
                let referred: Vec<String> = used
                    .map(|Reference { table: from, column, .. }| {
                        let counts = match *from {
                            "article" | "actor" | "place" => {
                                format!(" AND NOT EXISTS (SELECT 1 FROM {UNUSED} WHERE {UNUSED}.id = other.id)")
                            }
                            _ => String::new(),
                        };
                        format!("AND NOT EXISTS (SELECT 1 FROM {from} AS other WHERE other.{column} = line.id{counts})")
                    })
                    .collect();
                let mut from = self.fresh;
                loop {
                    let sql = format!(
                        "SELECT line.id AS id, line.file AS file, line.line AS line FROM {LINE} AS line
                         JOIN {table} ON {table}.id = line.id
                         WHERE line.id >= {from} AND line.pointer = ''
                         AND NOT EXISTS (SELECT 1 FROM {UNUSED} WHERE {UNUSED}.id = line.id) {}
                         ORDER BY line.id LIMIT {TOGETHER}",
                        referred.join(" "),
                    );
                    let rows = self.transaction.query_all_raw(cross_record::plain(self.transaction, &sql)).await?;
                    let (last, mut ids) = (rows.len() < TOGETHER, Vec::new());
                    for row in rows {
                        let (id, file, line): (i64, i64, i64) =
                            (row.try_get("", "id")?, row.try_get("", "file")?, row.try_get("", "line")?);
                        let (file, line) = (usize::try_from(file).unwrap_or(0), u64::try_from(line).unwrap_or(0));
                        if self.sources[file].feed.as_ref().is_some_and(|feed| feed.needs_use(line)) {
                            self.unused.insert(file, line);
                            ids.push(format!("({id})"));
                        }
                        from = id + 1;
                    }
                    if !ids.is_empty() {
                        found = true;
                        let sql = format!("INSERT INTO {UNUSED} (id) VALUES {}", ids.join(", "));
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

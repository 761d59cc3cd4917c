//! The references between rows: one list of all columns that refer to a record. Merges, deletions, the removal of
//! orphans and the audit log use it.

use entity::record::RecordKind;

/// Returns the node types whose rows can be merged into others. The row of a merged record is in `merged_<table>`.
pub(crate) fn mergeable() -> impl Iterator<Item = RecordKind> {
    RecordKind::ALL.iter().copied().filter(|kind| kind.is_mergeable())
}

/// Returns a table, and the table of its merged rows if there is one.
pub(crate) fn tables_of(table: &str) -> Vec<String> {
    let merged = mergeable().any(|kind| kind.table() == table).then(|| format!("merged_{table}"));
    std::iter::once(table.to_owned()).chain(merged).collect()
}

/// A column that refers to a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// The table of the column.
    pub(crate) table: &'static str,
    /// The column with the id of the referring row. In a join table, the id of the row that the reference belongs to.
    pub(crate) owner: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// The node types that it can refer to.
    pub(crate) to: To,
    /// The role of the referenced record for the referring one, as messages name it.
    pub(crate) role: &'static str,
}

/// The node types that a column can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// One type.
    One(RecordKind),
    /// One of these types.
    Any(&'static [RecordKind]),
    /// Any type that evidence can support.
    Evidenced,
}

impl Reference {
    /// Returns whether it can refer to a record of a type.
    pub(crate) fn may_be(&self, kind: RecordKind) -> bool {
        match self.to {
            To::One(one) => one == kind,
            To::Any(all) => all.contains(&kind),
            To::Evidenced => kind.has_evidence(),
        }
    }

    /// Returns the tables that have the column: its own, and the one of merged rows.
    pub(crate) fn tables(&self) -> Vec<String> {
        tables_of(self.table)
    }

    /// Returns its name in the table `redirect`: `table.column`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// Returns the column that distinguishes several references of one row, or `0` if there is only one.
    pub(crate) fn ordinal(&self) -> &'static str {
        if self.table == "article_author" { "ordinal" } else { "0" }
    }
}

const fn reference(table: &'static str, column: &'static str, to: To, role: &'static str) -> Reference {
    Reference { table, owner: "id", column, to, role }
}

const ACTOR: To = To::One(RecordKind::Actor);
const PLACE: To = To::One(RecordKind::Place);
const EVENT: To = To::One(RecordKind::Event);
const ARTICLE: To = To::One(RecordKind::Article);
const STATEMENT: To = To::One(RecordKind::Statement);
const ACCOUNT: To = To::One(RecordKind::Account);

/// All columns that refer to records, except derived ones.
pub(crate) const ALL: &[Reference] = &[
    reference("article", "publisher_id", ACTOR, "publisher"),
    reference("article", "dateline_place_id", PLACE, "dateline"),
    Reference { table: "article_author", owner: "article_id", column: "actor_id", to: ACTOR, role: "author" },
    reference("actor", "place_id", PLACE, "place"),
    reference("actor", "close_to_id", ACTOR, "person it is close to"),
    reference("actor", "article_id", ARTICLE, "article"),
    reference("place", "parent_id", PLACE, "parent"),
    reference("place", "capital_of_id", PLACE, "country that it is the capital of"),
    reference("place", "article_id", ARTICLE, "article"),
    reference("name", "target_id", To::Any(&[RecordKind::Actor, RecordKind::Place]), "bearer"),
    reference("relation", "subject_id", ACTOR, "subject"),
    reference("relation", "object_id", ACTOR, "object"),
    reference("relation", "place_id", PLACE, "place"),
    reference("event", "place_id", PLACE, "place"),
    reference("event", "parent_id", EVENT, "parent"),
    reference("participation", "event_id", EVENT, "event"),
    reference("participation", "account_id", ACCOUNT, "account"),
    reference("participation", "actor_id", ACTOR, "participant"),
    reference("participation", "article_id", ARTICLE, "participant"),
    reference("participation", "place_id", PLACE, "place"),
    reference("event_link", "from_id", EVENT, "first event"),
    reference("event_link", "to_id", EVENT, "second event"),
    reference("account", "event_id", EVENT, "event"),
    reference("account", "place_id", PLACE, "place"),
    reference("statement", "speaker_id", ACTOR, "speaker"),
    reference("statement", "addressee_id", ACTOR, "addressee"),
    reference("statement", "place_id", PLACE, "place"),
    reference("statement", "article_id", ARTICLE, "article"),
    reference("statement", "relays_id", STATEMENT, "statement that it relays"),
    Reference {
        table: "statement_about",
        owner: "statement_id",
        column: "target_id",
        to: To::Any(&[RecordKind::Actor, RecordKind::Event, RecordKind::Place]),
        role: "subject",
    },
    reference(
        "claim",
        "subject_id",
        To::Any(&[
            RecordKind::Event,
            RecordKind::Account,
            RecordKind::Participation,
            RecordKind::Relation,
            RecordKind::Figure,
            RecordKind::Actor,
        ]),
        "subject",
    ),
    reference("stance", "statement_id", STATEMENT, "statement"),
    reference("stance", "claim_id", To::One(RecordKind::Claim), "claim"),
    reference(
        "figure",
        "target_id",
        To::Any(&[RecordKind::Statement, RecordKind::Event, RecordKind::Account, RecordKind::Article]),
        "source",
    ),
    reference("figure", "place_id", PLACE, "place"),
    reference("figure", "part_of_id", To::One(RecordKind::Figure), "whole"),
    reference("evidence", "article_id", ARTICLE, "article"),
    reference("evidence", "target_id", To::Evidenced, "fact"),
    reference("evidence", "statement_id", STATEMENT, "statement"),
    reference("mention", "article_id", ARTICLE, "article"),
    reference("mention", "target_id", To::Any(&[RecordKind::Actor, RecordKind::Place]), "entity that it stands for"),
    reference(
        "external_id",
        "target_id",
        To::Any(&[RecordKind::Actor, RecordKind::Place, RecordKind::Event, RecordKind::Article]),
        "bearer",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

    use crate::db::Db;
    use crate::import::foreign_keys::ALL;

    /// Foreign keys that are not in the list: ids of rows, derived columns, the owners in join tables, and those of the
    /// tables `record`, `merge`, `redirect` and `name_key`.
    #[tokio::test]
    async fn every_foreign_key_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
        crate::import::migrate(&db).await.unwrap();
        let sql = "SELECT t.name || '.' || k.\"from\" AS name FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
        let rows = db.connection().query_all_raw(Statement::from_string(DatabaseBackend::Sqlite, sql)).await.unwrap();
        let mut keys: BTreeSet<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
        keys.retain(|key| {
            let (table, column) = key.split_once('.').unwrap();
            !matches!(table, "record" | "merge" | "redirect" | "name_key")
                && column != "id"
                && !["statement.voice_id", "article_author.article_id", "statement_about.statement_id"]
                    .contains(&key.as_str())
        });
        assert_eq!(keys, ALL.iter().map(|reference| reference.name()).collect());
    }
}

//! Shared records of feeds that are stored already.
//!
//! The first import of a shared record, such as a place or an actor, counts: two files seldom agree on every detail, and
//! records would change with each file. Two exceptions add what was not known: a place is completed with its parent, its
//! point and its type, and what older versions of the program wrote is put right.

use std::collections::HashMap;

use entity::actor;
use entity::id::RecordId;
use entity::place::{self, PlaceKind};
use entity::record::RecordKind;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};

use crate::error::Result;
use crate::import::change_log::ChangeLog;
use crate::import::delete::Deletion;
use crate::import::passes::ImportAttempt;
use crate::import::record::Row;
use entity::dataset;
use sea_orm::ColumnTrait;

/// The label of actors that older versions made from the mark of a missing value.
const MISSING: &str = "NA";

/// A stored record that a shared record of a feed may update.
pub(crate) enum Shared {
    /// An actor whose label is not a name.
    Unnamed,
    /// A place.
    Place(Box<place::Model>),
}

impl Shared {
    /// Returns true if the rows of a new record add to the stored one. What only the stored one has is copied to them.
    pub(crate) fn is_completed_by(&self, rows: &mut [Row]) -> bool {
        match self {
            Self::Unnamed => rows.iter().any(|row| matches!(row, Row::Actor(row) if row.label != MISSING)),
            Self::Place(stored) => rows.iter_mut().any(|row| match row {
                Row::Place(row) if row.id == stored.id => {
                    let has_parent = row.parent_id.is_some() && stored.parent_id.is_none();
                    let has_point = row.latitude.is_some() && stored.latitude.is_none();
                    let has_kind = row.kind != PlaceKind::Other && stored.kind == PlaceKind::Other;
                    row.parent_id = row.parent_id.or(stored.parent_id);
                    if row.latitude.is_none() {
                        (row.latitude, row.longitude) = (stored.latitude, stored.longitude);
                    }
                    if row.kind == PlaceKind::Other {
                        row.kind = stored.kind;
                    }
                    has_parent || has_point || has_kind
                }
                _ => false,
            }),
        }
    }
}

impl ImportAttempt<'_> {
    /// Returns the stored records among the given ones that shared records may update.
    pub(crate) async fn stored_shared(&self, ids: &[(RecordKind, i64)]) -> Result<HashMap<RecordId, Shared>> {
        let of_kind =
            |kind: RecordKind| -> Vec<i64> { ids.iter().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect() };
        let (places, actors) = (of_kind(RecordKind::Place), of_kind(RecordKind::Actor));
        let mut stored = HashMap::new();
        if !places.is_empty() {
            let id = Expr::col((place::Entity, place::Column::Id));
            let rows = place::Entity::find().filter(self.dialect.is_one_of(id, self.dialect.numbers(&places)));
            for row in rows.all(self.transaction).await? {
                stored.insert(RecordId(row.id.0), Shared::Place(Box::new(row)));
            }
        }
        if !actors.is_empty() {
            let id = Expr::col((actor::Entity, actor::Column::Id));
            let rows = actor::Entity::find()
                .filter(self.dialect.is_one_of(id, self.dialect.numbers(&actors)))
                .filter(actor::Column::Label.eq(MISSING));
            for row in rows.all(self.transaction).await? {
                stored.insert(RecordId(row.id.0), Shared::Unnamed);
            }
        }
        Ok(stored)
    }

    /// Deletes the records that older versions wrote for the rows of the feeds, if nothing refers to them any more.
    pub(crate) async fn drop_older_records(&mut self) -> Result<()> {
        for source in self.sources {
            let Some(feed) = source.feed.as_ref().filter(|feed| !feed.dropped.is_empty()) else { continue };
            let of_feed = dataset::Column::Key.eq(feed.dataset.as_str());
            let Some(dataset) = dataset::Entity::find().filter(of_feed).one(self.transaction).await? else { continue };
            let keys: Vec<String> = feed.dropped.iter().cloned().collect();
            let next = (self.next_id, self.next_change);
            let mut log = ChangeLog::new(self.transaction, next, self.started_at, &self.options.by, &self.batch);
            let removed = Deletion::new(self.transaction).remove_unreferenced(dataset.id.0, &keys, &mut log).await?;
            (self.next_id, self.next_change) = log.write().await?;
            self.report.add(removed);
        }
        Ok(())
    }
}

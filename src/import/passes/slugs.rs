//! Slugs, which are unique among the rows of a node type.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, Query};

use crate::error::Result;
use crate::import::foreign_keys::tables_of;
use crate::import::passes::ImportAttempt;
use crate::import::passes::pass2_store::Batch;
use crate::import::validate::builder::FieldProblem;

/// The id of a row and its slug.
type Slug<'r> = (i64, &'r mut Option<String>);

impl ImportAttempt<'_> {
    /// Reports slugs that another row already has. They are removed from the batch, so that its other rows can be
    /// written and validated.
    pub(crate) async fn take_slugs(&mut self, batch: &mut Batch) -> Result<()> {
        let Batch { rows, records, locations, .. } = batch;
        let tables: [(&str, Vec<Slug<'_>>); 4] = [
            ("article", rows.article.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("actor", rows.actor.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("place", rows.place.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("event", rows.event.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
        ];
        for (table, mut slugs) in tables {
            slugs.retain(|(_, slug)| slug.is_some());
            if slugs.is_empty() {
                continue;
            }
            let list = self.dialect.texts(slugs.iter().filter_map(|(_, slug)| slug.as_deref()));
            let mut owners: HashMap<String, i64> = HashMap::new();
            // A merged entity keeps its slug.
            for stored in tables_of(table) {
                let is_one = self.dialect.is_one_of(Expr::col("slug"), list.clone());
                let query = Query::select().columns(["id", "slug"]).from(stored).and_where(is_one).take();
                for row in self.transaction.query_all(&query).await? {
                    owners.insert(row.try_get("", "slug")?, row.try_get("", "id")?);
                }
            }
            for (id, slug) in slugs {
                let owner = slug.as_ref().map(|slug| *owners.entry(slug.clone()).or_insert(id));
                if owner == Some(id) {
                    continue;
                }
                if let (Some(slug), Some((index, pointer))) = (slug.take(), locations.get(&id)) {
                    let record = &records[*index];
                    let problem = FieldProblem {
                        pointer: format!("{pointer}/slug"),
                        message: format!("`{slug}` is already the slug of another {table}"),
                        suggestion: Some("choose another slug".into()),
                    };
                    self.problem(record.at, Some(&record.kind_name), Some(&record.key), problem);
                }
            }
        }
        Ok(())
    }
}

//! The join tables without entries of their own in the `record` table: authors of articles and subjects of statements.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use entity::id::ArticleId;
use entity::{article_author, statement_about};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::error::Result;
use crate::import::passes::ImportAttempt;
use crate::import::passes::pass2_store::Batch;
use crate::import::row_writer;

impl ImportAttempt<'_> {
    /// Stores the authors of the articles and the subjects of the statements of a batch.
    pub(crate) async fn store_join_tables(
        &self,
        articles: &[i64],
        statements: &[i64],
        batch: &mut Batch,
    ) -> Result<()> {
        let mut next_ordinals: HashMap<ArticleId, i32> = HashMap::new();
        let authors = std::mem::take(&mut batch.authors).into_iter().map(|(article_id, actor_id)| {
            let next = next_ordinals.entry(article_id).or_default();
            let ordinal = *next;
            *next += 1;
            article_author::Model { article_id, ordinal, actor_id }
        });
        let authors = authors.collect();
        let mut seen = HashSet::new();
        let abouts = std::mem::take(&mut batch.abouts)
            .into_iter()
            .filter(|(statement, target, _)| seen.insert((*statement, *target)))
            .map(|(statement_id, target_id, target_kind)| statement_about::Model {
                statement_id,
                target_id,
                target_kind,
            });
        let abouts = abouts.collect();
        let article = article_author::Column::ArticleId;
        let changed = self
            .store_join_rows::<article_author::Entity, _>(article, articles, authors, |row| {
                (row.article_id.0, (row.ordinal, row.actor_id))
            })
            .await?;
        changed.into_iter().for_each(|id| batch.add_changed_field(id, "authors"));
        let statement = statement_about::Column::StatementId;
        let changed = self
            .store_join_rows::<statement_about::Entity, _>(statement, statements, abouts, |row| {
                (row.statement_id.0, row.target_id)
            })
            .await?;
        changed.into_iter().for_each(|id| batch.add_changed_field(id, "about"));
        Ok(())
    }

    /// Makes the rows that `owners` have in a join table equal to `rows`. Compares stored and wanted rows, given the
    /// owner and the identity of each, and rewrites the rows of owners for which they differ. Returns the known owners
    /// whose rows changed.
    async fn store_join_rows<E, K>(
        &self,
        owner: E::Column,
        owners: &[i64],
        mut rows: Vec<E::Model>,
        identity: impl Fn(&E::Model) -> (i64, K),
    ) -> Result<HashSet<i64>>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
        K: Eq + Hash,
    {
        let known: Vec<i64> = owners.iter().copied().filter(|id| *id < self.first_new_id).collect();
        let mut changed = HashSet::new();
        if !known.is_empty() {
            let is_of =
                |ids: &[i64]| self.dialect.is_one_of(Expr::col((E::default(), owner)), self.dialect.numbers(ids));
            let stored = E::find().filter(is_of(&known)).all(self.transaction).await?;
            let stored: HashSet<(i64, K)> = stored.iter().map(&identity).collect();
            let is_known: HashSet<i64> = known.into_iter().collect();
            let wanted: HashSet<(i64, K)> =
                rows.iter().map(&identity).filter(|(owner, _)| is_known.contains(owner)).collect();
            changed.extend(stored.symmetric_difference(&wanted).map(|(owner, _)| *owner));
            rows.retain(|row| {
                let (owner, _) = identity(row);
                !is_known.contains(&owner) || changed.contains(&owner)
            });
            if !changed.is_empty() {
                let changed: Vec<i64> = changed.iter().copied().collect();
                E::delete_many().filter(is_of(&changed)).exec(self.transaction).await?;
            }
        }
        row_writer::insert::<E>(self.transaction, rows).await?;
        Ok(changed)
    }
}

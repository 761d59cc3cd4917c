//! Records taken away by the API: the same writer as the command line's.

use async_graphql::{Context, Object};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::loading::session::{SharedError, caller, session};
use crate::graphql::mutations::import_records::{ExpectedVersion, ImportReport, expected, once};
use crate::import;
use crate::import::Options;

/// What can be deleted.
#[derive(Default)]
pub struct DeleteMutation;

/// The most records that are deleted at once.
const MOST_KEYS: usize = 10_000;

/// What can be deleted.
#[Object]
impl DeleteMutation {
    /// Deletes records with their parts, in one transaction, all or nothing. What other records refer to is not deleted: delete
    /// those too, in the same call, or write them anew without it. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a
    /// key, `FORBIDDEN` without the scope, `NOT_FOUND` for a dataset that is not there, `CONFLICT` when somebody else was
    /// faster, `LIMIT` for more than 10,000 keys. A key that no record has, and a record that others refer to, are no errors
    /// of the request: they are among the answer's problems. The `index` of a problem counts the keys.
    #[allow(clippy::too_many_arguments)]
    async fn delete_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key of their dataset.")] dataset: String,
        #[graphql(desc = "The keys of the records, at most 10,000.")] keys: Vec<String>,
        #[graphql(desc = "Say what would be done and delete nothing.", default)] dry_run: bool,
        #[graphql(desc = "Leave in place what cannot be deleted, and delete the others.", default)] keep_going: bool,
        #[graphql(
            desc = "The versions of records that are deleted: a record that was changed since refuses all of it (`CONFLICT`). At most 1,000.",
            default
        )]
        expected_versions: Vec<ExpectedVersion>,
        #[graphql(desc = "What the client calls this write: see `importRecords`.")] idempotency_key: Option<String>,
    ) -> Result<ImportReport, SharedError> {
        let caller = caller(ctx);
        caller.needs(Scope::Write)?;
        if keys.len() > MOST_KEYS {
            return Err(Error::Limit(format!("`keys` has more than {MOST_KEYS} keys: delete in parts")).into());
        }
        let mut said = vec!["delete", &dataset, if keep_going { "all that can be" } else { "all" }];
        said.extend(keys.iter().map(String::as_str));
        let once = idempotency_key.map(|key| once(key, &said)).transpose()?.filter(|_| !dry_run);
        let expected = expected(expected_versions)?;
        let by = caller.name.clone().unwrap_or_default();
        let options = Options { dataset: Some(dataset), dry_run, keep_going, by, once, expected, commit_every: None };
        Ok(ImportReport::of(import::delete(session(ctx)?.db(), &keys, &options).await?))
    }
}

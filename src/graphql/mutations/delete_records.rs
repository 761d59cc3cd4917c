//! The mutation `deleteRecords`. It uses the same code as the command line.

use async_graphql::{Context, Object};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::loading::session::{SharedError, caller, session};
use crate::graphql::mutations::import_records::{ExpectedVersion, ImportReport, idempotent, read_expected_versions};
use crate::import;
use crate::import::Options;

/// The mutation that deletes records.
#[derive(Default)]
pub struct DeleteMutation;

/// Maximum number of records that one call deletes.
const MAX_KEYS: usize = 10_000;

/// The mutation that deletes records.
#[Object]
impl DeleteMutation {
    /// Deletes records with their child records, in one transaction. If one record has a problem, none is deleted, unless
    /// `keepGoing` is set.
    ///
    /// Deletes never cascade: a record that other records reference is not deleted. Delete those records in the same
    /// call, or import them again without the reference. Unknown keys and referenced records are not GraphQL errors:
    /// they are reported in `problems`. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key;
    /// `FORBIDDEN` without the scope; `NOT_FOUND` for an unknown dataset; `BAD_INPUT` for a malformed `idempotencyKey`;
    /// `LIMIT` for more than 10,000 keys or too many `expectedVersions`; `CONFLICT` when one of the `expectedVersions`
    /// is outdated, or the `idempotencyKey` was used for another write.
    #[allow(clippy::too_many_arguments)]
    async fn delete_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Key of the records' dataset.")] dataset: String,
        #[graphql(desc = "Keys of the records, at most 10,000.")] keys: Vec<String>,
        #[graphql(desc = "Report what would be deleted, but delete nothing.", default)] dry_run: bool,
        #[graphql(desc = "Keep the records that cannot be deleted, and delete the others.", default)] keep_going: bool,
        #[graphql(
            desc = "Optimistic concurrency control: versions of the records to delete. If one of the records was changed since, nothing is deleted (`CONFLICT`). At most 1,000.",
            default
        )]
        expected_versions: Vec<ExpectedVersion>,
        #[graphql(desc = "Idempotency key chosen by the client: see `importRecords`.")] idempotency_key: Option<String>,
    ) -> Result<ImportReport, SharedError> {
        let caller = caller(ctx);
        caller.require(Scope::Write)?;
        if keys.len() > MAX_KEYS {
            return Err(Error::Limit(format!("`keys` has more than {MAX_KEYS} keys: split the deletion")).into());
        }
        let mut parts = vec!["delete", &dataset, if keep_going { "all that can be" } else { "all" }];
        parts.extend(keys.iter().map(String::as_str));
        let idempotency = idempotency_key.map(|key| idempotent(key, &parts)).transpose()?.filter(|_| !dry_run);
        let expected = read_expected_versions(expected_versions)?;
        let by = caller.name.clone().unwrap_or_default();
        let options =
            Options { dataset: Some(dataset), dry_run, keep_going, by, idempotency, expected, commit_every: None };
        Ok(ImportReport::of(import::delete(session(ctx)?.db(), &keys, &options).await?))
    }
}

//! The mutation `deleteRecords`. It uses the same code as the command line.

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::mutations::import_records::{
    ExpectedVersion, ImportReport, idempotent, import_report, read_expected_versions,
};
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::schema::root::root_fields;
use crate::import;
use crate::import::Options;

/// Maximum number of records that one call deletes.
const MAX_KEYS: usize = 10_000;

root_fields! {
    root_fields {
        /// Deletes records with their child records, in one transaction. If one record has a problem, none is deleted, unless
        /// `keepGoing` is set.
        ///
        /// Deletes never cascade: a record that other records reference is not deleted. Delete those records in the same
        /// call, or import them again without the reference. Unknown keys and referenced records are not GraphQL errors:
        /// they are reported in `problems`. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key;
        /// `FORBIDDEN` without the scope; `NOT_FOUND` for an unknown dataset; `BAD_INPUT` for a malformed `idempotencyKey`;
        /// `LIMIT` for more than 10,000 keys or too many `expectedVersions`; `CONFLICT` when one of the `expectedVersions`
        /// is outdated, or the `idempotencyKey` was used for another write.
        delete_records(
            dataset: String, "Key of the records' dataset.";
            keys: Vec<String>, "Keys of the records, at most 10,000.";
            dry_run: bool = false, "Report what would be deleted, but delete nothing.";
            keep_going: bool = false, "Keep the records that cannot be deleted, and delete the others.";
            expected_versions: Vec<ExpectedVersion> = Vec::new(), "Optimistic concurrency control: versions of the records to delete. If one of the records was changed since, nothing is deleted (`CONFLICT`). At most 1,000.";
            idempotency_key: Option<String>, "Idempotency key chosen by the client: see `importRecords`.";
        ): ImportReport = function(delete_records);
    }
}

/// Deletes records.
fn delete_records<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        call.caller.require(Scope::Write)?;
        let (dataset, keys): (String, Vec<String>) = (call.argument("dataset")?, call.argument("keys")?);
        if keys.len() > MAX_KEYS {
            return Err(Error::Limit(format!("`keys` has more than {MAX_KEYS} keys: split the deletion")).into());
        }
        let (dry_run, keep_going): (bool, bool) = (call.argument("dryRun")?, call.argument("keepGoing")?);
        let mut parts = vec!["delete", &dataset, if keep_going { "all that can be" } else { "all" }];
        parts.extend(keys.iter().map(String::as_str));
        let idempotency_key: Option<String> = call.argument("idempotencyKey")?;
        let idempotency = idempotency_key.map(|key| idempotent(key, &parts)).transpose()?.filter(|_| !dry_run);
        let expected = read_expected_versions(call.argument("expectedVersions")?)?;
        let by = call.caller.name.clone().unwrap_or_default();
        let options =
            Options { dataset: Some(dataset), dry_run, keep_going, by, idempotency, expected, commit_every: None };
        Ok(call.at_root(import_report(import::delete(call.session.db(), &keys, &options).await?)))
    })
}

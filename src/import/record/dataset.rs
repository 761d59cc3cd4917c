//! The record of a dataset: the first line of a file, or of what else comes in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the records below it come from. It stands on the first line, or the command line names the dataset; a file may hold several, one below the other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRecord {
    /// The name by which imports and references call it.
    pub key: String,
    /// What to call it in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Under what terms its records may be used: an SPDX identifier where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Where it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

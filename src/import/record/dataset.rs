//! The record of a dataset: the first line of a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the records below it come from. It stands on the first line, or the command line names the dataset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRecord {
    /// The name by which imports and references call it.
    pub key: String,
    /// What to call it in a sentence.
    #[serde(default)]
    pub title: Option<String>,
    /// Under what terms its records may be used: an SPDX identifier where there is one.
    #[serde(default)]
    pub licence: Option<String>,
    /// Where it is published.
    #[serde(default)]
    pub url: Option<String>,
}

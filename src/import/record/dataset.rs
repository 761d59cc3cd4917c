//! Records of datasets: the first line of a file, and of each further dataset in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source of the records on the lines that follow. Each file starts with a dataset, unless the import names one. A later dataset line starts another dataset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRecord {
    /// The key that identifies the dataset in imports and references.
    pub key: String,
    /// The title of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The license of the records: an SPDX identifier, if there is one.
    #[serde(default, alias = "licence", skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The address where the dataset is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

//! What the files of GDELT share: the article behind an address, and the dataset.

use super::object::Object;
use super::out::Out;
use crate::import::build::sha256;

pub(super) const DATASET: &str = "gdelt";
pub(super) const TITLE: &str = "GDELT 2.0";
pub(super) const LICENCE: &str = "free with attribution to the GDELT Project";
pub(super) const URL: &str = "https://www.gdeltproject.org/";

/// Writes the article at an address and gives its key. Events, mentions and the knowledge graph know the same article by its
/// address alone. A citation such as `(c) BBC` stands for many works and is none.
pub(super) fn article(identifier: &str, out: &mut Out<'_>) -> Option<String> {
    url::Url::parse(identifier).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let key = format!("article/{}", sha256(identifier).get(..32)?);
    out.share(Object::record("article", &key).set("url", identifier));
    Some(key)
}

//! What the files of GDELT share: the article behind an address, and the dataset.

use crate::import::feed::object::Object;
use crate::import::feed::record_writer::Out;
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed};
use crate::import::validate::builder::sha256;

/// What is known of a file of GDELT before its first row.
pub(super) fn about(columns: &'static [&'static str], feed: Box<dyn Feed>) -> About {
    About {
        dataset: "gdelt",
        title: "GDELT 2.0",
        licence: Some("free with attribution to the GDELT Project"),
        url: Some("https://www.gdeltproject.org/"),
        layout: Layout::Bare(columns),
        feed,
    }
}

/// Writes the article at an address, which is left out when nothing refers to it, and gives its key. Events, mentions and the knowledge graph know the same article by its
/// address alone. A citation such as `(c) BBC` stands for many works and is none.
pub(super) fn article(identifier: &str, out: &mut Out<'_>) -> Option<String> {
    url::Url::parse(identifier).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let key = format!("article/{}", sha256(identifier).get(..32)?);
    out.share(Object::record("article", &key).set("url", identifier));
    Some(key)
}

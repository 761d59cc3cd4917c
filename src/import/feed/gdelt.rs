//! The parts that the three GDELT 2.0 formats share: the dataset, and articles by URL.
//!
//! GDELT publishes a file of each format every 15 minutes, and the same three for articles that it translated
//! (`*.translation.*`). See <https://www.gdeltproject.org/data.html> for the codebooks.

use crate::import::feed::object::Object;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition};
use crate::import::validate::builder::sha256;

/// Defines a feed in one of the GDELT formats.
pub(super) fn definition(columns: &'static [&'static str], converter: Box<dyn Converter>) -> FeedDefinition {
    FeedDefinition {
        dataset: "gdelt",
        title: "GDELT 2.0",
        license: Some("free with attribution to the GDELT Project"),
        url: Some("https://www.gdeltproject.org/"),
        layout: Layout::HeaderlessTsv { columns, optional: 0 },
        missing: None,
        converter,
    }
}

/// The reason under which articles are counted that GDELT identifies by a citation.
pub(super) const NO_URL: &str = "articles identified by a citation instead of a URL";

/// Writes the article at a URL and returns its key, which depends on the URL alone: all three formats refer to the same
/// article by it. Returns `None` for a citation such as `(c) BBC`, which stands for many articles.
pub(super) fn article(identifier: &str, writer: &mut RecordWriter<'_>) -> Option<String> {
    url::Url::parse(identifier).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let key = format!("article/{}", sha256(identifier).get(..32)?);
    writer.write_shared(Object::record("article", &key).set("url", identifier));
    Some(key)
}

//! GDELT 2.0 mentions: each row says that an article reports an event, and becomes evidence of the event.
//!
//! Format: `YYYYMMDDHHMMSS.mentions.CSV`, tab-separated in spite of the name, 16 columns, no header. The GDELT Event
//! Codebook V2.0 (2015) specifies it.
//!
//! | GDELT | record |
//! | --- | --- |
//! | row, keyed by event, article, sentence and offsets | evidence of the event `GLOBALEVENTID` |
//! | `MentionIdentifier` | article |
//! | `Confidence` (0 to 100) | `confidence` (0 to 1) |
//!
//! Skipped: mentions of events that are not stored (more than half of them are about events of earlier files), and
//! mentions in articles without a URL. Not stored: offsets, tone, source languages, domain names.

use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, external_id};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid, without_fraction};
use crate::import::feed::{Converter, FeedDefinition};
use crate::import::hash;

pub(super) fn definition() -> FeedDefinition {
    gdelt::definition(COLUMNS, Box::new(Mentions))
}

const COLUMNS: &[&str] = &[
    "GLOBALEVENTID",
    "EventTimeDate",
    "MentionTimeDate",
    "MentionType",
    "MentionSourceName",
    "MentionIdentifier",
    "SentenceID",
    "Actor1CharOffset",
    "Actor2CharOffset",
    "ActionCharOffset",
    "InRawText",
    "Confidence",
    "MentionDocLen",
    "MentionDocTone",
    "MentionDocTranslationInfo",
    "Extras",
];

/// The columns that, with the event, identify a mention. Event and article alone are not unique.
const IDENTITY: &[&str] =
    &["MentionIdentifier", "SentenceID", "Actor1CharOffset", "Actor2CharOffset", "ActionCharOffset"];

struct Mentions;

impl Converter for Mentions {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let event = row.required_integer("GLOBALEVENTID")?.to_string();
        let confidence = row.number("Confidence")?;
        if confidence.is_some_and(|confidence| !(0.0..=100.0).contains(&confidence)) {
            return Err(invalid("Confidence", "is not between 0 and 100", "check for shifted columns"));
        }
        row.check_compact_time("MentionTimeDate")?;
        let Some(article) = article(row.required("MentionIdentifier")?, writer) else {
            writer.skip(gdelt::NO_URL);
            return Ok(());
        };
        let identity: Vec<_> = IDENTITY.iter().map(|column| row.text(column).map(without_fraction)).collect();
        let key = format!("mention/{event}/{:016x}", hash(&identity));
        // By external id, since the ids of duplicates and mirrored events are external ids of the stored event.
        let target = external_id("gdelt", &event);
        for (what, column) in [
            // The offsets count characters of a text that GDELT cleaned and translated.
            ("character offsets in GDELT's cleaned text", "ActionCharOffset"),
            ("tone of the article", "MentionDocTone"),
            ("source language of a translated article", "MentionDocTranslationInfo"),
            ("domain names of outlets", "MentionSourceName"),
        ] {
            writer.unmapped_if(what, row.text(column));
        }
        writer.write_if_target_exists(
            Object::record("evidence", &key)
                .set_child("target", target)
                .set("article", article)
                .set_if("confidence", confidence.map(|confidence| confidence / 100.0)),
        );
        Ok(())
    }
}

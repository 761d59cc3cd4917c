//! GDELT 2.0 mentions: each row says that an article tells of an event, which is evidence for it.

use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, external_id};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, wrong};
use crate::import::feed::{About, Feed};
use crate::import::hash;

pub(super) fn about() -> About {
    gdelt::about(COLUMNS, Box::new(Mentions))
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

/// What tells mentions of one event apart; its id and the address are not enough.
const IDENTITY: &[&str] =
    &["MentionIdentifier", "SentenceID", "Actor1CharOffset", "Actor2CharOffset", "ActionCharOffset"];

struct Mentions;

impl Feed for Mentions {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let event = row.need_integer("GLOBALEVENTID")?.to_string();
        let confidence = row.number("Confidence")?;
        if confidence.is_some_and(|confidence| !(0.0..=100.0).contains(&confidence)) {
            return Err(wrong("Confidence", "lies outside of 0 to 100", "look for a shifted row"));
        }
        row.compact_day_time("MentionTimeDate")?;
        let Some(article) = article(row.need("MentionIdentifier")?, out) else {
            out.skip("works known by a citation that many share");
            return Ok(());
        };
        let identity: Vec<_> = IDENTITY.iter().map(|column| row.text(column)).collect();
        let key = format!("mention/{event}/{:016x}", hash(&identity));
        // An event is known by all its ids: that of a folded mirror leads to it too.
        let target = external_id("gdelt", &event);
        for (what, column) in [
            // They count characters of a text that GDELT cleaned and translated.
            ("offsets in the text as cleaned by GDELT", "ActionCharOffset"),
            ("tone of the article", "MentionDocTone"),
            ("source language of a translated article", "MentionDocTranslationInfo"),
            ("name of the outlet as its domain", "MentionSourceName"),
        ] {
            out.unmapped_if(what, row.text(column));
        }
        out.write_if_known(
            Object::record("evidence", &key)
                .part_of("target", target)
                .set("article", article)
                .set_if("confidence", confidence.map(|confidence| confidence / 100.0)),
        );
        Ok(())
    }
}

//! GDELT Global Knowledge Graph 2.1: what an article counts and, when asked for, whom it names and what it quotes.
//!
//! Its offsets count characters of a text that GDELT cleaned and translated, so they tell parts apart and are no
//! positions. Its extras are XML by strangers and are not read.

use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, clipped, evidence};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, wrong};
use crate::import::feed::{About, Feed, Settings};
use crate::import::hash;

pub(super) fn about(settings: &Settings) -> About {
    gdelt::about(COLUMNS, Box::new(Gkg { mentions: settings.mentions, quotations: settings.quotations }))
}

const COLUMNS: &[&str] = &[
    "GKGRECORDID",
    "DATE",
    "SOURCECOLLECTIONIDENTIFIER",
    "SOURCECOMMONNAME",
    "DOCUMENTIDENTIFIER",
    "V1COUNTS",
    "COUNTS",
    "V1THEMES",
    "ENHANCEDTHEMES",
    "V1LOCATIONS",
    "ENHANCEDLOCATIONS",
    "V1PERSONS",
    "ENHANCEDPERSONS",
    "V1ORGANIZATIONS",
    "ENHANCEDORGANIZATIONS",
    "TONE",
    "ENHANCEDDATES",
    "GCAM",
    "SHARINGIMAGE",
    "RELATEDIMAGES",
    "SOCIALIMAGEEMBEDS",
    "SOCIALVIDEOEMBEDS",
    "QUOTATIONS",
    "ALLNAMES",
    "AMOUNTS",
    "TRANSLATIONINFO",
    "EXTRASXML",
];

struct Gkg {
    mentions: bool,
    quotations: bool,
}

impl Feed for Gkg {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need("GKGRECORDID")?;
        if !id
            .split_once('-')
            .is_some_and(|(time, _)| time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(wrong(
                "GKGRECORDID",
                "is no record id",
                "ids look like 20150218230000-3; look for a shifted row",
            ));
        }
        row.compact_day_time("DATE")?;
        let Some(article) = article(row.need("DOCUMENTIDENTIFIER")?, out) else {
            out.skip("works known by a citation that many share");
            return Ok(());
        };
        // The row is about the article, whatever else is kept of it.
        out.keep(&article);
        counts(row, &article, out);
        let persons = [("ENHANCEDPERSONS", "PERSON"), ("ENHANCEDORGANIZATIONS", "ORGANIZATION")];
        if self.mentions {
            persons.iter().for_each(|(column, kind)| names(row, column, kind, &article, out));
            places(row, &article, out);
        } else {
            let named = persons.iter().find_map(|(column, _)| row.text(column)).or(row.text("ENHANCEDLOCATIONS"));
            out.unmapped_if("names, without --mentions", named);
        }
        if self.quotations {
            quotations(row, &article, out);
        } else {
            out.unmapped_if("quotations, without --quotations", row.text("QUOTATIONS"));
        }
        for (what, column) in NOT_STORED {
            out.unmapped_if(what, row.text(column));
        }
        Ok(())
    }
}

/// What rows hold that the graph has no place for.
const NOT_STORED: &[(&str, &str)] = &[
    ("themes", "ENHANCEDTHEMES"),
    ("tone of the article", "TONE"),
    ("GCAM", "GCAM"),
    ("dates in the text", "ENHANCEDDATES"),
    ("amounts in the text", "AMOUNTS"),
    ("images and videos", "SHARINGIMAGE"),
    ("source language of a translated article", "TRANSLATIONINFO"),
    ("titles and links of pages", "EXTRASXML"),
];

/// `KILL#200##1#Liberia#LI#LI#6.5#-9.5#LI#1821;`: type, number, what, seven fields of a place, offset. One number at one
/// offset is often counted under several types; it is one figure.
fn counts(row: &Row<'_>, article: &str, out: &mut Out<'_>) {
    for block in row.text("COUNTS").into_iter().flat_map(|all| all.split(';')).filter(|block| !block.is_empty()) {
        let fields: Vec<_> = block.split('#').collect();
        let (Some(kind), Some(number), Some(object), Some(offset)) =
            (fields.first(), fields.get(1), fields.get(2), fields.get(10))
        else {
            out.unmapped("counts that cannot be read");
            continue;
        };
        let Some(value) = number.parse::<f64>().ok().filter(|value| value.is_finite()) else {
            out.unmapped("counts that cannot be read");
            continue;
        };
        let counted_type = match *kind {
            "ARREST" => Some("ARREST"),
            "KIDNAP" => Some("ABDUCTION"),
            "KILL" => Some("KILLING"),
            "WOUND" => Some("INJURY"),
            "PROTEST" => Some("PROTEST"),
            _ => None,
        };
        let counted =
            if object.is_empty() { kind.to_lowercase() } else { format!("{}: {object}", kind.to_lowercase()) };
        let key = format!("figure/{article}/{number}/{offset}");
        out.share(
            Object::record("figure", &key)
                .set("target", article)
                .set("counted", clipped(&counted))
                .set_if("countedType", counted_type)
                .set("value", value),
        );
        // It is the nearest place in the text and often not where it was counted.
        out.unmapped("places of counts");
    }
}

/// `Petro Poroshenko,2326;...`: the last comma ends the name.
fn names(row: &Row<'_>, column: &str, kind: &str, article: &str, out: &mut Out<'_>) {
    for block in row.text(column).into_iter().flat_map(|all| all.split(';')) {
        if let Some((text, offset)) = block.rsplit_once(',') {
            mention(text, offset, kind, article, out);
        }
    }
}

/// `4#Budapest, Budapest, Hungary#RS#HU05##47.5#19.0833#-850553#120;...`: the name is the second field, the offset the last.
fn places(row: &Row<'_>, article: &str, out: &mut Out<'_>) {
    for block in row.text("ENHANCEDLOCATIONS").into_iter().flat_map(|all| all.split(';')) {
        let fields: Vec<_> = block.split('#').collect();
        if let (Some(text), Some(offset)) = (fields.get(1), fields.get(8)) {
            mention(text, offset, "PLACE", article, out);
        }
    }
}

fn mention(text: &str, offset: &str, kind: &str, article: &str, out: &mut Out<'_>) {
    if text.trim().is_empty() {
        return;
    }
    let key = format!("mention/{article}/{offset}/{:016x}", hash(&(text, kind)));
    out.share(Object::record("mention", &key).set("article", article).set("text", clipped(text)).set("type", kind));
}

/// `1332|134|said|prisoners are treated humanely#...`: offset, length, verb, words. Nobody is named as the speaker. A `#`
/// inside of a quotation breaks it; what does not begin with two numbers is the rest of such a one.
fn quotations(row: &Row<'_>, article: &str, out: &mut Out<'_>) {
    for block in row.text("QUOTATIONS").into_iter().flat_map(|all| all.split('#')) {
        let mut fields = block.splitn(4, '|');
        let (offset, length) = (fields.next(), fields.next());
        let number = |field: Option<&str>| field.and_then(|field| field.parse::<u64>().ok());
        let (Some(offset), Some(length), Some(verb), Some(text)) =
            (number(offset), number(length), fields.next(), fields.next())
        else {
            out.unmapped("quotations that cannot be read");
            continue;
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let key = format!("statement/{article}/{offset}/{length}");
        out.share(
            Object::record("statement", &key)
                .set("summary", "A quotation that GDELT found; whom it quotes is not recorded.")
                .set("text", text)
                .set_if("cue", Some(verb.trim()).filter(|verb| !verb.is_empty()))
                .set("attribution", "NOT_RECORDED")
                .set("quoteType", "DIRECT")
                .set("article", article)
                .list("evidence", vec![evidence(article)]),
        );
    }
}

//! GDELT Global Knowledge Graph 2.1: each row describes an article: the numbers in it and, on request, the names and
//! quotations.
//!
//! Format: `YYYYMMDDHHMMSS.gkg.csv`, tab-separated in spite of the name, 27 columns, no header. The GDELT Global
//! Knowledge Graph Codebook V2.1 (2015) specifies it.
//!
//! | GDELT | record |
//! | --- | --- |
//! | row | article, keyed by `DOCUMENTIDENTIFIER` |
//! | `COUNTS` | figures of the article |
//! | `ENHANCEDPERSONS`, `ENHANCEDORGANIZATIONS`, `ENHANCEDLOCATIONS` | mentions, with `--mentions` |
//! | `QUOTATIONS` | statements without a speaker, with `--quotations` |
//!
//! Names and quotations are imported on request only, since GDELT extracts many wrongly.
//!
//! Offsets count characters of a text that GDELT cleaned and translated. They serve in keys and are not stored as
//! positions. `EXTRASXML` contains XML from web pages and is not parsed.
//!
//! Skipped: articles without a URL. Not stored: themes, tone, GCAM, dates, amounts, images, source languages, extras,
//! places of counts, malformed counts and quotations.

use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, clipped, evidence};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid};
use crate::import::feed::{Converter, FeedDefinition, Settings};
use crate::import::hash;

pub(super) fn definition(settings: &Settings) -> FeedDefinition {
    gdelt::definition(COLUMNS, Box::new(Gkg { mentions: settings.mentions, quotations: settings.quotations }))
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

impl Converter for Gkg {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required("GKGRECORDID")?;
        if !id
            .split_once('-')
            .is_some_and(|(time, _)| time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(invalid(
                "GKGRECORDID",
                "is not a record id",
                "ids look like 20150218230000-3; check for shifted columns",
            ));
        }
        row.check_compact_time("DATE")?;
        let Some(article) = article(row.required("DOCUMENTIDENTIFIER")?, writer) else {
            writer.skip(gdelt::NO_URL);
            return Ok(());
        };
        // The row is about the article, even if nothing else of the row is stored.
        writer.keep_unreferenced(&article);
        counts(row, &article, writer);
        let names_by_column = [("ENHANCEDPERSONS", "PERSON"), ("ENHANCEDORGANIZATIONS", "ORGANIZATION")];
        if self.mentions {
            names_by_column.iter().for_each(|(column, kind)| names(row, column, kind, &article, writer));
            places(row, &article, writer);
        } else {
            let named =
                names_by_column.iter().find_map(|(column, _)| row.text(column)).or(row.text("ENHANCEDLOCATIONS"));
            writer.unmapped_if(NAMES_NOT_REQUESTED, named);
        }
        if self.quotations {
            quotations(row, &article, writer);
        } else {
            writer.unmapped_if("quotations (to import them, use --quotations)", row.text("QUOTATIONS"));
        }
        for (what, column) in NOT_STORED {
            writer.unmapped_if(what, row.text(column));
        }
        Ok(())
    }
}

/// The kind of value under which names are counted that are not imported.
pub(super) const NAMES_NOT_REQUESTED: &str = "names in articles (to import them, use --mentions)";

/// Values that the graph has no field for, and the column they are in.
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

/// Writes the counts of an article as figures.
///
/// `KILL#200##1#Liberia#LI#LI#6.5#-9.5#LI#1821;` is type, number, object, seven fields of a place, and offset. GDELT
/// often lists one number at one offset under several types; it becomes one figure.
fn counts(row: &Row<'_>, article: &str, writer: &mut RecordWriter<'_>) {
    for block in row.text("COUNTS").into_iter().flat_map(|all| all.split(';')).filter(|block| !block.is_empty()) {
        let fields: Vec<_> = block.split('#').collect();
        let (Some(kind), Some(number), Some(object), Some(offset)) =
            (fields.first(), fields.get(1), fields.get(2), fields.get(10))
        else {
            writer.unmapped("malformed counts");
            continue;
        };
        let Some(value) = number.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0) else {
            writer.unmapped("malformed counts");
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
        writer.write_shared(
            Object::record("figure", &key)
                .set("target", article)
                .set("counted", clipped(&counted))
                .set_if("countedType", counted_type)
                .set("value", value),
        );
        // GDELT gives the nearest place in the text, which is often not where the counted happened.
        writer.unmapped("places of counts");
    }
}

/// Writes names as mentions. In `Petro Poroshenko,2326;...` the last comma ends the name.
fn names(row: &Row<'_>, column: &str, kind: &str, article: &str, writer: &mut RecordWriter<'_>) {
    for block in row.text(column).into_iter().flat_map(|all| all.split(';')) {
        match block.rsplit_once(',') {
            Some((text, offset)) if is_offset(offset) => mention(text, offset, kind, article, writer),
            _ if block.trim().is_empty() => {}
            _ => writer.unmapped("malformed names"),
        }
    }
}

/// Writes places as mentions. In `4#Budapest, Budapest, Hungary#RS#HU05##47.5#19.0833#-850553#120;...` the name is the
/// second field, and the offset the last one.
fn places(row: &Row<'_>, article: &str, writer: &mut RecordWriter<'_>) {
    for block in row.text("ENHANCEDLOCATIONS").into_iter().flat_map(|all| all.split(';')) {
        let fields: Vec<_> = block.split('#').collect();
        match fields.as_slice() {
            [_, text, .., offset] if fields.len() == 9 && is_offset(offset) => {
                mention(text, offset, "PLACE", article, writer);
            }
            _ if block.trim().is_empty() => {}
            _ => writer.unmapped("malformed names"),
        }
    }
}

fn is_offset(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn mention(text: &str, offset: &str, kind: &str, article: &str, writer: &mut RecordWriter<'_>) {
    if text.trim().is_empty() {
        return;
    }
    let key = format!("mention/{article}/{offset}/{:016x}", hash(&(text, kind)));
    writer.write_shared(
        Object::record("mention", &key).set("article", article).set("text", clipped(text)).set("kind", kind),
    );
}

/// Writes quotations as statements. GDELT does not name the speaker.
fn quotations(row: &Row<'_>, article: &str, writer: &mut RecordWriter<'_>) {
    for block in row.text("QUOTATIONS").into_iter().flat_map(quotation_blocks) {
        let Some(Quotation { offset, length, verb, text }) = Quotation::parse(block) else {
            writer.unmapped("malformed quotations");
            continue;
        };
        if text.is_empty() {
            continue;
        }
        let key = format!("statement/{article}/{offset}/{length}");
        writer.write_shared(
            Object::record("statement", &key)
                .set("summary", "A quotation that GDELT found; whom it quotes is not recorded.")
                .set("text", text)
                .set_if("cue", Some(verb).filter(|verb| !verb.is_empty()))
                .set("attribution", "NOT_RECORDED")
                .set("quoteType", "DIRECT")
                .set("article", article)
                .set_children("evidence", vec![evidence(article)]),
        );
    }
}

/// A quotation: `1332|134|said|prisoners are treated humanely`.
struct Quotation<'r> {
    offset: u64,
    length: u64,
    verb: &'r str,
    text: &'r str,
}

impl<'r> Quotation<'r> {
    /// Parses a block. A `|` may be part of the text.
    fn parse(block: &'r str) -> Option<Self> {
        let mut fields = block.splitn(4, '|');
        let mut number = || {
            let digits = fields.next()?;
            is_offset(digits).then(|| digits.parse::<u64>().ok()).flatten()
        };
        let (offset, length) = (number()?, number()?);
        Some(Self { offset, length, verb: fields.next()?.trim(), text: fields.next()?.trim() })
    }
}

/// The longest number and the longest verb of a quotation in bytes. They bound the work on each `#`.
const MAX_DIGITS: usize = 20;
const MAX_VERB: usize = 200;

/// Returns true if a text begins with offset, length and verb, or is cut behind the length.
fn starts_quotation(text: &[u8]) -> bool {
    let number = |text: &[u8]| {
        let digits = text.iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
        (digits > 0).then_some(digits)
    };
    let Some(offset) = number(text).filter(|end| text.get(*end) == Some(&b'|')) else { return false };
    let rest = &text[offset + 1..];
    let Some(length) = number(rest) else { return false };
    match rest.get(length) {
        None => true,
        Some(b'|') => rest[length + 1..].iter().take(MAX_VERB).any(|byte| *byte == b'|'),
        Some(_) => false,
    }
}

/// Splits the column of quotations. A `#` separates two of them only in front of another quotation: `#1` can be part of
/// a text.
fn quotation_blocks(all: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(all);
    std::iter::from_fn(move || {
        let block = rest?;
        let starts = block.match_indices('#').map(|(at, _)| at);
        let end = starts.into_iter().find(|at| starts_quotation(&block.as_bytes()[at + 1..]));
        rest = end.map(|end| &block[end + 1..]);
        Some(&block[..end.unwrap_or(block.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::quotation_blocks;

    #[test]
    fn number_sign_in_a_quotation_does_not_end_it() {
        let blocks = |all| quotation_blocks(all).collect::<Vec<_>>();
        assert_eq!(
            blocks("10|20|said|Tag #1 is here#40|5||Short | one#60|9|asked|What is #7|8?"),
            ["10|20|said|Tag #1 is here", "40|5||Short | one", "60|9|asked|What is #7|8?"]
        );
        assert_eq!(blocks("10|2|said|No. #"), ["10|2|said|No. #"]);
        assert_eq!(blocks("12|20|said|we will not#30|5"), ["12|20|said|we will not", "30|5"]);
        assert_eq!(blocks("said|broken#1|2|said|whole"), ["said|broken", "1|2|said|whole"]);
    }
}

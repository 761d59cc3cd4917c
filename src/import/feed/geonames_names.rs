//! GeoNames: alternate names of places, in many languages. They are added to places that are stored.
//!
//! Format: `alternateNamesV2.txt` (10 columns) or the older `alternateNames.txt` (8 columns, without `from` and `to`):
//! tab-separated, no header. The `readme.txt` on <https://download.geonames.org/export/dump/> specifies it.
//!
//! | GeoNames | record |
//! | --- | --- |
//! | row, keyed by `alternateNameId` | name of the place with the external id `geonameid` |
//! | `isolanguage` | language; `abbr` makes the name an acronym |
//! | `isShortName` | type of name |
//!
//! Skipped: names of places that are not stored; links, codes and transcriptions (`isolanguage` such as `link`,
//! `iata` or `post`). Not stored: whether a name is colloquial or historic.

use crate::import::feed::object::{Object, clipped, external_id};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition, geonames};

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: geonames::DATASET,
        title: "GeoNames",
        license: Some("CC-BY-4.0"),
        url: Some("https://www.geonames.org/"),
        layout: Layout::HeaderlessTsv { columns: COLUMNS, optional: 2 },
        missing: None,
        converter: Box::new(Names),
    }
}

const COLUMNS: &[&str] = &[
    "alternateNameId",
    "geonameid",
    "isolanguage",
    "alternate name",
    "isPreferredName",
    "isShortName",
    "isColloquial",
    "isHistoric",
    "from",
    "to",
];

struct Names;

impl Converter for Names {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required_integer("alternateNameId")?;
        let place: String = row.required_integer("geonameid")?.to_string();
        let text = row.required("alternate name")?;
        let language = row.text("isolanguage").unwrap_or("und");
        // The column of languages also marks links, postal codes, airport codes and the like.
        if matches!(language, "link" | "post" | "iata" | "icao" | "faac" | "unlc" | "wkdt" | "tcid" | "phon" | "piny") {
            writer.skip("links, codes and transcriptions instead of names");
            return Ok(());
        }
        if language == "abbr" {
            writer.write_if_target_exists(record(id, place, text).set("kind", "ACRONYM"));
            return Ok(());
        }
        // French of the years after 1793, when places were renamed.
        let language = if language == "fr_1793" { "fr-x-1793" } else { language };
        if oxilangtag::LanguageTag::parse(language).is_err() {
            return Err(invalid(
                "isolanguage",
                format!("`{}` is not a language", excerpt(language)),
                "write a code such as ar",
            ));
        }
        let flag = |name: &str| row.text(name) == Some("1");
        writer.unmapped_if(
            "colloquial or historic flags of names",
            (flag("isColloquial") || flag("isHistoric")).then_some(()),
        );
        // `isPreferredName` is ignored: a name that is preferred in its language is not the one to show in all.
        let kind = if flag("isShortName") { "SHORT" } else { "ALIAS" };
        writer.write_if_target_exists(record(id, place, text).set("kind", kind).set("language", language));
        Ok(())
    }
}

fn record(id: i64, place: String, text: &str) -> Object {
    Object::record("name", &format!("name/{id}"))
        .set_child("bearer", external_id("geonames", &place))
        .set("text", clipped(text))
}

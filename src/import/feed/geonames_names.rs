//! GeoNames: names of places in many languages, 8 or 10 columns without a header. They go to places that are stored.

use crate::import::feed::object::{Object, clipped, external_id};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, short, wrong};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed, geonames};

pub(super) fn about() -> About {
    About {
        dataset: geonames::DATASET,
        title: "GeoNames",
        licence: Some("CC-BY-4.0"),
        url: Some("https://www.geonames.org/"),
        layout: Layout::Bare(&[
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
        ]),
        feed: Box::new(Names),
    }
}

struct Names;

impl Feed for Names {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need_integer("alternateNameId")?;
        let place: String = row.need_integer("geonameid")?.to_string();
        let text = row.need("alternate name")?;
        let language = row.text("isolanguage").unwrap_or("und");
        // The column also tells links, postal codes, codes of airports and the like apart from names.
        if matches!(language, "link" | "post" | "iata" | "icao" | "faac" | "unlc" | "wkdt" | "tcid" | "phon" | "piny") {
            out.skip("links, codes and spellings that are no names");
            return Ok(());
        }
        if language == "abbr" {
            out.write_if_known(record(id, place, text).set("type", "ACRONYM"));
            return Ok(());
        }
        if oxilangtag::LanguageTag::parse(language).is_err() {
            return Err(wrong(
                "isolanguage",
                format!("`{}` is no language", short(language)),
                "write a code such as ar",
            ));
        }
        let flag = |name: &str| row.text(name) == Some("1");
        out.unmapped_if(
            "that a name is colloquial or historic",
            (flag("isColloquial") || flag("isHistoric")).then_some(()),
        );
        // A name preferred in its language is still not the one to show.
        let kind = if flag("isShortName") { "SHORT" } else { "ALIAS" };
        out.write_if_known(record(id, place, text).set("type", kind).set("language", language));
        Ok(())
    }
}

fn record(id: i64, place: String, text: &str) -> Object {
    Object::record("name", &format!("name/{id}"))
        .part_of("target", external_id("geonames", &place))
        .set("text", clipped(text))
}

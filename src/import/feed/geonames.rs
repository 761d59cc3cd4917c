//! GeoNames: places, 19 columns without a header.

use std::collections::{BTreeSet, HashSet};

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, external_id};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed};

pub(super) const DATASET: &str = "geonames";

pub(super) fn about() -> About {
    About {
        dataset: DATASET,
        title: "GeoNames",
        licence: Some("CC-BY-4.0"),
        url: Some("https://www.geonames.org/"),
        layout: Layout::Bare(&[
            "geonameid",
            "name",
            "asciiname",
            "alternatenames",
            "latitude",
            "longitude",
            "feature class",
            "feature code",
            "country code",
            "cc2",
            "admin1 code",
            "admin2 code",
            "admin3 code",
            "admin4 code",
            "population",
            "elevation",
            "dem",
            "timezone",
            "modification date",
        ]),
        feed: Box::new(Places::default()),
    }
}

/// Countries that places lie in, and those that are rows of their own.
#[derive(Default)]
struct Places {
    around: BTreeSet<String>,
    told: HashSet<String>,
}

impl Feed for Places {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need_integer("geonameid")?.to_string();
        let label = row.need("name")?;
        let point = row.point("latitude", "longitude")?;
        row.integer("population")?;
        let feature = row.text("feature code").unwrap_or_default();
        let kind = kind(row.text("feature class").unwrap_or_default(), feature);
        let country = row.text("country code").filter(|code| rust_iso3166::from_alpha2(code).is_some());
        if country.is_none() {
            out.unmapped_if("country codes that are none of ISO 3166", row.text("country code"));
        }
        let own = country.filter(|_| kind == "COUNTRY").map(country_key).filter(|key| !self.told.contains(key));
        let parent = country.filter(|_| !matches!(kind, "COUNTRY" | "CONTINENT"));
        if let Some(country) = parent {
            self.around.insert(country.to_owned());
        }
        let mut names = vec![name(label, "PREFERRED")];
        let mut told = HashSet::from([label]);
        for also in row
            .text("asciiname")
            .into_iter()
            .chain(row.text("alternatenames").into_iter().flat_map(|all| all.split(',')))
        {
            let also = also.trim();
            // The list also holds links and codes of airports, which are no names.
            if !also.is_empty() && !also.contains("://") && told.insert(also) {
                names.push(name(also, "ALIAS"));
            }
        }
        for (what, column) in [("population", "population"), ("elevation", "dem"), ("time zone", "timezone")] {
            out.unmapped_if(what, row.text(column));
        }
        let record = Object::record("place", own.as_deref().unwrap_or(&id))
            .set("type", kind)
            .set("label", clipped(label))
            .point(point)
            .set_if("country", country)
            .set_if("parent", parent.map(country_key))
            .list("names", names)
            .list("externalIds", vec![external_id("geonames", &id)]);
        out.write(record);
        self.told.extend(own);
        Ok(())
    }

    fn end(&mut self, out: &mut Out<'_>) {
        // A file of cities holds no countries; what is stored of one already stays.
        for country in &self.around {
            let key = country_key(country);
            if !self.told.contains(&key) {
                let label = code::country_name(country).unwrap_or(country);
                let record = Object::record("place", &key).set("type", "COUNTRY").set("label", label);
                out.share(record.set("country", country.as_str()).list("names", vec![name(label, "PREFERRED")]));
            }
        }
    }
}

fn country_key(country: &str) -> String {
    format!("country/{country}")
}

/// The list does not tell the language of a name.
fn name(text: &str, kind: &str) -> Object {
    crate::import::feed::object::name(&clipped(text), kind).set("language", "und")
}

/// What kind of place a feature code alone tells of.
pub(super) fn feature(code: &str) -> Option<&'static str> {
    let class = match code {
        _ if code.starts_with("PCL") || code.starts_with("ADM") => "A",
        _ if code.starts_with("PPL") => "P",
        _ => return None,
    };
    Some(kind(class, code)).filter(|kind| *kind != "OTHER")
}

/// What kind of place a feature is. Historical and destroyed features are none of these.
fn kind(class: &str, code: &str) -> &'static str {
    match (class, code) {
        ("A", "PCLI" | "PCLD" | "PCLF" | "PCLS" | "PCL" | "PCLIX") => "COUNTRY",
        ("A", "ADM1") => "REGION",
        ("A", "ADM2" | "ADM3" | "ADM4" | "ADM5") => "DISTRICT",
        ("P", "PPLX") => "NEIGHBOURHOOD",
        ("P", code) if !matches!(code, "PPLH" | "PPLQ" | "PPLW" | "PPLCH") => "CITY",
        ("L", "CONT") => "CONTINENT",
        ("L", "RGN" | "AREA" | "RGNE") => "AREA",
        ("R", "RD" | "ST" | "HWY" | "RDJCT") | ("S", "BDG") => "ROAD",
        ("S", "HSP" | "HSPC" | "HSPD") => "HOSPITAL",
        ("S", "SCH" | "UNIV" | "SCHC") => "SCHOOL",
        ("S", "AIRP" | "AIRF") => "AIRPORT",
        ("S", "AIRB" | "MILB") => "BASE",
        ("S", "BLDG" | "BLDO" | "BLDA" | "HTL") => "BUILDING",
        ("S", "PRN") => "PRISON",
        ("S", "DIP") => "EMBASSY",
        ("S", "MSQE" | "CH" | "TMPL" | "MSTY" | "SHRN") => "PLACE_OF_WORSHIP",
        ("S", "SQR") | ("L", "PRK") => "SQUARE",
        ("H", "STM" | "STMI" | "LK" | "LKS" | "RSV") => "RIVER",
        ("H", "SEA" | "OCN") => "SEA",
        _ => "OTHER",
    }
}

//! GeoNames: places, such as the files of a country, of all countries or of cities.
//!
//! Format: `IQ.txt`, `allCountries.txt`, `cities15000.txt`: tab-separated, 19 columns, no header. The `readme.txt` on
//! <https://download.geonames.org/export/dump/> specifies it.
//!
//! | GeoNames | record |
//! | --- | --- |
//! | row, keyed by `geonameid` | place; feature class and code give its type |
//! | `name`, `asciiname`, `alternatenames` | names, of undetermined language |
//! | `country code` | `country`, and the country as `parent` |
//!
//! A country is keyed `country/IQ`. If a file has places of a country and no row for it, the country is written with
//! its English name.
//!
//! Not stored: population, elevation, time zone, country codes not in ISO 3166.

use std::collections::{BTreeSet, HashSet};

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, external_id};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition};
use crate::text::country;

pub(super) const DATASET: &str = "geonames";

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: DATASET,
        title: "GeoNames",
        license: Some("CC-BY-4.0"),
        url: Some("https://www.geonames.org/"),
        layout: Layout::HeaderlessTsv { columns: COLUMNS, optional: 0 },
        missing: None,
        converter: Box::new(Places::default()),
    }
}

const COLUMNS: &[&str] = &[
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
];

#[derive(Default)]
struct Places {
    /// Country codes that places refer to.
    referenced_countries: BTreeSet<String>,
    /// Keys of the countries that have a row.
    written_countries: HashSet<String>,
}

impl Converter for Places {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required_integer("geonameid")?.to_string();
        let label = row.required("name")?;
        let point = row.point("latitude", "longitude")?;
        row.integer("population")?;
        let feature = row.text("feature code").unwrap_or_default();
        let kind = place_type(row.text("feature class").unwrap_or_default(), feature);
        let country = row.text("country code").filter(|code| country::alpha2(code).is_some());
        if country.is_none() {
            writer.unmapped_if("country codes not in ISO 3166", row.text("country code"));
        }
        // Of several rows for one country, such as historical ones, only the first has the country's key.
        let own_country_key =
            country.filter(|_| kind == "COUNTRY").map(country_key).filter(|key| !self.written_countries.contains(key));
        let parent = country.filter(|_| !matches!(kind, "COUNTRY" | "CONTINENT"));
        if let Some(country) = parent {
            self.referenced_countries.insert(country.to_owned());
        }
        let mut names = vec![name(label, "PREFERRED")];
        let mut seen = HashSet::from([label]);
        for alias in row
            .text("asciiname")
            .into_iter()
            .chain(row.text("alternatenames").into_iter().flat_map(|all| all.split(',')))
        {
            let alias = alias.trim();
            // The column also contains links.
            if !alias.is_empty() && !alias.contains("://") && seen.insert(alias) {
                names.push(name(alias, "ALIAS"));
            }
        }
        for (what, column) in [("population", "population"), ("elevation", "dem"), ("time zone", "timezone")] {
            writer.unmapped_if(what, row.text(column));
        }
        let record = Object::record("place", own_country_key.as_deref().unwrap_or(&id))
            .set("kind", kind)
            .set("label", clipped(label))
            .set_point(point)
            .set_if("country", country)
            .set_if("parent", parent.map(country_key))
            .set_children("names", names)
            .set_children("externalIds", vec![external_id("geonames", &id)]);
        writer.write(record);
        self.written_countries.extend(own_country_key);
        Ok(())
    }

    fn convert_end(&mut self, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        // A file of cities has no rows for countries, so their records are added here. They are shared records, which
        // the import skips if a record with the same key is stored.
        for country in &self.referenced_countries {
            let key = country_key(country);
            if !self.written_countries.contains(&key) {
                let label = code::country_name(country).unwrap_or(country);
                let record = Object::record("place", &key).set("kind", "COUNTRY").set("label", label);
                writer.write_shared(
                    record.set("country", country.as_str()).set_children("names", vec![name(label, "PREFERRED")]),
                );
            }
        }
        Ok(())
    }
}

fn country_key(country: &str) -> String {
    format!("country/{country}")
}

/// Builds a name of undetermined language, since the file does not give it.
fn name(text: &str, kind: &str) -> Object {
    crate::import::feed::object::name(&clipped(text), kind).set("language", "und")
}

/// Returns the type of place of a feature code without its class; `None` if the code alone is not sufficient.
pub(super) fn place_type_of_code(code: &str) -> Option<&'static str> {
    let class = match code {
        _ if code.starts_with("PCL") || code.starts_with("ADM") => "A",
        _ if code.starts_with("PPL") => "P",
        _ => return None,
    };
    Some(place_type(class, code)).filter(|place_type| *place_type != "OTHER")
}

/// Returns the type of place of a feature. Historical and destroyed features become `OTHER`.
fn place_type(class: &str, code: &str) -> &'static str {
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

//! The places of GDELT events.
//!
//! GDELT names a place with its first-level division and country, such as `Basra, Al Basrah, Iraq`, and gives the codes
//! of both (FIPS 10-4: `IZ02`, `IZ`). So a city lies in its division, and the division in its country.
//!
//! A country is identified by its code, and a division by its code too: rows about cities know no other id of it. Other
//! places are identified by type, country and feature id. A feature id alone is ambiguous: `CA` is a country and a state
//! of the USA.

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, external_id, name};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid, without_fraction};

/// The columns of one place.
struct PlaceColumns {
    kind: &'static str,
    name: &'static str,
    country: &'static str,
    division: &'static str,
    latitude: &'static str,
    longitude: &'static str,
    feature: &'static str,
}

const PLACES: [PlaceColumns; 3] = [
    PlaceColumns {
        kind: "Actor1Geo_Type",
        name: "Actor1Geo_FullName",
        country: "Actor1Geo_CountryCode",
        division: "Actor1Geo_ADM1Code",
        latitude: "Actor1Geo_Lat",
        longitude: "Actor1Geo_Long",
        feature: "Actor1Geo_FeatureID",
    },
    PlaceColumns {
        kind: "Actor2Geo_Type",
        name: "Actor2Geo_FullName",
        country: "Actor2Geo_CountryCode",
        division: "Actor2Geo_ADM1Code",
        latitude: "Actor2Geo_Lat",
        longitude: "Actor2Geo_Long",
        feature: "Actor2Geo_FeatureID",
    },
    PlaceColumns {
        kind: "ActionGeo_Type",
        name: "ActionGeo_FullName",
        country: "ActionGeo_CountryCode",
        division: "ActionGeo_ADM1Code",
        latitude: "ActionGeo_Lat",
        longitude: "ActionGeo_Long",
        feature: "ActionGeo_FeatureID",
    },
];

/// One place of a row.
pub(super) struct Place<'r> {
    pub(super) key: String,
    pub(super) precision: &'static str,
    /// The feature: type, country and feature id.
    id: String,
    kind: &'static str,
    /// The full name.
    pub(super) name: &'r str,
    fips: Option<&'r str>,
    /// The code of the first-level division.
    division: Option<&'r str>,
    point: Option<(f64, f64)>,
}

/// Reads the places of both actors and of the event. A place is `None` if the row has none, or none with a feature id
/// and a name.
pub(super) fn read<'r>(row: &Row<'r>) -> Result<[Option<Place<'r>>; 3], FieldProblem> {
    Ok([place(row, &PLACES[0])?, place(row, &PLACES[1])?, place(row, &PLACES[2])?])
}

fn place<'r>(row: &Row<'r>, columns: &PlaceColumns) -> Result<Option<Place<'r>>, FieldProblem> {
    let point = row.point(columns.latitude, columns.longitude)?;
    let number = row.integer(columns.kind)?.unwrap_or(0);
    let (kind, precision) = match number {
        0 => return Ok(None),
        1 => ("COUNTRY", "COUNTRY"),
        2 | 5 => ("REGION", "REGION"),
        3 | 4 => ("CITY", "CITY"),
        _ => return Err(invalid(columns.kind, format!("{number} is not a type of place"), "write 0 to 5")),
    };
    let (Some(feature), Some(name)) = (row.text(columns.feature), row.text(columns.name)) else { return Ok(None) };
    let fips = row.text(columns.country);
    // `IZ00` stands for an unknown division, and `IZ` for the whole country.
    let division = row.text(columns.division).filter(|code| Some(*code) != fips && !code.ends_with("00"));
    let id = format!("{number}:{}:{}", fips.unwrap_or_default(), without_fraction(feature).replace(':', "_"));
    let key = match (kind, fips, division) {
        ("REGION", Some(fips), Some(division)) => division_key(fips, division),
        _ => format!("place/{id}"),
    };
    Ok(Some(Place { key, precision, id, kind, name, fips, division, point }))
}

/// Returns the key of a first-level division. States of the USA have their code as feature id too.
fn division_key(fips: &str, division: &str) -> String {
    match division.strip_prefix("US").filter(|_| fips == "US") {
        Some(state) => format!("place/2:US:{state}"),
        None => format!("place/5:{fips}:{division}"),
    }
}

impl Place<'_> {
    /// Writes the place and the places around it, and returns its key.
    pub(super) fn write(&self, writer: &mut RecordWriter<'_>) -> String {
        let iso = self.fips.and_then(code::fips_country);
        if iso.is_none() {
            writer.unmapped_if("place country codes without an ISO 3166 equivalent", self.fips);
        }
        let of = |kind: &str, key: &str, label: &str, short: &str, parent: Option<&String>| {
            Object::record("place", key)
                .set("kind", kind)
                .set("label", clipped(label))
                .set_if("country", iso)
                .set_if("parent", parent.map(String::as_str))
                .set_children("names", vec![name(&clipped(short), "PREFERRED")])
        };
        let ids = |id: &str| vec![external_id("gdelt-feature", id)];
        let short = self.name.split(", ").next().unwrap_or(self.name);
        if self.kind == "COUNTRY" {
            // The center of a country differs from one file to the next, and is not where the event happened.
            let record = of(self.kind, &self.key, self.name, short, None);
            writer.write_place(record.set_children("externalIds", ids(&self.id)), true);
            return self.key.clone();
        }
        let names = self.name.rsplit_once(", ");
        let country = self.fips.zip(names).map(|(fips, (_, label))| {
            let id = format!("1:{fips}:{fips}");
            let key = format!("place/{id}");
            writer.write_place(of("COUNTRY", &key, label, label, None).set_children("externalIds", ids(&id)), true);
            key
        });
        if self.kind == "REGION" {
            let own = self.key.trim_start_matches("place/");
            let mut features = ids(own);
            if own != self.id {
                features.push(external_id("gdelt-feature", &self.id));
                // Older versions identified a division by its feature.
                writer.drop_unreferenced(format!("place/{}", self.id));
            }
            // `Muhafazat Al Jawf, Al Jawf, Yemen` is the division Al Jawf under another name.
            let (label, preferred) = self.division_name().unwrap_or((self.name, short));
            let mut names = vec![name(&clipped(preferred), "PREFERRED")];
            names.extend((short != preferred).then(|| name(&clipped(short), "ALIAS")));
            let record = of(self.kind, &self.key, label, preferred, country.as_ref()).set_point(self.point);
            let record = record.set_children("names", names).set_children("externalIds", features);
            writer.write_place(record, self.point.is_some());
            return self.key.clone();
        }
        let division = self.write_division(country.as_ref(), of, writer);
        let record = of(self.kind, &self.key, self.name, short, division.as_ref().or(country.as_ref()));
        writer.write_place(
            record.set_point(self.point).set_children("externalIds", ids(&self.id)),
            division.is_some() || self.division.is_none(),
        );
        self.key.clone()
    }

    /// Writes the first-level division around a city, and returns its key.
    fn write_division(
        &self,
        country: Option<&String>,
        of: impl Fn(&str, &str, &str, &str, Option<&String>) -> Object,
        writer: &mut RecordWriter<'_>,
    ) -> Option<String> {
        let key = division_key(self.fips?, self.division?);
        let Some((label, short)) = self.division_name() else {
            writer.unmapped("first-level divisions of places without a name");
            return None;
        };
        let id = external_id("gdelt-feature", key.trim_start_matches("place/"));
        writer.write_place(of("REGION", &key, label, short, country).set_children("externalIds", vec![id]), false);
        Some(key)
    }

    /// Returns the name of the first-level division, with and without the country. It is in the middle of a full name,
    /// and may contain a comma: `Galashiels, Scottish Borders, The, United Kingdom`.
    fn division_name(&self) -> Option<(&str, &str)> {
        let (_, label) = self.name.split_once(", ")?;
        Some((label, label.rsplit_once(", ")?.0))
    }
}

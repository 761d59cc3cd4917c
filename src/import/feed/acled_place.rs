//! The place of an ACLED row. ACLED has no ids of places: a division is identified by its name within the larger one,
//! and a location by its point and name within its smallest division.
//!
//! `geo_precision` says what a location is. 1 and 2 code an event to a town, which is where the event happened or the
//! nearest one. 3 codes it to a town or to a natural feature, so that the type of the location is not known.

use crate::import::feed::code;
use crate::import::feed::object;
use crate::import::feed::older_places;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row};

/// The divisions of a country, from the largest.
const DIVISIONS: [(&str, &str); 3] = [("admin1", "REGION"), ("admin2", "DISTRICT"), ("admin3", "DISTRICT")];

/// Writes the place of a row with the places around it, and returns its key.
pub(super) fn write(row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<Option<String>, FieldProblem> {
    let point = row.point("latitude", "longitude")?;
    let kind = match row.integer("geo_precision")? {
        Some(1 | 2) => "CITY",
        _ => "OTHER",
    };
    let country = row.required("country")?;
    let number = row.integer("iso")?.and_then(|number| u16::try_from(number).ok());
    let iso = number
        .and_then(|number| rust_iso3166::from_numeric(number).map(|country| country.alpha2))
        .or_else(|| code::country_named(country));
    if iso.is_none() {
        writer.unmapped("country names without an ISO 3166 code");
    }
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    let mut key = format!("country/{}", iso.unwrap_or(country));
    older_places::drop(row, &key, DIVISIONS.iter().map(|(column, _)| *column), "location", false, writer);
    writer.write_place(of("COUNTRY", &key, country, None), true);
    let mut divisions = DIVISIONS.iter();
    for (column, kind) in divisions.by_ref() {
        let Some(label) = row.text(column) else { break };
        let inner = format!("{key}/{label}");
        writer.write_place(of(kind, &inner, label, Some(&key)), true);
        key = inner;
    }
    writer.unmapped_if("divisions inside of one without a name", divisions.find_map(|(column, _)| row.text(column)));
    if let (Some(label), Some((north, east))) = (row.text("location"), point) {
        let inner = format!("{key}/{north},{east}/{label}");
        writer.write_place(of(kind, &inner, label, Some(&key)).set_point(point), kind != "OTHER");
        key = inner;
    }
    Ok(Some(key))
}

/// Returns the name of the smallest place of a row.
pub(super) fn label<'r>(row: &Row<'r>) -> Option<&'r str> {
    ["location", "admin3", "admin2", "admin1", "country"].into_iter().find_map(|column| row.text(column))
}

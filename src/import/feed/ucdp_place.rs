//! The place of a UCDP GED row. UCDP has no ids of places.
//!
//! A province or district is identified by its name within its country or province, and every other place by its
//! point and name within those. If only the province or district of an event is known (`where_prec` 4 and 3), its
//! place is that province or district, which other rows have around their places: a place of its own would take the
//! event out of it. `where_coordinates` then becomes a note, unless it repeats the name.

use crate::import::feed::code;
use crate::import::feed::object;
use crate::import::feed::older_places;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid};
use crate::import::feed::ucdp::known_integer;

/// The place of an event.
#[derive(Default)]
pub(super) struct Place<'r> {
    pub(super) key: Option<String>,
    pub(super) label: Option<&'r str>,
    pub(super) note: Option<String>,
    pub(super) precision: Option<&'static str>,
}

/// The divisions of a country, from the largest.
const DIVISIONS: [(&str, &str); 2] = [("adm_1", "REGION"), ("adm_2", "DISTRICT")];

/// Writes the place of a row with the places around it.
pub(super) fn write<'r>(row: &Row<'r>, writer: &mut RecordWriter<'_>) -> Result<Place<'r>, FieldProblem> {
    let (kind, precision) = match known_integer(row, "where_prec", writer)? {
        Some(1) => ("OTHER", Some("EXACT")),
        Some(2) => ("OTHER", Some("NEAR")),
        Some(3) => ("DISTRICT", Some("DISTRICT")),
        Some(4) => ("REGION", Some("REGION")),
        Some(6) => ("COUNTRY", Some("COUNTRY")),
        Some(5 | 7) | None => ("OTHER", None),
        Some(other) => return Err(invalid("where_prec", format!("{other} is not a precision"), "write 1 to 7")),
    };
    let point = row.point("latitude", "longitude")?;
    let (spot, description) = (row.text("where_coordinates"), row.text("where_description"));
    let Some(country) = row.text("country") else {
        writer.unmapped("places without a country");
        return Ok(Place { note: note(spot, description), ..Place::default() });
    };
    let iso = code::country_named(country);
    if iso.is_none() {
        writer.unmapped("country names without an ISO 3166 code");
    }
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    let number = known_integer(row, "country_id", writer)?;
    let mut key = number.map_or_else(|| format!("country/{country}"), |number| format!("country/{number}"));
    writer.write_place(of("COUNTRY", &key, country, None), true);
    if kind == "COUNTRY" {
        let note = note(spot.filter(|spot| *spot != country), description);
        return Ok(Place { key: Some(key), label: Some(country), note, precision });
    }
    let is_division = matches!(kind, "REGION" | "DISTRICT");
    let columns = DIVISIONS.iter().map(|(column, _)| *column);
    older_places::drop(row, &key, columns, "where_coordinates", is_division, writer);
    for (column, division) in DIVISIONS {
        let named = row.text(column);
        if division == kind {
            // The division itself may have a name only in `where_coordinates`.
            let Some(label) = named.or(spot) else { break };
            let is_skipped = division == "DISTRICT" && row.text("adm_1").is_none();
            let inner = format!("{key}/{}{label}", if is_skipped { "/" } else { "" });
            writer.write_place(of(division, &inner, label, Some(&key)).set_point(point), point.is_some());
            let note = note(spot.filter(|spot| *spot != label), description);
            return Ok(Place { key: Some(inner), label: Some(label), note, precision });
        }
        let Some(label) = named else { continue };
        if division == "DISTRICT" && row.text("adm_1").is_none() {
            writer.unmapped("districts without a province");
            break;
        }
        let inner = format!("{key}/{label}");
        writer.write_place(of(division, &inner, label, Some(&key)), false);
        key = inner;
    }
    let note = note(None, description.or(spot));
    let Some((label, (north, east))) = spot.zip(point) else {
        let label = DIVISIONS.iter().rev().find_map(|(column, _)| row.text(column)).or(Some(country));
        return Ok(Place { key: Some(key), label, note, precision });
    };
    let inner = format!("{key}/{north},{east}/{label}");
    writer.write_place(of(kind, &inner, label, Some(&key)).set_point(point), true);
    Ok(Place { key: Some(inner), label: Some(label), note, precision })
}

/// Returns the words of the row on the exact location.
fn note(spot: Option<&str>, description: Option<&str>) -> Option<String> {
    match (spot, description) {
        (Some(spot), Some(description)) => Some(format!("{spot}: {description}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

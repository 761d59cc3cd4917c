//! The place of a POLECAT row. It is identified by its GeoNames id, or else by its name within its country and
//! districts.

use crate::import::feed::code;
use crate::import::feed::geonames;
use crate::import::feed::object;
use crate::import::feed::object::{clipped, external_id};
use crate::import::feed::polecat::cell;
use crate::import::feed::polecat_actor::country;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};

/// A place that was written, and how precise it is.
pub(super) struct Place {
    pub(super) key: String,
    pub(super) precision: Option<&'static str>,
}

/// The columns of the places around a place, from the smallest: column, type of place, precision.
const LEVELS: &[(&str, &str, &str)] =
    &[("City", "CITY", "CITY"), ("District", "DISTRICT", "DISTRICT"), ("Province", "REGION", "REGION")];

/// Writes the place of a row and the places around it.
pub(super) fn write(row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<Option<Place>, FieldProblem> {
    let point = point(row)?;
    let id = cell(row, "GeoNames ID").map(|id| id.strip_suffix(".0").unwrap_or(id));
    if let Some(id) = id.filter(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(invalid("GeoNames ID", format!("`{}` is not a number", excerpt(id)), "check for shifted columns"));
    }
    let written = cell(row, "Country");
    let iso = written.and_then(country);
    if iso.is_none() {
        writer.unmapped_if("place countries not in ISO 3166", written);
    }
    // Some files have a code in place of the name.
    let country_name = iso.and_then(code::country_name).or(written);
    let finest = LEVELS.iter().find(|(column, ..)| cell(row, column).is_some());
    let (kind, precision) = match finest {
        Some((_, kind, precision)) => (*kind, Some(*precision)),
        None => ("COUNTRY", Some("COUNTRY")),
    };
    let Some(label) =
        cell(row, "Placename").or_else(|| finest.and_then(|(column, ..)| cell(row, column))).or(country_name)
    else {
        writer.unmapped_if("unnamed places", id);
        return Ok(None);
    };
    // Without city, district and province, the place is a country only if its feature type or its name says so.
    let kind = match cell(row, "Feature Type").and_then(geonames::place_type_of_code) {
        Some(kind) => kind,
        None if finest.is_none() && ![country_name, written].contains(&Some(label)) => "OTHER",
        None => kind,
    };
    let precision = precision.filter(|_| finest.is_some() || kind == "COUNTRY");
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    let mut parent = None;
    if let Some(country_name) = country_name.filter(|_| kind != "COUNTRY" || id.is_none()) {
        let key = format!("country/{}", iso.unwrap_or(country_name));
        writer.write_shared(of("COUNTRY", &key, country_name, None));
        parent = Some(key);
    }
    if let (None, "COUNTRY", Some(key)) = (id, kind, &parent) {
        return Ok(Some(Place { key: key.clone(), precision }));
    }
    // Write the levels above the finest one, from the largest.
    for (column, level, _) in LEVELS.iter().rev() {
        let Some(text) = cell(row, column).filter(|_| finest.is_some_and(|(finest, ..)| finest != column)) else {
            continue;
        };
        let key = format!("{}/{}", parent.as_deref().unwrap_or("country/"), clipped(text));
        writer.write_shared(of(level, &key, text, parent.as_deref()));
        parent = Some(key);
    }
    let key = match (id, point) {
        (Some(id), _) => format!("geonames/{id}"),
        (None, Some((north, east))) => {
            format!("{}/{north},{east}/{}", parent.as_deref().unwrap_or("place"), clipped(label))
        }
        (None, None) => format!("{}/{}", parent.as_deref().unwrap_or("place"), clipped(label)),
    };
    let ids = id.map(|id| external_id("geonames", id)).into_iter().collect();
    writer.write_shared(of(kind, &key, label, parent.as_deref()).set_point(point).set_children("externalIds", ids));
    Ok(Some(Place { key, precision }))
}

/// Returns the point; `None` if one half of it is missing.
fn point(row: &Row<'_>) -> Result<Option<(f64, f64)>, FieldProblem> {
    match (cell(row, "Latitude"), cell(row, "Longitude")) {
        (Some(_), Some(_)) => row.point("Latitude", "Longitude"),
        _ => Ok(None),
    }
}

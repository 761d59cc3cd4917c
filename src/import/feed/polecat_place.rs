//! The place of a POLECAT row. It is identified by its GeoNames id, or else by its name within its country and
//! districts.

use crate::import::feed::code;
use crate::import::feed::geonames;
use crate::import::feed::object;
use crate::import::feed::object::{clipped, external_id};
use crate::import::feed::polecat_actor::country;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};

/// A place that was written, and how precise it is.
pub(super) struct Place<'r> {
    pub(super) key: String,
    pub(super) label: &'r str,
    pub(super) precision: Option<&'static str>,
}

/// The columns of the places around a place, from the smallest: column, type of place, precision.
const LEVELS: &[(&str, &str, &str)] =
    &[("City", "CITY", "CITY"), ("District", "DISTRICT", "DISTRICT"), ("Province", "REGION", "REGION")];

/// Writes the place of a row and the places around it.
pub(super) fn write<'r>(row: &Row<'r>, writer: &mut RecordWriter<'_>) -> Result<Option<Place<'r>>, FieldProblem> {
    let point = point(row)?;
    let id = row.text("GeoNames ID").map(|id| id.strip_suffix(".0").unwrap_or(id));
    if let Some(id) = id.filter(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(invalid("GeoNames ID", format!("`{}` is not a number", excerpt(id)), "check for shifted columns"));
    }
    let written = row.text("Country");
    let iso = written.and_then(country);
    if iso.is_none() {
        writer.unmapped_if("place countries not in ISO 3166", written);
    }
    // Some files have a code in place of the name.
    let country_name = iso.and_then(code::country_name).or(written);
    let finest = LEVELS.iter().find(|(column, ..)| row.text(column).is_some());
    let (kind, precision) = match finest {
        Some((_, kind, precision)) => (*kind, Some(*precision)),
        None => ("COUNTRY", Some("COUNTRY")),
    };
    let Some(label) =
        row.text("Placename").or_else(|| finest.and_then(|(column, ..)| row.text(column))).or(country_name)
    else {
        writer.unmapped_if("unnamed places", id);
        return Ok(None);
    };
    // Without city, district and province, the place is a country only if its feature type or its name says so.
    let kind = match row.text("Feature Type").and_then(geonames::place_type_of_code) {
        Some(kind) => kind,
        None if finest.is_none() && ![country_name, written].contains(&Some(label)) => "OTHER",
        None => kind,
    };
    let precision = precision.filter(|_| finest.is_some() || kind == "COUNTRY");
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    let ids = || id.map(|id| external_id("geonames", id)).into_iter().collect::<Vec<_>>();
    // A country, province or district is identified by its name within the larger one: rows about the places in it know
    // no other id of it.
    let level = finest.filter(|(_, level, _)| *level == kind && *level != "CITY");
    let country_key = country_name.map(|name| format!("country/{}", iso.unwrap_or(name)));
    if let (Some(key), Some(name)) = (&country_key, country_name) {
        let own = kind == "COUNTRY" && finest.is_none();
        let record = of("COUNTRY", key, name, None).set_point(point.filter(|_| own));
        writer.write_place(if own { record.set_children("externalIds", ids()) } else { record }, own);
        if own {
            drop_older(id, writer);
            return Ok(Some(Place { key: key.clone(), label: name, precision }));
        }
    }
    let mut parent = country_key;
    // Write the levels above the finest one, from the largest.
    for (column, level, _) in LEVELS.iter().rev() {
        let Some(text) = row.text(column).filter(|_| finest.is_some_and(|(finest, ..)| finest != column)) else {
            continue;
        };
        let key = level_key(parent.as_deref(), text);
        writer.write_place(of(level, &key, text, parent.as_deref()), false);
        parent = Some(key);
    }
    let key = match (level.and_then(|(column, ..)| row.text(column)), id, point) {
        (Some(text), ..) => {
            drop_older(id, writer);
            level_key(parent.as_deref(), text)
        }
        (None, Some(id), _) => format!("geonames/{id}"),
        (None, None, Some((north, east))) => {
            format!("{}/{north},{east}/{}", parent.as_deref().unwrap_or("place"), clipped(label))
        }
        (None, None, None) => format!("{}/{}", parent.as_deref().unwrap_or("place"), clipped(label)),
    };
    let record = of(kind, &key, label, parent.as_deref()).set_point(point).set_children("externalIds", ids());
    writer.write_place(record, true);
    Ok(Some(Place { key, label, precision }))
}

/// Returns the key of a province or district.
fn level_key(parent: Option<&str>, text: &str) -> String {
    format!("{}/{}", parent.unwrap_or("country/"), clipped(text))
}

/// Names the place that older versions wrote for a country, province or district with a GeoNames id, beside the one that
/// other rows have around their places.
fn drop_older(id: Option<&str>, writer: &mut RecordWriter<'_>) {
    if let Some(id) = id {
        writer.drop_unreferenced(format!("geonames/{id}"));
    }
}

/// Returns the point; `None` if one half of it is missing.
fn point(row: &Row<'_>) -> Result<Option<(f64, f64)>, FieldProblem> {
    match (row.text("Latitude"), row.text("Longitude")) {
        (Some(_), Some(_)) => row.point("Latitude", "Longitude"),
        _ => Ok(None),
    }
}

//! The place of a row of POLECAT: by its id at GeoNames, else by its name within its country and districts.

use crate::import::feed::code;
use crate::import::feed::geonames;
use crate::import::feed::object;
use crate::import::feed::object::{clipped, external_id};
use crate::import::feed::polecat::given;
use crate::import::feed::polecat_actor::country;
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, short, wrong};

/// A place that was written.
pub(super) struct Place {
    pub(super) key: String,
    pub(super) precision: Option<&'static str>,
}

/// The columns around a place from the narrowest, what each is and how exact it is.
const LEVELS: &[(&str, &str, &str)] =
    &[("City", "CITY", "CITY"), ("District", "DISTRICT", "DISTRICT"), ("Province", "REGION", "REGION")];

/// Writes the place of a row and those around it.
pub(super) fn share(row: &Row<'_>, out: &mut Out<'_>) -> Result<Option<Place>, Mistake> {
    let point = point(row)?;
    let id = given(row, "GeoNames ID").map(|id| id.strip_suffix(".0").unwrap_or(id));
    if let Some(id) = id.filter(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(wrong("GeoNames ID", format!("`{}` is no number", short(id)), "look for a shifted row"));
    }
    let written = given(row, "Country");
    let iso = written.and_then(country);
    if iso.is_none() {
        out.unmapped_if("countries of places that are none of ISO 3166", written);
    }
    // Some files write its code.
    let country_name = iso.and_then(code::country_name).or(written);
    let finest = LEVELS.iter().find(|(column, ..)| given(row, column).is_some());
    let (kind, precision) = match finest {
        Some((_, kind, precision)) => (*kind, Some(*precision)),
        None => ("COUNTRY", Some("COUNTRY")),
    };
    let Some(label) =
        given(row, "Placename").or_else(|| finest.and_then(|(column, ..)| given(row, column))).or(country_name)
    else {
        out.unmapped_if("places without a name", id);
        return Ok(None);
    };
    // Without a level around it, only its feature tells whether it is a country.
    let kind = match given(row, "Feature Type").and_then(geonames::feature) {
        Some(kind) => kind,
        None if finest.is_none() && ![country_name, written].contains(&Some(label)) => "OTHER",
        None => kind,
    };
    let precision = precision.filter(|_| finest.is_some() || kind == "COUNTRY");
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    let mut parent = None;
    if let Some(country_name) = country_name.filter(|_| kind != "COUNTRY" || id.is_none()) {
        let key = format!("country/{}", iso.unwrap_or(country_name));
        out.share(of("COUNTRY", &key, country_name, None));
        parent = Some(key);
    }
    if let (None, "COUNTRY", Some(key)) = (id, kind, &parent) {
        return Ok(Some(Place { key: key.clone(), precision }));
    }
    // The levels around it are those above the finest, from the widest.
    for (column, level, _) in LEVELS.iter().rev() {
        let Some(text) = given(row, column).filter(|_| finest.is_some_and(|(finest, ..)| finest != column)) else {
            continue;
        };
        let key = format!("{}/{}", parent.as_deref().unwrap_or("country/"), clipped(text));
        out.share(of(level, &key, text, parent.as_deref()));
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
    out.share(of(kind, &key, label, parent.as_deref()).point(point).list("externalIds", ids));
    Ok(Some(Place { key, precision }))
}

/// `None` stands for a missing half too.
fn point(row: &Row<'_>) -> Result<Option<(f64, f64)>, Mistake> {
    match (given(row, "Latitude"), given(row, "Longitude")) {
        (Some(_), Some(_)) => row.point("Latitude", "Longitude"),
        _ => Ok(None),
    }
}

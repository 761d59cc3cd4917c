//! Filters by location: circles and boxes on the globe.

use async_graphql::InputObject;
use entity::place::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::error::{Error, Result};
use crate::geo::{Area, FURTHEST_KM, Point, chord_squared};
use crate::graphql::filter::FilterContext;

/// A point on the globe. Coordinates out of range are an error (`BAD_INPUT`).
#[derive(Clone, Debug, InputObject)]
pub struct PointInput {
    /// Latitude in degrees north (WGS 84), from -90 to 90.
    pub latitude: f64,
    /// Longitude in degrees east (WGS 84), from -180 to 180.
    pub longitude: f64,
}

impl PointInput {
    pub(crate) fn point(&self) -> Result<Point> {
        degrees("latitude", self.latitude, 90.0)?;
        degrees("longitude", self.longitude, 180.0)?;
        Ok(Point { latitude: self.latitude, longitude: self.longitude })
    }
}

/// A circle on the globe. Distances are great-circle distances on a sphere of radius 6,371.0088 km, which are within 0.6 % of
/// those on the ellipsoid. Values out of range are an error (`BAD_INPUT`).
#[derive(Clone, Debug, InputObject)]
pub struct NearInput {
    /// Latitude of the center in degrees north (WGS 84), from -90 to 90.
    pub latitude: f64,
    /// Longitude of the center in degrees east (WGS 84), from -180 to 180.
    pub longitude: f64,
    /// Radius in kilometers, greater than 0 and at most 20,015 (half the Earth's circumference).
    pub radius_km: f64,
}

/// A box between two parallels and two meridians, edges included. Values out of range are an error (`BAD_INPUT`).
#[derive(Clone, Debug, InputObject)]
pub struct BoundingBoxInput {
    /// Southern edge in degrees north (WGS 84), from -90 to 90.
    pub south: f64,
    /// Western edge in degrees east (WGS 84), from -180 to 180.
    pub west: f64,
    /// Northern edge in degrees north (WGS 84), from `south` to 90.
    pub north: f64,
    /// Eastern edge in degrees east (WGS 84), from -180 to 180. If it is less than `west`, the box crosses the antimeridian.
    pub east: f64,
}

/// Matches places in a circle.
pub(crate) fn near(filter: &NearInput, context: &mut FilterContext) -> Result<Expr> {
    context.is_selective = true;
    let center = PointInput { latitude: filter.latitude, longitude: filter.longitude }.point()?;
    let km = filter.radius_km;
    if !(km > 0.0 && km <= FURTHEST_KM) {
        return Err(Error::BadInput(format!(
            "`radiusKm: {km}` is out of range: give more than 0 and at most {FURTHEST_KM:.0} kilometers"
        )));
    }
    let chord = [Column::X, Column::Y, Column::Z]
        .into_iter()
        .zip(center.vector())
        .map(|(column, at)| {
            let difference = Expr::col((Entity, column)).sub(at);
            difference.clone().mul(difference)
        })
        .reduce(Expr::add)
        .unwrap_or_else(|| Expr::val(0.0));
    let in_circle = chord.lte(chord_squared(km));
    Ok(in_area(&Area::around(center, km), Some(in_circle), context))
}

/// Matches places in a box.
pub(crate) fn in_box(filter: &BoundingBoxInput, context: &mut FilterContext) -> Result<Expr> {
    context.is_selective = true;
    for (name, value, max) in [
        ("south", filter.south, 90.0),
        ("west", filter.west, 180.0),
        ("north", filter.north, 90.0),
        ("east", filter.east, 180.0),
    ] {
        degrees(name, value, max)?;
    }
    if filter.south > filter.north {
        return Err(Error::BadInput(format!(
            "`south: {}` is north of `north: {}`: swap them",
            filter.south, filter.north
        )));
    }
    Ok(in_area(&Area::new(filter.south, filter.west, filter.north, filter.east), None, context))
}

/// Checks that degrees are within `-max..=max`.
fn degrees(name: &str, value: f64, max: f64) -> Result<()> {
    if (-max..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::BadInput(format!("`{name}: {value}` is out of range: give {} to {max} degrees", -max)))
}

/// Matches places in an area that also pass `test`. There is one select per span of longitude. Each scans a range of the
/// index on longitude within each band of latitude (see [`crate::geo`]).
fn in_area(area: &Area, test: Option<Expr>, context: &FilterContext) -> Expr {
    let column = |column: Column| Expr::col((Entity, column));
    let places = || Query::select().column((Entity, Column::Id)).from(Entity).and_where_option(test.clone()).take();
    let in_bands = || context.dialect.is_one_of(column(Column::Band), context.dialect.numbers(&area.bands()));
    let spans = area.longitudes.iter().map(|(west, east)| {
        places()
            .and_where(in_bands())
            .and_where(column(Column::Longitude).between(*west, *east))
            .and_where(column(Column::Latitude).between(area.south, area.north))
            .take()
    });
    let poles = area.poles();
    // A pole has every longitude.
    let at_poles = poles.iter().map(|pole| {
        let bands = context.dialect.numbers(&[i64::from(crate::geo::band(*pole))]);
        places()
            .and_where(context.dialect.is_one_of(column(Column::Band), bands))
            .and_where(column(Column::Latitude).eq(*pole))
            .take()
    });
    let all: Option<SelectStatement> =
        spans.chain(at_poles).reduce(|mut left, right| left.union(UnionType::All, right).take());
    all.map_or_else(|| crate::graphql::filter::any([]), |all| column(Column::Id).in_subquery(all))
}

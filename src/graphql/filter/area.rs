//! Filters of where on the globe a place is.

use async_graphql::InputObject;
use entity::place::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::error::{Error, Result};
use crate::geo::{Area, FURTHEST_KM, Point, chord_squared};
use crate::graphql::filter::FilterContext;

/// A point on the globe.
#[derive(Clone, Debug, InputObject)]
pub struct PointInput {
    /// Degrees north in WGS 84, from -90 to 90.
    pub latitude: f64,
    /// Degrees east in WGS 84, from -180 to 180.
    pub longitude: f64,
}

impl PointInput {
    pub(crate) fn point(&self) -> Result<Point> {
        degrees("latitude", self.latitude, 90.0)?;
        degrees("longitude", self.longitude, 180.0)?;
        Ok(Point { latitude: self.latitude, longitude: self.longitude })
    }
}

/// A circle on the globe, taken for a sphere of 6,371.0088 km radius: within 0.6 % of the distance on the ellipsoid.
#[derive(Clone, Debug, InputObject)]
pub struct NearInput {
    /// Degrees north of its centre in WGS 84, from -90 to 90.
    pub latitude: f64,
    /// Degrees east of its centre in WGS 84, from -180 to 180.
    pub longitude: f64,
    /// Its radius in kilometres, more than 0 and at most 20,015, half the Earth's circumference.
    pub radius_km: f64,
}

/// A box between two parallels and two meridians.
#[derive(Clone, Debug, InputObject)]
pub struct BoundingBoxInput {
    /// Its southern edge in degrees north, from -90 to 90.
    pub south: f64,
    /// Its western edge in degrees east, from -180 to 180.
    pub west: f64,
    /// Its northern edge in degrees north, at least `south`.
    pub north: f64,
    /// Its eastern edge in degrees east, from -180 to 180. Less than `west`, the box reaches over the antimeridian.
    pub east: f64,
}

/// The place is in the circle.
pub(crate) fn near(filter: &NearInput, context: &mut FilterContext) -> Result<Expr> {
    context.is_named = true;
    let centre = PointInput { latitude: filter.latitude, longitude: filter.longitude }.point()?;
    let km = filter.radius_km;
    if !(km > 0.0 && km <= FURTHEST_KM) {
        return Err(Error::BadInput(format!(
            "`radiusKm: {km}` is no radius on the globe: write more than 0 and at most {FURTHEST_KM:.0}"
        )));
    }
    let chord = [Column::X, Column::Y, Column::Z]
        .into_iter()
        .zip(centre.vector())
        .map(|(column, at)| {
            let difference = Expr::col((Entity, column)).sub(at);
            difference.clone().mul(difference)
        })
        .reduce(Expr::add)
        .unwrap_or_else(|| Expr::val(0.0));
    let inside = chord.lte(chord_squared(km));
    Ok(within(&Area::around(centre, km), Some(inside), context))
}

/// The place is in the box.
pub(crate) fn in_box(filter: &BoundingBoxInput, context: &mut FilterContext) -> Result<Expr> {
    context.is_named = true;
    for (name, value, most) in [
        ("south", filter.south, 90.0),
        ("west", filter.west, 180.0),
        ("north", filter.north, 90.0),
        ("east", filter.east, 180.0),
    ] {
        degrees(name, value, most)?;
    }
    if filter.south > filter.north {
        return Err(Error::BadInput(format!(
            "`south: {}` is north of `north: {}`: exchange them",
            filter.south, filter.north
        )));
    }
    Ok(within(&Area::new(filter.south, filter.west, filter.north, filter.east), None, context))
}

fn degrees(name: &str, value: f64, most: f64) -> Result<()> {
    if (-most..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::BadInput(format!("`{name}: {value}` is no place on the globe: write {} to {most} degrees", -most)))
}

/// The place is in the area, and passes the test. One select a span of longitude: each is a walk along the index within each
/// band of latitude.
fn within(area: &Area, test: Option<Expr>, context: &FilterContext) -> Expr {
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

//! Geographic points, distances and boxes on a sphere with the Earth's mean radius.
//!
//! Distances are great-circle distances. The databases need no trigonometry for them: each place is stored with its point on the
//! unit sphere, where a distance on the ground is a straight chord. Each place also has its band of latitude, and an index orders
//! the places of a band by longitude.

/// The Earth's mean radius (IUGG), in kilometers.
pub const RADIUS_KM: f64 = 6371.0088;

/// Half the Earth's circumference, in kilometers: the maximum distance of two points.
pub const FURTHEST_KM: f64 = RADIUS_KM * std::f64::consts::PI;

/// Bands per degree of latitude.
const BANDS_PER_DEGREE: f64 = 4.0;

/// A point in degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees north, from -90 to 90.
    pub latitude: f64,
    /// Degrees east, from -180 to 180.
    pub longitude: f64,
}

impl Point {
    /// The point on the unit sphere, as x, y and z.
    pub fn vector(self) -> [f64; 3] {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    }

    /// The great-circle distance to another point in kilometers, rounded to the meter; more digits would be rounding errors.
    pub fn distance_km(self, other: Self) -> f64 {
        let (one, other) = (self.vector(), other.vector());
        let chord: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        (2.0 * RADIUS_KM * (chord / 2.0).min(1.0).asin() * 1000.0).round() / 1000.0
    }
}

/// The band of latitude that contains this latitude in degrees; a band is a quarter of a degree high.
pub fn band(latitude: f64) -> i32 {
    (latitude * BANDS_PER_DEGREE).floor() as i32
}

/// The square of the chord on the unit sphere that corresponds to a distance on the ground in kilometers.
pub fn chord_squared(km: f64) -> f64 {
    (2.0 * (km / RADIUS_KM / 2.0).sin()).powi(2)
}

/// A box between two parallels and two meridians.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// The southern edge in degrees north.
    pub south: f64,
    /// The northern edge in degrees north.
    pub north: f64,
    /// The spans of longitude, each from west to east: two when the box crosses the antimeridian.
    pub longitudes: Vec<(f64, f64)>,
}

impl Area {
    /// The box between two parallels, from the meridian `west` eastward to `east`. It crosses the antimeridian when `west` is
    /// greater than `east`.
    pub fn new(south: f64, west: f64, north: f64, east: f64) -> Self {
        let mut longitudes = if west <= east { vec![(west, east)] } else { vec![(west, 180.0), (-180.0, east)] };
        // The antimeridian is both 180 and -180 degrees.
        let contains = |at: f64| longitudes.iter().any(|(west, east)| *west <= at && at <= *east);
        match (contains(-180.0), contains(180.0)) {
            (true, false) => longitudes.push((180.0, 180.0)),
            (false, true) => longitudes.push((-180.0, -180.0)),
            _ => {}
        }
        Self { south, north, longitudes }
    }

    /// The smallest box around a circle with this center and a radius in kilometers.
    pub fn around(center: Point, km: f64) -> Self {
        let angle = (km / RADIUS_KM).to_degrees();
        let (south, north) = (center.latitude - angle, center.latitude + angle);
        if south <= -90.0 || north >= 90.0 {
            // The circle contains a pole, so the box contains every meridian.
            return Self { south: south.max(-90.0), north: north.min(90.0), longitudes: vec![(-180.0, 180.0)] };
        }
        let reach = (angle.to_radians().sin() / center.latitude.to_radians().cos()).min(1.0).asin().to_degrees();
        let (west, east) = (center.longitude - reach, center.longitude + reach);
        // Rounding must not exclude points on the edge. The distance to the center is tested exactly later.
        const MARGIN: f64 = 1e-9;
        let wrap = |longitude: f64| (longitude + 540.0).rem_euclid(360.0) - 180.0;
        Self::new(south - MARGIN, wrap(west - MARGIN), north + MARGIN, wrap(east + MARGIN))
    }

    /// The latitudes of the poles on the edge of the box. All meridians meet there, so longitudes are ignored.
    pub fn poles(&self) -> Vec<f64> {
        [(self.south, -90.0), (self.north, 90.0)]
            .into_iter()
            .filter(|(edge, pole)| edge == pole)
            .map(|(_, pole)| pole)
            .collect()
    }

    /// The bands of latitude that the box intersects.
    pub fn bands(&self) -> Vec<i64> {
        (band(self.south.max(-90.0))..=band(self.north.min(90.0))).map(i64::from).collect()
    }
}

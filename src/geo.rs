//! Places on the globe: a sphere of the Earth's mean radius, on which distances are great circles.
//!
//! No database needs trigonometry: each place is stored with its point on the unit sphere, where a distance is a chord, and
//! with its band of latitude, within which an index goes by longitude.

/// The Earth's mean radius (IUGG), in kilometres.
pub const RADIUS_KM: f64 = 6371.0088;

/// Half the Earth's circumference: nothing is further away, in kilometres.
pub const FURTHEST_KM: f64 = RADIUS_KM * std::f64::consts::PI;

/// Bands of latitude to a degree.
const BANDS: f64 = 4.0;

/// A point in degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees north, from -90 to 90.
    pub latitude: f64,
    /// Degrees east, from -180 to 180.
    pub longitude: f64,
}

impl Point {
    /// The point on the unit sphere.
    pub fn vector(self) -> [f64; 3] {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    }

    /// The distance to another point in kilometres, to the metre: further digits are the machine's.
    pub fn distance_km(self, other: Self) -> f64 {
        let (one, other) = (self.vector(), other.vector());
        let chord: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        (2.0 * RADIUS_KM * (chord / 2.0).min(1.0).asin() * 1000.0).round() / 1000.0
    }
}

/// The band of latitude that a place is in.
pub fn band(latitude: f64) -> i32 {
    (latitude * BANDS).floor() as i32
}

/// The square of the chord that a distance on the ground has on the unit sphere.
pub fn chord_squared(km: f64) -> f64 {
    (2.0 * (km / RADIUS_KM / 2.0).sin()).powi(2)
}

/// A box between two parallels and two meridians.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Its southern edge in degrees north.
    pub south: f64,
    /// Its northern edge in degrees north.
    pub north: f64,
    /// Its spans of longitude, from west to east: two when it reaches over the antimeridian.
    pub longitudes: Vec<(f64, f64)>,
}

impl Area {
    /// The box between two parallels, from a meridian eastward to another: over the antimeridian when `west` is east of
    /// `east`.
    pub fn new(south: f64, west: f64, north: f64, east: f64) -> Self {
        let mut longitudes = if west <= east { vec![(west, east)] } else { vec![(west, 180.0), (-180.0, east)] };
        // One meridian has two names.
        let names_the_antimeridian = |at: f64| longitudes.iter().any(|(west, east)| *west <= at && at <= *east);
        match (names_the_antimeridian(-180.0), names_the_antimeridian(180.0)) {
            (true, false) => longitudes.push((180.0, 180.0)),
            (false, true) => longitudes.push((-180.0, -180.0)),
            _ => {}
        }
        Self { south, north, longitudes }
    }

    /// The least box around a circle.
    pub fn around(centre: Point, km: f64) -> Self {
        let angle = (km / RADIUS_KM).to_degrees();
        let (south, north) = (centre.latitude - angle, centre.latitude + angle);
        if south <= -90.0 || north >= 90.0 {
            // It holds a pole, and so every meridian.
            return Self { south: south.max(-90.0), north: north.min(90.0), longitudes: vec![(-180.0, 180.0)] };
        }
        let reach = (angle.to_radians().sin() / centre.latitude.to_radians().cos()).min(1.0).asin().to_degrees();
        let (west, east) = (centre.longitude - reach, centre.longitude + reach);
        // A hair wider, for what rounding takes: the circle itself is tested exactly.
        const HAIR: f64 = 1e-9;
        let wrap = |longitude: f64| (longitude + 540.0).rem_euclid(360.0) - 180.0;
        Self::new(south - HAIR, wrap(west - HAIR), north + HAIR, wrap(east + HAIR))
    }

    /// The pole on its edge, where all meridians are one.
    pub fn poles(&self) -> Vec<f64> {
        [(self.south, -90.0), (self.north, 90.0)]
            .into_iter()
            .filter(|(edge, pole)| edge == pole)
            .map(|(_, pole)| pole)
            .collect()
    }

    /// The bands of latitude that it touches.
    pub fn bands(&self) -> Vec<i64> {
        (band(self.south.max(-90.0))..=band(self.north.min(90.0))).map(i64::from).collect()
    }
}

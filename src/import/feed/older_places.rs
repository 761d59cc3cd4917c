//! Places that older versions of the program wrote, and that are deleted if nothing refers to them any more.

use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::Row;

/// Names the places that older versions wrote for a row in which the name of a place is the word for a missing value: places
/// with that word as their name, and the places in them. With `is_division`, also the place that older versions wrote beside a
/// division for the same division. `divisions` are the columns of the divisions, `location` that of the place itself.
pub(super) fn drop(
    row: &Row<'_>,
    country: &str,
    divisions: impl Iterator<Item = &'static str>,
    location: &str,
    is_division: bool,
    writer: &mut RecordWriter<'_>,
) {
    let (mut key, mut is_wrong) = (country.to_owned(), false);
    for label in divisions.map_while(|column| row.written(column)) {
        key = format!("{key}/{label}");
        is_wrong |= row.is_missing(label);
        if is_wrong {
            writer.drop_unreferenced(key.clone());
        }
    }
    if let (Some(label), Ok(Some((north, east)))) = (row.written(location), row.point("latitude", "longitude"))
        && (is_division || is_wrong || row.is_missing(label))
    {
        writer.drop_unreferenced(format!("{key}/{north},{east}/{label}"));
    }
}

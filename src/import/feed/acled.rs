//! ACLED (Armed Conflict Location & Event Data): conflict events and protests.
//!
//! Format: comma-separated with a header, as the API and the export tool write it (2024 and later; 31 or more columns).
//! Spreadsheets also save it with semicolons or tabs. The ACLED Codebook on <https://acleddata.com/> specifies it. Columns are found by name, since their order and set
//! differ between exports.
//!
//! | ACLED | record |
//! | --- | --- |
//! | row, keyed by `event_id_cnty` | event, with the ACLED types in `sourceType` (`acled_type` maps the types) |
//! | `event_date`, `time_precision` | `when`: the day; an uncertain day for precision 2, the month for 3 |
//! | `country`, `admin1` to `admin3`, `location` | place and the places around it (`acled_place`) |
//! | `geo_precision` | `placePrecision` |
//! | `actor1`, `actor2`, `assoc_actor_1`, `assoc_actor_2` | participations of groups, with their side |
//! | `fatalities` above 0 | figure, an estimate of deaths |
//! | `source` | an article of each named outlet, as evidence |
//!
//! Skipped: older versions of an event by `timestamp`. Not stored: `fatalities` of 0 (which can mean unknown),
//! `inter1`, `tags`, `disorder_type`, and sources without a name.

use std::collections::{HashMap, HashSet};

use crate::import::feed::acled_type;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid, iso_day};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition, MissingValue, acled_place};
use crate::import::hash;
use crate::text::date::Date;

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: "acled",
        title: "Armed Conflict Location & Event Data",
        license: Some("by the terms of ACLED, with attribution"),
        url: Some("https://acleddata.com/"),
        layout: Layout::Csv {
            required: &[
                "event_id_cnty",
                "event_date",
                "event_type",
                "sub_event_type",
                "actor1",
                "actor2",
                "country",
                "latitude",
                "longitude",
                "fatalities",
            ],
        },
        missing: Some(MissingValue::NA),
        converter: Box::new(Acled::default()),
    }
}

#[derive(Default)]
struct Acled {
    /// Upload time of each row so far in Unix seconds, by the hash of the event's id.
    uploaded: HashMap<u64, i64>,
}

impl Converter for Acled {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required("event_id_cnty")?;
        if id.len() < 4 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(invalid(
                "event_id_cnty",
                format!("`{}` is not an ACLED id", excerpt(id)),
                "ids look like IRQ12345",
            ));
        }
        let uploaded = row.integer("timestamp")?;
        let known = self.uploaded.get(&hash(id)).copied();
        if known.zip(uploaded).is_some_and(|(known, uploaded)| uploaded < known) {
            writer.skip("older versions of an event, by timestamp");
            return Ok(());
        }
        let (event_type, sub_type) = (row.required("event_type")?, row.text("sub_event_type").unwrap_or_default());
        let kind = acled_type::kind(event_type, sub_type).ok_or_else(|| {
            invalid(
                "event_type",
                format!("`{}` is not an ACLED event type", excerpt(event_type)),
                "check for shifted columns",
            )
        })?;
        let when = when(row)?;
        let place = acled_place::write(row, writer)?;
        let precision = match row.integer("geo_precision")? {
            Some(1) => Some("CITY"),
            Some(2) => Some("NEAR"),
            Some(3) => Some("REGION"),
            _ => None,
        };
        let deaths = row.integer("fatalities")?.unwrap_or(0);
        if deaths < 0 {
            return Err(invalid("fatalities", "is negative", "check for shifted columns"));
        }
        let (mut parts, mut named) = (Vec::new(), Vec::new());
        for (actor, associates, side, role) in [
            ("actor1", "assoc_actor_1", "1", acled_type::first_role(event_type, sub_type)),
            ("actor2", "assoc_actor_2", "2", acled_type::second_role(event_type, sub_type)),
        ] {
            let associates = row.text(associates).into_iter().flat_map(|all| all.split(';')).map(str::trim);
            let all = row.text(actor).map(|label| (label, role)).into_iter();
            let mut of_side = HashSet::new();
            for (label, role) in all.chain(associates.map(|label| (label, "PARTICIPANT"))) {
                if label.is_empty() {
                    continue;
                }
                if !of_side.insert(label) {
                    writer.unmapped("actors that are also named as their own associates");
                    continue;
                }
                parts.push(participation(&write_actor(label, writer), role).set("side", side));
                named.push(label);
            }
        }
        // ACLED writes 0 also where the number is unknown.
        let figures = (deaths > 0).then(|| {
            Object::child()
                .set("counted", "deaths")
                .set("countedType", "KILLING")
                .set("value", deaths)
                .set("unit", "person")
                .set("qualifier", "ESTIMATE")
        });
        if deaths == 0 {
            writer.unmapped("fatalities of 0, which can mean unknown");
        }
        let articles = sources(row, id, writer);
        for (what, column) in
            [("actor and interaction codes", "inter1"), ("tags", "tags"), ("disorder types", "disorder_type")]
        {
            writer.unmapped_if(what, row.text(column));
        }
        drop_older(row, id, writer);
        let record = Object::record("event", id)
            .set("type", kind)
            .set_title(kind, acled_place::label(row), &named)
            .set(
                "sourceType",
                if sub_type.is_empty() { event_type.to_owned() } else { format!("{event_type}: {sub_type}") },
            )
            .set_if("summary", row.text("notes"))
            .set("when", when)
            .set_if("placePrecision", precision.filter(|_| place.is_some()))
            .set_if("place", place)
            .set_children("participations", parts)
            .set_children("externalIds", vec![external_id("acled", id)])
            .set_children("figures", figures.into_iter().collect())
            .set_children("evidence", articles);
        writer.write(record);
        if let Some(uploaded) = uploaded {
            self.uploaded.insert(hash(id), uploaded);
        }
        Ok(())
    }
}

/// Returns the day as EDTF with its precision. The API writes `2025-05-16`, the export tool `16 May 2025` or
/// `9-May-20`.
fn when(row: &Row<'_>) -> Result<String, FieldProblem> {
    let text = row.required("event_date")?;
    let day = day(text).ok_or_else(|| {
        invalid("event_date", format!("`{}` is not a day", excerpt(text)), "write 2025-05-16, 16 May 2025 or 16-May-25")
    })?;
    Ok(match row.integer("time_precision")? {
        // Within a week of that day.
        Some(2) => format!("{day}?"),
        // Within that month.
        Some(3) => day.get(..7).unwrap_or(&day).to_owned(),
        _ => day,
    })
}

fn day(text: &str) -> Option<String> {
    const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if let Some(day) = iso_day(text) {
        return Some(day.to_owned());
    }
    let mut parts = text.split([' ', '-']).filter(|part| !part.is_empty());
    let (day, month, year) = (parts.next()?, parts.next()?.to_lowercase(), parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|short| month.len() >= 3 && month.starts_with(short))? + 1;
    let (day, number): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    // ACLED begins in 1997, so two digits are enough for a year.
    let year = match (year.len(), number) {
        (4, _) => number,
        (2, 97..) => 1900 + number,
        (2, _) => 2000 + number,
        _ => return None,
    };
    let edtf = format!("{year}-{month:02}-{day:02}");
    Date::parse(&edtf).is_ok().then_some(edtf)
}

/// Writes an actor and returns its key. ACLED keeps actor names unique. It does not say what kind of actor it is, so
/// every actor becomes a group.
fn write_actor(label: &str, writer: &mut RecordWriter<'_>) -> String {
    let key = format!("actor/{}", clipped(label));
    writer.write_shared(
        Object::record("group", &key)
            .set("label", clipped(label))
            .set_children("names", vec![name(&clipped(label), "PREFERRED")]),
    );
    key
}

/// Names the records that older versions wrote for the word for a missing value.
fn drop_older(row: &Row<'_>, id: &str, writer: &mut RecordWriter<'_>) {
    let is_missing = |column: &str| row.written(column).is_some_and(|text| row.is_missing(text));
    if ["actor1", "actor2", "assoc_actor_1", "assoc_actor_2"].into_iter().any(is_missing) {
        writer.drop_unreferenced("actor/NA".to_owned());
    }
    if is_missing("source") {
        writer.drop_unreferenced(format!("article/{id}/NA"));
        writer.drop_unreferenced("source/NA".to_owned());
    }
}

/// Writes an article for each outlet that is named as a source, and returns the evidence.
fn sources(row: &Row<'_>, id: &str, writer: &mut RecordWriter<'_>) -> Vec<Object> {
    let (mut articles, mut seen) = (Vec::new(), HashSet::new());
    for outlet in row.text("source").into_iter().flat_map(|all| all.split(';')).map(str::trim) {
        let lower = outlet.to_lowercase();
        if outlet.is_empty() || !seen.insert(outlet) {
            continue;
        }
        if ["undisclosed", "unspecified", "unnamed", "confidential"].iter().any(|word| lower.contains(word)) {
            writer.unmapped("unnamed sources");
            continue;
        }
        let publisher = format!("source/{outlet}");
        writer.write_shared(
            Object::record("organization", &publisher)
                .set("label", clipped(outlet))
                .set_children("names", vec![name(&clipped(outlet), "PREFERRED")]),
        );
        let key = format!("article/{id}/{outlet}");
        writer.write_shared(Object::record("article", &key).set("publisher", publisher));
        articles.push(key);
    }
    articles.iter().map(|article: &String| evidence(article)).collect()
}

#[cfg(test)]
mod tests {
    use crate::import::feed::acled::day;

    #[test]
    fn parses_days_in_every_form_that_occurs() {
        for (text, expected) in [
            ("2025-05-16", Some("2025-05-16")),
            ("16 May 2025", Some("2025-05-16")),
            ("9-May-20", Some("2020-05-09")),
            ("01-January-1997", Some("1997-01-01")),
            ("2020-05-16T00:00:00.000Z", Some("2020-05-16")),
            ("2020-05-16 00:00:00", Some("2020-05-16")),
            ("2020-05-16 12:00:00", None),
            ("2019-10/..", None),
            ("30 February 2020", None),
            ("05/16/2025", None),
            ("May", None),
        ] {
            assert_eq!(day(text).as_deref(), expected, "{text}");
        }
    }
}

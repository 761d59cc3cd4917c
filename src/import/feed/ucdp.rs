//! UCDP Georeferenced Event Dataset (GED): events of organized violence with estimates of deaths.
//!
//! Format: comma-separated with a header, 49 columns in the original layout. The UCDP GED Codebook on
//! <https://ucdp.uu.se/downloads/> specifies it. Columns are found by name, since their order and set differ between
//! releases and re-exports. Re-exports of humanitarian portals add a row of HXL tags, write whole numbers as `12.0`,
//! and have line breaks in cells.
//!
//! | UCDP GED | record |
//! | --- | --- |
//! | row, keyed by `id` | event; a killing if one-sided violence (3) had deaths, else violence |
//! | `date_start`, `date_end`, `date_prec` | `when`: a day, an uncertain day or an interval |
//! | `side_a`, `side_b` | participations; an actor is an organization if it is a government, else a group |
//! | `country`, `adm_1`, `adm_2`, `where_coordinates`, `where_prec` | place, the places around it, and the precision |
//! | `best`, `low`, `high`, `deaths_*` | figures, all of them estimates |
//! | `source_article` (`ucdp_article`) | articles, as evidence |
//!
//! Not stored: `source_original` (the origin of reports: neither a speaker nor the source of the estimates),
//! conflicts and dyads, event clarity, PRIO-GRID cells.

use crate::import::feed::code;
use crate::import::feed::object;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition, ucdp_article};
use crate::text::date::Date;

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: "ucdp-ged",
        title: "UCDP Georeferenced Event Dataset",
        license: Some("CC-BY-4.0"),
        url: Some("https://ucdp.uu.se/downloads/"),
        layout: Layout::Csv {
            required: &[
                "id",
                "type_of_violence",
                "side_a",
                "side_b",
                "where_prec",
                "latitude",
                "longitude",
                "country",
                "date_prec",
                "date_start",
                "date_end",
                "best",
                "high",
                "low",
            ],
        },
        converter: Box::new(Ged),
    }
}

struct Ged;

impl Converter for Ged {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required_integer("id")?.to_string();
        let violence = row.required_integer("type_of_violence")?;
        if !(1..=3).contains(&violence) {
            return Err(invalid(
                "type_of_violence",
                format!("{violence} is not a type of violence"),
                "write 1, 2 or 3",
            ));
        }
        let (figures, deadly) = figures(row, writer)?;
        // In fights (1 and 2) the row shows neither the weapons nor who attacked.
        let kind = if violence == 3 && deadly { "KILLING" } else { "VIOLENCE" };
        let roles = if violence == 3 { ["AGENT", "TARGET"] } else { ["PARTICIPANT", "PARTICIPANT"] };
        let when = when(row)?;
        let (place, precision) = write_place(row, writer)?;
        let mut parts = Vec::new();
        for ((column, side), role) in [("side_a", "A"), ("side_b", "B")].into_iter().zip(roles) {
            let actor = write_actor(row, column, writer)?;
            parts.push(participation(&actor, role).set("side", side));
        }
        let mut articles = Vec::new();
        for article in ucdp_article::write(row, writer) {
            articles.push(evidence(&article));
        }
        for (what, column) in [
            ("origins of reports, such as police", "source_original"),
            ("conflicts and dyads", "conflict_name"),
            ("event clarity", "event_clarity"),
            ("PRIO-GRID cells", "priogrid_gid"),
        ] {
            writer.unmapped_if(what, row.text(column));
        }
        let record = Object::record("event", &id)
            .set("type", kind)
            .set("sourceType", format!("type_of_violence {violence}"))
            .set("when", when)
            .set_if("place", place)
            .set_if("placeNote", row.text("where_description").or(row.text("where_coordinates")))
            .set_if("placePrecision", precision)
            .set_children("participations", parts)
            .set_children("externalIds", vec![external_id("ucdp", &id)])
            .set_children("figures", figures)
            .set_children("evidence", articles);
        writer.write(record);
        Ok(())
    }
}

/// Returns the estimates of deaths, in total and by side, and whether anybody was killed.
fn figures(row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(Vec<Object>, bool), FieldProblem> {
    let (best, low, high) = (row.integer("best")?, row.integer("low")?, row.integer("high")?);
    let figure = |counted: &str| {
        Object::child()
            .set("counted", counted)
            .set("countedType", "KILLING")
            .set("unit", "person")
            .set("qualifier", "ESTIMATE")
    };
    let mut figures = Vec::new();
    if best.or(low).or(high).is_some() {
        let is_ordered = low.zip(high).is_none_or(|(low, high)| low <= high);
        if !is_ordered {
            writer.unmapped("low estimates above the high estimate");
        }
        figures.push(
            figure("deaths")
                .set_if("value", best)
                .set_if("lower", low.filter(|_| is_ordered))
                .set_if("upper", high.filter(|_| is_ordered)),
        );
    }
    for (column, counted) in [
        ("deaths_a", "deaths of side A"),
        ("deaths_b", "deaths of side B"),
        ("deaths_civilians", "deaths of civilians"),
        ("deaths_unknown", "deaths of people of unknown side"),
    ] {
        if let Some(count) = row.integer(column)? {
            figures.push(figure(counted).set("value", count));
        }
    }
    Ok((figures, low.or(best).unwrap_or(0) > 0))
}

/// Returns the day of the event, or the interval in which it happened.
fn when(row: &Row<'_>) -> Result<String, FieldProblem> {
    let day = |name: &str| {
        let text = row.required(name)?;
        let day = text.get(..10).unwrap_or(text);
        // Later releases add midnight to the day.
        let rest = text.get(10..).unwrap_or_default();
        match Date::parse(day) {
            Ok(_) if day.len() == 10 && (rest.is_empty() || rest.trim_start().starts_with("00:00")) => Ok(day),
            _ => Err(invalid(name, format!("`{}` is not a day", excerpt(text)), "write YYYY-MM-DD")),
        }
    };
    let (start, end) = (day("date_start")?, day("date_end")?);
    if end < start {
        return Err(invalid("date_end", "is before date_start", "swap the two"));
    }
    let exact = row.integer("date_prec")?.is_none_or(|precision| precision <= 1);
    Ok(match (start == end, exact) {
        (true, true) => start.to_owned(),
        (true, false) => format!("{start}?"),
        (false, _) => format!("{start}/{end}"),
    })
}

/// Writes the actor of a side and returns its key, which contains UCDP's number if there is one. Apart from
/// governments, UCDP does not say what kind of actor it is.
fn write_actor(row: &Row<'_>, column: &str, writer: &mut RecordWriter<'_>) -> Result<String, FieldProblem> {
    let label = row.required(column)?;
    let number = match row.integer(&format!("{column}_new_id"))? {
        Some(number) => Some(number),
        None => row.integer(&format!("{column}_dset_id"))?,
    };
    let key = number.map_or_else(|| format!("actor/{label}"), |number| format!("actor/{number}"));
    let ids = number.map(|number| external_id("x-ucdp-actor", &number.to_string())).into_iter().collect();
    let government = label.starts_with("Government of ");
    let record = Object::record(if government { "organization" } else { "group" }, &key)
        .set_if("kind", government.then_some("GOVERNMENT"))
        .set("label", clipped(label))
        .set_children("names", vec![name(&clipped(label), "PREFERRED")])
        .set_children("externalIds", ids);
    writer.write_shared(record);
    Ok(key)
}

/// Writes the place of a row with the places around it, and returns its key and precision. UCDP has no ids of places,
/// so the key contains point and name.
fn write_place(
    row: &Row<'_>,
    writer: &mut RecordWriter<'_>,
) -> Result<(Option<String>, Option<&'static str>), FieldProblem> {
    let (kind, precision) = match row.integer("where_prec")? {
        Some(1) => ("OTHER", Some("EXACT")),
        Some(2) => ("OTHER", Some("NEAR")),
        Some(3) => ("DISTRICT", Some("DISTRICT")),
        Some(4) => ("REGION", Some("REGION")),
        Some(6) => ("COUNTRY", Some("COUNTRY")),
        Some(5 | 7) => ("OTHER", None),
        None => ("OTHER", None),
        Some(other) => return Err(invalid("where_prec", format!("{other} is not a precision"), "write 1 to 7")),
    };
    let point = row.point("latitude", "longitude")?;
    let Some(country) = row.text("country") else { return Ok((None, None)) };
    let iso = code::country_named(country);
    if iso.is_none() {
        writer.unmapped("country names without an ISO 3166 code");
    }
    let number = row.integer("country_id")?;
    let country_key = number.map_or_else(|| format!("country/{country}"), |number| format!("country/{number}"));
    let mut parent = country_key.clone();
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    writer.write_shared(of("COUNTRY", &country_key, country, None));
    if kind == "COUNTRY" {
        return Ok((Some(country_key), precision));
    }
    let spot = row.text("where_coordinates").zip(point);
    // A whole district or region must not become part of itself, or of one of its own districts.
    let is_whole = kind != "OTHER" && spot.is_some();
    for (column, kind) in [("adm_1", "REGION"), ("adm_2", "DISTRICT")] {
        let Some(label) = row.text(column) else { break };
        let key = format!("{parent}/{label}");
        if !is_whole {
            writer.write_shared(of(kind, &key, label, Some(&parent)));
        }
        parent = key;
    }
    let Some((label, (north, east))) = spot else { return Ok((Some(parent), precision)) };
    let key = format!("{parent}/{north},{east}/{label}");
    let container = if is_whole { &country_key } else { &parent };
    writer.write_shared(of(kind, &key, label, Some(container)).set_point(point));
    Ok((Some(key), precision))
}

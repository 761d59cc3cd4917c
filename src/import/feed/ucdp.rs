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
//! | `country`, `adm_1`, `adm_2`, `where_coordinates`, `where_prec` | place and precision (`ucdp_place`) |
//! | `best`, `low`, `high` | figure of all deaths, an estimate |
//! | `deaths_*` | figures by side, which are parts of that figure |
//! | `source_article` (`ucdp_article`) | articles, as evidence |
//! | `source_original` | statement about the event, with the words as `speakerText` |
//!
//! The number -9 means that a number is unknown, and `NA` that a value is missing.
//!
//! Not stored: conflicts and dyads, event clarity, PRIO-GRID cells.

use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid, iso_day};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition, MissingValue, ucdp_article, ucdp_place};

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
        missing: Some(MissingValue::NA),
        converter: Box::new(Ged),
    }
}

/// The number that stands for an unknown one.
const UNKNOWN: i64 = -9;

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
        let (figures, deadly) = figures(row, &id, writer)?;
        // In fights (1 and 2) the row shows neither the weapons nor who attacked.
        let kind = if violence == 3 && deadly { "KILLING" } else { "VIOLENCE" };
        let roles = if violence == 3 { ["AGENT", "TARGET"] } else { ["PARTICIPANT", "PARTICIPANT"] };
        let when = when(row, writer)?;
        let place = ucdp_place::write(row, writer)?;
        let (mut parts, mut named) = (Vec::new(), Vec::new());
        for ((column, side), role) in [("side_a", "A"), ("side_b", "B")].into_iter().zip(roles) {
            if let Some(actor) = write_actor(row, column, writer)? {
                parts.push(participation(&actor, role).set("side", side));
                named.extend(row.text(column));
            }
        }
        let articles = ucdp_article::write(row, writer);
        write_origin(row, &id, &articles, writer);
        let articles = articles
            .into_iter()
            .map(|(article, citation)| {
                evidence(&article).set_if("note", citation.map(|citation| format!("Cited as: {citation}")))
            })
            .collect();
        for (what, column) in [
            ("conflicts and dyads", "conflict_name"),
            ("event clarity", "event_clarity"),
            ("PRIO-GRID cells", "priogrid_gid"),
        ] {
            writer.unmapped_if(what, row.text(column));
        }
        let record = Object::record("event", &id)
            .set("type", kind)
            .set_title(kind, place.label, &named)
            .set("sourceType", format!("type_of_violence {violence}"))
            .set("when", when)
            .set_if("place", place.key)
            .set_if("placeNote", place.note)
            .set_if("placePrecision", place.precision)
            .set_children("participations", parts)
            .set_children("externalIds", vec![external_id("ucdp", &id)])
            .set_children("figures", figures)
            .set_children("evidence", articles);
        writer.write(record);
        Ok(())
    }
}

/// Writes the origin of the reports on an event as a statement about it. It is what UCDP calls the source: who says that
/// it happened, such as `police` or `SOHR; VDC`.
///
/// The words are stored unchanged, as `speakerText`. No actor is created from them: they name persons, bodies, newspapers
/// and books alike, and `police` is a different body in each country. The estimates of deaths are UCDP's own and are not
/// attributed to them.
fn write_origin(row: &Row<'_>, id: &str, articles: &[(String, Option<String>)], writer: &mut RecordWriter<'_>) {
    let key = format!("{id}/origin");
    let Some(origin) = row.text("source_original") else {
        writer.write_part(&key, None);
        writer.drop_unreferenced(key);
        return;
    };
    // Only a single article is certainly the one that names the origin.
    let article = if let [(article, _)] = articles { Some(article.as_str()) } else { None };
    let record = Object::record("statement", &key)
        .set("summary", "The event happened; UCDP names who says so.")
        .set("speakerText", origin)
        .set("attribution", "NOT_RECORDED")
        .set("quoteType", "INDIRECT")
        .set("about", vec![id])
        .set_if("article", article)
        .set_children("evidence", article.map(evidence).into_iter().collect());
    writer.write_part(&key, Some(record));
}

/// Returns the estimates of deaths, in total and by side, and whether anybody was killed.
///
/// The deaths by side are parts of the total: they must not be added to it.
fn figures(row: &Row<'_>, id: &str, writer: &mut RecordWriter<'_>) -> Result<(Vec<Object>, bool), FieldProblem> {
    let mut deaths = |column: &str| match known_integer(row, column, writer)? {
        Some(count) if count < 0 => Err(invalid(column, "is negative", "check for shifted columns")),
        count => Ok(count),
    };
    let (best, low, high) = (deaths("best")?, deaths("low")?, deaths("high")?);
    let mut by_side = Vec::new();
    for (column, counted) in [
        ("deaths_a", "deaths of side A"),
        ("deaths_b", "deaths of side B"),
        ("deaths_civilians", "deaths of civilians"),
        ("deaths_unknown", "deaths of people of unknown side"),
    ] {
        by_side.extend(deaths(column)?.map(|count| (counted, count)));
    }
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
    // The key of the first figure of the event. It has no key of its own, so that the total keeps the id that older
    // versions gave it.
    let total = (!figures.is_empty()).then(|| format!("{id}#/figures/0"));
    for (counted, count) in by_side {
        figures.push(figure(counted).set("value", count).set_if("partOf", total.clone()));
    }
    Ok((figures, low.or(best).unwrap_or(0) > 0))
}

/// Returns a whole number; `None` if it is missing or -9, which stands for an unknown number.
pub(super) fn known_integer(
    row: &Row<'_>,
    column: &str,
    writer: &mut RecordWriter<'_>,
) -> Result<Option<i64>, FieldProblem> {
    let number = row.integer(column)?;
    if number == Some(UNKNOWN) {
        writer.unmapped("numbers that are unknown (-9)");
        // Older versions wrote actors with this number.
        writer.drop_unreferenced(format!("actor/{UNKNOWN}"));
    }
    Ok(number.filter(|number| *number != UNKNOWN))
}

/// Returns the day of the event, or the interval in which it happened.
fn when(row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<String, FieldProblem> {
    let day = |name: &str| {
        let text = row.required(name)?;
        iso_day(text).ok_or_else(|| invalid(name, format!("`{}` is not a day", excerpt(text)), "write YYYY-MM-DD"))
    };
    let (start, end) = (day("date_start")?, day("date_end")?);
    if end < start {
        return Err(invalid("date_end", "is before date_start", "swap the two"));
    }
    let exact = known_integer(row, "date_prec", writer)?.is_some_and(|precision| precision <= 1);
    Ok(match (start == end, exact) {
        (true, true) => start.to_owned(),
        (true, false) => format!("{start}?"),
        (false, _) => format!("{start}/{end}"),
    })
}

/// Writes the actor of a side and returns its key, which contains UCDP's number if there is one; `None` for a side
/// without a name. Apart from governments, UCDP does not say what kind of actor it is.
fn write_actor(row: &Row<'_>, column: &str, writer: &mut RecordWriter<'_>) -> Result<Option<String>, FieldProblem> {
    let number = match known_integer(row, &format!("{column}_new_id"), writer)? {
        Some(number) => Some(number),
        None => known_integer(row, &format!("{column}_dset_id"), writer)?,
    };
    let Some(label) = row.text(column) else {
        writer.unmapped("sides without a name");
        if let Some(word) = row.written(column) {
            // Older versions wrote an actor with this name.
            writer
                .drop_unreferenced(number.map_or_else(|| format!("actor/{word}"), |number| format!("actor/{number}")));
        }
        return Ok(None);
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
    Ok(Some(key))
}

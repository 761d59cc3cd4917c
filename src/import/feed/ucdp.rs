//! UCDP Georeferenced Event Dataset: events of organized violence with estimates of deaths, located and dated with
//! the precision of each.

use crate::import::feed::code;
use crate::import::feed::object;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, short, wrong};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed, ucdp_article};
use crate::text::date::Date;

pub(super) fn about() -> About {
    About {
        dataset: "ucdp-ged",
        title: "UCDP Georeferenced Event Dataset",
        licence: Some("CC-BY-4.0"),
        url: Some("https://ucdp.uu.se/downloads/"),
        layout: Layout::Commas(&[
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
        ]),
        feed: Box::new(Ged),
    }
}

struct Ged;

impl Feed for Ged {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need_integer("id")?.to_string();
        let violence = row.need_integer("type_of_violence")?;
        if !(1..=3).contains(&violence) {
            return Err(wrong("type_of_violence", format!("{violence} is no type of violence"), "write 1, 2 or 3"));
        }
        let (figures, deadly) = figures(row, out)?;
        // Of fights the row does not tell with what arms, nor who attacked.
        let kind = if violence == 3 && deadly { "KILLING" } else { "VIOLENCE" };
        let roles = if violence == 3 { ["AGENT", "TARGET"] } else { ["PARTICIPANT", "PARTICIPANT"] };
        let when = when(row)?;
        let (place, precision) = place(row, out)?;
        let mut parts = Vec::new();
        for ((column, side), role) in [("side_a", "A"), ("side_b", "B")].into_iter().zip(roles) {
            let actor = actor(row, column, out)?;
            parts.push(participation(&actor, role).set("side", side));
        }
        let mut articles = Vec::new();
        for article in ucdp_article::share(row, out) {
            articles.push(evidence(&article));
        }
        for (what, column) in [
            ("whom reports rest on, such as police", "source_original"),
            ("conflicts and dyads", "conflict_name"),
            ("clarity of the event", "event_clarity"),
            ("cells of PRIO-GRID", "priogrid_gid"),
        ] {
            out.unmapped_if(what, row.text(column));
        }
        let record = Object::record("event", &id)
            .set("type", kind)
            .set("sourceType", format!("type_of_violence {violence}"))
            .set("when", when)
            .set_if("place", place)
            .set_if("placeNote", row.text("where_description").or(row.text("where_coordinates")))
            .set_if("placePrecision", precision)
            .list("participations", parts)
            .list("externalIds", vec![external_id("ucdp", &id)])
            .list("figures", figures)
            .list("evidence", articles);
        out.write(record);
        Ok(())
    }
}

/// The estimate of all deaths and the counts by side, and whether anybody was killed.
fn figures(row: &Row<'_>, out: &mut Out<'_>) -> Result<(Vec<Object>, bool), Mistake> {
    let (best, low, high) = (row.integer("best")?, row.integer("low")?, row.integer("high")?);
    let figure = |counted: &str| {
        Object::part()
            .set("counted", counted)
            .set("countedType", "KILLING")
            .set("unit", "person")
            .set("qualifier", "ESTIMATE")
    };
    let mut figures = Vec::new();
    if best.or(low).or(high).is_some() {
        let bounds = low.zip(high).is_none_or(|(low, high)| low <= high);
        if !bounds {
            out.unmapped("lowest estimates above the highest");
        }
        figures.push(
            figure("deaths")
                .set_if("value", best)
                .set_if("lower", low.filter(|_| bounds))
                .set_if("upper", high.filter(|_| bounds)),
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

/// The day, or the days within which it was when that is not certain.
fn when(row: &Row<'_>) -> Result<String, Mistake> {
    let day = |name: &str| {
        let text = row.need(name)?;
        let day = text.get(..10).unwrap_or(text);
        // Later releases write midnight behind the day.
        let rest = text.get(10..).unwrap_or_default();
        match Date::parse(day) {
            Ok(_) if day.len() == 10 && (rest.is_empty() || rest.trim_start().starts_with("00:00")) => Ok(day),
            _ => Err(wrong(name, format!("`{}` is no day", short(text)), "write YYYY-MM-DD")),
        }
    };
    let (start, end) = (day("date_start")?, day("date_end")?);
    if end < start {
        return Err(wrong("date_end", "is before date_start", "exchange the two"));
    }
    let exact = row.integer("date_prec")?.is_none_or(|precision| precision <= 1);
    Ok(match (start == end, exact) {
        (true, true) => start.to_owned(),
        (true, false) => format!("{start}?"),
        (false, _) => format!("{start}/{end}"),
    })
}

/// A side. Its number is UCDP's; apart from governments, what structure it has is not told.
fn actor(row: &Row<'_>, column: &str, out: &mut Out<'_>) -> Result<String, Mistake> {
    let label = row.need(column)?;
    let number = match row.integer(&format!("{column}_new_id"))? {
        Some(number) => Some(number),
        None => row.integer(&format!("{column}_dset_id"))?,
    };
    let key = number.map_or_else(|| format!("actor/{label}"), |number| format!("actor/{number}"));
    let ids = number.map(|number| external_id("x-ucdp-actor", &number.to_string())).into_iter().collect();
    let government = label.starts_with("Government of ");
    let record = Object::record(if government { "organization" } else { "group" }, &key)
        .set_if("type", government.then_some("GOVERNMENT"))
        .set("label", clipped(label))
        .list("names", vec![name(&clipped(label), "PREFERRED")])
        .list("externalIds", ids);
    out.share(record);
    Ok(key)
}

/// The place and how exact it is. Places have no ids: one is known by its point and name within its country.
fn place(row: &Row<'_>, out: &mut Out<'_>) -> Result<(Option<String>, Option<&'static str>), Mistake> {
    let (kind, precision) = match row.integer("where_prec")? {
        Some(1) => ("OTHER", Some("EXACT")),
        Some(2) => ("OTHER", Some("NEAR")),
        Some(3) => ("DISTRICT", Some("DISTRICT")),
        Some(4) => ("REGION", Some("REGION")),
        Some(6) => ("COUNTRY", Some("COUNTRY")),
        Some(5 | 7) => ("OTHER", None),
        None => ("OTHER", None),
        Some(other) => return Err(wrong("where_prec", format!("{other} is no precision"), "write 1 to 7")),
    };
    let point = row.point("latitude", "longitude")?;
    let Some(country) = row.text("country") else { return Ok((None, None)) };
    let iso = code::country_named(country);
    if iso.is_none() {
        out.unmapped("countries whose name is no name of ISO 3166");
    }
    let number = row.integer("country_id")?;
    let country_key = number.map_or_else(|| format!("country/{country}"), |number| format!("country/{number}"));
    let mut parent = country_key.clone();
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    out.share(of("COUNTRY", &country_key, country, None));
    if kind == "COUNTRY" {
        return Ok((Some(country_key), precision));
    }
    let spot = row.text("where_coordinates").zip(point);
    // A province as a whole is not a part of one of its own districts or of itself.
    let is_whole = kind != "OTHER" && spot.is_some();
    for (column, kind) in [("adm_1", "REGION"), ("adm_2", "DISTRICT")] {
        let Some(label) = row.text(column) else { break };
        let key = format!("{parent}/{label}");
        if !is_whole {
            out.share(of(kind, &key, label, Some(&parent)));
        }
        parent = key;
    }
    let Some((label, (north, east))) = spot else { return Ok((Some(parent), precision)) };
    let key = format!("{parent}/{north},{east}/{label}");
    let above = if is_whole { &country_key } else { &parent };
    out.share(of(kind, &key, label, Some(above)).point(point));
    Ok((Some(key), precision))
}

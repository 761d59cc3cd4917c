//! ACLED: conflict events and protests, by the names of the columns, which differ between exports.

use std::collections::{HashMap, HashSet};

use crate::import::feed::acled_type;
use crate::import::feed::code;
use crate::import::feed::object;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, short, wrong};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed};
use crate::import::hash;
use crate::text::date::Date;

pub(super) fn about() -> About {
    About {
        dataset: "acled",
        title: "Armed Conflict Location & Event Data",
        licence: Some("by the terms of ACLED, with attribution"),
        url: Some("https://acleddata.com/"),
        layout: Layout::Commas(&[
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
        ]),
        feed: Box::new(Acled::default()),
    }
}

/// When each row so far was uploaded, by the hash of its id.
#[derive(Default)]
struct Acled {
    uploaded: HashMap<u64, i64>,
}

impl Feed for Acled {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need("event_id_cnty")?;
        if id.len() < 4 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(wrong("event_id_cnty", format!("`{}` is no id of ACLED", short(id)), "ids look like IRQ12345"));
        }
        let uploaded = row.integer("timestamp")?;
        let known = self.uploaded.get(&hash(id)).copied();
        if known.zip(uploaded).is_some_and(|(known, uploaded)| uploaded < known) {
            out.skip("older states of an event by their timestamp");
            return Ok(());
        }
        let (event_type, sub_type) = (row.need("event_type")?, row.text("sub_event_type").unwrap_or_default());
        let kind = acled_type::kind(event_type, sub_type).ok_or_else(|| {
            wrong("event_type", format!("`{}` is no type of ACLED", short(event_type)), "look for a shifted row")
        })?;
        let when = when(row)?;
        let place = place(row, out)?;
        let precision = match row.integer("geo_precision")? {
            Some(1) => Some("CITY"),
            Some(2) => Some("NEAR"),
            Some(3) => Some("REGION"),
            _ => None,
        };
        let deaths = row.integer("fatalities")?.unwrap_or(0);
        if deaths < 0 {
            return Err(wrong("fatalities", "is less than 0", "look for a shifted row"));
        }
        let mut parts = Vec::new();
        for (actor, associates, side, role) in [
            ("actor1", "assoc_actor_1", "1", acled_type::first_role(event_type)),
            ("actor2", "assoc_actor_2", "2", acled_type::second_role(event_type)),
        ] {
            if let Some(label) = row.text(actor) {
                parts.push(participation(&share_actor(label, out), role).set("side", side));
            }
            for label in row.text(associates).into_iter().flat_map(|all| all.split(';')).map(str::trim) {
                if !label.is_empty() {
                    parts.push(participation(&share_actor(label, out), "PARTICIPANT").set("side", side));
                }
            }
        }
        // Nought also stands where nothing is known.
        let figures = (deaths > 0).then(|| {
            Object::part()
                .set("counted", "deaths")
                .set("countedType", "KILLING")
                .set("value", deaths)
                .set("unit", "person")
                .set("qualifier", "ESTIMATE")
        });
        if deaths == 0 {
            out.unmapped("fatalities of 0, which may mean that nothing is known");
        }
        let articles = sources(row, id, out);
        for (what, column) in [
            ("kinds of actors and of their interaction", "inter1"),
            ("tags", "tags"),
            ("disorder types", "disorder_type"),
        ] {
            out.unmapped_if(what, row.text(column));
        }
        let record = Object::record("event", id)
            .set("type", kind)
            .set(
                "sourceType",
                if sub_type.is_empty() { event_type.to_owned() } else { format!("{event_type}: {sub_type}") },
            )
            .set_if("summary", row.text("notes"))
            .set("when", when)
            .set_if("placePrecision", precision.filter(|_| place.is_some()))
            .set_if("place", place)
            .list("participations", parts)
            .list("externalIds", vec![external_id("acled", id)])
            .list("figures", figures.into_iter().collect())
            .list("evidence", articles);
        out.write(record);
        if let Some(uploaded) = uploaded {
            self.uploaded.insert(hash(id), uploaded);
        }
        Ok(())
    }
}

/// `2025-05-16` from the API, `16 May 2025` or `9-May-20` from the export tool; with the precision of the day.
fn when(row: &Row<'_>) -> Result<String, Mistake> {
    let text = row.need("event_date")?;
    let day = day(text).ok_or_else(|| {
        wrong("event_date", format!("`{}` is no day", short(text)), "write 2025-05-16, 16 May 2025 or 16-May-25")
    })?;
    Ok(match row.integer("time_precision")? {
        // Within a week of it.
        Some(2) => format!("{day}?"),
        // Within its month.
        Some(3) => day.get(..7).unwrap_or(&day).to_owned(),
        _ => day,
    })
}

fn day(text: &str) -> Option<String> {
    const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if text.len() == 10 && Date::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    let mut parts = text.split([' ', '-']).filter(|part| !part.is_empty());
    let (day, month, year) = (parts.next()?, parts.next()?.to_lowercase(), parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|short| month.len() >= 3 && month.starts_with(short))? + 1;
    let (day, number): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    // The earliest year there is is 1997.
    let year = match (year.len(), number) {
        (4, _) => number,
        (2, 97..) => 1900 + number,
        (2, _) => 2000 + number,
        _ => return None,
    };
    let edtf = format!("{year}-{month:02}-{day:02}");
    Date::parse(&edtf).is_ok().then_some(edtf)
}

/// ACLED knows actors by names that it keeps unique; what structure they have is not told.
fn share_actor(label: &str, out: &mut Out<'_>) -> String {
    let key = format!("actor/{}", clipped(label));
    out.share(
        Object::record("group", &key)
            .set("label", clipped(label))
            .list("names", vec![name(&clipped(label), "PREFERRED")]),
    );
    key
}

/// The place below its country and districts. It has no id: its point and name tell it apart.
fn place(row: &Row<'_>, out: &mut Out<'_>) -> Result<Option<String>, Mistake> {
    let point = row.point("latitude", "longitude")?;
    let country = row.need("country")?;
    let number = row.integer("iso")?.and_then(|number| u16::try_from(number).ok());
    let iso = number
        .and_then(|number| rust_iso3166::from_numeric(number).map(|country| country.alpha2))
        .or_else(|| code::country_named(country));
    if iso.is_none() {
        out.unmapped("countries whose name is no name of ISO 3166");
    }
    let mut key = format!("country/{}", iso.unwrap_or(country));
    let of = |kind: &str, key: &str, label: &str, parent: Option<&str>| object::place(kind, key, label, iso, parent);
    out.share(of("COUNTRY", &key, country, None));
    for (column, kind) in [("admin1", "REGION"), ("admin2", "DISTRICT"), ("admin3", "DISTRICT")] {
        let Some(label) = row.text(column) else { break };
        let inner = format!("{key}/{label}");
        out.share(of(kind, &inner, label, Some(&key)));
        key = inner;
    }
    if let (Some(label), Some((north, east))) = (row.text("location"), point) {
        let inner = format!("{key}/{north},{east}/{label}");
        out.share(of("OTHER", &inner, label, Some(&key)).point(point));
        key = inner;
    }
    Ok(Some(key))
}

/// A report of each outlet named. Sources without a name are no outlets.
fn sources(row: &Row<'_>, id: &str, out: &mut Out<'_>) -> Vec<Object> {
    let (mut articles, mut seen) = (Vec::new(), HashSet::new());
    for outlet in row.text("source").into_iter().flat_map(|all| all.split(';')).map(str::trim) {
        let lower = outlet.to_lowercase();
        if outlet.is_empty() || !seen.insert(outlet) {
            continue;
        }
        if ["undisclosed", "unspecified", "unnamed", "confidential"].iter().any(|word| lower.contains(word)) {
            out.unmapped("sources without a name");
            continue;
        }
        let publisher = format!("source/{outlet}");
        out.share(
            Object::record("organization", &publisher)
                .set("label", clipped(outlet))
                .list("names", vec![name(&clipped(outlet), "PREFERRED")]),
        );
        let key = format!("article/{id}/{outlet}");
        out.share(Object::record("article", &key).set("publisher", publisher));
        articles.push(key);
    }
    articles.iter().map(|article: &String| evidence(article)).collect()
}

#[cfg(test)]
mod tests {
    use crate::import::feed::acled::day;

    #[test]
    fn days_are_read_in_every_form_that_occurs() {
        for (text, wanted) in [
            ("2025-05-16", Some("2025-05-16")),
            ("16 May 2025", Some("2025-05-16")),
            ("9-May-20", Some("2020-05-09")),
            ("01-January-1997", Some("1997-01-01")),
            ("30 February 2020", None),
            ("05/16/2025", None),
            ("May", None),
        ] {
            assert_eq!(day(text).as_deref(), wanted, "{text}");
        }
    }
}

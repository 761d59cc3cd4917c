//! GDELT 2.0 events: each row an event with two actors, its place and the article it was read from.

use std::collections::HashMap;

use crate::import::feed::code;
use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::{Out, Written};
use crate::import::feed::row::{Mistake, Row, short, wrong};
use crate::import::feed::{About, Feed};
use crate::import::hash;

pub(super) fn about() -> About {
    gdelt::about(COLUMNS, Box::new(Events::default()))
}

const COLUMNS: &[&str] = &[
    "GLOBALEVENTID",
    "SQLDATE",
    "MonthYear",
    "Year",
    "FractionDate",
    "Actor1Code",
    "Actor1Name",
    "Actor1CountryCode",
    "Actor1KnownGroupCode",
    "Actor1EthnicCode",
    "Actor1Religion1Code",
    "Actor1Religion2Code",
    "Actor1Type1Code",
    "Actor1Type2Code",
    "Actor1Type3Code",
    "Actor2Code",
    "Actor2Name",
    "Actor2CountryCode",
    "Actor2KnownGroupCode",
    "Actor2EthnicCode",
    "Actor2Religion1Code",
    "Actor2Religion2Code",
    "Actor2Type1Code",
    "Actor2Type2Code",
    "Actor2Type3Code",
    "IsRootEvent",
    "EventCode",
    "EventBaseCode",
    "EventRootCode",
    "QuadClass",
    "GoldsteinScale",
    "NumMentions",
    "NumSources",
    "NumArticles",
    "AvgTone",
    "Actor1Geo_Type",
    "Actor1Geo_FullName",
    "Actor1Geo_CountryCode",
    "Actor1Geo_ADM1Code",
    "Actor1Geo_ADM2Code",
    "Actor1Geo_Lat",
    "Actor1Geo_Long",
    "Actor1Geo_FeatureID",
    "Actor2Geo_Type",
    "Actor2Geo_FullName",
    "Actor2Geo_CountryCode",
    "Actor2Geo_ADM1Code",
    "Actor2Geo_ADM2Code",
    "Actor2Geo_Lat",
    "Actor2Geo_Long",
    "Actor2Geo_FeatureID",
    "ActionGeo_Type",
    "ActionGeo_FullName",
    "ActionGeo_CountryCode",
    "ActionGeo_ADM1Code",
    "ActionGeo_ADM2Code",
    "ActionGeo_Lat",
    "ActionGeo_Long",
    "ActionGeo_FeatureID",
    "DATEADDED",
    "SOURCEURL",
];

/// Codes that say the same with the actors exchanged: consulting, meeting, negotiating, and the wish to.
const MUTUAL: &[&str] = &["036", "040", "041", "044", "046"];

/// The events so far: the number of each by the hash of what it says, and that hash by its number.
#[derive(Default)]
struct Events {
    told: HashMap<u64, u64>,
    says: HashMap<u64, u64>,
}

impl Events {
    /// Notes what an event says, instead of what it said before.
    fn tell(&mut self, number: u64, says: u64) {
        if let Some(before) = self.says.insert(number, says)
            && self.told.get(&before) == Some(&number)
        {
            self.told.remove(&before);
        }
        self.told.entry(says).or_insert(number);
    }
}

impl Feed for Events {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let number = row.need_integer("GLOBALEVENTID")?.unsigned_abs();
        let id = number.to_string();
        let day = row.compact_day("SQLDATE")?;
        let code = row.need("EventCode")?;
        let kind = code::cameo(code).ok_or_else(|| {
            wrong("EventCode", format!("`{}` is no CAMEO event code", short(code)), "codes look like 043 or 1823")
        })?;
        let actors = [Side::read(row, &ACTORS[0]), Side::read(row, &ACTORS[1])];
        let [first, second, action] = [place(row, &PLACES[0])?, place(row, &PLACES[1])?, place(row, &PLACES[2])?];
        // They say where an actor is from as often as where it was.
        out.unmapped_if("places of actors", first.or(second));
        let source = row.text("SOURCEURL");
        let (same, mirror) = {
            let told = |code: &str, first: &Side, second: &Side| {
                hash(&(source, &day, code, first.key(), second.key(), action.as_ref().map(|place| &place.key)))
            };
            let [first, second] = &actors;
            let mirror = match code {
                "042" => Some("043"),
                "043" => Some("042"),
                _ => MUTUAL.iter().find(|mutual| **mutual == code).copied(),
            };
            (told(code, first, second), mirror.map(|code| told(code, second, first)))
        };
        // Without an article nothing ties two rows together.
        let told = |what: Option<u64>| what.and_then(|what| self.told.get(&what)).copied().filter(|_| source.is_some());
        let folded = match (told(Some(same)), told(mirror)) {
            (Some(event), _) => Some((event, "repeats of an event with the same article, actors, day and place")),
            (None, Some(event)) => Some((event, "mirrors of an event with the actors exchanged")),
            (None, None) => None,
        };
        let mirror = format!("mirror/{id}");
        if let Some((event, reason)) = folded.filter(|(event, _)| *event != number) {
            let record = Object::record("externalId", &mirror).set("target", event.to_string());
            if out.write(record.set("scheme", "gdelt").set("value", id.as_str())) != Written::Again {
                out.skip(reason);
            }
            out.take_back(&id);
            return Ok(());
        }
        out.take_back(&mirror);
        let mut record = Object::record("event", &id)
            .set("type", kind)
            .set("sourceType", code)
            // The day is that of the report, or a week, month or year before: what the words meant is guessed.
            .set("when", format!("{day}?"));
        let mut parts = Vec::new();
        for (side, role) in actors.iter().zip(roles(code)) {
            parts.extend(side.share(out).map(|actor| participation(&actor, role)));
        }
        if let Some(place) = &action {
            record = record.set("place", place.share(out)).set("placePrecision", place.precision);
        }
        let article = source.and_then(|url| article(url, out));
        if article.is_none() {
            out.unmapped_if("works known by a citation that many share", source);
        }
        let articles = article.iter().map(|article| evidence(article)).collect();
        for (what, columns) in NOT_STORED {
            out.unmapped_if(what, columns.iter().find_map(|column| row.text(column)));
        }
        let record = record
            .list("participations", parts)
            .list("externalIds", vec![external_id("gdelt", &id)])
            .list("evidence", articles);
        out.write(record);
        self.tell(number, same);
        Ok(())
    }
}

/// What rows hold that the graph has no place for.
const NOT_STORED: &[(&str, &[&str])] = &[
    ("average tone", &["AvgTone"]),
    ("Goldstein scale and quad class", &["GoldsteinScale", "QuadClass"]),
    ("numbers of mentions, sources and articles", &["NumMentions", "NumSources", "NumArticles"]),
    (
        "ethnic and religious codes of actors",
        &["Actor1EthnicCode", "Actor1Religion1Code", "Actor2EthnicCode", "Actor2Religion1Code"],
    ),
    ("further roles of actors", &["Actor1Type2Code", "Actor2Type2Code"]),
];

/// The parts of the first and the second actor.
fn roles(code: &str) -> [&'static str; 2] {
    match code {
        "042" => ["VISITOR", "VISITED"],
        "043" => ["VISITED", "VISITOR"],
        _ if MUTUAL.contains(&code) => ["PARTICIPANT", "PARTICIPANT"],
        _ => ["AGENT", "TARGET"],
    }
}

/// The columns of an actor.
struct ActorColumns {
    code: &'static str,
    name: &'static str,
    country: &'static str,
    group: &'static str,
    role: &'static str,
}

const ACTORS: [ActorColumns; 2] = [
    ActorColumns {
        code: "Actor1Code",
        name: "Actor1Name",
        country: "Actor1CountryCode",
        group: "Actor1KnownGroupCode",
        role: "Actor1Type1Code",
    },
    ActorColumns {
        code: "Actor2Code",
        name: "Actor2Name",
        country: "Actor2CountryCode",
        group: "Actor2KnownGroupCode",
        role: "Actor2Type1Code",
    },
];

/// An actor as a row gives it.
struct Side<'r> {
    code: Option<&'r str>,
    name: Option<&'r str>,
    country: Option<&'r str>,
    group: Option<&'r str>,
    role: Option<&'r str>,
}

impl<'r> Side<'r> {
    fn read(row: &Row<'r>, columns: &ActorColumns) -> Self {
        Self {
            code: row.text(columns.code),
            name: row.text(columns.name),
            country: row.text(columns.country),
            group: row.text(columns.group),
            role: row.text(columns.role),
        }
    }

    /// One code stands for many: 91 of 506 names were seen with several codes, and codes with several names.
    fn key(&self) -> Option<String> {
        let code = self.code?;
        Some(format!("actor/{code}/{}", self.name.unwrap_or_default()))
    }

    fn share(&self, out: &mut Out<'_>) -> Option<String> {
        let key = self.key()?;
        let code = self.code?;
        let country = self.country.and_then(code::cameo_country);
        let sector = self.role.and_then(code::sector);
        if country.is_none() {
            out.unmapped_if("regions given as an actor's country", self.country);
        }
        if sector.is_none() {
            out.unmapped_if("roles of actors that are no PLOVER sector", self.role);
        }
        // A known group has a structure; of anything else the code does not tell, not even that it is a person.
        let kind = if self.group.is_some() { "organization" } else { "group" };
        let record = Object::record(kind, &key)
            .set("label", clipped(self.name.unwrap_or(code)))
            .set_if("country", country)
            .set_if("sector", sector)
            .list("names", self.name.map(|text| name(&clipped(text), "PREFERRED")).into_iter().collect())
            .list(
                "externalIds",
                vec![external_id(
                    "gdelt-actor",
                    &self.name.map_or_else(|| code.to_owned(), |name| format!("{code}/{name}")),
                )],
            );
        out.share(record);
        Some(key)
    }
}

/// The columns of a place.
struct PlaceColumns {
    kind: &'static str,
    name: &'static str,
    country: &'static str,
    latitude: &'static str,
    longitude: &'static str,
    feature: &'static str,
}

const PLACES: [PlaceColumns; 3] = [
    PlaceColumns {
        kind: "Actor1Geo_Type",
        name: "Actor1Geo_FullName",
        country: "Actor1Geo_CountryCode",
        latitude: "Actor1Geo_Lat",
        longitude: "Actor1Geo_Long",
        feature: "Actor1Geo_FeatureID",
    },
    PlaceColumns {
        kind: "Actor2Geo_Type",
        name: "Actor2Geo_FullName",
        country: "Actor2Geo_CountryCode",
        latitude: "Actor2Geo_Lat",
        longitude: "Actor2Geo_Long",
        feature: "Actor2Geo_FeatureID",
    },
    PlaceColumns {
        kind: "ActionGeo_Type",
        name: "ActionGeo_FullName",
        country: "ActionGeo_CountryCode",
        latitude: "ActionGeo_Lat",
        longitude: "ActionGeo_Long",
        feature: "ActionGeo_FeatureID",
    },
];

/// A place as a row gives it.
struct Place<'r> {
    key: String,
    id: String,
    kind: &'static str,
    precision: &'static str,
    name: &'r str,
    fips: Option<&'r str>,
    point: Option<(f64, f64)>,
}

/// A place; none when the row has none, or none that can be told from others.
fn place<'r>(row: &Row<'r>, columns: &PlaceColumns) -> Result<Option<Place<'r>>, Mistake> {
    let point = row.point(columns.latitude, columns.longitude)?;
    let kind = row.integer(columns.kind)?.unwrap_or(0);
    let (kind_name, precision) = match kind {
        0 => return Ok(None),
        1 => ("COUNTRY", "COUNTRY"),
        2 | 5 => ("REGION", "REGION"),
        3 | 4 => ("CITY", "CITY"),
        _ => return Err(wrong(columns.kind, format!("{kind} is no type of place"), "write 0 to 5")),
    };
    let (Some(feature), Some(name)) = (row.text(columns.feature), row.text(columns.name)) else { return Ok(None) };
    let fips = row.text(columns.country);
    // The same feature id means a country in one type and a state of the USA in another.
    let id = format!("{kind}:{}:{}", fips.unwrap_or_default(), feature.replace(':', "_"));
    Ok(Some(Place { key: format!("place/{id}"), id, kind: kind_name, precision, name, fips, point }))
}

impl Place<'_> {
    fn share(&self, out: &mut Out<'_>) -> String {
        let country = self.fips.and_then(code::fips);
        if country.is_none() {
            out.unmapped_if("country codes of places without a country of ISO 3166", self.fips);
        }
        let short = self.name.split(", ").next().unwrap_or(self.name);
        let record = Object::record("place", &self.key)
            .set("type", self.kind)
            .set("label", clipped(self.name))
            // The middle of a country differs from one slice to the next, and nothing happened there.
            .point(self.point.filter(|_| self.kind != "COUNTRY"))
            .set_if("country", country)
            .list("names", vec![name(&clipped(short), "PREFERRED")])
            .list("externalIds", vec![external_id("gdelt-feature", &self.id)]);
        out.share(record);
        self.key.clone()
    }
}

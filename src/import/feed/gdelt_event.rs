//! GDELT 2.0 events: each row is an event with up to two actors, a place, and the article it was extracted from.
//!
//! Format: `YYYYMMDDHHMMSS.export.CSV`, tab-separated in spite of the name, 61 columns, no header. The GDELT Event
//! Codebook V2.0 (2015) specifies it. Event codes are CAMEO 1.1b3, actor countries CAMEO, countries of places FIPS
//! 10-4.
//!
//! | GDELT | record |
//! | --- | --- |
//! | row, keyed by `GLOBALEVENTID` | event; `EventCode` gives its type and is kept in `sourceType` |
//! | `SQLDATE` | `when`: an uncertain day |
//! | `Actor1*`, `Actor2*` | participations; an actor is an organization if it has a known group code, else a group |
//! | `ActionGeo_*` | place and the places around it (`gdelt_place`) |
//! | `SOURCEURL` | article, as evidence |
//!
//! Skipped: duplicates (same article, code, actors, day and place) and mirrored events, in which the actors are
//! swapped: a row `042` (visit) often has a counterpart `043` (host a visit). The id of a skipped row becomes another
//! external id of the event that is stored, so that mentions of either id find it. If several rows have
//! the same id, the last one is stored.
//!
//! Not stored: places of actors (they may be the origin of an actor or its location), tone, Goldstein scale, quad
//! class, numbers of mentions, ethnic and religious codes, secondary roles, and articles without a URL.

use std::collections::HashMap;

use crate::import::feed::code;
use crate::import::feed::gdelt;
use crate::import::feed::gdelt::article;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name, participation};
use crate::import::feed::record_writer::{RecordWriter, Written};
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};
use crate::import::feed::{Converter, FeedDefinition, gdelt_place};
use crate::import::hash;

pub(super) fn definition() -> FeedDefinition {
    gdelt::definition(COLUMNS, Box::new(Events::default()))
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

/// CAMEO codes whose meaning does not change when the actors are swapped: consulting, meeting, negotiating, and
/// expressing the intent to.
const MUTUAL: &[&str] = &["036", "040", "041", "044", "046"];

/// The events so far, to find duplicates and mirrored events.
#[derive(Default)]
struct Events {
    /// The id of an event by the hash of its content.
    by_content: HashMap<u64, u64>,
    /// The hash of an event's content by its id.
    contents: HashMap<u64, u64>,
}

impl Events {
    /// Remembers the content of an event, in place of the content that an earlier row with its id had.
    fn insert(&mut self, id: u64, content: u64) {
        if let Some(before) = self.contents.insert(id, content)
            && self.by_content.get(&before) == Some(&id)
        {
            self.by_content.remove(&before);
        }
        self.by_content.entry(content).or_insert(id);
    }
}

impl Converter for Events {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let number = row.required_integer("GLOBALEVENTID")?.unsigned_abs();
        let id = number.to_string();
        let day = row.compact_day("SQLDATE")?;
        let code = row.required("EventCode")?;
        let kind = code::cameo_event_type(code).ok_or_else(|| {
            invalid(
                "EventCode",
                format!("`{}` is not a CAMEO event code", excerpt(code)),
                "codes look like 043 or 1823",
            )
        })?;
        let actors = [Side::read(row, &ACTORS[0]), Side::read(row, &ACTORS[1])];
        let [first, second, action] = gdelt_place::read(row)?;
        // GDELT gives the origin of an actor as often as its location.
        writer.unmapped_if("places of actors", first.or(second));
        let source = row.text("SOURCEURL");
        let (content, mirrored) = {
            let content = |code: &str, first: &Side, second: &Side| {
                hash(&(source, &day, code, first.key(), second.key(), action.as_ref().map(|place| &place.key)))
            };
            let [first, second] = &actors;
            let mirrored_code = match code {
                "042" => Some("043"),
                "043" => Some("042"),
                _ => MUTUAL.iter().find(|mutual| **mutual == code).copied(),
            };
            (content(code, first, second), mirrored_code.map(|code| content(code, second, first)))
        };
        // Without an article, equal rows need not be about one event.
        let earlier = |content: Option<u64>| {
            content.and_then(|content| self.by_content.get(&content)).copied().filter(|_| source.is_some())
        };
        let folded = match (earlier(Some(content)), earlier(mirrored)) {
            (Some(event), _) => Some((event, "duplicate events (same article, actors, day and place)")),
            (None, Some(event)) => Some((event, "mirrored events (same event with the actors swapped)")),
            (None, None) => None,
        };
        let mirror = format!("mirror/{id}");
        if let Some((event, reason)) = folded.filter(|(event, _)| *event != number) {
            let record = Object::record("externalId", &mirror).set("target", event.to_string());
            if writer.write(record.set("scheme", "gdelt").set("value", id.as_str())) != Written::Duplicate {
                writer.skip(reason);
            }
            // An earlier row with this id may have been stored as a separate event, and the reverse.
            writer.discard(&id);
            return Ok(());
        }
        writer.discard(&mirror);
        let mut record = Object::record("event", &id)
            .set("type", kind)
            .set("sourceType", code)
            // GDELT guesses: mostly the day of the report, or exactly a week, month or year before it.
            .set("when", format!("{day}?"));
        let named: Vec<&str> = actors.iter().filter_map(Side::label).collect();
        record = record.set_title(kind, action.as_ref().map(|place| place.name), &named);
        let mut parts = Vec::new();
        for (side, role) in actors.iter().zip(roles(code)) {
            parts.extend(side.write(writer).map(|actor| participation(&actor, role)));
        }
        if let Some(place) = &action {
            record = record.set("place", place.write(writer)).set("placePrecision", place.precision);
        }
        let article = source.and_then(|url| article(url, writer));
        if article.is_none() {
            writer.unmapped_if(gdelt::NO_URL, source);
        }
        let articles = article.iter().map(|article| evidence(article)).collect();
        for (what, columns) in NOT_STORED {
            writer.unmapped_if(what, columns.iter().find_map(|column| row.text(column)));
        }
        let record = record
            .set_children("participations", parts)
            .set_children("externalIds", vec![external_id("gdelt", &id)])
            .set_children("evidence", articles);
        writer.write(record);
        self.insert(number, content);
        Ok(())
    }
}

/// Values that the graph has no field for, and the columns they are in.
const NOT_STORED: &[(&str, &[&str])] = &[
    ("average tone", &["AvgTone"]),
    ("Goldstein scale and quad class", &["GoldsteinScale", "QuadClass"]),
    ("numbers of mentions, sources and articles", &["NumMentions", "NumSources", "NumArticles"]),
    (
        "ethnic and religious codes of actors",
        &["Actor1EthnicCode", "Actor1Religion1Code", "Actor2EthnicCode", "Actor2Religion1Code"],
    ),
    ("secondary roles of actors", &["Actor1Type2Code", "Actor2Type2Code"]),
    ("second-level divisions of places, which have a code and no name", &["ActionGeo_ADM2Code"]),
];

/// Returns the roles of the first and the second actor.
fn roles(code: &str) -> [&'static str; 2] {
    match code {
        "042" => ["VISITOR", "VISITED"],
        "043" => ["VISITED", "VISITOR"],
        _ if MUTUAL.contains(&code) => ["PARTICIPANT", "PARTICIPANT"],
        _ => ["AGENT", "TARGET"],
    }
}

/// The columns of one actor.
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

/// One actor of a row.
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

    /// Returns the key of the actor; `None` if there is no code. The key needs the name too, since one code stands
    /// for many actors. It needs the code, since one name may have several: 91 of 506 names did in a sample.
    fn key(&self) -> Option<String> {
        let code = self.code?;
        Some(format!("actor/{code}/{}", self.name.unwrap_or_default()))
    }

    /// Returns the name, or the code if there is no name.
    fn label(&self) -> Option<&'r str> {
        self.name.filter(|_| self.code.is_some()).or(self.code)
    }

    /// Writes the actor and returns its key.
    fn write(&self, writer: &mut RecordWriter<'_>) -> Option<String> {
        let key = self.key()?;
        let code = self.code?;
        let country = self.country.and_then(code::cameo_country);
        let sector = self.role.and_then(code::sector);
        if country.is_none() {
            writer.unmapped_if("regions given as an actor's country", self.country);
        }
        if sector.is_none() {
            writer.unmapped_if("actor roles without a PLOVER sector", self.role);
        }
        // Only known groups are certainly organizations. Everything else, even a person, has the same kind of code.
        let kind = if self.group.is_some() { "organization" } else { "group" };
        let record = Object::record(kind, &key)
            .set("label", clipped(self.name.unwrap_or(code)))
            .set_if("country", country)
            .set_if("sector", sector)
            .set_children("names", self.name.map(|text| name(&clipped(text), "PREFERRED")).into_iter().collect())
            .set_children(
                "externalIds",
                vec![external_id(
                    "gdelt-actor",
                    &self.name.map_or_else(|| code.to_owned(), |name| format!("{code}/{name}")),
                )],
            );
        writer.write_shared(record);
        Some(key)
    }
}

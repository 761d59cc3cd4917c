//! POLECAT: events in the terms of PLOVER, by the names of the columns, which differ between files.
//!
//! An event may have several rows, one for each pair of an actor and a recipient. So its participations are records of
//! their own, and rows that agree on the rest add up. One story gives several events, whose ids begin with its id.

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name};
use crate::import::feed::record_writer::{Out, Written};
use crate::import::feed::row::{Mistake, Row, short, wrong};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed, Settings, polecat_actor, polecat_place};
use crate::import::hash;
use crate::text::date::Date;

pub(super) fn about(settings: &Settings) -> About {
    About {
        dataset: "polecat",
        title: "POLECAT",
        licence: Some("by the terms of the POLECAT Dataverse, with attribution"),
        url: Some("https://doi.org/10.7910/DVN/AJGVIT"),
        layout: Layout::Tabs(NEEDED, KNOWN),
        feed: Box::new(Polecat { mentions: settings.mentions }),
    }
}

const NEEDED: &[&str] =
    &["Event ID", "Event Date", "Event Type", "Event Mode", "Actor Name", "Recipient Name", "Publication Date"];

/// Columns that not every file has.
const KNOWN: &[&str] = &[
    "Intensity",
    "Event Intensity",
    "Quad Code",
    "Contexts",
    "Actor Country",
    "Actor COW",
    "Primary Actor Sector",
    "Actor Sectors",
    "Actor Title",
    "Actor Name Raw",
    "Wikipedia Actor ID",
    "Recipient Country",
    "Recipient COW",
    "Primary Recipient Sector",
    "Recipient Sectors",
    "Recipient Title",
    "Recipient Name Raw",
    "Wikipedia Recipient ID",
    "Placename",
    "City",
    "District",
    "Province",
    "Country",
    "Latitude",
    "Longitude",
    "GeoNames ID",
    "Raw Placename",
    "Feature Type",
    "Source",
    "Story People",
    "Story Organizations",
    "Story Locations",
    "Language",
    "Version",
];

struct Polecat {
    mentions: bool,
}

impl Feed for Polecat {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let id = row.need("Event ID")?;
        if id == "None" || id.contains(char::is_whitespace) {
            return Err(wrong(
                "Event ID",
                format!("`{}` is no id of POLECAT", short(id)),
                "ids look like 20210711-0021-8b13212ac6f6_AID; look for a shifted row",
            ));
        }
        let kind = row.need("Event Type")?;
        let mode = given(row, "Event Mode");
        let (event_type, listed) = code::plover(kind, mode).ok_or_else(|| {
            wrong("Event Type", format!("`{}` is no type of PLOVER", short(kind)), "look for a shifted row")
        })?;
        if !listed {
            out.unmapped("modes that are none of PLOVER");
        }
        let published = day(row, "Publication Date")?;
        let when = when(row)?;
        let place = polecat_place::share(row, out)?;
        let article = article(row, id, published, out);
        for (part, columns) in polecat_actor::parts(row, kind, out) {
            let key = format!("{id}/{}/{part}", columns.role);
            let record = Object::record("participation", &key).set("event", id).set("actor", part);
            out.share(record.set("role", columns.role).set_if("note", columns.title));
        }
        if self.mentions {
            mentions(row, &article, out);
        } else if STORY.iter().any(|(column, _)| given(row, column).is_some()) {
            out.unmapped("names, without --mentions");
        }
        for (what, columns) in NOT_STORED {
            out.unmapped_if(what, columns.iter().find_map(|column| given(row, column)));
        }
        let place_note = given(row, "Raw Placename");
        let record = Object::record("event", id)
            .set("type", event_type)
            .set("sourceType", mode.map_or_else(|| kind.to_owned(), |mode| format!("{kind}/{mode}")))
            .set_if("when", when)
            .set_if("placeNote", place_note)
            .set_if("placePrecision", place.as_ref().and_then(|place| place.precision))
            .set_if("place", place.map(|place| place.key))
            .list("externalIds", vec![external_id("polecat", id)])
            .list("evidence", vec![evidence(&article)]);
        if out.put(record, 0) == Written::Again && out.adds_nothing() {
            out.skip("the same row again");
        }
        Ok(())
    }
}

/// What rows hold that the graph has no place for.
const NOT_STORED: &[(&str, &[&str])] = &[
    ("intensity and quad code", &["Intensity", "Event Intensity", "Quad Code"]),
    ("contexts of events", &["Contexts"]),
    ("names of actors as the article writes them", &["Actor Name Raw", "Recipient Name Raw"]),
    ("versions of the coder", &["Version"]),
];

/// What stands in a column; `None` is written where nothing is known.
pub(super) fn given<'r>(row: &Row<'r>, column: &str) -> Option<&'r str> {
    row.text(column).filter(|text| *text != "None")
}

fn day(row: &Row<'_>, column: &str) -> Result<Option<String>, Mistake> {
    let Some(text) = given(row, column) else { return Ok(None) };
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    match Date::parse(day) {
        Ok(_) if day.len() == 10 => Ok(Some(day.to_owned())),
        _ => Err(wrong(column, format!("`{}` is no day", short(text)), "write YYYY-MM-DD")),
    }
}

/// The day of the event. Where no date was found the day of publication stands instead; only the words of the date, which
/// few files have, tell.
fn when(row: &Row<'_>) -> Result<Option<serde_json::Value>, Mistake> {
    let Some(day) = day(row, "Event Date")? else { return Ok(None) };
    let raw = ["Date Raw", "Event Date Raw", "date_raw"].iter().find_map(|column| given(row, column));
    Ok(Some(match raw {
        None => day.into(),
        Some(raw) if raw.contains("using pub") => format!("{day}?").into(),
        Some(raw) => serde_json::json!({ "edtf": day, "raw": raw }),
    }))
}

/// The story that tells of the event. It has no address: its id is what the ids of its events begin with.
fn article(row: &Row<'_>, id: &str, published: Option<String>, out: &mut Out<'_>) -> String {
    let publisher = given(row, "Source").map(|source| {
        let key = format!("source/{}", clipped(source));
        out.share(
            Object::record("organization", &key)
                .set("label", clipped(source))
                .list("names", vec![name(&clipped(source), "PREFERRED")]),
        );
        key
    });
    let language = given(row, "Language").and_then(language);
    if language.is_none() {
        out.unmapped_if("languages that are no codes and not known by name", given(row, "Language"));
    }
    let story = id.split('_').next().unwrap_or(id);
    let key = format!("article/{story}");
    out.share(
        Object::record("article", &key)
            .set_if("headline", given(row, "Headline").map(clipped))
            .set_if("publisher", publisher)
            .set_if("published", published)
            .set_if("language", language),
    );
    key
}

/// The tag of a language that is written as a code or as its English name.
fn language(text: &str) -> Option<&str> {
    const NAMES: &[(&str, &str)] = &[
        ("Arabic", "ar"),
        ("Chinese", "zh"),
        ("English", "en"),
        ("French", "fr"),
        ("Portuguese", "pt"),
        ("Russian", "ru"),
        ("Spanish", "es"),
    ];
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, tag)| *tag);
    let is_code = matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_lowercase());
    named.or(Some(text).filter(|_| is_code))
}

/// Lists of names in the whole story, and what they name.
const STORY: &[(&str, &str)] =
    &[("Story People", "PERSON"), ("Story Organizations", "ORGANIZATION"), ("Story Locations", "PLACE")];

fn mentions(row: &Row<'_>, article: &str, out: &mut Out<'_>) {
    for (column, kind) in STORY {
        for text in given(row, column).into_iter().flat_map(|all| all.split(';')).map(str::trim) {
            if text.is_empty() || text == "None" {
                continue;
            }
            let key = format!("mention/{article}/{:016x}", hash(&(text, kind)));
            out.share(
                Object::record("mention", &key).set("article", article).set("text", clipped(text)).set("type", *kind),
            );
        }
    }
}

//! POLECAT (Political Event Classification, Attributes, and Types): events coded in the PLOVER ontology.
//!
//! Format: tab-separated with a header, about 40 columns, published on <https://doi.org/10.7910/DVN/AJGVIT>, where it
//! is specified too. Columns are found by name, since their order and set differ between files. The text `None` means
//! that a value is missing. Older files are in ISO-8859-1.
//!
//! | POLECAT | record |
//! | --- | --- |
//! | `Event ID` | event; `Event Type` and `Event Mode` give its type and are kept in `sourceType` |
//! | `Event Date` | `when` |
//! | actor and recipient columns (`polecat_actor`) | participations of groups |
//! | place columns (`polecat_place`) | place and the places around it |
//! | `Source`, `Publication Date`, `Language`, `Headline` | article, keyed by the story part of the event's id |
//! | `Story People`, `Story Organizations`, `Story Locations` | mentions, with `--mentions` |
//!
//! An event may have several rows, one for each pair of an actor and a recipient. So participations are records of
//! their own, and rows that agree on everything else add up. One story gives several events, whose ids begin with the
//! story's id.
//!
//! Skipped: rows identical to an earlier one. Not stored: intensity, quad code, contexts, secondary sectors, raw names
//! of actors, coder versions, ambiguous countries and sectors.

use crate::import::feed::code;
use crate::import::feed::gkg::NAMES_NOT_REQUESTED;
use crate::import::feed::object::{Object, clipped, evidence, external_id, name};
use crate::import::feed::record_writer::{DUPLICATE, RecordWriter, Written};
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition, MissingValue, Settings, polecat_actor, polecat_place};
use crate::import::hash;
use crate::text::date::Date;

pub(super) fn definition(settings: &Settings) -> FeedDefinition {
    FeedDefinition {
        dataset: "polecat",
        title: "POLECAT",
        license: Some("by the terms of the POLECAT Dataverse, with attribution"),
        url: Some("https://doi.org/10.7910/DVN/AJGVIT"),
        layout: Layout::Tsv { required: REQUIRED, known: KNOWN },
        missing: Some(MissingValue::NONE),
        converter: Box::new(Polecat { mentions: settings.mentions }),
    }
}

const REQUIRED: &[&str] =
    &["Event ID", "Event Date", "Event Type", "Event Mode", "Actor Name", "Recipient Name", "Publication Date"];

/// Further columns, which not every file has.
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

impl Converter for Polecat {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let id = row.required("Event ID")?;
        if id == "None" || id.contains(char::is_whitespace) {
            return Err(invalid(
                "Event ID",
                format!("`{}` is not a POLECAT id", excerpt(id)),
                "ids look like 20210711-0021-8b13212ac6f6_AID; check for shifted columns",
            ));
        }
        let kind = row.required("Event Type")?;
        let mode = row.text("Event Mode");
        let (event_type, is_known_mode) = code::plover_event_type(kind, mode).ok_or_else(|| {
            invalid("Event Type", format!("`{}` is not a PLOVER type", excerpt(kind)), "check for shifted columns")
        })?;
        if !is_known_mode {
            writer.unmapped("event modes that PLOVER does not define");
        }
        let published = day(row, "Publication Date")?;
        let when = when(row)?;
        let place = polecat_place::write(row, writer)?;
        let article = article(row, id, published, writer);
        for (part, columns) in polecat_actor::parts(row, kind, writer) {
            let key = format!("{id}/{}/{part}", columns.role);
            let record = Object::record("participation", &key).set("event", id).set("actor", part);
            writer.write_shared(record.set("role", columns.role).set_if("note", columns.title));
        }
        if self.mentions {
            mentions(row, &article, writer);
        } else if STORY.iter().any(|(column, _)| row.text(column).is_some()) {
            writer.unmapped(NAMES_NOT_REQUESTED);
        }
        for (what, columns) in NOT_STORED {
            writer.unmapped_if(what, columns.iter().find_map(|column| row.text(column)));
        }
        let place_note = row.text("Raw Placename");
        let record = Object::record("event", id)
            .set("type", event_type)
            // Without actors, of whom each row of an event has others.
            .set_title(event_type, place.as_ref().map(|place| place.label), &[])
            .set("sourceType", mode.map_or_else(|| kind.to_owned(), |mode| format!("{kind}/{mode}")))
            .set_if("when", when)
            .set_if("placeNote", place_note)
            .set_if("placePrecision", place.as_ref().and_then(|place| place.precision))
            .set_if("place", place.map(|place| place.key))
            .set_children("externalIds", vec![external_id("polecat", id)])
            .set_children("evidence", vec![evidence(&article)]);
        if writer.write_or_replace(record, 0) == Written::Duplicate && writer.row_is_empty() {
            writer.skip(DUPLICATE);
        }
        Ok(())
    }
}

/// Values that the graph has no field for, and the columns they are in.
const NOT_STORED: &[(&str, &[&str])] = &[
    ("intensity and quad code", &["Intensity", "Event Intensity", "Quad Code"]),
    ("contexts of events", &["Contexts"]),
    ("actor names as written in the article", &["Actor Name Raw", "Recipient Name Raw"]),
    ("coder versions", &["Version"]),
];

fn day(row: &Row<'_>, column: &str) -> Result<Option<String>, FieldProblem> {
    let Some(text) = row.text(column) else { return Ok(None) };
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    match Date::parse(day) {
        Ok(_) if day.len() == 10 => Ok(Some(day.to_owned())),
        _ => Err(invalid(column, format!("`{}` is not a day", excerpt(text)), "write YYYY-MM-DD")),
    }
}

/// Returns the time of the event.
///
/// If the coder found no date, `Event Date` is the day of publication. Only a column with the raw date, which few files
/// have, says so; then the day is uncertain.
fn when(row: &Row<'_>) -> Result<Option<serde_json::Value>, FieldProblem> {
    let Some(day) = day(row, "Event Date")? else { return Ok(None) };
    let raw = ["Date Raw", "Event Date Raw", "date_raw"].iter().find_map(|column| row.text(column));
    Ok(Some(match raw {
        None => day.into(),
        Some(raw) if raw.contains("using pub") => format!("{day}?").into(),
        Some(raw) => serde_json::json!({ "edtf": day, "raw": raw }),
    }))
}

/// Writes the article that reports the event and returns its key. It has no URL; the key is the story's id, with
/// which the ids of its events begin.
fn article(row: &Row<'_>, id: &str, published: Option<String>, writer: &mut RecordWriter<'_>) -> String {
    let publisher = row.text("Source").map(|source| {
        let key = format!("source/{}", clipped(source));
        writer.write_shared(
            Object::record("organization", &key)
                .set("label", clipped(source))
                .set_children("names", vec![name(&clipped(source), "PREFERRED")]),
        );
        key
    });
    let language = row.text("Language").and_then(language);
    if language.is_none() {
        writer.unmapped_if("unknown languages", row.text("Language"));
    }
    let story = id.split('_').next().unwrap_or(id);
    let key = format!("article/{story}");
    writer.write_shared(
        Object::record("article", &key)
            .set_if("headline", row.text("Headline").map(clipped))
            .set_if("publisher", publisher)
            .set_if("published", published)
            .set_if("language", language),
    );
    key
}

/// Returns the language tag for a code or an English name.
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

/// Columns with the names in the story, and the kind of mention.
const STORY: &[(&str, &str)] =
    &[("Story People", "PERSON"), ("Story Organizations", "ORGANIZATION"), ("Story Locations", "PLACE")];

/// Writes the names in the story as mentions.
fn mentions(row: &Row<'_>, article: &str, writer: &mut RecordWriter<'_>) {
    for (column, kind) in STORY {
        for text in row.text(column).into_iter().flat_map(|all| all.split(';')).map(str::trim) {
            if text.is_empty() || text == "None" {
                continue;
            }
            let key = format!("mention/{article}/{:016x}", hash(&(text, kind)));
            writer.write_shared(
                Object::record("mention", &key).set("article", article).set("text", clipped(text)).set("kind", *kind),
            );
        }
    }
}

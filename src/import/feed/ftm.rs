//! FollowTheMoney (FtM): people, organizations, their relations, articles and events, as OpenSanctions and Aleph
//! publish them.
//!
//! Format: one JSON entity per line, `{"id", "schema", "properties": {name: [text, ...]}, "caption", "referents"}`, in any of its
//! published shapes (`ftm_shape`), or a delta whose lines wrap entities: `{"op": "ADD" | "MOD" | "DEL", "entity": {...}}`.
//! Statements in a table are read by `ftm_statements`. The schemata are specified on <https://followthemoney.tech/>.
//!
//! | FollowTheMoney | record |
//! | --- | --- |
//! | Person | person |
//! | Organization, Company, PublicBody | organization |
//! | Position | organization: an office, with the relation `PART_OF` to its organization |
//! | LegalEntity | group, since it may be a person or an organization |
//! | Article | article; authors that are ids of actors |
//! | Membership, Directorship, Occupancy, Employment, Ownership, Family, Associate, Representation | relation |
//! | Event, Sanction, Payment | event with participations; amounts of payments are figures |
//! | `id`, `referents`, `wikidataId` | external ids |
//!
//! A property that takes one value is stored only if all its values agree. Times are UTC unless they say otherwise, as FtM specifies.
//!
//! Skipped: entities of other schemata (counted by schema), actors without a name, relations without exactly one actor on
//! each side, and `DEL` lines (an import deletes nothing that is stored; an entity that the same import added is dropped). Not
//! stored: all other properties (counted by schema and property), conflicting values, topics, article texts, weak aliases, shares.

use std::collections::HashSet;

use serde_json::Value;

use crate::import::feed::ftm_entity::Entity;
use crate::import::feed::ftm_shape::flat_entities;
use crate::import::feed::object::{Object, clipped, external_id, name, participation};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition};
use crate::import::parse::object;
use crate::text::date::Date;

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: "ftm",
        title: "FollowTheMoney entities",
        license: None,
        url: None,
        layout: Layout::JsonLines,
        missing: None,
        converter: Box::new(Ftm),
    }
}

struct Ftm;

impl Converter for Ftm {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let mut line = object(row.required("json")?, "look for a cut line")?;
        let operation = line.get("op").and_then(Value::as_str).map(str::to_owned);
        let entity = match (operation.as_deref(), line.remove("entity")) {
            (None, None) => Value::Object(line),
            (None, Some(entity)) => {
                line.insert("entity".into(), entity);
                Value::Object(line)
            }
            (Some("ADD" | "MOD"), Some(entity)) => entity,
            (Some("DEL"), Some(entity)) => {
                // Only what this import added before is dropped.
                writer.discard(Entity::read(&entity)?.id);
                writer.skip("deletions (an import deletes nothing that is stored)");
                return Ok(());
            }
            (Some(_), _) => return Err(invalid("op", "is not an operation on an entity", "write ADD, MOD or DEL")),
        };
        convert_entities(flat_entities(entity)?, writer)
    }
}

/// Writes the records of an entity, the last of these, and of those that are nested in it.
pub(super) fn convert_entities(entities: Vec<Value>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
    let last = entities.len().saturating_sub(1);
    for (at, entity) in entities.iter().enumerate() {
        let entity = Entity::read(entity)?;
        let Some(record) = convert(&entity, writer) else { continue };
        count_unmapped(&entity, writer);
        if last == 0 {
            writer.write(record);
        } else if at < last && is_actor(entity.schema) {
            // A nested actor may be cut short; the one on a line of its own counts.
            let key = record.key().to_owned();
            writer.write_shared(record);
            writer.keep_unreferenced(&key);
        } else {
            writer.write_or_replace(record, 0);
        }
    }
    Ok(())
}

/// Returns the record of an entity; `None` if it is skipped.
fn convert(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    if let Some((_, kind, subject, object)) = RELATIONS.iter().find(|(schema, ..)| *schema == entity.schema) {
        return relation(entity, kind, subject, object, writer);
    }
    match entity.schema {
        "Person" => person(entity, writer),
        "Organization" | "Company" | "LegalEntity" | "PublicBody" => organization(entity, writer),
        "Position" => position(entity, writer),
        "Article" => article(entity, writer),
        "Event" => event(entity, "OTHER", &[("organizer", "ORGANIZER"), ("involved", "PARTICIPANT")], writer),
        "Sanction" => event(entity, "SANCTION", &[("entity", "TARGET")], writer),
        "Payment" => event(entity, "PAYMENT", &[("payer", "PAYER"), ("beneficiary", "PAYEE")], writer),
        schema => {
            writer.skip(match counted_name(schema) {
                Some(schema) => format!("entities of the schema {schema}"),
                None => "entities of unsupported schemata".to_owned(),
            });
            None
        }
    }
}

fn is_actor(schema: &str) -> bool {
    matches!(schema, "Person" | "Organization" | "Company" | "LegalEntity" | "PublicBody" | "Position")
}

/// Schemata of relations: the kind of relation, and the properties that name its subject and its object.
const RELATIONS: &[(&str, &str, &str, &str)] = &[
    ("Membership", "MEMBER_OF", "member", "organization"),
    // The role becomes the title, whatever it is.
    ("Directorship", "HOLDS_POSITION_AT", "director", "organization"),
    ("Occupancy", "HOLDS_POSITION_AT", "holder", "post"),
    ("Employment", "WORKS_FOR", "employee", "employer"),
    ("Ownership", "OWNS", "owner", "asset"),
    ("Family", "FAMILY_OTHER", "person", "relative"),
    ("Associate", "ASSOCIATE_OF", "associate", "person"),
    ("Representation", "AFFILIATED_WITH", "agent", "client"),
];

/// Properties of actors that are stored, or whose values are counted under a name of their own.
const ACTOR_PROPERTIES: &[&str] =
    &["name", "alias", "weakAlias", "previousName", "abbreviation", "wikidataId", "country", "topics"];

/// The same for the other properties of each schema, besides the two of [`RELATIONS`].
fn handled_properties(schema: &str) -> &'static [&'static str] {
    match schema {
        "Person" => &["nationality", "citizenship", "birthDate", "deathDate", "position"],
        "Organization" | "Company" | "LegalEntity" | "PublicBody" => &["jurisdiction", "mainCountry"],
        "Position" => &["jurisdiction", "mainCountry", "organization"],
        "Article" => &["title", "author", "bodyText", "sourceUrl", "publishedAt"],
        "Event" => &["name", "summary", "date", "startDate", "endDate", "organizer", "involved"],
        "Sanction" => &["summary", "date", "listingDate", "startDate", "endDate", "entity", "authority", "program"],
        "Payment" => {
            &["name", "summary", "date", "startDate", "endDate", "payer", "beneficiary", "amountEur", "amountUsd"]
        }
        _ => &["role", "relationship", "summary", "startDate", "endDate", "percentage", "sharesCount"],
    }
}

/// Counts the properties of an entity that are not stored.
fn count_unmapped(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) {
    let is_actor = is_actor(entity.schema);
    let relation = RELATIONS.iter().find(|(schema, ..)| *schema == entity.schema);
    let handled = handled_properties(entity.schema);
    for property in entity.properties() {
        let is_handled = handled.contains(&property)
            || (is_actor && ACTOR_PROPERTIES.contains(&property))
            || relation.is_some_and(|(_, _, subject, object)| property == *subject || property == *object);
        if !is_handled && entity.all(property).next().is_some() {
            writer.unmapped(match (counted_name(entity.schema), counted_name(property)) {
                (Some(schema), Some(property)) => format!("{schema}.{property}"),
                _ => "unsupported properties".to_owned(),
            });
        }
    }
}

/// Returns the name of a schema or property if it is one, and not arbitrary text.
fn counted_name(name: &str) -> Option<&str> {
    (name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(name)
}

/// Properties that contain names, and the kind of name.
const NAMES: &[(&str, &str)] =
    &[("name", "FULL"), ("alias", "ALIAS"), ("previousName", "ALIAS"), ("abbreviation", "ACRONYM")];

/// Builds the fields that all actors have; `None` if the entity has no name.
fn actor(entity: &Entity<'_>, kind: &str, writer: &mut RecordWriter<'_>) -> Option<Object> {
    let caption = entity.caption.or_else(|| entity.all("name").next());
    let Some(label) = caption.or_else(|| NAMES.iter().find_map(|(property, _)| entity.all(property).next())) else {
        writer.skip("unnamed actors");
        return None;
    };
    let mut names: Vec<Object> = Vec::new();
    let mut seen = HashSet::new();
    for (property, kind) in NAMES {
        for text in entity.all(property) {
            if seen.insert(text) {
                names.push(name(&clipped(text), kind));
            }
        }
    }
    writer.unmapped_if("weak aliases", entity.all("weakAlias").next());
    let ids = std::iter::once(entity.id).chain(entity.referents.iter().map(String::as_str));
    let ids = ids.map(|id| external_id("ftm", id));
    let wikidata = entity.one("wikidataId").filter(|id| {
        id.strip_prefix('Q').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let ids = ids.chain(wikidata.map(|id| external_id("wikidata", id))).collect();
    let countries: &[&str] = if kind == "person" {
        &["nationality", "citizenship", "country"]
    } else {
        &["jurisdiction", "country", "mainCountry"]
    };
    let country = entity.country(countries);
    let is_other = |code: &&str| country.as_ref().is_none_or(|country| !country.eq_ignore_ascii_case(code));
    let others = countries.iter().flat_map(|property| entity.all(property)).find(is_other);
    writer.unmapped_if("further countries of an actor, and countries that are not in ISO 3166", others);
    writer.unmapped_if("topics", entity.all("topics").next());
    Some(
        Object::record(kind, entity.id)
            .set("label", clipped(label))
            .set_if("country", country)
            .set_children("names", names)
            .set_children("externalIds", ids),
    )
}

fn person(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    let born = date(entity, "birthDate", "conflicting or invalid dates of birth", writer);
    let died = date(entity, "deathDate", "conflicting or invalid dates of death", writer);
    let occupation = entity.one("position").map(clipped);
    if occupation.is_none() {
        writer.unmapped_if("multiple positions of one person", entity.all("position").next());
    }
    Some(
        actor(entity, "person", writer)?
            .set_if("born", born.map(|date| date.edtf))
            .set_if("died", died.map(|date| date.edtf))
            .set_if("occupation", occupation),
    )
}

fn organization(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    let kind = match entity.schema {
        "Company" => Some("COMPANY"),
        "PublicBody" => Some("GOVERNMENT_BODY"),
        _ => None,
    };
    // A legal entity may be a person or an organization.
    if entity.schema == "LegalEntity" {
        return actor(entity, "group", writer);
    }
    Some(actor(entity, "organization", writer)?.set_if("kind", kind))
}

/// An office that people hold. It has no kind: some are a seat in a parliament, others a ministry.
fn position(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    let record = actor(entity, "organization", writer)?;
    match entity.one("organization") {
        Some(organization) => {
            let part = Object::record("relation", &format!("{}/organization", entity.id));
            let part = part.set("kind", "PART_OF").set("subject", entity.id).set("object", organization);
            writer.write_or_replace(part, 0);
        }
        None => writer.unmapped_if("multiple organizations of one position", entity.all("organization").next()),
    }
    Some(record)
}

fn article(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    writer.unmapped_if("article texts", entity.all("bodyText").next());
    let published = date(entity, "publishedAt", "conflicting or invalid dates of publication", writer);
    // Most authors are only names; the importer stores those that are ids of actors and counts the others.
    let authors: Vec<_> = entity.all("author").collect();
    Some(
        Object::record("article", entity.id)
            .set_if("headline", entity.one("title").map(clipped))
            .set_if("authors", Some(authors).filter(|authors| !authors.is_empty()))
            .set_if("url", entity.web_url("sourceUrl"))
            .set_if("published", published.map(|date| date.edtf))
            .set_children("externalIds", vec![external_id("ftm", entity.id)]),
    )
}

fn relation(
    entity: &Entity<'_>,
    kind: &str,
    first: &str,
    second: &str,
    writer: &mut RecordWriter<'_>,
) -> Option<Object> {
    let (Some(subject), Some(object)) = (entity.one(first), entity.one(second)) else {
        writer.skip("relations without exactly one actor on each side");
        return None;
    };
    // Several start dates belong to several periods, and FollowTheMoney does not pair them with end dates.
    let from = date(entity, "startDate", MULTIPLE_DATES, writer);
    let to = date(entity, "endDate", MULTIPLE_DATES, writer);
    let to = to.filter(|to| is_ordered(from.as_ref(), to, writer));
    let title = entity.one("role").or(entity.one("relationship"));
    writer.unmapped_if("shares and percentages", entity.all("percentage").chain(entity.all("sharesCount")).next());
    Some(
        Object::record("relation", entity.id)
            .set("kind", kind)
            .set("subject", subject)
            .set("object", object)
            .set_if("title", title.map(clipped))
            .set_if("note", entity.one("summary"))
            .set_if("from", from.map(|date| date.edtf))
            .set_if("to", to.map(|date| date.edtf)),
    )
}

fn event(entity: &Entity<'_>, kind: &str, roles: &[(&str, &str)], writer: &mut RecordWriter<'_>) -> Option<Object> {
    let mut parts = Vec::new();
    for (property, role) in roles {
        parts.extend(entity.all(property).map(|actor| participation(actor, role)));
    }
    const CONFLICT: &str = "conflicting or invalid event dates";
    let start = date(entity, "startDate", CONFLICT, writer);
    let end = date(entity, "endDate", CONFLICT, writer);
    let end = end.filter(|end| is_ordered(start.as_ref(), end, writer));
    let day = ["date", "listingDate"].into_iter().find_map(|property| date(entity, property, CONFLICT, writer));
    let when = match (start, end) {
        (Some(start), Some(end)) if start != end => Some(format!("{}/{}", start.edtf, end.edtf)),
        // Without an end date it may go on, or the end was not recorded.
        (Some(start), _) => Some(start.edtf),
        (None, Some(end)) if day.is_none() => Some(format!("../{}", end.edtf)),
        (None, _) => day.map(|day| day.edtf),
    };
    let amounts = [("amountEur", "EUR"), ("amountUsd", "USD")].into_iter().filter_map(|(property, unit)| {
        let value = entity.one(property).and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        if value.is_none() {
            writer.unmapped_if("amounts that are not one number", entity.all(property).next());
        }
        Some(Object::child().set("counted", "amount paid").set("value", value?).set("unit", unit))
    });
    let figures: Vec<_> = amounts.collect();
    if entity.schema == "Sanction" {
        let authorities = entity.all("authority").chain(entity.all("program")).next();
        writer.unmapped_if("authorities and programs of sanctions", authorities);
    }
    Some(
        Object::record("event", entity.id)
            .set("type", kind)
            .set("sourceType", entity.schema)
            .set_if("title", entity.one("name").map(clipped))
            .set_if("summary", entity.one("summary"))
            .set_if("when", when)
            .set_children("participations", parts)
            .set_children("externalIds", vec![external_id("ftm", entity.id)])
            .set_children("figures", figures),
    )
}

/// The kind of value under which several periods of one relation are counted.
const MULTIPLE_DATES: &str = "multiple or invalid dates of one relation";

/// Returns the date of a property; counts its values as `conflict` if they do not agree.
fn date(entity: &Entity<'_>, property: &str, conflict: &'static str, writer: &mut RecordWriter<'_>) -> Option<Date> {
    let date = entity.date(property);
    if date.is_none() {
        writer.unmapped_if(conflict, entity.all(property).next());
    }
    date
}

/// Returns whether an end can follow a start; counts one that cannot. `2012` can follow `2012-03-05`.
fn is_ordered(start: Option<&Date>, end: &Date, writer: &mut RecordWriter<'_>) -> bool {
    let is_ordered = start.and_then(|start| start.earliest).zip(end.latest).is_none_or(|(start, end)| start < end);
    if !is_ordered {
        writer.unmapped("end dates before the start");
    }
    is_ordered
}

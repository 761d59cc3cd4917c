//! FollowTheMoney (FtM): people, organizations, their relations, articles and events, as OpenSanctions and Aleph
//! publish them.
//!
//! Format: one JSON entity per line, `{"id", "schema", "properties": {name: [text, ...]}, "caption", "referents"}`,
//! or a delta whose lines wrap entities: `{"op": "ADD" | "MOD" | "DEL", "entity": {...}}`. The schemata are specified
//! on <https://followthemoney.tech/>.
//!
//! | FollowTheMoney | record |
//! | --- | --- |
//! | Person | person |
//! | Organization, Company, PublicBody | organization |
//! | LegalEntity | group, since it may be a person or an organization |
//! | Article | article; authors that are ids of actors |
//! | Membership, Directorship, Employment, Ownership, Family, Associate | relation |
//! | Event, Sanction, Payment | event with participations; amounts of payments are figures |
//! | `id`, `referents`, `wikidataId` | external ids |
//!
//! A property that takes one value is stored only if all its values agree.
//!
//! Skipped: entities of other schemata, actors without a name, relations without exactly one actor on each side, and
//! `DEL` lines (an import deletes nothing that is stored; an entity that the same import added is dropped). Not
//! stored: properties without a field in the graph, conflicting values, topics, article texts, weak aliases, shares.

use std::collections::HashSet;

use serde_json::Value;

use crate::import::feed::ftm_entity::Entity;
use crate::import::feed::object::{Object, clipped, external_id, name, participation};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition};
use crate::import::parse::object;

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: "ftm",
        title: "FollowTheMoney entities",
        license: None,
        url: None,
        layout: Layout::JsonLines,
        converter: Box::new(Ftm),
    }
}

struct Ftm;

impl Converter for Ftm {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let line = Value::Object(object(row.required("json")?, "look for a cut line")?);
        let entity = match (line.get("op").and_then(Value::as_str), line.get("entity")) {
            (None, _) => &line,
            (Some("ADD" | "MOD"), Some(entity)) => entity,
            (Some("DEL"), Some(entity)) => {
                // Only what this import added before is dropped.
                writer.discard(Entity::read(entity)?.id);
                writer.skip("deletions (an import deletes nothing that is stored)");
                return Ok(());
            }
            (Some(_), _) => return Err(invalid("op", "is not an operation on an entity", "write ADD, MOD or DEL")),
        };
        let entity = Entity::read(entity)?;
        let record = match entity.schema {
            "Person" => person(&entity, writer),
            "Organization" | "Company" | "LegalEntity" | "PublicBody" => organization(&entity, writer),
            "Article" => article(&entity, writer),
            "Membership" => relation(&entity, "MEMBER_OF", "member", "organization", writer),
            // The role becomes the title, whatever it is.
            "Directorship" => relation(&entity, "HOLDS_POSITION_AT", "director", "organization", writer),
            "Employment" => relation(&entity, "WORKS_FOR", "employee", "employer", writer),
            "Ownership" => relation(&entity, "OWNS", "owner", "asset", writer),
            "Family" => relation(&entity, "FAMILY_OTHER", "person", "relative", writer),
            "Associate" => relation(&entity, "ASSOCIATE_OF", "associate", "person", writer),
            "Event" => event(&entity, "OTHER", &[("organizer", "ORGANIZER"), ("involved", "PARTICIPANT")], writer),
            "Sanction" => event(&entity, "SANCTION", &[("entity", "TARGET")], writer),
            "Payment" => event(&entity, "PAYMENT", &[("payer", "PAYER"), ("beneficiary", "PAYEE")], writer),
            _ => {
                writer.skip(skip_reason(entity.schema));
                return Ok(());
            }
        };
        if let Some(record) = record {
            if entity.has_properties_besides(HANDLED_PROPERTIES) {
                writer.unmapped("unsupported properties (such as registration numbers and notes)");
            }
            writer.write(record);
        }
        Ok(())
    }
}

/// Returns the reason under which entities of an unsupported schema are counted.
fn skip_reason(schema: &str) -> &'static str {
    match schema {
        "Address" => "addresses",
        "Passport" | "Identification" => "identity documents",
        _ => "entities of unsupported schemata",
    }
}

/// Properties that are stored, or whose unstored values are counted by themselves.
const HANDLED_PROPERTIES: &[&str] = &[
    "name",
    "alias",
    "weakAlias",
    "previousName",
    "abbreviation",
    "wikidataId",
    "nationality",
    "citizenship",
    "jurisdiction",
    "country",
    "mainCountry",
    "topics",
    "birthDate",
    "deathDate",
    "position",
    "title",
    "author",
    "bodyText",
    "sourceUrl",
    "publishedAt",
    "member",
    "organization",
    "director",
    "employee",
    "employer",
    "owner",
    "asset",
    "person",
    "relative",
    "associate",
    "role",
    "relationship",
    "percentage",
    "sharesCount",
    "summary",
    "startDate",
    "endDate",
    "date",
    "listingDate",
    "organizer",
    "involved",
    "entity",
    "payer",
    "beneficiary",
    "amountEur",
    "amountUsd",
    "authority",
];

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
    let country = entity.country(if kind == "person" {
        &["nationality", "citizenship", "country"]
    } else {
        &["jurisdiction", "country", "mainCountry"]
    });
    if country.is_none() {
        writer.unmapped_if("countries that are ambiguous or not in ISO 3166", entity.all("country").next());
    }
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
    let born = entity.date("birthDate");
    if born.is_none() {
        writer.unmapped_if("conflicting dates of birth", entity.all("birthDate").next());
    }
    let occupation = entity.one("position").map(clipped);
    if occupation.is_none() {
        writer.unmapped_if("multiple positions of one person", entity.all("position").next());
    }
    Some(
        actor(entity, "person", writer)?
            .set_if("born", born)
            .set_if("died", entity.date("deathDate"))
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

fn article(entity: &Entity<'_>, writer: &mut RecordWriter<'_>) -> Option<Object> {
    writer.unmapped_if("article texts", entity.all("bodyText").next());
    // Most authors are only names; the importer stores those that are ids of actors and counts the others.
    let authors: Vec<_> = entity.all("author").collect();
    Some(
        Object::record("article", entity.id)
            .set_if("headline", entity.one("title").map(clipped))
            .set_if("authors", Some(authors).filter(|authors| !authors.is_empty()))
            .set_if("url", entity.web_url("sourceUrl"))
            .set_if("published", entity.date("publishedAt"))
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
    let (from, to) = (entity.date("startDate"), entity.date("endDate"));
    // Several start dates belong to several periods, and FollowTheMoney does not pair them with end dates.
    if from.is_none() {
        writer.unmapped_if("multiple dates of one relation", entity.all("startDate").next());
    }
    let ordered = from.as_deref().zip(to.as_deref()).is_none_or(|(from, to)| from <= to);
    let title = entity.one("role").or(entity.one("relationship"));
    writer.unmapped_if("shares and percentages", entity.all("percentage").chain(entity.all("sharesCount")).next());
    Some(
        Object::record("relation", entity.id)
            .set("kind", kind)
            .set("subject", subject)
            .set("object", object)
            .set_if("title", title.map(clipped))
            .set_if("note", entity.one("summary"))
            .set_if("from", from)
            .set_if("to", to.filter(|_| ordered)),
    )
}

fn event(entity: &Entity<'_>, kind: &str, roles: &[(&str, &str)], writer: &mut RecordWriter<'_>) -> Option<Object> {
    let mut parts = Vec::new();
    for (property, role) in roles {
        parts.extend(entity.all(property).map(|actor| participation(actor, role)));
    }
    let day = entity.date("date").or_else(|| entity.date("listingDate"));
    let (start, end) = (entity.date("startDate"), entity.date("endDate"));
    let when = match (start, end) {
        (Some(start), Some(end)) if start < end => Some(format!("{start}/{end}")),
        // Without an end date it may go on, or the end was not recorded.
        (Some(start), _) => Some(start),
        (None, _) => day,
    };
    if when.is_none() {
        writer.unmapped_if("conflicting event dates", entity.all("startDate").chain(entity.all("listingDate")).next());
    }
    let amounts = [("amountEur", "EUR"), ("amountUsd", "USD")].into_iter().filter_map(|(property, unit)| {
        let value = entity.one(property)?.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Object::child().set("counted", "amount paid").set("value", value).set("unit", unit))
    });
    let figures: Vec<_> = amounts.collect();
    if entity.schema == "Sanction" {
        writer.unmapped_if("authorities and programs of sanctions", entity.all("authority").next());
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

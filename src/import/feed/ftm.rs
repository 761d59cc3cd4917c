//! FollowTheMoney: entities, one JSON object a line, and deltas that wrap them. Actors, their ties, articles and events
//! become records; other schemata are counted.

use serde_json::Value;

use crate::import::feed::ftm_entity::Entity;
use crate::import::feed::object::{Object, clipped, external_id, name, participation};
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::{Mistake, Row, wrong};
use crate::import::feed::table::Layout;
use crate::import::feed::{About, Feed};
use crate::import::source::object;

pub(super) fn about() -> About {
    About {
        dataset: "ftm",
        title: "FollowTheMoney entities",
        licence: None,
        url: None,
        layout: Layout::Json,
        feed: Box::new(Ftm),
    }
}

struct Ftm;

impl Feed for Ftm {
    fn row(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> Result<(), Mistake> {
        let line = Value::Object(object(row.need("json")?, "look for a cut line")?);
        let entity = match (line.get("op").and_then(Value::as_str), line.get("entity")) {
            (None, _) => &line,
            (Some("ADD" | "MOD"), Some(entity)) => entity,
            (Some("DEL"), Some(entity)) => {
                // What the same import brought before is not stored in the first place.
                out.take_back(Entity::read(entity)?.id);
                out.skip("deletions: an import takes away nothing that is stored");
                return Ok(());
            }
            (Some(_), _) => return Err(wrong("op", "is no operation on an entity", "write ADD, MOD or DEL")),
        };
        let entity = Entity::read(entity)?;
        let record = match entity.schema {
            "Person" => person(&entity, out),
            "Organization" | "Company" | "LegalEntity" | "PublicBody" => organization(&entity, out),
            "Article" => article(&entity, out),
            "Membership" => relation(&entity, "MEMBER_OF", "member", "organization", out),
            // The role is a title at the organization, whichever it is.
            "Directorship" => relation(&entity, "HOLDS_POSITION_AT", "director", "organization", out),
            "Employment" => relation(&entity, "WORKS_FOR", "employee", "employer", out),
            "Ownership" => relation(&entity, "OWNS", "owner", "asset", out),
            "Family" => relation(&entity, "FAMILY_OTHER", "person", "relative", out),
            "Associate" => relation(&entity, "ASSOCIATE_OF", "associate", "person", out),
            "Event" => event(&entity, "OTHER", &[("organizer", "ORGANIZER"), ("involved", "PARTICIPANT")], out),
            "Sanction" => event(&entity, "SANCTION", &[("entity", "TARGET")], out),
            "Payment" => event(&entity, "PAYMENT", &[("payer", "PAYER"), ("beneficiary", "PAYEE")], out),
            _ => {
                out.skip(skipped(entity.schema));
                return Ok(());
            }
        };
        if let Some(record) = record {
            if entity.has_more_than(TOLD) {
                out.unmapped("properties without a place in the graph, such as numbers of registers and notes");
            }
            out.write(record);
        }
        Ok(())
    }
}

/// What entities of a schema are counted as that become no record.
fn skipped(schema: &str) -> &'static str {
    match schema {
        "Address" => "addresses",
        "Passport" | "Identification" => "passports and other papers",
        _ => "entities of a schema without a place in the graph",
    }
}

/// Properties that are stored, or of which what is not stored is counted by itself.
const TOLD: &[&str] = &[
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

/// Names, by the property that holds them.
const NAMES: &[(&str, &str)] =
    &[("name", "FULL"), ("alias", "ALIAS"), ("previousName", "ALIAS"), ("abbreviation", "ACRONYM")];

fn actor(entity: &Entity<'_>, kind: &str, out: &mut Out<'_>) -> Option<Object> {
    let caption = entity.caption.or_else(|| entity.all("name").next());
    let Some(label) = caption.or_else(|| NAMES.iter().find_map(|(property, _)| entity.all(property).next())) else {
        out.skip("actors without a name");
        return None;
    };
    let mut names: Vec<Object> = Vec::new();
    let mut told = std::collections::HashSet::new();
    for (property, kind) in NAMES {
        for text in entity.all(property) {
            if told.insert(text) {
                names.push(name(&clipped(text), kind));
            }
        }
    }
    out.unmapped_if("names that are weak by their source", entity.all("weakAlias").next());
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
        out.unmapped_if("countries that differ or are no country of ISO 3166", entity.all("country").next());
    }
    out.unmapped_if("topics", entity.all("topics").next());
    Some(
        Object::record(kind, entity.id)
            .set("label", clipped(label))
            .set_if("country", country)
            .list("names", names)
            .list("externalIds", ids),
    )
}

fn person(entity: &Entity<'_>, out: &mut Out<'_>) -> Option<Object> {
    let born = entity.date("birthDate");
    if born.is_none() {
        out.unmapped_if("dates of birth that differ", entity.all("birthDate").next());
    }
    let occupation = entity.one("position").map(clipped);
    if occupation.is_none() {
        out.unmapped_if("several positions of one person", entity.all("position").next());
    }
    Some(
        actor(entity, "person", out)?
            .set_if("born", born)
            .set_if("died", entity.date("deathDate"))
            .set_if("occupation", occupation),
    )
}

fn organization(entity: &Entity<'_>, out: &mut Out<'_>) -> Option<Object> {
    let kind = match entity.schema {
        "Company" => Some("COMPANY"),
        "PublicBody" => Some("GOVERNMENT_BODY"),
        _ => None,
    };
    // A legal entity may be a person or a body; which of the two the feed leaves open.
    if entity.schema == "LegalEntity" {
        return actor(entity, "group", out);
    }
    Some(actor(entity, "organization", out)?.set_if("type", kind))
}

fn article(entity: &Entity<'_>, out: &mut Out<'_>) -> Option<Object> {
    out.unmapped_if("texts of articles", entity.all("bodyText").next());
    // Most authors are mere names; the importer keeps those that are the ids of actors.
    let authors: Vec<_> = entity.all("author").collect();
    Some(
        Object::record("article", entity.id)
            .set_if("headline", entity.one("title").map(clipped))
            .set_if("authors", Some(authors).filter(|authors| !authors.is_empty()))
            .set_if("url", entity.address("sourceUrl"))
            .set_if("published", entity.date("publishedAt"))
            .list("externalIds", vec![external_id("ftm", entity.id)]),
    )
}

fn relation(entity: &Entity<'_>, kind: &str, first: &str, second: &str, out: &mut Out<'_>) -> Option<Object> {
    let (Some(subject), Some(object)) = (entity.one(first), entity.one(second)) else {
        out.skip("ties without one actor on each side");
        return None;
    };
    let (from, to) = (entity.date("startDate"), entity.date("endDate"));
    // Several dates of one tie are several spans of it, and which belong together is not told.
    if from.is_none() {
        out.unmapped_if("several dates of one tie", entity.all("startDate").next());
    }
    let ordered = from.as_deref().zip(to.as_deref()).is_none_or(|(from, to)| from <= to);
    let title = entity.one("role").or(entity.one("relationship"));
    out.unmapped_if("shares and percentages", entity.all("percentage").chain(entity.all("sharesCount")).next());
    Some(
        Object::record("relation", entity.id)
            .set("type", kind)
            .set("subject", subject)
            .set("object", object)
            .set_if("title", title.map(clipped))
            .set_if("note", entity.one("summary"))
            .set_if("from", from)
            .set_if("to", to.filter(|_| ordered)),
    )
}

fn event(entity: &Entity<'_>, kind: &str, roles: &[(&str, &str)], out: &mut Out<'_>) -> Option<Object> {
    let mut parts = Vec::new();
    for (property, role) in roles {
        parts.extend(entity.all(property).map(|actor| participation(actor, role)));
    }
    let day = entity.date("date").or_else(|| entity.date("listingDate"));
    let (start, end) = (entity.date("startDate"), entity.date("endDate"));
    let when = match (start, end) {
        (Some(start), Some(end)) if start < end => Some(format!("{start}/{end}")),
        // No end may mean that it goes on or that nobody wrote the end down.
        (Some(start), _) => Some(start),
        (None, _) => day,
    };
    if when.is_none() {
        out.unmapped_if("dates of events that differ", entity.all("startDate").chain(entity.all("listingDate")).next());
    }
    let amounts = [("amountEur", "EUR"), ("amountUsd", "USD")].into_iter().filter_map(|(property, unit)| {
        let value = entity.one(property)?.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Object::part().set("counted", "amount paid").set("value", value).set("unit", unit))
    });
    let figures: Vec<_> = amounts.collect();
    if entity.schema == "Sanction" {
        out.unmapped_if("authorities and programs of sanctions", entity.all("authority").next());
    }
    Some(
        Object::record("event", entity.id)
            .set("type", kind)
            .set("sourceType", entity.schema)
            .set_if("title", entity.one("name").map(clipped))
            .set_if("summary", entity.one("summary"))
            .set_if("when", when)
            .list("participations", parts)
            .list("externalIds", vec![external_id("ftm", entity.id)])
            .list("figures", figures),
    )
}

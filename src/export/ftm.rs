//! Exports FollowTheMoney entities, one JSON object per line: places, actors, articles, events, relations and mentions.
//!
//! FollowTheMoney cannot express who says what. So statements, claims and accounts are not exported, and of an event
//! only what is undisputed. Uncertain dates are not exported either, since FollowTheMoney has no uncertainty of
//! dates.

use std::collections::{BTreeMap, HashMap};

use entity::actor::{ActorKind, OrganizationKind};
use entity::id::RecordId;
use entity::mention::MentionKind;
use entity::participation::Role;
use entity::record::RecordKind;
use entity::relation::RelationKind;
use entity::{actor, article, article_author, event, external_id, mention, name, participation, place, relation};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::ActiveEnum;
use serde::Serialize;

use crate::error::Result;
use crate::export::output::{Output, to_json};
use crate::export::snapshot_reader::SnapshotReader;
use crate::graphql::types::node::global;
use crate::text::date::plain;

/// A FollowTheMoney entity.
#[derive(Serialize)]
struct Entity {
    id: String,
    schema: &'static str,
    properties: BTreeMap<&'static str, Vec<String>>,
}

impl Entity {
    fn new(kind: RecordKind, id: i64, schema: &'static str) -> Self {
        Self { id: entity_id(kind, id), schema, properties: BTreeMap::new() }
    }

    /// Adds a value to a property, unless it is blank or there already.
    fn add(&mut self, property: &'static str, value: Option<impl Into<String>>) {
        let Some(value) = value.map(Into::into).filter(|value| !value.trim().is_empty()) else { return };
        let values = self.properties.entry(property).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// Adds a date, unless it is uncertain.
    fn date(&mut self, property: &'static str, edtf: Option<&String>) {
        self.add(property, edtf.and_then(|edtf| plain(edtf)));
    }

    /// Adds a date, or the known ends of an interval.
    fn time(&mut self, edtf: Option<&String>) {
        match edtf.and_then(|edtf| edtf.split_once('/')) {
            Some((start, end)) => {
                self.add("startDate", plain(start));
                self.add("endDate", plain(end));
            }
            None => self.date("date", edtf),
        }
    }
}

/// Returns the id of an entity: the node's id in the API, with a prefix.
fn entity_id(kind: RecordKind, id: i64) -> String {
    format!("newsgraph-{}", global(kind, id))
}

/// Writes the selected nodes of one type.
type Writer = for<'a> fn(&'a mut SnapshotReader, &'a Output) -> BoxFuture<'a, Result<()>>;

/// Returns the function that writes the nodes of a type; none for a type that FollowTheMoney cannot express.
fn writer(kind: RecordKind) -> Option<Writer> {
    match kind {
        RecordKind::Article => Some(|reader, output| articles(reader, output).boxed()),
        RecordKind::Actor => Some(|reader, output| actors(reader, output).boxed()),
        RecordKind::Place => Some(|reader, output| places(reader, output).boxed()),
        RecordKind::Relation => Some(|reader, output| relations(reader, output).boxed()),
        RecordKind::Event => Some(|reader, output| events(reader, output).boxed()),
        RecordKind::Mention => Some(|reader, output| mentions(reader, output).boxed()),
        RecordKind::Name
        | RecordKind::Participation
        | RecordKind::EventLink
        | RecordKind::Account
        | RecordKind::Statement
        | RecordKind::Claim
        | RecordKind::Stance
        | RecordKind::Figure
        | RecordKind::Evidence
        | RecordKind::ExternalId => None,
    }
}

/// Returns whether nodes of a type are entities.
pub(super) fn can_contain(kind: RecordKind) -> bool {
    writer(kind).is_some()
}

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    for write in RecordKind::ALL.iter().filter_map(|kind| writer(*kind)) {
        write(reader, output).await?;
    }
    Ok(())
}

/// Sends entities as lines.
async fn send(output: &Output, entities: Vec<Entity>) -> Result<()> {
    let mut text = String::new();
    for entity in &entities {
        text.push_str(&to_json(entity)?);
        text.push('\n');
    }
    output.send(text.into_bytes(), entities.len()).await
}

/// Names and external ids of nodes, by node.
struct Names {
    names: HashMap<i64, Vec<String>>,
    /// Scheme and value.
    external_ids: HashMap<i64, Vec<(String, String)>>,
}

impl Names {
    async fn of(reader: &mut SnapshotReader, ids: &[i64]) -> Result<Self> {
        let mut names: HashMap<i64, Vec<String>> = HashMap::new();
        for row in reader.find_by::<name::Entity>(name::Column::TargetId, ids).await? {
            names.entry(row.target_id.0).or_default().push(row.text);
        }
        let mut external_ids: HashMap<i64, Vec<(String, String)>> = HashMap::new();
        for row in reader.find_by::<external_id::Entity>(external_id::Column::TargetId, ids).await? {
            external_ids.entry(row.target_id.0).or_default().push((row.scheme, row.value));
        }
        Ok(Self { names, external_ids })
    }

    /// Adds the names and external ids of a node to its entity.
    fn add(&mut self, id: impl Into<RecordId>, label: &str, entity: &mut Entity) {
        let id = id.into().0;
        entity.add("name", Some(label));
        for name in self.names.remove(&id).unwrap_or_default() {
            if name != label {
                entity.add("alias", Some(name));
            }
        }
        for (scheme, value) in self.external_ids.remove(&id).unwrap_or_default() {
            match scheme.as_str() {
                "wikidata" => entity.add("wikidataId", Some(value)),
                "url" => entity.add("sourceUrl", Some(value)),
                _ => {}
            }
        }
    }
}

fn country(code: Option<&String>) -> Option<String> {
    code.map(|code| code.to_lowercase())
}

async fn places(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Place);
    loop {
        let rows = reader.next_rows::<place::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let mut names = Names::of(reader, &ids).await?;
        let entities = rows.iter().map(|row| {
            let mut entity = Entity::new(RecordKind::Place, row.id.0, "Address");
            names.add(row.id, &row.label, &mut entity);
            entity.add("full", Some(&row.label));
            entity.add("country", country(row.country.as_ref()));
            entity.add("latitude", row.latitude.map(|degrees| degrees.to_string()));
            entity.add("longitude", row.longitude.map(|degrees| degrees.to_string()));
            entity.add("description", row.description.as_ref());
            entity
        });
        send(output, entities.collect()).await?;
    }
}

/// Returns the schema of an actor. A group may be people or an organization, which is what `LegalEntity` means.
fn schema(row: &actor::Model) -> &'static str {
    match (row.kind, row.organization_kind) {
        (ActorKind::Person, _) => "Person",
        (ActorKind::Group | ActorKind::AnonymousSource, _) => "LegalEntity",
        (ActorKind::Organization, Some(OrganizationKind::Company)) => "Company",
        (
            ActorKind::Organization,
            Some(
                OrganizationKind::State
                | OrganizationKind::Government
                | OrganizationKind::GovernmentBody
                | OrganizationKind::Legislature
                | OrganizationKind::Court
                | OrganizationKind::SecurityForce
                | OrganizationKind::Military,
            ),
        ) => "PublicBody",
        (ActorKind::Organization, _) => "Organization",
    }
}

async fn actors(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Actor);
    loop {
        let rows = reader.next_rows::<actor::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let mut names = Names::of(reader, &ids).await?;
        let entities = rows.iter().map(|row| {
            let mut entity = Entity::new(RecordKind::Actor, row.id.0, schema(row));
            names.add(row.id, &row.label, &mut entity);
            entity.add("country", country(row.country.as_ref()));
            entity.add("description", row.description.as_ref());
            entity.add("addressEntity", row.place_id.map(|place| entity_id(RecordKind::Place, place.0)));
            if row.kind == ActorKind::Person {
                entity.add("position", row.occupation.as_ref());
                entity.date("birthDate", row.born.as_ref());
                entity.date("deathDate", row.died.as_ref());
            }
            entity.add("sector", row.sector.as_ref());
            entity
        });
        send(output, entities.collect()).await?;
    }
}

async fn articles(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Article);
    loop {
        let rows = reader.next_rows::<article::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let authors = reader.find_by::<article_author::Entity>(article_author::Column::ArticleId, &ids).await?;
        let people = rows.iter().filter_map(|row| row.publisher_id).chain(authors.iter().map(|author| author.actor_id));
        let labels = reader.labels(people.map(i64::from).collect::<Vec<_>>()).await?;
        let entities = rows.iter().map(|row| {
            let mut entity = Entity::new(RecordKind::Article, row.id.0, "Article");
            entity.add("title", row.headline.as_ref());
            entity.add("sourceUrl", row.url.as_ref());
            entity.add("publisher", row.publisher_id.and_then(|publisher| labels.text(publisher.0)));
            entity.date("publishedAt", row.published.as_ref());
            entity.add("language", row.language.as_deref().and_then(|tag| tag.split('-').next()).and_then(alpha3));
            entity.add("bodyText", row.text.as_ref());
            for author in authors.iter().filter(|author| author.article_id == row.id) {
                entity.add("author", labels.text(author.actor_id.0));
            }
            entity
        });
        send(output, entities.collect()).await?;
    }
}

/// Returns the ISO 639-3 code of a language, for the languages that occur in feeds.
fn alpha3(code: &str) -> Option<&'static str> {
    let first = ["ar ara", "de deu", "en eng", "es spa", "fa fas", "fr fra", "he heb", "hi hin", "id ind", "it ita"];
    let second = ["ja jpn", "ko kor", "ku kur", "nl nld", "pl pol", "pt por", "ru rus", "sw swa", "tr tur", "uk ukr"];
    let all = first.iter().chain(&second).chain(&["ur urd", "zh zho", "ckb ckb"]);
    all.filter_map(|pair| pair.split_once(' ')).find(|(short, _)| *short == code).map(|(_, long)| long)
}

async fn events(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Event);
    loop {
        let rows = reader.next_rows::<event::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let parts = reader.find_by::<participation::Entity>(participation::Column::EventId, &ids).await?;
        let mut by_event: HashMap<i64, Vec<&participation::Model>> = HashMap::new();
        for part in parts.iter().filter(|part| part.account_id.is_none()) {
            by_event.entry(part.event_id.0).or_default().push(part);
        }
        let labels =
            reader.labels(rows.iter().filter_map(|row| row.place_id).map(i64::from).collect::<Vec<_>>()).await?;
        let mut names = Names::of(reader, &ids).await?;
        let entities = rows.iter().map(|row| {
            let mut entity = Entity::new(RecordKind::Event, row.id.0, "Event");
            let kind = row.kind.to_value();
            names.add(row.id, row.title.as_ref().unwrap_or(&kind), &mut entity);
            entity.add("summary", row.summary.as_ref());
            entity.add("keywords", Some(kind));
            entity.time(row.date.as_ref());
            if let Some(place) = row.place_id {
                entity.add("location", labels.text(place.0));
                entity.add("addressEntity", Some(entity_id(RecordKind::Place, place.0)));
            }
            for part in by_event.remove(&row.id.0).unwrap_or_default() {
                let property = if part.role == Role::Organizer { "organizer" } else { "involved" };
                entity.add(property, part.actor_id.map(|actor| entity_id(RecordKind::Actor, actor.0)));
            }
            entity
        });
        send(output, entities.collect()).await?;
    }
}

async fn relations(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Relation);
    loop {
        let rows = reader.next_rows::<relation::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ends = rows.iter().flat_map(|row| [Some(row.subject_id), row.object_id]).flatten();
        let ends: Vec<i64> = ends.map(i64::from).collect();
        let actors = reader.find_by::<actor::Entity>(actor::Column::Id, &ends).await?;
        let schemata: HashMap<i64, &str> = actors.iter().map(|actor| (actor.id.0, schema(actor))).collect();
        let mut entities = Vec::with_capacity(rows.len());
        for row in &rows {
            // Relations to places have no schema.
            let Some(object) = row.object_id else { continue };
            let ends = [row.subject_id, object].map(|actor| schemata.get(&actor.0).copied().unwrap_or("LegalEntity"));
            let (schema, first, second) = relation_schema(row.kind, ends);
            let mut entity = Entity::new(RecordKind::Relation, row.id.0, schema);
            entity.add(first, Some(entity_id(RecordKind::Actor, row.subject_id.0)));
            entity.add(second, Some(entity_id(RecordKind::Actor, object.0)));
            let role = row.title.clone().unwrap_or_else(|| row.kind.to_value().to_lowercase().replace('_', " "));
            entity.add(if matches!(schema, "Family" | "Associate") { "relationship" } else { "role" }, Some(role));
            entity.date("startDate", row.since.as_ref());
            entity.date("endDate", row.until.as_ref());
            entity.date("date", row.attested.as_ref());
            entity.add("description", row.note.as_ref());
            entities.push(entity);
        }
        send(output, entities).await?;
    }
}

/// Returns the schema of a relation and the properties of its two sides. A schema that does not permit such actors is
/// replaced by `UnknownLink`, which permits all.
fn relation_schema(kind: RelationKind, [first, second]: [&str; 2]) -> (&'static str, &'static str, &'static str) {
    let person = |schema| schema == "Person";
    let organization = |schema| matches!(schema, "Organization" | "Company" | "PublicBody");
    match kind {
        RelationKind::MemberOf if organization(second) => ("Membership", "member", "organization"),
        RelationKind::HoldsPositionAt | RelationKind::WorksFor if person(first) && organization(second) => {
            ("Employment", "employee", "employer")
        }
        RelationKind::Mother | RelationKind::Father | RelationKind::Spouse | RelationKind::FamilyOther
            if person(first) && person(second) =>
        {
            ("Family", "relative", "person")
        }
        RelationKind::AssociateOf if person(first) && person(second) => ("Associate", "associate", "person"),
        RelationKind::Owns if second == "Company" => ("Ownership", "owner", "asset"),
        RelationKind::SpokespersonFor => ("Representation", "agent", "client"),
        _ => ("UnknownLink", "subject", "object"),
    }
}

async fn mentions(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut cursor = reader.cursor(RecordKind::Mention);
    loop {
        let rows = reader.next_rows::<mention::Entity>(&mut cursor).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let entities = rows.iter().map(|row| {
            let mut entity = Entity::new(RecordKind::Mention, row.id.0, "Mention");
            entity.add("name", Some(&row.text));
            entity.add("document", Some(entity_id(RecordKind::Article, row.article_id.0)));
            if let (Some(target), Some(kind)) = (row.target_id, row.target_kind) {
                entity.add("resolved", Some(entity_id(kind, target.0)));
            }
            entity.add(
                "detectedSchema",
                match row.kind {
                    MentionKind::Person => Some("Person"),
                    MentionKind::Organization => Some("Organization"),
                    MentionKind::Place => Some("Address"),
                    MentionKind::Other => None,
                },
            );
            entity
        });
        send(output, entities.collect()).await?;
    }
}

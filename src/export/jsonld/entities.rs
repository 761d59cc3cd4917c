//! Articles, actors and places with their names and external ids, and relations between actors.

use entity::actor::{ActorKind, OrganizationKind};
use entity::article_author;
use entity::record::RecordKind;
use serde_json::json;

use crate::error::Result;
use crate::export::jsonld::{Graph, Node, date, each, iri, reference, term};
use crate::export::output::Output;
use crate::export::snapshot_reader::SnapshotReader;

pub(super) async fn articles(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Article article, |rows| {
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let authors = reader.find_by::<article_author::Entity>(article_author::Column::ArticleId, &ids).await?;
        let of = |id| authors.iter().filter(move |author| author.article_id == id);
        rows.iter()
            .map(|row| {
                let authors: Vec<_> = of(row.id).map(|author| reference(RecordKind::Actor, author.actor_id.0)).collect();
                Node::new(RecordKind::Article, row.id.0, &["schema:NewsArticle", "prov:Entity"])
                    .with("schema:headline", row.headline.as_ref())
                    .with("schema:url", row.url.as_ref().map(|url| json!({ "@id": url })))
                    .to("schema:publisher", RecordKind::Actor, row.publisher_id)
                    .with("schema:author", Some(authors))
                    .plain("schema:datePublished", row.published.as_ref())
                    .with("ng:published", row.published.as_deref().map(date))
                    .with("schema:inLanguage", row.language.as_ref())
                    .to("schema:locationCreated", RecordKind::Place, row.dateline_place_id)
                    .with("schema:articleBody", row.text.as_ref())
                    .with("schema:sha256", row.text_sha256.as_ref())
            })
            .collect()
    })
}

pub(super) async fn places(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Place place, |rows| {
        rows.iter()
            .map(|row| {
                let geo = row.latitude.zip(row.longitude).map(|(latitude, longitude)| {
                    json!({ "@type": "schema:GeoCoordinates", "schema:latitude": latitude, "schema:longitude": longitude })
                });
                Node::new(RecordKind::Place, row.id.0, &["schema:Place", "sem:Place"])
                    .with("schema:name", Some(&row.label))
                    .with("schema:description", row.description.as_ref())
                    .with("sem:placeType", Some(term(&row.kind)))
                    .to("schema:containedInPlace", RecordKind::Place, row.parent_id)
                    .with("schema:geo", geo)
                    .with("ng:country", row.country.as_ref())
                    .to("ng:capitalOf", RecordKind::Place, row.capital_of_id)
            })
            .collect()
    })
}

fn types(kind: ActorKind, organization: Option<OrganizationKind>) -> &'static [&'static str] {
    match (kind, organization) {
        (ActorKind::Person, _) => &["schema:Person", "sem:Actor", "prov:Person"],
        (ActorKind::Group, _) => &["foaf:Group", "sem:Actor", "prov:Agent"],
        (ActorKind::AnonymousSource, _) => &["ng:AnonymousSource", "sem:Actor", "prov:Agent"],
        (ActorKind::Organization, Some(OrganizationKind::Media)) => {
            &["schema:NewsMediaOrganization", "sem:Actor", "prov:Organization"]
        }
        (ActorKind::Organization, _) => &["schema:Organization", "sem:Actor", "prov:Organization"],
    }
}

pub(super) async fn actors(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Actor actor, |rows| {
        rows.iter()
            .map(|row| {
                Node::new(RecordKind::Actor, row.id.0, types(row.kind, row.organization_kind))
                    .with("schema:name", Some(&row.label))
                    .with("schema:description", row.description.as_ref())
                    .with("schema:hasOccupation", row.occupation.as_ref())
                    .plain("schema:birthDate", row.born.as_ref())
                    .plain("schema:deathDate", row.died.as_ref())
                    .with("ng:country", row.country.as_ref())
                    .with("ng:sector", row.sector.as_ref())
                    .with("sem:actorType", row.organization_kind.map(|kind| term(&kind)))
                    .to("schema:location", RecordKind::Place, row.place_id)
                    .with("ng:descriptor", row.descriptor.as_ref())
                    .with("ng:condition", row.condition.as_ref())
                    .with("ng:reason", row.reason.as_ref())
                    .to("ng:closeTo", RecordKind::Actor, row.close_to_id)
                    .to("ng:quotedIn", RecordKind::Article, row.article_id)
            })
            .collect()
    })
}

pub(super) async fn names(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Name name, |rows| {
        let bearers = reader.labels(rows.iter().map(|row| row.target_id.0).collect::<Vec<_>>()).await?;
        let nodes = rows.iter().map(|row| {
            let text = match &row.language {
                // `und` (undetermined) is not a useful language tag.
                Some(language) if language != "und" => json!({ "@language": language, "@value": row.text }),
                _ => json!(row.text),
            };
            let bearer = row.target_id.0;
            let kind = bearers.kind(bearer).unwrap_or(RecordKind::Actor);
            Node::of(&iri(kind, bearer)).with("schema:alternateName", Some(text))
        });
        nodes.collect()
    })
}

pub(super) async fn external_ids(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, ExternalId external_id, |rows| {
        let nodes = rows.iter().map(|row| {
            let node = Node::of(&iri(row.target_kind, row.target_id.0));
            let same = match row.scheme.as_str() {
                "wikidata" => Some(format!("http://www.wikidata.org/entity/{}", row.value)),
                "geonames" => Some(format!("https://sws.geonames.org/{}/", row.value)),
                "url" => Some(row.value.clone()),
                "doi" => Some(format!("https://doi.org/{}", row.value)),
                _ => None,
            };
            match same {
                Some(same) => node.with("schema:sameAs", Some(json!({ "@id": same }))),
                None => node.with(
                    "schema:identifier",
                    Some(json!({
                        "@type": "schema:PropertyValue", "schema:propertyID": row.scheme, "schema:value": row.value
                    })),
                ),
            }
        });
        nodes.collect()
    })
}

pub(super) async fn relations(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Relation relation, |rows| {
        rows.iter()
            .map(|row| {
                Node::new(RecordKind::Relation, row.id.0, &["ng:Relation", "rdf:Statement"])
                    .to("rdf:subject", RecordKind::Actor, Some(row.subject_id))
                    .with("rdf:predicate", Some(term(&row.kind)))
                    .to("rdf:object", RecordKind::Actor, row.object_id)
                    .to("ng:place", RecordKind::Place, row.place_id)
                    .with("schema:roleName", row.title.as_ref())
                    .plain("schema:startDate", row.since.as_ref())
                    .plain("schema:endDate", row.until.as_ref())
                    .with("ng:attested", row.attested.as_deref().map(date))
                    .with("ng:note", row.note.as_ref())
                    .with("ng:certainty", Some(term(&row.certainty)))
            })
            .collect()
    })
}

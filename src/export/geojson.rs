//! Exports GeoJSON (RFC 7946) for maps: places, and events at their places. Nodes without a known point have no
//! geometry.

use entity::record::RecordKind;
use entity::{event, place};
use serde_json::{Value, json};

use crate::error::Result;
use crate::export::output::{Output, object, to_json};
use crate::export::snapshot_reader::SnapshotReader;
use crate::graphql::types::node::global;
use crate::text::date::format_instant;

/// Returns whether nodes of a type are features.
pub(super) fn can_contain(kind: RecordKind) -> bool {
    match kind {
        RecordKind::Place | RecordKind::Event => true,
        RecordKind::Article
        | RecordKind::Actor
        | RecordKind::Name
        | RecordKind::Relation
        | RecordKind::Participation
        | RecordKind::EventLink
        | RecordKind::Account
        | RecordKind::Statement
        | RecordKind::Claim
        | RecordKind::Stance
        | RecordKind::Figure
        | RecordKind::Evidence
        | RecordKind::Mention
        | RecordKind::ExternalId => false,
    }
}

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut text = r#"{"type":"FeatureCollection","features":["#.to_owned();
    let mut separator = "\n";
    // A selection by type includes child records of other types, which have no features.
    let is_selected =
        |kind: RecordKind, reader: &SnapshotReader| reader.selection.kind.is_none_or(|selected| selected == kind);
    if is_selected(RecordKind::Place, reader) {
        let mut cursor = reader.cursor(RecordKind::Place);
        loop {
            let rows = reader.next_rows::<place::Entity>(&mut cursor).await?;
            if rows.is_empty() {
                break;
            }
            let labels = reader.labels(rows.iter().filter_map(|row| Some(row.parent_id?.0))).await?;
            for row in &rows {
                let parent = row.parent_id.and_then(|parent| labels.text(parent.0));
                let properties = object([
                    ("nodeType", json!("place")),
                    ("label", json!(row.label)),
                    ("kind", json!(row.kind)),
                    ("country", json!(row.country)),
                    ("parent", json!(parent)),
                    ("slug", json!(row.slug)),
                    ("description", json!(row.description)),
                ]);
                let point = row.latitude.zip(row.longitude);
                text.push_str(std::mem::replace(&mut separator, ",\n"));
                text.push_str(&to_json(&feature(RecordKind::Place, row.id.0, point, properties))?);
            }
            output.send(std::mem::take(&mut text).into_bytes(), rows.len()).await?;
        }
    }
    if is_selected(RecordKind::Event, reader) {
        let mut cursor = reader.cursor(RecordKind::Event);
        loop {
            let rows = reader.next_rows::<event::Entity>(&mut cursor).await?;
            if rows.is_empty() {
                break;
            }
            let places: Vec<i64> = rows.iter().filter_map(|row| Some(row.place_id?.0)).collect();
            let places = reader.find_by::<place::Entity>(place::Column::Id, &places).await?;
            for row in &rows {
                let place = places.binary_search_by_key(&row.place_id, |place| Some(place.id)).ok();
                let place = place.map(|at| &places[at]);
                let properties = object([
                    ("nodeType", json!("event")),
                    ("title", json!(row.title)),
                    ("titleSource", json!(row.title_source)),
                    ("summary", json!(row.summary)),
                    ("type", json!(row.kind)),
                    ("when", json!(row.date)),
                    ("whenEarliest", json!(row.earliest.map(format_instant))),
                    ("whenLatest", json!(row.latest.map(format_instant))),
                    ("place", json!(place.map(|place| &place.label))),
                    ("placeNote", json!(row.place_note)),
                    ("placeCertainty", json!(row.place_certainty)),
                    ("placePrecision", json!(row.place_precision)),
                    ("occurrence", json!(row.occurrence)),
                    ("standing", json!(row.standing)),
                    ("slug", json!(row.slug)),
                ]);
                let point = place.and_then(|place| place.latitude.zip(place.longitude));
                text.push_str(std::mem::replace(&mut separator, ",\n"));
                text.push_str(&to_json(&feature(RecordKind::Event, row.id.0, point, properties))?);
            }
            output.send(std::mem::take(&mut text).into_bytes(), rows.len()).await?;
        }
    }
    text.push_str("\n]}\n");
    output.send(text.into_bytes(), 0).await
}

/// Returns a feature. A feature without a point has the geometry null, which GeoJSON permits.
fn feature(kind: RecordKind, id: i64, point: Option<(f64, f64)>, properties: Value) -> Value {
    let geometry = point.map(|(latitude, longitude)| json!({ "type": "Point", "coordinates": [longitude, latitude] }));
    json!({ "type": "Feature", "id": global(kind, id), "geometry": geometry, "properties": properties })
}

//! Places, and events where they happened, for maps (RFC 7946).

use entity::record::RecordKind;
use entity::{event, place};
use serde_json::{Value, json};

use crate::error::Result;
use crate::export::output::{Out, fields, json as text_of};
use crate::export::source::Source;
use crate::graphql::types::node::global;
use crate::text::date::format_instant;

pub(super) async fn write(source: &mut Source, out: &Out) -> Result<()> {
    let mut text = r#"{"type":"FeatureCollection","features":["#.to_owned();
    let mut between = "\n";
    // Each noun only when it is wanted: what belongs to another noun has no place of its own here.
    let wanted = |kind: RecordKind, source: &Source| source.chosen.kind.is_none_or(|only| only == kind);
    if wanted(RecordKind::Place, source) {
        let mut walk = source.walk(RecordKind::Place);
        loop {
            let rows = source.step::<place::Entity>(&mut walk).await?;
            if rows.is_empty() {
                break;
            }
            let labels = source.labels(rows.iter().filter_map(|row| Some(row.parent_id?.0))).await?;
            for row in &rows {
                let parent = row.parent_id.and_then(|parent| labels.text(parent.0));
                let properties = fields([
                    ("noun", json!("place")),
                    ("label", json!(row.label)),
                    ("kind", json!(row.kind)),
                    ("country", json!(row.country)),
                    ("parent", json!(parent)),
                    ("slug", json!(row.slug)),
                    ("description", json!(row.description)),
                ]);
                let point = row.latitude.zip(row.longitude);
                text.push_str(std::mem::replace(&mut between, ",\n"));
                text.push_str(&text_of(&feature(RecordKind::Place, row.id.0, point, properties))?);
            }
            out.send(std::mem::take(&mut text).into_bytes(), rows.len()).await?;
        }
    }
    if wanted(RecordKind::Event, source) {
        let mut walk = source.walk(RecordKind::Event);
        loop {
            let rows = source.step::<event::Entity>(&mut walk).await?;
            if rows.is_empty() {
                break;
            }
            let places: Vec<i64> = rows.iter().filter_map(|row| Some(row.place_id?.0)).collect();
            let places = source.by::<place::Entity>(place::Column::Id, &places).await?;
            for row in &rows {
                let place = places.binary_search_by_key(&row.place_id, |place| Some(place.id)).ok();
                let place = place.map(|at| &places[at]);
                let properties = fields([
                    ("noun", json!("event")),
                    ("title", json!(row.title)),
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
                text.push_str(std::mem::replace(&mut between, ",\n"));
                text.push_str(&text_of(&feature(RecordKind::Event, row.id.0, point, properties))?);
            }
            out.send(std::mem::take(&mut text).into_bytes(), rows.len()).await?;
        }
    }
    text.push_str("\n]}\n");
    out.send(text.into_bytes(), 0).await
}

/// What is nowhere known has no geometry, which is allowed.
fn feature(kind: RecordKind, id: i64, point: Option<(f64, f64)>, properties: Value) -> Value {
    let geometry = point.map(|(latitude, longitude)| json!({ "type": "Point", "coordinates": [longitude, latitude] }));
    json!({ "type": "Feature", "id": global(kind, id), "geometry": geometry, "properties": properties })
}

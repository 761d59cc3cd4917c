//! Geographic filters (`near`, `bbox`), compared with a naive calculation, including the poles and the antimeridian.

use std::collections::BTreeSet;

use proptest::prelude::{Just, prop};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story};
use crate::query_plan::plans;

const RADIUS_KM: f64 = 6371.0088;

/// Returns points all over the globe, many of them at the poles and at the antimeridian.
fn points() -> Vec<(f64, f64)> {
    // A pseudorandom generator with the same points in every run.
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut points =
        vec![(90.0, 0.0), (90.0, 77.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0), (0.0, 0.0), (33.3, 44.4)];
    while points.len() < 10_000 {
        let (latitude, longitude) = (random().mul_add(2.0, -1.0).asin().to_degrees(), random().mul_add(360.0, -180.0));
        points.push(match points.len() % 5 {
            0 => (90.0 - random() * 3.0, longitude),
            1 => (latitude, if longitude > 0.0 { 180.0 - random() * 2.0 } else { random() * 2.0 - 180.0 }),
            2 => (33.0 + random(), 44.0 + random()),
            _ => (latitude, longitude),
        });
    }
    points
}

/// The haversine formula.
fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (a, b) = ((one.0.to_radians(), one.1.to_radians()), (other.0.to_radians(), other.1.to_radians()));
    let haversine = ((b.0 - a.0) / 2.0).sin().powi(2) + a.0.cos() * b.0.cos() * ((b.1 - a.1) / 2.0).sin().powi(2);
    2.0 * RADIUS_KM * haversine.sqrt().min(1.0).asin()
}

fn in_box((latitude, longitude): (f64, f64), [south, west, north, east]: [f64; 4]) -> bool {
    let between = |at: f64| if west <= east { west <= at && at <= east } else { at >= west || at <= east };
    let meridian = between(longitude) || (longitude.abs() == 180.0 && between(-longitude)) || latitude.abs() == 90.0;
    south <= latitude && latitude <= north && meridian
}

/// Asserts that `near` and `bbox` use an index instead of reading all places.
async fn assert_index(fixture: &Fixture) {
    fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
    for filter in [
        json!({ "near": { "latitude": 10, "longitude": 10, "radiusKm": 20 } }),
        json!({ "bbox": { "south": 10, "west": 179, "north": 11, "east": -179 } }),
    ] {
        let query = "query($f: PlaceFilter) { places(filter: $f) { totalCount nodes { label } } }";
        for plan in plans(fixture, query, json!({ "f": filter })).await {
            assert!(plan.contains("place_band"), "{filter} on {}\n{plan}", fixture.url);
            assert!(
                !plan.contains("Seq Scan on place") && !plan.lines().any(|line| line == "SCAN place"),
                "{filter} on {}\n{plan}",
                fixture.url
            );
        }
    }
}

async fn matching_places(fixture: &Fixture, filter: Value) -> BTreeSet<usize> {
    let query = "query($f: PlaceFilter, $c: String) {
        places(filter: $f, first: 500, after: $c) { totalCount nodes { record { key } } pageInfo { hasNextPage endCursor } }
    }";
    let mut all = BTreeSet::new();
    let mut cursor = Value::Null;
    loop {
        let places = fixture.query_with(query, json!({ "f": filter, "c": cursor })).await["places"].clone();
        let number = |node: &Value| node["record"]["key"].as_str().unwrap()[1..].parse::<usize>().unwrap();
        all.extend(places["nodes"].as_array().unwrap().iter().map(number));
        if places["pageInfo"]["hasNextPage"] == false {
            assert_eq!(places["totalCount"], all.len());
            return all;
        }
        cursor = places["pageInfo"]["endCursor"].clone();
    }
}

#[test]
fn near_and_bbox_match_a_naive_calculation() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let points = points();
    let record = |(at, (latitude, longitude)): (usize, &(f64, f64))| json!({ "kind": "place", "key": format!("p{at}"), "type": "AREA", "label": "x", "latitude": latitude, "longitude": longitude });
    let lines: Vec<Value> = points.iter().enumerate().map(record).collect();
    let fixtures = runtime.block_on(databases());
    for fixture in &fixtures {
        assert_eq!(runtime.block_on(fixture.import_lines(&lines)).problems, []);
        runtime.block_on(assert_index(fixture));
    }
    let latitude = prop_oneof![Just(90.0), Just(-90.0), 86.0..90.0_f64, -90.0..90.0_f64, Just(33.3)];
    let longitude = prop_oneof![Just(180.0), Just(-180.0), 178.0..180.0_f64, -180.0..180.0_f64, Just(44.4)];
    let km = prop_oneof![0.1..50.0_f64, 50.0..2000.0_f64, 2000.0..20000.0_f64, Just(20_015.0)];
    let circles = prop::collection::vec((latitude.clone(), longitude.clone(), km), 12);
    let boxes = prop::collection::vec((latitude.clone(), longitude.clone(), latitude, longitude), 12);
    let mut runner = TestRunner::new(Config { cases: 2, failure_persistence: None, ..Config::default() });
    runner
        .run(&(circles, boxes), |(circles, boxes)| {
            for fixture in &fixtures {
                for (latitude, longitude, km) in &circles {
                    let near = json!({ "near": { "latitude": latitude, "longitude": longitude, "radiusKm": km } });
                    let found = runtime.block_on(matching_places(fixture, near));
                    for (at, point) in points.iter().enumerate() {
                        let distance = distance((*latitude, *longitude), *point);
                        // Rounding: up to a tenth of a millimeter, near the antipodes up to a meter.
                        if (distance - km).abs() > if *km > 20_000.0 { 1e-3 } else { 1e-7 } {
                            assert_eq!(
                                found.contains(&at),
                                distance < *km,
                                "{point:?} is {distance} km from {latitude}, {longitude}, asked for {km} on {}",
                                fixture.url
                            );
                        }
                    }
                }
                for (one, west, other, east) in &boxes {
                    let (south, north) = (one.min(*other), one.max(*other));
                    let found = runtime.block_on(matching_places(
                        fixture,
                        json!({ "bbox": { "south": south, "west": west, "north": north, "east": east } }),
                    ));
                    let expected =
                        points.iter().enumerate().filter(|(_, point)| in_box(**point, [south, *west, north, *east]));
                    assert_eq!(
                        found,
                        expected.map(|(at, _)| at).collect(),
                        "{south} {west} {north} {east} on {}",
                        fixture.url
                    );
                }
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn invalid_coordinates_are_rejected() {
    for story in databases_with_story().await {
        for (filter, words) in [
            (
                json!({ "near": { "latitude": 33.3, "longitude": 44.4, "radiusKm": -1 } }),
                "more than 0 and at most 20015",
            ),
            (json!({ "near": { "latitude": 33.3, "longitude": 44.4, "radiusKm": 0 } }), "more than 0"),
            (json!({ "near": { "latitude": 33.3, "longitude": 44.4, "radiusKm": 50_000 } }), "at most 20015"),
            (json!({ "near": { "latitude": 91, "longitude": 44.4, "radiusKm": 1 } }), "-90 to 90"),
            (json!({ "near": { "latitude": 0, "longitude": -180.1, "radiusKm": 1 } }), "-180 to 180"),
            (json!({ "bbox": { "south": 10, "west": 0, "north": 9, "east": 1 } }), "swap"),
            (json!({ "bbox": { "south": -91, "west": 0, "north": 9, "east": 1 } }), "`south: -91`"),
        ] {
            for list in ["places(filter: $f)", "events(filter: { place: $f })"] {
                let query = format!("query($f: PlaceFilter!) {{ {list} {{ totalCount }} }}");
                let (code, message) = story.query_error(&query, json!({ "f": filter })).await;
                assert_eq!(code, "BAD_INPUT", "{filter}");
                assert!(message.contains(words), "{filter}: {message}");
            }
        }
        let (code, _) = story
            .query_error("{ places { nodes { distanceKm(from: { latitude: 99, longitude: 0 }) } } }", json!({}))
            .await;
        assert_eq!(code, "BAD_INPUT");
    }
}

/// Migrating a database of a version without geographic columns fills them.
#[tokio::test]
async fn places_of_an_older_database_are_indexed_on_migration() {
    for story in databases_with_story().await {
        let near = json!({ "near": { "latitude": 33.3, "longitude": 44.4, "radiusKm": 30 } });
        let query = "query($f: PlaceFilter) { places(filter: $f) { nodes { label } } }";
        let before = story.query_with(query, json!({ "f": near })).await;
        assert_ne!(before["places"]["nodes"], json!([]));
        let older = story.db.write().await.unwrap();
        older.execute_unprepared("UPDATE place SET band = NULL, x = NULL, y = NULL, z = NULL").await.unwrap();
        older.execute_unprepared("UPDATE counter SET value = 0 WHERE name = 'index'").await.unwrap();
        older.commit().await.unwrap();
        assert_eq!(story.query_with(query, json!({ "f": near })).await["places"]["nodes"], json!([]));
        newsgraph::import::migrate(&story.db).await.unwrap();
        assert_eq!(story.query_with(query, json!({ "f": near })).await, before);
    }
}

/// The executor polls a field once before it waits for others. A field that fails at once beside fields that have to be
/// loaded must not be reported twice.
#[tokio::test]
async fn immediate_error_beside_a_loaded_field_is_reported_once() {
    let place = |key: &str| json!({ "kind": "place", "key": key, "label": key, "type": "CITY", "latitude": 33.3, "longitude": 44.4 });
    let mut within = place("within");
    within["parent"] = json!("alone");
    let event = |key: &str, place: &str| json!({ "kind": "event", "key": key, "type": "OTHER", "place": place });
    for fixture in databases().await {
        let lines = [place("alone"), within.clone(), event("first", "alone"), event("second", "within")];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let query =
            "{ events { nodes { place { distanceKm(from: { latitude: 200, longitude: 0 }) parent { label } } } } }";
        let (answer, _) = fixture.query_counting_statements(query, json!({})).await;
        let paths: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
        let path = |row: usize| json!(["events", "nodes", row, "place", "distanceKm"]);
        assert_eq!(paths, [&path(0), &path(1)], "{}", fixture.url);
        assert_eq!(answer["data"]["events"]["nodes"][1]["place"]["parent"]["label"], "alone");
    }
}

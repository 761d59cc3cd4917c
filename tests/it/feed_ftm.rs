//! FollowTheMoney: the shapes in which entities are published, dates, and what is counted because it is not stored.

use newsgraph::import::Report;
use newsgraph::import::feed::Format;
use serde_json::{Value, json};

use crate::feed::{import, import_as, write_file};
use crate::fixture::{Fixture, databases};

async fn import_entities(fixture: &Fixture, entities: &[Value]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = entities.iter().map(|entity| format!("{entity}\n")).collect();
    import_as(fixture, Format::Auto, &[write_file(&folder, "entities.json", lines.as_bytes())]).await
}

fn entity(id: &str, schema: &str, properties: Value) -> Value {
    json!({ "id": id, "schema": schema, "properties": properties })
}

fn counts(counted: &std::collections::BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    counted.iter().map(|(what, count)| (what.as_str(), *count)).collect()
}

const RELATIONS: &str = "{ relations(orderBy: [{ field: RECORDED }]) { nodes { kind title subject { label } object { label } from { edtf } to { edtf } } } }";

/// Returns subject, kind, object, start and end of all relations.
async fn relations(fixture: &Fixture) -> Vec<String> {
    let data = fixture.query(RELATIONS).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut all: Vec<String> = data["relations"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let parts = [
                &one["subject"]["label"],
                &one["kind"],
                &one["object"]["label"],
                &one["from"]["edtf"],
                &one["to"]["edtf"],
            ];
            parts.map(text).join(" ")
        })
        .collect();
    all.sort();
    all
}

/// An end that is less exact than the start may follow it: in 2012 after the 5th of March.
#[tokio::test]
async fn ends_of_relations_are_compared_as_intervals() {
    let ends = [
        ("2012-03-05", "2012", Some("2012")),
        ("2012-03", "2012", Some("2012")),
        ("2012", "2012-05-01", Some("2012-05-01")),
        ("2015", "2012", None),
        ("2012-03-05", "2012-03-04", None),
        ("2012-03-05T10:00:00", "2012-03-05T12:00:00", Some("2012-03-05T12:00:00")),
    ];
    for fixture in databases().await {
        let mut entities = vec![
            entity("p", "Person", json!({ "name": ["Ann"] })),
            entity("o", "Company", json!({ "name": ["Corp"] })),
        ];
        for (at, (start, end, _)) in ends.iter().enumerate() {
            let properties =
                json!({ "director": ["p"], "organization": ["o"], "startDate": [start], "endDate": [end] });
            entities.push(entity(&format!("d{at}"), "Directorship", properties));
        }
        let report = import_entities(&fixture, &entities).await;
        assert_eq!(report.problems, []);
        assert_eq!(counts(&report.unmapped), [("end dates before the start", 2)]);
        let mut expected: Vec<String> = ends
            .iter()
            .map(|(start, _, end)| format!("Ann HOLDS_POSITION_AT Corp {start} {}", end.unwrap_or("-")))
            .collect();
        expected.sort();
        assert_eq!(relations(&fixture).await, expected);
    }
}

/// Times are kept, with their offset if they have one. Without one they are UTC.
#[tokio::test]
async fn dates_of_events_keep_their_time_and_conflicts_are_counted() {
    let dates = [
        (
            json!({ "date": ["2021-07-11T23:30:00-04:00"] }),
            json!({ "edtf": "2021-07-11T23:30:00-04:00", "earliest": "2021-07-12T03:30:00Z" }),
        ),
        (
            json!({ "date": ["2021-07-11 23:30:00.25"] }),
            json!({ "edtf": "2021-07-11T23:30:00", "earliest": "2021-07-11T23:30:00Z" }),
        ),
        (
            json!({ "startDate": ["2012-03-05"], "endDate": ["2012"] }),
            json!({ "edtf": "2012-03-05/2012", "earliest": "2012-03-05T00:00:00Z" }),
        ),
        (
            json!({ "startDate": ["2021-07-11"], "endDate": ["2021-07-11"] }),
            json!({ "edtf": "2021-07-11", "earliest": "2021-07-11T00:00:00Z" }),
        ),
        (
            json!({ "startDate": ["2021-07-12"], "endDate": ["2021-07-11"] }),
            json!({ "edtf": "2021-07-12", "earliest": "2021-07-12T00:00:00Z" }),
        ),
        (
            json!({ "startDate": ["2021-07-12"], "endDate": ["2021-07-13", "2021-07-14"] }),
            json!({ "edtf": "2021-07-12", "earliest": "2021-07-12T00:00:00Z" }),
        ),
        (
            json!({ "date": ["2021", "2021-07-09"] }),
            json!({ "edtf": "2021-07-09", "earliest": "2021-07-09T00:00:00Z" }),
        ),
        (json!({ "date": ["2020-02-30"] }), Value::Null),
    ];
    for fixture in databases().await {
        let entities: Vec<Value> = dates
            .iter()
            .enumerate()
            .map(|(at, (properties, _))| {
                let mut properties = properties.clone();
                properties["name"] = json!([format!("Event {at}")]);
                entity(&format!("e{at}"), "Event", properties)
            })
            .collect();
        let report = import_entities(&fixture, &entities).await;
        assert_eq!(report.problems, []);
        assert_eq!(
            counts(&report.unmapped),
            [("conflicting or invalid event dates", 2), ("end dates before the start", 1)]
        );
        let data = fixture.query("{ events { nodes { title when { edtf earliest } } } }").await;
        for (at, (_, expected)) in dates.iter().enumerate() {
            let events = data["events"]["nodes"].as_array().unwrap();
            let event = events.iter().find(|event| event["title"] == format!("Event {at}")).unwrap();
            assert_eq!(&event["when"], expected, "{at}");
        }
    }
}

/// Entities that are nested in others are imported as if they were on lines of their own.
#[tokio::test]
async fn nested_entities_are_imported() {
    let company = entity("c", "Company", json!({ "name": ["Corp"] }));
    let sanction = entity("s", "Sanction", json!({ "entity": ["p"], "startDate": ["2020-01-01"] }));
    let nested = entity(
        "p",
        "Person",
        json!({ "name": ["Ann"], "sanctions": [sanction], "ownershipOwner": [entity("o", "Ownership", json!({ "asset": [company] }))] }),
    );
    let flat = [
        entity("p", "Person", json!({ "name": ["Ann"] })),
        entity("s", "Sanction", json!({ "entity": ["p"], "startDate": ["2020-01-01"] })),
        entity("c", "Company", json!({ "name": ["Corp"], "country": ["iq"] })),
        entity("o", "Ownership", json!({ "owner": ["p"], "asset": ["c"] })),
    ];
    for fixture in databases().await {
        let report = import_entities(&fixture, std::slice::from_ref(&nested)).await;
        assert_eq!(report.problems, []);
        assert_eq!(relations(&fixture).await, ["Ann OWNS Corp - -"]);
        let query = "{ events { nodes { type participations { nodes { role actor { label } } } } } actors { nodes { label country } } }";
        let mut data = fixture.query(query).await;
        let events = json!({ "nodes": [{ "type": "SANCTION", "participations": { "nodes": [{ "role": "TARGET", "actor": { "label": "Ann" } }] } }] });
        assert_eq!(data["events"].take(), events);
        // The same entities on lines of their own: only what the nested company lacked is new.
        let report = import_entities(&fixture, &flat).await;
        assert_eq!((report.total().created, report.total().updated), (0, 1), "{report}");
        // A nested copy does not overwrite it.
        let report = import_entities(&fixture, std::slice::from_ref(&nested)).await;
        assert_eq!((report.total().created, report.total().updated), (0, 0), "{report}");
        let data = fixture.query(query).await;
        assert!(
            data["actors"]["nodes"].as_array().unwrap().contains(&json!({ "label": "Corp", "country": "IQ" })),
            "{data}"
        );
    }
}

/// Statements in a table and in JSON become the entities that they are about.
#[tokio::test]
async fn statements_become_entities() {
    for fixture in databases().await {
        let report = import(&fixture, &["statements.ftm.csv"]).await;
        assert_eq!(report.problems, []);
        assert_eq!(counts(&report.unmapped), [("Person.notes", 1)]);
        assert_eq!(relations(&fixture).await, ["Ann Statement OWNS Statement Corp - -"]);
        let people = "{ people { nodes { born { edtf } names { nodes { text } } externalIds { nodes { value } } } } }";
        let person = json!({
            "born": { "edtf": "1980-05" },
            "names": { "nodes": [{ "text": "Ann Statement" }, { "text": "Statement, Ann" }] },
            "externalIds": { "nodes": [{ "value": "c1" }, { "value": "e1" }, { "value": "e2" }] }
        });
        assert_eq!(fixture.query(people).await["people"]["nodes"], json!([person]));
        // The same person as JSON.
        let statement = |entity: &str, property: &str, value: &str| json!({ "entity_id": entity, "prop": property, "value": value });
        let statements = [
            statement("e1", "name", "Ann Statement"),
            statement("e2", "name", "Statement, Ann"),
            statement("e2", "birthDate", "1980-05"),
        ];
        let report =
            import_entities(&fixture, &[json!({ "id": "c1", "schema": "Person", "statements": statements })]).await;
        assert_eq!((report.total().created, report.total().updated, report.problems.len()), (0, 0, 0), "{report}");
    }
}

/// Rows of one entity that do not follow one another would be half an entity each.
#[tokio::test]
async fn scattered_statements_are_a_problem_at_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let header = "canonical_id,entity_id,prop,schema,value";
    let rows = ["a,a,name,Person,Ann", "b,b,name,Person,Bob", "a,a,birthDate,Person,1980", "b,b,name,Company,Bob"];
    let file = write_file(&folder, "statements.csv", format!("{header}\n{}\n", rows.join("\n")).as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&file)).await;
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert!(
            problems[0].contains(":4") && problems[0].contains("/canonical_id: `a` has rows in two places"),
            "{problems:?}"
        );
        assert!(
            problems[1].contains(":5") && problems[1].contains("/schema: `b` is both Person and Company"),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 2);
    }
}

/// An occupancy is an office held; the office belongs to its organization.
#[tokio::test]
async fn occupancies_are_offices_held_and_unknown_schemata_are_counted_by_name() {
    for fixture in databases().await {
        let entities = [
            entity(
                "occ",
                "Occupancy",
                json!({ "holder": ["p"], "post": ["pos"], "startDate": ["2019"], "endDate": ["2020"] }),
            ),
            entity("p", "Person", json!({ "name": ["Ann"], "email": ["ann@example.org"] })),
            entity(
                "pos",
                "Position",
                json!({ "name": ["Minister of Tests"], "country": ["xk"], "organization": ["m"] }),
            ),
            entity("m", "PublicBody", json!({ "name": ["Ministry of Tests"] })),
            entity("r", "Representation", json!({ "agent": ["p"], "client": ["m"], "role": ["Lawyer"] })),
            entity("v", "Vessel", json!({ "name": ["Ship"] })),
            entity("u", "UnknownLink", json!({ "subject": ["p"], "object": ["m"] })),
        ];
        let report = import_entities(&fixture, &entities).await;
        assert_eq!(report.problems, []);
        assert_eq!(
            counts(&report.skipped),
            [("entities of the schema UnknownLink", 1), ("entities of the schema Vessel", 1)]
        );
        assert_eq!(counts(&report.unmapped), [("Person.email", 1)]);
        assert_eq!(
            relations(&fixture).await,
            [
                "Ann AFFILIATED_WITH Ministry of Tests - -",
                "Ann HOLDS_POSITION_AT Minister of Tests 2019 2020",
                "Minister of Tests PART_OF Ministry of Tests - -",
            ]
        );
        let country = fixture.query("{ organizations(filter: { country: { eq: \"XK\" } }) { nodes { label } } }").await;
        assert_eq!(country["organizations"]["nodes"], json!([{ "label": "Minister of Tests" }]));
    }
}

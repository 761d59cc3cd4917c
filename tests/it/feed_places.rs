//! Places of conflict feeds: each is stored once, in its tree, whatever the order of the rows.

use newsgraph::import::feed::Format;
use serde_json::{Value, json};

use crate::feed::feed_text;
use crate::feed_facts::{import_text, ucdp};
use crate::fixture::{Fixture, databases};

/// Describes all places: type, label, parent and whether there is a point.
async fn places(fixture: &Fixture) -> Vec<String> {
    let data = fixture.query("{ places(first: 50) { nodes { label kind parent { label } latitude } } }").await;
    let mut places: Vec<String> = data["places"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| {
            let parent = place["parent"]["label"].as_str().map(|label| format!(" in {label}")).unwrap_or_default();
            let point = if place["latitude"].is_null() { "" } else { " with a point" };
            format!("{} {}{parent}{point}", place["kind"].as_str().unwrap(), place["label"].as_str().unwrap())
        })
        .collect();
    places.sort();
    places
}

/// Returns the number of events in a place and the places within it.
async fn events_within(fixture: &Fixture, dataset: &str, key: &str) -> Value {
    let query = "query($record: RecordInput!) { place(record: $record) { id } }";
    let place = fixture.query_with(query, json!({ "record": { "dataset": dataset, "key": key } })).await;
    let query = "query($id: ID!) { events(filter: { place: { within: { id: $id } } }) { totalCount } }";
    let data = fixture.query_with(query, json!({ "id": place["place"]["id"] })).await;
    data["events"]["totalCount"].clone()
}

#[tokio::test]
async fn ucdp_province_and_district_are_one_place_each() {
    let province = [("where_prec", "4"), ("where_coordinates", "Ninawa governorate"), ("adm_2", "")];
    let district = [("where_prec", "3"), ("where_coordinates", "Mosul area"), ("latitude", "36.2")];
    let unnamed_district = [("where_prec", "3"), ("where_coordinates", "Sinjar district"), ("adm_2", "")];
    let country = [("where_prec", "6"), ("where_coordinates", "Iraq"), ("adm_1", ""), ("adm_2", "")];
    let rows: [&[_]; 6] = [&[], &province, &district, &unnamed_district, &country, &[]];
    let backwards: Vec<&[_]> = rows.iter().rev().copied().collect();
    for text in [ucdp(&rows), ucdp(&backwards)] {
        for fixture in databases().await {
            let report = import_text(&fixture, Format::Ucdp, &text).await;
            assert_eq!(report.problems, []);
            assert_eq!(
                places(&fixture).await,
                [
                    "COUNTRY Iraq",
                    "DISTRICT Mosul district in Ninawa governorate with a point",
                    "DISTRICT Sinjar district in Ninawa governorate with a point",
                    "OTHER Mosul town in Mosul district with a point",
                    "REGION Ninawa governorate in Iraq with a point",
                ]
            );
            assert_eq!(events_within(&fixture, "ucdp-ged", "country/645/Ninawa governorate").await, 5);
            let notes = fixture.text_column("SELECT place_note AS said FROM event WHERE place_note IS NOT NULL").await;
            assert!(notes.contains(&"Mosul area".to_owned()), "{notes:?}");
            let again = import_text(&fixture, Format::Ucdp, &text).await.total();
            assert_eq!((again.created, again.updated), (0, 0));
        }
    }
}

/// Returns the first row of the GDELT test file with another id and action place.
fn gdelt_row(id: &str, place: [&str; 8]) -> String {
    let text = feed_text("gdelt.export.CSV");
    let mut cells: Vec<String> = text.lines().next().unwrap().split('\t').map(str::to_owned).collect();
    cells[0] = id.into();
    cells[51..59].iter_mut().zip(place).for_each(|(cell, value)| *cell = value.into());
    cells[60] = format!("https://news.example/{id}");
    cells.join("\t") + "\n"
}

#[tokio::test]
async fn gdelt_places_lie_in_their_division_and_country() {
    let rows = [
        gdelt_row("1", ["4", "Basra, Al Basrah, Iraq", "IZ", "IZ02", "", "30.5", "47.8", "-3102533"]),
        gdelt_row("2", ["5", "Muhafazat Al Basrah, Al Basrah, Iraq", "IZ", "IZ02", "22", "30.4", "47.4", "-3102499"]),
        gdelt_row("3", ["1", "Iraq", "IZ", "IZ", "", "33", "44", "IZ"]),
        gdelt_row("4", ["3", "Houston, Texas, United States", "US", "USTX", "TX201", "29.7", "-95.3", "1380948"]),
        gdelt_row("5", ["2", "Texas, United States", "US", "USTX", "", "31.1", "-97.6", "TX"]),
        gdelt_row("6", ["4", "Hwange, Zimbabwe (general), Zimbabwe", "ZI", "ZI00", "", "-18.3", "26.4", "-2312652"]),
        gdelt_row("7", ["4", "Elgin, Moray, The, United Kingdom", "UK", "UKV6", "", "57.6", "-3.3", "-2595880.0"]),
    ];
    for text in [rows.concat(), rows.iter().rev().cloned().collect()] {
        for fixture in databases().await {
            let report = import_text(&fixture, Format::GdeltEvents, &text).await;
            assert_eq!(report.problems, []);
            assert_eq!(
                places(&fixture).await,
                [
                    "CITY Basra, Al Basrah, Iraq in Al Basrah, Iraq with a point",
                    "CITY Elgin, Moray, The, United Kingdom in Moray, The, United Kingdom with a point",
                    "CITY Houston, Texas, United States in Texas, United States with a point",
                    "CITY Hwange, Zimbabwe (general), Zimbabwe in Zimbabwe with a point",
                    "COUNTRY Iraq",
                    "COUNTRY United Kingdom",
                    "COUNTRY United States",
                    "COUNTRY Zimbabwe",
                    "REGION Al Basrah, Iraq in Iraq with a point",
                    "REGION Moray, The, United Kingdom in United Kingdom",
                    "REGION Texas, United States in United States with a point",
                ]
            );
            assert_eq!(events_within(&fixture, "gdelt", "place/1:IZ:IZ").await, 3);
            let total = import_text(&fixture, Format::GdeltEvents, &text).await.total();
            assert_eq!((total.created, total.updated), (0, 0));
        }
    }
}

#[tokio::test]
async fn acled_locations_have_a_type_where_it_is_certain() {
    let text = feed_text("acled-api.csv");
    let vague =
        text.replace("IRQ1001", "IRQ2001").replace("33.34,44.4,1", "33.34,44.4,3").replace("IRQ1002", "IRQ2002");
    let both = format!("{vague}{}", text.split_once('\n').unwrap().1);
    for (text, kind) in [(vague, "OTHER"), (both, "CITY")] {
        for fixture in databases().await {
            let report = import_text(&fixture, Format::Acled, &text).await;
            assert_eq!(report.problems, []);
            let expected = [
                format!("{kind} Baghdad in Al Rusafa with a point"),
                "COUNTRY Iraq".to_owned(),
                "DISTRICT Al Rusafa in Baghdad".to_owned(),
                "REGION Baghdad in Iraq".to_owned(),
            ];
            let mut places = places(&fixture).await;
            places.sort();
            let mut expected = expected.to_vec();
            expected.sort();
            assert_eq!(places, expected);
        }
    }
}

#[tokio::test]
async fn polecat_province_and_country_are_one_place_each() {
    let text = feed_text("polecat.tsv");
    let (header, rows) = text.split_once('\n').unwrap();
    let columns: Vec<&str> = header.split('\t').collect();
    let row = |id: &str, changes: &[(&str, &str)]| {
        let mut cells: Vec<String> = rows.lines().next().unwrap().split('\t').map(str::to_owned).collect();
        let place =
            ["Placename", "City", "District", "Province", "Country", "GeoNames ID", "Feature Type", "Raw Placename"];
        for column in place {
            cells[columns.iter().position(|name| *name == column).unwrap()] = "None".into();
        }
        for (column, value) in changes.iter().chain(&[("Event ID", id)]) {
            cells[columns.iter().position(|name| name == column).unwrap()] = (*value).to_owned();
        }
        cells.join("\t") + "\n"
    };
    let country = ("Country", "IRQ");
    let rows = [
        row(
            "1_A",
            &[("Placename", "Mosul"), ("City", "Mosul"), ("Province", "Ninawa"), country, ("GeoNames ID", "99072")],
        ),
        row(
            "2_A",
            &[
                ("Placename", "Ninawa"),
                ("Province", "Ninawa"),
                country,
                ("GeoNames ID", "99592"),
                ("Feature Type", "ADM1"),
            ],
        ),
        row("3_A", &[("Placename", "Iraq"), country, ("GeoNames ID", "99237"), ("Feature Type", "PCLI")]),
    ];
    for text in [rows.concat(), rows.iter().rev().cloned().collect()] {
        for fixture in databases().await {
            let report = import_text(&fixture, Format::Polecat, &format!("{header}\n{text}")).await;
            assert_eq!(report.problems, []);
            assert!(report.unmapped["missing values, written as `None`"] > 3, "{report}");
            assert_eq!(
                places(&fixture).await,
                [
                    "CITY Mosul in Ninawa with a point",
                    "COUNTRY Iraq with a point",
                    "REGION Ninawa in Iraq with a point",
                ]
            );
            let ids = fixture
                .text_column("SELECT value AS said FROM external_id WHERE scheme = 'geonames' ORDER BY value")
                .await;
            assert_eq!(ids, ["99072", "99237", "99592"]);
        }
    }
}

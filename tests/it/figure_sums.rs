//! Sums of figures: nothing is added twice, and large numbers do not fail.

use serde_json::{Value, json};

use crate::fixture::{Fixture, databases};

const SUMS: &str = "sums { unit count value lower upper }";

async fn sums(fixture: &Fixture, filter: &str) -> Value {
    fixture.query(&format!("{{ figures({filter}) {{ {SUMS} }} }}")).await["figures"]["sums"].clone()
}

fn sum(count: u32, value: f64) -> Value {
    json!({ "unit": "person", "count": count, "value": value, "lower": value, "upper": value })
}

#[tokio::test]
async fn part_is_not_added_to_its_whole() {
    let figure = |value: u32, whole: Option<&str>| json!({ "counted": "missing", "unit": "person", "value": value, "partOf": whole });
    let lines = [
        json!({ "record": "event", "key": "e", "type": "DISAPPEARANCE",
            "figures": [figure(76, None), figure(58, Some("e#/figures/0")), figure(20, Some("e#/figures/1"))] }),
        json!({ "record": "event", "key": "f", "type": "DISAPPEARANCE", "figures": [figure(4, Some("e#/figures/0"))] }),
    ];
    for fixture in databases().await {
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        assert_eq!(sums(&fixture, "first: 1").await, json!([sum(1, 76.0)]));
        // Without the whole in the list, its parts are added.
        assert_eq!(sums(&fixture, "filter: { not: { value: { eq: 76 } } }").await, json!([sum(2, 62.0)]));
        let data = fixture
            .query(&format!("{{ events(orderBy: [{{ field: RECORDED }}]) {{ nodes {{ figures {{ {SUMS} }} }} }} }}"))
            .await;
        assert_eq!(
            data["events"]["nodes"],
            json!([{ "figures": { "sums": [sum(1, 76.0)] } }, { "figures": { "sums": [sum(1, 4.0)] } }])
        );
    }
}

#[tokio::test]
async fn figures_of_merged_events_are_added_once() {
    let event = |dataset: &str, key: &str, deaths: u32, arrests: u32| {
        let figures = json!([
            { "counted": "deaths", "countedType": "KILLING", "unit": "person", "value": deaths },
            { "counted": "arrests", "countedType": "ARREST", "unit": "person", "value": arrests },
        ]);
        let figures: Vec<_> = figures.as_array().unwrap().iter().filter(|figure| figure["value"] != 0).collect();
        vec![
            json!({ "record": "dataset", "key": dataset }),
            json!({ "record": "event", "key": key, "type": "VIOLENCE", "figures": figures }),
        ]
    };
    let mut lines = [event("one", "a", 7, 0), event("two", "b", 9, 4), event("three", "c", 8, 5)].concat();
    lines.push(json!({ "record": "event", "key": "d", "type": "VIOLENCE", "figures": [{ "counted": "deaths", "countedType": "KILLING", "unit": "person", "value": 100 }] }));
    let merge = |keep: (&str, &str), other: (&str, &str)| {
        let reference = |(dataset, key): (&str, &str)| json!({ "dataset": dataset, "key": key });
        json!({ "record": "merge", "keep": reference(keep), "other": reference(other), "decision": "SAME" })
    };
    lines.push(merge(("two", "b"), ("one", "a")));
    lines.push(merge(("two", "b"), ("three", "c")));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    for fixture in databases().await {
        assert_eq!(fixture.import(&text).await.problems, []);
        // The kept event is that of the dataset `two`: 9 deaths and 4 arrests, and 100 deaths of the other event.
        assert_eq!(sums(&fixture, "first: 1").await, json!([sum(3, 113.0)]));
        let of = |datasets: &str| format!("filter: {{ record: {{ dataset: {{ in: [{datasets}] }} }} }}");
        assert_eq!(sums(&fixture, &of("\"three\"")).await, json!([sum(3, 113.0)]));
        // Neither dataset is that of the kept event: the older one counts, where both count the same.
        assert_eq!(sums(&fixture, &of("\"one\", \"three\"")).await, json!([sum(3, 112.0)]));
        let data = fixture
            .query(&format!("{{ events(orderBy: [{{ field: RECORDED }}]) {{ nodes {{ figures {{ {SUMS} }} }} }} }}"))
            .await;
        assert_eq!(
            data["events"]["nodes"],
            json!([{ "figures": { "sums": [sum(2, 13.0)] } }, { "figures": { "sums": [sum(1, 100.0)] } }])
        );
    }
}

#[tokio::test]
async fn sums_of_large_numbers_do_not_fail() {
    let figure = |unit: &str, value: f64| json!({ "counted": "c", "unit": unit, "value": value });
    let lines = [json!({ "record": "event", "key": "e", "type": "OTHER", "figures": [
        figure("large", 1.7e308), figure("large", 1.7e308), figure("one", 1.7e308), figure("zero", 1.7e308), figure("zero", -1.7e308),
        figure("small", 0.1), figure("small", 0.2) ] })];
    for fixture in databases().await {
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let data = fixture.query("{ figures(orderBy: [{ field: VALUE }]) { sums { unit value } nodes { value } histogram(interval: YEAR) { undated } } }").await;
        assert_eq!(
            data["figures"]["sums"],
            json!([{ "unit": "large", "value": null }, { "unit": "one", "value": 1.7e308 }, { "unit": "small", "value": 0.3 }, { "unit": "zero", "value": 0.0 }])
        );
        assert_eq!(data["figures"]["nodes"][0]["value"], -1.7e308);
    }
}

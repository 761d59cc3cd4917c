//! Facts of conflict feeds: totals count nobody twice, and unknown values are missing.

use newsgraph::import::Report;
use newsgraph::import::feed::Format;
use serde_json::{Value, json};

use crate::feed::{feed_text, import_as, write_file};
use crate::fixture::{Fixture, databases};

const UCDP: &[&str] = &[
    "id",
    "type_of_violence",
    "side_a_new_id",
    "side_a",
    "side_b_new_id",
    "side_b",
    "source_article",
    "source_original",
    "where_prec",
    "where_coordinates",
    "where_description",
    "adm_1",
    "adm_2",
    "latitude",
    "longitude",
    "country",
    "country_id",
    "date_prec",
    "date_start",
    "date_end",
    "deaths_a",
    "deaths_b",
    "deaths_civilians",
    "deaths_unknown",
    "best",
    "high",
    "low",
];

/// Builds a UCDP file. Each row consists of changes of a fight in the town of Mosul with 3 deaths.
pub fn ucdp(rows: &[&[(&str, &str)]]) -> String {
    let usual = |column: &str| match column {
        "type_of_violence" | "where_prec" | "date_prec" | "deaths_a" => "1",
        "side_a_new_id" => "116",
        "side_a" => "Government of Iraq",
        "side_b_new_id" => "234",
        "side_b" => "IS",
        "where_coordinates" => "Mosul town",
        "adm_1" => "Ninawa governorate",
        "adm_2" => "Mosul district",
        "latitude" => "36.34",
        "longitude" => "43.13",
        "country" => "Iraq",
        "country_id" => "645",
        "date_start" | "date_end" => "2014-07-01",
        "deaths_b" | "low" => "2",
        "deaths_civilians" | "deaths_unknown" => "0",
        "best" => "3",
        "high" => "5",
        _ => "",
    };
    let mut text = UCDP.join(",") + "\n";
    for (at, changes) in rows.iter().enumerate() {
        let id = (at + 1).to_string();
        let cell = |column: &&str| {
            let changed = changes.iter().find(|(name, _)| name == column).map(|(_, value)| *value);
            let value = changed.unwrap_or(if *column == "id" { &id } else { usual(column) });
            if value.contains([',', '"']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
        };
        text += &(UCDP.iter().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// Imports a text as a file of a feed, and checks the graph.
pub async fn import_text(fixture: &Fixture, format: Format, text: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let file = write_file(&folder, "feed", text.as_bytes());
    let report = import_as(fixture, format, &[file]).await;
    let findings = newsgraph::import::verify(&fixture.db, false).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    report
}

async fn sums(fixture: &Fixture) -> Value {
    let data = fixture.query("{ figures { sums { unit count value lower upper } } }").await;
    data["figures"]["sums"].clone()
}

#[tokio::test]
async fn ucdp_deaths_by_side_are_parts_of_the_total() {
    let text = ucdp(&[&[], &[("deaths_civilians", "4"), ("best", "7"), ("low", "7"), ("high", "9")]]);
    for fixture in databases().await {
        let report = import_text(&fixture, Format::Ucdp, &text).await;
        assert_eq!(report.problems, []);
        let sums = sums(&fixture).await;
        assert_eq!(sums, json!([{ "unit": "person", "count": 2, "value": 10.0, "lower": 9.0, "upper": 14.0 }]));
        let query = "{ events { nodes { figures(filter: { counted: { eq: \"deaths\" } }) { nodes { key: record { key }
            parts { nodes { counted value } } } } } } }";
        let figures = fixture.query(query).await["events"]["nodes"][0]["figures"]["nodes"].clone();
        // The key is that of older versions, so that importing again keeps the figure's id.
        assert_eq!(figures[0]["key"]["key"], "1#/figures/0");
        assert_eq!(figures[0]["parts"]["nodes"].as_array().unwrap().len(), 4);
        // Without the whole in the list, its parts count.
        let query = "{ figures(filter: { counted: { eq: \"deaths of civilians\" } }) { sums { count value } } }";
        let civilians = fixture.query(query).await;
        assert_eq!(civilians["figures"]["sums"], json!([{ "count": 2, "value": 4.0 }]));
    }
}

#[tokio::test]
async fn ucdp_minus_nine_is_unknown() {
    let unknown_total = [("best", "-9"), ("deaths_b", "-9.0"), ("side_b_new_id", "-9"), ("side_b", "Some militia")];
    let unknown_all = [("best", "-9"), ("low", "-9"), ("high", "-9"), ("deaths_a", "-9"), ("deaths_b", "-9")];
    let unknown_all = [unknown_all.as_slice(), &[("deaths_civilians", "-9"), ("deaths_unknown", "-9")]].concat();
    let text = ucdp(&[&unknown_total, &unknown_all, &[("date_prec", "-9"), ("where_prec", "-9")]]);
    for fixture in databases().await {
        let report = import_text(&fixture, Format::Ucdp, &text).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["numbers that are unknown (-9)"], 12, "{report}");
        let sums = sums(&fixture).await;
        assert_eq!(sums, json!([{ "unit": "person", "count": 2, "value": 3.0, "lower": 4.0, "upper": 10.0 }]));
        let data = fixture.query("{ actors { nodes { record { key } label } } }").await.to_string();
        assert!(!data.contains("-9") && data.contains("actor/Some militia"), "{data}");
        let data = fixture.query("{ event(record: { dataset: \"ucdp-ged\", key: \"3\" }) { when { edtf } } }").await;
        assert_eq!(data["event"]["when"]["edtf"], "2014-07-01?");
        // Other negative numbers are errors.
        let report = import_text(&fixture, Format::Ucdp, &ucdp(&[&[("deaths_a", "-8")]])).await;
        let [problem] = report.problems.as_slice() else { panic!("{report}") };
        assert_eq!((problem.pointer.as_str(), problem.message.as_str()), ("/deaths_a", "is negative"));
    }
}

#[tokio::test]
async fn na_of_statistics_programs_is_missing() {
    let missing = [("side_b", "NA"), ("where_coordinates", "NA"), ("adm_1", "NA"), ("adm_2", "NA"), ("high", "NA")];
    let ucdp = ucdp(&[&missing, &[("side_b_new_id", "235"), ("side_b", "N/A")]]);
    let acled = feed_text("acled-api.csv").replace("Tribal Militia; Tribal Guard", "NA");
    for fixture in databases().await {
        let report = import_text(&fixture, Format::Ucdp, &ucdp).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["missing values, written as `NA`"], 5, "{report}");
        assert_eq!(report.unmapped["sides without a name"], 1, "{report}");
        let report = import_text(&fixture, Format::Acled, &acled).await;
        assert_eq!(report.unmapped["missing values, written as `NA`"], 1, "{report}");
        let labels = fixture.text_column("SELECT label AS said FROM actor UNION SELECT label FROM place").await;
        assert!(!labels.contains(&"NA".to_owned()) && labels.contains(&"N/A".to_owned()), "{labels:?}");
    }
}

/// Records in the form of older versions, which importing the feed again puts right.
#[tokio::test]
async fn importing_again_corrects_what_older_versions_wrote() {
    let place = |key: &str, kind: &str, label: &str, parent: Option<&str>| json!({ "record": "place", "key": key, "kind": kind, "label": label, "parent": parent, "names": [{ "text": label }] });
    let second = "country/645/Ninawa governorate/36.34,43.13/Ninawa governorate";
    let figure = |counted: &str, value: u32| json!({ "counted": counted, "countedType": "KILLING", "unit": "person", "value": value, "qualifier": "ESTIMATE" });
    let older = [
        json!({ "record": "dataset", "key": "ucdp-ged" }),
        place("country/645", "COUNTRY", "Iraq", None),
        place("country/645/Ninawa governorate", "REGION", "Ninawa governorate", Some("country/645")),
        place(second, "REGION", "Ninawa governorate", Some("country/645")),
        place("country/645/NA", "REGION", "NA", Some("country/645")),
        place("country/645/NA/NA", "DISTRICT", "NA", Some("country/645/NA")),
        place("country/645/NA/NA/36.34,43.13/NA", "OTHER", "NA", Some("country/645/NA/NA")),
        json!({ "record": "organization", "key": "actor/116", "kind": "GOVERNMENT", "label": "Government of Iraq", "names": [{ "text": "Government of Iraq" }] }),
        json!({ "record": "group", "key": "actor/234", "label": "NA", "names": [{ "text": "NA" }] }),
        json!({ "record": "group", "key": "actor/-9", "label": "Militia", "names": [{ "text": "Militia" }] }),
        json!({ "record": "group", "key": "actor/NA", "label": "NA", "names": [{ "text": "NA" }] }),
        json!({ "record": "event", "key": "1", "type": "VIOLENCE", "place": second,
            "participations": [{ "actor": "actor/116", "role": "PARTICIPANT" }, { "actor": "actor/234", "role": "PARTICIPANT" }],
            "figures": [{ "counted": "deaths", "countedType": "KILLING", "unit": "person", "value": 3, "lower": 2, "upper": 5, "qualifier": "ESTIMATE" },
                figure("deaths of side A", 1), figure("deaths of side B", 2), figure("deaths of civilians", 0), figure("deaths of people of unknown side", 0)] }),
        json!({ "record": "event", "key": "2", "type": "VIOLENCE", "place": "country/645/NA/NA/36.34,43.13/NA",
            "participations": [{ "actor": "actor/-9", "role": "PARTICIPANT" }, { "actor": "actor/NA", "role": "PARTICIPANT" }],
            "figures": [figure("deaths", 3)] }),
        // Somebody else refers to one of the wrong actors.
        json!({ "record": "dataset", "key": "desk" }),
        json!({ "record": "event", "key": "e", "type": "OTHER", "participations": [{ "actor": { "dataset": "ucdp-ged", "key": "actor/NA" }, "role": "PARTICIPANT" }] }),
    ];
    let older: String = older.iter().map(|line| format!("{line}\n")).collect();
    let province = [("where_prec", "4"), ("where_coordinates", "Ninawa governorate"), ("adm_2", "")];
    let unknown =
        [("where_coordinates", "NA"), ("adm_1", "NA"), ("adm_2", "NA"), ("side_a_new_id", "-9"), ("side_a", "Militia")];
    let unknown = [unknown.as_slice(), &[("side_b_new_id", ""), ("side_b", "NA")]].concat();
    let text = ucdp(&[&province, &unknown]);
    for (fixture, other) in databases().await.iter().zip(databases().await) {
        assert_eq!(fixture.import(&older).await.problems, []);
        let ids = "SELECT CAST(id AS TEXT) || key AS said FROM record WHERE key IN ('1', '1#/figures/0', '1#/figures/4', 'actor/234', 'country/645/Ninawa governorate') ORDER BY id";
        let before = fixture.text_column(ids).await;
        let report = import_text(fixture, Format::Ucdp, &text).await;
        assert_eq!(report.problems, []);
        assert_eq!((report.kinds["place"].deleted, report.kinds["actor"].deleted), (4, 1), "{report}");
        assert_eq!(fixture.text_column(ids).await, before);
        // The graph is the same as that of a new database, apart from the actor that is still referenced.
        import_text(&other, Format::Ucdp, &text).await;
        for query in [
            "{ places { nodes { record { key } label kind latitude parent { label } } } }",
            "{ figures(orderBy: [{ field: VALUE }]) { sums { count value lower upper } nodes { counted value partOf { counted } } } }",
        ] {
            let (one, two) = (fixture.query(query).await, other.query(query).await);
            let sorted = |data: &Value| {
                let list = data.as_object().unwrap().values().next().unwrap()["nodes"].as_array().unwrap();
                let mut nodes: Vec<String> = list.iter().map(Value::to_string).collect();
                nodes.sort();
                nodes
            };
            assert_eq!(sorted(&one), sorted(&two));
            assert_eq!(one["figures"]["sums"], two["figures"]["sums"]);
        }
        let actors = fixture.text_column("SELECT label AS said FROM actor ORDER BY label").await;
        assert_eq!(actors, ["Government of Iraq", "IS", "Militia", "NA"]);
        let again = import_text(fixture, Format::Ucdp, &text).await.total();
        assert_eq!((again.created, again.updated, again.deleted), (0, 0, 0));
    }
}

#[tokio::test]
async fn acled_actor_is_named_once_and_an_arrest_has_agent_and_target() {
    let text = feed_text("acled-api.csv")
        .replace("Tribal Militia; Tribal Guard", "Police Forces of Iraq (2014-); Tribal Guard; Tribal Guard")
        .replace("Violence against civilians,Abduction/forced disappearance", "Strategic developments,Arrests");
    for fixture in databases().await {
        let report = import_text(&fixture, Format::Acled, &text).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["actors that are also named as their own associates"], 2, "{report}");
        let sql = "SELECT event.type || ' ' || role || ' ' || actor.label AS said FROM participation
                   JOIN event ON event.id = event_id JOIN actor ON actor.id = actor_id ORDER BY participation.id";
        assert_eq!(
            fixture.text_column(sql).await,
            [
                "ARMED_CLASH PARTICIPANT Unidentified Armed Group (Iraq)",
                "ARMED_CLASH PARTICIPANT Police Forces of Iraq (2014-)",
                "ARMED_CLASH PARTICIPANT Tribal Guard",
                "ARREST AGENT Unidentified Armed Group (Iraq)",
                "ARREST TARGET Civilians (Iraq)",
            ]
        );
    }
}

#[tokio::test]
async fn ucdp_citations_are_no_headlines_and_origins_are_attributions() {
    // The article of an older version has the citation as its headline; its key is the same.
    let key = format!("article/{}", &sha256("\n\nr 23/1")[..32]);
    let older = [
        json!({ "record": "dataset", "key": "ucdp-ged" }),
        json!({ "record": "article", "key": key, "headline": "r 23/1" }),
        json!({ "record": "event", "key": "1", "type": "VIOLENCE", "evidence": [{ "article": key }] }),
    ];
    let older: String = older.iter().map(|line| format!("{line}\n")).collect();
    let row = [("source_article", "r 23/1"), ("source_original", "local officials")];
    let other = [("source_article", "Wire 1989-05-17 \"REBELS BLOW UP LINES")];
    let text = ucdp(&[&row, &other]);
    for fixture in databases().await {
        assert_eq!(fixture.import(&older).await.problems, []);
        let report = import_text(&fixture, Format::Ucdp, &text).await;
        assert_eq!(report.problems, []);
        let query = "{ events(orderBy: [{ field: RECORDED }]) { nodes { title titleSource evidence { nodes { note article { headline } } } } }
            statements { nodes { speakerText attribution speaker { label } aboutEvents { nodes { title } } evidence { nodes { article { headline } } } } } }";
        let title = "Violence, Mosul town: Government of Iraq; IS";
        assert_eq!(
            fixture.query(query).await,
            json!({
                "events": { "nodes": [
                    { "title": title, "titleSource": "GENERATED", "evidence": { "nodes": [{ "note": "Cited as: r 23/1", "article": { "headline": null } }] } },
                    { "title": title, "titleSource": "GENERATED", "evidence": { "nodes": [{ "note": null, "article": { "headline": "REBELS BLOW UP LINES" } }] } },
                ] },
                "statements": { "nodes": [{ "speakerText": "local officials", "attribution": "NOT_RECORDED", "speaker": null,
                    "aboutEvents": { "nodes": [{ "title": title }] }, "evidence": { "nodes": [{ "article": { "headline": null } }] } }] },
            })
        );
        // A row that names no origin any more leaves no statement behind.
        let changed = text.replace("local officials", "");
        let report = import_text(&fixture, Format::Ucdp, &changed).await;
        assert_eq!(report.kinds["statement"].deleted, 1, "{report}");
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(text.as_bytes()))
}

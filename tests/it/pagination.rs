//! Pagination: the pages of a list, of any size and in either direction, add up to the list.

use entity::event_type::EventType;
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

use crate::fixture::{databases, databases_with_story};

/// Events with and without dates, many of them on one day.
fn events() -> Vec<Value> {
    (0..60)
        .map(|number| {
            let mut event = json!({ "kind": "event", "key": format!("event/{number}"), "type": "VISIT", "title": format!("{}", number % 7) });
            if number % 5 != 0 {
                event["when"] = json!(format!("2021-07-{:02}", 1 + number % 4));
            }
            event
        })
        .collect()
}

async fn keys_by_paging(
    fixture: &crate::fixture::Fixture,
    filter: &str,
    order: &str,
    size: usize,
    backward: bool,
) -> Vec<String> {
    let (count, from) = if backward { ("last", "before") } else { ("first", "after") };
    let query = format!(
        "query($cursor: String) {{ events(filter: {{{filter}}}, orderBy: [{order}], {count}: {size}, {from}: $cursor) {{
            edges {{ cursor node {{ record {{ key }} }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    let mut keys: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let data = fixture.query_with(&query, json!({ "cursor": cursor })).await;
        let page = &data["events"];
        let mut rows: Vec<String> = page["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"]["record"]["key"].as_str().unwrap().to_owned())
            .collect();
        assert!(rows.len() <= size);
        if backward {
            rows.append(&mut keys);
            keys = rows;
        } else {
            keys.append(&mut rows);
        }
        let info = &page["pageInfo"];
        let (more, next) = if backward { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
        if info[more] == false {
            return keys;
        }
        cursor = info[next].clone();
    }
}

#[tokio::test]
async fn pages_of_any_size_add_up_to_the_list() {
    for fixture in databases().await {
        assert_eq!(fixture.import_lines(&events()).await.problems, []);
        for order in [
            "{field: WHEN}",
            "{field: WHEN, direction: DESC}",
            "{field: RECORDED, direction: DESC}",
            "{field: RECORDED}",
        ] {
            let whole = keys_by_paging(&fixture, "", order, 500, false).await;
            assert_eq!(whole.len(), 60);
            if order.contains("WHEN") {
                // Events without a date come last in both directions.
                let undated = |key: &String| key.trim_start_matches("event/").parse::<u32>().unwrap() % 5 == 0;
                assert_eq!(whole.iter().position(undated), Some(48), "{order}");
            }
            for size in [1, 7, 20, 59, 60] {
                assert_eq!(
                    keys_by_paging(&fixture, "", order, size, false).await,
                    whole,
                    "{order} {size} {}",
                    fixture.url
                );
                assert_eq!(
                    keys_by_paging(&fixture, "", order, size, true).await,
                    whole,
                    "{order} {size} backward {}",
                    fixture.url
                );
            }
        }
    }
}

/// `RECORDED` is unique, so it decides at its position in `orderBy`, and sort keys after it have no effect.
#[tokio::test]
async fn recorded_order_applies_at_its_position_in_order_by() {
    for fixture in databases().await {
        assert_eq!(fixture.import_lines(&events()).await.problems, []);
        let number = |key: &String| key.trim_start_matches("event/").parse::<usize>().unwrap();
        let latest_first = keys_by_paging(&fixture, "", "{field: RECORDED, direction: DESC}", 7, false).await;
        let order = "{field: RECORDED, direction: DESC}, {field: WHEN}";
        assert_eq!(keys_by_paging(&fixture, "", order, 7, false).await, latest_first);
        assert_eq!(keys_by_paging(&fixture, "", order, 7, true).await, latest_first);
        let order = "{field: WHEN}, {field: RECORDED, direction: DESC}";
        let mut by_day: Vec<usize> = (0..60).collect();
        by_day.sort_by_key(|number| (number % 5 == 0, if number % 5 == 0 { 0 } else { number % 4 }, 60 - number));
        for backward in [false, true] {
            let found: Vec<usize> = keys_by_paging(&fixture, "", order, 7, backward).await.iter().map(number).collect();
            assert_eq!(found, by_day, "{}", fixture.url);
        }
    }
}

/// Filters that many or few rows pass, early or late in the order, use different query strategies with the same result.
#[tokio::test]
async fn pages_filtered_through_relations_add_up_to_the_list() {
    const ROLES: [&str; 4] = ["VICTIM", "AGENT", "VISITOR", "TARGET"];
    // Every fifth event has a victim, all others an agent. One event has a visitor. The last ten have a target.
    let has = |number: usize, role: &str| match role {
        "VICTIM" => number.is_multiple_of(5),
        "AGENT" => !number.is_multiple_of(5),
        "VISITOR" => number == 700,
        _ => number >= 1490,
    };
    let mut records = vec![json!({ "kind": "person", "key": "p", "label": "One", "country": "IQ" })];
    for number in 0..1500 {
        let key = format!("event/{number}");
        let day = format!("20{:02}-0{}", 10 + number / 100, 1 + number % 9);
        let roles = ROLES.iter().filter(|role| has(number, role));
        let parts: Vec<Value> = roles.map(|role| json!({ "actor": "p", "role": role })).collect();
        records.push(json!({ "kind": "event", "key": key, "type": "VISIT", "when": day, "participations": parts }));
    }
    for fixture in databases().await {
        assert_eq!(fixture.import_lines(&records).await.problems, []);
        let whole = keys_by_paging(&fixture, "", "{field: WHEN}", 500, false).await;
        assert_eq!(whole.len(), 1500);
        for role in ROLES {
            let some = format!(
                "participations: {{ some: {{ role: {{ eq: {role} }}, actor: {{ country: {{ eq: \"IQ\" }} }} }} }}"
            );
            let none = format!("participations: {{ none: {{ role: {{ eq: {role} }} }} }}");
            for (filter, passes) in [(some, true), (none, false)] {
                let number = |key: &str| key.trim_start_matches("event/").parse::<usize>().unwrap();
                let mut all: Vec<String> =
                    whole.iter().filter(|key| has(number(key), role) == passes).cloned().collect();
                for direction in ["ASC", "DESC"] {
                    let order = format!("{{field: WHEN, direction: {direction}}}");
                    for (size, backward) in [(20, false), (20, true), (300, false)] {
                        let found = keys_by_paging(&fixture, &filter, &order, size, backward).await;
                        assert_eq!(found, all, "{filter} {order} {size} {backward} {}", fixture.url);
                    }
                    all.reverse();
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_with_mixed_sort_directions_add_up_to_the_list() {
    for story in databases_with_story().await {
        for order in
            ["{field: VALUE, direction: DESC}, {field: RECORDED}", "{field: VALUE}, {field: RECORDED, direction: DESC}"]
        {
            let query = format!(
                "query($cursor: String) {{ figures(orderBy: [{order}], first: 2, after: $cursor) {{ nodes {{ value }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let (mut values, mut cursor) = (Vec::new(), Value::Null);
            loop {
                let data = story.query_with(&query, json!({ "cursor": cursor })).await;
                values.extend(
                    data["figures"]["nodes"].as_array().unwrap().iter().map(|node| node["value"].as_f64().unwrap()),
                );
                if data["figures"]["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                cursor = data["figures"]["pageInfo"]["endCursor"].clone();
            }
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            if order.contains("VALUE, direction: DESC") {
                sorted.reverse();
            }
            assert_eq!(values.len(), 5);
            assert_eq!(values, sorted);
        }
    }
}

#[tokio::test]
async fn nested_pages_resume_at_the_cursor() {
    for story in databases_with_story().await {
        let query = "query($first: Int, $after: String) { article(slug: \"rudaw-2021-07-11-mikdam\") {
            annotations(first: $first, after: $after) { totalCount edges { cursor node { start end } } pageInfo { hasNextPage endCursor } } } }";
        let whole = story.query_with(query, json!({ "first": 500 })).await;
        let whole = &whole["article"]["annotations"];
        let mut pieces = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let data = story.query_with(query, json!({ "first": 40, "after": cursor })).await;
            let page = &data["article"]["annotations"];
            assert_eq!(page["totalCount"], whole["totalCount"]);
            pieces.extend(page["edges"].as_array().unwrap().clone());
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            cursor = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(&pieces, whole["edges"].as_array().unwrap());
        assert_eq!(whole["totalCount"], pieces.len());
        let starts: Vec<i64> = pieces.iter().map(|edge| edge["node"]["start"].as_i64().unwrap()).collect();
        assert!(starts.is_sorted());
    }
}

/// A short page is read in one statement with the rows that it refers to. Long pages and as-of reads load them in batches.
#[tokio::test]
async fn references_of_short_pages_are_read_in_the_same_statement() {
    for story in databases_with_story().await {
        let execute = async |list: &str, shown: &str| {
            let query = format!("{{ {list} {{ nodes {{ id {shown} }} }} }}");
            let (answer, statements) = story.query_counting_statements(&query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
            let data = answer["data"].as_object().unwrap().values().next().unwrap().clone();
            (data["nodes"].clone(), statements)
        };
        let shown = "place { label } parent { title }";
        let (short, statements) = execute("events(first: 100)", shown).await;
        assert_eq!(statements, 1);
        assert!(short.as_array().unwrap().iter().any(|event| !event["parent"].is_null()));
        assert!(short.as_array().unwrap().iter().any(|event| event["place"].is_null()));
        assert_eq!(execute("events(first: 101)", shown).await, (short.clone(), 3));
        assert_eq!(execute("events(last: 100)", shown).await, (short.clone(), 1));
        assert_eq!(execute("events(first: 100, orderBy: [{ field: WHEN }])", shown).await.1, 1);
        // An as-of read needs one more statement, for the version at that instant.
        assert_eq!(execute("events(first: 100, asOf: \"2200-01-01T00:00:00Z\")", shown).await, (short, 4));

        // One reference under several aliases has all the fields that each alias selects.
        let aliased =
            execute("events", "one: place { id capitalOf { label } } two: place { kind latitude } place { label }")
                .await;
        assert_eq!(aliased.1, 1);
        for event in aliased.0.as_array().unwrap() {
            let (one, two) = (&event["one"], &event["two"]);
            let place = json!({ "label": event["place"]["label"], "kind": two["kind"], "latitude": two["latitude"], "capitalOf": one["capitalOf"] });
            let id = one["id"].as_str().unwrap_or_default();
            let lookup = "node(id: $id) { ... on Place { label kind latitude capitalOf { label } } }";
            if one.is_null() {
                assert_eq!((&event["place"], two), (&Value::Null, &Value::Null));
            } else {
                let whole = story.query_with(&format!("query($id: ID!) {{ {lookup} }}"), json!({ "id": id })).await;
                assert_eq!(whole["node"], place);
            }
        }

        // The same applies to nested lists.
        let parts = |first: usize| format!("participations(first: {first}) {{ nodes {{ role actor {{ label }} }} }}");
        let (few, statements) = execute("events(first: 20)", &parts(100)).await;
        assert_eq!(statements, 2);
        assert_eq!(execute("events(first: 20)", &parts(101)).await, (few, 3));
    }
}

/// `totalCount` needs a separate statement only if the page does not contain the whole list.
#[tokio::test]
async fn total_count_needs_a_statement_only_for_partial_pages() {
    for story in databases_with_story().await {
        let count = async |list: &str, arguments: &str, page: &str| {
            let query = match list {
                "events" => format!("{{ events({arguments} orderBy: [{{ field: RECORDED }}]) {{ {page} }} }}"),
                _ => format!(
                    "{{ events(first: 500) {{ nodes {{ participations({arguments} orderBy: [{{ field: RECORDED }}]) {{ {page} }} }} }} }}"
                ),
            };
            let (answer, statements) = story.query_counting_statements(&query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{query}\n{answer:#}");
            let events = &answer["data"]["events"];
            let lists =
                if list == "events" { vec![events.clone()] } else { events["nodes"].as_array().unwrap().clone() };
            let of = |one: &Value| if list == "events" { one.clone() } else { one["participations"].clone() };
            (lists.iter().map(of).collect::<Vec<_>>(), statements)
        };
        for list in ["events", "participations"] {
            let (counted, _) = count(list, "first: 1", "totalCount").await;
            let counts: Vec<i64> = counted.iter().map(|one| one["totalCount"].as_i64().unwrap()).collect();
            let most = *counts.iter().max().unwrap();
            assert!(most > 2, "{list}: {counts:?}");
            let (cursors, _) = count(list, "first: 1", "pageInfo { endCursor }").await;
            let cursor = cursors.iter().find_map(|one| one["pageInfo"]["endCursor"].as_str()).unwrap();
            for (arguments, is_whole) in [
                (format!("first: {most}"), true),
                (format!("last: {}", most + 1), true),
                (format!("first: {}", most - 1), false),
                ("last: 1".into(), false),
                ("first: 0".into(), false),
                (format!("after: \"{cursor}\""), false),
                (format!("last: 500, before: \"{cursor}\""), false),
            ] {
                for page in ["nodes { id }", "edges { cursor }", "pageInfo { hasNextPage }", "... { nodes { id } }"] {
                    let (_, statements) = count(list, &arguments, page).await;
                    let (both, together) = count(list, &arguments, &format!("totalCount {page}")).await;
                    let found: Vec<i64> = both.iter().map(|one| one["totalCount"].as_i64().unwrap()).collect();
                    assert_eq!(found, counts, "{list}({arguments}) {page}");
                    assert_eq!(together - statements, usize::from(!is_whole), "{list}({arguments}) {page}");
                }
            }
        }
    }
}

#[tokio::test]
async fn aliased_lists_with_different_arguments_are_loaded_separately() {
    for story in databases_with_story().await {
        let data = story
            .query(
                "{ events(filter: { slug: { eq: \"visit-of-kadhimi-to-mikdam\" } }) { nodes {
                    visitors: participations(role: [VISITOR]) { ...Who }
                    visited: participations(role: [VISITED]) { ...Who } } } }
                fragment Who on ParticipationConnection { totalCount nodes { actor { label } } }",
            )
            .await;
        let event = &data["events"]["nodes"][0];
        assert_eq!(
            event["visitors"],
            json!({ "totalCount": 1, "nodes": [{ "actor": { "label": "Mustafa al-Kadhimi" } }] })
        );
        assert_eq!(event["visited"], json!({ "totalCount": 1, "nodes": [{ "actor": { "label": "Ali al-Mikdam" } }] }));
    }
}

#[tokio::test]
async fn invalid_page_arguments_are_rejected_with_a_message() {
    for story in databases_with_story().await {
        for (arguments, code, words) in [
            ("first: -1", "BAD_INPUT", "negative"),
            ("last: -5", "BAD_INPUT", "negative"),
            ("first: 10000", "LIMIT", "at most 500"),
            ("first: 1, last: 1", "BAD_INPUT", "cannot be combined"),
            ("after: \"nonsense\"", "BAD_INPUT", "not a cursor of this list"),
        ] {
            let (found, message) =
                story.query_error(&format!("{{ events({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await;
            assert_eq!(found, code, "{arguments}: {message}");
            assert!(message.contains(words), "{arguments}: {message}");
        }
        let many = |one: &str, times: usize| vec![one; times].join(", ");
        for arguments in [
            format!("filter: {{ or: [{}] }}", many("{ title: { eq: \"x\" } }", 900)),
            format!("orderBy: [{}]", many("{ field: WHEN }", 9)),
        ] {
            let (code, message) =
                story.query_error(&format!("{{ events({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await;
            assert_eq!(code, "LIMIT", "{message}");
        }
        // The maximum number of filters, each with many values, stays below the databases' limits of bound values.
        let types = json!({ "type": { "in": EventType::ALL.iter().map(|one| one.to_value()).collect::<Vec<_>>() } });
        let filter = json!({ "or": vec![&types; 199] });
        let data = story
            .query_with(
                "query($f: EventFilter) { events(filter: $f) { totalCount } all: events { totalCount } }",
                json!({ "f": filter }),
            )
            .await;
        assert_eq!(data["events"], data["all"]);
        let data = story.query("{ statements(first: 1) { pageInfo { endCursor } } events(first: 1, orderBy: [{field: WHEN}]) { pageInfo { endCursor } } }").await;
        for cursor in [&data["statements"], &data["events"]] {
            let cursor = &cursor["pageInfo"]["endCursor"];
            let (code, _) = story
                .query_error("query($c: String) { events(after: $c) { nodes { id } } }", json!({ "c": cursor }))
                .await;
            assert_eq!(code, "BAD_INPUT");
        }
    }
}

/// Random text is never accepted as a cursor or an id, and causes no internal error.
#[test]
fn random_cursors_and_ids_are_rejected() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stories = runtime.block_on(databases_with_story());
    let encoded =
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| data_encoding::BASE64URL_NOPAD.encode(&bytes));
    let tagged = "[a-z_]{1,12}:-?[0-9]{1,25}".prop_map(|text| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes()));
    let texts = proptest::prop_oneof![any::<String>(), encoded, tagged];
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    runner
        .run(&texts, |text| {
            for story in &stories {
                let (code, _) = runtime.block_on(
                    story
                        .query_error("query($t: String!) { events(after: $t) { nodes { id } } }", json!({ "t": text })),
                );
                assert_eq!(code, "BAD_INPUT");
                let (answer, _) = runtime.block_on(
                    story.query_counting_statements("query($t: ID!) { node(id: $t) { id } }", json!({ "t": text })),
                );
                let code = answer["errors"][0]["extensions"]["code"].as_str();
                assert!(code.is_none() || code == Some("BAD_INPUT"), "{answer}");
            }
            Ok(())
        })
        .unwrap();
}

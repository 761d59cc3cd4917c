//! Apollo Federation: the subgraph's SDL (`_service`), and entities by type and id (`_entities`).

use serde_json::{Value, json};

use crate::fixture::{STORY, databases_with_story};
use crate::server::Server;

#[tokio::test]
async fn gateway_resolves_entities_by_type_and_id() {
    for fixture in databases_with_story().await {
        let plain = Server::start_with(&fixture, &[]);
        let closed = plain.query("{ _service { sdl } }").await;
        assert_eq!(closed["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{closed}");
        let server = Server::start_with(&fixture, &["--federation"]);
        let sdl = server.query("{ _service { sdl } }").await["data"]["_service"]["sdl"].as_str().unwrap().to_owned();
        assert_eq!(sdl, newsgraph::graphql::federation::sdl());
        for mark in [
            "type Event implements Node @key(fields: \"id\") {",
            "type Person implements Actor & Node @key(fields: \"id\") {",
            "type PageInfo @shareable {",
        ] {
            assert!(sdl.contains(mark), "{mark}");
        }
        let ids = server
            .query("{ event(slug: \"abduction-of-mikdam\") { id } actor(slug: \"ali-al-mikdam\") { id } }")
            .await["data"]
            .take();
        let (event, person) = (&ids["event"]["id"], &ids["actor"]["id"]);
        let named = json!([
            { "__typename": "Event", "id": event },
            { "__typename": "Person", "id": person },
            { "__typename": "Group", "id": person },
            { "__typename": "Event", "id": event },
        ]);
        let query = "query($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Event { title } ... on Person { label } } }";
        let answer = server.query_with(query, json!({ "of": named })).await;
        let title: Value = STORY
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .find(|one: &Value| one["key"] == "abduction")
            .unwrap();
        let event = json!({ "__typename": "Event", "title": title["title"] });
        assert_eq!(
            answer["data"]["_entities"],
            json!([event, { "__typename": "Person", "label": "Ali al-Mikdam" }, null, event]),
            "{answer}"
        );
        let wrong = server.query_with(query, json!({ "of": [{ "__typename": "Event", "id": "nonsense" }] })).await;
        assert_eq!(wrong["errors"][0]["extensions"]["code"], "BAD_INPUT");
        let many = json!({ "of": vec![json!({ "__typename": "Event", "id": ids["event"]["id"] }); 501] });
        assert_eq!(server.query_with(query, many).await["errors"][0]["extensions"]["code"], "LIMIT");
    }
}

//! The standing of claims, accounts and events, and its updates after changes.

use serde_json::{Value, json};

use crate::fixture::{Fixture, databases};

fn base() -> Vec<Value> {
    vec![
        json!({ "kind": "article", "key": "article", "published": "2021-07-11" }),
        json!({ "kind": "person", "key": "ann", "label": "Ann" }),
        json!({ "kind": "person", "key": "bob", "label": "Bob" }),
        json!({ "kind": "event", "key": "event", "type": "END_OF_CAPTIVITY", "accounts": [
            { "key": "freed", "label": "freed", "type": "RESCUE", "participations": [{ "actor": "ann", "role": "AGENT" }] },
            { "key": "let-go", "label": "let go", "type": "RELEASE" },
        ] }),
        json!({ "kind": "claim", "key": "claim/freed", "text": "freed", "subject": "freed" }),
        json!({ "kind": "claim", "key": "claim/let-go", "text": "let go", "subject": "let-go" }),
    ]
}

fn says(key: &str, who: &str, claim: &str, stance: &str, said: &str) -> Value {
    json!({ "kind": "statement", "key": key, "summary": key, "speaker": who, "attribution": "NAMED_PERSON", "quoteType": "INDIRECT",
        "said": said, "article": "article", "stances": [{ "claim": claim, "stance": stance }] })
}

async fn standings(fixture: &Fixture) -> Value {
    let data = fixture
        .query("{ claims { nodes { standing implied } } events { nodes { standing accounts { nodes { standing implied participations { nodes { standing } } } } } } }")
        .await;
    json!({ "claims": data["claims"]["nodes"].as_array().unwrap().iter().map(|claim| json!([claim["standing"], claim["implied"]])).collect::<Vec<_>>(),
        "event": data["events"]["nodes"][0]["standing"],
        "accounts": data["events"]["nodes"][0]["accounts"]["nodes"].as_array().unwrap().iter().map(|account| account["standing"].clone()).collect::<Vec<_>>(),
        "part": data["events"]["nodes"][0]["accounts"]["nodes"][0]["participations"]["nodes"][0]["standing"] })
}

async fn standings_after(fixture: &Fixture, lines: &[Value]) -> Value {
    assert_eq!(fixture.import_lines(lines).await.problems, []);
    standings(fixture).await
}

#[tokio::test]
async fn standing_follows_the_latest_stance_of_each_voice() {
    for fixture in databases().await {
        let now = standings_after(&fixture, &base()).await;
        assert_eq!(now["claims"], json!([["UNSUPPORTED", false], ["UNSUPPORTED", false]]));
        assert_eq!(now["event"], Value::Null);

        let now = standings_after(&fixture, &[says("s1", "ann", "claim/freed", "ASSERTS", "2021-07-01")]).await;
        assert_eq!(now["claims"][0], json!(["UNCONTESTED", false]));
        assert_eq!((&now["accounts"][0], &now["part"]), (&json!("UNCONTESTED"), &json!("UNCONTESTED")));
        assert_eq!(now["event"], Value::Null, "an uncontested account does not make its event one");

        let now = standings_after(&fixture, &[says("s2", "bob", "claim/freed", "DENIES", "2021-07-02")]).await;
        assert_eq!(now["claims"][0], json!(["CONTESTED", false]));
        assert_eq!((&now["event"], &now["part"]), (&json!("CONTESTED"), &json!("CONTESTED")));

        // Bob changes his mind: his latest stance counts.
        let now = standings_after(&fixture, &[says("s3", "bob", "claim/freed", "CONFIRMS", "2021-07-03")]).await;
        assert_eq!(now["claims"][0], json!(["UNCONTESTED", false]));

        // Asserting a rival account contests the other account, although nobody denies it.
        let now = standings_after(&fixture, &[says("s4", "ann", "claim/let-go", "ASSERTS", "2021-07-04")]).await;
        assert_eq!(now["claims"], json!([["CONTESTED", true], ["CONTESTED", true]]));
        assert_eq!((&now["event"], &now["accounts"]), (&json!("CONTESTED"), &json!(["CONTESTED", "CONTESTED"])));

        // A statement loses its stance: the standings are as before it.
        let mut silent = says("s4", "ann", "claim/let-go", "ASSERTS", "2021-07-04");
        silent["stances"] = json!([]);
        let now = standings_after(&fixture, &[silent]).await;
        assert_eq!(now["claims"], json!([["UNCONTESTED", false], ["UNSUPPORTED", false]]));
        assert_eq!(now["event"], Value::Null);

        // Both retract.
        let now = standings_after(
            &fixture,
            &[
                says("s5", "ann", "claim/freed", "RETRACTS", "2021-07-05"),
                says("s6", "bob", "claim/freed", "RETRACTS", "2021-07-05"),
            ],
        )
        .await;
        assert_eq!(now["claims"][0], json!(["RETRACTED", false]));

        // The stance moves to the other claim.
        let now = standings_after(&fixture, &[says("s1", "ann", "claim/let-go", "DENIES", "2021-07-06")]).await;
        assert_eq!(now["claims"], json!([["RETRACTED", false], ["DENIED", false]]));
    }
}

#[tokio::test]
async fn relays_have_the_voice_of_the_relayed_statement() {
    for fixture in databases().await {
        let mut relay = says("relay", "bob", "claim/freed", "ASSERTS", "2021-07-02");
        relay["relays"] = json!("origin");
        let mut lines = base();
        lines.push(relay);
        lines.push(says("origin", "ann", "claim/freed", "ASSERTS", "2021-07-01"));
        let report = fixture.import_lines(&lines).await;
        assert_eq!(report.problems, []);
        let data = fixture.query("{ claims { nodes { sides { asserts { count voices { label } } } } } statements { nodes { voice { label } } } }").await;
        assert_eq!(
            data["claims"]["nodes"][0]["sides"]["asserts"],
            json!({ "count": 1, "voices": [{ "label": "Ann" }] })
        );
        assert_eq!(
            data["statements"]["nodes"],
            json!([{ "voice": { "label": "Ann" } }, { "voice": { "label": "Ann" } }])
        );

        // The relayed statement is corrected to be Bob's, so the relay's voice changes too.
        fixture.import_lines(&[says("origin", "bob", "claim/freed", "ASSERTS", "2021-07-01")]).await;
        let data = fixture.query("{ statements { nodes { voice { label } } } }").await;
        assert_eq!(
            data["statements"]["nodes"],
            json!([{ "voice": { "label": "Bob" } }, { "voice": { "label": "Bob" } }])
        );
    }
}

#[tokio::test]
async fn unnamed_sources_of_an_article_are_one_voice() {
    for fixture in databases().await {
        let unnamed = |key: &str, article: &str, stance: &str| {
            json!({ "kind": "statement", "key": key, "summary": key, "attribution": "UNATTRIBUTED", "quoteType": "INDIRECT", "cue": "it is said",
                "article": article, "stances": [{ "claim": "claim/freed", "stance": stance }] })
        };
        let mut lines = base();
        lines.push(json!({ "kind": "article", "key": "other", "published": "2021-07-12" }));
        lines.push(unnamed("u1", "article", "ASSERTS"));
        lines.push(unnamed("u2", "article", "ASSERTS"));
        lines.push(unnamed("u3", "other", "DENIES"));
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let data = fixture.query("{ claims(first: 1) { nodes { standing sides { asserts { count voices { label actor { label } } } denies { count } } } } }").await;
        let claim = &data["claims"]["nodes"][0];
        assert_eq!(claim["standing"], "CONTESTED");
        assert_eq!(
            claim["sides"]["asserts"],
            json!({ "count": 1, "voices": [{ "label": "it is said (unnamed)", "actor": null }] })
        );
        assert_eq!(claim["sides"]["denies"]["count"], 1);
    }
}

//! Authentication and scopes: API keys, tokens of an identity provider, and what each may read and write.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use entity::merge::MergeDecision;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use newsgraph::import::{self, MergeRequest};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases};
use crate::merge::id_of;
use crate::server::Server;

/// A private key that is used in this test only.
const PRIVATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHY5egEqgRk+YmmWLcu4eTyD+pd7bXOpyhLkaDRBuzNWhRANCAATGHeiYYmICD0//YID8Dj8Pxgy/u3SiDfKdLhfaohTvbOTydpTOM/A7LO4kDUJaLs7wq0bi4lQzZVJXkDG+kKPV";

const WRITE: &str = r#"mutation { importRecords(dataset: "api", records: [{ kind: "event", key: "a", type: "OTHER" }]) { written counts { kind created unchanged } problems { message } } }"#;

pub fn create_key(fixture: &Fixture, name: &str, scope: &str) -> String {
    let made = newsgraph(fixture, &["key", "create", name, "--scope", scope], "");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    text(&made.stdout).trim().to_owned()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn writing_requires_a_write_key_and_is_logged_with_its_name() {
    for fixture in databases().await {
        let (writer, reader) = (create_key(&fixture, "feeds", "write"), create_key(&fixture, "page", "read"));
        let admin = create_key(&fixture, "boss", "admin");
        let server = Server::start(&fixture);
        assert_eq!(code(&server.query(WRITE).await), "UNAUTHENTICATED");
        let server = server.with_key(&reader);
        assert_eq!(code(&server.query(WRITE).await), "FORBIDDEN");
        let server = server.with_key(&writer);
        let written = server.query(WRITE).await;
        let report = &written["data"]["importRecords"];
        assert_eq!(report["written"], true, "{written}");
        assert!(
            report["counts"].as_array().unwrap().contains(&json!({ "kind": "event", "created": 1, "unchanged": 0 }))
        );
        let again = server.query(WRITE).await;
        let counts = again["data"]["importRecords"]["counts"].as_array().unwrap().clone();
        assert!(counts.contains(&json!({ "kind": "event", "created": 0, "unchanged": 1 })));
        let changes = "{ changes(last: 1) { nodes { kind operation by node { ... on Event { type } } } } }";
        let change =
            |by: Value| json!({ "kind": "EVENT", "operation": "CREATE", "by": by, "node": { "type": "OTHER" } });
        let seen = server.query(changes).await;
        assert_eq!((code(&seen), &seen["data"]["changes"]["nodes"][0]), ("FORBIDDEN", &change(Value::Null)));
        let seen = server.with_key(&admin).query(changes).await;
        assert_eq!(seen["data"]["changes"]["nodes"][0], change("feeds".into()));
    }
}

#[tokio::test]
async fn import_mutation_names_the_stored_record_that_becomes_invalid() {
    for fixture in databases().await {
        let key = create_key(&fixture, "feeds", "write");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        let query = "mutation($r: [JSON!]!) { importRecords(dataset: \"api\", records: $r) {
            written problems { index dataset key pointer } } }";
        let article = |text: &str| json!({ "kind": "article", "key": "article", "text": text });
        let quote = json!({ "article": "article", "start": 0, "end": 3, "quote": "Ann" });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": [quote] });
        let first = server.query_with(query, json!({ "r": [article("Ann met Bob."), ann] })).await;
        assert_eq!(first["data"]["importRecords"], json!({ "written": true, "problems": [] }));
        let second = server.query_with(query, json!({ "r": [article("Eve met Bob.")] })).await;
        let problem = json!({ "index": null, "dataset": "api", "key": "ann", "pointer": "/evidence/0/quote" });
        assert_eq!(second["data"]["importRecords"], json!({ "written": false, "problems": [problem] }));
    }
}

/// The mutation reports problems as the command line does, and a file with problems is not written.
#[tokio::test]
async fn import_mutation_reports_each_problem_and_writes_nothing() {
    for fixture in databases().await {
        let key = create_key(&fixture, "feeds", "write");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        let query = "mutation($r: [JSON!]!, $d: Boolean!) { importRecords(dataset: \"api\", records: $r, dryRun: $d) {
            written counts { kind rejected } problems { index key pointer message suggestion } } }";
        let good = json!({ "kind": "person", "key": "ann", "label": "Ann" });
        let records = json!([good, { "kind": "event", "key": "e", "type": "VISITT" }, { "kind": "event", "key": "f", "type": "VISIT", "place": "nowhere" }]);
        let answer = server.query_with(query, json!({ "r": records, "d": false })).await;
        let report = &answer["data"]["importRecords"];
        assert_eq!(report["written"], false, "{answer}");
        let problems = report["problems"].as_array().unwrap();
        assert_eq!(problems.iter().map(|one| &one["index"]).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(problems[0]["pointer"], "/type");
        assert!(problems[0]["suggestion"].as_str().unwrap().contains("VISIT"));
        let answer = server.query_with(query, json!({ "r": [good], "d": true })).await;
        assert_eq!(answer["data"]["importRecords"]["written"], false, "{answer}");
        let people = server.query("{ people { totalCount } }").await;
        assert_eq!(people["data"]["people"]["totalCount"], 0);
        let empty = server.query("mutation { importRecords(dataset: \" \", records: []) { written } }").await;
        assert_eq!(code(&empty), "BAD_INPUT");
    }
}

/// All invalid keys and tokens get the same response, are counted in the metrics, and do not appear in the log.
#[tokio::test]
async fn invalid_credentials_are_rejected_alike_and_not_logged() {
    for fixture in databases().await {
        let (good, revoked, expired) = (
            create_key(&fixture, "good", "read,write"),
            create_key(&fixture, "revoked", "read,write"),
            create_key(&fixture, "expired", "read,write"),
        );
        let (id, secret) = good.rsplit_once('_').unwrap();
        let past = "UPDATE api_key SET expires_at = 1 WHERE name = 'expired'";
        fixture.db.connection().execute_unprepared(past).await.unwrap();
        assert_eq!(newsgraph(&fixture, &["key", "revoke", "revoked"], "").status.code(), Some(0));
        let none = BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let claims =
            BASE64URL_NOPAD.encode(br#"{"sub":"x","scope":"read write admin","exp":9999999999,"aud":"newsgraph"}"#);
        let mut wrong_secret = secret.to_owned();
        wrong_secret.replace_range(..1, if secret.starts_with('A') { "B" } else { "A" });
        let folder = tempfile::tempdir().unwrap();
        let jwks = folder.path().join("jwks.json");
        std::fs::write(&jwks, serde_json::to_string(&key_set()).unwrap()).unwrap();
        let flags = ["--jwks", jwks.to_str().unwrap(), "--jwt-audience", "newsgraph"];
        let server = Server::start_with(&fixture, &flags);
        let invalid = [
            revoked.clone(),
            expired.clone(),
            format!("{id}_{wrong_secret}"),
            format!("{id}_"),
            format!("newsgraph_999999_{secret}"),
            format!("newsgraph_x_{secret}"),
            "newsgraph_".to_owned(),
            secret.to_owned(),
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{none}"),
            "a.b.c".to_owned(),
        ];
        let mut messages = Vec::new();
        for key in &invalid {
            let request = server.client.post(format!("{}/graphql", server.address)).bearer_auth(key);
            let answer = request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{key}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"newsgraph\"");
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(code(&answer), "UNAUTHENTICATED");
            messages.push(answer["errors"][0]["message"].as_str().unwrap().to_owned());
        }
        messages.dedup();
        assert_eq!(messages.len(), 1, "{messages:?}");
        for address in [format!("/graphql?key={good}&query=%7B__typename%7D"), format!("/graphql?access_token={good}")]
        {
            assert_eq!(server.get(&address).await.status(), 400);
        }
        let basic = server.client.post(format!("{}/graphql", server.address)).basic_auth("x", Some(&good));
        assert_eq!(basic.json(&json!({ "query": "{ __typename }" })).send().await.unwrap().status(), 401);
        let refused = server.metric("newsgraph_refusals_total{code=\"UNAUTHENTICATED\"}").await;
        assert_eq!(refused, invalid.len() as f64 + 1.0);
        let log = server.log();
        for key in invalid.iter().filter(|key| key.len() > 20).chain([&good]) {
            assert!(!log.contains(key.as_str()), "{log}");
        }
        let server = server.with_key(&good);
        assert_eq!(server.query("{ __typename }").await["data"]["__typename"], "Query");
        // The server caches valid keys, so a revoked key is rejected only after the cache entry expires.
        assert_eq!(newsgraph(&fixture, &["key", "revoke", "good"], "").status.code(), Some(0));
        tokio::time::sleep(newsgraph::auth::key::CACHE_TTL).await;
        assert_eq!(code(&server.query("{ __typename }").await), "UNAUTHENTICATED");
        let list = text(&newsgraph(&fixture, &["key", "list"], "").stdout);
        assert_eq!(list.lines().count(), 4, "{list}");
        assert!(!list.contains(secret));
    }
}

#[tokio::test]
async fn read_with_key_requires_a_key_for_reading() {
    for fixture in databases().await {
        let (reader, writer) = (create_key(&fixture, "reader", "read"), create_key(&fixture, "writer", "write"));
        let server = Server::start_with(&fixture, &["--example", "--read-with-key"]);
        let query = "{ events { totalCount } }";
        assert_eq!(server.post(json!({ "query": query }).to_string()).await.status(), 401);
        assert_eq!(server.get("/graphql?query=%7Bevents%7BtotalCount%7D%7D").await.status(), 401);
        assert_eq!(server.get("/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D").await.status(), 401);
        assert_eq!(server.get("/metrics").await.status(), 401);
        assert_eq!(server.get("/health/live").await.status(), 200);
        let server = server.with_key(&writer);
        assert_eq!(server.post(json!({ "query": query }).to_string()).await.status(), 403);
        assert_eq!(server.query(WRITE).await["data"]["importRecords"]["written"], true);
        let server = server.with_key(&reader);
        assert_eq!(server.query(query).await["data"]["events"]["totalCount"], 29);
    }
}

fn private_key() -> EncodingKey {
    EncodingKey::from_ec_der(&BASE64.decode(PRIVATE_KEY.as_bytes()).unwrap())
}

fn key_set() -> JwkSet {
    let mut key = Jwk::from_encoding_key(&private_key(), Algorithm::ES256).unwrap();
    key.common.key_id = Some("one".into());
    JwkSet { keys: vec![key] }
}

/// Makes a valid token invalid.
type Change = fn(&mut Header, &mut Value);

fn token(change: impl FnOnce(&mut Header, &mut Value)) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut header = Header { kid: Some("one".into()), ..Header::new(Algorithm::ES256) };
    let mut claims = json!({ "sub": "ann", "aud": "newsgraph", "iss": "https://id.example", "exp": now + 600, "scope": "openid write" });
    change(&mut header, &mut claims);
    match header.alg {
        Algorithm::HS256 => encode(&header, &claims, &EncodingKey::from_secret(&public_key_as_secret())).unwrap(),
        _ => encode(&header, &claims, &private_key()).unwrap(),
    }
}

/// The public key, which an attacker knows, as an HMAC secret (algorithm confusion attack).
fn public_key_as_secret() -> Vec<u8> {
    serde_json::to_vec(&key_set().keys[0]).unwrap()
}

/// Serves the key set over HTTP and returns its URL.
async fn serve_key_set() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let body = serde_json::to_string(&key_set()).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_provider_tokens_are_accepted_and_invalid_ones_rejected() {
    for fixture in databases().await {
        let jwks = serve_key_set().await;
        let flags = ["--jwks", &jwks, "--jwt-audience", "newsgraph", "--jwt-issuer", "https://id.example"];
        let server = Server::start_with(&fixture, &flags);
        let status = async |token: &str| {
            let request = server.client.post(format!("{}/graphql", server.address)).bearer_auth(token);
            let answer = request.json(&json!({ "query": WRITE })).send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        };
        let (_, written) = status(&token(|_, _| {})).await;
        assert_eq!(written["data"]["importRecords"]["written"], true, "{written}");
        assert_eq!(code(&status(&token(|_, claims| claims["scope"] = "read".into())).await.1), "FORBIDDEN");
        let wrong: [(&str, Change); 7] = [
            ("for another service", |_, claims| claims["aud"] = "other".into()),
            ("by another provider", |_, claims| claims["iss"] = "https://evil.example".into()),
            ("expired", |_, claims| claims["exp"] = 1.into()),
            ("without an end", |_, claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
            ("not yet valid", |_, claims| claims["nbf"] = 9_999_999_999_u64.into()),
            ("of an unknown key", |header, _| header.kid = Some("two".into())),
            ("signed with the public key as a secret", |header, _| header.alg = Algorithm::HS256),
        ];
        for (what, change) in wrong {
            assert_eq!(status(&token(change)).await.0, 401, "{what}");
        }
        let mut parts: Vec<String> = token(|_, _| {}).split('.').map(str::to_owned).collect();
        parts[1] = BASE64URL_NOPAD
            .encode(br#"{"sub":"eve","aud":"newsgraph","iss":"https://id.example","exp":9999999999,"scope":"admin"}"#);
        assert_eq!(status(&parts.join(".")).await.0, 401);
    }
}

#[tokio::test]
async fn invalid_jwks_flags_and_key_arguments_are_rejected() {
    for fixture in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jwks.json");
        std::fs::write(&file, "{}").unwrap();
        let file = file.to_str().unwrap();
        for (flags, words) in [
            (vec!["serve", "--jwks", file], "--jwt-audience"),
            (vec!["serve", "--jwks", file, "--jwt-audience", "x"], "cannot read a JWK set"),
            (vec!["serve", "--jwks", "/no/such/file", "--jwt-audience", "x"], "cannot read"),
            (vec!["key", "create", ""], "needs a name"),
            (vec!["key", "revoke", "nobody"], "no key `nobody`"),
        ] {
            let ended = newsgraph(&fixture, &flags, "");
            assert_eq!(ended.status.code(), Some(2), "{flags:?}");
            assert!(text(&ended.stderr).contains(words), "{}", text(&ended.stderr));
        }
        create_key(&fixture, "twice", "read");
        assert_eq!(newsgraph(&fixture, &["key", "create", "twice"], "").status.code(), Some(2));
    }
}

/// Checks every mutation, and every field whose description says that it needs a scope, with a key that lacks the scope.
#[tokio::test]
async fn fields_that_need_a_scope_are_forbidden_without_it() {
    for fixture in databases().await {
        let server = Server::start(&fixture).with_key(&create_key(&fixture, "reader", "read"));
        record_decision_on_two_actors(&fixture).await;
        let schema = server
            .query("{ __schema { mutationType { name } types { name fields { name description type { kind name ofType { kind name } }
                args { name type { kind name ofType { kind name ofType { kind name } } } defaultValue } } } } }")
            .await;
        let types = schema["data"]["__schema"]["types"].as_array().unwrap();
        let mutation = schema["data"]["__schema"]["mutationType"]["name"].as_str().unwrap();
        let mut checked = 0;
        for of in types {
            for field in of["fields"].as_array().into_iter().flatten() {
                let says_so = field["description"].as_str().unwrap_or_default().contains("Needs the scope");
                if of["name"] == mutation {
                    assert!(says_so, "{field}: a mutation says which scope it needs");
                    let arguments: Vec<String> = field["args"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|argument| argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null())
                        .map(|argument| {
                            format!("{}: {}", argument["name"].as_str().unwrap(), sample(&argument["type"]["ofType"]))
                        })
                        .collect();
                    let arguments =
                        if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                    let query =
                        format!("mutation {{ {}{arguments} {{ __typename }} }}", field["name"].as_str().unwrap());
                    assert_eq!(code(&server.query(&query).await), "FORBIDDEN", "{query}");
                    checked += 1;
                } else if says_so {
                    let query = match (of["name"].as_str().unwrap(), field["name"].as_str().unwrap()) {
                        ("Change", "by") => "{ changes(first: 1) { nodes { by } } }",
                        ("Merge", "by") => "{ merges(first: 1) { nodes { by } } }",
                        other => panic!("{other:?} needs a scope: add a query for it to this test"),
                    };
                    assert_eq!(code(&server.query(query).await), "FORBIDDEN", "{query}");
                    checked += 1;
                }
            }
        }
        assert!(checked >= 2, "{checked}");
    }
}

async fn record_decision_on_two_actors(fixture: &Fixture) {
    let actors = fixture.query("{ actors(first: 2) { nodes { record { key } } } }").await;
    let key = |at: usize| actors["actors"]["nodes"][at]["record"]["key"].as_str().unwrap();
    let ((keep, kind), (other, _)) = (id_of(fixture, "mikdam", key(0)).await, id_of(fixture, "mikdam", key(1)).await);
    let request = MergeRequest { kind, keep, other, decision: MergeDecision::NotSame, by: "test".into(), reason: None };
    import::record_merge(&fixture.db, &request).await.unwrap();
}

/// Returns a GraphQL literal that is valid for the type.
fn sample(of: &Value) -> &'static str {
    match (of["kind"].as_str().unwrap(), of["name"].as_str()) {
        ("LIST", _) => "[]",
        (_, Some("Boolean")) => "false",
        (_, Some("Int" | "Float")) => "1",
        ("INPUT_OBJECT", _) => "{}",
        _ => "\"x\"",
    }
}

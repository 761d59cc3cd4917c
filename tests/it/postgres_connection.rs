//! Connections to PostgreSQL: encrypted ones, passwords, certificates of clients, and connections that many look-ups share.

use std::future::pending;
use std::path::Path;
use std::process::Command;

use newsgraph::db::Db;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::cluster::Postgres;
use crate::fixture::{Fixture, STORY, databases_with_story};
use crate::replica::wait_until;
use crate::server::Server;

/// Writes a certificate and its key, signed by an authority.
fn write_certificate(folder: &Path, file: &str, name: &str, authority: &CertifiedIssuer<'static, KeyPair>) {
    let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, authority).unwrap();
    std::fs::write(folder.join(format!("{file}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
    let chmod = Command::new("chmod").arg("600").arg(folder.join(format!("{file}.key"))).status().unwrap();
    assert!(chmod.success());
}

#[tokio::test]
async fn reads_are_encrypted_and_authenticated_like_writes() {
    let Some((server, folder)) = Postgres::alone() else { return };
    let folder = folder.path();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("root.pem"), authority.pem()).unwrap();
    write_certificate(folder, "server", "localhost", &authority);
    write_certificate(folder, "client", "certified", &authority);
    server.run("CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'p@ss:/w%rd'").await;
    server.run("CREATE ROLE certified LOGIN SUPERUSER").await;
    let access = "hostssl all reader all scram-sha-256\nhostssl all certified all cert\nhost all reader all reject\nhost all certified all reject\nlocal all postgres trust\nhost all postgres all trust\n";
    let at = folder.display();
    let settings = format!(
        "ssl = on\nssl_cert_file = '{at}/server.pem'\nssl_key_file = '{at}/server.key'\nssl_ca_file = '{at}/root.pem'\n"
    );
    server.configure(&settings, access);

    let address = format!("localhost:{}/postgres", server.port);
    let root = format!("sslrootcert={at}/root.pem");
    let client = format!("sslcert={at}/client.pem&sslkey={at}/client.key");
    for url in [
        format!("postgres://reader:p%40ss%3A%2Fw%25rd@{address}"),
        format!("postgres://reader:p%40ss%3A%2Fw%25rd@{address}?sslmode=require"),
        format!("postgres://reader:p%40ss%3A%2Fw%25rd@{address}?sslmode=verify-ca&{root}"),
        format!("postgres://reader:p%40ss%3A%2Fw%25rd@{address}?sslmode=verify-full&{root}"),
        format!("postgres://certified@{address}?sslmode=verify-full&{root}&{client}"),
    ] {
        let db = Db::connect(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let sql =
            "SELECT usename::text, ssl, current_setting('TimeZone') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE pid = pg_backend_pid()";
        let rows = db.reader().all(Statement::from_string(DatabaseBackend::Postgres, sql)).await;
        let rows = rows.unwrap_or_else(|error| panic!("{url}: {error}"));
        let row = rows.first().unwrap();
        let found: (String, bool, String) = (row.at(0).unwrap(), row.at(1).unwrap(), row.at(2).unwrap());
        let user = if url.contains("certified") { "certified" } else { "reader" };
        assert_eq!(found, (user.to_owned(), true, "UTC".to_owned()), "{url}");
        db.close().await.unwrap();
    }
    // Over a socket nothing is encrypted, and settings in the URL count.
    let socket = at.to_string().replace('/', "%2F");
    let url = format!(
        "postgres://postgres@{socket}:{}/postgres?options=-c%20work_mem%3D7MB&application_name=desk",
        server.port
    );
    let db = Db::connect(&url).await.unwrap();
    let sql = "SELECT current_setting('work_mem'), current_setting('application_name')";
    let rows = db.reader().all(Statement::from_string(DatabaseBackend::Postgres, sql)).await.unwrap();
    let row = rows.first().unwrap();
    assert_eq!((row.at::<String>(0).unwrap(), row.at::<String>(1).unwrap()), ("7MB".into(), "desk".into()));
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_look_ups_get_their_own_rows() {
    const NAME: &str = "concurrent look-ups";
    for mut fixture in databases_with_story().await {
        let is_postgres = fixture.url.starts_with("postgres");
        if is_postgres {
            fixture.url += &format!("&application_name={NAME}").replace(' ', "%20");
        }
        let server = Server::start(&fixture);
        let found = server.query("{ people(first: 100) { nodes { id label } } }").await;
        let people = found["data"]["people"]["nodes"].as_array().unwrap().clone();
        assert!(people.len() > 2, "{people:?}");
        let ask = async |person: &Value| {
            let query = "query ($id: ID!) { actor(id: $id) { id label } }";
            let body = json!({ "query": query, "variables": { "id": person["id"] } }).to_string();
            let response: Value = server.post(body).await.json().await.unwrap();
            assert_eq!(response, json!({ "data": { "actor": person } }));
        };
        // The first request of a document does not share a connection yet.
        ask(&people[0]).await;
        for _ in 0..10 {
            let requests = people.iter().cycle().take(100).map(&ask);
            futures_util::future::join_all(requests).await;
        }
        if is_postgres {
            // The database closes all connections of the server, which opens new ones.
            let sql = format!(
                "SELECT count(pg_terminate_backend(pid))::text AS said FROM pg_stat_activity WHERE application_name = '{NAME}'"
            );
            let closed: usize = fixture.text_column(&sql).await[0].parse().unwrap();
            assert!(closed > 1, "{closed}");
            let query = json!({ "query": "query ($id: ID!) { actor(id: $id) { id label } }", "variables": people[0] });
            wait_until("look-ups work again", async || {
                server.post(query.to_string()).await.json::<Value>().await.unwrap().get("errors").is_none()
            })
            .await;
            futures_util::future::join_all(people.iter().map(&ask)).await;
        }
    }
}

/// A statement that takes long runs on a connection of its own, and the short ones of other requests do not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn long_statements_do_not_share_a_connection() {
    for fixture in databases_with_story().await.into_iter().filter(|fixture| fixture.url.starts_with("postgres")) {
        let server = Server::start_with(&fixture, &["--answer-cache", "0"]);
        let list = json!({ "query": "query ($country: String!) { people(first: 5, filter: { country: { eq: $country } }) { nodes { label } } }", "variables": { "country": "IQ" } }).to_string();
        let ask = async || server.post(list.clone()).await.json::<Value>().await.unwrap();
        let expected = ask().await;
        assert!(expected["data"]["people"]["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty()), "{expected}");
        assert_eq!(ask().await, expected);
        // Each row takes 30 milliseconds from now on.
        let slow = "CREATE FUNCTION slow(value text) RETURNS text LANGUAGE plpgsql VOLATILE AS 'BEGIN PERFORM pg_sleep(0.03); RETURN value; END';
            ALTER TABLE actor RENAME TO all_actors;
            CREATE VIEW actor AS SELECT * FROM all_actors WHERE slow(label) IS NOT NULL";
        fixture.db.connection().execute_unprepared(slow).await.unwrap();
        let event = json!({ "query": "query ($slug: String!) { event(slug: $slug) { title } }", "variables": { "slug": "visit-of-kadhimi-to-mikdam" } }).to_string();
        let look_up = async || server.post(event.clone()).await.json::<Value>().await.unwrap();
        let title = look_up().await;
        for _ in 0..2 {
            let (found, titles) = futures_util::join!(
                futures_util::future::join_all((0..12).map(|_| ask())),
                futures_util::future::join_all((0..20).map(|_| look_up())),
            );
            assert!(found.iter().all(|one| *one == expected), "{found:?}");
            assert!(titles.iter().all(|one| *one == title), "{titles:?}");
        }
    }
}

/// Forwards connections to a server. After [`Proxy::stall`], those that are open stay open but carry nothing more, as when a firewall
/// has dropped them.
struct Proxy {
    port: u16,
    stalled: watch::Sender<usize>,
}

impl Proxy {
    async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stalled = watch::Sender::new(0);
        let stalls = stalled.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut stalls = stalls.subscribe();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = stalls.changed() => pending::<()>().await,
                    }
                });
            }
        });
        Self { port, stalled }
    }

    fn stall(&self) {
        self.stalled.send_modify(|number| *number += 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_recover_from_a_connection_that_was_dropped_silently() {
    let Some((postgres, _folder)) = Postgres::alone() else { return };
    let proxy = Proxy::start(postgres.port).await;
    let mut fixture = Fixture::at(postgres.url()).await;
    fixture.import(STORY).await;
    fixture.url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port);
    let server = Server::start_with(&fixture, &["--timeout", "3", "--answer-cache", "0"]);
    let found = server.query("{ people(first: 1) { nodes { id } } }").await;
    let query = "query ($id: ID!) { actor(id: $id) { id } }";
    let body = json!({ "query": query, "variables": found["data"]["people"]["nodes"][0] }).to_string();
    let is_answered = async || server.post(body.clone()).await.json::<Value>().await.unwrap().get("errors").is_none();
    // The second request shares a connection.
    assert!(is_answered().await && is_answered().await && is_answered().await);
    proxy.stall();
    assert!(!is_answered().await);
    wait_until("look-ups work again", is_answered).await;
}

//! A server process for one test, on a free port.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::fixture::Fixture;

pub struct Server {
    /// `None` for a second client of a server that another value owns.
    child: Option<Child>,
    pub address: String,
    pub client: Client,
    key: Option<String>,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts a server with the example story.
    pub fn start(fixture: &Fixture) -> Self {
        Self::start_with(fixture, &["--example"])
    }

    pub fn start_with(fixture: &Fixture, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &fixture.url])
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let address = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| {
                before.push(line.clone());
                Some(line.split_once("GraphiQL is at ")?.1.split_once("/ and")?.0.to_owned())
            })
            .unwrap_or_else(|| panic!("the server says where it listens: {before:?}"));
        let log = Arc::new(Mutex::new(before));
        let shared = Arc::clone(&log);
        let reader =
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| shared.lock().unwrap().push(line)));
        newsgraph::http_client::choose_cryptography();
        Self { child: Some(child), address, client: Client::new(), key: None, log, reader: Some(reader) }
    }

    /// Returns another client of the same server, without a key.
    pub fn other_client(&self) -> Self {
        let (address, log) = (self.address.clone(), Arc::clone(&self.log));
        Self { child: None, address, client: Client::new(), key: None, log, reader: None }
    }

    /// Sends the key with all further requests.
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.header(AUTHORIZATION, format!("Bearer {key}")),
            None => request,
        }
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.post(format!("{}/graphql", self.address));
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = request.header(ACCEPT, "application/graphql-response+json");
        self.authorized(request).body(body).send().await.unwrap()
    }

    pub async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    pub async fn query_with(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        self.post(body.to_string()).await.json().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.address)).header(ACCEPT, "application/json, */*;q=0.5");
        self.authorized(request).send().await.unwrap()
    }

    /// Returns the value of a metric of `/metrics`, or 0 if it is not there yet.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Returns the id of the server's process.
    pub fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let sent =
            Command::new("kill").args(["-TERM", &self.child.as_ref().unwrap().id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        tokio::task::block_in_place(|| {
            let status = self.child.as_mut().unwrap().wait().unwrap();
            // The last lines of the log may not have been read yet.
            if let Some(reader) = self.reader.take() {
                reader.join().unwrap();
            }
            status
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

//! A PostgreSQL server of a test's own with a streaming replica, where PostgreSQL's programs are at hand.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};

/// A server, stopped with the test however that ends.
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    pub port: u16,
}

/// A server and its streaming replica.
pub struct Cluster {
    pub primary: Postgres,
    pub replica: Postgres,
    _folder: tempfile::TempDir,
}

/// Where the newest of PostgreSQL's programs are, if tests on PostgreSQL are wanted.
fn programs() -> Option<PathBuf> {
    std::env::var_os("TEST_DATABASE_URL")?;
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|one| one.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let newest = PathBuf::from(format!("/usr/lib/postgresql/{}/bin", versions.max()?));
    ["initdb", "pg_ctl", "pg_basebackup"].iter().all(|name| newest.join(name).exists()).then_some(newest)
}

fn is_root() -> bool {
    let said = Command::new("id").arg("-u").output().unwrap();
    said.stdout.trim_ascii() == b"0"
}

/// Runs a program as somebody whom PostgreSQL's servers start for: not root.
fn run(program: &Path, arguments: &[&str]) -> Output {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // What a server inherits it keeps open: nothing that somebody waits to read the end of.
    command.args(arguments).current_dir("/").output().unwrap()
}

fn done(program: &Path, arguments: &[&str]) {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program:?} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Postgres {
    fn new(programs: &Path, data: PathBuf) -> Self {
        Self { programs: programs.to_owned(), data, port: free_port() }
    }

    fn path(&self) -> &str {
        self.data.to_str().unwrap()
    }

    pub fn start(&self) {
        let folder = self.data.parent().unwrap().display();
        let options = format!(
            "-p {} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=100 -c shared_buffers=16MB",
            self.port
        );
        let log = format!("{}.log", self.path());
        done(&self.programs.join("pg_ctl"), &["-D", self.path(), "-w", "-l", &log, "-o", &options, "start"]);
    }

    /// All its processes stand still, or go on: connections stay open and nothing answers.
    pub fn freeze(&self, is_frozen: bool) {
        let Ok(file) = std::fs::read_to_string(self.data.join("postmaster.pid")) else { return };
        let first = file.lines().next().unwrap().to_owned();
        let others = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let all = std::iter::once(first.as_str()).chain(others.split_whitespace());
        // One of them may have ended meanwhile.
        Command::new("kill").arg(signal).args(all).output().unwrap();
    }

    /// As a crash does: nothing is finished, all connections break.
    pub fn kill(&self) {
        self.freeze(false);
        run(&self.programs.join("pg_ctl"), &["-D", self.path(), "-w", "-m", "immediate", "stop"]);
    }

    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub async fn connect(&self) -> DatabaseConnection {
        Database::connect(self.url()).await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        let connection = self.connect().await;
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The number that SQL gives as `said`.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = self.connect().await;
        let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await.unwrap();
        let said = row.unwrap().try_get("", "said").unwrap();
        connection.close().await.unwrap();
        said
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cluster {
    /// Both, running; none where PostgreSQL is not to be tested on, or its programs are missing.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no TEST_DATABASE_URL, or no programs of PostgreSQL in /usr/lib/postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success());
        }
        let primary = Postgres::new(&programs, folder.path().join("primary"));
        done(&programs.join("initdb"), &["-D", primary.path(), "-U", "postgres", "--auth", "trust", "--no-sync"]);
        primary.start();
        let replica = Postgres::new(&programs, folder.path().join("replica"));
        let port = primary.port.to_string();
        let from = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-D", replica.path()];
        let how = ["-R", "-X", "stream", "-c", "fast", "--no-sync"];
        done(&programs.join("pg_basebackup"), &[&from[..], &how[..]].concat());
        replica.start();
        Some(Self { primary, replica, _folder: folder })
    }

    /// The replica stays as it is until [`Self::resume`].
    pub async fn pause(&self) {
        self.replica.run("SELECT pg_wal_replay_pause()").await;
        // It is paused a little after it was asked for.
        while self
            .replica
            .number("SELECT CAST(pg_get_wal_replay_pause_state() = 'paused' AS INT)::bigint AS said")
            .await
            == 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    pub async fn resume(&self) {
        self.replica.run("SELECT pg_wal_replay_resume()").await;
    }

    /// Waits until the replica has all that was written.
    pub async fn caught_up(&self) {
        // By its log: the tables that are asked for may not be there yet.
        let written = self.primary.number("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT) AS said").await;
        let replayed = "SELECT CAST(COALESCE(pg_last_wal_replay_lsn(), '0/0') - '0/0' AS BIGINT) AS said";
        while self.replica.number(replayed).await < written {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

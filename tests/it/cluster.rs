//! A PostgreSQL server with a streaming replica for one test, if the PostgreSQL programs are installed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};

/// A PostgreSQL server. Dropping it stops the server, also when the test panics.
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

/// Returns the folder of the newest PostgreSQL programs; `None` without `TEST_DATABASE_URL` or without the programs.
fn programs() -> Option<PathBuf> {
    std::env::var_os("TEST_DATABASE_URL")?;
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|one| one.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let newest = PathBuf::from(format!("/usr/lib/postgresql/{}/bin", versions.max()?));
    ["initdb", "pg_ctl", "pg_basebackup"].iter().all(|name| newest.join(name).exists()).then_some(newest)
}

/// Returns the folder of the PostgreSQL programs, and a folder that a server can write; `None` as for [`programs`].
fn prepare() -> Option<(PathBuf, tempfile::TempDir)> {
    let Some(programs) = programs() else {
        eprintln!("skipped: no TEST_DATABASE_URL, or no PostgreSQL programs in /usr/lib/postgresql");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    if is_root() {
        let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
        assert!(owned.success());
    }
    Some((programs, folder))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// Runs a PostgreSQL program as a user other than root, because the server refuses to run as root.
fn run(program: &Path, arguments: &[&str]) -> Output {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The server is a child of `pg_ctl` and inherits its output. `start` passes a log file (`-l`), so that `output()`
    // does not wait until the server stops.
    command.args(arguments).current_dir("/").output().unwrap()
}

fn run_successfully(program: &Path, arguments: &[&str]) {
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

    /// Starts a server without a replica; returns it with its folder. Returns `None` without `TEST_DATABASE_URL` or without the
    /// PostgreSQL programs.
    pub fn alone() -> Option<(Self, tempfile::TempDir)> {
        let (programs, folder) = prepare()?;
        let server = Self::create(&programs, folder.path());
        Some((server, folder))
    }

    /// Creates a server in a folder and starts it.
    fn create(programs: &Path, folder: &Path) -> Self {
        let server = Self::new(programs, folder.join("primary"));
        run_successfully(
            &programs.join("initdb"),
            &["-D", server.path(), "-U", "postgres", "--auth", "trust", "--no-sync"],
        );
        server.start();
        server
    }

    /// Adds settings, replaces the rules about who may connect, and applies both. The server may read all files beside its data.
    pub fn configure(&self, settings: &str, access: &str) {
        let file = self.data.join("postgresql.conf");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{before}\n{settings}")).unwrap();
        std::fs::write(self.data.join("pg_hba.conf"), access).unwrap();
        if is_root() {
            let owned =
                Command::new("chown").args(["-R", "postgres"]).arg(self.data.parent().unwrap()).status().unwrap();
            assert!(owned.success());
        }
        run_successfully(&self.programs.join("pg_ctl"), &["-D", self.path(), "-w", "-m", "fast", "stop"]);
        self.start();
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
        run_successfully(
            &self.programs.join("pg_ctl"),
            &["-D", self.path(), "-w", "-l", &log, "-o", &options, "start"],
        );
    }

    /// Suspends or resumes all processes of the server. While suspended, connections stay open without a response.
    pub fn freeze(&self, is_frozen: bool) {
        let Ok(file) = std::fs::read_to_string(self.data.join("postmaster.pid")) else { return };
        let first = file.lines().next().unwrap().to_owned();
        let others = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let all = std::iter::once(first.as_str()).chain(others.split_whitespace());
        // `kill` fails if a process has ended meanwhile, which is no error here.
        Command::new("kill").arg(signal).args(all).output().unwrap();
    }

    /// Stops the server as a crash does: without finishing transactions, and with all connections broken.
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

    /// Returns the number in the column `said` of an SQL query.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = self.connect().await;
        let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await.unwrap();
        let number = row.unwrap().try_get("", "said").unwrap();
        connection.close().await.unwrap();
        number
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cluster {
    /// Starts both servers. Returns `None` without `TEST_DATABASE_URL` or without the PostgreSQL programs.
    pub fn start() -> Option<Self> {
        let (programs, folder) = prepare()?;
        let primary = Postgres::create(&programs, folder.path());
        let replica = Postgres::new(&programs, folder.path().join("replica"));
        let port = primary.port.to_string();
        let from = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-D", replica.path()];
        let options = ["-R", "-X", "stream", "-c", "fast", "--no-sync"];
        run_successfully(&programs.join("pg_basebackup"), &[&from[..], &options[..]].concat());
        replica.start();
        Some(Self { primary, replica, _folder: folder })
    }

    /// Pauses replay: the replica shows no further changes until [`Self::resume`].
    pub async fn pause(&self) {
        self.replica.run("SELECT pg_wal_replay_pause()").await;
        // The request returns before replay is paused.
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

    /// Waits until the replica has replayed everything that the primary has written.
    pub async fn wait_for_replica(&self) {
        // Compares WAL positions instead of rows, because tables may not exist on the replica yet.
        let written = self.primary.number("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT) AS said").await;
        let replayed = "SELECT CAST(COALESCE(pg_last_wal_replay_lsn(), '0/0') - '0/0' AS BIGINT) AS said";
        while self.replica.number(replayed).await < written {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

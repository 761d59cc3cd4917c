"""The same generated graph in both databases, loaded once and kept."""

import os
import pathlib
import subprocess

from grow import grow

# The number of events of the largest graph that is imported. Larger graphs are copies of it.
MOST = 1_000_000


def psql(url, text):
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def generated(work, events):
    file = work / f"{events}.jsonl"
    if not file.exists():
        unfinished = work / f"{events}.jsonl.unfinished"
        with unfinished.open("w") as out:
            subprocess.run([os.environ["PROGRAM"], "generate", "--events", str(events), "--seed", "7"], stdout=out, check=True)
        unfinished.rename(file)
    return file


def load(url, file):
    subprocess.run([os.environ["PROGRAM"], "import", "--database-url", url, str(file)], check=True, stdout=subprocess.DEVNULL)


class Postgres:
    title, dialect, most = "PostgreSQL", "postgresql", float("inf")

    def __init__(self, work, server, events):
        base = server.rsplit("/", 1)[0]
        name = f"ask_{events}"
        self.url = f"{base}/{name}"
        if not psql(server, f"SELECT 1 FROM pg_database WHERE datname = '{name}'").strip():
            psql(server, f"DROP DATABASE IF EXISTS {name}_unfinished")
            if int(events) > MOST:
                # Copy the graph that was imported.
                assert int(events) % MOST == 0, f"more than {MOST:,} events come in whole millions"
                one = Postgres(work, server, MOST)
                psql(server, f"CREATE DATABASE {name}_unfinished TEMPLATE {one.url.rsplit('/', 1)[1]}")
                grow(lambda text: psql(f"{self.url}_unfinished", text), int(events) // MOST)
            else:
                psql(server, f"CREATE DATABASE {name}_unfinished")
                load(f"{self.url}_unfinished", generated(work, events))
            # Otherwise autovacuum would do this later, in the middle of a measurement.
            psql(f"{self.url}_unfinished", "VACUUM (ANALYZE)")
            psql(server, f"ALTER DATABASE {name}_unfinished RENAME TO {name}")

    def sql(self, text):
        return psql(self.url, text)

    def bytes(self):
        return int(self.sql("SELECT pg_database_size(current_database())"))

    def version(self):
        return f"PostgreSQL {self.sql('SHOW server_version').split()[0]}"


class SQLite:
    title, dialect, most = "SQLite", "sqlite", MOST

    def __init__(self, work, events):
        self.file = pathlib.Path(work / f"{events}.db")
        self.url = f"sqlite://{self.file}"
        if not self.file.exists():
            for unfinished in work.glob("unfinished.db*"):
                unfinished.unlink()
            unfinished = work / "unfinished.db"
            load(f"sqlite://{unfinished}", generated(work, events))
            subprocess.run(["sqlite3", str(unfinished), "PRAGMA wal_checkpoint(TRUNCATE)"], check=True, stdout=subprocess.DEVNULL)
            unfinished.rename(self.file)

    def bytes(self):
        return sum(file.stat().st_size for file in self.file.parent.glob(self.file.name + "*"))

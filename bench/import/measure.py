"""Imports generated records into both databases and writes a table of the throughput: see `run`."""

import datetime
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

program, work, server, sizes, killed, results = sys.argv[1:]
work = pathlib.Path(work).resolve()
random.seed(9)
TABLES = """account actor article article_author change claim counter dataset event event_link evidence external_id figure
mention name name_key participation place record relation stance statement statement_about""".split()
PART = 50_000


class SQLite:
    name = "SQLite"

    def __init__(self, label):
        self.file = work / f"{label}.db"
        self.drop()
        self.url = f"sqlite://{self.file}"

    def sql(self, text, *options):
        return subprocess.run(["sqlite3", *options, str(self.file), text], check=True, capture_output=True, text=True).stdout

    def drop(self):
        for end in ["", "-wal", "-shm"]:
            pathlib.Path(f"{self.file}{end}").unlink(missing_ok=True)

    def dump(self, table):
        return sorted(self.sql(f'SELECT * FROM "{table}"', "-csv").splitlines())

    def floor(self):
        """Returns the seconds that the database's bulk load takes for the same rows in tables without indexes."""
        bare = work / "bare.db"
        bare.unlink(missing_ok=True)
        seconds = 0
        for table in TABLES:
            columns = self.sql(f"SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('{table}')").strip()
            rows = work / "rows.csv"
            with rows.open("w") as out:
                subprocess.run(["sqlite3", "-csv", str(self.file), f'SELECT * FROM "{table}"'], check=True, stdout=out)
            script = f'CREATE TABLE "{table}" ({columns});\n.import --csv {rows} {table}\n'
            start = time.monotonic()
            subprocess.run(["sqlite3", str(bare)], input=script, check=True, capture_output=True, text=True)
            seconds += time.monotonic() - start
        bare.unlink()
        return seconds


class Postgres:
    name = "PostgreSQL"

    def __init__(self, label):
        self.base, self.url = label, f"{server.rsplit('/', 1)[0]}/{label}"
        self.drop()
        psql(server, f"CREATE DATABASE {label}")

    def sql(self, text):
        return psql(self.url, text)

    def drop(self):
        psql(server, f"DROP DATABASE IF EXISTS {self.base} WITH (FORCE)")

    def dump(self, table):
        return sorted(self.sql(f'COPY "{table}" TO STDOUT').splitlines())

    def floor(self):
        seconds = 0
        for table in TABLES:
            rows = work / "rows.tsv"
            psql(self.url, f"\\copy \"{table}\" TO '{rows}'")
            self.sql(f'CREATE TABLE bare AS SELECT * FROM "{table}" WHERE FALSE')
            start = time.monotonic()
            psql(self.url, f"\\copy bare FROM '{rows}'")
            seconds += time.monotonic() - start
            self.sql("DROP TABLE bare")
        return seconds


def psql(url, text):
    return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, url], check=True, capture_output=True, text=True).stdout


def command(database, file, every):
    options = ["--commit-every", str(every)] if every else []
    return [program, "import", "--database-url", database.url, *options, str(file)]


def measure(database, file, every=None):
    """Returns seconds, peak memory in MB, and the times at which each tenth of the file was read."""
    start = time.monotonic()
    child = subprocess.Popen(command(database, file, every), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # `ru_maxrss` of a child includes the memory of this process at the time of the fork, so sample VmHWM instead.
    peak, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.1):
            held = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{child.pid}/status").read_text())
            peak[0] = int(held[1]) / 1024 if held else peak[0]

    watcher = threading.Thread(target=watch)
    watcher.start()
    tenths = [0.0]
    for line in child.stderr:
        if re.match(r"\d+0 % read", line):
            tenths.append(time.monotonic() - start)
    output = child.stdout.read()
    ended.set()
    watcher.join()
    assert child.wait() == 0, output
    return time.monotonic() - start, peak[0], tenths


def generate(events):
    file = work / f"{events}.jsonl"
    if not file.exists():
        with file.open("w") as out:
            subprocess.run([program, "generate", "--events", str(events), "--seed", "7"], stdout=out, check=True)
    with file.open() as lines:
        return file, sum(1 for _ in lines)


def killing(kind, file, records):
    """Kills an import ten times, resumes it, and compares the result with an uninterrupted import."""
    every = 5_000
    whole = kind("undisturbed")
    seconds, _, _ = measure(whole, file, every)
    disturbed = kind("killed")
    subprocess.run([program, "migrate", "up", "--database-url", disturbed.url], check=True, stdout=subprocess.DEVNULL)
    steps = []
    for _ in range(10):
        child = subprocess.Popen(command(disturbed, file, every), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.02, 0.12) * seconds)
        assert child.poll() is None, "the import ended before it was killed"
        child.kill()
        child.wait()
        # In one statement, because PostgreSQL may still be executing the last commit.
        counts = "SELECT (SELECT COUNT(*) FROM record WHERE owner_id IS NULL), (SELECT COUNT(*) FROM change)"
        tops, changes = map(int, disturbed.sql(counts).split("|"))
        assert tops == changes and tops % every == 0, (tops, changes)
        steps.append(tops)
    assert sorted(steps) == steps and steps[-1] < records, steps
    start = time.monotonic()
    subprocess.run(command(disturbed, file, every), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rest = time.monotonic() - start
    for database in [whole, disturbed]:
        database.sql("UPDATE change SET at = 0")
    for table in [*TABLES, "import_run", "import_seen"]:
        assert whole.dump(table) == disturbed.dump(table), table
    whole.drop()
    disturbed.drop()
    return f"| {kind.name} | {seconds:.0f} s | {', '.join(f'{one:,}' for one in steps)} | {rest:.0f} s | yes |"


version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
postgres = psql(server, "SHOW server_version").split()[0]
out = [
    "# How fast records come in",
    "",
    f"Written by `bench/import/run` on {datetime.date.today()} with {version} and PostgreSQL {postgres}, on {os.cpu_count()} cores that the database and",
    "the program share. Events are generated (`newsgraph generate --seed 7`) with participants, articles, statements, claims",
    "and evidence. A record is a line of the file; a row is one in any table. The floor is the same rows put into tables",
    "without any index or key, by `COPY` and by `sqlite3 .import`: nothing is read, judged, resolved, derived or indexed",
    f"there. In parts is `--commit-every {PART}`; its rates are of the first and the last fifth of the file.",
    "",
    "| events | records | rows | database | seconds | records/s | memory, MB | in parts: records/s | memory, MB | first fifth | last fifth | floor: seconds | records/s |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
]
for events in map(int, sizes.split()):
    file, records = generate(events)
    for kind in [SQLite, Postgres]:
        database = kind(f"whole_{events}")
        seconds, memory, _ = measure(database, file)
        rows = sum(int(database.sql(f'SELECT COUNT(*) FROM "{table}"')) for table in TABLES)
        floor = database.floor()
        database.drop()
        database = kind(f"parts_{events}")
        parted, less, tenths = measure(database, file, PART)
        database.drop()
        # The last tenth is reported when the file is read completely, before everything is written.
        tenths = [*tenths[:10], parted]
        first, last = records / 5 / tenths[2], records / 5 / (tenths[10] - tenths[8])
        out.append(
            f"| {events:,} | {records:,} | {rows:,} | {kind.name} | {seconds:.1f} | {records / seconds:,.0f} | {memory:.0f} "
            f"| {records / parted:,.0f} | {less:.0f} | {first:,.0f} | {last:,.0f} | {floor:.1f} | {records / floor:,.0f} |"
        )
        print(out[-1], flush=True)
if int(killed):
    file, records = generate(int(killed))
    out += [
        "",
        f"An import of {records:,} records with `--commit-every 5000` is killed (`kill -9`) ten times, at random moments, and runs through",
        "the eleventh time. Each time the database opens and holds whole parts only; in the end every row of every table is",
        "that of an import that nobody disturbed.",
        "",
        "| database | undisturbed | records written when it was killed | the eleventh time | equal |",
        "|---|---|---|---|---|",
    ]
    for kind in [SQLite, Postgres]:
        out.append(killing(kind, file, records))
        print(out[-1], flush=True)
pathlib.Path(results).write_text("\n".join(out) + "\n")

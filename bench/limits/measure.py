"""Measures what the limits of requests protect: see `run`."""

import base64
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ask"))
from databases import Postgres, SQLite, load, psql

work, server, events, seconds = sys.argv[1:]
work, seconds = pathlib.Path(work).resolve(), int(seconds)
HERE = pathlib.Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
CHEAP = "{ events(first: 5) { nodes { id title } } }"
# Sixty facets over all events.
EXPENSIVE = "{ events { " + " ".join(f"f{at}: facets(by: [TYPE, PLACE, STANDING]) {{ by buckets {{ value count }} }}" for at in range(20)) + " } }"
EXPENSIVE_CLIENTS = 10
SUBSCRIPTIONS, FILTER_PARTS, CHANGED_EVENTS = 2000, 150, 200

# Shapes of queries; `ACTOR` is the actor with the most links.
SHAPES = {
    "one event": "{ events(first: 1) { nodes { id } } }",
    "500 events": "{ events(first: 500) { nodes { id title type } } }",
    "500 events of a past state": '{ events(first: 500, asOf: "NOW") { nodes { id title type } } }',
    "50 events with participations": "{ events(first: 50) { nodes { id participations(first: 20) { nodes { role actor { label } } } } } }",
    "a filter that matches nothing": "{ events(first: 20, filter: {title: {isNull: true}}) { nodes { id } } }",
    "count of matches of a filter": "{ events(filter: {title: {isNull: true}}) { totalCount } }",
    "count of a past state": '{ events(asOf: "NOW", filter: {title: {isNull: true}}) { totalCount } }',
    "facets": "{ events { facets(by: [TYPE, PLACE, STANDING]) { by buckets { value count } } } }",
    "histogram": "{ events { histogram(interval: MONTH) { buckets { count } } } }",
    "search": '{ search(text: "Mikdam", first: 50) { hits { rule } totalCount } }',
    "neighbors, 1 hop": '{ actor(id: "ACTOR") { neighbors(depth: 1, first: 100) { nodes { distance } } } }',
    "neighbors, 2 hops": '{ actor(id: "ACTOR") { neighbors(depth: 2, first: 100) { nodes { distance } } } }',
    "neighbors, 3 hops": '{ actor(id: "ACTOR") { neighbors(depth: 3, first: 100) { nodes { distance } } } }',
}


class Server:
    """A server whose clients are told apart by a header."""

    def __init__(self, url, *flags):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [os.environ["PROGRAM"], "serve", "--database-url", url, "--listen", f"127.0.0.1:{self.port}", "--answer-cache", "0"]
        self.process = subprocess.Popen([*command, "--address-header", "X-Forwarded-For", "--log", "error", *flags], stderr=subprocess.DEVNULL)
        while True:
            try:
                if self.get("/health/ready") == 200:
                    return
            except OSError:
                assert self.process.poll() is None, "the server did not start"
            time.sleep(0.1)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().status

    def query(self, text, client="192.0.2.1", extensions=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"content-type": "application/json", "X-Forwarded-For": client}
        started = time.monotonic()
        connection.request("POST", "/graphql", json.dumps({"query": text, "extensions": extensions or {}}), headers)
        body = connection.getresponse().read()
        return time.monotonic() - started, json.loads(body)

    def subscribe(self, text, client):
        """Opens a stream of server-sent events; returns its socket."""
        stream = socket.create_connection(("127.0.0.1", self.port))
        body = json.dumps({"query": text}).encode()
        head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nX-Forwarded-For: {client}\r\nContent-Length: {len(body)}\r\n\r\n"
        stream.sendall(head.encode() + body)
        return stream

    def processor(self):
        """Returns the processor time of the server so far, in seconds."""
        user, system = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def memory(self, name="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def fairness(url):
    """Times a cheap query, alone and while another client sends expensive ones."""
    one = Server(url)
    try:
        alone = [one.query(CHEAP, "192.0.2.2")[0] for _ in range(300)]
        stopped, codes = threading.Event(), {}

        def send():
            while not stopped.is_set():
                answer = one.query(EXPENSIVE)[1]
                code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else "answered"
                codes[code] = codes.get(code, 0) + 1

        threads = [threading.Thread(target=send) for _ in range(EXPENSIVE_CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        loaded, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            loaded.append(one.query(CHEAP, "192.0.2.2")[0])
            time.sleep(0.02)
        stopped.set()
        for thread in threads:
            thread.join()
        return alone, loaded, codes
    finally:
        one.stop()


def prices(url, actor):
    """Yields the processor time of each shape and its cost and work."""
    one = Server(url, "--max-work", "1000000000")
    try:
        for name, text in SHAPES.items():
            text = text.replace("ACTOR", actor).replace("NOW", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
            took, answer = one.query(text, extensions={"cost": True})
            assert "errors" not in answer, answer
            cost = answer["extensions"]["cost"]
            count = max(2, min(200, int(1 / max(took, 0.0001))))
            before = one.processor()
            for _ in range(count):
                one.query(text)
            yield name, (one.processor() - before) / count * 1e6, cost["requested"], cost["work"]
    finally:
        one.stop()


def subscriptions(url):
    """Returns the processor time and peak memory of one write while many clients subscribe with long filters."""
    one = Server(url, "--subscription-memory", str(1 << 30))
    streams = []
    try:
        for at in range(SUBSCRIPTIONS):
            # Half of the parts differ from client to client, in a way that matches nothing.
            parts = ", ".join(["{kind: {eq: EVENT}}"] + [f"{{kind: {{eq: {['ARTICLE', 'PLACE', 'CLAIM'][(at + part) % 3]}}}, operation: {{eq: DELETE}}}}" for part in range(FILTER_PARTS - 1)])
            text = f"subscription {{ changes(filter: {{or: [{parts}]}}) {{ cursor node {{ operation node {{ id }} }} }} }}"
            streams.append(one.subscribe(text, f"198.51.{at // 250}.{at % 250}"))
        time.sleep(5)
        idle, before = one.memory(), one.processor()
        received = [0] * SUBSCRIPTIONS

        def receive(at):
            streams[at].settimeout(120)
            while received[at] < CHANGED_EVENTS:
                received[at] += streams[at].recv(1 << 16).count(b"event: next")

        threads = [threading.Thread(target=receive, args=(at,)) for at in range(SUBSCRIPTIONS)]
        for thread in threads:
            thread.start()
        records = [{"kind": "dataset", "key": "limits", "title": "What the measurement writes"}]
        records += [{"kind": "event", "key": f"event/{at}", "type": "OTHER", "title": f"Event {at} at {time.time()}"} for at in range(CHANGED_EVENTS)]
        file = work / "limits.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        started = time.monotonic()
        load(url, file)
        for thread in threads:
            thread.join()
        return time.monotonic() - started, one.processor() - before, idle, one.memory("VmHWM")
    finally:
        for stream in streams:
            stream.close()
        one.stop()


def copied(loaded):
    """A copy of a loaded database, which may be changed."""
    if loaded.dialect == "sqlite":
        file = work / "limits.db"
        for old in work.glob("limits.db*"):
            old.unlink()
        shutil.copyfile(loaded.file, file)
        return f"sqlite://{file}", lambda text: subprocess.run(["sqlite3", str(file), text], check=True, capture_output=True, text=True).stdout
    psql(server, "DROP DATABASE IF EXISTS limits")
    psql(server, f"CREATE DATABASE limits TEMPLATE {loaded.url.rsplit('/', 1)[1]}")
    url = loaded.url.rsplit("/", 1)[0] + "/limits"
    return url, lambda text: psql(url, text)


def measured(loaded):
    url, sql = copied(loaded)
    actor = sql("SELECT actor_id FROM participation GROUP BY actor_id ORDER BY count(*) DESC LIMIT 1").strip()
    kind = "person" if sql(f"SELECT kind FROM actor WHERE id = {actor}").strip() else ""
    found = {"prices": list(prices(url, base64.urlsafe_b64encode(f"actor:{actor}".encode()).decode().rstrip("="))), "fairness": fairness(url)}
    found["subscriptions"] = subscriptions(url)
    print(loaded.title, kind, found["subscriptions"], flush=True)
    return found


def table(titles, rows):
    return ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles), *("| " + " | ".join(row) + " |" for row in rows), ""]


program = subprocess.run([os.environ["PROGRAM"], "--version"], check=True, capture_output=True, text=True).stdout.strip()
found = {one.title: measured(one) for one in [SQLite(work, events), Postgres(work, server, events)]}
out = [
    "# What the limits protect",
    "",
    f"Written by `bench/limits/run` on {datetime.date.today()} with {program} over {int(events):,} generated events and the default settings,",
    f"on {os.cpu_count()} cores that databases, servers and clients share.",
    "",
    "## A cheap query of another client",
    "",
    f"{EXPENSIVE_CLIENTS} connections of one client send queries of sixty facets each, as fast as they are answered. Another client sends a page of",
    "five events every 20 ms. Its response times, in milliseconds:",
    "",
]
rows = []
for title, one in found.items():
    alone, loaded, codes = one["fairness"]
    answers = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
    rows.append([title, f"{percentile(alone, 0.95):.1f}", f"{percentile(loaded, 0.5):.1f}", f"{percentile(loaded, 0.95):.1f}", f"{percentile(loaded, 1):.0f}", answers])
out += table(["database", "alone, p95", "median", "p95", "slowest", "the expensive queries"], rows)
out += [
    "## Processor time by cost and work",
    "",
    "Microseconds of the server's processor time for one query, and divided by what the limits count. On PostgreSQL the time of the",
    "database server is not included.",
    "",
]
rows = []
for at, name in enumerate(SHAPES):
    row = [name]
    for one in found.values():
        _, micros, cost, amount = one["prices"][at]
        row += [f"{micros:,.0f}", f"{micros / cost:,.2f}", f"{micros / (cost + amount):.2f}"]
    rows.append([*row[:1], f"{cost:,}", f"{amount:,}", *row[1:]])
out += table(["query", "cost", "work", *(f"{title}{what}" for title in found for what in [", µs", ", by cost", ", by cost and work"])], rows)
out += [
    "## Subscriptions",
    "",
    f"{SUBSCRIPTIONS:,} subscriptions with filters of {FILTER_PARTS} parts each; then {CHANGED_EVENTS} events are written, which all of them deliver.",
    "",
]
rows = [[title, *(f"{value:,.1f}" for value in one["subscriptions"])] for title, one in found.items()]
out += table(["database", "until all have all changes, s", "processor time, s", "memory before, MB", "most memory, MB"], rows)
out += ["## Consistency", "", "Four writers and eight readers; each response is compared with itself. None contradicts itself:", "", "```"]
out += [re.sub(r"^\S*(sqlite|postgres)\S*:", r"\1:", line) for line in (work / "consistency").read_text().splitlines()] + ["```"]
(HERE / "RESULTS.md").write_text("\n".join(out) + "\n")

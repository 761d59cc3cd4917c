"""Runs the same queries on newsgraph, its peers and the floor, and writes a table of their throughput: see `../run`."""

import datetime
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys

from databases import Postgres, SQLite
from load import CONNECTIONS, drive, pgbench
from questions import QUESTIONS
from servers import Floor, Keeping, Newsgraph, PgGraphql, PostGraphile, Seaography

work, server, events, duration, rounds, results = sys.argv[1:]
work, results, rounds = pathlib.Path(work).resolve(), pathlib.Path(results), int(rounds)
only = os.environ.get("QUESTIONS", "").split()
chosen = os.environ.get("PEERS", "postgraphile seaography pg_graphql").split()
PEERS = {peer.name: peer for peer in [PostGraphile, Seaography, PgGraphql] if peer.name in chosen}
# Peers that were skipped, with the reason.
ABSENT = {}
CHECKED = 12


def check(question, asked):
    """Checks that the responses of all servers are equal, and that not all are empty, before they are timed."""
    full = 0
    count = len(next(iter(asked.values()))[1])
    for at in range(0, count, max(1, count // CHECKED)):
        found = {server: server.ask(question, bodies[at], variations[at]) for server, (variations, bodies) in asked.items()}
        first, *others = found
        full += bool(found[first])
        for other in others:
            if found[other] != found[first]:
                print(f"{question.name}, {asked[first][0][at]}", *(json.dumps(found[one])[:3000] for one in [first, other]), sep="\n", file=sys.stderr)
                sys.exit(f"{question.name}: {other.title} on {other.database.title} responds differently than {first.title} on {first.database.title}")
    assert full, f"{question.name}: all answers are empty"


def median(measured):
    return {key: statistics.median(values) for key, values in measured.items()}


def measure(question, asked):
    """Returns the medians of the rounds, by (server, mode), and the errors: requests per second, p99 in ms, CPU time in µs."""
    rates, waits, costs, wrong = {}, {}, {}, []
    for turn in range(rounds):
        for server, (variations, bodies) in asked.items():
            for mode in server.modes:
                some = bodies if mode == "cold" else bodies[:1]
                drive(work, server.url(question), some, "1s")
                before = server.processor()
                driven = drive(work, server.url(question), some, duration)
                costs.setdefault((server, mode), []).append((server.processor() - before) * 1e6 / driven.count)
                rates.setdefault((server, mode), []).append(driven.rate)
                waits.setdefault((server, mode), []).append(driven.p99)
                if driven.errors:
                    wrong.append(f"{question.name}, {server.title} on {server.database.title}, {mode}: {driven.errors}")
            if server.name == "floor" and server.database is postgres:
                rate = pgbench(work, postgres.url, server.statement(question), bodies, duration)
                rates.setdefault(("pgbench", "cold"), []).append(rate)
    return median(rates), median(waits), median(costs), wrong


def quantity(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def shown(rates, waits, key):
    return f"{quantity(rates[key])} ({quantity(waits[key])})" if key in rates else "—"


def ratio(rates, one, other, form="{:.1f}×"):
    return form.format(rates[one] / rates[other]) if one in rates and other in rates else "—"


def table(head, lines):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(line) + " |" for line in lines), ""]


def version(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[0].strip()


def write(found, wrong, servers):
    peers = [server for server in servers if server.name in PEERS]
    by = {(server.title, server.database.dialect): server for server in servers}
    keeping = {dialect: by[Keeping.title, dialect] for dialect in ["postgresql", "sqlite"]}
    ours, floor = by["newsgraph", "postgresql"], by["floor", "postgresql"]
    embedded, under = by["newsgraph", "sqlite"], by["floor", "sqlite"]
    program = version(os.environ["PROGRAM"], "--version")
    out = [
        "# How fast questions are answered",
        "",
        f"Written by `bench/run` on {datetime.date.today()} with {program} over {int(events):,} generated events (`newsgraph generate --seed 7`), on",
        f"{os.cpu_count()} cores that database, server and client share: ratios hold, times do not. {CONNECTIONS} connections on loopback, {duration} a measurement",
        f"after a second of warm-up, {'one round' if rounds == 1 else f'the median of {rounds} rounds in turn'}. Before it is timed each answer is compared with the others'.",
        "",
        ", ".join([postgres.version(), version(str(work / "tools/bin/oha"), "--version"), *(peer.version() for peer in peers)]) + ".",
        "The peers ask the same tables. The floor is one statement written by hand for each question behind axum; pgbench sends the same",
        "statement without HTTP. pg_graphql, which has no door, has the floor's. Cold is up to 2,000 requests with other variables each, picked at random; repeated is one request again and",
        "again; newsgraph keeps answers there, as it does by default, and none where it is asked cold. Cells are requests a second, in parentheses the 99th percentile in milliseconds.",
        "",
        "## PostgreSQL, cold",
        "",
    ]
    head = ["question", "newsgraph"]
    for peer in peers:
        head += [peer.title, f"newsgraph ÷ {peer.title}"]
    head += ["floor", "newsgraph ÷ floor", "pgbench"]
    lines = []
    for name, (rates, waits, _) in found.items():
        line = [name, shown(rates, waits, (ours, "cold"))]
        for peer in peers:
            line += [shown(rates, waits, (peer, "cold")), ratio(rates, (ours, "cold"), (peer, "cold"))]
        line += [shown(rates, waits, (floor, "cold")), ratio(rates, (ours, "cold"), (floor, "cold"), "{:.0%}")]
        lines.append([*line, quantity(rates["pgbench", "cold"]) if ("pgbench", "cold") in rates else "—"])
    out += [*table(head, lines), "## PostgreSQL, repeated", ""]
    head = ["question", "newsgraph", "repeated ÷ cold"]
    for peer in peers:
        head += [peer.title, f"newsgraph ÷ {peer.title}"]
    lines = []
    for name, (rates, waits, _) in found.items():
        line = [name, shown(rates, waits, (keeping["postgresql"], "repeated")), ratio(rates, (keeping["postgresql"], "repeated"), (ours, "cold"))]
        for peer in peers:
            line += [shown(rates, waits, (peer, "repeated")), ratio(rates, (keeping["postgresql"], "repeated"), (peer, "repeated"))]
        lines.append(line)
    out += [*table(head, lines), "## SQLite", ""]
    head = ["question", "newsgraph, cold", "floor, cold", "newsgraph ÷ floor", "newsgraph, repeated", "cold: SQLite ÷ PostgreSQL"]
    lines = [
        [
            name,
            shown(rates, waits, (embedded, "cold")),
            shown(rates, waits, (under, "cold")),
            ratio(rates, (embedded, "cold"), (under, "cold"), "{:.0%}"),
            shown(rates, waits, (keeping["sqlite"], "repeated")),
            ratio(rates, (embedded, "cold"), (ours, "cold")),
        ]
        for name, (rates, waits, _) in found.items()
    ]
    out += [
        *table(head, lines),
        "## Where the time goes",
        "",
        "Microseconds of a core for each request asked cold. The rest is the database's, where that is PostgreSQL, and the client's; with",
        "all cores busy, program and rest together are the cores over the rate.",
        "",
    ]
    pairs = [("PostgreSQL", ours, floor), ("SQLite", embedded, under)]
    head = ["question", *(f"{title}: {part}" for title, *_ in pairs for part in ["newsgraph", "its rest", "floor", "its rest"])]
    lines = []
    for name, (rates, _, costs) in found.items():
        line = [name]
        for _, *both in pairs:
            for one in both:
                cost = costs.get((one, "cold"))
                line += ["—", "—"] if cost is None else [quantity(cost), quantity(max(0, os.cpu_count() * 1e6 / rates[one, "cold"] - cost))]
        lines.append(line)
    out += [*table(head, lines), "## Memory after all this, resident", ""]
    out += table(["server", "database", "MB"], [[server.title, server.database.title, quantity(server.memory())] for server in servers])
    out += ["What the processes of PostgreSQL take is not counted: pg_graphql works there.", "", "## The questions", ""]
    for question in QUESTIONS:
        if question.name in found:
            reasons = "".join(f" {PEERS[name].title} cannot: {reason}." for name, reason in question.reasons.items() if name in PEERS)
            out.append(f"- **{question.name}**: {question.title}.{reasons}")
    out += ["", *(f"{name} is left out: {reason}." for name, reason in ABSENT.items())]
    if wrong:
        out += ["", "Answered with an error while it was timed:", "", *(f"- {one}" for one in wrong)]
    results.write_text("\n".join(out).rstrip() + "\n")


postgres, sqlite = Postgres(work, server, events), SQLite(work, events)
if "seaography" in PEERS:
    subprocess.run([pathlib.Path(__file__).parent / "seaography" / "build", postgres.url], check=True, env={**os.environ, "BENCH_FOLDER": str(work)})
if "pg_graphql" in PEERS and not PgGraphql.prepare(postgres):
    del PEERS["pg_graphql"]
    ABSENT["pg_graphql"] = "the server has no such extension, see `bench/ask/pg_graphql/build`"
servers = []
# On SIGTERM, stop the servers in `finally`.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
try:
    port = int(os.environ.get("PORT", "18400"))
    for kind, database in [
        *((kind, postgres) for kind in [Newsgraph, Keeping, *PEERS.values(), Floor]),
        *((kind, sqlite) for kind in [Newsgraph, Keeping, Floor]),
    ]:
        servers.append(kind(work, port + len(servers), database))
    found, wrong = {}, []
    for question in QUESTIONS:
        if only and question.name not in only:
            continue
        variations = question.vary(postgres.sql)
        asked = {one: (variations, one.requests(question, variations)) for one in servers if one.answers(question)}
        check(question, asked)
        rates, waits, costs, errors = measure(question, asked)
        found[question.name] = rates, waits, costs
        wrong += errors
        for (one, mode), rate in rates.items():
            title = one if isinstance(one, str) else f"{one.title}/{one.database.title}"
            print(f"{question.name:18} {mode:9} {title:26} {rate:10,.1f}/s  p99 {waits.get((one, mode), 0):8.1f} ms", flush=True)
        # Write after each question, so that results are kept if a later one fails.
        write(found, wrong, servers)
finally:
    for one in servers:
        one.stop()

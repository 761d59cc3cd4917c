"""Runs all queries in random order for an hour while records are written, and records the memory of the server: see `run`."""

import datetime
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

import matplotlib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ask"))
from databases import Postgres, SQLite, load, psql
from load import CONNECTIONS, drive
from questions import QUESTIONS
from servers import Keeping

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "newsgraph"
from matplotlib import pyplot

work, server, events, minutes, rate = sys.argv[1:]
work, minutes, rate = pathlib.Path(work).resolve(), int(minutes), int(rate)
HERE = pathlib.Path(__file__).parent
# The number of variations of each query. Queries that read all events (DEAR) have fewer, so they run less often.
MANY, FEW = 200, 10
DEAR = ["facets", "histogram", "neighbors"]
# The number of events that each write changes.
WRITTEN = 50


class Copy:
    """A copy of a loaded database that the benchmark may change."""

    def __init__(self, loaded):
        self.title, self.dialect = loaded.title, loaded.dialect
        if loaded.dialect == "sqlite":
            self.file = work / "soak.db"
            self.remove()
            shutil.copyfile(loaded.file, self.file)
            self.url = f"sqlite://{self.file}"
        else:
            self.url = loaded.url.rsplit("/", 1)[0] + "/soak"
            self.remove()
            psql(server, f"CREATE DATABASE soak TEMPLATE {loaded.url.rsplit('/', 1)[1]}")

    def remove(self):
        if self.dialect == "sqlite":
            for file in work.glob("soak.db*"):
                file.unlink()
        else:
            psql(server, "DROP DATABASE IF EXISTS soak")


def bodies(asked, sql):
    all = []
    for question in QUESTIONS:
        variations = question.vary(sql)[: FEW if question.name in DEAR else MANY]
        all += asked.requests(question, variations)
    random.Random(7).shuffle(all)
    return all


def written(minute):
    """Yields records of events with an actor and a place. Their titles change every minute."""
    yield {"kind": "dataset", "key": "soak", "title": "What the load writes"}
    yield {"kind": "person", "key": "person", "label": "One who takes part"}
    yield {"kind": "place", "key": "place", "label": "A place", "type": "CITY"}
    for number in range(WRITTEN):
        parts = [{"actor": "person", "role": "PARTICIPANT"}]
        one = {"kind": "event", "key": f"event/{number}", "type": "PROTEST", "title": f"Told at minute {minute}", "when": "2021-07", "place": "place"}
        yield {**one, "participations": parts}


def soak(database, sql, found):
    """Puts load on one server until the end, and stores its memory and times in `found`."""
    asked = Keeping(work, 18600 if database.dialect == "sqlite" else 18601, database)
    try:
        load_of_it = bodies(asked, sql)
        driven = []
        drives = threading.Thread(target=lambda: driven.append(drive(work, asked.url(None), load_of_it, f"{minutes}m", rate=rate)))
        started = time.monotonic()
        found["memory"] = [asked.memory()]
        drives.start()
        for minute in range(1, minutes + 1):
            file = work / f"soak.{database.dialect}.jsonl"
            file.write_text("".join(json.dumps(record) + "\n" for record in written(minute)))
            load(database.url, file)
            time.sleep(max(0, started + minute * 60 - time.monotonic()))
            found["memory"].append(asked.memory())
            print(f"{minute:3} {database.title:10} {found['memory'][-1]:.1f} MB", flush=True)
        drives.join()
        found["driven"] = driven[0]
    finally:
        asked.stop()


def plot(found):
    figure, axes = pyplot.subplots(figsize=(8, 4))
    for title, one in found.items():
        axes.plot(range(minutes + 1), one["memory"], label=title)
    axes.set(xlabel="minutes", ylabel="MB", title="Memory of the server under mixed load", ylim=(0, None))
    axes.legend()
    figure.savefig(HERE / "memory.svg", bbox_inches="tight", metadata={"Date": None})


def write(found):
    program = subprocess.run([os.environ["PROGRAM"], "--version"], check=True, capture_output=True, text=True).stdout.strip()
    times = sorted({0, *range(0, minutes + 1, max(1, minutes // 6)), minutes})
    out = [
        "# Memory under mixed load",
        "",
        f"Written by `bench/soak/run` on {datetime.date.today()} with {program} over {int(events):,} generated events, on {os.cpu_count()} cores that",
        f"databases, servers and clients share. For {minutes} minutes all questions of `bench/RESULTS.md` are asked at random, {rate} a second on each",
        f"database by {CONNECTIONS} connections ({MANY} variations each, {FEW} of those that look at all events), while {WRITTEN} events are changed each",
        "minute by another process. Answers are kept, as they are by default. Resident MB of the server after so many minutes:",
        "",
        "![Memory by minutes](memory.svg)",
        "",
        "| database | " + " | ".join(f"{at} min" for at in times) + " | most | answered | otherwise | median, ms | p99, ms |",
        "|---|" + "---|" * (len(times) + 5),
    ]
    for title, one in found.items():
        driven = one["driven"]
        cells = [f"{one['memory'][at]:.0f}" for at in times] + [f"{max(one['memory']):.0f}", f"{driven.rate * minutes * 60:,.0f}"]
        out.append(f"| {title} | " + " | ".join([*cells, str(driven.errors or 0), f"{driven.median:.1f}", f"{driven.p99:,.0f}"]) + " |")
    (HERE / "RESULTS.md").write_text("\n".join(out) + "\n")


loaded = [Postgres(work, server, events), SQLite(work, events)]
copies = [Copy(one) for one in loaded]
found = {copy.title: {} for copy in copies}
threads = [threading.Thread(target=soak, args=(copy, loaded[0].sql, found[copy.title])) for copy in copies]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for copy in copies:
    copy.remove()
plot(found)
write(found)

"""Runs the same queries on graphs of several sizes, on both databases, and writes a table of the times: see `run`."""

import datetime
import os
import pathlib
import subprocess
import sys

import matplotlib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "ask"))
from databases import MOST, Postgres, SQLite
from load import drive
from questions import QUESTIONS
from servers import Newsgraph

matplotlib.use("svg")
# Makes the file reproducible for equal results.
matplotlib.rcParams["svg.hashsalt"] = "newsgraph"
from matplotlib import pyplot

work, server, duration, *sizes = sys.argv[1:]
work, sizes = pathlib.Path(work).resolve(), sorted(map(int, sizes))
HERE = pathlib.Path(__file__).parent


def measure(size, kind):
    postgres = Postgres(work, server, size)
    database = postgres if kind is Postgres else SQLite(work, size)
    asked = Newsgraph(work, 18500, database)
    found = {"bytes": database.bytes(), "waits": {}}
    try:
        for question in QUESTIONS:
            bodies = asked.requests(question, question.vary(postgres.sql))
            drive(work, asked.url(question), bodies, "1s", connections=1)
            driven = drive(work, asked.url(question), bodies, duration, connections=1)
            assert not driven.errors, f"{question.name}: {driven.errors}"
            found["waits"][question.name] = driven.median
            print(f"{size:>9,} {database.title:10} {question.name:18} {driven.median:9.2f} ms", flush=True)
        found["memory"] = asked.memory()
    finally:
        asked.stop()
    return found


def plot(kind, found):
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for question in QUESTIONS:
        axes.plot(list(found), [one["waits"][question.name] for one in found.values()], marker="o", label=question.name)
    axes.set(xscale="log", yscale="log", xlabel="events", ylabel="median, ms", title=f"Questions on {kind.title}, one at a time")
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(HERE / f"{kind.dialect}.svg", bbox_inches="tight", metadata={"Date": None})


def quantity(value):
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def write(found):
    program = subprocess.run([os.environ["PROGRAM"], "--version"], check=True, capture_output=True, text=True).stdout.strip()
    out = [
        "# How questions go with the size of the graph",
        "",
        f"Written by `bench/scale/run` on {datetime.date.today()} with {program}, on {os.cpu_count()} cores that database, server and client share.",
        f"Graphs are generated (`newsgraph generate --seed 7`). One question at a time for {duration} each, after a second of warm-up, with other",
        "variables each and no answer kept; cells are medians in milliseconds. The questions are those of `bench/RESULTS.md`. The last column is",
        "the time at the largest size by that at the smallest. Facets and histograms look at all events; what is counted, or found by a",
        f"filter, grows with what there is to count or to pass over. Beyond {MOST:,} events the graph is that of {MOST:,} so many times over,",
        "under other numbers each time: names are found as often as there are copies, and SQLite was not asked.",
        "",
    ]
    for kind, by_size in found.items():
        out += [f"## {kind.title}", "", f"![Time by number of events]({kind.dialect}.svg)", ""]
        out += ["| question | " + " | ".join(f"{size:,}" for size in by_size) + " | growth |", "|---|" + "---|" * (len(by_size) + 1)]
        for question in QUESTIONS:
            waits = [by_size[size]["waits"][question.name] for size in by_size]
            out.append(f"| {question.name} | " + " | ".join(map(quantity, waits)) + f" | {waits[-1] / waits[0]:.1f}× |")
        out += [
            "| *memory of the server, MB* | " + " | ".join(f"{one['memory']:.0f}" for one in by_size.values()) + " | |",
            "| *size on disk, MB* | " + " | ".join(f"{one['bytes'] / 1e6:,.0f}" for one in by_size.values()) + " | |",
            "",
        ]
    (HERE / "RESULTS.md").write_text("\n".join(out).rstrip() + "\n")


found = {kind: {size: measure(size, kind) for size in sizes if size <= kind.most} for kind in [Postgres, SQLite]}
for kind, by_size in found.items():
    plot(kind, by_size)
write(found)

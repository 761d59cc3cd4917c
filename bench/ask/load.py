"""Generates load: on a server over HTTP, and on PostgreSQL directly (pgbench)."""

import dataclasses
import json
import os
import re
import subprocess
import tempfile

CONNECTIONS = 32


@dataclasses.dataclass
class Driven:
    # Requests per second, and the number of requests.
    rate: float
    count: float
    # The median and the 99th percentile of the response times, in milliseconds.
    median: float
    p99: float
    # Responses other than 200, and errors, each with its count.
    errors: dict


def drive(work, url, bodies, duration, connections=CONNECTIONS, rate=None):
    """Sends requests to a server, as fast as it responds or at a fixed rate per second."""
    command = [str(work / "tools" / "bin" / "oha"), "--no-tui", "--output-format", "json", "-c", str(connections), "-z", duration, "-w", "-m", "POST"]
    if rate:
        command += ["-q", str(rate)]
    # One body per line. oha picks lines at random.
    with tempfile.NamedTemporaryFile("w", dir=work) as file:
        file.write("".join(json.dumps(body) + "\n" for body in bodies))
        file.flush()
        # oha requests compressed responses by default, which only some of the servers support.
        body = ["-T", "application/json", "--disable-compression", "-Z", file.name]
        run = subprocess.run([*command, *body, url], check=True, capture_output=True, text=True)
    found = json.loads(run.stdout)
    wrong = {status: count for status, count in found["statusCodeDistribution"].items() if status != "200"}
    errors = {**wrong, **found["errorDistribution"]}
    waits = {name: (found["latencyPercentiles"][name] or 0) * 1000 for name in ["p50", "p99"]}
    rate = found["summary"]["requestsPerSec"]
    return Driven(rate, rate * found["summary"]["total"], waits["p50"], waits["p99"], errors)


def literal(value):
    if isinstance(value, list):
        return "ARRAY[" + ",".join(map(literal, value)) + "]"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def pgbench(work, url, statement, parameters, duration):
    """Returns statements per second, with twenty variations in one script each."""
    scripts = []
    for at, one in enumerate(parameters[:20]):
        script = work / "scripts" / f"{at}.sql"
        script.parent.mkdir(exist_ok=True)
        script.write_text(re.sub(r"\$(\d)", lambda found: literal(one[int(found[1]) - 1]), statement).rstrip() + ";\n")
        scripts += ["-f", str(script)]
    seconds = str(max(2, round(float(duration.rstrip("s")))))
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", seconds, *scripts, url]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PGOPTIONS": "-c client_min_messages=error"})
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert run.returncode == 0 and found, run.stdout + run.stderr[-2000:]
    return float(found[1])

"""Searches people by spellings that are not stored, with the server and with two simpler methods.

All names of the file are stored except the searched ones: of two Latin spellings the searched one (and all that fold to the same
key), of two scripts the Arabic name or all Latin ones. The searched people have no spelling from Iraq.
"""

import collections
import contextlib
import json
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import time
import unicodedata
import urllib.request

PAIRS = {"Latin, by another Latin spelling": 2000, "Latin, by the Arabic name": 1000, "Arabic, by a Latin spelling": 1000}
LATIN, BY_ARABIC, BY_LATIN = PAIRS
SHOWN = 10


def folded(name):
    """Returns the name without case, accents and punctuation."""
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", "".join(letters).lower()))


def load(package):
    """Returns the Latin spellings of each Arabic name, each with its countries."""
    database = sqlite3.connect(package / "arabic_name_romanizer/resources/names.sqlite3")
    people = collections.defaultdict(lambda: collections.defaultdict(set))
    for arabic, latin, country in database.execute("SELECT arabic_key, latin, country FROM full_names ORDER BY 1, 2, 3"):
        people[arabic][latin].add(country)
    return people


def choose(people):
    """Returns the pairs of (person, searched name), and the names of each person that are stored."""
    names = {arabic: [arabic, *latin] for arabic, latin in people.items()}
    chance = random.Random(7)
    order = [arabic for arabic, latin in people.items() if " " in arabic and not any("IQ" in c for c in latin.values())]
    chance.shuffle(order)
    pairs = {kind: [] for kind in PAIRS}
    for arabic in order:
        latin = list(people[arabic])
        spellings = list({folded(one): one for one in latin}.values())
        if len(spellings) > 1 and len(pairs[LATIN]) < PAIRS[LATIN]:
            asked = chance.choice(spellings)
            pairs[LATIN].append((arabic, asked))
            names[arabic] = [one for one in names[arabic] if folded(one) != folded(asked)]
        elif len(pairs[BY_ARABIC]) < PAIRS[BY_ARABIC]:
            pairs[BY_ARABIC].append((arabic, arabic))
            names[arabic] = latin
        elif len(pairs[BY_LATIN]) < PAIRS[BY_LATIN]:
            pairs[BY_LATIN].append((arabic, chance.choice(latin)))
            names[arabic] = [arabic]
    return pairs, names


def other_scripts(path):
    """Returns the rows of the list: language, name, Latin spellings."""
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8") if not line.startswith("#")]
    return [(language, name, spellings.split("|")) for language, name, spellings in rows]


def measure_other_scripts(binary, folder, names, rows):
    """Returns per language how often the first ten have the person: Latin stored and the name searched, and the reverse.

    The list is stored beside all other names, on SQLite. Some of its people are among them too, so the first place says little.
    """
    found = collections.defaultdict(lambda: [0, 0, 0, 0])
    for way in (0, 1):
        own = {("other", at): [name] if way else spellings for at, (_, name, spellings) in enumerate(rows)}
        file, database = folder / "other.jsonl", folder / "other.db"
        records({**names, **own}, file)
        for old in folder.glob("other.db*"):
            old.unlink()
        with server(binary, f"sqlite://{database}", file) as address:
            for at, (language, name, spellings) in enumerate(rows):
                for asked in spellings if way else [name]:
                    found[language][2 * way] += len(names) + at in ask(address, asked, None)
                    found[language][2 * way + 1] += 1
    return found


def records(names, file):
    with open(file, "w", encoding="utf-8") as out:
        for number, own in enumerate(names.values()):
            record = {"kind": "person", "key": f"p{number}", "label": own[0], "names": [{"text": name} for name in own]}
            print(json.dumps(record, ensure_ascii=False), file=out)


@contextlib.contextmanager
def server(binary, url, file):
    subprocess.run([binary, "import", "--database-url", url, "--dataset", "names", str(file)], check=True, capture_output=True)
    command = [binary, "serve", "--database-url", url, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if found := re.search(r"GraphiQL is at (http\S+)", line):
                yield found[1].rstrip("/") + "/graphql"
                break
    finally:
        process.terminate()
        process.wait()


def ask(address, name, modes):
    query = """query($t: String!, $m: [NameRule!], $n: Int!) {
        search(text: $t, kinds: [ACTOR], modes: $m, first: $n) { hits { rule node { ... on Person { record { key } } } } }
    }"""
    body = json.dumps({"query": query, "variables": {"t": name, "m": modes, "n": SHOWN}}).encode()
    request = urllib.request.Request(address, body, {"content-type": "application/json"})
    answer = json.load(urllib.request.urlopen(request))
    if "errors" in answer:
        raise SystemExit(f"{name}: {answer['errors']}")
    # A search also finds words (rule TEXT). Count only hits of the measured rules.
    hits = [hit for hit in answer["data"]["search"]["hits"] if modes is None or hit["rule"] in modes]
    return [int(hit["node"]["record"]["key"][1:]) for hit in hits]


def by_server(address, modes):
    return lambda asked: [ask(address, name, modes) for name in asked]


def by_folding(names):
    index = collections.defaultdict(list)
    for number, own in enumerate(names.values()):
        for name in {folded(one) for one in own}:
            index[name].append(number)
    return lambda asked: [index[folded(name)][:SHOWN] for name in asked]


def by_trigrams(url, names):
    """Finds the nearest folded names by pg_trgm's `similarity`, each person once."""

    def psql(script, text=None):
        command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", url, "-c", script]
        return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout

    psql("CREATE SCHEMA trigrams; CREATE EXTENSION pg_trgm; CREATE TABLE trigrams.name (person INT, text TEXT)")
    rows = (f"{number}\t{folded(name)}" for number, own in enumerate(names.values()) for name in own)
    psql("COPY trigrams.name FROM STDIN", "\n".join(rows) + "\n")
    psql("CREATE INDEX ON trigrams.name USING gist (text gist_trgm_ops(siglen=64)); ANALYZE trigrams.name")

    def find(asked):
        psql("DROP TABLE IF EXISTS trigrams.asked; CREATE TABLE trigrams.asked (number INT, text TEXT)")
        psql("COPY trigrams.asked FROM STDIN", "".join(f"{at}\t{folded(name)}\n" for at, name in enumerate(asked)))
        nearest = f"""SELECT number, (SELECT string_agg(person::text, ',' ORDER BY far, person) FROM (
            SELECT person, MIN(far) AS far FROM (
                SELECT person, name.text <-> asked.text AS far FROM trigrams.name ORDER BY name.text <-> asked.text LIMIT 60
            ) AS near WHERE far < 1 GROUP BY person ORDER BY 2, 1 LIMIT {SHOWN}) AS best)
            FROM trigrams.asked ORDER BY number"""
        lines = psql(nearest).splitlines()
        return [[int(person) for person in line.split("|")[1].split(",") if person] for line in lines]

    return find


def measure(pairs, people, find):
    """Returns how often the person is first and among the first ten, in percent per kind of pair, and milliseconds per name."""
    number = {arabic: at for at, arabic in enumerate(people)}
    figures, start, count = [], time.monotonic(), 0
    for kind in PAIRS:
        found = find([name for _, name in pairs[kind]])
        wanted = [number[person] for person, _ in pairs[kind]]
        first = sum(one[:1] == [person] for one, person in zip(found, wanted))
        ten = sum(person in one for one, person in zip(found, wanted))
        figures += [f"{100 * first / len(wanted):.1f} %", f"{100 * ten / len(wanted):.1f} %"]
        count += len(wanted)
    return figures, 1000 * (time.monotonic() - start) / count


def main(binary, folder, url, results):
    folder = pathlib.Path(folder)
    people = load(folder / "package")
    pairs, names = choose(people)
    file = folder / "records.jsonl"
    records(names, file)
    rows = [("plain folding of case, accents and punctuation", *measure(pairs, people, by_folding(names)))]
    rows.append(("trigrams alone (`pg_trgm`)", *measure(pairs, people, by_trigrams(url, names))))
    database = folder / "names.db"
    for old in folder.glob("names.db*"):
        old.unlink()
    for title, at in [("SQLite", f"sqlite://{database}"), ("PostgreSQL", url)]:
        with server(binary, at, file) as address:
            for modes in [["EXACT"], ["FOLDED"], ["TRANSLITERATED"], ["PHONETIC"], None]:
                name = "all rules" if modes is None else modes[0]
                rows.append((f"newsgraph on {title}, {name}", *measure(pairs, people, by_server(address, modes))))
                print(rows[-1], flush=True)
    rows_of_others = other_scripts(pathlib.Path(__file__).with_name("other_scripts.tsv"))
    others = measure_other_scripts(binary, folder, names, rows_of_others)
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    server_version = subprocess.run(["psql", "-X", "-At", url, "-c", "SHOW server_version"], capture_output=True, text=True, check=True)
    postgres = server_version.stdout.split()[0]
    stored = sum(map(len, names.values()))
    with open(results, "w", encoding="utf-8") as out:
        print(f"""# Names found by spellings that are not stored

Written by `bench/names/run` with {version} and PostgreSQL {postgres}. {len(names):,} people with {stored:,} names from Wikidata
(CC0), as the package `arabic-name-romanizer` 0.2.0 carries them, are stored. Asked for are {sum(PAIRS.values()):,} of them who have no
spelling from Iraq, each once: {"; ".join(f"{n:,} times {kind}" for kind, n in PAIRS.items())}. The spelling asked for is left out of the
store, and so is what folds to it (for the Arabic by Latin all Latin spellings are): EXACT must find nobody. A few percent of the
pairs are different names altogether.

How often the right person is in the first place, and among the first {SHOWN}; milliseconds are the mean of one name at a time:

| | {" | ".join(f"{kind}: first | {SHOWN}" for kind in PAIRS)} | ms a name |
|---|{"---|" * (2 * len(PAIRS) + 1)}""", file=out)
        for title, figures, milliseconds in rows:
            print(f"| {title} | {' | '.join(figures)} | {milliseconds:.1f} |", file=out)
        print(f"""
## Other languages

{len(rows_of_others)} well-known people of [other_scripts.tsv](other_scripts.tsv), stored beside the others on SQLite; how many searches have the
right person among the first {SHOWN}:

| | Latin, by the own name | own name, by Latin spellings |
|---|---|---|""", file=out)
        for language, (own, of_own, latin, of_latin) in others.items():
            print(f"| {language} | {own} of {of_own} | {latin} of {of_latin} |", file=out)


main(*sys.argv[1:])

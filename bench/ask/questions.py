"""The queries of the benchmark, each with its variables for each server. Documents and SQL statements are in
`queries/<name>/`."""

import base64
import dataclasses
import datetime
import itertools
import json
import random
import re
from typing import Callable

MOST = 2_000
LATEST = 2**63 - 1


def global_id(kind, number):
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def number(id):
    """Returns the number of a row from a server's form of its id."""
    if isinstance(id, int) or id.isdigit():
        return int(id)
    return int(base64.urlsafe_b64decode(id + "==").decode().rsplit(":", 1)[1])


def plain(value):
    """Returns a response without the wrappers of the servers' schemas, such as edges, so that responses can be compared."""
    if isinstance(value, dict) and "edges" in value:
        value = {**value, "nodes": [edge["node"] for edge in value["edges"]]}
        del value["edges"]
    if isinstance(value, dict) and "paginationInfo" in value:
        value = {**value, "totalCount": value["paginationInfo"]["total"]}
        del value["paginationInfo"]
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "nodes" in value and set(value) <= {"nodes", "totalCount"}:
        nodes = plain(value["nodes"])
        return {"totalCount": int(value["totalCount"]), "nodes": nodes} if "totalCount" in value else nodes
    if set(value) == {"edtf"}:
        return value["edtf"]
    # Some servers have certain relations only on the table of records.
    value = {**value, **(value.get("record") or {})}
    value.pop("record", None)
    return {name: number(one) if name == "id" else plain(one) for name, one in value.items()}


def claims(answer):
    """Returns both sides of each claim, from `sides` or from stances."""
    answer = plain(answer)
    if any("sides" in claim for claim in answer):
        said = lambda side: [(one["id"], one["summary"], voice["label"]) for one, voice in zip(side["statements"], side["voices"])]
        sides = lambda claim: {"ASSERTS": said(claim["sides"]["asserts"]), "DENIES": said(claim["sides"]["denies"])}
    else:
        said = lambda claim, stance: sorted(
            (one["statement"]["id"], one["statement"]["summary"], one["statement"]["voice"]["label"])
            for one in claim["stances"]
            if one["stance"] == stance
        )
        sides = lambda claim: {stance: said(claim, stance) for stance in ["ASSERTS", "DENIES"]}
    return [{"id": claim["id"], "text": claim["text"], "standing": claim["standing"], **sides(claim)} for claim in answer]


def facets(answer, first):
    """Returns the most frequent values of each facet, with places by number."""
    if isinstance(answer, dict) and "facets" in answer:
        answer = answer["facets"]
    if isinstance(answer, dict):
        groups = {by.upper(): [(one["keys"][0], one["distinctCount"]["rowId"]) for one in found] for by, found in answer.items()}
    else:
        groups = {one["by"]: [(bucket["value"], bucket["count"]) for bucket in one["buckets"]] for one in answer}
    counted = lambda by, found: [(number(value) if by == "PLACE" else value, int(count)) for value, count in found if value is not None]
    return {by: sorted(counted(by, found), key=lambda one: (-one[1], one[0]))[:first] for by, found in groups.items() if counted(by, found)}


def histogram(answer, every):
    if isinstance(answer, dict):
        days = lambda day: (datetime.date.fromisoformat(day[:10]) - datetime.date(1970, 1, 1)).days
        return [(days(one["from"]) // every, int(one["count"])) for one in answer["histogram"]["buckets"]]
    return [(one["bucket"], one["count"]) for one in answer if one["bucket"] is not None]


@dataclasses.dataclass
class Question:
    name: str
    title: str
    # Takes a function that runs SQL, and returns the variations: values that differ between requests.
    vary: Callable
    newsgraph: Callable
    # Returns the parameters of the SQL statement in their order.
    floor: Callable
    postgraphile: Callable | None = None
    seaography: Callable | None = None
    pg_graphql: Callable | None = None
    # Returns the values of the cursor after which a page begins.
    after: Callable | None = None
    shape: Callable = lambda answer, one: plain(answer)
    # The reason why a peer cannot run the query, by the name of the peer.
    reasons: dict = dataclasses.field(default_factory=dict)


def rows(sql, statement):
    return [json.loads(line) for line in sql(f"SELECT row_to_json(found) FROM ({statement}) found").splitlines()]


def scattered(table, where="TRUE"):
    """Returns a function that selects pseudorandom ids of a table, the same in each run."""
    return lambda sql: rows(sql, f"SELECT id FROM {table} WHERE {where} ORDER BY md5(id::text) LIMIT {MOST}")


def page(name, title, table, shape=None, where="TRUE", more=None, reasons=None):
    more = more or {}
    return Question(
        name,
        title,
        vary=scattered(table, where),
        newsgraph=lambda one: more,
        postgraphile=lambda one: more,
        seaography=lambda one: more,
        pg_graphql=lambda one: more,
        floor=lambda one: [*more.values(), one["id"]],
        after=lambda one: [one["id"]],
        reasons=reasons or {},
        **({"shape": lambda answer, one: shape(answer)} if shape else {}),
    )


def filters(count):
    """Returns pseudorandom filters of roles and countries."""
    dice = random.Random(7)
    roles = ["AGENT", "TARGET", "VICTIM", "VISITOR", "VISITED", "RECIPIENT", "ORGANIZER", "PARTICIPANT"]
    countries = ["IQ", "SY", "TR", "UA", "SD", "MM", "CO", "NG", "FR", "US", "PH", "ML"]
    return [(sorted(dice.sample(roles, 4)), sorted(dice.sample(countries, 3))) for _ in range(count)]


def along(start):
    """Returns a function that selects 50 positions from `start` on for each of 40 filters, or the last ones of shorter lists."""

    def vary(sql):
        found = []
        for roles, countries in filters(40):
            array = lambda words: "ARRAY[" + ",".join(f"'{word}'" for word in words) + "]"
            matching = (
                f"SELECT COALESCE(e.earliest, {LATEST}) AS earliest, e.id FROM event e WHERE EXISTS (SELECT FROM participation n JOIN actor a ON a.id = n.actor_id "
                f"WHERE n.event_id = e.id AND n.role = ANY({array(roles)}) AND a.country = ANY({array(countries)}))"
            )
            count = rows(sql, f"SELECT COUNT(*) AS count FROM ({matching}) matching")[0]["count"]
            skip = max(0, min(start, count - 80))
            for one in rows(sql, f"{matching} ORDER BY 1, 2 LIMIT 50 OFFSET {skip}"):
                found.append({"roles": roles, "countries": countries, **one})
        random.Random(7).shuffle(found)
        return found

    return vary


def timeline(number, title):
    both = lambda one: {"roles": one["roles"], "countries": one["countries"]}
    return Question(
        f"timeline_{number}",
        title,
        vary=along((number - 1) * 20),
        newsgraph=both,
        postgraphile=both,
        reasons={"seaography": ONE_HOP, "pg_graphql": OWN_COLUMNS},
        floor=lambda one: [one["roles"], one["countries"], one["earliest"], one["id"]],
        after=lambda one: [one["earliest"], one["id"]],
    )


def names(sql):
    """Selects names of two words for which each key can be assigned to its word."""
    found = []
    for one in rows(
        sql,
        "SELECT n.text, array_agg(k.key) FILTER (WHERE k.rule = 'FOLDED') AS folded, array_agg(k.key) FILTER (WHERE k.rule = 'PHONETIC') AS sounds "
        "FROM name n JOIN name_key k ON k.name_id = n.id JOIN actor a ON a.id = n.target_id WHERE n.script = 'Latn' GROUP BY n.id ORDER BY md5(n.text), n.id",
    ):
        words = one["text"].lower().split()
        sounds = one["sounds"] or []
        joined = [pair for pair in itertools.permutations(sounds, 2) if "".join(pair) in sounds]
        if len(words) == 2 and sorted(one["folded"] or []) == sorted([*words, "".join(words)]) and len(sounds) == 3 and len(joined) == 1:
            found.append({"name": one["text"], "keys": [*words, "".join(words), *joined[0], "".join(joined[0])]})
    return list({one["name"]: one for one in found}.values())[:MOST]


def permuted(sql):
    orders = list(itertools.permutations(["TYPE", "PLACE", "STANDING", "OCCURRENCE"]))
    dice = random.Random(7)
    return [{"by": list(order), "first": first} for order, first in dice.sample(list(itertools.product(orders, range(1, 501))), MOST)]


NOT_COUNTED = "it has no counts by value"
NO_TARGET = "it makes no field for the evidence of an event, whose table refers to the register of records twice"
ONE_HOP = "its filters go through one relation"
OWN_COLUMNS = "its filters look at a table's own columns"
NO_TIME = "it has no counts by time"
NO_KEYS = "it has no comparison of names by sound or letters"
NO_WALK = "it follows relations as far as a document spells them out, and cannot count or rank whom it finds"

QUESTIONS = [
    Question(
        "event",
        "one event by id, with its place",
        vary=scattered("event"),
        newsgraph=lambda one: {"id": global_id("event", one["id"])},
        postgraphile=lambda one: {"id": str(one["id"])},
        seaography=lambda one: {"id": one["id"]},
        pg_graphql=lambda one: {"id": str(one["id"])},
        floor=lambda one: [one["id"]],
    ),
    page("events_20", "a page of 20 events with place", "event"),
    page("events_500", "500 events in one page, with place", "event"),
    page("articles", "20 articles × 5 statements × speaker", "article"),
    page("articles_counted", "the same with `totalCount` of both lists", "article"),
    page("evidence", "50 events × participants × actor, × place, × evidence × article", "event", reasons={"seaography": NO_TARGET}),
    Question(
        "role",
        "the brief's first question: events of a type in which an actor has a role, counted, with who and where it is written",
        vary=lambda sql: rows(
            sql,
            "SELECT e.type, n.role, n.actor_id AS actor FROM participation n JOIN event e ON e.id = n.event_id WHERE n.actor_id IS NOT NULL "
            f"GROUP BY 1, 2, 3 ORDER BY md5(e.type || n.role || n.actor_id) LIMIT {MOST}",
        ),
        newsgraph=lambda one: {"type": one["type"], "role": one["role"], "actor": global_id("actor", one["actor"])},
        postgraphile=lambda one: {**one, "actor": str(one["actor"])},
        floor=lambda one: [one["type"], one["role"], one["actor"]],
        reasons={"seaography": NO_TARGET, "pg_graphql": OWN_COLUMNS},
    ),
    page(
        "attribution",
        "the brief's second question: all statements of a kind of voice (here groups), counted, 20 a page, with speaker, stances and article",
        "statement",
        where="attribution = 'GROUP'",
        more={"attribution": ["GROUP"]},
    ),
    page("claims", "20 claims with both sides: voices and statements", "claim", shape=claims),
    timeline(1, "a filter through two relations (role; country of the actor), ordered by date: page 1"),
    timeline(1_000, "the same: page 1,000, or the last pages where there are fewer"),
    Question(
        "facets",
        "facets over all events: type, place, standing, occurrence",
        vary=permuted,
        newsgraph=lambda one: one,
        postgraphile=lambda one: {},
        floor=lambda one: [one["first"]],
        shape=lambda answer, one: facets(answer, one["first"]),
        reasons={"seaography": NOT_COUNTED, "pg_graphql": NOT_COUNTED},
    ),
    Question(
        "histogram",
        "a histogram over all events",
        vary=lambda sql: [{"every": every} for every in random.Random(7).sample(range(1, MOST + 1), MOST)],
        newsgraph=lambda one: one,
        floor=lambda one: [one["every"]],
        shape=lambda answer, one: histogram(answer, one["every"]),
        reasons={"postgraphile": "it groups by parts of dates, and dates here are numbers of seconds", "seaography": NO_TIME, "pg_graphql": NO_TIME},
    ),
    Question(
        "name",
        "actors by name, by all rules (letters, other letters, sound); the floor is given the keys",
        vary=names,
        newsgraph=lambda one: {"name": one["name"]},
        floor=lambda one: [one["name"], *one["keys"]],
        reasons={"postgraphile": NO_KEYS, "seaography": NO_KEYS, "pg_graphql": NO_KEYS},
    ),
    Question(
        "name_exact",
        "actors by name, letter for letter",
        vary=names,
        newsgraph=lambda one: {"name": one["name"]},
        postgraphile=lambda one: {"name": one["name"]},
        floor=lambda one: [one["name"]],
        reasons={"seaography": ONE_HOP, "pg_graphql": OWN_COLUMNS},
    ),
    Question(
        "neighbors",
        "whom an actor is tied to by events, two hops out, by the number of ties",
        vary=scattered("actor", "kind = 'PERSON'"),
        newsgraph=lambda one: {"id": global_id("actor", one["id"])},
        floor=lambda one: [one["id"]],
        reasons={"postgraphile": NO_WALK, "seaography": NO_WALK, "pg_graphql": NO_WALK},
        shape=lambda answer, one: plain(answer["neighbors"]) if isinstance(answer, dict) else plain(answer),
    ),
]


def minted(cursor, values):
    """Returns a cursor for other values. A cursor is a list of a mark of the list and the values by which it is ordered."""
    mark, *old = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert len(old) == len(values), (cursor, values)
    values = [str(value) if isinstance(before, str) else value for before, value in zip(old, values)]
    text = json.dumps([mark, *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def with_cursors(document):
    """Returns the document with the cursors of its list selected too."""
    return re.sub(r"nodes \{", "edges { cursor } nodes {", document, count=1)

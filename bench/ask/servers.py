"""The servers that are compared: newsgraph, its peers and the floor, each started on a loaded database."""

import base64
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

from questions import minted, with_cursors

HERE = pathlib.Path(__file__).parent


class Refused(Exception):
    pass


class Server:
    """A running server. `requests` builds its request bodies for the variations of a question."""

    # The title in tables, and the name in file names.
    title = name = ""
    # cold: each request with other variables. repeated: the same request again and again.
    modes = ["cold", "repeated"]

    def __init__(self, work, port, database):
        self.work, self.port, self.database = work, port, database
        command, environment, folder = self.command()
        self.log = (work / f"{self.name}.{database.dialect}.log").open("w")
        self.process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL
        )
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise

    def wait(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                assert self.process.poll() is None, f"{self.name} did not start, see {self.log.name}"
                assert time.monotonic() < deadline, f"{self.name} did not answer, see {self.log.name}"
                time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def memory(self):
        """Returns the resident memory in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def processor(self):
        """Returns the CPU time of all its threads so far, in seconds."""
        user, system = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def url(self, question):
        return f"http://127.0.0.1:{self.port}/graphql"

    def document(self, question):
        file = HERE / "queries" / question.name / f"{self.name}.graphql"
        return file.read_text() if file.exists() else None

    def answers(self, question):
        return self.document(question) is not None and getattr(question, self.name) is not None

    def requests(self, question, variations):
        """Returns the request body of each variation."""
        document = self.document(question)
        words = getattr(question, self.name)
        cursor = self.first_cursor(question, document, words(variations[0])) if question.after else None
        bodies = []
        for one in variations:
            variables = words(one)
            if question.after:
                variables = {**variables, "after": self.cursor(cursor, question.after(one))}
            bodies.append({"query": document, "variables": variables})
        return bodies

    def first_cursor(self, question, document, variables):
        """Returns the cursor of the first row, from which other cursors of the list are built."""
        found = self.post(question, {"query": with_cursors(document), "variables": {**variables, "after": None}})
        return next(iter(found.values()))["edges"][0]["cursor"]

    def cursor(self, first, values):
        return minted(first, values)

    def post(self, question, body):
        request = urllib.request.Request(self.url(question), json.dumps(body).encode(), {"content-type": "application/json"})
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=120))
        except urllib.error.HTTPError as error:
            raise Refused(f"{self.name}, {question.name}: {error.read().decode()}") from error
        if "errors" in answer:
            raise Refused(f"{self.name}, {question.name}: {answer['errors']}")
        return answer["data"]

    def ask(self, question, body, one):
        found = self.post(question, body)
        return question.shape(next(iter(found.values())), one)


class Newsgraph(Server):
    """Without the response cache, which would soon contain all two thousand variations."""

    title, name = "newsgraph", "newsgraph"
    modes = ["cold"]
    cache = ["--answer-cache", "0"]

    def command(self):
        options = ["--listen", f"127.0.0.1:{self.port}", "--log", "error", "--slow", "600000", "--timeout", "600", *self.cache]
        return [os.environ["PROGRAM"], "serve", "--database-url", self.database.url, *options], {}, self.work


class Keeping(Newsgraph):
    """With the response cache, as by default."""

    title = "newsgraph, keeping answers"
    modes = ["repeated"]
    cache = []


class PostGraphile(Server):
    title, name = "PostGraphile", "postgraphile"

    def version(self):
        modules = self.work / "postgraphile" / "node_modules"
        packages = json.loads((self.work / "postgraphile" / "package.json").read_text())["dependencies"]
        number = lambda name: json.loads((modules / name / "package.json").read_text())["version"]
        return ", ".join(f"{name} {number(name)}" for name in packages)

    def command(self):
        folder = self.work / "postgraphile"
        bin = folder / "node_modules" / ".bin"
        environment = {"DATABASE_URL": self.database.url, "PORT": str(self.port), "GRAPHILE_ENV": "production"}
        return [str(bin / "node"), str(bin / "postgraphile")], environment, folder


class Seaography(Server):
    title, name = "Seaography", "seaography"

    def version(self):
        locked = (self.work / "seaography" / "project" / "Cargo.lock").read_text()
        number = lambda name: re.search(f'name = "{name}"\nversion = "(.*)"', locked)[1]
        return ", ".join(f"{name} {number(name)}" for name in ["seaography", "sea-orm", "async-graphql"])

    def command(self):
        program = self.work / "seaography" / "build" / "release" / "peer"
        environment = {"DATABASE_URL": self.database.url, "URL": f"127.0.0.1:{self.port}", "ENDPOINT": "/graphql"}
        return [str(program)], environment, self.work

    def first_cursor(self, question, document, variables):
        """Returns nothing: its cursors contain only the values."""

    def cursor(self, first, values):
        """A cursor contains each value with its type and length. Lists can be ordered by their key only."""
        return ",".join(f"BigInt[{len(str(value))}]:{value}" for value in values)

    def ask(self, question, body, one):
        found = self.post(question, body)
        answer = next(iter(found.values()))
        if question.name == "event":
            # It has no field for one entity by id, only filtered lists.
            answer = answer["nodes"][0]
        if "counted" in found:
            answer = {**answer, **found["counted"]}
        return question.shape(answer, one)


class Floor(Server):
    title, name = "floor", "floor"
    modes = ["cold"]

    def command(self):
        program = self.work / "floor" / "release" / "floor"
        return [str(program), self.database.url, f"127.0.0.1:{self.port}", str(HERE / "queries")], {}, self.work

    def url(self, question):
        return f"http://127.0.0.1:{self.port}/{question.name}"

    def answers(self, question):
        return self.statement(question) is not None

    def statement(self, question):
        file = HERE / "queries" / question.name / f"floor.{self.database.dialect}.sql"
        return file.read_text() if file.exists() else None

    def requests(self, question, variations):
        return [question.floor(one) for one in variations]

    def ask(self, question, body, one):
        return question.shape(self.post(question, body), one)


class PgGraphql(Floor):
    """The extension has no HTTP server. It is called through the floor's, with its function `graphql.resolve` as the statement."""

    title, name = "pg_graphql", "pg_graphql"
    modes = Server.modes

    def version(self):
        return "pg_graphql " + self.database.sql("SELECT extversion FROM pg_extension WHERE extname = 'pg_graphql'").strip()

    @staticmethod
    def prepare(database):
        """Configures the extension by comments: counts, page size and names. Returns False if it is not installed."""
        if not database.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_graphql'").strip():
            return False
        database.sql("CREATE EXTENSION IF NOT EXISTS pg_graphql")
        database.sql("COMMENT ON SCHEMA public IS '@graphql({\"max_rows\": 500, \"inflect_names\": true})'")
        # Otherwise this relation would have the same name as a column.
        database.sql("COMMENT ON CONSTRAINT statement_voice_id_fkey ON statement IS '@graphql({\"foreign_name\": \"voiceActor\"})'")
        for table in ["article", "statement"]:
            database.sql(f"COMMENT ON TABLE {table} IS '@graphql({{\"totalCount\": {{\"enabled\": true}}}})'")
        return True

    def command(self):
        command, environment, folder = super().command()
        return [*command[:-1], str(HERE / "pg_graphql")], environment, folder

    def url(self, question):
        return f"http://127.0.0.1:{self.port}/resolve"

    answers = Server.answers

    def requests(self, question, variations):
        return [[body["query"], json.dumps(body["variables"])] for body in Server.requests(self, question, variations)]

    def post(self, question, body):
        if isinstance(body, dict):
            body = [body["query"], json.dumps(body["variables"])]
        answer = Server.post(self, question, body)["answer"]
        if "errors" in answer:
            raise Refused(f"{self.name}, {question.name}: {answer['errors']}")
        return answer["data"]

    ask = Server.ask

    first_cursor = Seaography.first_cursor

    def cursor(self, first, values):
        return base64.b64encode(json.dumps(values).encode()).decode()

"""Copies a graph several times within its database, with other ids each time, because importing as much would take hours.

Texts are the same in each copy, so a name that was found once is found once per copy."""

import re

# Tables that are not copied.
ONCE = {"counter", "dataset", "moment", "seaql_migrations", "import_run", "import_seen", "request", "redirect", "api_key"}


def value(table, column, step):
    """Returns the SQL expression of a column in copy number `copy`."""
    if table == "change" and column == "id":
        return f'"{column}" + copy * {step["change"]}'
    if re.search("(^|_)id$", column) and column != "dataset_id":
        return f'"{column}" + copy * {step["id"]}'
    if column == "slug" or (table, column) == ("record", "key"):
        return f"\"{column}\" || '-' || copy"
    return f'"{column}"'


def grow(sql, times):
    """Makes `times` graphs of one. `sql` is a function that runs SQL and returns its output."""

    def lines(text):
        return sql(text).strip().splitlines()

    step = {name: int(last) for name, last in (line.split("|") for line in lines("SELECT name, value FROM counter"))}
    tables = lines("SELECT relname FROM pg_stat_user_tables WHERE relname NOT LIKE '%history' ORDER BY 1")
    for table in tables:
        if table in ONCE or not lines(f"SELECT 1 FROM {table} LIMIT 1"):
            continue
        of_table = f"conrelid = 'public.{table}'::regclass AND contype"
        unique = [line.split("|", 1) for line in lines(f"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE {of_table} = 'u'")]
        indexes = lines(f"SELECT indexname || '|' || indexdef FROM pg_indexes WHERE tablename = '{table}' AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE {of_table} IN ('p', 'u'))")
        indexes = [line.split("|", 1) for line in indexes]
        columns = lines(f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = 'public' AND is_generated = 'NEVER'")
        names = ", ".join(f'"{column}"' for column in columns)
        values = ", ".join(value(table, column, step) for column in columns)
        statements = [
            *(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name, _ in unique),
            *(f"DROP INDEX {name}" for name, _ in indexes),
            # Disables triggers for the copied rows.
            "SET session_replication_role = replica",
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(1, {times - 1}) AS copies (copy)",
            "SET maintenance_work_mem = '1GB'",
            *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}" for name, text in unique),
            *(text for _, text in indexes),
        ]
        sql(";\n".join(statements))
    sql(f"UPDATE counter SET value = value * {times} WHERE name <> 'index'")

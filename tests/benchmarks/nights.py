"""A year of nights of a simulated shop, with faults injected: `nights.py [--nights N]`.

Every night scores as of the day before and publishes. On some nights the log is spoiled first, and a dry run must be
stopped by a gate (or an error) that names the fault. Prints, as JSON, how many sound nights were stopped, and by which
gate each fault was. Exits with 1 if a fault passed, or one sound night in a hundred was stopped.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl

import clvmodels as clv
from clvmodels.errors import CLVError, GateRefused
from clvmodels.scoring.config.job import Job, job_from

FIT, FIRST = "2023-12-31", date(2024, 1, 1)
TRUTH, SPEND = {"r": 0.9, "alpha": 60.0, "a": 0.7, "b": 6.0}, {"p": 6.0, "q": 4.0, "v": 15.0}
CUSTOMERS, EVERY = 6_000, 30  # a fault of each kind every month
Log = pl.DataFrame


def dead_feed(log: Log, day: date) -> Log:
    """Nothing came for three days."""
    return log.filter(pl.col("date") <= day - timedelta(days=3))


def doubled_feed(log: Log, day: date) -> Log:
    """The rows of the day came twice."""
    return pl.concat([log, log.filter(pl.col("date") == day)])


def renamed_column(log: Log, _: date) -> Log:
    """The amounts have another name."""
    return log.rename({"amount": "total"})


def cents(log: Log, day: date) -> Log:
    """The amounts of the day are in cents."""
    factor = pl.when(pl.col("date") == day).then(100.0).otherwise(1.0)
    return log.with_columns(amount=pl.col("amount") * factor)


def all_in_cents(log: Log, _: date) -> Log:
    """All amounts are in cents."""
    return log.with_columns(amount=pl.col("amount") * 100)


def missing_day(log: Log, day: date) -> Log:
    """The day's rows did not come."""
    return log.filter(pl.col("date") != day)


def late_rows(log: Log, day: date) -> Log:
    """Rows of two weeks of another shop, dated in the past, came in one night."""
    old = log.filter(pl.col("date").is_between(day - timedelta(days=60), day - timedelta(days=46)))
    return pl.concat([log, old.with_columns(amount=pl.col("amount") + 1.5)])


def deleted_customers(log: Log, _: date) -> Log:
    """Every twentieth customer is gone."""
    return log.filter(pl.col("customer_id").hash(1) % 20 != 0)


FAULTS: dict[str, tuple[Callable[[Log, date], Log] | None, set[str]]] = {
    "dead feed": (dead_feed, {"freshness"}),
    "doubled feed": (doubled_feed, {"repeated_rows", "daily_rows"}),
    "column renamed": (renamed_column, {"InvalidJob"}),
    "a day in cents": (cents, {"daily_amounts"}),
    "all in cents": (all_in_cents, {"shift of monetary_value"}),
    "a day missing": (missing_day, {"freshness", "daily_rows"}),
    "late rows": (late_rows, {"late_rows"}),
    "customers deleted": (deleted_customers, {"rows"}),
    "clock backwards": (None, {"order"}),
}


def main() -> int:
    """Run the nights and print what stopped them."""
    parser = argparse.ArgumentParser(description="A year of nights with injected faults.")
    parser.add_argument("--nights", type=int, default=365)
    nights = parser.parse_args().nights
    stopped: collections.Counter[str] = collections.Counter()
    caught: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in FAULTS}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        log = shop(nights)
        job = job_of(folder)
        write(log.filter(pl.col("date") <= date.fromisoformat(FIT)), folder)
        clv.fit_job(job, FIT)
        for night in range(nights):
            day = FIRST + timedelta(days=night)
            known = log.filter(pl.col("date") <= day)
            if night % EVERY >= EVERY - len(FAULTS):
                name = list(FAULTS)[EVERY - 1 - night % EVERY]
                caught[name][verdict(job, folder, known, day, name)] += 1
            write(known, folder)
            try:
                clv.score_job(job, f"{day}")
            except GateRefused as error:
                stopped[str(error).splitlines()[1].split(":")[0]] += 1
                clv.score_job(job, f"{day}", force=True)
    print(json.dumps({"nights": nights, "sound nights stopped": stopped, "faults": caught}, indent=2))
    return int(any(counts["passed"] for counts in caught.values()) or sum(stopped.values()) >= 0.01 * nights)


def shop(nights: int) -> Log:
    """Return the log of a shop that has been open for two years, and of the nights to come."""
    end = FIRST + timedelta(days=nights)
    log = clv.simulate_log(
        CUSTOMERS, TRUTH, SPEND, time_unit="day", start="2022-01-01", end=f"{end}", random_state=9, kind="polars"
    )
    return log.with_columns(pl.col("date").cast(pl.Date), pl.col("amount").round(2))


def job_of(folder: Path) -> Job:
    """Return the job of the shop."""
    return job_from(
        {
            "source": {"path": str(folder / "log.parquet")},
            "columns": {"amount": "amount"},
            "registry": {"folder": str(folder / "models")},
            "run": {"folder": str(folder / "runs")},
            "sinks": [{"path": str(folder / "scores.parquet")}],
        }
    )


def write(log: Log, folder: Path) -> None:
    """Write the log under another name and rename it, as a loader should."""
    log.write_parquet(folder / "new.parquet")
    (folder / "new.parquet").rename(folder / "log.parquet")


def verdict(job: Job, folder: Path, log: Log, day: date, name: str) -> str:
    """Return the gate or the error that stops a night with a fault, "passed" if none of those that should does."""
    spoil, named = FAULTS[name]
    write(log if spoil is None else spoil(log, day), folder)
    as_of = day if spoil is not None else day - timedelta(days=9)
    try:
        gates = clv.score_job(job, f"{as_of}", dry_run=True).manifest.gates
    except CLVError as error:
        return type(error).__name__ if type(error).__name__ in named else "passed"
    return next((gate.gate for gate in gates if not gate.passed and gate.gate in named), "passed")


if __name__ == "__main__":
    sys.exit(main())

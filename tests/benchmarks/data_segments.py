"""How often `data_segments` finds the right number of segments, or none where there are none.

`data_segments.py [N] [METHOD]`: customers are simulated N times each (default: 10, k-means) without structure (five
kinds) and with lumps (four kinds). Written to data_segments.json in this folder: the times each number was found.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv

RESULTS = Path(__file__).with_suffix(".json")
CUSTOMERS = 1_000
CORRELATION = [[1, 0.5, 0.2], [0.5, 1, 0.3], [0.2, 0.3, 1]]
THREE = 1.3 * np.array([[0, 0, 0], [3, 0, 1], [0, 3, -1]])
FIVE = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4], [4, 4, 4]])


def normal(g: np.random.Generator) -> np.ndarray:
    """Three correlated normal columns."""
    return g.multivariate_normal([0, 0, 0], CORRELATION, CUSTOMERS)


def skewed(g: np.random.Generator) -> np.ndarray:
    """Three correlated lognormal columns, as money is distributed."""
    return np.exp(normal(g))


def uniform(g: np.random.Generator) -> np.ndarray:
    """Three independent columns with hard ends."""
    return g.random((CUSTOMERS, 3))


def long(g: np.random.Generator) -> np.ndarray:
    """Two columns that are nearly the same."""
    return g.multivariate_normal([0, 0], [[1, 0.95], [0.95, 1]], CUSTOMERS)


def buyers(g: np.random.Generator) -> np.ndarray:
    """Counts of a gamma mixture of Poisson processes, order values and times since the last order."""
    rate = g.gamma(1.5, 2, CUSTOMERS)
    return np.column_stack([g.poisson(rate), g.gamma(2, 10, CUSTOMERS), np.minimum(g.exponential(10, CUSTOMERS), 30)])


def lumps(centers: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Normal lumps around centers, of equal size."""
    return lambda g: centers[g.integers(0, len(centers), CUSTOMERS)] + g.standard_normal((CUSTOMERS, centers.shape[1]))


def minority(g: np.random.Generator) -> np.ndarray:
    """A fifth of the customers in a lump 4.5 standard deviations away."""
    apart = g.random(CUSTOMERS) < 0.2
    return g.standard_normal((CUSTOMERS, 3)) + apart[:, None] * np.array([4.0, 2.0, 0.0])


CASES: dict[str, tuple[int, Callable[[np.random.Generator], np.ndarray]]] = {
    "normal": (1, normal),
    "skewed": (1, skewed),
    "uniform": (1, uniform),
    "long": (1, long),
    "buyers": (1, buyers),
    "two lumps in one of three columns": (2, lumps(np.array([[0, 0, 0], [4, 0, 0]]))),
    "a fifth in a lump": (2, minority),
    "three lumps": (3, lumps(THREE)),
    "five lumps": (5, lumps(FIVE)),
}


def found(method: Any, case: Callable[[np.random.Generator], np.ndarray], seed: int) -> int:
    """Return the number of segments found in one simulated table."""
    data = case(np.random.default_rng(seed))
    names = [f"x{i}" for i in range(data.shape[1])]
    customers = pd.DataFrame(data, columns=names).assign(customer_id=range(len(data)))
    return len(clv.data_segments(customers, features=names, method=method, random_state=seed).names)


def main(times: int, method: str) -> None:
    """Simulate every case, and write how often each number was found."""
    rows = []
    for name, (truth, case) in CASES.items():
        start = time.process_time()
        counts = np.bincount([found(method, case, seed) for seed in range(times)], minlength=9)[1:]
        seconds = round((time.process_time() - start) / times, 2)
        rows.append({"method": method, "case": name, "truth": truth, "found": counts.tolist(), "seconds": seconds})
        print(rows[-1], flush=True)
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2] if len(sys.argv) > 2 else "k-means")

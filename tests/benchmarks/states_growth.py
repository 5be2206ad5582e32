"""Count the distinct states of simulated customers, up to a hundred million, and time their predictions.

`states_growth.py [CUSTOMERS]`: customers arrive evenly over two years and buy at rates and leave at rates that differ
(Pareto/NBD). A state is frequency, recency and T in whole periods of 1, 7 or 14 days. The customers are drawn in parts
and their states marked in a table of bits, so that memory does not grow with them. Written to states_growth.json in
this folder, with the seconds that this machine needs to fit and to predict one million states.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.forecasting.states import state_table

RESULTS = Path(__file__).with_suffix(".json")
SPAN, PART, MOST_PURCHASES = 730, 2_000_000, 255
RATE, LEAVING = (0.6, 18.0), (0.6, 120.0)  # shape, and scale of the rate in days
PERIODS = (1, 7, 14)
MARKS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def drawn(customers: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequency, recency and T of new customers, in days."""
    age = generator.integers(0, SPAN, customers)
    rate = generator.standard_gamma(RATE[0], customers) / RATE[1]
    lifetime = generator.standard_exponential(customers) / (
        generator.standard_gamma(LEAVING[0], customers) / LEAVING[1]
    )
    active = np.minimum(age, lifetime)
    count = np.minimum(generator.poisson(rate * active), MOST_PURCHASES)
    latest = active * generator.random(customers) ** (1 / np.maximum(count, 1))
    recency = np.where(count > 0, np.maximum(np.ceil(latest), 1), 0).astype(np.int64)
    recency = np.minimum(recency, age)
    return np.where(recency > 0, count, 0), recency, age


def growth(most: int, seed: int = 0) -> list[dict[str, int]]:
    """Return the number of distinct states at each number of customers, by the days of a period."""
    generator, seen, rows = np.random.default_rng(seed), 0, []
    sides = {days: SPAN // days + 2 for days in PERIODS}
    marked = {days: np.zeros((MOST_PURCHASES + 1) * side * side, dtype=bool) for days, side in sides.items()}
    for mark in (mark for mark in MARKS if mark <= most):
        while seen < mark:
            part = min(PART, mark - seen)
            count, recency, age = drawn(part, generator)
            for days, side in sides.items():
                back, since = (-(-each // days) for each in (recency, age))
                marked[days][(count * side + back) * side + since] = True
            seen += part
        rows.append({"customers": mark, **{f"states_{days}_days": int(table.sum()) for days, table in marked.items()}})
        print(rows[-1], flush=True)
    return rows


def speeds(states: int = 1_000_000, seed: int = 1) -> dict[str, float]:
    """Return the seconds of processor time of a fit and of predictions, for one million states."""
    count, recency, age = drawn(states, np.random.default_rng(seed))
    rows = {
        "customer_id": np.arange(states),
        "frequency": count,
        "recency": recency.astype(float),
        "T": age.astype(float),
    }
    rfm = clv.RFM.from_frame(pd.DataFrame(rows), time_unit="day")
    result = {}
    begin = time.process_time()
    model = clv.MBGNBD().fit(rfm)
    result["fit_seconds"] = round(time.process_time() - begin, 1)
    begin = time.process_time()
    table = state_table(model, rfm, "12 months", 0.10)
    result["prediction_seconds"] = round(time.process_time() - begin, 1)
    result["bytes_per_state"] = sum(each.dtype.itemsize for each in table.values())
    print(result, flush=True)
    return result


def main() -> None:
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else MARKS[-1]
    result = {"speeds": speeds(), "growth": growth(most)}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

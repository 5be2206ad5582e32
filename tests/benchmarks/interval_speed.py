"""Time, processor time and memory of outcome intervals of every customer: purchases and value of twelve months.

Writes interval_speed.json next to this file:

    python tests/benchmarks/interval_speed.py [customers] [draws]
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.processes.bgnbd import PROCESS, Parameters

PARAMETERS = Parameters(*map(np.float64, (0.8, 60.0, 1.0, 4.0)))  # in days
DAYS = 730
TERMS: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}


def customers_of(many: int) -> clv.RFM:
    """Return simulated customers, who began on different days and are known by whole days."""
    generator = np.random.default_rng(0)
    T = generator.integers(1, DAYS, many).astype(float)
    history = PROCESS.simulate(PARAMETERS, T, generator)
    # Purchases of one day are one, so that there are at most as many as days.
    recency = np.minimum(np.ceil(history.t_x), T)
    frequency = np.minimum(history.x, recency).astype(int)
    mean = generator.gamma(6.0, 1.0, many) * 6 / generator.gamma(4.0, 1.0, many)
    table = {"customer_id": np.arange(many), "frequency": frequency, "recency": recency, "T": T}
    frame = pd.DataFrame({**table, "monetary_value": np.where(frequency > 0, mean.round(2), np.nan)})
    return clv.RFM.from_frame(frame, time_unit="day")


def main(many: int = 1_000_000, draws: int = 200) -> None:
    """Time each step, and write the result."""
    rfm = customers_of(many)
    models = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Any]) -> None:
        start, used = time.perf_counter(), time.process_time()
        step()
        seconds[name] = round(time.perf_counter() - start, 2)
        processor[name] = round(time.process_time() - used, 2)

    def peak() -> float:
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)

    options: dict[str, Any] = {"interval": 0.9, "draws": draws}
    before = peak()
    timed("purchases", lambda: models[0].expected_purchases(rfm, 365.25))
    timed("purchases_with_intervals", lambda: models[0].expected_purchases(rfm, 365.25, **options))
    after = peak()
    timed("value", lambda: clv.lifetime_value(*models, rfm, **TERMS))
    timed("value_with_intervals", lambda: clv.lifetime_value(*models, rfm, **TERMS, **options))
    states = len(np.unique(rfm.frequency + 1j * (rfm.recency * DAYS + rfm.T)))
    result = {
        "customers": many,
        "distinct_histories": states,
        "draws": draws,
        "load": round(os.getloadavg()[0], 1),
        "seconds": seconds,
        "processor_seconds": processor,
        "peak_gib": {"before": before, "purchases": after, "value": peak()},
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

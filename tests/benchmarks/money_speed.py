"""Time of value with costs, cash flow and unit economics, without intervals and with them.

Writes money_speed.json next to this file:

    python tests/benchmarks/money_speed.py [customers] [draws]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import clvmodels as clv

PARAMETERS = {"r": 0.8, "alpha": 60.0, "a": 1.0, "b": 4.0}  # in days
TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = clv.Costs(per_order=2.0, per_period=0.1, acquisition=15.0)


def main(customers: int = 1_000_000, draws: int = 200) -> None:
    """Time each step, and write the result."""
    log = clv.simulate_log(customers, PARAMETERS, start="2022-01-01", end="2023-12-31", random_state=0)
    generator = np.random.default_rng(0)
    _, customer = np.unique(log["customer_id"], return_inverse=True)
    rate = generator.gamma(4.0, size=customer.max() + 1) / 15.0
    log["amount"] = (generator.gamma(6.0, size=len(log)) / rate[customer] + 0.01).round(2)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="day")
    models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Any]) -> None:
        start, busy = time.perf_counter(), time.process_time()
        step()
        seconds[name], processor[name] = (
            round(time.perf_counter() - start, 1),
            round(time.process_time() - busy, 1),
        )

    terms: dict[str, Any] = {**TERMS, "costs": COSTS}
    interval = {"interval": 0.9, "draws": draws}
    timed("value", lambda: clv.remaining_value(*models, history.rfm, **terms))
    timed("cash_flow", lambda: clv.remaining_value(*models, history.rfm, by_period="month", **terms))
    timed("total_interval", lambda: clv.remaining_value(*models, history.rfm, by="total", **interval, **terms))
    timed(
        "cash_flow_interval", lambda: clv.remaining_value(*models, history.rfm, by_period="month", **interval, **terms)
    )
    timed(
        "unit_economics_with_interval",
        lambda: clv.unit_economics(
            *models, history, by="cohort_month", **interval, **(terms | {"horizon": "24 months"})
        ),
    )
    result = {
        "customers": customers,
        "rows": len(log),
        "draws": draws,
        "seconds": seconds,
        "processor_seconds": processor,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

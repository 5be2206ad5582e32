"""Measure how long customers take through tiers, segments, stages, scorecard, lists and plan: `decisions_speed.py [N]`.

N (default: a million) customers of MBG/NBD and Gamma-Gamma are simulated; models are fitted to 10,000 of them.
Written to decisions_speed.json in this folder, by the number of customers: processor seconds of each step, of all of
them without intervals and with intervals of values and 200 draws for P(tier), both also in wall time, and the largest
memory of the process. Wall times hold for an idle machine.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from own_rates import PURCHASES, SPEND, WEEKS

import clvmodels as clv
from clvmodels.processes import mbgnbd

RESULTS = Path(__file__).with_suffix(".json")
WITH_INTERVALS = ("value, intervals", "draws", "tiers, P(tier)")
TERMS: dict[str, Any] = {"horizon": "52 weeks", "annual_discount_rate": 0.1, "margin": 0.35}


def simulated(customers: int) -> clv.RFM:
    """Return the RFM of simulated customers whose times are whole days."""
    g = np.random.default_rng(0)
    history = mbgnbd.PROCESS.simulate(PURCHASES, np.full(customers, WEEKS), g)
    nu, count = g.gamma(SPEND.q, size=customers) / SPEND.v, history.x
    mean = np.where(count > 0, g.gamma(np.maximum(SPEND.p * count, 1e-9)) / nu / np.maximum(count, 1), np.nan)
    recency = np.where(count > 0, np.maximum(np.floor(history.t_x * 7), 1.0), 0.0) / 7
    days = np.minimum(count, np.round(recency * 7))  # no more purchases than days
    rows = {"frequency": days.astype(int), "recency": recency, "T": WEEKS, "monetary_value": mean}
    return clv.RFM.from_frame(pd.DataFrame(rows).assign(customer_id=range(customers)), time_unit="week")


def main(customers: int) -> None:
    """Measure, and write the table."""
    rfm = simulated(customers)
    purchases, spend = clv.MBGNBD().fit(rfm[:: customers // 10_000]), clv.GammaGamma().fit(rfm[:: customers // 10_000])
    seconds: dict[str, float] = {}
    wall: dict[str, float] = {}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        start, on_the_wall = time.process_time(), time.perf_counter()
        result = function()
        seconds[name] = round(time.process_time() - start, 2)
        wall[name] = round(time.perf_counter() - on_the_wall, 2)
        print(f"{name}: {seconds[name]} s, {wall[name]} s on the wall", flush=True)
        return result

    value = timed("value", lambda: clv.lifetime_value(purchases, spend, rfm, **TERMS))
    frame = pd.DataFrame(
        {
            "customer_id": value["customer_id"],
            "lifetime_value": value["lifetime_value"],
            "frequency": rfm.frequency,
            "time_since_last": rfm.T - rfm.recency,
        }
    )
    tiers = timed("tiers", lambda: clv.tiers(frame))
    timed("tiers again", lambda: clv.tiers(frame, published=tiers.frame()))
    timed("rfm_segments", lambda: clv.rfm_segments(rfm))
    stages = timed("stages", lambda: clv.stages(purchases, rfm))
    features = ["lifetime_value", "frequency", "time_since_last"]
    timed("data_segments", lambda: clv.data_segments(frame, features=features))
    both = frame.assign(tier=tiers.columns["tier_today"], stage=stages.columns["stage"])
    timed("segment_crosstab", lambda: clv.segment_crosstab(both, by=["tier", "stage"]))
    timed("scorecard", lambda: clv.scorecard(frame, "contribution"))
    timed("value, intervals", lambda: clv.lifetime_value(purchases, spend, rfm, interval=0.9, **TERMS))
    draws = timed("draws", lambda: clv.value_draws(purchases, spend, rfm, **TERMS))
    timed("tiers, P(tier)", lambda: clv.tiers(frame, published=tiers.frame(), draws=draws))
    lists = timed("action_lists", lambda: clv.action_lists(purchases, spend, rfm, horizon="26 weeks", margin=0.35))
    total, total_wall = (
        round(sum(taken for name, taken in each.items() if name not in ("value", *WITH_INTERVALS)), 1)
        for each in (seconds, wall)
    )
    with_intervals, with_intervals_wall = (
        round(sum(taken for name, taken in each.items() if name != "value"), 1) for each in (seconds, wall)
    )
    memory = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    record = {
        "seconds": seconds,
        "total": total,
        "with_intervals": with_intervals,
        "total_wall": total_wall,
        "with_intervals_wall": with_intervals_wall,
        "largest_memory_gb": memory,
    }
    results = json.loads(RESULTS.read_text("utf-8")) | {f"{customers}": record}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(
        total,
        "s;",
        with_intervals,
        "s with intervals;",
        total_wall,
        "and",
        with_intervals_wall,
        "on the wall;",
        memory,
        "GB;",
        len(lists.frame()),
        "customers listed",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

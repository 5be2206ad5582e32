"""How often cohorts of simulated shops pay back by a month that was ahead, against the probability of it.

Each shop is simulated from MBG/NBD and Gamma-Gamma for two years. Models are fitted after the first year. The cost of
acquiring a cohort, the customers of one month, is near what it is expected to bring by a month that is ahead, picked at
random, and `unit_economics` gives P(the value of the cohort covers its cost) by each month that is not over yet. A year
later it is known. Cohorts of one shop share their models, so standard errors are by shop. Writes payback.json next to
this file:

    python tests/benchmarks/payback.py [shops] [customers] [draws]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv

TRUTH = {"r": 0.8, "alpha": 60.0, "a": 0.8, "b": 3.0}  # in days
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
CUTOFF, END = "2022-12-31", "2023-12-31"
SPREAD = 0.05  # of the cost of acquisition around the value expected by a month that is ahead
EDGES = (0.0, 0.1, 0.3, 0.7, 0.9, 1.0)
KEYS = ["cohort", "month"]


def simulate_shop(seed: int, customers: int) -> pd.DataFrame:
    """Return the log of two years."""
    generator = np.random.default_rng(seed)
    log = clv.simulate_log(customers, TRUTH, start="2022-01-01", end=END, random_state=seed)
    ids, who = np.unique(log["customer_id"], return_inverse=True)
    nu = generator.gamma(SPEND["q"], 1 / SPEND["v"], len(ids))
    return log.assign(amount=np.maximum(generator.gamma(SPEND["p"], 1 / nu[who]), 0.01).round(2))


def shop(seed: int, customers: int, draws: int) -> pd.DataFrame:
    """Return the months that are ahead at the cutoff, with P(the cohort is covered) and whether it was."""
    log = simulate_shop(seed, customers)
    cohorts = log.groupby("customer_id")["date"].min().astype(str).str[:7].rename("cohort").reset_index()
    reading: dict[str, Any] = {"amount": "amount", "time_unit": "day", "attributes": cohorts}
    now = clv.KnownHistory.from_log(log, observation_end=CUTOFF, **reading)
    later = clv.KnownHistory.from_log(log, observation_end=END, **reading)
    models = clv.MBGNBD().fit(now.rfm), clv.GammaGamma().fit(now.rfm)
    options: dict[str, Any] = {"by": "cohort", **TERMS}
    free = clv.Costs(per_order=1.0, acquisition=0.0)
    expected = clv.unit_economics(*models, now, interval=None, costs=free, **options).payback
    generator = np.random.default_rng([seed, 1])
    near = {}
    for cohort, rows in expected[expected["status"] != "observed"].groupby("cohort"):
        by_then = (rows["value"] / rows["customers"]).sample(1, random_state=generator).iloc[0]
        near[cohort] = float(by_then * np.exp(SPREAD * generator.standard_normal()))
    every = dict.fromkeys(cohorts["cohort"], 0.0)
    options["costs"] = clv.Costs(per_order=1.0, acquisition={"cohort": every | near})
    drawn = {"draws": draws, "total_interval": "model", "random_state": seed}
    forecast = clv.unit_economics(*models, now, **options, **drawn).payback
    known = clv.unit_economics(*models, later, interval=None, **options).payback
    forecast = forecast[forecast["status"] != "observed"]
    known = known[known["status"] == "observed"]
    both = forecast.merge(known, on=KEYS, suffixes=("", "_known"))
    return pd.DataFrame(
        {
            "shop": seed,
            "probability": both["probability_covered"],
            "covered": both["value_known"] >= both["acquisition_cost_known"],
            "share": both["share_paid_back"],
            "observed_share": both["observed_share_known"],
            "within": (both["value_lower"] <= both["value_known"]) & (both["value_known"] <= both["value_upper"]),
        }
    )


def summarize(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean probability and the share covered, by bin of the probability."""
    bins = np.clip(np.searchsorted(EDGES, rows["probability"], side="right") - 1, 0, len(EDGES) - 2)
    table = []
    for i in range(len(EDGES) - 1):
        inside = rows[bins == i]
        if inside.empty:
            continue
        error = inside["covered"] - inside["probability"]
        by_shop = error.groupby(inside["shop"]).agg(["sum", "size"])
        off = float(error.mean())
        spread = float(np.sqrt(np.sum((by_shop["sum"] - off * by_shop["size"]) ** 2)) / len(inside))
        table.append(
            {
                "probability": [EDGES[i], EDGES[i + 1]],
                "months": len(inside),
                "expected": round(float(inside["probability"].mean()), 4),
                "covered": round(float(inside["covered"].mean()), 4),
                "standard_error": round(spread, 4),
                "within_5_points_and_2_errors": bool(abs(off) <= 0.05 + 2 * spread),
            }
        )
    return table


def main(shops: int = 200, customers: int = 1_200, draws: int = 200) -> None:
    """Run the shops, and write the result."""
    start = time.process_time()
    rows = pd.concat([shop(seed, customers, draws) for seed in range(shops)])
    of_customers = rows["observed_share"] - rows["share"]
    result = {
        "shops": shops,
        "customers": customers,
        "draws": draws,
        "bins": summarize(rows),
        "share_paid_back_bias": round(float(of_customers.mean()), 4),
        "share_paid_back_rmse": round(float(np.sqrt(np.mean(of_customers**2))), 4),
        "coverage_of_90_percent_bands": round(float(rows["within"].mean()), 4),
        "processor_seconds": round(time.process_time() - start, 1),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

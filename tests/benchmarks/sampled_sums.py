"""How far intervals of sums from samples of futures are from those of all futures: `sampled_sums.py SEED [customers]`.

A base of simulated customers is valued with costs, by quarter and by quarterly cohort, three times: with the futures of
all customers, the same with another seed, and with those of a tenth of them. Differences of the ends of intervals are
in widths of the first interval, so those of another seed show what chance alone does. Results are added to
sampled_sums.json by seed:

    python tests/benchmarks/sampled_sums.py 0
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
from clvmodels.valuation.drawn import sampled_sums

RESULT = Path(__file__).with_suffix(".json")
PARAMETERS = {"r": 0.8, "alpha": 60.0, "a": 1.0, "b": 4.0}  # in days
TERMS: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35, "draws": 200}
COSTS = clv.Costs(per_order=2.0, per_period=0.1, acquisition=15.0)
FITTED = 2_000  # customers, so that the parameters are uncertain
MONEY = ("revenue", "net_cash_flow", "remaining_value")


def base(seed: int, customers: int) -> tuple[clv.KnownHistory, clv.MBGNBD, clv.GammaGamma]:
    """Return simulated customers, and models fitted to some of them."""
    log = clv.simulate_log(customers, PARAMETERS, start="2022-07-01", end="2023-12-31", random_state=seed)
    generator = np.random.default_rng(seed)
    _, customer = np.unique(log["customer_id"], return_inverse=True)
    rate = generator.gamma(4.0, size=customer.max() + 1) / 15.0
    log["amount"] = (generator.gamma(6.0, size=len(log)) / rate[customer] + 0.01).round(2)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="day")
    some = history.rfm[:: max(1, customers // FITTED)]
    return history, clv.MBGNBD().fit(some), clv.GammaGamma().fit(some)


def tables(of: tuple[Any, ...], basis: str, seed: int, whole: int, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cash flow and the unit economics, from samples of a size unless there are few enough customers."""
    sampled_sums.LARGEST_WHOLE, sampled_sums.SAMPLE_SIZE, sampled_sums.LEAST_OF_GROUP = whole, size, size // 10
    history, *models = of
    options = {"interval": 0.9, "total_interval": basis, "random_state": seed, "costs": COSTS, **TERMS}
    flow = clv.remaining_value(*models, history.rfm, by_period="quarter", **options).frame()
    economics = clv.unit_economics(*models, history, by="cohort_quarter", **options)
    return flow, economics.groups.merge(economics.payback, on="cohort")


def differences(first: pd.DataFrame, other: pd.DataFrame, names: tuple[str, ...]) -> dict[str, float]:
    """Return the mean and the root mean square of differences of the ends, and the mean ratio of the widths."""
    ends, ratios = [], []
    for name in names:
        width = first[f"{name}_upper"] - first[f"{name}_lower"]
        real = width > 1e-9
        ends += [((other[f"{name}_{end}"] - first[f"{name}_{end}"]) / width)[real] for end in ("lower", "upper")]
        ratios.append(((other[f"{name}_upper"] - other[f"{name}_lower"]) / width)[real])
    each = np.concatenate(ends)
    return {
        "mean": round(float(each.mean()), 4),
        "root_mean_square": round(float(np.sqrt(np.mean(each**2))), 4),
        "width": round(float(np.concatenate(ratios).mean()), 4),
    }


def main(seed: int, customers: int = 20_000) -> None:
    """Measure one base, and add the result to those of other seeds."""
    of, row = base(seed, customers), {}
    for basis in ("model", "history"):
        first = tables(of, basis, 0, customers, 0)
        for name, random_state, whole, size in (("another seed", 1, customers, 0), ("samples", 0, 0, customers // 10)):
            flow, economics = tables(of, basis, random_state, whole, size)
            row[f"{basis}, {name}"] = {
                "cash flow": differences(first[0], flow, MONEY),
                "break-even CAC": differences(first[1], economics, ("break_even_cac",)),
                **{
                    name: round(float((economics[name] - first[1][name]).abs().max()), 4)
                    for name in ("share_paid_back", "probability_covered")
                },
            }
    document = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    document[f"{customers} customers, seed {seed}"] = row | {"processor_seconds": round(time.process_time(), 1)}
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

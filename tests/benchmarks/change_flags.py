"""How often `flag_changes` flags a stable table, with and without a common shock, and finds a change in one tier.

Shops are simulated from MBG/NBD and Gamma-Gamma, fitted, and sorted into four tiers by expected value. Customers' own
rates, hazards and spend are kept, and each shop's next half year is drawn many times: as it is, with 15 % less or more
revenue of all customers, and with 10 % less revenue of the first tier. Writes change_flags.json next to this file:

    python tests/benchmarks/change_flags.py [shops] [futures] [customers]
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
from clvmodels.decisions.change_flags import flagged_rows
from clvmodels.valuation.cash_flow import drawn_cash_flow, expected_cash_flow
from clvmodels.valuation.drawn.futures import level_factors
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

TRUTH = {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 4.0}  # in weeks
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
AHEAD = 26.0  # weeks
SHARES = (0.05, 0.2, 0.5)  # of customers in the first tiers
DRAWS = 200


def shop(seed: int, customers: int) -> dict[str, Any]:
    """Simulate, fit and sort one shop; return what flags need, and each customer's own rate, dropout and spend."""
    generator = np.random.default_rng(seed)
    rate = generator.gamma(TRUTH["r"], 1 / TRUTH["alpha"], customers)
    dropout = generator.beta(TRUTH["a"], TRUTH["b"], customers)
    nu = generator.gamma(SPEND["q"], 1 / SPEND["v"], customers)
    T = generator.integers(26 * 7, 104 * 7, customers) / 7
    x, t_x, active = np.zeros(customers), np.zeros(customers), generator.random(customers) >= dropout
    total, time_now, buying = np.zeros(customers), np.zeros(customers), active.copy()
    while buying.any():
        time_now = time_now + generator.exponential(1 / rate)
        buying &= time_now <= T
        x[buying] += 1
        t_x[buying] = time_now[buying]
        total[buying] += generator.gamma(SPEND["p"], 1 / nu[buying])
        left = buying & (generator.random(customers) < dropout)
        active &= ~left
        buying &= ~left
    money = np.where(x > 0, total / np.maximum(x, 1), np.nan)
    frame = {"customer_id": np.arange(customers), "frequency": x.astype(int), "recency": np.ceil(7 * t_x) / 7, "T": T}
    rfm = clv.RFM.from_frame(
        pd.DataFrame({**frame, "monetary_value": money}), time_unit="week", observation_end="2024-06-30"
    )
    models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    terms = ValueTerms.from_keywords(horizon=AHEAD, annual_discount_rate=0.0, margin=1.0)
    valued = ValuedCustomers.of(*models, rfm, terms, None)
    orders, _ = valued.expectations.orders(AHEAD)
    rank = np.argsort(np.argsort(-orders * valued.expectations.spend_per_order)) / customers
    groups = ValueGroups(np.array(list("ABCD")), np.searchsorted(SHARES, rank, side="right"))
    whole = periods_after(rfm.clock, None, AHEAD, "year")
    return {
        "expected": expected_cash_flow(valued, whole, groups).revenue.sum(axis=1),
        "drawn": drawn_cash_flow(valued, whole, groups, DRAWS, seed).revenue.sum(axis=2),
        "common": level_factors(valued, "history", DRAWS, seed),
        "codes": groups.codes,
        "rate": rate,
        "dropout": dropout,
        "nu": nu,
        "active": active,
    }


def future(base: dict[str, Any], generator: np.random.Generator) -> np.ndarray:
    """Draw the revenue of each tier in the next half year from the customers' own rates and hazards, (4,)."""
    rate, n = base["rate"], len(base["rate"])
    offered = generator.poisson(rate * AHEAD)
    last = generator.geometric(np.maximum(base["dropout"], 1e-12))
    orders = np.where(base["active"], np.minimum(offered, last), 0)
    spent = generator.gamma(np.maximum(SPEND["p"] * orders, 1e-9), 1 / base["nu"]) * (orders > 0)
    assert len(spent) == n
    return np.bincount(base["codes"], spent, minlength=4)


def main(shops: int = 30, futures: int = 40, customers: int = 40_000) -> None:
    """Run the study, and write its result."""
    cases = {
        "stable": (1.0, 1.0),
        "shock_down_15": (0.85, 1.0),
        "shock_up_15": (1.15, 1.0),
        "first_tier_down_10": (1.0, 0.9),
    }
    flags: dict[str, list[list[bool]]] = {name: [] for name in cases}
    start = time.process_time()
    for seed in range(shops):
        base = shop(seed, customers)
        generator = np.random.default_rng([seed, 1])
        for _ in range(futures):
            actual = future(base, generator)
            for name, (shock, first) in cases.items():
                changed = shock * actual * np.array([first, 1.0, 1.0, 1.0])
                flagged = flagged_rows(changed, base["expected"], base["drawn"], base["common"], 0.05)[1]
                flags[name].append(flagged.tolist())
    of = {name: np.array(each) for name, each in flags.items()}
    by_shop = {name: each.any(axis=1).reshape(shops, futures).mean(axis=1) for name, each in of.items()}
    result = {
        "shops": shops,
        "futures_per_shop": futures,
        "customers": customers,
        "weeks_ahead": AHEAD,
        "any_flag": {name: round(float(each.any(axis=1).mean()), 4) for name, each in of.items()},
        "standard_error": {name: round(float(each.std(ddof=1) / shops**0.5), 4) for name, each in by_shop.items()},
        "first_tier_flagged": {name: round(float(each[:, 1].mean()), 4) for name, each in of.items()},
        "processor_seconds": round(time.process_time() - start, 1),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

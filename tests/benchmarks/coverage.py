"""Measured coverage of 90 % intervals on simulated customers: `coverage.py [LOGS] [CUSTOMERS]`, by hand, not in CI.

Each customer base is drawn from known parameters, fitted, and predicted; what then happens is drawn too. Prints a table
and writes it to coverage.json beside this file.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.processes.registry import PURCHASE_PROCESSES, SPEND_PROCESSES

LEVEL = 0.9
HORIZON = 39.0
TRUTH = {"bgnbd": {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.4}}
SPEND = {"gamma_gamma": {"p": 6.25, "q": 3.75, "v": 15.5}}
MODELS = {"bgnbd": clv.BGNBD, "gamma_gamma": clv.GammaGamma}
PIT_CUSTOMERS = 200


def main() -> None:
    """Run the study and print its table."""
    logs, customers = (int(word) for word in (sys.argv[1:] + ["400", "2000"][len(sys.argv) - 1 :]))
    with ProcessPoolExecutor() as pool:
        studies = list(pool.map(study, range(logs), [customers] * logs, chunksize=4))
    table: dict[str, Any] = {}
    for name in studies[0]["covered"]:
        table[name] = float(np.mean([s["covered"][name] for s in studies]))
    pit = np.concatenate([s["pit"] for s in studies])
    shares = np.histogram(pit, bins=10, range=(0, 1))[0] / len(pit)
    result = {
        "logs": logs,
        "customers": customers,
        "level": LEVEL,
        "coverage": table,
        "boundary": float(np.mean([s["boundary"] for s in studies])),
        "pit_deciles": [round(float(share), 4) for share in shares],
    }
    for name, share in table.items():
        print(f"{name:45s} {share:6.1%}")
    print("fits at a boundary", result["boundary"])
    print("randomized PIT by decile", result["pit_deciles"])
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")


def study(seed: int, customers: int) -> dict[str, Any]:
    """One simulated customer base: which intervals held what they were meant to hold."""
    generator = np.random.default_rng([20_261, seed])
    process, spend = PURCHASE_PROCESSES["bgnbd"], SPEND_PROCESSES["gamma_gamma"]
    truth, money = process.Parameters(**TRUTH["bgnbd"]), spend.Parameters(**SPEND["gamma_gamma"])
    T = generator.uniform(27, 39, customers)
    history = process.simulate(truth, T + HORIZON, generator)
    known = history.time <= T[history.customer]
    x = np.bincount(history.customer[known], minlength=customers)
    t_x = np.zeros(customers)
    np.maximum.at(t_x, history.customer[known], history.time[known])
    orders = spend.simulate_orders(money, history.customer, customers, generator)
    past = np.bincount(history.customer[known], orders[known], minlength=customers)
    future = np.bincount(history.customer[~known], minlength=customers)
    spent = np.bincount(history.customer[~known], orders[~known], minlength=customers)
    frame = pd.DataFrame({"customer_id": np.arange(customers), "frequency": x, "recency": t_x, "T": T})
    frame["monetary_value"] = np.divide(past, x, out=np.full(customers, np.nan), where=x > 0)
    rfm = clv.RFM.from_frame(frame, time_unit="week")
    model, spender = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    covered: dict[str, float] = {}
    for fitted, name in ((model, "bgnbd"), (spender, "gamma_gamma")):
        told = fitted.summary(LEVEL)
        for parameter, value in (TRUTH | SPEND)[name].items():
            row = told.loc[parameter]
            covered[f"{name} {parameter}"] = float(row["lower"] <= value <= row["upper"])
    options: dict[str, Any] = {"interval": LEVEL, "random_state": seed}
    worth: dict[str, Any] = {"horizon": HORIZON, "annual_discount_rate": 0.0, "margin": 1.0}
    alive = model.probability_alive(rfm, by="total", **options)
    covered["mean P(alive), parameter doubt"] = _holds(
        alive, "probability_alive", float(np.mean(_true_alive(truth, frame)))
    )
    mean = model.expected_purchases(rfm, HORIZON, by="total", interval_for="mean", **options)
    expected = process.expected_purchases(truth, HORIZON, x.astype(float), t_x, T).sum()
    covered["total purchases, parameter doubt"] = _holds(mean, "expected_purchases", float(expected))
    total = model.expected_purchases(rfm, HORIZON, by="total", **options)
    covered["total purchases, outcome"] = _holds(total, "expected_purchases", float(future.sum()))
    value = clv.lifetime_value(model, spender, rfm, by="total", **worth, **options)
    covered["total money, outcome"] = _holds(value, "lifetime_value", float(spent.sum()))
    each = model.expected_purchases(rfm, HORIZON, **options)
    covered["customers' purchases, outcome"] = float(np.mean(_holds_each(each, "expected_purchases", future)))
    each = clv.lifetime_value(model, spender, rfm, **worth, **options)
    covered["customers' money, outcome"] = float(np.mean(_holds_each(each, "lifetime_value", spent)))
    return {"covered": covered, "pit": _pit(model, rfm, future, generator), "boundary": model.fit_.status == "boundary"}


def _true_alive(truth: Any, frame: pd.DataFrame) -> Any:
    columns = [frame[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    return PURCHASE_PROCESSES["bgnbd"].probability_alive(truth, *columns)


def _holds(frame: Any, name: str, value: float) -> float:
    return float(_holds_each(frame, name, np.array([value]))[0])


def _holds_each(frame: Any, name: str, values: Any) -> Any:
    # Money of nobody is exactly 0 on both sides; rounding of a sum of orders must not count as a miss.
    slack = 1e-9 * np.abs(values)
    return (frame[f"{name}_lower"].to_numpy() <= values + slack) & (values - slack <= frame[f"{name}_upper"].to_numpy())


def _pit(model: Any, rfm: Any, future: Any, generator: np.random.Generator) -> Any:
    """Randomized probability integral transform: uniform if the predicted distribution is right."""
    some = generator.choice(len(rfm), PIT_CUSTOMERS, replace=False)
    table = model.pmf(range(int(future[some].max()) + 1), HORIZON, rfm[some]).drop(columns="customer_id").to_numpy()
    below = np.cumsum(table, axis=1) - table
    row = np.arange(PIT_CUSTOMERS)
    return below[row, future[some]] + generator.random(PIT_CUSTOMERS) * table[row, future[some]]


if __name__ == "__main__":
    main()

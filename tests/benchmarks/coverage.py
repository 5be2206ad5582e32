"""Measure the coverage of 90 % intervals on simulated customers: `coverage.py LOGS CUSTOMERS [PROCESS ...]`.

For each purchase process, customer bases and their future are simulated from known parameters; models are fitted to the
bases, and their intervals are compared with the future. Prints tables and writes them to coverage.json in this folder,
where the results of other processes stay.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES

LEVEL = 0.9
HORIZON = 39.0
TRUTH = {
    "bgnbd": {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.4},
    "mbgnbd": {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6},
    "nbd": {"r": 0.4, "alpha": 12.0},
    "pareto_nbd": {"r": 0.55, "alpha": 10.5, "s": 0.6, "beta": 11.5},
    "ggompertz_nbd": {"r": 1.0, "alpha": 5.0, "b": 0.12, "s": 0.6, "beta": 6.0},
    "bgcnbd_2": {"r": 0.5, "alpha": 2.0, "a": 0.6, "b": 2.4},
    "mbgcnbd_2": {"r": 1.0, "alpha": 2.0, "a": 0.6, "b": 1.6},
    "bgbb": {"alpha": 1.2, "beta": 3.0, "gamma": 0.7, "delta": 9.0},
}
SPEND = {"p": 6.25, "q": 3.75, "v": 15.5}
MODELS = {
    "bgnbd": clv.BGNBD,
    "mbgnbd": clv.MBGNBD,
    "nbd": clv.NBD,
    "pareto_nbd": clv.ParetoNBD,
    "ggompertz_nbd": clv.GGompertzNBD,
    "bgcnbd_2": partial(clv.BGCNBD, k=2),
    "mbgcnbd_2": partial(clv.MBGCNBD, k=2),
    "bgbb": clv.BGBB,
}
PIT_CUSTOMERS = 200
PROFILED = ("bgnbd", "mbgnbd")  # processes whose profile intervals are studied too


def main() -> None:
    """Run the study and print its table."""
    logs, customers = int(sys.argv[1]), int(sys.argv[2])
    path = Path(__file__).with_suffix(".json")
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    results |= {"logs": logs, "customers": customers, "level": LEVEL}
    for name in sys.argv[3:] or TRUTH:
        with ProcessPoolExecutor() as pool:
            studies = list(pool.map(study, [name] * logs, range(logs), [customers] * logs, chunksize=4))
        keys = dict.fromkeys(key for s in studies for key in s["covered"])
        shares = {key: float(np.nanmean([s["covered"].get(key, np.nan) for s in studies])) for key in keys}
        pit = np.histogram(np.concatenate([s["pit"] for s in studies]), bins=10, range=(0, 1), density=True)[0] / 10
        boundary = float(np.mean([s["boundary"] for s in studies]))
        results[name] = {"coverage": shares, "boundary": boundary, "pit_deciles": [round(float(d), 4) for d in pit]}
        print(f"{name}: {boundary:.1%} of the fits at a boundary; randomized PIT {results[name]['pit_deciles']}")
        for key, share in shares.items():
            print(f"    {key:40s} {share:6.1%}")
        path.write_text(json.dumps(results, indent=2) + "\n")


def study(name: str, seed: int, customers: int) -> dict[str, Any]:
    """Simulate one customer base; return which intervals contain the true value."""
    generator = np.random.default_rng([20_261, seed])
    process, spend = PURCHASE_PROCESSES[name], SPEND_PROCESSES["gamma_gamma"]
    truth, money = process.Parameters(**TRUTH[name]), spend.Parameters(**SPEND)
    T = (
        generator.integers(27, 40, customers).astype(float)
        if process.discrete
        else generator.uniform(27, 39, customers)
    )
    history = process.simulate(truth, T + HORIZON, generator)
    calibration = history.time <= T[history.customer]
    x = np.bincount(history.customer[calibration], minlength=customers)
    t_x = np.zeros(customers)
    np.maximum.at(t_x, history.customer[calibration], history.time[calibration])
    orders = spend.simulate_orders(money, history.customer, customers, generator)
    past = np.bincount(history.customer[calibration], orders[calibration], minlength=customers)
    future = np.bincount(history.customer[~calibration], minlength=customers)
    spent = np.bincount(history.customer[~calibration], orders[~calibration], minlength=customers)
    frame = pd.DataFrame({"customer_id": np.arange(customers), "frequency": x, "recency": t_x, "T": T})
    if "sum_log_intertimes" in process.statistics:
        frame["sum_log_intertimes"] = _sum_log_intertimes(history, calibration, customers)
    frame["monetary_value"] = np.divide(past, x, out=np.full(customers, np.nan), where=x > 0)
    rfm = clv.RFM.from_frame(frame, time_unit="week", merge_within="week" if process.discrete else "day")
    model, spender = MODELS[name]().fit(rfm), clv.GammaGamma().fit(rfm)
    covered: dict[str, float] = {}
    for estimator, true in ((model, TRUTH[name]), (spender, SPEND)):
        intervals = estimator.summary(LEVEL)
        for parameter, value in true.items():
            row = intervals.loc[parameter]
            inside = float(row["lower"] <= value <= row["upper"])
            # A parameter that a fit at a boundary does not estimate has no interval.
            covered[f"{estimator.process.name} {parameter}"] = inside if np.isfinite(row["lower"]) else np.nan
    if name in PROFILED and model.fit_.free.all():
        intervals = model.profile_intervals(rfm, LEVEL)
        for parameter, value in TRUTH[name].items():
            row = intervals.loc[parameter]
            covered[f"{name} {parameter}, profile"] = float(row["lower"] <= value <= row["upper"])
    options: dict[str, Any] = {"interval": LEVEL, "random_state": seed}
    worth: dict[str, Any] = {"horizon": HORIZON, "annual_discount_rate": 0.0, "margin": 1.0}
    columns = [np.asarray(rfm[column], dtype=float) for column in process.statistics]
    alive = model.probability_alive(rfm, by="total", **options)
    truly = float(np.mean(process.probability_alive(truth, *columns)))
    covered["mean P(alive), parameter doubt"] = _holds(alive, "probability_alive", truly)
    mean = model.expected_purchases(rfm, HORIZON, by="total", interval_for="mean", **options)
    expected = process.expected_purchases(truth, HORIZON, *columns).sum()
    covered["total purchases, parameter doubt"] = _holds(mean, "expected_purchases", float(expected))
    total = model.expected_purchases(rfm, HORIZON, by="total", total_interval="model", **options)
    covered["total purchases, outcome"] = _holds(total, "expected_purchases", float(future.sum()))
    value = clv.lifetime_value(model, spender, rfm, by="total", total_interval="model", **worth, **options)
    covered["total money, outcome"] = _holds(value, "lifetime_value", float(spent.sum()))
    each = model.expected_purchases(rfm, HORIZON, **options)
    covered["customers' purchases, outcome"] = float(np.mean(_holds_each(each, "expected_purchases", future)))
    each = clv.lifetime_value(model, spender, rfm, **worth, **options)
    covered["customers' money, outcome"] = float(np.mean(_holds_each(each, "lifetime_value", spent)))
    return {"covered": covered, "pit": _pit(model, rfm, future, generator), "boundary": model.fit_.status == "boundary"}


def _sum_log_intertimes(history: Any, calibration: Any, customers: int) -> Any:
    order = np.lexsort((history.time[calibration], history.customer[calibration]))
    customer, time = history.customer[calibration][order], history.time[calibration][order]
    first = np.append(True, customer[1:] != customer[:-1])[: len(time)]
    before = np.where(first, 0.0, np.append(0.0, time[:-1])[: len(time)])
    return np.bincount(customer, np.log(time - before), minlength=customers)


def _holds(frame: Any, name: str, value: float) -> float:
    return float(_holds_each(frame, name, np.array([value]))[0])


def _holds_each(frame: Any, name: str, values: Any) -> Any:
    # Without purchases, money is exactly 0 on both sides; rounding in a sum of orders must not count as a miss.
    slack = 1e-9 * np.abs(values)
    return (frame[f"{name}_lower"].to_numpy() <= values + slack) & (values - slack <= frame[f"{name}_upper"].to_numpy())


def _pit(model: Any, rfm: Any, future: Any, generator: np.random.Generator) -> Any:
    """Return the randomized probability integral transform, which is uniform if the predicted distribution is right."""
    some = generator.choice(len(rfm), PIT_CUSTOMERS, replace=False)
    table = model.pmf(range(int(future[some].max()) + 1), HORIZON, rfm[some]).drop(columns="customer_id").to_numpy()
    below = np.cumsum(table, axis=1) - table
    row = np.arange(PIT_CUSTOMERS)
    return below[row, future[some]] + generator.random(PIT_CUSTOMERS) * table[row, future[some]]


if __name__ == "__main__":
    main()

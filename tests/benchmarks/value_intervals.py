"""Compare intervals of discounted value with simulated futures: `value_intervals.py STATES SIMULATIONS`.

The parameters are known here, so that what differs is the treatment of discounting: an average factor per customer and
the variance of uniform times. In the simulations each order is discounted from its own time. States are histories with
0 to 300 repeat purchases, recent and old. Prints a table and writes it to value_intervals.json in this folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from clvmodels.inference.purchase_counts import PurchaseCounts
from clvmodels.inference.purchase_values import PurchaseValues
from clvmodels.processes import bgnbd, gamma_gamma, pareto_nbd

HORIZONS, RATE, LEVEL = (365.0, 730.0, 1095.0), np.log(1.1) / 365.25, 0.9  # days
SPEND = gamma_gamma.Parameters(*map(np.float64, (6.0, 4.0, 15.0)))
PROCESSES = {
    "bgnbd": (bgnbd.PROCESS, (0.9, 70.0, 0.9, 7.0)),
    "pareto_nbd": (pareto_nbd.PROCESS, (0.9, 70.0, 0.6, 300.0)),
}


def main() -> None:
    """Compare the intervals of every process, print the errors and save them."""
    states, simulations = int(sys.argv[1]), int(sys.argv[2])
    results: dict[str, Any] = {"states": states, "simulations": simulations, "annual_rate": 0.1, "level": LEVEL}
    for name, (process, values) in PROCESSES.items():
        p = process.Parameters(*map(np.float64, values))
        for horizon in HORIZONS:
            case = f"{name}, {horizon:.0f} days"
            results[case] = errors(process, p, horizon, states, simulations)
            print(case, json.dumps(results[case], indent=2), flush=True)
    (Path(__file__).resolve().parent / "value_intervals.json").write_text(json.dumps(results, indent=2) + "\n")


def histories(states: int) -> list[np.ndarray]:
    """Return x, t_x and T of histories, the first with 0 and 300 purchases."""
    generator = np.random.default_rng(1)
    T = generator.uniform(30, 1095, states)
    x = np.floor(np.exp(generator.uniform(0, np.log(301), states))) - 1
    x[:2] = 0, 300
    return [x, np.where(x > 0, T * np.sqrt(generator.random(states)), 0.0), T]


def errors(process: Any, p: Any, length: float, states: int, simulations: int) -> dict[str, float]:
    """Return errors of the ends, and how often simulated values lie outside."""
    x, t_x, T = columns = histories(states)
    mean = np.random.default_rng(2).lognormal(3, 0.6, states)
    expected, worth = process.purchases_and_worth_if_active(p, length, RATE, x, T)
    first, second = ((1 - np.exp(-i * RATE * length)) / (i * RATE * length) for i in (1, 2))
    shared = process.Parameters(*(np.full((20, 1), value) for value in p))
    values = PurchaseValues(
        PurchaseCounts(process, shared, length, ("frequency", "T", "recency")),  # those of the state first
        gamma_gamma.total_law,
        SPEND,
        gamma_gamma.Parameters(*(np.full(20, value) for value in SPEND)),
        worth / expected,
        float(second - first**2),
        1.0,
    )
    bounds = values.bounds([x, T, t_x, x, np.where(x > 0, mean, 0.0)], [1.0] * 5, LEVEL)
    alive, generator, rows = process.probability_alive(p, *columns), np.random.default_rng(3), []
    for i in range(states):
        active = generator.random(simulations) < alive[i]
        same = [np.full(simulations, column[i]) for column in (x, T)]
        orders = process.draw_orders_if_active(p, length, *same, active, generator)
        rate, shape = SPEND.v + x[i] * mean[i], SPEND.p * x[i] + SPEND.q
        nu = generator.standard_gamma(shape, simulations) / rate
        paid = generator.standard_gamma(SPEND.p, len(orders.customer)) / nu[orders.customer]
        value = np.bincount(orders.customer, paid * np.exp(-RATE * orders.time), minlength=simulations)
        drawn = np.quantile(value, [0.05, 0.95])
        for end, simulated, outside in zip(
            (bounds.lower[i], bounds.upper[i]),
            drawn,
            (np.mean(value < bounds.lower[i]), np.mean(value > bounds.upper[i])),
            strict=True,
        ):
            if end > 0 and simulated > 0:
                rows.append((abs(end / simulated - 1), abs(outside - 0.05)))
    relative, chance = np.array(rows).T
    return {
        "ends compared": len(rows),
        "largest relative error of an end": float(relative.max()),
        "mean relative error of an end": float(relative.mean()),
        "largest error of the chance outside": float(chance.max()),
        "mean error of the chance outside": float(chance.mean()),
        "standard error of a chance": float(np.sqrt(0.05 * 0.95 / simulations)),
    }


if __name__ == "__main__":
    main()

"""Measure the coverage of totals where few customers leave: `boundary_coverage.py LOGS CUSTOMERS [CASE ...]`.

With few customers and weak dropout many fits end at a boundary. For each case, customer bases and their future are
simulated from known parameters, and the 90 % intervals of the total are compared with the total and with its expected
value, with the one-sided uncertainty of parameters at a limit (`Fit.edges`) and without. Prints a table.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.catalog import PURCHASE_PROCESSES

HORIZON = 39.0
DRAWS = 200
CASES: dict[str, tuple[str, dict[str, float]]] = {
    "pareto_nbd": ("pareto_nbd", {"r": 0.55, "alpha": 10.5, "s": 0.25, "beta": 60.0}),
    "pareto_nbd nobody leaves": ("pareto_nbd", {"r": 0.55, "alpha": 10.5, "s": 1.0, "beta": 1e6}),
    "ggompertz_nbd": ("ggompertz_nbd", {"r": 0.55, "alpha": 10.5, "b": 0.02, "s": 0.6, "beta": 6.0}),
    "bgnbd": ("bgnbd", {"r": 0.5, "alpha": 8.0, "a": 0.3, "b": 12.0}),
    "mbgnbd": ("mbgnbd", {"r": 0.5, "alpha": 8.0, "a": 0.3, "b": 12.0}),
}


def main() -> None:
    """Run the study and print its table."""
    logs, customers = int(sys.argv[1]), int(sys.argv[2])
    print("coverage of the total's mean and outcome, at a boundary without edges and with, then of all fits likewise")
    for case in sys.argv[3:] or CASES:
        rows = []
        for seed in range(logs):
            rows.append(study(case, seed, customers))
            print(".", end="", file=sys.stderr, flush=True)
        table = np.array(rows)
        boundary = table[:, 0] == 1
        figures = [*table[boundary, 1:].mean(axis=0), *table[:, 1:].mean(axis=0)]
        print(f"{case:26s} at boundary {boundary.mean():.0%};", *(f"{figure:.1%}" for figure in figures), flush=True)


def study(case: str, seed: int, customers: int) -> tuple[bool, ...]:
    """Simulate one customer base; return whether the fit is at a boundary, and whether its intervals hold.

    These are the intervals of the total's mean and of its outcome, without edges and with.
    """
    name, values = CASES[case]
    process: Any = PURCHASE_PROCESSES[name]
    truth = process.Parameters(**values)
    generator = np.random.default_rng([20_262, seed])
    T = np.rint(generator.uniform(27, 39, customers) * 7) / 7
    history = process.simulate(truth, T + HORIZON, generator)
    calibration = history.time <= T[history.customer]
    t_x = np.zeros(customers)
    np.maximum.at(t_x, history.customer[calibration], history.time[calibration])
    x = np.bincount(history.customer[calibration], minlength=customers).astype(float)
    fit = maximize(process, counted_rows([x, t_x, T]), float(T.mean()))
    expected = float(process.expected_purchases(truth, HORIZON, x, t_x, T).sum())
    holds: list[bool] = []
    for each in (replace(fit, edges=()), fit):
        p = process.Parameters(*draw_parameters(process, each, DRAWS, seed)[:, :, None])
        mean = process.expected_purchases(p, HORIZON, x, t_x, T).sum(axis=1)
        outcome = process.sample_future(p, HORIZON, 0.0, x, t_x, T, generator=generator).purchases.sum(axis=1)
        holds += [_holds(mean, expected), _holds(outcome, float(np.sum(~calibration)))]
    return fit.status == "boundary", *holds


def _holds(draws: Any, value: float) -> bool:
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return bool(lower <= value <= upper)


if __name__ == "__main__":
    main()

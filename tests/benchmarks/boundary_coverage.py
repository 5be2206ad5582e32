"""Measure the coverage of totals where few customers leave: `boundary_coverage.py LOGS CUSTOMERS [CASE ...]`.

With few customers and weak dropout many fits end at a boundary. For each case, customer bases and their future are
simulated from known parameters, and the 90 % intervals of the total are compared with the total and with its expected
value, with the one-sided uncertainty of parameters at a limit (`Fit.edges`) and without. Prints shares with their
standard errors and writes them to boundary_coverage.json in this folder.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.catalog import PURCHASE_PROCESSES

HORIZON = 39.0
DRAWS = 100
CASES: dict[str, tuple[str, dict[str, float]]] = {
    "pareto_nbd": ("pareto_nbd", {"r": 0.55, "alpha": 10.5, "s": 0.25, "beta": 60.0}),
    "pareto_nbd nobody leaves": ("pareto_nbd", {"r": 0.55, "alpha": 10.5, "s": 1.0, "beta": 1e6}),
    "ggompertz_nbd": ("ggompertz_nbd", {"r": 0.55, "alpha": 10.5, "b": 0.02, "s": 0.6, "beta": 6.0}),
    "bgnbd": ("bgnbd", {"r": 0.5, "alpha": 8.0, "a": 0.3, "b": 12.0}),
    "mbgnbd": ("mbgnbd", {"r": 0.5, "alpha": 8.0, "a": 0.3, "b": 12.0}),
}


def main() -> None:
    """Run the study, print its table, and write it to boundary_coverage.json, where results of other cases stay."""
    logs, customers = int(sys.argv[1]), int(sys.argv[2])
    path = Path(__file__).with_suffix(".json")
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for case in sys.argv[3:] or CASES:
        studies = []
        for seed in range(logs):
            studies.append(study(case, seed, customers))
            print(".", end="", file=sys.stderr, flush=True)
        ends = [done for done in studies if done["boundary"]]
        results[case] = {
            "customers": customers,
            "all fits": summarize(studies),
            "fits at a boundary": summarize(ends) if ends else {"logs": 0},
        }
        print(case, json.dumps(results[case], indent=2), flush=True)
        path.write_text(json.dumps(results, indent=2) + "\n")


def summarize(studies: list[dict[str, bool]]) -> dict[str, Any]:
    """Return for each interval the share of logs where it holds, and the standard error of the share."""
    count = len(studies)
    shares = {name: sum(done[name] for done in studies) / count for name in studies[0] if name != "boundary"}
    errors = {name: round((share * (1 - share) / count) ** 0.5, 3) for name, share in shares.items()}
    return {"logs": count} | {name: [round(share, 3), errors[name]] for name, share in shares.items()}


class Base(NamedTuple):
    """A simulated customer base: its process, its histories (n,), what it bought afterward, and its random numbers."""

    process: Any
    histories: tuple[Any, Any, Any]  # x, t_x, T
    expected: float
    actual: float
    generator: np.random.Generator


def simulate(case: str, seed: int, customers: int) -> Base:
    """Simulate one customer base; what it was expected to buy is that of the true parameters."""
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
    expected = float(process.expected_purchases(truth, HORIZON, x, t_x, T).sum())
    return Base(process, (x, t_x, T), expected, float(np.sum(~calibration)), generator)


def study(case: str, seed: int, customers: int) -> dict[str, bool]:
    """Simulate one customer base; return whether the fit is at a boundary, and which intervals of the total hold."""
    process, histories, expected, actual, generator = simulate(case, seed, customers)
    fit = maximize(process, counted_rows([*histories]), float(histories[-1].mean()))
    holds = {"boundary": fit.status == "boundary"}
    for label, each in (("with edges", fit), ("without", replace(fit, edges=()))):
        if label == "without" and not fit.edges:
            mean, outcome = holds["mean, with edges"], holds["outcome, with edges"]
        else:
            p = process.Parameters(*draw_parameters(process, each, DRAWS, seed)[:, :, None])
            drawn = process.expected_purchases(p, HORIZON, *histories).sum(axis=1)
            mean = holds_for(drawn, expected)
            drawn = process.sample_future(p, HORIZON, 0.0, *histories, generator=generator).purchases.sum(axis=1)
            outcome = holds_for(drawn, actual)
        holds |= {f"mean, {label}": mean, f"outcome, {label}": outcome}
    return holds


def holds_for(draws: Any, value: float) -> bool:
    """Return whether the central 90 % of draws contain a value."""
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return bool(lower <= value <= upper)


if __name__ == "__main__":
    main()

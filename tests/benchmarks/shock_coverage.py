"""Measure the coverage of totals under shocks common to all customers: `shock_coverage.py BASES CUSTOMERS [CASE ...]`.

Customers buy by a clock whose speed changes every four weeks: its logarithm is an autoregressive series with the
standard deviation of the case, which lasts for about a quarter, so that customers of all ages buy more or less. Models
know nothing of it. They are fitted to 18 months of simulated logs, and the 90% intervals of the total of the next 26
weeks are compared with what happens: the model's own, that with the errors of other shops, and that with the errors of
the log's earlier windows as well, around the total of the process and around the learned one. Dropout is weak in half
of the cases, where many fits end at a boundary; these are shown separately, too. Results go to shock_coverage.json as
they are made, where results of other cases stay.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import clvmodels as clv
from clvmodels.errors import FitFailed
from clvmodels.forecasting.process_total import learn_totals
from clvmodels.forecasting.windows import fitted_windows

START, LAST_ARRIVAL, CUTOFF, END = "2020-01-01", "2020-12-31", "2021-06-30", "2021-12-29"
HORIZON, LEVEL = "26 weeks", 0.9
BLOCK_DAYS, LASTS = 28, 0.75  # a shock of one block remains in the next to this share: about a quarter
PROCESSES: dict[str, tuple[type[Any], dict[str, float]]] = {
    "mbgnbd": (clv.MBGNBD, {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 6.0}),
    "pareto_nbd, weak dropout": (clv.ParetoNBD, {"r": 0.55, "alpha": 8.0, "s": 0.25, "beta": 60.0}),
}
SHOCKS = (0.0, 0.1, 0.2)
CASES = {f"{name}, shocks of {sd:g}": (name, sd) for name in PROCESSES for sd in SHOCKS}


def calendar_of(deviation: float, generator: np.random.Generator) -> clv.Calendar | None:
    """Return a clock with a speed per block of four weeks from the start to the end of the log."""
    if deviation == 0:
        return None
    first, last = np.datetime64(START), np.datetime64(END)
    blocks = np.arange(first, last + 1, BLOCK_DAYS)
    level, periods = generator.normal(), []
    for begin in blocks:
        end = min(begin + BLOCK_DAYS - 1, last)
        speed = float(np.exp(deviation * level))
        periods.append(clv.CalendarPeriod("level", str(begin), str(end), speed))
        level = LASTS * level + np.sqrt(1 - LASTS**2) * generator.normal()
    return clv.Calendar(periods=periods)


def study(case: str, customers: int, seed: int) -> dict[str, dict[str, float]]:
    """Simulate one log; return coverage, half-width and score of each interval, and about the fit."""
    name, deviation = CASES[case]
    make, parameters = PROCESSES[name]
    generator = np.random.default_rng([20_263, seed])
    log = clv.simulate_log(
        customers,
        parameters,
        process=name.partition(",")[0],
        start=START,
        end=END,
        last_arrival=LAST_ARRIVAL,
        calendar=calendar_of(deviation, generator),
        random_state=seed,
    )
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=CUTOFF)
    split = clv.holdout_split(log, time_unit="week", calibration_end=CUTOFF, holdout_end=END)
    model = make().fit(history.rfm)
    expected = float(model.expected_purchases(history.rfm, HORIZON)["expected_purchases"].sum())
    windows = fitted_windows(history, history.ticks(HORIZON), [make()], None)
    days = history.clock.duration(HORIZON) * history.clock.days_per_unit
    totals = {n: learn_totals(history, model, None, some, 26.0) for n, some in (("none", ()), ("all", windows))}
    intervals = {
        "model": totals["none"].at(expected, days, "none").of_model(),
        "other shops": totals["none"].at(expected, days, "none"),
        "history": totals["all"].at(expected, days, "none"),
        "history, learned total": totals["all"].at(expected, days),
    }
    actual, result = float(split.purchases.sum()), {}
    for label, total in intervals.items():
        lower, upper = total.interval(LEVEL)
        missed = max(lower - actual, actual - upper, 0.0)
        result[label] = {
            "coverage": float(missed == 0),
            "half-width": float(np.log(upper / lower) / 2),
            "score": (upper - lower + 2 / (1 - LEVEL) * missed) / expected,
            "error": abs(total.point / actual - 1),
        }
    result["fit"] = {"boundary": float(model.fit_.status == "boundary"), "windows": float(len(windows))}
    return result


def summarize(studies: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return means over bases, with the standard error of the coverage."""
    gathered: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for done in studies:
        for label, numbers in done.items():
            for name, value in numbers.items():
                gathered[label][name].append(value)
    table: dict[str, Any] = {"bases": len(studies)}
    for label, numbers in gathered.items():
        table[label] = {name: round(float(np.mean(values)), 3) for name, values in numbers.items()}
        if "coverage" in numbers:
            share = float(np.mean(numbers["coverage"]))
            table[label]["standard error"] = round((share * (1 - share) / len(studies)) ** 0.5, 3)
    return table


def main() -> None:
    bases, customers = int(sys.argv[1]), int(sys.argv[2])
    path = Path(__file__).with_suffix(".json")
    for case in sys.argv[3:] or CASES:
        studies, failed = [], 0
        for seed in range(bases):
            try:
                studies.append(study(case, customers, seed))
            except FitFailed:
                failed += 1
            if len(studies) % 10 == 0:
                print(f"{case}: {len(studies)} of {bases}", flush=True)
        results = json.loads(path.read_text()) if path.exists() else {}
        ends = [done for done in studies if done["fit"]["boundary"]]
        results[case] = {"customers": customers, "failed": failed, **summarize(studies)}
        if ends:
            results[case]["fits at a boundary"] = summarize(ends)
        path.write_text(json.dumps(results, indent=2) + "\n")
        print(json.dumps(results[case], indent=2), flush=True)


if __name__ == "__main__":
    main()

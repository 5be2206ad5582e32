"""Measure a weak prior on dropout for fits at a boundary: `boundary_priors.py LOGS CUSTOMERS [CASE ...]`.

The customer bases are those of `boundary_coverage.py`. The 90 % interval of the total is computed from draws of the fit
with its edges, from draws of a fit with normal priors on the coordinates of dropout (mean 0, standard deviation 1.5, in
units of mean T), and from both sets of draws together. Prints the share of bases whose expected total and whose outcome
the interval contains, and writes it to boundary_priors.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from boundary_coverage import DRAWS, HORIZON, holds_for, simulate

from clvmodels.inference.fitting import maximize
from clvmodels.inference.objective import Prior
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import draw_parameters

SPREAD = 1.5  # standard deviation of the prior: a factor of 20 between the ends of its central 95 %
COMPARED = ("pareto_nbd", "pareto_nbd nobody leaves")


def main() -> None:
    """Run the study and write its shares to boundary_priors.json."""
    logs, customers = int(sys.argv[1]), int(sys.argv[2])
    path = Path(__file__).with_suffix(".json")
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for case in sys.argv[3:] or COMPARED:
        studies = [study(case, seed, customers) for seed in range(logs)]
        parts = {"fits at a boundary": True, "other fits": False}
        results[case] = {"customers": customers} | {
            name: summarize([each for each in studies if each["boundary"] is at_end]) for name, at_end in parts.items()
        }
        print(case, json.dumps(results[case], indent=2), flush=True)
        path.write_text(json.dumps(results, indent=2) + "\n")


def summarize(studies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the share of bases whose mean and outcome each interval contains, and its logarithmic width."""
    names = [name for name in studies[0] if name != "boundary"] if studies else []
    shares = {name: np.mean([each[name] for each in studies], axis=0).round(3).tolist() for name in names}
    return {"logs": len(studies), "mean, outcome, width": shares}


def study(case: str, seed: int, customers: int) -> dict[str, Any]:
    """Simulate one customer base; return for each interval whether it holds for mean and outcome, and its width."""
    process, histories, expected, actual, generator = simulate(case, seed, customers)
    rows, unit = counted_rows([*histories]), float(histories[-1].mean())
    is_dropout = ["dropout" in at.name or at.name == "log s" for at in process.parametrization.coordinates]
    prior = Prior(np.zeros(len(is_dropout)), np.where(is_dropout, SPREAD**-2.0, 0.0))
    fits = {"edges": maximize(process, rows, unit), "prior": maximize(process, rows, unit, prior)}
    drawn = {}
    for label, fit in fits.items():
        p = process.Parameters(*draw_parameters(process, fit, DRAWS, seed)[:, :, None])
        mean = process.expected_purchases(p, HORIZON, *histories).sum(axis=1)
        outcome = process.sample_future(p, HORIZON, 0.0, *histories, generator=generator).purchases.sum(axis=1)
        drawn[label] = np.stack([mean, outcome])
    drawn["both"] = np.concatenate([drawn["edges"], drawn["prior"]], axis=1)
    return {"boundary": fits["edges"].status == "boundary"} | {
        label: [
            holds_for(mean, expected),
            holds_for(outcome, actual),
            float(np.ptp(np.log(np.quantile(mean, [0.05, 0.95])))),
        ]
        for label, (mean, outcome) in drawn.items()
    }


if __name__ == "__main__":
    main()

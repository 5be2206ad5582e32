"""How often intervals of totals contain the truth with an estimated calendar: `season_doubt.py [measure]`.

With `measure`, bases of 4,000 BG/NBD customers are simulated with the season of calendar_season.py. Their season is
estimated, purchases in the 26 weeks after the cutoff are forecast, and the outcome is compared with three intervals of
90 %: of chance and parameters, with the doubt about the season, and with changing conditions as well, which is what
`CustomerModel.total` returns. In "old" bases, most customers are older than the log and method="totals" is used. The
rows are written to season_doubt.csv in this folder. Without `measure`, coverage is summarized by case.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season
from clvmodels.forecasts import KnownHistory

CASES = Path(__file__).with_suffix(".csv")
CUSTOMERS, WEEKS_AHEAD, YEARS_BEFORE, BASES = 4_000, 26, 2, 30
START = np.datetime64("2018-01-01")
PARAMETERS = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
SEASON = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(366) - 80) / 366)
SEASON[324:] *= 2.2  # 20 November to 31 December
CHRISTMAS = clv.Calendar(season=SEASON)
PLAN = [("steady", cycles) for cycles in (1.0, 1.5, 2.0, 3.0)] + [("old", cycles) for cycles in (1.0, 2.0)]
LEVEL = 0.9


def measure(kind: str, cycles: float, seed: int) -> dict[str, Any]:
    """Return the total of one base, its variances, and whether each interval contains the actual total."""
    cutoff = START + round(cycles * 365.25) - 1
    begin = START - (round(YEARS_BEFORE * 365.25) if kind == "old" else 0)
    log = clv.simulate_log(
        CUSTOMERS,
        PARAMETERS,
        start=str(begin),
        end=str(cutoff + 7 * WEEKS_AHEAD),
        last_arrival=str(cutoff),
        calendar=CHRISTMAS,
        random_state=[seed, round(10 * cycles)],
    )
    log = log[pd.to_datetime(log["date"]) >= pd.Timestamp(str(START))]
    history = KnownHistory.from_log(log, time_unit="week", observation_end=str(cutoff))
    estimate = estimate_season(history, "totals" if kind == "old" else "expected")
    seasonal = history.with_calendar(estimate.calendar)
    model = clv.CustomerModel(clv.BGNBD()).fit(seasonal.rfm)
    actual = float(history.follow(history.cutoff + 7 * WEEKS_AHEAD).purchases.sum())
    total = model.total(seasonal, f"{WEEKS_AHEAD} weeks", level_rule="none")
    with_season = replace(total.of_model(), season=total.season)
    row = {"kind": kind, "cycles": cycles, "seed": seed, "error": round(math.log(actual / total.point), 5)}
    row |= {name: round(value, 7) for name, value in total.parts.items()}
    for name, interval in (("model", total.of_model()), ("with season", with_season), ("whole", total)):
        lower, upper = interval.interval(LEVEL)
        row[name] = lower <= actual <= upper
    return row


def measure_all() -> None:
    """Write the rows of all bases that are not in the file yet."""
    rows = pd.read_csv(CASES).to_dict("records") if CASES.exists() else []
    done = {(row["kind"], row["cycles"], row["seed"]) for row in rows}
    for seed in range(BASES):
        for kind, cycles in PLAN:
            if (kind, cycles, seed) not in done:
                rows.append(measure(kind, cycles, seed))
        pd.DataFrame(rows).to_csv(CASES, index=False)


def summary(cases: pd.DataFrame) -> pd.DataFrame:
    """Return per case the number of bases, the errors' root mean square, mean deviations by origin, and coverage."""
    deviations = {name: np.sqrt(cases[name]) for name in ("chance", "parameters", "season")}
    table = cases.assign(**deviations, rms=cases["error"] ** 2).groupby(["kind", "cycles"], sort=False)
    means = table[["rms", *deviations, "model", "with season", "whole"]].mean()
    return means.assign(rms=np.sqrt(means["rms"]), bases=table.size()).round(3)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure_all()
    print(summary(pd.read_csv(CASES)).to_string())

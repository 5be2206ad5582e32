"""How far a season moves totals, and how much of it a calendar takes back: `calendar_season.py [measure | auto]`.

With `measure`, bases of 20,000 BG/NBD customers are simulated with a season (a sine of 25 % and six Christmas weeks at
more than twice the rate) and without, and their purchases in the 26 weeks after cutoffs at 1 to 3 cycles are forecast
without a calendar, with the true one and with estimated ones; the errors are written to calendar_season.csv in this
folder, which takes half an hour. With `auto`, bases are forecast with the calendar that `calendar="auto"` chooses by
earlier windows, among them bases without a season whose arrivals change; the errors are written to calendar_auto.csv.
Without either, the errors are summarized by case.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.errors import InvalidTransactions
from clvmodels.forecasting.seasons.calendar_choice import choose_calendar
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season
from clvmodels.forecasts import KnownHistory

CASES = Path(__file__).with_suffix(".csv")
AUTO_CASES = CASES.with_name("calendar_auto.csv")
CUSTOMERS, WEEKS_AHEAD, START = 20_000, 26, np.datetime64("2018-01-01")
PARAMETERS = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
CYCLES = (1.0, 1.5, 1.9, 2.0, 2.9, 3.0)
STEADY_BASES, OTHER_BASES, AUTO_BASES = 20, 8, 5
SEASON = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(366) - 80) / 366)
SEASON[324:] *= 2.2  # 20 November to 31 December
CHRISTMAS = clv.Calendar(season=SEASON)
YEARLY_CHANGE = {"growth": 1.3, "decline": 0.7}
CAMPAIGN = 3.0  # times as many new customers from mid-November to Christmas


def base(arrivals: str, season: bool, cycles: float, seed: int) -> tuple[pd.DataFrame, str]:
    """Return the log of a base and its cutoff; some of twice as many customers are kept where arrivals change."""
    cutoff = START + round(cycles * 365.25) - 1
    log = clv.simulate_log(
        CUSTOMERS if arrivals == "steady" else 2 * CUSTOMERS,
        PARAMETERS,
        start=str(START),
        end=str(cutoff + 7 * WEEKS_AHEAD),
        last_arrival=str(cutoff),
        calendar=CHRISTMAS if season else None,
        random_state=seed,
    )
    if arrivals == "steady":
        return log, str(cutoff)
    first = log.groupby("customer_id")["date"].min()
    day = first.to_numpy().astype("datetime64[D]")
    if arrivals == "campaign":
        weight = np.where(np.isin(first.dt.isocalendar().week, range(46, 52)), CAMPAIGN, 1.0)
    else:
        weight = YEARLY_CHANGE[arrivals] ** ((day - START).astype(float) / 365.25)
    keep = np.random.default_rng([seed, 1]).random(len(first)) < 0.5 * weight / weight.mean()
    return log[log["customer_id"].isin(first.index[keep])], str(cutoff)


def measure(arrivals: str, season: bool, cycles: float, seed: int) -> dict[str, Any]:
    """Return the relative errors of the total with each calendar."""
    log, cutoff = base(arrivals, season, cycles, seed)
    history = KnownHistory.from_log(log, time_unit="week", observation_end=cutoff)
    end = history.cutoff + 7 * WEEKS_AHEAD
    actual = history.follow(end).purchases.sum()
    estimates = {method: estimate_season(history, method) for method in ("expected", "totals")}
    calendars = {"none": None, "known": CHRISTMAS if season else None}
    calendars |= {method: estimate.calendar for method, estimate in estimates.items()}
    row = {"arrivals": arrivals, "season": season, "cycles": cycles, "seed": seed}
    for name, calendar in calendars.items():
        rfm = history.with_calendar(calendar).rfm
        total = clv.BGNBD().fit(rfm).expected_purchases(rfm, WEEKS_AHEAD)["expected_purchases"].sum()
        row[name] = round(total / actual - 1, 5)
    return row | {"detected": estimates["expected"].detected, "evidence": round(estimates["expected"].evidence, 1)}


def measure_auto(arrivals: str, season: bool, cycles: float, seed: int) -> dict[str, Any]:
    """Return the relative errors of the total without a calendar, and with the one that "auto" chooses."""
    log, cutoff = base(arrivals, season, cycles, seed)
    history = KnownHistory.from_log(log, time_unit="week", observation_end=cutoff)
    actual = history.follow(history.cutoff + 7 * WEEKS_AHEAD).purchases.sum()
    chosen = choose_calendar(history, 7 * WEEKS_AHEAD)
    row = {"arrivals": arrivals, "season": season, "cycles": cycles, "seed": seed}
    for name, calendar in (("none", None), ("auto", chosen.calendar)):
        rfm = history.with_calendar(calendar).rfm
        total = clv.BGNBD().fit(rfm).expected_purchases(rfm, WEEKS_AHEAD)["expected_purchases"].sum()
        row[name] = round(total / actual - 1, 5)
    return row | {"decision": chosen.finding.code}


def measure_auto_all() -> None:
    """Write the errors of the bases with "auto" that are not in the file yet."""
    plan = [("steady", season, cycles) for season in (True, False) for cycles in CYCLES]
    changing = (*YEARLY_CHANGE, "campaign")
    plan += [(arrivals, season, cycles) for arrivals in changing for season in (True, False) for cycles in (1.0, 2.0)]
    rows = pd.read_csv(AUTO_CASES).to_dict("records") if AUTO_CASES.exists() else []
    done = {(row["arrivals"], row["season"], row["cycles"], row["seed"]) for row in rows}
    for seed in range(AUTO_BASES):
        for case in plan:
            if (*case, seed) not in done:
                rows.append(measure_auto(*case, seed))
                pd.DataFrame(rows).to_csv(AUTO_CASES, index=False)


def summary_of_auto(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute error in percent of each case, and the share of bases in which a calendar was used."""
    by = ["arrivals", "season", "cycles"]
    table = cases.set_index(by)[["none", "auto"]].abs().mul(100).groupby(by, sort=False).mean().round(2)
    chosen = cases["decision"].isin(["calendar-chosen", "calendar-chosen-untested"])
    return table.assign(used=cases.assign(chosen=chosen).groupby(by, sort=False)["chosen"].mean())


def measure_all() -> None:
    """Write the errors of all bases."""
    plan = [("steady", season, cycles, STEADY_BASES) for season in (True, False) for cycles in CYCLES]
    plan += [
        (arrivals, True, cycles, OTHER_BASES) for arrivals in (*YEARLY_CHANGE, "campaign") for cycles in (1.0, 2.0)
    ]
    rows = []
    for arrivals, season, cycles, bases in plan:
        for seed in range(bases):
            try:
                rows.append(measure(arrivals, season, cycles, seed))
            except InvalidTransactions as error:
                print(f"{arrivals}, {cycles} cycles, base {seed}: {error}")
        pd.DataFrame(rows).to_csv(CASES, index=False)
        print(summary(pd.DataFrame(rows)).tail(1).to_string(header=len(rows) <= bases), flush=True)


def summary(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute error in percent of each case, and the share of bases in which a season is visible."""
    by = ["arrivals", "season", "cycles"]
    errors = cases.set_index(by)[["none", "known", "expected", "totals"]].abs() * 100
    table = errors.groupby(by, sort=False).mean().round(2)
    return table.assign(detected=cases.groupby(by, sort=False)["detected"].mean())


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure_all()
    if sys.argv[1:] == ["auto"]:
        measure_auto_all()
    print(summary(pd.read_csv(CASES)).to_string())
    if AUTO_CASES.exists():
        print(summary_of_auto(pd.read_csv(AUTO_CASES)).to_string())

"""What it costs to let customers leave by the calendar by which they buy, if they leave in plain time, and vice versa.

Simulated Pareto/NBD bases with a calendar that is known: six Christmas weeks of 2.5 times the rate, and a shop that is
closed in August. Run it as ``python tests/benchmarks/leaving_clock.py BASES CUSTOMERS``; it writes leaving_clock.csv.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import clvmodels as clv

START, CUTOFF, END = "2020-01-01", "2021-12-31", "2022-06-30"
SEASON = np.ones(366)
SEASON[324:] = 2.5
CLOSED = [clv.CalendarPeriod("August", f"{year}-08-01", f"{year}-08-31", 0, "closed") for year in (2020, 2021, 2022)]
CALENDAR = clv.Calendar(season=SEASON, periods=CLOSED)
RATES = {"r": 0.9, "alpha": 6.0, "s": 1.1, "beta": 25.0}  # in weeks


def simulated(customers: int, leaving: str, seed: int) -> pd.DataFrame:
    """Return a log of customers who arrive all year, buy by the calendar, and leave by one of two clocks."""
    generator = np.random.default_rng(seed)
    days = np.arange(np.datetime64(START), np.datetime64(END) + 1)
    speed = CALENDAR.speeds(days.astype(np.int64))
    open_days = np.flatnonzero((speed > 0) & (days <= np.datetime64(CUTOFF)))
    arrives = generator.choice(open_days, customers)
    buying = generator.gamma(RATES["r"], 1 / RATES["alpha"], customers) / 7
    stays = 7 * generator.exponential(1 / generator.gamma(RATES["s"], 1 / RATES["beta"], customers))
    passed = np.cumsum(speed) if leaving == "calendar" else np.arange(1.0, len(days) + 1)
    active = passed[None, :] - passed[arrives][:, None] <= stays[:, None]
    buys = generator.random((customers, len(days))) < 1 - np.exp(-buying[:, None] * speed)
    buys &= active & (np.arange(len(days)) > arrives[:, None])
    buys[np.arange(customers), arrives] = True
    customer, day = np.nonzero(buys)
    return pd.DataFrame({"customer_id": customer, "date": days[day]})


def compare(customers: int, leaving: str, seed: int) -> list[dict[str, object]]:
    """Return the relative errors of both models on one base, and which one earlier windows chose."""
    log = simulated(customers, leaving, seed)
    options = {"time_unit": "week", "calendar": CALENDAR}
    split = clv.holdout_split(log, calibration_end=CUTOFF, holdout_end=END, **options)
    history = clv.KnownHistory.from_log(log, observation_end=CUTOFF, **options)
    actual = split.purchases.sum()
    by_calendar = clv.ParetoNBD().fit(split.calibration)
    by_sun = clv.TimeVaryingModel("pareto_nbd").fit(history)
    expected = {
        "calendar": by_calendar.expected_purchases(split.calibration, split.horizon)["expected_purchases"],
        "sun": by_sun.expected_purchases(history, split.horizon)["expected_purchases"],
    }
    chosen = clv.compare_leaving(history, split.horizon).better
    return [
        {"leaving": leaving, "seed": seed, "model": name, "bias": each.sum() / actual - 1, "chosen": chosen}
        for name, each in expected.items()
    ]


def main(bases: int, customers: int) -> None:
    """Write and print the table."""
    rows = [
        row for leaving in ("sun", "calendar") for seed in range(bases) for row in compare(customers, leaving, seed)
    ]
    table = pd.DataFrame(rows).round(4)
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False)
    print(table.groupby(["leaving", "model"])["bias"].agg(["mean", "std"]).round(4))
    print(table.groupby("leaving")["chosen"].value_counts())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

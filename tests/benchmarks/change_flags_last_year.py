"""How often `flag_changes_last_year` flags a stable shop, with and without a common shock, and finds a change.

Shops are simulated from MBG/NBD and Gamma-Gamma with customers who arrive all the time, in four regions of equal size.
The last 13 weeks are compared with those a year before: as they are, with 15 % of all orders of the last 13 weeks lost,
and with amounts of one region 10 % lower in these weeks. Writes change_flags_last_year.json next to this file, after
each size of shop:

    python tests/benchmarks/change_flags_last_year.py [shops] [customers ...]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import clvmodels as clv

TRUTH = {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 4.0}  # in weeks
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
START, END, WEEKS = "2022-01-01", "2023-12-31", 13
REGIONS = ("east", "north", "south", "west")
DRAWS = 400


def tables(seed: int, customers: int) -> dict[str, list[bool]]:
    """Return the flags of each region in one shop, in each case."""
    log = clv.simulate_log(
        customers, TRUTH, SPEND, process="mbgnbd", start=START, end=END, last_arrival=END, random_state=seed
    )
    generator = np.random.default_rng([seed, 1])
    ids = np.arange(customers)
    regions = pd.DataFrame({"customer_id": ids, "region": np.array(REGIONS)[ids % len(REGIONS)]})
    late = log["date"] > pd.Timestamp(END) - pd.Timedelta(weeks=WEEKS)
    one = log["customer_id"] % len(REGIONS) == 0
    cases = {
        "stable": log,
        "shock_down_15": log[~late | (generator.random(len(log)) >= 0.15)],
        "one_region_down_10": log.assign(amount=log["amount"] * np.where(late & one, 0.9, 1.0)),
    }
    flags = {}
    for name, each in cases.items():
        history = clv.KnownHistory.from_log(each, amount="amount", time_unit="week", attributes=regions)
        result = clv.flag_changes_last_year(history, by="region", weeks=WEEKS, draws=DRAWS, random_state=seed)
        flags[name] = result.frame()["flagged"].tolist()[1:]
    return flags


def share(flags: list[bool]) -> dict[str, Any]:
    """Return a share of tables with its exact 95 % interval."""
    interval = stats.binomtest(int(sum(flags)), len(flags)).proportion_ci()
    return {"share": round(float(np.mean(flags)), 4), "interval": [round(interval.low, 4), round(interval.high, 4)]}


def main(shops: int = 100, *customers: int) -> None:
    """Run the study, and write its result after each size of shop."""
    start, sizes = time.process_time(), []
    for size in customers or (10_000, 40_000):
        every = [tables(seed, size) for seed in range(shops)]
        row: dict[str, Any] = {"customers": size, "shops": shops}
        for name in every[0]:
            row[f"any_flag_{name}"] = share([any(each[name]) for each in every])
        row["changed_region_flagged"] = share([each["one_region_down_10"][0] for each in every])
        sizes.append(row)
        result = {"weeks": WEEKS, "draws": DRAWS, "sizes": sizes}
        result["processor_seconds"] = round(time.process_time() - start, 1)
        path = Path(__file__).with_suffix(".json")
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

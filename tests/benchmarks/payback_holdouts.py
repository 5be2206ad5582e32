"""How often customers of public logs pay back by a month that was ahead, against the probability of it.

At a cutoff of each log with amounts, every customer gets a stated cost of acquisition: what the customer has brought so
far and the margin of .05 to 1.5 more orders of mean size, at random. Models are fitted to what was known, and draws
give P(the customer's own value covers the customer's own cost) by the last month that is over at the end of the log.
Customers whose month was over at the cutoff are left out.

Customers of one holdout share its level, so the share that pays back varies more than if each had a chance of their
own. Two standard errors are recorded: the binomial one, and the standard deviation of the bin's share over the joint
draws, which have that level. Writes payback_holdouts.json next to this file:

    python tests/benchmarks/payback_holdouts.py FOLDER [draws]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import total_errors
from scipy import stats

import clvmodels as clv
from clvmodels.errors import CLVError
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.valuation.drawn.futures import DrawnFuture, level_factors, of_drawn_futures
from clvmodels.valuation.drawn.sampled_sums import SampledCustomers
from clvmodels.valuation.since_acquisition import ValueSinceAcquisition
from clvmodels.valuation.value_terms import ValueTerms

RESULT = Path(__file__).with_suffix(".json")
CUTOFF = 0.6  # share of the length of the log
EDGES = (0.0, 0.1, 0.3, 0.7, 0.9, 1.0)
FEWEST = 1_000  # customers in a bin that is judged
MONTH_DAYS = 365.25 / 12


def of_log(log: PurchaseLog, draws: int) -> tuple[pd.DataFrame, Array]:
    """Return one row per customer, and whether each has paid back by a month in each draw, (draws, rows).

    Rows have the probability of it, and whether it came true.
    """
    length = log.last_tick - log.first_tick
    cutoff = log.first_tick + int(CUTOFF * length)
    now, later = KnownHistory(log, cutoff), KnownHistory(log, log.last_tick)
    months = int(length / MONTH_DAYS)
    ends = MONTH_DAYS / log.clock.days_per_unit * np.arange(1.0, months + 1)
    terms = ValueTerms.from_keywords(horizon=float(ends[-1]), annual_discount_rate=0.10, margin=0.35)
    models = clv.MBGNBD().fit(now.rfm), clv.GammaGamma().fit(now.rfm)
    since = ValueSinceAcquisition(*models, now, terms, clv.Costs(), ends)
    realized = np.cumsum(since.realized(), axis=1)
    order = terms.margin * float(since.orders.amount.mean())
    cac = realized[:, -1] + order * np.random.default_rng(0).uniform(0.05, 1.5, len(now.rfm))
    known = ValueSinceAcquisition(*models, later, terms, clv.Costs(), ends)
    place = {key: i for i, key in enumerate(later.rfm.customer_id.to_list())}
    rows = np.array([place[key] for key in now.rfm.customer_id.to_list()])
    came = np.cumsum(known.realized()[rows], axis=1)
    month = np.searchsorted(ends, known.T[rows], side="right") - 1  # the last that is over at the end
    each = np.arange(len(rows))
    ahead = (month >= 0) & (ends[np.maximum(month, 0)] > since.T) & (realized[:, -1] < cac) & since.exists
    each, month = each[ahead], month[ahead]
    ahead_of_cutoff = float(np.max(np.maximum(since.horizon - since.T, 0.0)))
    level = level_factors(since.customers, "history", draws, 0, ahead_of_cutoff)
    everyone = SampledCustomers(np.arange(len(since.T)), since.customers)

    def paid_back(number: int, future: DrawnFuture) -> Array:
        values = np.cumsum(since.drawn_of(everyone, future, 1.0 if level is None else float(level[number])), axis=1)
        answer: Array = (values + realized >= cac[:, None])[each, month]
        return answer

    drawn = np.stack(of_drawn_futures(paid_back, since.customers, draws, 0))
    return pd.DataFrame({"probability": drawn.mean(axis=0), "covered": came[each, month] >= cac[each]}), drawn


def summarize(rows: pd.DataFrame, drawn: Array) -> list[dict[str, Any]]:
    """Return the mean probability and the share covered by bin of the probability, where enough customers are."""
    bins = np.clip(np.searchsorted(EDGES, rows["probability"], side="right") - 1, 0, len(EDGES) - 2)
    table = []
    for i in range(len(EDGES) - 1):
        inside = rows[bins == i]
        if inside.empty:
            continue
        off = float(inside["covered"].mean() - inside["probability"].mean())
        error = float(np.sqrt(inside["covered"].var(ddof=0) / len(inside)))
        joint = float(drawn[:, bins == i].mean(axis=1).std(ddof=1))
        interval = stats.binomtest(int(inside["covered"].sum()), len(inside)).proportion_ci()
        table.append(
            {
                "probability": [EDGES[i], EDGES[i + 1]],
                "customers": len(inside),
                "expected": round(float(inside["probability"].mean()), 4),
                "covered": round(float(inside["covered"].mean()), 4),
                "exact_95_percent_interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
                "standard_error": round(error, 4),
                "standard_error_of_joint_draws": round(joint, 4),
                "within_5_points_and_2_errors": bool(abs(off) <= 0.05 + 2 * error) if len(inside) >= FEWEST else None,
                "within_by_joint_draws": bool(abs(off) <= 0.05 + 2 * joint) if len(inside) >= FEWEST else None,
            }
        )
    return table


def main(folder: str, draws: int = 200) -> None:
    """Measure each log with amounts, and write what is known after each."""
    result: dict[str, Any] = {"draws": draws, "cutoff": CUTOFF, "fewest": FEWEST}
    for _, name, log in total_errors.logs(Path(folder)):
        try:
            result[name] = summarize(*of_log(log, draws))
        except CLVError as error:
            result[name] = str(error)
        result["processor_seconds"] = round(time.process_time(), 1)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

"""Divide customers of real logs at random and count how often intervals of an effect hold: `experiments.py [FOLDER]`.

Targets are customers who had bought in the half year before a cutoff. Their outcome is the spend of the 4, 8 or 26
weeks after it. Each of 1,000 divisions is read with no effect, with the same money for all treated customers, with a
share of each customer's own spend, and with an effect on the top percent alone. What is known before is past spend,
recent spend and the value that MBG/NBD and Gamma-Gamma predict. FOLDER has the logs that are not part of the
repository, as for total_errors.py. The result is experiments.csv.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from total_errors import SHARED_DATA, cdnow, journey, uci

import clvmodels as clv
from clvmodels.decisions.experiments.estimator import adjusted_difference, explained_share, relevant

LOGS = {"cdnow_sample": lambda folder: cdnow(sample=True), "uci_online_retail": uci, "complete_journey": journey}
WEEKS, DIVISIONS, RECENT, SHARE = (4, 8, 26), 1_000, 182, 0.1


def main() -> None:
    """Read all divisions, and write the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA
    rows = []
    for name, read in LOGS.items():
        log, columns = read(folder)
        log = log.rename(columns={columns.get("customer_id", "customer_id"): "customer_id"})
        rows += [{"log": name, "weeks": weeks} | study(log, weeks) for weeks in WEEKS]
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)
    pd.DataFrame(rows).round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


def study(log: pd.DataFrame, weeks: int) -> dict[str, Any]:
    """Return how often intervals hold, and how much the adjustment explains, for targets before the last weeks."""
    date = pd.to_datetime(log["date"])
    cutoff = date.max().normalize() - pd.Timedelta(weeks=weeks)
    before, after = log[date <= cutoff], log[date > cutoff]
    recent = before[pd.to_datetime(before["date"]) > cutoff - pd.Timedelta(days=RECENT)]
    targets = recent.groupby("customer_id")["amount"].sum()
    rfm = clv.rfm_summary(before, amount="amount", time_unit="week", observation_end=str(cutoff.date()))
    terms = {"horizon": f"{weeks} weeks", "annual_discount_rate": 0.0, "margin": 1.0}
    value = clv.lifetime_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    predicted = pd.Series(value["lifetime_value"].to_numpy(), index=value["customer_id"].to_numpy())
    known = {
        "predicted": predicted.reindex(targets.index).fillna(0.0),
        "recent": targets,
        "past": before.groupby("customer_id")["amount"].sum().reindex(targets.index),
    }
    outcome = after.groupby("customer_id")["amount"].sum().reindex(targets.index).fillna(0.0).to_numpy()
    covariates = np.column_stack([column.to_numpy(dtype=float) for column in known.values()])
    explained = {
        name: explained_share(outcome, columns)
        for name, columns in (("all", covariates), ("past_only", covariates[:, 1:]))
    }
    return {"targets": len(outcome), **{f"explained_{name}": share for name, share in explained.items()}} | coverage(
        outcome, covariates
    )


def coverage(outcome: np.ndarray, covariates: np.ndarray) -> dict[str, float]:
    """Return shares of divisions whose 95 % interval holds each effect, and widths relative to the plain difference."""
    n, mean, generator = len(outcome), outcome.mean(), np.random.default_rng(0)
    top = outcome >= np.quantile(outcome, 0.99)
    effects = {"none": 0 * outcome, "added": 0 * outcome + SHARE * mean, "share": SHARE * outcome, "top": top * mean}
    held = dict.fromkeys((*effects, "none_plain"), 0)
    width = np.zeros(3)
    for _ in range(DIVISIONS):
        treated = generator.permutation(n) < n // 2
        columns = relevant(covariates, treated)
        for name, effect in effects.items():
            difference = adjusted_difference(outcome + treated * effect, treated, columns)
            low, high = difference.interval(0.95)
            held[name] += low <= effect.mean() <= high
        low, high = adjusted_difference(outcome, treated, np.zeros((n, 0))).interval(0.95)
        held["none_plain"] += low <= 0 <= high
        past_only = adjusted_difference(outcome, treated, relevant(covariates[:, 1:], treated)).interval(0.95)
        all_known = adjusted_difference(outcome, treated, columns).interval(0.95)
        width += [high - low, past_only[1] - past_only[0], all_known[1] - all_known[0]]
    shares = {f"held_{name}": count / DIVISIONS for name, count in held.items()}
    return shares | {
        "width_to_plain": width[2] / width[0],
        "customers_saved_to_past_only": 1 - (width[2] / width[1]) ** 2,
    }


if __name__ == "__main__":
    main()

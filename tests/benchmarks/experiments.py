"""Divide customers of real logs at random and count how often intervals of an effect hold: `experiments.py [FOLDER]`.

Targets are customers who had bought in the half year before a cutoff. Their outcome is the spend of the 4, 8 or 26
weeks after it. Each of 1,000 divisions is read with no effect, with the same money for all treated customers, with a
share of each customer's own spend, and with an effect on the top percent alone. What is known before is past spend,
recent spend and the value that MBG/NBD and Gamma-Gamma predict; with all periods, also the spend of the last 4, 8 and
13 weeks. Returns of the gift store are netted, before the cutoff only those known then. FOLDER has the logs that are
not part of the repository, as for total_errors.py. The result is experiments.csv.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from total_errors import SHARED_DATA, KnownOn, cdnow, journey, known_gifts

import clvmodels as clv
from clvmodels.decisions.experiments.estimator import adjusted_difference, explained_share, relevant

WEEKS, DIVISIONS, SHARE = (4, 8, 26), 1_000, 0.1
DAYS = {"recent": 182, "last_13_weeks": 91, "last_8_weeks": 56, "last_4_weeks": 28}


def main() -> None:
    """Read all divisions, and write the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA
    rows = []
    for name, log in known_logs(folder).items():
        rows += [{"log": name, "weeks": weeks} | study(log, weeks) for weeks in WEEKS]
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)
    pd.DataFrame(rows).round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


def known_logs(folder: Path) -> dict[str, KnownOn]:
    """Return the three logs."""

    def same(read: tuple[pd.DataFrame, dict[str, str]]) -> KnownOn:
        log, columns = read
        log = log.rename(columns={columns.get("customer_id", "customer_id"): "customer_id"})
        return lambda day: log.assign(date=pd.to_datetime(log["date"]).dt.normalize())

    return {
        "cdnow_sample": same(cdnow(sample=True)),
        "uci_online_retail": known_gifts(folder),
        "complete_journey": same(journey(folder)),
    }


def study(log: KnownOn, weeks: int) -> dict[str, Any]:
    """Return how often intervals hold, and how much the adjustment explains, for targets before the last weeks."""
    whole = log(None)
    cutoff = whole["date"].max() - pd.Timedelta(weeks=weeks)
    before, after = log(str(cutoff.date())), whole[whole["date"] > cutoff]
    before = before[before["date"] <= cutoff]
    spent = {
        name: before[before["date"] > cutoff - pd.Timedelta(days=days)].groupby("customer_id")["amount"].sum()
        for name, days in DAYS.items()
    }
    targets = spent["recent"].index
    rfm = clv.rfm_summary(before, amount="amount", time_unit="week", observation_end=str(cutoff.date()))
    terms = {"horizon": f"{weeks} weeks", "annual_discount_rate": 0.0, "margin": 1.0}
    value = clv.lifetime_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    predicted = pd.Series(value["lifetime_value"].to_numpy(), index=value["customer_id"].to_numpy())
    known = {
        "predicted": predicted,
        "past": before.groupby("customer_id")["amount"].sum(),
        **spent,
    }
    outcome, *columns = (
        column.reindex(targets).fillna(0.0).to_numpy(dtype=float)
        for column in (after.groupby("customer_id")["amount"].sum(), *known.values())
    )
    covariates = np.column_stack(columns)
    explained = {
        name: explained_share(outcome, columns)
        for name, columns in (("all", covariates[:, :3]), ("past_only", covariates[:, 1:3]))
    }
    return {"targets": len(outcome), **{f"explained_{name}": share for name, share in explained.items()}} | coverage(
        outcome, covariates
    )


def coverage(outcome: np.ndarray, covariates: np.ndarray) -> dict[str, float]:
    """Return shares of divisions whose 95 % interval holds each effect, and widths relative to other adjustments."""
    n, mean, generator = len(outcome), outcome.mean(), np.random.default_rng(0)
    top = outcome >= np.quantile(outcome, 0.99)
    effects = {"none": 0 * outcome, "added": 0 * outcome + SHARE * mean, "share": SHARE * outcome, "top": top * mean}
    adjustments = {
        "plain": covariates[:, :0],
        "past": covariates[:, 1:3],
        "known": covariates[:, :3],
        "periods": covariates[:, 1:],
        "known_and_periods": covariates,
    }
    first = generator.permutation(n) < n // 2  # the columns vary in both groups of any division
    adjustments = {name: relevant(columns, first) for name, columns in adjustments.items()}
    held = dict.fromkeys((*effects, "none_plain"), 0)
    width = dict.fromkeys(adjustments, 0.0)
    for _ in range(DIVISIONS):
        treated = generator.permutation(n) < n // 2
        for name, effect in effects.items():
            low, high = adjusted_difference(outcome + treated * effect, treated, adjustments["known"]).interval(0.95)
            held[name] += low <= effect.mean() <= high
        for name, used in adjustments.items():
            low, high = adjusted_difference(outcome, treated, used).interval(0.95)
            width[name] += high - low
            held["none_plain"] += name == "plain" and low <= 0 <= high
    shares = {f"held_{name}": count / DIVISIONS for name, count in held.items()}
    return shares | {
        "width_to_plain": width["known"] / width["plain"],
        "customers_saved_to_past": 1 - (width["known"] / width["past"]) ** 2,
        "customers_saved_to_periods": 1 - (width["known_and_periods"] / width["periods"]) ** 2,
    }


if __name__ == "__main__":
    main()

"""Measure tiers on public logs and on simulated customers: `tiers.py [FOLDER]`.

Stability: tiers are published at the end of a month and assigned again in the next ones, on three logs and three first
cutoffs each. Agility: how many months it takes until simulated customers in the best tier who left are in a lower one.
Probabilities: P(tier) against the tier in which the realized revenue ranks. All customers of a holdout share its level,
so the standard error of a bin counts holdouts. Written to tiers.json in this folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from total_errors import SHARED_DATA, logs

import clvmodels as clv
from clvmodels.decisions.tiering.boundaries import define_tiers, lowest_values, tier_of
from clvmodels.forecasts import KnownHistory
from clvmodels.transactions.purchase_log import PurchaseLog

RESULTS = Path(__file__).with_suffix(".json")
SHOPS = ("cdnow", "uci_online_retail", "complete_journey")
STARTS, MONTHS, MONTH = (0.5, 0.6, 0.7), 3, 30
TERMS: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 1.0}
BINS, FEWEST = 10, 50
DRAWS = 200
SIMULATED, BEST = 20_000, 0.05


def valued(history: KnownHistory) -> tuple[Any, Any, Any, pd.DataFrame]:
    """Return the fitted models, the RFM and the values at a cutoff."""
    rfm = history.rfm
    purchases, spend = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    value = clv.lifetime_value(purchases, spend, rfm, **TERMS)
    return (
        purchases,
        spend,
        rfm,
        pd.DataFrame({name: np.asarray(value[name]) for name in ("customer_id", "lifetime_value")}),
    )


def top(values: np.ndarray, share: float = BEST) -> np.ndarray:
    """Return who is among the best 5 %."""
    return tier_of(values, lowest_values(values, define_tiers("quantile", [share], None))) == 0


def stability(shop: str, log: PurchaseLog) -> list[dict[str, Any]]:
    """Return how many customers change tier from month to month, and what the best tier bought later."""
    rows = []
    span = log.last_tick - log.first_tick
    for start in STARTS:
        published, before = None, None
        for month in range(MONTHS + 1):
            history = KnownHistory(log, log.first_tick + int(start * span) + month * MONTH)
            *_, rfm, value = valued(history)
            result = clv.tiers(value, published=published)
            frame = pd.DataFrame(result.columns)
            if before is not None:
                later = history.follow(log.last_tick).spend
                both = frame.merge(before, on="customer_id", suffixes=("", "_before"))
                count = rfm["frequency"][np.isin(frame["customer_id"], before["customer_id"])]
                nothing = count == both["frequency"]
                moved = both["tier_assigned"] != both["tier_assigned_before"]
                pure = both["tier_today"] != both["tier_today_before"]
                size = result.summary["customers"] / result.summary["customers_today"] - 1
                assigned, today = frame["tier_assigned"] == "A", frame["tier_today"] == "A"
                rows.append(
                    {
                        "log": shop,
                        "start": start,
                        "month": month,
                        "customers": len(both),
                        "assigned_changed": moved.mean(),
                        "assigned_changed_bought_nothing": moved[nothing].mean(),
                        "today_changed": pure.mean(),
                        "today_changed_bought_nothing": pure[nothing].mean(),
                        "largest_drift": size.abs().max(),
                        "best_assigned": assigned.sum() / len(frame),
                        "revenue_assigned": later[assigned].sum() / later.sum(),
                        "revenue_today": later[today].sum() / later.sum(),
                        "revenue_past_spend": later[top(history.past_spend)].sum() / later.sum(),
                    }
                )
            before = frame[["customer_id", "tier_assigned", "tier_today"]].assign(frequency=rfm["frequency"])
            published = frame[["customer_id", "tier_assigned"]]
    return rows


def calibration(logs_of_shops: dict[str, PurchaseLog]) -> list[dict[str, Any]]:
    """Return mean P(tier) and the share realized, by bin, pooled over logs, cutoffs and tiers."""
    pairs = []
    definition = define_tiers("quantile", None, None)
    for shop, log in logs_of_shops.items():
        span = log.last_tick - log.first_tick
        for start in STARTS:
            history = KnownHistory(log, log.first_tick + int(start * span))
            purchases, spend, rfm, value = valued(history)
            split = history.follow(log.last_tick)
            terms = {"horizon": split.horizon, "annual_discount_rate": 0.0, "margin": 1.0}
            drawn = clv.value_draws(purchases, spend, rfm, **terms, draws=DRAWS)
            frame = clv.tiers(value, draws=drawn).columns
            realized = tier_of(split.spend, lowest_values(split.spend, definition))
            for number, name in enumerate(definition.names):
                pairs.append(
                    pd.DataFrame(
                        {"p": frame[f"probability_{name}"], "hit": realized == number, "log": shop, "start": start}
                    )
                )
    table = pd.concat(pairs)
    table["bin"] = np.minimum((table["p"] * BINS).astype(int), BINS - 1)
    rows = []
    for label, group in [("pooled", table), *table.groupby("log")]:
        for number, part in group.groupby("bin"):
            if len(part) >= FEWEST:
                row = {"log": label, "bin": f"{number / BINS:.1f}", "cases": len(part), "expected": part["p"].mean()}
                rows.append(row | {"realized": part["hit"].mean(), "standard_error": error_of_holdouts(part)})
    return rows


def error_of_holdouts(part: pd.DataFrame) -> float:
    """Return the standard error of realized minus expected in a bin, whose holdouts are the independent units."""
    off = part["hit"] - part["p"]
    sums = (off - off.mean()).groupby([part["log"], part["start"]]).sum()
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(part))


def agility() -> dict[str, Any]:
    """Return the median days until customers who left the simulated shop leave the best tier, by rule."""
    parameters = {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 4.0}
    log = clv.simulate_log(
        SIMULATED, parameters, process="mbgnbd", start="2021-01-01", end="2023-12-31", random_state=1
    )
    log["amount"] = np.random.default_rng(0).gamma(6.0, 5.0, len(log))
    history = KnownHistory.from_log(log, amount="amount")
    purchases = history.purchase_log
    last = purchases.tick[purchases.start[1:] - 1]
    ids = np.asarray(purchases.customer_id.to_list())
    start = purchases.first_tick + 550
    delays: dict[str, dict[Any, int]] = {"today": {}, "assigned": {}}
    published, followed = None, np.array([])
    for month in range(12):
        cutoff = start + month * MONTH
        *_, value = valued(history.earlier(cutoff))
        frame = pd.DataFrame(clv.tiers(value, published=published).columns)
        published = frame[["customer_id", "tier_assigned"]]
        if month == 0:
            # The last purchase was just before, and there is none for long after: they left, or as good as.
            gone = (last > start - MONTH) & (last <= start)
            best = frame.loc[frame["tier_today"] == "A", "customer_id"]
            followed = np.intersect1d(ids[gone], best)
        tiers = frame.set_index("customer_id").loc[followed]
        for rule, seen in delays.items():
            for customer in followed[(tiers[f"tier_{rule}"] != "A").to_numpy()]:
                seen.setdefault(customer, month * MONTH)
    never = 12 * MONTH
    medians = {rule: float(np.median([seen.get(each, never) for each in followed])) for rule, seen in delays.items()}
    means = {rule: float(np.mean([seen.get(each, never) for each in followed])) for rule, seen in delays.items()}
    return {"customers": len(followed), "median_days": medians, "mean_days": means}


def main(folder: Path) -> None:
    """Measure all three, and write them."""
    shops = {name: log for _, name, log in logs(folder) if name in SHOPS}
    stable = [row for shop, log in shops.items() for row in stability(shop, log)]
    results = {"stability": stable, "agility": agility(), "calibration": calibration(shops)}
    RESULTS.write_text(
        json.dumps(results, indent=1, default=lambda value: round(float(value), 4)) + "\n", encoding="utf-8"
    )
    print(pd.DataFrame(stable).round(3).to_string(index=False))
    print(results["agility"])
    print(pd.DataFrame(results["calibration"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA)

"""Measure tiers on public logs and on simulated customers: `tiers.py [FOLDER]`.

Stability: tiers are published at the end of a month and assigned again in the next ones, on three logs and three first
cutoffs each, beside the smallest share of customers without a purchase that any rule has to move so that sizes stay
within a tenth of today's, if all who bought are in today's tiers and newcomers in any. Agility: the days from the last
purchase of simulated customers in the best tier who left to the first month in which they are in a lower one.
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
from scipy.optimize import linprog
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
LEAVERS = (  # purchases per day and chances to leave of three shops
    {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 4.0},
    {"r": 1.5, "alpha": 20.0, "a": 0.5, "b": 3.0},
    {"r": 0.5, "alpha": 6.0, "a": 1.0, "b": 3.0},
)
FOLLOWED, STILL_OPEN = 18, 6  # months of tiers, of which those who leave in the last ones are not followed


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
                known = np.isin(frame["customer_id"], before["customer_id"])
                nothing = rfm["frequency"][known] == both["frequency"]
                idle = known.copy()
                idle[known] = nothing
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
                        "least_changed_bought_nothing": least_moved(result, idle, known),
                        "largest_drift": size.abs().max(),
                        "best_assigned": assigned.sum() / len(frame),
                        "revenue_assigned": later[assigned].sum() / later.sum(),
                        "revenue_today": later[today].sum() / later.sum(),
                        "revenue_past_spend": later[top(history.past_spend)].sum() / later.sum(),
                    }
                )
            before = frame[["customer_id", "tier_assigned", "tier_today"]].assign(frequency=rfm["frequency"])
            published = frame[["customer_id", "lifetime_value", "tier_assigned"]]
    return rows


def least_moved(result: clv.Tiers, nothing: np.ndarray, known: np.ndarray) -> float:
    """Return the smallest share of published customers without a purchase that any rule has to move.

    `nothing` are those customers and `known` all published ones, (n,). Customers who bought are in today's tiers;
    newcomers may be anywhere. Unknowns are the flows between tiers, and the newcomers in each tier.
    """
    names = list(result.definition.names)
    tiers = len(names)
    size = result.summary["customers_today"].to_numpy()
    today, before = (
        np.array([names.index(name) if name in names else -1 for name in result.columns[column]])
        for column in ("tier_today", "published")
    )
    start = np.bincount(before[nothing], minlength=tiers)
    bought = np.bincount(today[known & ~nothing], minlength=tiers)
    arrives = np.tile(np.eye(tiers), (1, tiers + 1))  # flows into each tier, then newcomers
    leaves = np.hstack([np.kron(np.eye(tiers), np.ones(tiers)), np.zeros((tiers, tiers))])
    newcomers = np.append(np.zeros(tiers**2), np.ones(tiers))
    cost = np.append((1 - np.eye(tiers)).ravel(), np.zeros(tiers))
    solved = linprog(
        cost,
        A_ub=np.vstack([arrives, -arrives]),
        b_ub=np.append(np.floor(1.1 * size) - bought, bought - np.ceil(0.9 * size)),
        A_eq=np.vstack([leaves, newcomers]),
        b_eq=np.append(start, np.sum(~known)),
    )
    return float(solved.fun / nothing.sum())


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


def agility() -> list[dict[str, Any]]:
    """Return the median days until customers who left simulated shops leave the best tier, by rule."""
    return [agility_of(parameters, seed) for seed, parameters in enumerate(LEAVERS, start=1)]


def agility_of(parameters: dict[str, float], seed: int) -> dict[str, Any]:
    """Return the median days for one shop.

    Followed are those in the best tier by both rules in the first month after what turns out to be their last purchase.
    """
    log = clv.simulate_log(
        SIMULATED, parameters, process="mbgnbd", start="2021-01-01", end="2023-12-31", random_state=seed
    )
    log["amount"] = np.random.default_rng(0).gamma(6.0, 5.0, len(log))
    history = KnownHistory.from_log(log, amount="amount")
    purchases = history.purchase_log
    last = pd.Series(purchases.tick[purchases.start[1:] - 1], index=purchases.customer_id.to_list())
    delays: dict[Any, dict[str, int]] = {}
    published = None
    for month in range(FOLLOWED):
        cutoff = purchases.first_tick + 400 + month * MONTH
        *_, value = valued(history.earlier(cutoff))
        frame = pd.DataFrame(clv.tiers(value, published=published).columns).set_index("customer_id")
        published = frame[["lifetime_value", "tier_assigned"]].reset_index()
        since = cutoff - last[frame.index]
        if month < FOLLOWED - STILL_OPEN:
            best = (frame["tier_today"] == "A") & (frame["tier_assigned"] == "A") & (since >= 0) & (since < MONTH)
            delays |= {customer: {} for customer in frame.index[best]}
        followed = frame.loc[list(delays)]
        for rule in ("today", "assigned"):
            for customer in followed.index[followed[f"tier_{rule}"] != "A"]:
                delays[customer].setdefault(rule, int(since[customer]))
    never = 365
    medians = {
        rule: float(np.median([seen.get(rule, never) for seen in delays.values()])) for rule in ("today", "assigned")
    }
    return {"customers": len(delays), "median_days": medians, "ratio": medians["assigned"] / medians["today"]}


def main(folder: Path) -> None:
    """Measure all three, and write them."""
    shops = {name: log for _, name, log in logs(folder) if name in SHOPS}
    stable = [row for shop, log in shops.items() for row in stability(shop, log)]
    results = {"stability": stable, "agility": agility(), "calibration": calibration(shops)}
    RESULTS.write_text(
        json.dumps(results, indent=1, default=lambda value: round(float(value), 4)) + "\n", encoding="utf-8"
    )
    print(pd.DataFrame(stable).round(3).to_string(index=False))
    print(pd.DataFrame(results["agility"]).to_string(index=False))
    print(pd.DataFrame(results["calibration"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA)

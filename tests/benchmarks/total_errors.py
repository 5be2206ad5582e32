"""Measure errors of totals on public logs: `total_errors.py [FOLDER]` writes clvmodels/forecasting/total_errors.csv.

FOLDER has the logs that are not part of the repository (default: CLVMODELS_REFERENCE_DATA, or ../shared/data): those
of UCI (Online Retail), dunnhumby (The Complete Journey), an online grocery (BTYDplus) and simulated apparel sales
(CLVTools).
At up to twelve cutoffs of each log, models are fitted to what was known, and their expected totals over several
horizons are compared with what happened. The table holds these totals and errors only; how it was made is described in
clvmodels/guide/intervals.md. It takes about half an hour on one core.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import FitFailed
from clvmodels.forecasts import KnownHistory
from clvmodels.transactions.purchase_log import PurchaseLog, purchases_of

SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
TABLE = Path(clv.__file__).parent / "forecasting" / "total_errors.csv"
SHARES = [share / 100 for share in range(35, 95, 5)]  # of a log, up to the cutoff
HORIZONS = (28, 56, 91, 182, 365)  # days
MODELS: dict[str, Callable[[], Any]] = {"bgnbd": clv.BGNBD, "mbgnbd": clv.MBGNBD, "pareto_nbd": clv.ParetoNBD}
SAMPLE, DRAWS = 300, 100  # customers and draws of the model's own interval, from which variances are computed
LEVEL, NORMAL_QUANTILE = 0.9, 1.6448536269514722
CLOCK = Clock("week")
DAYS_PER_UNIT = 7


class Total(NamedTuple):
    """Expected and actual total of a quantity after a cutoff, with the variances of the model's own interval."""

    process: str
    quantity: str
    cutoff: str
    horizon_days: int
    customers: int
    expected: float
    actual: float
    order_value: float  # expected money per purchase; 1 for purchases
    chance: float  # variance of the logarithm of the total
    parameters: float


def cdnow(sample: bool = False) -> tuple[pd.DataFrame, dict[str, str]]:
    return clv.datasets.load_cdnow(sample=sample), {"amount": "amount"}


def uci(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return orders with a customer id, without returns, so that no row depends on later ones."""
    log = pd.read_csv(folder / "uci_online_retail_2010_2011.csv.gz")
    log.columns = [name.lower().replace(" ", "") for name in log.columns]
    log = log[log["customerid"].notna() & (log["quantity"] > 0) & (log["unitprice"] > 0)]
    date = pd.to_datetime(log["invoicedate"], format="mixed")
    amount = log["quantity"] * log["unitprice"]
    return pd.DataFrame({"customer_id": log["customerid"], "date": date, "amount": amount}), {"amount": "amount"}


def journey(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = pd.read_parquet(folder / "complete_journey_2017_transactions.parquet")
    rows["date"] = pd.to_datetime(rows["transaction_timestamp"]).dt.tz_localize(None)
    baskets = rows.groupby(["household_id", "basket_id"], as_index=False)
    log = baskets.agg(date=("date", "min"), amount=("sales_value", "sum"))
    return log[log["date"] < "2018"], {"customer_id": "household_id", "amount": "amount"}


def grocery(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    return pd.read_csv(folder / "btydplus_grocery_elog.csv.gz"), {"customer_id": "cust"}


def apparel(folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    log = pd.read_csv(folder / "clvtools_apparel_trans.csv.gz")
    return log, {"customer_id": "Id", "date": "Date", "amount": "Price"}


def logs(folder: Path) -> Iterator[tuple[str, str, PurchaseLog]]:
    """Return shop, log and purchases; the sample of CDNOW is of the same shop as the full log."""
    sources: list[tuple[str, str, Callable[[], tuple[pd.DataFrame, dict[str, str]]]]] = [
        ("cdnow", "cdnow", cdnow),
        ("cdnow", "cdnow_sample", lambda: cdnow(sample=True)),
        ("uci_online_retail", "uci_online_retail", lambda: uci(folder)),
        ("complete_journey", "complete_journey", lambda: journey(folder)),
        ("grocery", "grocery", lambda: grocery(folder)),
        ("apparel", "apparel", lambda: apparel(folder)),
    ]
    for shop, name, read in sources:
        log, columns = read()
        yield shop, name, purchases_of(log, CLOCK, **columns)


def totals(log: PurchaseLog, cutoff: int, horizons: list[int], models: dict[str, Callable[[], Any]]) -> Iterator[Total]:
    """Fit each model to what was known at a cutoff, and yield its totals over each horizon in days."""
    history = KnownHistory(log, cutoff)
    rfm = history.followed(cutoff + horizons[0]).calibration
    spend = clv.GammaGamma().fit(rfm) if history.has_money else None
    for process, make in models.items():
        try:
            model = make().fit(rfm)
        except FitFailed:
            continue
        for horizon in horizons:
            yield from _totals_over(process, model, spend, history.followed(cutoff + horizon), horizon)


def _totals_over(process: str, model: Any, spend: Any, split: Any, days: int) -> Iterator[Total]:
    rfm, length = split.calibration, days / DAYS_PER_UNIT
    purchases = model.expected_purchases(rfm, length)["expected_purchases"].to_numpy()
    some = rfm[np.argsort(purchases, kind="stable")[:: -(-len(rfm) // SAMPLE)]]
    shared = (CLOCK.describe_tick(split.cutoff), days, len(rfm))
    expected = float(purchases.sum())
    own = own_variances(
        lambda **how: model.expected_purchases(some, length, **how), "expected_purchases", expected, 1.0
    )
    yield Total(process, "purchases", *shared, expected, float(split.purchases.sum()), 1.0, *own)
    if spend is None:
        return
    value = np.nansum(purchases * spend.expected_spend(rfm)["expected_spend"].to_numpy())
    unit = float(value / expected)
    terms = {"horizon": length, "annual_discount_rate": 0.0, "margin": 1.0}
    own = own_variances(
        lambda **how: clv.lifetime_value(model, spend, some, **terms, **how), "lifetime_value", float(value), unit
    )
    yield Total(process, "money", *shared, float(value), float(split.spend.sum()), unit, *own)


def own_variances(predict: Callable[..., Any], name: str, expected: float, unit: float) -> tuple[float, float]:
    """Return the variances of the log of a total due to chance and to parameters, from intervals of a sample's total.

    Doubt about the parameters moves all customers alike, so that its variance on the log scale is that of the sample;
    chance does not, so that its variance is inversely proportional to the total.
    """
    variances = []
    for what in ("outcome", "mean"):
        row = predict(interval=LEVEL, interval_for=what, by="total", draws=DRAWS).iloc[0]
        ends = np.log(row[[f"{name}_lower", f"{name}_upper"]].to_numpy(dtype=float) + 0.5 * unit)
        variances.append(float((ends[1] - ends[0]) / (2 * NORMAL_QUANTILE)) ** 2)
    outcome, parameters = variances
    return max(outcome - parameters, 0.0) * (row[name] + 0.5 * unit) / (expected + 0.5 * unit), parameters


def schedule(log: PurchaseLog) -> dict[int, list[int]]:
    """Return the horizons, in days, that fit after each cutoff (in ticks)."""
    length = log.last_tick - log.first_tick
    cutoffs = [int(share * length) for share in SHARES]
    last = length - HORIZONS[-1]
    if HORIZONS[-1] / 2 - 1 <= last < cutoffs[0]:  # a whole year, if half of it was observed before
        cutoffs.insert(0, last)
    fitting = {cut: [horizon for horizon in HORIZONS if cut + horizon <= length] for cut in cutoffs}
    return {log.first_tick + cut: horizons for cut, horizons in fitting.items() if horizons}


def main() -> None:
    """Measure all logs and write the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA
    rows: list[dict[str, Any]] = []
    for shop, name, log in logs(folder):
        for cutoff, horizons in schedule(log).items():
            for total in totals(log, cutoff, horizons, MODELS):
                error = np.log((total.actual + 0.5 * total.order_value) / (total.expected + 0.5 * total.order_value))
                rows.append({"shop": shop, "log": name} | total._asdict() | {"log_error": error})
            print(f"{name}, {CLOCK.describe_tick(cutoff)}: {len(rows)} rows", flush=True)
    table = pd.DataFrame(rows)
    table["parameters"] = table["parameters"].map("{:.3g}".format)
    table["chance"] = table["chance"].map("{:.3g}".format)
    table["order_value"] = table["order_value"].map("{:.6g}".format)
    table[["expected", "actual"]] = table[["expected", "actual"]].round(2)
    table["log_error"] = table["log_error"].round(4)
    table.to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()

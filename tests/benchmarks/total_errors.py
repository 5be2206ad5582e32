"""Measure errors of totals on public logs: `total_errors.py [FOLDER [LOG ...]]` writes the table of the package.

It is total_errors.csv of clvmodels.inference.totals; with LOG, only the rows of these logs are measured again. FOLDER
has the logs that are not part of the repository (default: CLVMODELS_REFERENCE_DATA, or ../shared/data): those of UCI
(Online Retail), dunnhumby (The Complete Journey), an online grocery (BTYDplus) and simulated apparel sales
(CLVTools).
At up to twelve cutoffs of each log, models are fitted to what was known, and their expected totals over several
horizons are compared with what happened. Returns at UCI are netted, before a cutoff only those known then. The table
holds these totals and errors only; how it was made is described in clvmodels/guide/intervals.md. It takes about half an
hour on one core.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
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
TABLE = Path(clv.__file__).parent / "inference" / "totals" / "total_errors.csv"
SHARES = [share / 100 for share in range(35, 95, 5)]  # of a log, up to the cutoff
HORIZONS = (28, 56, 91, 182, 365)  # days
MODELS: dict[str, Callable[[], Any]] = {"bgnbd": clv.BGNBD, "mbgnbd": clv.MBGNBD, "pareto_nbd": clv.ParetoNBD}
SAMPLE, DRAWS = 100, 80  # customers and draws of the model's own interval, from which variances are computed
SMALLEST_CHANCE = 0.1  # share of the variance of the sample's total: with so few draws the difference may be negative
LEVEL, NORMAL_QUANTILE = 0.9, 1.6448536269514722
CLOCK = Clock("week")
DAYS_PER_UNIT = 7


KnownOn = Callable[[str | None], pd.DataFrame]  # customer_id, date and amount as known on a day, or at the end


class StudyLog(NamedTuple):
    """A log, and what was known of it on a day, if that is not all rows up to that day."""

    shop: str
    name: str
    log: PurchaseLog
    known_on: KnownOn | None = None

    def history(self, cutoff: int) -> KnownHistory:
        """Return what was known at a cutoff; the outcomes that follow it are those known at the end."""
        if self.known_on is None:
            return KnownHistory(self.log, cutoff)
        known = purchases_of(self.known_on(CLOCK.describe_tick(cutoff)), CLOCK, amount="amount")
        return KnownHistory(known, cutoff, later=self.log)


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


def known_gifts(folder: Path) -> KnownOn:
    """Return the orders of UCI with returns netted, as they are known on a day, or at the end."""
    lines = pd.read_csv(folder / "uci_online_retail_2010_2011.csv.gz")
    lines = lines[lines["CustomerID"].notna()]
    lines["InvoiceDate"] = pd.to_datetime(lines["InvoiceDate"], format="mixed")

    @cache
    def gifts(day: str | None) -> pd.DataFrame:
        names = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo", "product": "StockCode"}
        rules = clv.CleaningRules(refund_prefix="C")
        orders = clv.clean(lines, **names, quantity="Quantity", price="UnitPrice", rules=rules, until=day).transactions
        return pd.DataFrame(
            {
                "customer_id": orders["customer_id"],
                "date": pd.to_datetime(orders["date"]).dt.normalize(),
                "amount": orders["amount"],
            }
        )

    return gifts


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


def study_logs(folder: Path) -> Iterator[StudyLog]:
    """Return the logs, with returns netted."""
    for shop, name, log in logs(folder):
        if name != "uci_online_retail":
            yield StudyLog(shop, name, log)
            continue
        known_on = known_gifts(folder)
        yield StudyLog(shop, name, purchases_of(known_on(None), CLOCK, amount="amount"), known_on)


def totals(log: StudyLog, cutoff: int, horizons: list[int], models: dict[str, Callable[[], Any]]) -> Iterator[Total]:
    """Fit each model to what was known at a cutoff, and yield its totals over horizons in days, which ascend."""
    history = log.history(cutoff)
    splits = [history.follow(cutoff + horizon) for horizon in horizons]
    rfm = splits[0].calibration
    spend = clv.GammaGamma().fit(rfm) if history.has_money else None
    for process, make in models.items():
        try:
            model = make().fit(rfm)
        except FitFailed:
            continue
        own = OwnVariances(model, spend, rfm, horizons[len(horizons) // 2])
        for split, days in zip(splits, horizons, strict=True):
            expected = expected_totals(model, spend, rfm, days)
            shared = (CLOCK.describe_tick(cutoff), days, len(rfm))
            actual = {"purchases": split.purchases.sum(), "money": 0.0 if split.spend is None else split.spend.sum()}
            for quantity, total in expected.items():
                unit = total / expected["purchases"]
                variances = own.of(quantity, total)
                yield Total(process, quantity, *shared, total, float(actual[quantity]), unit, *variances)


def expected_totals(model: Any, spend: Any, rfm: Any, days: float) -> dict[str, float]:
    """Return the expected total of purchases, and of money with a spend model."""
    purchases = model.expected_purchases(rfm, days / DAYS_PER_UNIT)["expected_purchases"].to_numpy()
    totals = {"purchases": float(purchases.sum())}
    if spend is not None:
        totals["money"] = float(np.nansum(purchases * spend.expected_spend(rfm)["expected_spend"].to_numpy()))
    return totals


class OwnVariances:
    """Variances of the logarithm of a total due to chance and to parameters, from a model's intervals.

    They are computed for customers at equal distances in the order of expected purchases, over one horizon. Doubt about
    the parameters moves all customers alike, so that its variance on the log scale is that of the sample. Chance does
    not: its variance is inversely proportional to the total. Doubt about the spend model, which is small, counts as
    chance.
    """

    def __init__(self, model: Any, spend: Any, rfm: Any, days: int) -> None:
        length = days / DAYS_PER_UNIT
        purchases = model.expected_purchases(rfm, length)["expected_purchases"].to_numpy()
        some = rfm[np.argsort(purchases, kind="stable")[:: -(-len(rfm) // SAMPLE)]]
        bought = partial(model.expected_purchases, some, length)
        self.parameters, _ = _relative_variance(bought, "expected_purchases", "mean")
        self.of_sample = {"purchases": _relative_variance(bought, "expected_purchases", "outcome")}
        if spend is not None:
            terms = {"horizon": length, "annual_discount_rate": 0.0, "margin": 1.0}
            value = partial(clv.lifetime_value, model, spend, some, **terms)
            self.of_sample["money"] = _relative_variance(value, "lifetime_value", "outcome")

    def of(self, quantity: str, total: float) -> tuple[float, float]:
        """Return the variances of a total due to chance and to parameters."""
        variance, sample = self.of_sample[quantity]
        return max(variance - self.parameters, SMALLEST_CHANCE * variance) * sample / total, self.parameters


def _relative_variance(predict: Callable[..., Any], name: str, interval_for: str) -> tuple[float, float]:
    """Return the variance of a total relative to its square, from its interval, and the total."""
    options = {"interval_for": interval_for, "by": "total", "draws": DRAWS, "total_interval": "model"}
    row = predict(interval=LEVEL, **options).iloc[0]
    deviation = (row[f"{name}_upper"] - row[f"{name}_lower"]) / (2 * NORMAL_QUANTILE)
    return float(deviation / row[name]) ** 2, float(row[name])


def schedule(log: PurchaseLog) -> dict[int, list[int]]:
    """Return the horizons, in days, that fit after each cutoff (in ticks)."""
    length = log.last_tick - log.first_tick
    cutoffs = [int(share * length) for share in SHARES]
    last = length - HORIZONS[-1]
    if 0.49 * HORIZONS[-1] < last < cutoffs[0]:  # a whole year, if about half of one was observed before
        cutoffs.insert(0, last)
    fitting = {cut: [horizon for horizon in HORIZONS if cut + horizon <= length] for cut in cutoffs}
    return {log.first_tick + cut: horizons for cut, horizons in fitting.items() if horizons}


def as_text(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of the table as they are written, with the error of each total."""
    table = pd.DataFrame(rows)
    half = 0.5 * table["order_value"]
    error = np.log((table["actual"] + half) / (table["expected"] + half)).round(4)
    digits = {"order_value": "{:.6g}", "chance": "{:.3g}", "parameters": "{:.3g}"}
    text = {name: table[name].map(form.format) for name, form in digits.items()}
    rounded = table.round({"expected": 4, "actual": 2}).assign(**text, log_error=error)
    return pd.read_csv(io.StringIO(rounded.to_csv(index=False)), dtype=str)


def main() -> None:
    """Measure all logs, or some of them, and write the table, whose other rows stay."""
    folder, wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA, sys.argv[2:]
    tables = dict(list(pd.read_csv(TABLE, dtype=str).groupby("log", sort=False))) if wanted else {}
    for study in study_logs(folder):
        if wanted and study.name not in wanted:
            continue
        rows: list[dict[str, Any]] = []
        for cutoff, horizons in schedule(study.log).items():
            totals_of_log = totals(study, cutoff, horizons, MODELS)
            rows += [{"shop": study.shop, "log": study.name} | total._asdict() for total in totals_of_log]
            print(f"{study.name}, {CLOCK.describe_tick(cutoff)}: {len(rows)} rows", flush=True)
        tables[study.name] = as_text(rows)
    pd.concat(tables.values()).to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()

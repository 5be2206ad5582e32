"""How often the bands of revenue forecasts hold what came: `revenue_bands.py logs FOLDER` and `revenue_bands.py shops`.

With `logs`, `backtest_revenue` forecasts each public log at its last cutoffs, and counts by shop. With `shops`, one
quarter of each simulated shop is forecast: customers arrive all the time, at a rate that grows or falls and varies from
month to month, buy by a season that is estimated from what is known, and share a shock. In the first kind of shop the
quarter ahead has a shock as large as totals of other shops were off; in the second every quarter has one of 10 %. The
months of a shop share its shock, so the exact interval is that of one month per shop, picked at random. Writes
revenue_bands.json next to this file:

    python tests/benchmarks/revenue_bands.py shops [shops of each kind] [draws]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import clvmodels as clv
from clvmodels.errors import CLVError
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.total_interval import other_shops
from clvmodels.transactions.purchase_log import PurchaseLog

RESULT = Path(__file__).with_suffix(".json")
TRUTH = {"r": 0.8, "alpha": 8.0, "a": 0.8, "b": 4.0}  # in weeks
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
MONTHS = pd.period_range("2021-01", "2023-06", freq="M")
CUTOFF = "2023-03-31"
QUARTER_DAYS = 91.0
ARRIVALS = 45.0  # a month
KINDS = ("shock_ahead", "shock_every_quarter")
NAMES = {"revenue_forecast": "forecast", "seasonal_naive": "seasonal", "naive": "naive"}


def shop(kind: str, seed: int) -> tuple[pd.DataFrame, int]:
    """Return the log of a simulated shop, and its number of customers."""
    generator = np.random.default_rng([KINDS.index(kind), seed])
    days = np.arange(366)
    amplitude, peak, growth = generator.uniform(0.1, 0.4), generator.integers(366), generator.uniform(-0.01, 0.02)
    season = 1 + amplitude * np.cos(2 * np.pi * (days - peak) / 366)
    calendar = clv.Calendar(season=season, periods=_shocks(kind, seed, generator))
    parts, begin = [], 0
    for i, month in enumerate(MONTHS):
        rate = ARRIVALS * (1 + growth) ** i * season[month.day_of_year - 1] * np.exp(0.1 * generator.standard_normal())
        count = generator.poisson(rate)
        span = {"start": str(month.start_time.date()), "last_arrival": str(month.end_time.date())}
        options: dict[str, Any] = {**span, "end": "2023-06-30", "calendar": calendar, "process": "mbgnbd"}
        log = clv.simulate_log(count, TRUTH, SPEND, random_state=int(generator.integers(2**31)), **options)
        parts.append(pd.DataFrame(log).assign(customer_id=lambda table, first=begin: table["customer_id"] + first))
        begin += count
    return pd.concat(parts, ignore_index=True), begin


def _shocks(kind: str, seed: int, generator: np.random.Generator) -> list[clv.CalendarPeriod]:
    """Return the periods in which all customers buy more or less than usual."""
    if kind == "shock_ahead":
        level = other_shops("money", "mbgnbd", QUARTER_DAYS).level_draws(10_000 + seed, 1)
        return [clv.CalendarPeriod("shock", "2023-04-01", "2023-06-30", float(level[0]), "promotion")]
    quarters = pd.period_range("2021Q1", "2023Q2", freq="Q")
    return [
        clv.CalendarPeriod(
            str(quarter),
            str(quarter.start_time.date()),
            str(quarter.end_time.date()),
            float(np.exp(0.1 * generator.standard_normal())),
            "promotion",
        )
        for quarter in quarters
    ]


def forecast(kind: str, seed: int, draws: int) -> dict[str, Any]:
    """Return whether the bands of the quarter after the cutoff held, and the scaled errors."""
    log, _ = shop(kind, seed)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="2023-06-30")
    season = clv.estimate_calendar(log, observation_end=CUTOFF).calendar
    result = clv.backtest_revenue(history, cutoffs=[CUTOFF], calendar=season, draws=draws, random_state=seed)
    mine = result.table[result.table["forecaster"] == "revenue_forecast"]
    held = ((mine["lower"] <= mine["actual"]) & (mine["actual"] <= mine["upper"])).tolist()
    rmsse = result.summary.set_index("forecaster")["rmsse"].rename(NAMES)
    error = float(np.log(mine["predicted"].sum() / mine["actual"].sum()))
    return {"held": held, "error": error, **rmsse.round(4).to_dict()}


def summarize(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return coverage with its exact interval, and the scaled errors of the forecast and the naive ones."""
    held = np.array([row["held"] for row in rows])
    one = held[np.arange(len(held)), np.random.default_rng(0).integers(held.shape[1], size=len(held))]
    exact = stats.binomtest(int(one.sum()), len(one)).proportion_ci()
    by_shop = held.mean(axis=1)
    errors = [row["error"] for row in rows]
    return {
        "shops": len(rows),
        "months": int(held.size),
        "coverage": round(float(held.mean()), 4),
        "standard_error_by_shop": round(float(by_shop.std(ddof=1) / len(rows) ** 0.5), 4),
        "one_month_per_shop": round(float(one.mean()), 4),
        "exact_95_percent_interval": [round(float(exact.low), 4), round(float(exact.high), 4)],
        "contains_90_percent": bool(exact.low <= 0.9 <= exact.high),
        "mean_log_error_of_quarter": round(float(np.mean(errors)), 4),
        "sd_log_error_of_quarter": round(float(np.std(errors)), 4),
        "rmsse": {name: round(float(np.mean([row[name] for row in rows])), 3) for name in NAMES.values()},
    }


def simulated(shops: int, draws: int) -> None:
    """Forecast the shops of both kinds, one of each in turn, and write after each; a run goes on where one ended."""
    document = _document().get("shops", {})
    rows: dict[str, list[dict[str, Any]]] = document.get("rows", {kind: [] for kind in KINDS})
    for seed in range(min(map(len, rows.values())), shops):
        for kind in KINDS:
            rows[kind] = [*rows[kind][:seed], forecast(kind, seed, draws)]
        both = [row for each in rows.values() for row in each]
        summaries = {kind: summarize(each) for kind, each in [*rows.items(), ("both", both)]} if seed else {}
        _write("shops", {"draws": draws, **summaries, "rows": rows})


def public(folder: Path) -> None:
    """Forecast the last cutoffs of each public log, and count by shop."""
    import total_errors

    result = {}
    for shop_name, name, log in total_errors.logs(folder):
        for calendar in (None, "auto"):
            try:
                result[f"{name}, calendar {calendar}"] = {"shop": shop_name, **_of_log(log, calendar)}
            except CLVError as error:
                result[f"{name}, calendar {calendar}"] = {"shop": shop_name, "refused": str(error)}
        _write("logs", result)


def _of_log(log: PurchaseLog, calendar: Any) -> dict[str, Any]:
    """Return the scores of each forecaster, by its name."""
    test = clv.backtest_revenue(KnownHistory(log, log.last_tick), calendar=calendar)
    by_name: dict[str, Any] = json.loads(test.summary.round(3).set_index("forecaster").to_json(orient="index"))
    return by_name


def _document() -> dict[str, Any]:
    """Return what was written so far."""
    document: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    return document


def _write(part: str, result: Any) -> None:
    text = json.dumps(_document() | {part: result}, indent=1)
    RESULT.write_text(re.sub(r"\n {4,}", " ", text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "logs":
        public(Path(sys.argv[2]))
    else:
        simulated(int((sys.argv[2:] or ["200"])[0]), int((sys.argv[3:] or ["200"])[0]))

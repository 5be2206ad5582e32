"""Revenue forecasts of all customers at several cutoffs against actual revenue, with arrivals forecast too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import displays
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal
from clvmodels.estimators.purchases import MBGNBD, PurchaseModel
from clvmodels.estimators.spend import GammaGamma, SpendModel
from clvmodels.forecasting.processes import fitted_copy
from clvmodels.forecasting.revenue.arrivals import forecast_arrivals
from clvmodels.forecasting.revenue.month_totals import MonthTotals, month_totals
from clvmodels.forecasting.revenue.revenue_forecast import revenue_forecast
from clvmodels.forecasting.seasons.calendar_choice import CalendarOption, check_calendar, on_calendar
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.periods import next_first_day

__all__ = ["RevenueBacktest", "backtest_revenue"]

FORECASTER, SEASONAL, NAIVE = "revenue_forecast", "seasonal_naive", "naive"
YEAR = 12
MOST_CUTOFFS = 4
FEWEST_MONTHS = 3  # whole months needed before a cutoff


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RevenueBacktest(displays.Display):
    """Revenue by month as forecast at several cutoffs, next to two naive forecasts and actual revenue.

    Attributes
    ----------
    table : DataFrame
        One row per cutoff, month and forecaster: cutoff, month, forecaster ("revenue_forecast"; "seasonal_naive", the
        revenue of the same month a year before; "naive", that of the last whole month), predicted, lower and upper
        (missing for naive forecasts), actual, new_customers (forecast) and new_customers_actual.
    summary : DataFrame
        One row per forecaster: cutoffs, months, bias (relative error of the total), absolute_bias (mean over cutoffs
        of the size of that error), rmsse (root mean squared error of months, scaled by that of the naive forecast one
        month ahead before the cutoff; mean over cutoffs), coverage (share of months within the interval).
    findings : tuple of Finding

    Examples
    --------
    See `backtest_revenue`.

    >>> import clvmodels as clv
    >>> clv.RevenueBacktest.__slots__[:2]
    ('table', 'summary')
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """Return the summary, one row per forecaster."""
        return self.summary

    def plot(self, **options: Any) -> Any:
        """Draw forecast and actual revenue by month; see `clvmodels.plots.revenue_against_actual`."""
        return displays.draw("revenue_against_actual", self.table, **options)


def backtest_revenue(
    history: KnownHistory,
    *,
    months: int = 3,
    cutoffs: Sequence[str] | None = None,
    purchases: PurchaseModel | None = None,
    spend: SpendModel | None = None,
    interval: float = 0.9,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
    calendar: CalendarOption = None,
) -> RevenueBacktest:
    """Forecast revenue by month at earlier cutoffs, customers to come included, and compare it with actual revenue.

    At each cutoff, models are fitted to what was known then and arrivals are forecast with `forecast_arrivals`; the
    plan that was later carried out is not used.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`; rows after its cutoff are not used.
    months : int, default=3
        Whole months that each forecast covers.
    cutoffs : sequence of str, optional
        Last days of months, such as "2011-06-30". Default: the last four whose forecasts do not overlap.
    purchases, spend : models, optional
        Models to fit at each cutoff. Default: MBG/NBD and Gamma-Gamma.
    interval : float, default=0.9
        Central probability of the bands.
    draws : int, default=200
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        As for `revenue_forecast`.
    calendar : Calendar or "auto", optional
        "auto" estimates a season at each cutoff, and uses it if it did not make forecasts of earlier windows worse. A
        Calendar is used at every cutoff, so it should not depend on later data. Default: that of the history.

    Returns
    -------
    RevenueBacktest

    Raises
    ------
    InvalidOption
        For cutoffs that are not the last day of a month, or leave too little before or after them.

    References
    ----------
    Hyndman & Koehler (2006), "Another Look at Measures of Forecast Accuracy", International Journal of Forecasting
    22(4), 679-688, for scaled errors.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week")
    >>> result = clv.backtest_revenue(history, cutoffs=["1997-09-30", "1997-12-31"], draws=20)
    >>> result.frame()[["forecaster", "months", "coverage"]].round(2).values.tolist()
    [['revenue_forecast', 6, 0.83], ['seasonal_naive', 3, nan], ['naive', 6, nan]]
    """
    totals, season = month_totals(history), check_calendar(calendar)
    days = _cutoffs(totals, months, cutoffs)
    parts = []
    for day in days:
        ticks = history.clock.last_tick(_last_day(day, months)) - history.clock.last_tick(day)
        past = replace(history, cutoff=history.clock.last_tick(day), memory={})
        past, _ = on_calendar(past, season, ticks)
        horizon = float(ticks) / history.clock.ticks_per_unit
        forecast = revenue_forecast(
            fitted_copy(MBGNBD() if purchases is None else purchases, past),
            fitted_copy(GammaGamma() if spend is None else spend, past),
            past.rfm,
            horizon=horizon,
            annual_discount_rate=0.0,
            margin=1.0,
            plan=forecast_arrivals(past, horizon=horizon),
            interval=interval,
            draws=draws,
            random_state=random_state,
            total_interval=total_interval,
        )
        parts.append(_rows(day, months, pd.DataFrame(forecast.months), totals))
    table = pd.concat(parts, ignore_index=True)
    summary = _summary(table, totals)
    return RevenueBacktest(table, summary, _findings(summary, interval))


def _cutoffs(totals: MonthTotals, months: int, cutoffs: Sequence[str] | None) -> list[str]:
    """Return the last days of months to use as cutoffs; raise an InvalidOption if too few months are on either side."""
    if months < 1:
        raise InvalidOption(f"months={months!r} must be 1 or more.")
    whole = totals.whole()
    if cutoffs is None:
        last = [int(whole[-1]) - months * i for i in range(1, MOST_CUTOFFS + 1)] if len(whole) else []
        chosen = [place for place in reversed(last) if place - int(whole[0]) + 1 >= FEWEST_MONTHS]
        if not chosen:
            raise InvalidOption(
                f"The log has {len(whole)} whole months, and a backtest needs {FEWEST_MONTHS} before a cutoff and "
                f"months={months} after it."
            )
        return [_last_day_of(totals.months[place]) for place in chosen]
    ends = {_last_day_of(month): place for place, month in enumerate(totals.months)}
    wrong = [day for day in cutoffs if day not in ends or ends[day] + months > int(whole[-1])]
    if wrong or not cutoffs:
        raise InvalidOption(
            f"cutoffs={list(cutoffs)!r} must be last days of months in the log, such as {next(iter(ends))!r}, with "
            f"{months} whole months after them."
        )
    return list(cutoffs)


def _last_day_of(month: str) -> str:
    return (next_first_day(Date.fromisoformat(f"{month}-01"), "month") - timedelta(days=1)).isoformat()


def _last_day(day: str, months: int) -> str:
    """Return the last day of the period of this many months after a cutoff."""
    begin = Date.fromisoformat(day) + timedelta(days=1)
    for _ in range(months):
        begin = next_first_day(begin, "month")
    return (begin - timedelta(days=1)).isoformat()


def _rows(day: str, months: int, forecast: pd.DataFrame, totals: MonthTotals) -> pd.DataFrame:
    """Return one row per month after a cutoff and forecaster, with the actual revenue."""
    place = totals.months.index(day[:7]) + 1 + np.arange(months)
    nothing = np.full(months, np.nan)
    a_year_before = np.array([_whole_month_revenue(totals, int(i) - YEAR) for i in place])
    last_whole = np.full(months, _whole_month_revenue(totals, int(place[0]) - 1))
    parts = [
        (FORECASTER, *(forecast[name].to_numpy()[:months] for name in ("revenue", "revenue_lower", "revenue_upper"))),
        (SEASONAL, a_year_before, nothing, nothing),
        (NAIVE, last_whole, nothing, nothing),
    ]
    tables = [
        pd.DataFrame(
            {
                "cutoff": day,
                "month": [totals.months[i] for i in place],
                "forecaster": name,
                "predicted": predicted,
                "lower": lower,
                "upper": upper,
                "actual": totals.revenue[place],
                "new_customers": forecast["new_customers"].to_numpy()[:months] if name == FORECASTER else nothing,
                "new_customers_actual": totals.new_customers[place],
            }
        )
        for name, predicted, lower, upper in parts
    ]
    return pd.concat([table for table in tables if table["predicted"].notna().all()], ignore_index=True)


def _whole_month_revenue(totals: MonthTotals, place: int) -> float:
    """Return the revenue of a month, missing if the log does not cover all of it."""
    return float(totals.revenue[place]) if place >= 0 and not totals.partial[place] else float("nan")


def _summary(table: pd.DataFrame, totals: MonthTotals) -> pd.DataFrame:
    rows = []
    for name in (FORECASTER, SEASONAL, NAIVE):
        mine = table[table["forecaster"] == name]
        scaled, biases = [], []
        for cutoff, part in mine.groupby("cutoff"):
            error = part["predicted"].to_numpy() - part["actual"].to_numpy()
            scaled.append(np.sqrt(np.mean(error**2)) / _scale(totals, str(cutoff)))
            biases.append(error.sum() / part["actual"].sum())
        inside = mine["actual"].between(mine["lower"], mine["upper"])
        rows.append(
            {
                "forecaster": name,
                "cutoffs": len(scaled),
                "months": len(mine),
                "bias": mine["predicted"].sum() / mine["actual"].sum() - 1 if len(mine) else np.nan,
                "absolute_bias": float(np.mean(np.abs(biases))) if biases else np.nan,
                "rmsse": float(np.mean(scaled)) if scaled else np.nan,
                "coverage": float(inside.mean()) if name == FORECASTER else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _scale(totals: MonthTotals, cutoff: str) -> float:
    """Return the root mean squared error of the naive forecast one month ahead, over whole months up to a cutoff."""
    revenue: Array = totals.revenue[[i for i in totals.whole() if totals.months[i] <= cutoff[:7]]]
    return float(np.sqrt(np.mean(np.diff(revenue) ** 2))) if len(revenue) > 1 else float("nan")


def _findings(summary: pd.DataFrame, interval: float) -> Findings:
    """Return findings on how the forecast compares with the naive ones, and on the coverage of its band."""
    records: list[dict[Any, Any]] = summary.to_dict("records")
    rows = {str(row["forecaster"]): row for row in records}
    mine = rows[FORECASTER]
    figures = {name: mine[name] for name in ("cutoffs", "months", "coverage", "bias")}
    findings = [Finding("revenue-backtest", {**figures, "level": interval})]
    for name in (SEASONAL, NAIVE):
        other = rows[name]
        if other["months"] == mine["months"] and np.isfinite(other["rmsse"]):
            errors = {"benchmark": name, "rmsse": mine["rmsse"], "rmsse_benchmark": other["rmsse"]}
            better = mine["rmsse"] <= other["rmsse"]
            findings.append(Finding("revenue-backtest-benchmark", errors, "info" if better else "caution"))
    return tuple(findings)

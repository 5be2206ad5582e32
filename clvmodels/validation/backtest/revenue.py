"""Revenue of all customers, including those to come, as rows for the tables of a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import MBGNBD, PurchaseModel
from clvmodels.estimators.spend import GammaGamma, SpendModel
from clvmodels.forecasting.processes import fitted_copy, model_id
from clvmodels.forecasting.revenue.arrivals import forecast_arrivals
from clvmodels.forecasting.revenue.revenue_forecast import revenue_forecast
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.total_interval import IntervalBasis, other_shops
from clvmodels.language import Finding, Findings
from clvmodels.validation.backtest.evaluate import FORECASTER_COLUMNS, CutoffCase
from clvmodels.validation.tables.totals import COLUMNS
from clvmodels.valuation.realized import realized_orders

__all__ = ["REVENUE", "RevenueRows", "revenue_rows"]

REVENUE = "revenue"  # the name of the quantity and of the kind of its forecasters
FORECASTER, SEASONAL, NAIVE = "revenue_forecast", "revenue_year_before", "revenue_before"
TITLES = {
    FORECASTER: "Revenue forecast",
    SEASONAL: "Revenue of the same weeks a year before",
    NAIVE: "Revenue of the time before",
}
YEAR_DAYS = 364.0  # 52 weeks, to compare the same weekdays


class RevenueRows(NamedTuple):
    """Rows for the tables of forecasters, scores and totals, by name of the table, and findings."""

    tables: dict[str, pd.DataFrame]
    findings: Findings = ()


def revenue_rows(case: CutoffCase, best: str) -> RevenueRows:
    """Forecast the revenue of all customers in a holdout period, and compare it with the actual revenue.

    Customers to come are forecast by `forecast_arrivals` from what was known at the cutoff. The benchmarks are the
    revenue of an equally long period a year earlier and right before the cutoff, if the log covers it.

    Parameters
    ----------
    case : CutoffCase
        A case with money.
    best : str
        Id of the process of the forecast. Models with covariates or of a discrete process, which do not forecast
        customers to come, are replaced by MBG/NBD.
    """
    split, history = case.split, case.history
    if split.spend is None or split.new_spend is None or case.spend is None:
        raise AssertionError("a backtest of revenue is checked to have money")
    actual = float(split.spend.sum()) + split.new_spend
    made: list[tuple[str, float, float, float]] = []
    findings: Findings = ()
    try:
        predicted, lower, upper = _forecast(case, best)
        made.append((FORECASTER, predicted, lower, upper))
    except (FitFailed, InvalidOption, InvalidRFM) as error:
        figures = {"cutoff": split.calibration_end, "error": str(error)}
        findings = (Finding("backtest-revenue-left-out", figures, "caution"),)
    length = split.horizon * history.clock.ticks_per_unit
    year = YEAR_DAYS / history.clock.days_per_unit * history.clock.ticks_per_unit
    for name, back in ((SEASONAL, year), (NAIVE, length)):
        before = _revenue_before(history, back, length)
        if np.isfinite(before):
            made.append((name, before, np.nan, np.nan))
    customers = len(split.calibration)
    scores = [_score(name, value, actual, customers) for name, value, _, _ in made]
    totals = [
        (REVENUE, name, value, lower, upper, actual, lower <= actual <= upper, _basis(case, best))
        for name, value, lower, upper in made
        if np.isfinite(lower)
    ]
    return RevenueRows(
        {
            "forecasters": _forecasters([name for name, *_ in made], model_id(case.models[best])),
            "scores": pd.DataFrame(scores),
            "totals": pd.DataFrame(totals, columns=COLUMNS),
        },
        findings,
    )


def _forecast(case: CutoffCase, best: str) -> tuple[float, float, float]:
    """Return the expected revenue of all customers and the ends of its interval."""
    history, settings = case.history, case.settings
    purchases, spend = _models(case, best)
    result = revenue_forecast(
        purchases,
        spend,
        history.rfm,
        horizon=case.split.horizon,
        annual_discount_rate=0.0,
        margin=1.0,
        plan=forecast_arrivals(history, horizon=case.split.horizon),
        interval=settings.level,
        total_interval=settings.total_interval,
        draws=settings.draws,
        random_state=settings.seed,
    )
    rows: dict[str, list[Any]] = {name: result.totals[name].to_list() for name in result.totals.columns}
    place = rows["line"].index(REVENUE)
    return tuple(float(rows[name][place]) for name in ("revenue", "revenue_lower", "revenue_upper"))  # type: ignore[return-value]


def _basis(case: CutoffCase, best: str) -> IntervalBasis:
    """Return what the interval of the revenue allows for, as in the column `total_interval`."""
    if case.settings.total_interval == "model":
        return "model"
    days = case.split.horizon * case.history.clock.days_per_unit
    return other_shops("money", model_id(_models(case, best)[0]), days).basis


def _models(case: CutoffCase, best: str) -> tuple[PurchaseModel, SpendModel]:
    """Return the fitted models of the forecast."""
    purchases, spend = case.models[best], case.spend
    if purchases.process is not purchases.plain or purchases.process.discrete:
        purchases = fitted_copy(MBGNBD(), case.history)
    if spend is None or spend.process is not spend.plain:
        spend = fitted_copy(GammaGamma(), case.history)
    return purchases, spend


def _revenue_before(history: KnownHistory, back: float, length: float) -> float:
    """Return the revenue of a period that begins this many ticks before the cutoff, NaN if the log is too short.

    It is also NaN if the period ends after the cutoff.
    """
    begin = history.cutoff - round(back)
    end = begin + round(length)
    if end > history.cutoff or begin < history.purchase_log.first_tick - 1:
        return float("nan")
    orders = realized_orders(history)
    return float(orders.amount[(orders.tick > begin) & (orders.tick <= end)].sum())


def _score(name: str, predicted: float, actual: float, customers: int) -> dict[str, Any]:
    bias = predicted / actual - 1 if actual else np.nan
    row = {"quantity": REVENUE, "forecaster": name, "customers": customers, "predicted": predicted, "actual": actual}
    return {**row, "bias": bias, "sampled": 0, "kind": REVENUE}


def _forecasters(names: Sequence[str], process: str) -> pd.DataFrame:
    """Return id, title, kind, process and spend of the forecasters of revenue."""
    rows = [(name, TITLES[name], REVENUE, process if name == FORECASTER else None, None) for name in names]
    return pd.DataFrame(rows, columns=list(FORECASTER_COLUMNS), dtype=object)

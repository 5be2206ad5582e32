"""How well forecasts fit groups of customers: by frequency, recency, predicted decile, cohort and attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.tables.distributions import Spread, bounds_of_total, spread_of_groups
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts
from clvmodels.validation.tables.metrics import GROUPS, deciles, quarter, rmse

__all__ = ["CustomerGrouping", "calibration_table", "cohort_trend", "customer_groups", "group_table"]

MOST_FREQUENT = 7  # repeat purchases in the last group, which includes customers with more
RECENCY_BINS = 6
FEW_QUARTERS = 2  # number of quarters up to which cohorts are months
FEWEST_COHORTS = 3  # needed for a trend over cohorts
SURE, MATERIAL = 3.0, 0.1  # standard errors, and relative change, that a reported trend needs
MOST_LABELS = 50  # values of an attribute to show
COLUMNS = ["by", "order", "group", "unit", "quantity", "forecaster", "kind", "customers", "actual", "expected"]
MORE = ["lower", "upper", "coverage", "width", "sampled"]


@dataclass(frozen=True, slots=True, eq=False)
class CustomerGrouping:
    """A grouping of customers: its name, the group of each customer (n,), and labels in order.

    `unit` is the unit of numbers in the labels, such as "weeks", or an empty text.
    """

    by: str
    codes: npt.NDArray[np.intp]
    labels: list[str]
    unit: str = ""


def customer_groups(split: Holdout) -> list[CustomerGrouping]:
    """Return groupings by frequency, recency, cohort and attributes."""
    rfm = split.calibration
    most = np.minimum(rfm.frequency, MOST_FREQUENT)
    frequency = CustomerGrouping("frequency", most, [*map(str, range(MOST_FREQUENT)), f"{MOST_FREQUENT}+"])
    groups = [frequency, _by_recency(rfm.frequency, rfm.recency, rfm.clock.time_unit), _by_cohort(split)]
    for name, values in rfm.attributes.items():
        labels, codes = np.unique([str(value) for value in values.to_list()], return_inverse=True)
        if len(labels) <= MOST_LABELS:
            groups.append(CustomerGrouping(name, codes, [str(label) for label in labels]))
    return groups


def calibration_table(outcome: QuantityForecasts, groups: list[CustomerGrouping], level: float) -> pd.DataFrame:
    """Return means per customer of each group, forecast and actual, with the intervals of processes.

    Each forecaster has its own deciles. `lower` and `upper` are for the mean of the group; `coverage` is the share of
    sampled customers whose outcome lies within their own interval.

    Returns
    -------
    DataFrame
        by, order, group, unit (of the numbers in `group`, such as "weeks"), quantity, forecaster, kind, customers,
        actual, expected, lower, upper, coverage, width, sampled.
    """
    scored = np.flatnonzero(outcome.scored)
    parts: list[dict[str, Sequence[Any]]] = []
    for forecast in outcome.forecasts:
        if forecast.mean is None:
            continue
        codes = np.full(len(outcome.actual), -1, dtype=np.intp)
        codes[scored] = deciles(outcome.of_scored(forecast.mean), outcome.memory_of(forecast)) - 1
        own = CustomerGrouping("decile", codes, [str(i + 1) for i in range(GROUPS)])
        parts += [_grouped(outcome, forecast, each, level) for each in (*groups, own)]
    # One frame for all parts: creating one frame per part would take longer than computing its content.
    columns = {name: [value for part in parts for value in part[name]] for name in (*COLUMNS, *MORE)}
    return pd.DataFrame(columns, columns=[*COLUMNS, *MORE])


def group_table(outcome: QuantityForecasts, groups: list[CustomerGrouping]) -> pd.DataFrame:
    """Return totals and errors of each cohort and group by attribute.

    Returns
    -------
    DataFrame
        by, group, quantity, forecaster, kind, customers, predicted, actual, bias, rmse.
    """
    rows = []
    scored = outcome.scored
    for each in groups:
        if each.by in ("frequency", "recency"):
            continue
        for code, label in enumerate(each.labels):
            inside = scored & (each.codes == code)
            actual = outcome.actual[inside]
            if not inside.any():
                continue
            for forecast in outcome.forecasts:
                if forecast.mean is None:
                    continue
                predicted = forecast.mean[inside]
                total, actual_total = float(predicted.sum()), float(actual.sum())
                rows.append(
                    {
                        "by": each.by,
                        "group": label,
                        "quantity": outcome.quantity,
                        "forecaster": forecast.id,
                        "kind": forecast.kind,
                        "customers": int(inside.sum()),
                        "predicted": total,
                        "actual": actual_total,
                        "bias": total / actual_total - 1 if actual_total else np.nan,
                        "rmse": rmse(actual, predicted),
                    }
                )
    columns = ["by", "group", "quantity", "forecaster", "kind", "customers", "predicted", "actual", "bias", "rmse"]
    return pd.DataFrame(rows, columns=columns)


def cohort_trend(groups: pd.DataFrame) -> Finding | None:
    """Return a finding if the ratio of actual to forecast purchases rises or falls over cohorts, or None.

    The ratio of totals is regressed on the order of the cohorts, weighted by the inverse of its variance. A trend needs
    three standard errors, which one log in 370 has by chance, and a change of 10 % of the mean ratio.

    Parameters
    ----------
    groups : DataFrame
        Rows of `group_table` of one cutoff and one forecaster of purchases.
    """
    rows = groups[(groups["by"] == "cohort") & (groups["predicted"] > 0) & (groups["rmse"] > 0)].sort_values("group")
    if len(rows) < FEWEST_COHORTS:
        return None
    predicted, place = rows["predicted"].to_numpy(), np.arange(len(rows), dtype=float)
    ratio = rows["actual"].to_numpy() / predicted
    weight = predicted**2 / (rows["customers"].to_numpy() * rows["rmse"].to_numpy() ** 2)
    mean, middle = (float(np.average(values, weights=weight)) for values in (ratio, place))
    spread = float(weight @ (place - middle) ** 2)
    slope = float(weight @ ((place - middle) * (ratio - mean))) / spread
    change = slope * (len(rows) - 1) / mean if mean > 0 else 0.0
    if abs(slope) * np.sqrt(spread) < SURE or abs(change) < MATERIAL:
        return None
    figures = {"cohorts": len(rows), "change": change, "direction": "fewer" if change < 0 else "more"}
    ends = {"first": str(rows["group"].iloc[0]), "last": str(rows["group"].iloc[-1])}
    return Finding("backtest-cohorts-drift", figures | ends, "caution")


def _grouped(
    outcome: QuantityForecasts, forecast: EvaluatedForecast, groups: CustomerGrouping, level: float
) -> dict[str, Sequence[Any]]:
    """Return the columns of one forecast and one grouping, one value per group that has customers."""
    if forecast.mean is None:
        raise AssertionError("the caller passes forecasts with means")
    grouped = outcome.scored & (groups.codes >= 0)
    codes, many = groups.codes[grouped], len(groups.labels)
    size = np.bincount(codes, minlength=many)
    some = np.flatnonzero(size)
    actual, expected = (
        np.bincount(codes, weights=values[grouped], minlength=many)[some] / size[some]
        for values in (outcome.actual, forecast.mean)
    )
    constants = (groups.by, groups.unit, outcome.quantity, forecast.id, forecast.kind)
    by, unit, quantity, name, kind = ([value] * len(some) for value in constants)
    intervals = _intervals(outcome, forecast, np.where(grouped, groups.codes, -1), size, some, expected, level)
    return {
        "by": by,
        "order": (some + 1).tolist(),
        "group": [groups.labels[i] for i in some],
        "unit": unit,
        "quantity": quantity,
        "forecaster": name,
        "kind": kind,
        "customers": size[some].tolist(),
        "actual": actual.tolist(),
        "expected": expected.tolist(),
        **{column: values.tolist() for column, values in zip(MORE, intervals, strict=True)},
    }


def _intervals(
    outcome: QuantityForecasts,
    forecast: EvaluatedForecast,
    codes: npt.NDArray[np.intp],
    size: npt.NDArray[np.intp],
    some: npt.NDArray[np.intp],
    expected: Array,
    level: float,
) -> list[npt.NDArray[Any]]:
    """Return the columns of `MORE`, given the group of each customer (n,), -1 for none, and groups with customers (g,).

    `size` are the customers of all groups, and `expected` are means per customer (g,).
    """
    predictive = forecast.predictive
    if predictive is None:
        return [*np.full((len(MORE) - 1, len(some)), np.nan), np.zeros(len(some), dtype=np.intp)]
    inside = codes[predictive.rows]
    noise, shared = spread_of_groups(predictive, inside, codes[predictive.doubtful], len(size))
    bounds = bounds_of_total(Spread(noise[some], shared[some]), expected * size[some], level)
    lower, upper = (end / size[some] for end in bounds)
    actual, lowers, uppers = (
        values[inside >= 0] for values in (outcome.actual[predictive.rows], predictive.lower, predictive.upper)
    )
    inside = inside[inside >= 0]
    sampled = np.bincount(inside, minlength=len(size))[some]
    covered, widths = (
        np.bincount(inside, weights=values, minlength=len(size))[some]
        for values in ((actual >= lowers) & (actual <= uppers), uppers - lowers)
    )
    shares = (np.divide(sums, sampled, out=np.full(len(some), np.nan), where=sampled > 0) for sums in (covered, widths))
    return [lower, upper, *shares, sampled]


def _by_recency(frequency: npt.NDArray[np.int64], recency: Array, unit: str) -> CustomerGrouping:
    """Group customers by their last purchase, in bins of about equal size and one for those without a repeat."""
    again = frequency > 0
    labels, codes = ["no repeat purchase"], np.zeros(len(recency), dtype=np.intp)
    if again.any():
        edges = np.unique(np.quantile(recency[again], np.linspace(0, 1, RECENCY_BINS + 1), method="inverted_cdf"))
        codes[again] = np.maximum(np.searchsorted(edges, recency[again], side="left"), 1)
        begins, ends = (edges[:-1], edges[1:]) if len(edges) > 1 else (edges, edges)
        labels += [f"{low:.3g} to {high:.3g}" for low, high in zip(begins, ends, strict=True)]
    return CustomerGrouping("recency", codes, labels, f"{unit}s")


def _by_cohort(split: Holdout) -> CustomerGrouping:
    """Group customers by the calendar quarter of the first purchase, or the month if there are at most two quarters."""
    rfm = split.calibration
    tick = split.cutoff - np.rint(rfm.T * rfm.clock.ticks_per_unit).astype(np.int64)
    distinct, rows = np.unique(tick, return_inverse=True)
    days = [rfm.clock.describe_start(int(each)) for each in distinct]
    quarters = [quarter(day) for day in days]
    names = [day[:7] for day in days] if len(set(quarters)) <= FEW_QUARTERS else quarters
    labels, codes = np.unique(names, return_inverse=True)
    return CustomerGrouping("cohort", codes[rows], [str(label) for label in labels])

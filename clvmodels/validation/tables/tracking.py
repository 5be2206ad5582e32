"""Tables of a validation, from arrays: scores of means, and weekly tracking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.tables.distributions import Spread, bounds_of_total
from clvmodels.validation.tables.metrics import HEADLINE

__all__ = ["score_table", "tracking_table"]


def score_table(actual: Array, forecasts: Mapping[str, Array], quantity: str) -> pd.DataFrame:
    """Return one row per forecast: customers scored, totals, and the headline metrics.

    All forecasts are scored on the same customers, those without a missing forecast.
    """
    scored = np.all([np.isfinite(predicted) for predicted in forecasts.values()], axis=0)
    rows = []
    for name, predicted in forecasts.items():
        scores = {metric.name: metric.function(actual[scored], predicted[scored]) for metric in HEADLINE.values()}
        rows.append(
            {
                "quantity": quantity,
                "forecaster": name,
                "customers": int(scored.sum()),
                "predicted": float(predicted[scored].sum()),
                "actual": float(actual[scored].sum()),
                **scores,
            }
        )
    return pd.DataFrame(rows)


def tracking_table(
    split: Holdout, models: Mapping[str, PurchaseModel], spreads: Mapping[str, Spread], level: float
) -> pd.DataFrame:
    """Return weekly repeat purchases of customers known at the cutoff: one row per week and process.

    `expected` is unconditional: it uses the fitted process and the dates of first purchases only. `forecast`, after the
    cutoff, is conditional on each customer's history. Weeks end on the cutoff and every seven days before and after it,
    so the first and the last may be shorter; each column has a cumulative counterpart. With a discrete clock, there is
    one row per opportunity instead.

    The band of the forecast is for actual purchases. In a part h of the holdout period H, the variance of a customer's
    purchases over their mean rises from 1, as of Poisson counts, to that in `spreads` for H, in step with the total.

    Returns
    -------
    DataFrame
        forecaster, period ("week", or the opportunity), week (its number), end (date), holdout (bool), actual,
        expected, forecast, cumulative_ of each, and _lower and _upper of forecast and cumulative_forecast.
    """
    clock = split.clock
    week = 1 if clock.discrete else round(clock.length("week") * clock.ticks_per_unit)
    ticks, started, repeated = split.activity
    first_edge = int(ticks[0]) - 1  # weeks are (edge, next edge]
    last = split.cutoff + round(split.horizon * clock.ticks_per_unit)
    before = np.arange(split.cutoff, first_edge, -week)[::-1]
    edges = np.concatenate([before, np.arange(split.cutoff + week, last, week), [last]])
    actual = np.array([repeated[ticks <= edge].sum() for edge in edges], dtype=float)
    seen = started > 0
    lags = clock.elapsed(ticks[None, seen], np.maximum(edges[:, None], ticks[None, seen]))
    tables = []
    for name, model in models.items():
        expected = _expected_of_arrivals(model, split, edges, lags, started[seen].astype(float))
        at_cutoff = actual[edges == split.cutoff][0]
        forecast = np.full(len(edges), np.nan)
        ahead = edges > split.cutoff
        since = model.expected_totals(split.calibration, (edges[ahead] - split.cutoff) / clock.ticks_per_unit)
        forecast[ahead] = at_cutoff + since
        continued = np.where(edges == split.cutoff, at_cutoff, forecast)
        tables.append(
            pd.DataFrame(
                {
                    "forecaster": name,
                    "period": clock.time_unit if clock.discrete else "week",
                    "week": np.arange(1, len(edges) + 1),
                    "end": [clock.describe_tick(int(edge)) for edge in edges],
                    "holdout": edges > split.cutoff,
                    "actual": np.diff(actual, prepend=0.0),
                    "expected": np.diff(expected, prepend=0.0),
                    "forecast": np.diff(continued, prepend=np.nan),
                    "cumulative_actual": actual,
                    "cumulative_expected": expected,
                    "cumulative_forecast": forecast,
                    **_bands(spreads[name], since, at_cutoff, ahead, level),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _bands(
    spread: Spread, since: Array, at_cutoff: float, ahead: npt.NDArray[np.bool_], level: float
) -> dict[str, Array]:
    """Return the ends of the forecast's band, per week and cumulative (edges,), missing up to the cutoff.

    `since` (k,) are expected totals since the cutoff.
    """
    columns = {}
    for name, expected, before in (
        ("forecast", np.diff(since, prepend=0.0), 0.0),
        ("cumulative_forecast", since, at_cutoff),
    ):
        grown = np.divide(expected, since[-1], out=np.ones(len(since)), where=since[-1] > 0)
        spread_so_far = Spread(1 + (spread.noise - 1) * grown, spread.shared)
        for end, values in zip(("lower", "upper"), bounds_of_total(spread_so_far, expected, level), strict=True):
            columns[f"{name}_{end}"] = np.full(len(ahead), np.nan)
            columns[f"{name}_{end}"][ahead] = before + values
    return columns


def _expected_of_arrivals(
    model: PurchaseModel, split: Holdout, edges: npt.NDArray[np.int64], lags: Array, started: Array
) -> Array:
    """Return expected purchases of all customers up to each edge, from their first purchase dates only, (edges,)."""
    if model.process.state == model.plain.state:
        distinct, position = np.unique(lags, return_inverse=True)
        expected: Array = model.mean_purchases(distinct)[position].reshape(lags.shape) @ started
        return expected
    rfm, clock = split.calibration, split.clock
    first = split.cutoff - np.rint(rfm.T * clock.ticks_per_unit)
    since = (clock.elapsed(first, np.maximum(edge, first)) for edge in edges)
    return np.array([np.sum(model.arrivals(each, rfm)) for each in since])

"""Totals with their intervals, which are widened by the errors of earlier cutoffs if there are enough of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.distributions import bounds_of_total, spread_of
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts

__all__ = ["COLUMNS", "earlier_cutoffs_needed", "judge_totals", "total_finding", "totals_of"]

ROUNDING_TOLERANCE = 1e-9  # float error allowed in a rank that should be a whole number
COLUMNS = ["quantity", "forecaster", "predicted", "lower", "upper", "actual", "inside", "total_interval"]


def totals_of(outcome: QuantityForecasts, level: float) -> pd.DataFrame:
    """Return the predicted total of each forecaster with an interval, the interval, and the actual total.

    `total_interval` names what the interval allows for beyond chance and parameters: "history", "other_shops", or
    nothing ("model", or "not_tested" if no errors are known at this horizon).
    """
    scored, rows = outcome.scored, []
    actual = float(outcome.actual[scored].sum())
    for forecast in outcome.forecasts:
        ends = _interval(forecast, scored, level)
        if ends is None or forecast.mean is None:
            continue
        total, (lower, upper) = float(forecast.mean[scored].sum()), ends
        basis = "model" if forecast.distribution is None else forecast.distribution.basis
        rows.append((outcome.quantity, forecast.id, total, lower, upper, actual, lower <= actual <= upper, basis))
    return pd.DataFrame(rows, columns=COLUMNS)


def _interval(forecast: EvaluatedForecast, scored: npt.NDArray[np.bool_], level: float) -> tuple[float, float] | None:
    """Return the interval of the total of the scored customers (n,), or None if the forecaster has none."""
    if forecast.mean is None:
        return None
    total = float(forecast.mean[scored].sum())
    if forecast.distribution is not None:
        part = total / forecast.total if forecast.total > 0 else 1.0
        lower, upper = forecast.distribution.interval(level)
        return part * lower, part * upper
    if forecast.predictive is None:
        return None
    bounds = bounds_of_total(spread_of(forecast.predictive, scored), total, level)
    return float(bounds.lower), float(bounds.upper)


def judge_totals(totals: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add columns on how well intervals of totals held at earlier cutoffs whose outcome was known at each cutoff.

    The widened interval is that of split conformal prediction (Vovk, Gammerman & Shafer 2005, section 2.2) on the
    logarithm of actual over predicted: of n earlier errors, the one of rank ceil((n + 1) level) by size, in both
    directions. With fewer than level / (1 - level) of them, nine at 90 %, there is no such rank, and with fewer than
    ten the interval is not calibrated: the widened interval is then missing. Overlapping windows are not independent,
    so the coverage is not guaranteed.

    Parameters
    ----------
    totals : DataFrame
        From `totals_of` at every cutoff, with cutoff, holdout_end and horizon.

    Returns
    -------
    DataFrame
        With earlier (complete earlier cutoffs), missed (the number of their intervals that missed the total),
        widened_lower, widened_upper, calibrated.
    """
    rows = []
    for row in totals.to_dict("records"):
        same = (totals["quantity"] == row["quantity"]) & (totals["forecaster"] == row["forecaster"])
        same &= (totals["horizon"] == row["horizon"]) & (totals["holdout_end"] <= row["cutoff"])
        earlier = totals[same & (totals["predicted"] > 0) & (totals["actual"] > 0)]
        errors = np.abs(np.log(earlier["actual"].to_numpy() / earlier["predicted"].to_numpy()))
        missed = int(np.sum(~earlier["inside"].to_numpy(dtype=bool)))
        factor = _conformal_factor(errors, level)
        ends = (np.nan, np.nan) if factor is None else (row["predicted"] / factor, row["predicted"] * factor)
        rows.append((len(errors), missed, *ends, factor is not None))
    names = ["earlier", "missed", "widened_lower", "widened_upper", "calibrated"]
    return totals.join(pd.DataFrame(rows, columns=names, index=totals.index))


def total_finding(row: Mapping[Any, Any], level: float) -> Finding:
    """Return a finding on the interval of a total, from a row of `judge_totals`."""
    figures = {name: row[name] for name in ("forecaster", "quantity", "horizon", "cutoff")}
    figures |= {"level": level, "inside": bool(row["inside"]), "calibrated": bool(row["calibrated"])}
    figures |= {"earlier": int(row["earlier"]), "missed": int(row["missed"]), "needed": earlier_cutoffs_needed(level)}
    return Finding("totals-interval", figures, "info" if row["inside"] else "caution")


def earlier_cutoffs_needed(level: float) -> int:
    """Return the number of earlier cutoffs needed to calibrate an interval: ten at 90 %."""
    return math.ceil(1 / (1 - level) - ROUNDING_TOLERANCE)


def _conformal_factor(errors: Array, level: float) -> float | None:
    """Return the largest factor of error of totals in a share `level` of the cases, or None with too few cases."""
    if len(errors) < earlier_cutoffs_needed(level):
        return None
    rank = math.ceil((len(errors) + 1) * level - ROUNDING_TOLERANCE)
    return math.exp(float(np.sort(errors)[min(rank, len(errors)) - 1]))

"""Totals against their intervals, and what earlier origins say of how much wider these should be."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from clvmodels.forecasting.distributions import bounds_of_total, spread_of
from clvmodels.forecasting.forecast import QuantityForecasts
from clvmodels.processes.contract import Array

__all__ = ["fewest", "judge_totals", "totals_of"]

COLUMNS = ["quantity", "forecaster", "predicted", "lower", "upper", "actual", "inside"]


def totals_of(outcome: QuantityForecasts, level: float) -> pd.DataFrame:
    """The total that each process forecast, its interval, and what happened: a row a process."""
    scored, rows = outcome.scored, []
    actual = float(outcome.actual[scored].sum())
    for forecast in outcome.forecasts:
        if forecast.predictive is None or forecast.mean is None:
            continue
        total = float(forecast.mean[scored].sum())
        lower, upper = map(float, bounds_of_total(spread_of(forecast.predictive, scored), total, level))
        rows.append((outcome.quantity, forecast.id, total, lower, upper, actual, lower <= actual <= upper))
    return pd.DataFrame(rows, columns=COLUMNS)


def judge_totals(totals: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add to totals what earlier origins, whose outcome was known at each cut, say of the interval.

    The widened interval is that of split conformal prediction (Vovk, Gammerman & Shafer 2005, section 2.2) on the
    logarithm of actual over predicted: of n earlier errors the one of rank ceil((n + 1) level) by size, taken both
    ways. With fewer than level / (1 - level) of them, nine at 90 %, there is no such rank, and with fewer than ten
    nothing is calibrated: it then stays missing, and the words say so. Overlapping windows are not independent, so it
    is an offer and no guarantee.

    Parameters
    ----------
    totals : DataFrame
        From `totals_of` at every origin, with cutoff, holdout_end and horizon.

    Returns
    -------
    DataFrame
        With earlier, widened_lower, widened_upper, calibrated, words.
    """
    told = []
    for row in totals.to_dict("records"):
        same = (totals["quantity"] == row["quantity"]) & (totals["forecaster"] == row["forecaster"])
        same &= (totals["horizon"] == row["horizon"]) & (totals["holdout_end"] <= row["cutoff"])
        earlier = totals[same & (totals["predicted"] > 0) & (totals["actual"] > 0)]
        errors = np.abs(np.log(earlier["actual"].to_numpy() / earlier["predicted"].to_numpy()))
        missed = int(np.sum(~earlier["inside"].to_numpy(dtype=bool)))
        factor = _conformal(errors, level)
        ends = (np.nan, np.nan) if factor is None else (row["predicted"] / factor, row["predicted"] * factor)
        words = _words(bool(row["inside"]), len(errors), missed, level)
        told.append((len(errors), *ends, factor is not None, words))
    names = ["earlier", "widened_lower", "widened_upper", "calibrated", "words"]
    return totals.join(pd.DataFrame(told, columns=names, index=totals.index))


def fewest(level: float) -> int:
    """How many earlier origins calibrate an interval: ten at 90 %."""
    return math.ceil(1 / (1 - level) - 1e-9)


def _conformal(errors: Array, level: float) -> float | None:
    """The factor by which totals were off at most in so many of the cases; None if there are too few of them."""
    if len(errors) < fewest(level):
        return None
    rank = math.ceil((len(errors) + 1) * level - 1e-9)
    return math.exp(float(np.sort(errors)[min(rank, len(errors)) - 1]))


def _words(inside: bool, earlier: int, missed: int, level: float) -> str:
    """What a row says, in sentences."""
    told = f"The {level:.0%} interval of the total {'holds' if inside else 'misses'} what happened."
    if earlier == 0:
        return f"{told} No earlier origin was over by then, so nothing says how far totals are off."
    if earlier == 1:
        seen = f"{told} At the one earlier origin that was over by then, its interval {'missed' if missed else 'held'}."
    else:
        seen = f"{told} At {missed} of the {earlier} earlier origins that were over by then, their intervals missed."
    if earlier >= fewest(level):
        return f"{seen} Widened by their errors it is calibrated on {earlier} origins."
    return f"{seen} Fewer than {fewest(level)} calibrate nothing at {level:.0%}: the interval is not widened."

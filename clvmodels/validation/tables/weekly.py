"""Errors of forecasts week by week, next to those of naive forecasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.processes.contract import Array

__all__ = ["NAIVE", "SEASONAL_NAIVE", "weekly_error_table"]

SEASONAL_NAIVE, NAIVE = "seasonal_naive", "naive"
PERIODS_OF_YEAR = {"week": 52, "month": 12, "year": 1}
WEEK = pd.Timedelta(days=7)
COLUMNS = ["cutoff", "horizon", "forecaster", "period", "periods", "mape", "wape"]


def weekly_error_table(tracking: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of the weeks after each cutoff: one row per forecaster, and one per naive forecast.

    Parameters
    ----------
    tracking : DataFrame
        Of `tracking_table`, with cutoff and horizon.
    """
    rows: list[tuple[object, ...]] = []
    for (cutoff, horizon), table in tracking.groupby(["cutoff", "horizon"], sort=False):
        period = str(table["period"].iloc[0])
        by_process = {str(name): each for name, each in table.groupby("forecaster", sort=False)}
        one = next(iter(by_process.values()))
        actual, ahead = one["actual"].to_numpy(dtype=float), np.flatnonzero(_whole_periods_ahead(one, period))
        forecasts = {name: each["forecast"].to_numpy(dtype=float)[ahead] for name, each in by_process.items()}
        forecasts |= _naive_forecasts(actual, ahead, int((~one["holdout"]).sum()), PERIODS_OF_YEAR[period])
        for name, predicted in forecasts.items():
            rows.append((cutoff, horizon, name, period, *_errors(predicted, actual[ahead])))
    return pd.DataFrame(rows, columns=COLUMNS)


def _whole_periods_ahead(table: pd.DataFrame, period: str) -> npt.NDArray[np.bool_]:
    """Return which rows are whole periods after the cutoff; the last week of a holdout period may be shorter."""
    whole = np.ones(len(table), dtype=bool)
    if period == "week":
        ends = pd.to_datetime(table["end"].str[:13], format="ISO8601")
        whole = ~(ends.diff() < WEEK).to_numpy()
    ahead: npt.NDArray[np.bool_] = whole & table["holdout"].to_numpy(dtype=bool)
    return ahead


def _naive_forecasts(actual: Array, ahead: npt.NDArray[np.intp], periods_before: int, year: int) -> dict[str, Array]:
    """Return the purchases of the same periods a year before, and those of the last period before the cutoff.

    Parameters
    ----------
    actual : array (periods,)
    ahead : int array (k,)
        Positions of the periods to forecast.
    periods_before : int
        Number of periods up to the cutoff.
    year : int
        Periods of a year.
    """
    years = np.maximum(-((periods_before - 1 - ahead) // year), 1)
    source = ahead - years * year
    seasonal = np.where(source > 0, actual[np.maximum(source, 0)], np.nan)  # the first period may be shorter
    last = actual[periods_before - 1] if periods_before > 1 else np.nan
    return {SEASONAL_NAIVE: seasonal, NAIVE: np.full(len(ahead), last)}


def _errors(predicted: Array, actual: Array) -> tuple[int, float, float]:
    """Return the number of periods with purchases, and mape and wape over them; missing without a forecast."""
    bought = actual > 0
    error, size = np.abs(predicted - actual)[bought], actual[bought]
    if not len(size):
        return 0, float("nan"), float("nan")
    return len(size), float(np.mean(error / size)), float(error.sum() / size.sum())

"""Errors week by week, on a table whose errors can be computed by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvmodels.validation.tables.weekly import weekly_error_table

KNOWN, AHEAD = 53, 3


def tracking(known: int, period: str = "week", days: int = 7, last: int = 7) -> pd.DataFrame:
    """Two processes; the actual purchases are 1, 2, 3, ... and none in the second period ahead."""
    n = known + AHEAD
    length = np.full(n, days)
    length[-1] = last
    actual = np.arange(1.0, n + 1)
    actual[known + 1] = 0.0
    table = pd.DataFrame(
        {
            "period": period,
            "end": np.datetime_as_string(np.datetime64("2024-01-07") + np.cumsum(length) - days),
            "holdout": np.arange(n) >= known,
            "actual": actual,
            "cutoff": "2025-01-05",
            "horizon": "3 weeks",
        }
    )
    both = [table.assign(forecaster=name, forecast=actual + added) for name, added in (("nbd", 5.0), ("bgnbd", -2.0))]
    return pd.concat(both, ignore_index=True)


def test_errors_of_weeks_are_relative_to_their_purchases_next_to_those_of_naive_forecasts() -> None:
    errors = weekly_error_table(tracking(KNOWN)).set_index("forecaster")
    assert list(errors.index) == ["nbd", "bgnbd", "seasonal_naive", "naive"]
    assert set(errors["periods"]) == {2}  # nobody bought in the second
    actual = np.array([KNOWN + 1, KNOWN + 3])
    for name, error in (("nbd", 5), ("bgnbd", 2), ("seasonal_naive", 52), ("naive", actual - KNOWN)):
        assert errors.loc[name, "mape"] == pytest.approx(np.mean(error / actual), rel=1e-12)
        assert errors.loc[name, "wape"] == pytest.approx(np.sum(error * np.ones(2)) / actual.sum(), rel=1e-12)


def test_a_week_that_was_seen_only_in_part_does_not_count() -> None:
    assert set(weekly_error_table(tracking(KNOWN, last=3))["periods"]) == {1}
    half = weekly_error_table(tracking(52)).set_index("forecaster")  # a year before begins with the first week
    assert np.isnan(half.loc["seasonal_naive", "mape"])
    assert half.loc["naive", "mape"] > 0


def test_opportunities_have_a_year_of_their_own() -> None:
    monthly = weekly_error_table(tracking(14, "month", 30, 20)).set_index("forecaster")
    assert set(monthly["periods"]) == {2}
    assert monthly.loc["seasonal_naive", "mape"] == pytest.approx(np.mean([12 / 15, 12 / 17]), rel=1e-12)

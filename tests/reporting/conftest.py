"""Small tables made by hand, as `validate` and `lifetime_value` make them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from clvmodels.validation.validate import Validation

mpl.use("agg")


@pytest.fixture
def scores() -> pd.DataFrame:
    columns = ["quantity", "forecast", "customers", "predicted", "actual", "bias", "mae", "rmse", "spearman", "gini"]
    rows = [
        ("purchases", "BG/NBD", 100, 86.0, 100.0, -0.14, 0.82, 1.73, 0.44, 0.66),
        ("purchases", "zero", 100, 0.0, 100.0, -1.0, 0.83, 2.47, np.nan, 0.0),
        ("purchases", "own rate carried on", 100, 147.0, 100.0, 0.47, 1.04, 2.16, 0.48, 0.60),
        ("money", "BG/NBD x Gamma-Gamma", 98, 4100.0, 5000.0, -0.18, 32.7, 92.9, 0.42, 0.67),
        ("money", "zero", 100, 0.0, 5000.0, -1.0, 33.0, 129.0, np.nan, 0.0),
        ("money", "own rate carried on", 100, 13000.0, 5000.0, 1.6, 71.4, 154.1, 0.40, 0.70),
    ]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def by_frequency() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frequency": ["0", "1", "7+"],
            "customers": [14_119, 4_442, 636],
            "actual": [0.25, 0.78, 6.59],
            "forecast": "BG/NBD",
            "expected": [0.23, 0.52, 6.47],
        }
    )


@pytest.fixture
def tracking() -> pd.DataFrame:
    ends = ["2024-01-07", "2024-01-14", "2024-01-21", "2024-01-28", "2024-02-04"]
    forecast = [np.nan, np.nan, np.nan, 7.5, 7.0]
    return pd.DataFrame(
        {
            "model": "BG/NBD",
            "period": "week",
            "week": range(1, 6),
            "end": ends,
            "holdout": [False, False, False, True, True],
            "actual": [4.0, 9.0, 8.0, 7.0, 9.0],
            "expected": [5.0, 8.5, 8.0, 7.6, 7.1],
            "forecast": forecast,
            "cumulative_actual": [4.0, 13.0, 21.0, 28.0, 37.0],
            "cumulative_expected": [5.0, 13.5, 21.5, 29.1, 36.2],
            "cumulative_forecast": [np.nan, np.nan, np.nan, 28.5, 35.5],
        }
    )


@pytest.fixture
def value() -> pd.DataFrame:
    """Ten customers with a value, the first with half of it all, and one without."""
    worth = [90.0, *[10.0] * 9, np.nan]
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(11)],
            "expected_purchases": np.linspace(2.0, 1.0, 11),
            "discounted_purchases": np.linspace(1.9, 0.9, 11),
            "expected_spend": [*np.linspace(50.0, 10.0, 10), np.nan],
            "lifetime_value": worth,
            "reason": [*[None] * 10, "no mean of spend exists"],
        }
    )


@pytest.fixture
def validation(scores: pd.DataFrame, by_frequency: pd.DataFrame, tracking: pd.DataFrame) -> Validation:
    parameters = pd.DataFrame(
        {
            "parameter": ["r", "alpha", "p"],
            "estimate": [0.2516, 4.789, 6.275],
            "standard_error": [0.0042, np.nan, 0.4],
            "lower": [0.2435, np.nan, 5.539],
            "upper": [0.26, np.nan, 7.11],
            "unit": ["", "weeks", ""],
            "model": ["BG/NBD", "BG/NBD", "Gamma-Gamma"],
        }
    )
    common = {
        "log_likelihood": -95368.444,
        "aic": 190744.9,
        "bic": 190777.2,
        "gradient_norm": 3.2e-10,
        "hessian_definite": True,
        "iterations": 18,
        "unique_rows": 85,
    }
    purchases = {"model": "BG/NBD", "status": "boundary", "message": "no dropout can be seen", "customers": 100}
    spend = {
        "model": "Gamma-Gamma",
        "status": "converged",
        "message": "the gradient vanishes",
        "customers": 97,
        "set_aside": 3,
        "independence": "rank correlation +0.20",
    }
    facts = {
        "customers": 100,
        "repeat_purchases": 21,
        "bought_once": 0.599,
        "calibration_end": "2024-01-21",
        "holdout_end": "2024-02-04",
        "horizon": 2.0,
        "time_unit": "week",
        "clock": "weeks, purchases merged within the day",
        "holdout_purchases": 100,
        "holdout_spend": 5000.0,
        "bought_again": 0.3,
        "new_customers": 12,
        "new_purchases": 20,
        "new_spend": 400.0,
        "rows_after_end": 7,
        "rows_without_id": 2,
    }
    told = {"scores": scores, "by_frequency": by_frequency, "tracking": tracking, "parameters": parameters}
    others = {name: pd.DataFrame() for name in (*Validation.tables(), "customers") if name not in told}
    return Validation(**told, **others, certificates=[purchases | common, spend | common], facts=facts)

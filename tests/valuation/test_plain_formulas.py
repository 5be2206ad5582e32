"""The plain formulas: by hand, against sums, and where they have no value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.valuation.plain_formulas import plain_formulas, retention_value


@pytest.mark.parametrize(("first", "start"), [("end_of_year", 1), ("today", 0)])
def test_the_retention_formula_is_the_sum_over_years(first, start):
    years = np.arange(start, 400)
    expected = 100 * np.sum((0.8 / 1.1) ** years)  # what is left after 400 years is 1e-55
    assert retention_value(100, 0.8, 0.1, first_cash_flow=first) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((100, 1.2, 0.1), "retention=1.2 must be a share"),
        ((100, 1.0, 0.0), "the sum over all years is infinite"),
        ((100, 0.5, -2.0), "the sum over all years is infinite"),
    ],
)
def test_invalid_rates(arguments, message):
    with pytest.raises(InvalidOption, match=message):
        retention_value(*arguments)
    with pytest.raises(InvalidOption, match="first_cash_flow='now' is not one of"):
        retention_value(100, 0.5, 0.1, first_cash_flow="now")


def test_by_hand():
    """Four customers of two years; all ordered in the first year, one of them in the second.

    Order value 20, 6 orders in 4 x 730 days, retention 1/4 in 365 of 365.25 days.
    """
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c", "d", "d"],
            "date": ["2022-01-01", "2023-06-01", "2022-01-01", "2022-01-01", "2022-01-01", "2022-02-01"],
            "amount": [10.0, 30.0, 20.0, 20.0, 20.0, 20.0],
        }
    )
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="day", observation_end="2024-01-01")
    table = plain_formulas(history, horizon="1 year", annual_discount_rate=0.1, margin=0.5).set_index("formula")
    rate, stays = 6 / (4 * 730 / 365.25), (1 / 4) ** (365.25 / 365)  # all four ordered in the first 365 days
    product = table.loc["order_value_x_frequency_x_lifespan"]
    assert product["average_order_value"] == pytest.approx(20)
    assert product["orders_per_year"] == pytest.approx(rate)
    assert product["retention"] == pytest.approx(stays)
    assert product["value"] == pytest.approx(0.5 * 20 * rate / (1 - stays))
    assert product["forecast"] == pytest.approx(0.5 * 20 * rate)
    by_year = table.loc["retention_first_cash_flow_at_end_of_year", "value"]
    assert by_year == pytest.approx(retention_value(0.5 * 20 * rate, stays, 0.1))
    assert table.loc["historic_value", "value"] == pytest.approx(0.5 * 120 / 4)
    # By age 1 year, the four had spent 10 + 20 + 20 + 40.
    assert table.loc["cohort_curve", "value"] == pytest.approx(0.5 * 90 / 4)
    assert table["actual"].isna().all()  # the log ends before the horizon


def test_actual_is_the_margin_of_the_holdout_period():
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    table = plain_formulas(history, horizon="39 weeks", annual_discount_rate=0.1, margin=0.35)
    split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    assert np.asarray(table["actual"]) == pytest.approx(0.35 * split.spend.sum() / 2357)

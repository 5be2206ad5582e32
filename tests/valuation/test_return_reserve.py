"""Reserves for returns: by hand, from the whole of a simulation, and invalid input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions

LOG = pd.DataFrame(
    {
        "date": ["2024-01-01", "2024-01-02", "2024-01-30"],
        "amount": [100.0, 100.0, 50.0],
        "returned": [40.0, 0.0, 0.0],
        "return_date": ["2024-01-11", None, None],
    }
)


def test_the_reserve_by_hand_in_every_kind_of_frame():
    """Of 200 that were observed for 10 days, 40 came back then: a fifth of the order that is one day old."""
    for log in (LOG, pl.from_pandas(LOG), LOG.assign(date=pd.to_datetime(LOG["date"]))):
        result = clv.reserve_returns(log, observation_end="2024-01-31", longest=20)
        assert np.asarray(result.frame()["return_reserve"]) == pytest.approx([0.0, 0.0, 10.0])
        assert np.asarray(result.frame()["net_amount"]) == pytest.approx([60.0, 100.0, 40.0])
        assert result.total == pytest.approx(10.0)
        assert np.asarray(result.lags["share"]) == pytest.approx(np.where(np.arange(21) == 10, 0.2, 0.0))


def test_the_reserve_is_what_is_returned_later_and_a_later_return_is_not_seen():
    generator = np.random.default_rng(0)
    n = 40_000
    day = generator.integers(0, 200, n)
    lag = generator.integers(1, 40, n)
    comes = generator.random(n) < 0.3
    amount = generator.gamma(4.0, 10.0, n).round(2)
    start = np.datetime64("2024-01-01")
    log = pd.DataFrame({"date": start + day, "amount": amount, "returned": np.where(comes, amount, 0.0)})
    log["return_date"] = (start + day + lag).astype("datetime64[ns]")
    log.loc[~comes, "return_date"] = pd.NaT
    result = clv.reserve_returns(log, observation_end="2024-07-18", longest=45)
    later = float(amount[comes & (day + lag > 199)].sum())
    assert result.total == pytest.approx(later, rel=0.06)
    before = np.asarray(result.frame()["net_amount"]).sum()
    assert before == pytest.approx(amount.sum() - amount[comes].sum(), rel=0.005)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"amount": [1.0, np.nan, 1.0]}, InvalidTransactions, "1 row has a blank amount or date"),
        ({"return_date": None}, InvalidTransactions, "returned above 0 and no return_date"),
        ({"return_date": ["2023-12-31", None, None]}, InvalidTransactions, "before the order"),
        ({"returned": [140.0, 0.0, 0.0]}, InvalidTransactions, "above the amount"),
        ({"returned": "much"}, InvalidTransactions, "not numbers"),
        ({"date": "soon"}, InvalidTransactions, "not a date"),
        ({"net_amount": 1.0}, InvalidOption, "already has a column"),
    ],
)
def test_invalid_rows_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        clv.reserve_returns(LOG.assign(**change), longest=20)


def test_invalid_options_are_refused():
    with pytest.raises(InvalidOption, match="no order was observed for that many days; the longest was 29"):
        clv.reserve_returns(LOG)
    with pytest.raises(InvalidOption, match="returned='refund': there is no such column"):
        clv.reserve_returns(LOG, returned="refund")
    with pytest.raises(InvalidOption, match="longest=0"):
        clv.reserve_returns(LOG, longest=0)

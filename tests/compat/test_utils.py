"""Summaries of transactions, the path of P(alive), tracking, and what differs from lifetimes where it was wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat.lifetimes import BetaGeoFitter, LifetimesDifference, ParetoNBDFitter, datasets, utils

PAGE = (Path(clv.__file__).parent / "guide" / "migrate.md").read_text("utf-8")


@pytest.fixture(scope="module")
def cdnow():
    log = datasets.load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    return log.set_axis(["id", "number", "date", "quantity", "amount"], axis=1)


def summary_of(log, **options):
    options = {"datetime_format": "%Y%m%d", "observation_period_end": "19970930"} | options
    return utils.summary_data_from_transaction_data(log, "id", "date", **options)


def frame(*rows):
    return pd.DataFrame(rows, columns=["id", "date", "amount"])


@pytest.mark.slow
def test_a_summary_is_that_of_our_own_reduction(cdnow):
    summary = summary_of(cdnow, monetary_value_col="amount", freq_multiplier=7)
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    ours = rfm.to_frame().set_index("customer_id")[["frequency", "recency", "T", "monetary_value"]].fillna(0.0)
    pd.testing.assert_frame_equal(summary.rename_axis("customer_id"), ours.astype(float), rtol=1e-12)


def test_weeks_and_months_are_whole_calendar_periods():
    log = frame(("a", "2015-01-01", 2), ("a", "2015-02-06", 4), ("a", "2015-02-07", 6), ("b", "2015-01-18", 1))
    weekly = utils.summary_data_from_transaction_data(log, "id", "date", "amount", freq="W")
    assert weekly.loc["a"].tolist() == [1, 5, 5, 10]  # both days of February are in one week, and paid 10
    assert weekly.loc["b"].tolist() == [0, 0, 3, 0]
    monthly = utils.summary_data_from_transaction_data(log, "id", "date", "amount", freq="M")
    assert monthly.loc["a"].tolist() == [1, 1, 1, 10]
    whole = utils.summary_data_from_transaction_data(log, "id", "date", "amount", include_first_transaction=True)
    assert whole.loc["a"].tolist() == [3, 37, 37, 4]


@pytest.mark.parametrize(("freq", "multiplier", "unit"), [("D", 1, "D"), ("D", 7, "W"), ("h", 24, "D"), ("D", 3, None)])
def test_a_summary_records_its_unit(freq, multiplier, unit):
    log = frame(("a", "2015-01-01", 2), ("a", "2015-02-06", 4))
    summary = utils.summary_data_from_transaction_data(log, "id", "date", freq=freq, freq_multiplier=multiplier)
    from clvmodels.compat.lifetimes.time_units import unit_of

    assert unit_of(summary["T"]) == unit
    assert unit_of(summary["T"] * 7) is None


def test_a_day_whose_refund_equals_the_payment_is_not_a_purchase():
    log = frame(("a", "2015-01-01", 10), ("a", "2015-01-05", 20), ("a", "2015-01-05", -20), ("a", "2015-01-09", -5))
    with pytest.warns(LifetimesDifference, match=r"2 periods .* \(.5\.00 in all was left out\)"):
        summary = utils.summary_data_from_transaction_data(
            log, "id", "date", "amount", observation_period_end="2015-01-10"
        )
    assert summary.loc["a"].tolist() == [0, 0, 9, 0]


def test_customers_first_seen_after_the_cutoff_are_counted_in_a_warning():
    log = frame(
        ("a", "2015-01-01", 10), ("a", "2015-02-01", 4), ("a", "2015-02-01", 8), ("a", "2015-02-03", 2),
        ("b", "2015-02-02", 9), ("b", "2015-02-05", 9),
    )  # fmt: skip
    with pytest.warns(LifetimesDifference) as shown:
        table = utils.calibration_and_holdout_data(log, "id", "date", "2015-01-31", monetary_value_col="amount")
    texts = [str(warning.message) for warning in shown]
    assert any("1 customer first seen after the cutoff has no row, with 2 of the 4 purchases" in text for text in texts)
    assert any("monetary_value_holdout is the mean per purchase" in text for text in texts)
    assert table.columns.tolist() == [
        "frequency_cal", "recency_cal", "T_cal", "monetary_value_cal",
        "frequency_holdout", "monetary_value_holdout", "duration_holdout",
    ]  # fmt: skip
    assert table.loc["a"].tolist() == [0, 0, 30, 0, 2, 7, 5]
    assert table.attrs["first_seen_in_holdout"] == 1
    with pytest.raises(ValueError, match="no data available"):
        utils.calibration_and_holdout_data(log, "id", "date", "2015-03-31")


def test_the_day_of_the_cutoff_belongs_to_one_period():
    log = frame(("a", "2015-01-01 09:00", 1), ("a", "2015-01-31 10:00", 1), ("a", "2015-02-01 10:00", 1))
    with pytest.warns(LifetimesDifference, match="1 transaction in the course of 2015-01-31 belongs"):
        table = utils.calibration_and_holdout_data(log, "id", "date", "2015-01-31", "2015-02-28")
    assert table.loc["a", ["frequency_cal", "frequency_holdout"]].tolist() == [1, 1]


def test_a_difference_is_reported_once():
    log = frame(("a", "2015-01-01", 10), ("a", "2015-01-05", -5))
    with pytest.warns(LifetimesDifference):
        utils.summary_data_from_transaction_data(log, "id", "date", "amount")
    utils.summary_data_from_transaction_data(log, "id", "date", "amount")  # a warning would be an error


def test_the_path_of_p_alive_ends_at_that_of_the_summary():
    log = datasets.load_transaction_data()
    summary = utils.summary_data_from_transaction_data(log, "id", "date", observation_period_end="2014-12-31")
    fitter = BetaGeoFitter().fit(*(summary[name] for name in ("frequency", "recency", "T")))
    # The quickstart of lifetimes prints these for its 5,000 customers.
    assert repr(fitter).endswith("5000 subjects, a: 1.85, alpha: 1.86, b: 3.18, r: 0.16>")
    frequency, recency, age = summary.loc[33]
    path = utils.calculate_alive_path(fitter, log[log["id"] == 33], "date", 205)
    assert len(path) == 206
    assert path[0] == 1
    assert path[age] == fitter.conditional_probability_alive(frequency, recency, age)[0]


@pytest.mark.slow
def test_tracking_is_that_of_the_walkthrough_of_btyd(cdnow):
    # BTYD walkthrough (BTYD 2.4.3), cum.tracking[, 20:25] of CDNOW: actual, and expected rounded.
    summary = summary_of(cdnow, freq_multiplier=7)
    fitter = ParetoNBDFitter().fit(*(summary[name] for name in ("frequency", "recency", "T")))
    options = {"datetime_format": "%Y%m%d", "freq_multiplier": 7}
    table = utils.expected_cumulative_transactions(fitter, cdnow, "date", "id", 25 * 7, **options)
    assert table["actual"].iloc[19:].tolist() == [1359, 1414, 1484, 1517, 1573, 1672]
    assert table["predicted"].iloc[19:].round().tolist() == [1309, 1385, 1460, 1533, 1604, 1674]
    dated = utils.expected_cumulative_transactions(
        fitter, cdnow, "date", "id", 14, datetime_format="%Y%m%d", set_index_date=True
    )
    assert str(dated.index[-1]) == "1997-01-14"


@pytest.mark.acceptance
def test_the_page_states_the_sizes_of_differences_on_cdnow(ask_lifetimes, cdnow):
    faults = ask_lifetimes("faults")
    theirs = np.array(faults["covariance"])
    customers = datasets.load_cdnow_summary()
    fitter = BetaGeoFitter().fit(*(customers[name] for name in ("frequency", "recency", "T")))
    with pytest.warns(LifetimesDifference):
        ratio = theirs / fitter.variance_matrix_.to_numpy()
    assert f"up to {np.max(np.maximum(ratio, 1 / ratio)):.0f} times too large or too small" in PAGE
    assert f"missing for {faults['missing']:,} of {len(customers):,} customers" in PAGE
    options = {"datetime_format": "%Y%m%d", "monetary_value_col": "amount"}
    with pytest.warns(LifetimesDifference, match="mean per row") as shown:
        table = utils.calibration_and_holdout_data(cdnow, "id", "date", "19970930", "19980630", **options)
    differ = re.search(r"differs for (\d+)", str(shown[0].message))[1]
    assert f"{differ} of {int((table['frequency_holdout'] > 0).sum())} customers" in PAGE
    assert table.attrs["first_seen_in_holdout"] == 0
    assert (cdnow["amount"] < 0).sum() == 0

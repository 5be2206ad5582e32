"""Artificial customers and plots under their names in lifetimes."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from clvmodels.compat.lifetimes import BetaGeoFitter, datasets, plotting, utils
from clvmodels.compat.lifetimes.generate_data import (
    beta_geometric_beta_binom_model,
    beta_geometric_nbd_model,
    beta_geometric_nbd_model_transactional_data,
    modified_beta_geometric_nbd_model,
    pareto_nbd_model,
)

BGNBD = (0.243, 4.414, 0.793, 2.426)


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(188898)  # noqa: NPY002  # as scripts of lifetimes do
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("T", "freq", "size"), [(100, "D", 300), ([400, 200, 5, 103, 198, 401], "D", 6), (100, "h", 300)]
)
def test_transactions_and_summaries_of_one_seed_are_the_same_customers(T, freq, size):
    log = beta_geometric_nbd_model_transactional_data(
        T, *BGNBD, observation_period_end="2019-1-1", freq=freq, size=size
    )
    summary = utils.summary_data_from_transaction_data(
        log, "customer_id", "date", observation_period_end="2019-1-1", freq=freq
    )
    np.random.seed(188898)  # noqa: NPY002  # as scripts of lifetimes do
    drawn = beta_geometric_nbd_model(T, *BGNBD, size=size)[["frequency", "recency", "T"]]
    pd.testing.assert_frame_equal(drawn.assign(recency=np.ceil(drawn["recency"])), summary)


@pytest.mark.slow
def test_customers_have_the_means_of_their_parameters():
    # Of 20,000 draws; tolerances are five standard errors.
    pareto = pareto_nbd_model(100.0, 2.0, 10.0, 3.0, 30.0, size=20_000)
    assert pareto["lambda"].mean() == pytest.approx(0.2, abs=5 * 0.1414 / 141)
    assert pareto["mu"].mean() == pytest.approx(0.1, abs=5 * 0.0577 / 141)
    assert pareto["alive"].mean() == pytest.approx((30 / 130) ** 3, abs=5 * 0.11 / 141)
    modified = modified_beta_geometric_nbd_model(100.0, *BGNBD, size=20_000)
    assert modified["p"].mean() == pytest.approx(0.793 / 3.219, abs=5 * 0.21 / 141)
    assert modified["alive"].mean() < beta_geometric_nbd_model(100.0, *BGNBD, size=20_000)["alive"].mean()
    # Fader, Hardie & Shang (2010), table 6: P(alive in 2002) after no gift, and after six.
    donors = beta_geometric_beta_binom_model(6, 1.204, 0.750, 0.657, 2.783, size=20_000)
    assert donors[donors["frequency"] == 0]["alive"].mean() == pytest.approx(0.11, abs=0.02)
    assert donors[donors["frequency"] == 6]["alive"].mean() == pytest.approx(0.93, abs=0.02)


@pytest.fixture(scope="module")
def bgf():
    customers = datasets.load_cdnow_summary(index_col=[0])
    return BetaGeoFitter().fit(*(customers[name] for name in ("frequency", "recency", "T")))


@pytest.fixture(scope="module")
def log():
    log = datasets.load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    return log.set_axis(["id", "number", "date", "quantity", "amount"], axis=1)


def texts(ax):
    return [ax.get_title(), ax.get_xlabel(), ax.get_ylabel()]


@pytest.mark.slow
def test_purchases_are_drawn_next_to_the_model(bgf):
    ax = plotting.plot_period_transactions(bgf, label=["A", "B"])
    heights = [patch.get_height() for patch in ax.patches]
    assert heights[:7] == [1411, 439, 214, 100, 62, 38, 29]  # the sample's, as in Fader, Hardie & Lee (2005)
    np.testing.assert_allclose(heights[7:], heights[:7], rtol=0.4)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["A", "B"]
    assert texts(ax) == ["Frequency of Repeat Transactions", "Number of Calibration Period Transactions", "Customers"]


@pytest.mark.slow
def test_matrices_hold_the_predictions(bgf):
    ax = plotting.plot_frequency_recency_matrix(bgf, T=2, max_frequency=5, max_recency=30)
    values = ax.get_images()[0].get_array()
    assert values.shape == (31, 6)
    assert values[10, 3] == pytest.approx(bgf.predict(2, 3, 10, 30))
    assert ax.get_title().startswith("Expected Number of Future Purchases for 2 Units of Time")
    plt.close("all")
    values = plotting.plot_probability_alive_matrix(bgf).get_images()[0].get_array()
    assert values.shape == (39, 30)
    assert values[35, 1] == pytest.approx(0.736, abs=1e-3)


@pytest.mark.slow
def test_lines_hold_the_expectations(bgf, log):
    solid, dashed = plotting.plot_expected_repeat_purchases(bgf, label="x").lines
    assert solid.get_ydata()[-1] == pytest.approx(dashed.get_ydata()[0])
    assert solid.get_ydata()[-1] == pytest.approx(1.19, abs=0.005)
    plt.close("all")
    rate = plotting.plot_transaction_rate_heterogeneity(bgf)
    assert rate.get_title() == "mean: 0.055, var: 0.012"
    assert len(plotting.plot_dropout_rate_heterogeneity(bgf).lines[0].get_xdata()) == 100
    plt.close("all")
    summary = utils.summary_data_from_transaction_data(
        log, "id", "date", datetime_format="%Y%m%d", observation_period_end="19970930", freq="W"
    )
    weekly = BetaGeoFitter(penalizer_coef=0.01).fit(*(summary[name] for name in ("frequency", "recency", "T")))
    options = {"datetime_format": "%Y%m%d", "freq": "W"}
    ax = plotting.plot_cumulative_transactions(weekly, log, "date", "id", 78, 39, xlabel="week", **options)
    assert ax.lines[0].get_ydata()[:5].tolist() == [0, 3, 17, 44, 67]
    assert texts(ax) == ["Tracking Cumulative Transactions", "week", "Cumulative Transactions"]
    plt.close("all")
    ax = plotting.plot_incremental_transactions(weekly, log, "date", "id", 78, 39, set_index_date=True, **options)
    assert ax.get_xlabel() == "date"


@pytest.mark.slow
def test_a_history_and_a_holdout_period_are_drawn(bgf):
    log = datasets.load_transaction_data()
    ax = plotting.plot_history_alive(bgf, 200, log[log["id"] == 35], "date")
    assert ax.lines[0].get_ydata()[3] == pytest.approx(0.75, abs=0.01)
    assert texts(ax) == ["History of P_alive", "", "P_alive"]
    plt.close("all")
    older = log[log["id"].isin(log[log["date"] < "2014-09-01"]["id"])]
    table = utils.calibration_and_holdout_data(older, "id", "date", "2014-09-01", "2014-12-31")
    for kind in ("frequency_cal", "recency_cal", "T_cal", "time_since_last_purchase"):
        ax = plotting.plot_calibration_purchases_vs_holdout_purchases(bgf, table, kind=kind)
        assert len(ax.lines[0].get_ydata()) == 7
        assert ax.get_xlabel() == plotting.HOLDOUT_LABELS[kind]


def test_every_plot_of_lifetimes_is_tested():
    source = inspect.getsource(inspect.getmodule(test_every_plot_of_lifetimes_is_tested))
    assert [name for name in plotting.__all__ if f"plotting.{name}(" not in source] == []

"""BGNBD as an estimator: kinds of frames, the clock, scikit-learn's protocol, and errors with a remedy."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.validation import check_is_fitted

from clvmodels.clock import Clock
from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import BGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.processes import bgnbd
from clvmodels.transactions.summary import RFM, rfm_summary

CLVTOOLS = json.loads((Path(__file__).parents[1] / "references" / "cdnow_bgnbd.json").read_text("utf-8"))[
    "clvtools_to_1997_09_30"
]
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame}


def summarize(log, **options):
    return rfm_summary(log, **{"time_unit": "week", "observation_end": "1997-09-30"} | options)


@pytest.fixture(scope="module")
def log():
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def rfm(log):
    return summarize(log)


@pytest.fixture(scope="module")
def model(rfm):
    return BGNBD().fit(rfm)


def values(frame, name):
    return np.asarray(frame[name].to_numpy(), dtype=float)


# ---- predictions -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_predictions_match_other_software(model, rfm):
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    first = np.searchsorted(rfm.customer_id.to_numpy(), numbered[:10])
    expected = values(model.expected_purchases(rfm, 39), "expected_purchases")
    alive = values(model.probability_alive(rfm), "probability_alive")
    # CLVTools stopped about 1e-5 short of the maximum in each parameter.
    assert expected[first] == pytest.approx(CLVTOOLS["expected_purchases"], rel=2e-5)
    assert expected.sum() == pytest.approx(CLVTOOLS["total_expected_purchases"], rel=2e-6)
    assert alive[first] == pytest.approx(CLVTOOLS["probability_alive"], rel=2e-5)
    assert model.pmf(range(11), "272 days") == pytest.approx(CLVTOOLS["pmf"]["values"], rel=2e-5)
    for t, value in CLVTOOLS["expected_repeat_purchases_of_a_new_customer"].items():
        assert model.mean_purchases(float(t)) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_results_have_the_kind_of_the_input_frame(model, log, kind):
    rfm = summarize(log if kind == "pandas" else pl.from_pandas(log))
    answers = {
        "probability_alive": model.probability_alive(rfm),
        "expected_purchases": model.expected_purchases(rfm, "12 months"),
        "discounted_purchases": model.discounted_purchases(rfm, "12 months", 0.1),
        "pmf_3": model.pmf([0, 3], 10, rfm),
    }
    for name, answer in answers.items():
        assert isinstance(answer, KINDS[kind])
        assert answer.columns[0] == "customer_id"
        assert name in answer.columns
        assert list(answer["customer_id"]) == rfm.customer_id.to_list()
        assert np.all(np.isfinite(values(answer, name)))
    assert list(answers["pmf_3"].columns) == ["customer_id", "pmf_0", "pmf_3"]


def test_a_file_gives_polars(model, log, tmp_path):
    log.to_parquet(tmp_path / "log.parquet")
    assert isinstance(model.probability_alive(summarize(tmp_path / "log.parquet")), pl.DataFrame)


@pytest.mark.slow
def test_horizons_are_numbers_or_text(model, rfm):
    expected = values(model.expected_purchases(rfm, 13), "expected_purchases")
    for horizon in ("13 weeks", "91 days", 13.0, "2184 hours"):
        assert np.array_equal(values(model.expected_purchases(rfm, horizon), "expected_purchases"), expected)
    year = values(model.expected_purchases(rfm, "1 year"), "expected_purchases")
    months = values(model.expected_purchases(rfm, "12 months"), "expected_purchases")
    assert months == pytest.approx(year, rel=1e-12)
    assert model.mean_purchases("13 weeks") == model.mean_purchases(13)


@pytest.mark.parametrize(
    "horizon", ["", "soon", "12", "12 moons", "-3 weeks", "1e3 days", "3 weeks 2 days", -1, np.nan, np.inf]
)
def test_a_horizon_that_cannot_be_read_is_refused(model, rfm, horizon):
    for ask in (
        lambda: model.expected_purchases(rfm, horizon),
        lambda: model.discounted_purchases(rfm, horizon, 0.1),
        lambda: model.pmf([0], horizon),
    ):
        with pytest.raises(InvalidOption, match="horizon="):
            ask()
    with pytest.raises(InvalidOption, match="t="):
        model.mean_purchases(horizon)


def test_a_prediction_does_not_depend_on_other_customers(model, rfm):
    together = values(model.expected_purchases(rfm, 52), "expected_purchases")
    for rows in (slice(0, 1), slice(100, 110), [7, 3, 2000]):
        alone = values(model.expected_purchases(rfm[rows], 52), "expected_purchases")
        assert np.array_equal(alone, together[rows])
    assert len(model.expected_purchases(rfm[:0], 52)) == 0
    assert len(model.probability_alive(rfm[:0])) == 0


def test_a_model_predicts_at_a_later_cutoff(model, log):
    later = summarize(log, observation_end="1998-06-30")
    alive = values(model.probability_alive(later), "probability_alive")
    assert len(alive) == 2357
    assert alive.mean() < CLVTOOLS["mean_probability_alive"]


def test_the_pmf_is_a_distribution_over_purchases(model, rfm):
    k = range(60)
    table = model.pmf(k, 39, rfm[:50])
    chances = np.stack([values(table, f"pmf_{count}") for count in k])
    expected = values(model.expected_purchases(rfm[:50], 39), "expected_purchases")
    # The first fifty customers expect at most seven purchases: P(more than 60) is 1e-7.
    assert chances.sum(axis=0) == pytest.approx(np.ones(50), abs=1e-6)
    assert np.arange(60) @ chances == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("counts", [[-1], [0.5], [[0, 1]], ["two"], [np.nan]])
def test_counts_are_whole_numbers(model, counts):
    with pytest.raises(InvalidOption, match="counts must be whole numbers"):
        model.pmf(counts, 39)


def test_mean_purchases_keeps_the_shape(model):
    times = np.array([[0.0, 1.0], [39.0, 78.0]])
    result = model.mean_purchases(times)
    assert result.shape == (2, 2)
    # The nodes of the quadrature are chosen for the longest time.
    assert result[1, 0] == pytest.approx(model.mean_purchases(39), rel=1e-12)
    assert isinstance(model.mean_purchases(39), float)
    for bad in ([-1.0], [np.nan]):
        with pytest.raises(InvalidOption, match="t must be finite"):
            model.mean_purchases(bad)


@pytest.mark.parametrize("rate", [-1.0, -2.0, np.nan, np.inf])
def test_an_invalid_discount_rate_is_refused(model, rfm, rate):
    with pytest.raises(InvalidOption, match="annual_discount_rate="):
        model.discounted_purchases(rfm, 39, rate)


# ---- the clock and the fit ---------------------------------------------------------------------------------


def test_another_clock_is_refused(model, log):
    for other in (summarize(log, time_unit="day"), summarize(log, merge_within="hour")):
        for ask in (model.probability_alive, lambda rfm: model.expected_purchases(rfm, 39), model.score):
            with pytest.raises(
                ClockMismatch, match=r"fitted in weeks.*this RFM is in .*Rebuild the RFM with time_unit='week'"
            ):
                ask(other)


@pytest.mark.slow
def test_a_model_can_be_refitted_with_another_clock(rfm, log):
    model = BGNBD().fit(rfm)
    assert model.clock_ == Clock("week")
    assert model.fit(summarize(log, time_unit="day")).clock_ == Clock("day")
    assert model.observation_end_ == "1997-09-30"


def test_predictions_before_a_fit_are_refused(rfm):
    for ask in (
        lambda: BGNBD().probability_alive(rfm),
        lambda: BGNBD().expected_purchases(rfm, 39),
        lambda: BGNBD().mean_purchases(39),
        lambda: BGNBD().pmf([1], 39),
        lambda: BGNBD().summary(),
        lambda: BGNBD().certificate(),
        lambda: BGNBD().score(rfm),
    ):
        with pytest.raises(InvalidOption, match=r"has not been fitted: call fit\(rfm\) first"):
            ask()


def test_a_failed_fit_deletes_the_previous_one(rfm):
    model = BGNBD().fit(rfm)
    with pytest.raises(InvalidRFM):
        model.fit(pd.DataFrame())
    with pytest.raises(InvalidOption, match="has not been fitted"):
        model.probability_alive(rfm)


def test_data_other_than_an_rfm_is_refused_with_a_remedy(log):
    with pytest.raises(InvalidRFM, match=r"Expected an RFM, got a DataFrame: make an RFM with rfm_summary"):
        BGNBD().fit(log)


def test_customers_observed_for_no_time_are_refused():
    frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 0], "recency": [0.0, 0.0], "T": [0.0, 0.0]})
    with pytest.raises(InvalidRFM, match="observed for any time"):
        BGNBD().fit(RFM.from_frame(frame, time_unit="week"))


# ---- the summary -------------------------------------------------------------------------------------------


def test_the_summary_has_estimates_errors_and_intervals(model):
    table = model.summary()
    assert list(table.index) == ["r", "alpha", "a", "b"]
    assert list(table["unit"]) == ["", "weeks", "", ""]
    assert table["estimate"].to_dict() == model.parameters_
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()
    narrow = model.summary(level=0.5)
    assert (narrow["lower"] > table["lower"]).all()
    assert (narrow["upper"] < table["upper"]).all()
    for level in (0.0, 1.0, 95):
        with pytest.raises(InvalidOption, match="level="):
            model.summary(level=level)


def test_intervals_without_a_ridge_are_normal_on_the_log_scale(model):
    plain = copy(model)
    plain.fit_ = replace(model.fit_, ridges=())
    table = plain.summary()
    # 1.959964 log standard errors to either side.
    reach = np.log(table["upper"] / table["estimate"]).to_numpy()
    assert reach == pytest.approx(1.959964 * (table["standard_error"] / table["estimate"]).to_numpy(), rel=1e-6)
    assert np.log(table["estimate"] / table["lower"]).to_numpy() == pytest.approx(reach, rel=1e-12)


def test_the_certificate_is_plain_values(model):
    result = model.certificate()
    assert json.loads(json.dumps(result)) == result
    assert result["status"] == "converged"
    assert result["model"] == "BG/NBD"
    assert result["customers"] == 2357
    assert result["unique_rows"] < 2357
    assert result["clock"]["time_unit"] == "week"


# ---- scikit-learn ------------------------------------------------------------------------------------------


def test_clone_and_parameters(model, rfm):
    fresh = clone(model)
    assert type(fresh) is BGNBD
    assert not fresh.__sklearn_is_fitted__()
    check_is_fitted(model)
    assert fresh.set_params(**model.get_params()).fit(rfm).parameters_ == model.parameters_
    pair = CustomerModel(BGNBD(), GammaGamma())
    assert {"purchases", "spend"} <= set(pair.get_params(deep=False))
    assert clone(pair).get_params(deep=False).keys() == pair.get_params(deep=False).keys()


def test_the_score_is_the_mean_log_likelihood(model, rfm):
    assert model.score(rfm) == pytest.approx(model.fit_.log_likelihood / len(rfm), rel=1e-12)


@pytest.mark.slow
def test_cross_validation(rfm):
    scores = cross_val_score(BGNBD(), rfm, cv=3)
    assert scores.shape == (3,)
    # Customers left out fit about as well as fitted ones: -9582.4/2357.
    assert np.all(np.abs(scores + 4.07) < 1)


@pytest.mark.slow
def test_a_grid_search(log):
    rfm = summarize(log, amount="amount")
    search = GridSearchCV(CustomerModel(BGNBD()), {"spend": [None, GammaGamma()]}, cv=2).fit(rfm)
    assert search.best_estimator_.__sklearn_is_fitted__()
    assert search.best_score_ == pytest.approx(-9582.429 / 2357, abs=0.2)


# ---- further predictions -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_probability_of_being_active_decreases_with_the_horizon(model, rfm):
    now = model.probability_alive(rfm)["probability_alive"]
    later = model.probability_alive(rfm, "39 weeks", interval=0.9)
    assert (later["probability_alive"] <= now).all()
    assert (later["probability_alive_lower"] <= later["probability_alive"]).all()
    assert (later["probability_alive"] <= later["probability_alive_upper"]).all()
    assert list(model.probability_alive(rfm, 0)["probability_alive"]) == list(now)


@pytest.mark.slow
def test_the_probability_of_no_purchase_is_the_pmf_at_0(model, rfm):
    result = model.probability_no_purchase(rfm, "39 weeks", interval=0.9)
    assert list(result.columns[1:]) == [f"probability_no_purchase{end}" for end in ("", "_lower", "_upper")]
    assert result["probability_no_purchase"].to_numpy() == pytest.approx(
        model.pmf([0], "39 weeks", rfm)["pmf_0"].to_numpy(), rel=1e-10
    )
    assert (result["probability_no_purchase_lower"] <= result["probability_no_purchase_upper"]).all()
    total = model.probability_no_purchase(rfm, "39 weeks", by="total")
    assert total["probability_no_purchase"][0] == pytest.approx(result["probability_no_purchase"].mean(), rel=1e-12)


@pytest.mark.slow
def test_the_probability_of_own_counts_is_in_the_pmf(model, rfm):
    some = rfm[:300]
    counts = np.arange(300) % 4
    table = model.pmf(range(4), "39 weeks", some)
    expected = [table[f"pmf_{count}"][i] for i, count in enumerate(counts)]
    assert model.probability_of(counts, "39 weeks", some) == pytest.approx(expected, rel=1e-9)  # rounding errors
    assert model.probability_of(counts.tolist(), "39 weeks", some) == pytest.approx(expected, rel=1e-9)
    for unusable in ([0, 1], counts + 0.5, counts - 1, counts.astype(str)):
        with pytest.raises(InvalidOption, match="counts must be 300 whole numbers of at least 0, one per customer"):
            model.probability_of(unusable, "39 weeks", some)


def test_one_time_buyers_can_be_active_and_buy_nothing():
    # pymc-marketing's P(no purchase) uses the formula of P(alive) for x > 0 also for x = 0,
    # (1 + a/(b-1) ((alpha+T)/alpha)^r)^-1 = .508 instead of 1, and returns .938. Nobody drops out before a first repeat
    # purchase: the right answer is the NBD's, ((alpha+T)/(alpha+T+h))^r = .878.
    r, alpha, a, b, T, h = 0.243, 4.414, 0.793, 2.426, 38.0, 30.0
    result = bgnbd.PROCESS.pmf(bgnbd.Parameters(r, alpha, a, b), np.zeros(1), h, *np.array([[0.0], [0.0], [T]]))[0]
    never = ((alpha + T) / (alpha + T + h)) ** r
    assert result == pytest.approx(never, rel=1e-12)
    assert round(never, 3) == 0.878
    wrong = 1 / (1 + a / (b - 1) * ((alpha + T) / alpha) ** r)
    assert round(1 - wrong + wrong * never, 3) == 0.938


@pytest.mark.acceptance
def test_dert_exceeds_discounted_purchases_of_any_horizon(model, rfm):
    result = model.dert(rfm, 0.1)
    near = model.discounted_purchases(rfm, "10 years", 0.1)["discounted_purchases"]
    assert (result["dert"] >= near).all()
    assert (1 - near / result["dert"]).to_numpy() == pytest.approx(
        result["share_beyond_ten_years"].to_numpy(), abs=1e-12
    )
    total = model.dert(rfm, 0.1, by="total", interval=0.9)
    assert total["dert"][0] == pytest.approx(result["dert"].sum(), rel=1e-12)
    assert total["dert_lower"][0] < total["dert"][0] < total["dert_upper"][0]


def test_dert_without_a_rate_needs_a_mean(model, rfm):
    assert model.parameters_["a"] < 1
    with pytest.raises(InvalidOption, match="have no mean"):
        model.dert(rfm, 0.0)
    with pytest.raises(InvalidOption, match="must not be negative"):
        model.dert(rfm, -0.01)
    with pytest.raises(InvalidOption, match="call fit"):
        BGNBD().dert(rfm, 0.1)


def test_posterior_means_of_each_customer(model, rfm):
    result = model.posterior_means(rfm)
    assert list(result.columns) == ["customer_id", "purchase_rate", "dropout_probability"]
    once = (rfm.frequency == 0).nonzero()[0][0]
    p = model.parameters_
    # Customers drop out only after a repeat purchase, so the posterior mean of dropout is the prior one: a/(a+b).
    assert result["dropout_probability"][once] == pytest.approx(p["a"] / (p["a"] + p["b"]), rel=1e-12)
    assert result["purchase_rate"][once] == pytest.approx(p["r"] / (p["alpha"] + rfm.T[once]), rel=1e-12)

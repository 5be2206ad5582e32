"""GammaGamma as an estimator: customers set aside, means that do not exist, and the test of independence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.estimators.spend import GammaGamma
from clvmodels.transactions.summary import RFM, rfm_summary

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "cdnow_gamma_gamma.json").read_text("utf-8"))


def summarize(log, **options):
    return rfm_summary(log, **{"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"} | options)


def values(frame, name):
    return np.asarray(frame[name].to_numpy(), dtype=float)


def rfm_of(frequency, spend, **columns):
    frequency = np.asarray(frequency)
    frame = {
        "customer_id": np.arange(len(frequency)),
        "frequency": frequency,
        "recency": np.where(frequency > 0, 10.0, 0.0),
        "T": 20.0,
        "monetary_value": spend,
    }
    return RFM.from_frame(pd.DataFrame(frame | columns), time_unit="week")


@pytest.fixture(scope="module")
def log():
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def rfm(log):
    return summarize(log)


@pytest.fixture(scope="module")
def model(rfm):
    return GammaGamma().fit(rfm)


def test_published_expectations(model, rfm):
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    first = np.searchsorted(rfm.customer_id.to_numpy(), numbered[:10])
    expected = values(model.expected_spend(rfm), "expected_spend")[first]
    # Hardie's note 025: printed to cents.
    assert expected == pytest.approx(REFERENCE["published"]["expected_spend"], abs=5e-3)
    # CLVTools stopped 4e-5 short of the maximum in p.
    assert expected == pytest.approx(REFERENCE["clvtools_to_1997_09_30"]["expected_spend"], rel=2e-5)


def test_customers_without_repeat_purchases_get_the_population_mean(model, rfm):
    once = rfm.frequency == 0
    p, q, v = model.parameters_.values()
    expected = values(model.expected_spend(rfm), "expected_spend")[once]
    assert expected == pytest.approx(np.full(once.sum(), p * v / (q - 1)), rel=1e-14)
    assert expected[0] == pytest.approx(35.17, abs=5e-3)  # Hardie's note 025
    median = values(model.median_spend(rfm), "median_spend")
    assert np.ptp(median[once]) == 0
    assert np.all(median < values(model.expected_spend(rfm), "expected_spend"))  # means are skewed to the right


@pytest.mark.parametrize(("kind", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_results_have_the_kind_of_the_input_frame(model, log, kind, frame):
    rfm = summarize(log if kind == "pandas" else pl.from_pandas(log))
    spend, median = model.expected_spend(rfm), model.median_spend(rfm)
    assert isinstance(spend, frame)
    assert isinstance(median, frame)
    assert list(spend.columns) == ["customer_id", "expected_spend", "reason"]
    assert list(median.columns) == ["customer_id", "median_spend"]
    reasons = spend["reason"].to_list() if kind == "polars" else list(spend["reason"])
    assert all(reason is None or reason != reason for reason in reasons)


def test_a_prediction_does_not_depend_on_other_customers(model, rfm):
    together = values(model.expected_spend(rfm), "expected_spend")
    assert np.array_equal(values(model.expected_spend(rfm[40:44]), "expected_spend"), together[40:44])
    assert len(model.expected_spend(rfm[:0])) == 0


def test_an_rfm_without_money_is_refused(log, model):
    without = rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    for ask in (GammaGamma().fit, model.expected_spend, model.median_spend, model.score):
        with pytest.raises(InvalidRFM, match=r"has no money: pass amount= to rfm_summary"):
            ask(without)


def test_another_clock_is_refused(model, log):
    with pytest.raises(ClockMismatch, match="fitted in weeks"):
        model.expected_spend(summarize(log, time_unit="day"))


def test_predictions_before_a_fit_are_refused(rfm):
    for ask in (GammaGamma().expected_spend, GammaGamma().median_spend):
        with pytest.raises(InvalidOption, match="has not been fitted"):
            ask(rfm)


# ---- set aside ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_customer_of_the_full_log_is_set_aside():
    rfm = summarize(load_cdnow())
    free = (rfm.frequency > 0) & (np.nan_to_num(rfm.monetary_value, nan=1.0) <= 0)
    assert rfm.customer_id.filter(free.tolist()).to_list() == [10244]  # data/README.md
    model = GammaGamma().fit(rfm)
    assert model.set_aside_ == 1
    assert model.certificate()["set_aside"] == 1
    assert model.fit_.customers == np.sum(rfm.frequency > 0) - 1
    # Customers set aside are left out of the fit, but they have predictions.
    expected = values(model.expected_spend(rfm), "expected_spend")
    assert np.all(np.isfinite(expected))
    assert expected[free] < 0.5 * expected[rfm.frequency == 0][0]
    assert np.isfinite(model.score(rfm))


@pytest.mark.slow
def test_zero_means_do_not_change_the_fit():
    count = 1 + np.arange(200) % 5
    spend = np.exp(np.random.default_rng(0).normal(3, 0.8, 200))
    without = GammaGamma().fit(rfm_of(count, spend))
    zeros = rfm_of(np.append(count, [2, 3]), np.append(spend, [0.0, 0.0]))
    model = GammaGamma().fit(zeros)
    assert model.set_aside_ == 2
    assert model.parameters_ == without.parameters_
    assert model.fit_.fingerprint == without.fit_.fingerprint


@pytest.mark.parametrize(("frequency", "spend"), [([0, 0, 0], [np.nan] * 3), ([2, 3, 0], [0.0, 0.0, np.nan])])
def test_the_error_without_spenders_names_a_remedy(frequency, spend):
    with pytest.raises(InvalidRFM, match=r"No customer has a positive mean spend.*include_first_transaction=True"):
        GammaGamma().fit(rfm_of(frequency, spend))


def test_first_purchases_can_count(log):
    rfm = summarize(log, include_first_transaction=True)
    model = GammaGamma().fit(rfm)
    assert model.fit_.customers == np.sum(rfm.monetary_value > 0)
    assert model.fit_.customers > 2300


# ---- missing means -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide():
    """Spend that varies so widely that a new customer's mean does not exist: a fit with q < 1."""
    generator = np.random.default_rng(3)
    count = 1 + generator.integers(0, 4, 600)
    nu = generator.gamma(0.6, size=600) / 10
    spend = generator.gamma(3.0 * count) / nu / count
    frequency = np.append(count, np.zeros(5, dtype=int))
    return rfm_of(frequency, np.append(spend, np.full(5, np.nan)))


def test_a_missing_mean_has_a_reason_and_a_median(wide):
    model = GammaGamma().fit(wide)
    assert model.parameters_["q"] < 1
    table = model.expected_spend(wide)
    once = wide.frequency == 0
    spend = values(table, "expected_spend")
    assert np.array_equal(np.isnan(spend), once)
    assert set(table["reason"][once]) == {
        "spend varies too widely for a mean to exist (p*count + q <= 1); median_spend gives the median"
    }
    assert table["reason"][~once].isna().all()
    median = values(model.median_spend(wide), "median_spend")
    assert np.all(np.isfinite(median) & (median > 0))


# ---- independence ------------------------------------------------------------------------------------------


def independence(frequency, spend):
    return GammaGamma().fit(rfm_of(frequency, spend)).independence_


def test_independence_is_a_finding():
    generator = np.random.default_rng(7)
    frequency = 1 + generator.poisson(3, 2000)
    independent_spend = np.exp(generator.normal(3, 0.3, 2000))
    independent = independence(frequency, independent_spend)
    assert independent.finding.code == "profile-independence-supported"
    assert "independence that Gamma-Gamma assumes" in independent.text
    assert independent.customers == 2000
    together = independence(frequency, independent_spend * np.exp(0.2 * frequency))
    assert together.finding.code in ("profile-independence-weakly-violated", "profile-independence-violated")
    assert together.finding.severity != "info"
    assert "violated" in together.text
    assert together.p_value < 1e-6


@pytest.mark.slow
def test_independence_without_variation_is_unknown():
    result = independence([2, 2, 2, 2], [5.0, 8.0, 9.0, 30.0])
    assert np.isnan(result.p_value)
    assert result.finding.code == "profile-independence-unknown"
    assert "one of the two does not vary" in result.text


def test_independence_on_cdnow_travels_with_the_certificate(model):
    assert model.independence_.customers == 946
    assert model.certificate()["independence"] == model.independence_.text

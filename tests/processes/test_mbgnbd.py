"""MBG/NBD compared with the R package BTYDplus on CDNOW, and with exact results without dropout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.processes import mbgnbd

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "cdnow_mbgnbd.json").read_text())
LAST_COUNT = (99, 99, 126)
PACKAGE = mbgnbd.Parameters(**{name: np.float64(v) for name, v in REFERENCE["fitted_by_the_package"].items()})


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(
        log, amount="amount", time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30"
    )


@pytest.mark.slow
def test_the_fit_matches_btydplus(split):
    fitted = clv.MBGNBD().fit(split.calibration)
    # The package's optimum, polished; both log-likelihoods are flat there to about 1e-10.
    assert fitted.fit_.log_likelihood == pytest.approx(REFERENCE["log_likelihood"], abs=1e-7)
    assert fitted.parameters_ == pytest.approx(REFERENCE["parameters"], rel=1e-5)


def test_predictions_match_btydplus_at_its_parameters(split):
    rfm = split.calibration
    x, t_x, T = rfm.frequency.astype(float), rfm.recency, rfm.T
    alive = mbgnbd.probability_alive(PACKAGE, x, t_x, T)
    expected = mbgnbd.PROCESS.expected_purchases(PACKAGE, 39.0, x, t_x, T)
    reference = REFERENCE["holdout"]
    assert alive.mean() == pytest.approx(REFERENCE["mean_probability_alive"], rel=1e-9)
    # The conditional mean of BTYDplus computes the 2F1 by a series that stops at about 1e-7.
    assert expected.sum() == pytest.approx(reference["predicted"], rel=1e-6)
    assert np.mean(np.abs(expected - split.purchases)) == pytest.approx(reference["mae"], rel=1e-6)
    assert expected.sum() / split.purchases.sum() - 1 == pytest.approx(reference["bias"], rel=1e-5)
    for value in REFERENCE["conditional_expectation_39"]:
        assert np.min(np.abs(expected / value - 1)) < 1e-6
    for value in REFERENCE["probability_alive"]:
        assert np.min(np.abs(alive / value - 1)) < 1e-9


def test_predictions_for_new_customers_match_btydplus_at_its_parameters():
    times, expectations = (10.0, 52.0, 100.0), REFERENCE["expectation_10_52_100"]
    for t, last, expected in zip(times, LAST_COUNT, expectations, strict=True):
        # The package sums the probabilities of counts and stops early, which is repeated here.
        counts = np.arange(last + 1)
        stopped = np.sum(counts * mbgnbd.PROCESS.new_customer_pmf(PACKAGE, counts, t))
        assert stopped == pytest.approx(expected, rel=1e-9)
        all_counts = np.arange(3_000)
        mean = np.sum(all_counts * mbgnbd.PROCESS.new_customer_pmf(PACKAGE, all_counts, t))
        assert mbgnbd.PROCESS.mean_purchases(PACKAGE, np.array([t]))[0] == pytest.approx(mean, rel=1e-9)
    pmf = mbgnbd.PROCESS.new_customer_pmf(PACKAGE, np.arange(5), 52.0)
    assert pmf == pytest.approx(REFERENCE["pmf_52"], rel=1e-9)


def test_without_dropout_the_purchase_rate_continues():
    p = mbgnbd.Parameters(*map(np.float64, (0.8, 9.0, 1e-12, 5.0)))
    x, t_x, T = np.array([0.0, 3.0]), np.array([0.0, 10.0]), np.array([20.0, 20.0])
    assert mbgnbd.probability_alive(p, x, t_x, T) == pytest.approx(1.0, abs=1e-9)
    # The posterior mean of the rate, times the horizon.
    assert mbgnbd.PROCESS.expected_purchases(p, 10.0, x, t_x, T) == pytest.approx((0.8 + x) / 29.0 * 10.0, rel=1e-9)

"""The predictive distributions of sampled customers, which intervals and scores of a backtest are computed from."""

from __future__ import annotations

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.validation.tables.distributions import Settings, money, purchases, sample_of

pytestmark = pytest.mark.slow

COLUMNS = {"customer_id": "customer_id", "date": "date", "amount": "amount"}
CUT = {"time_unit": "week", "calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
DRAWS = 4_000


@pytest.fixture(scope="module")
def split():
    return clv.holdout_split(clv.datasets.load_cdnow(sample=True), **COLUMNS, **CUT)


@pytest.mark.parametrize("model", [clv.BGNBD(), clv.ParetoNBD()])
def test_purchases_are_those_that_the_model_draws(split, model):
    model.fit(split.calibration)
    settings = Settings(draws=DRAWS, sampled=200)
    sample = sample_of(split.calibration, settings.sampled, 0)
    predictive = purchases(model, split, sample, settings)
    drawn = model.outcomes(split.calibration[sample.rows], split.horizon, DRAWS, np.random.default_rng(1))
    for draws in (drawn, predictive.draws):  # 5 standard errors
        error = 5 * np.sqrt(predictive.variance / DRAWS) + 1e-12
        assert (np.abs(draws.mean(axis=0) - predictive.mean) < error).all()
        assert draws.var(axis=0).mean() == pytest.approx(predictive.variance.mean(), rel=0.1)
        for end, share in ((predictive.lower, 0.05), (predictive.upper, 0.95)):  # the smallest count that reaches it
            error = 5 * np.sqrt(0.05 * 0.95 / DRAWS)
            assert (np.mean(draws <= end, axis=0) > share - error).all()
            assert (np.mean(draws < end, axis=0) < share + error).all()


def test_intervals_are_those_of_the_model_apart_from_its_parameters(split):
    """With thousands of customers, the uncertainty of the parameters hardly matters for one of them."""
    model = clv.BGNBD().fit(split.calibration)
    sample = sample_of(split.calibration, 300, 0)
    predictive = purchases(model, split, sample, Settings())
    table = model.expected_purchases(split.calibration[sample.rows], split.horizon, interval=0.9)
    assert np.abs(predictive.upper - table["expected_purchases_upper"]).mean() < 0.02
    assert np.abs(predictive.lower - table["expected_purchases_lower"]).mean() < 0.02


def test_purchases_are_drawn_only_for_money(split):
    model, settings = clv.NBD().fit(split.calibration), Settings(sampled=50)
    sample = sample_of(split.calibration, settings.sampled, 0)
    without = clv.holdout_split(clv.datasets.load_cdnow(sample=True), customer_id="customer_id", date="date", **CUT)
    assert purchases(model, without, sample, settings).draws is None
    spent = money(
        clv.GammaGamma().fit(split.calibration), purchases(model, split, sample, settings), split, sample, settings
    )
    assert (spent.lower <= spent.upper).all()

"""NBD compared with the R package BTYDplus on CDNOW, and with BG/NBD without dropout."""

from __future__ import annotations

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.processes import bgnbd, nbd

# BTYDplus 1.2.0, nbd.EstimateParameters and related functions, on the CDNOW 1/10 sample, 39 weeks to 1997-09-30.
PACKAGE = nbd.Parameters(np.float64(0.384765875269636), np.float64(12.0720137320907))
LOG_LIKELIHOOD, PREDICTED, MAE, RMSE = -9763.65761467269, 2929.82035408747, 1.04102032258948, 1.85952277036066


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(log, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30")


def test_the_fit_matches_btydplus(split):
    fitted = clv.NBD().fit(split.calibration)
    assert fitted.fit_.log_likelihood == pytest.approx(LOG_LIKELIHOOD, abs=1e-6)
    # The package's optimizer stops about 1e-6 from the maximum.
    assert fitted.parameters_ == pytest.approx(PACKAGE._asdict(), rel=1e-4)


def test_holdout_predictions_match_btydplus_at_its_parameters(split):
    rfm = split.calibration
    expected = nbd.PROCESS.expected_purchases(PACKAGE, 39.0, rfm.frequency.astype(float), rfm.T)
    assert expected.sum() == pytest.approx(PREDICTED, rel=1e-9)
    assert np.mean(np.abs(expected - split.purchases)) == pytest.approx(MAE, rel=1e-9)
    assert np.sqrt(np.mean((expected - split.purchases) ** 2)) == pytest.approx(RMSE, rel=1e-9)


def test_nbd_equals_bgnbd_without_dropout():
    without = bgnbd.Parameters(*PACKAGE, np.float64(1e-12), np.float64(5.0))
    x, t_x, T = np.array([0.0, 3.0, 20.0]), np.array([0.0, 10.0, 30.0]), np.array([20.0, 20.0, 39.0])
    assert nbd.log_likelihood(PACKAGE, x, T) == pytest.approx(bgnbd.log_likelihood(without, x, t_x, T), rel=1e-9)
    ahead = (52.0, 0.002)
    assert nbd.PROCESS.expected_purchases(PACKAGE, 52.0, x, T) == pytest.approx(
        bgnbd.PROCESS.expected_purchases(without, 52.0, x, t_x, T), rel=1e-9
    )
    assert nbd.PROCESS.discounted_purchases(PACKAGE, *ahead, x, T) == pytest.approx(
        bgnbd.PROCESS.discounted_purchases(without, *ahead, x, t_x, T), rel=1e-9
    )

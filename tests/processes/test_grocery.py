"""NBD, BG/NBD, MBG/NBD and Pareto/NBD on the grocery log of BTYDplus, whose customers return weekly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.estimators.persistence import PURCHASE_MODELS
from clvmodels.processes.catalog import PURCHASE_PROCESSES

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "grocery.json").read_text("utf-8"))
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
HORIZON = REFERENCE["horizon_weeks"]
LAST_COUNT = {"10": 75, "52": 99, "100": 168}
pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def split():
    path = SHARED_DATA / "btydplus_grocery_elog.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    columns = {"customer_id": "cust", "date": "date"}
    return clv.holdout_split(
        pd.read_csv(path), **columns, time_unit="week", calibration_end="2006-12-31", holdout_end="2007-12-30"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nbd", "bgnbd", "mbgnbd", "pareto_nbd"])
def test_fit_and_predictions_match_the_packages(name, split):
    reference, rfm, process = REFERENCE[name], split.calibration, PURCHASE_PROCESSES[name]
    model = PURCHASE_MODELS[process.name]().fit(rfm)
    assert model.fit_.status == "converged"
    assert model.fit_.log_likelihood >= reference["log_likelihood"]
    # The searches of the packages stop up to 5e-4 short of the maximum in a parameter, and 1e-5 in the value.
    assert model.fit_.log_likelihood == pytest.approx(reference["log_likelihood"], abs=1e-4)
    assert model.parameters_ == pytest.approx(reference["parameters"], rel=2e-3)
    if "polished_parameters" in reference:
        assert model.parameters_ == pytest.approx(reference["polished_parameters"], rel=3e-5)
        assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-7)
    p = process.Parameters(**{key: np.float64(value) for key, value in reference["parameters"].items()})
    statistics = {"frequency": rfm.frequency.astype(float), "recency": rfm.recency, "T": rfm.T}
    columns = [statistics[name] for name in process.statistics]
    # At the parameters of the packages, only rounding and their 2F1 differ.
    assert process.log_likelihood(p, *columns).sum() == pytest.approx(reference["log_likelihood"], rel=1e-10)
    if "probability_alive" in reference:
        alive = process.probability_alive(p, *columns)
        assert alive[:10] == pytest.approx(reference["probability_alive"], rel=1e-8)
    if "expected_purchases" in reference:
        expected = process.expected_purchases(p, float(HORIZON), *columns)
        assert expected[:10] == pytest.approx(reference["expected_purchases"], rel=1e-6)
        assert expected.sum() == pytest.approx(reference["holdout"]["total_predicted"], rel=1e-6)
        assert split.purchases.sum() == reference["holdout"]["total_actual"]
        assert np.mean(np.abs(expected - split.purchases)) == pytest.approx(reference["holdout"]["mae"], rel=1e-6)
        error = np.sqrt(np.mean((expected - split.purchases) ** 2))
        assert error == pytest.approx(reference["holdout"]["rmse"], rel=1e-6)
    for t, value in reference.get("expected_repeat_purchases_of_a_new_customer", {}).items():
        # The package sums the probabilities of counts and stops early, which is repeated here.
        counts = np.arange(LAST_COUNT[t] + 1)
        stopped = np.sum(counts * process.new_customer_pmf(p, counts, float(t)))
        assert stopped == pytest.approx(value, rel=1e-9)
        assert process.mean_purchases(p, np.array([float(t)]))[0] >= value * (1 - 1e-9)
    if "pmf_52" in reference:
        assert process.new_customer_pmf(p, np.arange(11), 52.0) == pytest.approx(reference["pmf_52"], rel=1e-8)

"""Results of lifetimes, right and wrong, computed in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clvmodels.datasets import load_cdnow, load_donations
from clvmodels.estimators.purchases import BGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.inference.statistics import CountedRows, counted_rows
from clvmodels.transactions.summary import rfm_summary
from clvmodels.validation.crosscheck.lifetimes_process import run_lifetimes

pytestmark = pytest.mark.slow

REFERENCES = Path(__file__).parents[1] / "references"
CHECKS = json.loads((REFERENCES / "lifetimes_checks.json").read_text("utf-8"))
CLVTOOLS = json.loads((REFERENCES / "cdnow_bgnbd.json").read_text("utf-8"))["clvtools_to_1997_09_30"]
MONEY = json.loads((REFERENCES / "cdnow_gamma_gamma.json").read_text("utf-8"))["clvtools_to_1997_09_30"]

ERRORS = """
import json, sys
import lifetimes
data = json.load(sys.stdin)
bgnbd = lifetimes.BetaGeoFitter().fit(*map(lifetimes.utils.np.array, data["purchases"]))
money = lifetimes.GammaGammaFitter().fit(*map(lifetimes.utils.np.array, data["money"]))
pareto = lifetimes.ParetoNBDFitter().fit(*map(lifetimes.utils.np.array, data["purchases"]), initial_params=[1] * 4)
results = {
    name: {"errors": list(fitter.standard_errors_), "covariance": fitter.variance_matrix_.to_numpy().tolist()}
    for name, fitter in {"bgnbd": bgnbd, "money": money}.items()
}
results["pareto"] = [hasattr(pareto, "standard_errors_"), hasattr(pareto, "variance_matrix_")]
results["reported"] = {"bgnbd": bgnbd._negative_log_likelihood_, "money": money._negative_log_likelihood_}
json.dump(results, sys.stdout)
"""


@pytest.fixture(scope="module")
def rfm():
    log = load_cdnow(sample=True)
    return rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def lifetimes_errors(rfm):
    paid = rfm.monetary_count > 0
    data = {
        "purchases": [rfm.frequency.tolist(), rfm.recency.tolist(), rfm.T.tolist()],
        "money": [rfm.monetary_count[paid].tolist(), rfm.monetary_value[paid].tolist()],
    }
    done = subprocess.run(
        [sys.executable, "-c", ERRORS], input=json.dumps(data), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


# ---- where lifetimes is wrong --------------------------------------------------------------------------------


@pytest.mark.acceptance
def test_its_covariance_is_wrong_off_the_diagonal_and_ours_agrees_with_clvtools(rfm, lifetimes_errors):
    # base_fitter multiplies column j of the inverse Hessian in log parameters by theta_j^2; it takes theta_i theta_j.
    theirs = np.array(lifetimes_errors["bgnbd"]["covariance"])
    fit = BGNBD().fit(rfm).fit_
    theta = np.array(list(fit.parameters.values()))
    ours, right = fit.covariance * np.outer(theta, theta), np.array(CLVTOOLS["covariance"])
    off = ~np.eye(4, dtype=bool)
    # CLVTools takes its Hessian numerically, 1e-5 from the maximum, where small entries are differences.
    np.testing.assert_allclose(ours, right, rtol=5e-4, atol=1e-6)
    assert np.max(np.abs(theirs - theirs.T)) > 0.3
    assert np.min(np.maximum(theirs / right, right / theirs)[off]) > 1.2
    np.testing.assert_allclose(theirs * theta[:, None] / theta, right, rtol=5e-4, atol=1e-6)


def test_its_standard_errors_are_right_for_bgnbd_and_gamma_gamma(rfm, lifetimes_errors):
    ours = BGNBD().fit(rfm).summary()["standard_error"]
    right = np.array(list(CLVTOOLS["standard_errors"].values()))
    # On the diagonal the two scalings are the same. CLVTools' Hessian is numeric, as above.
    np.testing.assert_allclose(lifetimes_errors["bgnbd"]["errors"], right, rtol=2e-4)
    np.testing.assert_allclose(ours, right, rtol=2e-4)
    ours = GammaGamma().fit(rfm).summary()["standard_error"]
    right = np.array(list(MONEY["standard_errors"].values()))
    np.testing.assert_allclose(lifetimes_errors["money"]["errors"], right, rtol=2e-4)
    np.testing.assert_allclose(ours, right, rtol=2e-4)
    covariance = np.array(lifetimes_errors["money"]["covariance"])
    assert np.max(np.abs(covariance - covariance.T)) > 9


def test_it_has_no_standard_errors_for_pareto_nbd(lifetimes_errors):
    assert lifetimes_errors["pareto"] == [False, False]


# ---- running it ----------------------------------------------------------------------------------------------


@pytest.mark.acceptance
def test_pareto_nbd_agrees_with_btyd(rfm):
    rows = counted_rows([rfm.frequency, rfm.recency, rfm.T])
    reference, sample = CHECKS["pareto_nbd"], [column[-3:] for column in rows.columns]
    result = run_lifetimes("pareto_nbd", reference["parameters"], rows, sample, 39.0, 600)
    assert result.failures == {}
    assert result.version.startswith("0.11")
    at_ours, at_theirs = (rows.counts @ result.values[f"log_likelihood {at}"] for at in ("at_ours", "at_lifetimes"))
    assert at_ours == pytest.approx(reference["log_likelihood"], abs=1e-7)  # BTYD's 2F1 series
    # Nelder-Mead stops at a simplex of 1e-4.
    assert at_theirs == pytest.approx(reference["log_likelihood"], abs=1e-3)
    assert result.parameters == pytest.approx(reference["parameters"], rel=1e-3)
    assert np.all(result.values["expected_purchases at_ours"] > 0)
    again = run_lifetimes("pareto_nbd", reference["parameters"], rows, sample, 39.0, 600)
    assert again.parameters == result.parameters, "its random start makes every run different"


def test_bgbb_agrees_with_btyd():
    donations = load_donations()
    columns = [donations[name].to_numpy(dtype=float) for name in ("frequency", "recency", "periods")]
    rows, reference = CountedRows(tuple(columns), donations["weights"].to_numpy(dtype=float)), CHECKS["bgbb"]
    result = run_lifetimes("bgbb", reference["parameters"], rows, columns, 5.0, 600)
    assert result.failures == {}
    total = rows.counts @ result.values["log_likelihood at_ours"]
    assert total == pytest.approx(reference["log_likelihood"], abs=1e-7)  # as printed
    assert result.parameters == pytest.approx(reference["parameters"], rel=1e-3)  # its search stops a little early
    assert np.all(result.values["probability_alive at_ours"] <= 1 + 1e-12)


@pytest.mark.acceptance
def test_its_likelihood_of_each_row_adds_up_to_what_it_reports(rfm, lifetimes_errors):
    # It reports the mean over customers, of times in units of the largest T: the total differs by sum(x) log(scale).
    rows = counted_rows([rfm.frequency, rfm.recency, rfm.T])
    result = run_lifetimes("bgnbd", CLVTOOLS["parameters"], rows, [column[:2] for column in rows.columns], 39.0, 600)
    mean_losses = lifetimes_errors["reported"]
    reported = -mean_losses["bgnbd"] * len(rfm) + rfm.frequency.sum() * np.log(1 / rfm.T.max())
    assert rows.counts @ result.values["log_likelihood at_lifetimes"] == pytest.approx(reported, abs=1e-8)  # rounding
    paid = rfm.monetary_count > 0
    rows = counted_rows([rfm.monetary_count[paid], rfm.monetary_value[paid]])
    result = run_lifetimes("gamma_gamma", MONEY["parameters"], rows, [column[:2] for column in rows.columns], 39.0, 600)
    reported = -mean_losses["money"] * paid.sum()
    assert rows.counts @ result.values["log_likelihood at_lifetimes"] == pytest.approx(reported, abs=1e-8)


def test_a_failure_is_a_result(rfm, monkeypatch, tmp_path):
    (tmp_path / "lifetimes.py").write_text("raise ImportError('made for another pandas')\n")
    rows = counted_rows([rfm.frequency, rfm.recency, rfm.T])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = run_lifetimes("bgnbd", CLVTOOLS["parameters"], rows, [column[:2] for column in rows.columns], 39.0, 600)
    assert result.version is None
    assert result.parameters is None
    assert result.failures == {"import": "ImportError: made for another pandas"}
    (tmp_path / "lifetimes.py").write_text("raise SystemExit('gone for good')\n")
    result = run_lifetimes("bgnbd", CLVTOOLS["parameters"], rows, [column[:2] for column in rows.columns], 39.0, 600)
    assert result.failures == {"process": "gone for good"}
    result = run_lifetimes("bgnbd", CLVTOOLS["parameters"], rows, [column[:2] for column in rows.columns], 39.0, 1e-3)
    assert result.failures == {"process": "no result within 0.001 seconds"}

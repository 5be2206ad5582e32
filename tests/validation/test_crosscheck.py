"""The cross-check with lifetimes: both agree on CDNOW; where they do not, it reports which is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.validation.crosscheck import lifetimes_process

pytestmark = pytest.mark.slow

REFERENCES = Path(__file__).parents[1] / "references"
BGNBD, MBGNBD, MONEY = (
    json.loads((REFERENCES / f"cdnow_{name}.json").read_text("utf-8")) for name in ("bgnbd", "mbgnbd", "gamma_gamma")
)
CUTOFF = "1997-09-30"


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=CUTOFF)


@pytest.fixture(scope="module")
def model(rfm):
    return clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)


@pytest.fixture(scope="module")
def check(model, rfm):
    return clv.crosscheck(model, rfm, horizon=39)


def with_parameters(model, **parameters):
    """Return a fitted model with some of its parameters replaced."""
    fit = replace(model.fit_, parameters=model.parameters_ | parameters)
    return type(model)()._restore(fit, model.clock_, model.observation_end_)


# ---- on CDNOW they agree -------------------------------------------------------------------------------------


def test_bgnbd_and_gamma_gamma_agree(check):
    assert check.agrees
    assert list(check.verdicts["right"]) == ["both", "both"]
    assert check.text.count("lifetimes 0.11.3 agrees") == 2
    parameters = check.parameters.set_index(["forecaster", "parameter"])["lifetimes"]
    # Fader, Hardie & Lee (2005), Table 2; Fader & Hardie (2013), note 025: half a unit of the last digit printed.
    assert dict(parameters["bgnbd"]) == pytest.approx(BGNBD["fader_hardie_lee_2005"]["parameters"], abs=5e-4)
    assert dict(parameters["gamma_gamma"]) == pytest.approx(MONEY["published"]["parameters"], abs=5e-3)
    # lifetimes' search stops where the mean log-likelihood has a gradient of 1e-7.
    assert np.max(np.abs(check.parameters["difference"])) < 1e-5
    likelihoods = check.log_likelihoods.set_index(["forecaster", "likelihood"])
    right = BGNBD["clvtools_to_1997_09_30"]["polished_log_likelihood"]
    assert likelihoods.loc["bgnbd"].to_numpy().ravel() == pytest.approx(right, abs=1e-7)  # R's optimum, polished
    right = MONEY["clvtools_to_1997_09_30"]["polished_log_likelihood"]
    assert likelihoods.loc["gamma_gamma"].to_numpy().ravel() == pytest.approx(right, abs=1e-7)


def test_predictions_of_both_are_in_one_table(check, rfm, model):
    table = check.predictions
    assert list(table["quantity"].unique()) == ["probability_alive", "expected_purchases", "expected_spend"]
    assert list(table.groupby("quantity").size()) == [100, 100, 100]
    assert {0, rfm.frequency.max()} <= set(table["frequency"])
    np.testing.assert_allclose(table["lifetimes_at_ours"], table["ours"], rtol=1e-10)  # rounding of its 2F1
    np.testing.assert_array_equal(table["difference"], table["lifetimes_at_ours"] - table["ours"])
    np.testing.assert_allclose(table["lifetimes"], table["ours"], rtol=1e-5)  # its parameters are 1e-6 off
    expected = model.expected_purchases(rfm, 39).set_index("customer_id")["expected_purchases"]
    rows = table[table["quantity"] == "expected_purchases"].set_index("customer_id")
    np.testing.assert_allclose(rows["ours"], expected.loc[rows.index], rtol=1e-9)  # interpolated there


def test_a_model_with_a_calendar_is_compared_in_calendar_time(rfm):
    seasonal = rfm.with_calendar(clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0)))
    model = clv.BGNBD().fit(seasonal)
    check = clv.crosscheck(model, seasonal, horizon="26 weeks", customers=20)
    assert check.agrees
    rows = check.predictions[check.predictions["quantity"] == "expected_purchases"].set_index("customer_id")
    expected = model.expected_purchases(seasonal, "26 weeks").set_index("customer_id")["expected_purchases"]
    np.testing.assert_allclose(rows["ours"], expected.loc[rows.index], rtol=1e-9)


def test_mbgnbd_agrees(rfm):
    check = clv.crosscheck(clv.MBGNBD().fit(rfm), rfm)
    assert check.agrees, check.text
    parameters = check.parameters.set_index("parameter")["lifetimes"]
    assert dict(parameters) == pytest.approx(MBGNBD["parameters"], rel=1e-5)  # BTYDplus, polished
    assert check.log_likelihoods["at_lifetimes"].to_numpy() == pytest.approx(MBGNBD["log_likelihood"], abs=1e-6)
    assert check.facts["horizon"] == pytest.approx(365.25 / 7)


@pytest.mark.acceptance
@pytest.mark.skipif("pareto_nbd" not in PURCHASE_PROCESSES, reason="there is no Pareto/NBD yet")
def test_pareto_nbd_agrees(rfm):
    check = clv.crosscheck(clv.ParetoNBD().fit(rfm), rfm)
    assert check.agrees, check.text


@pytest.mark.acceptance
def test_a_sample_is_checked_if_there_are_too_many_customers(rfm, monkeypatch):
    few = replace(lifetimes_process.FITTERS["bgnbd"], most_rows=600)
    monkeypatch.setitem(lifetimes_process.FITTERS, "bgnbd", few)
    model = clv.BGNBD().fit(rfm)
    check = clv.crosscheck(model, rfm)
    assert check.facts["checked"]["bgnbd"]["customers"] == 600
    assert check.agrees, check.text
    assert "on a sample of 600 customers" in check.text
    # 50 times the smallest visible difference: also visible on a quarter of the customers.
    assert clv.crosscheck(with_parameters(model, a=1.6, b=2.4), rfm).verdicts["right"][0] == "lifetimes"
    other = clv.crosscheck(model, rfm, random_state=1)
    assert other.parameters["lifetimes"][0] != check.parameters["lifetimes"][0]


# ---- where they do not ---------------------------------------------------------------------------------------


def test_a_tampered_model_is_detected(model, rfm):
    check = clv.crosscheck(with_parameters(model.purchases, a=0.9), rfm)
    assert not check.agrees
    assert check.verdicts["right"][0] == "lifetimes"
    assert "this model is not a maximum for these customers" in check.text
    table = check.log_likelihoods
    # Both likelihood functions prefer lifetimes' parameters by the same amount.
    gain = (table["at_lifetimes"] - table["at_ours"]).to_numpy()
    assert gain == pytest.approx([gain[0], gain[0]], abs=1e-8)
    assert gain[0] > 1


@pytest.mark.acceptance
def test_other_customers_and_priors_are_reported(model, rfm):
    check = clv.crosscheck(model.purchases, rfm[:1500])
    assert check.verdicts["right"][0] == "undecided"
    assert "because the model was fitted to other customers, or as of another day" in check.text
    check = clv.crosscheck(clv.BGNBD(prior={"log r": (0.0, 0.1)}).fit(rfm), rfm)
    assert not check.agrees
    assert "fitted with a prior, which lifetimes does not have" in check.text


@pytest.mark.acceptance
def test_ours_is_right_at_a_equal_to_1(model, rfm):
    # Its closed form divides by a - 1 (Fader, Hardie & Lee (2005), eq. 10).
    check = clv.crosscheck(with_parameters(model.purchases, a=1.0), rfm)
    assert check.verdicts["right"][0] == "each in part"
    assert "expected purchases of 100 of 100 customers differ, lifetimes' being missing" in check.text
    assert "where ours is right: the model's definition, averaged numerically" in check.text


@pytest.mark.acceptance
def test_its_mbgnbd_overflows_for_frequent_customers(rfm):
    # Its 2F1 overflows from x = 319 on over 365 weeks, at these parameters.
    model = clv.MBGNBD().fit(rfm)
    frequency = np.where(np.arange(len(rfm)) == 0, 400, rfm.frequency)
    recency = np.where(np.arange(len(rfm)) == 0, 38.0, rfm.recency)
    frequent = replace(rfm, frequency=frequency, recency=recency, monetary_value=None, monetary_count=None)
    check = clv.crosscheck(model, frequent, horizon=365)
    assert "expected purchases of 1 of 100 customers differ, lifetimes' being missing or infinite for 1" in check.text
    assert "frequency 400" in check.text
    assert "where ours is right" in check.text


@pytest.mark.acceptance
def test_lifetimes_is_negative_where_no_mean_spend_exists(model, rfm):
    check = clv.crosscheck(with_parameters(model.spend, q=0.8), rfm)
    rows = check.predictions.iloc[0]
    assert rows["monetary_count"] == 0
    assert np.isnan(rows["ours"])
    assert rows["lifetimes_at_ours"] < 0
    assert "where ours is right" in check.text
    assert check.to_dict()["predictions"][0]["ours"] is None


@pytest.mark.acceptance
def test_a_failed_fit_of_lifetimes_is_reported(rfm):
    # In billionths of a dollar: it starts from v = 1.1, whatever the money, and gives up.
    cents = replace(rfm, monetary_value=rfm.monetary_value * 1e9)
    check = clv.crosscheck(clv.GammaGamma().fit(cents), cents)
    assert not check.agrees
    assert check.verdicts["right"][0] == "undecided"
    assert "lifetimes 0.11.3 itself failed (fit: ConvergenceError" in check.text
    assert "at our parameters it agrees on expected spend and the log-likelihood" in check.text
    assert check.parameters["lifetimes"].isna().all()
    assert "Traceback" not in check.text


def test_a_failed_import_of_lifetimes_is_reported(model, rfm, monkeypatch, tmp_path):
    (tmp_path / "lifetimes.py").write_text("raise ImportError('made for another pandas')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = clv.crosscheck(model, rfm)
    assert check.facts["lifetimes"] is None
    assert "lifetimes itself failed (import: ImportError: made for another pandas); nothing could be" in check.text
    assert list(check.verdicts["right"]) == ["undecided", "undecided"]
    json.dumps(check.to_dict(), allow_nan=False)


def test_what_lifetimes_does_not_have_is_refused(rfm, model):
    with pytest.raises(InvalidOption, match=r"lifetimes has no NBD; pass one of BG/NBD, MBG/NBD, .*Gamma-Gamma"):
        clv.crosscheck(clv.NBD().fit(rfm), rfm)
    with pytest.raises(InvalidOption, match="has not been fitted"):
        clv.crosscheck(clv.BGNBD(), rfm)
    with pytest.raises(InvalidOption, match="A dict is not a model"):
        clv.crosscheck({}, rfm)
    days = clv.rfm_summary(clv.datasets.load_cdnow(sample=True), time_unit="day", observation_end=CUTOFF)
    with pytest.raises(ClockMismatch):
        clv.crosscheck(model.purchases, days)


# ---- the separate process and the command line ---------------------------------------------------------------

ALONE = """
import sys, warnings
import pandas as pd
import clvmodels as clv
rfm = clv.rfm_summary(clv.datasets.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
model = clv.BGNBD().fit(rfm)
before = pd.options.mode.to_dict() if hasattr(pd.options.mode, "to_dict") else pd.get_option("mode.chained_assignment")
filters = list(warnings.filters)
check = clv.crosscheck(model, rfm)
after = pd.options.mode.to_dict() if hasattr(pd.options.mode, "to_dict") else pd.get_option("mode.chained_assignment")
assert check.agrees, check.text
assert before == after and filters == list(warnings.filters)
assert not [name for name in sys.modules if name.split(".")[0] in ("lifetimes", "autograd", "dill")]
"""


@pytest.mark.acceptance
def test_lifetimes_is_not_imported_into_this_process():
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.acceptance
def test_on_the_command_line(tmp_path, model, rfm):
    log = clv.datasets.load_cdnow(sample=True).rename(columns={"customer_id": "client", "amount": "paid"})
    log.to_csv(tmp_path / "orders.csv", index=False)
    model.save(tmp_path / "model.json")
    named = ["--customer-id", "client", "--amount", "paid"]
    done = command("orders.csv", "model.json", *named, "--output", "check.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "BG/NBD: lifetimes 0.11.3 agrees" in done.stdout
    assert "-9,582.4292" in done.stdout
    document = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert document["agrees"] is True
    assert len(document["predictions"]) == 300
    assert pd.DataFrame(document["parameters"])["lifetimes"][0] == pytest.approx(0.2426, abs=5e-5)
    # On another day, these are not the customers that the model was fitted to.
    done = command("orders.csv", "model.json", *named[:2], "--observation-end", "1997-06-30", cwd=tmp_path)
    assert done.returncode == 7
    assert "does not agree" in done.stdout
    assert "only the model of purchases is checked" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"orders.csv", "model.json", "check.json"}


def test_a_failure_of_lifetimes_on_the_command_line(tmp_path, model):
    clv.datasets.load_cdnow(sample=True).to_csv(tmp_path / "orders.csv", index=False)
    clv.CustomerModel(model.purchases).save(tmp_path / "model.json")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "lifetimes.py").write_text("raise ImportError('no [numpy] here')\n")
    paths = [str(tmp_path / "fake"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = command("orders.csv", cwd=tmp_path, PYTHONPATH=os.pathsep.join(paths))
    assert done.returncode == 7
    assert "lifetimes itself failed (import: ImportError: no [numpy] here); nothing could be compared" in done.stdout
    progress = re.compile(r"[^\n]+ \(\d+ s\)\n")  # a line every few seconds, on a busy machine
    assert progress.sub("", done.stderr) == ""


def command(*words, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", "crosscheck", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | environment,
    )

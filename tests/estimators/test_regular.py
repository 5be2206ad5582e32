"""BGCNBD and MBGCNBD as estimators: a chosen or fixed k, files, clones, and fits in every regime."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import clvmodels as clv
from clvmodels.errors import InvalidModelFile, InvalidOption, InvalidRFM
from clvmodels.forecasting.processes import model_id
from clvmodels.processes.cnbd_k import Parameters, process

pytestmark = pytest.mark.slow

MODELS = [clv.BGCNBD, clv.MBGCNBD]
each_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def cdnow():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)


def base_of(p, k, n, T, leave_at_once=False, seed=0):
    """Return an RFM of simulated customers observed for T or half of it."""
    generator = np.random.default_rng(seed)
    ages = T * generator.uniform(0.5, 1, n)
    history = process(k, leave_at_once).simulate(Parameters(*map(np.float64, p)), ages, generator)
    order = np.lexsort((history.time, history.customer))
    customer, time = history.customer[order], history.time[order]
    before = np.where(np.append(True, customer[1:] != customer[:-1]), 0.0, np.append(0.0, time[:-1]))[: len(time)]
    return rfm_of(history.x, history.t_x, ages, np.bincount(customer, np.log(time - before), minlength=n))


def rfm_of(x, t_x, T, logs):
    columns = {"customer_id": np.arange(len(x)), "frequency": x, "recency": t_x, "T": T, "sum_log_intertimes": logs}
    return clv.RFM.from_frame(pd.DataFrame(columns), time_unit="week")


# ---- k -----------------------------------------------------------------------------------------------------


@pytest.mark.acceptance
@each_model
def test_the_likelihood_chooses_the_k_of_simulated_customers(model):
    for k in (1, 2, 4):
        rfm = base_of((1.3, 5.0 / k, 0.6, 2.0), k, 1500, 100.0, model is clv.MBGCNBD, seed=k)
        fitted = model().fit(rfm)
        assert fitted.k_ == k
        assert list(fitted.profile_["k"]) == list(range(1, k + 3))  # until it has fallen twice
        assert fitted.fit_.log_likelihood == fitted.profile_["log_likelihood"].max()
        assert rfm.regularity() == pytest.approx(k, rel=0.05)


def test_only_a_chosen_k_counts_as_a_parameter(cdnow):
    chosen, fixed = clv.BGCNBD().fit(cdnow), clv.BGCNBD(k=1).fit(cdnow)
    assert chosen.k_ == fixed.k_ == 1
    assert chosen.parameters_ == fixed.parameters_
    assert chosen.fit_.chosen == 1
    assert fixed.fit_.chosen == 0
    assert chosen.fit_.aic == fixed.fit_.aic + 2
    assert chosen.fit_.bic == pytest.approx(fixed.fit_.bic + np.log(len(cdnow)))
    assert not hasattr(fixed, "profile_")


def test_with_k_1_it_is_bgnbd(cdnow):
    regular, simple = clv.BGCNBD(k=1).fit(cdnow), clv.BGNBD().fit(cdnow)
    # Both stop within 1e-6 standard errors of one maximum.
    assert regular.parameters_ == pytest.approx(simple.parameters_, rel=1e-6)
    assert regular.fit_.log_likelihood == pytest.approx(simple.fit_.log_likelihood, abs=1e-9)
    ours, theirs = (model.expected_purchases(cdnow, 39)["expected_purchases"] for model in (regular, simple))
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-6)


@pytest.mark.parametrize("k", [0, -1, 1.5, 41, True])
def test_a_wrong_k_is_refused(cdnow, k):
    with pytest.raises(InvalidOption, match="must be a whole number from 1 to 40"):
        clv.BGCNBD(k=k).fit(cdnow)


def test_titles_before_a_fit(cdnow):
    assert clv.BGCNBD().title == "BG/CNBD-k"
    assert clv.MBGCNBD(k=3).title == "MBG/CNBD-3"
    assert str(clv.BGCNBD()) == "BG/CNBD-k, not fitted"
    assert clv.BGCNBD().fit(cdnow).title == "BG/CNBD-k (k = 1)"
    with pytest.raises(InvalidOption, match="has no k yet"):
        clv.BGCNBD().process  # noqa: B018
    with pytest.raises(InvalidOption, match="has not been fitted"):
        clv.BGCNBD().mean_purchases(3.0)


def test_a_second_fit_chooses_k_again(cdnow):
    model = clv.BGCNBD().fit(base_of((1.3, 2.5, 0.6, 2.0), 2, 500, 100.0))
    assert model.k_ == 2
    assert model.fit(cdnow).k_ == 1
    model.set_params(k=3).fit(cdnow)
    assert model.process.name == "bgcnbd_3"
    assert not hasattr(model, "profile_")


def test_a_prior_is_on_purchases_and_not_on_events(cdnow):
    """The mean purchase rate is that of purchases for every k; a strong prior pulls it to its mean."""
    for k in (1, 3):
        model = clv.BGCNBD(k=k, prior={"log mean purchase rate": (0.5, 1e-4)}).fit(cdnow)
        rate = model.quantities(cdnow).loc["mean purchase rate", "estimate"]
        assert rate * np.mean(cdnow.T) == pytest.approx(np.exp(0.5), rel=1e-3)


# ---- requirements ------------------------------------------------------------------------------------------


@each_model
def test_an_rfm_without_intertimes_is_refused_with_a_remedy(cdnow, model):
    log = clv.datasets.load_cdnow(sample=True)
    without = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    for ask in (model().fit, model(k=2).fit, model(k=2).fit(cdnow).probability_alive):
        with pytest.raises(
            InvalidRFM, match=r"needs sum_log_intertimes, .*intertimes=True in rfm_summary or holdout_split"
        ):
            ask(without)
    with pytest.raises(InvalidRFM, match="intertimes=True"):
        without.regularity()


@pytest.mark.acceptance
@each_model
def test_regular_models_are_validated_with_others(model):
    log = clv.datasets.load_cdnow(sample=True)
    split = clv.holdout_split(
        log, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30", intertimes=True
    )
    check = clv.validate(split, models=[clv.BGNBD(), model(), model(k=2)])
    # A forecaster has one id and title at every cutoff, whatever k was chosen there; certificates show the k.
    ids = {model_id(model()), model_id(model(k=2)), "bgnbd"}
    assert ids <= set(check.scores["forecaster"])
    assert set(check.parameters["forecaster"]) == ids
    assert {model().title, model(k=2).title, "BG/NBD"} <= set(check.forecasters["title"])
    assert {each["title"] for each in check.certificates} == {model().title + " (k = 1)", model(k=2).title, "BG/NBD"}


# ---- saved, cloned, pickled --------------------------------------------------------------------------------


@each_model
@pytest.mark.parametrize("k", [None, 2])
def test_a_loaded_model_predicts_the_same(cdnow, tmp_path, model, k):
    fitted = model(k=k, prior={"log r": (0.0, 3.0)}).fit(cdnow)
    clv.CustomerModel(fitted).save(tmp_path / "model.json")
    read = clv.load(tmp_path / "model.json").purchases
    again = pickle.loads(pickle.dumps(fitted))
    for other in (read, again):
        assert type(other) is model
        assert (other.k, other.k_, other.title, other.prior) == (k, fitted.k_, fitted.title, fitted.prior)
        assert other.fit_.aic == fitted.fit_.aic
        for ask in (lambda m: m.probability_alive(cdnow), lambda m: m.expected_purchases(cdnow, 39)):
            assert ask(other).equals(ask(fitted))
        if k is None:
            assert other.profile_.equals(fitted.profile_)
        else:
            assert not hasattr(other, "profile_")
    unfitted = clone(fitted)
    assert (unfitted.k, unfitted.__sklearn_is_fitted__(), hasattr(unfitted, "k_")) == (k, False, False)


@pytest.mark.parametrize("name", ["bgcnbd_0", "bgcnbd_41", "bgcnbd_x", "bgcnbd_", "_2", "cnbd_2"])
def test_a_file_with_another_name_is_refused(cdnow, tmp_path, name):
    path = tmp_path / "model.json"
    clv.CustomerModel(clv.BGCNBD(k=2).fit(cdnow)).save(path)
    document = json.loads(path.read_text())
    document["purchases"]["process"] = name
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidModelFile):
        clv.load(path)


# ---- regimes -----------------------------------------------------------------------------------------------


def one_timers(leave_at_once):
    zeros = np.zeros(500)
    return rfm_of(zeros, zeros, np.linspace(20, 40, 500), zeros)


def no_dropout(leave_at_once):
    """Return customers of whom everybody with a repeat purchase bought on the last day."""
    rfm = base_of((0.8, 2.0, 1e-9, 5.0), 2, 2000, 60.0, leave_at_once, seed=1)
    return rfm_of(rfm.frequency, rfm.recency, np.where(rfm.frequency > 0, rfm.recency, rfm.T), rfm.sum_log_intertimes)


REGIMES = {
    "one-timers only": one_timers,
    "x in the thousands": lambda at_once: base_of((2.0, 0.01, 0.5, 400.0), 2, 300, 100.0, at_once),
    "no dropout": no_dropout,
    "fast dropout": lambda at_once: base_of((2.0, 1.0, 20.0, 2.0), 3, 3000, 60.0, at_once),
    "50 customers": lambda at_once: base_of((0.24, 2.2, 0.79, 2.4), 2, 50, 39.0, at_once),
    "20 years": lambda at_once: base_of((0.24, 2.2, 0.79, 2.4), 2, 3000, 1043.0, at_once),
}


@pytest.mark.acceptance
@each_model
@pytest.mark.parametrize("name", REGIMES)
def test_every_regime_is_fitted_and_gets_finite_answers(model, name):
    rfm = REGIMES[name](model is clv.MBGCNBD)
    fitted = model().fit(rfm)
    if name == "one-timers only":
        assert fitted.k_ == 1  # regularity is not identified, and the simplest k is chosen
        assert fitted.fit_.status == "boundary"
    elif name == "no dropout":
        assert fitted.fit_.status == "boundary"
        # Under MBG, customers without repeat purchases may have dropped out immediately.
        expected = "fit-no-dropout-nbd" if model is clv.BGCNBD else "fit-dropout-at-once-or-never"
        assert expected in [finding.code for finding in fitted.fit_.findings]
    else:
        assert fitted.fit_.status == "converged" or name == "50 customers", fitted.fit_.message
    assert fitted.fit_.definite
    some = rfm[np.linspace(0, len(rfm) - 1, 40).astype(int)]
    alive = fitted.probability_alive(some)["probability_alive"]
    assert np.all((alive >= 0) & (alive <= 1))
    for horizon in ("1 week", "1 year", "100 years"):
        expected = fitted.expected_purchases(some, horizon)["expected_purchases"]
        discounted = fitted.discounted_purchases(some, horizon, 0.1)["discounted_purchases"]
        assert np.all(np.isfinite(expected) & (expected >= 0))
        assert np.all(np.isfinite(discounted) & (discounted <= expected * (1 + 1e-9)))
    assert np.all(np.isfinite(fitted.dert(some, 0.1)["dert"]))
    assert np.all(np.isfinite(fitted.summary()["estimate"]))


def test_customers_of_simulated_logs_are_regular():
    parameters = {"r": 1.3, "alpha": 12.0, "a": 0.6, "b": 4.0}
    log = clv.simulate_log(2000, parameters, process="bgcnbd_2", start="2016-01-01")
    rfm = clv.rfm_summary(log, time_unit="week", intertimes=True)
    # Purchases of a day are merged, which makes those of frequent buyers more regular.
    assert rfm.regularity() == pytest.approx(2, rel=0.08)
    assert clv.BGCNBD().fit(rfm).k_ == 2

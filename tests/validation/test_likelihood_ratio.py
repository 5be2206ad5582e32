"""Likelihood-ratio tests: chi-square inside the larger model, no p-value at its edge, other pairs refused."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from clvmodels.clock import Clock
from clvmodels.datasets import load_cdnow
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.purchases import BGNBD, MBGNBD, NBD, PurchaseModel
from clvmodels.language import Finding
from clvmodels.processes import bgnbd, nbd
from clvmodels.processes.blocks import PURCHASE_RATE, CoefficientBlock, GammaBlock
from clvmodels.processes.contract import Score
from clvmodels.processes.coordinates import Parametrization
from clvmodels.transactions.summary import rfm_summary
from clvmodels.validation.comparison.likelihood_ratio import likelihood_ratio_test

LATE = 30.0  # weeks: customers with a smaller T count as late


class Cohorts(NamedTuple):
    r: np.ndarray
    alpha: np.ndarray
    late: np.ndarray


def rates(p, T):
    """Return parameters of an NBD in which late customers buy at exp(late) times the rate."""
    return nbd.Parameters(p.r, p.alpha * np.exp(-p.late * (T < LATE)))


def log_likelihood(p, x, T):
    return nbd.log_likelihood(rates(p, T), x, T)


def score(p, x, T):
    value, (by_log_r, by_log_alpha) = nbd.score(rates(p, T), x, T)
    return Score(value, np.stack([by_log_r, by_log_alpha, -by_log_alpha * (T < LATE)]))


def starts(x, T):
    return [Cohorts(*start, np.zeros(())) for start in nbd.starts(x, T)]


class NBDWithCohorts(PurchaseModel):
    plain = replace(
        nbd.PROCESS,
        title="NBD with cohorts",
        Parameters=Cohorts,
        parametrization=Parametrization((PURCHASE_RATE, CoefficientBlock(("late",))), {"alpha": 1}),
        log_likelihood=log_likelihood,
        score=score,
        starts=starts,
        prepare=None,
    )


DROPOUT_RATE = GammaBlock("s", "beta", of="dropout rate", no_variation="", all_variation="", no_mean="")


class ParetoNBD(BGNBD):
    plain = replace(bgnbd.PROCESS, name="pareto_nbd", title="Pareto/NBD")


class GGompertzNBD(BGNBD):
    plain = replace(
        bgnbd.PROCESS,
        name="ggompertz_nbd",
        title="GGompertz/NBD",
        parametrization=Parametrization((PURCHASE_RATE, DROPOUT_RATE, CoefficientBlock(("log_b",))), {}),
    )


@pytest.fixture(scope="module")
def rfm():
    return rfm_summary(load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def models(rfm):
    return {type(model).__name__: model.fit(rfm) for model in (BGNBD(), MBGNBD(), NBD(), NBDWithCohorts())}


def simulate_purchases(rfm, seed, late=0.0):
    """Return an RFM of the same customers with purchases of an NBD; late customers buy at exp(late) times the rate."""
    generator = np.random.default_rng(seed)
    p = nbd.Parameters(np.float64(0.8), 12.0 * np.exp(-late * (rfm.T < LATE)))
    history = nbd.simulate(p, rfm.T, generator)
    return replace(rfm, frequency=history.x.astype(np.int64), recency=history.t_x)


# ---- inside --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_coefficient_is_tested_by_chi_square(models):
    plain, cohorts = models["NBD"], models["NBDWithCohorts"]
    test = likelihood_ratio_test(plain, cohorts)
    assert test.statistic == 2 * (cohorts.fit_.log_likelihood - plain.fit_.log_likelihood)
    assert test.degrees_of_freedom == 1
    assert test.p_value == pytest.approx(chi2.sf(test.statistic, 1), rel=1e-12)
    # The Wald test of the same coefficient, which is equal for many customers, here 2,357.
    wald = cohorts.parameters_["late"] / np.sqrt(cohorts.fit_.covariance[2, 2])
    assert test.statistic == pytest.approx(wald**2, rel=0.05)


@pytest.mark.slow
def test_a_real_effect_is_detected(rfm):
    data = simulate_purchases(rfm, 1, late=0.5)
    test = likelihood_ratio_test(NBD().fit(data), NBDWithCohorts().fit(data))
    assert test.p_value < 1e-6
    assert "more than chance explains" in test.text


@pytest.mark.acceptance
def test_p_values_are_uniform_where_the_smaller_model_holds(rfm):
    few = rfm[::4]
    p_values = []
    for seed in range(120):
        data = simulate_purchases(few, seed)
        p_values.append(likelihood_ratio_test(NBD().fit(data), NBDWithCohorts().fit(data)).p_value)
    # 120 p-values of fixed seeds; a wrong number of degrees of freedom gives 1e-7 and less.
    assert kstest(p_values, "uniform").pvalue > 1e-3
    assert kstest(chi2.sf(chi2.isf(p_values, 1), 2), "uniform").pvalue < 1e-5


def test_a_test_without_a_visible_effect_says_so(rfm):
    data = simulate_purchases(rfm, 2)
    test = likelihood_ratio_test(NBD().fit(data), NBDWithCohorts().fit(data))
    assert test.p_value > 0.05
    assert f"rises by {test.statistic:.2f} with one more parameter, as it may by chance" in test.text


# ---- at an edge ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", ["BGNBD", "MBGNBD"])
def test_a_model_without_dropout_lies_at_the_edge(models, full):
    test = likelihood_ratio_test(models["NBD"], models[full])
    # BTYDplus and CLVTools: -9763.66 against -9582.43 and -9582.14, each to half a unit of the last digit.
    published = {"BGNBD": 362.46, "MBGNBD": 363.04}[full]
    assert test.statistic == pytest.approx(published, abs=0.02)
    assert test.degrees_of_freedom == 2
    assert test.p_value is None
    assert "there is no p-value: NBD is" in test.text
    assert "Compare BIC instead, or simulate" in test.text


def with_fit(model, like, log_likelihood, k):
    """Return a model with a made-up fit of k parameters at a log-likelihood."""
    fit = replace(like.fit_, log_likelihood=log_likelihood, coordinates=np.zeros(k), free=np.ones(k, dtype=bool))
    return model._restore(fit, like.clock_, like.observation_end_, like.data_fingerprint_)


@pytest.mark.parametrize(
    ("small", "large", "freedom", "reason"),
    [
        (NBD, ParetoNBD, 2, "a mean dropout of 0"),
        (NBD, GGompertzNBD, 3, "a mean dropout of 0"),
        (ParetoNBD, GGompertzNBD, 1, "as b approaches 0, the edge of its range"),
    ],
)
def test_other_edges_have_no_p_value(models, small, large, freedom, reason):
    like = models["BGNBD"]
    test = likelihood_ratio_test(with_fit(small(), like, -9590.0, 2), with_fit(large(), like, -9585.0, 4))
    assert (test.statistic, test.degrees_of_freedom, test.p_value) == (10.0, freedom, None)
    assert reason in test.text


def test_k_is_a_whole_number(models):
    like = models["MBGNBD"]
    regular = with_fit(MBGNBD(), like, -9000.0, 4)
    regular.k_ = 2
    chance = with_fit(MBGNBD(), like, -9010.0, 4)
    chance.k_ = 1
    test = likelihood_ratio_test(chance, regular)
    assert (test.statistic, test.degrees_of_freedom, test.p_value) == (20.0, 0, None)
    assert "k is a whole number" in test.text
    with pytest.raises(InvalidOption, match="is not contained"):
        likelihood_ratio_test(regular, chance)
    chance.k_ = 3  # Erlang times of 3 do not contain those of 2
    with pytest.raises(InvalidOption, match="is not contained"):
        likelihood_ratio_test(regular, chance)


def test_k_in_the_name_of_a_process(models):
    like = models["MBGNBD"]
    regular = with_fit(MBGNBD(), like, -9000.0, 4)
    regular._fitted_process, regular.k_ = replace(like.process, name="mbgcnbd_2", title="MBG/CNBD-2"), 2
    test = likelihood_ratio_test(like, regular)
    assert test.p_value is None
    assert "MBG/NBD differs from MBG/CNBD-2 only by its k of 1" in test.text
    with pytest.raises(InvalidOption, match="BG/NBD is not contained in MBG/CNBD-2"):
        likelihood_ratio_test(models["BGNBD"], regular)


def test_a_fit_that_ended_at_a_limit_has_no_p_value(models):
    plain, cohorts = models["NBD"], models["NBDWithCohorts"]
    ended = with_fit(NBD(), plain, plain.fit_.log_likelihood, 2)
    ended.fit_ = replace(ended.fit_, status="boundary", findings=(Finding("fit-dropout-equal", {"parameter": "s"}),))
    test = likelihood_ratio_test(ended, cohorts)
    assert test.p_value is None
    assert (
        "NBD ended at a limit (all customers are equally likely to drop out: s is indistinguishable from infinity)"
        in test.text
    )


# ---- pairs that are refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("small", "large"), [("BGNBD", "MBGNBD"), ("BGNBD", "NBD"), ("NBDWithCohorts", "BGNBD")])
def test_models_that_are_not_nested_are_refused_with_both_names(models, small, large):
    titles = [models[name].process.title for name in (small, large)]
    with pytest.raises(InvalidOption, match=f"{titles[0]} is not contained in {titles[1]}"):
        likelihood_ratio_test(models[small], models[large])


def test_a_model_is_not_nested_in_itself(models):
    with pytest.raises(InvalidOption, match="BG/NBD is not contained in BG/NBD"):
        likelihood_ratio_test(models["BGNBD"], models["BGNBD"])


def test_other_data_and_other_clocks_are_refused(rfm, models):
    with pytest.raises(InvalidOption, match="not fitted to the same data"):
        likelihood_ratio_test(NBD().fit(rfm[1:]), models["BGNBD"])
    hourly = replace(rfm, clock=Clock("week", "hour"))
    with pytest.raises(ClockMismatch, match="fit both to the same RFM"):
        likelihood_ratio_test(NBD().fit(hourly), models["BGNBD"])
    unknown = with_fit(NBD(), models["NBD"], -9763.0, 2)
    unknown.data_fingerprint_ = None
    with pytest.raises(InvalidOption, match="not fitted to the same data, or were saved"):
        likelihood_ratio_test(unknown, unknown)


def test_fits_that_are_not_at_a_maximum_are_refused(rfm, models):
    with pytest.raises(InvalidOption, match=r"NBD has not been fitted: call fit\(rfm\) first"):
        likelihood_ratio_test(NBD(), models["BGNBD"])
    with pytest.raises(InvalidOption, match="BG/NBD was fitted with a prior"):
        likelihood_ratio_test(models["NBD"], BGNBD(prior={"log r": (0.0, 1.0)}).fit(rfm))
    worse = with_fit(BGNBD(), models["BGNBD"], -9800.0, 4)
    with pytest.raises(InvalidOption, match="BG/NBD fits worse than NBD, which it contains"):
        likelihood_ratio_test(models["NBD"], worse)


def test_a_boundary_may_cost_a_little_likelihood(models):
    """A fit ends at a limit that costs less than data can show, so the larger model may fit worse by that much."""
    plain = models["NBD"]
    test = likelihood_ratio_test(plain, with_fit(BGNBD(), plain, plain.fit_.log_likelihood - 0.02, 4))
    assert test.statistic == 0.0

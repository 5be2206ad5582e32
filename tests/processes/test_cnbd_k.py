"""BG/CNBD-k and MBG/CNBD-k against the R package BTYDplus, BG/NBD and MBG/NBD, independent sums, and simulation."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaln

import clvmodels as clv
from clvmodels.processes import bgnbd, cnbd_k, erlang_future, mbgnbd
from clvmodels.processes.cnbd_k import Parameters, process
from clvmodels.processes.erlang_stages import stage_terms

SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "cnbd_k.json").read_text())
FAMILIES = {"bgcnbd": False, "mbgcnbd": True}
FITS = [
    ("grocery", "bgcnbd", 2),
    ("grocery", "mbgcnbd", 2),
    ("cdnow", "bgcnbd", 2),
    ("cdnow", "mbgcnbd", 2),
    ("cdnow", "mbgcnbd", 3),
]
TYPICAL = Parameters(*map(np.float64, (1.33, 2.81, 0.42, 0.79)))


def parameters(told):
    return Parameters(**{name: np.float64(value) for name, value in told.items()})


@pytest.fixture(scope="module")
def cdnow():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)


@pytest.fixture(scope="module")
def grocery():
    path = SHARED_DATA / "btydplus_grocery_elog.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    columns = {"customer_id": "cust", "date": "date", "time_unit": "week"}
    return clv.rfm_summary(pd.read_csv(path), **columns, observation_end="2006-12-31", intertimes=True)


@pytest.fixture(scope="module")
def first_customers():
    """The first ten customers of the groceries: x, t_x, T in weeks, and the sum of log intertimes."""
    told = REFERENCE["grocery"]["first_customers"]
    columns = [np.array(told[name], dtype=float) for name in ("x", "t_x_days", "T_days", "sum_log_intertimes")]
    return [columns[0], columns[1] / 7, columns[2] / 7, columns[3]]


def some_customers(seed=1, n=40):
    """Statistics of customers who owe nothing to the process, one-timers among them."""
    generator = np.random.default_rng(seed)
    x = generator.integers(0, 9, n).astype(float)
    T = generator.uniform(1, 60, n)
    t_x = np.where(x > 0, T * generator.uniform(0.1, 1, n), 0.0)
    logs = x * (np.log(np.where(x > 0, t_x, 1) / np.maximum(x, 1)) - 0.3)
    return [x, t_x, T, logs]


# ---- against BTYDplus --------------------------------------------------------------------------------------


def check_profile(name, rfm):
    told = REFERENCE[name]
    assert len(rfm) == told["customers"]
    assert rfm.frequency.sum() == told["sum_x"]
    assert rfm.sum_log_intertimes.sum() == pytest.approx(told["sum_log_intertimes"], abs=1e-10)
    columns = [rfm[column].astype(float) for column in ("frequency", "recency", "T", "sum_log_intertimes")]
    for family, leave_at_once in FAMILIES.items():
        for k, fitted in told[f"{family}_by_k"].items():
            value = process(int(k), leave_at_once).log_likelihood(parameters(fitted["parameters"]), *columns)
            # The same function of the same numbers, summed in another order.
            assert np.sum(value) == pytest.approx(fitted["log_likelihood"], rel=1e-12)


def check_fit(name, family, k, rfm):
    told = REFERENCE[name][f"{family}_k{k}"]
    model = {"bgcnbd": clv.BGCNBD, "mbgcnbd": clv.MBGCNBD}[family](k=k).fit(rfm)
    # The package's optimum, polished; both log-likelihoods are flat there to 1e-7.
    assert model.fit_.log_likelihood == pytest.approx(told["polished_log_likelihood"], abs=1e-6)
    assert model.fit_.status == "converged"
    assert model.parameters_ == pytest.approx(told["polished"], rel=2e-4)
    p = parameters(told["parameters"])
    alive = model.process.probability_alive(p, *(rfm[name].astype(float) for name in model.process.statistics))
    assert alive.mean() == pytest.approx(told["mean_probability_alive"], rel=1e-9)
    assert alive[:10] == pytest.approx(told["probability_alive"], rel=1e-9)


def test_the_likelihood_is_that_of_btydplus_on_cdnow(cdnow):
    check_profile("cdnow", cdnow)


@pytest.mark.shared_data
def test_the_likelihood_is_that_of_btydplus_on_groceries(grocery):
    check_profile("grocery", grocery)


@pytest.mark.parametrize(("family", "k"), [fit[1:] for fit in FITS if fit[0] == "cdnow"])
def test_the_fit_is_that_of_btydplus_on_cdnow(cdnow, family, k):
    check_fit("cdnow", family, k, cdnow)


@pytest.mark.shared_data
@pytest.mark.parametrize(("family", "k"), [fit[1:] for fit in FITS if fit[0] == "grocery"])
def test_the_fit_is_that_of_btydplus_on_groceries(grocery, family, k):
    check_fit("grocery", family, k, grocery)


@pytest.mark.shared_data
def test_the_likelihood_chooses_k_as_btydplus_does(grocery):
    for model in (clv.BGCNBD().fit(grocery), clv.MBGCNBD().fit(grocery)):
        assert model.k_ == 2
        assert list(model.profile_["k"]) == [1, 2, 3, 4]
        assert 2 < grocery.regularity() < 3


def test_customers_of_the_groceries(first_customers):
    for family, leave_at_once in FAMILIES.items():
        told = REFERENCE["grocery"][f"{family}_k2"]
        alive = process(2, leave_at_once).probability_alive(parameters(told["parameters"]), *first_customers)
        assert alive == pytest.approx(told["probability_alive"], rel=1e-9)


@pytest.mark.parametrize(("name", "family", "k"), FITS)
def test_new_customers_as_in_btydplus(name, family, k):
    told = REFERENCE[name][f"{family}_k{k}"]
    p, found = parameters(told["parameters"]), process(k, FAMILIES[family])
    assert found.new_customer_pmf(p, np.arange(11), 52.0) == pytest.approx(told["pmf_52"], rel=1e-8)
    # The package sums the probabilities of counts and stops early, below the mean by up to some 1e-5 of it.
    means = found.mean_purchases(p, np.array([10.0, 52.0, 100.0]))
    assert means == pytest.approx(told["expectation_10_52_100"], rel=1e-4)
    assert np.all(means >= np.array(told["expectation_10_52_100"]) * (1 - 1e-9))


@pytest.mark.slow
def test_expectations_are_exact_where_the_package_approximates(first_customers):
    """BG/CNBD-2 at BTYDplus' parameters: a customer seen once (x = 0, T = 52) buys .278 times in 52 weeks more.

    BTYDplus says .316, which is an approximation; a million simulated customers decide. (With MBG/CNBD-2
    it is .064 against .077.)
    """
    told = REFERENCE["grocery"]["bgcnbd_k2"]
    p, found = parameters(told["parameters"]), process(2, False)
    exact = found.expected_purchases(p, 52.0, *(column[:1] for column in first_customers))[0]
    assert exact == pytest.approx(0.278, abs=5e-4)
    assert told["approximate_expectation_single"][0] == pytest.approx(0.316, abs=5e-4)
    history = found.simulate(p, np.full(1_000_000, 104.0), np.random.default_rng(5))
    early = np.bincount(history.customer, history.time <= 52.0, minlength=len(history.x))
    later = (history.x - early)[early == 0]
    assert abs(later.mean() - exact) < 4 * later.std() / np.sqrt(len(later))
    assert abs(later.mean() - told["approximate_expectation_single"][0]) > 8 * later.std() / np.sqrt(len(later))


# ---- against BG/NBD and MBG/NBD ----------------------------------------------------------------------------


@pytest.mark.parametrize(("leave_at_once", "simple"), [(False, bgnbd.PROCESS), (True, mbgnbd.PROCESS)])
def test_with_k_1_it_is_bgnbd_or_mbgnbd_in_every_function(leave_at_once, simple):
    one, columns = process(1, leave_at_once), some_customers()
    x, t_x, T, _ = columns
    p, close = TYPICAL, {"rel": 1e-12, "abs": 1e-12}  # rounding
    assert one.log_likelihood(p, *columns) == pytest.approx(simple.log_likelihood(p, x, t_x, T), **close)
    found, expected = one.score(p, *columns), simple.score(p, x, t_x, T)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, **close)
    assert found.gradient == pytest.approx(expected.gradient, **close)
    assert one.probability_alive(p, *columns) == pytest.approx(simple.probability_alive(p, x, t_x, T), **close)
    told = simple.posterior_means(p, x, t_x, T)
    for name, means in one.posterior_means(p, *columns).items():
        assert means == pytest.approx(told[name], **close)
    for name, options in {
        "survival_if_active": (30.0,),
        "purchases_if_active": (30.0,),
        "discounted_if_active": (30.0, 0.01),
        "residual_if_active": (),
        "intensity_if_active": (3.0,),
        "pmf_if_active": (2, 30.0),
    }.items():
        for q in (p, p._replace(a=np.float64(1.7))):
            found = getattr(one, name)(q, *options, x, t_x, T)
            assert found == pytest.approx(getattr(simple, name)(q, *options, x, T), **close), name
    assert {k: float(v) for k, v in one.quantities(p).items()} == pytest.approx(simple.quantities(p))
    for start, there in zip(one.starts(*columns), simple.starts(x, t_x, T), strict=True):
        assert start == there
    assert one.parametrization == simple.parametrization
    many = [np.repeat(column, 5_000) for column in columns]
    futures = [
        found.sample_future(p, 30.0, 0.0, *statistics, generator=np.random.default_rng(3))
        for found, statistics in ((one, many), (simple, many[:3]))
    ]
    spread = futures[0].purchases.std() * np.sqrt(2 / futures[0].purchases.size)
    assert abs(futures[0].purchases.mean() - futures[1].purchases.mean()) < 5 * spread
    ours = one.simulate(p, T, np.random.default_rng(3))
    assert all(np.array_equal(a, b) for a, b in zip(ours, simple.simulate(p, T, np.random.default_rng(3)), strict=True))


def test_records_pickle():
    for k in (1, 2, 12):
        again = pickle.loads(pickle.dumps(process(k, True)))
        assert again.name == f"mbgcnbd_{k}"
        assert np.array_equal(
            again.score(TYPICAL, *some_customers())[1], process(k, True).score(TYPICAL, *some_customers())[1]
        )


# ---- what an active customer does --------------------------------------------------------------------------


def purchases_by_number(k, p, h, x, t_x, T, n=2_500):
    """Expected purchases as a sum over n of P(stays n - 1 times) P(the n-th is due), term by term."""
    age = p.alpha + T
    terms = stage_terms(k, p.r + k * x, t_x, T, age)
    n = np.arange(1, n + 1)[:, None]
    stays = np.exp(betaln(p.a, p.b + x + n - 1) - betaln(p.a, p.b + x))
    total = 0.0
    for j in range(k):
        total = total + terms[j] * np.sum(stays * betainc(n * k - j, p.r + k * x + j, h / (age + h)), axis=0)
    return total / np.sum(terms, axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 12])
def test_expected_purchases_are_the_sum_over_their_numbers(k):
    columns = some_customers(2)[:3]
    for p in (TYPICAL, TYPICAL._replace(a=np.float64(1.0)), Parameters(*map(np.float64, (0.2, 20.0, 3.0, 9.0)))):
        for h in (0.01, 1.0, 10.0, 52.0):
            expected = purchases_by_number(k, p, h, *columns)
            found = process(k, False).purchases_if_active(p, h, *columns)
            # Nodes of the average over p: 2e-11; with k = 12 interpolation in age at steps of known times: 1e-9.
            assert found == pytest.approx(expected, rel=1e-9 if k < 12 else 1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3, 12])
def test_discounting_is_the_integral_of_the_intensity(k):
    columns = some_customers(3)[:3]
    found, delta, h = process(k, True), 0.02, 52.0
    places, weights = np.polynomial.legendre.leggauss(60)
    expected = 0.0
    for low, high in ((0.0, 0.5), (0.5, 2.0), (2.0, 8.0), (8.0, 52.0)):
        for place, weight in zip(low + 0.5 * (high - low) * (places + 1), 0.5 * (high - low) * weights, strict=True):
            expected = expected + weight * np.exp(-delta * place) * found.intensity_if_active(TYPICAL, place, *columns)
    # Gauss-Legendre on both sides; with k = 12 there are steps to resolve.
    assert found.discounted_if_active(TYPICAL, h, delta, *columns) == pytest.approx(
        expected, rel=1e-9 if k < 12 else 1e-7
    )


@pytest.mark.slow
@settings(max_examples=60, derandomize=True)
@given(
    k=st.sampled_from([1, 2, 3, 4, 7, 12]),
    logit=st.floats(-30, 25),
    log_shape=st.floats(-11, 12),
    log_z=st.floats(-18, 18),
)
def test_purchases_at_a_stage_against_mpmath(k, logit, log_shape, log_z):
    p, shape, z = float(1 / (1 + np.exp(-logit))), float(np.exp(log_shape)), float(np.exp(log_z))
    roots = erlang_future.roots(k, np.array(p))
    bought = erlang_future.purchases_at_stages(k, roots, np.array(shape), np.array(z))
    rate = erlang_future.rate_at_stages(k, roots, np.array(shape), np.array(z))
    with mpmath.workdps(300):  # the roots of unity cancel
        q, exact_shape, exact_z = 1 - mpmath.mpf(p), mpmath.mpf(shape), mpmath.mpf(z)
        y = mpmath.root(q, k)
        for j in range(k):
            kept, slope = mpmath.mpf(0), mpmath.mpf(0)
            for i in range(k):
                s = y * mpmath.expjpi(mpmath.mpf(2) * i / k)
                u = 1 + (1 - s) * exact_z
                kept += (1 - 1 / q) / (k * (1 - 1 / s)) * s**j * u ** -(exact_shape + j)
                slope += s ** (j + 1) * u ** -(exact_shape + j + 1) / (k * q) * (exact_shape + j)
            expected = float((1 - kept.real) / p), float(slope.real)
            # Relative to the answer or, where it is next to nothing, to what one event would do; with large k and a
            # small shape, the chances that cancel are 1e-6 of that.
            floor = 1e-12 * min(1.0, shape)
            assert bought[j] == pytest.approx(expected[0], rel=1e-10, abs=floor)
            assert rate[j] == pytest.approx(expected[1], rel=1e-10, abs=floor)


def test_regular_customers_are_missed_sooner():
    """Whoever used to buy every week and has not for three is more likely gone the more regular purchases are."""
    x, T = np.array([12.0]), np.array([15.0])
    t_x = np.array([12.0])
    alive = [
        float(process(k, False).probability_alive(TYPICAL._replace(alpha=TYPICAL.alpha / k), x, t_x, T, 0 * x)[0])
        for k in (1, 2, 4, 8)
    ]
    assert alive == sorted(alive, reverse=True)
    assert alive[0] > 0.5 > alive[-1]


# ---- regularity --------------------------------------------------------------------------------------------


def drawn_regularity(k, seed=0, n=4_000):
    found = process(k, False)
    p = Parameters(*map(np.float64, (1.3, 2.8 * 5 / k, 0.5, 4.0)))
    history = found.simulate(p, np.full(n, 200.0), np.random.default_rng(seed))
    order = np.lexsort((history.time, history.customer))
    customer, time = history.customer[order], history.time[order]
    before = np.where(np.append(True, customer[1:] != customer[:-1]), 0.0, np.append(0.0, time[:-1]))
    logs = np.bincount(customer, np.log(time - before), minlength=n)
    return cnbd_k.regularity(history.x, history.t_x, logs)


def test_regularity_finds_the_k_of_simulated_customers():
    for k in (1, 2, 5):
        # Some 20,000 intertimes: a standard error of about one percent.
        assert drawn_regularity(k) == pytest.approx(k, rel=0.04)


def test_regularity_at_its_ends():
    assert np.isnan(cnbd_k.regularity(np.array([1.0]), np.array([3.0]), np.log([3.0])))
    assert np.isinf(cnbd_k.regularity(np.array([4.0]), np.array([8.0]), 4 * np.log([2.0])))
    assert cnbd_k.regularity(np.array([2.0]), np.array([1.0]), np.log([1e-9 * (1 - 1e-9)])) < 0.2

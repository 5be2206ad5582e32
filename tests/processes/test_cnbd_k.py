"""BG/CNBD-k and MBG/CNBD-k compared with the R package BTYDplus, BG/NBD and MBG/NBD, sums, and simulation."""

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
from clvmodels.processes import bgnbd, cnbd_k, erlang_future, erlang_sums, mbgnbd
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


def parameters(values):
    return Parameters(**{name: np.float64(value) for name, value in values.items()})


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
    """Return the first ten customers of the groceries: x, t_x, T in weeks, and the sum of log intertimes."""
    reference = REFERENCE["grocery"]["first_customers"]
    columns = [np.array(reference[name], dtype=float) for name in ("x", "t_x_days", "T_days", "sum_log_intertimes")]
    return [columns[0], columns[1] / 7, columns[2] / 7, columns[3]]


def some_customers(seed=1, n=40):
    """Return statistics of customers that were not drawn from the process, some without repeat purchases."""
    generator = np.random.default_rng(seed)
    x = generator.integers(0, 9, n).astype(float)
    T = generator.uniform(1, 60, n)
    t_x = np.where(x > 0, T * generator.uniform(0.1, 1, n), 0.0)
    logs = x * (np.log(np.where(x > 0, t_x, 1) / np.maximum(x, 1)) - 0.3)
    return [x, t_x, T, logs]


# ---- comparison with BTYDplus ------------------------------------------------------------------------------


def check_profile(name, rfm):
    reference = REFERENCE[name]
    assert len(rfm) == reference["customers"]
    assert rfm.frequency.sum() == reference["sum_x"]
    assert rfm.sum_log_intertimes.sum() == pytest.approx(reference["sum_log_intertimes"], abs=1e-10)
    columns = [rfm[column].astype(float) for column in ("frequency", "recency", "T", "sum_log_intertimes")]
    for family, leave_at_once in FAMILIES.items():
        for k, fitted in reference[f"{family}_by_k"].items():
            value = process(int(k), leave_at_once).log_likelihood(parameters(fitted["parameters"]), *columns)
            # The same function of the same numbers, summed in another order.
            assert np.sum(value) == pytest.approx(fitted["log_likelihood"], rel=1e-12)


def check_fit(name, family, k, rfm):
    reference = REFERENCE[name][f"{family}_k{k}"]
    model = {"bgcnbd": clv.BGCNBD, "mbgcnbd": clv.MBGCNBD}[family](k=k).fit(rfm)
    # The package's optimum, polished; both log-likelihoods are flat there to 1e-7.
    assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-6)
    assert model.fit_.status == "converged"
    assert model.parameters_ == pytest.approx(reference["polished"], rel=2e-4)
    p = parameters(reference["parameters"])
    alive = model.process.probability_alive(p, *(rfm[name].astype(float) for name in model.process.statistics))
    assert alive.mean() == pytest.approx(reference["mean_probability_alive"], rel=1e-9)
    assert alive[:10] == pytest.approx(reference["probability_alive"], rel=1e-9)


def test_the_likelihood_matches_btydplus_on_cdnow(cdnow):
    check_profile("cdnow", cdnow)


@pytest.mark.shared_data
def test_the_likelihood_matches_btydplus_on_groceries(grocery):
    check_profile("grocery", grocery)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "k"), [fit[1:] for fit in FITS if fit[0] == "cdnow"])
def test_the_fit_matches_btydplus_on_cdnow(cdnow, family, k):
    check_fit("cdnow", family, k, cdnow)


@pytest.mark.shared_data
@pytest.mark.parametrize(("family", "k"), [fit[1:] for fit in FITS if fit[0] == "grocery"])
def test_the_fit_matches_btydplus_on_groceries(grocery, family, k):
    check_fit("grocery", family, k, grocery)


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_likelihood_chooses_the_same_k_as_btydplus(grocery):
    for model in (clv.BGCNBD().fit(grocery), clv.MBGCNBD().fit(grocery)):
        assert model.k_ == 2
        assert list(model.profile_["k"]) == [1, 2, 3, 4]
        assert 2 < grocery.regularity() < 3


def test_probability_alive_matches_btydplus_on_groceries(first_customers):
    for family, leave_at_once in FAMILIES.items():
        reference = REFERENCE["grocery"][f"{family}_k2"]
        alive = process(2, leave_at_once).probability_alive(parameters(reference["parameters"]), *first_customers)
        assert alive == pytest.approx(reference["probability_alive"], rel=1e-9)


@pytest.mark.parametrize(("name", "family", "k"), FITS)
def test_predictions_for_new_customers_match_btydplus(name, family, k):
    reference = REFERENCE[name][f"{family}_k{k}"]
    p, variant = parameters(reference["parameters"]), process(k, FAMILIES[family])
    assert variant.new_customer_pmf(p, np.arange(11), 52.0) == pytest.approx(reference["pmf_52"], rel=1e-8)
    # The package sums the probabilities of counts and stops early, up to about 1e-5 below the mean.
    means = variant.mean_purchases(p, np.array([10.0, 52.0, 100.0]))
    assert means == pytest.approx(reference["expectation_10_52_100"], rel=1e-4)
    assert np.all(means >= np.array(reference["expectation_10_52_100"]) * (1 - 1e-9))


@pytest.mark.slow
def test_expectations_are_exact_where_btydplus_approximates(first_customers):
    """BG/CNBD-2 at BTYDplus' parameters: a customer seen once (x = 0, T = 52) buys .278 times in the next 52 weeks.

    BTYDplus returns .316, which is an approximation. A million simulated customers confirm .278. (With MBG/CNBD-2
    it is .064 against .077.)
    """
    reference = REFERENCE["grocery"]["bgcnbd_k2"]
    p, variant = parameters(reference["parameters"]), process(2, False)
    exact = variant.expected_purchases(p, 52.0, *(column[:1] for column in first_customers))[0]
    assert exact == pytest.approx(0.278, abs=5e-4)
    assert reference["approximate_expectation_single"][0] == pytest.approx(0.316, abs=5e-4)
    history = variant.simulate(p, np.full(1_000_000, 104.0), np.random.default_rng(5))
    early = np.bincount(history.customer, history.time <= 52.0, minlength=len(history.x))
    later = (history.x - early)[early == 0]
    assert abs(later.mean() - exact) < 4 * later.std() / np.sqrt(len(later))
    assert abs(later.mean() - reference["approximate_expectation_single"][0]) > 8 * later.std() / np.sqrt(len(later))


# ---- comparison with BG/NBD and MBG/NBD --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("leave_at_once", "simple"), [(False, bgnbd.PROCESS), (True, mbgnbd.PROCESS)])
def test_with_k_1_every_function_equals_bgnbd_or_mbgnbd(leave_at_once, simple):
    one, columns = process(1, leave_at_once), some_customers()
    x, t_x, T, _ = columns
    p, close = TYPICAL, {"rel": 1e-12, "abs": 1e-12}  # rounding
    assert one.log_likelihood(p, *columns) == pytest.approx(simple.log_likelihood(p, x, t_x, T), **close)
    result, expected = one.score(p, *columns), simple.score(p, x, t_x, T)
    assert result.log_likelihood == pytest.approx(expected.log_likelihood, **close)
    assert result.gradient == pytest.approx(expected.gradient, **close)
    assert one.probability_alive(p, *columns) == pytest.approx(simple.probability_alive(p, x, t_x, T), **close)
    simple_means = simple.posterior_means(p, x, t_x, T)
    for name, means in one.posterior_means(p, *columns).items():
        assert means == pytest.approx(simple_means[name], **close)
    for name, options in {
        "survival_if_active": (30.0,),
        "purchases_if_active": (30.0,),
        "discounted_if_active": (30.0, 0.01),
        "residual_if_active": (),
        "intensity_if_active": (3.0,),
        "pmf_if_active": (2, 30.0),
    }.items():
        for q in (p, p._replace(a=np.float64(1.7))):
            result = getattr(one, name)(q, *options, x, t_x, T)
            assert result == pytest.approx(getattr(simple, name)(q, *options, x, T), **close), name
    assert {k: float(v) for k, v in one.quantities(p).items()} == pytest.approx(simple.quantities(p))
    for start, there in zip(one.starts(*columns), simple.starts(x, t_x, T), strict=True):
        assert start == there
    assert one.parametrization == simple.parametrization
    many = [np.repeat(column, 5_000) for column in columns]
    futures = [
        either.sample_future(p, 30.0, 0.0, *statistics, generator=np.random.default_rng(3))
        for either, statistics in ((one, many), (simple, many[:3]))
    ]
    spread = futures[0].purchases.std() * np.sqrt(2 / futures[0].purchases.size)
    assert abs(futures[0].purchases.mean() - futures[1].purchases.mean()) < 5 * spread
    ours, theirs = (either.simulate(p, T, np.random.default_rng(3)) for either in (one, simple))
    assert all(np.array_equal(a, b) for a, b in zip(ours[:-1], theirs[:-1], strict=True))
    assert ours.levels.keys() == theirs.levels.keys()
    assert all(np.array_equal(ours.levels[name], theirs.levels[name]) for name in ours.levels)


def test_processes_can_be_pickled():
    for k in (1, 2, 12):
        again = pickle.loads(pickle.dumps(process(k, True)))
        assert again.name == f"mbgcnbd_{k}"
        assert np.array_equal(
            again.score(TYPICAL, *some_customers())[1], process(k, True).score(TYPICAL, *some_customers())[1]
        )


# ---- predictions for active customers ----------------------------------------------------------------------


def purchases_by_number(k, p, h, x, t_x, T, n=2_500):
    """Return expected purchases as a sum over n of P(stays n - 1 times) P(the n-th is due), term by term."""
    age = p.alpha + T
    terms = stage_terms(k, p.r + k * x, t_x, T, age)
    n = np.arange(1, n + 1)[:, None]
    stays = np.exp(betaln(p.a, p.b + x + n - 1) - betaln(p.a, p.b + x))
    total = 0.0
    for j in range(k):
        total = total + terms[j] * np.sum(stays * betainc(n * k - j, p.r + k * x + j, h / (age + h)), axis=0)
    return total / np.sum(terms, axis=0)


@pytest.mark.acceptance
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 12])
def test_expected_purchases_equal_a_sum_over_their_numbers(k):
    columns = some_customers(2)[:3]
    for p in (TYPICAL, TYPICAL._replace(a=np.float64(1.0)), Parameters(*map(np.float64, (0.2, 20.0, 3.0, 9.0)))):
        for h in (0.01, 1.0, 10.0, 52.0):
            expected = purchases_by_number(k, p, h, *columns)
            result = process(k, False).purchases_if_active(p, h, *columns)
            # Nodes of the average over p: 2e-11; with k = 12, interpolation in age at steps: 1e-9.
            assert result == pytest.approx(expected, rel=1e-9 if k < 12 else 1e-8)


def drawn_rows(n, seed=0):
    """Return customers with parameters and horizons of their own, wide apart: p, h, x, t_x, T, each (n,)."""
    draw = np.random.default_rng(seed)
    p = Parameters(*np.exp(draw.normal(0.0, [[1.0], [2.0], [1.0], [1.0]], (4, n))))
    x, T = np.floor(np.exp(draw.uniform(0.0, 5.0, n)) - 1), np.exp(draw.uniform(0.0, 6.0, n))
    return p, np.exp(draw.uniform(-6.0, 5.0, n)), x, np.where(x > 0, T * draw.random(n), 0.0), T


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 5, 12])
def test_expected_purchases_of_customers_with_own_parameters_equal_a_sum_over_their_numbers(k):
    p, h, x, t_x, T = drawn_rows(200)
    result = process(k, False).purchases_if_active(p, h, x, t_x, T)
    few = erlang_sums.count_events(k, p, x, h / (p.alpha + T)) != erlang_sums.TOO_MANY
    expected = np.empty(len(x))
    for i in range(len(x)):
        own = Parameters(*(value[i] for value in p))
        expected[i] = purchases_by_number(k, own, h[i], x[i], t_x[i], T[i], n=1_000)[0]
    assert 0.8 < few.mean() < 1.0
    # Rounding of a thousand factors, and of the incomplete beta functions.
    assert result[few] == pytest.approx(expected[few], rel=2e-12)


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 12])
def test_no_answer_depends_on_the_other_rows(k):
    p, h, x, t_x, T = drawn_rows(30, seed=1)
    worth = process(k, True).discounted_if_active
    whole = worth(p, h, 0.01, x, t_x, T)
    order = np.arange(30)[::-3]
    assert np.array_equal(
        whole[order], worth(Parameters(*(value[order] for value in p)), h[order], 0.01, x[order], t_x[order], T[order])
    )
    shared = worth(TYPICAL, 52.0, 0.01, x, t_x, T)
    assert np.array_equal(shared[order], worth(TYPICAL, 52.0, 0.01, x[order], t_x[order], T[order]))
    own = worth(Parameters(*(np.full(30, value) for value in TYPICAL)), 52.0, 0.01, x, t_x, T)
    assert shared == pytest.approx(own, rel=1e-9)  # one is interpolated in age, and what has too many events by nodes


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 12])
def test_purchases_that_are_counted_meet_those_averaged_over_nodes(k, monkeypatch):
    x, t_x, T = np.array([0.0, 4.0, 30.0]), np.array([0.0, 20.0, 38.0]), np.full(3, 39.0)
    counted = [process(k, False).discounted_if_active(TYPICAL, 52.0, 0.01, x, t_x, T)]
    own = Parameters(*(np.full(3, value) for value in TYPICAL))
    counted.append(process(k, False).discounted_if_active(own, 52.0, 0.01, x, t_x, T))
    monkeypatch.setattr(erlang_sums, "MOST_EVENTS", 0)
    for p, expected in zip((TYPICAL, own), counted, strict=True):
        # Nodes of the average over p: 2e-11; with k = 12, interpolation at steps.
        assert process(k, False).discounted_if_active(p, 52.0, 0.01, x, t_x, T) == pytest.approx(expected, rel=1e-9)


@pytest.mark.acceptance
@pytest.mark.parametrize("k", [2, 3, 12])
def test_discounted_purchases_integrate_the_intensity(k):
    columns = some_customers(3)[:3]
    variant, delta, h = process(k, True), 0.02, 52.0
    places, weights = np.polynomial.legendre.leggauss(60)
    expected = 0.0
    for low, high in ((0.0, 0.5), (0.5, 2.0), (2.0, 8.0), (8.0, 52.0)):
        for place, weight in zip(low + 0.5 * (high - low) * (places + 1), 0.5 * (high - low) * weights, strict=True):
            expected = expected + weight * np.exp(-delta * place) * variant.intensity_if_active(
                TYPICAL, place, *columns
            )
    # Gauss-Legendre on both sides; with k = 12 there are steps to resolve.
    assert variant.discounted_if_active(TYPICAL, h, delta, *columns) == pytest.approx(
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
def test_purchases_at_a_stage_match_mpmath(k, logit, log_shape, log_z):
    p, shape, z = float(1 / (1 + np.exp(-logit))), float(np.exp(log_shape)), float(np.exp(log_z))
    roots = erlang_future.roots(k, np.array(p))
    bought = erlang_future.purchases_at_stages(k, roots, np.array(shape), np.array(z))
    rate = erlang_future.rate_at_stages(k, roots, np.array(shape), np.array(z))
    with mpmath.workdps(300):  # the roots of unity cancel
        q, exact_shape, exact_z = 1 - mpmath.mpf(p), mpmath.mpf(shape), mpmath.mpf(z)
        y = mpmath.root(q, k)
        for j in range(k):
            staying, slope = mpmath.mpf(0), mpmath.mpf(0)
            for i in range(k):
                s = y * mpmath.expjpi(mpmath.mpf(2) * i / k)
                u = 1 + (1 - s) * exact_z
                staying += (1 - 1 / q) / (k * (1 - 1 / s)) * s**j * u ** -(exact_shape + j)
                slope += s ** (j + 1) * u ** -(exact_shape + j + 1) / (k * q) * (exact_shape + j)
            expected = float((1 - staying.real) / p), float(slope.real)
            # Relative to the result or, where that is almost zero, to the effect of one event; with large k and a small
            # shape, the probabilities that cancel are 1e-6 of that.
            floor = 1e-12 * min(1.0, shape)
            assert bought[j] == pytest.approx(expected[0], rel=1e-10, abs=floor)
            assert rate[j] == pytest.approx(expected[1], rel=1e-10, abs=floor)


def test_a_silence_lowers_p_alive_more_for_regular_customers():
    """The more regular purchases are, the less likely is a weekly buyer to be alive after three weeks of silence."""
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
    variant = process(k, False)
    p = Parameters(*map(np.float64, (1.3, 2.8 * 5 / k, 0.5, 4.0)))
    history = variant.simulate(p, np.full(n, 200.0), np.random.default_rng(seed))
    order = np.lexsort((history.time, history.customer))
    customer, time = history.customer[order], history.time[order]
    before = np.where(np.append(True, customer[1:] != customer[:-1]), 0.0, np.append(0.0, time[:-1]))
    logs = np.bincount(customer, np.log(time - before), minlength=n)
    return cnbd_k.regularity(history.x, history.t_x, logs)


def test_regularity_estimates_the_k_of_simulated_customers():
    for k in (1, 2, 5):
        # About 20,000 intertimes: a standard error of about one percent.
        assert drawn_regularity(k) == pytest.approx(k, rel=0.04)


def test_regularity_is_defined_at_its_limits():
    assert np.isnan(cnbd_k.regularity(np.array([1.0]), np.array([3.0]), np.log([3.0])))
    assert np.isinf(cnbd_k.regularity(np.array([4.0]), np.array([8.0]), 4 * np.log([2.0])))
    assert cnbd_k.regularity(np.array([2.0]), np.array([1.0]), np.log([1e-9 * (1 - 1e-9)])) < 0.2

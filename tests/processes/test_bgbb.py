"""BG/BB compared with its paper, the R package BTYD, mpmath at sixty digits, and sums over all histories."""

from __future__ import annotations

import itertools
import json
from math import comb
from pathlib import Path

import mpmath
import numpy as np
import pytest

from clvmodels.datasets import load_donations
from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import CountedRows
from clvmodels.processes import bgbb, bgbb_active
from clvmodels.processes.bgbb import PROCESS, Parameters

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "donations_bgbb.json").read_text("utf-8"))
PAPER, BTYD = REFERENCE["fader_hardie_shang_2010"], REFERENCE["btyd"]


def parameters(values):
    return Parameters(**{name: np.float64(value) for name, value in values.items()})


P = parameters(BTYD["parameters"])
EACH = [np.array(BTYD[name], dtype=float) for name in ("x", "t_x", "n")]
DONORS = np.array(BTYD["donors"], dtype=float)


@pytest.fixture(scope="module")
def fit():
    counts = load_donations().to_numpy(dtype=float)
    return maximize(PROCESS, CountedRows(tuple(counts[:, :3].T), counts[:, 3]), 6.0)


# ---- published numbers -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fit_matches_the_paper(fit):
    # Printed to three decimals, hence half a unit of the last.
    assert fit.parameters == pytest.approx(PAPER["parameters"], abs=5e-4)
    assert (fit.status, fit.customers, fit.unique_rows) == ("converged", 11_104, 22)


@pytest.mark.slow
def test_predictions_match_the_paper(fit):
    p = parameters(fit.parameters)
    expected = DONORS @ PROCESS.expected_purchases(p, 5.0, *EACH)
    assert expected == pytest.approx(PAPER["expected_holdout_donations"], abs=0.05)
    donors = DONORS.sum() * PROCESS.new_customer_pmf(p, np.array([0, 6]), 6.0)
    assert donors == pytest.approx(PAPER["expected_donors_with_0_and_6_of_6"], abs=0.05)
    published = PAPER["alive_in_2002"]  # that is, active at the first opportunity after the six
    x, t_x = (np.array(published[name], dtype=float) for name in ("x", "t_x"))
    assert PROCESS.survival(p, 1.0, x, t_x, np.full(3, 6.0)) == pytest.approx(published["value"], abs=5e-3)


# ---- the R package -----------------------------------------------------------------------------------------


def test_the_optimum_is_as_high_as_that_of_btyd(fit):
    # BTYD's polished likelihood is flat to about 1e-9 there, which leaves its parameters uncertain by the root of that.
    assert fit.log_likelihood > BTYD["polished_log_likelihood"] - 1e-9
    assert fit.log_likelihood == pytest.approx(BTYD["polished_log_likelihood"], abs=1e-6)
    assert fit.parameters == pytest.approx(BTYD["polished_parameters"], rel=1e-4)


def test_likelihoods_match_btyd():
    # Rounding, here and of the fifteen digits in the file.
    assert PROCESS.log_likelihood(P, *EACH) == pytest.approx(BTYD["log_likelihood_of_each"], rel=1e-13)
    assert DONORS @ PROCESS.log_likelihood(P, *EACH) == pytest.approx(BTYD["log_likelihood"], rel=1e-13)
    elsewhere = BTYD["log_likelihood_at"]
    result = DONORS @ PROCESS.log_likelihood(parameters(elsewhere["parameters"]), *EACH)
    assert result == pytest.approx(elsewhere["value"], rel=1e-13)


def test_predictions_match_btyd():
    # Rounding; averages over nodes are accurate to about 1e-11.
    assert PROCESS.survival(P, 1.0, *EACH) == pytest.approx(BTYD["probability_alive_at_the_next"], rel=1e-12)
    assert PROCESS.expected_purchases(P, 5.0, *EACH) == pytest.approx(BTYD["expected_donations_in_5"], rel=1e-10)
    assert DONORS @ PROCESS.expected_purchases(P, 5.0, *EACH) == pytest.approx(
        BTYD["expected_holdout_donations"], rel=1e-10
    )
    means = PROCESS.posterior_means(P, *EACH)
    assert means["purchase_probability"] == pytest.approx(BTYD["mean_purchase_probability"], rel=1e-12)
    assert means["dropout_probability"] == pytest.approx(BTYD["mean_dropout_probability"], rel=1e-12)
    assert PROCESS.mean_purchases(P, np.array([1.0, 5.0, 11.0])) == pytest.approx(
        BTYD["expected_repeats_by_1_5_11"], rel=1e-10
    )
    assert PROCESS.new_customer_pmf(P, np.arange(7), 6.0) == pytest.approx(BTYD["pmf_of_6"], rel=1e-12)


def test_dert_discounts_the_next_opportunity_by_one_period():
    """With d = 0.1 per period, as in BTYD, the i-th opportunity from now is worth (1 + d)^-i."""
    alive = PROCESS.probability_alive(P, *EACH)
    result = alive * PROCESS.residual_discounted_if_active(P, np.log(1.1), *PROCESS._state(EACH))
    assert result == pytest.approx(BTYD["dert_at_0.1"], rel=1e-10)


def histories(n):
    """Return every (x, t_x) at n opportunities, and the number of sequences of purchases with it."""
    rows = [(0, 0, 1)] + [(x, t, comb(t - 1, x - 1)) for t in range(1, n + 1) for x in range(1, t + 1)]
    x, t_x, ways = np.array(rows, dtype=float).T
    return x, t_x, np.full(len(x), float(n)), ways


def test_the_pmf_of_a_later_period_matches_btyd():
    """The pmf averaged over all histories up to the period is that of BTYD, by the law of total probability."""
    x, t_x, n, ways = histories(6)
    chance = ways * np.exp(PROCESS.log_likelihood(P, x, t_x, n))
    assert chance.sum() == pytest.approx(1, rel=1e-14)
    later = PROCESS.pmf(P, np.arange(6)[:, None], 5.0, x, t_x, n)
    assert later @ chance == pytest.approx(BTYD["pmf_of_the_5_after_6"], rel=1e-12)
    assert BTYD["donations_in_5"]  # the actual number, which the forecast misses by 3 %
    assert DONORS @ PROCESS.expected_purchases(P, 5.0, *EACH) / sum(BTYD["donations_in_5"]) - 1 == pytest.approx(
        -0.0283, abs=5e-5
    )


# ---- exact sums with sixty digits --------------------------------------------------------------------------


def exact(p, x, t_x, n):
    """Return the paper's likelihood of the history and being active, and its likelihood of the history."""
    a, b, g, d = map(mpmath.mpf, map(float, p))
    scale = mpmath.beta(a, b) * mpmath.beta(g, d)
    alive = mpmath.beta(a + x, b + n - x) * mpmath.beta(g, d + n) / scale
    gone = [mpmath.beta(a + x, b + t_x - x + i) * mpmath.beta(g + 1, d + t_x + i) / scale for i in range(n - t_x)]
    return alive, alive + mpmath.fsum(gone)


def exact_purchases(p, h, rate, x, n):
    a, b, g, d = map(mpmath.mpf, map(float, p))
    stays = [mpmath.beta(g, d + n + i) / mpmath.beta(g, d + n) for i in range(1, h + 1)]
    worth = [stay * mpmath.exp(-mpmath.mpf(rate) * i) for i, stay in enumerate(stays, 1)]
    return (a + x) / (a + b + n) * mpmath.fsum(worth)


def exact_pmf(p, k, h, x, n):
    a, b, g, d = map(mpmath.mpf, map(float, p))
    a, b, d = a + x, b + n - x, d + n
    total = mpmath.binomial(h, k) * mpmath.beta(a + k, b + h - k) * mpmath.beta(g, d + h)
    for i in range(k, h):
        total += mpmath.binomial(i, k) * mpmath.beta(a + k, b + i - k) * mpmath.beta(g + 1, d + i)
    return total / mpmath.beta(a, b) / mpmath.beta(g, d)


CORNERS = list(itertools.product((np.exp(-12.0), 1.0, np.exp(12.0)), repeat=4))
HISTORIES = [(0, 0, 5), (3, 3, 3), (1, 20, 30), (15, 15, 45), (5, 17, 18)]


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("corner", range(0, len(CORNERS), 4))
def test_results_at_the_corners_match_sixty_digits(corner):
    p = Parameters(*map(np.float64, CORNERS[corner]))
    with mpmath.workdps(60):
        for x, t_x, n in HISTORIES:
            columns = [np.array([float(value)]) for value in (x, t_x, n)]
            alive, whole = exact(p, x, t_x, n)
            # Sums of up to 45 logarithms of e^12, and products of up to 45 probabilities.
            assert PROCESS.log_likelihood(p, *columns)[0] == pytest.approx(
                float(mpmath.log(whole)), rel=1e-12, abs=1e-12
            )
            assert PROCESS.probability_alive(p, *columns)[0] == pytest.approx(float(alive / whole), rel=1e-12)
            for h, rate in ((1, 0.0), (60, 0.0), (60, 0.05), (60, -0.01)):
                result = PROCESS.discounted_if_active(p, float(h), rate, columns[0], columns[2])[0]
                # A beta function of e^12 and e^12 is the exponential of a million, so it is accurate to 1e-9.
                assert result == pytest.approx(float(exact_purchases(p, h, rate, x, n)), rel=1e-9)
            for k, h in ((0, 1), (0, 40), (3, 40), (40, 40)):
                result = PROCESS.pmf_if_active(p, np.float64(k), float(h), columns[0], columns[2])[0]
                assert result == pytest.approx(float(exact_pmf(p, k, h, x, n)), rel=2e-9, abs=1e-300)


@pytest.mark.slow
def test_twenty_years_of_weeks_match_sixty_digits():
    p = Parameters(*map(np.float64, (0.8, 8.0, 0.5, 100.0)))
    with mpmath.workdps(60):
        for x, t_x, n in ((0, 0, 1040), (400, 1000, 1040), (1040, 1040, 1040), (3, 10, 1040)):
            columns = [np.array([float(value)]) for value in (x, t_x, n)]
            alive, whole = exact(p, x, t_x, n)
            # A thousand factors, each rounded.
            assert PROCESS.log_likelihood(p, *columns)[0] == pytest.approx(float(mpmath.log(whole)), rel=1e-12)
            assert PROCESS.probability_alive(p, *columns)[0] == pytest.approx(float(alive / whole), rel=1e-11)


@pytest.mark.parametrize("gamma", [1.0, 1.0 + 1e-12, 1.0 - 1e-9, 0.999999])
def test_expected_purchases_are_continuous_at_gamma_1(gamma):
    """The paper's closed form of expected purchases divides by gamma - 1."""
    p = Parameters(*map(np.float64, (1.2, 0.75, gamma, 2.8)))
    x, n = np.array([0.0, 3.0]), np.array([4.0, 6.0])
    for h in (1, 10, 100):
        result = PROCESS.purchases_if_active(p, float(h), x, n)
        with mpmath.workdps(40):
            expected = [float(exact_purchases(p, h, 0.0, int(a), int(b))) for a, b in zip(x, n, strict=True)]
        assert result == pytest.approx(expected, rel=1e-10)


def test_residual_purchases_are_finite_only_where_gamma_exceeds_1():
    """The limit is the paper's closed form without its second term, which vanishes as h^-(gamma - 1)."""
    p, x, n = Parameters(*map(np.float64, (1.2, 0.75, 3.0, 2.8))), np.array([0.0, 3.0]), np.array([4.0, 6.0])
    ever = PROCESS.residual_if_active(p, x, n)
    assert ever == pytest.approx((1.2 + x) / (1.95 + n) * (2.8 + n) / 2, rel=1e-14)
    assert PROCESS.purchases_if_active(p, 1e7, x, n) == pytest.approx(ever, rel=1e-9)
    assert np.all(np.isinf(PROCESS.residual_if_active(p._replace(gamma=np.float64(1.0)), x, n)))


def test_a_customer_who_bought_at_the_last_opportunity_is_active():
    x = np.arange(1.0, 7.0)
    assert np.all(PROCESS.probability_alive(P, x, np.full(6, 6.0), np.full(6, 6.0)) == 1)


def test_simulated_histories_are_possible():
    history = PROCESS.simulate(P, np.repeat([0.0, 1.0, 6.5], 400), np.random.default_rng(1))
    n = np.repeat([0.0, 1.0, 6.0], 400)
    assert np.all((history.x <= history.t_x) & (history.t_x <= n))
    assert np.all((history.x == 0) == (history.t_x == 0))
    assert np.array_equal(np.bincount(history.customer, minlength=1200), history.x)
    assert np.all(history.time == np.floor(history.time))
    assert len(set(zip(history.customer, history.time, strict=True))) == len(history.time)
    last = np.zeros(1200)
    np.maximum.at(last, history.customer, history.time)
    assert np.array_equal(last, history.t_x)
    assert history.active[:400].all()


def test_futures_do_not_depend_on_the_size_of_a_block(monkeypatch):
    columns = [np.repeat(column, 50) for column in EACH]
    whole = PROCESS.sample_future(P, 40.0, 0.1, *columns, generator=np.random.default_rng(2))
    monkeypatch.setattr(bgbb_active, "DRAWN_AT_ONCE", 3 * len(columns[0]))
    parts = PROCESS.sample_future(P, 40.0, 0.1, *columns, generator=np.random.default_rng(2))
    assert np.array_equal(whole.purchases, parts.purchases)
    assert parts.worth == pytest.approx(whole.worth, rel=1e-14)


def test_few_and_many_customers_get_the_same_results(monkeypatch):
    x = np.repeat([0.0, 1.0, 4.0], 30)
    t_x = np.where(x > 0, x + np.tile(np.arange(30.0), 3), 0.0)
    n = t_x + np.tile([0.0, 1.0, 7.0, 40.0, 200.0], 18)
    for p in (P, Parameters(*np.outer(np.array(P), [1.0, 1.1])[:, :, None])):
        results = [(PROCESS.probability_alive(p, x, t_x, n), PROCESS.log_likelihood(p, x, t_x, n))]
        monkeypatch.setattr(bgbb, "LARGEST_ARRAY", 0)
        results.append((PROCESS.probability_alive(p, x, t_x, n), PROCESS.log_likelihood(p, x, t_x, n)))
        monkeypatch.undo()
        assert np.array_equal(results[0], results[1])


def test_one_customer_can_have_many_draws_of_the_parameters():
    drawn = Parameters(*np.outer(np.array(P), [1.0, 1.3, 0.7]))
    for x, t_x, n in ((2.0, 4.0, 6.0), (0.0, 0.0, 6.0), (6.0, 6.0, 6.0)):
        result = PROCESS.probability_alive(drawn, np.float64(x), np.float64(t_x), np.float64(n))
        alone = [
            PROCESS.probability_alive(Parameters(*p), *np.array([[x], [t_x], [n]]))[0] for p in zip(*drawn, strict=True)
        ]
        assert np.array_equal(result, alone)
    assert PROCESS.probability_alive(P, *map(np.float64, (2.0, 4.0, 6.0))).shape == ()

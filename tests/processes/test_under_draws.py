"""Expected purchases and P(alive) under many draws of the parameters at once."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.processes import bgnbd, mbgnbd, pareto_nbd
from clvmodels.processes.beta_geometric import Parameters, average
from clvmodels.processes.beta_geometric_series import MOST_TERMS, _count_terms, purchases_under_draws
from clvmodels.processes.race import Remaining, log_chance
from clvmodels.processes.race_under_draws import MOST_LEVELS, _count_levels, log_chances_under_draws

DRAWS, ROWS = 20, 60


@pytest.fixture
def generator():
    return np.random.default_rng(5)


def spread(generator, low, high, size):
    return np.exp(generator.uniform(np.log(low), np.log(high), size))


def by_quadrature(p, h, x, T):
    def until(q, z, shape):
        return np.where(q > 0, -np.expm1(np.log1p(q * z) * -shape) / np.where(q > 0, q, 1.0), shape * z)

    rows = []
    for values in zip(*map(np.ravel, p), strict=True):
        one = Parameters(*map(np.asarray, values))
        z, shape = h / (one.alpha + T), one.r + x
        rows.append(average(until, one, np.asarray(h), x, 0.5 * (shape + 1) * z, z, shape))
    return np.stack(rows)


@pytest.mark.parametrize("h", [1e-3, 0.5, 30.0, 3_000.0])
def test_purchases_are_those_of_an_average_over_the_dropout_probability(generator, h):
    p = Parameters(
        *(spread(generator, low, high, (DRAWS, 1)) for low, high in ((0.05, 5), (1, 50), (0.1, 5), (0.5, 9)))
    )
    x = np.floor(spread(generator, 1, 2_000, ROWS)) - 1
    T = generator.uniform(0, 100, ROWS)
    terms = _count_terms(p, h, x, T)
    assert h < 1_000 or (terms > MOST_TERMS).any()  # both ways of computing it are tested
    assert (terms <= MOST_TERMS).any()
    # the average has nodes for an error of 2e-11, and interpolates in age with 4e-12
    np.testing.assert_allclose(purchases_under_draws(p, h, x, T), by_quadrature(p, h, x, T), rtol=3e-11)


def test_purchases_within_no_time_are_none(generator):
    p = Parameters(*spread(generator, 0.1, 2, (4, DRAWS, 1)))
    assert (purchases_under_draws(p, 0.0, np.array([0.0, 3.0, 900.0]), np.array([0.0, 5.0, 50.0])) == 0).all()


@pytest.mark.parametrize("process", [bgnbd.PROCESS, mbgnbd.PROCESS])
def test_draws_together_are_draws_one_by_one_for_any_rows(generator, process):
    p = process.Parameters(*spread(generator, 0.3, 3, (4, DRAWS, 1)))
    x, T = np.floor(spread(generator, 1, 60, ROWS)) - 1, generator.uniform(0, 40, ROWS)
    together = process.purchases_under_draws(p, 13.0, x, T)
    each = [process.purchases_if_active(process.Parameters(*values), 13.0, x, T) for values in np.stack(p)[:, :, 0].T]
    np.testing.assert_allclose(together, each, rtol=1e-11)  # each interpolates with an error of 4e-12
    order = generator.permutation(ROWS)[: ROWS // 2]
    assert (process.purchases_under_draws(p, 13.0, x[order], T[order]) == together[:, order]).all()


@pytest.mark.parametrize("purchase", [True, False])
def test_the_chances_of_the_race_are_those_of_an_integral(generator, purchase):
    shape, s = spread(generator, 0.05, 500, (DRAWS, ROWS)), spread(generator, 1e-3, 50, (DRAWS, 1))
    A, B = spread(generator, 1e-3, 1e3, (DRAWS, ROWS)), spread(generator, 1, 10, (DRAWS, 1))
    levels = _count_levels(np.minimum(A, B) / np.maximum(A, B))
    assert (levels > MOST_LEVELS).any()
    assert (levels <= MOST_LEVELS).any()
    wide = np.broadcast_to(B, A.shape).ravel()
    law = Remaining(np.broadcast_to(s, A.shape).ravel(), wide, None, wide, None)
    expected = log_chance(purchase, shape.ravel(), A.ravel(), law).reshape(A.shape)
    answer = log_chances_under_draws(purchase, shape, A, s, B)
    np.testing.assert_allclose(answer, expected, rtol=1e-12, atol=1e-12)  # the integral is good to 1e-12
    part = log_chances_under_draws(purchase, shape[3:5, 7:20], A[3:5, 7:20], s[3:5], B[3:5])
    assert (part == answer[3:5, 7:20]).all()


def test_equal_times_of_both_events_give_the_shares_of_their_shapes():
    one = np.ones(2)
    answer = log_chances_under_draws(True, np.array([1.0, 3.0]), one, one, one)
    np.testing.assert_allclose(np.exp(answer), [0.5, 0.75], rtol=1e-15)


def test_p_alive_under_draws_is_that_of_each_draw(generator):
    process = pareto_nbd.PROCESS
    p = process.Parameters(*spread(generator, 0.3, 30, (4, DRAWS, 1)))
    T = generator.uniform(1, 40, ROWS)
    x = np.floor(spread(generator, 1, 60, ROWS)) - 1
    t_x = np.where(x > 0, T * generator.random(ROWS), 0.0)
    together = process.probability_alive(p, x, t_x, T)
    each = [process.probability_alive(process.Parameters(*values), x, t_x, T) for values in np.stack(p)[:, :, 0].T]
    np.testing.assert_allclose(together, each, rtol=1e-10)  # each interpolates
    order = generator.permutation(ROWS)[: ROWS // 2]
    assert (process.probability_alive(p, x[order], t_x[order], T[order]) == together[:, order]).all()

"""Draws of what is expected at a customer's own rates: on average they are what is expected of the customer."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.processes import bgnbd, gamma_gamma, mbgnbd, nbd, pareto_nbd
from clvmodels.processes.special import discounted_length

PARAMETERS = (
    (nbd.PROCESS, (0.8, 9.0)),
    (bgnbd.PROCESS, (0.8, 9.0, 0.9, 3.0)),
    (mbgnbd.PROCESS, (0.8, 9.0, 0.9, 3.0)),
    (pareto_nbd.PROCESS, (0.8, 9.0, 1.5, 20.0)),
)
DRAWS = 20_000


@pytest.mark.parametrize(("process", "values"), PARAMETERS, ids=[process.name for process, _ in PARAMETERS])
@pytest.mark.parametrize("delta", [0.0, 0.02])
def test_draws_at_own_rates_have_the_expected_mean_and_vary_less_than_outcomes(process, values, delta):
    p = process.Parameters(*values)
    x, age = np.full(DRAWS, 3.0), np.full(DRAWS, 30.0)
    drawn = process.sample_mean_if_active(p, 40.0, delta, x, age, np.random.default_rng(1))
    expected = float(process.discounted_if_active(p, 40.0, delta, x[:1], age[:1])[0])
    assert abs(drawn.mean() - expected) < 5 * drawn.std() / DRAWS**0.5  # five standard errors
    active = np.ones(DRAWS, dtype=bool)
    outcome = process.sample_if_active(p, 40.0, delta, x, age, active, np.random.default_rng(2)).worth
    assert drawn.var() < outcome.var()


def test_mean_spends_have_the_expected_mean():
    p = gamma_gamma.Parameters(6.0, 4.0, 15.0)
    count, mean = np.full(DRAWS, 2.0), np.full(DRAWS, 30.0)
    drawn = gamma_gamma.sample_mean_spend(p, count, mean, np.random.default_rng(1))
    expected = float(gamma_gamma.expected_spend(p, count[:1], mean[:1])[0])
    assert abs(drawn.mean() - expected) < 5 * drawn.std() / DRAWS**0.5  # five standard errors


def test_a_length_without_decay_is_the_length():
    assert discounted_length(np.array([0.0, 1e-12, 0.5]), 4.0) == pytest.approx([4.0, 4.0, 2 * (1 - np.exp(-2))])

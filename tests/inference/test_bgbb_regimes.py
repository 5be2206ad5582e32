"""Fits of BG/BB in extreme regimes: each has a maximum, or reports the boundary where it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from clvmodels.errors import FitFailed
from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.bgbb import PROCESS, Parameters


def ages(first, last, customers=2000):
    return np.random.default_rng(1).integers(first, last + 1, customers).astype(float)


def drawn(p, n):
    history = PROCESS.simulate(Parameters(*map(np.float64, p)), n, np.random.default_rng(0))
    return history.x, history.t_x, n


def one_timers():
    n = ages(1, 10)
    return np.zeros(len(n)), np.zeros(len(n)), n


def every_time(n):
    return n, n, n


def no_dropout():
    """Customers with different purchase frequencies, who all bought at the first and at the last opportunity."""
    x = 2.0 + np.arange(2000) % 9
    return x, np.full(2000, 10.0), np.full(2000, 10.0)


NOT_IDENTIFIED = "the data do not identify "
# Each regime with the beginnings of the findings it must end with; none where it converges.
REGIMES = {
    "one-timers only": (
        one_timers(),
        ["every customer drops out before", NOT_IDENTIFIED + "log (alpha + beta), logit mean"],
    ),
    "always, thousands of times": (
        every_time(ages(1000, 4000, 300)),
        [
            "customers buy at every opportunity",
            "no dropout is visible",
            NOT_IDENTIFIED + "log (alpha + beta) and log (ga",
        ],
    ),
    "no dropout": (no_dropout(), ["no dropout is visible", NOT_IDENTIFIED + "log (gamma + delta)"]),
    "fast dropout": (drawn((1.2, 0.8, 4.0, 1.0), ages(4, 20)), []),
    "50 customers": (
        drawn((1.2, 0.75, 0.66, 2.8), np.full(50, 6.0)),
        ["all customers are equally likely to drop out"],
    ),
    "20 years": (drawn((0.8, 1.0, 0.5, 3.0), ages(10, 20)), []),
    "20 years of weeks": (drawn((0.8, 8.0, 0.5, 100.0), ages(500, 1040, 1000)), []),
    "always until they leave": (
        drawn((1e6, 1e-3, 1.0, 5.0), ages(4, 20)),
        ["customers buy at every opportunity", NOT_IDENTIFIED + "log (alpha + beta)"],
    ),
    "one customer": (
        (np.array([2.0]), np.array([4.0]), np.array([6.0])),
        ["all customers buy with the same probability", "no dropout is visible", NOT_IDENTIFIED + "log (gamma + d"],
    ),
    "one customer who bought once": (
        (np.zeros(1), np.zeros(1), np.array([5.0])),
        ["every customer drops out before", NOT_IDENTIFIED],
    ),
}
each_regime = pytest.mark.parametrize("name", REGIMES)


def fit_regime(name):
    columns, starts = REGIMES[name]
    return maximize(PROCESS, unique_rows(columns), float(np.mean(columns[2]))), columns, starts


@pytest.mark.acceptance
@each_regime
def test_a_fit_converges_or_reports_its_boundary(name):
    fit, _, starts = fit_regime(name)
    assert fit.status == ("boundary" if starts else "converged")
    findings = [finding for finding in fit.findings if finding.code != "fit-converged"]
    assert len(findings) == len(starts), fit.message
    for finding, start in zip(findings, starts, strict=True):
        assert finding.text.startswith(start), fit.message
    assert fit.definite
    assert np.all(np.isfinite(fit.covariance))


@pytest.mark.acceptance
@pytest.mark.slow
@each_regime
def test_no_other_start_finds_a_higher_maximum(name):
    """The maximum is compared with that of a simple search from random starts."""
    fit, columns, _ = fit_regime(name)
    rows, form = unique_rows(columns), PROCESS.parametrization
    bounds = [(coordinate.lower.at, coordinate.upper.at) for coordinate in form.coordinates]

    def descend(u):
        value, gradient = PROCESS.score(Parameters(*form.parameters_at(u, fit.unit)), *rows.columns)
        return -np.sum(rows.counts * value), -np.sum(rows.counts * gradient, axis=1) @ form.jacobian(u)

    generator = np.random.default_rng(0)
    minima = [
        minimize(descend, generator.uniform(-6, 6, 4), jac=True, method="L-BFGS-B", bounds=bounds).fun
        for _ in range(4 if name == "20 years of weeks" else 12)
    ]
    # A boundary may cost search.INDISTINGUISHABLE for each coordinate moved to it.
    assert fit.log_likelihood >= -min(minima) - 0.04


@pytest.mark.acceptance
@each_regime
def test_predictions_are_finite_in_every_regime(name):
    fit, columns, _ = fit_regime(name)
    p = Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    for h in (1.0, 52.0, 5218.0):
        expected = PROCESS.expected_purchases(p, h, *columns)
        discounted = PROCESS.discounted_purchases(p, h, 0.1 / 52, *columns)
        assert np.all(np.isfinite(expected) & (expected >= 0) & (expected <= h * (1 + 1e-9)))
        assert np.all(np.isfinite(discounted) & (discounted <= expected * (1 + 1e-9)))
    chances = [PROCESS.probability_alive(p, *columns), PROCESS.survival(p, 52.0, *columns)]
    chances += [PROCESS.pmf(p, 2, 52.0, *columns), *PROCESS.posterior_means(p, *columns).values()]
    assert all(np.all((chance >= 0) & (chance <= 1)) for chance in chances)


@pytest.mark.slow
def test_without_dropout_purchases_are_beta_binomial():
    fit, (x, t_x, n), _ = fit_regime("no dropout")
    p = Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    # gamma/(gamma + delta) ends at 1e-7, which costs that share of each of ten opportunities.
    assert PROCESS.expected_purchases(p, 10.0, x, t_x, n) == pytest.approx(
        10 * (p.alpha + x) / (p.alpha + p.beta + n), rel=1e-5
    )


def test_one_opportunity_does_not_identify_the_model():
    with pytest.raises(
        FitFailed, match=r"BG/BB fit to 500 customers found no maximum \(the likelihood is flat .*longer"
    ):
        maximize(PROCESS, unique_rows(drawn((1.2, 0.75, 0.66, 2.8), np.ones(500))), 1.0)

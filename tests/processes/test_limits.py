"""Limits where one process becomes another: every function of the richer process equals that of the simpler one."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.processes import bgnbd, ggompertz_nbd, mbgnbd, nbd, pareto_nbd

X = np.array([0.0, 0.0, 1.0, 3.0, 20.0, 400.0, 3000.0])
RECENCY = np.array([0.0, 0.0, 2.0, 30.0, 38.5, 39.0, 20.0])
AGE = np.array([39.0, 0.0, 39.0, 39.0, 39.0, 39.0, 21.0])
STATISTICS = {"frequency": X, "recency": RECENCY, "T": AGE}
# The last customer, silent for a week after 3,000 purchases in 20 weeks, is inactive even if dropout is very unlikely;
# here the last purchase is at the end.
STATISTICS_OF_ACTIVE = STATISTICS | {"recency": np.append(RECENCY[:-1], AGE[-1])}
TINY = 1e-11  # how far from its limit the richer process is


def parameters(process, *values):
    return process.Parameters(*map(np.float64, values))


def intensity(process, p, tau, *columns):
    """Return the expected purchases per unit of time, tau after T, given the history."""
    return process.probability_alive(p, *columns) * process.intensity_if_active(p, tau, *process._state(columns))


def dert(process, p, delta, *columns):
    """Return the discounted expected residual transactions given the history."""
    state = process._state(columns)
    return process.probability_alive(p, *columns) * process.residual_discounted_if_active(p, delta, *state)


def outputs(process, p, table, horizon, delta):
    """Return everything that a process computes for these customers and for new ones, by name."""
    columns = [table[name] for name in process.statistics]
    state = [table[name] for name in process.state]
    k = np.array([[0], [1], [4], [60]])
    return {
        "log_likelihood": process.log_likelihood(p, *columns),
        "score": process.score(p, *columns).log_likelihood,
        "by log r": process.score(p, *columns).gradient[0],
        "by log alpha": process.score(p, *columns).gradient[1],
        "probability_alive": process.probability_alive(p, *columns),
        "expected_purchases": process.expected_purchases(p, horizon, *columns),
        "discounted_purchases": process.discounted_purchases(p, horizon, delta, *columns),
        "dert": dert(process, p, delta, *columns),
        "intensity": intensity(process, p, horizon, *columns),
        "survival": process.survival(p, horizon, *columns),
        "survival_if_active": process.survival_if_active(p, horizon, *state),
        "purchases_if_active": process.purchases_if_active(p, horizon, *state),
        "pmf": process.pmf(p, k, horizon, *columns),
        "mean_purchases": process.mean_purchases(p, np.array([1.0, horizon])),
        "new_customer_pmf": process.new_customer_pmf(p, k[:, 0], horizon),
        "purchase_rate": process.posterior_means(p, *columns)["purchase_rate"],
    }


def same(richer, p, simpler, q, *, rel, small=1e-12, table=STATISTICS, horizon=26.0, delta=0.002, left_out=()):
    result, expected = outputs(richer, p, table, horizon, delta), outputs(simpler, q, table, horizon, delta)
    for name in expected:
        if name not in left_out:
            assert result[name] == pytest.approx(expected[name], rel=rel, abs=small), name
    return True


@pytest.mark.slow
@pytest.mark.parametrize("shape", [0.05, 0.6, 1.0, 4.0, 200.0])
@pytest.mark.parametrize("horizon", [0.5, 26.0, 520.0])
def test_ggompertz_nbd_without_aging_equals_pareto_nbd(shape, horizon):
    """As b goes to 0 with beta/b constant, exp(bt) is 1 + bt up to a relative b t, with t the horizon plus the age."""
    beta, b = 11.7, TINY
    gompertz = parameters(ggompertz_nbd, 0.55, 10.6, b, shape, beta * b)
    pareto = parameters(pareto_nbd, 0.55, 10.6, shape, beta)
    # Log-likelihoods, and probabilities of 3,000 purchases, change by up to s b T.
    rel = 10 * b * max(horizon, AGE.max()) * max(shape, 1)
    # At a rate of 0.2 % per week, DERT gives weight to the next 500 weeks, and integrates over 22,500.
    below = {"dert"}
    assert same(ggompertz_nbd.PROCESS, gompertz, pareto_nbd.PROCESS, pareto, rel=rel, horizon=horizon, left_out=below)
    columns = (X, RECENCY, AGE)
    assert dert(ggompertz_nbd.PROCESS, gompertz, 0.002, *columns) == pytest.approx(
        dert(pareto_nbd.PROCESS, pareto, 0.002, *columns), rel=1e-5
    )
    rates = [
        p.PROCESS.posterior_means(q, *columns)["dropout_rate"]
        for p, q in ((ggompertz_nbd, gompertz), (pareto_nbd, pareto))
    ]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)
    quantities = [p.PROCESS.quantities(q) for p, q in ((ggompertz_nbd, gompertz), (pareto_nbd, pareto))]
    for name in ("mean purchase rate", "mean dropout rate"):
        assert quantities[0][name] == pytest.approx(quantities[1][name], rel=1e-9)


@pytest.mark.slow
def test_pareto_nbd_without_dropout_equals_nbd():
    """As s/beta goes to 0, a share s h/beta of customers leaves within h, which is 22,500 weeks for DERT.

    Times of purchase and dropout then differ by e^25, where the quadrature of the race is accurate to 1e-8.
    """
    p, q = parameters(pareto_nbd, 0.8, 9.0, 0.7, 0.7e12), parameters(nbd, 0.8, 9.0)
    assert same(pareto_nbd.PROCESS, p, nbd.PROCESS, q, rel=1e-7, small=2e-8, table=STATISTICS_OF_ACTIVE)
    # The limit does not depend on the variation of dropout.
    for s in (1e-5, 1e5):
        p = parameters(pareto_nbd, 0.8, 9.0, s, s * 1e12)
        assert same(pareto_nbd.PROCESS, p, nbd.PROCESS, q, rel=1e-7, small=2e-8, table=STATISTICS_OF_ACTIVE)


@pytest.mark.slow
def test_ggompertz_nbd_without_dropout_equals_nbd():
    """As b s/beta goes to 0, with and without aging: by time h it has grown to b s/beta exp(bh), with h = 26 + 39."""
    q = parameters(nbd, 0.8, 9.0)
    for b in (1e-6, 0.01):
        p = parameters(ggompertz_nbd, 0.8, 9.0, b, 0.7, 0.7 * b * 1e12)
        # DERT looks so far ahead that an aging customer leaves.
        assert same(
            ggompertz_nbd.PROCESS,
            p,
            nbd.PROCESS,
            q,
            rel=1e-7,
            small=2e-8,
            table=STATISTICS_OF_ACTIVE,
            left_out={"dert"} if b > 1e-5 else (),
        )


@pytest.mark.parametrize("richer", [bgnbd, mbgnbd], ids=lambda module: module.PROCESS.name)
def test_bgnbd_and_mbgnbd_without_dropout_equal_nbd(richer):
    """As a goes to 0, a share a/(a + b) leaves after each of up to 3,000 purchases, and after future ones."""
    p, q = parameters(bgnbd, 0.8, 9.0, 1e-12, 1.0), parameters(nbd, 0.8, 9.0)
    # DERT covers 22,500 weeks, with 10 million purchases of the most frequent customer.
    assert same(richer.PROCESS, p, nbd.PROCESS, q, rel=1e-6, table=STATISTICS_OF_ACTIVE)


def test_pareto_nbd_with_immediate_dropout_expects_no_purchases():
    """As s/beta goes to infinity, customers without a repeat purchase have left and buy nothing."""
    p = parameters(pareto_nbd, 0.8, 9.0, 2.0, 1e-9)
    nobody = np.zeros(1)
    assert pareto_nbd.PROCESS.probability_alive(p, nobody, nobody, np.array([39.0]))[0] < 1e-15
    assert pareto_nbd.PROCESS.mean_purchases(p, np.array([39.0]))[0] < 1e-9
    assert pareto_nbd.PROCESS.log_likelihood(p, nobody, nobody, np.array([39.0]))[0] == pytest.approx(0, abs=1e-9)

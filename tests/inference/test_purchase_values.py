"""Intervals of discounted money compared with simulated futures and with a quadrature by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import betaprime

import clvmodels as clv
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes import threads

TERMS = {"horizon": "12 months", "margin": 0.35}


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm


def value_of(fitted, rfm, rate=0.1, **options):
    return clv.lifetime_value(*fitted[:2], rfm, **TERMS, annual_discount_rate=rate, interval=0.9, **options)


@pytest.mark.slow
def test_undiscounted_ends_average_the_exact_distribution_over_draws(fitted):
    """The mixture of beta primes, averaged over all pairs of draws of both models, at each end."""
    purchases, spend, rfm = fitted
    rows = np.argsort(-np.asarray(rfm.frequency), kind="stable")[[0, 1, 5, 20, 80, 300, 1_500]]
    some = rfm[rows]
    table = value_of(fitted, some, rate=0.0, draws=20)
    counts = purchases.purchase_counts(purchases.clock_.duration("12 months"), 0, 20)
    history = [np.asarray(some[name], dtype=float) for name in counts.names]
    exceeded = counts.exceedances(history, 1e-9)
    p, q, v = draw_parameters(spend.process, spend.fit_, 20, 0)[:, :, None]
    k = np.arange(1.0, len(exceeded) + 1)
    for i in range(len(some)):
        count = float(some.monetary_count[i])
        weight = exceeded[:, i] - np.append(exceeded[1:, i], 0.0)
        scale = v + (count * float(some.monetary_value[i]) if count else 0.0)

        def tail(log_value, weight=weight, scale=scale, count=count):
            return weight @ betaprime.sf(np.exp(log_value) / scale, p * k, q + p * count).mean(axis=0)

        for end, chance in (("lower", 0.95), ("upper", 0.05)):
            result = table[f"lifetime_value_{end}"][i] / TERMS["margin"]
            if exceeded[0, i] <= chance:
                assert result == 0
            else:
                # Shapes are those at the estimate, with the mean and variance over draws.
                assert result == pytest.approx(
                    np.exp(brentq(lambda u, chance=chance: tail(u) - chance, -20, 20)), rel=5e-3
                )


@pytest.mark.slow
def test_discounted_ends_agree_with_simulated_orders(fitted):
    """Of 20,000 futures whose orders are discounted one by one, 5 % lie beyond each end."""
    purchases, spend, rfm = fitted
    p, law = purchases._parameters, spend._parameters
    rows = np.argsort(-np.asarray(rfm.frequency), kind="stable")[[0, 3, 30, 200]]
    some, n, generator = rfm[rows], 20_000, np.random.default_rng(5)
    table, rate = value_of(fitted, some), purchases.clock_.continuous_rate(0.1)
    length, alive = purchases.clock_.duration("12 months"), purchases.alive(some)
    for i in range(len(some)):
        x, T, count = (float(some[name][i]) for name in ("frequency", "T", "monetary_count"))
        active = generator.random(n) < alive[i]
        orders = purchases.process.draw_orders_if_active(p, length, np.full(n, x), np.full(n, T), active, generator)
        nu = generator.standard_gamma(law.p * count + law.q, n) / (law.v + count * float(some.monetary_value[i]))
        paid = generator.standard_gamma(law.p, len(orders.customer)) / nu[orders.customer]
        worth = TERMS["margin"] * paid * np.exp(-rate * orders.time)
        drawn = np.bincount(orders.customer, worth, minlength=n)
        # 5 standard errors are 0.0077; the rest is doubt about the parameters, which the simulation leaves out.
        for end, outside in (
            ("lower", drawn < table["lifetime_value_lower"][i]),
            ("upper", drawn > table["lifetime_value_upper"][i]),
        ):
            if table[f"lifetime_value_{end}"][i] > 0:
                assert np.mean(outside) == pytest.approx(0.05, abs=0.02)
            else:  # worth nothing with at least that chance
                assert np.mean(outside) < 0.07


@pytest.mark.slow
def test_intervals_do_not_depend_on_order_subset_or_threads(fitted, monkeypatch):
    rfm = fitted[2][:300]
    whole, order = value_of(fitted, rfm, draws=20), np.random.default_rng(0).permutation(300)
    monkeypatch.setattr(threads, "PROCESSORS", 1)
    monkeypatch.setattr("clvmodels.inference.purchase_counts.BLOCK_NUMBERS", 400)
    for rows in (order, order[:1], order[:7]):
        part = value_of(fitted, rfm[rows], draws=20)
        pd.testing.assert_frame_equal(whole.iloc[rows].reset_index(drop=True), part, check_exact=True)

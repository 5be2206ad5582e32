"""When customers buy next and how long they stay: against pmf and survival, closed forms, integration and draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.estimators.future_times import next_purchase_times, remaining_lifetimes
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.processes.pareto_nbd import PROCESS as PARETO

POINTS = {
    "nbd": (0.6, 8.0),
    "bgnbd": (0.5, 8.0, 0.8, 2.5),
    "mbgnbd": (0.5, 8.0, 0.8, 2.5),
    "pareto_nbd": (0.55, 10.6, 0.6, 11.7),
    "ggompertz_nbd": (0.55, 10.6, 0.02, 0.7, 1.5),
    "bgcnbd_2": (0.5, 4.0, 0.8, 2.5),
    "mbgcnbd_2": (0.5, 4.0, 0.8, 2.5),
    "bgbb": (1.2, 0.75, 0.66, 2.8),
}
X, T_X, T = np.array([0.0, 2.0, 5.0]), np.array([0.0, 20.0, 38.0]), np.array([30.0, 36.0, 40.0])
LEVELS = [0.1, 0.9]
UNIT = 35.0

each = pytest.mark.parametrize("process", [pytest.param(PURCHASE_PROCESSES[name], id=name) for name in POINTS])


def at(process):
    return process.Parameters(*map(np.float64, POINTS[process.name]))


def state_of(process, rows=slice(None)):
    table = {"frequency": X, "recency": T_X, "T": T, "n": T}
    return [table[name][rows] for name in process.state]


@pytest.mark.slow
@each
def test_the_next_purchase_has_come_by_a_quantile_with_its_probability(process):
    p, state = at(process), state_of(process)
    again, *times = next_purchase_times(process, p, LEVELS, UNIT, *state)
    assert np.all((again > 0) & (again <= 1))
    for level, time in zip(LEVELS, times, strict=True):
        by_then = (1 - process.pmf_if_active(p, np.zeros(()), time, *state)) / again
        if process.discrete:
            before = (1 - process.pmf_if_active(p, np.zeros(()), time - 1, *state)) / again
            assert np.all((before < level) & (level <= by_then))
        else:
            assert by_then == pytest.approx(level, abs=1e-9)  # bisected to 1e-12 of the logarithm of a time


@pytest.mark.slow
@each
def test_customers_have_left_by_a_quantile_of_their_lifetime_with_its_probability(process):
    if "dropout" not in process.moves:
        pytest.skip("nobody leaves")
    p, state, alive = at(process), state_of(process), np.array([1.0, 0.7, 0.3])
    for level, time in zip(LEVELS, remaining_lifetimes(process, p, LEVELS, alive, UNIT, *state), strict=True):
        left = 1 - alive * process.survival_if_active(p, time, *state)
        assert np.all(time[1 - alive >= level] == 0)
        late = 1 - alive < level
        if process.discrete:
            before = 1 - alive * process.survival_if_active(p, np.maximum(time - 1, 0), *state)
            assert np.all(((before < level) & (level <= left))[late])
        else:
            assert left[late] == pytest.approx(level, abs=1e-9)


@pytest.mark.slow
@each
def test_quantiles_are_those_of_drawn_orders_and_leaving_times(process):
    """At 5 standard errors of a share of the draws; orders that come after the horizon of the draws are left out."""
    if process.draw_orders_if_active is None:
        pytest.skip("no order times")
    p, n, h, generator = at(process), 4_000, 150.0, np.random.default_rng(6)
    for row in (0, 2):
        one = state_of(process, slice(row, row + 1))
        many = [np.repeat(value, n) for value in one]
        orders = process.draw_orders_if_active(p, h, *many, np.ones(n, dtype=bool), generator)
        first = np.full(n, np.inf)
        np.minimum.at(first, orders.customer, orders.time)
        again, *times = next_purchase_times(process, p, LEVELS[:1], UNIT, *one)
        for level, time in zip(LEVELS[:1], times, strict=True):
            share = level * again[0] if not process.discrete else 1 - process.pmf_if_active(p, np.zeros(()), time, *one)
            assert np.mean(first <= time + 1e-9) == pytest.approx(np.ravel(share)[0], abs=5 * np.sqrt(0.25 / n))
        if "dropout" in process.moves and not process.discrete:
            (time,) = remaining_lifetimes(process, p, [0.1], np.ones(1), UNIT, *one)
            assert time < h
            assert np.mean(orders.leaves <= time) == pytest.approx(0.1, abs=5 * np.sqrt(0.1 * 0.9 / n))


def test_the_median_of_nbd_is_in_closed_form():
    process = PURCHASE_PROCESSES["nbd"]
    p = at(process)
    again, median = next_purchase_times(process, p, [0.5], UNIT, X, T)
    assert again == pytest.approx(1)
    # P(no purchase within h) = ((alpha + T) / (alpha + T + h))^(r + x)
    assert median == pytest.approx((p.alpha + T) * (2 ** (1 / (p.r + X)) - 1))


@pytest.mark.slow
def test_pareto_nbd_agrees_with_integrals_and_closed_forms():
    """Given active, lambda ~ Gamma(r + x, alpha + T) and mu ~ Gamma(s, beta + T) are independent."""
    p = at(PARETO)
    again, median = next_purchase_times(PARETO, p, [0.5], UNIT, X, T)
    share = (np.arange(1_000) + 0.5) / 1_000  # lambda and mu by their quantiles: the density of mu is infinite at 0
    rate, dropout = gamma(p.r + 2, scale=1 / (p.alpha + 36)).ppf(share)[:, None], gamma(p.s, scale=1 / (p.beta + 36))
    both = rate + dropout.ppf(share)
    ever, by_median = (np.mean(rate / both * -np.expm1(-both * h)) for h in (np.inf, median[1]))
    assert again[1] == pytest.approx(ever, abs=5e-4)  # of the midpoint rule
    assert by_median / ever == pytest.approx(0.5, abs=5e-4)
    (lifetime,) = remaining_lifetimes(PARETO, p, [0.5], np.full(3, 0.8), UNIT, X, T)
    assert lifetime == pytest.approx((p.beta + T) * ((0.8 / 0.5) ** (1 / p.s) - 1))


# ---- models ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")[:300]


@pytest.fixture(scope="module")
def model(rfm):
    return clv.MBGNBD().fit(rfm)


@pytest.mark.slow
def test_tables_are_keyed_by_customer_and_agree_with_other_predictions(model, rfm):
    times = model.time_to_next_purchase(rfm, interval=0.9, within="12 weeks")
    assert times["customer_id"].tolist() == rfm.customer_id.to_list()
    none = model.probability_no_purchase(rfm, "12 weeks")["probability_no_purchase"]
    assert times["probability_purchase_within"].to_numpy() == pytest.approx(1 - none.to_numpy())
    names = [f"time_to_next_purchase{end}" for end in ("_lower", "", "_upper")]
    assert np.all(np.diff(times[names].to_numpy(), axis=1) > 0)
    alive = model.probability_alive(rfm)["probability_alive"].to_numpy()
    # Under MBG/NBD an active customer always buys again, though perhaps after a very long time.
    assert times["probability_another_purchase"].to_numpy() == pytest.approx(alive, abs=1e-6)
    plain = ["customer_id", "probability_another_purchase", "time_to_next_purchase"]
    assert list(model.time_to_next_purchase(rfm)) == plain


@pytest.mark.slow
def test_lifetimes_are_zero_where_the_customer_has_probably_left(model, rfm):
    table = model.remaining_lifetime(rfm, quantiles=[0.25, 0.5])
    alive = table["probability_alive"].to_numpy()
    assert np.array_equal(table["remaining_lifetime_0.5"].to_numpy() == 0, alive <= 0.5)
    survives = model.probability_alive(rfm, 26.0)["probability_alive"].to_numpy()
    assert np.array_equal(table["remaining_lifetime_0.25"].to_numpy() > 26.0, survives > 0.75)
    given = model.remaining_lifetime(rfm, given_active=True)["remaining_lifetime_0.5"].to_numpy()
    assert np.all(given > table["remaining_lifetime_0.5"].to_numpy())


@pytest.mark.slow
def test_lifetimes_are_refused_without_dropout_and_for_invalid_quantiles(model, rfm):
    with pytest.raises(InvalidOption, match=r"NBD has no remaining lifetime, because its customers never leave"):
        clv.NBD().fit(rfm).remaining_lifetime(rfm)
    for wrong in ([0.0], [1.5], [], 0.5, [[0.5]]):
        with pytest.raises(InvalidOption, match="must be probabilities between 0 and 1"):
            model.remaining_lifetime(rfm, quantiles=wrong)
    with pytest.raises(InvalidOption, match="within="):
        model.time_to_next_purchase(rfm, within="soon")
    with pytest.raises(InvalidOption, match="interval="):
        model.time_to_next_purchase(rfm, interval=90)

"""Order times and windows of every process that has them: against counts, pmf and survival, and against draws."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.inference.groups import with_groups
from clvmodels.processes import order_times
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES

WITH_TIMES = [process for process in PURCHASE_PROCESSES.values() if process.draw_orders_if_active is not None]
POINTS = {  # parameters with a few purchases a year, times in weeks; of BG/BB, opportunities
    "nbd": (0.6, 8.0),
    "bgnbd": (0.5, 8.0, 0.8, 2.5),
    "mbgnbd": (0.5, 8.0, 0.8, 2.5),
    "pareto_nbd": (0.55, 10.6, 0.6, 11.7),
    "ggompertz_nbd": (0.55, 10.6, 0.02, 0.7, 1.5),
    "bgbb": (1.2, 0.75, 0.66, 2.8),
}
X, T_X, T = np.array([0.0, 2.0, 5.0]), np.array([0.0, 20.0, 38.0]), np.array([30.0, 36.0, 40.0])
N = 20_000

each = pytest.mark.parametrize("process", [pytest.param(p, id=p.name) for p in WITH_TIMES])


def at(process):
    return process.Parameters(*map(np.float64, POINTS[process.name]))


def state_of(process, rows=slice(None)):
    table = {"frequency": X, "recency": T_X, "T": T, "n": T}
    return [table[name][rows] for name in process.state]


def test_every_process_but_those_of_regular_timing_has_order_times():
    assert {process.name for process in WITH_TIMES} == set(POINTS)


@each
def test_a_window_that_starts_now_is_one_minus_the_chance_of_no_purchase(process):
    p, state = at(process), state_of(process)
    for h in (0.0, 1.0, 13.0, 52.0):
        expected = 1 - process.pmf_if_active(p, np.zeros(()), h, *state)
        # Differences of probabilities near 1, each good to some 1e-12 (quadrature).
        assert process.buys_between_if_active(p, 0.0, h, *state) == pytest.approx(expected, abs=1e-11)


@each
def test_windows_that_follow_each_other_are_at_least_the_window_of_both(process):
    p, state = at(process), state_of(process)
    both = process.buys_between_if_active(p, 4.0, 30.0, *state)
    parts = [process.buys_between_if_active(p, *ends, *state) for ends in ((4.0, 13.0), (13.0, 30.0))]
    assert np.all(both <= sum(parts) + 1e-12)
    assert np.all(both >= np.maximum(*parts) - 1e-12)
    assert np.all(process.buys_between_if_active(p, 9.0, 9.0, *state) == pytest.approx(0, abs=1e-12))


@pytest.mark.slow
@each
def test_drawn_orders_have_the_expected_counts_windows_and_leaving_times(process):
    """At 5 standard errors of the mean of N draws."""
    p, generator, h = at(process), np.random.default_rng(4), 52.0
    for row in range(3):
        one = state_of(process, slice(row, row + 1))
        many = [np.repeat(value, N) for value in one]
        orders = process.draw_orders_if_active(p, h, *many, np.ones(N, dtype=bool), generator)
        assert np.all((orders.time > 0) & (orders.time <= h))
        assert np.all(orders.time <= orders.leaves[orders.customer] + 1e-9)
        count = np.bincount(orders.customer, minlength=N)
        worth = np.bincount(orders.customer, np.exp(-0.01 * orders.time), minlength=N)
        window = np.zeros(N)
        window[orders.customer[(orders.time > 10) & (orders.time <= 36)]] = 1
        for drawn, expected in (
            (count, process.purchases_if_active(p, h, *one)),
            (worth, process.discounted_if_active(p, h, 0.01, *one)),
            (orders.leaves > 20, process.survival_if_active(p, 20.0, *one)),
            (window, process.buys_between_if_active(p, 10.0, 36.0, *one)),
        ):
            assert abs(np.mean(drawn) - expected[0]) <= 5 * np.std(drawn) / np.sqrt(N) + 1e-12


@each
def test_customers_who_are_gone_order_nothing(process):
    generator = np.random.default_rng(1)
    active = np.array([False, False, False])
    if process.name == "nbd":
        return  # nobody leaves
    orders = process.draw_orders_if_active(at(process), 52.0, *state_of(process), active, generator)
    assert len(orders.customer) == len(orders.time) == 0
    assert np.all(orders.leaves == 0)


@each
def test_groups_with_the_same_parameters_agree_with_the_process(process):
    """Two groups with equal parameters: the same windows, and draws with the same mean."""
    grouped = with_groups(process, ["a", "b"])
    p = grouped.Parameters(*[value for _ in range(2) for value in at(process)])
    number, state = np.array([0.0, 1.0, 1.0]), state_of(process)
    expected = process.buys_between_if_active(at(process), 3.0, 20.0, *state)
    assert grouped.buys_between_if_active(p, 3.0, 20.0, *state, number) == pytest.approx(expected, rel=1e-9)
    many = [np.tile(value, 3000) for value in (*state, number)]
    orders = grouped.draw_orders_if_active(p, 26.0, *many, np.ones(9000, dtype=bool), np.random.default_rng(2))
    count = np.bincount(orders.customer, minlength=9000).reshape(3000, 3)
    mean = process.purchases_if_active(at(process), 26.0, *state)
    assert np.all(np.abs(count.mean(axis=0) - mean) <= 5 * count.std(axis=0) / np.sqrt(3000))


@pytest.mark.parametrize("process", SPEND_PROCESSES.values(), ids=lambda process: process.name)
def test_spend_of_orders_adds_up_to_spend_of_customers(process):
    """Mean and variance of a customer's total over four orders, against `sample_spend`; also in groups."""
    p, generator, n = process.Parameters(6.25, 3.74, 15.44), np.random.default_rng(3), 40_000
    count, mean = np.full(n, 3.0), np.full(n, 40.0)
    customer = np.repeat(np.arange(n), 4)
    spend = process.sample_orders(p, customer, count, mean, generator)
    total = np.bincount(customer, spend)
    reference = process.sample_spend(p, np.full(n, 4.0), count, mean, generator)
    assert abs(total.mean() - reference.mean()) <= 5 * np.hypot(total.std(), reference.std()) / np.sqrt(n)
    assert total.std() == pytest.approx(reference.std(), rel=0.05)  # of heavy tails: 5 standard errors of a deviation
    grouped = with_groups(process, ["a", "b"])
    number = np.arange(n) % 2.0
    same = grouped.sample_orders(grouped.Parameters(*p, *p), customer, count, mean, number, generator)
    assert abs(same.mean() - spend.mean()) <= 5 * np.hypot(same.std(), spend.std()) / np.sqrt(n)


@pytest.mark.parametrize(
    "process", [process for process in WITH_TIMES if not process.discrete], ids=lambda each: each.name
)
def test_more_orders_than_memory_holds_are_refused(process, monkeypatch):
    monkeypatch.setattr(order_times, "MOST_ORDERS", 10)
    generator = np.random.default_rng(1)
    state = [np.repeat(column, 40) for column in state_of(process)]
    with pytest.raises(OverflowError, match="orders of 120 customers"):
        process.draw_orders_if_active(at(process), 500.0, *state, np.ones(120, dtype=bool), generator)

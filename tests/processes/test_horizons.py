"""A horizon is a number or one per customer: every function of every process gives the same results either way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.inference.calendar_time import on_calendar
from clvmodels.inference.groups import with_groups
from clvmodels.processes.blocks import BetaBlock, GammaBlock, GompertzBlock, PositiveBlock
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.time_ahead import TimeAhead

POINTS = {PositiveBlock: [1.0], GammaBlock: [0.5, 1.0], BetaBlock: [1.2, -1.0], GompertzBlock: [0.3, 0.8, 0.0]}
UNIT = 30.0  # scale of the coordinates, in weeks
TABLE = {
    "frequency": [0.0, 0.0, 1.0, 2.0, 5.0, 30.0, 3.0, 7.0],
    "recency": [0.0, 0.0, 4.0, 20.0, 38.0, 40.0, 3.0, 9.0],
    "T": [0.0, 30.0, 36.0, 40.0, 40.0, 40.0, 52.0, 60.0],
    "sum_log_intertimes": [0.0, 0.0, 1.4, 4.0, 8.0, 5.0, 0.0, 1.0],
}
TABLE["n"] = TABLE["T"]
H = np.array([13.0, 0.0, 52.0, 3.0, 0.0, 26.0, 200.0, 1.0])  # whole numbers, of opportunities where time is discrete
GROUP = np.array([0.0, 1.0] * 4)
AHEAD = TimeAhead(clv.Calendar(season=[0.8] * 330 + [2.8] * 36), 20_000.0, 7.0)
DRAWS = 4_000


def at(process, change=0.0):
    """Return usual parameters; of an array (draws, 1), columns of draws."""
    u = np.concatenate([POINTS[type(block)] for block in process.parametrization.blocks])
    u = u.reshape(-1, *[1] * np.ndim(change)) + change
    return process.Parameters(*process.parametrization.parameters_at(u, UNIT))


@dataclass
class Case:
    """A process, or one with groups or a calendar, its parameters, three draws of them, and states of customers."""

    name: str
    process: Any
    p: Any
    draws: Any
    state: list[Any]


def cases():
    for process in PURCHASE_PROCESSES.values():
        state, change = [np.array(TABLE[name]) for name in process.state], np.array([0.0, 0.3, -0.2])[:, None]
        p, draws = at(process), at(process, change)
        yield Case(process.name, process, p, draws, state)
        grouped = with_groups(process, ["a", "b"])
        of_groups = grouped.Parameters(*p, *at(process, 0.3)), grouped.Parameters(*draws, *at(process, change + 0.1))
        yield Case(f"{process.name} in groups", grouped, *of_groups, [*state, GROUP])
        if not process.discrete:
            yield Case(f"{process.name} on a calendar", on_calendar(process, AHEAD), p, draws, state)
            seasonal = on_calendar(grouped, AHEAD)
            yield Case(f"{process.name} in groups on a calendar", seasonal, *of_groups, [*state, GROUP])


each = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if case.name in PURCHASE_PROCESSES else pytest.mark.acceptance)
        for case in cases()
    ],
)


def functions_of(process):
    """Return the functions of a process that take a horizon, as functions (p, h, *state), by name."""
    counts = np.arange(3.0)[:, None]
    functions = {
        "survival": process.survival_if_active,
        "purchases": process.purchases_if_active,
        "intensity": process.intensity_if_active,
        "pmf": lambda p, h, *state: process.pmf_if_active(p, 2.0, h, *state),
        "pmf of counts": lambda p, h, *state: process.pmf_if_active(p, counts, h, *state),
        "exceedances": lambda p, h, *state: np.stack([*itertools.islice(process.exceedances(p, h, *state), 3)]),
    }
    for delta in (0.02, 0.0, -0.01):
        functions[f"discounted {delta}"] = lambda p, h, *state, delta=delta: process.discounted_if_active(
            p, h, delta, *state
        )
        functions[f"both {delta}"] = lambda p, h, *state, delta=delta: process.purchases_and_worth_if_active(
            p, h, delta, *state
        )
    if process.buys_between_if_active is not None:
        functions["window to"] = lambda p, h, *state: process.buys_between_if_active(p, 0.0, h, *state)
        functions["window from"] = lambda p, h, *state: process.buys_between_if_active(p, h, h + 9.0, *state)
    return functions


@each
def test_a_horizon_per_customer_gives_each_customer_the_result_of_that_horizon(case):
    for name, function in functions_of(case.process).items():
        together = function(case.p, H, *case.state)
        assert together.shape[-1] == len(H), name
        for i, h in enumerate(H):
            alone = function(case.p, float(h), *[column[i : i + 1] for column in case.state])[..., 0]
            # Nodes of a quadrature are chosen for the longest horizon, so its error differs.
            assert np.allclose(together[..., i], alone, rtol=1e-9, atol=1e-12), (name, i)


@each
def test_draws_of_parameters_take_a_horizon_per_customer(case):
    for name, function in functions_of(case.process).items():
        if name in ("exceedances", "pmf of counts"):  # whose first axis is that of the counts
            continue
        together = function(case.draws, H, *case.state)
        assert together.shape[-2:] == (3, len(H)), name
        for i in range(3):
            one = case.process.Parameters(*[value[i] for value in case.draws])
            assert np.allclose(together[..., i, :], function(one, H, *case.state), rtol=1e-9, atol=1e-12), (name, i)


def futures(case, h, state, active):
    """Return what the samplers of a process draw, with the same generator each, as arrays by name."""
    process, p = case.process, case.p
    future = process.sample_if_active(p, h, 0.02, *state, active, np.random.default_rng(4))
    drawn = {"purchases": future.purchases, "worth": future.worth}
    if process.sample_mean_if_active is not None:
        drawn["mean"] = process.sample_mean_if_active(p, h, 0.02, *state, np.random.default_rng(4))
    if process.draw_orders_if_active is not None:
        orders = process.draw_orders_if_active(p, h, *state, active, np.random.default_rng(4))
        drawn["orders"] = np.bincount(orders.customer, minlength=len(active)).astype(float)
        drawn["last order"] = np.zeros(len(active))
        np.maximum.at(drawn["last order"], orders.customer, orders.time)
        drawn["leaves"] = orders.leaves
    return drawn


@each
@pytest.mark.parametrize("h", [0.0, 26.0])
def test_the_same_horizon_for_each_customer_draws_the_same_future(case, h):
    state = [np.tile(column, 50) for column in case.state]
    active = np.arange(len(state[0])) % 7 > 0
    one, many = (futures(case, horizon, state, active) for horizon in (h, np.full(len(active), h)))
    for name, values in one.items():
        assert np.allclose(values, many[name], rtol=1e-12, atol=0), name


@pytest.mark.slow
@each
def test_futures_of_different_horizons_have_the_means_of_each(case):
    state, h = [np.tile(column, DRAWS) for column in case.state], np.tile(H, DRAWS)
    drawn = futures(case, h, state, np.ones(len(h), dtype=bool))
    purchases, worth = case.process.purchases_and_worth_if_active(case.p, H, 0.02, *case.state)
    assert np.all(drawn.get("last order", 0.0) <= h)
    for name, mean in {"purchases": purchases, "worth": worth, "mean": worth, "orders": purchases}.items():
        if name in drawn:
            values = drawn[name].reshape(DRAWS, len(H))
            # Five standard errors.
            assert np.all(np.abs(values.mean(axis=0) - mean) <= 5 * values.std(axis=0) / DRAWS**0.5 + 1e-12), name

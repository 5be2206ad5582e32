"""Covariates and groups as derived processes: properties of every process in the registry."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.inference.covariates import Covariates, Effect, with_covariates
from clvmodels.inference.fitting import maximize
from clvmodels.inference.groups import GROUP, with_groups
from clvmodels.inference.statistics import counted_rows
from clvmodels.processes.blocks import BetaBlock, GammaBlock, GompertzBlock, PositiveBlock
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES

UNIT, YEAR = 30.0, 52.0
PROCESSES = [*PURCHASE_PROCESSES.values(), *SPEND_PROCESSES.values()]
each_process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)


def is_spend(process):
    return process in SPEND_PROCESSES.values()


def roles(process):
    """Return the roles that covariates can shift, without the spread of dropout."""
    return [role for role in process.moves if role != "dropout_spread"]


def kinds(process):
    """Return every way covariates can act: on each role, shared by two, and on the spread of dropout."""
    result = ["each role"]
    if len(roles(process)) == 2:
        result.append("equal")
    if "dropout_spread" in process.moves:
        result.append("spread")
    return result


EVERY_KIND = [(process, kind) for process in PROCESSES for kind in kinds(process)]
each_kind = pytest.mark.parametrize(
    ("process", "kind"), EVERY_KIND, ids=[f"{process.name}-{kind}" for process, kind in EVERY_KIND]
)


def covariates_of(process, kind, center=(0.4, 38.0), scale=(0.49, 9.0)):
    """Return covariates of two columns, a 0/1 column and an age, that act on every role."""
    at = [coordinate.name for coordinate in process.parametrization.coordinates]
    effects, names, middle, width, columns = [], [], [], [], []
    for role in roles(process):
        moved, sign = process.moves["dropout_spread" if kind == "spread" and role == "dropout" else role]
        for i, column in enumerate(("late", "age")):
            name = column if kind == "equal" else f"{role}.{column}"
            if name not in names:
                names.append(name)
                middle.append(center[i])
                width.append(scale[i])
            effects.append(Effect(at.index(moved), len(columns), names.index(name), sign))
            columns.append(f"covariate {role}.{column}")
    return Covariates(tuple(effects), tuple(names), tuple(middle), tuple(width), tuple(columns))


def columns_for(process, late, age):
    """Return the columns of the covariates as statistics: both of them, once for each role."""
    return [late, age] * len(roles(process))


def usual(process):
    """Return coordinates with a few purchases per customer, differences between customers, and some dropout."""
    by_block = {
        PositiveBlock: [1.0],
        GammaBlock: [0.5, 1.0],
        BetaBlock: [1.2, -1.0],
        GompertzBlock: [0.3, 0.8, 0.0],
    }
    return np.concatenate([by_block[type(block)] for block in process.parametrization.blocks])


def at(process, u):
    return process.Parameters(*process.parametrization.parameters_at(np.asarray(u, dtype=float), UNIT))


def attributes(generator, n):
    return (generator.random(n) < 0.4).astype(float), np.round(generator.normal(38, 9, n))


def base(process, generator, n, p=None, columns=()):
    """Return statistics of customers drawn from a process; without parameters, from typical ones."""
    p = at(process, usual(process)) if p is None else p
    if is_spend_like(process):
        count = generator.integers(1, 6, n).astype(float)
        return [count, process.simulate(p, count, generator, *columns)]
    T = np.floor(generator.uniform(0.5, 1.5, n) * UNIT)
    history = process.simulate(p, T, generator, *columns)
    order = np.lexsort((history.time, history.customer))
    customer, time = history.customer[order], history.time[order]
    before = np.where(np.append(True, customer[1:] != customer[:-1]), 0.0, np.append(0.0, time[:-1]))[: len(time)]
    statistics = {
        "frequency": history.x,
        "recency": history.t_x,
        "T": T,
        "n": T,
        "sum_log_intertimes": np.bincount(customer, np.log(time - before), minlength=n),
    }
    return [statistics[name] for name in process.statistics if name in statistics]


def is_spend_like(process):
    return not hasattr(process, "probability_alive")


def intensity(process, p, tau, *columns):
    """Return the expected purchases per unit of time, tau after T, given the history."""
    return process.probability_alive(p, *columns) * process.intensity_if_active(p, tau, *process._state(columns))


def dert(process, p, delta, *columns):
    """Return the discounted expected residual transactions given the history."""
    state = process._state(columns)
    return process.probability_alive(p, *columns) * process.residual_discounted_if_active(p, delta, *state)


def predictions(process, p, columns):
    """Return everything a process predicts of customers, by name."""
    if is_spend_like(process):
        return {
            "log_likelihood": process.log_likelihood(p, *columns),
            "expected_spend": process.expected_spend(p, *columns),
            "median_spend": process.median_spend(p, *columns),
            "mean_exists": process.mean_exists(p, columns[0], *columns[2:]),
        }
    state = process._state(columns)
    return {
        "log_likelihood": process.log_likelihood(p, *columns),
        "probability_alive": process.probability_alive(p, *columns),
        "intensity": intensity(process, p, 3.0, *columns),
        "expected_purchases": process.expected_purchases(p, YEAR, *columns),
        "survival": process.survival(p, YEAR, *columns),
        "residual": process.residual_if_active(p, *state),
        "dert": dert(process, p, 0.002, *columns),
        **process.posterior_means(p, *columns),
        "discounted_purchases": process.discounted_purchases(p, YEAR, 0.002, *columns),
        "pmf": process.pmf(p, 2, YEAR, *columns),
        "pmfs": process.pmf(p, np.arange(3)[:, None], YEAR, *columns),
    }


# ---- covariates --------------------------------------------------------------------------------------------


@pytest.mark.acceptance
@each_kind
def test_zero_coefficients_equal_no_covariates(process, kind):
    generator = np.random.default_rng(1)
    statistics, extra = base(process, generator, 60), columns_for(process, *attributes(generator, 60))
    moved, u = with_covariates(process, covariates_of(process, kind)), usual(process)
    nothing = np.zeros(len(moved.parametrization.names) - len(u))
    p, plain = at(moved, np.append(u, nothing)), at(process, u)
    expected = predictions(process, plain, statistics)
    for name, actual in predictions(moved, p, [*statistics, *extra]).items():
        # A shared parameter is looked up in tables; one per customer is computed.
        assert np.allclose(actual, expected[name], rtol=1e-9, atol=1e-12, equal_nan=True), name
    gradient = moved.score(p, *statistics, *extra).gradient
    assert gradient[: len(u)] == pytest.approx(process.score(plain, *statistics).gradient, rel=1e-9, abs=1e-11)
    if not is_spend(process):
        result = process.quantities(plain)
        assert moved.quantities(p) == pytest.approx(result, rel=1e-12)


@each_kind
def test_the_score_with_covariates_is_the_derivative_of_the_log_likelihood(process, kind):
    generator = np.random.default_rng(2)
    statistics, extra = base(process, generator, 40), columns_for(process, *attributes(generator, 40))
    moved = with_covariates(process, covariates_of(process, kind))
    form = moved.parametrization
    u = np.append(usual(process), generator.normal(0, 0.2, len(form.names) - len(usual(process))))
    p = at(moved, u)
    value, gradient = moved.score(p, *statistics, *extra)
    assert value == pytest.approx(moved.log_likelihood(p, *statistics, *extra), rel=1e-12)
    by_coordinate = np.einsum("ij,in->jn", form.jacobian(u), gradient)
    step = 1e-3
    for i, name in enumerate(form.names):

        def shifted(by, i=i):
            return moved.log_likelihood(at(moved, u + by * np.eye(len(u))[i]), *statistics, *extra)

        first, second = ((shifted(k * step) - shifted(-k * step)) / (2 * k * step) for k in (1, 2))
        # Rounding over the step, and the next term of the differences, step^4 times purchases.
        assert np.allclose(by_coordinate[i], (4 * first - second) / 3, rtol=1e-7, atol=1e-8), name


@each_kind
def test_prepared_rows_have_the_same_score(process, kind):
    generator = np.random.default_rng(3)
    statistics, extra = base(process, generator, 300), columns_for(process, *attributes(generator, 300))
    moved = with_covariates(process, covariates_of(process, kind))
    assert (moved.prepare is None) == (process.prepare is None)
    if moved.prepare is None:
        return
    u = np.append(usual(process), generator.normal(0, 0.2, len(moved.parametrization.names) - len(usual(process))))
    for point in (u, u + 0.1):
        once, each = (
            moved.prepare(*statistics, *extra)(at(moved, point)),
            moved.score(at(moved, point), *statistics, *extra),
        )
        assert once.log_likelihood == pytest.approx(each.log_likelihood, rel=1e-12)
        assert once.gradient == pytest.approx(each.gradient, rel=1e-10, abs=1e-11)


@each_kind
def test_parameters_and_coordinates_are_inverse_maps(process, kind):
    moved = with_covariates(process, covariates_of(process, kind))
    form, generator = moved.parametrization, np.random.default_rng(4)
    for _ in range(20):
        u = generator.normal(0, 1, len(form.names))
        # The coefficient of age times the mean age, 38, is added and subtracted again.
        assert form.coordinates_of(form.parameters_at(u, UNIT), UNIT) == pytest.approx(u, abs=1e-10)
    draws = generator.normal(0, 1, (len(form.names), 5))
    together = form.parameters_at(draws, UNIT)
    for i in range(5):
        assert together[:, i] == pytest.approx(form.parameters_at(draws[:, i], UNIT), rel=1e-12)


@pytest.mark.acceptance
@each_process
def test_a_scalar_equals_one_of_many_draws_with_covariates(process):
    generator = np.random.default_rng(5)
    statistics, extra = base(process, generator, 30), columns_for(process, *attributes(generator, 30))
    moved = with_covariates(process, covariates_of(process, "each role"))
    u = np.append(usual(process), generator.normal(0, 0.2, len(moved.parametrization.names) - len(usual(process))))
    drawn = u[:, None, None] + np.array([0.0, 0.1, -0.1])[:, None]
    together = predictions(moved, at(moved, drawn), [*statistics, *extra]) if is_spend(process) else None
    for i in range(3):
        alone = predictions(moved, at(moved, drawn[:, i, 0]), [*statistics, *extra])
        if together is None:
            expected = moved.expected_purchases(at(moved, drawn), YEAR, *statistics, *extra)[i]
            assert np.allclose(expected, alone["expected_purchases"], rtol=1e-9)
            alive = moved.probability_alive(at(moved, drawn), *statistics, *extra)[i]
            assert np.allclose(alive, alone["probability_alive"], rtol=1e-9)
        else:
            for name, result in together.items():
                assert np.allclose(result[i], alone[name], rtol=1e-9), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "process", [process for process in PROCESSES if process.name != "ggompertz_nbd"], ids=lambda process: process.name
)  # which takes a minute, and shares this code with Pareto/NBD
def test_the_scale_of_a_column_does_not_change_the_fit(process):
    """With age in months since 1980 instead of years, only the coefficient and the unit change."""
    generator = np.random.default_rng(6)
    late, age = attributes(generator, 1500)
    statistics = base(process, generator, 1500)
    years = with_covariates(process, covariates_of(process, "each role"))
    months = with_covariates(
        process, covariates_of(process, "each role", center=(0.4, 38.0 * 12 - 480), scale=(0.49, 9.0 * 12))
    )
    near = np.append(usual(process), np.zeros(len(years.parametrization.names) - len(usual(process))))
    here = maximize(years, counted_rows([*statistics, *columns_for(process, late, age)]), UNIT, start=near)
    there = maximize(months, counted_rows([*statistics, *columns_for(process, late, 12 * age - 480)]), UNIT, start=near)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-12)
    assert there.status == here.status
    for i, name in enumerate(here.parameters):
        if "." in name:
            ratio = 12.0 if name.endswith("age") else 1.0
            error = np.sqrt(here.covariance[i, i])
            assert abs(there.parameters[name] * ratio - here.parameters[name]) < 1e-5 * error, name
    shuffled = generator.permutation(1500)
    rows = counted_rows([column[shuffled] for column in (*statistics, *columns_for(process, late, age))])
    assert maximize(years, rows, UNIT, start=near).parameters == here.parameters  # to the last bit


@pytest.mark.acceptance
@pytest.mark.slow
@each_kind
def test_a_fit_recovers_the_coefficients_of_simulated_customers(process, kind):
    generator = np.random.default_rng(7)
    n = 20_000
    late, age = attributes(generator, n)
    moved = with_covariates(process, covariates_of(process, kind))
    u = np.append(
        usual(process),
        np.tile([0.3, -0.2], len(moved.parametrization.names))[
            : len(moved.parametrization.names) - len(usual(process))
        ],
    )
    extra = columns_for(process, late, age)
    statistics = base(moved, generator, n, at(moved, u), extra)
    fit = maximize(moved, counted_rows([*statistics, *extra]), UNIT)
    truth, real = np.array(at(moved, u), dtype=float), moved.parametrization.real
    result = np.array(list(fit.parameters.values()))
    off = np.where(real, result - truth, np.log(np.where(real, 1.0, result / np.where(real, 1.0, truth))))
    assert fit.status == "converged"
    assert np.all(np.abs(off) < 5 * np.sqrt(np.diag(fit.covariance)))


@pytest.mark.slow
@each_process
def test_futures_with_covariates_average_to_the_expectations(process):
    generator = np.random.default_rng(8)
    late, age = attributes(generator, 3)
    moved = with_covariates(process, covariates_of(process, "each role"))
    u = np.append(usual(process), np.full(len(moved.parametrization.names) - len(usual(process)), 0.3))
    p, n = at(moved, u), 50_000
    statistics, extra = base(process, generator, 3), columns_for(process, late, age)
    for i in range(3):
        one = [np.full(n, column[i]) for column in (*statistics, *extra)]
        if is_spend(process):
            one[0] = one[0] + 3  # a finite variance
            drawn = moved.sample_spend(p, np.full(n, 2.0), *one, generator)
            expected = 2 * moved.expected_spend(p, *[column[:1] for column in one])[0]
        else:
            drawn = moved.sample_future(p, 30.0, 0.0, *one, generator=generator).purchases
            expected = moved.expected_purchases(p, 30.0, *[column[:1] for column in one])[0]
        assert drawn.shape == (n,)
        assert abs(drawn.mean() - expected) < 5 * drawn.std() / np.sqrt(n)


# ---- groups ------------------------------------------------------------------------------------------------


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("covariates", [False, True], ids=["plain", "covariates"])
@each_process
def test_groups_equal_separate_processes_exactly(process, covariates):
    generator = np.random.default_rng(9)
    n, labels = 90, ("DE", "FR", "(others)")
    statistics, extra = base(process, generator, n), columns_for(process, *attributes(generator, n))
    inner = with_covariates(process, covariates_of(process, "each role")) if covariates else process
    columns = [*statistics, *extra] if covariates else statistics
    grouped = with_groups(inner, labels)
    assert grouped.statistics[-1] == GROUP
    size = len(inner.parametrization.names)
    us = [np.append(usual(process), np.zeros(size - len(usual(process)))) + shift for shift in (-0.2, 0.0, 0.2)]
    p = at(grouped, np.concatenate(us))
    assert grouped.parametrization.coordinates_of(p, UNIT) == pytest.approx(np.concatenate(us), abs=1e-10)
    number = generator.integers(0, 3, n).astype(float)
    together = predictions(grouped, p, [*columns, number])
    score = grouped.score(p, *columns, number)
    for group, u in enumerate(us):
        rows = np.flatnonzero(number == group)
        own = [column[rows] for column in columns]
        one_of = inner.Parameters(*p[group * size : (group + 1) * size])
        assert np.array(one_of) == pytest.approx(np.array(at(inner, u)), rel=1e-12)
        for name, result in predictions(inner, one_of, own).items():
            assert np.array_equal(together[name][..., rows], result, equal_nan=True), name
        one = inner.score(one_of, *own)
        inside = slice(group * size, (group + 1) * size)
        assert np.array_equal(score.gradient[inside, rows], one.gradient)
        outside = np.delete(score.gradient[:, rows], range(inside.start, inside.stop), axis=0)
        assert np.all(outside == 0)
    alone = predictions(grouped, p, [column[40:41] for column in (*columns, number)])
    for name, result in alone.items():
        assert np.array_equal(result, together[name][..., 40:41], equal_nan=True), name


@pytest.mark.slow
@each_process
def test_simulated_groups_follow_their_parameters(process):
    """The expected score is 0 at the parameters of the simulation, in each group at those of the group."""
    generator = np.random.default_rng(10)
    n = 20_000
    grouped = with_groups(process, ("few", "many"))
    u = np.tile(usual(process), 2)
    u[1] -= 1.0
    number = (np.arange(n) % 2).astype(float)
    p = at(grouped, u)
    gradient = grouped.score(p, *base(grouped, generator, n, p, [number]), number).gradient
    size = len(u) // 2
    for own in (gradient[:size, number == 0], gradient[size:, number == 1]):
        assert np.all(np.abs(own.mean(axis=1)) < 5 * own.std(axis=1) / np.sqrt(n / 2))
    if is_spend(process):
        customer = np.repeat(np.arange(n), 2)
        amounts = grouped.simulate_orders(p, customer, n, np.random.default_rng(1), number)
        assert amounts.shape == customer.shape
        assert np.all(amounts > 0)
    else:
        history = grouped.simulate(p, np.full(n, 25.0), np.random.default_rng(1), number)
        assert np.array_equal(np.bincount(history.customer, minlength=n), history.x)

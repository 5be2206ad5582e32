"""Properties of every process in the registry; a new process is tested without a change here."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import unique_rows
from clvmodels.language import message
from clvmodels.processes.blocks import BetaBlock, GammaBlock, GompertzBlock, PositiveBlock
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES

WEEK, YEAR, CENTURY = 1.0, 52.0, 5218.0  # whole, since a discrete process counts opportunities
UNIT = 30.0  # scale of the coordinates, in weeks or money
COUNTS = 50  # distinct numbers of purchases among customers: the more there are, the longer discounting takes
PROCESSES = [*PURCHASE_PROCESSES.values(), *SPEND_PROCESSES.values()]


def is_spend(process):
    return process in SPEND_PROCESSES.values()


def is_discrete(process):
    return not is_spend(process) and process.discrete


# Processes with a sum or a quadrature in each expectation, whose tests take seconds each.
SLOW = ("ggompertz_nbd", "bgcnbd_2", "bgcnbd_3", "mbgcnbd_2", "mbgcnbd_3")


def each(processes):
    """Run a test once for each process."""
    marks = dict.fromkeys(SLOW, pytest.mark.slow)
    return pytest.mark.parametrize(
        "process", [pytest.param(process, id=process.name, marks=marks.get(process.name, ())) for process in processes]
    )


each_process = each(PROCESSES)
each_purchase_process = each(PURCHASE_PROCESSES.values())
each_discrete_process = each([process for process in PURCHASE_PROCESSES.values() if process.discrete])
each_continuous_process = each([process for process in PROCESSES if not is_discrete(process)])
each_continuous_purchase_process = each([process for process in PURCHASE_PROCESSES.values() if not process.discrete])
each_spend_process = each(SPEND_PROCESSES.values())
seeds = st.integers(0, 2**32 - 1)

EXAMPLES = 40
# The Erlang processes share one file, whose sums take k times as long: 4 times 12 examples of them.
EXAMPLES_OF = dict.fromkeys(("bgcnbd_2", "bgcnbd_3", "mbgcnbd_2", "mbgcnbd_3"), 12)


def examples(**strategies):
    """Run a test of one process on the examples that the strategies draw, as many as for that process."""

    def decorate(test):
        counts = {EXAMPLES, *EXAMPLES_OF.values()}
        runs = {n: settings(max_examples=n, derandomize=True)(given(**strategies)(test)) for n in counts}

        def run(process):
            runs[EXAMPLES_OF.get(process.name, EXAMPLES)](process=process)

        return run

    return decorate


def population(process, n):
    """Return how many customers to simulate: fewer where each costs a quadrature. The errors allowed follow from n."""
    return n // 5 if process.name == "ggompertz_nbd" else n


def at(process, u, unit=UNIT):
    """Return the parameters at coordinates (k,) or, as columns of draws, (k, draws, 1)."""
    return process.Parameters(*process.parametrization.parameters_at(np.asarray(u, dtype=float), unit))


def usual(process):
    """Return coordinates with a few purchases per customer, differences between customers, and some dropout."""
    by_block = {
        PositiveBlock: [1.0],
        GammaBlock: [0.5, 1.0],
        BetaBlock: [1.2, -1.0],
        GompertzBlock: [0.3, 0.8, 0.0],
    }
    return np.concatenate([by_block[type(block)] for block in process.parametrization.blocks])


def limits(process, widest):
    """Return the range of each coordinate, limited to `widest`."""
    lower = [max(-widest, c.lower.at or -np.inf) for c in process.parametrization.coordinates]
    upper = [min(widest, c.upper.at or np.inf) for c in process.parametrization.coordinates]
    return np.array(lower), np.array(upper)


def columns_of(process, **table):
    """Return the statistics of a process, in its order."""
    missing = set(process.statistics) - set(table)
    assert not missing, f"{process.name} reads {missing}: add it to the customers of these tests"
    return [np.asarray(table[name], dtype=float) for name in process.statistics]


def customers(process, generator, n=60):
    """Return valid statistics that were not drawn from the process, including extreme ones."""
    T = np.exp(generator.uniform(np.log(0.01), np.log(1000), n))
    T[: n // 10] = 0.0
    x = np.floor(np.exp(generator.uniform(0, np.log(5000), n))) * (generator.random(n) < 0.7)
    x = x[np.arange(n) % COUNTS] * (T > 0)
    t_x = np.where(x > 0, T * np.where(generator.random(n) < 0.2, 1.0, generator.uniform(0.01, 1, n)), 0.0)
    if is_discrete(process):  # at most one purchase per opportunity, the last at t_x; some customers buy at each
        T, t_x = np.floor(T), np.floor(t_x)
        x = np.where(generator.random(n) < 0.2, t_x, np.minimum(x, t_x))
        t_x = np.where(x > 0, t_x, 0.0)
    count = np.maximum(x, 1.0)
    spend = np.exp(generator.normal(3, 1, n))
    # Intertimes that sum to t_x; the sum of their logarithms is largest where they are equal.
    logs = x * (np.log(np.where(x > 0, t_x, 1.0) / count) - generator.uniform(0, 2, n))
    return columns_of(
        process,
        frequency=x,
        recency=t_x,
        T=T,
        n=T,
        sum_log_intertimes=logs,
        monetary_count=count,
        monetary_value=spend,
    )


def rescaled(process, columns, ratio):
    """Return the statistics of the same customers in another unit of time or money."""
    table = dict(zip(process.statistics, columns, strict=True))
    moved = {name: table[name] * ratio for name in ("recency", "T", "monetary_value") if name in table}
    if "sum_log_intertimes" in table:
        moved["sum_log_intertimes"] = table["sum_log_intertimes"] + table["frequency"] * np.log(ratio)
    return columns_of(process, **(table | moved))


def simulated(process, p, T, generator):
    """Return statistics of customers drawn from the process."""
    if is_spend(process):
        count = generator.integers(1, 6, len(T))
        spend = process.simulate(p, count, generator)
        return columns_of(process, monetary_count=count, monetary_value=spend)
    T = np.floor(T) if process.discrete else T
    history = process.simulate(p, T, generator)
    logs = sum_log_intertimes(history)
    return columns_of(process, frequency=history.x, recency=history.t_x, T=T, n=T, sum_log_intertimes=logs)


def sum_log_intertimes(history):
    """Return the sum of the logarithms of each customer's times between purchases (n,)."""
    order = np.lexsort((history.time, history.customer))
    customer, time = history.customer[order], history.time[order]
    before = np.where(np.append(True, customer[1:] != customer[:-1]), 0.0, np.append(0.0, time[:-1]))[: len(time)]
    return np.bincount(customer, np.log(time - before), minlength=len(history.x))


def intensity(process, p, tau, *columns):
    """Return the expected purchases per unit of time, tau after T, given the history."""
    return process.probability_alive(p, *columns) * process.intensity_if_active(p, tau, *process._state(columns))


def exceeds(process, p, k, h, *columns):
    """Return P(more than k purchases) of customers who are active."""
    return next(itertools.islice(process.exceedances(p, h, *process._state(columns)), k, None))


def dert(process, p, delta, *columns):
    """Return the discounted expected residual transactions given the history."""
    state = process._state(columns)
    return process.probability_alive(p, *columns) * process.residual_discounted_if_active(p, delta, *state)


def predictions(process, p, columns):
    """Return everything that a process predicts for customers, by name."""
    if is_spend(process):
        names = ("log_likelihood", "expected_spend", "median_spend", "mean_exists")
        return {name: getattr(process, name)(p, *columns[: 1 if name == "mean_exists" else None]) for name in names}
    return {
        "log_likelihood": process.log_likelihood(p, *columns),
        "probability_alive": process.probability_alive(p, *columns),
        "intensity": intensity(process, p, 3.0, *columns),
        "expected_purchases": process.expected_purchases(p, YEAR, *columns),
        "survival": process.survival(p, YEAR, *columns),
        "dert": dert(process, p, 0.002, *columns),
        **process.posterior_means(p, *columns),
        "discounted_purchases": process.discounted_purchases(p, YEAR, 0.002, *columns),
        "pmf": process.pmf(p, 2, YEAR, *columns),
        "exceeds": exceeds(process, p, 2, YEAR, *columns),
    }


# ---- probabilities and expectations ------------------------------------------------------------------------


@pytest.mark.slow
@each_purchase_process
@examples(seed=seeds)
def test_probabilities_lie_between_0_and_1(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 6)))
    columns = customers(process, generator)
    k = np.arange(4)[:, None]
    for chances in (
        process.probability_alive(p, *columns),
        process.pmf(p, k, YEAR, *columns),
        process.new_customer_pmf(p, np.arange(4), YEAR),
    ):
        assert np.all((chances >= 0) & (chances <= 1 + 1e-9))  # a sum of two rounded probabilities


@each_purchase_process
def test_one_time_buyers_stay_where_a_process_says_so(process):
    """Where nobody leaves before a repeat purchase, one-time buyers are active; elsewhere they may have left."""
    table = {"frequency": [0], "recency": [0], "T": [20], "n": [20], "sum_log_intertimes": [0.0]}
    alive = process.probability_alive(at(process, usual(process)), *columns_of(process, **table))
    stays = process.one_time_buyers_stay or "dropout" not in process.moves
    assert (alive == 1).all() if stays else (alive < 1).all()


@pytest.mark.acceptance
@each_purchase_process
@examples(seed=seeds)
def test_expected_purchases_increase_from_0(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 6)))
    columns = customers(process, generator)
    before = process.expected_purchases(p, 0.0, *columns)
    assert np.all(before == 0)
    for h in (1e-3, 1.0, 10.0, YEAR, CENTURY):
        now = process.expected_purchases(p, h, *columns)
        # Where almost all purchases have been made already, the rest is rounding.
        assert np.all(now >= before * (1 - 1e-8))
        before = now
    means = process.mean_purchases(p, np.geomspace(1e-3, CENTURY, 40))
    assert np.all(np.diff(means) >= -1e-8 * means[1:])
    assert process.mean_purchases(p, np.zeros(1))[0] == 0


@pytest.mark.acceptance
@each_purchase_process
@examples(seed=seeds)
def test_survival_decreases_from_p_alive(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 6)))
    columns = customers(process, generator)
    before = process.probability_alive(p, *columns)
    assert process.survival(p, 0.0, *columns) == pytest.approx(before, rel=1e-9)
    for h in (1e-3, 1.0, 10.0, YEAR, CENTURY):
        now = process.survival(p, h, *columns)
        assert np.all((now >= 0) & (now <= before + 1e-9))  # averages over nodes are accurate to 2e-11
        before = now


@pytest.mark.acceptance
@pytest.mark.slow
@each_purchase_process
@examples(seed=seeds, rate=st.floats(1e-5, 0.1))
def test_residual_purchases_equal_those_of_a_long_horizon(process, seed, rate):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 4)))
    columns = customers(process, generator, 20)
    residual = dert(process, p, rate, *columns)
    for times in (30, 60):  # later purchases are discounted by more than e^-times
        near = process.discounted_purchases(p, times / rate, rate, *columns)
        # Nodes in log time over twenty octaves or more are accurate to 1e-8 where customers leave immediately or never.
        assert np.all(near <= residual * (1 + 1e-7))
    assert near == pytest.approx(residual, rel=1e-7)
    state = process._state(columns)
    ever = process.residual_if_active(p, *state)
    long = process.purchases_if_active(p, 1e9 * CENTURY, *state)
    assert np.all((long <= ever * (1 + 1e-8)) & (ever > 0))
    assert np.all(np.isinf(ever) == np.isinf(process.residual_if_active(p, *state)))


@pytest.mark.slow
@each_purchase_process
@examples(seed=seeds)
def test_posterior_means_lie_in_their_range(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 6)))
    for name, means in process.posterior_means(p, *customers(process, generator)).items():
        assert np.all(np.isfinite(means) & (means >= 0))
        assert "rate" in name or np.all(means <= 1 + 1e-12)


@pytest.mark.slow
@each_purchase_process
@examples(seed=seeds, t=st.floats(0.5, 100))
def test_the_pmf_sums_to_1_with_the_expected_mean(process, seed, t):
    p = at(process, np.random.default_rng(seed).uniform(*limits(process, 1.5)))
    k = np.arange(6000)
    chances = process.new_customer_pmf(p, k, t)
    assume(chances[-1] * k[-1] ** 2 < 1e-11)  # so the rest of the pmf is negligible
    assert np.sum(chances) == pytest.approx(1, abs=1e-9)
    assert np.sum(k * chances) == pytest.approx(process.mean_purchases(p, np.array([t]))[0], rel=1e-8)


@pytest.mark.acceptance
@each_continuous_purchase_process
@examples(seed=seeds)
def test_the_intensity_is_the_derivative_of_expected_purchases(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 2)))
    columns = customers(process, generator, 20)
    for tau in (0.5, 20.0):
        step = 1e-3 * tau
        by = {k: process.expected_purchases(p, tau + k * step, *columns) for k in (-2, -1, 1, 2)}
        differences = [(by[k] - by[-k]) / (2 * k * step) for k in (1, 2)]
        # The next error term is of the order of step^4; rounding is relative to the purchases so far, over the step,
        # and to the smallest doubles.
        noise = 1e-9 * process.expected_purchases(p, tau, *columns) / step
        expected = (4 * differences[0] - differences[1]) / 3
        result = intensity(process, p, tau, *columns)
        assert np.all(np.abs(result - expected) <= 1e-5 * np.abs(expected) + noise + 1e-300)


@pytest.mark.slow
@each_discrete_process
@examples(seed=seeds)
def test_the_intensity_is_the_difference_between_opportunities(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 2)))
    columns = customers(process, generator, 20)
    for i in (1.0, 2.0, 20.0):
        by = [process.expected_purchases(p, h, *columns) for h in (i - 1, i)]
        # A difference of sums over nodes, each accurate to 1e-9.
        assert np.all(np.abs(intensity(process, p, i, *columns) - (by[1] - by[0])) <= 1e-9 * by[1])


@each_discrete_process
def test_predictions_change_only_at_opportunities(process):
    generator = np.random.default_rng(5)
    p = at(process, usual(process))
    columns = customers(process, generator, 20)
    for whole, within in ((0.0, 0.999), (3.0, 3.5), (3.0, 3.0 + 1e-12), (4.0, 4.0 - 1e-12)):
        for name in ("expected_purchases", "survival"):
            values = [getattr(process, name)(p, h, *columns) for h in (whole, within)]
            assert np.array_equal(*values)
        assert np.array_equal(*(process.pmf(p, 2, h, *columns) for h in (whole, within)))
    assert np.array_equal(*(intensity(process, p, tau, *columns) for tau in (2.5, 3.0)))
    future = process.sample_future(p, 30.0, 0.0, *[np.zeros(500)] * 3, generator=generator)
    assert np.all((future.purchases == np.floor(future.purchases)) & (future.purchases <= 30))


@pytest.mark.acceptance
@each_purchase_process
@examples(seed=seeds, rate=st.floats(1e-6, 0.5))
def test_discounted_purchases_are_positive_and_at_most_the_expected(process, seed, rate):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 4)))
    columns = customers(process, generator)
    expected = process.expected_purchases(p, YEAR, *columns)
    discounted = process.discounted_purchases(p, YEAR, rate, *columns)
    assert np.all(discounted <= expected * (1 + 1e-9))
    assert np.all(discounted >= expected * np.exp(-rate * YEAR) * (1 - 1e-9))
    assert process.discounted_purchases(p, YEAR, 0.0, *columns) == pytest.approx(expected, rel=1e-12)


@each_spend_process
@examples(seed=seeds)
def test_spend_is_positive_where_its_mean_exists(process, seed):
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 4)))
    count, mean = customers(process, generator)
    count[:5], mean[:5] = 0, 0.0
    spend = process.expected_spend(p, count, mean)
    exists = process.mean_exists(p, count)
    assert np.array_equal(np.isfinite(spend), exists)
    assert np.all(spend[exists] > 0)
    assert np.all(process.median_spend(p, count, mean) > 0)
    assert np.ptp(process.median_spend(p, count, mean)[:5]) == 0  # equal without a purchase


# ---- the likelihood ----------------------------------------------------------------------------------------


@pytest.mark.slow
@each_process
@examples(seed=seeds)
def test_the_score_is_the_derivative_of_the_log_likelihood(process, seed):
    generator = np.random.default_rng(seed)
    u = generator.uniform(*limits(process, 4))
    columns = customers(process, generator)
    value, gradient = process.score(at(process, u), *columns)
    logs = np.log(np.array(at(process, u)))
    assert value == pytest.approx(process.log_likelihood(at(process, u), *columns), rel=1e-12, abs=1e-12)
    step = 1e-3
    for i, name in enumerate(process.parametrization.names):

        def moved(by, i=i):
            shifted = logs.copy()
            shifted[i] += by
            return process.log_likelihood(process.Parameters(*np.exp(shifted)), *columns)

        first, second = ((moved(k * step) - moved(-k * step)) / (2 * k * step) for k in (1, 2))
        expected = (4 * first - second) / 3
        # Rounding of the log-likelihood over the step, and the next term of the differences, step^4 times purchases.
        allowed = 1e-12 * (1 + np.abs(value)) / step + 1e-9 * (1 + columns[0])
        assert np.all(np.abs(gradient[i] - expected) <= allowed), name


@pytest.mark.slow
@each([process for process in PROCESSES if process.totals is not None])
@examples(seed=seeds)
def test_totals_match_the_sum_of_scores_and_its_derivative(process, seed):
    generator = np.random.default_rng(seed)
    u = generator.uniform(*limits(process, 6))
    columns = customers(process, generator)
    weights = generator.integers(1, 9, len(columns[0])).astype(float)
    logs = np.log(np.array(at(process, u)))

    def summed(logs):
        score = process.score(process.Parameters(*np.exp(logs)), *columns)
        size = np.sum(weights * np.abs(score.gradient), axis=1)
        return np.sum(weights * score.log_likelihood), np.sum(weights * score.gradient, axis=1), size

    value, gradient, size = summed(logs)
    totals = process.totals(weights, *columns)(at(process, u), True)
    plain = process.totals(weights, *columns)(at(process, u), False)
    assert (plain.log_likelihood, plain.hessian) == (totals.log_likelihood, None)
    assert np.array_equal(plain.gradient, totals.gradient)
    # Rounding of sums whose terms cancel.
    assert totals.log_likelihood == pytest.approx(value, rel=1e-11)
    assert np.all(np.abs(totals.gradient - gradient) <= 1e-11 * (size + np.max(size)))
    assert np.array_equal(totals.hessian, totals.hessian.T)
    step = 1e-4
    for i, moved in enumerate(step * np.eye(len(logs))):
        expected = (summed(logs + moved)[1] - summed(logs - moved)[1]) / (2 * step)
        # The square of the step, and rounding of the gradient over it.
        assert totals.hessian[i] == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.max(size))


@pytest.mark.slow
@each_continuous_process
@examples(seed=seeds, ratio=st.sampled_from([7.0, 1 / 30.4375, 1e-3, 100.0]))
def test_the_unit_shifts_the_log_likelihood_by_a_constant(process, seed, ratio):
    generator = np.random.default_rng(seed)
    u = generator.uniform(*limits(process, 4))
    columns = customers(process, generator)
    scaled = rescaled(process, columns, ratio)
    there = process.log_likelihood(at(process, u, UNIT * ratio), *scaled)
    here = process.log_likelihood(at(process, u), *columns)
    # A density of x times, or of one mean spend, in units of another length.
    events = np.ones(len(here)) if is_spend(process) else columns[process.statistics.index("frequency")]
    # Rounding of terms of the size of parameters and counts, which cancel.
    allowed = 1e-13 * (1 + np.abs(here) + 30 * (np.max(at(process, u)) + columns[0]))
    assert np.all(np.abs(there - (here - events * np.log(ratio))) <= allowed)


@pytest.mark.acceptance
@each_continuous_process
def test_the_fit_does_not_depend_on_the_unit(process):
    generator = np.random.default_rng(2)
    T = generator.uniform(0.5, 1.5, 3000) * UNIT
    columns = simulated(process, at(process, usual(process)), T, generator)
    ratio = 7.0
    scaled = rescaled(process, columns, ratio)
    here = maximize(process, unique_rows(columns), UNIT)
    there = maximize(process, unique_rows(scaled), UNIT * ratio)
    for name, value in here.parameters.items():
        power = process.parametrization.unit_powers.get(name, 0)
        # Both stop within 1e-6 standard errors of the maximum.
        assert there.parameters[name] == pytest.approx(value * ratio**power, rel=1e-6)
    events = len(T) if is_spend(process) else np.sum(columns[process.statistics.index("frequency")])
    assert there.log_likelihood == pytest.approx(here.log_likelihood - events * np.log(ratio), rel=1e-11)
    assert there.status == here.status == "converged"


@each_process
def test_unique_rows_have_the_same_totals(process):
    generator = np.random.default_rng(4)
    p = at(process, usual(process))
    columns = simulated(process, p, np.full(5000, UNIT), generator)
    columns = [np.ceil(column) for column in columns]  # whole, like days
    rows = unique_rows(columns)
    assert len(rows.counts) < 5000
    whole = process.score(p, *columns)
    unique = process.score(p, *rows.columns)
    total = np.sum(whole.log_likelihood)
    assert np.sum(rows.counts * unique.log_likelihood) == pytest.approx(total, rel=1e-12)
    # An absolute tolerance, since a gradient may vanish: rounding of 5,000 terms of the size of the log-likelihood.
    assert np.sum(rows.counts * unique.gradient, axis=-1) == pytest.approx(
        np.sum(whole.gradient, axis=-1), abs=1e-12 * abs(total)
    )


@pytest.mark.slow
@each_process
def test_the_mean_score_at_the_true_parameters_is_0(process):
    """The expected score is 0 at the parameters from which the customers were drawn."""
    generator = np.random.default_rng(6)
    p = at(process, usual(process))
    gradient = process.score(p, *simulated(process, p, np.full(40_000, UNIT), generator)).gradient
    assert np.all(np.abs(gradient.mean(axis=1)) < 5 * gradient.std(axis=1) / np.sqrt(gradient.shape[1]))


@pytest.mark.acceptance
@pytest.mark.slow
@each_process
def test_a_fit_recovers_the_parameters_of_simulated_customers(process):
    generator = np.random.default_rng(12)
    u = usual(process)
    T = generator.uniform(0.5, 1.5, 20_000) * UNIT
    fit = maximize(process, unique_rows(simulated(process, at(process, u), T, generator)), UNIT)
    truth = np.log(np.array(at(process, u)))
    estimate = np.log(np.array(list(fit.parameters.values())))
    assert fit.status == "converged"
    assert np.all(np.abs(estimate - truth) < 5 * np.sqrt(np.diag(fit.covariance)))


# ---- broadcasting ------------------------------------------------------------------------------------------


@pytest.mark.slow
@each_purchase_process
def test_exceedances_are_sums_of_the_pmf(process):
    columns = [column[:12] for column in customers(process, np.random.default_rng(1), 30)]
    p, state, beyond = at(process, usual(process)), process._state(columns), 1.0
    for k in range(5):
        beyond = beyond - process.pmf_if_active(p, np.asarray(float(k)), 30.0, *state)
        # The average over the time of dropout is good to 1e-9.
        assert np.allclose(exceeds(process, p, k, 30.0, *columns), beyond, rtol=0, atol=1e-9)


def forms(value, n):
    """Return a parameter as a scalar, as one value per customer, and as a column of draws."""
    return {"scalar": np.float64(value), "customers": np.full(n, value), "draws": np.full((2, 1), value)}


@pytest.mark.acceptance
@each_process
def test_scalars_vectors_and_draws_give_the_same_results(process):
    """Each parameter has each form, alone and with the others: covariates vary some of them, draws all."""
    generator = np.random.default_rng(1)
    p = at(process, usual(process))
    columns = [column[:12] for column in customers(process, generator, 30)]
    n = len(columns[0])
    expected = predictions(process, p, columns)
    names = process.parametrization.names
    for form in ("customers", "draws"):
        for chosen in (*[{name} for name in names], set(names), set(names[1:])):
            mixed = process.Parameters(
                **{
                    name: forms(value, n)[form if name in chosen else "scalar"]
                    for name, value in zip(names, p, strict=True)
                }
            )
            for name, result in predictions(process, mixed, columns).items():
                # A shared value is looked up in tables, others are computed: gamma functions of 5,000 differ by 1e-12.
                assert np.shape(result)[-1] == n, (name, form, chosen)
                assert np.allclose(result, expected[name], rtol=1e-9, atol=1e-12, equal_nan=True), (name, form, chosen)


@pytest.mark.slow
@each_process
def test_each_of_many_draws_equals_a_single_one(process):
    columns = customers(process, np.random.default_rng(1), 30)
    u = usual(process)[:, None, None] + np.array([0.0, 0.3, -0.2])[:, None]
    drawn = predictions(process, at(process, u), columns)
    for i in range(3):
        alone = predictions(process, at(process, u[:, i, 0]), columns)
        for name, result in drawn.items():
            assert result.shape == (3, 30), name
            # The nodes of a quadrature are chosen for all draws together.
            assert np.allclose(result[i], alone[name], rtol=1e-9, atol=1e-13, equal_nan=True), name
    gradient = process.score(at(process, u), *columns).gradient
    assert gradient.shape == (len(u), 3, 30)


@pytest.mark.slow
@each_process
def test_results_of_a_customer_do_not_depend_on_others(process):
    columns = customers(process, np.random.default_rng(9), 200)
    p = at(process, usual(process))
    together = predictions(process, p, columns)
    for rows in (slice(0, 1), slice(77, 78), slice(120, 200)):
        alone = predictions(process, p, [column[rows] for column in columns])
        for name, result in alone.items():
            assert np.array_equal(result, together[name][rows], equal_nan=True), name


@each_process
def test_an_empty_rfm_gives_empty_results(process):
    nobody = [np.zeros(0) for _ in process.statistics]
    for name, result in predictions(process, at(process, usual(process)), nobody).items():
        assert np.shape(result) == (0,), name


# ---- simulation --------------------------------------------------------------------------------------------


@pytest.mark.slow
@each_purchase_process
def test_mean_expected_purchases_equal_those_of_the_population(process):
    """The law of total expectation, over the histories up to T."""
    generator = np.random.default_rng(15)
    T, n = 40.0, 100_000
    for shift in (-0.7, 0.0, 0.7):
        p = at(process, usual(process) + shift)
        columns = simulated(process, p, np.full(n, T), generator)
        for h in (5.0, 60.0):
            expected = process.expected_purchases(p, h, *columns)
            whole = process.mean_purchases(p, np.array([T, T + h]))
            assert abs(expected.mean() - np.diff(whole)[0]) < 5 * expected.std() / np.sqrt(n)


@pytest.mark.slow
@each_purchase_process
def test_mean_posteriors_equal_the_prior(process):
    """The law of total expectation for rates, for dropout, and for being active later."""
    generator = np.random.default_rng(19)
    T, n, h = 40.0, population(process, 100_000), 25.0
    p = at(process, usual(process))
    columns = simulated(process, p, np.full(n, T), generator)
    whole = process.quantities(p)
    for name, means in process.posterior_means(p, *columns).items():
        assert abs(means.mean() - whole["mean " + name.replace("_", " ")]) <= 5 * means.std() / np.sqrt(n), name
    later = process.survival(p, h, *columns)
    nothing = process._no_history((1,))
    expected = process.survival(p, T + h, *nothing)[0]
    assert abs(later.mean() - expected) <= 5 * later.std() / np.sqrt(n) + 1e-9


@each_purchase_process
def test_simulated_counts_follow_the_pmf(process):
    generator = np.random.default_rng(16)
    p, n, t = at(process, usual(process)), 100_000, 25.0
    x = process.simulate(p, np.full(n, t), generator).x
    k = np.arange(8)
    expected = process.new_customer_pmf(p, k, t)
    seen = np.mean(x == k[:, None], axis=1)
    assert np.all(np.abs(seen - expected) < 5 * np.sqrt(expected * (1 - expected) / n))
    assert abs(x.mean() - process.mean_purchases(p, np.array([t]))[0]) < 5 * x.std() / np.sqrt(n)


@pytest.mark.slow
@each_purchase_process
def test_mean_simulated_futures_equal_the_expectations(process):
    generator = np.random.default_rng(17)
    p, h, delta, n = at(process, usual(process)), 30.0, 0.02, 100_000
    columns = simulated(process, p, np.full(60, 40.0), generator)
    for i in range(0, 60, 20):
        one = [np.full(n, column[i]) for column in columns]
        future = process.sample_future(p, h, delta, *one, generator=generator)
        for drawn, expected in (
            (future.purchases, process.expected_purchases(p, h, *[c[:1] for c in one])[0]),
            (future.worth, process.discounted_purchases(p, h, delta, *[c[:1] for c in one])[0]),
        ):
            assert abs(drawn.mean() - expected) < 5 * drawn.std() / np.sqrt(n)
        k = np.arange(4)
        chances = process.pmf(p, k[:, None], h, *[c[:1] for c in one])[:, 0]
        seen = np.mean(future.purchases == k[:, None], axis=1)
        assert np.all(np.abs(seen - chances) < 5 * np.sqrt(chances * (1 - chances) / n) + 1e-12)
        assert np.all(future.worth <= future.purchases)


@each_spend_process
def test_mean_simulated_spend_equals_expected_spend(process):
    generator = np.random.default_rng(18)
    # Spend per purchase has a finite variance only if p count + q > 2, that is, with two purchases or more.
    p, n = at(process, usual(process)), 200_000
    for count, mean, purchases in ((3, 20.0, 2), (12, 45.0, 1)):
        total = process.sample_spend(p, np.full(n, purchases), np.full(n, count), np.full(n, mean), generator)
        expected = purchases * process.expected_spend(p, np.array([count]), np.array([mean]))[0]
        assert abs(total.mean() - expected) < 5 * total.std() / np.sqrt(n)
    nothing = process.sample_spend(p, np.zeros(5), np.full(5, 3), np.full(5, 20.0), generator)
    assert np.all(nothing == 0)


# ---- extreme parameters ------------------------------------------------------------------------------------


@pytest.mark.acceptance
@pytest.mark.slow
@each_purchase_process
@examples(seed=seeds)
def test_predictions_are_finite_for_every_valid_customer(process, seed):
    """Results are finite within the limits of a fit, a century ahead, and without warnings, which are errors here."""
    generator = np.random.default_rng(seed)
    p = at(process, generator.uniform(*limits(process, 16)))
    columns = customers(process, generator, 200)
    alive = process.probability_alive(p, *columns)
    assert np.all((alive >= 0) & (alive <= 1))
    for h in (WEEK, CENTURY):
        expected = process.expected_purchases(p, h, *columns)
        discounted = process.discounted_purchases(p, h, 0.1 / YEAR, *columns)
        assert np.all(np.isfinite(expected) & (expected >= 0))
        assert np.all(np.isfinite(discounted) & (discounted >= 0))
        assert np.all(np.isfinite(intensity(process, p, h, *columns)))
        chances = process.pmf(p, np.arange(3)[:, None], h, *columns)
        assert np.all((chances >= 0) & (chances <= 1 + 1e-6))


@pytest.mark.slow
@each_process
@examples(seed=seeds)
def test_log_likelihood_and_score_are_finite_within_the_limits(process, seed):
    generator = np.random.default_rng(seed)
    value, gradient = process.score(
        at(process, generator.uniform(*limits(process, 16))), *customers(process, generator)
    )
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(gradient))


# ---- starts ------------------------------------------------------------------------------------------------


@each_process
def test_starts_are_within_the_limits_in_any_unit(process):
    form = process.parametrization
    generator = np.random.default_rng(3)
    for columns in (
        customers(process, generator),
        simulated(process, at(process, usual(process)), np.full(50, UNIT), generator),
        [np.ones(1), *[np.full(1, 5.0) for _ in process.statistics[1:]]],
    ):
        more = [] if process.more_starts is None else process.more_starts(*columns)
        for start in [*process.starts(*columns), *more]:
            logs = np.log(np.array(start, dtype=float))
            assert np.all(np.isfinite(logs))
            assert form.to_logs(form.from_logs(logs)) == pytest.approx(logs, abs=1e-12)


@each_process
def test_the_jacobian_is_the_derivative_of_the_logarithms(process):
    form, u, step = process.parametrization, usual(process), 1e-5
    for i in range(len(u)):
        shift = np.zeros(len(u))
        shift[i] = step
        expected = (form.to_logs(u + shift) - form.to_logs(u - shift)) / (2 * step)
        assert form.jacobian(u)[:, i] == pytest.approx(expected, abs=1e-9)  # step^2 and rounding over the step
    assert form.names == process.Parameters._fields


@pytest.mark.parametrize("registry", [PURCHASE_PROCESSES, SPEND_PROCESSES])
def test_the_registry_is_keyed_by_name(registry):
    for name, process in registry.items():
        assert name == process.name
        assert set(process.parametrization.unit_powers) <= set(process.parametrization.names)
        if hasattr(process, "quantities"):
            p = process.Parameters(*[1.0] * len(process.parametrization.names))
            assert set(process.quantities(p)) == set(process.quantity_powers)
        for coordinate in process.parametrization.coordinates:
            for limit in (coordinate.lower, coordinate.upper):
                assert (limit.at is None) == (limit.code == "")
                assert limit.at is None or message(limit.code, limit.figures)

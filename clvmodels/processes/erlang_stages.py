"""The future of an active customer with Erlang intertimes, averaged over stages, rates and dropout probabilities.

A customer active at T, Delta = T - t_x after the last of x purchases, has passed j < k events since with a probability
proportional to Delta^j/j! Gamma(r+kx+j)/(alpha+T)^j. Given j the rate of events is Gamma(r + kx + j, alpha + T), and
the dropout probability Beta(a, b + x): everything is a weighted sum over j, of averages over p that do not depend on
t_x. Customers leave as in BG/NBD; b + 1 in place of b says that the first purchase counts too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc, betaln

from clvmodels.processes.beta_geometric import SMALLEST_DROPOUT, Parameters, average
from clvmodels.processes.contract import Array, Future
from clvmodels.processes.erlang_future import (
    is_many,
    main_purchases_at_stages,
    purchases_at_stages,
    rate_at_stages,
    roots,
    survival_at_stages,
)
from clvmodels.processes.erlang_sums import TOO_MANY, count_events, sum_at_each_stage, sum_over_stages
from clvmodels.processes.negative_binomial import negative_binomial_tails
from clvmodels.processes.octaves import CHEBYSHEV_NODES, over_octaves
from clvmodels.processes.special import (
    MANY_TIMES,
    add_up,
    by_node_count,
    discounted_count,
    legendre,
)

__all__ = ["discounted", "exceedances", "intensity", "pmf", "purchases", "sample", "stage_terms", "survival"]

SHORTEST_HORIZON = 1e-300  # replaces a horizon of 0 under a logarithm
NODE_STEPS = 16  # numbers of nodes are rounded up to a multiple of this, so that rows can be computed together
CLEAR, FREQUENT = 20, 40  # purchases of customers whose next ones come at nearly, or most nearly, known times


def stage_terms(k: int, shape: Array, t_x: Array, T: Array, age: Array) -> Array:
    """Return Delta^j/j! Gamma(shape+j)/Gamma(shape)/age^j for j < k, (k, ...): the odds of each stage to the first."""
    waited = (T - t_x) / age
    terms = [np.ones(np.broadcast_shapes(np.shape(shape), np.shape(waited)))]
    for j in range(k - 1):
        terms.append(terms[-1] * waited * (shape + j) / (j + 1))
    return np.stack(terms)


def purchases(k: int, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h]."""

    def at_ages(p: Parameters, h: Array, x: Array, age: Array) -> tuple[list[Array], list[Array]]:
        return [np.ones(np.shape(age))], [h / age]

    return _sum_at_ends(k, at_ages, p, h, x, t_x, T)


def survival(k: int, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return P(still active at T + h)."""
    averages = _by_age(k, partial(_average, survival_at_stages, k, p, h), p, h, x, T)
    return np.clip(_over_stages(k, p, x, t_x, T, averages), 0.0, 1.0)


def intensity(k: int, p: Parameters, tau: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return the expected purchases per unit of time, tau after T."""
    age = p.alpha + T
    averages = np.maximum(_average(rate_at_stages, k, p, tau, x, tau / age), 0.0)
    answer: Array = _over_stages(k, p, x, t_x, T, averages) / age
    return answer


def discounted(k: int, p: Parameters, h: Array, delta: float, x: Array, t_x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h], each worth exp(-delta tau).

    By parts and on the scale of log(1 + pace tau), as beta_geometric.discounted_if_active: the times there are the ends
    of a sum of expected purchases.
    """
    if delta == 0:
        return purchases(k, p, h, x, t_x, T)

    def with_nodes(count: int, *columns: Array) -> Array:
        p, (h, x, t_x, T) = Parameters(*columns[:4]), columns[4:]
        places, weights = legendre(count)

        def at_ages(p: Parameters, h: Array, x: Array, age: Array) -> tuple[list[Array], list[Array]]:
            pace = (p.r / k + x + 1) / age + abs(delta)
            span = np.log1p(pace * h)
            shares, ends = [], []
            for place, weight in zip(places, weights, strict=True):
                tau = np.expm1(span * place) / pace
                shares.append(weight * delta * span * (1 / pace + tau) * np.exp(-delta * tau))
                ends.append(tau / age)
            last = np.exp(-delta * h) + np.zeros(np.shape(span)) if delta >= 0 else 1 - sum(shares)
            return [*shares, last], [*ends, h / age]

        return _sum_at_ends(k, at_ages, p, h, x, t_x, T)

    return by_node_count(with_nodes, _discount_nodes(k, p, h, delta, x, T), *p, h, x, t_x, T, steps=NODE_STEPS)


def pmf(k: int, p: Parameters, count: Array, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return P(exactly `count` purchases in (T, T + h]).

    Either all were made and survived and no more was due, or the last of them was the end; that the m-th comes in time
    means m k - j events, whose chance is a regularized incomplete beta function.
    """
    r, alpha, a, b = p
    shape, age, m = r + k * x, alpha + T, np.asarray(count, dtype=float)
    z = h / age
    survived = np.exp(betaln(a, b + x + m) - betaln(a, b + x))
    last = np.exp(betaln(np.add(a, 1), b + (x + np.maximum(m, 1) - 1)) - betaln(a, b + x))
    terms = stage_terms(k, shape, t_x, T, age)
    total: Array = np.zeros(())
    for j in range(k):
        in_time = np.where(m > 0, _chance_of_events(np.maximum(m * k - j, 1), shape + j, z), 1.0)
        one_more = _chance_of_events(m * k + k - j, shape + j, z)
        chance = survived * np.maximum(in_time - one_more, 0.0) + np.where(m > 0, last * in_time, 0.0)
        total = total + terms[j] * chance
    answer: Array = total / add_up(terms)
    return answer


def exceedances(k: int, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Iterator[Array]:
    """Yield P(more than m purchases in (T, T + h]) for m = 0, 1, 2, ...

    The customer stays after the first m purchases, and the next one is due: at stage j, after (m + 1) k - j events.
    """
    shape, age = p.r + k * x, p.alpha + T
    terms = stage_terms(k, shape, t_x, T, age)
    chances = terms / add_up(terms)
    events = [negative_binomial_tails(shape + j, h / age) for j in range(k)]
    stays: Array = np.ones(())
    for m in itertools.count():
        due: Array = np.zeros(())
        for j, beyond in enumerate(events):
            needed = k - j if m == 0 else k
            due = due + chances[j] * next(itertools.islice(beyond, needed - 1, None))
        yield stays * due
        stays = stays * ((p.b + x + m) / (p.a + p.b + x + m))


def sample(
    k: int,
    p: Parameters,
    h: float | Array,
    delta: float,
    x: Array,
    t_x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T.

    The stage is drawn, then the rate given it and the dropout probability; events are Poisson, a purchase is due every
    k-th of them, and the customer leaves after a geometric number. n events cut the horizon like n + 1 exponential
    times, of which those between purchases are drawn as sums.
    """
    shape = np.shape(active)
    terms = stage_terms(k, np.broadcast_to(p.r + k * x, shape), t_x, T, p.alpha + T)
    below = np.cumsum(terms, axis=0) / add_up(terms)
    stage = np.sum(generator.random(shape) >= below[:-1], axis=0)
    rate = generator.standard_gamma(np.broadcast_to(p.r + k * x + stage, shape)) / (p.alpha + T)
    dropout = generator.beta(np.broadcast_to(p.a, shape), np.broadcast_to(p.b + x, shape))
    events = generator.poisson(rate * h)
    last = generator.geometric(np.maximum(dropout, SMALLEST_DROPOUT))
    count = np.where(active, np.minimum((events + stage) // k, last), 0)
    if delta == 0:
        return Future(count.astype(float), count.astype(float))
    many = count > MANY_TIMES
    bought, passed, unseen = np.where(many, 0, count).ravel(), stage.ravel(), (events - count * k + stage).ravel() + 1
    customer = np.repeat(np.arange(bought.size), bought)
    starts = np.cumsum(bought) - bought
    first = np.arange(customer.size) == starts[customer]
    gaps = generator.standard_gamma(np.where(first, k - passed[customer], k).astype(float))
    reached = np.cumsum(gaps)
    before = np.concatenate([[0.0], reached])[starts]
    spent = np.bincount(customer, gaps, minlength=bought.size)
    rest = generator.standard_gamma(np.maximum(unseen, 1).astype(float))
    length = np.broadcast_to(np.asarray(h, dtype=float), shape)
    times = length.ravel()[customer] * (reached - before[customer]) / (spent + rest)[customer]
    worth = np.bincount(customer, np.exp(-delta * times), minlength=bought.size).astype(float).reshape(shape)
    if many.any():
        last = length[many] * (k * count - stage)[many] / (events[many] + 1)
        worth[many] = discounted_count(count[many], last, delta, generator)
    return Future(count.astype(float), worth)


def _over_stages(k: int, p: Parameters, x: Array, t_x: Array, T: Array, averages: Array) -> Array:
    """Sum over the stages of their chances times averages (k, ...)."""
    shape = np.broadcast_to(p.r + k * x, averages.shape[1:])
    terms = stage_terms(k, shape, t_x, T, p.alpha + T)
    answer: Array = add_up(terms * averages) / add_up(terms)
    return answer


def _average(g: Callable[..., Array], k: int, p: Parameters, h: Array, x: Array, z: Array) -> Array:
    """Return the average of g(k, dropout, shape, z) over the dropout probability of a customer active at T, (k, ...).

    Up to r/k + x + 1 purchases per unit of z are likely, which determines where the nodes must be.
    """
    whole = np.broadcast_shapes(*map(np.shape, (*p, x, z)))  # keep the axes of stages and draws apart
    shape, z = np.broadcast_to(p.r + k * x, whole), np.broadcast_to(z, whole)
    falls = 0.5 * (shape / k + 1) * z
    likely = p._replace(r=p.r / k + 1)
    answer: Array = average(partial(g, k), likely, h, x, falls, shape, z, prepare=partial(roots, k))
    return answer


def _by_age(k: int, function: Callable[..., Array], p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return function(x, h/age), interpolated in age if rows share the parameters and the horizon."""

    def at_ages(x: Array, age: Array) -> Array:
        return function(x, h / age)

    if _interpolates(p, h, x):
        return over_octaves(at_ages, x, p.alpha + T, _nodes(k))
    return at_ages(x, p.alpha + T)


class _AtAges(Protocol):
    """Return shares and ends: weights of expected purchases, and the z = h/age until which they are expected."""

    def __call__(self, p: Parameters, h: Array, x: Array, age: Array) -> tuple[list[Array], list[Array]]: ...


def _sum_at_ends(k: int, at_ages: _AtAges, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return expected purchases until each of several z, times its share and summed.

    Where rows share the parameters and the horizon, those at each stage are interpolated in age.
    """
    if _interpolates(p, h, x):
        averages = over_octaves(
            lambda x, age: _sum_at_stages(k, p, h, x, *at_ages(p, h, x, age)), x, p.alpha + T, _nodes(k)
        )
        return _over_stages(k, p, x, t_x, T, averages)
    columns = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (*p, h, x, t_x, T)))
    flat = [column.ravel() for column in columns]
    p, (h, x, t_x, T) = Parameters(*flat[:4]), flat[4:]
    answer = _sum_of_rows(k, p, h, x, t_x, T, *at_ages(p, h, x, p.alpha + T))
    return answer.reshape(columns[0].shape)


def _shares_until(shares: list[Array], ends: list[Array]) -> tuple[Array, Array]:
    """Return shares and z (nodes, n): nothing is bought until 0, whose logarithm is avoided."""
    z = np.stack(ends)
    return np.where(z > 0, np.stack(shares), 0.0), np.maximum(z, SHORTEST_HORIZON)


def _sum_at_stages(k: int, p: Parameters, h: Array, x: Array, shares: list[Array], ends: list[Array]) -> Array:
    """Return the sum at each stage (k, n), for rows that share the parameters."""
    share, z = _shares_until(shares, ends)
    events = count_events(k, p, x, z[-1])
    answer = np.empty((k, len(x)))
    for count in np.unique(events):
        rows = events == count
        if count == TOO_MANY:
            answer[:, rows] = _by_nodes(k, p, h, x[rows], share[:, rows], z[:, rows])
        else:
            answer[:, rows] = sum_at_each_stage(k, p, x[rows], z[:, rows], share[:, rows], int(count))
    return answer


def _sum_of_rows(
    k: int, p: Parameters, h: Array, x: Array, t_x: Array, T: Array, shares: list[Array], ends: list[Array]
) -> Array:
    """Return the sum for rows with parameters of their own (n,), averaged over the stages."""
    share, z = _shares_until(shares, ends)
    terms = add_up(stage_terms(k, p.r + k * x, t_x, T, p.alpha + T))
    waited = (T - t_x) / (p.alpha + T)
    columns = [np.broadcast_to(value, z.shape).ravel() for value in (*p, h, x, t_x, T, waited, terms)]
    each, (h, x, t_x, T, waited, terms) = Parameters(*columns[:4]), columns[4:]
    events, bought = count_events(k, each, x, z.ravel()), np.empty(z.size)
    for count in np.unique(events):
        rows = np.flatnonzero(events == count)
        own = Parameters(*(value[rows] for value in each))
        if count == TOO_MANY:
            averages = _purchases_at_stages(k, own, h[rows], x[rows], z.ravel()[rows])
            bought[rows] = _over_stages(k, own, x[rows], t_x[rows], T[rows], averages)
        else:
            bought[rows] = sum_over_stages(k, own, x[rows], waited[rows], z.ravel()[rows], terms[rows], int(count))
    return add_up(share * bought.reshape(z.shape))


def _by_nodes(k: int, p: Parameters, h: Array, x: Array, share: Array, z: Array) -> Array:
    """Return the sum at each stage (k, n) by averages over the dropout probability, for rows that share parameters."""
    bought = partial(_purchases_at_stages, k, p, h)
    values = over_octaves(bought, np.tile(x, len(z)), z.ravel(), _nodes(k))
    return add_up((values.reshape(k, len(z), -1) * share).swapaxes(0, 1))


def _purchases_at_stages(k: int, p: Parameters, h: Array, x: Array, z: Array) -> Array:
    """Return the expected purchases at each stage (k, n) until z, by the first root alone where others add nothing."""
    many = is_many(k, p.r + k * x, z)
    answer = np.empty((k, len(x)))
    for rows, function in ((many, main_purchases_at_stages), (~many, purchases_at_stages)):
        if np.any(rows):
            own = Parameters(*(value if np.ndim(value) == 0 else value[rows] for value in p))
            horizon = h if np.ndim(h) == 0 else h[rows]
            answer[:, rows] = _average(function, k, own, horizon, x[rows], z[rows])
    return answer


def _interpolates(p: Parameters, h: Array, x: Array) -> bool:
    return all(np.ndim(value) == 0 for value in (*p, h)) and np.ndim(x) == 1


def _nodes(k: int) -> int:
    """Return the nodes per octave: with a large k, expectations have steps at the nearly certain first purchases."""
    return CHEBYSHEV_NODES + k


def _discount_nodes(k: int, p: Parameters, h: Array, delta: float, x: Array, T: Array) -> npt.NDArray[np.intp]:
    """Enough for the span of log(1 + pace tau), and for the steps of regular purchases, clearest of the most frequent.

    The same for all ages in an octave, which are interpolated together.
    """
    likely = p.r / k + x + 1
    pace = likely / 2.0 ** np.floor(np.log2(p.alpha + T))
    steps = 12 / np.tan(np.pi / k) * np.sqrt(np.minimum(likely, FREQUENT) / CLEAR) if k > 2 else 0.0
    nodes = 4 * np.log1p(h * (pace + abs(delta))) + np.maximum(0.0, -delta * h) + steps
    return 10 + np.ceil(nodes).astype(np.intp)


def _chance_of_events(events: Array, shape: Array, z: Array) -> Array:
    """Return P(N >= events), relatively exact for short and for long horizons."""
    answer: Array = np.where(
        z < 1, betainc(events, shape, z / (1 + z)), betaincc(shape, events, 1 / (1 + np.maximum(z, 1)))
    )
    return answer

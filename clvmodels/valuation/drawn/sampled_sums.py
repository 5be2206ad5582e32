"""Draws of sums over customers; of large bases, from the futures of some of them.

A sum over a million customers hardly depends on the chance of single ones, so its draws need not hold all futures. With
c the chance of a customer to be in the sample of a draw, e the expectation at the estimates, E that under the drawn
parameters and V the drawn value, the drawn sum is::

    sum of e over all customers
        + sum of (V - e) / sqrt(c) over the sample
        + sum of (E - e) (1 - sqrt(c)) / c over one sample

The last sum moves the mean to the expectation under the drawn parameters: it is E - e of all customers, less what the
sum before contains of it. The noise of the first sample, V - E, has the variance of the noise of all customers, since
futures are independent given the parameters. Every part is linear in the values, so drawn tables add up as others do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import block_diag

from clvmodels.estimators.prediction import customer_keys
from clvmodels.inference.fitting import Fit
from clvmodels.inference.uncertainty import draw_coordinates, draw_parameters
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array, Process
from clvmodels.processes.threads import in_threads
from clvmodels.valuation.drawn.futures import DrawnFuture, FutureDraws
from clvmodels.valuation.valued_customers import ValuedCustomers

__all__ = ["LARGEST_WHOLE", "ExpectedSums", "SampledCustomers", "SumsOfCustomers", "drawn_sums", "sampling_findings"]

LARGEST_WHOLE = 100_000  # customers; every draw of a sum over as many or fewer has the futures of all
SAMPLE_SIZE = 20_000  # customers in a sample, divided among groups by their size
# Sum of the chances of the customers of a group, of which those above 1 are cut off: at least half of them are drawn.
LEAST_OF_GROUP = 1_000
SAMPLES = 5  # samples, which the draws use in turn
EQUAL_SHARE = 0.5  # of the chance of a customer; the rest is in proportion to the spread of the customer's spend
LEAST_SHAPE = 2.0  # of the law of spend, for a finite variance
STEP = 1.5  # standard errors of the parameters between the points of a quadratic function of them
CHECKED = 4  # draws at which the quadratic function is compared with expectations
LARGEST_ERROR = 0.25  # of the quadratic function at these, in standard deviations of the drawn sums
ROUNDING_TOLERANCE = 1e-9


class ExpectedSums(NamedTuple):
    """Expected sums: the part that a common level of orders multiplies, and the rest."""

    of_orders: Array
    of_charges: Array

    def at(self, level: float) -> Array:
        """Return the sums with this level of orders."""
        answer: Array = level * self.of_orders + self.of_charges
        return answer


@dataclass(frozen=True, slots=True, eq=False)
class SampledCustomers:
    """Some customers, or all.

    Attributes
    ----------
    rows : int array (m,)
        Positions of the customers among all.
    customers : ValuedCustomers
        Their models may be at other parameters.
    weights : array (m,) or None
        Weights of the customers in sums; None for 1.
    """

    rows: npt.NDArray[np.intp]
    customers: ValuedCustomers
    weights: Array | None = None


class SumsOfCustomers(Protocol):
    """Sums that are linear in the values of customers."""

    def expected(self, sample: SampledCustomers) -> ExpectedSums:
        """Return the weighted sums of expected values."""

    def drawn(self, sample: SampledCustomers, number: int, future: DrawnFuture, level: float) -> Array:
        """Return the weighted sums of values in a draw, given its number and the level of orders, on any thread."""


def drawn_sums(
    sums: SumsOfCustomers,
    customers: ValuedCustomers,
    codes: npt.NDArray[np.intp],
    draws: int,
    seed: int,
    level: Array | None = None,
) -> Array:
    """Return draws of sums, (draws, ...).

    The result does not depend on the order of customers or on threads.

    Parameters
    ----------
    sums : SumsOfCustomers
    customers : ValuedCustomers
    codes : int array (n,)
        The group of each customer, for samples of each group; -1 for customers that do not count.
    draws, seed : int
    level : array (draws,), optional
        A factor of orders that all customers of a draw share.
    """
    levels = [1.0] * draws if level is None else [float(factor) for factor in level]
    if not _needs_sample(customers, codes, draws, seed):
        rows = np.flatnonzero(codes >= 0)
        rows = rows if len(rows) else np.arange(1)  # whose sums are 0
        everyone = SampledCustomers(rows, customers if len(rows) == len(codes) else customers.some(rows))
        futures = FutureDraws(everyone.customers, draws, seed)
        return np.stack(
            in_threads(lambda i: sums.drawn(everyone, i, futures.future(i), levels[i]), range(draws)),
        )
    chances = _Chances(customers, codes)
    whole = sums.expected(SampledCustomers(np.arange(len(codes)), customers))
    of_futures = [_futures_of_sample(sums, chances, number, draws, seed) for number in range(SAMPLES)]

    def draw(i: int) -> Array:
        return whole.at(levels[i]) + of_futures[i % SAMPLES](i, levels[i])

    return _with_shifts(np.stack(in_threads(draw, range(draws))), sums, chances, levels, seed)


def sampling_findings(customers: ValuedCustomers, codes: npt.NDArray[np.intp], draws: int, seed: int) -> Findings:
    """Return a finding if draws of sums have the futures of a sample; parameters are those of `drawn_sums`."""
    if not _needs_sample(customers, codes, draws, seed):
        return ()
    return (Finding("money-sampled-futures", {"customers": int(np.sum(codes >= 0))}),)


def _needs_sample(customers: ValuedCustomers, codes: npt.NDArray[np.intp], draws: int, seed: int) -> bool:
    return bool(np.sum(codes >= 0) > LARGEST_WHOLE) and not _may_spread_without_limit(customers, draws, seed)


def _futures_of_sample(
    sums: SumsOfCustomers, chances: _Chances, number: int, draws: int, seed: int
) -> Callable[[int, float], Array]:
    """Return a function of a draw and its level: the sum of (V - e) / sqrt(c) over a sample."""
    generator = np.random.default_rng([seed, len(chances.order)])
    rows = chances.sample((generator.random() + number / SAMPLES) % 1)
    futures = FutureDraws(chances.customers.some(rows), draws, seed)
    sample = SampledCustomers(rows, futures.customers, 1 / np.sqrt(chances.of_customers[rows]))
    estimates = sums.expected(sample)
    return lambda i, level: sums.drawn(sample, i, futures.future(i), level) - estimates.at(level)


def _with_shifts(noise: Array, sums: SumsOfCustomers, chances: _Chances, levels: list[float], seed: int) -> Array:
    """Return draws plus the sum of (E - e) (1 - sqrt(c)) / c over a sample.

    The sum is a quadratic function of the parameters' coordinates without mixed terms, if that is close enough at the
    draws farthest from the estimates. Otherwise, or if the estimates are at a limit, it is computed in each draw.
    """
    shift = _Shift(sums, chances, len(levels), seed)
    if shift.at_limit:
        return noise + shift.exact(range(len(levels)), levels)
    approximate = shift.quadratic(levels)
    spread = (noise + approximate).std(axis=0) + ROUNDING_TOLERANCE * np.abs(noise).max(axis=0)
    farthest = shift.farthest(CHECKED)
    errors = np.abs(shift.exact(farthest, levels) - approximate[farthest])
    if np.all(errors <= LARGEST_ERROR * spread):
        return noise + approximate
    return noise + shift.exact(range(len(levels)), levels)


class _Shift:
    """Sums of (E - e) (1 - sqrt(c)) / c over a sample, for each draw of the parameters."""

    def __init__(self, sums: SumsOfCustomers, chances: _Chances, draws: int, seed: int) -> None:
        offset = np.random.default_rng([seed, len(chances.order), 1]).random()
        self._sums, self._rows = sums, chances.sample(float(offset))
        self._customers = chances.customers.some(self._rows)
        chance = chances.of_customers[self._rows]
        self._weights = (1 - np.sqrt(chance)) / chance
        purchases, spend = self._customers.purchases, self._customers.spend
        self._models: list[tuple[Process, Fit]] = [(purchases.future, purchases.fit_), (spend.process, spend.fit_)]
        self._drawn = np.concatenate([draw_coordinates(*model, draws, seed) for model in self._models])
        self._estimates = np.concatenate([fit.coordinates for _, fit in self._models])

    @property
    def at_limit(self) -> bool:
        """Return whether coordinates of a model are at a limit, which draws leave to one side."""
        return any(fit.edges for _, fit in self._models)

    def exact(self, draws: Iterable[int], levels: list[float]) -> Array:
        """Return the sums of these draws, (draws, ...)."""
        start = self._at(self._estimates)
        return np.stack(
            in_threads(lambda i: self._at(self._drawn[:, i]).at(levels[i]) - start.at(levels[i]), list(draws))
        )

    def quadratic(self, levels: list[float]) -> Array:
        """Return the sums of all draws as a quadratic function of the coordinates, (draws, ...)."""
        axes = self._axes()
        points = [self._estimates, *(self._estimates + sign * STEP * axis for axis in axes.T for sign in (1, -1))]
        middle, *around = in_threads(self._at, points)
        steps, *_ = np.linalg.lstsq(axes, self._drawn - self._estimates[:, None], rcond=None)
        answer = np.zeros((len(levels), *middle.of_orders.shape))
        for step, upper, lower in zip(steps, around[::2], around[1::2], strict=True):
            for parts, factors in ((0, np.asarray(levels)), (1, np.ones(len(levels)))):
                slope = (upper[parts] - lower[parts]) / (2 * STEP)
                bend = (upper[parts] + lower[parts] - 2 * middle[parts]) / (2 * STEP**2)
                answer += np.multiply.outer(factors * step, slope) + np.multiply.outer(factors * step**2, bend)
        return answer

    def farthest(self, count: int) -> npt.NDArray[np.intp]:
        """Return the draws farthest from the estimates, in standard errors."""
        steps, *_ = np.linalg.lstsq(self._axes(), self._drawn - self._estimates[:, None], rcond=None)
        farthest: npt.NDArray[np.intp] = np.argsort(-np.sum(steps**2, axis=0), kind="stable")[:count]
        return farthest

    def _axes(self) -> Array:
        """Return directions of the coordinates, one standard error long, in which they vary independently, (k, m)."""
        blocks = []
        for _, fit in self._models:
            inner = np.linalg.inv(-fit.hessian[np.ix_(fit.free, fit.free)])
            axes = np.zeros((len(fit.coordinates), int(fit.free.sum())))
            axes[fit.free] = np.linalg.cholesky(inner)
            blocks.append(axes)
        return np.asarray(block_diag(*blocks))

    def _at(self, coordinates: Array) -> ExpectedSums:
        """Return the weighted sums of expectations at coordinates of both models."""
        sizes = [len(fit.coordinates) for _, fit in self._models]
        parts = np.split(coordinates, [sizes[0]])
        values = [
            process.parametrization.parameters_at(part[:, None], fit.unit)[:, 0]
            for (process, fit), part in zip(self._models, parts, strict=True)
        ]
        return self._sums.expected(SampledCustomers(self._rows, self._customers.at(*values), self._weights))


class _Chances:
    """The chance of each customer to be in a sample."""

    def __init__(self, customers: ValuedCustomers, codes: npt.NDArray[np.intp]) -> None:
        self.customers = customers
        order = np.argsort(customer_keys(customers.rfm), kind="stable")
        order = order[codes[order] >= 0]
        self.order: npt.NDArray[np.intp] = order[np.argsort(codes[order], kind="stable")]  # by group, then by key
        self.of_customers = np.zeros(len(codes))
        self.of_customers[self.order] = _chances(_spreads(customers)[self.order], codes[self.order])

    def sample(self, offset: float) -> npt.NDArray[np.intp]:
        """Return the positions of customers at whom the sum of chances passes a whole number: a systematic sample."""
        chance = self.of_customers[self.order]
        passes = np.diff(np.floor(np.cumsum(chance) + offset), prepend=0.0) > 0
        rows: npt.NDArray[np.intp] = self.order[passes | (chance == 1)]
        return rows


def _chances(spread: Array, codes: npt.NDArray[np.intp]) -> Array:
    """Return the chance of each customer, given customers sorted by group, (m,)."""
    chance = np.empty(len(spread))
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    for start, end in zip(starts, np.append(starts[1:], len(codes)), strict=True):
        count, group = end - start, spread[start:end]
        total = group.sum()
        share = group / total if total > 0 else np.full(count, 1 / count)
        of_group = max(LEAST_OF_GROUP, SAMPLE_SIZE * count / len(codes))
        chance[start:end] = np.minimum(of_group * (EQUAL_SHARE / count + (1 - EQUAL_SHARE) * share), 1.0)
    return chance


def _spreads(customers: ValuedCustomers) -> Array:
    """Return a measure of the spread of each customer's spend within the horizon, (n,)."""
    expected = customers.expectations
    orders, _ = expected.orders(customers.horizon)
    spread: Array = np.nan_to_num(expected.spend_per_order) * np.sqrt(orders * (1 + orders))
    return spread


def _may_spread_without_limit(customers: ValuedCustomers, draws: int, seed: int) -> bool:
    """Return whether the variance of any customer's spend may be infinite, so that no sample can stand for all."""
    spending = customers.spend.process
    if spending.total_law is None:  # with covariates or groups, the law is not known
        return True
    columns = [np.asarray(column) for column in customers.spend.spend_prediction(customers.rfm).columns.values()]
    shape = spending.total_law(customers.spend._parameters, np.ones(()), *columns)[2]
    least = int(np.argmin(shape))
    drawn = spending.Parameters(*draw_parameters(spending, customers.spend.fit_, draws, seed))
    under_draws = spending.total_law(drawn, np.ones(()), *(column[least] for column in columns))[2]
    return bool(np.min(under_draws) <= LEAST_SHAPE)

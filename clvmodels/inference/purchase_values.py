"""What customers' purchases will be worth: the predictive distribution of money, without simulation.

Given k purchases, a total is a scale times a beta prime variable whose parameters depend on k and the count of past
purchases. The distribution of its logarithm is that at the estimated parameters, moved and stretched to the mean and
variance over the draws of the parameters and over discount factors. The interval inverts the sum of these
distributions, weighted by the predictive probabilities of k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, digamma, ndtri, polygamma

from clvmodels.inference.intervals import Bounds
from clvmodels.inference.objective import in_threads
from clvmodels.inference.purchase_counts import ROUNDING_TOLERANCE, PurchaseCounts
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.contract import Array

__all__ = ["PurchaseValues"]

# A distribution is tabulated over this many standard deviations on either side of its mean, in this many steps.
REACH, STEPS = 16.0, 128
NEGLIGIBLE = 1e-6  # share of a tail that larger counts may have together
CONVERGED, ITERATIONS = 1e-10, 100  # of the logarithm of an end; bisection alone needs fewer
CHUNK = 16  # numbers of purchases tabulated together
SCALES = np.array([0.0, 0.5, 1.0])  # shares of the prior in a scale at which its spread over draws is computed


class _Table(NamedTuple):
    """Of numbers of purchases (k,): tails and their slopes at steps (k, steps + 1), and moments of the logarithm.

    mean (k,), spread (3, k): the mean, and the variance at each of `SCALES`.
    """

    tail: Array
    slope: Array
    mean: Array
    spread: Array


@dataclass(frozen=True, slots=True)
class PurchaseValues:
    """Discounted money of purchases within a horizon under draws of the parameters.

    Attributes
    ----------
    counts : PurchaseCounts
    law : function (p, purchases, count, mean) -> (scale, a, b)
        Of total spend: the `total_law` of a spend process.
    estimate : Parameters
        Of spend.
    drawn : Parameters of arrays (draws,)
    factors : array (n,)
        Mean discount factor of each customer's purchases.
    factor_variance : float
        Variance of the discount factor of one purchase at any time of the horizon.
    margin : float
    """

    counts: PurchaseCounts
    law: Callable[..., tuple[Array, Array, Array]]
    estimate: Any
    drawn: Any
    factors: Array
    factor_variance: float
    margin: float
    _tables: dict[tuple[float, int], _Table] = field(default_factory=dict)

    def bounds(self, columns: Sequence[Array], ticks: Sequence[float], level: float) -> Bounds:
        """Return the interval of each customer (n,).

        Parameters
        ----------
        columns : sequence of arrays (n,)
            Those of the counts, then count and mean of earlier purchases.
        ticks : sequence of float
            A factor per column that turns its values into whole numbers.
        level : float
            Central probability, such as 0.9.
        """
        width, factor = len(self.counts.names), self.factors
        history, count, mean = columns[:width], columns[width], columns[width + 1]
        rows = unique_rows([*history, count], ticks[: len(history) + 1])
        order = np.argsort(rows.positions, kind="stable")
        tail = 0.5 * (1 - level)

        def search(block: slice) -> Array:
            customers = order[block]
            if len(customers) == 1:  # a sum over one column is computed in another order
                customers = np.repeat(customers, 2)
            used, cell = np.unique(rows.positions[customers], return_inverse=True)
            if len(used) == 1:
                used = np.repeat(used, 2)
            exceeded = self.counts.exceeded([column[used] for column in rows.columns[:-1]], NEGLIGIBLE * tail)
            ends = self._search(exceeded[:, cell], count[customers], mean[customers], factor[customers], tail)
            return ends[:, : len(order[block])]

        parts = in_threads(search, self.counts.blocks(len(order)))
        answer = np.empty((2, len(order)))
        answer[:, order] = np.concatenate(parts, axis=1) if parts else 0.0
        return Bounds(*answer)

    def _search(self, exceeded: Array, count: Array, mean: Array, factor: Array, tail: float) -> Array:
        """Return both ends (2, b) from the chances of more than 0, 1, ... purchases (k, b)."""
        purchases = len(exceeded)
        weight = exceeded - np.append(exceeded[1:], np.zeros((1, exceeded.shape[1])), axis=0)
        distinct, place = np.unique(count, return_inverse=True)
        tables = [self._table(each, purchases) for each in distinct]
        scale = self.law(self.estimate, 1.0, count, mean)[0]
        prior = np.minimum(self.law(self.estimate, 1.0, 0.0, 0.0)[0] / scale, 1.0)
        moved = np.log1p((self.drawn.v / self.estimate.v - 1)[:, None] * SCALES)
        middle = _quadratic(np.mean(moved, axis=0)[:, None], prior)
        k, p = np.arange(1.0, purchases + 1)[:, None], self.estimate.p
        timing = self.factor_variance / factor**2 * (p + 1) / (k * p + 1)
        center = np.stack([table.mean for table in tables], axis=1)[:, place] + middle - 0.5 * timing
        spread = np.stack([table.spread for table in tables], axis=2)[..., place]
        width = np.sqrt(np.maximum(_quadratic(spread, prior), 0.0) + timing)
        # Rows of the tables, one after the other: those of a count, and in them those of each number of purchases.
        tails = np.concatenate([table.tail for table in tables]).ravel()
        slopes = np.concatenate([table.slope for table in tables]).ravel()
        first = (place * purchases + (k.astype(np.intp) - 1)) * (STEPS + 1)
        ends = np.zeros((2, len(count)))
        for end, chance in zip(ends, (1 - tail, tail), strict=True):
            rows = np.flatnonzero(exceeded[0] > chance + ROUNDING_TOLERANCE)
            if len(rows):
                mixture = _Mixture(weight, center, width, first, tails, slopes).of(rows)
                end[rows] = self.margin * (scale * factor)[rows] * np.exp(mixture.exceeded_with(chance))
        return ends

    def _table(self, count: float, purchases: int) -> _Table:
        """Return the table of 1 to `purchases` purchases of a customer with a count of earlier ones."""
        parts = []
        for chunk in range(-(-purchases // CHUNK)):
            if (count, chunk) not in self._tables:
                self._tables[count, chunk] = self._tabulate(count, np.arange(1.0, CHUNK + 1) + CHUNK * chunk)
            parts.append(self._tables[count, chunk])
        return _Table(
            np.concatenate([part.tail for part in parts])[:purchases],
            np.concatenate([part.slope for part in parts])[:purchases],
            np.concatenate([part.mean for part in parts])[:purchases],
            np.concatenate([part.spread for part in parts], axis=1)[:, :purchases],
        )

    def _tabulate(self, count: float, k: Array) -> _Table:
        _, shape, other = self.law(self.estimate, k, count, 0.0)
        other = other + np.zeros(np.shape(k))
        mean, deviation = digamma(shape) - digamma(other), np.sqrt(polygamma(1, shape) + polygamma(1, other))
        log_value = mean[:, None] + deviation[:, None] * np.linspace(-REACH, REACH, STEPS + 1)
        a, b = shape[:, None], other[:, None]
        more = np.logaddexp(0.0, log_value)
        tail = betainc(b, a, np.exp(-more))
        slope = -deviation[:, None] * np.exp(a * log_value - (a + b) * more - betaln(a, b))
        _, shapes, others = self.law(self.drawn, k[:, None], count, 0.0)
        means = digamma(shapes) - digamma(others)
        moved = np.log1p((self.drawn.v / self.estimate.v - 1) * SCALES[:, None])
        within = np.mean(polygamma(1, shapes) + polygamma(1, others), axis=-1)
        spread = within + np.var(means + moved[:, None, :], axis=-1)
        return _Table(tail, slope * (2 * REACH / STEPS), np.mean(means, axis=-1), spread)


class _Mixture(NamedTuple):
    """Mixtures of tabulated distributions: weights, means, deviations and first entries in the tables, each (k, b)."""

    weight: Array
    center: Array
    width: Array
    first: npt.NDArray[np.intp]
    tails: Array
    slopes: Array

    def of(self, rows: npt.NDArray[np.intp]) -> _Mixture:
        """Return the mixtures of these customers."""
        return _Mixture(
            self.weight[:, rows],
            self.center[:, rows],
            self.width[:, rows],
            self.first[:, rows],
            self.tails,
            self.slopes,
        )

    def exceeded_with(self, chance: float) -> Array:
        """Return the values (b,) exceeded with this probability: Newton's method, and bisection where it leaves."""
        used = self.weight > 0
        low = np.min(np.where(used, self.center - REACH * self.width, np.inf), axis=0)
        high = np.max(np.where(used, self.center + REACH * self.width, -np.inf), axis=0)
        answer = np.clip(self._normal_end(chance), low, high)
        rows, mixture, at = np.arange(len(low)), self, answer.copy()
        for _ in range(ITERATIONS):
            tail, slope = mixture.at(at)
            above = tail > chance
            low, high = np.where(above, at, low), np.where(above, high, at)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                ahead = at - (tail - chance) / slope
            following = np.where((ahead > low) & (ahead < high), ahead, 0.5 * (low + high))
            left = np.abs(following - at) > CONVERGED * (1 + np.abs(at))
            answer[rows] = at = following
            if not np.any(left):
                break
            rows, at, low, high = rows[left], at[left], low[left], high[left]
            mixture = mixture.of(np.flatnonzero(left))
        return answer

    def _normal_end(self, chance: float) -> Array:
        """Return what normal distributions with these means and variances exceed with this probability, (b,)."""
        some = _summed(self.weight)
        mean = _summed(self.weight * self.center) / some
        variance = _summed(self.weight * (self.width**2 + (self.center - mean) ** 2)) / some
        answer: Array = mean - np.sqrt(variance) * ndtri(np.minimum(chance / some, 1 - CONVERGED))
        return answer

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return the tails and their derivatives at logarithms of values (b,), by cubic interpolation."""
        place = np.clip(((u - self.center) / self.width + REACH) * (STEPS / (2 * REACH)), 0.0, STEPS - 1e-9)
        step = place.astype(np.intp)
        t, entry = place - step, self.first + step
        below, above = self.tails[entry], self.tails[entry + 1]
        falls, falls_above = self.slopes[entry], self.slopes[entry + 1]
        bend, twist = 3 * (above - below) - 2 * falls - falls_above, 2 * (below - above) + falls + falls_above
        tail = below + t * (falls + t * (bend + t * twist))
        slope = (falls + t * (2 * bend + 3 * t * twist)) * (STEPS / (2 * REACH)) / self.width
        return _summed(self.weight * tail), _summed(self.weight * slope)


def _summed(values: Array) -> Array:
    """Return the sum of the rows of (k, b), added one after the other.

    NumPy adds in an order that depends on the shape and the layout of an array, and so on the block of customers.
    """
    total = np.zeros(values.shape[1])
    for row in values:
        total += row
    return total


def _quadratic(values: Array, share: Array) -> Array:
    """Interpolate values (3, ...) at `SCALES` to shares (b,)."""
    low, middle, high = values
    answer: Array = low + share * ((4 * middle - 3 * low - high) + share * 2 * (low + high - 2 * middle))
    return answer

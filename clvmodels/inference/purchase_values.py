"""The predictive distribution of the money that customers will spend, without simulation.

Given k purchases, a total is a scale times a beta prime variable whose parameters depend on k and the count of past
purchases. The distribution of its logarithm is the one at the estimated parameters, shifted and scaled to the mean and
variance over draws of the parameters and over discount factors. The interval inverts the sum of these distributions,
weighted by the predictive probabilities of k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, digamma, ndtri

from clvmodels.inference.intervals import Bounds
from clvmodels.inference.purchase_counts import ROUNDING_TOLERANCE, PurchaseCounts
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.contract import Array
from clvmodels.processes.special import trigamma
from clvmodels.processes.threads import in_threads

__all__ = ["PurchaseValues"]

# A distribution is tabulated over this many standard deviations on either side of its mean, in this many steps.
REACH, STEPS = 16.0, 128
NEGLIGIBLE_SHARE = 1e-6  # largest share of a tail that omitted counts may have together
CONVERGED, ITERATIONS = 1e-10, 100  # most steps to the logarithm of an end; bisection alone needs fewer
LAST_STEP = 1e-4  # Halley's last step, in the finest deviations; a further step would be at most about 1e-8
CHUNK = 16  # numbers of purchases tabulated together
SCALES = np.array([0.0, 0.5, 1.0])  # shares of the prior in a scale at which its spread over draws is computed


class _Table(NamedTuple):
    """Tables for numbers of purchases (k,): tails as cubics of each step (k, steps, 4), and moments of the logarithm.

    mean (k,), spread (3, k): the mean, and the variance at each of `SCALES`.
    """

    curves: Array
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
            used, cell = np.unique(rows.positions[customers], return_inverse=True)
            exceeded = self.counts.exceedances([column[used] for column in rows.columns[:-1]], NEGLIGIBLE_SHARE * tail)
            exceeded = np.take(exceeded, cell, axis=1)
            return self._search(exceeded, count[customers], mean[customers], factor[customers], tail)

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
        timing = (p + 1) / (k * p + 1) * (self.factor_variance / factor**2)
        center = np.take(np.stack([table.mean for table in tables], axis=1), place, axis=1)
        center += middle - 0.5 * timing
        spread = np.take(np.stack([table.spread for table in tables], axis=2), place, axis=2)
        width = np.sqrt(np.maximum(_quadratic(spread, prior), 0.0) + timing)
        # All rows of the tables: by count, and within a count by number of purchases.
        curves = np.concatenate([table.curves for table in tables]).reshape(-1, 4)
        first = (place * purchases + (k.astype(np.intp) - 1)) * STEPS
        mixture = _Mixture.of(weight, center, width, first, np.count_nonzero(exceeded, axis=0), curves)
        ends = np.zeros((2, len(count)))
        for end, chance in zip(ends, (1 - tail, tail), strict=True):
            rows = np.flatnonzero(exceeded[0] > chance + ROUNDING_TOLERANCE)
            if len(rows):
                some = mixture if len(rows) == len(count) else mixture.some(rows)
                end[rows] = self.margin * (scale * factor)[rows] * np.exp(some.upper_quantile(chance))
        return ends

    def _table(self, count: float, purchases: int) -> _Table:
        """Return the table of 1 to `purchases` purchases of a customer with a count of earlier ones."""
        parts = []
        for chunk in range(-(-purchases // CHUNK)):
            if (count, chunk) not in self._tables:
                self._tables[count, chunk] = self._tabulate(count, np.arange(1.0, CHUNK + 1) + CHUNK * chunk)
            parts.append(self._tables[count, chunk])
        return _Table(
            np.concatenate([part.curves for part in parts])[:purchases],
            np.concatenate([part.mean for part in parts])[:purchases],
            np.concatenate([part.spread for part in parts], axis=1)[:, :purchases],
        )

    def _tabulate(self, count: float, k: Array) -> _Table:
        _, shape, other = self.law(self.estimate, k, count, 0.0)
        other = other + np.zeros(np.shape(k))
        mean, deviation = digamma(shape) - digamma(other), np.sqrt(trigamma(shape) + trigamma(other))
        curves = _curves(shape, other, mean, deviation)
        _, shapes, others = self.law(self.drawn, k[:, None], count, 0.0)
        means = digamma(shapes) - digamma(others)
        moved = np.log1p((self.drawn.v / self.estimate.v - 1) * SCALES[:, None])
        within = np.mean(trigamma(shapes) + trigamma(others), axis=-1)
        spread = within + np.var(means + moved[:, None, :], axis=-1)
        return _Table(curves, np.mean(means, axis=-1), spread)


def _curves(a: Array, b: Array, mean: Array, deviation: Array) -> Array:
    """Return tails of the logarithm of BetaPrime(a, b), (k,) each, as cubic polynomials of each step, (k, steps, 4).

    The first step starts `REACH` deviations below the mean. Tails and slopes at the ends of all steps are exact.
    """
    log_value = mean[:, None] + deviation[:, None] * np.linspace(-REACH, REACH, STEPS + 1)
    a, b, step = a[:, None], b[:, None], deviation[:, None] * (2 * REACH / STEPS)
    more = np.logaddexp(0.0, log_value)
    tail = betainc(b, a, np.exp(-more))
    slope = -step * np.exp(a * log_value - (a + b) * more - betaln(a, b))
    below, above, falls, falls_above = tail[:, :-1], tail[:, 1:], slope[:, :-1], slope[:, 1:]
    bend, twist = 3 * (above - below) - 2 * falls - falls_above, 2 * (below - above) + falls + falls_above
    return np.stack([below, falls, bend, twist], axis=-1)


class _Mixture(NamedTuple):
    """Mixtures of tabulated distributions of logarithms of values.

    weight, pace, place, first (k, b): weights, steps of the table per unit, where 0 is in the table, and first entries.
    total, mean, deviation, low, high, finest (b,): sum of the weights, mean and deviation of the mixture, values below
    and above all of it, and the smallest deviation of a part.
    """

    weight: Array
    pace: Array
    place: Array
    first: npt.NDArray[np.intp]
    total: Array
    mean: Array
    deviation: Array
    low: Array
    high: Array
    finest: Array
    curves: Array

    @classmethod
    def of(
        cls,
        weight: Array,
        center: Array,
        width: Array,
        first: npt.NDArray[np.intp],
        parts: npt.NDArray[np.intp],
        curves: Array,
    ) -> _Mixture:
        """Return mixtures with these weights, means, deviations and first entries in the tables, (k, b) each.

        Only the first `parts` (b,) of a mixture have a weight. Means rise with the number of purchases, and deviations
        hardly do.
        """
        total = _sum_rows(weight)
        some = np.where(total > 0, total, 1.0)
        weighted = weight * center
        mean = _sum_rows(weighted) / some
        weighted *= center
        weighted += weight * width**2
        variance = _sum_rows(weighted) / some - mean**2
        last, customers = np.maximum(parts - 1, 0), np.arange(len(parts))
        finest, reach = width[last, customers], 2 * REACH * width[0]
        pace = STEPS / (2 * REACH) / width
        place = 0.5 * STEPS - center * pace
        spread = np.sqrt(np.maximum(variance, finest**2))
        low, high = center[0] - reach, center[last, customers] + reach
        return cls(weight, pace, place, first, total, mean, spread, low, high, finest, curves)

    def some(self, rows: npt.NDArray[np.intp]) -> _Mixture:
        """Return the mixtures of these customers."""
        columns = {name: np.take(getattr(self, name), rows, axis=-1) for name in self._fields if name != "curves"}
        return self._replace(**columns)

    def upper_quantile(self, chance: float) -> Array:
        """Return the values (b,) exceeded with this probability.

        Halley's method for the normal quantile of the tail, which is nearly linear, and bisection where that leaves the
        interval. A step is the last one if the next would be shorter than `CONVERGED` deviations of the finest part.
        """
        mixture, low, high = self, self.low, self.high
        at = np.clip(self.mean - self.deviation * ndtri(np.minimum(chance / self.total, 1 - CONVERGED)), low, high)
        answer: Array = at.copy()
        rows = np.arange(len(at))
        for _ in range(ITERATIONS):
            tail, slope, bend = mixture.at(at)
            above = tail > chance
            low, high = np.where(above, at, low), np.where(above, high, at)
            ahead = at + _step(tail, slope, bend, mixture.total, chance)
            inside = (ahead > low) & (ahead < high)
            following = np.where(inside, ahead, 0.5 * (low + high))
            near = np.where(inside, LAST_STEP * mixture.finest, CONVERGED * (1 + np.abs(at)))
            left = np.abs(following - at) > near
            answer[rows] = at = following
            if not np.any(left):
                break
            if not np.all(left):
                rows, at, low, high = rows[left], at[left], low[left], high[left]
                mixture = mixture.some(np.flatnonzero(left))
        return answer

    def at(self, u: Array) -> tuple[Array, Array, Array]:
        """Return the tails at logarithms of values (b,), and their first and second derivatives."""
        t = u * self.pace
        t += self.place
        np.clip(t, 0.0, STEPS - 1e-9, out=t)
        step = np.floor(t)
        t -= step
        curve = np.take(self.curves, self.first + step.astype(np.intp), axis=0)
        cubic = t * curve[..., 3]
        second = cubic + curve[..., 2]
        first = second * t + curve[..., 1]
        tail = first * t + curve[..., 0]
        second += cubic
        first += second * t
        second += cubic
        weight = self.weight
        tail *= weight
        weight = weight * self.pace
        first *= weight
        weight *= self.pace
        second *= weight
        return _sum_rows(tail), _sum_rows(first), 2 * _sum_rows(second)


def _step(tail: Array, slope: Array, bend: Array, total: Array, chance: float) -> Array:
    """Return Halley's step (b,) towards a tail probability; NaN where the tail has no normal quantile."""
    quantile = ndtri(tail / total)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        density = total * np.exp(-0.5 * quantile**2) / np.sqrt(2 * np.pi)
        first = slope / density
        second = bend / density + quantile * first**2
        away = quantile - ndtri(chance / total)
        curved = np.clip(away * second / (2 * first**2), -1.0, 0.5)  # no step is far longer than Newton's
        step: Array = -away / first / (1 - curved)
    return step


def _sum_rows(values: Array) -> Array:
    """Return the sum of the rows of (k, b), added one after the other.

    NumPy's order of summation depends on the shape and layout of an array, and so on the block of customers: it is row
    by row in arrays like these, except with a single column.
    """
    total: Array = np.cumsum(values, axis=0)[-1] if values.shape[1] == 1 else np.add.reduce(values, axis=0)
    return total


def _quadratic(values: Array, share: Array) -> Array:
    """Interpolate values (3, ...) at `SCALES` to shares (b,)."""
    low, middle, high = values
    answer: Array = low + share * ((4 * middle - 3 * low - high) + share * 2 * (low + high - 2 * middle))
    return answer

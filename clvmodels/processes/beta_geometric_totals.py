"""BG/NBD's and MBG/NBD's log-likelihood of a whole customer base, with its gradient and curvature.

The likelihood of a customer is a sum of two terms: still active at T, or gone after the last purchase. Derivatives of
its logarithm are those of the two terms' logarithms, weighted by the probability of each, and for the curvature also
the spread between the two. Their sums over customers need only a few numbers per row: the weights, and two ages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.beta_geometric import Parameters
from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.special import softplus

__all__ = ["totals"]


def totals(first: int, weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Parameters, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    first : int
        Number of times that a customer without a repeat purchase has already stayed.
    weights, x, t_x, T : arrays (m,)
        Rows of the same x should be next to each other, as they are in ascending order.
    """
    starts = np.flatnonzero(np.diff(x, prepend=-1.0))
    bought = x[starts].astype(np.intp)
    return _Rows(
        weights=weights,
        x=x,
        purchases=weights * x,
        t_x=t_x,
        T=T,
        starts=starts,
        lengths=np.diff(np.append(starts, len(x))),
        sums=np.add.reduceat(weights, starts),
        steps=np.arange(np.max(bought) + first),
        places=np.stack([bought, bought + first, bought + first]),
        before_last=np.where(bought + first > 0, bought + (first - 1.0), np.inf),
    ).at


class _Counts(NamedTuple):
    """For the distinct x (u,): rising factorials of r, b and a + b (3, u), and the odds of leaving after the last.

    log_rise, and its first two derivatives; log_last, the logarithm of a/(b + stays - 1), and minus its derivative by
    log b.
    """

    log_rise: Array
    rise: Array
    bend: Array
    log_last: Array
    last: Array


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in runs of the same x, with the `starts`, `lengths` and `sums` of weights of the runs.

    Of the distinct x (u,): how many `steps` their rising factorials have, (3, u) `places` for those of r, b and a + b;
    and how often a customer stayed `before_last`, infinite where there was no purchase to leave after.
    """

    weights: Array
    x: Array
    purchases: Array
    t_x: Array
    T: Array
    starts: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.intp]
    sums: Array
    steps: npt.NDArray[np.intp]
    places: npt.NDArray[np.intp]
    before_last: Array

    def at(self, p: Parameters, curved: bool) -> Totals:
        """Return the sums of `beta_geometric.score_from_counts`, and of its derivatives if requested."""
        r, alpha, a, b = map(float, p)
        counts = self._counts(r, a, b)
        shape, age, last_age = r + self.x, alpha + self.T, alpha + self.t_x
        log_age = np.log(age)
        log_ratio = log_age - np.log(last_age)
        log_odds = shape * log_ratio
        log_odds += np.repeat(counts.log_last, self.lengths)
        log_sum, share = softplus(log_odds)  # the latter: gone after the last purchase
        gone = self.weights * share
        by_age, by_last = self.weights - gone, gone / last_age
        by_age /= age
        whole, all_ages, gone_each = float(np.sum(self.sums)), float(self.weights @ log_age), self._each_x(gone)
        value = float(self.sums @ (counts.log_rise[0] + counts.log_rise[1] - counts.log_rise[2]))
        value += whole * r * np.log(alpha) - r * all_ages - float(self.purchases @ log_age)
        value += float(self.weights @ log_sum)
        rise_r, rise_b, rise_both = (counts.rise @ self.sums).tolist()
        slopes = np.array(
            [
                r * (rise_r + whole * np.log(alpha) - all_ages + float(gone @ log_ratio)),
                r * whole - alpha * float(shape @ (by_age + by_last)),
                float(np.sum(gone_each)) - a * rise_both,
                b * (rise_b - rise_both) - float(gone_each @ counts.last),
            ]
        )
        if not curved:
            return Totals(value, slopes)
        bends = np.zeros((4, 4))
        # Each term alone: of the second derivatives by logarithms, only the plain ones remain.
        bend_r, bend_b, bend_both = (counts.bend @ self.sums).tolist()
        bends[0, 0] = slopes[0] + r**2 * bend_r
        bends[0, 1] = r * whole - r * alpha * float(np.sum(by_age) + np.sum(by_last))
        bends[1, 1] = slopes[1] - r * whole + alpha**2 * float(shape @ (by_age / age + by_last / last_age))
        bends[2, 2] = -a * rise_both - a**2 * bend_both
        bends[2, 3] = -a * b * bend_both
        bends[3, 3] = b * (rise_b - rise_both) + b**2 * (bend_b - bend_both)
        bends[3, 3] -= float(gone_each @ (counts.last * (1 - counts.last)))
        # The spread between the terms: the difference of their slopes by each parameter.
        spread = gone * (1 - share)
        by_r, by_alpha = r * log_ratio, alpha * shape * (1 / age - 1 / last_age)
        spread_r, spread_alpha = spread * by_r, spread * by_alpha
        each, each_r, each_alpha = map(self._each_x, (spread, spread_r, spread_alpha))
        bends[0] += np.array([spread_r @ by_r, spread_r @ by_alpha, np.sum(each_r), -each_r @ counts.last])
        bends[1, 1:] += np.array([spread_alpha @ by_alpha, np.sum(each_alpha), -each_alpha @ counts.last])
        bends[2, 2:] += np.array([np.sum(each), -each @ counts.last])
        bends[3, 3] += each @ counts.last**2

        def scores() -> Array:
            rises = (r * (counts.rise[0] + np.log(alpha)), -a * counts.rise[2], b * (counts.rise[1] - counts.rise[2]))
            of_r, of_a, of_b, last = np.repeat((*rises, counts.last), self.lengths, axis=1)
            return np.stack(
                [
                    of_r - r * log_age + share * by_r,
                    r - alpha * shape / age + share * by_alpha,
                    of_a + share,
                    of_b - share * last,
                ]
            )

        return Totals(value, slopes, bends + np.triu(bends, 1).T, scores)

    def _counts(self, r: float, a: float, b: float) -> _Counts:
        steps = np.array([[r], [b], [a + b]]) + self.steps
        inverse = 1 / steps
        risen = np.zeros((3, 3, len(self.steps) + 1))
        np.cumsum([np.log(steps), inverse, -inverse * inverse], axis=-1, out=risen[..., 1:])
        log_rise, rise, bend = risen[:, [[0], [1], [2]], self.places]
        left = b + self.before_last
        return _Counts(log_rise, rise, bend, np.log(a) - np.log(left), b / left)

    def _each_x(self, values: Array) -> Array:
        """Return the sums of values (m,) for each x."""
        summed: Array = np.add.reduceat(values, self.starts)
        return summed

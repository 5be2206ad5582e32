"""Expected purchases with Erlang intertimes as sums over numbers of events: exact, where few events are likely.

A purchase is every k-th event, and the n-th is made if the customer has stayed after the n - 1 before it. So expected
purchases are the mean of G(floor((j + N)/k)): j is the stage, N the number of events to come, and G(n) the sum of the
chances of having stayed 0 to n - 1 times, which are ratios of beta functions. N is negative binomial with shape
r + kx + j and z = h/age, and P(N = m) moves to m + 1 by one factor: no function is evaluated for each event.

Sums run over several z at once, each with a share: discounted purchases are such a sum.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from clvmodels.processes.beta_geometric import Parameters
from clvmodels.processes.contract import Array

__all__ = ["TOO_MANY", "count_events", "sum_at_each_stage", "sum_over_stages"]

TOO_MANY = 0
MOST_EVENTS = 2_048
STEPS_PER_OCTAVE = 2  # in which numbers of events are rounded up, so that rows can be computed together
MOST_REGULAR = 48  # k up to which no binomial coefficient of these numbers of events overflows
DROP = 34.0  # terms after e^-34 of the largest are left out
LARGEST_LOG = 1_300.0  # of a factor of which half is taken at a time, so that it neither overflows nor vanishes
NEWTON_STEPS = 4
BLOCK = 2**13  # numbers in each array: what fits into a processor's cache, several times


def count_events(k: int, p: Parameters, x: Array, z: Array) -> npt.NDArray[np.intp]:
    """Return how many events must be counted until z (n,), TOO_MANY where it would be more than are worth while.

    Chernoff's bound on the chance of more of them than the mean is exp(-f), with f convex. Where the first purchase is
    beyond the mean, chances must be small compared to that of k events. It is enough to look at the last stage, which
    has the most events to come.
    """
    shape = p.r + k * x + (k - 1)
    if k > MOST_REGULAR:
        return np.full(np.shape(shape + z), TOO_MANY, dtype=np.intp)
    log_ratio, log_rest = np.log(z) - np.log1p(z), np.log1p(z)

    def exponent(events: Array) -> tuple[Array, Array]:
        slope = np.log(events / (shape + events)) - log_ratio
        return events * slope + shape * (np.log(shape / (shape + events)) + log_rest), slope

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # numbers of events beyond any number
        mean = shape * z
        start = np.maximum(k, mean)
        enough = DROP + np.maximum(exponent(start)[0], 0.0)
        events = start + np.sqrt(2 * DROP * mean * (1 + z)) + DROP * (1 + z)
        for _ in range(NEWTON_STEPS):  # never below the root, since the exponent is convex
            value, slope = exponent(events)
            events = events - (value - enough) / slope
        octaves = np.ceil(STEPS_PER_OCTAVE * np.log2(np.maximum(events, k + 2.0))) / STEPS_PER_OCTAVE
        events = np.ceil(2.0**octaves)
        largest = gammaln(shape + events) - gammaln(shape) - gammaln(events + 1.0)
        few = (events <= MOST_EVENTS) & (shape * log_rest < LARGEST_LOG) & (largest < LARGEST_LOG)
    return np.where(few, events, TOO_MANY).astype(np.intp)


def sum_over_stages(k: int, p: Parameters, x: Array, waited: Array, z: Array, terms: Array, events: int) -> Array:
    """Return expected purchases until z (n,), averaged over the stages.

    With l the stage and the events to come together, P(l) has the negative binomial distribution of the time since the
    last purchase and z together, times the chance F(l) that fewer than k of the l were in the former, a binomial one.
    F(l) - F(l + 1) is the chance that the next event is the k-th of those, so that only positive terms are summed:
    what has been collected up to each l times that difference, and in the end times F.

    Parameters
    ----------
    waited : array (n,)
        Time since the last purchase over the age.
    terms : array (n,)
        Sum of the odds of the stages against the first.
    events : int
        As `count_events` has it for all rows.
    """
    columns = (*p, x, waited, z, terms)
    parts = [
        _sum_over_stages(k, k + events, *(value[i : i + BLOCK] for value in columns)) for i in range(0, len(x), BLOCK)
    ]
    return np.concatenate(parts)


def _sum_over_stages(
    k: int, most: int, r: Array, alpha: Array, a: Array, b: Array, x: Array, waited: Array, z: Array, terms: Array
) -> Array:
    shape, both = r + k * x, waited + z
    to_come = z / both  # of the time since the last purchase and ahead
    ratio = z / (1 + z)
    half = 0.5 * shape * np.log1p(z)
    chance = np.exp(-half) / terms
    step = both / (1 + z)
    for events in range(k):
        chance *= step * ((shape + events) / (events + 1))
    # From here on, everything is scaled by to_come^(l - k + 1), which F has as a factor.
    chance *= to_come
    collected, total, scratch = chance.copy(), chance * k, np.empty_like(chance)
    stays, purchases = np.ones_like(shape), np.ones_like(shape)
    rise = ratio * (shape - 1)
    for events in range(k + 1, most + 1):
        np.multiply(rise, 1 / events, out=scratch)
        scratch += ratio
        chance *= scratch
        if events % k == 0:
            before = b + x + (events // k - 2)
            stays = stays * (before / (a + before))
            purchases = purchases + stays
        collected *= to_come
        collected += np.multiply(chance, purchases, out=scratch)
        if events < most:
            total += np.multiply(collected, float(math.comb(events, k - 1)), out=scratch)
    passed = waited / both
    left = np.zeros_like(z)
    for j in range(k):
        left = left * to_come + float(math.comb(most, j)) * passed**j
    answer: Array = (total * passed**k + collected * left) * np.exp(-half)
    return answer


def sum_at_each_stage(k: int, p: Parameters, x: Array, z: Array, shares: Array, events: int) -> Array:
    """Return expected purchases until each z (nodes, n), times its share and summed, at each stage (k, n).

    Rows share the parameters. With c(m, s) = Gamma(s + m)/(Gamma(s) m!), the sum over z of P(N = m)/c at shape s is
    that at shape s + 1 and the same m, plus that at s and m + 1: only the last stage is computed from z.
    """
    size = max(1, BLOCK // len(z))
    parts = [
        _sum_at_each_stage(k, p, x[i : i + size], z[:, i : i + size], shares[:, i : i + size], events)
        for i in range(0, len(x), size)
    ]
    return np.concatenate(parts, axis=-1)


def _sum_at_each_stage(k: int, p: Parameters, x: Array, z: Array, shares: Array, most: int) -> Array:
    if len(x) == 1:  # numpy would add a single column in another order
        return _sum_at_each_stage(k, p, np.tile(x, 2), np.tile(z, 2), np.tile(shares, 2), most)[:, :1]
    shape, m = p.r + k * x, np.arange(most + 1.0)[:, None]
    # Ways grow from 1 to this; half of it is moved from them to the sums, which grow smaller.
    half = 0.5 * (gammaln(shape + (k - 1 + most)) - gammaln(shape + (k - 1)) - gammaln(most + 1.0))
    ratio, chance = z / (1 + z), shares * np.exp(half - (shape + (k - 1)) * np.log1p(z))
    sums = np.empty((most + 1, len(x)))
    for row in sums:
        np.add.reduce(chance, axis=0, out=row)
        chance *= ratio
    ways = [np.cumprod(np.concatenate([np.exp(-half)[None], (shape + m[:-1]) / (m[:-1] + 1)]), axis=0)]
    for j in range(k - 1):
        ways.append(ways[-1] * ((shape + j + m) / (shape + j)))
    n = np.arange((most + k) // k)[:, None]
    stays = np.concatenate([np.ones((1, len(x))), (p.b + x + n[:-1]) / (p.a + p.b + x + n[:-1])])
    purchases = np.cumsum(np.cumprod(stays, axis=0, out=stays), axis=0, out=stays)
    answer = np.empty((k, len(x)))
    for j in range(k - 1, -1, -1):
        if j < k - 1:
            sums = np.cumsum(sums[::-1], axis=0)[::-1]
        first = k - j  # events that the first purchase needs
        made = np.repeat(purchases, k, axis=0)[: most + 1 - first]
        answer[j] = np.sum(made * ways[j][first:] * sums[first:], axis=0)
    return answer
